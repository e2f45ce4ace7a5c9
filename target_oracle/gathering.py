"""
The open checkpoint: rows gather in batches, and a bound, a STATE or the clock ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from target_oracle import columnar, metadata
from target_oracle.checkpoint import Batch, Reject
from target_oracle.columnar import ColumnRows
from target_oracle.faults import RowFault, TooLong
from target_oracle.gate import Ending, Gate
from target_oracle.overwrite import Switch

if TYPE_CHECKING:
    from target_oracle.acts import Act
    from target_oracle.columnar import Layout
    from target_oracle.config import Config
    from target_oracle.decoder import Row
    from target_oracle.held import HeldRows
    from target_oracle.resume import Resume
    from target_oracle.streams import Stream


# As many rows, or bytes of lines, as no bound of a transaction stops.
NO_BOUND: Final = 2**62


class Clock(Protocol):
    """
    Seconds that only go forward.
    """

    def __call__(self) -> float:
        """
        Return them.
        """


class OpenCheckpoint:
    """
    What came since the last commit, of all *streams*; hands batches and endings to *gate*.

    *read_again* is called with a batch whose rows turned out too long for columns that may grow.
    """

    def __init__(
        self,
        gate: Gate,
        config: Config,
        clock: Clock,
        streams: Mapping[str, Stream],
        read_again: Callable[[Stream, Batch, Sequence[TooLong]], None],
    ) -> None:
        self._gate = gate
        self._config = config
        self._clock = clock
        self._streams = streams
        self._read_again = read_again
        self._rows = 0
        self._bytes = 0
        self._since: float | None = None
        self._state: bytes | None = None
        self._state_line: int | None = None
        self._rejects: list[Reject] = []
        # Streams of which rows have gathered that nobody sees before a switch: no STATE may pass them.
        self._unseen: set[str] = set()
        # Streams whose rows gather as columns; a scanner adds to these.
        self._scanner: Any = columnar.compiled.Scanner() if columnar.compiled else None
        self._gathering: dict[Any, tuple[Stream, Batch, Layout]] = {}
        self.rows_after_state = False
        self.resume: Resume | None = None

    # --- what comes in

    def room(self, stream: Stream) -> int:
        """
        Return how many more rows *stream* takes before something must be sent or committed.
        """
        batch = stream.wish.settings.batch_size_rows - (len(stream.batch) if stream.batch else 0)
        whole = self._config.max_transaction_rows
        return max(1, min(batch, whole - self._rows) if whole else batch)

    def add(
        self, stream: Stream, rows: list[Row] | HeldRows, lines: Sequence[bytes], numbers: Sequence[int]
    ) -> None:
        """
        Put *rows* into the stream's batch, and send or commit when a bound is reached.
        """
        batch = stream.batch if stream.batch is not None else self._begin_batch(stream)
        if isinstance(batch.rows, ColumnRows):
            self._append(stream, batch, cast("list[Row]", rows), lines, numbers)
        else:
            self._arrived(stream, len(rows), batch.add(rows, lines, numbers))
        self._send_when_full(stream)
        self._close_when_large()

    def _begin_batch(self, stream: Stream) -> Batch:
        version = stream.version
        assert version is not None  # noqa: S101  # rows were made by it
        self._note_unseen(stream)
        if version.layout is None or not version.layout.usable:
            stream.batch = Batch(version, metadata.utc_now())
            return stream.batch
        settings = stream.wish.settings
        rows = version.layout.gather(settings.batch_size_rows, settings.batch_size_bytes)
        stream.batch = Batch.of_columns(version, metadata.utc_now(), rows)
        self._gathering[rows.gathered] = stream, stream.batch, version.layout
        self._scanner.add(rows.gathered)
        return stream.batch

    def _append(
        self, stream: Stream, batch: Batch, rows: list[Row], lines: Sequence[bytes], numbers: Sequence[int]
    ) -> None:
        """
        Append rows that came the slow way to columns, or unpack these where they cannot take them.
        """
        apart = Batch(batch.version, batch.received, rows, lines, [numbers])
        self._arrived(stream, len(rows), sum(map(len, lines)))
        faults = apart.finish()
        if faults and self._drop(stream, apart, faults):
            return
        taken = batch.append(apart)
        if taken < len(apart):  # a value has no place among columns
            cast("Layout", batch.version.layout).usable = False
            self._stop_gathering(batch)
            batch.unpack()
            rest = apart.part(taken, len(apart))
            batch.add(batch.version.decoder.any_rows(rest.lines), rest.lines, rest.spans[0])

    def _send_when_full(self, stream: Stream) -> None:
        batch, settings = stream.batch, stream.wish.settings
        if batch is not None and (
            len(batch) >= settings.batch_size_rows or batch.size >= settings.batch_size_bytes
        ):
            self.send(stream)

    # --- rows that a scanner adds

    def scan(
        self, data: bytes, start: int, stop: int, number: int, numbers: bytes | None = None
    ) -> tuple[int, int]:
        """
        Let the compiled decoder add the rows of whole lines in *data*, of which the first has *number*.

        Return where it stopped, and the number of the line there. *numbers*: see `_columns.Scanner.take`.
        Lines of which it knows the one value that makes a reject of them do not stop it.
        """
        while True:
            place, number, fault = self._scan(data, start, stop, number, numbers)
            if fault is None or numbers is not None or not self._refuse(data, place, number, fault):
                return place, number
            start, number = fault[-1] + 1, number + 1
            if start >= stop:
                return stop, number

    def _scan(
        self, data: bytes, start: int, stop: int, number: int, numbers: bytes | None
    ) -> tuple[int, int, tuple[Any, int, int, int, int] | None]:
        most_rows, most_bytes = self._config.max_transaction_rows, self._config.max_transaction_bytes
        rows = most_rows - self._rows if most_rows else NO_BOUND
        size = most_bytes - self._bytes if most_bytes else NO_BOUND
        place, number, why, arrived, fault = self._scanner.take(
            data, start, stop, number, rows, size, numbers
        )
        for columns, count, length in arrived:
            stream, batch, layout = self._gathering[columns]
            batch.gathered(count, length)
            layout.taken += count
            self._arrived(stream, count, length)
        if why == columnar.compiled.FULL:
            for columns, _, _ in arrived:
                self._send_when_full(self._gathering[columns][0])
            self._close_when_large()
        return place, number, fault

    def _refuse(self, data: bytes, place: int, number: int, told: tuple[Any, int, int, int, int]) -> bool:
        """
        Make a reject of the line at *place*, where the one value *told* by the scanner is none of its column.
        """
        columns, column, start, stop, end = told
        stream, batch, layout = self._gathering[columns]
        tally = batch.version.tally
        counted = tally.empty, tally.rounded
        fault = batch.version.decoder.fault_of(column, data[start:stop])
        if fault is None:
            tally.empty, tally.rounded = counted  # the line will be read again
            return False
        code, why, name = fault
        layout.refuse()
        stream.received += 1
        self.reject(Reject(stream.name, number, code, why, name, data[place:end]))
        return True

    def _stop_gathering(self, batch: Batch) -> None:
        """
        Let the scanner add no more to *batch*, if it did.
        """
        if isinstance(batch.rows, ColumnRows):
            self._scanner.remove(batch.rows.gathered)
            del self._gathering[batch.rows.gathered]

    def add_whole(self, stream: Stream, batch: Batch) -> None:
        """
        Hand over a batch that came whole.
        """
        self._note_unseen(stream)
        self._arrived(stream, len(batch), batch.size)
        self._hand_over(batch)
        self._close_when_large()

    def reject(self, reject: Reject) -> None:
        """
        Note a line that is not stored.
        """
        self._rejects.append(reject)
        self._begin()

    def take_state(self, state: bytes, number: int) -> None:
        """
        Note the STATE of line *number*, and commit when enough rows came before it.
        """
        self._state, self._state_line = state, number
        self.rows_after_state = False
        self._begin()
        # While it must wait, a checkpoint ends at each STATE: what is ahead of it is then known by whole
        # checkpoints.
        if self._rows >= self._config.commit_interval_rows or (self._unseen and self._config.loader_id):
            self.close()

    def _begin(self) -> None:
        if self._since is None:
            self._since = self._clock()

    def _arrived(self, stream: Stream, rows: int, size: int) -> None:
        self._bytes += size
        self._rows += rows
        stream.received += rows
        self.rows_after_state = True
        self._begin()

    def _note_unseen(self, stream: Stream) -> None:
        """
        Note that rows come whose table is switched later; a STATE from before them need not wait for that.
        """
        if stream.target is None or not stream.target.work or stream.name in self._unseen:
            return
        if self._state is not None and not self._unseen:
            self.close()
        self._unseen.add(stream.name)

    def waits_for_switch(self, stream: Stream | None = None) -> bool:
        """
        Tell whether rows of *stream*, or of any, have gathered that nobody sees before a switch.
        """
        return bool(self._unseen) if stream is None else stream.name in self._unseen

    # --- when it ends

    def patience(self) -> float | None:
        """
        Return how many seconds it may still stay open; None while nothing has come.
        """
        if self._since is None:
            return None
        return max(0.0, self._since + self._config.batch_wait_limit_seconds - self._clock())

    def close_when_due(self) -> None:
        """
        Commit when it has been open for `batch_wait_limit_seconds`.
        """
        if self._since is not None and self._clock() >= self._since + self._config.batch_wait_limit_seconds:
            self.close()

    def _close_when_large(self) -> None:
        most_rows, most_bytes = self._config.max_transaction_rows, self._config.max_transaction_bytes
        if (most_rows and self._rows >= most_rows) or (most_bytes and self._bytes >= most_bytes):
            self.close()

    # --- what goes out

    def send(self, stream: Stream) -> None:
        """
        Make the waiting rows ready to be bound and hand them over.
        """
        batch, stream.batch = stream.batch, None
        if batch is None:
            return
        self._stop_gathering(batch)
        if not batch.rows:
            return
        faults = batch.finish()
        if not faults or not self._drop(stream, batch, faults):
            self._hand_over(batch)

    def _drop(self, stream: Stream, batch: Batch, faults: dict[int, RowFault]) -> bool:
        """
        Turn rows that a look at the whole batch refused into rejects.

        With a text that is too long for a column which may grow, all are read again after it has grown, and
        True is returned.
        """
        long = [each for each in faults.values() if isinstance(each, TooLong) and stream.may_grow(each)]
        if long:
            batch.rows = []
            self._read_again(stream, batch, long)
            return True
        self._rejects += [batch.reject(n, fault) for n, fault in sorted(faults.items())]
        batch.without(set(faults))
        return False

    def _hand_over(self, batch: Batch) -> None:
        if batch.rows:
            rejects, self._rejects = self._rejects, []
            self._gate.load(batch, rejects)

    def act(self, act: Act) -> None:
        """
        Commit what is open, then *act* in a transaction of its own.
        """
        self.close()
        self._gate.act(act)
        self.commit_rows()

    def commit_rows(self) -> None:
        """
        Commit what was handed over, without a STATE: rows before it may still wait.
        """
        self._end(None, None)

    def close(self, *, last: bool = False, switching: Sequence[Stream] = ()) -> None:
        """
        End the checkpoint: hand over what waits, switch the tables of *switching*, then its STATE.

        The STATE waits while rows are gathering beside their table.
        """
        for stream in self._streams.values():
            while stream.batch is not None:
                self.send(stream)
        if any(stream.wish.settings.overwrite_strategy == "truncate" for stream in switching):
            self.commit_rows()  # TRUNCATE commits by itself, so what is open is committed first
        self._switch(switching)
        is_open = self._since is not None or last or bool(switching)
        self._rows, self._bytes, self._since = 0, 0, None
        if self._unseen:
            if is_open:
                self._end(None, None, last=last)
            return
        if is_open:
            self._end(self._state, self._state_line, last=last)
        self._state, self._state_line = None, None

    def _switch(self, switching: Sequence[Stream]) -> None:
        for stream in switching:
            assert stream.target is not None  # noqa: S101  # its rows have gathered
            self._gate.act(Switch(stream.name, stream.target, stream.wish.settings.overwrite_empty))
            self._unseen.discard(stream.name)
            stream.switched = True

    def _end(self, state: bytes | None, state_line: int | None, *, last: bool = False) -> None:
        rejects, self._rejects = tuple(self._rejects), []
        passed: dict[str, int] = {}
        if self.resume is not None:
            passed, self.resume.passed = self.resume.passed, {}
        received = self._counted()
        for name, count in passed.items():
            received[name] = received.get(name, 0) + count
        self._gate.close(Ending(state, rejects, received, last, state_line, passed))

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
