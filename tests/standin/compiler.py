"""
The compiler: expressions and conditions of the tree to SQLite's SQL, with Oracle's types and refusals.

Functions that SQLite lacks run in Python: py(n, ...) calls the n-th closure of the session. Each table is
read as (SELECT * FROM t WHERE <mark>): the mark is replaced, when the statement runs, by what is visible to
its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tests.standin import conversions, decimals, doubles, sqltypes, times
from tests.standin.binding import Scope, Typed, quoted
from tests.standin.fields import field_of
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import (
    AtZone,
    Between,
    Binary,
    BindRef,
    Case,
    Cast,
    Expr,
    Extract,
    InList,
    InQuery,
    IsJson,
    IsNull,
    Like,
    Literal,
    Name,
    OrderKey,
    Scalar,
    Star,
    Truth,
    Tuple,
    Unary,
)
from tests.standin.texts import like

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.catalog import Catalog, Table
    from tests.standin.catalog import Sequence as SequenceObject
    from tests.standin.charsets import Charset
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


# --- nodes --------------------------------------------------------------------------------------------------


_COMPILERS: dict[type, Callable[[ExpressionCompiler, Any], Typed]] = {}
#: What the operators between values are: filled by arithmetic.py.
OPERATORS: dict[str, Callable[[ExpressionCompiler, Typed, Typed], Typed]] = {}
#: Names of no column: filled here and by naming.py.
_PSEUDO: dict[str, Callable[[ExpressionCompiler], Typed]] = {}
#: NEXTVAL and CURRVAL: filled by naming.py.
QUALIFIED: dict[str, Callable[[ExpressionCompiler, Name], Typed]] = {}
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


@compiles(Literal)
def _literal(_: ExpressionCompiler, node: Literal) -> Typed:
    return Typed(constant(node.value), node.type, node.value is None, literal=True)


@compiles(BindRef)
def _bind(c: ExpressionCompiler, node: BindRef) -> Typed:
    compilation = c.compilation
    if node.index >= len(compilation.bind_types):
        raise Refusal(1008, node.position)
    type_ = compilation.bind_types[node.index]
    if type_.name in sqltypes.LONGS:
        raise Refusal(1461, node.position, place=node.index + 1)
    if type_.name in {"VARCHAR2", "CHAR", "RAW"}:
        compilation.checked.add(node.index)
        limit = c.nls.max_string if type_.name != "RAW" or c.nls.max_string > 4000 else 2000
        type_ = sqltypes.SqlType(type_.name, min(type_.length, limit))
    return Typed(f":b{node.index + 1}", type_)


@compiles(Name)
def _name(c: ExpressionCompiler, node: Name) -> Typed:
    found = c.scope.find(node)
    if found is None:
        return _pseudo(c, node)
    scope, typed = found
    if (
        scope is c.scope
        and scope.grouping is not None
        and not c.in_aggregate
        and typed.sql not in scope.grouping.sqls
    ):
        raise Refusal(979 if scope.grouping.grouped else 937, node.position)
    return typed


def _pseudo(c: ExpressionCompiler, node: Name) -> Typed:
    name = node.parts[-1]
    if len(node.parts) == 1 and not node.quoted:
        maker = _PSEUDO.get(name)
        if maker is not None:
            return maker(c)
    if name == "ROWID" and not node.quoted:
        return _rowid(c, node)
    if name in QUALIFIED and len(node.parts) > 1:
        return QUALIFIED[name](c, node)
    raise Refusal(904, node.position, name=quoted(node.parts))


def _rowid(c: ExpressionCompiler, node: Name) -> Typed:
    qualifier = node.parts[:-1]
    relations = c.scope.relations
    relation = c.scope.relation(qualifier) if qualifier else (relations[0] if len(relations) == 1 else None)
    if relation is None:
        raise Refusal(
            918 if not qualifier and relations else 904, node.position, name='"ROWID"', column="ROWID"
        )
    if relation.table is None:
        raise Refusal(1445, node.position)
    number = relation.table.number
    sql = c.py(("rowid", number), lambda row: rowid_text(number, row), f"{relation.alias}._r")
    return Typed(sql, sqltypes.ROWID, nullable=False)


_ROWID_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def rowid_text(table: int, row: int) -> str:
    """
    Write a row's address: object, file, block and row, in 18 letters.
    """
    made = ""
    for value, length in ((table, 6), (12, 3), (row // 512, 6), (row % 512, 3)):
        made += "".join(_ROWID_DIGITS[value >> 6 * place & 63] for place in reversed(range(length)))
    return made


def _now(c: ExpressionCompiler, key: str, type_: SqlType, make: Callable[[], Any]) -> Typed:
    return Typed(c.compilation.parameter(key, make), type_, nullable=False)


def _sysdate(c: ExpressionCompiler) -> Typed:
    return _now(c, "sysdate", sqltypes.DATE, lambda: times.truncate_fraction(_utc(c)[:29]))


def _utc(c: ExpressionCompiler) -> str:
    moment = c.nls.now()
    return times.from_aware(moment)


def _systimestamp(c: ExpressionCompiler) -> Typed:
    return _now(
        c, "systimestamp", sqltypes.SqlType(sqltypes.ZONED.name, precision=6), lambda: _utc(c)[:29] + "+00:00"
    )


def _current_timestamp(c: ExpressionCompiler) -> Typed:
    return _now(c, "current_timestamp", sqltypes.SqlType(sqltypes.ZONED.name, precision=6), lambda: _utc(c))


def _local_timestamp(c: ExpressionCompiler) -> Typed:
    return _now(
        c, "localtimestamp", sqltypes.SqlType("TIMESTAMP", precision=6), lambda: times.wall_clock(_utc(c))
    )


def _current_date(c: ExpressionCompiler) -> Typed:
    return _now(c, "current_date", sqltypes.DATE, lambda: times.truncate_fraction(times.wall_clock(_utc(c))))


def _user(c: ExpressionCompiler) -> Typed:
    return Typed(text_sql(c.context.user), sqltypes.varchar(128), nullable=False)


def _uid(c: ExpressionCompiler) -> Typed:
    number = c.context.catalog.users[c.context.user].number
    return Typed(constant(decimals.encode(number)), sqltypes.NUMBER, nullable=False)


def _zone(c: ExpressionCompiler) -> Typed:
    return Typed(text_sql(c.nls.zone_text), sqltypes.varchar(75), nullable=False)


def _rownum(c: ExpressionCompiler) -> Typed:
    if c.scope.rownum is None:
        raise unsupported("ROWNUM here")
    sql = c.py("number of int", decimals.encode, c.scope.rownum)
    return Typed(sql, sqltypes.NUMBER, nullable=False)


_PSEUDO.update(
    {
        "SYSDATE": _sysdate,
        "SYSTIMESTAMP": _systimestamp,
        "CURRENT_TIMESTAMP": _current_timestamp,
        "LOCALTIMESTAMP": _local_timestamp,
        "CURRENT_DATE": _current_date,
        "USER": _user,
        "UID": _uid,
        "SESSIONTIMEZONE": _zone,
        "DBTIMEZONE": lambda _: Typed("'+00:00'", sqltypes.varchar(6), nullable=False),
        "ROWNUM": _rownum,
    }
)


@compiles(Star)
def _star(_: ExpressionCompiler, node: Star) -> Typed:
    raise Refusal(936, node.position)


@compiles(Unary)
def _unary(c: ExpressionCompiler, node: Unary) -> Typed:
    if node.op == "NOT":
        return Typed(f"(NOT {c.condition(node.operand)})", CONDITION, condition=True)
    found = c.value(node.operand)
    if node.op == "+":
        return found
    if found.type.family in {"days", "months"}:
        return Typed(c.py("negate", _negate, found.sql), found.type)
    if found.type.family == "double":
        return Typed(c.py("negate double", _negate_double, found.sql), found.type)
    number = c.convert(found, sqltypes.NUMBER)
    return Typed(c.py("negate", _negate, number.sql), sqltypes.NUMBER)


def _negate(value: bytes) -> bytes:
    return decimals.encode(-decimals.decode(value))


def _negate_double(value: bytes) -> bytes:
    return doubles.encode(-doubles.decode(value))


def chain(node: Binary) -> list[Expr]:
    """
    List the operands of a chain of one operator, however long.
    """
    operands: list[Expr] = []
    here: Expr = node
    while isinstance(here, Binary) and here.op == node.op:
        operands.append(here.right)
        here = here.left
    return [here, *reversed(operands)]


def _balanced(op: str, operands: list[str]) -> str:
    """
    Join conditions so that they nest as little as may be: SQLite has a limit.
    """
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    return f"({_balanced(op, operands[:middle])} {op} {_balanced(op, operands[middle:])})"


@compiles(Binary)
def _binary(c: ExpressionCompiler, node: Binary) -> Typed:
    if node.op in {"AND", "OR"}:
        operands = [c.condition(operand) for operand in chain(node)]
        return Typed(_balanced(node.op, operands), CONDITION, condition=True)
    if node.op in {"=", "<>", "<", "<=", ">", ">="}:
        return _comparison(c, node)
    if node.op == "||":
        return concatenate(c, c.value(node.left), c.value(node.right))
    return OPERATORS[node.op](c, c.value(node.left), c.value(node.right))


def _comparison(c: ExpressionCompiler, node: Binary) -> Typed:
    if isinstance(node.left, Tuple) or isinstance(node.right, Tuple):
        if node.op not in {"=", "<>"} or not isinstance(node.left, Tuple):
            raise Refusal(920, node.position)
        if isinstance(node.right, Scalar):
            return c.any(InQuery(node.left.items, node.right.query, node.op == "<>"))
        raise Refusal(920, node.position)
    sql = c.compare(node.op, c.value(node.left), c.value(node.right))
    return Typed(sql, CONDITION, condition=True)


def concatenate(c: ExpressionCompiler, left: Typed, right: Typed) -> Typed:
    """
    Compile ||: NULL is nothing, and nothing is NULL; longer than a VARCHAR2 may be is ORA-01489.
    """
    texts = [
        side if side.type.family == "text" else c.convert(side, sqltypes.VARCHAR) for side in (left, right)
    ]
    joined = f"nullif(coalesce({texts[0].sql},'')||coalesce({texts[1].sql},''),'')"
    if any(side.type.is_lob for side in texts):
        return Typed(joined, sqltypes.CLOB)
    limit = c.nls.max_string
    length = sum(_text_bytes(side.type, limit) for side in texts)
    if length > limit:
        joined = c.py(("short", limit), lambda value: short(value, limit, c.nls.charset), joined)
    return Typed(joined, sqltypes.varchar(min(length, limit)))


def _text_bytes(type_: SqlType, limit: int) -> int:
    return type_.max_bytes(limit) or 4000


def short(value: str, limit: int, charset: Charset) -> str:
    """
    Return a text that a VARCHAR2 holds; ORA-01489.
    """
    if len(value) * 4 > limit and charset.size(value) > limit:
        raise Refusal(1489)
    return value


@compiles(Case)
def _case(c: ExpressionCompiler, node: Case) -> Typed:
    tests = [_case_test(c, node.operand, test) for test, _ in node.whens]
    results = [c.value(result) for _, result in node.whens]
    default = c.value(node.default) if node.default is not None else Typed("NULL", sqltypes.NULL)
    results = c.common([*results, default], strict=True)
    branches = " ".join(f"WHEN {test} THEN {found.sql}" for test, found in zip(tests, results, strict=False))
    return Typed(f"(CASE {branches} ELSE {results[-1].sql} END)", results[0].type)


def _case_test(c: ExpressionCompiler, operand: Expr | None, test: Expr) -> str:
    if operand is None:
        return c.condition(test)
    return c.compare("=", c.value(operand), c.value(test))


@compiles(Cast)
def _cast(c: ExpressionCompiler, node: Cast) -> Typed:
    return cast(c, c.value(node.expr), node.type, node.position)


def cast(c: ExpressionCompiler, found: Typed, target: SqlType, position: int = 0) -> Typed:
    """
    Compile CAST: text is cut, numbers rounded; a VARCHAR2 longer than the server's is ORA-00910.
    """
    check_declared(target, c.nls, position)
    if target.is_lob or (found.type.is_lob and target.family != "text"):
        raise Refusal(932, position, expected=target.name, got=found.type.name)
    made = c.convert(found, target)
    fit = conversions.fitter(target, c.nls)
    if fit is None:
        return made
    if target.name in sqltypes.STRINGS | {"RAW"}:
        return Typed(c.py(("cut", target), _cutter(target, c.nls.charset), made.sql), target)
    return Typed(c.py(("fit", target), fit, made.sql), target)


def _cutter(target: SqlType, charset: Charset) -> Callable[[Any], Any]:
    codec, pad = charset.codec, target.name in sqltypes.BLANK_PADDED

    def cut(value: Any) -> Any:
        if isinstance(value, bytes):
            return value[: target.length]
        made = (
            value[: target.length]
            if target.char
            else value.encode(codec, "replace")[: target.length].decode(codec, "ignore")
        )
        return made.ljust(target.length) if pad else made

    return cut


def check_declared(target: SqlType, nls: Nls, position: int = 0) -> None:
    """
    Refuse a declared length that the server has not: ORA-00910.
    """
    extended = nls.max_string > 4000
    limits = {"VARCHAR2": nls.max_string, "CHAR": 2000, "NCHAR": 1000, "NVARCHAR2": nls.max_string // 2}
    limits["RAW"] = 32767 if extended else 2000
    limit = limits.get(target.name)
    if limit is not None and not 1 <= target.length <= limit:
        raise Refusal(910, position, limit=limit)


@compiles(Extract)
def _extract(c: ExpressionCompiler, node: Extract) -> Typed:
    found = c.value(node.expr)
    family = found.type.family
    if family == "null":
        return Typed("NULL", sqltypes.NUMBER)
    clock = node.part in {"HOUR", "MINUTE", "SECOND"}
    if (
        family not in {"time", "zoned", "days", "months"}
        or (found.type.name == "DATE" and clock)
        or (family == "days" and node.part in {"YEAR", "MONTH"})
        or (family == "months" and node.part not in {"YEAR", "MONTH"})
    ):
        raise Refusal(30076)
    sql = c.py(("extract", node.part, family), _field_reader(node.part, family), found.sql)
    return Typed(sql, sqltypes.NUMBER)


def _field_reader(part: str, family: str) -> Callable[[Any], bytes]:
    return lambda value: decimals.encode(field_of(part, family, value))


@compiles(InList)
def _in_list(c: ExpressionCompiler, node: InList) -> Typed:
    negated = "NOT " if node.negated else ""
    if isinstance(node.expr, Tuple):
        rows = []
        for item in node.items:
            if not isinstance(item, Tuple) or len(item.items) != len(node.expr.items):
                raise Refusal(920)
            pairs = zip(node.expr.items, item.items, strict=True)
            rows.append(" AND ".join(c.compare("=", c.value(a), c.value(b)) for a, b in pairs))
        return Typed(f"({negated}({' OR '.join(rows)}))", CONDITION, condition=True)
    left = c.value(node.expr)
    pairs_sql = [c.compared(left, c.value(item)) for item in node.items]
    firsts = {a for a, _ in pairs_sql}
    if len(firsts) == 1:
        sql = f"({firsts.pop()} {negated}IN ({', '.join(b for _, b in pairs_sql)}))"
        return Typed(sql, CONDITION, condition=True)
    tests = " OR ".join(f"{a} = {b}" for a, b in pairs_sql)
    return Typed(f"({negated}({tests}))", CONDITION, condition=True)


@compiles(Between)
def _between(c: ExpressionCompiler, node: Between) -> Typed:
    found, low, high = c.value(node.expr), c.value(node.low), c.value(node.high)
    sql = f"({c.compare('>=', found, low)} AND {c.compare('<=', found, high)})"
    return Typed(f"(NOT {sql})" if node.negated else sql, CONDITION, condition=True)


@compiles(Like)
def _like(c: ExpressionCompiler, node: Like) -> Typed:
    sqls = [c.text(node.expr), c.text(node.pattern)]
    if node.escape is not None:
        sqls.append(c.text(node.escape))
    sql = c.py("like", like, *sqls)
    return Typed(f"(NOT {sql})" if node.negated else sql, CONDITION, condition=True)


@compiles(IsNull)
def _is_null(c: ExpressionCompiler, node: IsNull) -> Typed:
    found = c.value(node.expr)
    return Typed(f"({found.sql} IS {'NOT ' if node.negated else ''}NULL)", CONDITION, condition=True)


@compiles(IsJson)
def _is_json(c: ExpressionCompiler, node: IsJson) -> Typed:
    found = c.value(node.expr)
    if found.type.family not in {"text", "bytes", "json", "null"}:
        raise Refusal(40450)
    version = c.nls.version
    sql = c.py(("is json", version), lambda value: int(conversions.is_json(value, version)), found.sql)
    return Typed(f"(NOT {sql})" if node.negated else sql, CONDITION, condition=True)


@compiles(Truth)
def _truth(c: ExpressionCompiler, node: Truth) -> Typed:
    sql = f"({c.condition(node.expr)} IS {int(node.value)})"
    return Typed(f"(NOT {sql})" if node.negated else sql, CONDITION, condition=True)


@compiles(AtZone)
def _at_zone(c: ExpressionCompiler, node: AtZone) -> Typed:
    found = c.convert(c.value(node.expr), sqltypes.ZONED)
    zone = text_sql(c.nls.zone_text) if node.zone is None else c.text(node.zone)
    sql = c.py("at time zone", _to_zone, found.sql, zone)
    return Typed(sql, sqltypes.ZONED)


def _to_zone(value: str, zone: str) -> str:
    return value[:29] + times.offset_text(times.parse_offset(zone))


@compiles(Tuple)
def _tuple(_: ExpressionCompiler, __: Tuple) -> Typed:
    raise Refusal(907)


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
