"""
SIGTERM and SIGINT: the first one ends the reading and leaves time to commit, the second ends all.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from target_oracle.errors import Interrupted

CAUGHT: Final = (signal.SIGTERM, signal.SIGINT)


class Signals(AbstractContextManager["Signals"]):
    """
    Catches signals while it is open; a byte on *poke* then wakes whoever waits.

    *caught* receives the number of the first one. The run has *grace* seconds from then on, by *clock*.
    """

    def __init__(self, poke: int, grace: float, clock: Callable[[], float]) -> None:
        self.caught: list[int] = []
        self._poke = poke
        self._grace = grace
        self._clock = clock
        self._until = 0.0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:  # noqa: PYI034  # nobody derives from it
        """
        Catch signals from here on.
        """
        self._before = {number: signal.signal(number, self._catch) for number in CAUGHT}
        return self

    def __exit__(self, *_: object) -> None:
        """
        Leave signals to whoever had them before.
        """
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _catch(self, number: int, _frame: object) -> None:
        if self.caught:
            os._exit(128 + number)
        self._until = self._clock() + self._grace
        self.caught.append(number)
        os.write(self._poke, b"!")

    def hurry(self) -> None:
        """
        Raise Interrupted when a signal came and the time to commit is over.
        """
        if self.caught and self._clock() >= self._until:
            number = self.caught[0]
            raise Interrupted(
                number,
                f"stopped by signal {number}; what was open could not be committed within shutdown_timeout "
                "and is rolled "
                "back: start again from the last STATE",
            )


@contextmanager
def wake_pipe() -> Iterator[tuple[int, int]]:
    """
    Give a pipe whose one end wakes a waiting reader when something is written to the other.
    """
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    try:
        yield wake, poke
    finally:
        os.close(wake)
        os.close(poke)
