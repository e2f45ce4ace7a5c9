"""
Rows that are in beyond the last STATE: noted with each commit, passed over after a crash.

A checkpoint may have to close between two STATEs (a table that changes, a tap that falls silent, a bound).
Should the run die then, the next one starts the tap from the last STATE and the tap sends those rows again.
The ledger therefore carries how many records of each stream came after the STATE and a digest of them; a
tap that repeats itself has them passed over, one that does not has all of them loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Final

import msgspec
import orjson

from target_oracle.log import logger
from target_oracle.singer.messages import read_envelope

DIGEST_BYTES: Final = 16
Segments = dict[str, list[tuple[int, str]]]
Numbered = tuple[int, bytes]


def digest(lines: Iterable[bytes], *, versions: bool = False) -> str:
    """
    Return a digest of the records on *lines*; `time_extracted` beside them differs from run to run.

    With *versions* it tells the records' versions apart, too: rows of another version would not stay in
    their table.
    """
    found = blake2b(digest_size=DIGEST_BYTES)
    for line in lines:
        record = _record(line, versions=versions)
        found.update(len(record).to_bytes(8, "big"))
        found.update(record)
    return _VERSIONED * versions + found.hexdigest()


# What a digest begins with that tells versions apart.
_VERSIONED: Final = "v"


def _record(line: bytes, *, versions: bool) -> bytes:
    try:
        envelope = read_envelope(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line
    if envelope.record is msgspec.UNSET:
        return line
    return bytes(envelope.record) + (b" %r" % envelope.version if versions else b"")


class Ahead:
    """
    What was committed after the last committed STATE, stream by stream, one segment a checkpoint.
    """

    def __init__(self, segments: Segments | None = None, ends: Mapping[str, list[int]] | None = None) -> None:
        self._segments: Segments = segments or {}
        # The last line of each segment; those of an earlier run lie before all lines of this one.
        self._ends = ends or {name: [0] * len(had) for name, had in self._segments.items()}

    def after(
        self, lines: Mapping[str, list[Numbered]], state_line: int | None, versioned: Collection[str] = ()
    ) -> Ahead:
        """
        Return what is ahead once a checkpoint with *lines* is in; its STATE, if any, was at *state_line*.

        Of *versioned* streams the records' versions count, too.
        """
        segments, ends = self._behind(state_line)
        for stream, numbered in lines.items():
            later = [(number, line) for number, line in sorted(numbered) if number > (state_line or 0)]
            if later:
                mark = digest((line for _, line in later), versions=stream in versioned)
                segments.setdefault(stream, []).append((len(later), mark))
                ends.setdefault(stream, []).append(later[-1][0])
        return Ahead(segments, ends)

    def _behind(self, state_line: int | None) -> tuple[Segments, dict[str, list[int]]]:
        """
        Return the segments that do not end before *state_line*; a STATE may have waited meanwhile.
        """
        segments: Segments = {}
        ends: dict[str, list[int]] = {}
        for name, had in self._segments.items():
            for segment, end in zip(had, self._ends[name], strict=True):
                if state_line is None or end > state_line:
                    segments.setdefault(name, []).append(segment)
                    ends.setdefault(name, []).append(end)
        return segments, ends

    def text(self) -> str | None:
        """
        Return the JSON that the ledger carries; None when nothing is ahead.
        """
        return orjson.dumps(self._segments).decode() if self._segments else None


def read_ahead(text: str | None) -> Segments:
    """
    Return what `Ahead.text` wrote.
    """
    if not text:
        return {}
    return {
        stream: [(int(rows), mark) for rows, mark in segments]
        for stream, segments in orjson.loads(text).items()
    }


class Resume(msgspec.Struct):
    """
    The records that the tap is expected to repeat: *segments* still to come, *state* it started from.

    `take` holds a stream's records back until a segment is whole; then they are known and passed over, or
    given back.
    """

    segments: Segments
    state: bytes | None
    _held: dict[str, list[Numbered]] = msgspec.field(default_factory=dict)
    passed: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def active(self) -> bool:
        """
        Tell whether anything is still expected.
        """
        return bool(self.segments)

    @property
    def holds(self) -> bool:
        """
        Tell whether records are held back.
        """
        return any(self._held.values())

    def take(self, stream: str, line: bytes, number: int) -> list[Numbered] | None:
        """
        Take a RECORD of *stream*; return the lines to load now, None where nothing is expected again.
        """
        if stream not in self.segments:
            return None
        held = self._held.setdefault(stream, [])
        held.append((number, line))
        rows, mark = self.segments[stream][0]
        if len(held) < rows:
            return []
        del self._held[stream]
        if digest((text for _, text in held), versions=mark.startswith(_VERSIONED)) != mark:
            logger.warning(
                "stream %s: the tap does not repeat the records that are committed already; all of them "
                "are loaded",
                stream,
            )
            del self.segments[stream]
            return held
        self.passed[stream] = self.passed.get(stream, 0) + rows
        self.segments[stream].pop(0)
        if not self.segments[stream]:
            del self.segments[stream]
        return []

    def give_up(self) -> list[Numbered]:
        """
        Expect nothing more; return what was held back, in the order of the input.
        """
        held = sorted(numbered for lines in self._held.values() for numbered in lines)
        self._held.clear()
        self.segments.clear()
        return held
