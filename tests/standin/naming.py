"""
What a table's name means for a user: his own, another's that he may see, through synonyms, or the dictionary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standin import decimals, sqltypes
from tests.standin.binding import Typed
from tests.standin.catalog import Sequence, Synonym, Table, View
from tests.standin.compiler import Compilation, ExpressionCompiler
from tests.standin.pseudo_columns import QUALIFIED
from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from tests.standin.catalog import Object
    from tests.standin.sql_ast import Name, TableName

#: A longer chain of synonyms is a circle.
_MAX_SYNONYMS = 16


def no_table(schema: str | None, name: str, position: int, current: str) -> Refusal:
    """
    Say that there is no such table: ORA-00942.
    """
    return Refusal(942, position, owner=schema or current, name=name)


def lookup(compilation: Compilation, schema: str | None, name: str) -> Object | None:
    """
    Find what a name means, through synonyms, whoever may see it.
    """
    catalog = compilation.context.catalog
    if schema is None:
        private = compilation.context.private_table(name)
        if private is not None:
            return private
    found = catalog.find(schema or compilation.schema, name)
    if found is None and schema is None:
        found = catalog.find("PUBLIC", name)
    for _ in range(_MAX_SYNONYMS):
        if not isinstance(found, Synonym):
            return found
        found = catalog.find(found.target_owner, found.target_name)
        if found is None:
            raise Refusal(980)
    raise Refusal(1775)


def relation_named(compilation: Compilation, name: TableName, privilege: str) -> Table | View | None:
    """
    Find a table or view on which the user has a *privilege*.

    None where only the dictionary may have the name. Not to be seen is ORA-00942, to be seen without the
    privilege ORA-01031.
    """
    found = lookup(compilation, name.schema, name.name)
    if not isinstance(found, Table | View):
        if found is not None:
            raise no_table(name.schema, name.name, name.position, compilation.schema)
        return None
    catalog, user = compilation.context.catalog, compilation.user
    if not catalog.sees(user, found.owner, found.name):
        raise no_table(name.schema, name.name, name.position, compilation.schema)
    if not catalog.may_on(user, found.owner, found.name, privilege):
        raise Refusal(1031, name.position)
    return found


def table_named(compilation: Compilation, name: TableName, privilege: str) -> Table | View:
    """
    Find a table or view to write to.
    """
    found = relation_named(compilation, name, privilege)
    if found is None:
        if compilation.context.dictionary(name.name) is not None:
            raise Refusal(1031, name.position)
        raise no_table(name.schema, name.name, name.position, compilation.schema)
    return found


def _sequence_named(compilation: Compilation, parts: tuple[str, ...], position: int) -> Sequence:
    schema = parts[0] if len(parts) > 1 else None
    found = lookup(compilation, schema, parts[-1])
    if not isinstance(found, Sequence) or not compilation.context.catalog.sees(
        compilation.user, found.owner, found.name
    ):
        raise Refusal(2289, position)
    return found


def _next_value(c: ExpressionCompiler, node: Name) -> Typed:
    sequence = _sequence_named(c.compilation, node.parts[:-1], node.position)
    context = c.context
    sql = c.py_null(
        ("nextval", sequence.number), lambda: decimals.encode(context.next_value(sequence)), pure=False
    )
    return Typed(sql, sqltypes.NUMBER, nullable=False)


def _current_value(c: ExpressionCompiler, node: Name) -> Typed:
    sequence = _sequence_named(c.compilation, node.parts[:-1], node.position)
    context = c.context
    sql = c.py_null(
        ("currval", sequence.number), lambda: decimals.encode(context.current_value(sequence)), pure=False
    )
    return Typed(sql, sqltypes.NUMBER, nullable=False)


QUALIFIED.update({"NEXTVAL": _next_value, "CURRVAL": _current_value})
