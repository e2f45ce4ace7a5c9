"""
Oracle column types as values: how they are declared, read back from the dictionary, compared and widened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec

# Oracle's own limits (SQL Language Reference, Data Types).
MAX_PRECISION: Final = 38
MAX_CHAR_BYTES: Final = 2000

_TEXT: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR"})
_NATIONAL: Final = frozenset({"NVARCHAR2", "NCHAR"})
_LONG_TEXT: Final = frozenset({"CLOB", "NCLOB", "LONG"})
_FLOATING: Final = frozenset({"FLOAT", "BINARY_DOUBLE", "BINARY_FLOAT"})
_NUMERIC: Final = _FLOATING | {"NUMBER"}
_ZONED: Final = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE"})
_STAMPS: Final = _ZONED | {"TIMESTAMP"}
_TIMES: Final = _STAMPS | {"DATE"}
_LONG_BYTES: Final = frozenset({"BLOB", "LONG RAW"})

# What a value needs at most in an index key, where the type alone decides: bytes as stored.
_KEY_BYTES: Final = {
    "NUMBER": 22,
    "FLOAT": 22,
    "BINARY_DOUBLE": 8,
    "BINARY_FLOAT": 4,
    "DATE": 7,
    "TIMESTAMP": 11,
    "TIMESTAMP WITH LOCAL TIME ZONE": 11,
    "BOOLEAN": 1,
}


class OracleType(msgspec.Struct, frozen=True):
    """
    A column type as Oracle's dictionary tells it.

    *name* is the dictionary's word without digits: NUMBER, VARCHAR2, CHAR, NVARCHAR2, CLOB, NCLOB, BLOB, RAW,
    DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE, TIMESTAMP WITH LOCAL TIME ZONE, BOOLEAN, JSON, BINARY_DOUBLE,
    BINARY_FLOAT, ... *length* is in characters when *char*, else in bytes. *precision* is NUMBER's digits or
    the fractional digits of a second; *scale* is NUMBER's. *is_json* says that a LOB or text column carries
    a CHECK (... IS JSON).
    """

    name: str
    length: int | None = None
    char: bool = False
    precision: int | None = None
    scale: int | None = None
    is_json: bool = False

    def ddl(self) -> str:
        """
        Return the type as a statement declares it; the CHECK of a JSON column is not part of it.

        >>> OracleType("VARCHAR2", length=160, char=True).ddl()
        'VARCHAR2(160 CHAR)'
        >>> OracleType("NUMBER", precision=38, scale=0).ddl()
        'NUMBER(38)'
        >>> OracleType("TIMESTAMP WITH TIME ZONE", precision=6).ddl()
        'TIMESTAMP(6) WITH TIME ZONE'
        """
        if self.name in ("VARCHAR2", "CHAR"):
            return f"{self.name}({self.length} {'CHAR' if self.char else 'BYTE'})"
        if self.name == "NUMBER":
            return f"NUMBER{_digits_text(self.precision, self.scale)}"
        if self.name in _STAMPS:
            return self.name.replace("TIMESTAMP", f"TIMESTAMP({_fraction(self)})", 1)
        size = self.precision if self.name == "FLOAT" else self.length
        return self.name if size is None else f"{self.name}({size})"

    def max_bytes(self, server: Server) -> int | None:
        """
        Return the bytes that the longest value takes, as an index key counts them; None: no key can hold it.
        """
        if self.name in _TEXT:
            return _room(self, server).bytes
        return self.length if self.name == "RAW" else _KEY_BYTES.get(self.name)

    @property
    def is_text(self) -> bool:
        """
        Tell whether the column takes any text up to its length.
        """
        return self.name in _TEXT | _LONG_TEXT and not self.is_json

    @property
    def is_lob(self) -> bool:
        """
        Tell whether the column takes text or bytes of any length.
        """
        return self.name in _LONG_TEXT | _LONG_BYTES


def _digits_text(precision: int | None, scale: int | None) -> str:
    if precision is None:
        return "" if scale is None else f"(*,{scale})"
    return f"({precision},{scale})" if scale else f"({precision})"


def _fraction(stamp: OracleType) -> int:
    """
    Return the fractional digits of a second; a type that does not say has 6.
    """
    return 6 if stamp.precision is None else stamp.precision


class Column(msgspec.Struct, frozen=True):
    """
    A column of a table as it is: its Oracle *name* (folded, unquoted), type, nullability and comment.
    """

    name: str
    type: OracleType
    nullable: bool = True
    comment: str | None = None
    has_default: bool = False
    generated: bool = False  # virtual, or identity GENERATED ALWAYS: never in an INSERT list


class Server(msgspec.Struct, frozen=True):
    """
    What the connected server can do; read once per connection.

    *max_string_bytes* is 4000, or 32767 with MAX_STRING_SIZE=EXTENDED; *max_name_bytes* 30 or 128.
    *has_suspended* tells whether there may be a list of what loads have switched off (suspended.py).
    """

    version: tuple[int, ...]
    max_name_bytes: int = 128
    max_string_bytes: int = 4000
    charset: str = "AL32UTF8"
    user: str = ""
    schema: str = ""
    has_suspended: bool = False

    @property
    def has_boolean(self) -> bool:
        """
        Tell whether BOOLEAN is a column type: from 23ai (SQL Language Reference 23, Data Types).
        """
        return self.version >= (23,)

    @property
    def has_json(self) -> bool:
        """
        Tell whether JSON is a column type: from 21c with COMPATIBLE 20 or higher.
        """
        return self.version >= (21,)

    @property
    def char_bytes(self) -> int:
        """
        Return the bytes of the charset's longest character: its name tells bits, but for the two UTF8.

        >>> [Server((19,), charset=name).char_bytes for name in ("AL32UTF8", "WE8MSWIN1252", "UTF8")]
        [4, 1, 3]
        """
        if self.charset in ("UTF8", "UTFE"):
            return 3 if self.charset == "UTF8" else 4
        bits = re.match(r"[A-Z]+(\d+)", self.charset)
        return -(-int(bits[1]) // 8) if bits else 4


STAMP: Final = re.compile(r"TIMESTAMP(?:\s*\((\d)\))?(?: WITH( LOCAL)? TIME ZONE)?")


def from_dictionary(  # noqa: PLR0917 - the columns of a row, in its order
    data_type: str,
    data_length: int | None = None,
    char_length: int | None = None,
    char_used: str | None = None,
    precision: int | None = None,
    scale: int | None = None,
    *,
    is_json: bool = False,
) -> OracleType:
    """
    Read a row of ALL_TAB_COLUMNS; whether an IS JSON check stands on the column is known elsewhere.

    >>> from_dictionary("VARCHAR2", 640, 160, "C").ddl(), from_dictionary("NUMBER", 22).ddl()
    ('VARCHAR2(160 CHAR)', 'NUMBER')
    """
    stamp = STAMP.fullmatch(data_type)
    if stamp:
        return OracleType(re.sub(r"\s*\(\d\)", "", data_type), precision=int(stamp[1] or scale or 0))
    if data_type in _TEXT:
        chars = char_used == "C" or data_type in _NATIONAL
        length = char_length if chars else data_length
        return OracleType(data_type, length=length, char=chars, is_json=is_json)
    if data_type == "NUMBER":
        return OracleType(data_type, precision=precision, scale=scale)
    if data_type == "FLOAT":
        return OracleType(data_type, precision=precision)
    return OracleType(data_type, length=data_length if data_type == "RAW" else None, is_json=is_json)


class Fit(Enum):
    """
    What a column that is there must go through before it can take values of another type.
    """

    FITS = "use as is"
    MODIFY = "widen in place"
    TO_CLOB = "become a CLOB of the same name"
    SECOND_COLUMN = "stay, beside a second column"


class Widening(msgspec.Struct, frozen=True):
    """
    The way from a found column type to a wanted one: *type* is the type that values are then sent to.

    *reason* says what the found type lacks, also where the column is used as it is; empty when it lacks
    nothing. *usable* tells whether the found column, left alone, can take values of the wanted kind at all
    (a table of others is not altered: what does not fit is then refused row by row).
    """

    fit: Fit
    type: OracleType
    reason: str = ""
    usable: bool = True


Judge = Callable[[OracleType, OracleType, Server], Widening]


def widen(found: OracleType, wanted: OracleType, server: Server) -> Widening:
    """
    Say how a column of type *found* can hold what *wanted* holds; it never shrinks.

    >>> server = Server((19,))
    >>> short, long = OracleType("VARCHAR2", 10, char=True), OracleType("VARCHAR2", 200, char=True)
    >>> widen(short, long, server).type.ddl()
    'VARCHAR2(200 CHAR)'
    >>> widen(OracleType("NUMBER"), long, server).fit.value
    'stay, beside a second column'
    """
    if found == wanted:
        return Widening(Fit.FITS, found)
    if found.is_json and not (wanted.is_json or wanted.name == "JSON"):
        return _second(found, wanted, usable=False)
    for wants, finds, judge in _JUDGES:
        if wanted.name in wants and found.name in finds:
            return judge(found, wanted, server)
    return _second(found, wanted, usable=found.is_text)


def _second(found: OracleType, wanted: OracleType, *, usable: bool, lacks: str = "") -> Widening:
    reason = f"{found.ddl()} {lacks}" if lacks else f"{found.ddl()} cannot become {wanted.ddl()}"
    return Widening(Fit.SECOND_COLUMN, wanted, reason, usable)


def _fits(found: OracleType, _wanted: OracleType, _server: Server) -> Widening:
    return Widening(Fit.FITS, found)


def _to_clob(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
    return Widening(Fit.TO_CLOB, OracleType("CLOB"), f"{found.ddl()} is shorter than {wanted.ddl()}")


def _fits_but(lacks: str) -> Judge:
    def judge(found: OracleType, _wanted: OracleType, _server: Server) -> Widening:
        return Widening(Fit.FITS, found, f"{found.ddl()} {lacks}")

    return judge


def _second_for(lacks: str) -> Judge:
    def judge(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
        return _second(found, wanted, usable=True, lacks=lacks)

    return judge


def _text_in_json(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
    return Widening(Fit.FITS, found) if wanted.is_json else _second(found, wanted, usable=False)


class _Room(msgspec.Struct, frozen=True):
    """
    The characters and bytes that the longest value of a text type can have.
    """

    chars: int
    bytes: int


def _room(text: OracleType, server: Server) -> _Room:
    length = text.length or 1
    if text.name in _NATIONAL:
        return _Room(length, 2 * length)
    most = MAX_CHAR_BYTES if text.name == "CHAR" else server.max_string_bytes
    return _Room(length, min(length * server.char_bytes, max(most, length)) if text.char else length)


def _text_in_varchar2(found: OracleType, wanted: OracleType, server: Server) -> Widening:
    has, needs = _room(found, server), _room(wanted, server)
    if has.chars >= needs.chars and has.bytes >= needs.bytes:
        return Widening(Fit.FITS, found)
    length = max(found.length or 1, wanted.length or 1)
    if (
        length > server.max_string_bytes
        or min(needs.bytes, needs.chars * server.char_bytes) > server.max_string_bytes
    ):
        return _to_clob(found, wanted, server)
    # From BYTE to CHAR widens, from CHAR to BYTE could shrink.
    new = OracleType("VARCHAR2", length, char=found.char or wanted.char, is_json=found.is_json)
    return Widening(Fit.MODIFY, new, f"{found.ddl()} is shorter than {wanted.ddl()}")


def _text_in_nvarchar2(found: OracleType, wanted: OracleType, server: Server) -> Widening:
    chars = _room(wanted, server).chars
    if _room(found, server).chars >= chars:
        return Widening(Fit.FITS, found)
    if 2 * chars > server.max_string_bytes:
        return _to_clob(found, wanted, server)
    new = OracleType("NVARCHAR2", chars, char=True)
    return Widening(Fit.MODIFY, new, f"{found.ddl()} is shorter than {wanted.ddl()}")


def _number_in_number(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
    has, needs = _digits(found), _digits(wanted)
    if has is None or (needs is not None and has[0] >= needs[0] and has[1] >= needs[1]):
        return Widening(Fit.FITS, found)
    reason = f"{found.ddl()} is narrower than {wanted.ddl()}"
    return Widening(Fit.MODIFY, _spanning(has, needs), reason)


def _digits(number: OracleType) -> tuple[int, int] | None:
    """
    Return the digits before and after the point; None: floating, as many as NUMBER has.
    """
    if number.scale is None and number.precision is None:
        return None
    scale = number.scale or 0
    return (MAX_PRECISION if number.precision is None else number.precision) - scale, scale


def _spanning(has: tuple[int, int], needs: tuple[int, int] | None) -> OracleType:
    if needs is None:
        return OracleType("NUMBER")
    whole, scale = max(has[0], needs[0]), max(has[1], needs[1])
    precision = whole + scale
    return (
        OracleType("NUMBER", precision=precision, scale=scale)
        if precision <= MAX_PRECISION
        else OracleType("NUMBER")
    )


def _double_in_number(found: OracleType, _wanted: OracleType, _server: Server) -> Widening:
    if _digits(found) is None:
        return Widening(Fit.FITS, found, "NUMBER ends at 1E126")
    return Widening(Fit.MODIFY, OracleType("NUMBER"), f"{found.ddl()} has a fixed scale")


def _stamp_in_stamp(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
    unzoned = found.name == "TIMESTAMP" and wanted.name in _ZONED
    reason = f"{found.ddl()} keeps the instant in UTC without its zone" if unzoned else ""
    if _fraction(found) >= _fraction(wanted):
        return Widening(Fit.FITS, found, reason)
    new = OracleType(found.name, precision=_fraction(wanted))
    return Widening(Fit.MODIFY, new, f"{found.ddl()} has fewer digits of a second than {wanted.ddl()}")


def _bytes_in_raw(found: OracleType, wanted: OracleType, _server: Server) -> Widening:
    if (found.length or 0) >= (wanted.length or 0):
        return Widening(Fit.FITS, found)
    return Widening(Fit.MODIFY, wanted, f"{found.ddl()} is shorter than {wanted.ddl()}")


# First match wins: wanted, found, who says how. What no line names gets a second column.
_NUMBERS: Final = frozenset({"NUMBER"})
_DATES: Final = frozenset({"DATE"})
_JSON: Final = frozenset({"JSON"})
_RAW: Final = frozenset({"RAW"})
_DOUBLE: Final = frozenset({"BINARY_DOUBLE"})
_FLOAT: Final = frozenset({"BINARY_FLOAT"})
# fmt: off
_JUDGES: Final[tuple[tuple[frozenset[str], frozenset[str], Judge], ...]] = (
    (_TEXT,                  _LONG_TEXT,                   _fits),
    (_TEXT,                  frozenset({"VARCHAR2"}),      _text_in_varchar2),
    (_TEXT,                  frozenset({"NVARCHAR2"}),     _text_in_nvarchar2),
    (_TEXT,                  frozenset({"CHAR", "NCHAR"}), _fits_but("has a fixed length")),
    (_LONG_TEXT,             _LONG_TEXT,                   _fits),
    (_LONG_TEXT,             _TEXT,                        _to_clob),
    (_LONG_TEXT | _TEXT,     _JSON,                        _text_in_json),
    (_JSON,                  _LONG_TEXT,                   _fits),
    (_JSON,                  _TEXT,                        _to_clob),
    (_NUMBERS,               _NUMBERS,                     _number_in_number),
    (frozenset({"BOOLEAN"}), _NUMBERS,                     _fits),
    (_FLOATING,              _NUMBERS,                     _double_in_number),
    (_FLOAT,                 _DOUBLE,                      _fits),
    (_NUMERIC,               _FLOATING,                    _second_for("keeps fewer digits")),
    (_DATES,                 _STAMPS,                      _fits),
    (_STAMPS,                _STAMPS,                      _stamp_in_stamp),
    (_STAMPS,                _DATES,                       _second_for("drops fractions and zone")),
    (_RAW,                   _RAW,                         _bytes_in_raw),
    (_RAW | {"BLOB"},        _LONG_BYTES,                  _fits),
    (frozenset({"BLOB"}),    _RAW,                         _second_for("is shorter than BLOB")),
)
# fmt: on
