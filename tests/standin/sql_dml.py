"""
The grammar of INSERT, UPDATE, DELETE and MERGE.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.standin.refusal import unsupported
from tests.standin.sql_ast import (
    Assignment,
    Default,
    Delete,
    Expr,
    Insert,
    Merge,
    Name,
    Scalar,
    Source,
    TableName,
    Update,
)
from tests.standin.sql_expressions import expression
from tests.standin.sql_queries import alias, column_name, query, source

if TYPE_CHECKING:
    from tests.standin.sql_cursor import Cursor


def insert(c: Cursor) -> Insert:
    """
    Take INSERT INTO.
    """
    c.needs("INSERT")
    if c.token.text in {"ALL", "FIRST"}:
        raise unsupported("a multi-table INSERT", c.token.position)
    c.needs("INTO", 925)
    target = _target(c)
    columns: tuple[Name, ...] = ()
    if c.sees_symbol("(") and not (c.peek().text in {"SELECT", "WITH"} and c.peek().kind == "word"):
        columns = _columns(c)
    values = found = None
    if c.accepts("VALUES"):
        values = _values(c)
    elif c.sees("SELECT") or c.sees("WITH") or c.sees_symbol("("):
        found = query(c)
    else:
        raise c.refuse(926)
    _no_tail(c)
    return Insert(target, columns, values, found)


def _target(c: Cursor) -> TableName:
    if c.sees_symbol("("):
        raise unsupported("DML on a query", c.token.position)
    name = c.table_name()
    if c.sees("PARTITION"):
        raise unsupported("DML on a partition", c.token.position)
    return replace(name, alias=alias(c))


def _columns(c: Cursor) -> tuple[Name, ...]:
    c.needs_symbol("(")
    names = [column_name(c)]
    while c.accepts_symbol(","):
        names.append(column_name(c))
    c.needs_symbol(")")
    return tuple(names)


def _values(c: Cursor) -> tuple[Expr | Default, ...]:
    c.needs_symbol("(")
    values = [_value(c)]
    while c.accepts_symbol(","):
        values.append(_value(c))
    c.needs_symbol(")")
    if c.sees_symbol(","):
        raise unsupported("VALUES of several rows", c.token.position)
    return tuple(values)


def _value(c: Cursor) -> Expr | Default:
    return Default() if c.accepts("DEFAULT") else expression(c)


def _no_tail(c: Cursor) -> None:
    for words in (("RETURNING",), ("RETURN",), ("LOG", "ERRORS")):
        if c.sees(*words):
            raise unsupported(" ".join(words), c.token.position)


def update(c: Cursor) -> Update:
    """
    Take UPDATE.
    """
    c.needs("UPDATE")
    target = _target(c)
    c.needs("SET", 971)
    sets = _sets(c)
    where = expression(c) if c.accepts("WHERE") else None
    _no_tail(c)
    return Update(target, sets, where)


def _sets(c: Cursor) -> tuple[Assignment, ...]:
    found = [_assignment(c)]
    while c.accepts_symbol(","):
        found.append(_assignment(c))
    return tuple(found)


def _assignment(c: Cursor) -> Assignment:
    if c.sees_symbol("("):
        columns = _columns(c)
        c.needs_symbol("=")
        value = expression(c)
        if not isinstance(value, Scalar):
            raise c.refuse(1767)
        return Assignment(columns, value)
    name = column_name(c)
    c.needs_symbol("=")
    return Assignment((name,), _value(c))


def delete(c: Cursor) -> Delete:
    """
    Take DELETE.
    """
    c.needs("DELETE")
    c.accepts("FROM")
    target = _target(c)
    where = expression(c) if c.accepts("WHERE") else None
    _no_tail(c)
    return Delete(target, where)


def merge(c: Cursor) -> Merge:
    """
    Take MERGE: its branches in either order, at least one.
    """
    c.needs("MERGE")
    c.needs("INTO", 925)
    target = _target(c)
    c.needs("USING", 905)
    using: Source = source(c)
    c.needs("ON", 969)
    c.needs_symbol("(")
    on = expression(c)
    c.needs_symbol(")")
    found = Merge(target, using, on)
    while c.accepts("WHEN"):
        negated = c.accepts("NOT")
        c.needs("MATCHED", 905)
        c.needs("THEN", 905)
        found = _insert_branch(c, found) if negated else _update_branch(c, found)
    if found.sets is None and found.insert_values is None:
        raise c.refuse(905)
    _no_tail(c)
    return found


def _update_branch(c: Cursor, merge: Merge) -> Merge:
    if merge.sets is not None:
        raise c.refuse(933)
    c.needs("UPDATE", 905)
    c.needs("SET", 971)
    sets = _sets(c)
    where = expression(c) if c.accepts("WHERE") else None
    gone = None
    if c.accepts("DELETE"):
        c.needs("WHERE", 905)
        gone = expression(c)
    return replace(merge, sets=sets, update_where=where, delete_where=gone)


def _insert_branch(c: Cursor, merge: Merge) -> Merge:
    if merge.insert_values is not None:
        raise c.refuse(933)
    c.needs("INSERT", 905)
    columns = _columns(c) if c.sees_symbol("(") else ()
    c.needs("VALUES", 926)
    values = _values(c)
    where = expression(c) if c.accepts("WHERE") else None
    return replace(merge, insert_columns=columns, insert_values=values, insert_where=where)
