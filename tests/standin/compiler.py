"""
The compiler: expressions and conditions of the tree to SQLite's SQL, with Oracle's types and refusals.

Functions that SQLite lacks run in Python: py(n, ...) calls the n-th closure of the session. Each table is
read as (SELECT * FROM t WHERE <mark>): the mark is replaced, when the statement runs, by what is visible to
its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tests.standin import conversions, sqltypes
from tests.standin.binding import Scope, Typed
from tests.standin.refusal import Refusal
from tests.standin.sql_ast import (
    Expr,
    Name,
    OrderKey,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.catalog import Catalog, Table
    from tests.standin.catalog import Sequence as SequenceObject
    from tests.standin.nls import Nls
    from tests.standin.sqltypes import SqlType

CONDITION = sqltypes.BOOLEAN
#: Around the name of a table, where its visible rows are to be said.
MARK = "\x01"


class Context(Protocol):
    """
    What the compiler asks the session.
    """

    catalog: Catalog
    nls: Nls
    user: str
    current_schema: str

    def closure(self, key: object, function: Callable[..., Any]) -> int:
        """
        Number a function that SQLite may call.
        """

    def physical(self, table: Table) -> str:
        """
        Name a table in SQLite for this session.
        """

    def private_table(self, name: str) -> Table | None:
        """
        Find a private temporary table.
        """

    def dictionary(self, name: str) -> list[tuple[str, SqlType]] | None:
        """
        Describe a dictionary view; None where there is none of that name for this user.
        """

    def userenv(self, parameter: str) -> str | None:
        """
        Read a parameter of the session's context.
        """

    def next_value(self, sequence: SequenceObject) -> int:
        """
        Draw from a sequence.
        """

    def current_value(self, sequence: SequenceObject) -> int:
        """
        Repeat what was drawn last.
        """


@dataclass(slots=True)
class Compilation:
    """
    What is gathered while a statement is compiled.

    *extras* are parameters behind the binds, computed when the statement runs; *checked* are binds whose text
    may not be longer than a VARCHAR2 here (ORA-01461).
    """

    context: Context
    bind_types: list[SqlType]
    extras: list[Callable[[], Any]] = field(default_factory=list)
    extra_numbers: dict[str, int] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    dictionary: set[str] = field(default_factory=set)
    checked: set[int] = field(default_factory=set)
    stores: list[Callable[[Any], Any]] = field(default_factory=list)
    bind_names: list[str] = field(default_factory=list)
    aliases: int = 0
    #: Whose rights count and where unqualified names are looked for: the session's, or a view's owner.
    user: str = ""
    schema: str = ""

    def alias(self) -> str:
        """
        Make a source's name.
        """
        self.aliases += 1
        return f"s{self.aliases}"

    def parameter(self, key: str, value: Callable[[], Any]) -> str:
        """
        Make a parameter that is computed once a run.
        """
        if key not in self.extra_numbers:
            self.extras.append(value)
            self.extra_numbers[key] = len(self.extras)
        return f":x{self.extra_numbers[key]}"


def text_sql(value: str) -> str:
    """
    Write a text constant.
    """
    if "\0" in value:
        return f"CAST(X'{value.encode().hex()}' AS TEXT)"
    return "'" + value.replace("'", "''") + "'"


def constant(value: str | bytes | int | None) -> str:
    """
    Write a stored constant.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return text_sql(value) if isinstance(value, str) else str(value)


class ExpressionCompiler:
    """
    Expressions in a scope.
    """

    def __init__(self, compilation: Compilation, scope: Scope) -> None:
        self.compilation = compilation
        self.context = compilation.context
        self.nls = compilation.context.nls
        self.scope = scope
        self.in_aggregate = False

    # --- values and conditions ------------------------------------------------------------------------------

    def value(self, node: Expr) -> Typed:
        """
        Compile a value; before 23 a condition is none: ORA-00936.
        """
        found = self.any(node)
        if found.condition and self.nls.version < 23:
            raise Refusal(936)
        return found

    def condition(self, node: Expr) -> str:
        """
        Compile a condition; a value that is no BOOLEAN is ORA-00920.
        """
        found = self.any(node)
        truths = {"boolean", "null"} if self.nls.version >= 23 else {"boolean"}
        if not found.condition and found.type.family not in truths:
            raise Refusal(920, _position(node))
        return found.sql

    def any(self, node: Expr) -> Typed:
        """
        Compile a node.
        """
        grouping = self.scope.grouping
        if (
            grouping is not None
            and not self.in_aggregate
            and not isinstance(node, Name)
            and node in grouping.exprs
        ):
            return self._ungrouped(node)
        return _COMPILERS[type(node)](self, node)

    def _ungrouped(self, node: Expr) -> Typed:
        self.in_aggregate = True
        try:
            return _COMPILERS[type(node)](self, node)
        finally:
            self.in_aggregate = False

    # --- functions in Python --------------------------------------------------------------------------------

    def py(self, key: object, function: Callable[..., Any], *sqls: str, pure: bool = True) -> str:
        """
        Write a call of a Python function; NULL where an argument is.
        """

        def strict(*args: Any) -> Any:
            return None if None in args else function(*args)

        return self.py_null(("strict", key), strict, *sqls, pure=pure)

    def py_null(self, key: object, function: Callable[..., Any], *sqls: str, pure: bool = True) -> str:
        """
        Write a call of a Python function that takes NULL.
        """
        number = self.context.closure(key, function)
        return f"{'pyd' if pure else 'py'}({', '.join((str(number), *sqls))})"

    # --- conversions ----------------------------------------------------------------------------------------

    def convert(self, found: Typed, target: SqlType) -> Typed:
        """
        Convert implicitly.
        """
        if found.condition:
            found = Typed(found.sql, sqltypes.BOOLEAN)
        convert = conversions.converter(found.type, target, self.nls)
        if convert is None:
            return Typed(found.sql, target, found.nullable)
        sql = self.py(("convert", found.type, target), convert, found.sql)
        return Typed(sql, target, found.nullable)

    def number(self, node: Expr) -> str:
        """
        Compile a value as NUMBER.
        """
        return self.convert(self.value(node), sqltypes.NUMBER).sql

    def text(self, node: Expr) -> str:
        """
        Compile a value as text.
        """
        found = self.value(node)
        return found.sql if found.type.family == "text" else self.convert(found, sqltypes.VARCHAR).sql

    def sort_key(self, found: Typed) -> str:
        """
        Write what a value is sorted and grouped by; LOBs and JSON are ORA-00932.
        """
        if found.type.name in sqltypes.UNORDERED:
            raise Refusal(932, expected="-", got=found.type.name)
        return f"substr({found.sql},1,29)" if found.type.family == "zoned" else found.sql

    # --- comparisons ----------------------------------------------------------------------------------------

    def compared(self, left: Typed, right: Typed) -> tuple[str, str]:
        """
        Bring two values to forms that SQLite compares as Oracle does.
        """
        for side in (left, right):
            if side.type.name in sqltypes.UNORDERED:
                raise Refusal(932, expected="-", got=side.type.name)
        families = {left.type.family, right.type.family}
        if "null" in families:
            return left.sql, right.sql
        if families == {"text"}:
            if {left.type.name, right.type.name} <= sqltypes.BLANK_PADDED:
                return _unpadded(left), _unpadded(right)
            return left.sql, right.sql
        if families <= {"time", "zoned", "text"} and not (families == {"time"} and _one_clock(left, right)):
            return self._instants(left, right)
        for family, target in _COMPARED_AS:
            if family in families:
                return self._as(left, target), self._as(right, target)
        raise Refusal(932, expected=left.type.name, got=right.type.name)

    def _as(self, side: Typed, target: SqlType) -> str:
        return side.sql if side.type.family == target.family else self.convert(side, target).sql

    def _instants(self, left: Typed, right: Typed) -> tuple[str, str]:
        if left.type.family == "text":
            left = self.convert(left, right.type)
        elif right.type.family == "text":
            right = self.convert(right, left.type)
        if left.type.family == right.type.family == "time" and _one_clock(left, right):
            return left.sql, right.sql
        return self._instant(left), self._instant(right)

    def _instant(self, side: Typed) -> str:
        if side.type.name == sqltypes.LOCAL.name:
            return side.sql
        return f"substr({self.convert(side, sqltypes.ZONED).sql},1,29)"

    def compare(self, op: str, left: Typed, right: Typed) -> str:
        """
        Write a comparison.
        """
        a, b = self.compared(left, right)
        return f"({a} {op} {b})"

    # --- common types ---------------------------------------------------------------------------------------

    def common(self, values: Sequence[Typed], *, strict: bool) -> list[Typed]:
        """
        Bring values to the type of the first that has one; *strict* refuses another family (ORA-00932).
        """
        target = common_type([found.type for found in values])
        if strict:
            for found in values:
                pair = {found.type.family, target.family}
                if (
                    len(pair) > 1
                    and "null" not in pair
                    and not pair <= {"number", "double"}
                    and not _times(pair)
                ):
                    raise Refusal(932, expected=target.name, got=found.type.name)
        return [self.convert(found, target) for found in values]


def _times(pair: set[Any]) -> bool:
    return pair <= {"time", "zoned"}


#: Families in the order in which one of two decides how both are compared.
_COMPARED_AS = (
    ("double", sqltypes.DOUBLE),
    ("number", sqltypes.NUMBER),
    ("boolean", sqltypes.BOOLEAN),
    ("bytes", sqltypes.RAW),
    ("days", sqltypes.DAYS),
    ("months", sqltypes.MONTHS),
    ("time", sqltypes.TIMESTAMP),
)


def _one_clock(left: Typed, right: Typed) -> bool:
    local = sqltypes.LOCAL.name
    return (left.type.name == local) == (right.type.name == local)


def _unpadded(side: Typed) -> str:
    return f"rtrim({side.sql},' ')"


def common_type(types: Sequence[SqlType]) -> SqlType:
    """
    Find the type of a CASE, a COALESCE or a set operation's column.
    """
    known = [found for found in types if found.family != "null"]
    if not known:
        return sqltypes.varchar(1)
    first = known[0]
    if first.family == "text":
        return _common_text([found for found in known if found.family == "text"])
    return _common_other(first, known)


def _common_text(texts: Sequence[SqlType]) -> SqlType:
    lob = next((found for found in texts if found.is_lob or found.name == "LONG"), None)
    if lob is not None:
        return lob
    if all(found == texts[0] for found in texts):
        return texts[0]
    return sqltypes.SqlType("VARCHAR2", max(found.length for found in texts), any(t.char for t in texts))


def _common_other(first: SqlType, known: Sequence[SqlType]) -> SqlType:
    for family in ("double", "zoned"):
        if any(found.family == family for found in known):
            return next(found for found in known if found.family == family)
    if first.family == "number" and any(found != first for found in known):
        return sqltypes.NUMBER
    if first.family == "time":
        return next((found for found in known if found.name != "DATE"), first)
    if first.family == "bytes":
        return next((f for f in known if f.is_lob), max(known, key=lambda f: f.length))
    return first


def _position(node: Expr) -> int:
    return int(getattr(node, "position", 0))


def order_sql(c: ExpressionCompiler, keys: Sequence[OrderKey]) -> str:
    """
    Write sort keys.
    """
    return ", ".join(order_key_sql(c.sort_key(c.value(key.expr)), key) for key in keys)


def order_key_sql(sql: str, key: OrderKey) -> str:
    """
    Write one sort key.
    """
    nulls = "FIRST" if key.nulls_first else "LAST"
    return f"{sql} {'DESC' if key.descending else 'ASC'} NULLS {nulls}"


# --- what compiles each kind of node: filled by expressions.py and its like

_COMPILERS: dict[type, Callable[[ExpressionCompiler, Any], Typed]] = {}
#: What the operators between values are: filled by arithmetic.py.
OPERATORS: dict[str, Callable[[ExpressionCompiler, Typed, Typed], Typed]] = {}
_NodeCompiler: TypeAlias = "Callable[[ExpressionCompiler, Any], Typed]"


def compiles(*nodes: type) -> Callable[[_NodeCompiler], _NodeCompiler]:
    """
    Register what compiles a kind of node.
    """

    def register(function: _NodeCompiler) -> _NodeCompiler:
        for node in nodes:
            _COMPILERS[node] = function
        return function

    return register
