"""
Lines for processes that decode: sorted by their heads, and given out a share at a time.

A share is what one checkpoint holds; it all goes to one process, whose connection then has its transaction.
Nothing is decided here: a line that is given out to no avail is decoded by the program as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from target_oracle.lanes import Lane, Wanted
from target_oracle.orders import Recipe
from target_oracle.records import RECORD_KEY

if TYPE_CHECKING:
    from target_oracle.held import Piece
    from target_oracle.stream import Version
    from target_oracle.streams import Stream

# What a share may measure. With more, one process would have all the work and the others none meanwhile, so
# the checkpoint ends there.
SHARE_BYTES: Final = 6 << 20
# With fewer bytes at once the tap is slower than the decoding: nothing is gained by giving them out.
LEAST_BYTES: Final = 32 << 10
# With more than one line in so many whose head tells no stream, a portion is not given out.
KNOWN: Final = 16


class Group(msgspec.Struct):
    """
    Lines of one stream at *positions* of their portion, and the *piece* as which they were given out.
    """

    stream: Stream
    positions: Sequence[int]
    lines: list[bytes]
    piece: Piece | None = None


class Odd(msgspec.Struct, frozen=True):
    """
    A line at *position* whose head does not tell its stream.
    """

    position: int


class Cut(msgspec.Struct, frozen=True):
    """
    The end of a share: its checkpoint ends here.
    """


Sorted: TypeAlias = "list[Group | Odd]"
Plan: TypeAlias = "list[Group | Odd | Cut]"


class Shares:
    """
    Gives lines to *lanes* in turn; a share ends at a STATE behind *rows* records, or at SHARE_BYTES.

    *heads* are beginnings of RECORD lines, each with its stream.
    """

    def __init__(self, lanes: Sequence[Lane], heads: Mapping[bytes, Stream], rows: int) -> None:
        self._lanes = lanes
        self._heads = heads
        self._most = rows
        self._turn = 0
        self._rows = 0
        self._bytes = 0

    def give_out(self, lines: list[bytes], size: int) -> Plan | None:
        """
        Give out what can be given out of *lines*, *size* bytes; return how to take them, None: as ever.
        """
        found = self._sorted(lines) if size >= LEAST_BYTES else None
        if found is None:
            return None
        plan: Plan = []
        wanted: dict[Lane, list[tuple[Group, Version]]] = {}
        for item in found:
            plan.append(item)
            if isinstance(item, Odd):
                plan += self._end_at(lines[item.position])
                continue
            self._rows += len(item.lines)
            version, lane = item.stream.version, self._lanes[self._turn]
            if version is not None and lane.alive and can_be_given_out(version):
                wanted.setdefault(lane, []).append((item, version))
        for lane, groups in wanted.items():
            _ask(lane, groups)
        self._bytes += size
        return plan + self._end_if(self._bytes >= SHARE_BYTES)

    def _end_at(self, line: bytes) -> list[Cut]:
        return self._end_if(self._rows >= self._most and b'"STATE"' in line[:64])

    def _end_if(self, due: bool) -> list[Cut]:  # noqa: FBT001  # what it asks is its one argument
        if not due:
            return []
        self._turn = (self._turn + 1) % len(self._lanes)
        self._rows = self._bytes = 0
        return [Cut()]

    def _sorted(self, lines: list[bytes]) -> Sorted | None:
        """
        Sort *lines* by stream between those that are odd; None where too many are.
        """
        end = lines[0].find(RECORD_KEY)
        stream = self._heads.get(lines[0][:end])
        if stream is not None:
            head = lines[0][: end + len(RECORD_KEY)]
            heads = list(map(itemgetter(slice(len(head))), lines))
            others = len(lines) - heads.count(head)
            if others * KNOWN <= len(lines):
                odd = [n for n, each in enumerate(heads) if each != head] if others else []
                return list(_runs(stream, lines, odd))
        return self._by_stream(lines)

    def _by_stream(self, lines: list[bytes]) -> Sorted | None:
        found: Sorted = []
        groups: dict[str, tuple[Stream, list[int], list[bytes]]] = {}
        odd = 0
        for position, line in enumerate(lines):
            stream = self._heads.get(line[: line.find(RECORD_KEY)])
            if stream is None:
                odd += 1
                found += (Group(*group) for group in groups.values())
                found.append(Odd(position))
                groups = {}
                continue
            group = groups.get(stream.name)
            if group is None:
                group = groups[stream.name] = (stream, [], [])
            group[1].append(position)
            group[2].append(line)
        found += (Group(*group) for group in groups.values())
        return found if odd * KNOWN <= len(lines) else None


def can_be_given_out(version: Version) -> bool:
    """
    Tell whether another process may decode the rows of *version* and send them.

    Not those of an upsert, which wait for their turn, nor those that go by direct path.
    """
    return version.appends and version.target.loading.direct_from is None and version.decoder.has_fast_way


def _runs(stream: Stream, lines: list[bytes], odd: Sequence[int]) -> Iterator[Group | Odd]:
    """
    Yield the lines between those at *odd* as groups of *stream*, in order.
    """
    start = 0
    for stop in (*odd, len(lines)):
        if stop > start:
            yield Group(stream, range(start, stop), lines[start:stop])
        if stop < len(lines):
            yield Odd(stop)
        start = stop + 1


def _ask(lane: Lane, groups: Sequence[tuple[Group, Version]]) -> None:
    wanted = [
        Wanted(version, partial(_recipe, group.stream, version), group.lines) for group, version in groups
    ]
    for (group, _), piece in zip(groups, lane.ask(wanted), strict=True):
        group.piece = piece


def _recipe(stream: Stream, version: Version) -> Recipe:
    """
    Return how *version* of *stream* is made.
    """
    decoder = version.decoder
    return Recipe(
        stream.name,
        stream.wish.fields,
        version.target,
        tuple(dict.fromkeys(slot.prop.path[0] for slot in decoder.slots)),
        stream.wish.settings.validate_records,
        stream.wish.metadata,
        decoder.tolerant,
        decoder.relaxed,
    )
