"""
What a run did, stream by stream, in numbers that must add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final

import msgspec

from target_oracle.checkpoint import COUNTS, Outcome, Reject
from target_oracle.errors import InternalError
from target_oracle.rejects import CURES
from target_oracle.stages import Stages

# Points of a report's curve; past it every other one is dropped.
MOST_SAMPLES: Final = 1000
# What can become of a record, in the order in which it is told.
RESULTS: Final = (
    "inserted",
    "updated",
    "merged",
    "unchanged",
    "deleted",
    "deduplicated",
    "skipped",
    "rejected",
)


# What rejects are counted by.
_SORT: Final = attrgetter("stream", "column", "code")


class StreamTotal(msgspec.Struct):
    """
    The counts of one stream over a run; only what was committed counts as stored.
    """

    received: int = 0
    inserted: int = 0
    updated: int = 0
    merged: int = 0
    unchanged: int = 0
    deleted: int = 0
    deduplicated: int = 0
    skipped: int = 0
    rejected: int = 0
    batches: int = 0
    empty: int = 0
    rounded: int = 0
    ways: Counter[str] = msgspec.field(default_factory=Counter)
    first: float | None = None
    last: float = 0.0

    @property
    def stored(self) -> int:
        """
        Rows that the database has taken, whether or not they changed it.
        """
        return self.inserted + self.updated + self.merged + self.unchanged + self.deleted

    @property
    def accounted(self) -> int:
        """
        Records of which it is known what became of them.
        """
        return self.stored + self.deduplicated + self.rejected + self.skipped

    def rate(self) -> float:
        """
        Return rows a second from the first row to the last commit.
        """
        if self.first is None or self.last <= self.first:
            return 0.0
        return self.received / (self.last - self.first)


class Summary:
    """
    The run's totals; *clock* gives seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.streams: dict[str, StreamTotal] = {}
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.checkpoints = 0
        self.retries = 0
        self.lost_connections = 0
        self.timeline: list[tuple[float, int]] = []
        self.stages = Stages(clock)

    def of(self, stream: str) -> StreamTotal:
        """
        Return the totals of *stream*.
        """
        return self.streams.get(stream) or self.streams.setdefault(stream, StreamTotal())

    def started(self, stream: str) -> None:
        """
        Note that rows of *stream* are on their way.
        """
        total = self.of(stream)
        if total.first is None:
            total.first = self.clock()

    def received(self) -> int:
        """
        Return how many records all streams have received.
        """
        return sum(total.received for total in self.streams.values())

    def count(self, stream: str, outcome: Outcome) -> None:
        """
        Add what a committed batch of *stream* did, but for its rejects.
        """
        total = self.of(stream)
        for name in COUNTS:
            setattr(total, name, getattr(total, name) + getattr(outcome, name))
        total.batches += 1
        if outcome.way:
            total.ways[outcome.way] += 1
        total.last = self.clock()

    def committed(self) -> None:
        """
        Add a checkpoint, and to the timeline how many records were in by when.
        """
        self.checkpoints += 1
        self.timeline.append((self.stages.elapsed, self.received()))
        if len(self.timeline) > MOST_SAMPLES:
            del self.timeline[::2]

    def changed(self, stream: str, empty: int, rounded: int) -> None:
        """
        Add what a committed batch of *stream* had changed on its way, by documented rule.
        """
        total = self.of(stream)
        total.empty += empty
        total.rounded += rounded

    def rejected(self, rejects: Iterable[Reject]) -> None:
        """
        Add *rejects*.
        """
        for (stream, column, code), count in Counter(map(_SORT, rejects)).items():
            if stream is not None:
                self.of(stream).rejected += count
            self.reasons[stream or "-", column or "-", code] += count

    def check(self) -> None:
        """
        Raise InternalError unless each stream's records are all accounted for.
        """
        for name, total in self.streams.items():
            if total.received != total.accounted:
                raise InternalError(
                    f"stream {name}: {total.received} records were received, {total.accounted} are accounted "
                    "for; please report this"
                )

    def lines(self) -> list[str]:
        """
        Return the end-of-run report: a line a stream, then the rejects by stream, column and code.
        """
        out = [_line(name, total) for name, total in self.streams.items()]
        if self.retries or self.lost_connections:
            out.append(
                f"{self.retries} retries, {self.lost_connections} connections lost, "
                f"{self.checkpoints} checkpoints"
            )
        out.append(self.stages.line())
        for (stream, column, code), count in sorted(self.reasons.items(), key=lambda item: -item[1]):
            cure = CURES.get(code, "see docs/rejects.md")
            out.append(f"rejects: {count} x {code}, stream {stream}, column {column}: {cure}")
        return out


def _line(name: str, total: StreamTotal) -> str:
    parts = [f"{total.received} received"]
    parts += [f"{getattr(total, word)} {word}" for word in RESULTS if getattr(total, word)]
    ways = " and ".join(f"{count} {way}" for way, count in sorted(total.ways.items()))
    parts.append(f"{total.batches} batches" + (f" ({ways})" if ways else ""))
    parts.append(f"{total.rate():.0f} rows/s")
    if total.empty:
        parts.append(f"{total.empty} empty texts became NULL")
    if total.rounded:
        parts.append(f"{total.rounded} fractions were rounded")
    return f"stream {name}: " + ", ".join(parts)
