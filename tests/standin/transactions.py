"""
Transactions: who wrote which row version, who waits for whom, what to undo.

Each row version carries the transaction that made it (_i) and the one that ended it (_d, 0 for none). A
version is visible where its maker is no other live transaction and its end is none or another live one's. So
COMMIT only removes the transaction from the live ones; ROLLBACK undoes what it wrote. Waiting happens with
nothing of the statement left behind: it is undone, the lock of the engine released, and the statement begun
anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    import sqlite3
    import threading
    from collections.abc import Iterable

#: Table lock modes by rank; which may be held by two transactions at once (Database Concepts, Table Locks).
MODES = ("ROW SHARE", "ROW EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE")
_COMPATIBLE = {
    ("ROW SHARE", "ROW SHARE"),
    ("ROW SHARE", "ROW EXCLUSIVE"),
    ("ROW SHARE", "SHARE"),
    ("ROW SHARE", "SHARE ROW EXCLUSIVE"),
    ("ROW EXCLUSIVE", "ROW EXCLUSIVE"),
    ("SHARE", "SHARE"),
}


class MustWait(Exception):
    """
    A row or table is another transaction's: wait for *holders*, *seconds* at most (None for ever).
    """

    def __init__(self, holders: Iterable[Transaction], seconds: float | None = None, code: int = 54) -> None:
        super().__init__()
        self.holders = set(holders)
        self.seconds = seconds
        self.code = code


@dataclass(slots=True)
class Made:
    """
    Row versions *first* to *last* of a table were made.
    """

    table: str
    first: int
    last: int


@dataclass(slots=True)
class Ended:
    """
    Row versions of a table were ended.
    """

    table: str
    versions: list[int]


@dataclass(slots=True)
class Locked:
    """
    A row of a table was locked by FOR UPDATE.
    """

    key: tuple[str, int]


Entry = Made | Ended | Locked


@dataclass(slots=True, eq=False)
class Transaction:
    """
    A live transaction: its number, what it wrote, its savepoints and its locks.

    *in_parallel* are the tables that it changed by parallel DML.
    """

    number: int
    undo: list[Entry] = field(default_factory=list)
    savepoints: dict[str, int] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    ended_in: set[str] = field(default_factory=set)
    in_parallel: set[str] = field(default_factory=set)
    waits_for: set[Transaction] = field(default_factory=set)
    alive: bool = True


class Transactions:
    """
    The live transactions of a database, their locks, and the way rows are written under them.

    Everything here runs under the engine's lock; *changed* is the condition on it.
    """

    def __init__(self, db: sqlite3.Connection, changed: threading.Condition) -> None:
        self.db = db
        self.changed = changed
        self.live: dict[int, Transaction] = {}
        self.row_locks: dict[tuple[str, int], Transaction] = {}
        self.last = 0
        self._versions: dict[str, int] = {}

    # --- life -----------------------------------------------------------------------------------------------

    def begin(self) -> Transaction:
        """
        Begin a transaction; its number is kept until it ends, so that a crash leaves it to be undone.
        """
        self.last += 1
        found = Transaction(self.last)
        self.live[found.number] = found
        self.db.execute("INSERT INTO _live VALUES (?)", (found.number,))
        return found

    def commit(self, txn: Transaction) -> None:
        """
        Make what a transaction wrote everybody's, and durable.
        """
        for entry in txn.undo:
            if isinstance(entry, Ended):
                self._delete(entry.table, entry.versions)
        self._end(txn)

    def rollback(self, txn: Transaction) -> None:
        """
        Undo a transaction.
        """
        self.undo_to(txn, 0)
        self._end(txn)

    def _end(self, txn: Transaction) -> None:
        self.db.execute("DELETE FROM _live WHERE id = ?", (txn.number,))
        del self.live[txn.number]
        txn.alive = False
        for key in [key for key, holder in self.row_locks.items() if holder is txn]:
            del self.row_locks[key]
        self.changed.notify_all()

    def _delete(self, table: str, versions: list[int]) -> None:
        self.db.executemany(f"DELETE FROM {table} WHERE _v = ?", ((v,) for v in versions))

    def undo_to(self, txn: Transaction, mark: int) -> None:
        """
        Undo what a transaction did since it had *mark* entries.
        """
        while len(txn.undo) > mark:
            entry = txn.undo.pop()
            if isinstance(entry, Made):
                self.db.execute(
                    f"DELETE FROM {entry.table} WHERE _v BETWEEN ? AND ?",
                    (entry.first, entry.last),
                )
            elif isinstance(entry, Ended):
                self.db.executemany(
                    f"UPDATE {entry.table} SET _d = 0 WHERE _v = ?",
                    ((v,) for v in entry.versions),
                )
            else:
                self.row_locks.pop(entry.key, None)
        self.changed.notify_all()

    # --- sight ----------------------------------------------------------------------------------------------

    def others(self, table: str, me: Transaction | None) -> list[Transaction]:
        """
        List the other live transactions that wrote to a table.
        """
        return [txn for txn in self.live.values() if txn is not me and table in txn.tables]

    def visible(self, table: str, me: Transaction | None) -> str:
        """
        Write the condition under which a table's row versions are visible to a transaction.
        """
        numbers = ",".join(str(txn.number) for txn in self.others(table, me))
        if not numbers:
            return "_d=0"
        return f"_i NOT IN ({numbers}) AND (_d=0 OR _d IN ({numbers}))"

    # --- locks ----------------------------------------------------------------------------------------------

    def lock_table(self, txn: Transaction, table: str, mode: str, seconds: float | None = None) -> None:
        """
        Take a table lock, or say whom to wait for.
        """
        held = txn.tables.get(table)
        if held is not None and MODES.index(held) >= MODES.index(mode):
            return
        holders = self.table_rivals(txn, table, mode)
        if holders:
            raise MustWait(holders, seconds)
        txn.tables[table] = mode

    def table_rivals(self, txn: Transaction | None, table: str, mode: str) -> list[Transaction]:
        """
        List the others whose lock on a table forbids one of *mode*.
        """
        return [
            other
            for other in self.live.values()
            if other is not txn
            and (held := other.tables.get(table)) is not None
            and (held, mode) not in _COMPATIBLE
            and (mode, held) not in _COMPATIBLE
        ]

    def row_rival(self, txn: Transaction, table: str, row: int, ended: int) -> Transaction | None:
        """
        Tell which other transaction holds a row: it ended the version seen, or locked the row.
        """
        if ended:
            other = self.live.get(ended)
            if other is not None and other is not txn:
                return other
        holder = self.row_locks.get((table, row))
        return holder if holder is not None and holder is not txn else None

    def lock_row(self, txn: Transaction, table: str, row: int) -> None:
        """
        Lock a row that no other holds.
        """
        if self.row_locks.get((table, row)) is not txn:
            self.row_locks[table, row] = txn
            txn.undo.append(Locked((table, row)))

    def wait(
        self, txn: Transaction, must: MustWait, deadline: float | None, cancelled: threading.Event
    ) -> None:
        """
        Wait until something changes that may free what *must* names.

        A circle of waits is ORA-00060, waiting past *deadline* *must*'s code, a cancel ORA-01013.
        """
        txn.waits_for = must.holders
        try:
            if self._circle(txn):
                raise Refusal(60)
            while all(holder.alive for holder in must.holders):
                if cancelled.is_set():
                    raise Refusal(1013)
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise Refusal(must.code)
                if self.changed.wait(1.0 if left is None else min(left, 1.0)):
                    return
        finally:
            txn.waits_for = set()

    def _circle(self, start: Transaction) -> bool:
        seen: set[int] = set()
        front = list(start.waits_for)
        while front:
            txn = front.pop()
            if txn is start:
                return True
            if txn.number not in seen:
                seen.add(txn.number)
                front.extend(txn.waits_for)
        return False

    # --- writing --------------------------------------------------------------------------------------------

    def versions(self, table: str, count: int) -> int:
        """
        Reserve numbers for row versions of a table; the first of them.
        """
        first = self._versions.get(table)
        if first is None:
            (last,) = self.db.execute(f"SELECT coalesce(max(_v), 0) FROM {table}").fetchone()
            first = last + 1
        self._versions[table] = first + count
        return int(first)

    def forget(self, table: str) -> None:
        """
        Forget a table that is gone.
        """
        self._versions.pop(table, None)

    def made(self, txn: Transaction, table: str, first: int, count: int) -> None:
        """
        Note row versions as made.
        """
        txn.undo.append(Made(table, first, first + count - 1))

    def ended(self, txn: Transaction, table: str, versions: list[int]) -> None:
        """
        Note row versions as ended.
        """
        txn.undo.append(Ended(table, versions))
        txn.ended_in.add(table)
