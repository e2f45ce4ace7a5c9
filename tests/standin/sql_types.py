"""
The grammar of types, as columns declare them and CAST names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin import sqltypes
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sqltypes import SqlType

if TYPE_CHECKING:
    from tests.standin.sql_cursor import Cursor

#: Names of the standard and what Oracle makes of them (SQL Language Reference, ANSI Data Types).
_INTEGERS = frozenset({"INTEGER", "INT", "SMALLINT"})
_DECIMALS = frozenset({"NUMERIC", "DECIMAL", "DEC"})
_PLAIN = {
    "DATE": sqltypes.DATE,
    "CLOB": sqltypes.CLOB,
    "NCLOB": SqlType("NCLOB"),
    "BLOB": sqltypes.BLOB,
    "BINARY_DOUBLE": sqltypes.DOUBLE,
    "BINARY_FLOAT": sqltypes.SINGLE,
    "ROWID": sqltypes.ROWID,
}
_TEXTS = {
    "VARCHAR2": "VARCHAR2",
    "VARCHAR": "VARCHAR2",
    "CHAR": "CHAR",
    "CHARACTER": "CHAR",
    "NVARCHAR2": "NVARCHAR2",
    "NCHAR": "NCHAR",
}


def type_spec(c: Cursor) -> SqlType | None:
    """
    Take a type, or nothing where none comes; a type that the version lacks is ORA-00902.
    """
    if c.token.kind != "word":
        return None
    word = c.token.text
    if word in _TEXTS:
        c.take()
        return _text(c, _TEXTS[word])
    if word in _PLAIN:
        c.take()
        return _PLAIN[word]
    reader = _READERS.get(word)
    if reader is None:
        return _since(c, word)
    c.take()
    return reader(c)


def _since(c: Cursor, word: str) -> SqlType | None:
    for names, version, made in (
        (frozenset({"JSON"}), 21, sqltypes.JSON),
        (frozenset({"BOOLEAN", "BOOL"}), 23, sqltypes.BOOLEAN),
    ):
        if word in names:
            if c.version < version:
                raise c.refuse(902)
            c.take()
            return made
    if word in {"XMLTYPE", "VECTOR", "SDO_GEOMETRY", "UROWID", "BFILE"}:
        raise unsupported(f"data type {word}", c.token.position)
    return None


def _text(c: Cursor, name: str) -> SqlType:
    if name == "CHAR" and c.accepts("VARYING"):
        name = "VARCHAR2"
    if not c.accepts_symbol("("):
        if name in {"CHAR", "NCHAR"}:
            return SqlType(name, 1, char=name == "NCHAR")
        raise c.refuse(906)
    position = c.token.position
    length = c.integer(910)
    char = name in sqltypes.NATIONAL
    unit = None if char else c.accepts_any("BYTE", "CHAR")
    c.needs_symbol(")")
    if not length:
        raise Refusal(1723, position)
    return SqlType(name, length, char=char or unit == "CHAR")


def _number(c: Cursor) -> SqlType:
    if not c.accepts_symbol("("):
        return sqltypes.NUMBER
    position = c.token.position
    precision = None if c.accepts_symbol("*") else c.integer()
    scale = c.signed_integer() if c.accepts_symbol(",") else None
    c.needs_symbol(")")
    if precision is not None and not 1 <= precision <= 38:
        raise Refusal(1727, position)
    if scale is not None and not -84 <= scale <= 127:
        raise Refusal(1728, position)
    if precision is None:
        return SqlType("NUMBER", precision=None, scale=scale)
    return SqlType("NUMBER", precision=precision, scale=scale or 0)


def _decimal(c: Cursor) -> SqlType:
    found = _number(c)
    return found if found.precision else SqlType("NUMBER", precision=None, scale=0)


def _integer(_: Cursor) -> SqlType:
    return SqlType("NUMBER", precision=None, scale=0)


def _float(c: Cursor) -> SqlType:
    bits = 126
    if c.accepts_symbol("("):
        position = c.token.position
        bits = c.integer()
        c.needs_symbol(")")
        if not 1 <= bits <= 126:
            raise Refusal(1727, position)
    return SqlType("FLOAT", precision=bits)


def _double(c: Cursor) -> SqlType:
    c.needs("PRECISION", 902)
    return SqlType("FLOAT", precision=126)


def _digits(c: Cursor, default: int) -> int:
    if not c.accepts_symbol("("):
        return default
    position = c.token.position
    digits = c.integer()
    c.needs_symbol(")")
    if digits > 9:
        raise Refusal(30088, position)
    return digits


def _timestamp(c: Cursor) -> SqlType:
    digits = _digits(c, 6)
    name = "TIMESTAMP"
    if c.accepts("WITH"):
        local = c.accepts("LOCAL")
        c.needs("TIME", 902)
        c.needs("ZONE", 902)
        name += f" WITH {'LOCAL ' if local else ''}TIME ZONE"
    return SqlType(name, precision=digits)


def _raw(c: Cursor) -> SqlType:
    c.needs_symbol("(")
    length = c.integer(910)
    c.needs_symbol(")")
    return SqlType("RAW", length)


def _long(c: Cursor) -> SqlType:
    return sqltypes.LONG_RAW if c.accepts("RAW") else sqltypes.LONG


def _interval(c: Cursor) -> SqlType:
    if c.accepts("YEAR"):
        years = _digits(c, 2)
        c.needs("TO", 902)
        c.needs("MONTH", 902)
        return SqlType("INTERVAL YEAR TO MONTH", precision=years)
    c.needs("DAY", 902)
    days = _digits(c, 2)
    c.needs("TO", 902)
    c.needs("SECOND", 902)
    return SqlType("INTERVAL DAY TO SECOND", precision=days, scale=_digits(c, 6))


_READERS = {
    "NUMBER": _number,
    "FLOAT": _float,
    "REAL": lambda _: SqlType("FLOAT", precision=63),
    "DOUBLE": _double,
    "TIMESTAMP": _timestamp,
    "RAW": _raw,
    "LONG": _long,
    "INTERVAL": _interval,
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(_DECIMALS, _decimal),
}
