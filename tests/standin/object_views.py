"""
The views of what a schema holds, for all schemas: dictionary.py makes USER_, ALL_ and DBA_ views of them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.standin import sqltypes
from tests.standin.catalog import (
    TYPE_NAMES,
    Column,
    Constraint,
    Index,
    Sequence,
    Synonym,
    Table,
    View,
)
from tests.standin.dictionary_view import DictionaryView, Fields, Instance, columns
from tests.standin.sqltypes import SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator


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
                "LAST_CHANGE": found.changed or table.created,
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


def _nothing(_: Instance) -> Iterator[Fields]:
    return iter(())


_COLUMN_VIEW = columns(
    "OWNER TABLE_NAME COLUMN_NAME DATA_TYPE DATA_TYPE_MOD:f DATA_TYPE_OWNER DATA_LENGTH:n"
    " DATA_PRECISION:n DATA_SCALE:n"
    " NULLABLE:f COLUMN_ID:n DEFAULT_LENGTH:n DATA_DEFAULT:l NUM_DISTINCT:n NUM_NULLS:n CHARACTER_SET_NAME"
    " CHAR_COL_DECL_LENGTH:n CHAR_LENGTH:n CHAR_USED:f HISTOGRAM DEFAULT_ON_NULL:f"
    " IDENTITY_COLUMN:f COLLATION"
)
VIEWS: dict[str, DictionaryView] = {
    "TABLES": DictionaryView(
        columns(
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
        + columns(
            "HIDDEN_COLUMN:f VIRTUAL_COLUMN:f SEGMENT_COLUMN_ID:n INTERNAL_COLUMN_ID:n QUALIFIED_COL_NAME:t"
            " USER_GENERATED:f"
        ),
        _tab_cols,
    ),
    "CONSTRAINTS": DictionaryView(
        columns(
            "OWNER CONSTRAINT_NAME CONSTRAINT_TYPE:f TABLE_NAME SEARCH_CONDITION:l"
            " SEARCH_CONDITION_VC:t R_OWNER"
            " R_CONSTRAINT_NAME DELETE_RULE STATUS DEFERRABLE DEFERRED VALIDATED GENERATED BAD RELY"
            " LAST_CHANGE:d"
            " INDEX_OWNER INDEX_NAME INVALID VIEW_RELATED"
        ),
        _constraints,
    ),
    "CONS_COLUMNS": DictionaryView(
        columns("OWNER CONSTRAINT_NAME TABLE_NAME COLUMN_NAME:t POSITION:n"), _cons_columns
    ),
    "INDEXES": DictionaryView(
        columns(
            "OWNER INDEX_NAME INDEX_TYPE TABLE_OWNER TABLE_NAME TABLE_TYPE UNIQUENESS COMPRESSION"
            " TABLESPACE_NAME STATUS"
            " NUM_ROWS:n LAST_ANALYZED:d DEGREE PARTITIONED:f TEMPORARY:f GENERATED:f VISIBILITY"
        ),
        _indexes,
    ),
    "IND_COLUMNS": DictionaryView(
        columns(
            "OWNER INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_NAME:t COLUMN_POSITION:n"
            " COLUMN_LENGTH:n"
            " CHAR_LENGTH:n DESCEND:f"
        ),
        _ind_columns,
    ),
    "IND_EXPRESSIONS": DictionaryView(
        columns("OWNER INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_EXPRESSION:l COLUMN_POSITION:n"),
        _ind_expressions,
    ),
    "TAB_COMMENTS": DictionaryView(columns("OWNER TABLE_NAME TABLE_TYPE COMMENTS:t"), _tab_comments),
    "COL_COMMENTS": DictionaryView(columns("OWNER TABLE_NAME COLUMN_NAME COMMENTS:t"), _col_comments),
    "OBJECTS": DictionaryView(
        columns(
            "OWNER OBJECT_NAME SUBOBJECT_NAME OBJECT_ID:n DATA_OBJECT_ID:n OBJECT_TYPE CREATED:d"
            " LAST_DDL_TIME:d"
            " TIMESTAMP STATUS TEMPORARY:f GENERATED:f SECONDARY:f NAMESPACE:n EDITION_NAME"
            " ORACLE_MAINTAINED:f"
        ),
        _objects,
    ),
    "SYNONYMS": DictionaryView(columns("OWNER SYNONYM_NAME TABLE_OWNER TABLE_NAME DB_LINK"), _synonyms),
    "VIEWS": DictionaryView(
        columns("OWNER VIEW_NAME TEXT_LENGTH:n TEXT:l TEXT_VC:t READ_ONLY:f"), _view_rows
    ),
    "SEQUENCES": DictionaryView(
        columns(
            "OWNER SEQUENCE_OWNER SEQUENCE_NAME MIN_VALUE:n MAX_VALUE:n INCREMENT_BY:n CYCLE_FLAG:f"
            " ORDER_FLAG:f"
            " CACHE_SIZE:n LAST_NUMBER:n"
        ),
        _sequences,
    ),
    "TAB_PRIVS": DictionaryView(
        columns(
            "GRANTEE OWNER TABLE_SCHEMA TABLE_NAME GRANTOR PRIVILEGE GRANTABLE:f HIERARCHY:f"
            " COMMON:f TYPE INHERITED:f"
        ),
        _tab_privs,
    ),
    "TAB_IDENTITY_COLS": DictionaryView(
        columns("OWNER TABLE_NAME COLUMN_NAME GENERATION_TYPE SEQUENCE_NAME IDENTITY_OPTIONS:t"),
        _identity_columns,
    ),
    "JSON_COLUMNS": DictionaryView(
        columns("OWNER TABLE_NAME OBJECT_TYPE COLUMN_NAME FORMAT DATA_TYPE"), _json_columns
    ),
    "TRIGGERS": DictionaryView(
        columns(
            "OWNER TRIGGER_NAME TRIGGER_TYPE TRIGGERING_EVENT TABLE_OWNER BASE_OBJECT_TYPE TABLE_NAME STATUS"
            " DESCRIPTION:t TRIGGER_BODY:l"
        ),
        _nothing,
    ),
    "TAB_PARTITIONS": DictionaryView(
        columns("TABLE_OWNER OWNER TABLE_NAME PARTITION_NAME HIGH_VALUE:l"), _nothing
    ),
    "USERS": DictionaryView(
        columns(
            "OWNER USERNAME USER_ID:n ACCOUNT_STATUS LOCK_DATE:d EXPIRY_DATE:d DEFAULT_TABLESPACE"
            " TEMPORARY_TABLESPACE"
            " CREATED:d COMMON:f ORACLE_MAINTAINED:f"
        ),
        _users,
    ),
}
