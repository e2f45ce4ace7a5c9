"""
JSON value -> bind value: for each column a fast way that msgspec compiles and a complete slow way.

The fast way is a type annotation: what it accepts needs at most `finish`, which looks at a whole column of a
batch at once. What it refuses goes to `read`, which takes the value's JSON text and either returns the same
kind of value or says why not. Both ways together are one function; the tests hold them equal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from target_oracle import moments, numerals, texts
from target_oracle.conversion import Converter, Tally
from target_oracle.errors import InternalError
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field, Kind


def converter(prop: Field, column: Column, server: Server, *, tally: Tally) -> Converter:
    """
    Return the converter of *prop* into *column*; raise InternalError for a pair that evolution never makes.
    """
    for holds, kinds, make in _FAMILIES:
        if column.type.name in holds and prop.kind in kinds:
            return make(prop, column.type, server, tally)
    raise InternalError(f"column {column.name} ({column.type.name}) cannot hold {prop.kind.value} values")


_NUMBERS: Final = frozenset({"NUMBER", "FLOAT"})
_FLOATS: Final = frozenset({"BINARY_DOUBLE", "BINARY_FLOAT"})
_TEXTS: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR", "CLOB", "NCLOB", "LONG"})
_TIMES: Final = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE"})
_BYTES: Final = frozenset({"RAW", "BLOB", "LONG RAW"})

# Which columns hold which kinds, and what makes the converter; first match wins.
_Make: TypeAlias = "Callable[[Field, OracleType, Server, Tally], Converter]"
_FAMILIES: Final[tuple[tuple[frozenset[str], frozenset[Kind], _Make], ...]] = (
    (_NUMBERS, frozenset({Kind.INTEGER}), numerals.of_integer),
    (_NUMBERS, frozenset({Kind.NUMBER}), numerals.of_number),
    (_NUMBERS, frozenset({Kind.DECIMAL_STRING}), numerals.of_decimal_string),
    (_NUMBERS, frozenset({Kind.BOOLEAN}), numerals.of_boolean),
    (_FLOATS, frozenset({Kind.INTEGER, Kind.NUMBER}), numerals.of_float),
    (frozenset({"BOOLEAN"}), frozenset({Kind.BOOLEAN}), numerals.of_boolean),
    (_TEXTS | {"JSON"}, frozenset({Kind.JSON}), texts.of_json),
    (frozenset({"JSON"}), frozenset({Kind.ANY}), texts.of_json),
    (_TEXTS, frozenset(Kind), texts.of_text),
    (_TIMES, frozenset({Kind.DATE_TIME}), moments.of_date_time),
    (_TIMES, frozenset({Kind.DATE}), moments.of_date),
    (_BYTES, frozenset({Kind.BINARY}), texts.of_binary),
    (_BYTES, frozenset({Kind.JSON}), texts.of_json_bytes),
)
