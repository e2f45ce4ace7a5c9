"""
The database as the loader uses it: one session and its ledger, opened again and again where it must be.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Final

import oracledb

from target_oracle.errors import LoadError
from target_oracle.log import RUN_ID, logger
from target_oracle.oracle.codes import Action, classify, code_of, describe
from target_oracle.oracle.ddl import apply
from target_oracle.oracle.dictionary import read_server, read_table
from target_oracle.oracle.directpath import DirectPath, Mark
from target_oracle.oracle.evolve import Evolution
from target_oracle.oracle.ledger import Entry, Lease, Ledger, last_state, split_name
from target_oracle.oracle.rejecttable import Rejected, RejectTable
from target_oracle.oracle.session import Session, open_session
from target_oracle.oracle.staging import Numbers, Staging
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, Server
from target_oracle.oracle.wanted import Policy, Wanted
from target_oracle.oracle.writer import Writer

if TYPE_CHECKING:
    from target_oracle.config import Config

DatabaseError = oracledb.Error
_RANDOM_ID: Final = "run-"
_SERIAL: Final = "ALTER SESSION DISABLE PARALLEL DML"


class Database:
    """
    A session that can be lost and opened again; calls raise DatabaseError as the driver does.
    """

    def __init__(self, config: Config, run_id: str) -> None:
        self._config = config
        self._run_id = run_id
        self._session: Session | None = None
        self._server: Server | None = None
        self._lease: Lease | None = None
        self._rejects = RejectTable(config.reject_table, run_id) if config.reject_table else None
        self._writers: dict[tuple[object, ...], Writer] = {}
        self._stagings: dict[tuple[object, ...], Staging] = {}
        self._direct: DirectPath | None = None
        self._numbers = Numbers()
        self.before: Entry | None = None
        self.ddl: list[str] = []
        self.ledger: Ledger | None = None
        self._opened_before = False
        self._serial = False
        loader_id = config.loader_id or _RANDOM_ID + uuid.uuid4().hex
        self._mark = Mark.of(loader_id)
        self._open_session = self.connect
        if config.ledger:
            self.ledger = Ledger(
                config.ledger_table,
                loader_id,
                anonymous=config.loader_id is None,
                run_id=run_id,
            )
        if self.ledger is not None and not self.ledger.anonymous:
            self._lease = Lease(self.ledger, self.connect)

    @property
    def is_open(self) -> bool:
        """
        Tell whether there is a session.
        """
        return self._session is not None

    @property
    def session(self) -> Session:
        """
        The open session.
        """
        assert self._session is not None  # noqa: S101  # the loader opens first
        return self._session

    @property
    def server(self) -> Server:
        """
        What the server can do, as it was when first connected.
        """
        assert self._server is not None  # noqa: S101  # read by the first open
        return self._server

    def open(self) -> None:
        """
        Connect; the first time also read what the server can do and take the ledger's row.
        """
        session = self._open_session()
        try:
            if self._serial:
                session.run(_SERIAL)
            if not self._opened_before:
                self._first(session)
                self._opened_before = True
        except BaseException:
            session.close()
            raise
        self._session = session

    def connect(self) -> Session:
        """
        Open one more session of this run, for whoever closes it.
        """
        return open_session(self._config, self._run_id)

    def _first(self, session: Session) -> None:
        self._server = read_server(session.connection, split_name(self._config.ledger_table)[0])
        if self._rejects is not None:
            self._rejects.ensure(session, may_create=self._config.ddl_mode != "none")
        if self.ledger is None:
            return
        if self.ledger.anonymous:
            self.before = self.ledger.open(session)
            return
        self.before = self.ledger.open_as_sole(session, self._take_lease)

    def _take_lease(self) -> None:
        if self._lease is not None:
            self._lease.take(self._config.loader_wait_seconds)

    def writer(self, owner: str, table: str, columns: tuple[Column, ...], keys: tuple[str, ...]) -> Writer:
        """
        Return what writes rows of *columns* into a table on the open session.
        """
        name = (owner, table, columns, keys)
        writer = self._writers.get(name)
        if writer is None:
            writer = self._writers[name] = Writer(owner, table, columns, keys, self.server.max_string_bytes)
        writer.session = self.session
        return writer

    def staging(self, owner: str, table: str, columns: tuple[Column, ...], keys: tuple[str, ...]) -> Staging:
        """
        Return what merges rows of *columns* into a table by way of a staging table, on the open session.
        """
        name = (owner, table, columns, keys)
        staging = self._stagings.get(name)
        if staging is None:
            staging = self._stagings[name] = Staging(owner, table, columns, keys, self.server, self._numbers)
        staging.session = self.session
        return staging

    @property
    def direct(self) -> DirectPath:
        """
        What loads rows by direct path, on a connection of its own.
        """
        if self._direct is None:
            self._direct = DirectPath(self.connect, self.server, self._mark)
        return self._direct

    def described(self) -> str | None:
        """
        Return one line about the server; None where there was no connection.
        """
        if self._server is None:
            return None
        return f"Oracle Database {'.'.join(map(str, self._server.version))}, {self._server.charset}"

    def table(self, owner: str, name: str) -> Table | None:
        """
        Return the table *owner*.*name* as the dictionary has it, or the one that a synonym leads to.
        """
        return read_table(self.session.connection, owner, name)

    def evolve(self, wanted: Wanted, policy: Policy, now: Evolution) -> Evolution:
        """
        Bring the table to what *wanted* says; DDL commits, so nothing may be open.

        *now* is what it needs as the dictionary just said.
        """
        return apply(self.session.connection, wanted, self.server, policy, now=now, ran=self.ddl.append)

    def commit(self, state: bytes | None, ahead: str | None, rows: int) -> None:
        """
        Commit what is open, and with it the ledger's row, which carries *state* and what is *ahead* of it.
        """
        self._keep_lease()
        if self.ledger is None:
            self.session.commit()
        else:
            self.ledger.commit(
                self.session, state=state.decode() if state is not None else None, ahead=ahead, rows=rows
            )

    def resolve(self, rows: int) -> bool:
        """
        After a commit whose answer was lost, on a new session: tell whether its *rows* are in.
        """
        if self.ledger is None:
            logger.warning(
                "the answer to COMMIT was lost and there is no ledger to ask: its rows may be loaded twice"
            )
            return False
        committed = self.ledger.resolve(self.session)
        if committed:
            self.ledger.advance(rows)
        return committed

    def run_and_commit(self, statement: str) -> None:
        """
        Run one statement of the operator's, and commit it.
        """
        self.session.run(statement)
        self.session.commit()

    def ping(self) -> None:
        """
        Ask for a sign of life.
        """
        self.session.ping()
        self._keep_lease()

    def _keep_lease(self) -> None:
        if self._lease is not None:
            self._lease.keep()

    def write_rejects(self, rejects: Sequence[Rejected]) -> None:
        """
        Put *rejects* into the reject table within the open transaction; nothing where there is no such table.
        """
        if self._rejects is not None:
            self._rejects.write(self.session, rejects)

    def keep_rejects(self, rejects: Sequence[Rejected]) -> None:
        """
        Put *rejects* into the reject table for good, whatever becomes of the rows; nothing else may be open.
        """
        if self._rejects is not None:
            self._rejects.write(self.session, rejects)
            self.session.commit()

    def mark(self) -> None:
        """
        Set the place in the open transaction that `back_to_mark` goes back to.
        """
        self.session.run("SAVEPOINT TARGET_ORACLE_MARK")

    def back_to_mark(self) -> None:
        """
        Undo what was done since `mark`.
        """
        self.session.run("ROLLBACK TO SAVEPOINT TARGET_ORACLE_MARK")

    def rollback(self) -> None:
        """
        Give up what is open.
        """
        self.session.rollback()

    def go_serial(self) -> None:
        """
        Close the session; later ones change no table in parallel, which takes it from its own transaction.
        """
        self._serial = True
        self.close()

    def end(self) -> None:
        """
        At a clean end: take back what only this run needed, the ledger row of an anonymous run with it.
        """
        self.drop_work()
        if self.ledger is not None:
            self.ledger.close(self.session)

    def drop_work(self) -> None:
        """
        Drop the staging and work tables that were made for this connection.
        """
        for staging in self._stagings.values():
            staging.session = self.session
            staging.drop()
        if self._direct is not None:
            self._direct.drop(self.session)

    def beside(self, connect: Callable[[], Session] | None = None) -> Database:
        """
        Return the same for one more connection of this run: server, ledger and lease are common.

        *connect* opens its sessions, where not this process does. Only one of them may commit at a time,
        since each commit moves the one row of the ledger.
        """
        other = copy(self)
        other.own_nothing(connect or self.connect)
        return other

    def own_nothing(self, connect: Callable[[], Session]) -> None:
        """
        Forget the session and what belongs to it; *connect* opens the next one.
        """
        self._session, self._writers, self._stagings, self._direct = None, {}, {}, None
        self._open_session = connect

    def close(self) -> None:
        """
        Close the session; what is open is rolled back.
        """
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def leave(self) -> None:
        """
        Close all connections that rows go through.
        """
        self.close()
        if self._direct is not None:
            self._direct.close()

    def release(self) -> None:
        """
        Let go of everything, the lease too.
        """
        self.leave()
        if self._lease is not None:
            self._lease.close()


def read_last_state(config: Config) -> str | None:
    """
    Return the last committed STATE of *config*'s loader_id; None where there is none. Raise LoadError.
    """
    for attempt in range(config.max_retries + 1):
        try:
            session = open_session(config, RUN_ID)
            try:
                return last_state(session, config.ledger_table, str(config.loader_id))
            finally:
                session.close()
        except DatabaseError as error:  # noqa: PERF203  # each try may fail
            if attempt == config.max_retries or classify(error, connecting=True) is not Action.CONNECT:
                raise LoadError(describe(error), code=code_of(error)) from error
            time.sleep(min(config.retry_max_delay, config.retry_delay * 2**attempt))
    return None
