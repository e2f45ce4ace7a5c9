"""
Lines -> rows of streams -> batches of a checkpoint: everything on the tap's side of the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from target_oracle import batchfiles, metadata
from target_oracle.acts import Act
from target_oracle.checkpoint import Batch, Reject
from target_oracle.conformity import whole_record
from target_oracle.decoder import REFUSED, Row
from target_oracle.errors import ConfigError, Interrupted, ProtocolError
from target_oracle.faults import RowFault, TooLong
from target_oracle.log import logger
from target_oracle.overwrite import Switch
from target_oracle.resume import Resume
from target_oracle.singer.lines import CutLine, Lines
from target_oracle.singer.messages import (
    Envelope,
    SchemaMessage,
    diagnose,
    read_envelope,
    read_schema,
    read_state,
)
from target_oracle.singer.schema import Field, read_fields
from target_oracle.singer.shape import SchemaFault
from target_oracle.stream import Target, Version, make_version
from target_oracle.versions import Activation

if TYPE_CHECKING:
    import pyarrow as pa

    from target_oracle.config import Config, StreamSettings

# With more than one switch of stream in so many lines, lines are sorted by stream before they are decoded.
SWITCH_EVERY: Final = 16
_RECORD_KEY: Final = b'"record"'
# Beginnings of RECORD lines that are remembered, each with its stream.
MAX_HEADS: Final = 10_000
_BLANK: Final = (b"", b"\r")


class Clock(Protocol):
    """
    Seconds that only go forward.
    """

    def __call__(self) -> float:
        """
        Return them.
        """


class Gate(Protocol):
    """
    The loader as the reader sees it; every call may raise what ended the loader.
    """

    def check(self) -> None:
        """
        Raise what ended the loader, if anything did.
        """

    def resume(self) -> Resume:
        """
        Return what an earlier run has committed beyond its last STATE.
        """

    def prepare(self, wish: Wish, *, may_change: bool) -> Target | None:
        """
        Return the table for *wish*; None when it needs DDL that may not run yet.
        """

    def load(self, batch: Batch, rejects: Sequence[Reject]) -> None:
        """
        Send *batch* within the open transaction.
        """

    def act(self, act: Act) -> None:
        """
        Do *act* behind all rows of the open checkpoint.
        """

    def close(self, ending: Ending) -> None:
        """
        Commit the open checkpoint.
        """


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a SCHEMA asks of the database.

    *longer* names properties that a value was too long for: chars and bytes.
    """

    stream: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    settings: StreamSettings
    raw: bytes  # the SCHEMA's line
    metadata: tuple[Field, ...] = ()
    longer: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """
    The end of a checkpoint: its *state*, if any came, the rejects not handed over yet, and what was received.
    """

    state: bytes | None
    rejects: tuple[Reject, ...]
    received: dict[str, int]
    last: bool = False
    state_line: int | None = None
    passed: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Stream:
    """
    A stream as the reader keeps it: its last SCHEMA and the rows that wait.
    """

    name: str
    wish: Wish
    schema: SchemaMessage
    target: Target | None = None
    version: Version | None = None
    batch: Batch | None = None
    warned: set[str] = field(default_factory=set)
    full: set[str | None] = field(default_factory=set)  # properties whose columns grow no further
    received: int = 0
    switched: bool = False  # an overwrite's rows have taken the place of the old ones


class Reader:
    """
    Reads the tap until it ends, fails, or *stop* holds a signal's number.

    Hands batches and endings to *gate*.
    """

    def __init__(self, lines: Lines, gate: Gate, config: Config, *, clock: Clock, stop: list[int]) -> None:
        self._lines = lines
        self._gate = gate
        self._config = config
        self._clock = clock
        self._stop = stop
        self._streams: dict[str, Stream] = {}
        self._heads: dict[bytes, Stream] = {}
        self._current: Stream | None = None
        self._refused: tuple[Version, bytes] | None = None  # whose fast way a line was refused by last
        self._mixed = False
        self._number = 0
        self._warned: set[str] = set()
        # The open checkpoint:
        self._rows = 0
        self._bytes = 0
        self._since: float | None = None
        self._state: bytes | None = None
        self._rejects: list[Reject] = []
        self._state_line: int | None = None
        # Streams of which rows have gathered that no reader sees yet: no STATE may pass them.
        self._gathering: set[str] = set()
        # Versions that were activated before their stream's SCHEMA came.
        self._early: dict[str, int] = {}
        self._rows_after_state = False
        self._broken_end = False
        self._resume: Resume | None = None

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
            self._close(last=True)
            raise
        self._finish()

    def _read(self) -> None:
        while not self._stop:
            self._gate.check()
            lines = self._lines.next(self._patience())
            if lines is None:
                self._close_when_due()
            elif not lines:
                return
            else:
                self._take(lines)
                self._close_when_due()

    def _finish(self) -> None:
        if self._resume is not None:
            self._take_lines(self._resume.give_up())
        half = self._lines.ended_in_half_a_line and self._broken_end
        lacks_state = self._config.require_final_state and self._rows_after_state
        self._close(last=True, switching=() if self._stop or half or lacks_state else self._overwritten())
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

    def _patience(self) -> float | None:
        if self._since is None:
            return None
        return max(0.0, self._since + self._config.batch_wait_limit_seconds - self._clock())

    def _close_when_due(self) -> None:
        if self._since is not None and self._clock() >= self._since + self._config.batch_wait_limit_seconds:
            self._close()

    # --- lines

    def _take(self, lines: list[bytes]) -> None:
        first = self._number + 1
        self._number += len(lines)
        if self._resume is None:
            self._resume = self._gate.resume()
        if self._resume.active:
            self._take_repeated(lines, first, self._resume)
        elif self._mixed:
            self._take_mixed(lines, first)
        else:
            self._take_runs(lines, first)

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
                    self._rows_after_state = False
                    continue  # it is committed; once more, it would stand behind what is ahead of it
                if resume.holds or not self._gathering:  # else it waits for a switch, as it did before
                    again = [*resume.give_up(), (number, line)]
            self._take_lines([(number, line)] if again is None else again)

    def _take_lines(self, numbered: list[tuple[int, bytes]]) -> None:
        for number, line in numbered:
            self._odd(line, number)

    def _take_runs(self, lines: list[bytes], first: int) -> None:
        """
        Take lines of which long runs belong to one stream.
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
        self._mixed = switches * SWITCH_EVERY > len(lines)

    def _run(self, rest: Iterator[bytes], lines: list[bytes], position: int, first: int) -> tuple[int, bool]:
        """
        Decode as many lines as the current stream takes; tell how many, and whether the next one was refused.
        """
        stream = self._current
        if stream is None or stream.version is None:
            next(rest, None)
            return 0, True
        rows: list[Row] = []
        room = self._room(stream)
        try:
            stream.version.decoder.rows_into(rows, islice(rest, room))
        except REFUSED:
            refused = True
            self._refused = (stream.version, lines[position + len(rows)])
        else:
            refused = False
        taken = len(rows)
        if taken:
            self._add(
                stream,
                rows,
                lines[position : position + taken],
                range(first + position, first + position + taken),
            )
        return taken, refused

    def _take_mixed(self, lines: list[bytes], first: int) -> None:
        """
        Take lines whose streams alternate: sort what stands between two control messages by the lines' heads.
        """
        heads, switches = self._heads, 0
        groups: dict[str, tuple[list[bytes], list[int]]] = {}
        last: Stream | None = None
        for number, line in enumerate(lines, first):
            stream = heads.get(line[: line.find(_RECORD_KEY)])
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
            self._take_group(name, lines, numbers)
        groups.clear()

    def _take_group(self, name: str, lines: list[bytes], numbers: list[int]) -> None:
        position = 0
        while position < len(lines):
            stream = self._streams[name]
            rows: list[Row] = []
            refused = stream.version is None
            if stream.version is not None:
                try:
                    stream.version.decoder.rows_into(
                        rows, iter(lines[position : position + self._room(stream)])
                    )
                except REFUSED:
                    refused = True
                    self._refused = (stream.version, lines[position + len(rows)])
            taken = len(rows)
            if taken:
                self._add(
                    stream, rows, lines[position : position + taken], numbers[position : position + taken]
                )
            position += taken
            if refused:
                self._odd(lines[position], numbers[position])
                position += 1

    def _room(self, stream: Stream) -> int:
        """
        Return how many more rows *stream* takes before something must be sent or committed.
        """
        batch = stream.wish.settings.batch_size_rows - (len(stream.batch) if stream.batch else 0)
        whole = self._config.max_transaction_rows
        return max(1, min(batch, whole - self._rows) if whole else batch)

    def _add(self, stream: Stream, rows: list[Row], lines: list[bytes], numbers: Sequence[int]) -> None:
        """
        Put *rows* into the stream's batch, and send or commit when a bound is reached.
        """
        assert stream.version is not None  # noqa: S101  # rows were made by it
        if stream.batch is None:
            self._gather(stream.version)
            stream.batch = Batch(stream.version, metadata.utc_now())
        self._arrived(stream, len(rows), stream.batch.add(rows, lines, numbers))
        self._send_when_full(stream)

    def _gather(self, version: Version) -> None:
        """
        Note that rows come whose table is switched later; a STATE from before them need not wait for that.
        """
        if version.target.work and version.stream not in self._gathering:
            if self._state is not None and not self._gathering:
                self._close()
            self._gathering.add(version.stream)

    def _arrived(self, stream: Stream, rows: int, size: int) -> None:
        self._bytes += size
        self._rows += rows
        stream.received += rows
        self._rows_after_state = True
        if self._since is None:
            self._since = self._clock()

    def _send_when_full(self, stream: Stream) -> None:
        settings, batch = stream.wish.settings, stream.batch
        if batch and (len(batch) >= settings.batch_size_rows or batch.size >= settings.batch_size_bytes):
            self._send(stream)
        self._close_when_large()

    def _close_when_large(self) -> None:
        most_rows, most_bytes = self._config.max_transaction_rows, self._config.max_transaction_bytes
        if (most_rows and self._rows >= most_rows) or (most_bytes and self._bytes >= most_bytes):
            self._close()

    # --- one line that the current decoder refused

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
                self._record(envelope, line, number)
            case "STATE":
                self._take_state(read_state(envelope, number), number)
            case "SCHEMA":
                self._schema(read_schema(line, number))
            case "ACTIVATE_VERSION":
                self._activate(envelope, number)
            case "BATCH":
                self._files(batchfiles.read_batch(line, number))
            case "INVALID":
                self._reject(
                    Reject(
                        None,
                        number,
                        "JSON",
                        "the line was rejected before and is still no message",
                        None,
                        line,
                    )
                )
            case other:
                self._notice(f"messages of type {other[:40]!r} are ignored")

    def _files(self, files: batchfiles.Files) -> None:
        """
        Take the records of a BATCH as if they had come line by line; they all bear the message's line number.
        """
        stream = self._streams.get(files.stream)
        if stream is None:
            raise files.fault("it comes before its SCHEMA")
        if files.form == "jsonl":
            for portion in batchfiles.lines(files):
                self._take_group(stream.name, portion, [files.line] * len(portion))
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
        if stream.version is None:
            self._compile(stream, bytes(read_envelope(lines[0]).record))  # type: ignore[arg-type]  # a RECORD has one
        assert stream.version is not None  # noqa: S101  # just made
        rows = arrow.rows_of(stream.version, table)
        if rows is None:
            self._take_group(stream.name, list(lines), numbers)
            return
        self._send(stream)
        version = stream.version
        self._gather(version)
        version.tally.empty += rows.empty
        batch = Batch(version, metadata.utc_now(), rows, lines, [numbers], int(table.nbytes))  # type: ignore[arg-type]  # columns for rows
        self._arrived(stream, len(rows), batch.size)
        self._hand_over(batch)
        self._close_when_large()

    def _no_message(self, line: bytes, number: int) -> None:
        if isinstance(line, CutLine):
            why = f"the line of {line.length} bytes is longer than max_transaction_bytes"
            self._reject(Reject(None, number, "LENGTH", why, None, bytes(line)))
            return
        if number == self._number and self._lines.ended_in_half_a_line:
            self._broken_end = True
            return
        stream, code, why = diagnose(line)
        if stream in self._streams:
            self._streams[stream].received += 1
        self._reject(Reject(stream, number, code, why, None, line))

    def _record(self, envelope: Envelope, line: bytes, number: int) -> None:
        name = envelope.stream
        stream = self._streams.get(name) if name else None
        if stream is None:
            raise ProtocolError(
                number, f"RECORD of stream {name!r} before its SCHEMA" if name else "RECORD has no stream"
            )
        if envelope.record is msgspec.UNSET:
            raise ProtocolError(number, f"RECORD of stream {name!r} has no record")
        if stream.version is None:
            self._compile(stream, bytes(envelope.record))
        self._current = stream
        self._remember_head(line, stream)
        try:
            rows = self._one(stream, line, envelope)
        except TooLong as fault:
            rows = self._wider(stream, line, number, fault)
        except RowFault as fault:
            self._row_fault(stream, line, number, fault)
            return
        if rows:
            self._add(stream, rows, [line], [number])

    def _remember_head(self, line: bytes, stream: Stream) -> None:
        end = line.find(_RECORD_KEY)
        if end > 0 and len(self._heads) < MAX_HEADS:
            self._heads[line[:end]] = stream

    def _one(self, stream: Stream, line: bytes, envelope: Envelope) -> list[Row]:
        """
        Return the row of one RECORD; raise RowFault.
        """
        assert stream.version is not None  # noqa: S101  # made before
        decoder = stream.version.decoder
        rows: list[Row] = []
        refused = (
            self._refused is not None and self._refused[0] is stream.version and self._refused[1] is line
        )
        if not refused:
            try:
                decoder.rows_into(rows, iter((line,)))
            except REFUSED:
                refused = True
        if refused:
            record = bytes(envelope.record)  # type: ignore[arg-type]
            rows = [decoder.slow_row(record, envelope.time_extracted, envelope.version)]
            self._warn_of_unknown(stream, record)
            decoder.adapt()
        return rows

    def _row_fault(self, stream: Stream, line: bytes, number: int, fault: RowFault) -> None:
        stream.received += 1
        self._reject(Reject(stream.name, number, fault.code, fault.why, fault.column, line))

    def _wider(self, stream: Stream, line: bytes, number: int, fault: TooLong) -> list[Row]:
        """
        Make room for a text that its column does not hold, then read the line again.

        No row when there is none.
        """
        envelope = read_envelope(line)
        try:
            self._grow(stream, (fault,))
            if stream.version is None:
                self._compile(stream, bytes(envelope.record))  # type: ignore[arg-type]  # it was a RECORD
            return self._one(stream, line, envelope)
        except RowFault as again:
            if isinstance(again, TooLong):
                stream.full.add(again.column)
            self._row_fault(stream, line, number, again)
            return []

    def _grow(self, stream: Stream, faults: Sequence[TooLong]) -> None:
        """
        Widen the columns that *faults* name; raise the first of them when its column may not or cannot grow.
        """
        if not self._may_grow(stream, faults[0]):
            raise faults[0]
        longer = tuple((fault.column or "", fault.chars, fault.size) for fault in faults)
        self._send(stream)
        stream.target = self._target_of(replace(stream.wish, longer=longer), self._commit_rows)
        stream.version = None

    def _may_grow(self, stream: Stream, fault: TooLong) -> bool:
        return stream.wish.settings.schema_evolution == "evolve" and fault.column not in stream.full

    def _warn_of_unknown(self, stream: Stream, record: bytes) -> None:
        assert stream.version is not None  # noqa: S101  # made before
        unlisted = stream.version.decoder.unknown(record)
        if unlisted and not stream.version.decoder.tolerant:
            stream.version.decoder.tolerate_unknown()
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

    # --- schemas

    def _schema(self, message: SchemaMessage) -> None:
        stream = self._streams.get(message.stream)
        if stream and _same(stream.schema, message):
            return
        wish = wish_of(message, self._config.for_stream(message.stream))
        if not message.key_properties:
            self._without_key(message, wish.settings)
        if stream is None:
            stream = self._streams[message.stream] = Stream(message.stream, wish, message)
            if wish.settings.persist_empty_tables:
                stream.target = self._target_of(wish, self._close)
        else:
            stream.schema = message
            self._establish(stream, wish)
        self._begin(stream)

    def _without_key(self, message: SchemaMessage, settings: StreamSettings) -> None:
        if settings.primary_key_required:
            raise ProtocolError(
                message.line,
                f"SCHEMA of stream {message.stream!r} has no key_properties (primary_key_required)",
            )
        if settings.load_method == "upsert":
            self._notice(f"stream {message.stream}: it has no key_properties, so its rows are appended")

    def _establish(self, stream: Stream, wish: Wish) -> None:
        """
        Bring the table to what *wish* says; rows that wait belong to the version before.
        """
        self._send(stream)
        if stream.target is not None:
            stream.target = self._target_of(wish, self._close)
        stream.wish = wish
        stream.version = None
        stream.full.clear()

    def _target_of(self, wish: Wish, commit: Callable[[], None]) -> Target:
        target = self._gate.prepare(wish, may_change=False)
        if target is None:
            # DDL commits by itself, so what is open is committed first.
            commit()
            target = self._gate.prepare(wish, may_change=True)
        assert target is not None  # noqa: S101  # with may_change there is one, or an error
        return target

    # --- versions, and tables that change as a whole

    def _begin(self, stream: Stream) -> None:
        """
        Do what a stream needs before its rows, once its table is known.
        """
        if stream.target is not None:
            self._keep_versions(stream)
            if stream.name in self._early:
                self._activated(stream, self._early.pop(stream.name))

    def _keep_versions(self, stream: Stream) -> None:
        """
        See that rows of a table that keeps versions carry theirs, also without the other metadata.
        """
        wish = stream.wish
        if (
            wish.metadata
            or stream.target is None
            or not (stream.target.has_versions and wish.settings.process_activate_version_messages)
        ):
            return
        self._establish(stream, versioned(wish))

    def _activate(self, envelope: Envelope, number: int) -> None:
        name, version = envelope.stream, envelope.version
        if not name or version is None:
            raise ProtocolError(number, "ACTIVATE_VERSION needs a stream and a version")
        if not self._config.for_stream(name).process_activate_version_messages:
            self._notice(
                f"stream {name}: ACTIVATE_VERSION is not acted upon (process_activate_version_messages)"
            )
        elif name in self._streams:
            self._activated(self._streams[name], version)
        else:
            self._early[name] = version

    def _activated(self, stream: Stream, version: int) -> None:
        """
        End all rows of *stream* that are older than *version*, in a transaction of their own.
        """
        if stream.target is None:  # no record came yet, and persist_empty_tables is off
            self._early[stream.name] = version
            return
        if stream.target.work:
            if stream.name in self._gathering:
                self._close(switching=[stream])
            return
        if not stream.wish.metadata:
            settings = stream.wish.settings
            if settings.schema_evolution == "freeze" or self._config.ddl_mode == "none":
                self._notice(
                    f"stream {stream.name}: its table keeps no versions and may not change, "
                    "so none is activated"
                )
                return
            self._establish(stream, versioned(stream.wish))
        self._close()
        settings = stream.wish.settings
        self._gate.act(
            Activation(stream.name, stream.target, version, settings.hard_delete, settings.max_delete_percent)
        )
        self._end(None, None)

    def _overwritten(self) -> list[Stream]:
        """
        Return the streams whose tables the end of input switches.
        """
        return [stream for stream in self._streams.values() if self._must_switch(stream)]

    def _must_switch(self, stream: Stream) -> bool:
        is_beside = stream.target is not None and stream.target.work is not None
        return is_beside and (not stream.switched or stream.name in self._gathering)

    def _switch(self, switching: Sequence[Stream]) -> None:
        for stream in switching:
            assert stream.target is not None  # noqa: S101  # its rows have gathered
            self._gate.act(Switch(stream.name, stream.target, stream.wish.settings.overwrite_empty))
            self._gathering.discard(stream.name)
            stream.switched = True

    def _compile(self, stream: Stream, record: bytes) -> None:
        if stream.target is None:  # persist_empty_tables is off, and this is the first record
            stream.target = self._target_of(stream.wish, self._close)
            self._begin(stream)
        try:
            order = list(msgspec.json.decode(record, type=dict[str, msgspec.Raw]))
        except REFUSED:
            order = []
        stream.version = make_version(
            stream.name,
            stream.wish.fields,
            stream.target,
            order,
            validate=stream.wish.settings.validate_records,
            metadata=stream.wish.metadata,
            partial=is_partial(stream, order),
        )

        if stream.wish.settings.validate_records:
            stream.version.decoder.demand(whole_record(stream.schema.schema))
        for notice in stream.version.notices():
            self._notice(f"stream {stream.name}: {notice}")

    # --- checkpoints

    def _take_state(self, state: bytes, number: int) -> None:
        self._state, self._state_line = state, number
        self._rows_after_state = False
        if self._since is None:
            self._since = self._clock()
        # While it must wait, a checkpoint ends at each STATE: what is ahead of it is then known by whole
        # checkpoints.
        if self._rows >= self._config.commit_interval_rows or (self._gathering and self._config.loader_id):
            self._close()

    def _reject(self, reject: Reject) -> None:
        self._rejects.append(reject)
        if self._since is None:
            self._since = self._clock()

    def _send(self, stream: Stream) -> None:
        """
        Make the waiting rows ready to be bound and hand them over.
        """
        batch, stream.batch = stream.batch, None
        if batch is None or not batch.rows:
            return
        batch.rows, faults = batch.version.decoder.finish(batch.rows)
        batch.empty, batch.rounded = batch.version.tally.take()
        if faults:
            self._drop(stream, batch, faults)
        self._hand_over(batch)

    def _drop(self, stream: Stream, batch: Batch, faults: dict[int, RowFault]) -> None:
        """
        Turn rows that a look at the whole batch refused into rejects.

        With a text that is too long for a column which may grow, all are read again after it has grown.
        """
        long = [
            each for each in faults.values() if isinstance(each, TooLong) and self._may_grow(stream, each)
        ]
        if long:
            batch.rows = []
            self._read_again(stream, batch, long)
            return
        self._rejects += [batch.reject(n, fault) for n, fault in sorted(faults.items())]
        batch.without(set(faults))

    def _read_again(self, stream: Stream, batch: Batch, faults: Sequence[TooLong]) -> None:
        stream.received -= len(batch)
        numbers = [number for span in batch.spans for number in span]
        before = stream.target
        self._grow(stream, faults)
        # A column that stayed as it was will not grow the next time either.
        stream.full |= {
            fault.column for fault in faults if _is_same_column(before, stream.target, fault.column)
        }
        self._take_group(stream.name, batch.lines, numbers)

    def _hand_over(self, batch: Batch) -> None:
        if batch.rows:
            rejects, self._rejects = self._rejects, []
            self._gate.load(batch, rejects)

    def _commit_rows(self) -> None:
        """
        Commit what was handed over, without a STATE: rows before it may still wait.
        """
        self._end(None, None)

    def _counted(self) -> dict[str, int]:
        """
        Return how many records each stream has received since the last ending, but for those that still wait.
        """
        counted: dict[str, int] = {}
        for stream in self._streams.values():
            waiting = len(stream.batch) if stream.batch else 0
            counted[stream.name] = stream.received - waiting
            stream.received = waiting
        return {name: count for name, count in counted.items() if count}

    def _close(self, *, last: bool = False, switching: Sequence[Stream] = ()) -> None:
        """
        End the checkpoint: hand over what waits, switch the tables of *switching*, then its STATE.

        The STATE waits while rows are gathering beside their table.
        """
        for stream in self._streams.values():
            while stream.batch is not None:
                self._send(stream)
        if any(stream.wish.settings.overwrite_strategy == "truncate" for stream in switching):
            self._commit_rows()  # TRUNCATE commits by itself, so what is open is committed first
        self._switch(switching)
        if self._gathering:
            if self._since is not None or last or switching:
                self._end(None, None, last=last)
            self._rows, self._bytes, self._since = 0, 0, None
            return
        if self._since is not None or last or switching:
            self._end(self._state, self._state_line, last=last)
        self._rows, self._bytes, self._since, self._state, self._state_line = 0, 0, None, None, None

    def _end(self, state: bytes | None, state_line: int | None, *, last: bool = False) -> None:
        rejects, self._rejects = tuple(self._rejects), []
        passed: dict[str, int] = {}
        if self._resume is not None:
            passed, self._resume.passed = self._resume.passed, {}
        received = self._counted()
        for name, count in passed.items():
            received[name] = received.get(name, 0) + count
        self._gate.close(Ending(state, rejects, received, last, state_line, passed))

    def _notice(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            logger.warning("%s", text)


def wish_of(message: SchemaMessage, settings: StreamSettings) -> Wish:
    """
    Return what *message* asks of the database; raise ProtocolError for a schema that cannot be followed.
    """
    try:
        fields = tuple(_fields(message, settings))
    except SchemaFault as fault:
        raise ProtocolError(message.line, f"SCHEMA of stream {message.stream!r}: {fault}") from fault
    missing = [key for key in message.key_properties if key not in {prop.name for prop in fields}]
    if missing:
        raise ProtocolError(
            message.line,
            f"SCHEMA of stream {message.stream!r}: key_properties name {missing[0]!r}, which properties lack",
        )
    fields = _without_ignored(fields, message, settings)
    added: tuple[Field, ...] = ()
    if settings.add_record_metadata:
        fields, added = metadata.split(fields)
    return Wish(message.stream, fields, message.key_properties, settings, message.raw, added)


def _without_ignored(
    fields: tuple[Field, ...], message: SchemaMessage, settings: StreamSettings
) -> tuple[Field, ...]:
    ignored = {name for name, said in settings.columns.items() if said.ignore}
    for key in message.key_properties:
        if key in ignored:
            raise ConfigError(f"columns: stream {message.stream}, property {key}: a key cannot be ignored")
    return tuple(prop for prop in fields if prop.name not in ignored)


def _fields(message: SchemaMessage, settings: StreamSettings) -> list[Field]:
    depth = settings.flattening_max_depth if settings.flattening_enabled else 0
    return read_fields(message.schema, flatten_depth=depth, separator=settings.flattening_separator)


def versioned(wish: Wish) -> Wish:
    """
    Return *wish* with the column of versions, and the one that marks deleted rows unless they go.
    """
    fields = tuple(prop for prop in wish.fields if prop.name != metadata.VERSION.name)
    if not wish.settings.hard_delete:
        fields = metadata.with_deletion(fields)
    return replace(wish, fields=fields, metadata=(metadata.VERSION,))


# Properties that taps add to the records of a log; such records may hold nothing but what has changed.
OF_A_LOG: Final = frozenset({metadata.DELETED_AT, "_sdc_lsn"})


def is_partial(stream: Stream, order: Sequence[str]) -> bool:
    """
    Tell whether what a record lacks stays as it is stored; *order* are the properties of the first record.
    """
    if stream.target is None or stream.target.method != "upsert":
        return False
    said = stream.wish.settings.partial_updates
    if said is not None:
        return said
    properties = stream.schema.schema.get("properties")
    return not OF_A_LOG.isdisjoint({*order, *(properties if isinstance(properties, dict) else ())})


def _is_same_column(before: Target | None, now: Target | None, name: str | None) -> bool:
    if before is None or now is None or name is None:
        return False
    return before.columns.get(name) == now.columns.get(name)


def _same(before: SchemaMessage, now: SchemaMessage) -> bool:
    """
    Tell whether two SCHEMAs say the same; the order of properties does not matter.
    """
    return before.raw == now.raw or (
        before.schema == now.schema and before.key_properties == now.key_properties
    )
