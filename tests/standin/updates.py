"""
UPDATE and DELETE, compiled; and SET, which MERGE has too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.standin.binding import Scope, Typed
from tests.standin.compiler import Compilation, ExpressionCompiler
from tests.standin.refusal import Refusal
from tests.standin.rows import StoredRow, check
from tests.standin.selects import compile_query, parsed_expression, rownum_limits
from tests.standin.slots import Plan, Writing, direct, insert_each
from tests.standin.sql_ast import Assignment, BindRef, Default, Delete, Expr, Scalar, Update
from tests.standin.targets import Target, target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.catalog import Column, Table
    from tests.standin.transactions import Transaction
    from tests.standin.values import Bind

#: Before a target's columns stand its version, its address, and who ended it.
HEAD = 3


class Selected:
    """
    What a plan's query selects: the target's head, then each expression once.
    """

    def __init__(self, aim: Target) -> None:
        alias = aim.relation.alias
        self.sqls = [f"{alias}._v", f"{alias}._r", f"{alias}._d"]
        self._places: dict[str, int] = {}

    def add(self, sql: str) -> int:
        """
        Select an expression; return its place in the query's rows.
        """
        if sql not in self._places:
            self._places[sql] = len(self.sqls)
            self.sqls.append(sql)
        return self._places[sql]


@dataclass(slots=True)
class OldRow:
    """
    What is read of a row that is written: *kept* are (place in the stored row, place in the query's).

    Columns that get new values are not read, unless other tables refer to this one: then *whole* is true.
    """

    kept: list[tuple[int, int]]
    width: int
    whole: bool

    def values(self, found: tuple[Any, ...]) -> list[Any]:
        """
        Return the stored row, as far as it was read.
        """
        made: list[Any] = [None] * self.width
        for place, selected in self.kept:
            made[place] = found[selected]
        return made

    def gone(self, rows: Sequence[tuple[Any, ...]]) -> list[StoredRow]:
        """
        Return rows that are gone, for those who must know them.
        """
        return [tuple(self.values(found)) for found in rows] if self.whole else []


def old_row(compilation: Compilation, aim: Target, selected: Selected, new: set[int]) -> OldRow:
    """
    Select what must be read of rows whose columns at the places *new* are overwritten.
    """
    columns = [column for column in aim.table.columns if column.writable]
    referred = any(
        found.parent_owner == aim.table.owner and aim.table.constraint(found.parent_name) is not None
        for _, found in compilation.context.catalog.references()
    )
    kept = [
        (place, selected.add(f"{aim.relation.alias}.{column.physical}"))
        for place, column in enumerate(columns)
        if referred or place not in new
    ]
    return OldRow(kept, len(columns), referred)


@dataclass(slots=True)
class Change:
    """
    A column's new value: its place in the stored row, and a bind's or a selected one's.
    """

    place: int
    check: Callable[[Any], Any]
    bind: int | None
    selected: int = -1


@dataclass(slots=True)
class Updating:
    """
    UPDATE.
    """

    compilation: Compilation
    table: Table
    sql: str
    changes: list[Change]
    old: OldRow

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        End the rows found and insert what becomes of them.
        """
        found = session.select(self.sql, self.compilation, row)
        if not found:
            return 0
        rows = session.rows_of(self.table)
        made = [self._new(values, row) for values in found]
        rows.end(txn, [values[:HEAD] for values in found])
        insert_each(rows, txn, made, [values[1] for values in found])
        session.written(txn, self.table, made, self.old.gone(found))
        return len(found)

    def _new(self, values: tuple[Any, ...], row: Sequence[Any]) -> StoredRow:
        made = self.old.values(values)
        for change in self.changes:
            raw = row[change.bind] if change.bind is not None else values[change.selected]
            made[change.place] = change.check(raw)
        return tuple(made)


class Setter:
    """
    The compiler of SET; *selected* is what its values are selected with.
    """

    def __init__(
        self, c: ExpressionCompiler, aim: Target, selected: Selected, binds: Sequence[Bind] | None
    ) -> None:
        self.c = c
        self.aim = aim
        self.binds = binds
        self.nls = c.nls
        self.places = {col.name: n for n, col in enumerate(col for col in aim.table.columns if col.writable)}
        self.selected = selected
        self.changes: list[Change] = []
        self.new: dict[str, Typed] = {}

    def add(self, assignment: Assignment) -> None:
        """
        Compile an assignment.
        """
        columns = [self.aim.column(name) for name in assignment.columns]
        for column, name in zip(columns, assignment.columns, strict=True):
            if any(change.place == self.places.get(column.name) for change in self.changes):
                raise Refusal(957, name.position, column=column.name)
            _refuse_virtual(column)
        if len(columns) > 1 or isinstance(assignment.value, Scalar):
            self._from_query(columns, assignment.value)
        else:
            self._from_value(columns[0], assignment.value)

    def _from_query(self, columns: list[Column], value: Expr | Default) -> None:
        if not isinstance(value, Scalar):
            raise Refusal(1767)
        found = compile_query(self.c.compilation, value.query, self.c.scope)
        if len(found.columns) != len(columns):
            raise Refusal(947 if len(found.columns) < len(columns) else 913)
        for n, (column, out) in enumerate(zip(columns, found.columns, strict=True), 1):
            self._select(column, Typed(f"(SELECT one(k{n}) FROM ({found.sql}))", out.type))

    def _from_value(self, column: Column, value: Expr | Default) -> None:
        if isinstance(value, Default):
            expr = parsed_expression(column.default_text or "NULL", self.nls.version)
            self._select(column, ExpressionCompiler(self.c.compilation, Scope()).value(expr))
        elif isinstance(value, BindRef) and self.binds is not None and value.index < len(self.binds):
            straight = direct(self.binds[value.index], value.index, self.aim.table, column, self.nls)
            self.changes.append(Change(self.places[column.name], _as_update(straight), value.index))
        else:
            self._select(column, self.c.value(value))

    def _select(self, column: Column, found: Typed) -> None:
        checked = _as_update(check(self.aim.table, column, found.type, self.nls))
        place = self.selected.add(found.sql)
        self.changes.append(Change(self.places[column.name], checked, None, place))
        self.new[column.name] = self.c.convert(found, column.type)


def _refuse_virtual(column: Column) -> None:
    if column.virtual_text:
        raise Refusal(54017)
    if column.identity == "ALWAYS":
        raise Refusal(32796)


def _as_update(checked: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """
    A NULL where none may be is ORA-01407 in an UPDATE.
    """

    def run(value: Any) -> Any:
        try:
            return checked(value)
        except Refusal as refusal:
            if refusal.code == 1400:
                refusal.code = 1407
            raise

    return run


def _found(c: ExpressionCompiler, aim: Target, where: Expr | None, selected: Selected) -> str:
    conditions, limit = rownum_limits(c, where)
    wheres = aim.wheres + [c.condition(found) for found in conditions]
    where_sql = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return f"SELECT {', '.join(selected.sqls)} FROM {aim.source}{where_sql}{limit}"


def compile_update(compilation: Compilation, statement: Update, binds: Sequence[Bind]) -> Plan:
    """
    Compile UPDATE.
    """
    aim = target(compilation, statement.target, "UPDATE")
    c = ExpressionCompiler(compilation, Scope([aim.relation]))
    selected = Selected(aim)
    setter = Setter(c, aim, selected, binds)
    for assignment in statement.sets:
        setter.add(assignment)
    old = old_row(compilation, aim, selected, {change.place for change in setter.changes})
    sql = _found(c, aim, statement.where, selected)
    return Updating(compilation, aim.table, sql, setter.changes, old)


@dataclass(slots=True)
class Deleting:
    """
    DELETE.
    """

    compilation: Compilation
    table: Table
    sql: str
    old: OldRow

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        End the rows found.
        """
        found = session.select(self.sql, self.compilation, row)
        if found:
            session.rows_of(self.table).end(txn, [values[:HEAD] for values in found])
            session.written(txn, self.table, [], self.old.gone(found))
        return len(found)


def compile_delete(compilation: Compilation, statement: Delete) -> Plan:
    """
    Compile DELETE.
    """
    aim = target(compilation, statement.target, "DELETE")
    c = ExpressionCompiler(compilation, Scope([aim.relation]))
    selected = Selected(aim)
    old = old_row(compilation, aim, selected, set(range(len(aim.table.columns))))
    return Deleting(compilation, aim.table, _found(c, aim, statement.where, selected), old)
