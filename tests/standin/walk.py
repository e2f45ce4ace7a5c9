"""
Walks over trees.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from tests.standin.sql_ast import Expr, Name, Query, Select

if TYPE_CHECKING:
    from collections.abc import Iterator


def children(node: object) -> Iterator[object]:
    """
    List the nodes right below a node, queries apart: they have scopes of their own.
    """
    if isinstance(node, tuple):
        for part in node:
            if is_dataclass(part) or isinstance(part, tuple):
                yield part
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            part = getattr(node, field.name)
            if (is_dataclass(part) and not isinstance(part, Query)) or isinstance(part, tuple):
                yield part


def nodes(root: object) -> Iterator[object]:
    """
    List a node and all below it, queries apart.
    """
    front: list[object] = [root]
    while front:
        node = front.pop()
        if is_dataclass(node):
            yield node
        front.extend(children(node))


def names(expr: Expr | None) -> list[Name]:
    """
    List the names in an expression.
    """
    return [node for node in nodes(expr) if isinstance(node, Name)] if expr is not None else []


def names_rownum(select: Select) -> bool:
    """
    Tell whether a select's own items or conditions name ROWNUM.
    """
    parts = (*(item.expr for item in select.items), select.where, select.having, *(select.group_by or ()))
    return any(name.parts == ("ROWNUM",) and not name.quoted for part in parts for name in names(part))
