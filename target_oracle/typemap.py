"""
Field -> Oracle column type, by one table; what it says depends on the server, the options and on being a key.

`docs/types.md` is made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from target_oracle.oracle.declared import EXTENDED_BYTES, parse_type
from target_oracle.oracle.types import OracleType, Server
from target_oracle.singer.schema import Field, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# An index entry on 8 KiB blocks ends at 6398 bytes (ORA-01450); the rest is for lengths and row address.
KEY_BYTES: Final = 6000
# A key text without a stated length gets at most this: rebuilding its index online ends at 3215 bytes.
KEY_TEXT_BYTES: Final = 3200
# Decoded base64 or hex up to here goes into RAW, which MAX_STRING_SIZE=STANDARD ends at 2000 bytes.
SMALL_BYTES: Final = 2000
FRACTION_DIGITS: Final = 6  # of a second, as many as a bind value carries
UUID_CHARS: Final = 36
TIME_CHARS: Final = 32  # HH:MM:SS, a sign, nine digits of a second, an offset


class TypeOptions(msgspec.Struct, frozen=True):
    """
    The settings of the same names: what the operator prefers where more than one type would do.
    """

    number_type: str = "NUMBER"  # or BINARY_DOUBLE
    timestamp_type: str = "TIMESTAMP WITH TIME ZONE"  # TIMESTAMP, TIMESTAMP WITH LOCAL TIME ZONE, DATE
    json_type: str = "auto"  # JSON, CLOB, VARCHAR2
    boolean_type: str = "auto"  # BOOLEAN, NUMBER(1)
    varchar_default_length: int | None = None  # characters of a text without maxLength


DEFAULTS: Final = TypeOptions()


class _Case(msgspec.Struct, frozen=True):
    """
    What a rule looks at; *width* are the bytes that a text may take in the index when *key*.
    """

    field: Field
    server: Server
    options: TypeOptions
    key: bool
    width: int


class _Rule(msgspec.Struct, frozen=True):
    """
    Fields of *kind*, when *applies*, become the type that *make* returns.
    """

    kind: Kind
    applies: Callable[[_Case], bool]
    make: Callable[[_Case], OracleType]


NUMBER: Final = OracleType("NUMBER")
INTEGER: Final = OracleType("NUMBER", precision=38, scale=0)
FLAG: Final = OracleType("NUMBER", precision=1, scale=0)
CLOB: Final = OracleType("CLOB")
BLOB: Final = OracleType("BLOB")
BOOLEAN: Final = OracleType("BOOLEAN")
DATE: Final = OracleType("DATE")
DOUBLE: Final = OracleType("BINARY_DOUBLE")
JSON: Final = OracleType("JSON")
JSON_CLOB: Final = OracleType("CLOB", is_json=True)
KEY_STAMP: Final = OracleType("TIMESTAMP", precision=FRACTION_DIGITS)


def column_type(
    field: Field,
    server: Server,
    *,
    key: bool = False,
    options: TypeOptions = DEFAULTS,
    width: int = KEY_BYTES,
) -> OracleType:
    """
    Return the type of the column for *field*: what `x-sql-datatype` says where it can, else the table's.

    *width* bounds the bytes of a text or RAW that is a *key*; `key_widths` tells it for several.

    >>> text = Field("a", ("a",), Kind.STRING, frozenset({"string"}), max_length=160)
    >>> column_type(text, Server((19,))).ddl()
    'VARCHAR2(160 CHAR)'
    """
    if field.sql_type and sql_type_fault(field, server, key=key) is None:
        return parse_type(field.sql_type)
    case = _Case(field, server, options, key, width)
    rule = next(rule for rule in _RULES if rule.kind is field.kind and rule.applies(case))
    return rule.make(case)


def column_types(
    fields: Sequence[Field],
    keys: Sequence[str],
    server: Server,
    options: TypeOptions = DEFAULTS,
) -> dict[str, OracleType]:
    """
    Return the type of every field's column by name; *keys* are the key properties, in any order.
    """
    widths = key_widths([field for field in fields if field.name in keys], server, options)
    return {
        field.name: column_type(field, server, options=options, key=True, width=widths[field.name])
        if field.name in widths
        else column_type(field, server, options=options)
        for field in fields
    }


def key_widths(fields: Sequence[Field], server: Server, options: TypeOptions = DEFAULTS) -> dict[str, int]:
    """
    Share out the bytes of an index entry among the key *fields*, by name.

    Whoever needs less than an equal share leaves the rest to the others.
    """
    needs = {field.name: _key_need(field, server, options) for field in fields}
    left = KEY_BYTES
    widths = {}
    for place, (name, need) in enumerate(sorted(needs.items(), key=lambda each: each[1])):
        widths[name] = min(need, left // (len(needs) - place))
        left -= widths[name]
    return widths


def _key_need(field: Field, server: Server, options: TypeOptions) -> int:
    return column_type(field, server, key=True, options=options).max_bytes(server) or KEY_TEXT_BYTES


def sql_type_fault(field: Field, server: Server, *, key: bool = False, said: str | None = None) -> str | None:
    """
    Say why *said*, or else the field's own `x-sql-datatype`, cannot be its column's type; None if it can.
    """
    try:
        wanted = parse_type(said or field.sql_type or "")
    except ValueError as fault:
        return str(fault)
    if wanted.name not in FILLS[field.kind]:
        return f"{wanted.ddl()} cannot hold {field.kind.value} values"
    if _missing(wanted, server):
        return f"{wanted.ddl()} is no column type of this server"
    if key and wanted.max_bytes(server) is None:
        return f"{wanted.ddl()} cannot be a key"
    return None


def option_faults(options: TypeOptions, server: Server) -> tuple[str, ...]:
    """
    Say which options name a type that *server* does not have.
    """
    wanted = {"json_type": options.json_type, "boolean_type": options.boolean_type}
    return tuple(
        f"{setting}: {said} is no column type of this server"
        for setting, said in wanted.items()
        if said in ("BOOLEAN", "JSON") and _missing(OracleType(said), server)
    )


def notices(fields: Sequence[Field], server: Server) -> tuple[str, ...]:
    """
    Say what of the *fields* was read but is not followed.
    """
    said = [f"property {field.name!r}: {notice}" for field in fields for notice in field.notices]
    for field in fields:
        fault = sql_type_fault(field, server) if field.sql_type else None
        if fault:
            said.append(f"property {field.name!r}: x-sql-datatype is not followed: {fault}")
    return tuple(said)


def _missing(wanted: OracleType, server: Server) -> bool:
    if wanted.name in ("VARCHAR2", "NVARCHAR2", "RAW"):
        standard = server.max_string_bytes < EXTENDED_BYTES
        most = SMALL_BYTES if wanted.name == "RAW" and standard else server.max_string_bytes
        return (wanted.length or 0) * (2 if wanted.name == "NVARCHAR2" else 1) > most
    return {"BOOLEAN": not server.has_boolean, "JSON": not server.has_json}.get(wanted.name, False)


TEXTS: Final = frozenset({"VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR", "CLOB", "NCLOB"})
_NUMBERS: Final = frozenset({"NUMBER", "FLOAT", "BINARY_DOUBLE", "BINARY_FLOAT"})
_TIMES: Final = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE"})

# What a declared type may be for the values of each kind; text holds whatever is written in the record.
FILLS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.INTEGER: _NUMBERS | TEXTS,
    Kind.NUMBER: _NUMBERS | TEXTS,
    Kind.DECIMAL_STRING: frozenset({"NUMBER", "FLOAT"}) | TEXTS,
    Kind.BOOLEAN: frozenset({"BOOLEAN", "NUMBER"}) | TEXTS,
    Kind.STRING: TEXTS,
    Kind.DATE_TIME: _TIMES | TEXTS,
    Kind.DATE: _TIMES | TEXTS,
    Kind.TIME: TEXTS,
    Kind.UUID: TEXTS,
    Kind.BINARY: frozenset({"RAW", "BLOB"}) | TEXTS,
    Kind.JSON: frozenset({"JSON", "BLOB"}) | TEXTS,
    Kind.ANY: TEXTS,
}


def _always(_case: _Case) -> bool:
    return True


def _is_key(case: _Case) -> bool:
    return case.key


def _is_zoned_key(case: _Case) -> bool:
    return case.key and case.options.timestamp_type == "TIMESTAMP WITH TIME ZONE"


def _has_length(case: _Case) -> bool:
    return case.field.max_length is not None


def _has_short_length(case: _Case) -> bool:
    length = case.field.max_length
    return length is not None and length <= case.server.max_string_bytes


def _is_small(case: _Case) -> bool:
    return _has_length(case) and _decoded(case.field) <= SMALL_BYTES


def _wants(setting: str, *said: str) -> Callable[[_Case], bool]:
    return lambda case: getattr(case.options, setting) in said


def _native_boolean(case: _Case) -> bool:
    said = case.options.boolean_type
    return said == "BOOLEAN" or (said == "auto" and case.server.has_boolean)


def _native_json(case: _Case) -> bool:
    said = case.options.json_type
    return said == "JSON" or (said == "auto" and case.server.has_json)


def _is(wanted: OracleType) -> Callable[[_Case], OracleType]:
    return lambda _case: wanted


def _chars(length: int) -> OracleType:
    return OracleType("VARCHAR2", length=max(length, 1), char=True)


def _text_of_length(case: _Case) -> OracleType:
    return _chars(case.field.max_length or 1)


def _text(case: _Case) -> OracleType:
    """
    Return the type of a text of any length: all that VARCHAR2 can hold, or what the operator says.
    """
    length = case.options.varchar_default_length
    if length is None:
        return OracleType("VARCHAR2", length=case.server.max_string_bytes)
    return _chars(length) if length <= case.server.max_string_bytes else CLOB


def _key_text(case: _Case) -> OracleType:
    """
    Return a text that an index can hold: as long as it says, or KEY_TEXT_BYTES, or its share.
    """
    size = case.server.char_bytes
    stated = KEY_TEXT_BYTES // size if case.field.max_length is None else case.field.max_length
    return _chars(min(case.width // size, case.server.max_string_bytes, stated))


def _fixed(chars: int) -> Callable[[_Case], OracleType]:
    return lambda case: _chars(min(chars, case.width // case.server.char_bytes) if case.key else chars)


def _stamp(case: _Case) -> OracleType:
    said = case.options.timestamp_type
    return OracleType(said) if said == "DATE" else OracleType(said, precision=FRACTION_DIGITS)


def _json_text(case: _Case) -> OracleType:
    return OracleType("VARCHAR2", length=case.server.max_string_bytes, is_json=True)


def _decoded(field: Field) -> int:
    """
    Return the bytes that the longest text stands for: three in four for base64, one in two for hex.
    """
    length = field.max_length or 0
    return max(length // 2 if field.encoding == "hex" else -(-length // 4) * 3, 1)


def _raw(case: _Case) -> OracleType:
    return OracleType("RAW", length=_decoded(case.field))


def _key_raw(case: _Case) -> OracleType:
    stated = _decoded(case.field) if _has_length(case) else SMALL_BYTES
    return OracleType("RAW", length=min(case.width, SMALL_BYTES, stated))


# First match wins. A key is never CLOB, BLOB, JSON or TIMESTAMP WITH TIME ZONE (ORA-02329), always exact.
# fmt: off
_RULES: Final = (
    _Rule(Kind.INTEGER,        _always,                                _is(INTEGER)),
    _Rule(Kind.NUMBER,         _is_key,                                _is(NUMBER)),
    _Rule(Kind.NUMBER,         _wants("number_type", "BINARY_DOUBLE"), _is(DOUBLE)),
    _Rule(Kind.NUMBER,         _always,                                _is(NUMBER)),
    _Rule(Kind.DECIMAL_STRING, _always,                                _is(NUMBER)),
    _Rule(Kind.BOOLEAN,        _native_boolean,                        _is(BOOLEAN)),
    _Rule(Kind.BOOLEAN,        _always,                                _is(FLAG)),
    _Rule(Kind.DATE_TIME,      _is_zoned_key,                          _is(KEY_STAMP)),
    _Rule(Kind.DATE_TIME,      _always,                                _stamp),
    _Rule(Kind.DATE,           _always,                                _is(DATE)),
    _Rule(Kind.TIME,           _always,                                _fixed(TIME_CHARS)),
    _Rule(Kind.UUID,           _always,                                _fixed(UUID_CHARS)),
    _Rule(Kind.STRING,         _is_key,                                _key_text),
    _Rule(Kind.STRING,         _has_short_length,                      _text_of_length),
    _Rule(Kind.STRING,         _has_length,                            _is(CLOB)),
    _Rule(Kind.STRING,         _always,                                _text),
    _Rule(Kind.BINARY,         _is_key,                                _key_raw),
    _Rule(Kind.BINARY,         _is_small,                              _raw),
    _Rule(Kind.BINARY,         _always,                                _is(BLOB)),
    _Rule(Kind.JSON,           _is_key,                                _key_text),
    _Rule(Kind.JSON,           _native_json,                           _is(JSON)),
    _Rule(Kind.JSON,           _wants("json_type", "VARCHAR2"),        _json_text),
    _Rule(Kind.JSON,           _always,                                _is(JSON_CLOB)),
    _Rule(Kind.ANY,            _is_key,                                _key_text),
    _Rule(Kind.ANY,            _always,                                _text),
)
# fmt: on
