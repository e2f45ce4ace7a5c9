"""
How Oracle Net writes integers, bytes and values: read from a request, written into an answer.

"ub" is the universal integer: a length byte, then that many big-endian bytes; bit 0x80 of the
length byte makes it negative. "CLR" is bytes behind a length byte: up to 252 directly, 254 before
chunks of (ub length, bytes) that a 0 ends, 0 and 255 for null.
"""

from __future__ import annotations

import struct
from datetime import date as date_type
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

LONGEST_SHORT = 252  # bytes of a value that one length byte announces
CHUNK = 32767  # bytes a chunk of a longer value
LONG_INDICATOR = 254
NULL_INDICATOR = 255
ESCAPE = 253  # a null BOOLEAN is 253, 1
MOST_DIGITS = 40  # of a NUMBER: 20 mantissa bytes of two digits
CACHED = 1 << 16  # values remembered by a decoder or encoder of numbers and dates
ROWID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
ROWID_LENGTH = 18
ZONE_HOURS, ZONE_MINUTES = 20, 60  # added to a time zone's offset on the wire
INTERVAL_MIDDLE = 1 << 31
INTERVAL_OFFSET = 60
REGION = 0x80  # in the zone's hour byte: a named region, not an offset


class Incomplete(Exception):
    """
    The bytes at hand end before the item does; the rest may be on its way.
    """


class Malformed(Exception):
    """
    The bytes are no such item, whatever may follow.
    """


class Unknown(Exception):
    """
    A function or piggyback that the server does not speak; where it ends nobody knows.
    """


class Reader:
    """
    Items of a request, one after the other; raises Incomplete at the end of the bytes.
    """

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos

    def raw(self, size: int) -> bytes:
        end = self.pos + size
        if end > len(self.data):
            raise Incomplete
        piece = self.data[self.pos : end]
        self.pos = end
        return piece

    def u8(self) -> int:
        if self.pos >= len(self.data):
            raise Incomplete
        value = self.data[self.pos]
        self.pos += 1
        return value

    def u16(self) -> int:
        return int.from_bytes(self.raw(2), "big")

    def u16le(self) -> int:
        return int.from_bytes(self.raw(2), "little")

    def ub(self) -> int:
        """
        Read a universal integer of up to 8 bytes.
        """
        size = self.u8()
        if size & 0x7F > 8:
            raise Malformed(f"an integer of {size & 0x7F} bytes")
        value = int.from_bytes(self.raw(size & 0x7F), "big")
        return -value if size & 0x80 else value

    def clr(self) -> bytes | None:
        """
        Read bytes behind their length; None for null.
        """
        size = self.u8()
        if size in (0, NULL_INDICATOR):
            return None
        if size == ESCAPE:
            self.u8()
            return None
        return self.raw(size) if size != LONG_INDICATOR else self._chunks()

    def _chunks(self) -> bytes:
        pieces = []
        while size := self.ub():
            pieces.append(self.raw(size))
        return b"".join(pieces)

    def sized(self) -> bytes:
        """
        Read bytes behind two lengths: a universal one, then, when it is not 0, those of a CLR.
        """
        return (self.clr() or b"") if self.ub() else b""

    def text(self) -> str:
        return self.sized().decode()

    def until_zero(self) -> bytes:
        end = self.data.find(0, self.pos)
        if end < 0:
            raise Incomplete
        return self.raw(end + 1 - self.pos)[:-1]


def split_rows(data: bytes, pos: int, width: int, rows: int, out: list[bytes | None]) -> tuple[int, int]:
    """
    Cut up to *rows* rows of *width* plain values from *data* at *pos*; append the values to *out*.

    Returns the position after the last whole row and the number of rows that were whole.
    This is the loop through which every bound value goes, so it calls nothing.
    """
    size = len(data)
    append = out.append
    done = 0
    while done < rows:
        start, mark = pos, len(out)
        try:
            if data[pos] != 7:  # the message type of a row
                raise Malformed(f"a row that begins with {data[pos]}")
            pos += 1
            for _ in range(width):
                length = data[pos]
                pos += 1
                if 0 < length < ESCAPE:
                    end = pos + length
                    append(data[pos:end])
                    pos = end
                elif length == LONG_INDICATOR:
                    reader = Reader(data, pos)
                    append(reader._chunks())
                    pos = reader.pos
                else:
                    append(None)
                    pos += length == ESCAPE
        except (IndexError, Incomplete):
            pos = size + 1
        if pos > size:
            del out[mark:]
            return start, done
        done += 1
    return pos, done


# ---- writing ----------------------------------------------------------------------------------------------

_WIDTHS = (0, 1, 2, 4, 4, 8, 8, 8, 8)  # bytes on the wire for that many significant ones


def ub(value: int) -> bytes:
    """
    Write a universal integer: 300 is 02 01 2c, -5 is 81 05.
    """
    if not value:
        return b"\0"
    magnitude = abs(value)
    width = _WIDTHS[(magnitude.bit_length() + 7) // 8]
    return bytes((width | (0x80 if value < 0 else 0),)) + magnitude.to_bytes(width, "big")


def clr(data: bytes | None) -> bytes:
    """
    Write bytes behind their length; null for None and for no bytes.
    """
    if not data:
        return b"\0"
    if len(data) <= LONGEST_SHORT:
        return bytes((len(data),)) + data
    pieces = [bytes((LONG_INDICATOR,))]
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        pieces += (ub(len(chunk)), chunk)
    pieces.append(b"\0")
    return b"".join(pieces)


def sized(data: bytes | str | None) -> bytes:
    """
    Write bytes, or text in UTF-8, behind two lengths.
    """
    if not data:
        return b"\0"
    raw = data.encode() if isinstance(data, str) else data
    return ub(len(raw)) + clr(raw)


# ---- values -----------------------------------------------------------------------------------------------

_POSITIVE = [f"{byte - 1:02d}" if 1 <= byte <= 100 else "" for byte in range(256)]
_NEGATIVE = [f"{101 - byte:02d}" if 2 <= byte <= 101 else "" for byte in range(256)]


@lru_cache(maxsize=CACHED)
def number(raw: bytes) -> Decimal:
    """
    Read a NUMBER, exactly; whole numbers come without an exponent.
    """
    first = raw[0]
    if raw == b"\x80":
        return Decimal(0)
    if len(raw) == 1:
        raise Malformed("NUMBER without a mantissa")
    if first & 0x80:
        sign, table, mantissa, exponent = "", _POSITIVE, raw[1:], first - 193
    else:
        mantissa = raw[1:-1] if raw[-1] == 102 else raw[1:]
        sign, table, exponent = "-", _NEGATIVE, 62 - first
    pairs = [table[byte] for byte in mantissa]
    if not all(pairs):
        raise Malformed("NUMBER with a digit outside base 100")
    digits = "".join(pairs)
    scale = 2 * (exponent + 1 - len(mantissa))
    if scale >= 0:
        return Decimal(f"{sign}{digits}{'0' * scale}")
    whole = digits[:scale].rjust(1, "0")
    fraction = digits[scale:].rjust(-scale, "0").rstrip("0")
    return Decimal(f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}")


@lru_cache(maxsize=CACHED)
def to_number(value: Decimal) -> bytes:
    """
    Write a NUMBER; ValueError for what none can hold (NaN, more than 40 digits, 1e126 and above).
    """
    sign, digit_tuple, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is no NUMBER")  # noqa: TRY004 - the value is at fault, not its type
    text = "".join(map(str, digit_tuple)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return b"\x80"
    exponent += len(text) - len(stripped)
    if exponent % 2:
        stripped += "0"
        exponent -= 1
    if len(stripped) % 2:
        stripped = "0" + stripped
    pairs = [int(stripped[at : at + 2]) for at in range(0, len(stripped), 2)]
    power = exponent // 2 + len(pairs) - 1
    if len(pairs) > MOST_DIGITS // 2 + 1 or not -65 <= power <= 62:
        raise ValueError("outside the range of NUMBER")
    if not sign:
        return bytes((power + 193, *(pair + 1 for pair in pairs)))
    ending = (102,) if len(pairs) < MOST_DIGITS // 2 else ()
    return bytes((62 - power, *(101 - pair for pair in pairs), *ending))


@lru_cache(maxsize=CACHED)
def date(raw: bytes) -> datetime:
    """
    Read a DATE of 7 bytes, or a TIMESTAMP of 7 or 11, to the microsecond.
    """
    try:
        return datetime(  # noqa: DTZ001 - the type has no zone
            (raw[0] - 100) * 100 + raw[1] - 100,
            raw[2],
            raw[3],
            raw[4] - 1,
            raw[5] - 1,
            raw[6] - 1,
            int.from_bytes(raw[7:11], "big") // 1000,
        )
    except (IndexError, ValueError) as fault:
        raise Malformed(f"date of {len(raw)} bytes that is none") from fault


def zoned(raw: bytes) -> datetime:
    """
    Read a TIMESTAMP WITH TIME ZONE: fields in UTC, then the offset in which it is shown.
    """
    instant = date(raw[:11]).replace(tzinfo=timezone.utc)
    if len(raw) < 13 or not raw[11]:
        return instant
    if raw[11] & REGION:
        raise Malformed("time zone region")
    offset = timedelta(hours=raw[11] - ZONE_HOURS, minutes=raw[12] - ZONE_MINUTES)
    return instant.astimezone(timezone(offset))


def to_date(value: date_type) -> bytes:
    """
    Write a DATE, 7 bytes; a bare date begins at midnight.
    """
    day = bytes((value.year // 100 + 100, value.year % 100 + 100, value.month, value.day))
    if not isinstance(value, datetime):
        return day + b"\1\1\1"
    return day + bytes((value.hour + 1, value.minute + 1, value.second + 1))


def to_timestamp(value: datetime) -> bytes:
    """
    Write a TIMESTAMP, 11 bytes.
    """
    return to_date(value) + (value.microsecond * 1000).to_bytes(4, "big")


def to_zoned(value: datetime) -> bytes:
    """
    Write a TIMESTAMP WITH TIME ZONE, 13 bytes; a naive value counts as UTC.
    """
    minutes = int((value.utcoffset() or timedelta()).total_seconds()) // 60
    utc = value.replace(tzinfo=None) - timedelta(minutes=minutes)
    hours, minutes = int(minutes / 60), minutes - int(minutes / 60) * 60
    return to_timestamp(utc) + bytes((hours + ZONE_HOURS, minutes + ZONE_MINUTES))


def binary_double(raw: bytes) -> float:
    """
    Read a BINARY_DOUBLE (8 bytes) or a BINARY_FLOAT (4): IEEE, made to sort as bytes.
    """
    if len(raw) not in (4, 8):
        raise Malformed(f"binary number of {len(raw)} bytes")
    positive = raw[0] & 0x80
    bits = bytes((raw[0] & 0x7F,)) + raw[1:] if positive else bytes(byte ^ 0xFF for byte in raw)
    value: float = struct.unpack(">d" if len(raw) == 8 else ">f", bits)[0]
    return value


def to_binary(value: float, size: int = 8) -> bytes:
    """
    Write a BINARY_DOUBLE, or a BINARY_FLOAT of *size* 4.
    """
    bits = struct.pack(">d" if size == 8 else ">f", value)
    if bits[0] & 0x80:
        return bytes(byte ^ 0xFF for byte in bits)
    return bytes((bits[0] | 0x80,)) + bits[1:]


def interval(raw: bytes) -> timedelta:
    """
    Read an INTERVAL DAY TO SECOND of 11 bytes, to the microsecond.
    """
    if len(raw) != 11:
        raise Malformed(f"interval of {len(raw)} bytes")
    return timedelta(
        days=int.from_bytes(raw[:4], "big") - INTERVAL_MIDDLE,
        hours=raw[4] - INTERVAL_OFFSET,
        minutes=raw[5] - INTERVAL_OFFSET,
        seconds=raw[6] - INTERVAL_OFFSET,
        microseconds=(int.from_bytes(raw[7:], "big") - INTERVAL_MIDDLE) // 1000,
    )


def to_interval(value: timedelta) -> bytes:
    """
    Write an INTERVAL DAY TO SECOND; all fields carry the sign.
    """
    sign = -1 if value < timedelta() else 1
    size = abs(value)
    hours, rest = divmod(size.seconds, 3600)
    return b"".join(
        (
            (sign * size.days + INTERVAL_MIDDLE).to_bytes(4, "big"),
            bytes(sign * part + INTERVAL_OFFSET for part in (hours, rest // 60, rest % 60)),
            (sign * size.microseconds * 1000 + INTERVAL_MIDDLE).to_bytes(4, "big"),
        )
    )


def to_rowid(value: str) -> bytes:
    """
    Write a ROWID (OOOOOOFFFBBBBBBRRR in base 64) as its four numbers.
    """
    if len(value) != ROWID_LENGTH:
        raise ValueError("a ROWID has 18 characters")
    numbers = [_base64(value[start:end]) for start, end in ((0, 6), (6, 9), (9, 15), (15, 18))]
    return b"\x0e" + ub(numbers[0]) + ub(numbers[1]) + b"\0" + ub(numbers[2]) + ub(numbers[3])


def _base64(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 64 + ROWID_ALPHABET.index(letter)
    return value
