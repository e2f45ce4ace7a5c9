"""
Dates and times: the instant in UTC, to the microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from operator import attrgetter
from typing import Any, Final

from target_oracle.conversion import Converter, Faults, Tally, each, from_raw, json_type, string_of
from target_oracle.faults import RowFault
from target_oracle.oracle.types import OracleType, Server
from target_oracle.singer.schema import Field

UTC: Final = timezone.utc
_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s*"
    r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?",
    re.ASCII,
)
# What `isoformat() + "+00:00"` makes of a time that knew its zone already, in tap-mysql for one.
_UTC_TWICE: Final = "+00:00+00:00"


def parse_datetime(text: str) -> datetime:
    """
    Return the date-time that *text* tells, aware when it names a zone; raise RowFault.

    Beyond RFC 3339: a space for the T, no seconds, no zone (taken as UTC when stored), +hh, +hhmm, +00:00
    twice, a bare date, 1 to 9 digits of a second (more are read and dropped), rounded half up to
    microseconds as Oracle would.

    >>> parse_datetime("2024-02-29 12:00:00.1234567+0530").isoformat()
    '2024-02-29T12:00:00.123457+05:30'
    """
    told = text.strip()
    match = _DATE_TIME.fullmatch(told.removesuffix("+00:00") if told.endswith(_UTC_TWICE) else told)
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
    return string_of(raw)


_ZONE_OF: Final = attrgetter("tzinfo")
_FINE: Final = {None, UTC}
_TO_UTC: Final = each(to_utc)


def finish_times(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
    """
    Return date-times in UTC, the very same sequence when they are that already.
    """
    return (values, {}) if set(map(_ZONE_OF, filter(None, values))) <= _FINE else _TO_UTC(values)


def of_date_time(_prop: Field, _type: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert date-times, which the decoder reads where they are written as RFC 3339 says.
    """

    def read(raw: bytes) -> datetime | None:
        text = _read_time_text(raw)
        if not text:
            tally.empty += 1
            return None
        return parse_datetime(text)

    return Converter(datetime, read, finish_times, from_raw(read, _TO_UTC))


def of_date(_prop: Field, _type: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert dates; one with a time keeps it, in UTC.
    """

    def read(raw: bytes) -> date | None:
        text = _read_time_text(raw)
        if not text:
            tally.empty += 1
            return None
        value = parse_datetime(text)
        if value.time() == time() and value.tzinfo in (None, UTC):
            return value.date()
        return to_utc(value)

    return Converter(date, read, None, from_raw(read))
