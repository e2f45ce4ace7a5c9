"""
What converters are made of: the two ways of each, the faults, the counts, and JSON text read by its kind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from target_oracle.faults import RowFault

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


class Converter(msgspec.Struct, frozen=True):
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
    relaxed: Converter | None = None

    def __repr__(self) -> str:  # noqa: D105  # *relaxed* would say it all again
        return f"Converter({self.annotation!r}, {self.read!r}, {self.finish!r})"


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


def from_raw(read: Callable[[bytes], Any], after: Finish | None = None) -> Converter:
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


# --- JSON text


def string_of(raw: bytes) -> str:
    """
    Return the text of a JSON string; a lone surrogate or broken UTF-8 is a fault of the row.
    """
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise RowFault("TEXT", "the text is no Unicode: it holds a lone surrogate or broken UTF-8") from fault


def utf8_of(raw: bytes) -> str:
    """
    Return JSON text as it is written; broken UTF-8 is a fault of the row.
    """
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
    return _BY_FIRST_BYTE.get(raw[:1], "number")


_BY_FIRST_BYTE: Final = {
    b'"': "string",
    b"{": "object",
    b"[": "array",
    b"t": "boolean",
    b"f": "boolean",
    b"n": "null",
}


def python_type(value: Any) -> str:
    """
    Return the JSON type of a decoded value.
    """
    names = {str: "string", bool: "boolean", dict: "object", list: "array"}
    return names.get(type(value), "number")
