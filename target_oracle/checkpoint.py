"""
Rows in batches, batches in a checkpoint: what one transaction holds and what is kept to replay it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate, chain, repeat
from operator import add
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from target_oracle.columnar import ColumnRows
from target_oracle.faults import RowFault
from target_oracle.held import HeldRows
from target_oracle.metadata import of_moment, utc_now

if TYPE_CHECKING:
    from target_oracle.decoder import Row
    from target_oracle.spool import Spool
    from target_oracle.stream import Version


class Reject(msgspec.Struct, frozen=True):
    """
    One line that is not stored, and why; *stream* is None when the line does not tell it.
    """

    stream: str | None
    line: int
    code: str
    why: str
    column: str | None
    raw: bytes


class Batch(msgspec.Struct):
    """
    Rows of one stream for one array DML, each with the line that it came from.

    *lines* outlive *rows*: once sent, rows are dropped, and a replay reads the lines again. *spans* are
    runs of line numbers, as long together as *lines*. *received* is when the first of them was read.
    *empty* texts became NULL, and *rounded* fractions lost digits. Rows that gather as columns keep lines
    and numbers themselves.
    """

    version: Version
    received: datetime
    rows: list[Row] | HeldRows | ColumnRows | None = msgspec.field(default_factory=list)
    lines: Sequence[bytes] = msgspec.field(default_factory=list)
    spans: list[Sequence[int]] = msgspec.field(default_factory=list)
    size: int = 0
    moments: list[tuple[int, tuple[Any, ...]]] = msgspec.field(default_factory=list)
    empty: int = 0
    rounded: int = 0

    @classmethod
    def of_columns(cls, version: Version, received: datetime, rows: ColumnRows) -> Batch:
        """
        Return a batch whose rows gather as columns.
        """
        return cls(version, received, rows, rows.lines, [rows.numbers])

    def __len__(self) -> int:  # noqa: D105  # rows, sent or not
        return len(self.lines)

    def add(self, rows: list[Row] | HeldRows, lines: Sequence[bytes], numbers: Sequence[int]) -> int:
        """
        Append *rows* and where they came from; return the bytes of their lines.
        """
        assert self.rows is not None  # noqa: S101  # only a batch that was sent has none
        assert isinstance(self.lines, list)  # noqa: S101  # columns have `append`
        if self.version.metadata:
            moment = self._moment(len(rows))
            rows = rows.tailed(moment) if isinstance(rows, HeldRows) else list(map(add, rows, repeat(moment)))
        if isinstance(rows, list) and isinstance(self.rows, list):
            self.rows += rows
        else:
            self.rows = HeldRows().with_rows(cast("list[Row] | HeldRows", self.rows)).with_rows(rows)
        self.lines += lines
        self.spans.append(numbers)
        size = sum(map(len, lines))
        self.size += size
        return size

    def gathered(self, rows: int, size: int) -> None:
        """
        Note that so many *rows* have come to the columns, from lines of *size* bytes.
        """
        assert isinstance(self.rows, ColumnRows)  # noqa: S101  # whose scanner added them
        if self.version.metadata:
            self.rows.fill(self._moment(rows))
        self.size += size

    def append(self, apart: Batch) -> int:
        """
        Append to the columns the rows of *apart*, which were read and finished in another way.

        Return how many of them are in: a value that has no place among columns ends it.
        """
        assert isinstance(self.rows, ColumnRows)  # noqa: S101  # others have `add`
        numbers = (number for span in apart.spans for number in span)
        taken = zip(cast("list[Row]", apart.rows), apart.lines, numbers, strict=True)
        for place, (row, line, number) in enumerate(taken):
            try:
                self.rows.append(row, line, number)
            except OverflowError:
                return place
            self.gathered(1, len(line))
        self.empty += apart.empty
        self.rounded += apart.rounded
        return len(apart)

    def unpack(self) -> None:
        """
        Turn columns into rows, which take every value; they are read from their lines again.
        """
        assert isinstance(self.rows, ColumnRows)  # noqa: S101  # others are unpacked
        numbers = list(self.rows.numbers)
        self.lines = list(self.lines)
        self.rows = self.with_moments(self.version.decoder.any_rows(self.lines))
        self.spans = [numbers]
        self.empty = self.rounded = 0

    def _moment(self, rows: int) -> tuple[Any, ...]:
        """
        Note that so many *rows* were received just now, and return what metadata say of that.
        """
        moment = of_moment(utc_now(), self.received)
        self.moments.append((rows, moment))
        return moment

    def finish(self) -> dict[int, RowFault]:
        """
        Make the rows ready to be bound; return the faults of those that are not, by position.
        """
        decoder, faults = self.version.decoder, dict[int, RowFault]()
        if isinstance(self.rows, ColumnRows):
            self.empty += self.rows.empty
        elif isinstance(self.rows, HeldRows):
            self.rows, faults = self.rows.finish(decoder)
        else:
            self.rows, faults = decoder.finish(self.rows or [])
        empty, rounded = self.version.tally.take()
        self.empty += empty
        self.rounded += rounded
        return faults

    def with_moments(self, rows: list[Row]) -> list[Row]:
        """
        Return *rows*, read again from all lines, with the metadata that they had the first time.
        """
        if not self.version.metadata:
            return rows
        moments = chain.from_iterable(repeat(moment, count) for count, moment in self.moments)
        return list(map(add, rows, moments))

    def after(self, line: int) -> list[tuple[int, bytes]]:
        """
        Return the lines behind input line *line*, numbered.
        """
        if all(len(span) == 0 or span[-1] <= line for span in self.spans):
            return []
        numbers = (number for span in self.spans for number in span)
        return [(number, text) for number, text in zip(numbers, self.lines, strict=True) if number > line]

    def number(self, position: int) -> int:
        """
        Return the input line number of the row at *position*.
        """
        ends = list(accumulate(map(len, self.spans)))
        span = bisect_right(ends, position)
        return self.spans[span][position - (ends[span] - len(self.spans[span]))]

    def reject(self, position: int, fault: RowFault) -> Reject:
        """
        Return the reject that *fault* makes of the row at *position*.
        """
        return Reject(
            self.version.stream,
            self.number(position),
            fault.code,
            fault.why,
            fault.column,
            self.lines[position],
        )

    def part(self, start: int, stop: int) -> Batch:
        """
        Return a batch of the rows from *start* to *stop*, their lines and numbers without rows.
        """
        numbers = [number for span in self.spans for number in span][start:stop]
        return Batch(self.version, self.received, None, list(self.lines[start:stop]), [numbers])

    def spool(self, spool: Spool) -> None:
        """
        Move the lines to disk; they stay readable, and the batch takes no more rows.
        """
        self.lines = cast("list[bytes]", spool.keep(self.lines))  # from here on only read

    def without(self, positions: set[int]) -> None:
        """
        Drop the rows at *positions* and what was kept of them.
        """
        keep = [n for n in range(len(self.lines)) if n not in positions]
        numbers = [number for span in self.spans for number in span]
        self.moments = [(1, moment) for moment in self._moments_of(keep)]
        if isinstance(self.rows, HeldRows):
            self.rows = self.rows.without(positions)
        elif self.rows is not None:
            self.rows = [self.rows[n] for n in keep]  # type: ignore[index]  # columns have no faults
        self.lines = [self.lines[n] for n in keep]
        self.spans = [[numbers[n] for n in keep]]

    def _moments_of(self, positions: Sequence[int]) -> list[tuple[Any, ...]]:
        every = [moment for count, moment in self.moments for _ in range(count)]
        return [every[n] for n in positions] if every else []


class Outcome(msgspec.Struct):
    """
    What became of the rows of one batch.
    """

    inserted: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    deleted: int = 0
    deduplicated: int = 0
    rejects: list[Reject] = msgspec.field(default_factory=list)
    way: str = ""  # how rows with keys were written: array or staged

    def add(self, other: Outcome) -> None:
        """
        Add what became of other rows of the same batch.
        """
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejects += other.rejects
        self.way = other.way or self.way


# What a row can become, a reject apart.
COUNTS: Final = ("inserted", "updated", "merged", "unchanged", "deleted", "deduplicated")
