"""
What names mean: sources, their columns, scopes; and expressions with their types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from tests.standin.catalog import Table
    from tests.standin.sql_ast import Expr, Name
    from tests.standin.sqltypes import SqlType


@dataclass(frozen=True, slots=True)
class Typed:
    """
    An expression in SQLite's SQL, its type in Oracle's.

    *condition* says that it is a truth, not a value; *literal* that it is a constant of the text.
    """

    sql: str
    type: SqlType
    nullable: bool = True
    condition: bool = False
    literal: bool = False


@dataclass(slots=True)
class Relation:
    """
    A source in FROM: its alias in SQLite, what it is called, its columns.

    *table* is the base table whose rows these are, where they are one's: then *alias* has _v, _r and _d.
    """

    alias: str
    name: str | None
    columns: dict[str, Typed]
    schema: str | None = None
    table: Table | None = None
    star: list[str] | None = None
    duplicates: set[str] = field(default_factory=set)

    def listed(self) -> list[tuple[str, Typed]]:
        """
        List what * means.
        """
        names = self.columns if self.star is None else self.star
        return [(name, self.columns[name]) for name in names]


@dataclass(slots=True)
class Grouping:
    """
    What an aggregated select may name outside of aggregates.
    """

    exprs: list[Expr]
    sqls: set[str]
    grouped: bool


@dataclass(slots=True)
class Scope:
    """
    The sources that a name may mean, and the scope around.
    """

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    merged: dict[str, Typed] = field(default_factory=dict)
    rownum: str | None = None
    grouping: Grouping | None = None

    def find(self, name: Name) -> tuple[Scope, Typed] | None:
        """
        Find a column; two sources that have it are ORA-00918.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope.here(name)
            if found is not None:
                return scope, found
            scope = scope.parent
        return None

    def here(self, name: Name) -> Typed | None:
        """
        Find a column among this scope's own sources.
        """
        column = name.parts[-1]
        if len(name.parts) == 1 and column in self.merged:
            return self.merged[column]
        matches = [relation for relation in self.relations if _holds(relation, name.parts)]
        if len(matches) > 1 or (matches and column in matches[0].duplicates):
            raise Refusal(918, name.position, column=column)
        return matches[0].columns[column] if matches else None

    def relation(self, qualifier: tuple[str, ...]) -> Relation | None:
        """
        Find a source by its name, here or around.
        """
        scope: Scope | None = self
        while scope is not None:
            for relation in scope.relations:
                if _named(relation, qualifier):
                    return relation
            scope = scope.parent
        return None


def _named(relation: Relation, qualifier: tuple[str, ...]) -> bool:
    if len(qualifier) == 1:
        return relation.name == qualifier[0]
    return relation.name == qualifier[-1] and relation.schema == qualifier[0]


def _holds(relation: Relation, parts: tuple[str, ...]) -> bool:
    if parts[-1] not in relation.columns:
        return False
    return len(parts) == 1 or _named(relation, parts[:-1])


def quoted(parts: tuple[str, ...]) -> str:
    """
    Write a name as messages do.
    """
    return ".".join(f'"{part}"' for part in parts)
