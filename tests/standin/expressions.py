"""
Expressions: what each kind of node becomes, from literals to conditions; names and calls are apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.standin import conversions, decimals, doubles, sqltypes, times
from tests.standin.binding import Typed
from tests.standin.compiler import (
    CONDITION,
    OPERATORS,
    ExpressionCompiler,
    compiles,
    constant,
    text_sql,
)
from tests.standin.fields import field_of
from tests.standin.refusal import Refusal
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
    Scalar,
    Star,
    Truth,
    Tuple,
    Unary,
)
from tests.standin.texts import like

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.charsets import Charset
    from tests.standin.nls import Nls
    from tests.standin.sqltypes import SqlType


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
