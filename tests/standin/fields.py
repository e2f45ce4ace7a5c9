"""
Fields of times and intervals, and dates moved by months and cut to units.
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from decimal import Decimal

from tests.standin import decimals, times
from tests.standin.refusal import Refusal

_CLOCK = {"YEAR": (0, 4), "MONTH": (5, 7), "DAY": (8, 10), "HOUR": (11, 13), "MINUTE": (14, 16)}


def field_of(part: str, family: str, value: str | bytes) -> Decimal:
    """
    Read one field; of a zoned time in UTC, as EXTRACT does.
    """
    if isinstance(value, bytes):
        return _interval_field(part, family, int(decimals.decode(value)))
    if part.startswith("TIMEZONE"):
        if family != "zoned":
            raise Refusal(30076)
        offset = value[times.TEXT_LENGTH :]
        return Decimal(offset[:3] if part == "TIMEZONE_HOUR" else offset[0] + offset[4:6])
    if part == "SECOND":
        return Decimal(value[17:29])
    start, end = _CLOCK[part]
    return Decimal(int(value[start:end]))


def _interval_field(part: str, family: str, count: int) -> Decimal:
    sign, rest = (-1 if count < 0 else 1), abs(count)
    if family == "months":
        return Decimal(sign * (rest // 12 if part == "YEAR" else rest % 12))
    seconds, nanos = divmod(rest, times.NANOS)
    found = {
        "DAY": Decimal(seconds // 86_400),
        "HOUR": Decimal(seconds // 3600 % 24),
        "MINUTE": Decimal(seconds // 60 % 60),
        "SECOND": Decimal(seconds % 60) + Decimal(nanos) / times.NANOS,
    }[part]
    return sign * found


def add_months(text: str, months: int) -> str:
    """
    Move a date by months as ADD_MONTHS does: the last day stays the last.
    """
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    last = day == calendar.monthrange(year, month)[1]
    index = year * 12 + month - 1 + months
    if not 12 <= index < 120_000:
        raise Refusal(1841)
    year, month = index // 12, index % 12 + 1
    most = calendar.monthrange(year, month)[1]
    return f"{year:04d}-{month:02d}-{most if last else min(day, most):02d}{text[10:]}"


def last_day(text: str) -> str:
    """
    Move to the month's last day.
    """
    most = calendar.monthrange(int(text[:4]), int(text[5:7]))[1]
    return f"{text[:8]}{most:02d}{text[10:]}"


def months_between(later: str, earlier: str) -> Decimal:
    """
    Count months as MONTHS_BETWEEN does: whole ones between same or last days, else by 31 days each.
    """
    whole = (int(later[:4]) - int(earlier[:4])) * 12 + int(later[5:7]) - int(earlier[5:7])
    if later[8:10] == earlier[8:10] or (later == last_day(later) and earlier == last_day(earlier)):
        return Decimal(whole)
    days = int(later[8:10]) - int(earlier[8:10])
    clock = (
        times.to_nanos("0001-01-01" + later[10:]) - times.to_nanos("0001-01-01" + earlier[10:])
    ) // times.NANOS
    return Decimal(whole) + (Decimal(days) + Decimal(clock) / 86_400) / 31


_UNITS = {
    **dict.fromkeys(("YEAR", "YYYY", "YY", "Y", "YYY", "SYYYY", "SYEAR"), "year"),
    **dict.fromkeys(("MONTH", "MON", "MM", "RM"), "month"),
    **dict.fromkeys(("DDD", "DD", "J"), "day"),
    **dict.fromkeys(("HH", "HH12", "HH24"), "hour"),
    **dict.fromkeys(("DAY", "DY", "D"), "week"),
    "MI": "minute",
    "Q": "quarter",
    "IW": "iso week",
}


def truncate(text: str, unit: str) -> str:
    """
    Cut a time to a unit; an unknown one is ORA-01898.
    """
    name = _UNITS.get(unit.upper())
    at = datetime.fromisoformat(text[:10])
    if name == "year":
        return f"{text[:4]}-01-01 00:00:00.000000000"
    if name == "quarter":
        return f"{text[:4]}-{(at.month - 1) // 3 * 3 + 1:02d}-01 00:00:00.000000000"
    if name == "month":
        return f"{text[:7]}-01 00:00:00.000000000"
    if name in {"week", "iso week"}:
        back = at.weekday() if name == "iso week" else at.isoweekday() % 7
        return f"{(at - timedelta(days=back)).date().isoformat()} 00:00:00.000000000"
    ends = {"day": 10, "hour": 13, "minute": 16}
    if name not in ends:
        raise Refusal(1898)
    return text[: ends[name]] + " 00:00:00.000000000"[ends[name] - 10 :]


def round_to(text: str, unit: str) -> str:
    """
    Round a time to a unit, half up.
    """
    low = truncate(text, unit)
    high = _next(low, _UNITS[unit.upper()])
    name = _UNITS[unit.upper()]
    if name == "year":
        return high if int(text[5:7]) >= 7 else low
    if name == "month":
        return high if int(text[8:10]) >= 16 else low
    middle = (times.to_nanos(low) + times.to_nanos(high)) // 2
    return high if times.to_nanos(text) >= middle else low


def _next(text: str, name: str) -> str:
    if name in {"year", "quarter", "month"}:
        return add_months(text, {"year": 12, "quarter": 3, "month": 1}[name])
    days = {"day": 1, "week": 7, "iso week": 7}.get(name)
    nanos = {"hour": 3600, "minute": 60}.get(name, 0) * times.NANOS
    return times.shift(text, days * 86_400 * times.NANOS if days else nanos)
