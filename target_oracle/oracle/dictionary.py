"""
What the data dictionary says of a table, and what the server can do: plain queries, one view each.

Views and columns that a server may lack are asked for, too; where it refuses, the answer is the safe one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import oracledb

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle.charsets import charset_of
from target_oracle.oracle.codes import Action, classify, code_of
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, Server, from_dictionary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[Any, ...]

STANDARD_BYTES: Final = 4000
EXTENDED_BYTES: Final = 32767
# With COMPATIBLE below 12.2 names have 30 bytes (Database Object Names and Qualifiers).
SHORT_NAMES: Final = 30

# The rows of one small answer arrive with the execute.
_ROWS_A_TRIP: Final = 1000
_MOST_SYNONYMS: Final = 8

_COLUMNS: Final = (
    "SELECT column_name, data_type, data_length, char_length, char_used, data_precision, data_scale, nullable"
    " FROM all_tab_columns WHERE owner = :1 AND table_name = :2 ORDER BY column_id"
)
# DATA_DEFAULT is a LONG and slow to fetch; its length tells whether there is one.
_MADE: Final = (
    "SELECT column_name, default_length, identity_column, virtual_column"
    " FROM all_tab_cols WHERE owner = :1 AND table_name = :2"
)
_DEFAULTS: Final = (
    "SELECT column_name, default_length, 'NO', 'NO' FROM all_tab_columns WHERE owner = :1 AND table_name = :2"
)
_IDENTITIES: Final = (
    "SELECT column_name, generation_type FROM all_tab_identity_cols WHERE owner = :1 AND table_name = :2"
)
_COLUMN_COMMENTS: Final = (
    "SELECT column_name, comments FROM all_col_comments WHERE owner = :1 AND table_name = :2"
)
_TABLE_COMMENT: Final = "SELECT comments FROM all_tab_comments WHERE owner = :1 AND table_name = :2"
_OBJECT: Final = (
    "SELECT object_type, temporary FROM all_objects"
    " WHERE owner = :1 AND object_name = :2 AND object_type IN ('TABLE', 'VIEW')"
)
_KEYS: Final = (
    "SELECT k.constraint_name, k.constraint_type, c.column_name{condition}"
    " FROM all_constraints k JOIN all_cons_columns c"
    " ON c.owner = k.owner AND c.constraint_name = k.constraint_name AND c.table_name = k.table_name"
    " WHERE k.owner = :1 AND k.table_name = :2 AND k.constraint_type IN ('P', 'U', 'C')"
    " ORDER BY k.constraint_name, c.position"
)
# SEARCH_CONDITION is a LONG; SEARCH_CONDITION_VC is there from 12.2.
_CONSTRAINTS: Final = _KEYS.format(condition=", k.search_condition_vc")
_CONSTRAINTS_WITHOUT_TEXT: Final = _KEYS.format(condition=", NULL")
_JSON_COLUMNS: Final = "SELECT column_name FROM all_json_columns WHERE owner = :1 AND table_name = :2"
_SYNONYM: Final = (
    "SELECT owner, table_owner, table_name, db_link FROM all_synonyms"
    " WHERE owner IN (:1, 'PUBLIC') AND synonym_name = :2"
)
_IS_JSON: Final = re.compile(r'\s*"?[^"]+"?\s+IS\s+JSON\b', re.IGNORECASE)

# Public synonyms to these are Oracle's own and none of a stream's tables.
_ORACLES_OWN: Final = frozenset(
    {
        "APPQOSSYS", "AUDSYS", "CTXSYS", "DBSFWUSER", "DBSNMP", "DVF", "DVSYS", "GGSYS", "GSMADMIN_INTERNAL",
        "LBACSYS", "MDDATA", "MDSYS", "OJVMSYS", "OLAPSYS", "ORACLE_OCM", "ORDDATA", "ORDPLUGINS", "ORDSYS",
        "OUTLN", "REMOTE_SCHEDULER_AGENT", "SI_INFORMTN_SCHEMA", "SYS", "SYSTEM", "WMSYS", "XDB",
    }
)  # fmt: skip


def _rows(cursor: oracledb.Cursor, query: str, binds: Sequence[str] = ()) -> list[Row]:
    cursor.arraysize = _ROWS_A_TRIP
    cursor.prefetchrows = _ROWS_A_TRIP + 1
    cursor.execute(query, list(binds))
    return list(cursor.fetchall())


def _rows_of_first(cursor: oracledb.Cursor, queries: Iterable[str], binds: Sequence[str] = ()) -> list[Row]:
    """
    Return the rows of the first of *queries* that this server answers; none where it refuses all.
    """
    for query in queries:
        try:
            return _rows(cursor, query, binds)
        except oracledb.DatabaseError as refusal:  # noqa: PERF203  # two at most
            if classify(refusal) not in {Action.STOP, Action.ROW}:
                raise
            logger.debug("the dictionary does not answer: %s (%s)", query, code_of(refusal))
    return []


def read_table(connection: oracledb.Connection, owner: str, name: str) -> Table | None:
    """
    Return the table or view *owner*.*name*, or the one that a synonym of that name leads to; None for none.

    Raise LoadError for synonyms over a database link, whose columns this dictionary does not know.
    """
    with connection.cursor() as cursor:
        return _found(cursor, owner, name)


def _found(cursor: oracledb.Cursor, owner: str, name: str) -> Table | None:
    for _ in range(_MOST_SYNONYMS):
        columns = _rows(cursor, _COLUMNS, (owner, name))
        if columns:
            return _table(cursor, owner, name, columns)
        target = _synonym(cursor, owner, name)
        if target is None or target == (owner, name):
            return None
        owner, name = target
    return None


def read_table_comment(connection: oracledb.Connection, owner: str, name: str) -> str | None:
    """
    Return the comment of a table or view; None where it has none or is not there.
    """
    with connection.cursor() as cursor:
        return _comment(_rows_of_first(cursor, (_TABLE_COMMENT,), (owner, name)))


def _comment(rows: list[Row]) -> str | None:
    return next((comment for (comment,) in rows if comment), None)


def _synonym(cursor: oracledb.Cursor, owner: str, name: str) -> tuple[str, str] | None:
    """
    Return where the synonym leads: a private one before a public one.
    """
    found = _rows_of_first(cursor, (_SYNONYM,), (owner, name))
    for whose, table_owner, table, link in sorted(found, key=lambda row: str(row[0]) == "PUBLIC"):
        if whose == "PUBLIC" and (table_owner in _ORACLES_OWN or link):
            continue
        if link:
            raise LoadError(
                f"synonym {owner}.{name} leads over a database link; name a table of this database"
            )
        return table_owner, table
    return None


def _table(cursor: oracledb.Cursor, owner: str, name: str, rows: list[Row]) -> Table:
    binds = (owner, name)
    keys, json_columns = _constraints(cursor, binds)
    kinds = _rows_of_first(cursor, (_OBJECT,), binds)
    comments: dict[str, str | None] = dict(_rows_of_first(cursor, (_COLUMN_COMMENTS,), binds))
    made = _made(cursor, binds)
    primary = next(((name, columns) for name, (kind, columns) in keys.items() if kind == "P"), (None, ()))
    return Table(
        owner,
        name,
        tuple(_column(row, comments, made, json_columns) for row in rows),
        primary_key=tuple(primary[1]),
        primary_key_name=primary[0],
        unique_keys=tuple(tuple(columns) for kind, columns in keys.values() if kind == "U"),
        comment=_comment(_rows_of_first(cursor, (_TABLE_COMMENT,), binds)),
        is_view=any(kind == "VIEW" for kind, _ in kinds),
        is_temporary=any(temporary == "Y" for _, temporary in kinds),
    )


def _constraints(
    cursor: oracledb.Cursor, binds: tuple[str, str]
) -> tuple[dict[str, tuple[str, list[str]]], frozenset[str]]:
    """
    Return kind and columns of each primary and unique key, and the columns that a check says are JSON.
    """
    keys: dict[str, tuple[str, list[str]]] = {}
    conditions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = _rows_of_first(cursor, (_CONSTRAINTS, _CONSTRAINTS_WITHOUT_TEXT), binds)
    for name, kind, column, condition in rows:
        if kind == "C":
            conditions[name].append((column, condition or ""))
        else:
            keys.setdefault(name, (kind, []))[1].append(column)
    checked = {
        columns[0][0]
        for columns in conditions.values()
        if len(columns) == 1 and _IS_JSON.match(columns[0][1])
    }
    if not checked and any(not condition for columns in conditions.values() for _, condition in columns):
        checked = {column for (column,) in _rows_of_first(cursor, (_JSON_COLUMNS,), binds)}
    return keys, frozenset(checked)


def _made(cursor: oracledb.Cursor, binds: tuple[str, str]) -> dict[str, tuple[bool, bool]]:
    """
    Return for each column whether it has a default, and whether only the database may fill it.
    """
    rows = _rows_of_first(cursor, (_MADE, _DEFAULTS), binds)
    always: set[str] = set()
    if any(identity == "YES" for _, _, identity, _ in rows):
        found = _rows_of_first(cursor, (_IDENTITIES,), binds)
        always = {column for column, generation in found if generation == "ALWAYS"}
    return {
        column: (bool(default) or identity == "YES", virtual == "YES" or column in always)
        for column, default, identity, virtual in rows
    }


def _column(
    row: Row,
    comments: dict[str, str | None],
    made: dict[str, tuple[bool, bool]],
    json_columns: frozenset[str],
) -> Column:
    name, data_type, data_length, char_length, char_used, precision, scale, nullable = row
    has_default, generated = made.get(name, (False, False))
    type_ = from_dictionary(
        data_type, data_length, char_length, char_used, precision, scale, is_json=name in json_columns
    )
    return Column(
        name,
        type_,
        nullable=nullable == "Y",
        comment=comments.get(name) or None,
        has_default=has_default,
        generated=generated,
    )


def read_server(connection: oracledb.Connection) -> Server:
    """
    Return what the server of *connection* can do and who we are there.
    """
    version = tuple(int(part) for part in connection.version.split("."))
    server = Server(version, max_name_bytes=connection.max_identifier_length or SHORT_NAMES)
    with connection.cursor() as cursor:
        user, schema = _context(cursor, connection.username)
        return replace(
            server,
            max_string_bytes=_max_string_bytes(cursor),
            charset=_charset(cursor),
            user=user,
            schema=schema,
        )


def _context(cursor: oracledb.Cursor, username: str) -> tuple[str, str]:
    """
    Return who we are and whose tables a bare name means.
    """
    query = (
        "SELECT SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"
    )
    found = _rows_of_first(cursor, (query,))
    user, schema = found[0] if found else (username.upper(), username.upper())
    return user, schema


def _charset(cursor: oracledb.Cursor) -> str:
    query = "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'"
    found = _rows_of_first(cursor, (query,))
    if not found:
        logger.warning("the database does not say its character set; AL32UTF8 is assumed")
        return "AL32UTF8"
    name = str(found[0][0])
    if not charset_of(name).is_known:
        logger.warning("which characters %s lacks is not known: it may replace some by '?'", name)
    return name


def _max_string_bytes(cursor: oracledb.Cursor) -> int:
    """
    Return the bytes that a VARCHAR2 can have; V$PARAMETER would need a grant, so the parser is asked.
    """
    query = f"SELECT CAST('a' AS VARCHAR2({STANDARD_BYTES + 1})) FROM dual"  # noqa: S608  # our number
    # Refused with ORA-00910 where MAX_STRING_SIZE is STANDARD.
    return EXTENDED_BYTES if _rows_of_first(cursor, (query,)) else STANDARD_BYTES
