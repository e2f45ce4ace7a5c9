"""
Execution: a statement's text -> its tree -> its plan, both kept -> what it answers.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

from tests.standin import conversions, sqltypes
from tests.standin.admin import Admin
from tests.standin.alters import Alters
from tests.standin.array_dml import ArrayDml
from tests.standin.describing import column_info
from tests.standin.inserts import compile_insert
from tests.standin.merges import compile_merge
from tests.standin.refusal import Refusal
from tests.standin.selects import CompiledQuery, compile_query
from tests.standin.sql_ast import Delete, Insert, LockTable, Merge, Query, Update
from tests.standin.sql_ast import Transaction as TransactionStatement
from tests.standin.sql_parser import Parsed, parse
from tests.standin.transactions import MustWait, Transaction
from tests.standin.updates import compile_delete, compile_update
from tests.standin.values import Bind, ColumnInfo, Outcome, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Sequence as SequenceOf

    from tests.standin.compiler import Compilation
    from tests.standin.session import Session
    from tests.standin.slots import Plan

_T = TypeVar("_T")
_CACHED_STATEMENTS = 200
#: Names have 30 bytes before 12.2.
MAX_NAME_BYTES = 128


class Execution:
    """
    Executes the statements of one session, and keeps their trees and plans.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._plans: OrderedDict[object, Any] = OrderedDict()

    def run(
        self,
        sql: str,
        binds: tuple[Bind, ...],
        rows: SequenceOf[SequenceOf[Value]],
        *,
        batch_errors: bool,
        row_counts: bool,
    ) -> Outcome:
        """
        Execute a statement, once for each of *rows*; raises Refusal.
        """
        parsed = self._parsed(sql)
        statement = parsed.statement
        if isinstance(statement, (Query, Insert, Update, Delete, Merge)):
            if len(binds) < len(parsed.binds):
                raise Refusal(1008, parsed.binds[len(binds)].position)
            if len(binds) > len(parsed.binds):
                raise Refusal(1036)
        elif parsed.binds:
            raise Refusal(1027, parsed.binds[0].position)
        if isinstance(statement, Query):
            return self._query(sql, statement, binds, rows)
        if isinstance(statement, (Insert, Update, Delete, Merge)):
            plan = self._planned(sql, binds, lambda c: self._plan(c, statement, binds))
            self._refuse_after_parallel(plan.compilation)
            self._session.may_write(plan.table)
            done = ArrayDml(self._session).run(
                plan, statement, rows, batch_errors=batch_errors, row_counts=row_counts
            )
            self._note_parallel(plan, statement)
            return done
        if isinstance(statement, TransactionStatement):
            return self._transaction(statement)
        if isinstance(statement, LockTable):
            return self._lock(statement)
        return Admin(self._session, Alters(self._session)).run(statement)

    def _refuse_after_parallel(self, compilation: Compilation) -> None:
        """
        Refuse what touches a table that this transaction changed by parallel DML (VLDB Guide, restrictions).
        """
        txn = self._session.txn
        if txn is not None and not txn.in_parallel.isdisjoint(compilation.tables):
            raise Refusal(12838)

    def _note_parallel(self, plan: Plan, statement: Insert | Update | Delete | Merge) -> None:
        txn = self._session.txn
        if txn is None or not self._session.parallel_dml or plan.table.temporary:
            return
        if _is_of_a_set(plan, statement):
            txn.in_parallel.add(plan.table.physical)

    def describe(self, sql: str) -> list[ColumnInfo]:
        """
        Describe a query's columns without running it; none for what is no query.
        """
        parsed = self._parsed(sql)
        if not isinstance(parsed.statement, Query):
            return []
        compilation = self._session.compilation([sqltypes.VARCHAR] * len(parsed.binds), [])
        query = compile_query(compilation, parsed.statement)
        return [column_info(column, self._session.nls) for column in query.columns]

    def _parsed(self, sql: str) -> Parsed:
        key = ("parsed", sql)
        found = self._plans.get(key)
        if found is None:
            found = parse(sql, self._session.database.version, MAX_NAME_BYTES)
            self._remember(key, found)
        self._plans.move_to_end(key)
        made: Parsed = found
        return made

    def _planned(self, sql: str, binds: tuple[Bind, ...], compile_: Callable[[Compilation], _T]) -> _T:
        key = ("plan", sql, binds, self._session.catalog.version, self._session.settings_version)
        found = self._plans.get(key)
        if found is None:
            found = compile_(
                self._session.compilation([conversions.bind_type(bind) for bind in binds], binds)
            )
            self._remember(key, found)
        made: _T = found
        return made

    def _remember(self, key: object, found: Any) -> None:
        self._plans[key] = found
        while len(self._plans) > _CACHED_STATEMENTS:
            self._plans.popitem(last=False)

    def _query(
        self, sql: str, statement: Query, binds: tuple[Bind, ...], rows: SequenceOf[SequenceOf[Value]]
    ) -> Outcome:
        def make(c: Compilation) -> tuple[CompiledQuery, Compilation]:
            return compile_query(c, statement), c

        query, compilation = self._planned(sql, binds, make)
        row = rows[0] if rows else ()
        self._refuse_after_parallel(compilation)
        if query.locked:
            found = self._lock_rows(query, compilation, statement, row)
        else:
            found = self._session.select(query.sql, compilation, row)
        columns = [column_info(column, self._session.nls) for column in query.columns]
        shows = [conversions.show(column.type, self._session.nls) for column in query.columns]
        return Outcome("query", columns, _shown(found, shows), len(found))

    def _lock_rows(
        self, query: CompiledQuery, compilation: Compilation, statement: Query, row: SequenceOf[Value]
    ) -> list[tuple[Any, ...]]:
        clause = statement.lock
        seconds = None if clause is None or clause.wait is None else float(clause.wait)
        skips = clause is not None and clause.skip_locked
        width = len(query.columns)
        tables = [
            self._session.physical(relation.table) for relation in query.locked if relation.table is not None
        ]
        code = 54 if not seconds else 30006

        def lock(txn: Transaction) -> list[tuple[Any, ...]]:
            for table in tables:
                self._table_lock(txn, table, "ROW EXCLUSIVE", seconds, code)
            kept: list[tuple[Any, ...]] = []
            for values in self._session.select(query.sql, compilation, row):
                keys = [
                    (table, values[width + 2 * n], values[width + 2 * n + 1])
                    for n, table in enumerate(tables)
                ]
                rivals = {
                    self._session.database.transactions.row_rival(txn, *key)
                    for key in keys
                    if key[1] is not None
                }
                rivals.discard(None)
                if rivals and skips:
                    continue
                if rivals:
                    raise MustWait([rival for rival in rivals if rival is not None], seconds, code)
                for table, number, _ in keys:
                    if number is not None:
                        self._session.database.transactions.lock_row(txn, table, number)
                kept.append(values[:width])
            return kept

        return self._session.unit(lock)

    def _table_lock(
        self, txn: Transaction, table: str, mode: str, seconds: float | None = None, code: int = 54
    ) -> None:
        try:
            self._session.database.transactions.lock_table(txn, table, mode, seconds)
        except MustWait as must:
            must.code = code
            raise

    def _plan(self, compilation: Compilation, statement: Any, binds: tuple[Bind, ...]) -> Plan:
        if isinstance(statement, Insert):
            return compile_insert(compilation, statement, binds)
        if isinstance(statement, Update):
            return compile_update(compilation, statement, binds)
        if isinstance(statement, Delete):
            return compile_delete(compilation, statement)
        return compile_merge(compilation, statement)

    def _transaction(self, statement: TransactionStatement) -> Outcome:
        if statement.action == "COMMIT":
            self._session.commit_quietly()
        elif statement.action == "ROLLBACK" and not statement.savepoint:
            self._session.rollback_quietly()
        elif statement.action == "ROLLBACK":
            txn = self._session.txn
            if txn is None or statement.savepoint not in txn.savepoints:
                raise Refusal(1086, name=statement.savepoint)
            mark = txn.savepoints[statement.savepoint]
            self._session.database.transactions.undo_to(txn, mark)
            txn.savepoints = {name: place for name, place in txn.savepoints.items() if place <= mark}
        elif statement.action == "SAVEPOINT":
            if self._session.txn is None:
                self._session.txn = self._session.database.transactions.begin()
                self._session.txn.tables[""] = "ROW SHARE"
            self._session.txn.savepoints[statement.savepoint] = len(self._session.txn.undo)
        return Outcome("other", committed=statement.action == "COMMIT")

    def _lock(self, statement: LockTable) -> Outcome:
        mode = {"SHARE UPDATE": "ROW SHARE"}.get(statement.mode, statement.mode)
        seconds = None if statement.wait is None else float(statement.wait)
        tables = [
            Admin(self._session, Alters(self._session)).table(name, "SELECT") for name in statement.names
        ]

        def lock(txn: Transaction) -> None:
            for table in tables:
                self._table_lock(txn, self._session.physical(table), mode, seconds)

        self._session.unit(lock, keeps_locks=True)
        return Outcome("other")


def _is_of_a_set(plan: Plan, statement: Insert | Update | Delete | Merge) -> bool:
    """
    Tell whether a statement goes over a set of rows that stand in the database, and so may run in parallel.
    """
    if isinstance(statement, Insert):
        return statement.query is not None
    if isinstance(statement, Merge):
        return len(plan.compilation.tables) > 1
    return statement.where is None


def _shown(
    rows: list[tuple[Any, ...]], shows: list[Callable[[Any], Any] | None]
) -> Iterator[tuple[Value, ...]]:
    for row in rows:
        yield tuple(
            value if value is None or show is None else show(value)
            for value, show in zip(row, shows, strict=True)
        )
