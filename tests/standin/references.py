"""
Foreign keys, held at the end of each statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.standin.ddl import depends
from tests.standin.refusal import Refusal, unsupported
from tests.standin.transactions import MustWait

if TYPE_CHECKING:
    from tests.standin.catalog import Constraint, Table
    from tests.standin.rows import StoredRow
    from tests.standin.session import Session
    from tests.standin.transactions import Transaction


class References:
    """
    The references from and to a table as one session holds them.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.catalog = session.catalog

    def check(self, txn: Transaction, table: Table, made: list[StoredRow], gone: list[StoredRow]) -> None:
        """
        Refuse rows *made* without a parent (ORA-02291), rows *gone* that have children (ORA-02292).
        """
        if made:
            for found in table.constraints:
                if found.kind == "R" and found.enabled:
                    self._parents(txn, table, found, made)
        if gone:
            for child, found in self._children(table):
                if found.enabled:
                    self._orphans(txn, table, child, found, gone)

    def _children(self, table: Table) -> list[tuple[Table, Constraint]]:
        own = [
            (table, found)
            for found in table.constraints
            if found.kind == "R" and self._is_parent(table, found)
        ]
        return own + depends(table, self.catalog)

    def _is_parent(self, table: Table, found: Constraint) -> bool:
        return found.parent_owner == table.owner and table.constraint(found.parent_name) is not None

    def _parents(self, txn: Transaction, table: Table, found: Constraint, rows: list[StoredRow]) -> None:
        parent = self.catalog.constraint_named(found.parent_owner, found.parent_name)
        if parent is None:
            return
        places = _places(table, found.columns)
        for values in {tuple(row[place] for place in places) for row in rows}:
            if None not in values and not self._exists(txn, parent[0], parent[1].columns, values):
                raise Refusal(
                    2291, owner=table.owner, constraint=found.name, table=table.name, columns=found.columns
                )

    def _orphans(
        self, txn: Transaction, table: Table, child: Table, found: Constraint, rows: list[StoredRow]
    ) -> None:
        key = table.constraint(found.parent_name)
        if key is None:
            return
        places = _places(table, key.columns)
        for values in {tuple(row[place] for place in places) for row in rows}:
            if None in values or self._exists(txn, table, key.columns, values, waits=False):
                continue
            if self._exists(txn, child, found.columns, values):
                if found.on_delete != "NO ACTION":
                    raise unsupported(f"ON DELETE {found.on_delete} with children to delete")
                raise Refusal(2292, owner=child.owner, constraint=found.name)

    def _exists(
        self,
        txn: Transaction,
        table: Table,
        columns: list[str],
        values: tuple[Any, ...],
        *,
        waits: bool = True,
    ) -> bool:
        """
        Look for a row with a key; one that another transaction made or ended is waited for.
        """
        found = [table.column(name) for name in columns]
        tests = " AND ".join(f"{column.physical} = ?" for column in found if column is not None)
        physical = self.session.physical(table)
        live = self.session.database.transactions.live
        rows = self.session.database.store.all(
            f"SELECT _i, _d FROM {physical} WHERE {tests}",
            values,
        )
        for maker, ender in rows:
            other = live.get(maker) or (live.get(ender) if ender else None)
            if waits and other is not None and other is not txn:
                raise MustWait([other])
            if ender == 0:
                return True
        return False


def _places(table: Table, columns: list[str]) -> list[int]:
    order = {column.name: n for n, column in enumerate(column for column in table.columns if column.writable)}
    return [order[name] for name in columns]
