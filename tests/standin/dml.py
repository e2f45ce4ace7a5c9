"""
INSERT, UPDATE, DELETE and MERGE, compiled: what to read, what to check, what to write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tests.standin import conversions, sqltypes
from tests.standin.binding import Scope, Typed
from tests.standin.compiler import Compilation, ExpressionCompiler
from tests.standin.refusal import Refusal
from tests.standin.rows import NoBulk, StoredRow, TableRows, check
from tests.standin.selects import CompiledQuery, Sources, compile_query, parsed_expression, rownum_limits
from tests.standin.sql_ast import (
    Assignment,
    BindRef,
    Default,
    Delete,
    Expr,
    Insert,
    Merge,
    Name,
    Scalar,
    TableName,
    Update,
)
from tests.standin.targets import Target, target
from tests.standin.walk import names, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.catalog import Column, Table
    from tests.standin.nls import Nls
    from tests.standin.sqltypes import SqlType
    from tests.standin.transactions import Transaction
    from tests.standin.values import Bind


class Writing(Protocol):
    """
    What a plan asks the session while it runs.
    """

    def select(self, sql: str, compilation: Compilation, row: Sequence[Any]) -> list[tuple[Any, ...]]:
        """
        Run a compiled query with a row of binds.
        """

    def rows_of(self, table: Table) -> TableRows:
        """
        Return the rows of a table.
        """

    def written(self, txn: Transaction, table: Table, made: list[StoredRow], gone: list[StoredRow]) -> None:
        """
        Check what spans tables: references to and from the rows *made* and *gone*.
        """


class Plan(Protocol):
    """
    A DML statement ready to run.
    """

    compilation: Compilation
    table: Table

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        Run it for one row of binds; return how many rows it wrote.
        """


# --- what goes into a column
# ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Slot:
    """
    What fills a column: a bind, or a computed value, through *check*; *instead* is computed where it is NULL.
    """

    column: Column
    check: Callable[[Any], Any]
    bind: int | None = None
    computed: int | None = None
    instead: int | None = None
    instead_check: Callable[[Any], Any] | None = None


@dataclass(slots=True)
class Values:
    """
    The slots of one row, and the expressions that must be computed for it.
    """

    slots: list[Slot] = field(default_factory=list)
    computed: list[Typed] = field(default_factory=list)
    per_row: bool = False

    def add(self, found: Typed, *, per_row: bool) -> int:
        """
        Note an expression; return its place.
        """
        self.computed.append(found)
        self.per_row = self.per_row or per_row
        return len(self.computed) - 1

    @property
    def sql(self) -> str:
        """
        Write the query that computes.
        """
        return "SELECT " + ", ".join(found.sql for found in self.computed)


def _direct(bind: Bind, place: int, table: Table, column: Column, nls: Nls) -> Callable[[Any], Any]:
    """
    Make what turns a client's value into a column's: the way of a bind that stands alone in VALUES or SET.

    More text than a VARCHAR2 may have goes into LOBs, LONGs and JSON only: ORA-01461.
    """
    store = conversions.store(bind)
    source = conversions.bind_type(bind)
    if source.name in sqltypes.LONGS:
        source = sqltypes.VARCHAR if source.name == "LONG" else sqltypes.RAW
    checked = check(table, column, source, nls)
    limit = nls.max_string
    roomy = column.type.is_lob or column.type.name in sqltypes.LONGS or column.type.family == "json"
    text = source.family == "text" and not roomy and not source.is_lob

    def run(value: Any) -> Any:
        if value is None:
            return checked(None)
        stored = store(value)
        if text and stored is not None and len(stored) * 4 > limit and len(stored.encode()) > limit:
            raise Refusal(1461, place=place + 1, column=column.name)
        return checked(stored)

    return run


def _draws(expr: object) -> bool:
    return any(isinstance(node, Name) and node.parts[-1] == "NEXTVAL" for node in nodes(expr))


def _depends_on_row(expr: Expr) -> bool:
    return any(isinstance(node, BindRef | Scalar) for node in nodes(expr)) or _draws(expr)


class _Filler:
    """
    The compiler of VALUES and DEFAULT for one table.
    """

    def __init__(self, compilation: Compilation, binds: Sequence[Bind], aim: Target, scope: Scope) -> None:
        self.compilation = compilation
        self.binds = binds
        self.aim = aim
        self.c = ExpressionCompiler(compilation, scope)
        self.nls = compilation.context.nls
        self.values = Values()

    def add(self, column: Column, node: Expr | Default) -> None:
        """
        Fill a column by an expression.
        """
        if isinstance(node, Default):
            self.default(column)
        elif isinstance(node, BindRef) and node.index < len(self.binds):
            _refuse_always(column)
            direct = _direct(self.binds[node.index], node.index, self.aim.table, column, self.nls)
            self._slot(Slot(column, direct, bind=node.index))
        else:
            _refuse_always(column)
            found = self.c.value(node)
            place = self.values.add(found, per_row=_depends_on_row(node))
            self._slot(Slot(column, self._check(column, found.type), computed=place))

    def _check(self, column: Column, source: SqlType) -> Callable[[Any], Any]:
        return check(self.aim.table, column, source, self.nls)

    def _slot(self, slot: Slot) -> None:
        column = slot.column
        if column.on_null or column.identity.endswith("ON NULL"):
            found, per_row = self._default_value(column)
            slot.instead = self.values.add(found, per_row=per_row)
            slot.instead_check = self._check(column, found.type)
        self.values.slots.append(slot)

    def default(self, column: Column) -> None:
        """
        Fill a column that the statement does not name.
        """
        found, per_row = self._default_value(column)
        place = self.values.add(found, per_row=per_row)
        self.values.slots.append(Slot(column, self._check(column, found.type), computed=place))

    def _default_value(self, column: Column) -> tuple[Typed, bool]:
        if column.sequence:
            name = Name((self.aim.table.owner, column.sequence, "NEXTVAL"))
            return self._as_owner(name), True
        if not column.default_text:
            return Typed("NULL", sqltypes.NULL), False
        expr = parsed_expression(column.default_text, self.nls.version)
        return self._as_owner(expr), _draws(expr)

    def _as_owner(self, expr: Expr) -> Typed:
        compilation = self.compilation
        user, schema = compilation.user, compilation.schema
        compilation.user = compilation.schema = self.aim.table.owner
        try:
            return ExpressionCompiler(compilation, Scope()).value(expr)
        finally:
            compilation.user, compilation.schema = user, schema


def _refuse_always(column: Column) -> None:
    if column.virtual_text:
        raise Refusal(54013)
    if column.identity == "ALWAYS":
        raise Refusal(32795)


def _fill(slots: list[Slot], row: Sequence[Any], computed: Sequence[Any]) -> StoredRow:
    made: list[Any] = []
    for slot in slots:
        raw = row[slot.bind] if slot.bind is not None else computed[slot.computed]  # type: ignore[index]
        if slot.instead is not None and slot.instead_check is not None and (raw is None or raw == ""):
            made.append(slot.instead_check(computed[slot.instead]))
        else:
            made.append(slot.check(raw))
    return tuple(made)


def _listed(aim: Target, given: Sequence[Name]) -> list[Column]:
    if not given:
        return [aim.columns[name] for name in aim.listed if not aim.columns[name].virtual_text]
    found: list[Column] = []
    for name in given:
        column = aim.column(name)
        if column in found:
            raise Refusal(957, name.position, column=column.name)
        found.append(column)
    return found


def _filled(filler: _Filler, columns: list[Column], values: Sequence[Expr | Default]) -> Values:
    if len(values) < len(columns):
        raise Refusal(947)
    if len(values) > len(columns):
        raise Refusal(913)
    for column, node in zip(columns, values, strict=True):
        filler.add(column, node)
    _complete(filler, columns)
    return filler.values


def _complete(filler: _Filler, columns: list[Column]) -> None:
    given = {column.name for column in columns}
    for column in filler.aim.table.columns:
        if column.writable and column.name not in given:
            filler.default(column)
    order = {column.name: n for n, column in enumerate(c for c in filler.aim.table.columns if c.writable)}
    filler.values.slots.sort(key=lambda slot: order[slot.column.name])


# --- INSERT
# ---------------------------------------------------------------------------------------------------


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
        return _fill(self.values.slots, row, computed)

    def all_stored(
        self, session: Writing, rows: Sequence[Sequence[Any]], *, go_on: bool
    ) -> tuple[list[tuple[int, StoredRow]], list[tuple[int, Refusal]]]:
        """
        Make the rows that are stored of many; the refused ones by offset, all of them or (not *go_on*) the
        first.
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
                    made = _fill(self.values.slots, row, computed)
            except Refusal as refusal:
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
            made.append(_fill(self.values.slots, values[:width], computed))
        _insert_each(session.rows_of(self.table), txn, made)
        session.written(txn, self.table, made, [])
        return len(made)


def _insert_each(
    rows: TableRows, txn: Transaction, made: list[StoredRow], kept: list[int] | None = None
) -> None:
    try:
        rows.insert(txn, made, kept)
    except NoBulk:
        for n, row in enumerate(made):
            rows.insert(txn, [row], None if kept is None else [kept[n]])


def compile_insert(compilation: Compilation, statement: Insert, binds: Sequence[Bind]) -> Plan:
    """
    Compile INSERT.
    """
    aim = target(compilation, statement.target, "INSERT")
    columns = _listed(aim, statement.columns)
    filler = _Filler(compilation, binds, aim, Scope())
    if statement.values is not None:
        return InsertValues(compilation, aim.table, _filled(filler, columns, statement.values))
    if statement.query is None:
        raise Refusal(926)
    query = compile_query(compilation, statement.query)
    if len(query.columns) != len(columns):
        raise Refusal(947 if len(query.columns) < len(columns) else 913)
    for n, (column, out) in enumerate(zip(columns, query.columns, strict=True)):
        _refuse_always(column)
        filler.values.slots.append(
            Slot(column, check(aim.table, column, out.type, compilation.context.nls), bind=n)
        )
    _complete(filler, columns)
    return InsertQuery(compilation, aim.table, filler.values, query)


# --- UPDATE and DELETE
# ----------------------------------------------------------------------------------------

#: Before a target's columns stand its version, its address, and who ended it.
_HEAD = 3


def _head(aim: Target) -> list[str]:
    alias = aim.relation.alias
    stored = [f"{alias}.{column.physical}" for column in aim.table.columns if column.writable]
    return [f"{alias}._v", f"{alias}._r", f"{alias}._d", *stored]


@dataclass(slots=True)
class _Set:
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
    sets: list[_Set]
    width: int

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        End the rows found and insert what becomes of them.
        """
        found = session.select(self.sql, self.compilation, row)
        if not found:
            return 0
        rows = session.rows_of(self.table)
        gone = [values[_HEAD : _HEAD + self.width] for values in found]
        made = [self._new(values, row) for values in found]
        rows.end(txn, [values[:_HEAD] for values in found])  # type: ignore[misc]
        _insert_each(rows, txn, made, [values[1] for values in found])
        session.written(txn, self.table, made, gone)
        return len(found)

    def _new(self, values: tuple[Any, ...], row: Sequence[Any]) -> StoredRow:
        made = list(values[_HEAD : _HEAD + self.width])
        for change in self.sets:
            raw = row[change.bind] if change.bind is not None else values[change.selected]
            made[change.place] = change.check(raw)
        return tuple(made)


class _Setter:
    """
    The compiler of SET.
    """

    def __init__(self, c: ExpressionCompiler, aim: Target, binds: Sequence[Bind] | None) -> None:
        self.c = c
        self.aim = aim
        self.binds = binds
        self.nls = c.nls
        self.places = {col.name: n for n, col in enumerate(col for col in aim.table.columns if col.writable)}
        self.sets: list[_Set] = []
        self.selected: list[str] = []
        self.new: dict[str, Typed] = {}

    def add(self, assignment: Assignment, first: int) -> None:
        """
        Compile an assignment; its values are selected from place *first* on.
        """
        columns = [self.aim.column(name) for name in assignment.columns]
        for column, name in zip(columns, assignment.columns, strict=True):
            if any(change.place == self.places.get(column.name) for change in self.sets):
                raise Refusal(957, name.position, column=column.name)
            _refuse_virtual(column)
        if len(columns) > 1 or isinstance(assignment.value, Scalar):
            self._from_query(columns, assignment.value, first)
        else:
            self._from_value(columns[0], assignment.value, first)

    def _from_query(self, columns: list[Column], value: Expr | Default, first: int) -> None:
        if not isinstance(value, Scalar):
            raise Refusal(1767)
        found = compile_query(self.c.compilation, value.query, self.c.scope)
        if len(found.columns) != len(columns):
            raise Refusal(947 if len(found.columns) < len(columns) else 913)
        for n, (column, out) in enumerate(zip(columns, found.columns, strict=True), 1):
            self._select(column, Typed(f"(SELECT one(k{n}) FROM ({found.sql}))", out.type), first)

    def _from_value(self, column: Column, value: Expr | Default, first: int) -> None:
        if isinstance(value, Default):
            expr = parsed_expression(column.default_text or "NULL", self.nls.version)
            self._select(column, ExpressionCompiler(self.c.compilation, Scope()).value(expr), first)
        elif isinstance(value, BindRef) and self.binds is not None and value.index < len(self.binds):
            direct = _direct(self.binds[value.index], value.index, self.aim.table, column, self.nls)
            self.sets.append(_Set(self.places[column.name], _as_update(direct), value.index))
        else:
            self._select(column, self.c.value(value), first)

    def _select(self, column: Column, found: Typed, first: int) -> None:
        checked = _as_update(check(self.aim.table, column, found.type, self.nls))
        self.sets.append(_Set(self.places[column.name], checked, None, first + len(self.selected)))
        self.selected.append(found.sql)
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


def _found(c: ExpressionCompiler, aim: Target, where: Expr | None, selected: list[str]) -> str:
    conditions, limit = rownum_limits(c, where)
    wheres = aim.wheres + [c.condition(found) for found in conditions]
    where_sql = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return f"SELECT {', '.join(_head(aim) + selected)} FROM {aim.source}{where_sql}{limit}"


def compile_update(compilation: Compilation, statement: Update, binds: Sequence[Bind]) -> Plan:
    """
    Compile UPDATE.
    """
    aim = target(compilation, statement.target, "UPDATE")
    c = ExpressionCompiler(compilation, Scope([aim.relation]))
    setter = _Setter(c, aim, binds)
    width = len(setter.places)
    for assignment in statement.sets:
        setter.add(assignment, _HEAD + width)
    sql = _found(c, aim, statement.where, setter.selected)
    return Updating(compilation, aim.table, sql, setter.sets, width)


@dataclass(slots=True)
class Deleting:
    """
    DELETE.
    """

    compilation: Compilation
    table: Table
    sql: str

    def run(self, session: Writing, txn: Transaction, row: Sequence[Any]) -> int:
        """
        End the rows found.
        """
        found = session.select(self.sql, self.compilation, row)
        if found:
            session.rows_of(self.table).end(txn, [values[:_HEAD] for values in found])  # type: ignore[misc]
            session.written(txn, self.table, [], [values[_HEAD:] for values in found])
        return len(found)


def compile_delete(compilation: Compilation, statement: Delete) -> Plan:
    """
    Compile DELETE.
    """
    aim = target(compilation, statement.target, "DELETE")
    c = ExpressionCompiler(compilation, Scope([aim.relation]))
    return Deleting(compilation, aim.table, _found(c, aim, statement.where, []))


# --- MERGE
# ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Merging:
    """
    MERGE: one query joins source and target; each of its rows updates, deletes, inserts or does nothing.

    *update_where*, *delete_where*, *insert_where* and *slots* are places in that query's rows.
    """

    compilation: Compilation
    table: Table
    sql: str
    width: int
    sets: list[_Set] | None
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
        made = [_fill(self.slots or [], values, values) for values in inserted]
        if updated:
            rows.end(txn, [values[:_HEAD] for values in updated])  # type: ignore[misc]
            _insert_each(rows, txn, new, [values[1] for values in changed])
        _insert_each(rows, txn, made)
        gone = [values[_HEAD : _HEAD + self.width] for values in updated]
        session.written(txn, self.table, new + made, gone)
        return len(updated) + len(inserted)

    def _updates(self, values: tuple[Any, ...]) -> bool:
        return self.sets is not None and (self.update_where is None or bool(values[self.update_where]))

    def _deletes(self, values: tuple[Any, ...]) -> bool:
        return self.delete_where is not None and bool(values[self.delete_where])

    def _inserts(self, values: tuple[Any, ...]) -> bool:
        return self.slots is not None and (self.insert_where is None or bool(values[self.insert_where]))

    def _new(self, values: tuple[Any, ...]) -> StoredRow:
        made = list(values[_HEAD : _HEAD + self.width])
        for change in self.sets or []:
            made[change.place] = change.check(values[change.selected])
        return tuple(made)


class _MergeCompiler:
    """
    The compiler of one MERGE.
    """

    def __init__(self, compilation: Compilation, statement: Merge, binds: Sequence[Bind]) -> None:
        self.compilation = compilation
        self.statement = statement
        self.binds = binds
        privileges = ["UPDATE"] if statement.sets is not None else []
        privileges += ["INSERT"] if statement.insert_values is not None else []
        for privilege in privileges:
            self.aim = target(compilation, statement.target, privilege)
        self.source_scope = Scope()
        self.source_sql = Sources(compilation, self.source_scope).add(statement.source)
        self.both = ExpressionCompiler(compilation, Scope([self.aim.relation, *self.source_scope.relations]))
        self.selected = _head(self.aim)
        self.width = len(self.selected) - _HEAD

    def compile(self) -> Plan:
        """
        Compile it.
        """
        statement = self.statement
        condition = " AND ".join([*self.aim.wheres, self.both.condition(statement.on)])
        sets, update_where, delete_where = self._update_branch()
        slots, insert_where = self._insert_branch()
        sql = (
            f"SELECT {', '.join(self.selected)} FROM {self.source_sql} LEFT JOIN {self.aim.source} ON"
            f" {condition}"
        )
        return Merging(
            self.compilation,
            self.aim.table,
            sql,
            self.width,
            sets,
            update_where,
            delete_where,
            slots,
            insert_where,
        )

    def _select(self, sql: str) -> int:
        self.selected.append(sql)
        return len(self.selected) - 1

    def _update_branch(self) -> tuple[list[_Set] | None, int | None, int | None]:
        statement = self.statement
        if statement.sets is None:
            return None, None, None
        setter = _Setter(self.both, self.aim, None)
        first = len(self.selected)
        for assignment in statement.sets:
            setter.add(assignment, first)
        self._refuse_joined(statement.sets, statement.on)
        self.selected += setter.selected
        where = statement.update_where
        update_where = None if where is None else self._select(self.both.condition(where))
        if statement.delete_where is None:
            return setter.sets, update_where, None
        after = Scope([self._after(setter.new), *self.source_scope.relations])
        gone = ExpressionCompiler(self.compilation, after).condition(statement.delete_where)
        return setter.sets, update_where, self._select(gone)

    def _after(self, new: dict[str, Typed]) -> Any:
        from dataclasses import replace  # noqa: PLC0415 -- one line's need

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
        filler = _Filler(self.compilation, (), self.aim, self.source_scope)
        columns = _listed(self.aim, statement.insert_columns or ())
        try:
            values = _filled(filler, columns, statement.insert_values)
        except Refusal as refusal:
            if refusal.code == 904 and self._is_target(str(refusal.names.get("name"))):
                raise Refusal(38101, refusal.position, name=refusal.names["name"]) from None
            raise
        places = [self._select(found.sql) for found in values.computed]
        for slot in values.slots:
            slot.computed = None if slot.computed is None else places[slot.computed]
            slot.instead = None if slot.instead is None else places[slot.instead]
        where = statement.insert_where
        if where is None:
            return values.slots, None
        c = ExpressionCompiler(self.compilation, self.source_scope)
        return values.slots, self._select(c.condition(where))

    def _is_target(self, name: str) -> bool:
        return name.strip('"').split('"."')[-1] in self.aim.columns


def compile_merge(compilation: Compilation, statement: Merge, binds: Sequence[Bind]) -> Plan:
    """
    Compile MERGE; a column of the ON condition may not be set: ORA-38104.
    """
    return _MergeCompiler(compilation, statement, binds).compile()


__all__ = [
    "InsertValues",
    "Plan",
    "TableName",
    "compile_delete",
    "compile_insert",
    "compile_merge",
    "compile_update",
]
