"""
Text functions as Oracle counts: positions from 1, negative ones from the end, '' is NULL.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tests.standin.refusal import Refusal


@lru_cache(maxsize=512)
def _pattern(pattern: str, escape: str) -> re.Pattern[str]:
    made: list[str] = []
    marks = iter(pattern)
    for mark in marks:
        if escape and mark == escape:
            escaped = next(marks, None)
            if escaped is None or escaped not in {"%", "_", escape}:
                raise Refusal(1424)
            made.append(re.escape(escaped))
        else:
            made.append({"%": ".*", "_": "."}.get(mark) or re.escape(mark))
    return re.compile("".join(made), re.DOTALL)


def like(value: str, pattern: str, escape: str = "") -> int:
    """
    Match a text by % and _.
    """
    if len(escape) > 1:
        raise Refusal(1425)
    return int(_pattern(pattern, escape).fullmatch(value) is not None)


def substr(value: str, start: int, length: int | None = None) -> str | None:
    """
    Cut a text: from *start*, 0 being 1, negative from the end.
    """
    if length is not None and length < 1:
        return None
    begin = start - 1 if start > 0 else (len(value) + start if start else 0)
    if begin < 0 or begin >= len(value):
        return None
    return value[begin:] if length is None else value[begin : begin + length]


def instr(value: str, part: str, start: int = 1, nth: int = 1) -> int:
    """
    Find the *nth* place of a part, from *start*; a negative one searches backwards; 0 for none.
    """
    if nth < 1:
        raise Refusal(1428)
    if start == 0:
        return 0
    at = start - 1 if start > 0 else len(value) + start
    while at >= 0:
        at = value.find(part, at) if start > 0 else value.rfind(part, 0, at + len(part))
        if at < 0:
            return 0
        nth -= 1
        if not nth:
            return at + 1
        at += 1 if start > 0 else -1
    return 0


def pad(value: str, length: int, filler: str, *, left: bool) -> str | None:
    """
    Fill a text to a length, or cut it.
    """
    if length < 1:
        return None
    if len(value) >= length:
        return value[:length]
    fill = (filler * length)[: length - len(value)]
    return fill + value if left else value + fill


def translate(value: str, old: str, new: str) -> str | None:
    """
    Replace characters one by one; those without a counterpart go.
    """
    table: dict[int, str | None] = {}
    for n, mark in enumerate(old):
        table.setdefault(ord(mark), new[n] if n < len(new) else None)
    return value.translate(table) or None


def initcap(value: str) -> str:
    """
    Capitalise each word.
    """
    return re.sub(r"[^\W_]+", lambda word: word.group().capitalize(), value)


def unistr(value: str) -> str:
    """
    Read a backslash and four hexadecimal digits as a UTF-16 code unit; a backslash alone is ORA-30186.
    """

    def unit(match: re.Match[str]) -> str:
        if match[1] is None:
            raise Refusal(30186)
        return "\\" if match[1] == "\\" else chr(int(match[1], 16))

    made = re.sub(r"\\([0-9A-Fa-f]{4}|\\)?", unit, value)
    return made.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
