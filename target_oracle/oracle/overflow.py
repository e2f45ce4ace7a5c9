"""
VARCHAR2 -> CLOB under the same name, with every value kept.

Oracle changes no VARCHAR2 to CLOB in place (ORA-22858). So: add a CLOB, put the old column aside, copy, give
the CLOB the name, drop the old column. The old column is put aside before its values are copied: a second
loader that is writing at that moment then fails and looks again, where it would otherwise write values that
nobody copies. Each step leaves a table from which the next run goes on; it knows it by the two names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_oracle.oracle import names
from target_oracle.oracle.changes import (
    AddColumns,
    Change,
    CommentOnColumn,
    CopyColumn,
    DropColumn,
    RenameColumn,
)
from target_oracle.oracle.types import Column, OracleType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_oracle.oracle.table import Table

CLOB: Final = OracleType("CLOB")


def fresh_name(name: str, limit: int) -> str:
    """
    Return the name of the CLOB that is to become column *name*.
    """
    return names.hashed(f"{name} as CLOB", name, limit)


def aside_name(name: str, limit: int) -> str:
    """
    Return the name under which the old column *name* waits to be dropped.
    """
    return names.hashed(f"{name} before CLOB", name, limit)


def steps(table: Table, name: str, limit: int) -> Iterator[Change]:
    """
    Return what is left to do until column *name* is a CLOB.
    """
    fresh, aside = fresh_name(name, limit), aside_name(name, limit)
    column, old = table.column(name), table.column(aside)
    is_begun = table.column(fresh) is not None
    if column is None or old is None:
        if not is_begun:
            yield AddColumns((Column(fresh, CLOB),))
        if column is not None:
            yield RenameColumn(name, aside)
        yield CopyColumn(aside, fresh)
        yield RenameColumn(fresh, name)
    was, becomes = old or column, column if old else None
    if was is not None and was.comment and (becomes is None or becomes.comment != was.comment):
        yield CommentOnColumn(name, was.comment)
    yield DropColumn(aside)


def unfinished(table: Table, candidates: Iterable[str], limit: int) -> list[str]:
    """
    Return which of *candidates* are on their way: columns that an earlier run began to change.
    """
    there = {column.name for column in table.columns}
    return [name for name in dict.fromkeys(candidates) if _is_begun(name, there, limit)]


def _is_begun(name: str, there: set[str], limit: int) -> bool:
    return aside_name(name, limit) in there or (name in there and fresh_name(name, limit) in there)
