"""
Where the time of a run goes: to the tap, to decoding, to the database, and there to which of its tasks.

Measured around portions and batches, never around records.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# The reader's time is read + decode + wait; the loader's is connect + tables + execute + commit + idle.
READER: Final = ("read", "decode", "wait")
LOADER: Final = ("connect", "tables", "execute", "commit", "idle")
# What to say of the stage that the reader spends most of its time in.
_BOTTLENECKS: Final = {
    "read": "the tap",
    "decode": "decoding in this program",
    "wait": "the database",
}


class Stages:
    """
    Seconds by stage; *clock* gives seconds. Each stage belongs to one thread, so nothing is locked.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None
        self._spent: dict[str, float] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """
        Count the time within as *stage*'s.
        """
        began = self._clock()
        try:
            yield
        finally:
            self._spent[stage] = self._spent.get(stage, 0.0) + self._clock() - began

    def end(self) -> None:
        """
        Stop the clock.
        """
        self._ended = self._clock()

    @property
    def elapsed(self) -> float:
        """
        Seconds since the start, up to the end where that was.
        """
        return (self._ended if self._ended is not None else self._clock()) - self._began

    def seconds(self) -> dict[str, float]:
        """
        Return the seconds of every stage; those that are not measured are what the others leave over.
        """
        found = {stage: self._spent.get(stage, 0.0) for stage in (*READER, *LOADER)}
        elapsed = self.elapsed
        found["decode"] = max(0.0, elapsed - found["read"] - found["wait"])
        found["idle"] = max(0.0, elapsed - sum(found[stage] for stage in LOADER[:-1]))
        return found

    def bottleneck(self) -> str:
        """
        Return who the run waited for most.
        """
        found = self.seconds()
        return _BOTTLENECKS[max(READER, key=lambda stage: found[stage])]

    def line(self) -> str:
        """
        Return the summary's line about time.
        """
        found = self.seconds()
        reader = ", ".join(f"{stage} {found[stage]:.1f}" for stage in READER)
        loader = ", ".join(f"{stage} {found[stage]:.1f}" for stage in LOADER)
        return f"{self.elapsed:.1f} s: {reader}; database: {loader}; most of it was {self.bottleneck()}"


def watched(thing: T, stages: Stages, stage: str) -> T:
    """
    Return *thing* as its callers know it, only that the time of its calls counts as *stage*'s.
    """
    return cast("T", _Watched(thing, stages, stage))


class _Watched:
    def __init__(self, thing: object, stages: Stages, stage: str) -> None:
        self._thing = thing
        self._stages = stages
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._thing, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            with self._stages.of(self._stage):
                return found(*args, **named)

        setattr(self, name, call)
        return call
