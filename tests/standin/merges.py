"""
MERGE, compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.standin.binding import Relation, Scope, Typed
from tests.standin.compiler import Compilation, ExpressionCompiler
from tests.standin.refusal import Refusal
from tests.standin.rows import StoredRow
from tests.standin.selects import Sources
from tests.standin.slots import Filler, Plan, Slot, Writing, fill, filled, insert_each, listed
from tests.standin.sql_ast import Assignment, Expr, Merge
from tests.standin.targets import target
from tests.standin.updates import HEAD, Change, OldRow, Selected, Setter, old_row
from tests.standin.walk import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.standin.catalog import Table
    from tests.standin.transactions import Transaction


@dataclass(slots=True)
class Merging:
    """
    MERGE: one query joins source and target; each of its rows updates, deletes, inserts or does nothing.

    *update_where*, *delete_where*, *insert_where* and *slots* are places in that query's rows.
    """

    compilation: Compilation
    table: Table
    sql: str
    old: OldRow
    changes: list[Change] | None
    update_where: int | None
    delete_where: int | None
    slots: list[Slot] | None
    insert_where: int | None

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        Merge one row of binds, or a whole source.
        """
        found = session.select(self.sql, self.compilation, row)
        updated = [values for values in found if values[0] is not None and self._updates(values)]
        inserted = [values for values in found if values[0] is None and self._inserts(values)]
        if len({values[0] for values in updated}) < len(updated):
            raise Refusal(30926)
        rows = session.rows_of(self.table)
        changed = [values for values in updated if not self._deletes(values)]
        new = [self._new(values) for values in changed]
        made = [fill(self.slots or [], values, values) for values in inserted]
        if updated:
            rows.end(txn, [values[:HEAD] for values in updated])
            insert_each(rows, txn, new, [values[1] for values in changed])
        insert_each(rows, txn, made)
        session.written(txn, self.table, new + made, self.old.gone(updated))
        return len(updated) + len(inserted)

    def _updates(self, values: tuple[Any, ...]) -> bool:
        return self.changes is not None and (self.update_where is None or bool(values[self.update_where]))

    def _deletes(self, values: tuple[Any, ...]) -> bool:
        return self.delete_where is not None and bool(values[self.delete_where])

    def _inserts(self, values: tuple[Any, ...]) -> bool:
        return self.slots is not None and (self.insert_where is None or bool(values[self.insert_where]))

    def _new(self, values: tuple[Any, ...]) -> StoredRow:
        made = self.old.values(values)
        for change in self.changes or []:
            made[change.place] = change.check(values[change.selected])
        return tuple(made)


class _MergeCompiler:
    """
    The compiler of one MERGE.
    """

    def __init__(self, compilation: Compilation, statement: Merge) -> None:
        self.compilation = compilation
        self.statement = statement
        privileges = ["UPDATE"] if statement.sets is not None else []
        privileges += ["INSERT"] if statement.insert_values is not None else []
        for privilege in privileges:
            self.aim = target(compilation, statement.target, privilege)
        self.source_scope = Scope()
        self.source_sql = Sources(compilation, self.source_scope).add(statement.source)
        self.both = ExpressionCompiler(compilation, Scope([self.aim.relation, *self.source_scope.relations]))
        self.selected = Selected(self.aim)

    def compile(self) -> Plan:
        """
        Compile it.
        """
        statement = self.statement
        condition = " AND ".join([*self.aim.wheres, self.both.condition(statement.on)])
        changes, update_where, delete_where = self._update_branch()
        slots, insert_where = self._insert_branch()
        overwritten = (
            {change.place for change in changes or ()} if changes is not None else self._all_places()
        )
        old = old_row(self.compilation, self.aim, self.selected, overwritten)
        sql = (
            f"SELECT {', '.join(self.selected.sqls)} FROM {self.source_sql} LEFT JOIN {self.aim.source} ON"
            f" {condition}"
        )
        return Merging(
            self.compilation,
            self.aim.table,
            sql,
            old,
            changes,
            update_where,
            delete_where,
            slots,
            insert_where,
        )

    def _all_places(self) -> set[int]:
        return set(range(len(self.aim.table.columns)))

    def _update_branch(self) -> tuple[list[Change] | None, int | None, int | None]:
        statement = self.statement
        if statement.sets is None:
            return None, None, None
        setter = Setter(self.both, self.aim, self.selected, None)
        for assignment in statement.sets:
            setter.add(assignment)
        self._refuse_joined(statement.sets, statement.on)
        where = statement.update_where
        update_where = None if where is None else self.selected.add(self.both.condition(where))
        if statement.delete_where is None:
            return setter.changes, update_where, None
        after = Scope([self._after(setter.new), *self.source_scope.relations])
        gone = ExpressionCompiler(self.compilation, after).condition(statement.delete_where)
        return setter.changes, update_where, self.selected.add(gone)

    def _after(self, new: dict[str, Typed]) -> Relation:
        relation = self.aim.relation
        return replace(relation, columns=relation.columns | new)

    def _refuse_joined(self, sets: tuple[Assignment, ...], on: Expr) -> None:
        written = {self.aim.column(name).name: name for assignment in sets for name in assignment.columns}
        for name in names(on):
            found = self.both.scope.here(name)
            if found is None or found.sql.partition(".")[0] != self.aim.relation.alias:
                continue
            column = self.aim.columns[name.parts[-1]].name
            if column in written:
                raise Refusal(38104, written[column].position, name=f'"{self.aim.relation.name}"."{column}"')

    def _insert_branch(self) -> tuple[list[Slot] | None, int | None]:
        statement = self.statement
        if statement.insert_values is None:
            return None, None
        filler = Filler(self.compilation, (), self.aim, self.source_scope)
        columns = listed(self.aim, statement.insert_columns or ())
        try:
            values = filled(filler, columns, statement.insert_values)
        except Refusal as refusal:
            if refusal.code == 904 and self._is_target(str(refusal.names.get("name"))):
                raise Refusal(38101, refusal.position, name=refusal.names["name"]) from None
            raise
        places = [self.selected.add(found.sql) for found in values.computed]
        for slot in values.slots:
            slot.computed = None if slot.computed is None else places[slot.computed]
            slot.instead = None if slot.instead is None else places[slot.instead]
        where = statement.insert_where
        if where is None:
            return values.slots, None
        c = ExpressionCompiler(self.compilation, self.source_scope)
        return values.slots, self.selected.add(c.condition(where))

    def _is_target(self, name: str) -> bool:
        return name.strip('"').split('"."')[-1] in self.aim.columns


def compile_merge(compilation: Compilation, statement: Merge) -> Plan:
    """
    Compile MERGE; a column of the ON condition may not be set: ORA-38104.
    """
    return _MergeCompiler(compilation, statement).compile()
