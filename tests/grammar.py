"""
Whether a statement is Oracle SQL by another grammar, its names quoted and its values bound.

Every stand-in server of the end-to-end tests is asked at its end what the program sent it, and each
statement is held against this.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import expressions
from sqlglot.tokenizer_core import Token, TokenType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Settings whose statements are the operator's: they go as they are given, and their grammar is his.
OPERATORS = ("session_sql", "before_run_sql", "after_run_sql")
_operators: set[str] = set()

_NAME = r"\"[^\"]+\""
_TABLE = rf"(?:{_NAME}\.)?{_NAME}"
_NAMES = rf"\({_NAME}(?:,\s+{_NAME})*\)"
# Statements that the grammar only knows by their first words, and what they must look like.
_ODD = (
    re.compile(r"ALTER SESSION SET (?:DDL_LOCK_TIMEOUT = \d+|TIME_ZONE = '\+00:00')"),
    re.compile(r"ALTER SESSION DISABLE PARALLEL DML"),
    re.compile(r"(?:SAVEPOINT|ROLLBACK TO SAVEPOINT) TARGET_ORACLE_MARK"),
    re.compile(rf"LOCK TABLE {_TABLE} IN (?:ROW )?(?:EXCLUSIVE|SHARE) MODE(?: NOWAIT| WAIT \d+)?"),
    re.compile(rf"ALTER TABLE {_TABLE} (?:DROP PRIMARY KEY|SET UNUSED COLUMN {_NAME})"),
    re.compile(rf"ALTER TABLE {_TABLE} (?:DISABLE|ENABLE) CONSTRAINT {_NAME}"),
    re.compile(rf"ALTER INDEX {_TABLE} (?:UNUSABLE|REBUILD)"),
    re.compile(rf"CREATE INDEX {_TABLE} ON {_TABLE} {_NAMES}"),
)
# And clauses that it lacks, told in words that it has.
_REWRITTEN = (
    (re.compile(r":(\d+)"), r":b\1"),
    # The columns of MODIFY are defined as those of a table.
    (re.compile(rf"ALTER TABLE ({_TABLE}) MODIFY (\(.*\))"), r"CREATE TABLE \1 \2"),
    # Of the options only those in the tests; what else may stand there is read word by word elsewhere.
    (re.compile(r"(CREATE TABLE .*\))(?: NOLOGGING| COMPRESS)+"), r"\1"),
    # A private temporary table is made as a global one; its own words stand at the end.
    (
        re.compile(r"CREATE PRIVATE TEMPORARY (TABLE .*\)) ON COMMIT PRESERVE DEFINITION"),
        r"CREATE GLOBAL TEMPORARY \1 ON COMMIT PRESERVE ROWS",
    ),
)
# What the program may write without quotes.
_WORDS = frozenset(
    (
        "ADD ALTER AND AS BETWEEN BINARY_DOUBLE BINARY_FLOAT BLOB BOOLEAN BY BYTE CASE CAST CHAR CHECK CLOB "
        "COLUMN COMMENT COMMIT CONSTRAINT COUNT CREATE DATE DECODE DELETE DISTINCT DROP ELSE END EXISTS "
        "FLOAT FOR FROM GLOBAL GRANT IN INDEX INSERT INTO IS JOIN JSON KEY LEFT LENGTH LIKE LOCAL MATCHED "
        "MAX MERGE MIN MODIFY NCHAR NCLOB NOT NOWAIT NULL NUMBER NVARCHAR2 NVL ON OR ORDER PRESERVE PRIMARY "
        "PURGE RAW RENAME ROWNUM ROWS SELECT SET SUM SYSTIMESTAMP SYS_CONTEXT SYS_EXTRACT_UTC TABLE "
        "TEMPORARY THEN TIME TIMESTAMP TO TRUNCATE UNIQUE UPDATE USING VALUES VARCHAR2 WAIT WHEN WHERE WITH "
        "ZONE dual"
    ).split()
)
# The dictionary's names, as its manuals write them; such a query names nothing else.
_DICTIONARY = frozenset(
    (
        "all_col_comments all_cons_columns all_constraints all_indexes all_json_columns all_objects "
        "all_synonyms all_tab_cols all_tab_columns all_tab_comments all_tab_identity_cols all_tab_privs "
        "all_tables all_users banner bytes c char_length char_used column_id column_name comments "
        "constraint_name constraint_type data_length data_precision data_scale data_type db_link "
        "default_length default_tablespace generation_type i identity_column index_name index_type k "
        "last_change m max_bytes nls_database_parameters nls_session_parameters nullable o object_name "
        "object_type owner parameter position privilege schema search_condition_vc session_privs "
        "session_schema_privs status synonym_name table_name table_owner table_schema tablespace_name "
        "temporary uniqueness user_free_space user_tables user_ts_quotas user_users username v$version "
        "validated value virtual_column"
    ).split()
)
# Words of the program's own that stand for no value of a row.
_OWN = frozenset({"lease", "check"})
_DML = re.compile(r"(?:INSERT|UPDATE|DELETE|MERGE)\b")
_QUOTED = (TokenType.IDENTIFIER, TokenType.STRING)


def give(config: Mapping[str, Any]) -> None:
    """
    Learn from a run's *config* which statements are its operator's.
    """
    _operators.update(sql for setting in OPERATORS for sql in config.get(setting, ()))


def faults(texts: Iterable[str]) -> list[str]:
    """
    Return what is wrong with each of *texts*, statements of the program's own.

    >>> faults(['DELETE FROM "T" WHERE "A" = :1', "DROP TABLE T"])
    ["bare names ['T']: DROP TABLE T"]
    """
    return [f"{why}: {sql[:500]}" for sql in texts for why in _faults(_shape(sql))]


def sent(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    """
    Return the program's own among the *statements* of a server's log.

    The program names each session's client, and a test that looks into the database does not.
    """
    return {str(each["sql"]) for each in statements if each["client"]} - _operators


@contextmanager
def heard(server: Any) -> Iterator[Any]:
    """
    Give *server*; at its end assert that all that the program sent it was right.
    """
    yield server
    found = faults(sent(server.statements()))
    assert not found, "\n".join(found)


def _shape(sql: str) -> str:
    """
    Return *sql* with one name for all quoted ones, which the grammar does not tell apart.
    """
    return re.sub(_NAME, '"x"', sql) if "'" not in sql else sql


@cache
def _faults(sql: str) -> tuple[str, ...]:
    if any(odd.fullmatch(sql) for odd in _ODD):
        return ()
    for pattern, known in _REWRITTEN:
        sql = pattern.sub(known, sql)
    try:
        trees = sqlglot.parse(sql, read="oracle")
    except sqlglot.errors.ParseError as error:
        return (f"no statement ({error.errors[0]['description']})",)
    if len(trees) > 1:
        return ("several statements",)
    unknown = ("unknown to the grammar",) if isinstance(trees[0], expressions.Command) else ()
    return (*unknown, *_unquoted(sqlglot.tokenize(sql, read="oracle")))


def _unquoted(tokens: list[Token]) -> Iterator[str]:
    """
    Yield what stands in the text and should be quoted, or a bind.
    """
    bare = {
        word
        for before, token in zip(["", *(token.text for token in tokens)], tokens, strict=False)
        if token.token_type not in _QUOTED and token.text[:1].isalpha() and before != ":"
        for word in token.text.split()
    } - _WORDS
    names = any(token.token_type is TokenType.IDENTIFIER for token in tokens)
    if bare and (names or not bare <= _DICTIONARY):
        yield f"bare names {sorted(bare)}"
    texts = {token.text for token in tokens if token.token_type is TokenType.STRING}
    if _DML.match(tokens[0].text) and not texts <= _OWN:
        yield "a value in the text"
