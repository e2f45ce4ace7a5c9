"""
Conversions between families of types, fitting into columns, and the way from and to the client's values.

Everything works on stored forms: NUMBER and intervals as decimals.py encodes them, times as in times.py,
doubles as in doubles.py, text and JSON as str, RAW and BLOB as bytes, BOOLEAN as 0 and 1.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.standin import decimals, doubles, formats, sqltypes, times
from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.nls import Nls
    from tests.standin.sqltypes import SqlType
    from tests.standin.values import Bind, Value

Stored: TypeAlias = Any
Convert: TypeAlias = "Callable[[Stored], Stored]"

_TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "f", "n"})


# --- JSON ---------------------------------------------------------------------------------------------------


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def load_json(text: str) -> Any:
    """
    Read JSON with every number exact; what is none is ORA-40441.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(40441) from None


def is_json(text: str | bytes, version: int) -> bool:
    """
    Tell whether a text is JSON; a scalar alone is only from 21 (RFC 8259 instead of RFC 4627).
    """
    try:
        found = load_json(text if isinstance(text, str) else text.decode())
    except (Refusal, UnicodeDecodeError):
        return False
    return version >= 21 or isinstance(found, (dict, list))


def dump_json(value: Any) -> str:
    """
    Write JSON from a client's value; decimals keep their digits.
    """
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{dump_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dump_json, value)) + "]"
    return json.dumps(_json_scalar(value), ensure_ascii=False)


def _json_scalar(value: Any) -> Any:
    """
    Write what JSON has no scalar for as text.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, timedelta):
        return formats.days_text(Decimal(times.nanos_of(value)))
    return value


# --- between families ---------------------------------------------------------------------------------------


def converter(source: SqlType, target: SqlType, nls: Nls) -> Convert | None:
    """
    Find the implicit conversion from one type to another; None where values stay as they are.

    What Oracle does not convert is ORA-00932.
    """
    pair = (source.family, target.family)
    if "null" in pair:
        return None
    if source.family == target.family:
        return _within(source, target, nls)
    maker = _MAKERS.get(pair)
    if maker is None:
        raise Refusal(932, expected=target.name, got=source.name)
    return maker(source, target, nls)


def _within(source: SqlType, target: SqlType, nls: Nls) -> Convert | None:
    if source.family == "time" and source.name != target.name:
        if target.name == "DATE":
            return lambda v: times.truncate_fraction(_to_wall(v, source, nls))
        if sqltypes.LOCAL.name in {source.name, target.name}:
            sign = 1 if source.name == sqltypes.LOCAL.name else -1
            return lambda v: times.shift(v, sign * times.nanos_of(nls.zone))
    if target.name == "BINARY_FLOAT" and source.name != target.name:
        return lambda v: doubles.encode(doubles.single(doubles.decode(v)))
    return None


def _to_wall(value: str, source: SqlType, nls: Nls) -> str:
    return times.shift(value, times.nanos_of(nls.zone)) if source.name == sqltypes.LOCAL.name else value


def _text_to_number(_s: SqlType, _t: SqlType, nls: Nls) -> Convert:
    return lambda v: decimals.encode(decimals.parse(v, nls.point))


def _number_to_text(_s: SqlType, _t: SqlType, nls: Nls) -> Convert:
    return lambda v: decimals.text(decimals.decode(v), nls.point)


def _text_to_time(_s: SqlType, target: SqlType, nls: Nls) -> Convert:
    def convert(value: str) -> str:
        model = nls.date_format if target.name == "DATE" else nls.timestamp_format
        wall, zone = formats.read(value, model, nls.today().replace(day=1))
        if target.name == sqltypes.LOCAL.name:
            offset = times.parse_offset(zone) if zone else nls.zone
            return times.shift(wall, -times.nanos_of(offset))
        return wall

    return convert


def _text_to_zoned(_s: SqlType, _t: SqlType, nls: Nls) -> Convert:
    def convert(value: str) -> str:
        wall, zone = formats.read(value, nls.timestamp_tz_format, nls.today().replace(day=1))
        return times.zoned(wall, times.parse_offset(zone) if zone else nls.zone)

    return convert


def _time_to_text(source: SqlType, _t: SqlType, nls: Nls) -> Convert:
    def convert(value: str) -> str:
        model = nls.date_format if source.name == "DATE" else nls.timestamp_format
        return formats.write(_to_wall(value, source, nls), _sized(model, source), nls.zone_text)

    return convert


def _sized(model: str, source: SqlType) -> str:
    """
    Give a bare FF the digits that the type has.
    """
    digits = source.precision if source.precision is not None else 6
    if digits == 0:
        return re.sub(r"[X.]?FF(?!\d)", "", model)
    return re.sub(r"FF(?!\d)", f"FF{digits}", model)


def _zoned_to_text(source: SqlType, _t: SqlType, nls: Nls) -> Convert:
    def convert(value: str) -> str:
        model = _sized(nls.timestamp_tz_format, source)
        return formats.write(times.wall_clock(value), model, value[times.TEXT_LENGTH :])

    return convert


def _zoned_to_time(_s: SqlType, target: SqlType, _nls: Nls) -> Convert:
    if target.name == sqltypes.LOCAL.name:
        return lambda v: v[: times.TEXT_LENGTH]
    if target.name == "DATE":
        return lambda v: times.truncate_fraction(times.wall_clock(v))
    return times.wall_clock


def _time_to_zoned(source: SqlType, _t: SqlType, nls: Nls) -> Convert:
    if source.name == sqltypes.LOCAL.name:
        return lambda v: v + nls.zone_text
    return lambda v: times.zoned(v, nls.zone)


def hex_to_raw(value: str) -> bytes:
    """
    Read hexadecimal digits; ORA-01465.
    """
    try:
        return bytes.fromhex(value if len(value) % 2 == 0 else "0" + value)
    except ValueError:
        raise Refusal(1465) from None


def _text_to_bytes(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    return hex_to_raw


def _bytes_to_text(source: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    if source.is_lob:
        raise Refusal(932, expected="CHAR", got="BLOB")
    return lambda v: v.hex().upper()


def _text_to_boolean(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    def convert(value: str) -> int:
        bare = value.strip().lower()
        if bare in _TRUE or bare in _FALSE:
            return int(bare in _TRUE)
        raise Refusal(61800)

    return convert


def _text_to_json(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    def convert(value: str) -> str:
        load_json(value)
        return value

    return convert


def _bytes_to_json(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    def convert(value: bytes) -> str:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise Refusal(40441) from None
        load_json(text)
        return text

    return convert


def _text_to_days(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    return lambda v: decimals.encode(formats.days_literal(v, "DAY", "SECOND"))


def _text_to_months(_s: SqlType, _t: SqlType, _nls: Nls) -> Convert:
    return lambda v: decimals.encode(formats.months_literal(v, "YEAR", "MONTH"))


def _number_to_double(_s: SqlType, target: SqlType, _nls: Nls) -> Convert:
    if target.name == "BINARY_FLOAT":
        return lambda v: doubles.encode(doubles.single(float(decimals.decode(v))))
    return lambda v: doubles.encode(float(decimals.decode(v)))


def _text_to_double(_s: SqlType, target: SqlType, _nls: Nls) -> Convert:
    if target.name == "BINARY_FLOAT":
        return lambda v: doubles.encode(doubles.single(doubles.from_text(v)))
    return lambda v: doubles.encode(doubles.from_text(v))


_MAKERS: dict[tuple[str, str], Callable[[SqlType, SqlType, Nls], Convert]] = {
    ("text", "number"): _text_to_number,
    ("text", "double"): _text_to_double,
    ("text", "time"): _text_to_time,
    ("text", "zoned"): _text_to_zoned,
    ("text", "bytes"): _text_to_bytes,
    ("text", "boolean"): _text_to_boolean,
    ("text", "json"): _text_to_json,
    ("text", "days"): _text_to_days,
    ("text", "months"): _text_to_months,
    ("number", "text"): _number_to_text,
    ("number", "double"): _number_to_double,
    ("number", "boolean"): lambda _s, _t, _n: lambda v: int(v != decimals.ZERO),
    ("double", "number"): lambda _s, _t, _n: lambda v: decimals.encode(doubles.to_decimal(doubles.decode(v))),
    ("double", "text"): lambda _s, _t, _n: lambda v: doubles.to_text(doubles.decode(v)),
    ("time", "text"): _time_to_text,
    ("time", "zoned"): _time_to_zoned,
    ("zoned", "text"): _zoned_to_text,
    ("zoned", "time"): _zoned_to_time,
    ("bytes", "text"): _bytes_to_text,
    ("bytes", "json"): _bytes_to_json,
    ("boolean", "text"): lambda _s, _t, _n: lambda v: "TRUE" if v else "FALSE",
    ("boolean", "number"): lambda _s, _t, _n: decimals.encode,
    ("json", "text"): lambda _s, _t, _n: lambda v: v,
    ("days", "text"): lambda _s, _t, _n: lambda v: formats.days_text(decimals.decode(v)),
    ("months", "text"): lambda _s, _t, _n: lambda v: formats.months_text(decimals.decode(v)),
}


# --- into columns -------------------------------------------------------------------------------------------


def fitter(target: SqlType, nls: Nls) -> Convert | None:
    """
    Find what makes a value of the right family fit a column, or refuses it; None where anything fits.

    ORA-12899 for text and RAW, ORA-01438 for NUMBER, ORA-01873 for an interval's days; fractions of a second
    and digits after the point are rounded half up.
    """
    maker = _FITTERS.get(target.name)
    return maker(target, nls) if maker else None


def _too_large(actual: int, maximum: int) -> Refusal:
    return Refusal(12899, actual=actual, maximum=maximum)


def _fit_text(target: SqlType, nls: Nls) -> Convert:
    length, limit, size = target.length, nls.max_string, nls.charset.size
    if not target.char:
        return _fit_bytes_of_text(length, size)
    national = target.name in sqltypes.NATIONAL

    def fit(value: str) -> str:
        chars = len(value.encode("utf-16-le")) // 2 if national else len(value)
        if chars > length:
            raise _too_large(chars, length)
        if not national and chars * 4 > limit and (bytes_ := size(value)) > limit:
            raise _too_large(bytes_, limit)
        return value

    return fit


def _fit_bytes_of_text(length: int, size: Callable[[str], int]) -> Convert:
    def fit(value: str) -> str:
        if len(value) * 4 > length and (bytes_ := size(value)) > length:
            raise _too_large(bytes_, length)
        return value

    return fit


def _fit_char(target: SqlType, nls: Nls) -> Convert:
    check = _fit_text(target, nls)
    length, size = target.length, len if target.char else nls.charset.size

    def fit(value: str) -> str:
        check(value)
        missing = length - size(value)
        return value + " " * missing

    return fit


def _fit_number(target: SqlType, _nls: Nls) -> Convert | None:
    if target.precision is None and target.scale is None:
        return None
    precision, scale = target.precision or decimals.NUMBER_DIGITS, target.scale or 0

    def fit(value: bytes) -> bytes:
        number = decimals.decode(value)
        fitted = decimals.fit(number, precision, scale)
        return value if fitted is number else decimals.encode(fitted)

    return fit


def _fit_float(target: SqlType, _nls: Nls) -> Convert:
    digits = -(-(target.precision or 126) * 30103 // 100000)
    return lambda v: decimals.encode(decimals.significant(decimals.decode(v), digits))


def _fit_time(target: SqlType, _nls: Nls) -> Convert | None:
    digits = 6 if target.precision is None else target.precision
    return None if digits == 9 else lambda v: times.round_fraction(v, digits)


def _fit_zoned(target: SqlType, _nls: Nls) -> Convert | None:
    digits = 6 if target.precision is None else target.precision
    if digits == 9:
        return None
    return lambda v: times.round_fraction(v[: times.TEXT_LENGTH], digits) + v[times.TEXT_LENGTH :]


def _fit_raw(target: SqlType, _nls: Nls) -> Convert:
    length = target.length

    def fit(value: bytes) -> bytes:
        if len(value) > length:
            raise _too_large(len(value), length)
        return value

    return fit


def _fit_days(target: SqlType, _nls: Nls) -> Convert:
    days, digits = target.precision or 0, 6 if target.scale is None else target.scale

    def fit(value: bytes) -> bytes:
        nanos = decimals.to_scale(decimals.decode(value), digits - 9)
        if abs(nanos) >= Decimal(10) ** days * 86_400 * times.NANOS:
            raise Refusal(1873)
        return decimals.encode(nanos)

    return fit


def _fit_months(target: SqlType, _nls: Nls) -> Convert:
    def fit(value: bytes) -> bytes:
        if abs(decimals.decode(value)) >= Decimal(10) ** (target.precision or 2) * 12:
            raise Refusal(1873)
        return value

    return fit


_FITTERS: dict[str, Callable[[SqlType, Nls], Convert | None]] = {
    "VARCHAR2": _fit_text,
    "NVARCHAR2": _fit_text,
    "CHAR": _fit_char,
    "NCHAR": _fit_char,
    "NUMBER": _fit_number,
    "FLOAT": _fit_float,
    "TIMESTAMP": _fit_time,
    "TIMESTAMP WITH LOCAL TIME ZONE": _fit_time,
    "TIMESTAMP WITH TIME ZONE": _fit_zoned,
    "RAW": _fit_raw,
    "INTERVAL DAY TO SECOND": _fit_days,
    "INTERVAL YEAR TO MONTH": _fit_months,
}


# --- the client's values ------------------------------------------------------------------------------------

_BIND_TYPES = {
    "NUMBER": sqltypes.NUMBER,
    "BINARY_INTEGER": sqltypes.NUMBER,
    "DATE": sqltypes.DATE,
    "TIMESTAMP": sqltypes.TIMESTAMP,
    "TIMESTAMP_TZ": sqltypes.ZONED,
    "TIMESTAMP_LTZ": sqltypes.LOCAL,
    "BINARY_DOUBLE": sqltypes.DOUBLE,
    "BINARY_FLOAT": sqltypes.SINGLE,
    "BOOLEAN": sqltypes.BOOLEAN,
    "CLOB": sqltypes.CLOB,
    "NCLOB": sqltypes.CLOB,
    "BLOB": sqltypes.BLOB,
    "JSON": sqltypes.JSON,
    "LONG": sqltypes.LONG,
    "LONG_RAW": sqltypes.LONG_RAW,
    "INTERVAL_DS": sqltypes.DAYS,
    "ROWID": sqltypes.ROWID,
}


def bind_type(bind: Bind) -> SqlType:
    """
    Tell the SQL type of a bind; one that is unknown is ORA-00932.
    """
    if bind.type in {"VARCHAR", "NVARCHAR"}:
        return sqltypes.SqlType("VARCHAR2", max(bind.size, 1))
    if bind.type in {"CHAR", "NCHAR"}:
        return sqltypes.char(bind.size)
    if bind.type == "RAW":
        return sqltypes.SqlType("RAW", max(bind.size, 1))
    found = _BIND_TYPES.get(bind.type)
    if found is None:
        raise Refusal(932, expected="-", got=bind.type)
    return found


def _store_text(value: str) -> str | None:
    return value or None


def _store_lob(value: Any) -> Any:
    return value


def _store_datetime(value: datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)
    return value.isoformat(" ", "microseconds") + "000"


def _store_date(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "seconds") + ".000000000"


def _store_aware(value: datetime) -> str:
    return times.from_aware(value if value.tzinfo else value.replace(tzinfo=timezone.utc))


_STORES: dict[str, Callable[[Any], Stored]] = {
    "NUMBER": decimals.encode,
    "BINARY_INTEGER": lambda v: decimals.encode(int(v)),
    "DATE": _store_date,
    "TIMESTAMP": _store_datetime,
    "TIMESTAMP_LTZ": _store_datetime,
    "TIMESTAMP_TZ": _store_aware,
    "BINARY_DOUBLE": lambda v: doubles.encode(float(v)),
    "BINARY_FLOAT": lambda v: doubles.encode(doubles.single(float(v))),
    "BOOLEAN": lambda v: int(bool(v)),
    "CLOB": _store_lob,
    "NCLOB": _store_lob,
    "BLOB": _store_lob,
    "JSON": dump_json,
    "INTERVAL_DS": lambda v: decimals.encode(times.nanos_of(v)),
}


def store(bind: Bind) -> Convert:
    """
    Find what turns a bind's values, None apart, into stored ones.
    """
    return _STORES.get(bind.type, _store_text)


def _show_days(value: bytes) -> timedelta:
    return timedelta(microseconds=int(decimals.decode(value)) // 1000)


_SHOWS: dict[str, Callable[[Stored], Value]] = {
    "number": decimals.decode,
    "double": doubles.decode,
    "time": times.to_datetime,
    "zoned": times.to_aware,
    "boolean": bool,
    "json": load_json,
    "days": _show_days,
    "months": lambda v: formats.months_text(decimals.decode(v)),
}


def show(type_: SqlType, nls: Nls) -> Convert | None:
    """
    Find what turns stored values, None apart, into the client's; None where they are the same.
    """
    if type_.name == sqltypes.LOCAL.name:
        return lambda v: times.to_datetime(times.shift(v, times.nanos_of(nls.zone)))
    return _SHOWS.get(type_.family)
