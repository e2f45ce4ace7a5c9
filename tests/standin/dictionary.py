"""
The data dictionary: USER_, ALL_ and DBA_ views over the catalog, and the few views of the instance.

A view is a line: its columns and a function that lists its rows as dicts for all objects. USER_ keeps the
user's own and drops OWNER; ALL_ keeps what the user sees; DBA_ and V$ are only for those who may SELECT ANY
DICTIONARY.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standin import decimals, sqltypes
from tests.standin.catalog import (
    DBA_PRIVILEGES,
    TYPE_NAMES,
    Catalog,
    Column,
    Constraint,
    Index,
    Sequence,
    Synonym,
    Table,
    View,
)
from tests.standin.sqltypes import SqlType, varchar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.standin.nls import Nls

_NAME = varchar(128)
_NUMBER = sqltypes.NUMBER
_DATE = sqltypes.DATE
_LONG = sqltypes.LONG
_FLAG = varchar(3)
_TEXT = varchar(4000)
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    """
    What the dictionary shows beside the catalog: the server, the session.

    *describe* tells a view's columns: (name, type, nullable).
    """

    catalog: Catalog
    nls: Nls
    user: str
    version: int
    max_string: int
    service: str
    describe: Callable[[View], list[tuple[str, SqlType, bool]]]
    sessions: Callable[[], list[Fields]]
    private: list[Table]


@dataclass(frozen=True, slots=True)
class DictionaryView:
    """
    A view's columns and its rows; *scoped* ones exist as USER_, ALL_ and DBA_.
    """

    columns: tuple[tuple[str, SqlType], ...]
    rows: Callable[[Instance], Iterator[Fields]]
    scoped: bool = True
    privileged: bool = False


def _columns(text: str) -> tuple[tuple[str, SqlType], ...]:
    """
    Read columns: NAME is a name, NAME:n a number, :d a date, :l a LONG, :f a flag, :t a long text.
    """
    types = {"n": _NUMBER, "d": _DATE, "l": _LONG, "f": _FLAG, "t": _TEXT, "": _NAME}
    found = []
    for word in text.split():
        name, _, kind = word.partition(":")
        found.append((name, types[kind]))
    return tuple(found)


# --- objects ------------------------------------------------------------------------------------------------


def _yes(value: object) -> str:
    return "YES" if value else "NO"


def _tables(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        temporary = bool(table.temporary)
        yield {
            "OWNER": table.owner,
            "TABLE_NAME": table.name,
            "TABLESPACE_NAME": None if temporary else "USERS",
            "STATUS": "VALID",
            "LOGGING": "NO" if temporary or "NOLOGGING" in table.options else "YES",
            "NUM_ROWS": None,
            "PARTITIONED": "NO",
            "IOT_TYPE": None,
            "TEMPORARY": "Y" if temporary else "N",
            "DURATION": ("SYS$SESSION" if table.preserve else "SYS$TRANSACTION") if temporary else None,
            "COMPRESSION": "ENABLED"
            if any(word.startswith(_COMPRESSED) for word in table.options)
            else "DISABLED",
            "COMPRESS_FOR": None,
            "DEGREE": _degree(table),
            "NESTED": "NO",
            "DROPPED": "NO",
            "READ_ONLY": "NO",
            "SEGMENT_CREATED": _yes(table.written),
            "LAST_ANALYZED": None,
        }


_COMPRESSED = ("COMPRESS", "ROW STORE", "COLUMN STORE")


def _degree(table: Table) -> str:
    for option in table.options:
        if option.startswith("PARALLEL"):
            return option.removeprefix("PARALLEL").strip().rjust(10) or "   DEFAULT"
    return "1".rjust(10)


def _tab_cols(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        place = 0
        for internal, column in enumerate(table.columns, 1):
            hidden = column.unused or column.invisible
            place += not hidden
            yield _column_fields(at, table, column, None if hidden else place, internal)
    for view in _views_of(at):
        for number, (name, type_, nullable) in enumerate(at.describe(view), 1):
            shown = Column(name, type_, "", nullable)
            yield _type_fields(at, shown) | _plain_fields(view.owner, view.name, name, number, number)


def _tab_columns(at: Instance) -> Iterator[Fields]:
    return (fields for fields in _tab_cols(at) if fields["COLUMN_ID"] is not None)


def _views_of(at: Instance) -> Iterator[View]:
    return (found for _, found in sorted(at.catalog.objects.items()) if isinstance(found, View))


def _plain_fields(owner: str, table: str, name: str, number: int | None, internal: int) -> Fields:
    return {
        "OWNER": owner,
        "TABLE_NAME": table,
        "COLUMN_NAME": name,
        "COLUMN_ID": number,
        "DEFAULT_LENGTH": None,
        "DATA_DEFAULT": None,
        "HIDDEN_COLUMN": "NO",
        "VIRTUAL_COLUMN": "NO",
        "USER_GENERATED": "YES",
        "IDENTITY_COLUMN": "NO",
        "DEFAULT_ON_NULL": "NO",
        "INTERNAL_COLUMN_ID": internal,
        "SEGMENT_COLUMN_ID": internal,
        "QUALIFIED_COL_NAME": name,
        "HISTOGRAM": "NONE",
        "NUM_DISTINCT": None,
        "NUM_NULLS": None,
        "DATA_UPGRADED": "YES",
    }


def _column_fields(at: Instance, table: Table, column: Column, number: int | None, internal: int) -> Fields:
    default = column.virtual_text or column.default_text
    if column.sequence:
        default = f'"{table.owner}"."{column.sequence}".nextval'
    name = f"SYS_C{internal:05d}_{table.number:08d}$" if column.unused else column.name
    return {
        **_plain_fields(table.owner, table.name, name, number, internal),
        **_type_fields(at, column),
        "DEFAULT_LENGTH": len(default) or None,
        "DATA_DEFAULT": default or None,
        "HIDDEN_COLUMN": _yes(column.unused or column.invisible),
        "VIRTUAL_COLUMN": _yes(column.virtual_text),
        "IDENTITY_COLUMN": _yes(column.identity),
        "DEFAULT_ON_NULL": _yes(column.on_null or column.identity.endswith("ON NULL")),
        "USER_GENERATED": _yes(not column.unused),
    }


def _type_fields(at: Instance, column: Column) -> Fields:
    type_ = column.type
    text = type_.name in sqltypes.STRINGS
    length = type_.max_bytes(at.max_string, at.nls.charset.widest)
    chars = type_.length if text else 0
    precision, scale = type_.precision, type_.scale
    if type_.name.startswith("TIMESTAMP"):
        precision, scale = None, type_.precision
    return {
        "DATA_TYPE": type_.described(),
        "DATA_TYPE_MOD": None,
        "DATA_TYPE_OWNER": None,
        "DATA_LENGTH": length,
        "DATA_PRECISION": precision,
        "DATA_SCALE": scale,
        "NULLABLE": "Y" if column.nullable else "N",
        "CHAR_COL_DECL_LENGTH": length if text else None,
        "CHAR_LENGTH": chars,
        "CHAR_USED": ("C" if type_.char else "B") if text else None,
        "CHARACTER_SET_NAME": _charset(type_),
        "COLLATION": "USING_NLS_COMP" if type_.family == "text" and not type_.is_lob else None,
    }


def _charset(type_: SqlType) -> str | None:
    if type_.family != "text":
        return None
    return "NCHAR_CS" if type_.name in sqltypes.NATIONAL else "CHAR_CS"


def _constraints(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for found in table.constraints:
            condition = found.text if found.kind == "C" else None
            yield {
                "OWNER": table.owner,
                "CONSTRAINT_NAME": found.name,
                "CONSTRAINT_TYPE": found.kind,
                "TABLE_NAME": table.name,
                "SEARCH_CONDITION": condition,
                "SEARCH_CONDITION_VC": condition,
                "R_OWNER": found.parent_owner or None,
                "R_CONSTRAINT_NAME": found.parent_name or None,
                "DELETE_RULE": found.on_delete if found.kind == "R" else None,
                "STATUS": "ENABLED" if found.enabled else "DISABLED",
                "DEFERRABLE": "NOT DEFERRABLE",
                "DEFERRED": "IMMEDIATE",
                "VALIDATED": "VALIDATED" if found.enabled else "NOT VALIDATED",
                "GENERATED": "GENERATED NAME" if found.generated else "USER NAME",
                "BAD": None,
                "RELY": None,
                "INDEX_OWNER": table.owner if found.index else None,
                "INDEX_NAME": found.index or None,
                "INVALID": None,
                "VIEW_RELATED": None,
                "LAST_CHANGE": table.altered,
            }


def _cons_columns(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for found in table.constraints:
            for place, name in enumerate(found.columns, 1):
                yield {
                    "OWNER": table.owner,
                    "CONSTRAINT_NAME": found.name,
                    "TABLE_NAME": table.name,
                    "COLUMN_NAME": name,
                    "POSITION": place if _ordered(found) else None,
                }


def _ordered(found: Constraint) -> bool:
    return found.kind in {"P", "U", "R"}


def _indexes(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for index in table.indexes:
            yield {
                "OWNER": table.owner,
                "INDEX_NAME": index.name,
                "INDEX_TYPE": "NORMAL" if index.columns else "FUNCTION-BASED NORMAL",
                "TABLE_OWNER": table.owner,
                "TABLE_NAME": table.name,
                "TABLE_TYPE": "TABLE",
                "UNIQUENESS": "UNIQUE" if index.unique else "NONUNIQUE",
                "COMPRESSION": "DISABLED",
                "TABLESPACE_NAME": "USERS",
                "STATUS": index.status,
                "VISIBILITY": "VISIBLE",
                "PARTITIONED": "NO",
                "TEMPORARY": "Y" if table.temporary else "N",
                "GENERATED": "Y" if index.generated else "N",
                "DEGREE": "1",
                "NUM_ROWS": None,
                "LAST_ANALYZED": None,
            }


def _ind_columns(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for index in table.indexes:
            for place, name in enumerate(index.columns or index.texts, 1):
                yield {
                    **_index_names(table, index),
                    "TABLE_OWNER": table.owner,
                    "TABLE_NAME": table.name,
                    "COLUMN_NAME": name if index.columns else f"SYS_NC{place:05d}$",
                    "COLUMN_POSITION": place,
                    "COLUMN_LENGTH": _length_of(at, table, name),
                    "CHAR_LENGTH": 0,
                    "DESCEND": "DESC" if index.descending[place - 1] else "ASC",
                }


def _index_names(table: Table, index: Index) -> Fields:
    return {"OWNER": table.owner, "INDEX_OWNER": table.owner, "INDEX_NAME": index.name}


def _length_of(at: Instance, table: Table, name: str) -> int:
    column = table.column(name)
    return 0 if column is None else column.type.max_bytes(at.max_string)


def _ind_expressions(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for index in table.indexes:
            if not index.columns:
                for place, text in enumerate(index.texts, 1):
                    yield {
                        **_index_names(table, index),
                        "TABLE_OWNER": table.owner,
                        "TABLE_NAME": table.name,
                        "COLUMN_EXPRESSION": text,
                        "COLUMN_POSITION": place,
                    }


def _tab_comments(at: Instance) -> Iterator[Fields]:
    relations: list[Table | View] = [*at.catalog.tables(), *_views_of(at)]
    for found in relations:
        kind = TYPE_NAMES[type(found)]
        yield {"OWNER": found.owner, "TABLE_NAME": found.name, "TABLE_TYPE": kind, "COMMENTS": found.comment}


def _col_comments(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for column in table.shown():
            yield {
                "OWNER": table.owner,
                "TABLE_NAME": table.name,
                "COLUMN_NAME": column.name,
                "COMMENTS": column.comment,
            }
    for view in _views_of(at):
        for name, _, _ in at.describe(view):
            yield {
                "OWNER": view.owner,
                "TABLE_NAME": view.name,
                "COLUMN_NAME": name,
                "COMMENTS": view.comments.get(name),
            }


def _objects(at: Instance) -> Iterator[Fields]:
    for (owner, name), found in sorted(at.catalog.objects.items()):
        temporary = isinstance(found, Table) and found.temporary
        yield _object_fields(owner, name, found.number, TYPE_NAMES[type(found)], found.created) | {
            "TEMPORARY": "Y" if temporary else "N"
        }
        if isinstance(found, Table):
            for index in found.indexes:
                yield _object_fields(owner, index.name, found.number, "INDEX", found.created)


def _object_fields(owner: str, name: str, number: int, kind: str, created: str) -> Fields:
    return {
        "OWNER": owner,
        "OBJECT_NAME": name,
        "SUBOBJECT_NAME": None,
        "OBJECT_ID": number,
        "DATA_OBJECT_ID": number,
        "OBJECT_TYPE": kind,
        "CREATED": created or None,
        "LAST_DDL_TIME": created or None,
        "TIMESTAMP": None,
        "STATUS": "VALID",
        "TEMPORARY": "N",
        "GENERATED": "N",
        "SECONDARY": "N",
        "NAMESPACE": 1,
        "EDITION_NAME": None,
        "ORACLE_MAINTAINED": "N",
    }


def _synonyms(at: Instance) -> Iterator[Fields]:
    for _, found in sorted(at.catalog.objects.items()):
        if isinstance(found, Synonym):
            yield {
                "OWNER": found.owner,
                "SYNONYM_NAME": found.name,
                "TABLE_OWNER": found.target_owner,
                "TABLE_NAME": found.target_name,
                "DB_LINK": None,
            }


def _view_rows(at: Instance) -> Iterator[Fields]:
    for view in _views_of(at):
        yield {
            "OWNER": view.owner,
            "VIEW_NAME": view.name,
            "TEXT_LENGTH": len(view.text),
            "TEXT": view.text,
            "TEXT_VC": view.text[:4000],
            "READ_ONLY": "Y" if view.read_only else "N",
        }


def _sequences(at: Instance) -> Iterator[Fields]:
    for _, found in sorted(at.catalog.objects.items()):
        if isinstance(found, Sequence):
            yield {
                "OWNER": found.owner,
                "SEQUENCE_OWNER": found.owner,
                "SEQUENCE_NAME": found.name,
                "MIN_VALUE": 1,
                "MAX_VALUE": Decimal(9999999999999999999999999999),
                "INCREMENT_BY": found.increment,
                "CYCLE_FLAG": "N",
                "ORDER_FLAG": "N",
                "CACHE_SIZE": 20,
                "LAST_NUMBER": found.value,
            }


def _tab_privs(at: Instance) -> Iterator[Fields]:
    for grant in at.catalog.grants:
        found = at.catalog.find(grant.owner, grant.name)
        yield {
            "GRANTEE": grant.grantee,
            "OWNER": grant.owner,
            "TABLE_SCHEMA": grant.owner,
            "TABLE_NAME": grant.name,
            "GRANTOR": grant.grantor,
            "PRIVILEGE": grant.privilege,
            "GRANTABLE": _yes(grant.grantable),
            "HIERARCHY": "NO",
            "COMMON": "NO",
            "TYPE": TYPE_NAMES[type(found)] if found is not None else "TABLE",
            "INHERITED": "NO",
        }


def _identity_columns(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for column in table.shown():
            if column.identity:
                yield {
                    "OWNER": table.owner,
                    "TABLE_NAME": table.name,
                    "COLUMN_NAME": column.name,
                    "GENERATION_TYPE": column.identity.removesuffix(" ON NULL"),
                    "SEQUENCE_NAME": column.sequence,
                    "IDENTITY_OPTIONS": "START WITH: 1, INCREMENT BY: 1",
                }


def _json_columns(at: Instance) -> Iterator[Fields]:
    for table in at.catalog.tables():
        for column in table.shown():
            if column.type.name == "JSON" or column.type.is_json:
                native = column.type.name == "JSON"
                yield {
                    "OWNER": table.owner,
                    "TABLE_NAME": table.name,
                    "OBJECT_TYPE": "TABLE",
                    "COLUMN_NAME": column.name,
                    "FORMAT": "OSON" if native else "TEXT",
                    "DATA_TYPE": column.type.name,
                }


def _users(at: Instance) -> Iterator[Fields]:
    for user in sorted(at.catalog.users.values(), key=lambda found: found.number):
        yield {
            "OWNER": user.name,
            "USERNAME": user.name,
            "USER_ID": user.number,
            "ACCOUNT_STATUS": "OPEN",
            "LOCK_DATE": None,
            "EXPIRY_DATE": None,
            "DEFAULT_TABLESPACE": "USERS",
            "TEMPORARY_TABLESPACE": "TEMP",
            "CREATED": user.created or None,
            "COMMON": "NO",
            "ORACLE_MAINTAINED": "Y" if user.name in {"SYS", "SYSTEM"} else "N",
        }


# --- session and instance -----------------------------------------------------------------------------------


def _session_privs(at: Instance) -> Iterator[Fields]:
    user = at.catalog.users[at.user]
    found = set(user.privileges)
    if "DBA" in user.roles:
        found.update(DBA_PRIVILEGES)
    return ({"PRIVILEGE": name} for name in sorted(found))


def _user_sys_privs(at: Instance) -> Iterator[Fields]:
    for fields in _session_privs(at):
        yield fields | {"USERNAME": at.user, "ADMIN_OPTION": "NO", "COMMON": "NO", "INHERITED": "NO"}


def _session_roles(at: Instance) -> Iterator[Fields]:
    return ({"ROLE": name} for name in sorted(at.catalog.users[at.user].roles))


def _ts_quotas(at: Instance) -> Iterator[Fields]:
    if at.catalog.users[at.user].quota:
        yield {
            "TABLESPACE_NAME": "USERS",
            "BYTES": 65536,
            "MAX_BYTES": -1,
            "BLOCKS": 8,
            "MAX_BLOCKS": -1,
            "DROPPED": "NO",
        }


def _free_space(_: Instance) -> Iterator[Fields]:
    yield {"TABLESPACE_NAME": "USERS", "FILE_ID": 12, "BLOCK_ID": 128, "BYTES": 1 << 32, "BLOCKS": 1 << 19}


def _database_parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "NLS_CHARACTERSET": at.nls.charset.name,
        "NLS_NCHAR_CHARACTERSET": "AL16UTF16",
        "NLS_LENGTH_SEMANTICS": "BYTE",
        "NLS_LANGUAGE": "AMERICAN",
        "NLS_TERRITORY": "AMERICA",
        "NLS_NUMERIC_CHARACTERS": ".,",
        "NLS_SORT": "BINARY",
        "NLS_COMP": "BINARY",
        "NLS_DATE_FORMAT": "DD-MON-RR",
        "NLS_RDBMS_VERSION": full_version(at.version),
    }
    return ({"PARAMETER": name, "VALUE": value} for name, value in sorted(values.items()))


def _session_parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "NLS_LANGUAGE": at.nls.language,
        "NLS_TERRITORY": at.nls.territory,
        "NLS_NUMERIC_CHARACTERS": at.nls.point + at.nls.group,
        "NLS_DATE_FORMAT": at.nls.date_format,
        "NLS_TIMESTAMP_FORMAT": at.nls.timestamp_format,
        "NLS_TIMESTAMP_TZ_FORMAT": at.nls.timestamp_tz_format,
        "NLS_LENGTH_SEMANTICS": at.nls.length_semantics,
        "NLS_SORT": at.nls.sort,
        "NLS_COMP": at.nls.comparison,
        "NLS_NCHAR_CONV_EXCP": "FALSE",
    }
    return ({"PARAMETER": name, "VALUE": value} for name, value in sorted(values.items()))


_RELEASES = {
    12: ("Oracle Database 12c Enterprise Edition", "12.2.0.1.0", "12.2.0.1.0", "64bit Production"),
    18: ("Oracle Database 18c Enterprise Edition", "18.0.0.0.0", "18.3.0.0.0", "Production"),
    19: ("Oracle Database 19c Enterprise Edition", "19.0.0.0.0", "19.3.0.0.0", "Production"),
    21: ("Oracle Database 21c Express Edition", "21.0.0.0.0", "21.3.0.0.0", "Production"),
    23: ("Oracle Database 23ai Free", "23.0.0.0.0", "23.4.0.24.05", "Develop, Learn, and Run for Free"),
}


def full_version(version: int) -> str:
    """
    Return the release with its update.
    """
    return _RELEASES[version][2]


def _product(at: Instance) -> Iterator[Fields]:
    product, version, full, status = _RELEASES[at.version]
    yield {"PRODUCT": product + " ", "VERSION": version, "VERSION_FULL": full, "STATUS": status}


def _version_rows(at: Instance) -> Iterator[Fields]:
    product, version, full, status = _RELEASES[at.version]
    banner = f"{product} Release {version} - {status}"
    yield {"BANNER": banner, "BANNER_FULL": f"{banner}\nVersion {full}", "BANNER_LEGACY": banner, "CON_ID": 0}


def _parameters(at: Instance) -> Iterator[Fields]:
    values = {
        "max_string_size": "EXTENDED" if at.max_string > 4000 else "STANDARD",
        "compatible": _RELEASES[at.version][1],
        "ddl_lock_timeout": "0",
        "open_cursors": "300",
        "db_block_size": "8192",
        "service_names": at.service,
        "nls_length_semantics": "BYTE",
    }
    for number, (name, value) in enumerate(sorted(values.items()), 1):
        yield {
            "NUM": number,
            "NAME": name,
            "TYPE": 2,
            "VALUE": value,
            "DISPLAY_VALUE": value,
            "ISDEFAULT": "TRUE",
        }


def _sessions(at: Instance) -> Iterator[Fields]:
    return iter(at.sessions())


def _nothing(_: Instance) -> Iterator[Fields]:
    return iter(())


def _private_tables(at: Instance) -> Iterator[Fields]:
    for table in at.private:
        yield {
            "OWNER": table.owner,
            "TABLE_NAME": table.name,
            "DURATION": "SESSION" if table.preserve else "TRANSACTION",
        }


_COLUMN_VIEW = _columns(
    "OWNER TABLE_NAME COLUMN_NAME DATA_TYPE DATA_TYPE_MOD:f DATA_TYPE_OWNER DATA_LENGTH:n"
    " DATA_PRECISION:n DATA_SCALE:n"
    " NULLABLE:f COLUMN_ID:n DEFAULT_LENGTH:n DATA_DEFAULT:l NUM_DISTINCT:n NUM_NULLS:n CHARACTER_SET_NAME"
    " CHAR_COL_DECL_LENGTH:n CHAR_LENGTH:n CHAR_USED:f HISTOGRAM DEFAULT_ON_NULL:f"
    " IDENTITY_COLUMN:f COLLATION"
)
_VIEWS: dict[str, DictionaryView] = {
    "TABLES": DictionaryView(
        _columns(
            "OWNER TABLE_NAME TABLESPACE_NAME STATUS LOGGING:f NUM_ROWS:n DEGREE PARTITIONED:f"
            " IOT_TYPE TEMPORARY:f"
            " NESTED:f DURATION COMPRESSION COMPRESS_FOR DROPPED:f READ_ONLY:f SEGMENT_CREATED:f"
            " LAST_ANALYZED:d"
        ),
        _tables,
    ),
    "TAB_COLUMNS": DictionaryView(_COLUMN_VIEW, _tab_columns),
    "TAB_COLS": DictionaryView(
        _COLUMN_VIEW
        + _columns(
            "HIDDEN_COLUMN:f VIRTUAL_COLUMN:f SEGMENT_COLUMN_ID:n INTERNAL_COLUMN_ID:n QUALIFIED_COL_NAME:t"
            " USER_GENERATED:f"
        ),
        _tab_cols,
    ),
    "CONSTRAINTS": DictionaryView(
        _columns(
            "OWNER CONSTRAINT_NAME CONSTRAINT_TYPE:f TABLE_NAME SEARCH_CONDITION:l"
            " SEARCH_CONDITION_VC:t R_OWNER"
            " R_CONSTRAINT_NAME DELETE_RULE STATUS DEFERRABLE DEFERRED VALIDATED GENERATED BAD RELY"
            " LAST_CHANGE:d"
            " INDEX_OWNER INDEX_NAME INVALID VIEW_RELATED"
        ),
        _constraints,
    ),
    "CONS_COLUMNS": DictionaryView(
        _columns("OWNER CONSTRAINT_NAME TABLE_NAME COLUMN_NAME:t POSITION:n"), _cons_columns
    ),
    "INDEXES": DictionaryView(
        _columns(
            "OWNER INDEX_NAME INDEX_TYPE TABLE_OWNER TABLE_NAME TABLE_TYPE UNIQUENESS COMPRESSION"
            " TABLESPACE_NAME STATUS"
            " NUM_ROWS:n LAST_ANALYZED:d DEGREE PARTITIONED:f TEMPORARY:f GENERATED:f VISIBILITY"
        ),
        _indexes,
    ),
    "IND_COLUMNS": DictionaryView(
        _columns(
            "OWNER INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_NAME:t COLUMN_POSITION:n"
            " COLUMN_LENGTH:n"
            " CHAR_LENGTH:n DESCEND:f"
        ),
        _ind_columns,
    ),
    "IND_EXPRESSIONS": DictionaryView(
        _columns("OWNER INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_EXPRESSION:l COLUMN_POSITION:n"),
        _ind_expressions,
    ),
    "TAB_COMMENTS": DictionaryView(_columns("OWNER TABLE_NAME TABLE_TYPE COMMENTS:t"), _tab_comments),
    "COL_COMMENTS": DictionaryView(_columns("OWNER TABLE_NAME COLUMN_NAME COMMENTS:t"), _col_comments),
    "OBJECTS": DictionaryView(
        _columns(
            "OWNER OBJECT_NAME SUBOBJECT_NAME OBJECT_ID:n DATA_OBJECT_ID:n OBJECT_TYPE CREATED:d"
            " LAST_DDL_TIME:d"
            " TIMESTAMP STATUS TEMPORARY:f GENERATED:f SECONDARY:f NAMESPACE:n EDITION_NAME"
            " ORACLE_MAINTAINED:f"
        ),
        _objects,
    ),
    "SYNONYMS": DictionaryView(_columns("OWNER SYNONYM_NAME TABLE_OWNER TABLE_NAME DB_LINK"), _synonyms),
    "VIEWS": DictionaryView(
        _columns("OWNER VIEW_NAME TEXT_LENGTH:n TEXT:l TEXT_VC:t READ_ONLY:f"), _view_rows
    ),
    "SEQUENCES": DictionaryView(
        _columns(
            "OWNER SEQUENCE_OWNER SEQUENCE_NAME MIN_VALUE:n MAX_VALUE:n INCREMENT_BY:n CYCLE_FLAG:f"
            " ORDER_FLAG:f"
            " CACHE_SIZE:n LAST_NUMBER:n"
        ),
        _sequences,
    ),
    "TAB_PRIVS": DictionaryView(
        _columns(
            "GRANTEE OWNER TABLE_SCHEMA TABLE_NAME GRANTOR PRIVILEGE GRANTABLE:f HIERARCHY:f"
            " COMMON:f TYPE INHERITED:f"
        ),
        _tab_privs,
    ),
    "TAB_IDENTITY_COLS": DictionaryView(
        _columns("OWNER TABLE_NAME COLUMN_NAME GENERATION_TYPE SEQUENCE_NAME IDENTITY_OPTIONS:t"),
        _identity_columns,
    ),
    "JSON_COLUMNS": DictionaryView(
        _columns("OWNER TABLE_NAME OBJECT_TYPE COLUMN_NAME FORMAT DATA_TYPE"), _json_columns
    ),
    "TRIGGERS": DictionaryView(
        _columns(
            "OWNER TRIGGER_NAME TRIGGER_TYPE TRIGGERING_EVENT TABLE_OWNER BASE_OBJECT_TYPE TABLE_NAME STATUS"
            " DESCRIPTION:t TRIGGER_BODY:l"
        ),
        _nothing,
    ),
    "TAB_PARTITIONS": DictionaryView(
        _columns("TABLE_OWNER OWNER TABLE_NAME PARTITION_NAME HIGH_VALUE:l"), _nothing
    ),
    "USERS": DictionaryView(
        _columns(
            "OWNER USERNAME USER_ID:n ACCOUNT_STATUS LOCK_DATE:d EXPIRY_DATE:d DEFAULT_TABLESPACE"
            " TEMPORARY_TABLESPACE"
            " CREATED:d COMMON:f ORACLE_MAINTAINED:f"
        ),
        _users,
    ),
}
_SINGLE: dict[str, DictionaryView] = {
    "DUAL": DictionaryView((("DUMMY", varchar(1)),), lambda _: iter(({"DUMMY": "X"},)), scoped=False),
    "SESSION_PRIVS": DictionaryView(_columns("PRIVILEGE"), _session_privs, scoped=False),
    "SESSION_ROLES": DictionaryView(_columns("ROLE"), _session_roles, scoped=False),
    "USER_SYS_PRIVS": DictionaryView(
        _columns("USERNAME PRIVILEGE ADMIN_OPTION:f COMMON:f INHERITED:f"), _user_sys_privs, scoped=False
    ),
    "USER_TS_QUOTAS": DictionaryView(
        _columns("TABLESPACE_NAME BYTES:n MAX_BYTES:n BLOCKS:n MAX_BLOCKS:n DROPPED:f"),
        _ts_quotas,
        scoped=False,
    ),
    "USER_FREE_SPACE": DictionaryView(
        _columns("TABLESPACE_NAME FILE_ID:n BLOCK_ID:n BYTES:n BLOCKS:n"), _free_space, scoped=False
    ),
    "USER_PRIVATE_TEMP_TABLES": DictionaryView(
        _columns("OWNER TABLE_NAME DURATION"), _private_tables, scoped=False
    ),
    "NLS_DATABASE_PARAMETERS": DictionaryView(
        _columns("PARAMETER VALUE"), _database_parameters, scoped=False
    ),
    "NLS_SESSION_PARAMETERS": DictionaryView(_columns("PARAMETER VALUE"), _session_parameters, scoped=False),
    "NLS_INSTANCE_PARAMETERS": DictionaryView(
        _columns("PARAMETER VALUE"), _database_parameters, scoped=False
    ),
    "PRODUCT_COMPONENT_VERSION": DictionaryView(
        _columns("PRODUCT VERSION VERSION_FULL STATUS"), _product, scoped=False
    ),
    "V$VERSION": DictionaryView(
        _columns("BANNER BANNER_FULL BANNER_LEGACY CON_ID:n"), _version_rows, scoped=False
    ),
    "V$PARAMETER": DictionaryView(
        _columns("NUM:n NAME TYPE:n VALUE:t DISPLAY_VALUE:t ISDEFAULT"),
        _parameters,
        scoped=False,
        privileged=True,
    ),
    "V$SESSION": DictionaryView(
        _columns(
            "SID:n SERIAL#:n USERNAME STATUS SCHEMANAME MODULE ACTION CLIENT_INFO CLIENT_IDENTIFIER"
            " TYPE PROGRAM MACHINE"
        ),
        _sessions,
        scoped=False,
        privileged=True,
    ),
}
#: Views that change without DDL.
LIVELY = frozenset({"V$SESSION", "USER_SEQUENCES", "ALL_SEQUENCES", "DBA_SEQUENCES", "SEQ"})
#: Names of the same.
_ALIASES = {"TAB": "USER_TABLES", "COLS": "USER_TAB_COLUMNS", "IND": "USER_INDEXES", "SYN": "USER_SYNONYMS"}
_ALIASES |= {"OBJ": "USER_OBJECTS", "SEQ": "USER_SEQUENCES"}
#: How the columns of USER_ views differ from ALL_: they lack the owner; of TAB_PRIVS they keep it.
_OWNERS = {
    "USER": frozenset({"OWNER", "SEQUENCE_OWNER", "INDEX_OWNER"}),
    "ALL": frozenset(),
    "DBA": frozenset(),
}


def find(name: str, at: Instance) -> DictionaryView | None:
    """
    Find a view by name, as the user of *at* may see it; None where there is none for him.
    """
    name = _ALIASES.get(name, name)
    single = _SINGLE.get(name)
    if single is not None:
        may = not single.privileged or at.catalog.may(at.user, "SELECT ANY DICTIONARY")
        return single if may else None
    scope, _, rest = name.partition("_")
    view = _VIEWS.get(rest)
    if scope not in _OWNERS or view is None:
        return None
    if scope == "DBA" and not at.catalog.may(at.user, "SELECT ANY DICTIONARY"):
        return None
    return _scoped(scope, rest, view)


def _scoped(scope: str, rest: str, view: DictionaryView) -> DictionaryView:
    dropped = (
        set(_OWNERS[scope]) if rest != "TAB_PRIVS" else {"TABLE_SCHEMA"} if scope != "ALL" else {"OWNER"}
    )
    if rest == "USERS":
        dropped = {"OWNER"}
    if rest in {"SEQUENCES", "IND_COLUMNS", "IND_EXPRESSIONS", "TAB_PARTITIONS"}:
        dropped = dropped | {"OWNER"}
    columns = tuple(column for column in view.columns if column[0] not in dropped)

    def rows(at: Instance) -> Iterator[Fields]:
        return (fields for fields in view.rows(at) if _shown(scope, rest, fields, at))

    return DictionaryView(columns, rows)


def _shown(scope: str, rest: str, fields: Fields, at: Instance) -> bool:
    if scope == "DBA" or (scope == "ALL" and rest == "USERS"):
        return True
    owner = fields.get("OWNER")
    if rest == "TAB_PRIVS":
        return at.user in {fields["GRANTEE"], owner, fields["GRANTOR"]} or fields["GRANTEE"] == "PUBLIC"
    if scope == "USER":
        return bool(owner == at.user)
    name = fields.get("TABLE_NAME") or fields.get("OBJECT_NAME") or fields.get("VIEW_NAME") or ""
    if rest == "SYNONYMS":
        return owner in {at.user, "PUBLIC"} or at.catalog.sees(
            at.user, fields["TABLE_OWNER"], fields["TABLE_NAME"]
        )
    if rest == "SEQUENCES":
        name = fields["SEQUENCE_NAME"]
    return at.catalog.sees(at.user, str(owner), str(name))


def stored_rows(view: DictionaryView, at: Instance) -> list[tuple[Any, ...]]:
    """
    List a view's rows as they are stored.
    """
    return [
        tuple(_stored(fields.get(name), type_) for name, type_ in view.columns) for fields in view.rows(at)
    ]


def _stored(value: Any, type_: SqlType) -> Any:
    if value is None or value == "":
        return None
    return decimals.encode(value) if type_.family == "number" else value
