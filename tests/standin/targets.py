"""
What DML writes to: a table, by name, by synonym or through a simple view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.standin.binding import Relation, Scope
from tests.standin.catalog import Table, View
from tests.standin.compiler import MARK, Compilation, ExpressionCompiler
from tests.standin.naming import table_named
from tests.standin.refusal import Refusal
from tests.standin.selects import table_relation
from tests.standin.sql_ast import Name, Query, Select, Star, TableName
from tests.standin.sql_parser import parse

if TYPE_CHECKING:
    from tests.standin.binding import Typed
    from tests.standin.catalog import Column


@dataclass(slots=True)
class Target:
    """
    A table that is written to, seen as the statement names it.

    *columns* are those that its name has, *wheres* a view's conditions.
    """

    table: Table
    physical: str
    relation: Relation
    columns: dict[str, Column]
    listed: list[str]
    wheres: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """
        Write it as a source of FROM.
        """
        return f"(SELECT * FROM {self.physical} WHERE {MARK}{self.physical}{MARK}) AS {self.relation.alias}"

    def column(self, name: Name) -> Column:
        """
        Find a column that may be written; ORA-00904 where there is none, ORA-54017 for a virtual one.
        """
        found = self.columns.get(name.parts[-1])
        if found is None or (len(name.parts) > 1 and self.relation.name != name.parts[-2]):
            raise Refusal(904, name.position, name=".".join(f'"{part}"' for part in name.parts))
        return found


def target(compilation: Compilation, name: TableName, privilege: str) -> Target:
    """
    Find what a DML statement writes to, with the right to.
    """
    found = table_named(compilation, name, privilege)
    if isinstance(found, View):
        return _through_view(compilation, found, name, privilege)
    physical = compilation.context.physical(found)
    compilation.tables[physical] = found
    schema = None if name.alias else found.owner
    relation = table_relation(compilation, found, compilation.alias(), name.alias or name.name, schema)
    columns = {column.name: column for column in found.shown()}
    return Target(found, physical, relation, columns, [column.name for column in found.visible()])


def _through_view(compilation: Compilation, view: View, name: TableName, privilege: str) -> Target:
    statement = parse(view.text, compilation.context.nls.version).statement
    body = statement.body if isinstance(statement, Query) else None
    if view.read_only or not isinstance(body, Select) or not _is_simple(body):
        raise Refusal(42399 if view.read_only else 1732)
    source = body.sources[0]
    if not isinstance(source, TableName):
        raise Refusal(1732)
    user, schema = compilation.user, compilation.schema
    compilation.user, compilation.schema = view.owner, view.owner
    try:
        base = target(compilation, source, privilege)
        return _renamed(compilation, base, view, body, name)
    finally:
        compilation.user, compilation.schema = user, schema


def _is_simple(body: Select) -> bool:
    plain = all(isinstance(item.expr, Name | Star) for item in body.items)
    return plain and len(body.sources) == 1 and not body.distinct and body.group_by is None


def _renamed(compilation: Compilation, base: Target, view: View, body: Select, name: TableName) -> Target:
    names: list[tuple[str, str]] = []
    for item in body.items:
        if isinstance(item.expr, Name):
            names.append((item.alias or item.expr.parts[-1], item.expr.parts[-1]))
        else:
            names += [(column, column) for column in base.listed]
    if view.columns:
        names = [(given, old) for given, (_, old) in zip(view.columns, names, strict=True)]
    wheres = list(base.wheres)
    if body.where is not None:
        wheres.append(ExpressionCompiler(compilation, Scope([base.relation])).condition(body.where))
    typed: dict[str, Typed] = {new: base.relation.columns[old] for new, old in names}
    relation = Relation(base.relation.alias, name.alias or name.name, typed, None, base.table)
    columns = {new: base.columns[old] for new, old in names}
    return Target(base.table, base.physical, relation, columns, [new for new, _ in names], wheres)
