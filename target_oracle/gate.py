"""
What the reader asks of the loader, and what it hands over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from target_oracle.acts import Act
    from target_oracle.checkpoint import Batch, Reject
    from target_oracle.resume import Resume
    from target_oracle.stream import Target
    from target_oracle.wishes import Wish


class Ending(msgspec.Struct, frozen=True):
    """
    The end of a checkpoint: its *state*, if any came, the rejects not handed over yet, and what was received.
    """

    state: bytes | None
    rejects: tuple[Reject, ...]
    received: dict[str, int]
    last: bool = False
    state_line: int | None = None
    passed: dict[str, int] = msgspec.field(default_factory=dict)


class Gate(Protocol):
    """
    The loader as the reader sees it; every call may raise what ended the loader.
    """

    def check(self) -> None:
        """
        Raise what ended the loader, if anything did.
        """

    def resume(self) -> Resume:
        """
        Return what an earlier run has committed beyond its last STATE.
        """

    def prepare(self, wish: Wish, *, may_change: bool) -> Target | None:
        """
        Return the table for *wish*; None when it needs DDL that may not run yet.
        """

    def load(self, batch: Batch, rejects: Sequence[Reject]) -> None:
        """
        Send *batch* within the open transaction.
        """

    def act(self, act: Act) -> None:
        """
        Do *act* behind all rows of the open checkpoint.
        """

    def close(self, ending: Ending) -> None:
        """
        Commit the open checkpoint.
        """
