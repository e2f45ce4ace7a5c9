"""
A table as it is, as one value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from target_oracle.oracle.types import Column


class Table(msgspec.Struct, frozen=True):
    """
    A table or view: *owner* and *name* are its own, also where a synonym led to it.

    *primary_key* and each of *unique_keys* are column names in the key's order.
    """

    owner: str
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    primary_key_name: str | None = None
    unique_keys: tuple[tuple[str, ...], ...] = ()
    comment: str | None = None
    is_view: bool = False
    is_temporary: bool = False

    def column(self, name: str) -> Column | None:
        """
        Return the column of that name.
        """
        return next((column for column in self.columns if column.name == name), None)

    def is_unique(self, columns: tuple[str, ...]) -> bool:
        """
        Tell whether a primary or unique key says that no two rows agree in *columns*.
        """
        return any(set(key) == set(columns) for key in (self.primary_key, *self.unique_keys))
