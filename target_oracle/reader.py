"""
Lines -> messages, each to whom it concerns: everything on the tap's side of the queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from target_oracle import batchfiles, metadata
from target_oracle.checkpoint import Batch, Reject
from target_oracle.decoder import REFUSED
from target_oracle.errors import Interrupted, ProtocolError
from target_oracle.gathering import Clock, OpenCheckpoint
from target_oracle.log import Once
from target_oracle.records import Records
from target_oracle.resume import Resume
from target_oracle.singer.lines import Chunk, CutLine
from target_oracle.singer.messages import diagnose, read_envelope, read_schema, read_state
from target_oracle.streams import Stream, Streams

if TYPE_CHECKING:
    import pyarrow as pa

    from target_oracle.config import Config
    from target_oracle.faults import TooLong
    from target_oracle.gate import Gate

_BLANK: Final = (b"", b"\r")


class Source(Protocol):
    """
    Where lines come from; see `Lines`.
    """

    @property
    def ended_in_half_a_line(self) -> bool:
        """
        Tell whether the line that was given last is the last one and no line feed ended it.
        """

    def next(self, timeout: float | None) -> Chunk | None:
        """
        Return the lines that have arrived: None after *timeout* seconds without any, none at the end.
        """


class Reader:
    """
    Reads the tap until it ends, fails, or *stop* holds a signal's number.

    Hands batches and endings to *gate*.
    """

    def __init__(self, lines: Source, gate: Gate, config: Config, *, clock: Clock, stop: list[int]) -> None:
        self._lines = lines
        self._gate = gate
        self._config = config
        self._stop = stop
        self._number = 0
        self._broken_end = False
        self._resume: Resume | None = None
        self._notice = Once()
        known: dict[str, Stream] = {}
        self._checkpoint = OpenCheckpoint(gate, config, clock, known, self._read_again)
        self._streams = Streams(known, gate, config, self._checkpoint, self._notice)
        self._records = Records(self._streams, self._checkpoint, self._odd)

    def lines_read(self) -> int:
        """
        Return how many lines have been taken.
        """
        return self._number

    # --- the loop

    def run(self) -> None:
        """
        Read to the end and close the last checkpoint; raise ProtocolError for a tap that broke off.
        """
        try:
            self._read()
        except ProtocolError:
            # What came before the fault is whole: it is committed with its STATE.
            self._checkpoint.close(last=True)
            raise
        self._finish()

    def _read(self) -> None:
        while not self._stop:
            self._gate.check()
            chunk = self._lines.next(self._checkpoint.patience())
            if chunk is not None:
                if not chunk:
                    return
                self._take(chunk)
            self._checkpoint.close_when_due()

    def _finish(self) -> None:
        if self._resume is not None:
            self._take_lines(self._resume.give_up())
        half = self._lines.ended_in_half_a_line and self._broken_end
        lacks_state = self._config.require_final_state and self._checkpoint.rows_after_state
        broke_off = bool(self._stop) or half or lacks_state
        self._checkpoint.close(last=True, switching=() if broke_off else self._streams.to_switch())
        if self._stop:
            number = self._stop[0]
            raise Interrupted(number, f"stopped by signal {number}; what was complete is committed")
        if half:
            raise ProtocolError(
                self._number,
                "the input ends in the middle of a line: the tap broke off; all lines before it are in",
            )
        if lacks_state:
            raise ProtocolError(
                self._number, "the input ends without a STATE after its last RECORD (require_final_state)"
            )

    # --- lines

    def _take(self, chunk: Chunk) -> None:
        first = self._number + 1
        if not chunk.data:
            self._number = first  # it is one line, and the last one where it ends without a line feed
        if self._resume is None:
            self._resume = self._checkpoint.resume = self._gate.resume()
        if self._resume.active:
            lines = chunk.lines()
            self._number = first + len(lines) - 1
            self._take_repeated(lines, first, self._resume)
        else:
            self._number = self._records.take(chunk, first) - 1

    def _take_repeated(self, lines: list[bytes], first: int, resume: Resume) -> None:
        """
        Take lines while the tap may still repeat records that are committed already.
        """
        for number, line in enumerate(lines, first):
            try:
                envelope = read_envelope(line)
            except REFUSED:
                self._odd(line, number)
                continue
            again = (
                resume.take(envelope.stream, line, number)
                if envelope.type == "RECORD" and envelope.stream
                else None
            )
            if envelope.type == "STATE":
                if read_state(envelope, number) == resume.state:
                    self._checkpoint.rows_after_state = False
                    continue  # it is committed; once more, it would stand behind what is ahead of it
                if resume.holds or not self._checkpoint.waits_for_switch():  # else it waits, as it did before
                    again = [*resume.give_up(), (number, line)]
            self._take_lines([(number, line)] if again is None else again)

    def _take_lines(self, numbered: list[tuple[int, bytes]]) -> None:
        for number, line in numbered:
            self._odd(line, number)

    # --- one line that is no further RECORD of the current stream

    def _odd(self, line: bytes, number: int) -> None:
        """
        Take a line of any kind: another stream's RECORD, a control message, or something to reject.
        """
        if line in _BLANK:
            return
        try:
            envelope = read_envelope(line)
        except REFUSED:
            self._no_message(line, number)
            return
        match envelope.type:
            case "RECORD":
                self._records.take_one(envelope, line, number)
            case "STATE":
                self._checkpoint.take_state(read_state(envelope, number), number)
            case "SCHEMA":
                self._streams.take_schema(read_schema(line, number))
            case "ACTIVATE_VERSION":
                self._streams.activate(envelope, number)
            case "BATCH":
                self._files(
                    batchfiles.read_batch(line, number, batchfiles.Unsaid.of(self._config.batch_config))
                )
            case "INVALID":
                why = "the line was rejected before and is still no message"
                self._checkpoint.reject(Reject(None, number, "JSON", why, None, line))
            case other:
                self._notice(f"messages of type {other[:40]!r} are ignored")

    def _read_again(self, stream: Stream, batch: Batch, faults: Sequence[TooLong]) -> None:
        self._records.read_again(stream, batch, faults)

    def _no_message(self, line: bytes, number: int) -> None:
        if isinstance(line, CutLine):
            why = f"the line of {line.length} bytes is longer than max_transaction_bytes"
            self._checkpoint.reject(Reject(None, number, "LENGTH", why, None, bytes(line)))
            return
        if number == self._number and self._lines.ended_in_half_a_line:
            self._broken_end = True
            return
        stream, code, why = diagnose(line)
        if stream in self._streams.known:
            self._streams.known[stream].received += 1
        self._checkpoint.reject(Reject(stream, number, code, why, None, line))

    # --- files of a BATCH

    def _files(self, files: batchfiles.Files) -> None:
        """
        Take the records of a BATCH as if they had come line by line; they all bear the message's line number.
        """
        stream = self._streams.known.get(files.stream)
        if stream is None:
            raise files.fault("it comes before its SCHEMA")
        if files.form == "jsonl":
            for portion in batchfiles.lines(files):
                self._records.take_group(stream, portion, [files.line] * len(portion))
            return
        for table in batchfiles.tables(files, stream.wish.settings.batch_size_rows):
            if table.num_rows:
                self._table(stream, table, files.line)

    def _table(self, stream: Stream, table: pa.RecordBatch, number: int) -> None:
        """
        Take a table of a BATCH: whole, as columns, where every value fits, else row by row.
        """
        from target_oracle import arrow  # noqa: PLC0415  # an extra

        lines = arrow.TableLines(stream.name, table)
        numbers = [number] * len(lines)
        record = bytes(read_envelope(lines[0]).record)  # type: ignore[arg-type]  # a RECORD has one
        version = self._streams.version_of(stream, record)
        rows = arrow.rows_of(version, table)
        if rows is None:
            self._records.take_group(stream, list(lines), numbers)
            return
        self._checkpoint.send(stream)
        version.tally.empty += rows.empty
        batch = Batch(version, metadata.utc_now(), rows, lines, [numbers], int(table.nbytes))  # type: ignore[arg-type]  # columns for rows
        self._checkpoint.add_whole(stream, batch)
