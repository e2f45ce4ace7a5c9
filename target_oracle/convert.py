"""
JSON value -> bind value: for each column a fast way that msgspec compiles and a complete slow way.

The fast way is a type annotation: what it accepts needs at most `finish`, which looks at a whole column of a
batch at once. What it refuses goes to `read`, which takes the value's JSON text and either returns the same
kind of value or says why not. Both ways together are one function; the tests hold them equal.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    Underflow,
)
from operator import attrgetter, countOf
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from target_oracle.errors import InternalError
from target_oracle.faults import RowFault, TooLong
from target_oracle.oracle.charsets import Charset, charset_of
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field, Kind

UTC: Final = timezone.utc
# NUMBER keeps 38 significant digits for certain, magnitudes from 1e-130 to below 1e126 (SQL Language
# Reference).
NUMBER_DIGITS: Final = 38
NUMBER_MAX_EXPONENT: Final = 125
NUMBER_MIN_EXPONENT: Final = -130
INT64_MAX: Final = 2**63 - 1
# UTF-8 needs at most four bytes a character.
MAX_BYTES_PER_CHAR: Final = 4

_TRAPS: Final = [Inexact, Overflow, Underflow, Subnormal, InvalidOperation]
_EXACT: Final = Context(NUMBER_DIGITS, Emax=NUMBER_MAX_EXPONENT, Emin=NUMBER_MIN_EXPONENT, traps=_TRAPS)
_ROUND: Final = Context(NUMBER_DIGITS, ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6), traps=[InvalidOperation])
_WIDE: Final = Context(1000, ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6), traps=[InvalidOperation, Clamped])

Faults: TypeAlias = "dict[int, RowFault]"
Finish: TypeAlias = "Callable[[Sequence[Any]], tuple[Sequence[Any], Faults]]"


class Tally(threading.local):
    """
    What was changed on the way, by documented rule.

    Empty texts that became NULL, fractions that were rounded.

    Each thread has its own counts, so that the loader, which converts the rows of a replay again, adds
    nothing to the reader's.
    """

    empty: int = 0
    rounded: int = 0

    def add(self, empty: int, rounded: int) -> None:
        """
        Add what was counted elsewhere.
        """
        self.empty += empty
        self.rounded += rounded

    def take(self) -> tuple[int, int]:
        """
        Return the counts, empty first, and begin anew.
        """
        taken = (self.empty, self.rounded)
        self.empty = self.rounded = 0
        return taken


@dataclass(frozen=True, slots=True)
class Converter:
    """
    How values of one property become bind values of one column.

    *annotation* is what the decoder's struct declares; None stands in for a missing value. *read* takes JSON
    text other than `null` and returns a value that *annotation* could have given; it raises RowFault.
    *finish*, where there is one, takes one column's values (None among them) and returns the bind values and
    the faults by position. *relaxed* is a converter with the same meaning that accepts more in the fast way,
    for a column whose values keep taking the slow one.
    """

    annotation: Any
    read: Callable[[bytes], Any]
    finish: Finish | None = None
    relaxed: Converter | None = field(default=None, repr=False)


def converter(prop: Field, column: Column, server: Server, *, tally: Tally) -> Converter:
    """
    Return the converter of *prop* into *column*; raise InternalError for a pair that evolution never makes.
    """
    for holds, kinds, make in _FAMILIES:
        if column.type.name in holds and prop.kind in kinds:
            return make(prop, column.type, server, tally)
    raise InternalError(f"column {column.name} ({column.type.name}) cannot hold {prop.kind.value} values")


def each(read: Callable[[Any], Any]) -> Finish:
    """
    Return a finish that puts every value but None through *read*.
    """

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        out: list[Any] = []
        faults: Faults = {}
        for position, value in enumerate(values):
            try:
                out.append(None if value is None else read(value))
            except RowFault as fault:  # noqa: PERF203 - each value has a fault of its own
                faults[position] = fault
                out.append(None)
        return out, faults

    return finish


def _raw(read: Callable[[bytes], Any], after: Finish | None = None) -> Converter:
    """
    Return the most relaxed converter: the decoder keeps the value's bytes, *read* sees every one of them.
    """

    def read_raw(raw: Any) -> Any:
        if not isinstance(raw, msgspec.Raw):
            return raw  # decoded before this column was relaxed
        text = bytes(raw)
        return None if text == b"null" else read(text)

    first = each(read_raw)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        read_values, faults = first(values)
        if after is None:
            return read_values, faults
        done, more = after(read_values)
        return done, {**more, **faults}

    return Converter(msgspec.Raw, msgspec.Raw, finish)


# --- numbers


def _number_text(raw: bytes) -> str:
    if raw[:1] in b'"tf{[' or not raw:
        raise RowFault("TYPE", f"a number is expected, not {json_type(raw)}")
    return raw.decode("ascii")


def _decimal(text: str) -> Decimal:
    try:
        return _WIDE.create_decimal(text)
    except DecimalException as fault:
        raise RowFault("TYPE", "a number is expected") from fault


def _no_room(type_: OracleType) -> RowFault:
    return RowFault("ORA-01438", f"the number has more integer digits than {type_.ddl()} holds")


def fit_number(value: Any, type_: OracleType, tally: Tally) -> int | Decimal:
    """
    Return *value* as NUMBER stores it; round a fraction that it cannot hold, half to even, and count that.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RowFault("TYPE", f"a number is expected, not {_python_type(value)}")
    number = Decimal(value)
    if not number.is_finite():
        raise RowFault("ORA-01426", "NUMBER holds no NaN and no infinity")
    if not number:
        return 0
    if number.adjusted() > NUMBER_MAX_EXPONENT:
        raise RowFault("ORA-01426", "the number is beyond NUMBER's 1e126")
    if number.adjusted() < NUMBER_MIN_EXPONENT:
        raise RowFault("ORA-01426", "the number is closer to zero than NUMBER's 1e-130")
    return _fit_digits(number, type_, tally)


def _fit_digits(number: Decimal, type_: OracleType, tally: Tally) -> Decimal:
    rounded = _ROUND.plus(number)
    scale = type_.scale if type_.scale is not None else (0 if type_.precision is not None else None)
    if scale is not None:
        rounded = _to_scale(number, scale)
        if rounded and rounded.adjusted() >= (type_.precision or NUMBER_DIGITS) - scale:
            raise _no_room(type_)
    if rounded != number:
        lost = rounded.as_tuple().exponent
        if isinstance(lost, int) and lost > 0 and scale is None:
            raise _no_room(type_)
        tally.rounded += 1
    return rounded


def _to_scale(number: Decimal, scale: int) -> Decimal:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return number
    return _WIDE.quantize(number, Decimal((0, (1,), -scale)))


def _read_integer(type_: OracleType, tally: Tally) -> Callable[[bytes], int | Decimal]:
    def read(raw: bytes) -> int | Decimal:
        number = _decimal(_number_text(raw))
        if number != number.to_integral_value():
            raise RowFault("TYPE", "an integer is expected, not a number with a fraction")
        fitted = fit_number(number, type_, tally)
        return int(fitted)

    return read


def _integer(prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    digits = (type_.precision or NUMBER_DIGITS) - (type_.scale or 0)
    bound = min(10**digits - 1, INT64_MAX) if digits > 0 else 0
    read = _read_integer(type_, tally)
    if prop.kind is Kind.INTEGER and digits > 0:
        return Converter(Annotated[int, msgspec.Meta(ge=-bound, le=bound)], read, None, _raw(read))
    return _raw(read)


def _plain_number(types: set[type], top: Any) -> bool:
    return types <= {int, Decimal, type(None)} and (isinstance(top, int) or top.is_finite())


def _number(_prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    def fit(value: Any) -> Any:
        return fit_number(value, type_, tally)

    slow = each(fit)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        # One pass in C: digits (Inexact), size (Overflow, Subnormal), NaN (the comparison), infinity (the
        # top).
        try:
            top = max(map(_EXACT.abs, filter(None, values)), default=0)
        except (DecimalException, TypeError):
            return slow(values)
        return (values, {}) if _plain_number(set(map(type, values)), top) else slow(values)

    def read(raw: bytes) -> Any:
        return _decimal(_number_text(raw))

    bare = type_.precision is None and type_.scale is None
    return Converter(Any, read, finish if bare else slow, _raw(read, slow))


# A decimal written as text: what JSON allows in a number, and nothing that Decimal would add.
_DECIMAL_TEXT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _decimal_string(_prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    def read(raw: bytes) -> Any:
        text = _string(raw) if raw[:1] == b'"' else _number_text(raw)
        if text == "":
            tally.empty += 1
            return None
        if not _DECIMAL_TEXT.fullmatch(text):
            raise RowFault("ORA-01722", "the text is no decimal number")
        return fit_number(_decimal(text), type_, tally)

    return _raw(read)


def _float(_prop: Field, _type: OracleType, _server: Server, _tally: Tally) -> Converter:
    def read(raw: bytes) -> float:
        value = float(_number_text(raw))
        if value in (float("inf"), float("-inf")):
            raise RowFault("ORA-01426", "the number is beyond what a binary double holds")
        return value

    return Converter(float, read, None, _raw(read))


# --- text


def _string(raw: bytes) -> str:
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RowFault("TEXT", "the text is no Unicode: it holds a lone surrogate or broken UTF-8") from fault


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as fault:
        raise RowFault("TEXT", "the text is no UTF-8") from fault


def json_type(raw: bytes) -> str:
    """
    Return the JSON type of the value whose text *raw* is, by its first byte.

    >>> json_type(b"[1]")
    'array'
    """
    first = raw[:1]
    names = {b'"': "string", b"{": "object", b"[": "array", b"t": "boolean", b"f": "boolean", b"n": "null"}
    return names.get(first, "number")


def _python_type(value: Any) -> str:
    names = {str: "string", bool: "boolean", dict: "object", list: "array"}
    return names.get(type(value), "number")


def _text_types(prop: Field) -> frozenset[str]:
    """
    Return the JSON types that become text of *prop*: a number for a string is kept as it was written.
    """
    return prop.types | {"string", "number", "integer"} if prop.types else _ALL_TYPES


_ALL_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "object", "array"})


def _limits(type_: OracleType, server: Server) -> tuple[int | None, int | None]:
    """
    Return how many characters and how many bytes a column of *type_* holds; None for no limit (LOBs).
    """
    if type_.length is None:
        return None, None
    if type_.char:
        return type_.length, server.max_string_bytes
    return type_.length, type_.length


def _fit_text(type_: OracleType, server: Server, tally: Tally) -> Callable[[str], str | None]:
    chars, size = _limits(type_, server)
    charset = charset_of(server.charset)

    def fit(text: str) -> str | None:
        if not text:
            tally.empty += 1
            return None
        if charset.codec is None and (chars is None or size is None):
            return text
        long = _size(text, charset)
        if chars is not None and size is not None and (len(text) > chars or long > size):
            why = f"the text of {len(text)} characters, {long} bytes, is longer than {type_.ddl()}"
            raise TooLong(len(text), long, why)
        return text

    return fit


def _size(text: str, charset: Charset) -> int:
    if text.isascii():
        return len(text)
    try:
        return charset.size(text)
    except UnicodeEncodeError as fault:
        why = f"the text has a character that the database's character set {charset.name} lacks"
        raise RowFault("ORA-12713", why) from fault


def _read_text(prop: Field, fit: Callable[[str], str | None]) -> Callable[[bytes], str | None]:
    allowed = _text_types(prop)

    def read(raw: bytes) -> str | None:
        kind = json_type(raw)
        if kind not in allowed:
            raise RowFault("TYPE", f"text is expected, not {kind}")
        return fit(_string(raw) if kind == "string" else _utf8(raw))

    return read


def _text(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    """
    Text as it is: first what cannot be too long or empty, then what may be, then whatever JSON it is.
    """
    fit = _fit_text(type_, server, tally)
    read = _read_text(prop, fit)
    if prop.kind in _NOT_STRINGS:
        return _raw(read)
    chars, size = _limits(type_, server)
    charset = charset_of(server.charset)
    finish = _finish_text(fit, tally, any_text=size is None and charset.codec is None)
    if chars is None or size is None:
        loose = Converter(str, read, finish, _raw(read))
        return (
            loose
            if charset.codec
            else Converter(Annotated[str, msgspec.Meta(min_length=1)], read, None, loose)
        )
    safe = min(chars, size // charset.char_bytes)
    loose = Converter(Annotated[str, msgspec.Meta(max_length=chars)], read, finish, _raw(read))
    if charset.codec or (safe < chars <= _SHORT_CHARS):
        return loose
    return Converter(Annotated[str, msgspec.Meta(min_length=1, max_length=max(safe, 1))], read, None, loose)


# Below this, a column in BYTE semantics is checked by bytes from the start: a quarter of it is too little.
_SHORT_CHARS: Final = 1000


def _finish_text(fit: Callable[[str], str | None], tally: Tally, *, any_text: bool) -> Finish:
    slow = each(fit)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        empty = countOf(values, "")
        if not any_text and not all(map(str.isascii, filter(None, values))):
            return slow(values)
        tally.empty += empty
        return values, {}

    return finish


# --- JSON documents


def _json(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    fit = _fit_text(type_, server, tally)
    charset = charset_of(server.charset)
    allowed = prop.types & {"object", "array"} or {"object", "array"}

    def read(raw: bytes) -> str | None:
        if json_type(raw) not in allowed:
            raise RowFault("TYPE", f"{' or '.join(sorted(allowed))} is expected, not {json_type(raw)}")
        return fit(charset.json(_utf8(raw)))

    return _raw(read)


def _json_bytes(prop: Field, type_: OracleType, server: Server, tally: Tally) -> Converter:
    text = _json(prop, OracleType("CLOB"), server, tally)
    fit = _fit_bytes(type_)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        read_values, faults = text.finish(values) if text.finish else (values, {})
        done, more = each(lambda value: fit(value.encode()))(read_values)
        return done, {**more, **faults}

    return Converter(msgspec.Raw, msgspec.Raw, finish)


# --- bytes


def _fit_bytes(type_: OracleType) -> Callable[[bytes], bytes]:
    def fit(data: bytes) -> bytes:
        if type_.length is not None and len(data) > type_.length:
            raise RowFault("ORA-12899", f"{len(data)} bytes are more than {type_.ddl()} holds")
        return data

    return fit


def _binary(prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    fit = _fit_bytes(type_)
    decode = bytes.fromhex if prop.encoding == "hex" else _base64

    def read(raw: bytes) -> bytes | None:
        if raw[:1] != b'"':
            raise RowFault("TYPE", f"{prop.encoding or 'base64'} text is expected, not {json_type(raw)}")
        text = _string(raw)
        if not text:
            tally.empty += 1
            return None
        try:
            return fit(decode(text))
        except (binascii.Error, ValueError) as fault:
            if isinstance(fault, RowFault):
                raise
            raise RowFault("ORA-01465", f"the text is no {prop.encoding or 'base64'}") from fault

    return _raw(read)


def _base64(text: str) -> bytes:
    """
    Return the bytes of base64 *text*, in the standard or the URL alphabet, with or without padding.
    """
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


# --- booleans


def _boolean(_prop: Field, _type: OracleType, _server: Server, _tally: Tally) -> Converter:
    def read(raw: bytes) -> bool:
        if raw in (b"true", b"false"):
            return raw == b"true"
        raise RowFault("TYPE", f"true or false is expected, not {json_type(raw)}")

    return Converter(bool, read, None, _raw(read))


# --- times

_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s*"
    r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?",
    re.ASCII,
)


def parse_datetime(text: str) -> datetime:
    """
    Return the date-time that *text* tells, aware when it names a zone; raise RowFault.

    Beyond RFC 3339: a space for the T, no seconds, no zone (taken as UTC when stored), +hh, +hhmm, a bare
    date, 1 to 9 digits of a second (more are read and dropped), rounded half up to microseconds as Oracle
    would.

    >>> parse_datetime("2024-02-29 12:00:00.1234567+0530").isoformat()
    '2024-02-29T12:00:00.123457+05:30'
    """
    match = _DATE_TIME.fullmatch(text.strip())
    if not match:
        raise RowFault("ORA-01861", "the text is no date-time such as 2024-02-29T12:00:00Z")
    year, month, day, hour, minute, second, fraction, z, sign, zh, zm, zs = match.groups()
    try:
        zone = UTC if z else None
        if sign:
            offset = timedelta(hours=int(zh), minutes=int(zm or 0), seconds=int(zs or 0))
            zone = timezone(-offset if sign == "-" else offset)
        whole = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone
        )  # fmt: skip
        return whole + timedelta(microseconds=_micros(fraction))
    except (ValueError, OverflowError) as fault:
        raise RowFault("ORA-01847", f"there is no such date or time: {_reason(fault)}") from fault


def _micros(fraction: str | None) -> int:
    if not fraction:
        return 0
    nanos = int(fraction.ljust(9, "0"))
    return (nanos + 500) // 1000


def _reason(fault: Exception) -> str:
    """
    Return what datetime says without the numbers that it may quote.
    """
    return re.sub(r"\s*[:,]?\s*-?\d[\d.:]*", "", str(fault)) or "out of range"


def to_utc(value: datetime) -> datetime:
    """
    Return *value* in UTC; the driver writes the wall clock and forgets the zone, so the clock must be UTC's.
    """
    if value.tzinfo is None or value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError as fault:
        raise RowFault("ORA-01841", "in UTC the date-time falls outside the years 1 to 9999") from fault


def _read_time_text(raw: bytes) -> str | None:
    if raw[:1] != b'"':
        raise RowFault("TYPE", f"a date-time text is expected, not {json_type(raw)}")
    return _string(raw)


_ZONE_OF: Final = attrgetter("tzinfo")
_FINE: Final = {None, UTC}
_TO_UTC: Final = each(to_utc)


def finish_times(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
    """
    Return date-times in UTC, the very same sequence when they are that already.
    """
    return (values, {}) if set(map(_ZONE_OF, filter(None, values))) <= _FINE else _TO_UTC(values)


def _date_time(_prop: Field, _type: OracleType, _server: Server, tally: Tally) -> Converter:
    def read(raw: bytes) -> datetime | None:
        text = _read_time_text(raw)
        if not text:
            tally.empty += 1
            return None
        return parse_datetime(text)

    return Converter(datetime, read, finish_times, _raw(read, _TO_UTC))


def _date(_prop: Field, _type: OracleType, _server: Server, tally: Tally) -> Converter:
    def read(raw: bytes) -> date | None:
        text = _read_time_text(raw)
        if not text:
            tally.empty += 1
            return None
        value = parse_datetime(text)
        if value.time() == time() and value.tzinfo in (None, UTC):
            return value.date()
        return to_utc(value)

    return Converter(date, read, None, _raw(read))


_NUMBERS: Final = frozenset({"NUMBER", "FLOAT"})
_FLOATS: Final = frozenset({"BINARY_DOUBLE", "BINARY_FLOAT"})
_TEXTS: Final = frozenset({"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR", "CLOB", "NCLOB", "LONG"})
_TIMES: Final = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH LOCAL TIME ZONE"})
_BYTES: Final = frozenset({"RAW", "BLOB", "LONG RAW"})
_NOT_STRINGS: Final = frozenset({Kind.ANY, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DECIMAL_STRING})

# Which columns hold which kinds, and what makes the converter; first match wins.
_Make: TypeAlias = "Callable[[Field, OracleType, Server, Tally], Converter]"
_FAMILIES: Final[tuple[tuple[frozenset[str], frozenset[Kind], _Make], ...]] = (
    (_NUMBERS, frozenset({Kind.INTEGER}), _integer),
    (_NUMBERS, frozenset({Kind.NUMBER}), _number),
    (_NUMBERS, frozenset({Kind.DECIMAL_STRING}), _decimal_string),
    (_NUMBERS, frozenset({Kind.BOOLEAN}), _boolean),
    (_FLOATS, frozenset({Kind.INTEGER, Kind.NUMBER}), _float),
    (frozenset({"BOOLEAN"}), frozenset({Kind.BOOLEAN}), _boolean),
    (_TEXTS | {"JSON"}, frozenset({Kind.JSON}), _json),
    (frozenset({"JSON"}), frozenset({Kind.ANY}), _json),
    (_TEXTS, frozenset(Kind), _text),
    (_TIMES, frozenset({Kind.DATE_TIME}), _date_time),
    (_TIMES, frozenset({Kind.DATE}), _date),
    (_BYTES, frozenset({Kind.BINARY}), _binary),
    (_BYTES, frozenset({Kind.JSON}), _json_bytes),
)
