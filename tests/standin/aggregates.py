"""
Functions over many rows: aggregates of a group, and analytic functions over a window.
"""

from __future__ import annotations

from decimal import Decimal

from tests.standin import decimals, sqltypes
from tests.standin.binding import Typed
from tests.standin.compiler import ExpressionCompiler, order_sql, text_sql
from tests.standin.decimals import exact_sum
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import Call, Expr, Over, Star
from tests.standin.walk import nodes

AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "LISTAGG", "ANY_VALUE"})
_RANKS = {"ROW_NUMBER": "row_number", "RANK": "rank", "DENSE_RANK": "dense_rank", "NTILE": "ntile"}
_OFFSETS = {"LAG": "lag", "LEAD": "lead"}
_ENDS = {"FIRST_VALUE": "first_value", "LAST_VALUE": "last_value"}


def has_aggregate(expr: Expr) -> bool:
    """
    Tell whether an expression aggregates the rows of its own query.
    """
    return any(
        isinstance(node, Call) and node.over is None and node.name[-1] in AGGREGATES for node in nodes(expr)
    )


def count_arguments(node: Call, least: int, most: int) -> None:
    """
    Refuse too few (ORA-00938) and too many (ORA-00939).
    """
    if len(node.args) < least:
        raise Refusal(938, node.position)
    if len(node.args) > most:
        raise Refusal(939, node.position)


def aggregate(c: ExpressionCompiler, node: Call) -> Typed:
    """
    Compile a function over the rows of a group; ORA-00934 where none are grouped.
    """
    if c.in_aggregate:
        raise Refusal(978 if c.scope.grouping is not None else 934, node.position)
    if c.scope.grouping is None:
        raise Refusal(934, node.position)
    c.in_aggregate = True
    try:
        return _aggregated(c, node)
    finally:
        c.in_aggregate = False


def _aggregated(c: ExpressionCompiler, node: Call) -> Typed:
    name = node.name[0]
    if name == "LISTAGG":
        return _listagg(c, node)
    count_arguments(node, 1, 1)
    if name == "COUNT":
        return _counted(c, _count_sql(c, node))
    distinct = "DISTINCT " if node.distinct else ""
    found = c.value(node.args[0])
    key = c.sort_key(found)
    if name in {"MIN", "MAX", "ANY_VALUE"}:
        word = "max" if name == "MAX" else "min"
        return Typed(f"{word}({found.sql if found.type.family == 'zoned' else key})", found.type)
    return _summed(c, name, distinct, found)


def _count_sql(c: ExpressionCompiler, node: Call) -> str:
    if isinstance(node.args[0], Star):
        return "count(*)"
    found = c.value(node.args[0])
    if node.distinct:
        return f"count(DISTINCT {c.sort_key(found)})"
    return f"count({found.sql})"


def _counted(c: ExpressionCompiler, sql: str) -> Typed:
    return Typed(c.py("number of int", decimals.encode, sql), sqltypes.NUMBER, nullable=False)


def _summed(c: ExpressionCompiler, name: str, distinct: str, found: Typed) -> Typed:
    word = name.lower()
    if found.type.family == "double":
        return Typed(f"double_{word}({distinct}{found.sql})", sqltypes.DOUBLE)
    if found.type.family == "days":
        return Typed(f"number_{word}({distinct}{found.sql})", found.type)
    number = c.convert(found, sqltypes.NUMBER)
    return Typed(f"number_{word}({distinct}{number.sql})", sqltypes.NUMBER)


def _listagg(c: ExpressionCompiler, node: Call) -> Typed:
    count_arguments(node, 1, 2)
    if not node.order and c.nls.version < 19:
        raise Refusal(30491, node.position)
    text = c.text(node.args[0])
    separator = c.text(node.args[1]) if len(node.args) > 1 else "NULL"
    marks = "".join(
        ("d" if key.descending else "a") + ("f" if key.nulls_first else "l") for key in node.order
    )
    keys = "".join(f", {c.sort_key(c.value(key.expr))}" for key in node.order)
    limit = c.nls.max_string
    shape = f"{'D' if node.distinct else 'A'}{limit} {marks}"
    return Typed(f"listagg({text}, {separator}, {text_sql(shape)}{keys})", sqltypes.varchar(limit))


# --- analytic functions -------------------------------------------------------------------------------------


def _window(c: ExpressionCompiler, over: Over, *, frame: bool = True) -> str:
    parts: list[str] = []
    if over.partition:
        parts.append("PARTITION BY " + ", ".join(c.sort_key(c.value(key)) for key in over.partition))
    if over.order:
        parts.append("ORDER BY " + order_sql(c, over.order))
    if over.frame and frame:
        parts.append(over.frame)
    return f"OVER ({' '.join(parts)})"


def analytic(c: ExpressionCompiler, node: Call, over: Over) -> Typed:
    """
    Compile a function over a window of rows.
    """
    name = node.name[-1]
    window = _window(c, over)
    if name in _RANKS:
        if not over.order:
            raise Refusal(30485, node.position)
        args = ", ".join(f"whole({c.number(arg)})" for arg in node.args)
        return _counted(c, f"{_RANKS[name]}({args}) {window}")
    if name in _OFFSETS:
        return _offset(c, node, window)
    if name in _ENDS:
        count_arguments(node, 1, 1)
        found = c.value(node.args[0])
        return Typed(f"{_ENDS[name]}({found.sql}) {window}", found.type)
    if name not in {"COUNT", "MIN", "MAX", "SUM", "AVG"} or node.distinct:
        raise unsupported(f"analytic {name}", node.position)
    count_arguments(node, 1, 1)
    if name == "COUNT":
        return _counted(c, f"{_count_sql(c, node)} {window}")
    found = c.value(node.args[0])
    if name in {"MIN", "MAX"}:
        return Typed(f"{name.lower()}({c.sort_key(found)}) {window}", found.type)
    number = c.convert(found, sqltypes.NUMBER)
    gathered = f"group_concat(hex({number.sql})) {window}"
    total = _sum_of_hex if name == "SUM" else _average_of_hex
    return Typed(c.py(("analytic", name), total, gathered), sqltypes.NUMBER)


def _offset(c: ExpressionCompiler, node: Call, window: str) -> Typed:
    count_arguments(node, 1, 3)
    found = c.value(node.args[0])
    args = [found.sql]
    if len(node.args) > 1:
        args.append(f"whole({c.number(node.args[1])})")
    if len(node.args) > 2:
        args.append(c.convert(c.value(node.args[2]), found.type).sql)
    return Typed(f"{_OFFSETS[node.name[-1]]}({', '.join(args)}) {window}", found.type)


def _of_hex(text: str) -> list[Decimal]:
    return [decimals.decode(bytes.fromhex(part)) for part in text.split(",")]


def _sum_of_hex(text: str) -> bytes:
    return decimals.encode(exact_sum(_of_hex(text)))


def _average_of_hex(text: str) -> bytes:
    found = _of_hex(text)
    return decimals.encode(decimals.DIVISION.divide(exact_sum(found), Decimal(len(found))))
