"""
Several loader connections: checkpoints load side by side and commit one after the other, in input order.

A transaction of one connection holds one checkpoint, and those behind it that it can send before its turn to
commit comes. It waits for that turn, so that the ledger moves from n-1 to n as ever and every STATE covers
all before it. What must come behind earlier rows (upserts, switches of tables) waits before it is even sent.
See docs/decisions/0009-parallelism.md.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle.gate import Ending
from target_oracle.held import HeldRows
from target_oracle.loader import Loader
from target_oracle.log import logger
from target_oracle.resume import Ahead
from target_oracle.wishes import Wish

if TYPE_CHECKING:
    from target_oracle.acts import Act
    from target_oracle.checkpoint import Batch, Reject
    from target_oracle.lanes import Lane
    from target_oracle.stream import Target

# How often whoever waits looks whether it may still wait.
LOOK_SECONDS: Final = 0.25
# Rows that were sent may hold locks that the first transaction waits for: when it gets no further, they
# give way to it.
GIVE_WAY_SECONDS: Final = 30.0
# How long to wait, after a failure, for a thread that is in the middle of a call.
LEAVE_SECONDS: Final = 1.0
# Lines that may wait for one connection: enough for a whole checkpoint, or the next connection would have
# nothing to do. Their rows take twice as much again.
WAITING_BYTES: Final = 8 << 20


class _Abandoned(Exception):  # not a failure: something else ended the run
    """
    The transaction will not commit: one before it failed, or the run is over.
    """


class _Step(msgspec.Struct, frozen=True):
    """
    One thing to do within a transaction; *in_turn*: only once all before it is committed.

    *size* are the bytes of its *rows*, which *holder* keeps if they are not here. An act is the last of its
    checkpoint, and may commit by itself.
    """

    run: Callable[[Loader], None]
    in_turn: bool
    rows: int = 0
    size: int = 0
    holder: object | None = None
    is_act: bool = False


class _Unit(msgspec.Struct):
    """
    A transaction: the *order*-th of the run, on a connection of ours or on that of *lane*.

    *open* while the reader adds to it, *sealed* once it commits; it *grows* where another checkpoint may come
    behind those in it. *size* are the bytes of all its *rows*, *waiting* of those that were not sent yet.
    """

    order: int
    lane: Lane | None = None
    steps: deque[_Step] = msgspec.field(default_factory=deque)
    ending: Ending | None = None
    open: bool = True
    sealed: bool = False
    grows: bool = False
    has_act: bool = False
    rows: int = 0
    size: int = 0
    waiting: int = 0

    def add(self, step: _Step) -> None:
        """
        Put *step* behind the others.
        """
        self.steps.append(step)
        self.rows += step.rows
        self.size += step.size
        self.waiting += step.size
        self.has_act |= step.is_act

    def close(self, ending: Ending) -> None:
        """
        End the open checkpoint; its STATE takes the place of those before it.

        What is ahead of a STATE is known to a later run by whole checkpoints, so one without a STATE is the
        last of its transaction; and so is one with an act, which a replay does behind all rows.
        """
        self.ending = ending if self.ending is None else _together(self.ending, ending)
        self.open = False
        self.grows = ending.state is not None and not self.has_act


def _together(first: Ending, second: Ending) -> Ending:
    later = second if second.state is not None else first
    return Ending(
        later.state,
        first.rejects + second.rejects,
        dict(Counter(first.received) + Counter(second.received)),
        last=second.last,
        state_line=later.state_line,
        passed=dict(Counter(first.passed) + Counter(second.passed)),
    )


class _Board(msgspec.Struct):
    """
    What the connections share; *changed* guards it. The turn is that of the transaction numbered *next*.
    """

    changed: threading.Condition = msgspec.field(default_factory=threading.Condition)
    next: int = 0
    moved: float = msgspec.field(default_factory=time.monotonic)  # when the one whose turn it is got further
    failed: int | None = None
    failure: BaseException | None = None
    over: bool = False
    is_clean: bool = False  # all is committed, so that each connection takes back what it made
    in_turn_only: bool = False
    ahead: Ahead = msgspec.field(default_factory=Ahead)

    def fail(self, order: int, failure: BaseException) -> None:
        """
        Note that transaction *order* failed; of several failures the first in order is told.
        """
        with self.changed:
            if self.failed is None or order < self.failed:
                self.failed, self.failure = order, failure
            self.changed.notify_all()

    def step_done(self, unit: _Unit) -> None:
        """
        Note that the first step of *unit* is done.
        """
        with self.changed:
            unit.waiting -= unit.steps.popleft().size
            if unit.order == self.next:
                self.moved = time.monotonic()
            self.changed.notify_all()

    def pass_on(self) -> None:
        """
        Note that the transaction whose turn it was is committed.
        """
        self.next += 1
        self.moved = time.monotonic()
        self.changed.notify_all()

    def is_stuck(self) -> bool:
        """
        Tell whether the transaction whose turn it is gets no further.
        """
        return time.monotonic() > self.moved + GIVE_WAY_SECONDS

    def is_lost(self, order: int) -> bool:
        """
        Tell whether transaction *order* can no longer commit.
        """
        return self.over or (self.failed is not None and self.failed < order)


class _Worker(Loader):
    """
    A loader on a connection of its own, in a thread of its own.
    """

    unit: _Unit | None = None
    lane: Lane | None = None

    def begin(self, board: _Board, number: int) -> None:
        """
        Start the thread.
        """
        self._board = board
        self._thread = threading.Thread(target=self._serve, name=f"loader-{number}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """
        Wait for the thread, which closes its connection.
        """
        self._thread.join()

    def leave(self) -> None:
        """
        Close the connection, unless its thread is in the middle of a call; what is open is rolled back.
        """
        self._thread.join(LEAVE_SECONDS)
        if not self._thread.is_alive():
            self._database.leave()
            self._spool.close()

    def _check_budget(self, received: int | None) -> None:
        """
        Leave the budget to the end of the checkpoint, when all rejects before it are counted.
        """

    def _serve(self) -> None:
        try:
            self._attempt(lambda: None)  # connect while the tables are looked at
            while (unit := self._next_unit()) is not None:
                self._do(unit)
        except _Abandoned:
            pass
        except BaseException as failure:  # noqa: BLE001  # it is raised again by the loader
            self._board.fail(self.unit.order if self.unit else -1, failure)
            return
        if self._board.is_clean:
            self._tidy()

    def _tidy(self) -> None:
        """
        Drop what was made for this connection and close it, beside the others that do the same.

        A checkpoint that the reader could not bring to its end is taken back.
        """
        try:
            self._take_back()
            if self._database.is_open:
                self._attempt(self._database.drop_work)
            self._database.leave()
            self._spool.close()
        except BaseException as failure:  # noqa: BLE001  # it is raised again by the loader
            self._board.fail(-1, failure)

    def _next_unit(self) -> _Unit | None:
        with self._board.changed:
            while self.unit is None and not self._board.over:
                self._board.changed.wait()
            return self.unit

    def _do(self, unit: _Unit) -> None:
        while (step := self._next(unit)) is not None:
            step.run(self)
            self._board.step_done(unit)
        assert unit.ending is not None  # noqa: S101  # what is closed has one
        self._attempt(lambda: None)  # what was taken back is sent again, now, so that its rejects are known
        self._ahead = self._board.ahead
        self.close(unit.ending)
        with self._board.changed:
            self._board.ahead = self._ahead
            self.unit = None
            self._board.pass_on()

    def _next(self, unit: _Unit) -> _Step | None:
        """
        Wait for what is to be done now; None: *unit* may commit, and nothing is added to it any more.
        """
        with self._board.changed:
            while not self._is_due(unit):
                if self._board.is_lost(unit.order):
                    raise _Abandoned
                if self._sent and self._board.next != unit.order and self._board.is_stuck():
                    self._give_way()
                self._board.changed.wait(LOOK_SECONDS)
            if unit.steps:
                return unit.steps[0]
            unit.sealed = True
            return None

    def _is_due(self, unit: _Unit) -> bool:
        its_turn = self._board.next == unit.order
        if unit.steps:
            return its_turn or not (unit.steps[0].in_turn or self._board.in_turn_only)
        return its_turn and not unit.open

    def _give_way(self) -> None:
        """
        Take back what was sent, once and for all: an earlier transaction may be waiting for its locks.
        """
        if not self._board.in_turn_only:
            logger.info("a transaction waits, maybe for a later one: from here on one at a time is sent")
            self._board.in_turn_only = True
        self._roll_back()


class ParallelLoader(Loader):
    """
    A loader with `parallelism` further connections; its own one is for what is done between transactions.

    Each of *lanes*, processes that decode, holds one more, for the transactions whose rows it keeps.
    """

    hands_on = True
    _board: _Board
    _workers: Sequence[_Worker] = ()

    def __init__(self, config: Any, database: Any, *, lanes: Sequence[Lane] = (), **parts: Any) -> None:
        super().__init__(config, database, **parts)
        self._lanes = lanes
        self._parts = parts
        self._board = _Board()
        self._orders = 0
        self._kept: list[_Step] = []
        self._open: _Unit | None = None
        self._newest: _Unit | None = None
        self._asked = time.monotonic()

    # --- what the reader asks

    def open(self) -> None:
        """
        As `Loader.open`; the other connections are made when there is something to load.
        """
        super().open()
        self._board.ahead = self._ahead
        lanes = (*repeat(None, self._config.parallelism), *self._lanes)
        self._workers = [self._worker(number, lane) for number, lane in enumerate(lanes, 1)]

    def _worker(self, number: int, lane: Lane | None) -> _Worker:
        database = self._database.beside(lane.connect if lane else None)
        worker = _Worker(self._config, database, **self._parts)
        worker.lane = lane
        worker._budget, worker._schemas = self._budget, self._schemas  # noqa: SLF001  # one run, one budget
        worker.begin(self._board, number)
        return worker

    def prepare(self, wish: Wish, *, may_change: bool) -> Target | None:
        """
        As `Loader.prepare`; DDL waits for all transactions.
        """
        if may_change:
            self._drain()
        return super().prepare(wish, may_change=may_change)

    def _is_anything_open(self) -> bool:
        with self._board.changed:
            return bool(self._kept) or self._board.next < self._orders

    def load(self, batch: Batch, rejects: Sequence[Reject]) -> None:
        """
        Give *batch* to the connection that has the open checkpoint; waits while that has enough to do.
        """
        step = _Step(
            lambda loader: loader.load(batch, rejects),
            in_turn=not batch.version.appends,
            rows=len(batch),
            size=batch.size,
            holder=batch.rows.holder if isinstance(batch.rows, HeldRows) else None,
        )
        self._add(step)

    def act(self, act: Act) -> None:
        """
        Do *act* behind all rows before it.
        """
        self._add(_Step(lambda loader: loader.act(act), in_turn=True, is_act=True))

    def close(self, ending: Ending) -> None:
        """
        End the open checkpoint; it commits when its turn comes.
        """
        with self._board.changed:
            self._check()
            unit = self._open or self._filled(self._found())
            unit.close(ending)
            self._open = None
            self._board.changed.notify_all()

    def end(self, *, clean: bool) -> None:
        """
        As `Loader.end`, after the last transaction.
        """
        self._drain()
        self._dismiss(is_clean=True)
        for worker in self._workers:
            worker.finish()
        with self._board.changed:
            self._check()
        self._workers = ()
        super().end(clean=clean)

    def disconnect(self) -> None:
        """
        Close all connections; a thread that still waits for the server ends with the process.
        """
        self._dismiss()
        for worker in self._workers:
            worker.leave()
        super().disconnect()

    def patience(self) -> float:
        """
        Return how long to wait for work: not long while transactions are under way, which may fail.
        """
        return LOOK_SECONDS if self._board.next < self._orders else super().patience()

    def keep_alive(self) -> None:
        """
        Raise what ended a transaction; ask the session for a sign of life when it was idle for long.
        """
        with self._board.changed:
            self._check()
        if time.monotonic() - self._asked >= super().patience():
            self._asked = time.monotonic()
            super().keep_alive()

    # --- transactions

    def _add(self, step: _Step) -> None:
        """
        Put *step* into the open checkpoint; waits while its connection has enough to do.

        It is held here as long as the checkpoint, once it is known whole, may go to the newest transaction.
        """
        with self._board.changed:
            self._check()
            if self._open is None:
                self._kept.append(step)
                unit = self._found()
                self._open = self._filled(unit) if unit.open else None
                return
            while self._open.waiting and self._open.waiting + step.size > WAITING_BYTES:
                self._wait()
            self._open.add(step)
            self._board.changed.notify_all()

    def _found(self) -> _Unit:
        """
        Return the transaction for what is held: the newest if it takes that, else a new one.

        Waits until there is a connection for it.
        """
        while True:
            unit = self._newest if self._newest_takes_held() else self._begun()
            if unit is not None:
                return unit
            self._wait()

    def _newest_takes_held(self) -> bool:
        """
        Tell whether the newest transaction can send what is held, too, before its turn to commit comes.

        For each one before it there is a commit to wait for, which takes the time of a batch. Given more, it
        would make all behind it wait, and the other connections would have nothing to do.
        """
        unit, held = self._newest, self._kept
        if unit is None or unit.sealed or not unit.grows or any(step.is_act for step in held):
            return False
        if held and unit.lane is not held[0].holder:
            return False
        turns = unit.order - self._board.next
        return len(unit.steps) + len(held) <= turns and self._is_within_bounds(unit, held)

    def _is_within_bounds(self, unit: _Unit, held: Sequence[_Step]) -> bool:
        rows, size = sum(step.rows for step in held), sum(step.size for step in held)
        most_rows, most_bytes = self._config.max_transaction_rows, self._config.max_transaction_bytes
        return (
            (not most_rows or unit.rows + rows <= most_rows)
            and (not most_bytes or unit.size + size <= most_bytes)
            and unit.waiting + size <= WAITING_BYTES
        )

    def _begun(self) -> _Unit | None:
        """
        Begin a transaction on an idle connection: that of the process that keeps the rows, or one of ours.
        """
        lane = self._kept[0].holder if self._kept else None
        for worker in self._workers:
            if worker.lane is lane and worker.unit is None:
                worker.unit = self._newest = _Unit(self._orders, lane=worker.lane)
                self._orders += 1
                return self._newest
        return None

    def _filled(self, unit: _Unit) -> _Unit:
        """
        Return *unit* with what was held behind the rest.
        """
        for step in self._kept:
            unit.add(step)
        self._kept.clear()
        self._board.changed.notify_all()
        return unit

    def _wait(self) -> None:
        self._board.changed.wait(LOOK_SECONDS)
        self._check()

    def _drain(self) -> None:
        """
        Wait until every transaction that was ended is committed.
        """
        with self._board.changed:
            self._check()
            while self._board.next < self._orders - (self._open is not None):
                self._wait()

    def _check(self) -> None:
        """
        Raise what ended a transaction, after those before it are in.
        """
        while self._board.failed is not None and self._board.next < self._board.failed:
            self._board.changed.wait(LOOK_SECONDS)
        if self._board.failure is not None:
            raise self._board.failure

    def _dismiss(self, *, is_clean: bool = False) -> None:
        with self._board.changed:
            self._board.over, self._board.is_clean = True, is_clean
            self._board.changed.notify_all()
