"""
Reading ahead for processes that decode: lines are given out before their turn comes.

When it has come they are taken in the order of the input, as ever, only that the rows of most are already
there, in the process that will send them. What that process refused, what a SCHEMA changed meanwhile and what
was too little to give out is decoded here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from target_oracle import shares
from target_oracle.held import HeldRows
from target_oracle.reader import Reader
from target_oracle.shares import Cut, Group, Odd, Plan, Shares
from target_oracle.singer.lines import Chunk

if TYPE_CHECKING:
    from target_oracle.config import Config
    from target_oracle.gate import Gate
    from target_oracle.held import Piece, Report
    from target_oracle.lanes import Lane
    from target_oracle.reader import Source


class Portion(msgspec.Struct, frozen=True):
    """
    Lines that arrived together, of *size* bytes; without a *plan* they were not given out.
    """

    chunk: Chunk
    lines: list[bytes]
    size: int
    plan: Plan | None


class Portions:
    """
    *source*, read ahead by *most* bytes or a little more; *give_out* sees what is read.
    """

    def __init__(
        self, source: Source, give_out: Callable[[list[bytes], int], Plan | None], most: int
    ) -> None:
        self._source = source
        self._give_out = give_out
        self._most = most
        self._ahead: deque[Portion] = deque()
        self._size = 0
        self._ended = False
        self.plan: Plan | None = None
        self.lines: list[bytes] = []

    @property
    def ended_in_half_a_line(self) -> bool:
        """
        See `Source`.
        """
        return self._source.ended_in_half_a_line and not self._ahead

    def next(self, timeout: float | None) -> Chunk | None:
        """
        See `Source`; *plan* is that of these *lines* until the next call.
        """
        self.plan = None
        while not self._ended and self._size < self._most:
            chunk = self._source.next(0 if self._ahead else timeout)
            if chunk is None:
                break
            self._ended = not chunk
            if chunk and not self._keep(chunk):
                break
        if not self._ahead:
            return Chunk() if self._ended else None
        portion = self._ahead.popleft()
        self._size -= portion.size
        self.plan, self.lines = portion.plan, portion.lines
        return portion.chunk

    def _keep(self, chunk: Chunk) -> bool:
        """
        Put the lines of *chunk* behind those that wait; tell whether they were given out.
        """
        lines = chunk.lines()
        size = sum(map(len, lines))
        portion = Portion(chunk, lines, size, self._give_out(lines, size))
        self._ahead.append(portion)
        self._size += size
        return portion.plan is not None


class AheadReader(Reader):
    """
    A reader that gives lines to *lanes* before their turn. *look* raises when there is no more waiting.
    """

    def __init__(
        self,
        lines: Source,
        gate: Gate,
        config: Config,
        *,
        lanes: Sequence[Lane],
        look: Callable[[], None],
        **parts: Any,
    ) -> None:
        self._portions = Portions(lines, self._given_out, shares.SHARE_BYTES * len(lanes))
        super().__init__(self._portions, gate, config, **parts)
        self._shares = Shares(lanes, self._records.heads, config.commit_interval_rows)
        self._look = look

    def _given_out(self, lines: list[bytes], size: int) -> Plan | None:
        if self._resume is None or self._resume.active:
            return None  # whether they are passed over is not known yet
        return self._shares.give_out(lines, size)

    def _take(self, chunk: Chunk) -> None:
        plan, lines = self._portions.plan, self._portions.lines
        if plan is None:
            super()._take(chunk)
            return
        first = self._number + 1
        self._number += len(lines)
        for item in plan:
            match item:
                case Group():
                    self._take_given_out(item, first)
                case Odd():
                    self._odd(lines[item.position], first + item.position)
                case Cut():
                    self._checkpoint.close()

    def _take_given_out(self, group: Group, first: int) -> None:
        numbers = _shifted(group.positions, first)
        piece = group.piece
        if piece is not None:
            piece.holder.wait_for(piece, self._may_wait)
        if piece is None or piece.report is None:
            self._records.take_group(group.stream, group.lines, numbers)
            return
        taken = self._take_piece(group, piece, piece.report, numbers)
        self._records.take_group(group.stream, group.lines[taken:], numbers[taken:])

    def _take_piece(self, group: Group, piece: Piece, report: Report, numbers: Sequence[int]) -> int:
        """
        Take the lines of *group*, whose rows are in *piece* but for those that it refused.

        Return how many are taken: all, unless the stream has another version on the way.
        """
        stream, lines, position = group.stream, group.lines, 0
        for passed, refused in enumerate((*report.refused, len(lines))):
            piece.version.tally.add(*report.changed[passed])
            while position < refused and stream.version is piece.version:
                stop = min(refused, position + self._checkpoint.room(stream))
                rows = HeldRows.of(piece, position - passed, stop - passed)
                self._checkpoint.add(stream, rows, lines[position:stop], numbers[position:stop])
                position = stop
            if stream.version is not piece.version or refused == len(lines):
                break
            self._odd(lines[refused], numbers[refused])
            position = refused + 1
        return position

    def _may_wait(self) -> None:
        self._gate.check()
        self._look()


def _shifted(positions: Sequence[int], first: int) -> Sequence[int]:
    """
    Return the numbers of lines at *positions* behind line *first*.
    """
    if isinstance(positions, range):
        return range(first + positions.start, first + positions.stop)
    return [first + position for position in positions]
