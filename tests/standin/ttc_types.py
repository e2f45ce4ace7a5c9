"""
The types of values on the wire: their numbers, how a bind's are read and how a result's are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.standin import encoding, oson
from tests.standin.conversions import dump_json
from tests.standin.values import Bind, OracleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.values import ColumnInfo, Value

VARCHAR, NUMBER, LONG, ROWID, RAW, LONG_RAW, CHAR = 1, 2, 8, 11, 23, 24, 96
CLOB, BLOB, JSON, BOOLEAN = 112, 113, 119, 252
NATIONAL = 2  # character set form of NVARCHAR2 and its like
ARRAY_FLAG = 0x40  # in a bind's flags: a PL/SQL array
NUMBERS = {
    "VARCHAR": VARCHAR,
    "NVARCHAR": VARCHAR,
    "NUMBER": NUMBER,
    "BINARY_INTEGER": 3,
    "LONG": LONG,
    "ROWID": ROWID,
    "DATE": 12,
    "RAW": RAW,
    "LONG_RAW": LONG_RAW,
    "CHAR": CHAR,
    "NCHAR": CHAR,
    "BINARY_FLOAT": 100,
    "BINARY_DOUBLE": 101,
    "CLOB": CLOB,
    "NCLOB": CLOB,
    "BLOB": BLOB,
    "JSON": JSON,
    "TIMESTAMP": 180,
    "TIMESTAMP_TZ": 181,
    "INTERVAL_DS": 183,
    "TIMESTAMP_LTZ": 231,
    "BOOLEAN": BOOLEAN,
}
WORDS = {number: word for word, number in reversed(NUMBERS.items())}
NATIONAL_WORDS = {VARCHAR: "NVARCHAR", CHAR: "NVARCHAR", LONG: "LONG", CLOB: "CLOB"}
#: buffer sizes of the types whose size is fixed, in bytes
SIZES = {
    "NUMBER": 22,
    "BINARY_INTEGER": 22,
    "DATE": 7,
    "TIMESTAMP": 11,
    "TIMESTAMP_LTZ": 11,
    "TIMESTAMP_TZ": 13,
    "INTERVAL_DS": 11,
    "BINARY_DOUBLE": 8,
    "BINARY_FLOAT": 4,
    "BOOLEAN": 4,
    "CLOB": 4000,
    "NCLOB": 4000,
    "BLOB": 4000,
    "JSON": 8200,
    "ROWID": 18,
}
TEXT_WORDS = frozenset(("VARCHAR", "NVARCHAR", "CHAR", "NCHAR", "LONG", "CLOB", "NCLOB"))
NATIONAL_RESULTS = frozenset(("NVARCHAR", "NCHAR", "NCLOB"))
#: result columns that the client must define before it fetches them
DEFINED_FIRST = frozenset(("CLOB", "NCLOB", "BLOB", "JSON"))


@dataclass(frozen=True, slots=True)
class Description:
    """
    A bind or a define as the client describes it.
    """

    number: int
    size: int
    form: int
    is_array: bool = False
    returned: bool = False

    @property
    def bind(self) -> Bind:
        word = NATIONAL_WORDS[self.number] if self.form == NATIONAL else WORDS[self.number]
        return Bind(word, self.size, direction="out" if self.returned else "in")

    @property
    def is_known(self) -> bool:
        return self.number in WORDS and (self.form != NATIONAL or self.number in NATIONAL_WORDS)

    def is_long(self, longest_string: int) -> bool:
        """
        Say whether its values come after those of all other binds. JSON declares 32 MiB and does not.
        """
        return self.size > longest_string and self.number != JSON

    @property
    def is_plain(self) -> bool:
        """
        Say whether a value is a CLR and nothing else.
        """
        return not self.is_array and self.number not in (CLOB, BLOB, JSON)


def read_description(reader: encoding.Reader, field_version: int) -> Description:
    number, flags, _, _ = reader.raw(4)
    size = reader.ub()
    reader.ub()  # most elements of an array
    reader.ub()  # LOB flags
    reader.sized()  # object type
    reader.ub()  # its version
    reader.ub()  # character set
    form = reader.u8()
    reader.ub()  # LOB prefetch
    if field_version >= 8:
        reader.ub()
    return Description(number, size, form, bool(flags & ARRAY_FLAG))


# ---- binds ------------------------------------------------------------------------------------------------


def _boolean(raw: bytes) -> bool:
    return raw[-1] == 1


def _same(raw: bytes) -> bytes:
    return raw


def _rowid(raw: bytes) -> str:
    return raw.decode()


_READERS: dict[int, Callable[[bytes], Value]] = {
    VARCHAR: bytes.decode,
    CHAR: bytes.decode,
    LONG: bytes.decode,
    RAW: _same,
    LONG_RAW: _same,
    NUMBER: encoding.number,
    3: encoding.number,
    12: encoding.date,
    180: encoding.date,
    231: encoding.date,
    181: encoding.zoned,
    100: encoding.binary_double,
    101: encoding.binary_double,
    183: encoding.interval,
    BOOLEAN: _boolean,
    ROWID: _rowid,
}


def read_column(description: Description, raw: Sequence[bytes | None]) -> Sequence[Value]:
    """
    Turn one bind's raw values, of all rows, into Python's.
    """
    number = description.number
    if number in (RAW, LONG_RAW):
        return raw
    if description.form == NATIONAL:
        return [None if value is None else value.decode("utf-16-be") for value in raw]
    if number in (VARCHAR, CHAR, LONG):
        return [None if value is None else value.decode() for value in raw]
    read = _READERS[number]
    return [None if value is None else read(value) for value in raw]


def read_json(image: bytes) -> Value:
    """
    Read a bind of type JSON.
    """
    return oson.decode(image)


# ---- results ----------------------------------------------------------------------------------------------


def _text(value: Value) -> bytes:
    return encoding.clr(value.encode())


def _national(value: Value) -> bytes:
    return encoding.clr(value.encode("utf-16-be"))


def _number(value: Value) -> bytes:
    return encoding.clr(encoding.to_number(value if isinstance(value, Decimal) else Decimal(value)))


def _day(value: Value) -> bytes:
    return encoding.clr(encoding.to_date(value))


def _timestamp(value: Value) -> bytes:
    return encoding.clr(encoding.to_timestamp(value))


def _zoned(value: Value) -> bytes:
    return encoding.clr(encoding.to_zoned(value))


def _interval(value: Value) -> bytes:
    return encoding.clr(encoding.to_interval(value))


def _double(value: Value) -> bytes:
    return encoding.clr(encoding.to_binary(float(value)))


def _float(value: Value) -> bytes:
    return encoding.clr(encoding.to_binary(float(value), 4))


def _truth(value: Value) -> bytes:
    return b"\x02\x01\x01" if value else b"\x01\x00"


def _json_image(value: Value) -> bytes:
    image = oson.encode(value)
    locator = bytes(40)  # the client throws it away
    sizes = encoding.ub(len(locator)) + encoding.ub(len(image)) + b"\0"
    return sizes + encoding.clr(image) + encoding.clr(locator)


NULL = b"\0"
LONG_NULL = b"\0\0\0"
_WRITERS: dict[str, Callable[[Value], bytes]] = {
    "VARCHAR": _text,
    "CHAR": _text,
    "NVARCHAR": _national,
    "NCHAR": _national,
    "NUMBER": _number,
    "BINARY_INTEGER": _number,
    "RAW": encoding.clr,
    "DATE": _day,
    "TIMESTAMP": _timestamp,
    "TIMESTAMP_LTZ": _timestamp,
    "TIMESTAMP_TZ": _zoned,
    "INTERVAL_DS": _interval,
    "BINARY_DOUBLE": _double,
    "BINARY_FLOAT": _float,
    "BOOLEAN": _truth,
    "ROWID": encoding.to_rowid,
    "JSON": _json_image,
}


def _long_text(value: Value) -> bytes:
    return encoding.clr(value.encode()) + b"\0\0"  # null indicator, return code


def _long_national(value: Value) -> bytes:
    return encoding.clr(value.encode("utf-16-be")) + b"\0\0"


def _long_bytes(value: Value) -> bytes:
    return encoding.clr(value) + b"\0\0"


def _json_text(value: Value) -> bytes:
    return _long_text(dump_json(value))


def writer(
    column: ColumnInfo, defined: Description | None, locate: Callable[[str, Value], bytes]
) -> tuple[Callable[[Value], bytes], bytes]:
    """
    Choose how a result column is written, and what its null is.

    *defined* is the client's wish, which counts where LOBs, JSON and LONG are concerned; *locate* keeps a
    LOB and gives its locator as a row carries it.
    """
    word = column.type
    wish = defined.number if defined is not None else NUMBERS[word]
    if word in TEXT_WORDS and LONG in (wish, NUMBERS[word]):
        return (_long_national if word in NATIONAL_RESULTS else _long_text), LONG_NULL
    if word in ("BLOB", "RAW", "LONG_RAW") and LONG_RAW in (wish, NUMBERS[word]):
        return _long_bytes, LONG_NULL
    if word == "JSON" and wish in (VARCHAR, CHAR):
        return _json_text, LONG_NULL  # what a server sends for that wish is LONG
    if word in ("CLOB", "NCLOB", "BLOB") and wish == NUMBERS[word]:
        return (lambda value: locate(word, value)), NULL
    if word not in _WRITERS or (word == "JSON" and wish != JSON):
        raise OracleError(932, f"ORA-00932: inconsistent datatypes: {word} as type {wish}")
    return _WRITERS[word], NULL
