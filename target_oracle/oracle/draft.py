"""
A plan in the making: what each property decides goes in here, and comes out as changes in their order.
"""

from __future__ import annotations

import msgspec

from target_oracle.oracle.changes import CommentOnColumn, Modified
from target_oracle.oracle.comments import ALL_KINDS, comment_of
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, Server
from target_oracle.oracle.wanted import Policy, Spared, Wanted, WantedColumn


class Draft(msgspec.Struct):
    """
    A plan in the making for *table*, of which *ours* tells whether the stream made it.

    *rekeyed* tells that its primary key becomes another.
    """

    wanted: Wanted
    table: Table
    server: Server
    policy: Policy
    spared: Spared
    ours: bool
    places: dict[str, str]
    rekeyed: bool = False
    added: list[Column] = msgspec.field(default_factory=list)
    modified: dict[str, Modified] = msgspec.field(default_factory=dict)
    comments: list[CommentOnColumn] = msgspec.field(default_factory=list)
    overflowing: list[str] = msgspec.field(default_factory=list)
    notices: list[str] = msgspec.field(default_factory=list)
    problems: list[str] = msgspec.field(default_factory=list)
    there: dict[str, Column] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """
        Look columns up by name.
        """
        self.there = {column.name: column for column in self.table.columns}

    @property
    def used(self) -> set[str]:
        """
        The names of columns that are, or are about to be.
        """
        return {
            *self.there,
            *(column.name for column in self.added),
            *self.places.values(),
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """
        The columns of the key properties.
        """
        return tuple(self.places[each.property] for each in self.wanted.columns if each.key)

    @property
    def kept_key(self) -> tuple[str, ...]:
        """
        The primary key that there is and that stays.
        """
        return () if self.rekeyed else self.table.primary_key

    def is_ours(self, column: Column, prop: str) -> bool:
        """
        Tell whether *column* was made for property *prop*.
        """
        mine = {comment_of(prop, kind, self.server.charset) for kind in (None, *ALL_KINDS)}
        return column.comment in mine or (self.ours and column.comment is None)

    def may_grow(self, column: Column) -> bool:
        """
        Tell whether *column* may be given another type when a value needs it.
        """
        return column.name not in self.spared.columns and not self.table.is_view and not self.policy.freezes

    def may_change(self, column: Column, each: WantedColumn) -> bool:
        """
        Tell whether *column* is given another type for *each*; under freeze that is then a problem.
        """
        if each.needed:
            return self.may_grow(column)
        may = column.name not in self.spared.columns and not self.table.is_view
        return may and self.is_ours(column, each.property)

    def in_key(self, column: Column) -> bool:
        """
        Tell whether *column* is part of a key that stays.
        """
        return any(column.name in key for key in (self.kept_key, *self.table.unique_keys))

    def add(self, each: WantedColumn, name: str, comment: str) -> None:
        """
        Give *each* a new column.
        """
        self.places[each.property] = name
        self.added.append(Column(name, each.type))
        self.say(name, comment)

    def say(self, name: str, comment: str) -> None:
        """
        Write the property's name to its column.
        """
        self.comments.append(CommentOnColumn(name, comment))

    def modify(self, change: Modified) -> None:
        """
        Change a column; what was already to be changed of it stays so.
        """
        before = self.modified.get(change.name, change)
        self.modified[change.name] = Modified(
            change.name,
            change.type or before.type,
            before.nullable if change.nullable is None else change.nullable,
        )
