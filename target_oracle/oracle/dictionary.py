"""
What the data dictionary says of a table, and what the server can do: plain queries, as few as there can be.

Views, columns and joins that a server may lack are asked for, too; where it refuses, more queries give the
same answer, or else it is the safe one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import oracledb

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle.charsets import charset_of
from target_oracle.oracle.codes import Action, classify, code_of
from target_oracle.oracle.suspended import TABLE as SUSPENDED
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

# DATA_DEFAULT is a LONG and slow to fetch; its length tells whether there is one.
_COLUMNS: Final = (
    "SELECT c.column_name, c.data_type, c.data_length, c.char_length, c.char_used, c.data_precision,"
    " c.data_scale, c.nullable, c.default_length, m.comments"
    " FROM all_tab_columns c LEFT JOIN all_col_comments m"
    " ON m.owner = c.owner AND m.table_name = c.table_name AND m.column_name = c.column_name"
    " WHERE c.owner = :1 AND c.table_name = :2 ORDER BY c.column_id"
)
_COLUMNS_ALONE: Final = (
    "SELECT column_name, data_type, data_length, char_length, char_used, data_precision, data_scale, nullable"
    " FROM all_tab_columns WHERE owner = :1 AND table_name = :2 ORDER BY column_id"
)
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
_OBJECT: Final = (
    "SELECT o.object_type, o.temporary, c.comments FROM all_objects o LEFT JOIN all_tab_comments c"
    " ON c.owner = o.owner AND c.table_name = o.object_name"
    " WHERE o.owner = :1 AND o.object_name = :2 AND o.object_type IN ('TABLE', 'VIEW')"
)
_OBJECT_ALONE: Final = (
    "SELECT object_type, temporary FROM all_objects"
    " WHERE owner = :1 AND object_name = :2 AND object_type IN ('TABLE', 'VIEW')"
)
_TABLE_COMMENT: Final = "SELECT comments FROM all_tab_comments WHERE owner = :1 AND table_name = :2"
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
# A type that is refused with ORA-00910 where MAX_STRING_SIZE is STANDARD; V$PARAMETER would need a grant.
_LONG_TEXT: Final = f"CAST('a' AS VARCHAR2({STANDARD_BYTES + 1}))"
_LONG_TEXT_ALONE: Final = f"SELECT {_LONG_TEXT} FROM dual"  # noqa: S608  # our number
_CONTEXT: Final = "SELECT SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
_CHARSET_ALONE: Final = "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'"
# Whether there is a list of what loads have switched off is asked along, at no round trip of its own.
_REST: Final = (
    "c.value, o.table_name FROM nls_database_parameters c LEFT JOIN all_tables o"
    " ON o.owner = NVL(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND o.table_name = :2"
    " WHERE c.parameter = 'NLS_CHARACTERSET'"
)
_SERVERS: Final = (f"{_CONTEXT}, {_LONG_TEXT}, {_REST}", f"{_CONTEXT}, NULL, {_REST}")
_IS_JSON: Final = re.compile(r'\s*"?[^"]+"?\s+IS\s+JSON\b', re.IGNORECASE)

# A column may have a default, as far as is known.
_MAYBE: Final = 1

# Public synonyms to these are Oracle's own and none of a stream's tables.
_ORACLES_OWN: Final = frozenset(
    {
        "APPQOSSYS", "AUDSYS", "CTXSYS", "DBSFWUSER", "DBSNMP", "DVF", "DVSYS", "GGSYS", "GSMADMIN_INTERNAL",
        "LBACSYS", "MDDATA", "MDSYS", "OJVMSYS", "OLAPSYS", "ORACLE_OCM", "ORDDATA", "ORDPLUGINS", "ORDSYS",
        "OUTLN", "REMOTE_SCHEDULER_AGENT", "SI_INFORMTN_SCHEMA", "SYS", "SYSTEM", "WMSYS", "XDB",
    }
)  # fmt: skip


def _rows(cursor: oracledb.Cursor, query: str, binds: Sequence[str | None] = ()) -> list[Row]:
    cursor.arraysize = _ROWS_A_TRIP
    cursor.prefetchrows = _ROWS_A_TRIP + 1
    cursor.execute(query, list(binds))
    return list(cursor.fetchall())


def _rows_of_first(
    cursor: oracledb.Cursor, queries: Iterable[str], binds: Sequence[str | None] = ()
) -> list[Row]:
    """
    Return the rows of the first of *queries* that this server answers; none where it refuses all.
    """
    for query in queries:
        try:
            return _rows(cursor, query, binds)
        except oracledb.DatabaseError as refusal:  # noqa: PERF203  # two at most
            _pass_over(query, refusal)
    return []


def _pass_over(query: str, refusal: oracledb.DatabaseError) -> None:
    """
    Note that *query* is not answered; raise the *refusal* that is none, of a session that is lost.
    """
    if classify(refusal) not in {Action.STOP, Action.ROW}:
        raise refusal
    logger.debug("the dictionary does not answer: %s (%s)", query, code_of(refusal))


def read_table(connection: oracledb.Connection, owner: str, name: str) -> Table | None:
    """
    Return the table or view *owner*.*name*, or the one that a synonym of that name leads to; None for none.

    Raise LoadError for synonyms over a database link, whose columns this dictionary does not know.
    """
    with connection.cursor() as cursor:
        return _found(cursor, owner, name)


def _found(cursor: oracledb.Cursor, owner: str, name: str) -> Table | None:
    for _ in range(_MOST_SYNONYMS):
        columns = _columns(cursor, (owner, name))
        if columns:
            return _table(cursor, owner, name, columns)
        target = _synonym(cursor, owner, name)
        if target is None or target == (owner, name):
            return None
        owner, name = target
    return None


def _columns(cursor: oracledb.Cursor, binds: tuple[str, str]) -> list[Row]:
    """
    Return a row for each column; where comments cannot be joined, they are asked for by themselves.
    """
    try:
        return _rows(cursor, _COLUMNS, binds)
    except oracledb.DatabaseError as refusal:
        _pass_over(_COLUMNS, refusal)
    rows = _rows(cursor, _COLUMNS_ALONE, binds)
    comments: dict[str, str] = dict(_rows_of_first(cursor, (_COLUMN_COMMENTS,), binds)) if rows else {}
    return [(*row, _MAYBE, comments.get(row[0])) for row in rows]


def _object(cursor: oracledb.Cursor, binds: tuple[str, str]) -> tuple[set[str], bool, str | None]:
    """
    Return what a table is, whether it is temporary, and its comment.
    """
    rows = _rows_of_first(cursor, (_OBJECT,), binds)
    if not rows:
        comments = _rows_of_first(cursor, (_TABLE_COMMENT,), binds)
        rows = [(None, None, comment) for (comment,) in comments]
        rows += [(*row, None) for row in _rows_of_first(cursor, (_OBJECT_ALONE,), binds)]
    comment = next((comment for *_, comment in rows if comment), None)
    return {kind for kind, *_ in rows}, any(temporary == "Y" for _, temporary, _ in rows), comment


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
    kinds, is_temporary, comment = _object(cursor, binds)
    made = _made(cursor, binds) if any(default for *_, default, _ in rows) else {}
    primary = next(((name, columns) for name, (kind, columns) in keys.items() if kind == "P"), (None, ()))
    return Table(
        owner,
        name,
        tuple(_column(row, made, json_columns) for row in rows),
        primary_key=tuple(primary[1]),
        primary_key_name=primary[0],
        unique_keys=tuple(tuple(columns) for kind, columns in keys.values() if kind == "U"),
        comment=comment,
        is_view="VIEW" in kinds,
        is_temporary=is_temporary,
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
    made: dict[str, tuple[bool, bool]],
    json_columns: frozenset[str],
) -> Column:
    name, data_type, data_length, char_length, char_used, precision, scale, nullable, _, comment = row
    has_default, generated = made.get(name, (False, False))
    type_ = from_dictionary(
        data_type, data_length, char_length, char_used, precision, scale, is_json=name in json_columns
    )
    return Column(
        name,
        type_,
        nullable=nullable == "Y",
        comment=comment or None,
        has_default=has_default,
        generated=generated,
    )


def read_server(connection: oracledb.Connection, list_owner: str | None = None) -> Server:
    """
    Return what the server of *connection* can do and who we are there.

    *list_owner* has the list of what loads have switched off: None for the schema of the session.
    """
    version = tuple(int(part) for part in connection.version.split("."))
    with connection.cursor() as cursor:
        found = _rows_of_first(cursor, _SERVERS, (list_owner, SUSPENDED)) or [
            _server_alone(cursor, connection.username.upper())
        ]
    user, schema, long_text, charset, suspended_table = found[0]
    return Server(
        version,
        max_name_bytes=connection.max_identifier_length or SHORT_NAMES,
        max_string_bytes=EXTENDED_BYTES if long_text else STANDARD_BYTES,
        charset=_known(charset),
        user=user,
        schema=schema,
        has_suspended=suspended_table is not None,
    )


def _server_alone(cursor: oracledb.Cursor, username: str) -> Row:
    """
    Return the same, asked for one by one; who we are is what we logged in as, and a list may be there.
    """
    context = _rows_of_first(cursor, (f"{_CONTEXT} FROM dual",)) or [(username, username)]
    long_text = _rows_of_first(cursor, (_LONG_TEXT_ALONE,)) or [(None,)]
    charset = _rows_of_first(cursor, (_CHARSET_ALONE,)) or [(None,)]
    return (*context[0], *long_text[0], *charset[0], SUSPENDED)


def _known(charset: str | None) -> str:
    if charset is None:
        logger.warning("the database does not say its character set; AL32UTF8 is assumed")
        return "AL32UTF8"
    if not charset_of(charset).is_known:
        logger.warning("which characters %s lacks is not known: it may replace some by '?'", charset)
    return charset
