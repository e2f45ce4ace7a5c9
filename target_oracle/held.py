"""
Rows that another process has decoded and keeps until they are sent; here only their number is known.

Pickled on their way to that process, such rows name the pieces they come from; there they unpickle as the
rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, repeat
from operator import add
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections import deque

    from target_oracle.decoder import Decoder, Row
    from target_oracle.faults import RowFault
    from target_oracle.lanes import Lane
    from target_oracle.stream import Version

# In a process that decodes: the rows of each piece that the program may still ask for.
KEPT: Final[dict[int, list[Row]]] = {}


class Piece(msgspec.Struct, eq=False):
    """
    Lines of *version* that *holder* decodes, its piece *number*; the *report* comes once that is done.

    A piece that nobody needs any more joins those that are *forgotten*, so that its rows go, too.
    """

    number: int
    version: Version
    holder: Lane
    forgotten: deque[int]
    report: Report | None = None

    def __del__(self) -> None:
        """
        Give up the rows.
        """
        self.forgotten.append(self.number)


class Report(msgspec.Struct, frozen=True):
    """
    What became of a piece: lines at *refused* have no row.

    *changed* are the counts of a `Tally` for the rows before each of them, and behind the last.
    """

    refused: Sequence[int]
    changed: Sequence[tuple[int, int]]


class _Slice(msgspec.Struct, frozen=True):
    """
    Rows *start* to *stop* of a piece, each with *tail* behind it.
    """

    piece: Piece
    start: int
    stop: int
    tail: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return self.stop - self.start


class HeldRows(msgspec.Struct, frozen=True):
    """
    Rows in order: slices of pieces, and between them lists of rows that were made here.
    """

    parts: tuple[_Slice | list[Row], ...] = ()

    @classmethod
    def of(cls, piece: Piece, start: int, stop: int) -> HeldRows:
        """
        Return rows *start* to *stop* of *piece*.
        """
        return cls((_Slice(piece, start, stop),))

    @property
    def holder(self) -> Lane | None:
        """
        The process that keeps them; None where it is not one alone.
        """
        holders = {part.piece.holder for part in self.parts if isinstance(part, _Slice)}
        return holders.pop() if len(holders) == 1 else None

    def __len__(self) -> int:
        """
        Return how many they are.
        """
        return sum(map(len, self.parts))

    def with_rows(self, more: list[Row] | HeldRows) -> HeldRows:
        """
        Return these rows and *more* behind them.
        """
        return HeldRows((*self.parts, *(more.parts if isinstance(more, HeldRows) else (more,))))

    def tailed(self, tail: tuple[Any, ...]) -> HeldRows:
        """
        Return the rows with *tail* behind each.
        """
        return HeldRows(tuple(_tailed(part, tail) for part in self.parts))

    def finish(self, decoder: Decoder) -> tuple[HeldRows, dict[int, RowFault]]:
        """
        As `Decoder.finish`; the rows of pieces are finished already.
        """
        here: list[Row] = []
        places: list[int] = []
        for start, part in self._placed():
            if isinstance(part, list):
                here += part
                places += range(start, start + len(part))
        if not here:
            return self, {}
        finished, found = decoder.finish(here)
        rows = iter(finished)
        parts = (list(islice(rows, len(part))) if isinstance(part, list) else part for part in self.parts)
        return HeldRows(tuple(parts)), {places[n]: fault for n, fault in found.items()}

    def without(self, positions: set[int]) -> HeldRows:
        """
        Return all rows but those at *positions*, which are none of a piece's.
        """
        parts = (
            [row for n, row in enumerate(part, start) if n not in positions]
            if isinstance(part, list)
            else part
            for start, part in self._placed()
        )
        return HeldRows(tuple(parts))

    def _placed(self) -> Iterator[tuple[int, _Slice | list[Row]]]:
        """
        Yield each part with the position of its first row.
        """
        starts = accumulate(map(len, self.parts), initial=0)
        return zip(starts, self.parts, strict=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """
        Travel as names of pieces; see `_gathered`.
        """
        named = [
            part if isinstance(part, list) else (part.piece.number, part.start, part.stop, part.tail)
            for part in self.parts
        ]
        return _gathered, (named,)


def _tailed(part: _Slice | list[Row], tail: tuple[Any, ...]) -> _Slice | list[Row]:
    if isinstance(part, list):
        return list(map(add, part, repeat(tail)))
    return replace(part, tail=part.tail + tail)


def _gathered(named: list[list[Row] | tuple[int, int, int, tuple[Any, ...]]]) -> list[Row]:
    """
    In the process that keeps them, return the rows that are *named*.
    """
    rows: list[Row] = []
    for part in named:
        if isinstance(part, list):
            rows += part
            continue
        number, start, stop, tail = part
        found = KEPT[number][start:stop]
        rows += map(add, found, repeat(tail)) if tail else found
    return rows
