"""
What a stream asks of its table, and what the operator allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from target_oracle.oracle.types import OracleType


class WantedColumn(msgspec.Struct, frozen=True):
    """
    A property and the type that its values want.

    *needed* tells that a value has come that a narrower column cannot hold: then a column that is not ours is
    widened, too. *name_override* is the column's name as the operator gave it.
    """

    property: str
    type: OracleType
    nullable: bool = True
    key: bool = False
    name_override: str | None = None
    needed: bool = False


class Wanted(msgspec.Struct, frozen=True):
    """
    The table that *stream* asks for; *with_key* makes its key columns the primary key.

    *table_options* is text that `options.check_table_options` has passed.
    """

    owner: str
    name: str
    columns: tuple[WantedColumn, ...]
    stream: str
    table_options: str = ""
    with_key: bool = True


class Policy(msgspec.Struct, frozen=True):
    """
    The settings of the same names; *ddl_lock_timeout* is in seconds.
    """

    schema_evolution: str = "evolve"
    ddl_mode: str = "auto"
    ddl_lock_timeout: int = 30

    @property
    def freezes(self) -> bool:
        """
        Tell whether tables stay as they are.
        """
        return self.schema_evolution == "freeze"


class Spared(msgspec.Struct, frozen=True):
    """
    What the database has refused in this run, and is not asked again.

    *columns* stay as they are, the *key* too, *comments* are left out. With *apart*, columns are modified one
    by one, to find the one that is refused. *attempt* counts names of the primary key that were taken. A
    *compressed* table drops no column, but forgets it.
    """

    columns: frozenset[str] = frozenset()
    key: bool = False
    comments: bool = False
    apart: bool = False
    attempt: int = 0
    compressed: bool = False
