"""
The grammar of queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin.refusal import unsupported
from tests.standin.sql_ast import (
    Body,
    Derived,
    Expr,
    Item,
    Join,
    LockClause,
    Name,
    Query,
    Select,
    SetOperation,
    Source,
    Star,
    TableName,
)
from tests.standin.sql_expressions import expression, number_literal, order_by, value
from tests.standin.sql_lexer import RESERVED

if TYPE_CHECKING:
    from tests.standin.sql_cursor import Cursor

_JOIN_WORDS = frozenset({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER", "APPLY"})
#: Words that end a source, so that they are no alias though they are not reserved.
_NO_ALIAS = _JOIN_WORDS | {
    "USING",
    "WHEN",
    "OFFSET",
    "FETCH",
    "RETURNING",
    "LOG",
    "PARTITION",
    "SAMPLE",
    "PIVOT",
}


def query(c: Cursor) -> Query:
    """
    Take a query: WITH, a body, ORDER BY, OFFSET, FETCH, FOR UPDATE.
    """
    with_ = _with(c) if c.accepts("WITH") else ()
    body = _body(c)
    keys = order_by(c) if c.sees("ORDER") else ()
    offset = fetch = None
    if c.accepts("OFFSET"):
        offset = value(c)
        if not c.accepts_any("ROW", "ROWS"):
            raise c.refuse(905)
    if c.accepts("FETCH"):
        fetch = _fetch(c)
    lock = _lock(c) if c.accepts("FOR") else None
    if not (with_ or keys or lock) and offset is None and fetch is None and isinstance(body, Query):
        return body
    return Query(body, with_, keys, offset, fetch, lock)


def _fetch(c: Cursor) -> Expr:
    if not c.accepts_any("FIRST", "NEXT"):
        raise c.refuse(905)
    one = c.token.kind == "word" and c.token.text in {"ROW", "ROWS"}
    count = number_literal("1") if one else value(c)
    if c.sees("PERCENT"):
        raise unsupported("FETCH ... PERCENT", c.token.position)
    if not c.accepts_any("ROW", "ROWS"):
        raise c.refuse(905)
    if c.accepts("WITH"):
        raise unsupported("FETCH ... WITH TIES", c.token.position)
    c.needs("ONLY", 905)
    return count


def _with(c: Cursor) -> tuple[tuple[str, tuple[str, ...], Query], ...]:
    found = [_named_query(c)]
    while c.accepts_symbol(","):
        found.append(_named_query(c))
    return tuple(found)


def _named_query(c: Cursor) -> tuple[str, tuple[str, ...], Query]:
    name = c.name()
    columns = c.name_list() if c.sees_symbol("(") else ()
    c.needs("AS", 905)
    c.needs_symbol("(")
    found = query(c)
    c.needs_symbol(")")
    return name, columns, found


def _lock(c: Cursor) -> LockClause:
    c.needs("UPDATE", 905)
    of: list[Name] = []
    if c.accepts("OF"):
        of.append(_column_name(c))
        while c.accepts_symbol(","):
            of.append(_column_name(c))
    if c.accepts("NOWAIT"):
        return LockClause(tuple(of), 0)
    if c.accepts("WAIT"):
        return LockClause(tuple(of), c.integer(30005))
    if c.accepts("SKIP", "LOCKED"):
        return LockClause(tuple(of), 0, skip_locked=True)
    return LockClause(tuple(of))


def _column_name(c: Cursor) -> Name:
    position = c.token.position
    parts = [c.name(904)]
    while c.accepts_symbol("."):
        parts.append(c.name(904))
    return Name(tuple(parts), position)


def column_name(c: Cursor) -> Name:
    """
    Take a column's name, with its table's before it where given.
    """
    return _column_name(c)


def _body(c: Cursor) -> Body:
    left = _operand(c)
    while c.token.kind == "word" and c.token.text in {"UNION", "MINUS", "INTERSECT", "EXCEPT"}:
        op = c.take().text
        if op == "EXCEPT":
            if c.version < 21:
                raise c.refuse(933)
            op = "MINUS"
        if c.accepts("ALL"):
            if op != "UNION":
                raise unsupported(f"{op} ALL", c.token.position)
            op = "UNION ALL"
        left = SetOperation(op, left, _operand(c))
    return left


def _operand(c: Cursor) -> Body:
    if c.accepts_symbol("("):
        found = query(c)
        c.needs_symbol(")")
        return found
    return _select(c)


def _select(c: Cursor) -> Select:
    c.needs("SELECT", 928)
    distinct = bool(c.accepts_any("DISTINCT", "UNIQUE"))
    if not distinct:
        c.accepts("ALL")
    items = [_item(c)]
    while c.accepts_symbol(","):
        items.append(_item(c))
    sources: list[Source] = []
    if c.accepts("FROM"):
        sources.append(source(c))
        while c.accepts_symbol(","):
            sources.append(source(c))
    elif c.version < 23:
        raise c.refuse(923)
    where = expression(c) if c.accepts("WHERE") else None
    if c.sees("START") or c.sees("CONNECT"):
        raise unsupported("CONNECT BY", c.token.position)
    group_by = _group_by(c) if c.accepts("GROUP") else None
    having = expression(c) if c.accepts("HAVING") else None
    return Select(tuple(items), tuple(sources), distinct, where, group_by, having)


def _group_by(c: Cursor) -> tuple[Expr, ...]:
    c.needs("BY", 924)
    if c.token.text in {"ROLLUP", "CUBE", "GROUPING"}:
        raise unsupported(f"GROUP BY {c.token.text}", c.token.position)
    keys = [value(c)]
    while c.accepts_symbol(","):
        keys.append(value(c))
    return tuple(keys)


def _item(c: Cursor) -> Item:
    start = c.token.position
    if c.accepts_symbol("*"):
        return Item(Star((), start), None, "*")
    expr = expression(c)
    text = c.text_since(start)
    if isinstance(expr, Star):
        return Item(expr, None, text)
    if c.accepts("AS"):
        return Item(expr, c.name(923), text)
    if c.token.kind == "quoted" or (
        c.token.kind == "word" and c.token.text not in RESERVED and not c.sees("BULK")
    ):
        return Item(expr, c.name(923), text)
    return Item(expr, None, text)


def source(c: Cursor) -> Source:
    """
    Take a source of FROM with its joins.
    """
    left = _one_source(c)
    while c.token.kind == "word" and c.token.text in _JOIN_WORDS:
        if c.sees("NATURAL") or c.sees("OUTER") or c.sees("CROSS", "APPLY"):
            raise unsupported(f"{c.token.text} join", c.token.position)
        left = _join(c, left)
    return left


def _join(c: Cursor, left: Source) -> Join:
    kind = c.accepts_any("INNER", "LEFT", "RIGHT", "FULL", "CROSS") or "INNER"
    if kind in {"LEFT", "RIGHT", "FULL"}:
        c.accepts("OUTER")
    c.needs("JOIN", 905)
    right = _one_source(c)
    if kind == "CROSS":
        return Join(kind, left, right)
    if c.accepts("USING"):
        return Join(kind, left, right, None, c.name_list())
    c.needs("ON", 905)
    return Join(kind, left, right, expression(c))


def _one_source(c: Cursor) -> Source:
    if c.token.text in {"LATERAL", "TABLE", "XMLTABLE", "JSON_TABLE", "ONLY"} and c.peek().text == "(":
        raise unsupported(f"{c.token.text} in FROM", c.token.position)
    if c.accepts_symbol("("):
        if c.sees("SELECT") or c.sees("WITH") or c.sees_symbol("("):
            found = query(c)
            c.needs_symbol(")")
            return Derived(found, alias(c))
        inner = source(c)
        c.needs_symbol(")")
        return inner
    name = c.table_name()
    if c.sees("PARTITION") or c.sees("SAMPLE") or c.sees("AS", "OF"):
        raise unsupported(f"{c.token.text} on a table", c.token.position)
    return TableName(name.schema, name.name, alias(c), name.position)


def alias(c: Cursor) -> str | None:
    """
    Take a table's alias where one comes.
    """
    token = c.token
    if token.kind == "quoted" or (
        token.kind == "word" and token.text not in RESERVED and token.text not in _NO_ALIAS
    ):
        return c.name(933)
    return None
