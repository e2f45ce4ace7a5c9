"""
Rows of one table: checked, inserted, ended, under its keys and locks.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.standin import conversions, sqltypes
from tests.standin.nls import Nls
from tests.standin.refusal import Refusal
from tests.standin.transactions import MustWait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.catalog import Catalog, Column, Table
    from tests.standin.sqlite import Store
    from tests.standin.sqltypes import SqlType
    from tests.standin.transactions import Transaction, Transactions

StoredRow = tuple[Any, ...]
#: Behind a key's columns that are NULL, so that (1, NULL) is twice the same key as in Oracle: no value has
#: it.
NO_VALUE = "X'ff00ff'"


@dataclass(frozen=True, slots=True)
class Key:
    """
    A unique key: its constraint's or index's name, the places of its columns in a row, their names.
    """

    name: str
    places: tuple[int, ...]
    columns: tuple[str, ...]
    physical: tuple[str, ...]


class NoBulk(Exception):
    """
    Some row of many violates a key or a check.
    """


def check(table: Table, column: Column, source: SqlType, nls: Nls) -> Callable[[Any], Any]:
    """
    Make the function that turns a stored value of type *source* into a column's; refusals carry its name.
    """
    convert = conversions.converter(source, column.type, nls)
    fit = conversions.fitter(column.type, nls)
    steps = [step for step in (convert, fit) if step is not None]
    names = {"owner": table.owner, "table": table.name, "column": column.name}
    nullable = column.nullable

    def run(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise Refusal(1400, owner=table.owner, table=table.name, column=column.name)
        try:
            for step in steps:
                value = step(value)
        except Refusal as refusal:
            refusal.names.update({key: name for key, name in names.items() if key not in refusal.names})
            raise
        return value

    return run


class TableRows:
    """
    The rows of a table as one session writes them; *physical* is where they are.
    """

    def __init__(
        self, store: Store, transactions: Transactions, catalog: Catalog, table: Table, physical: str
    ) -> None:
        self.store = store
        self.transactions = transactions
        self.catalog = catalog
        self.table = table
        self.physical = physical
        self.columns = [column for column in table.columns if column.writable]
        self.places = {column.name: n for n, column in enumerate(self.columns)}
        self.keys = [self._key(key_name, names) for key_name, names in unique_keys(table)]
        names = ", ".join(column.physical for column in self.columns)
        marks = ", ".join("?" * (len(self.columns) + 3))
        self._insert = f"INSERT INTO {physical} (_v, _r, _i, {names}, _d) VALUES ({marks}, 0)"

    def _key(self, name: str, columns: Sequence[str]) -> Key:
        found = [self.table.column(column) for column in columns]
        physical = tuple(column.physical for column in found if column is not None)
        return Key(name, tuple(self.places[column] for column in columns), tuple(columns), physical)

    # --- writing --------------------------------------------------------------------------------------------

    def insert(self, txn: Transaction, rows: list[StoredRow], kept: list[int] | None = None) -> None:
        """
        Insert rows; *kept* are the addresses that updated rows keep.

        One row alone tells which key or check it violates, or whom to wait for; of many only that one does:
        NoBulk.
        """
        if not rows:
            return
        self._wait_for_ended(txn, rows)
        first = self.transactions.versions(self.physical, len(rows))
        number = txn.number
        if kept is None:
            made = [(v, v, number, *row) for v, row in enumerate(rows, first)]
        else:
            made = [(v, r, number, *row) for v, (r, row) in enumerate(zip(kept, rows, strict=True), first)]
        try:
            if len(made) == 1:
                self.store.run(self._insert, made[0])
            else:
                self.store.run_many(self._insert, made)
        except sqlite3.IntegrityError as failure:
            if len(rows) > 1:
                self._take_back(first, len(rows))
                raise NoBulk from None
            raise self._why(txn, rows[0], str(failure)) from None
        except Exception:
            self._take_back(first, len(rows))
            raise
        self.transactions.made(txn, self.physical, first, len(rows))

    def _take_back(self, first: int, count: int) -> None:
        sql = f"DELETE FROM {self.physical} WHERE _v BETWEEN ? AND ?"
        self.store.run(sql, (first, first + count - 1))

    def end(self, txn: Transaction, found: Sequence[tuple[int, int, int]]) -> None:
        """
        End row versions: (version, row, who ended it already or 0); another's rows are waited for.
        """
        for _, row, ended in found:
            rival = self.transactions.row_rival(txn, self.physical, row, ended)
            if rival is not None:
                raise MustWait([rival])
        versions = [version for version, _, _ in found]
        sql = f"UPDATE {self.physical} SET _d = {txn.number} WHERE _v = ?"
        self.store.run_many(sql, [(version,) for version in versions])
        self.transactions.ended(txn, self.physical, versions)

    # --- keys -----------------------------------------------------------------------------------------------

    def _wait_for_ended(self, txn: Transaction, rows: list[StoredRow]) -> None:
        """
        A key that another transaction has deleted is free only when that one commits.
        """
        rivals = [
            other
            for other in self.transactions.live.values()
            if other is not txn and self.physical in other.ended_in
        ]
        if not rivals:
            return
        numbers = ",".join(str(other.number) for other in rivals)
        for key in self.keys:
            for row in rows:
                found = self._find(key, row, f"_d IN ({numbers})")
                if found is not None:
                    raise MustWait([self.transactions.live[found[1]]])

    def _find(self, key: Key, row: StoredRow, condition: str) -> tuple[int, int] | None:
        values = [row[place] for place in key.places]
        if all(value is None for value in values):
            return None
        tests = " AND ".join(f"{name} IS ?" for name in key.physical)
        sql = f"SELECT _i, _d FROM {self.physical} WHERE {condition} AND {tests}"
        found = self.store.all(sql, values)
        return found[0] if found else None

    def _why(self, txn: Transaction, row: StoredRow, failure: str) -> Exception:
        if failure.startswith("check:"):
            return Refusal(2290, owner=self.table.owner, constraint=failure.removeprefix("check:"))
        for key in self.keys:
            found = self._find(key, row, "_d = 0")
            if found is None:
                continue
            maker = self.transactions.live.get(found[0])
            if maker is not None and maker is not txn:
                return MustWait([maker])
            return self.duplicate(key, row)
        return Refusal(600, what=failure)

    def duplicate(self, key: Key, row: StoredRow) -> Refusal:
        """
        Refuse a second row with the key of another.
        """
        return Refusal(
            1,
            owner=self.table.owner,
            constraint=key.name,
            table=self.table.name,
            columns=list(key.columns),
            values=[self._shown(place, row[place]) for place in key.places],
        )

    def _shown(self, place: int, value: Any) -> str:
        column = self.columns[place]
        if value is None:
            return ""
        convert = conversions.converter(column.type, sqltypes.VARCHAR, Nls())
        return str(value if convert is None else convert(value))


def unique_keys(table: Table) -> list[tuple[str, list[str]]]:
    """
    List a table's unique keys by name: enabled constraints, unique indexes beside them.
    """
    found = [(key.name, key.columns) for key in table.constraints if key.kind in {"P", "U"} and key.enabled]
    taken = {key.index for key in table.constraints if key.index}
    found += [
        (index.name, index.columns) for index in table.indexes if index.unique and index.name not in taken
    ]
    return found
