"""
The grammar of expressions and conditions.

One grammar for both: the binder tells a condition from a value and refuses either in the other's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin import decimals, doubles, formats, sqltypes
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import (
    AtZone,
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Exists,
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
    Over,
    Query,
    Scalar,
    Star,
    Truth,
    Tuple,
    Unary,
)
from tests.standin.sql_lexer import RESERVED
from tests.standin.sql_types import type_spec

if TYPE_CHECKING:
    from tests.standin.sql_cursor import Cursor
    from tests.standin.sqltypes import SqlType

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "^=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
#: Reserved words that are values or functions where an expression may stand.
_VALUE_WORDS = frozenset({"ROWNUM", "ROWID", "SYSDATE", "UID", "USER", "LEVEL"})
_FRAME_WORDS = frozenset("ROWS RANGE BETWEEN UNBOUNDED PRECEDING FOLLOWING CURRENT ROW AND".split())
_PARTS = frozenset("YEAR MONTH DAY HOUR MINUTE SECOND TIMEZONE_HOUR TIMEZONE_MINUTE".split())


def expression(c: Cursor) -> Expr:
    """
    Take a condition or a value.
    """
    left = _conjunction(c)
    while c.accepts("OR"):
        left = Binary("OR", left, _conjunction(c))
    return left


def _conjunction(c: Cursor) -> Expr:
    left = _negation(c)
    while c.accepts("AND"):
        left = Binary("AND", left, _negation(c))
    return left


def _negation(c: Cursor) -> Expr:
    if c.accepts("NOT"):
        return Unary("NOT", _negation(c))
    return _predicate(c)


def _predicate(c: Cursor) -> Expr:
    if c.sees("EXISTS") and c.peek().text == "(":
        c.take()
        return Exists(_query_in_parentheses(c))
    left = value(c)
    while True:
        position = c.token.position
        if c.token.kind == "symbol" and c.token.text in _COMPARISONS:
            op = _COMPARISONS[c.take().text]
            if c.accepts_any("ANY", "SOME", "ALL"):
                raise unsupported("a comparison with ANY, SOME or ALL", position)
            left = Binary(op, left, value(c), position)
        elif c.accepts("IS"):
            left = _is(c, left)
        else:
            negated = c.sees("NOT") and c.peek().text in {"IN", "LIKE", "BETWEEN"}
            if negated:
                c.take()
            if c.accepts("IN"):
                left = _in(c, left, negated=negated)
            elif c.accepts("LIKE"):
                pattern = value(c)
                left = Like(left, pattern, value(c) if c.accepts("ESCAPE") else None, negated)
            elif c.accepts("BETWEEN"):
                low = value(c)
                c.needs("AND", 905)
                left = Between(left, low, value(c), negated)
            else:
                return left


def _is(c: Cursor, left: Expr) -> Expr:
    negated = c.accepts("NOT")
    if c.accepts("NULL"):
        return IsNull(left, negated)
    if c.accepts("JSON"):
        _json_options(c)
        return IsJson(left, negated)
    if c.version >= 23 and (word := c.accepts_any("TRUE", "FALSE")):
        return Truth(left, word == "TRUE", negated)
    raise c.refuse(908)


def _json_options(c: Cursor) -> None:
    c.accepts("FORMAT", "JSON")
    if c.accepts_symbol("("):
        if not c.accepts_any("STRICT", "LAX"):
            raise unsupported("a modifier of IS JSON", c.token.position)
        c.needs_symbol(")")
    else:
        c.accepts_any("STRICT", "LAX")


def _in(c: Cursor, left: Expr, *, negated: bool) -> Expr:
    c.needs_symbol("(")
    exprs = left.items if isinstance(left, Tuple) else (left,)
    if c.sees("SELECT") or c.sees("WITH"):
        found = read_query(c)
        c.needs_symbol(")")
        return InQuery(exprs, found, negated)
    position = c.token.position
    items = [expression(c)]
    while c.accepts_symbol(","):
        items.append(expression(c))
    c.needs_symbol(")")
    if len(items) > (65535 if c.version >= 23 else 1000):
        raise Refusal(1795, position)
    return InList(left, tuple(items), negated)


def value(c: Cursor) -> Expr:
    """
    Take a value: sums and concatenations bind alike.
    """
    left = _term(c)
    while c.token.kind == "symbol" and c.token.text in {"+", "-", "||"}:
        token = c.take()
        left = Binary(token.text, left, _term(c), token.position)
    return left


def _term(c: Cursor) -> Expr:
    left = _factor(c)
    while c.token.kind == "symbol" and c.token.text in {"*", "/"}:
        token = c.take()
        left = Binary(token.text, left, _factor(c), token.position)
    return left


def _factor(c: Cursor) -> Expr:
    if c.token.kind == "symbol" and c.token.text in {"+", "-"}:
        return Unary(c.take().text, _factor(c))
    if c.accepts("PRIOR"):
        raise unsupported("CONNECT BY", c.token.position)
    found = _primary(c)
    while c.sees("AT") and c.peek().text in {"TIME", "LOCAL"}:
        c.take()
        if c.accepts("LOCAL"):
            found = AtZone(found, None)
        else:
            c.take()
            c.needs("ZONE", 905)
            found = AtZone(found, _primary(c))
    return found


def _primary(c: Cursor) -> Expr:
    token = c.token
    if token.kind == "bind":
        return c.bind()
    if token.kind == "number":
        c.take()
        return number_literal(token.text)
    if token.kind == "string":
        c.take()
        return text_literal(token.text)
    if token.kind == "symbol" and token.text == "(":
        return _parenthesised(c)
    if token.kind == "quoted":
        return _name(c)
    if token.kind == "word":
        return _word(c)
    raise c.refuse(936)


def number_literal(text: str) -> Literal:
    """
    Make a number's literal; f and d end BINARY_FLOAT and BINARY_DOUBLE ones.
    """
    if text[-1] in "fF":
        return Literal(doubles.encode(doubles.single(float(text[:-1]))), sqltypes.SINGLE)
    if text[-1] in "dD":
        return Literal(doubles.encode(float(text[:-1])), sqltypes.DOUBLE)
    return Literal(decimals.encode(decimals.parse(text)), sqltypes.NUMBER)


def text_literal(text: str) -> Literal:
    """
    Make a text's literal: CHAR, and NULL when empty; over 4000 bytes (32767 are for the rim) ORA-01704.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > 32767:
        raise Refusal(1704)
    return Literal(text, sqltypes.char(size)) if text else Literal(None, sqltypes.char(1))


def _parenthesised(c: Cursor) -> Expr:
    c.take()
    if c.sees("SELECT") or c.sees("WITH"):
        found: Expr = Scalar(read_query(c))
        c.needs_symbol(")")
        return found
    items = [expression(c)]
    while c.accepts_symbol(","):
        items.append(expression(c))
    c.needs_symbol(")")
    return items[0] if len(items) == 1 else Tuple(tuple(items))


def _word(c: Cursor) -> Expr:
    token = c.token
    reader = _WORDS.get(token.text)
    if reader is not None and (found := reader(c)) is not None:
        return found
    if token.text in RESERVED and token.text not in _VALUE_WORDS:
        raise c.refuse(936)
    if c.peek().text == "(" and c.peek().kind == "symbol":
        c.take()
        return _call(c, (token.text,), token.position)
    return _name(c)


def _name(c: Cursor) -> Expr:
    position = c.token.position
    parts: list[str] = []
    quoted = False
    while True:
        token = c.token
        if c.accepts_symbol("*") and parts:
            return Star(tuple(parts), position)
        if token.kind not in {"word", "quoted"}:
            raise c.refuse(1747 if parts else 936)
        if token.kind == "word" and token.text in RESERVED and not _is_value_word(token.text, parts):
            raise c.refuse(1747 if parts else 936)
        c.take()
        quoted = token.kind == "quoted"
        parts.append(c.checked(token))
        if not c.accepts_symbol("."):
            break
    if c.sees_symbol("(+)"):
        raise unsupported("the (+) join; write LEFT JOIN", c.token.position)
    if c.sees_symbol("(") and not quoted:
        return _call(c, tuple(parts), position)
    return Name(tuple(parts), position, quoted)


def _is_value_word(word: str, parts: list[str]) -> bool:
    return word == "ROWID" if parts else word in _VALUE_WORDS


def _call(c: Cursor, name: tuple[str, ...], position: int) -> Expr:
    c.needs_symbol("(")
    distinct = bool(c.accepts_any("DISTINCT", "UNIQUE"))
    if not distinct:
        c.accepts("ALL")
    args: list[Expr] = []
    returning = None
    if not c.accepts_symbol(")"):
        args = _arguments(c)
        if name[-1] in {"JSON_VALUE", "JSON_QUERY", "JSON_EXISTS"}:
            returning = _json_clauses(c)
        c.needs_symbol(")")
    order = _within_group(c)
    over = _over(c) if c.accepts("OVER") else None
    return Call(name, tuple(args), distinct, over, order, position, returning)


def _json_clauses(c: Cursor) -> SqlType | None:
    found = None
    if c.accepts("RETURNING") and (found := type_spec(c)) is None:
        raise c.refuse(902)
    for words in (("NULL", "ON", "ERROR"), ("FALSE", "ON", "ERROR"), ("WITHOUT", "WRAPPER")):
        c.accepts(*words)
    return found


def _arguments(c: Cursor) -> list[Expr]:
    if c.sees_symbol("*"):
        return [Star((), c.take().position)]
    args = [expression(c)]
    while c.accepts_symbol(","):
        args.append(expression(c))
    return args


def _within_group(c: Cursor) -> tuple[OrderKey, ...]:
    if not c.accepts("WITHIN"):
        return ()
    c.needs("GROUP", 905)
    c.needs_symbol("(")
    keys = order_by(c)
    c.needs_symbol(")")
    return keys


def _over(c: Cursor) -> Over:
    c.needs_symbol("(")
    partition: list[Expr] = []
    if c.accepts("PARTITION"):
        c.needs("BY", 905)
        partition.append(value(c))
        while c.accepts_symbol(","):
            partition.append(value(c))
    order = order_by(c) if c.sees("ORDER") else ()
    frame: list[str] = []
    while c.token.kind in {"word", "number"}:
        if c.token.kind == "word" and c.token.text not in _FRAME_WORDS:
            raise c.refuse(905)
        frame.append(c.take().text)
    c.needs_symbol(")")
    return Over(tuple(partition), order, " ".join(frame))


def order_by(c: Cursor) -> tuple[OrderKey, ...]:
    """
    Take ORDER BY and its keys.
    """
    c.needs("ORDER")
    c.needs("BY", 924)
    keys = [_order_key(c)]
    while c.accepts_symbol(","):
        keys.append(_order_key(c))
    return tuple(keys)


def _order_key(c: Cursor) -> OrderKey:
    expr = value(c)
    descending = c.accepts_any("ASC", "DESC") == "DESC"
    nulls_first = descending
    if c.accepts("NULLS"):
        word = c.accepts_any("FIRST", "LAST")
        if word is None:
            raise c.refuse(30954)
        nulls_first = word == "FIRST"
    return OrderKey(expr, descending, nulls_first)


def _null(c: Cursor) -> Expr:
    c.take()
    return Literal(None, sqltypes.NULL)


def _boolean(c: Cursor) -> Expr | None:
    if c.version < 23 or c.peek().text in {".", "("}:
        return None
    return Literal(int(c.take().text == "TRUE"), sqltypes.BOOLEAN)


def _case(c: Cursor) -> Expr:
    c.take()
    operand = None if c.sees("WHEN") else value(c)
    whens: list[tuple[Expr, Expr]] = []
    while c.accepts("WHEN"):
        test = expression(c)
        c.needs("THEN", 905)
        whens.append((test, expression(c)))
    if not whens:
        raise c.refuse(905)
    default = expression(c) if c.accepts("ELSE") else None
    c.needs("END", 905)
    return Case(operand, tuple(whens), default)


def _cast(c: Cursor) -> Expr | None:
    if c.peek().text != "(":
        return None
    position = c.take().position
    c.needs_symbol("(")
    expr = expression(c)
    c.needs("AS", 905)
    found = type_spec(c)
    if found is None:
        raise c.refuse(902)
    c.needs_symbol(")")
    return Cast(expr, found, position)


def _extract(c: Cursor) -> Expr | None:
    if c.peek().text != "(":
        return None
    c.take()
    c.needs_symbol("(")
    part = c.take().text
    if part not in _PARTS:
        raise c.refuse(907)
    c.needs("FROM", 905)
    expr = value(c)
    c.needs_symbol(")")
    return Extract(part, expr)


def _trim(c: Cursor) -> Expr | None:
    if c.peek().text != "(":
        return None
    position = c.take().position
    c.needs_symbol("(")
    side = c.accepts_any("LEADING", "TRAILING", "BOTH")
    what: Expr | None = None
    source: Expr | None = None
    if not c.sees("FROM"):
        source = value(c)
    if c.accepts("FROM"):
        what, source = source, value(c)
    c.needs_symbol(")")
    if source is None:
        raise c.refuse(936)
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(side or "BOTH", "TRIM")
    return Call((name,), (source,) if what is None else (source, what), position=position)


def _date(c: Cursor) -> Expr:
    if c.peek().kind != "string":
        raise c.refuse(936)
    c.take()
    return Literal(formats.date_literal(c.take().text), sqltypes.DATE)


def _timestamp(c: Cursor) -> Expr | None:
    if c.peek().kind != "string":
        return None
    c.take()
    text = c.take().text
    found = formats.timestamp_literal(text)
    return Literal(found, sqltypes.TIMESTAMP if len(found) == 29 else sqltypes.ZONED)


def _interval(c: Cursor) -> Expr | None:
    if c.peek().kind not in {"string", "bind"}:
        return None
    c.take()
    if c.token.kind == "bind":
        raise unsupported("a bind in an INTERVAL literal; use NUMTODSINTERVAL", c.token.position)
    text = c.take().text
    unit = _interval_unit(c)
    last = unit
    if c.accepts("TO"):
        last = _interval_unit(c)
    if unit in {"YEAR", "MONTH"}:
        return Literal(decimals.encode(formats.months_literal(text, unit, last)), sqltypes.MONTHS)
    return Literal(decimals.encode(formats.days_literal(text, unit, last)), sqltypes.DAYS)


def _interval_unit(c: Cursor) -> str:
    unit = c.accepts_any("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
    if unit is None:
        raise c.refuse(30089)
    if c.accepts_symbol("("):
        c.integer()
        if c.accepts_symbol(","):
            c.integer()
        c.needs_symbol(")")
    return unit


_WORDS = {
    "NULL": _null,
    "TRUE": _boolean,
    "FALSE": _boolean,
    "CASE": _case,
    "CAST": _cast,
    "EXTRACT": _extract,
    "TRIM": _trim,
    "DATE": _date,
    "TIMESTAMP": _timestamp,
    "INTERVAL": _interval,
}


def _query_in_parentheses(c: Cursor) -> Query:
    c.needs_symbol("(")
    found = read_query(c)
    c.needs_symbol(")")
    return found


def read_query(c: Cursor) -> Query:
    """
    Take a query; its grammar needs this one's, so that it is looked up late.
    """
    from tests.standin.sql_queries import query  # noqa: PLC0415 -- queries hold expressions and the reverse

    return query(c)
