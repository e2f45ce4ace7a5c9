"""
What fills the columns of a row: binds as they come, computed values, defaults, each checked for its column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tests.standin import conversions, sqltypes
from tests.standin.binding import Scope, Typed
from tests.standin.compiler import Compilation, ExpressionCompiler
from tests.standin.refusal import Refusal
from tests.standin.rows import NoBulk, StoredRow, TableRows, check
from tests.standin.selects import parsed_expression
from tests.standin.sql_ast import BindRef, Default, Expr, Name, Scalar
from tests.standin.targets import Target
from tests.standin.walk import nodes

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


def direct(bind: Bind, place: int, table: Table, column: Column, nls: Nls) -> Callable[[Any], Any]:
    """
    Make what turns a client's value into a column's: the way of a bind that stands alone in VALUES or SET.

    More text than a VARCHAR2 may have goes into LOBs, LONGs and JSON only: ORA-01461.
    """
    store = conversions.store(bind)
    source = conversions.bind_type(bind)
    if source.name in sqltypes.LONGS:
        source = sqltypes.VARCHAR if source.name == "LONG" else sqltypes.RAW
    checked = check(table, column, source, nls)
    limit, size = nls.max_string, nls.charset.size
    roomy = column.type.is_lob or column.type.name in sqltypes.LONGS or column.type.family == "json"
    text = source.family == "text" and not roomy and not source.is_lob

    def run(value: Any) -> Any:
        if value is None:
            return checked(None)
        stored = store(value)
        if text and stored is not None and len(stored) * 4 > limit and size(stored) > limit:
            raise Refusal(1461, place=place + 1, column=column.name)
        return checked(stored)

    return run


def _draws(expr: object) -> bool:
    return any(isinstance(node, Name) and node.parts[-1] == "NEXTVAL" for node in nodes(expr))


def _depends_on_row(expr: Expr) -> bool:
    return any(isinstance(node, BindRef | Scalar) for node in nodes(expr)) or _draws(expr)


class Filler:
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
            refuse_always(column)
            straight = direct(self.binds[node.index], node.index, self.aim.table, column, self.nls)
            self._slot(Slot(column, straight, bind=node.index))
        else:
            refuse_always(column)
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


def refuse_always(column: Column) -> None:
    """
    Refuse a value of the statement's own for a column that only the database fills: ORA-54013, ORA-32795.
    """
    if column.virtual_text:
        raise Refusal(54013)
    if column.identity == "ALWAYS":
        raise Refusal(32795)


def fill(slots: list[Slot], row: Sequence[Any], computed: Sequence[Any]) -> StoredRow:
    """
    Make the row that is stored of binds and computed values.
    """
    made: list[Any] = []
    for slot in slots:
        raw = row[slot.bind] if slot.bind is not None else computed[slot.computed]  # type: ignore[index]
        if slot.instead is not None and slot.instead_check is not None and (raw is None or raw == ""):
            made.append(slot.instead_check(computed[slot.instead]))
        else:
            made.append(slot.check(raw))
    return tuple(made)


def listed(aim: Target, given: Sequence[Name]) -> list[Column]:
    """
    Find the columns of an INSERT's list; all visible ones where there is none.
    """
    if not given:
        return [aim.columns[name] for name in aim.listed if not aim.columns[name].virtual_text]
    found: list[Column] = []
    for name in given:
        column = aim.column(name)
        if column in found:
            raise Refusal(957, name.position, column=column.name)
        found.append(column)
    return found


def filled(filler: Filler, columns: list[Column], values: Sequence[Expr | Default]) -> Values:
    """
    Fill columns by a VALUES list, the others by their defaults; ORA-00947, ORA-00913 where it is no match.
    """
    if len(values) < len(columns):
        raise Refusal(947)
    if len(values) > len(columns):
        raise Refusal(913)
    for column, node in zip(columns, values, strict=True):
        filler.add(column, node)
    complete(filler, columns)
    return filler.values


def complete(filler: Filler, columns: list[Column]) -> None:
    """
    Fill the columns that are not *columns* by their defaults, and bring all into the table's order.
    """
    given = {column.name for column in columns}
    for column in filler.aim.table.columns:
        if column.writable and column.name not in given:
            filler.default(column)
    order = {column.name: n for n, column in enumerate(c for c in filler.aim.table.columns if c.writable)}
    filler.values.slots.sort(key=lambda slot: order[slot.column.name])


def insert_each(
    rows: TableRows, txn: Transaction, made: list[StoredRow], kept: list[int] | None = None
) -> None:
    """
    Insert rows; where some row of them is refused, one by one, so that it is the one that tells.
    """
    try:
        rows.insert(txn, made, kept)
    except NoBulk:
        for n, row in enumerate(made):
            rows.insert(txn, [row], None if kept is None else [kept[n]])
