"""
Column type -> how its values are bound.

Every column of every array is declared: a value of another Python type would otherwise make the driver swap
the bind variable and send NULL for the rows before it (`base_impl`, `_set_by_value`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import oracledb

from target_oracle.errors import InternalError
from target_oracle.oracle.types import OracleType

# Strings are bound inline at any length as LONG, without temporary LOBs (python-oracledb, "Using LOB data").
_TYPES: Final = {
    "NUMBER": oracledb.DB_TYPE_NUMBER,
    "FLOAT": oracledb.DB_TYPE_NUMBER,
    "BINARY_DOUBLE": oracledb.DB_TYPE_BINARY_DOUBLE,
    "BINARY_FLOAT": oracledb.DB_TYPE_BINARY_FLOAT,
    "DATE": oracledb.DB_TYPE_DATE,
    "TIMESTAMP": oracledb.DB_TYPE_TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": oracledb.DB_TYPE_TIMESTAMP_TZ,
    # Bound with its zone: a plain TIMESTAMP would be read in the session's time zone.
    "TIMESTAMP WITH LOCAL TIME ZONE": oracledb.DB_TYPE_TIMESTAMP_TZ,
    "BOOLEAN": oracledb.DB_TYPE_BOOLEAN,
    "RAW": oracledb.DB_TYPE_RAW,
    "BLOB": oracledb.DB_TYPE_LONG_RAW,
    "LONG RAW": oracledb.DB_TYPE_LONG_RAW,
    "CLOB": oracledb.DB_TYPE_LONG,
    "NCLOB": oracledb.DB_TYPE_LONG,
    "LONG": oracledb.DB_TYPE_LONG,
    "JSON": oracledb.DB_TYPE_LONG,
}
_TEXTS: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR"})
_LONGS: Final = frozenset({"CLOB", "NCLOB", "LONG", "JSON"})
# The driver declares four bytes a character.
BYTES_PER_CHAR: Final = 4


def declare(types: Iterable[OracleType], max_string_bytes: int) -> list[Any]:
    """
    Return what `setinputsizes` takes for columns of *types* in INSERT … VALUES and UPDATE … SET.

    A text is declared short, so that it travels as an ordinary bind; the driver enlarges it where a value
    is longer.
    """
    short = max_string_bytes // BYTES_PER_CHAR
    return [
        min(type_.length or short, short) if type_.name in _TEXTS else _declared(type_) for type_ in types
    ]


def declare_for_query(
    types: Sequence[OracleType], longest: Sequence[int], max_string_bytes: int
) -> list[Any] | None:
    """
    Return the declarations for binds in a query's select list (MERGE … USING), None where a text is too long.

    There a text of more than *max_string_bytes* as declared, four bytes a character, is ORA-01461.
    *longest* gives the characters of the longest text of each column.
    """
    short = max_string_bytes // BYTES_PER_CHAR
    declared: list[Any] = []
    for type_, chars in zip(types, longest, strict=True):
        if type_.name in _TEXTS or type_.name in _LONGS:
            if chars > short:
                return None
            declared.append(max(chars, min(type_.length or short, short)))
        elif type_.name == "BLOB":
            return None
        else:
            declared.append(_declared(type_))
    return declared


def _declared(type_: OracleType) -> Any:
    try:
        return _TYPES[type_.name]
    except KeyError:
        raise InternalError(f"no way to bind a value for a column of type {type_.name}") from None


def is_text(type_: OracleType) -> bool:
    """
    Tell whether values of *type_* are bound as text.
    """
    return type_.name in _TEXTS or type_.name in _LONGS


def order_of_columns(types: Sequence[OracleType]) -> tuple[int, ...]:
    """
    Return the positions of columns in the order in which columns of Arrow are bound: LOBs behind all others.

    The driver declares a text of Arrow with 16000 bytes, whatever its column is, and no bind of more than
    4000 may follow that of a LOB or LONG (ORA-24816).
    """
    return tuple(sorted(range(len(types)), key=lambda n: _TYPES.get(types[n].name) in _LAST))


_LAST: Final = frozenset({oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_LONG_RAW})


def has_zones(types: Iterable[OracleType]) -> bool:
    """
    Tell whether a time without zone is read in the session's zone by one of *types*.
    """
    return any(type_.name.endswith("TIME ZONE") for type_ in types)


def refuse_drift(_cursor: oracledb.Cursor, value: object, _arraysize: int) -> None:
    """
    Refuse a value that does not fit its declared column, where the driver would silently swap the variable.

    Set as `Cursor.inputtypehandler`, which the driver calls for such values only.
    """
    raise InternalError(f"a {type(value).__name__} reached a column that is declared for another type")
