"""
Rows that are columns of Arrow -> one table: the INSERT that binds no more of them than there is to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

from target_oracle.oracle import sql
from target_oracle.oracle.binds import has_zones, order_of_columns
from target_oracle.oracle.types import Column

if TYPE_CHECKING:
    from target_oracle.oracle.session import Session


class Gathered(Protocol):
    """
    Rows as columns.

    *filled* are the positions of columns in which some row has a value, *constants* are numbers that every
    row of the run has in the columns at these positions.
    """

    @property
    def filled(self) -> AbstractSet[int]:
        """
        See above.
        """

    @property
    def constants(self) -> Mapping[int, int]:
        """
        See above.
        """

    def __len__(self) -> int:
        """
        Return how many rows there are.
        """

    def stream(self, order: Sequence[int], first: int | None = None) -> object:
        """
        Return the columns in *order*, and behind them numbers from *first* on.
        """


class ColumnsInsert:
    """
    The INSERT of such rows into *columns* of one table, and behind them, with *number*, a column of numbers.

    The driver looks at every bind of every row, also where all are NULL or the same. So a column that has
    had no value yet is not bound: NULL stands in its place. Once bound it stays so, which makes no more
    statements than there are columns. What must not be NULL is always bound, so that a row's fault stays
    the row's.
    """

    def __init__(self, owner: str, table: str, columns: Sequence[Column], number: str | None = None) -> None:
        self._place = owner, table
        self._names = [column.name for column in columns]
        self._all = order_of_columns([column.type for column in columns])
        self._behind = [number] if number else []
        self._zoned = has_zones(column.type for column in columns)
        needed = {n for n, column in enumerate(columns) if not column.nullable}
        # A statement with nothing to bind is not one for an array.
        self._bound: AbstractSet[int] = needed or set(self._all[:1])
        self._constants: Mapping[int, int] = {}
        self._write()

    def _write(self) -> None:
        self._order = [n for n in self._all if n in self._bound]
        numbers = {
            self._names[n]: self._constants.get(n) for n in range(len(self._names)) if n not in self._bound
        }
        bound = [*(self._names[n] for n in self._order), *self._behind]
        self._statement = sql.insert(*self._place, bound, numbers)

    def send(
        self, session: Session, rows: Gathered, first: int | None = None
    ) -> tuple[int, list[tuple[int, int, str]]]:
        """
        Insert *rows*, one round trip; numbers count from *first* on. See `Session.array_of_columns`.
        """
        filled = rows.filled - rows.constants.keys()
        if not filled <= self._bound or rows.constants != self._constants:
            self._bound, self._constants = self._bound | filled, rows.constants
            self._write()
        return session.array_of_columns(self._statement, rows.stream(self._order, first), zoned=self._zoned)
