"""
Whatever the program sends is Oracle SQL by another grammar, its names quoted and its values bound.
"""

from __future__ import annotations

import json
import re

import pytest
import sqlglot
from sqlglot import expressions, tokens

from tests.e2e.rig import rig

pytestmark = pytest.mark.standin

TEXT = {"type": ["null", "string"]}
FIRST = {"id": {"type": "integer"}, "note": {**TEXT, "maxLength": 10}, "n": {"type": "integer"}}
SECOND = {
    "id": {"type": "integer"}, "note": {**TEXT, "maxLength": 200}, "n": {"type": ["number", "null"]},
    "at": {**TEXT, "format": "date-time"}, "flag": {"type": ["boolean", "null"]},
    "doc": {"type": ["object", "null"]},
    "raw": {**TEXT, "contentEncoding": "base64"}, "_sdc_deleted_at": {**TEXT, "format": "date-time"},
}  # fmt: skip
THIRD = {**SECOND, "note": {**TEXT, "maxLength": 50_000}, "n": TEXT, "flag": {"type": ["integer", "null"]}}


def stream(name: str, *keys: str) -> bytes:
    """
    Return a stream whose schema changes twice, with a key twice, a deletion, a long text and a version.
    """
    messages: list[dict] = []
    for version, properties in enumerate((FIRST, SECOND, THIRD), 1):
        schema = {"type": "object", "properties": properties}
        messages.append({"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": list(keys)})
        for number in (1, 2, 1, version + 2):
            record = {
                "id": number,
                "note": "x" * (10, 200, 5000)[version - 1],
                "n": "7" if version == 3 else 7,
            }
            messages.append({"type": "RECORD", "stream": name, "record": record, "version": version})
        messages.append({"type": "STATE", "value": {"at": version}})
    gone = {"id": 2, "note": None, "n": None, "_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    messages.append({"type": "RECORD", "stream": name, "record": gone, "version": 3})
    messages.append({"type": "RECORD", "stream": name, "record": {"id": "wrong"}, "version": 3})
    messages.append({"type": "ACTIVATE_VERSION", "stream": name, "version": 3})
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


# The grammar knows no such clauses behind the columns.
OPTIONS = "NOLOGGING COMPRESS"
# Settings, key properties and further words of the command line.
RUNS = {
    "append": ({}, (), ()),
    "append, with metadata": ({"add_record_metadata": True}, ("id",), ()),
    "upsert, by arrays": ({"load_method": "upsert", "upsert_strategy": "array"}, ("id",), ()),
    "upsert, staged": ({"load_method": "upsert", "upsert_strategy": "staged"}, ("id",), ()),
    "upsert, changed rows only": ({"load_method": "upsert", "skip_unchanged": True}, ("id",), ()),
    "upsert, with deletions": ({"load_method": "upsert", "hard_delete": True}, ("id",), ()),
    "overwrite": ({"load_method": "overwrite"}, ("id",), ()),
    "overwrite, by TRUNCATE": ({"load_method": "overwrite", "overwrite_strategy": "truncate"}, (), ()),
    "with a ledger": ({"ledger": True, "loader_id": "nightly"}, (), ()),
    "rejects in a table": ({"reject_table": "REFUSED"}, (), ()),
    "table options": ({"table_options": OPTIONS, "custom_indexes": ["id"]}, ("id",), ()),
    "names": ({"table_prefix": "p-", "table_suffix": "!", "schema_mapping": {"a": "app"}}, (), ()),
    "checked": ({}, (), ("--check-write",)),
    "planned": ({}, (), ("--plan",)),
}  # fmt: skip

# Statements that the grammar only knows by their first words, and what they must look like.
_ODD = (
    re.compile(r"ALTER SESSION SET [A-Z_]+ = (?:\d+|'[^']*'|\"[^\"]*\")"),
    re.compile(r"(?:SAVEPOINT|ROLLBACK TO SAVEPOINT) TARGET_ORACLE_MARK"),
    re.compile(
        r"LOCK TABLE (?:\"[^\"]*\"\.)?\"[^\"]*\" IN (?:ROW )?(?:EXCLUSIVE|SHARE) MODE(?: NOWAIT| WAIT \d+)?"
    ),
    re.compile(r"GRANT SELECT ON (?:\"[^\"]*\"\.)?\"[^\"]*\" TO \"[^\"]*\""),
    re.compile(r"CREATE INDEX \"[^\"]*\"\.\"[^\"]*\" ON \"[^\"]*\"\.\"[^\"]*\" \((?:\"[^\"]*\"(?:, )?)+\)"),
    re.compile(r"CREATE PRIVATE TEMPORARY TABLE \"[^\"]*\" \(.*\) ON COMMIT PRESERVE DEFINITION"),
)
_BIND = re.compile(r":(\d+)")
# The grammar has no MODIFY of several columns, but their definitions are those of a table.
_MODIFY = re.compile(r"ALTER TABLE (\S+) MODIFY (\(.*\))")
# Words of the program's own that stand for no value of a row.
_OWN = {"lease", "check"}


def sent(server, data: bytes, *words: str, **settings: object) -> set[str]:
    """
    Return every statement of a run of the program.
    """
    before = len(server.server.statements())
    rejects = {"max_rejects": 9, "reject_file": str(server.folder / "statements.rejects")}
    result = server.run(data, *words, **{**rejects, **settings})
    assert result.exit_code == 0, result.log
    return {str(each["sql"]) for each in server.server.statements()[before:]}


@pytest.fixture(scope="module", params=[19, 23])
def statements(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("statements"), request.param) as server:
        server.database.run('CREATE TABLE "UNRELATED" ("A" NUMBER)')
        yield {
            name: sent(server, stream(f"a-s{number}", *keys), *words, **settings)
            for number, (name, (settings, keys, words)) in enumerate(RUNS.items())
        }


@pytest.mark.parametrize("name", RUNS)
def test_every_statement_parses_as_oracle_sql(statements, name):
    assert statements[name]
    for sql in statements[name]:
        if any(odd.fullmatch(sql) for odd in _ODD):
            continue
        known = _MODIFY.sub(r"CREATE TABLE \1 \2", _BIND.sub(r":b\1", sql))
        (tree,) = sqlglot.parse(known.removesuffix(OPTIONS), read="oracle")
        assert not isinstance(tree, expressions.Command), sql


# Of the dictionary and of what belongs to every session, names stand as the manuals write them.
_OF_THE_SYSTEM = re.compile(
    r"\b(?:all|user|session|v\$|nls|product)_?\w+\b|\bdual\b|SYS_CONTEXT|CAST", re.IGNORECASE
)
_VALUE = re.compile(r"^(?:INSERT|UPDATE|DELETE|MERGE)\b")
_WORDS = frozenset(
    (
        "ADD ALTER AND AS BETWEEN BLOB BOOLEAN BYTE CHAR CHECK CLOB COLUMN COMMENT COMMIT COMPRESS "
        "CONSTRAINT CREATE DATE DECODE DEFINITION DELETE DISTINCT DROP DUAL EXISTS FOR FROM GLOBAL IN "
        "INDEX INSERT INTO IS JSON KEY MATCHED MERGE MODIFY NOLOGGING NOT NULL NUMBER ON OR ORDER BY "
        "PRESERVE PRIMARY PRIVATE PURGE RAW RENAME ROWS SELECT SET SYSTIMESTAMP TABLE TEMPORARY THEN "
        "TIME TIMESTAMP TO TRUNCATE UPDATE USING VALUES VARCHAR2 WAIT WHEN WHERE WITH ZONE COUNT JOIN "
        "STORAGE REUSE MAX MIN SYS_EXTRACT_UTC UNIQUE CASE ELSE END NOWAIT LOCAL ROWNUM"
    ).split()
)


@pytest.mark.parametrize("name", RUNS)
def test_no_name_stands_without_quotes_and_no_value_in_the_text(statements, name):
    for sql in statements[name]:
        if any(odd.fullmatch(sql) for odd in _ODD) or _OF_THE_SYSTEM.search(sql.split(" WHERE ")[0]):
            continue
        found = sqlglot.tokenize(_BIND.sub(r":b\1", sql), read="oracle")
        bare = [
            word
            for at, token in enumerate(found)
            if token.token_type not in (tokens.TokenType.IDENTIFIER, tokens.TokenType.STRING)
            and token.text[:1].isalpha()
            and not (at and found[at - 1].text == ":")
            for word in token.text.upper().split()
        ]
        assert set(bare) <= _WORDS, (set(bare) - _WORDS, sql)
        if _VALUE.match(sql):
            assert {token.text for token in found if token.token_type is tokens.TokenType.STRING} <= _OWN, sql
