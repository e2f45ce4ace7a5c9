"""
The ledger: one row a loader that moves with each commit, so that the outcome of every commit can be known.

Each transaction ends in one statement that moves the row from checkpoint n-1 to n and commits, in one round
trip. The row also carries a token, new with every connection. A loader whose token is no longer there (a
second one took over, or it woke up late) cannot commit: the statement sets a NOT NULL column to NULL, fails
with ORA-01407, and nothing of the transaction is kept. After a lost answer the next connection locks the
row, reads how far it came and leaves a token of its own, which makes that answer final: the old session,
should it still be there, cannot commit any more. See docs/decisions/0002-ledger-last.md for why this
statement is the last and not the first.
"""

from __future__ import annotations

import os
import platform
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
import oracledb

from target_oracle.errors import ConfigError, LoadError
from target_oracle.log import logger
from target_oracle.oracle.codes import codes_of, describe
from target_oracle.oracle.names import quote
from target_oracle.oracle.session import Session

DEFAULT_TABLE: Final = "TARGET_ORACLE_LEDGER"
_ABSENT: Final = "ORA-00942"
_EXISTS: Final = "ORA-00955"
_NOT_ALLOWED: Final = frozenset({"ORA-01031", "ORA-01950", "ORA-01536"})
_FENCED: Final = frozenset({"ORA-01407", "ORA-01400"})
_BUSY: Final = frozenset({"ORA-00054", "ORA-30006"})
_DUPLICATE: Final = "ORA-00001"
# How long to wait for a row that a dying session still holds: its server process must notice first.
RESOLVE_WAIT_SECONDS: Final = 60
# How often the connection that holds the lease is asked for a sign of life.
LEASE_SECONDS: Final = 60
UNKNOWN: Final = "unknown"
# The lease's row stands beside the loader's own.
LEASE_SUFFIX: Final = " (lease)"


class Fenced(LoadError):
    """
    Another loader with the same loader_id took over; nothing of the open checkpoint is in.
    """


class Entry(msgspec.Struct, frozen=True):
    """
    What the ledger's row says: how many checkpoints its run has committed, its last STATE, and who runs it.

    *ahead* tells, as JSON, which rows after that STATE are in as well; None for none.
    """

    checkpoint: int
    token: str
    state: str | None
    ahead: str | None
    holder: str


def ddl(table: str) -> str:
    """
    Return the ledger's definition; *table* is quoted.
    """
    name = table.rsplit('"."', maxsplit=1)[-1].strip('"')
    return (
        f"CREATE TABLE {table} ("
        '"LOADER_ID" VARCHAR2(128 CHAR) NOT NULL, '
        '"TOKEN" VARCHAR2(64 CHAR) NOT NULL, '
        '"CHECKPOINT" NUMBER(19) NOT NULL, '
        '"STATE_JSON" CLOB, '
        '"AHEAD_JSON" CLOB, '
        '"ROWS_TOTAL" NUMBER(19) NOT NULL, '
        '"HOLDER" VARCHAR2(256 CHAR), '
        '"COMMITTED_AT" TIMESTAMP(6) WITH TIME ZONE NOT NULL, '
        f'CONSTRAINT {quote(name[:27] + "_PK")} PRIMARY KEY ("LOADER_ID"))'
    )


def qualified(table: str) -> str:
    """
    Return the setting `ledger_table`, NAME or OWNER.NAME, quoted; what comes without quotes is in upper case.

    Raise ConfigError for what is no name.
    """
    owner, name = split_name(table)
    try:
        return f"{quote(owner)}.{quote(name)}" if owner else quote(name)
    except ValueError as fault:
        raise ConfigError(f"{table!r} is no name of a table: {fault}") from fault


# No control characters: the definition is also printed, as a script for SQL*Plus, which reads lines.
_IN_QUOTES: Final = r'"[^"\x00-\x1f\x7f-\x9f\u2028\u2029]+"'
_BARE: Final = r'[^".\x00-\x1f\x7f-\x9f\u2028\u2029]+'
_TABLE: Final = re.compile(rf"(?:({_IN_QUOTES}|{_BARE})\.)?({_IN_QUOTES}|{_BARE})")


def split_name(table: str) -> tuple[str | None, str]:
    """
    Split NAME or OWNER.NAME into the owner, None for none, and the name, as the dictionary spells them.

    >>> split_name("ops.ledger"), split_name('"Ops"."a.b"')
    (('OPS', 'LEDGER'), ('Ops', 'a.b'))
    """
    parts = _TABLE.fullmatch(table)
    if parts is None:
        raise ConfigError(f"{table!r} is no name of a table, NAME or OWNER.NAME")
    owner, name = (
        part and (part.strip('"') if part.startswith('"') else part.upper()) for part in parts.groups()
    )
    return owner, name or ""


class Ledger:
    """
    The row of one loader. *loader_id* is the operator's or, when *anonymous*, made up for this run.
    """

    def __init__(self, table: str, loader_id: str, *, anonymous: bool, run_id: str) -> None:
        self.table = qualified(table)
        self.loader_id = loader_id
        self.anonymous = anonymous
        self.run_id = run_id
        self.checkpoint = 0
        self.rows_total = 0
        self._token = ""
        self._mine: set[str] = set()
        self._may_wake = False
        self._before: Entry | None = None

    def open(self, session: Session, wait: int = RESOLVE_WAIT_SECONDS) -> Entry | None:
        """
        Make the row ours and return what it said before, None where it is new; create an absent table.

        Raise LoadError when the table cannot be made, or another session holds the row for *wait* seconds.
        """
        if self.anonymous and not self._mine:
            self._enter(session)
            return None
        self.ensure(session)
        before = self._lock(session, wait)
        if before is not None and before.token in self._mine:
            # Our own doing on a connection that broke before it could say so.
            self._move_in(session)
            return self._before
        self._before = before
        self.checkpoint, self.rows_total = (before.checkpoint if before else 0), 0
        if before is None:
            self._insert(session)
        else:
            self._move_in(session)
        return before

    def _enter(self, session: Session) -> None:
        """
        Insert the row of an anonymous run, whose name nobody else has.
        """
        try:
            self._insert(session)
        except oracledb.DatabaseError as error:
            if _ABSENT not in codes_of(error):
                raise
            self._create(session)
            self._insert(session)

    def open_as_sole(
        self, session: Session, take_lease: Callable[[], None], wait: int = RESOLVE_WAIT_SECONDS
    ) -> Entry | None:
        """
        As `open`, after *take_lease* has made sure that no other live loader has this loader_id.
        """
        self.ensure(session)
        take_lease()
        return self.open(session, wait)

    def ensure(self, session: Session) -> None:
        """
        Create the table where it is absent.
        """
        try:
            self.holder(session)
        except oracledb.DatabaseError as error:
            if _ABSENT not in codes_of(error):
                raise
            self._create(session)

    def _lock(self, session: Session, wait: int) -> Entry | None:
        try:
            found = session.rows(
                f'SELECT "CHECKPOINT", "TOKEN", "STATE_JSON", "AHEAD_JSON", "HOLDER" FROM {self.table} '  # noqa: S608
                ""
                f'WHERE "LOADER_ID" = :1 FOR UPDATE WAIT {int(wait)}',
                [self.loader_id],
            )
        except oracledb.DatabaseError as error:
            if _BUSY.isdisjoint(codes_of(error)):
                raise
            raise LoadError(
                f"another session holds the ledger row of loader_id {self.loader_id!r} for more than "
                f"{wait} s: {self.holder(session)}",
                code="ORA-30006",
            ) from error
        if not found:
            return None
        checkpoint, token, state, ahead, holder = found[0]
        return Entry(int(checkpoint), token, state, ahead, holder or "")

    def holder(self, session: Session) -> str:
        """
        Return who wrote the row last, read without a lock.
        """
        found = session.rows(f'SELECT "HOLDER" FROM {self.table} WHERE "LOADER_ID" = :1', [self.loader_id])  # noqa: S608
        return found[0][0] if found and found[0][0] else UNKNOWN

    def _create(self, session: Session) -> None:
        try:
            session.run(ddl(self.table))
        except oracledb.DatabaseError as error:
            found = set(codes_of(error))
            if _EXISTS in found:
                return
            if found & _NOT_ALLOWED:
                raise LoadError(
                    f"the ledger {self.table} does not exist and may not be created: ask the DBA for GRANT "
                    "CREATE TABLE and "
                    f"quota, or to run: {ddl(self.table)}; or set ledger to false (a lost COMMIT may then "
                    "load rows twice)",
                    code=next(iter(found & _NOT_ALLOWED)),
                ) from error
            raise

    def _renew(self) -> str:
        self._token = uuid.uuid4().hex
        self._mine.add(self._token)
        return self._token

    def _insert(self, session: Session) -> None:
        try:
            session.run_and_commit(
                f'INSERT INTO {self.table} ("LOADER_ID", "TOKEN", "CHECKPOINT", "ROWS_TOTAL", "HOLDER", '  # noqa: S608
                '"COMMITTED_AT") '
                "VALUES (:1, :2, 0, 0, :3, SYSTIMESTAMP)",
                [self.loader_id, self._renew(), holder(self.run_id)],
            )
        except oracledb.DatabaseError as error:
            if _DUPLICATE not in codes_of(error):
                raise
            raise LoadError(
                f"another loader with loader_id {self.loader_id!r} started at the same moment: "
                f"{self.holder(session)}",
                code=_DUPLICATE,
            ) from error

    def _move_in(self, session: Session) -> None:
        session.run_and_commit(
            f'UPDATE {self.table} SET "TOKEN" = :1, "HOLDER" = :2 WHERE "LOADER_ID" = :3',  # noqa: S608
            [self._renew(), holder(self.run_id), self.loader_id],
        )

    def commit(self, session: Session, *, state: str | None, ahead: str | None, rows: int) -> None:
        """
        Move the row by one checkpoint and commit the open transaction with it, in one round trip.

        A *state* of None keeps the last one. Raise Fenced when the row is no longer ours.
        """
        keeps = state is None
        what = "" if keeps else '"STATE_JSON" = :5, '
        binds = [self._token, self.checkpoint, self.checkpoint + 1, self.rows_total + rows]
        places = (":5", ":6") if keeps else (":6", ":7")
        sql = (
            f'UPDATE {self.table} SET "CHECKPOINT" = CASE WHEN "TOKEN" = :1 AND "CHECKPOINT" = :2 THEN :3 '  # noqa: S608
            "END, "
            f'"ROWS_TOTAL" = :4, {what}"AHEAD_JSON" = {places[0]}, "COMMITTED_AT" = SYSTIMESTAMP WHERE '
            f'"LOADER_ID" = {places[1]}'
        )
        try:
            touched = session.run_and_commit(
                sql, [*binds, *([] if keeps else [state]), ahead, self.loader_id]
            )
        except oracledb.DatabaseError as error:
            if _FENCED.isdisjoint(codes_of(error)):
                raise
            raise Fenced(
                f"another loader took over loader_id {self.loader_id!r}: {self.holder(session)}; nothing "
                "of the open "
                "checkpoint is in",
                code="ORA-01407",
            ) from error
        if touched != 1:
            raise LoadError(
                f"the ledger row of loader_id {self.loader_id!r} was removed while this run used it; the "
                "last checkpoint is "
                "in, its STATE was not printed"
            )
        self.advance(rows)

    def advance(self, rows: int) -> None:
        """
        Count a checkpoint of *rows* rows as committed.
        """
        self.checkpoint += 1
        self.rows_total += rows

    def resolve(self, session: Session) -> bool:
        """
        Tell, on a new connection, whether the checkpoint under way is in, and make sure it stays so.

        Raise Fenced when another loader has the row.
        """
        found = self._lock(session, RESOLVE_WAIT_SECONDS)
        if found is None or found.token not in self._mine:
            session.rollback()
            who = found.holder if found else "its row is gone"
            raise Fenced(f"another loader took over loader_id {self.loader_id!r}: {who}")
        self._move_in(session)
        committed = found.checkpoint == self.checkpoint + 1
        self._may_wake |= not committed
        return committed

    def close(self, session: Session) -> None:
        """
        At a clean end: remove the row of an anonymous run; any other one stays.

        It stays too where the server may still work on a COMMIT that was given up for lost: without a row
        there would be no token to stop it.
        """
        if self.anonymous and self._may_wake:
            logger.info(
                "the row of %s stays in the ledger: it stops a lost session that wakes up late",
                self.loader_id,
            )
        elif self.anonymous:
            session.run_and_commit(f'DELETE FROM {self.table} WHERE "LOADER_ID" = :1', [self.loader_id])  # noqa: S608


def holder(run_id: str) -> str:
    """
    Return who we are, for whoever finds the row taken: host, process and run.
    """
    return f"run {run_id} on {platform.node()} (pid {os.getpid()})"[:256]


class Lease:
    """
    A row lock that lives as long as this run, on its own connection: one loader a loader_id at a time.

    The ledger's row cannot serve: its lock ends with every commit. A crash frees the lock as soon as the
    server notices. Should the lease's connection break while the run goes on, it is taken again, and until
    then the token fences (see the module).
    """

    def __init__(
        self, ledger: Ledger, connect: Callable[[], Session], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._connect = connect
        self._clock = clock
        self._session: Session | None = None
        self._tried = False
        self._due = 0.0
        self._row = ledger.loader_id + LEASE_SUFFIX

    def take(self, wait: float = 0) -> None:
        """
        Lock the lease, unless it is held; raise LoadError that names who has it for *wait* seconds more.
        """
        if self._session is not None:
            return
        session = self._connect()
        try:
            self._take_on(session, int(wait))
        except BaseException:
            session.close()
            raise
        self._session = session
        self._due = self._clock() + LEASE_SECONDS

    def keep(self) -> None:
        """
        See, once in LEASE_SECONDS, that the lease is still held; take it again where its connection broke.

        Raise LoadError when another loader has it by now.
        """
        if self._clock() < self._due:
            return
        self._due = self._clock() + LEASE_SECONDS
        try:
            if self._session is not None:
                self._session.ping()
                return
            self.take()
        except oracledb.Error as error:
            logger.warning(
                "the connection that holds loader_id %r broke: %s; it is opened anew",
                self._ledger.loader_id,
                describe(error),
            )
            if self._session is not None:
                self.close()
                self._due = self._clock()

    def _take_on(self, session: Session, wait: int) -> None:
        with suppress(_Duplicate):
            self._make_row(session)
        # A lock that a broken connection of this run took goes when the server notices.
        patience = max(wait, RESOLVE_WAIT_SECONDS) if self._tried else wait
        self._tried = True
        if self._lock(session, patience) or self._outlive(session):
            return
        raise LoadError(
            f"loader_id {self._ledger.loader_id!r} is in use by {self._ledger.holder(session)}: wait for "
            "it to end "
            "(loader_wait_seconds), or give this pipeline a loader_id of its own",
            code="ORA-00054",
        )

    def _outlive(self, session: Session) -> bool:
        """
        Wait for the lock while its holder is a dead process of this host, or has not said its name yet.
        """
        for _ in range(RESOLVE_WAIT_SECONDS):
            who = self._ledger.holder(session)
            if who != UNKNOWN and not _is_dead_neighbour(who):
                return False
            if self._lock(session, 1):
                return True
        return False

    def _make_row(self, session: Session) -> None:
        try:
            session.run_and_commit(
                f'INSERT INTO {self._ledger.table} ("LOADER_ID", "TOKEN", "CHECKPOINT", "ROWS_TOTAL", '  # noqa: S608
                '"COMMITTED_AT") '
                "VALUES (:1, 'lease', 0, 0, SYSTIMESTAMP)",
                [self._row],
            )
        except oracledb.DatabaseError as error:
            if _DUPLICATE not in codes_of(error):
                raise
            session.rollback()
            raise _Duplicate from error

    def _lock(self, session: Session, wait: int) -> bool:
        how = f"WAIT {wait}" if wait else "NOWAIT"
        try:
            session.rows(
                f'SELECT "TOKEN" FROM {self._ledger.table} WHERE "LOADER_ID" = :1 FOR UPDATE {how}',  # noqa: S608
                [self._row],
            )
        except oracledb.DatabaseError as error:
            if _BUSY.isdisjoint(codes_of(error)):
                raise
            return False
        return True

    def close(self) -> None:
        """
        Let go; the row stays for the next run.
        """
        session, self._session = self._session, None
        if session is not None:
            session.close()


class _Duplicate(Exception):  # not a failure: the row is there already
    """
    The lease's row exists.
    """


def _is_dead_neighbour(who: str) -> bool:
    """
    Tell whether *who* names a process of this host that runs no more: its lock is about to go.
    """
    match = re.search(r"on (\S+) \(pid (\d+)\)$", who)
    if not match or match[1] != platform.node() or int(match[2]) == os.getpid():
        return False
    try:
        os.kill(int(match[2]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def last_state(session: Session, table: str, loader_id: str) -> str | None:
    """
    Return the last committed STATE of *loader_id*; None where there is none yet, or no ledger.
    """
    try:
        found = session.rows(
            f'SELECT "STATE_JSON" FROM {qualified(table)} WHERE "LOADER_ID" = :1',  # noqa: S608
            [loader_id],
        )
    except oracledb.DatabaseError as error:
        if _ABSENT in codes_of(error):
            return None
        raise
    return found[0][0] if found else None
