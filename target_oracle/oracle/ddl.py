"""
A plan is run: one statement, one round trip; who else changes the same table meanwhile is put up with.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

import oracledb
from msgspec.structs import replace

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle.changes import (
    COMMENTS,
    AddKey,
    Change,
    CopyColumn,
    CreateTable,
    DropColumn,
    DropKey,
    ModifyColumns,
)
from target_oracle.oracle.codes import Action, classify, code_of, describe
from target_oracle.oracle.dictionary import read_table
from target_oracle.oracle.evolve import Evolution, plan
from target_oracle.oracle.wanted import Policy, Spared, Wanted

if TYPE_CHECKING:
    from target_oracle.oracle.table import Table
    from target_oracle.oracle.types import Server

Read = Callable[[oracledb.Connection, str, str], "Table | None"]

# Somebody else was quicker, or has moved on: names and columns that are there, or are no more.
_RACES: Final = frozenset(
    {
        "ORA-00904", "ORA-00942", "ORA-00955", "ORA-00957", "ORA-01408", "ORA-01430", "ORA-01442",
        "ORA-01451", "ORA-02260", "ORA-02264", "ORA-02441", "ORA-02443",
    }
)  # fmt: skip
# Names that are taken by something else in the schema; for a key there are others.
_TAKEN: Final = frozenset({"ORA-00955", "ORA-02264"})
# What the rows, indexes, virtual columns, other keys or compression of the table do not allow.
_UNFIT: Final = frozenset(
    {
        "ORA-01404", "ORA-01439", "ORA-01440", "ORA-01441", "ORA-01449", "ORA-01450", "ORA-01793",
        "ORA-02261", "ORA-02267", "ORA-02273", "ORA-02296", "ORA-02329", "ORA-02437", "ORA-12992",
        "ORA-14060", "ORA-14265", "ORA-22858", "ORA-22859", "ORA-30556", "ORA-39726", "ORA-54033",
    }
)  # fmt: skip
_BUSY: Final = frozenset({"ORA-00054", "ORA-04021", "ORA-14411"})
# Read, plan, run; the last time finds nothing to do. Others may come between, but not for ever.
_MOST_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.5


def apply(
    connection: oracledb.Connection,
    wanted: Wanted,
    server: Server,
    policy: Policy,
    *,
    now: Evolution | None = None,
    read: Read = read_table,
    ran: Callable[[str], object] = str,
) -> Evolution:
    """
    Bring the table to what *wanted* says, and return the evolution that then has no changes left.

    *now* is what it needs as it stands, where that has just been read. Notices tell what was done; *ran* is
    told each statement that was. Raise LoadError when the database refuses, the driver's error when the
    session is lost; either way the next call goes on where this one stopped. Commits, as DDL does.
    """
    spared, notices, refusal = Spared(), dict[str, None](), None
    tried: Counter[Change] = Counter()
    waits = False
    for _ in range(_MOST_TRIES):
        evolution = now or plan(wanted, read(connection, wanted.owner, wanted.name), server, policy, spared)
        now = None
        notices |= dict.fromkeys(evolution.notices)
        if evolution.problems or not evolution.changes:
            return replace(evolution, notices=tuple(notices))
        # Nobody has a lock on a table that is not there yet.
        if not waits and not isinstance(evolution.changes[0], CreateTable):
            _wait_for_locks(connection, policy)
            waits = True
        for change in _as_allowed(evolution.changes, spared):
            if tried[change] > 1:
                # Taken or refused, it had no effect that the dictionary shows.
                spared = _spare(spared, change)
                break
            tried[change] += 1
            refusal = _run(connection, change, evolution, policy)
            if refusal is None:
                ran(change.sql(evolution.owner, evolution.name))
            else:
                spared = _learnt(spared, change, refusal)
                notices |= dict.fromkeys(_told(change, refusal))
                break
    raise LoadError(
        f"table {wanted.owner}.{wanted.name} does not come to what is wanted; the last refusal was {refusal}",
        code=refusal,
    )


def _as_allowed(changes: Iterable[Change], spared: Spared) -> Iterator[Change]:
    """
    Give *changes* in the form that the table has not refused.
    """
    for change in changes:
        if spared.compressed and isinstance(change, DropColumn):
            yield replace(change, unused=True)
        else:
            yield change


def _wait_for_locks(connection: oracledb.Connection, policy: Policy) -> None:
    """
    Let DDL wait for locks in the server; a server that does not know the parameter is asked again and again.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"ALTER SESSION SET DDL_LOCK_TIMEOUT = {int(policy.ddl_lock_timeout)}")
        except oracledb.DatabaseError as refusal:
            if classify(refusal) is not Action.STOP:
                raise


def _run(connection: oracledb.Connection, change: Change, evolution: Evolution, policy: Policy) -> str | None:
    """
    Run one statement; return the code of a refusal that another plan can heed.
    """
    statement = change.sql(evolution.owner, evolution.name)
    logger.log(_level(change), "%s", statement)
    try:
        _execute(connection, statement, time.monotonic() + policy.ddl_lock_timeout)
        if isinstance(change, CopyColumn):
            connection.commit()
    except oracledb.DatabaseError as refusal:
        code = code_of(refusal) or ""
        if _is_heeded(change, code):
            return code
        if classify(refusal) is not Action.STOP and code not in _BUSY:
            raise
        raise LoadError(
            f"table {evolution.owner}.{evolution.name}: {describe(refusal)}; refused was: {statement}",
            code=code or None,
        ) from refusal
    return None


def _level(change: Change) -> int:
    """
    Return the level at which *change* is logged: a comment for each column would hide what happens to tables.
    """
    return logging.DEBUG if isinstance(change, COMMENTS) else logging.INFO


def _execute(connection: oracledb.Connection, statement: str, until: float) -> None:
    """
    Run *statement*; while the table is locked, again and again *until* the clock says so.
    """
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except oracledb.DatabaseError as refusal:  # noqa: PERF203  # a round trip costs more
            if code_of(refusal) not in _BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _is_heeded(change: Change, code: str) -> bool:
    if isinstance(change, COMMENTS):
        return code.startswith("ORA-") and code not in _BUSY
    return code in _RACES | _UNFIT


def _learnt(spared: Spared, change: Change, code: str) -> Spared:
    """
    Return what a plan must heed after *change* was refused with *code*.
    """
    if isinstance(change, CreateTable | AddKey) and code in _TAKEN:
        return replace(spared, attempt=spared.attempt + 1)
    return spared if code in _RACES else _spare(spared, change)


def _spare(spared: Spared, change: Change) -> Spared:
    """
    Do without *change*; without new columns a table is of no use, so they are tried to the end.
    """
    if isinstance(change, COMMENTS):
        return replace(spared, comments=True)
    if isinstance(change, ModifyColumns):
        more = spared.columns | {change.columns[0].name}
        return replace(spared, apart=True) if len(change.columns) > 1 else replace(spared, columns=more)
    if isinstance(change, DropColumn):
        return replace(spared, compressed=True)
    if isinstance(change, CreateTable | AddKey | DropKey):
        return replace(spared, key=True)
    return spared


def _told(change: Change, code: str) -> tuple[str, ...]:
    if isinstance(change, COMMENTS) and code not in _RACES:
        return (f"comments, which keep the names of properties, cannot be written ({code})",)
    if code in _UNFIT and isinstance(change, AddKey | CreateTable):
        return (f"the rows or columns allow no primary key: {code}",)
    return ()
