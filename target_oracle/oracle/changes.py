"""
The steps by which a table becomes another: each is one statement, and knows the table after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from target_oracle.oracle import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_oracle.oracle.table import Table
    from target_oracle.oracle.types import Column, OracleType


class CreateTable(msgspec.Struct, frozen=True):
    """
    Make *table*, of which comments come later; *options* is checked text.
    """

    table: Table
    options: str = ""

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.create_table(
            owner,
            name,
            self.table.columns,
            keys=self.table.primary_key,
            key_name=self.table.primary_key_name or "",
            options=self.options,
        )

    def after(self, _table: Table) -> Table:
        """
        Return the table as it then is.
        """
        return self.table

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return (f"table {self.table.owner}.{self.table.name} is missing",)


class AddColumns(msgspec.Struct, frozen=True):
    """
    Add *columns*, of which comments come later.
    """

    columns: tuple[Column, ...]

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.add_columns(owner, name, self.columns)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return replace(table, columns=(*table.columns, *self.columns))

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return tuple(f"column {column.name} {column.type.ddl()} is missing" for column in self.columns)


class Modified(msgspec.Struct, frozen=True):
    """
    What becomes of a column: a wider *type*, or None for the one it has; *nullable* or None for as it is.
    """

    name: str
    type: OracleType | None = None
    nullable: bool | None = None

    def after(self, column: Column) -> Column:
        """
        Return *column* as it then is.
        """
        return replace(
            column,
            type=self.type or column.type,
            nullable=column.nullable if self.nullable is None else self.nullable,
        )

    def said(self) -> str:
        """
        Say what the column is not without this.
        """
        wants = self.type.ddl() if self.type else "NULL" if self.nullable else "NOT NULL"
        return f"column {self.name} is not {wants}"


class ModifyColumns(msgspec.Struct, frozen=True):
    """
    Widen columns or let them be NULL.
    """

    columns: tuple[Modified, ...]

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        changes = [(column.name, column.type, column.nullable) for column in self.columns]
        return sql.modify_columns(owner, name, changes)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        changes = {column.name: column.after for column in self.columns}
        return _each(table, lambda column: changes.get(column.name, _same)(column))

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return tuple(column.said() for column in self.columns)


class RenameColumn(msgspec.Struct, frozen=True):
    """
    Rename *old* to *new*; the comment goes with it.
    """

    old: str
    new: str

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.rename_column(owner, name, self.old, self.new)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return _each(
            table, lambda column: replace(column, name=self.new) if column.name == self.old else column
        )

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return (f"column {self.old} waits to become {self.new}",)


class CopyColumn(msgspec.Struct, frozen=True):
    """
    Copy the values of *source* to *target*, where there are none yet; the only step that is not DDL.
    """

    source: str
    target: str

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.copy_column(owner, name, self.source, self.target)

    def after(self, table: Table) -> Table:
        """
        Return *table*, whose shape stays.
        """
        return table

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return (f"the values of column {self.source} wait to be copied to {self.target}",)


class DropColumn(msgspec.Struct, frozen=True):
    """
    Drop a column whose values have been copied; *unused* leaves them where they are, out of sight.
    """

    name: str
    unused: bool = False

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        drop = sql.set_unused if self.unused else sql.drop_column
        return drop(owner, name, self.name)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return replace(table, columns=tuple(column for column in table.columns if column.name != self.name))

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return (f"column {self.name} waits to be dropped",)


class DropKey(msgspec.Struct, frozen=True):
    """
    Drop the primary key.
    """

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.drop_primary_key(owner, name)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return replace(table, primary_key=(), primary_key_name=None)

    def said(self) -> tuple[str, ...]:
        """
        Say nothing: the key that follows does.
        """
        return ()


class AddKey(msgspec.Struct, frozen=True):
    """
    Make *columns* the primary key called *name*; they become NOT NULL.
    """

    columns: tuple[str, ...]
    name: str

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.add_primary_key(owner, name, self.columns, self.name)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        keyed = _each(
            table,
            lambda column: replace(column, nullable=False) if column.name in self.columns else column,
        )
        return replace(keyed, primary_key=self.columns, primary_key_name=self.name)

    def said(self) -> tuple[str, ...]:
        """
        Say what is missing without this.
        """
        return (f"the primary key is not ({', '.join(self.columns)})",)


class CommentOnTable(msgspec.Struct, frozen=True):
    """
    Say which stream a table belongs to.
    """

    comment: str

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.comment_on_table(owner, name, self.comment)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return replace(table, comment=self.comment)

    def said(self) -> tuple[str, ...]:
        """
        Say nothing: rows are taken without it.
        """
        return ()


class CommentOnColumn(msgspec.Struct, frozen=True):
    """
    Say which property a column belongs to.
    """

    column: str
    comment: str

    def sql(self, owner: str, name: str) -> str:
        """
        Return the statement.
        """
        return sql.comment_on_column(owner, name, self.column, self.comment)

    def after(self, table: Table) -> Table:
        """
        Return *table* as it then is.
        """
        return _each(
            table,
            lambda column: replace(column, comment=self.comment) if column.name == self.column else column,
        )

    def said(self) -> tuple[str, ...]:
        """
        Say nothing: rows are taken without it.
        """
        return ()


Change = (
    CreateTable
    | AddColumns
    | ModifyColumns
    | RenameColumn
    | CopyColumn
    | DropColumn
    | DropKey
    | AddKey
    | CommentOnTable
    | CommentOnColumn
)
COMMENTS = (CommentOnTable, CommentOnColumn)


def _each(table: Table, change: Callable[[Column], Column]) -> Table:
    return replace(table, columns=tuple(map(change, table.columns)))


def _same(column: Column) -> Column:
    return column


def after_all(table: Table, changes: Iterable[Change]) -> Table:
    """
    Return *table* as it is after *changes*.
    """
    for change in changes:
        table = change.after(table)
    return table
