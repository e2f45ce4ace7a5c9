"""
What a transaction may hold besides batches: something done to a whole table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from target_oracle.oracle.database import Database


class Act(Protocol):
    """
    Something done to the table of *stream* behind all rows of its checkpoint, and again in a replay.
    """

    @property
    def stream(self) -> str:
        """
        The stream whose table it is.
        """

    def run(self, database: Database) -> None:
        """
        Do it within the open transaction.
        """
