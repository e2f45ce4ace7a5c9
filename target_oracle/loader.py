"""
Batches -> transactions: send, commit, print STATE; and after any failure the same again, or a clear end.

One checkpoint is one transaction. Its batches keep their lines until the commit's outcome is known, so that
a lost session costs a replay and never a row.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from target_oracle import log, methods
from target_oracle.acts import Act
from target_oracle.checkpoint import Batch, Outcome, Reject
from target_oracle.errors import LoadError
from target_oracle.gate import Ending
from target_oracle.isolation import send_apart
from target_oracle.log import RUN_ID, logger
from target_oracle.masking import Mask
from target_oracle.oracle.codes import (
    Action,
    classify,
    code_of,
    describe,
    is_changing,
    is_of_binds,
    is_parallel,
)
from target_oracle.oracle.database import Database, DatabaseError
from target_oracle.oracle.rejecttable import Rejected
from target_oracle.rejects import Budget, Place, messages
from target_oracle.resume import Ahead, Resume, read_ahead
from target_oracle.spool import Spool
from target_oracle.stages import watched
from target_oracle.stream import Target
from target_oracle.summary import Summary
from target_oracle.tables import Tables
from target_oracle.wishes import Wish

if TYPE_CHECKING:
    from target_oracle.config import Config
    from target_oracle.singer.state import StateWriter

T = TypeVar("T")
# An idle session is asked for a sign of life this often, so that a firewall does not cut it unseen.
KEEP_ALIVE_SECONDS: Final = 60
# Lines of an open checkpoint that are kept in memory where max_transaction_bytes sets no bound.
MEMORY_BYTES: Final = 64 << 20


class _Work(msgspec.Struct):
    """
    A batch of the open checkpoint and what became of it.
    """

    batch: Batch
    rejects: tuple[Reject, ...]
    outcome: Outcome = msgspec.field(default_factory=Outcome)
    apart: bool = False  # a row of it fails its whole array
    held: bool = False  # its lines count as held, in memory or on disk


class Loader:
    """
    The database side, single-threaded: whoever calls it, calls it from one thread.

    One that *hands_on* has others send, and computes nothing itself.
    """

    hands_on = False

    def __init__(  # the parts of a run, each made by pipeline.py
        self,
        config: Config,
        database: Database,
        *,
        states: StateWriter,
        rejects: Place | None,
        summary: Summary,
        sleep: Callable[[float], None],
    ) -> None:
        self._config = config
        self._database = database
        self._tables = watched(Tables(config), summary.stages, "tables")
        self._states = states
        self._place = rejects
        self._summary = summary
        self._sleep = sleep
        self._budget = Budget(config.max_rejects, config.max_rejects_percent)
        self._mask = Mask(config.sensitive_columns)
        self._spool = Spool(config.temp_dir)
        self._held = 0
        self._schemas: dict[str, bytes] = {}
        self._work: list[_Work] = []
        self._sent = 0
        self._acts: list[Act] = []
        self._acted = 0
        self._tries = 0
        self._in_doubt = False
        self._settled = False
        self._rows_in_doubt = 0
        self._ahead = Ahead()

    # --- what the reader asks

    def open(self) -> None:
        """
        Connect and take the ledger's row.
        """
        self._attempt(lambda: None)
        self._run_each("before_run_sql", self._config.before_run_sql)
        before = self._database.before
        self._ahead = Ahead(read_ahead(before.ahead) if before else None)

    def resume(self) -> Resume:
        """
        Return what an earlier run of this loader has committed beyond its last STATE.
        """
        before = self._database.before
        state = before.state.encode() if before and before.state else None
        return Resume(read_ahead(before.ahead) if before else {}, state)

    def prepare(self, wish: Wish, *, may_change: bool) -> Target | None:
        """
        Return the table that *wish* asks for, as it is or as DDL makes it.

        None when it needs DDL that may not run yet.
        """
        self._schemas[wish.stream] = wish.raw
        return self._attempt(
            lambda: self._tables.prepare(
                self._database, wish, may_change=may_change or not self._is_anything_open()
            )
        )

    def _is_anything_open(self) -> bool:
        """
        Tell whether there is a transaction that DDL would commit.
        """
        return bool(self._work or self._acts)

    def load(self, batch: Batch, rejects: Sequence[Reject]) -> None:
        """
        Send *batch* within the open transaction; *rejects* came up while it was read.
        """
        self._summary.started(batch.version.stream)
        self._work.append(_Work(batch, tuple(rejects)))
        self._attempt(lambda: None)
        self._check_budget(None)

    def act(self, act: Act) -> None:
        """
        Do *act* behind all rows of the open checkpoint.
        """
        self._acts.append(act)
        self._attempt(lambda: None)

    def close(self, ending: Ending) -> None:
        """
        Commit the open checkpoint, then print its STATE.
        """
        rejects = [*self._open_rejects(), *ending.rejects]
        received = self._summary.received() + sum(ending.received.values())
        self._within_budget(received, ending.rejects)
        if self._work or self._acts or rejects or ending.state is not None:
            ahead = self._ahead_after(ending)
            self._attempt(lambda: self._commit(ending, rejects, ahead))
            self._ahead = ahead
        self._count(ending, rejects)
        self._states.write(ending.state)

    def _run_each(self, setting: str, statements: Sequence[str]) -> None:
        """
        Run the operator's *statements*, each in a transaction of its own.

        After a lost connection that one again.
        """
        for number, statement in enumerate(statements, 1):
            try:
                self._attempt(partial(self._database.run_and_commit, statement))
            except LoadError as fault:  # noqa: PERF203  # each try may fail
                raise LoadError(f"{setting}, statement {number}: {fault}", code=fault.code) from fault

    def end(self, *, clean: bool) -> None:
        """
        After the last checkpoint: take back what only this run needed, and see that all numbers add up.

        Only a *clean* end, of input that came to its own, runs the operator's last statements. A checkpoint
        that the reader could not bring to its end is taken back, before anything else commits.
        """
        self._take_back()
        self._attempt(lambda: self._tables.restore(self._database))
        if clean:
            self._run_each("after_run_sql", self._config.after_run_sql)
        self._attempt(lambda: self._tables.end(self._database))
        self._attempt(self._database.end)
        self._summary.check()

    def _take_back(self) -> None:
        """
        Give up the open checkpoint, if there is one.
        """
        if (self._work or self._acts) and self._database.is_open:
            self._roll_back()
        self._work, self._acts = [], []

    def disconnect(self) -> None:
        """
        Close the connections; what is open is rolled back by the server.
        """
        if self._tables.are_suspended:
            self._restore_after_all()
        self._database.release()
        self._spool.close()
        if self._place:
            self._place.close()

    def _restore_after_all(self) -> None:
        """
        In a run that failed, bring back the constraints and indexes that are off.

        On a new connection: what is open on the old one must not be committed by DDL.
        """
        self._database.close()
        try:
            self._database.open()
            self._tables.restore(self._database)
        except (DatabaseError, LoadError) as fault:
            why = str(fault) if isinstance(fault, LoadError) else describe(fault)
            logger.warning("constraints or indexes stay off until the next run: %s", why)
        finally:
            self._tables.leave()

    def patience(self) -> float:
        """
        Return how many seconds the loader may wait for work before `keep_alive`.
        """
        return KEEP_ALIVE_SECONDS

    def keep_alive(self) -> None:
        """
        Ask the idle session for a sign of life.

        One that was cut is opened again, and what was open is replayed.
        """
        self._attempt(self._database.ping)

    # --- attempts

    def _attempt(self, step: Callable[[], T]) -> T:
        """
        Run *step* on a session that holds all of the open checkpoint; after a passing failure, again.
        """
        while True:
            try:
                self._bring_up()
                answer = step()
            except DatabaseError as error:  # noqa: PERF203  # each try may fail
                self._after(error)
            else:
                if not self._work:
                    self._tries = 0
                return answer

    def _bring_up(self) -> None:
        if not self._database.is_open:
            self._sent = self._acted = 0
            with self._summary.stages.of("connect"):
                self._database.open()
        if self._in_doubt:
            self._settle_doubt()
        while self._sent < len(self._work) and not self._settled:
            self._send(self._work[self._sent])
            self._sent += 1
        while self._acted < len(self._acts) and not self._settled:
            self._acts[self._acted].run(self._database)
            self._acted += 1

    def _settle_doubt(self) -> None:
        """
        Learn from the ledger whether the commit whose answer was lost went through.
        """
        self._settled = self._database.resolve(self._rows_in_doubt)
        self._in_doubt = False
        if self._settled:
            logger.warning("the answer to COMMIT was lost; the ledger says that the checkpoint is in")
        else:
            logger.warning("the answer to COMMIT was lost; the checkpoint is not in and is loaded again")

    def _after(self, error: DatabaseError) -> None:
        """
        Decide about *error*: return to try again, or raise LoadError.
        """
        action = classify(error, connecting=not self._database.is_open)
        if action is Action.STOP and self._is_sending() and is_changing(error):
            action = Action.RETRY
        if self._as_rows(error) or (action is Action.ROW and self._set_apart(error)):
            return
        self._tries += 1
        if action in (Action.STOP, Action.ROW) or self._tries > self._config.max_retries:
            self._give_up(error, action)
        delay = self._delay()
        logger.warning(
            "%s; %s in %.1f s (try %d of %d)",
            describe(error),
            action.value,
            delay,
            self._tries,
            self._config.max_retries,
        )
        self._summary.retries += 1
        if action is Action.REPLAY:
            self._summary.lost_connections += 1
            self._database.close()
        elif is_parallel(error):
            self._database.go_serial()
        elif action is Action.RETRY:
            self._roll_back()
        self._sleep(delay)

    def _is_sending(self) -> bool:
        return not self._in_doubt and not self._settled and self._sent < len(self._work)

    def _as_rows(self, error: DatabaseError) -> bool:
        """
        Where the database takes no columns for the stream that is being sent, see that they go as rows.
        """
        if not self._is_sending() or not is_of_binds(error):
            return False
        batch = self._work[self._sent].batch
        layout = batch.version.layout
        if layout is None or not layout.usable:
            return False
        layout.usable = False
        logger.info(
            "stream %s: %s; records go as rows, not as columns", batch.version.stream, describe(error)
        )
        self._roll_back()
        return True

    def _set_apart(self, error: DatabaseError) -> bool:
        """
        Where *error* is what a row did to the array that was being sent, see that its rows are sent apart.
        """
        if not self._is_sending() or self._work[self._sent].apart:
            return False
        work = self._work[self._sent]
        work.apart = True
        logger.info(
            "stream %s: a row fails its whole array (%s); it is looked for",
            work.batch.version.stream,
            code_of(error),
        )
        self._roll_back()
        return True

    def _roll_back(self) -> None:
        self._sent = self._acted = 0
        try:
            self._database.rollback()
        except DatabaseError:
            self._database.close()

    def _give_up(self, error: DatabaseError, action: Action) -> None:
        tried = (
            ""
            if action in (Action.STOP, Action.ROW)
            else f" (given up after {self._config.max_retries} retries)"
        )
        doubt = ""
        if self._in_doubt:
            doubt = "; whether the last checkpoint is in, the ledger will tell the next run"
            if self._place:
                self._place.settle()  # its rejects may be all that is left of these rows
        raise LoadError(f"{describe(error)}{tried}{doubt}", code=code_of(error)) from error

    def _delay(self) -> float:
        most = min(self._config.retry_max_delay, self._config.retry_delay * 2.0 ** (self._tries - 1))
        return most * random.uniform(0.5, 1.0)  # noqa: S311  # jitter, no secret

    # --- sending

    def _send(self, work: _Work) -> None:
        batch = work.batch
        rows = batch.rows if batch.rows is not None else methods.rows_again(batch)
        began = time.monotonic()
        with self._summary.stages.of("execute"):
            if work.apart:
                rows = rows if isinstance(rows, list) else methods.rows_by_line(batch)
                work.outcome = send_apart(self._database, batch, rows, self._budget.left())
                if batch.version.layout is not None and not work.outcome.rejects:
                    batch.version.layout.usable = False  # no row was at fault, so it was the columns
            else:
                work.outcome = methods.send(self._database, batch, rows)
        log.timer("batch_processing_time", time.monotonic() - began, stream=batch.version.stream)
        batch.rows = None
        self._keep_within_memory(work)

    def _keep_within_memory(self, work: _Work) -> None:
        """
        Move the lines of a batch that was sent to disk, where no bound keeps them from filling the memory.
        """
        if self._config.max_transaction_bytes or work.held:
            return
        work.held = True
        self._held += work.batch.size
        if self._held > MEMORY_BYTES:
            work.batch.spool(self._spool)

    def _open_rejects(self) -> list[Reject]:
        return [reject for work in self._work for reject in (*work.rejects, *work.outcome.rejects)]

    def _check_budget(self, received: int | None) -> None:
        self._within_budget(received, ())

    def _within_budget(self, received: int | None, more: Sequence[Reject]) -> None:
        """
        Check the budget for the rejects of the batches and *more*.
        """
        count = len(more) + sum(len(work.rejects) + len(work.outcome.rejects) for work in self._work)
        try:
            self._budget.check(count, received)
        except Exception:
            self._refuse([*self._open_rejects(), *more])
            raise

    def _refuse(self, rejects: list[Reject]) -> None:
        """
        Over budget: nothing of the checkpoint stays, its rejects are kept all the same.
        """
        if self._database.is_open:
            self._roll_back()
        self._summary.rejected(rejects)
        for reject in rejects:
            if reject.stream is not None:
                self._summary.of(reject.stream).received += 1
        if self._place:
            self._place.write(rejects, self._schemas)
            self._place.settle()
        for reject in rejects[:_SHOWN]:
            logger.warning("%s", said(reject))
        self._keep_rejects(rejects)

    def _keep_rejects(self, rejects: list[Reject]) -> None:
        """
        Put the rejects of a checkpoint that is given up into the table; the run fails anyhow, so only try.
        """
        try:
            if not self._database.is_open:
                self._database.open()
            self._database.keep_rejects(self._tabled(rejects))
        except DatabaseError as error:
            logger.warning("the rejects could not be written to reject_table: %s", describe(error))

    def _tabled(self, rejects: list[Reject]) -> list[Rejected]:
        if not self._config.reject_table:
            return []
        return [
            Rejected(
                each.stream,
                each.line,
                each.code,
                each.column,
                each.why,
                text.decode(),
            )
            for each, text in zip(rejects, messages(rejects, RUN_ID, self._mask), strict=True)
        ]

    # --- committing

    def _ahead_after(self, ending: Ending) -> Ahead:
        """
        Return what will be committed beyond the last STATE.

        Nobody asks where no loader_id lets a later run find it.
        """
        if not self._config.loader_id:
            return self._ahead
        lines: dict[str, list[tuple[int, bytes]]] = {}
        first = ending.state_line or 0
        versioned: set[str] = set()
        for work in self._work:
            version = work.batch.version
            lines.setdefault(version.stream, []).extend(work.batch.after(first))
            if version.target.has_versions:
                versioned.add(version.stream)
        # Rows that the database refused still stand in their batch; those that were never sent do not.
        for reject in (*(each for work in self._work for each in work.rejects), *ending.rejects):
            if reject.stream is not None and reject.line > first:
                lines.setdefault(reject.stream, []).append((reject.line, reject.raw))
        # What gathers beside a table is not in it: a run that dies leaves nothing of it.
        beside = {name for name in lines if self._config.for_stream(name).load_method == "overwrite"}
        kept = {name: found for name, found in lines.items() if name not in beside}
        return self._ahead.after(kept, ending.state_line, versioned)

    def _commit(self, ending: Ending, rejects: list[Reject], ahead: Ahead) -> None:
        if self._settled:
            return
        if rejects and self._place:
            self._place.write(rejects, self._schemas)
        self._database.write_rejects(self._tabled(rejects))
        rows = sum(len(work.batch) for work in self._work)
        self._in_doubt, self._rows_in_doubt = True, rows
        try:
            with self._summary.stages.of("commit"):
                self._database.commit(ending.state, ahead.text(), rows)
        except DatabaseError as error:
            self._in_doubt = classify(error) is Action.REPLAY
            raise
        except BaseException:
            self._in_doubt = False
            raise
        self._in_doubt = False

    def _count(self, ending: Ending, rejects: list[Reject]) -> None:
        """
        The checkpoint is in: count it, forget it.
        """
        for stream, count in ending.passed.items():
            self._summary.of(stream).skipped += count
        for stream, count in ending.received.items():
            self._summary.of(stream).received += count
            log.counter("record_count", count, stream=stream)
        for work in self._work:
            self._summary.count(work.batch.version.stream, work.outcome)
            self._summary.changed(work.batch.version.stream, work.batch.empty, work.batch.rounded)
        for reject in rejects[: max(0, _SHOWN - self._summary.reasons.total())]:
            logger.warning("%s", said(reject))
        self._summary.rejected(rejects)
        if rejects and self._place:
            self._place.settle()
        self._budget.settled += len(rejects)
        self._summary.committed()
        self._work, self._sent, self._tries, self._held = [], 0, 0, 0
        self._acts, self._acted = [], 0
        self._spool.clear()
        self._settled = self._in_doubt = False


# Rejects that are told one by one; the rest only in the file and in the summary.
_SHOWN: Final = 20


def said(reject: Reject) -> str:
    """
    Return one line about *reject*, without a value of its row.
    """
    place = f" stream {reject.stream}" if reject.stream else ""
    column = f" column {reject.column}" if reject.column else ""
    return f"rejected: input line {reject.line}{place}{column}: {reject.code} {reject.why}"
