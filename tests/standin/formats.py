"""
Format models: dates to text and back as TO_CHAR, TO_DATE and TO_TIMESTAMP do, numbers to text, and literals.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.standin import decimals, times
from tests.standin.refusal import Refusal, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

MONTHS = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER".split()
DAYS = "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY".split()

_ELEMENT = re.compile(
    r'(?P<literal>"[^"]*")|(?P<word>SYYYY|YYYY|YYY|YY|Y|RRRR|RR|MONTH|MON|MM|MI|DDD|DD|DAY|DY|D|HH24|HH12|HH|SSSSS|SS'
    r"|FF[1-9]|FF|AM|PM|A\.M\.|P\.M\.|TZH|TZM|TZR|FM|FX|IYYY|IW|WW|W|Q|J|X)|(?P<mark>[-/,.;: ])|(?P<T>T)",
    re.IGNORECASE,
)
_LITERAL_DATE = re.compile(r"\s*(\d{1,4})-(\d{1,2})-(\d{1,2})\s*$")
_LITERAL_TIMESTAMP = re.compile(
    r"\s*(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?)?\s*"
    r"(?:([+-]\d{1,2}:\d{2})|(UTC|GMT|Z))?\s*$"
)


@lru_cache(maxsize=256)
def elements(model: str) -> tuple[tuple[str, str], ...]:
    """
    Cut a date format into elements: (word, spelling); one that is none is ORA-01821.
    """
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(model):
        match = _ELEMENT.match(model, at)
        if match is None or match.lastgroup == "T":
            raise Refusal(1821)
        kind, text = match.lastgroup or "", match.group()
        if kind == "literal":
            found.append(("literal", text[1:-1]))
        else:
            found.append(("literal" if kind == "mark" else text.upper(), text))
        at = match.end()
    return tuple(found)


def write(text: str, model: str, offset: str = "+00:00") -> str:
    """
    Write a time, a wall clock, by a format.

    >>> write("2024-02-03 04:05:06.700000000", "DD-MON-RR HH24:MI:SS.FF3")
    '03-FEB-24 04:05:06.700'
    """
    moment = datetime.fromisoformat(text[:19])
    fill = True
    made: list[str] = []
    for word, spelling in elements(model):
        if word == "FM":
            fill = not fill
        elif word == "literal":
            made.append(spelling)
        elif word != "FX":
            part = _written(word, moment, text[20:29], offset)
            made.append(_cased(part if fill else _unfilled(word, part), spelling))
    return "".join(made)


def _unfilled(word: str, part: str) -> str:
    return part.rstrip() if word in {"MONTH", "DAY"} else part.lstrip("0") or "0"


def _cased(part: str, spelling: str) -> str:
    if not part[:1].isalpha() or spelling.isupper():
        return part
    return part.capitalize() if spelling[:1].isupper() else part.lower()


def _written(word: str, at: datetime, fraction: str, offset: str) -> str:
    half = "AM" if at.hour < 12 else "PM"
    if word.startswith("FF"):
        return fraction[: int(word[2:] or 6)]
    made: dict[str, Callable[[], str]] = {
        "SYYYY": lambda: f" {at.year:04d}",
        "YYYY": lambda: f"{at.year:04d}",
        "RRRR": lambda: f"{at.year:04d}",
        "YYY": lambda: f"{at.year % 1000:03d}",
        "YY": lambda: f"{at.year % 100:02d}",
        "RR": lambda: f"{at.year % 100:02d}",
        "Y": lambda: str(at.year % 10),
        "IYYY": lambda: f"{at.isocalendar()[0]:04d}",
        "IW": lambda: f"{at.isocalendar()[1]:02d}",
        "MM": lambda: f"{at.month:02d}",
        "MONTH": lambda: MONTHS[at.month - 1].ljust(9),
        "MON": lambda: MONTHS[at.month - 1][:3],
        "DD": lambda: f"{at.day:02d}",
        "DDD": lambda: f"{at.timetuple().tm_yday:03d}",
        "DAY": lambda: DAYS[at.weekday()].ljust(9),
        "DY": lambda: DAYS[at.weekday()][:3],
        "D": lambda: str(at.isoweekday() % 7 + 1),
        "WW": lambda: f"{(at.timetuple().tm_yday - 1) // 7 + 1:02d}",
        "W": lambda: str((at.day - 1) // 7 + 1),
        "Q": lambda: str((at.month - 1) // 3 + 1),
        "J": lambda: str(at.toordinal() + 1721425),
        "HH24": lambda: f"{at.hour:02d}",
        "HH": lambda: f"{(at.hour + 11) % 12 + 1:02d}",
        "HH12": lambda: f"{(at.hour + 11) % 12 + 1:02d}",
        "MI": lambda: f"{at.minute:02d}",
        "SS": lambda: f"{at.second:02d}",
        "SSSSS": lambda: f"{at.hour * 3600 + at.minute * 60 + at.second:05d}",
        "X": lambda: ".",
        "AM": lambda: half,
        "PM": lambda: half,
        "A.M.": lambda: f"{half[0]}.M.",
        "P.M.": lambda: f"{half[0]}.M.",
        "TZH": lambda: offset[:3],
        "TZM": lambda: offset[4:6],
        "TZR": lambda: offset,
    }
    return made[word]()


#: Digits of the elements that read numbers, and what is out of their range.
_NUMBERS = {
    "YYYY": (4, 0, 9999, 1841),
    "SYYYY": (4, 0, 9999, 1841),
    "RRRR": (4, 0, 9999, 1841),
    "YYY": (3, 0, 999, 1841),
    "YY": (2, 0, 99, 1841),
    "RR": (2, 0, 99, 1841),
    "Y": (1, 0, 9, 1841),
    "MM": (2, 1, 12, 1843),
    "DD": (2, 1, 31, 1847),
    "DDD": (3, 1, 366, 1848),
    "HH24": (2, 0, 23, 1850),
    "HH12": (2, 1, 12, 1849),
    "HH": (2, 1, 12, 1849),
    "MI": (2, 0, 59, 1851),
    "SS": (2, 0, 59, 1852),
    "SSSSS": (5, 0, 86399, 1853),
}


class _Reading:
    """
    A text being read by a format: its place and what was found.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, int] = {}
        self.fraction = ""
        self.zone: str | None = None

    def digits(self, most: int) -> str:
        """
        Take up to *most* digits; none of them is ORA-01858, no text left ORA-01840.
        """
        start = self.at
        while self.at < len(self.text) and self.at - start < most and self.text[self.at] in "0123456789":
            self.at += 1
        if self.at == start:
            raise Refusal(1840 if start >= len(self.text) else 1858, value=self.text)
        return self.text[start : self.at]

    def one_of(self, names: list[str], code: int) -> int:
        """
        Take one of several names; its number from 1.
        """
        rest = self.text[self.at :].upper()
        for number, name in enumerate(names, 1):
            if rest.startswith(name):
                self.at += len(name)
                return number
        raise Refusal(code, value=self.text)

    def separator(self, mark: str) -> None:
        """
        Take what stands for a mark of the format: any punctuation does for any.
        """
        if self.at >= len(self.text):
            return
        here = self.text[self.at]
        if mark.isalnum():
            if here != mark:
                raise Refusal(1861, value=self.text)
            self.at += 1
        elif not here.isalnum():
            self.at += 1
        elif mark != " ":
            raise Refusal(1861, value=self.text)

    def blanks(self) -> None:
        """
        Skip blanks.
        """
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1


def read(text: str, model: str, today: date) -> tuple[str, str | None]:
    """
    Read a time by a format: its wall clock, and its zone where the format has one.

    Missing parts are the first of *today*'s month. Refusals are Oracle's: ORA-01830, 01840, 01841, 01843,
    01847, 01839, 01850 to 01853, 01858, 01861.
    """
    reading = _Reading(text.rstrip(" "))
    reading.blanks()
    for word, spelling in elements(model):
        if word == "literal":
            for mark in spelling:
                reading.separator(mark)
        else:
            _read_element(reading, word)
    if reading.at < len(reading.text):
        raise Refusal(1830, value=text, model=model)
    return _assemble(reading, today), reading.zone


def _read_element(r: _Reading, word: str) -> None:
    if word in {"FM", "FX"}:
        return
    if word not in {"AM", "PM", "A.M.", "P.M.", "X"} and not word.startswith("FF"):
        r.blanks()
    if word in _NUMBERS:
        most, low, high, code = _NUMBERS[word]
        digits = r.digits(most)
        if not low <= int(digits) <= high:
            raise Refusal(code, value=r.text)
        r.found[word] = int(digits)
        r.found[word + " digits"] = len(digits)
    elif word.startswith("FF"):
        if r.at < len(r.text) and r.text[r.at].isdigit():
            r.fraction = r.digits(int(word[2:] or 9))
    else:
        _read_name(r, word)


def _read_name(r: _Reading, word: str) -> None:
    if word in {"MON", "MONTH"}:
        names = [name[:3] for name in MONTHS] if word == "MON" else MONTHS
        r.found["MM"] = r.one_of(names, 1843)
    elif word in {"DY", "DAY"}:
        r.one_of([name[:3] for name in DAYS] if word == "DY" else DAYS, 1846)
    elif word in {"AM", "PM", "A.M.", "P.M."}:
        dotted = "." in word
        r.found["half"] = r.one_of(["A.M.", "P.M."] if dotted else ["AM", "PM"], 1855)
    elif word == "X":
        r.separator(".")
    elif word == "TZH":
        sign = r.text[r.at : r.at + 1] if r.text[r.at : r.at + 1] in {"+", "-"} else ""
        r.at += len(sign)
        r.zone = f"{sign or '+'}{int(r.digits(2)):02d}:00"
    elif word == "TZM":
        r.zone = f"{(r.zone or '+00:00')[:3]}:{int(r.digits(2)):02d}"
    elif word == "TZR":
        r.zone = r.text[r.at :]
        r.at = len(r.text)
    else:
        raise Refusal(1820)


def _assemble(r: _Reading, today: date) -> str:
    year = _year(r.found, today)
    month = r.found.get("MM", today.month)
    day = r.found.get("DD", 1)
    seconds = r.found.get("SSSSS")
    hour, minute, second = _hour(r.found), r.found.get("MI", 0), r.found.get("SS", 0)
    if seconds is not None:
        hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    if "DDD" in r.found:
        start = date(year, 1, 1) + timedelta(days=r.found["DDD"] - 1)
        month, day = start.month, start.day
    clock = f"{hour:02d}:{minute:02d}:{second:02d}.{r.fraction.ljust(9, '0')}"
    return times.checked(f"{year:04d}-{month:02d}-{day:02d} {clock}")


def _year(found: dict[str, int], today: date) -> int:
    for word in ("YYYY", "SYYYY"):
        if word in found:
            return found[word]
    for word in ("RRRR", "RR"):
        if word in found:
            year = found[word]
            return year if found[word + " digits"] > 2 else year + _rounded_century(year, today)
    for word, unit in (("YYY", 1000), ("YY", 100), ("Y", 10)):
        if word in found:
            return today.year // unit * unit + found[word]
    return today.year


def _rounded_century(year: int, today: date) -> int:
    century = today.year // 100 * 100
    if year < 50 <= today.year % 100:
        return century + 100
    if today.year % 100 < 50 <= year:
        return century - 100
    return century


def _hour(found: dict[str, int]) -> int:
    if "HH24" in found:
        return found["HH24"]
    hour = found.get("HH12", found.get("HH", 0))
    if "half" in found:
        return hour % 12 + (12 if found["half"] == 2 else 0)
    return hour


def date_literal(text: str) -> str:
    """
    Read DATE '2024-01-31'.
    """
    match = _LITERAL_DATE.match(text)
    if match is None:
        raise Refusal(1861, value=text)
    year, month, day = (int(part) for part in match.groups())
    if not 1 <= month <= 12:
        raise Refusal(1843, value=text)
    if not 1 <= day <= 31:
        raise Refusal(1847, value=text)
    return times.checked(f"{year:04d}-{month:02d}-{day:02d} 00:00:00.000000000")


def timestamp_literal(text: str) -> str:
    """
    Read TIMESTAMP '2024-01-31 23:59:59.5 +01:00'; with a zone 35 characters, without 29.
    """
    match = _LITERAL_TIMESTAMP.match(text)
    if match is None:
        raise Refusal(1861, value=text)
    year, month, day, hour, minute, second, fraction, offset, zone = match.groups()
    clock = (
        f"{int(hour or 0):02d}:{int(minute or 0):02d}:{int(second or 0):02d}.{(fraction or '').ljust(9, '0')}"
    )
    start = date_literal(f"{year}-{month}-{day}")
    for part, most, code in ((hour, 23, 1850), (minute, 59, 1851), (second, 59, 1852)):
        if int(part or 0) > most:
            raise Refusal(code, value=text)
    wall = f"{start[:10]} {clock}"
    if offset or zone:
        return times.zoned(wall, times.parse_offset(offset or zone))
    return wall


UNITS = {"DAY": 86_400, "HOUR": 3_600, "MINUTE": 60, "SECOND": 1}


def days_literal(text: str, first: str, last: str) -> Decimal:
    """
    Read INTERVAL '1 2:03:04.5' DAY TO SECOND and its shorter forms, as nanoseconds.
    """
    bare = text.strip()
    sign = -1 if bare.startswith("-") else 1
    units = list(UNITS)
    names = units[units.index(first) : units.index(last) + 1] if first in units and last in units else []
    parts = [part for part in re.split(r"[ :]+", bare.lstrip("+-")) if part]
    if not names or len(parts) != len(names):
        raise Refusal(1867)
    total = Decimal(0)
    for name, part in zip(names, parts, strict=True):
        if not re.fullmatch(r"\d+(\.\d{1,9})?" if name == "SECOND" else r"\d+", part):
            raise Refusal(1867)
        total += Decimal(part) * UNITS[name]
    return sign * total * times.NANOS


def months_literal(text: str, first: str, last: str) -> Decimal:
    """
    Read INTERVAL '1-2' YEAR TO MONTH and its shorter forms, as months.
    """
    match = re.fullmatch(r"\s*([+-]?)(\d+)(?:-(\d+))?\s*", text)
    if match is None or (match[3] is not None) != (first != last):
        raise Refusal(1867)
    months = int(match[2]) * (12 if first == "YEAR" else 1) + int(match[3] or 0)
    return Decimal(-months if match[1] == "-" else months)


def days_text(nanos: Decimal, digits: int = 6) -> str:
    """
    Write an interval: +000000001 02:03:04.500000.
    """
    seconds, fraction = divmod(abs(int(nanos)), times.NANOS)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{'-' if nanos < 0 else '+'}{days:09d} {clock}.{f'{fraction:09d}'[:digits]}"


def months_text(months: Decimal) -> str:
    """
    Write an interval: +000000001-02.
    """
    count = abs(int(months))
    return f"{'-' if months < 0 else '+'}{count // 12:09d}-{count % 12:02d}"


def write_number(value: Decimal, model: str) -> str:
    """
    Write a number by a format of 9 0 . , D G S MI $ and FM; what does not fit is #s.
    """
    upper = model.upper()
    fill = not upper.startswith("FM")
    body = upper.removeprefix("FM").replace("D", ".").replace("G", ",")
    if upper in {"TM", "TM9"}:
        return decimals.text(value)
    if upper and not upper.strip("X"):
        shown = f"{int(value):X}"
        return shown.rjust(len(upper) + 1) if fill else shown
    signed = body.startswith("S")
    trailing = body.endswith("MI")
    dollar = "$" in body
    body = body.removeprefix("S").removesuffix("MI").replace("$", "")
    if not body or set(body) - set("90.,"):
        raise unsupported(f"number format {model}")
    whole, _, part = body.partition(".")
    number = _number_digits(value, whole, part, keep=fill or "0" in part)
    if number is None:
        return "#" * (len(body) + 1)
    number = ("$" if dollar else "") + number
    sign = "-" if value < 0 else ("+" if signed else " ")
    if trailing:
        return number + ("-" if value < 0 else " " * fill)
    return (sign + number).rjust(len(body) + 1 + dollar) if fill else (sign + number).strip()


def _number_digits(value: Decimal, whole: str, part: str, *, keep: bool) -> str | None:
    rounded = abs(decimals.to_scale(value, len(part)))
    digits, _, fraction = f"{rounded:f}".partition(".")
    places = whole.replace(",", "")
    digits = digits.lstrip("0")
    if len(digits) > len(places):
        return None
    first_zero = places.find("0")
    least = len(places) - first_zero if first_zero >= 0 else (0 if part else 1)
    digits = digits.rjust(least, "0")
    grouped = _grouped(digits, whole)
    fraction = fraction.ljust(len(part), "0")
    if not keep:
        fraction = fraction.rstrip("0")
    return f"{grouped}.{fraction}" if part else grouped


def _grouped(digits: str, whole: str) -> str:
    made: list[str] = []
    rest = list(digits)
    for mark in reversed(whole):
        if not rest:
            break
        made.append("," if mark == "," else rest.pop())
    return "".join(reversed(made))
