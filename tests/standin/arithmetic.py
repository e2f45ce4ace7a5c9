"""
+ - * / over numbers, doubles, times and intervals.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standin import decimals, doubles, sqltypes, times
from tests.standin.binding import Typed
from tests.standin.compiler import OPERATORS, ExpressionCompiler
from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.sqltypes import SqlType

_INTERVALS = frozenset({"days", "months"})
_TIMES = frozenset({"time", "zoned"})


def divide(a: Decimal, b: Decimal) -> Decimal:
    """
    Divide; by zero is ORA-01476.
    """
    if not b:
        raise Refusal(1476)
    return decimals.DIVISION.divide(a, b)


_NUMBERS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": decimals.EXACT.add,
    "-": decimals.EXACT.subtract,
    "*": decimals.EXACT.multiply,
    "/": divide,
}


def _double_op(op: str, a: float, b: float) -> float:
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if b:
        return a / b
    return math.nan if not a or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _operator(op: str) -> Callable[[ExpressionCompiler, Typed, Typed], Typed]:
    def compile_(c: ExpressionCompiler, left: Typed, right: Typed) -> Typed:
        families = {left.type.family, right.type.family}
        if families & _TIMES:
            return _with_time(c, op, left, right)
        if families & _INTERVALS:
            return _with_interval(c, op, left, right)
        if "double" in families:
            target = (
                sqltypes.SINGLE if {left.type.name, right.type.name} == {"BINARY_FLOAT"} else sqltypes.DOUBLE
            )
            return _double(c, op, c.convert(left, target), c.convert(right, target), target)
        return _number(c, op, c.convert(left, sqltypes.NUMBER), c.convert(right, sqltypes.NUMBER))

    return compile_


def _number(c: ExpressionCompiler, op: str, left: Typed, right: Typed) -> Typed:
    function = _NUMBERS[op]

    def apply(a: bytes, b: bytes) -> bytes:
        return decimals.encode(function(decimals.decode(a), decimals.decode(b)))

    return Typed(c.py(("number", op), apply, left.sql, right.sql), sqltypes.NUMBER)


def _double(c: ExpressionCompiler, op: str, left: Typed, right: Typed, target: SqlType) -> Typed:
    single = target is sqltypes.SINGLE

    def apply(a: bytes, b: bytes) -> bytes:
        made = _double_op(op, doubles.decode(a), doubles.decode(b))
        return doubles.encode(doubles.single(made) if single else made)

    return Typed(c.py(("double", op, single), apply, left.sql, right.sql), target)


def _wrong(left: Typed, right: Typed) -> Refusal:
    return Refusal(
        932, expected="NUMBER", got=left.type.name if left.type.family in _TIMES else right.type.name
    )


def _with_time(c: ExpressionCompiler, op: str, left: Typed, right: Typed) -> Typed:
    if left.type.family in _TIMES and right.type.family in _TIMES:
        return _difference(c, op, left, right)
    if left.type.family not in _TIMES:
        if op != "+":
            raise Refusal(932, expected=left.type.name, got=right.type.name)
        left, right = right, left
    if op not in {"+", "-"}:
        raise Refusal(932, expected="NUMBER", got=left.type.name)
    sign = 1 if op == "+" else -1
    if right.type.family in {"number", "text", "null", "double"}:
        return _plus_days(c, sign, left, c.convert(right, sqltypes.NUMBER))
    if right.type.family not in _INTERVALS:
        raise _wrong(left, right)
    move = _shift if right.type.family == "days" else _shift_months
    sql = c.py(("shift", right.type.family, sign), lambda t, span: move(t, span, sign), left.sql, right.sql)
    return Typed(sql, left.type)


def _shift(text: str, span: bytes, sign: int) -> str:
    return times.shift(text[:29], sign * int(decimals.decode(span))) + text[29:]


def _shift_months(text: str, span: bytes, sign: int) -> str:
    return times.add_months(text[:29], sign * int(decimals.decode(span))) + text[29:]


def _plus_days(c: ExpressionCompiler, sign: int, left: Typed, right: Typed) -> Typed:
    """
    A DATE is what any time plus a number is.
    """
    date = c.convert(left, sqltypes.DATE)

    def apply(text: str, days: bytes) -> str:
        return times.shift(text, sign * times.day_nanos(decimals.decode(days)))

    return Typed(c.py(("days", sign), apply, date.sql, right.sql), sqltypes.DATE)


def _difference(c: ExpressionCompiler, op: str, left: Typed, right: Typed) -> Typed:
    if op != "-":
        raise Refusal(975)
    if left.type.name == right.type.name == "DATE":
        sql = c.py(
            "date difference", lambda a, b: decimals.encode(times.days_between(a, b)), left.sql, right.sql
        )
        return Typed(sql, sqltypes.NUMBER)
    a, b = c.compared(left, right)

    def apply(one: str, other: str) -> bytes:
        return decimals.encode(times.to_nanos(one) - times.to_nanos(other))

    return Typed(c.py("time difference", apply, a, b), sqltypes.DAYS)


def _with_interval(c: ExpressionCompiler, op: str, left: Typed, right: Typed) -> Typed:
    families = (left.type.family, right.type.family)
    if op in {"+", "-"}:
        if families[0] != families[1]:
            raise Refusal(932, expected=left.type.name, got=right.type.name)
        made = _number(c, op, left, right)
        return Typed(made.sql, left.type)
    if op == "*" and left.type.family not in _INTERVALS:
        left, right = right, left
    if left.type.family not in _INTERVALS or right.type.family in _INTERVALS:
        raise Refusal(932, expected="NUMBER", got=right.type.name)
    made = _number(c, op, left, c.convert(right, sqltypes.NUMBER))
    whole = c.py("whole", _whole, made.sql)
    return Typed(whole, left.type)


def _whole(value: Any) -> bytes:
    return decimals.encode(decimals.to_scale(decimals.decode(value), 0))


OPERATORS.update({op: _operator(op) for op in ("+", "-", "*", "/")})
