"""
INSERT, compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.standin.binding import Scope
from tests.standin.compiler import Compilation
from tests.standin.refusal import Refusal
from tests.standin.rows import StoredRow, check
from tests.standin.selects import CompiledQuery, compile_query
from tests.standin.slots import (
    Filler,
    Plan,
    Slot,
    Values,
    Writing,
    complete,
    fill,
    filled,
    insert_each,
    listed,
    refuse_always,
)
from tests.standin.sql_ast import Insert
from tests.standin.targets import target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.standin.catalog import Table
    from tests.standin.transactions import Transaction
    from tests.standin.values import Bind


@dataclass(slots=True)
class InsertValues:
    """
    INSERT ... VALUES.
    """

    compilation: Compilation
    table: Table
    values: Values

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        Insert one row.
        """
        self.insert(session, txn, [self.stored(session, row)])
        return 1

    def stored(self, session: Writing, row: Sequence[Any]) -> StoredRow:
        """
        Make the row that is stored of a row of binds.
        """
        computed: Sequence[Any] = ()
        if self.values.computed:
            computed = session.select(self.values.sql, self.compilation, row)[0]
        return fill(self.values.slots, row, computed)

    def all_stored(
        self, session: Writing, rows: Sequence[Sequence[Any]], *, go_on: bool
    ) -> tuple[list[tuple[int, StoredRow]], list[tuple[int, Refusal]]]:
        """
        Make the rows that are stored of many, and list the refused ones by offset.

        All of them where it may *go_on*, else the first.
        """
        good: list[tuple[int, StoredRow]] = []
        bad: list[tuple[int, Refusal]] = []
        per_row = self.values.per_row
        computed: Sequence[Any] = ()
        if self.values.computed and not per_row and rows:
            computed = session.select(self.values.sql, self.compilation, rows[0])[0]
        plain = [(slot.check, slot.bind) for slot in self.values.slots]
        simple = all(slot.bind is not None and slot.instead is None for slot in self.values.slots)
        for offset, row in enumerate(rows):
            try:
                if simple:
                    made = tuple([step(row[place]) for step, place in plain])  # type: ignore[index]
                elif per_row:
                    made = self.stored(session, row)
                else:
                    made = fill(self.values.slots, row, computed)
            except Refusal as refusal:  # noqa: PERF203 -- each row has its own fate
                bad.append((offset, refusal))
                if not go_on:
                    break
            else:
                good.append((offset, made))
        return good, bad

    def insert(self, session: Writing, txn: Transaction, rows: list[StoredRow]) -> None:
        """
        Insert stored rows.
        """
        session.rows_of(self.table).insert(txn, rows)
        session.written(txn, self.table, rows, [])


@dataclass(slots=True)
class InsertQuery:
    """
    INSERT ... SELECT.
    """

    compilation: Compilation
    table: Table
    values: Values
    query: CompiledQuery

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        Insert what the query finds.
        """
        found = session.select(self.query.sql, self.compilation, row)
        computed: Sequence[Any] = ()
        width = len(self.query.columns)
        made: list[StoredRow] = []
        if self.values.computed and not self.values.per_row:
            computed = session.select(self.values.sql, self.compilation, row)[0]
        for values in found:
            if self.values.computed and self.values.per_row:
                computed = session.select(self.values.sql, self.compilation, row)[0]
            made.append(fill(self.values.slots, values[:width], computed))
        insert_each(session.rows_of(self.table), txn, made)
        session.written(txn, self.table, made, [])
        return len(made)


def compile_insert(compilation: Compilation, statement: Insert, binds: Sequence[Bind]) -> Plan:
    """
    Compile INSERT.
    """
    aim = target(compilation, statement.target, "INSERT")
    columns = listed(aim, statement.columns)
    filler = Filler(compilation, binds, aim, Scope())
    if statement.values is not None:
        return InsertValues(compilation, aim.table, filled(filler, columns, statement.values))
    if statement.query is None:
        raise Refusal(926)
    query = compile_query(compilation, statement.query)
    if len(query.columns) != len(columns):
        raise Refusal(947 if len(query.columns) < len(columns) else 913)
    for n, (column, out) in enumerate(zip(columns, query.columns, strict=True)):
        refuse_always(column)
        filler.values.slots.append(
            Slot(column, check(aim.table, column, out.type, compilation.context.nls), bind=n)
        )
    complete(filler, columns)
    return InsertQuery(compilation, aim.table, filler.values, query)
