"""
Acknowledging array DML without looking at its rows, so that a benchmark measures the client alone.

Log-in, queries, DDL and single rows go to the engine as ever; tables exist, but stay empty of what was
acknowledged. A statement that moves acknowledged rows on, such as a MERGE from a staging table, is said to
have moved them all. The end of a request is found by its packets: the driver fills all but the last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from tests.standin.statements import DML_WORDS, first_word
from tests.standin.values import Outcome

if TYPE_CHECKING:
    from tests.standin.session import Session
    from tests.standin.values import Bind, ColumnInfo, Row

INSERTED = re.compile(r"\s*INSERT\s+INTO\s+([^\s(]+)", re.IGNORECASE)
SOURCE = re.compile(r"\b(?:USING|SELECT)\b.*", re.IGNORECASE | re.DOTALL)
FILLS_PACKETS = "python-oracledb"  # the driver whose requests end with a packet that is not full


def is_acknowledged(sql: str, iterations: int, driver: str) -> bool:
    """
    Say whether an execute of *iterations* rows is answered unread.
    """
    return iterations > 1 and driver.startswith(FILLS_PACKETS) and first_word(sql) in DML_WORDS


class Unread(Sequence["Row"]):
    """
    Rows that were counted and not read: they have a number and nothing else.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        """
        Give the number that the request announces.
        """
        return self._count

    def __getitem__(self, place: object) -> NoReturn:
        """
        Refuse: who asks for a row must not be answered unread.
        """
        raise TypeError("these rows were not read")


class AckSession:
    """
    A session of the engine that takes unread rows for done.

    *waiting* are the acknowledged rows by table, until a statement of any session reads the table.
    """

    def __init__(self, session: Session, waiting: dict[str, int]) -> None:
        self._session = session
        self._is_dirty = False
        self._waiting = waiting

    @property
    def in_transaction(self) -> bool:
        return self._is_dirty or self._session.in_transaction

    @property
    def current_schema(self) -> str:
        return self._session.current_schema

    def execute(
        self,
        sql: str,
        binds: Sequence[Bind],
        rows: Sequence[Row],
        *,
        batch_errors: bool = False,
        row_counts: bool = False,
        commit: bool = False,
    ) -> Outcome:
        if isinstance(rows, Unread):
            self._is_dirty = not commit
            table = INSERTED.match(sql)
            if table:
                self._waiting[table.group(1)] = self._waiting.get(table.group(1), 0) + len(rows)
            counts = [1] * len(rows) if row_counts else []
            return Outcome("dml", rowcount=len(rows), row_counts=counts, committed=commit)
        outcome = self._session.execute(
            sql, binds, rows, batch_errors=batch_errors, row_counts=row_counts, commit=commit
        )
        self._is_dirty = self._is_dirty and not outcome.committed
        if outcome.kind == "dml" and not outcome.rowcount:
            outcome.rowcount = self._moved(sql)
        return outcome

    def _moved(self, sql: str) -> int:
        """
        Count the acknowledged rows of the tables that *sql* reads.
        """
        source = SOURCE.search(sql)
        read = [table for table in self._waiting if source and table in source.group()]
        return sum(self._waiting.pop(table) for table in read)

    def describe(self, sql: str) -> list[ColumnInfo]:
        return self._session.describe(sql)

    def set_attributes(self, **attributes: str) -> None:
        self._session.set_attributes(**attributes)

    def commit(self) -> None:
        self._is_dirty = False
        self._session.commit()

    def rollback(self) -> None:
        self._is_dirty = False
        self._session.rollback()

    def close(self) -> None:
        self._session.close()

    def cancel(self) -> None:
        self._session.cancel()
