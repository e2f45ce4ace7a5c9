"""
Dates and times as text that sorts as the instants do, to the nanosecond.

DATE, TIMESTAMP and TIMESTAMP WITH LOCAL TIME ZONE are 29 characters, YYYY-MM-DD HH:MM:SS.nnnnnnnnn; the last
in UTC. TIMESTAMP WITH TIME ZONE is its instant in UTC and its offset, +HH:MM, behind it. Years are 1 to 9999.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from tests.standin.refusal import Refusal

TEXT_LENGTH = 29
DAY = timedelta(days=1)
NANOS = 1_000_000_000
_DAY_NANOS = 86_400 * NANOS
_EPOCH = datetime(1, 1, 1)  # noqa: DTZ001 -- Oracle's DATE has no zone


def from_datetime(value: datetime) -> str:
    """
    Write a naive datetime.
    """
    return value.isoformat(" ", "microseconds") + "000"


def to_datetime(text: str) -> datetime:
    """
    Read the first six digits of a second.
    """
    return datetime.fromisoformat(text[:26])


def from_aware(value: datetime) -> str:
    """
    Write an aware datetime as its instant and its offset.
    """
    offset = value.utcoffset() or timedelta()
    try:
        instant = (value.replace(tzinfo=None)) - offset
    except OverflowError:
        raise Refusal(1841) from None
    return from_datetime(instant) + offset_text(offset)


def to_aware(text: str) -> datetime:
    """
    Read an instant with its offset.
    """
    offset = parse_offset(text[TEXT_LENGTH:])
    try:
        return (to_datetime(text) + offset).replace(tzinfo=timezone(offset))
    except OverflowError:
        raise Refusal(1841) from None


def offset_text(offset: timedelta) -> str:
    """
    Write an offset from UTC.

    >>> offset_text(timedelta(hours=-3, minutes=-30))
    '-03:30'
    """
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def parse_offset(text: str) -> timedelta:
    """
    Read an offset from UTC, +HH:MM, or the zone names UTC and GMT; others are ORA-01882.
    """
    bare = text.strip().upper()
    if bare in {"UTC", "GMT", "Z", "ETC/UTC"}:
        return timedelta()
    sign = -1 if bare.startswith("-") else 1
    hours, colon, minutes = bare.lstrip("+-").partition(":")
    if not hours.isdecimal() or (colon and not minutes.isdecimal()):
        raise Refusal(1882)
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset > timedelta(hours=15):
        raise Refusal(1874)
    return sign * offset


def shift(text: str, nanos: int) -> str:
    """
    Move a time by so many nanoseconds; outside the years 1 to 9999: ORA-01841.
    """
    return from_nanos(to_nanos(text) + nanos)


def to_nanos(text: str) -> int:
    """
    Count nanoseconds since the year 1.
    """
    since = datetime.fromisoformat(text[:19]) - _EPOCH
    return (since.days * 86_400 + since.seconds) * NANOS + int(text[20:29])


def from_nanos(nanos: int) -> str:
    """
    Write a count of nanoseconds since the year 1.
    """
    seconds, fraction = divmod(nanos, NANOS)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise Refusal(1841) from None
    return f"{moment.isoformat(' ')}.{fraction:09d}"


def add_months(text: str, months: int) -> str:
    """
    Move a time by months as an INTERVAL YEAR TO MONTH does: a day that does not exist is ORA-01839.
    """
    year, month = divmod(int(text[:4]) * 12 + int(text[5:7]) - 1 + months, 12)
    return checked(f"{year:04d}-{month + 1:02d}{text[7:]}")


def checked(text: str) -> str:
    """
    Return a time as it is if the calendar has it, else refuse it: ORA-01841, ORA-01839.
    """
    if not 1 <= int(text[:-25]) <= 9999:
        raise Refusal(1841)
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        raise Refusal(1839) from None
    return text


def round_fraction(text: str, digits: int) -> str:
    """
    Round the second's fraction half up to so many *digits*.

    >>> round_fraction("2024-12-31 23:59:59.999999500", 6)
    '2025-01-01 00:00:00.000000000'
    """
    unit: int = 10 ** (9 - digits)
    if text.endswith("0" * (9 - digits)):
        return text
    nanos = to_nanos(text)
    return from_nanos((nanos + unit // 2) // unit * unit)


def truncate_fraction(text: str) -> str:
    """
    Drop the second's fraction: what a DATE keeps.
    """
    return text[:20] + "000000000"


def zoned(text: str, offset: timedelta) -> str:
    """
    Read a wall clock in a zone: its instant, with the offset.
    """
    return shift(text, -nanos_of(offset)) + offset_text(offset)


def wall_clock(text: str) -> str:
    """
    Show a zoned time's wall clock.
    """
    return shift(text[:TEXT_LENGTH], nanos_of(parse_offset(text[TEXT_LENGTH:])))


def nanos_of(span: timedelta) -> int:
    """
    Count the nanoseconds of a timedelta.
    """
    return (span.days * 86_400 + span.seconds) * NANOS + span.microseconds * 1000


def days_between(later: str, earlier: str) -> Decimal:
    """
    Subtract two times in days, as DATE - DATE does.
    """
    return Decimal(to_nanos(later) - to_nanos(earlier)) / Decimal(_DAY_NANOS)


def day_nanos(days: Decimal) -> int:
    """
    Turn days into nanoseconds, to the whole second: what DATE + number adds.
    """
    return int((days * 86_400).to_integral_value(rounding="ROUND_HALF_UP")) * NANOS
