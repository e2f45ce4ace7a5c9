"""
Rows that gather as columns: what the compiled decoder takes of a stream, and how its rows go out again.

Where a C compiler was at hand when the program was installed, lines are decoded straight into the columns of
an Arrow batch, which the driver binds without a Python object a value. What the decoder takes is a part of
what decoder.py takes, with the same meaning; every other line goes that way, and its row is appended here.
Without the compiled part all lines go that way. See docs/decisions/0012-compiled-decoder.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, overload

from target_oracle.moments import UTC

# What the compiled part must call itself; one that was built from other sources is left alone.
INTERFACE: Final = 3


def _compiled() -> Any:
    """
    Return the compiled part; None where the program was installed without one.
    """
    try:
        from target_oracle import _columns  # noqa: PLC0415  # it may not be there
    except ImportError:
        return None
    return _columns if getattr(_columns, "INTERFACE", None) == INTERFACE else None


compiled: Final[Any] = _compiled()

if TYPE_CHECKING:
    from target_oracle.oracle.types import Column

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# Lines that were refused before it is asked whether they are too many, and of how many one is.
_MANY: Final = 200
_OFTEN: Final = 10


class KeptLines(Sequence[bytes]):
    """
    The lines of rows, each a place in the bytes that were read until somebody asks for it.
    """

    def __init__(self, lines: Any) -> None:
        self.kept = lines

    def __len__(self) -> int:  # noqa: D105  # as of any sequence
        return len(self.kept)

    def __iter__(self) -> Iterator[bytes]:  # noqa: D105  # as of any sequence
        return iter(self.kept)

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:  # noqa: D105  # as of any sequence
        if isinstance(place, slice):
            return [self.kept[n] for n in range(*place.indices(len(self.kept)))]
        line: bytes = self.kept[place]
        return line


class KeptNumbers(Sequence[int]):
    """
    The input line numbers of rows.
    """

    def __init__(self, lines: Any) -> None:
        self._lines = lines

    def __len__(self) -> int:  # noqa: D105  # as of any sequence
        return len(self._lines)

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> list[int]: ...

    def __getitem__(self, place: int | slice) -> int | list[int]:  # noqa: D105  # as of any sequence
        if isinstance(place, slice):
            return [self._lines.number(n) for n in range(*place.indices(len(self._lines)))]
        number: int = self._lines.number(place if place >= 0 else place + len(self._lines))
        return number


class Layout:
    """
    How rows of one version of a stream gather: *plan*, and the *columns* in their order.

    *days* are the positions of dates, *constants* those of columns that hold one number in every row of a
    run. It is *usable* until columns turn out not to be the way for the
    stream: where the database refuses them, a value has no place in them, or the compiled decoder takes few
    of the lines. *taken* are the lines that it took.
    """

    def __init__(
        self, plan: Any, columns: Sequence[Column], days: frozenset[int], constants: Mapping[int, int]
    ) -> None:
        self.plan = plan
        self.columns = tuple(columns)
        self.days = days
        self.constants = constants
        self.usable = True
        self.taken = 0
        self._refused = 0

    def refuse(self) -> None:
        """
        Note that a line of the stream was left to the slow way.
        """
        self._refused += 1
        if self._refused >= _MANY and self._refused * _OFTEN > self.taken:
            self.usable = False

    def gather(self, most_rows: int, most_size: int) -> ColumnRows:
        """
        Return columns without rows; a scanner adds up to *most_rows* rows or *most_size* bytes of lines.
        """
        return ColumnRows(self, compiled.Columns(self.plan, most_rows, most_size))


class ColumnRows:
    """
    Rows as columns. *gathered* is what a scanner adds to; once they are a `stream` they take no more.
    """

    def __init__(self, layout: Layout, gathered: Any) -> None:
        self.layout = layout
        self.gathered = gathered

    def __len__(self) -> int:  # noqa: D105  # rows
        return len(self.gathered)

    @property
    def empty(self) -> int:
        """
        How many texts that were scanned became NULL.
        """
        empty: int = self.gathered.empty
        return empty

    @property
    def constants(self) -> Mapping[int, int]:
        """
        The numbers that every row of the run has, by the positions of their columns.
        """
        return self.layout.constants

    @property
    def filled(self) -> frozenset[int]:
        """
        The positions of columns in which at least one row has a value.
        """
        return frozenset(self.gathered.filled)

    @property
    def lines(self) -> KeptLines:
        """
        The lines that the rows came from.
        """
        return KeptLines(self.gathered.lines)

    @property
    def numbers(self) -> KeptNumbers:
        """
        The input line numbers of the rows.
        """
        return KeptNumbers(self.gathered.lines)

    def append(self, row: Sequence[Any], line: bytes, number: int) -> None:
        """
        Append *row*, ready to be bound; raise OverflowError for a value that has no place among columns.
        """
        values = (
            None if value is None else _plain(value, day=place in self.layout.days)
            for place, value in enumerate(row)
        )
        self.gathered.append(tuple(values), line, number)

    def fill(self, values: Sequence[Any]) -> None:
        """
        Set the columns behind those of the record and its message, for all rows since the last time.
        """
        self.gathered.fill(tuple(_plain(value, day=False) for value in values))

    def last(self, keys: Sequence[int]) -> ColumnRows:
        """
        Return the last row of each key, whose columns stand at the positions *keys*.
        """
        return ColumnRows(self.layout, self.gathered.last(tuple(keys)))

    def stream(self, order: Sequence[int], first: int | None = None) -> ArrowStream:
        """
        Return the columns in *order* as the driver takes them, and behind them numbers from *first* on.

        Raise OverflowError where a column's decimals have no common scale within 38 digits.
        """
        return ArrowStream(self.gathered.export(tuple(order), first))


class ArrowStream:
    """
    A table of Arrow that is given out once (the Arrow PyCapsule interface).
    """

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """
        Return the capsule.
        """
        return self._capsule


def _plain(value: Any, *, day: bool) -> Any:
    """
    Return a bind value as the compiled part takes it: text as UTF-8, a time as a count from 1970 on.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, Decimal):
        return format(value, "f").encode()
    if isinstance(value, datetime):
        micros = ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND
        return _milliseconds(micros) if day else micros
    if isinstance(value, date):
        return (value.toordinal() - _EPOCH.toordinal()) * 86_400_000
    return value


def _milliseconds(micros: int) -> int:
    whole, rest = divmod(micros, 1_000_000)
    if rest:
        raise OverflowError("a date among columns has whole seconds")
    return whole * 1000
