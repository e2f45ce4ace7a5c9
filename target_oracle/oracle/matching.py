"""
Property -> the column that holds it: by its comment, then by its folded name; what is left gets a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_oracle.oracle import names
from target_oracle.oracle.comments import ALL_KINDS, comment_of, is_marked, kind_of, name_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_oracle.oracle.table import Table
    from target_oracle.oracle.types import Column, OracleType, Server
    from target_oracle.oracle.wanted import Wanted


def column_names(wanted: Wanted, table: Table, server: Server, *, ours: bool) -> dict[str, str]:
    """
    Return the column of each property, whether *table* has it yet or not.

    In a table that is *ours* a column whose comment names another property belongs to that one, even where it
    is gone; elsewhere comments are remarks of people, unless they name a property of *wanted*.
    """
    limit, charset = server.max_name_bytes, server.charset
    taken = {
        each.property: _overridden(each.name_override, table, server)
        for each in wanted.columns
        if each.name_override
    }
    properties = [each.property for each in wanted.columns]
    taken |= _by_comment([name for name in properties if name not in taken], table, server, taken.values())
    comments = {comment_of(name, charset=charset) for name in properties}
    blocked = [
        column.name
        for column in table.columns
        if column.comment in comments
        or _is_variant(column, properties, charset)
        or (ours and _claims(column, server))
    ]
    return names.assign(properties, limit, taken, charset=charset, used=blocked)


def _overridden(name: str, table: Table, server: Server) -> str:
    """
    Return the column that the operator names, folded unless *table* has it exactly so.
    """
    return name if table.column(name) else names.column_name(name, server.max_name_bytes, server.charset)


def _by_comment(
    properties: Iterable[str], table: Table, server: Server, overridden: Iterable[str]
) -> dict[str, str]:
    columns: dict[str, list[str]] = {}
    gone = set(overridden)
    for column in table.columns:
        if column.comment and column.name not in gone:
            columns.setdefault(column.comment, []).append(column.name)
    said = {name: comment_of(name, charset=server.charset) for name in properties}
    return {
        name: _plain_first(name, columns[comment], server)
        for name, comment in said.items()
        if comment in columns
    }


def _plain_first(name: str, columns: list[str], server: Server) -> str:
    """
    Choose among columns of one comment, which an override that came or went leaves behind.
    """
    plain = names.column_name(name, server.max_name_bytes, server.charset)
    return plain if plain in columns else columns[0]


def _is_variant(column: Column, properties: Iterable[str], charset: str) -> bool:
    return is_marked(column.comment) and any(
        column.comment == comment_of(name, kind, charset) for name in properties for kind in ALL_KINDS
    )


def _claims(column: Column, server: Server) -> bool:
    """
    Tell whether the column's comment is a property's name: one that leads to the column's own name.
    """
    if not column.comment:
        return False
    return is_marked(column.comment) or column.name in possible_names(name_in(column.comment), server)


def possible_names(name: str, server: Server) -> Iterator[str]:
    """
    Return the names that `names.assign` gives to the column of property *name*.
    """
    plain = names.column_name(name, server.max_name_bytes, server.charset)
    yield plain
    yield names.hashed(name, plain, server.max_name_bytes)


def second_columns(name: str, table: Table, server: Server, used: set[str]) -> Iterator[Column]:
    """
    Return the columns that were added for property *name* because its type had changed before.

    One that got no comment, because the run was cut off there, is known by its name; *used* are not.
    """
    comments = {comment_of(name, kind, server.charset) for kind in ALL_KINDS}
    plain = {each for kind in ALL_KINDS for each in possible_names(f"{name}__{kind}", server)} - used
    for column in table.columns:
        if column.comment in comments or (column.comment is None and column.name in plain):
            yield column


def second_name(name: str, kind: str, server: Server, used: set[str]) -> str:
    """
    Return the name of the column for values of *kind* of property *name*: `PRICE__STRING`.
    """
    second = f"{name}__{kind}"
    return names.assign([second], server.max_name_bytes, charset=server.charset, used=used)[second]


def kind_for(type_: OracleType) -> str:
    """
    Return the kind of value that a second column of *type_* is for; CLOB and VARCHAR2 are both STRING.
    """
    return "JSON" if type_.is_json else kind_of(type_.name)
