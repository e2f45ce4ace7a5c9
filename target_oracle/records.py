"""
RECORD lines -> rows: long runs of one stream at once, alternating streams sorted, what is refused one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from target_oracle import columnar
from target_oracle.checkpoint import Batch, Reject
from target_oracle.decoder import REFUSED, Row
from target_oracle.errors import ProtocolError
from target_oracle.faults import RowFault, TooLong
from target_oracle.log import logger
from target_oracle.singer.lines import CutLine
from target_oracle.singer.messages import Envelope, read_envelope
from target_oracle.stream import Target, Version
from target_oracle.streams import Stream, Streams

if TYPE_CHECKING:
    from target_oracle.gathering import OpenCheckpoint
    from target_oracle.singer.lines import Chunk

# With more than one switch of stream in so many lines, lines are sorted by stream before they are decoded.
SWITCH_EVERY: Final = 16
RECORD_KEY: Final = b'"record"'
# Beginnings of RECORD lines that are remembered, each with its stream.
MAX_HEADS: Final = 10_000


class Records:
    """
    Decodes RECORD lines into the batches of *checkpoint*; every other line goes to *odd*, in its place.
    """

    def __init__(
        self, streams: Streams, checkpoint: OpenCheckpoint, odd: Callable[[bytes, int], None]
    ) -> None:
        self._streams = streams
        self._checkpoint = checkpoint
        self._odd = odd
        self.heads: dict[bytes, Stream] = {}
        self._current: Stream | None = None
        self._refused: tuple[Version, bytes] | None = None  # whose fast way a line was refused by last
        self._mixed = False

    # --- many lines

    def take(self, chunk: Chunk, first: int) -> int:
        """
        Take the lines of *chunk*, of which the first is number *first* of the input.

        Return the number of the line that comes next.
        """
        if self._mixed or columnar.compiled is None:
            lines = chunk.lines()
            self._take_lines(lines, first)
            return first + len(lines)
        if chunk.head is not None:
            self._take_head(chunk.head, first)
            first += 1
        return self._scan(chunk.data, chunk.start, chunk.stop, first)

    def _take_head(self, line: bytes, number: int) -> None:
        """
        Take one line that is no part of a longer run of bytes.
        """
        if not self._gathers(self._current):
            self._take_runs([line], number)
        elif isinstance(line, CutLine) or self._checkpoint.scan(line, 0, len(line), number)[0] < len(line):
            self._odd(line, number)

    def _scan(self, data: bytes, place: int, stop: int, number: int) -> int:
        """
        Take whole lines of *data*, of which the first has *number*; return the number behind the last one.

        Those of streams whose rows gather as columns go to the compiled decoder; where one of another stream
        comes, the rest goes the other way until one of the former comes again. Where they take turns all the
        time, they are sorted first.
        """
        first, runs = number, 0
        while place < stop:
            if not self._gathers(self._current):
                rest = data[place : stop - 1].split(b"\n")
                runs += 1
                if runs > SWITCH_EVERY and runs * SWITCH_EVERY > number - first:
                    self._take_mixed(rest, number)
                    return number + len(rest)
                taken = self._take_runs(rest, number)
                place += sum(map(len, rest[:taken])) + taken
                number += taken
                continue
            place, number = self._checkpoint.scan(data, place, stop, number)
            if place < stop:
                end = data.index(b"\n", place)
                self._odd(data[place:end], number)
                place, number = end + 1, number + 1
        return number

    @staticmethod
    def _gathers(stream: Stream | None) -> bool:
        layout = stream.version.layout if stream is not None and stream.version is not None else None
        return layout is not None and layout.usable

    def _take_lines(self, lines: list[bytes], first: int) -> None:
        if self._mixed:
            self._take_mixed(lines, first)
        else:
            self._take_runs(lines, first)

    def _take_runs(self, lines: list[bytes], first: int) -> int:
        """
        Take lines of which long runs belong to one stream.

        Return how many are taken: not those behind the first one of a stream that gathers as columns.
        """
        rest, position, switches = iter(lines), 0, 0
        while position < len(lines):
            taken, refused = self._run(rest, lines, position, first)
            position += taken
            if refused:
                before = self._current
                self._odd(lines[position], first + position)
                switches += before is not self._current
                position += 1
                if self._gathers(self._current):
                    break
        self._mixed = switches * SWITCH_EVERY > len(lines)
        return position

    def _run(self, rest: Iterator[bytes], lines: list[bytes], position: int, first: int) -> tuple[int, bool]:
        """
        Decode as many lines as the current stream takes; tell how many, and whether the next one was refused.
        """
        stream = self._current
        if stream is None or stream.version is None:
            next(rest, None)
            return 0, True
        rows: list[Row] = []
        refused = self._decode(stream.version, rows, islice(rest, self._checkpoint.room(stream)))
        taken = len(rows)
        if refused:
            self._refused = (stream.version, lines[position + taken])
        if taken:
            numbers = range(first + position, first + position + taken)
            self._checkpoint.add(stream, rows, lines[position : position + taken], numbers)
        return taken, refused

    @staticmethod
    def _decode(version: Version, rows: list[Row], lines: Iterator[bytes]) -> bool:
        """
        Append a row for each of *lines*; tell whether one was refused, after those before it.
        """
        try:
            version.decoder.rows_into(rows, lines)
        except REFUSED:
            return True
        return False

    def _take_mixed(self, lines: list[bytes], first: int) -> None:
        """
        Take lines whose streams alternate: sort what stands between two control messages by the lines' heads.
        """
        heads, switches = self.heads, 0
        groups: dict[str, tuple[list[bytes], list[int]]] = {}
        last: Stream | None = None
        for number, line in enumerate(lines, first):
            stream = heads.get(line[: line.find(RECORD_KEY)])
            if stream is None:
                self._take_groups(groups)
                self._odd(line, number)
                continue
            switches += stream is not last
            last = stream
            group = groups.get(stream.name)
            if group is None:
                groups[stream.name] = ([line], [number])
            else:
                group[0].append(line)
                group[1].append(number)
        self._take_groups(groups)
        self._mixed = switches * SWITCH_EVERY > len(lines)

    def _take_groups(self, groups: dict[str, tuple[list[bytes], list[int]]]) -> None:
        for name, (lines, numbers) in groups.items():
            self.take_group(self._streams.known[name], lines, numbers)
        groups.clear()

    def take_group(self, stream: Stream, lines: list[bytes], numbers: Sequence[int]) -> None:
        """
        Take *lines* that are all RECORDs of *stream*.
        """
        if self._gathers(stream):
            self._scan_group(stream, lines, numbers)
        else:
            self._take_rows(stream, lines, numbers)

    def _scan_group(self, stream: Stream, lines: list[bytes], numbers: Sequence[int]) -> None:
        """
        As `take_group`, by way of the compiled decoder as long as that is the stream's way.
        """
        data, told = b"\n".join(lines), array("q", numbers).tobytes()
        place = position = 0
        while position < len(lines):
            if not self._gathers(stream):
                self._take_rows(stream, lines[position:], numbers[position:])
                return
            place, position = self._checkpoint.scan(data, place, len(data), position, told)
            if position < len(lines):
                self._odd(lines[position], numbers[position])
                place += len(lines[position]) + 1
                position += 1

    def _take_rows(self, stream: Stream, lines: Sequence[bytes], numbers: Sequence[int]) -> None:
        position = 0
        while position < len(lines):
            version, rows = stream.version, list[Row]()
            upcoming = iter(lines[position : position + self._checkpoint.room(stream)])
            refused = version is None or self._decode(version, rows, upcoming)
            start, position = position, position + len(rows)
            if refused and version is not None:
                self._refused = (version, lines[position])
            if rows:
                self._checkpoint.add(stream, rows, lines[start:position], numbers[start:position])
            if refused:
                self._odd(lines[position], numbers[position])
                position += 1

    # --- one line

    def take_one(self, envelope: Envelope, line: bytes, number: int) -> None:
        """
        Take one RECORD, of which *envelope* was read already. Raises ProtocolError.
        """
        stream = self._stream_of(envelope, number)
        record = bytes(envelope.record)  # type: ignore[arg-type]  # it has one
        version = self._streams.version_of(stream, record, envelope.version)
        self._current = stream
        if version.layout is not None:
            version.layout.refuse()
        self._remember_head(line, stream)
        try:
            rows = self._one(stream, version, line, record, envelope)
        except TooLong as fault:
            rows = self._wider(stream, line, number, fault)
        except RowFault as fault:
            self._row_fault(stream, line, number, fault)
            return
        if rows:
            self._checkpoint.add(stream, rows, [line], [number])

    def _stream_of(self, envelope: Envelope, number: int) -> Stream:
        name = envelope.stream
        stream = self._streams.known.get(name) if name else None
        if stream is None:
            raise ProtocolError(
                number, f"RECORD of stream {name!r} before its SCHEMA" if name else "RECORD has no stream"
            )
        if envelope.record is msgspec.UNSET:
            raise ProtocolError(number, f"RECORD of stream {name!r} has no record")
        return stream

    def _remember_head(self, line: bytes, stream: Stream) -> None:
        end = line.find(RECORD_KEY)
        if end > 0 and len(self.heads) < MAX_HEADS:
            self.heads[line[:end]] = stream

    def _one(
        self, stream: Stream, version: Version, line: bytes, record: bytes, envelope: Envelope
    ) -> list[Row]:
        """
        Return the row of one RECORD; raise RowFault.
        """
        rows: list[Row] = []
        # What the compiled decoder has refused is seldom a line for the other fast way.
        if (
            self._gathers(stream)
            or (self._refused is not None and self._refused[0] is version and self._refused[1] is line)
            or self._decode(version, rows, iter((line,)))
        ):
            rows = [version.decoder.slow_row(record, envelope.time_extracted, envelope.version)]
            self._warn_of_unknown(stream, version, record)
            version.decoder.adapt()
        return rows

    def _row_fault(self, stream: Stream, line: bytes, number: int, fault: RowFault) -> None:
        stream.received += 1
        self._checkpoint.reject(Reject(stream.name, number, fault.code, fault.why, fault.column, line))

    def _warn_of_unknown(self, stream: Stream, version: Version, record: bytes) -> None:
        unlisted = version.decoder.unknown(record)
        if unlisted and not version.decoder.tolerant:
            version.decoder.tolerate_unknown()
            if version.layout is not None:
                version.layout.plan.tolerate()
        said = stream.wish.settings.columns
        ignored = {name for name in unlisted if name in said and said[name].ignore}
        unknown = [name for name in unlisted if name not in stream.warned | ignored]
        if not unknown:
            return
        if not stream.warned:
            logger.warning(
                "stream %s: records carry properties that the schema lacks, they are dropped: %s",
                stream.name,
                ", ".join(unknown[:10]),
            )
        stream.warned.update(unknown)

    # --- texts that their columns are too short for

    def _wider(self, stream: Stream, line: bytes, number: int, fault: TooLong) -> list[Row]:
        """
        Make room for a text that its column does not hold, then read the line again.

        No row when there is none.
        """
        try:
            self._streams.grow(stream, (fault,))
            envelope = read_envelope(line)
            record = bytes(envelope.record)  # type: ignore[arg-type]  # a RECORD has one
            return self._one(stream, self._streams.version_of(stream, record), line, record, envelope)
        except RowFault as again:
            if isinstance(again, TooLong):
                stream.full.add(again.column)
            self._row_fault(stream, line, number, again)
            return []

    def read_again(self, stream: Stream, batch: Batch, faults: Sequence[TooLong]) -> None:
        """
        Grow the columns that *faults* name and take the lines of *batch* once more.
        """
        stream.received -= len(batch)
        numbers = [number for span in batch.spans for number in span]
        before = stream.target
        self._streams.grow(stream, faults)
        # A column that stayed as it was will not grow the next time either.
        stream.full |= {
            fault.column for fault in faults if _is_same_column(before, stream.target, fault.column)
        }
        self.take_group(stream, list(batch.lines), numbers)


def _is_same_column(before: Target | None, now: Target | None, name: str | None) -> bool:
    if before is None or now is None or name is None:
        return False
    return before.columns.get(name) == now.columns.get(name)
