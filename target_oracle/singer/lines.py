"""
Bytes -> whole lines, in the portions in which they arrive.
"""

from __future__ import annotations

import gzip
import os
import select
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

# A pipe hands over at most its capacity at once; 1 MiB is the most that Linux gives one without privilege.
READ_BYTES: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031  # fcntl(2); named in `fcntl` from Python 3.10 on Linux only
# Of a line that is too long, this much is kept: enough to tell its stream.
KEPT_BYTES: Final = 4096


class CutLine(bytes):
    """
    The head of a line that was longer than the limit; *length* is what the whole of it measured.
    """

    length: int


class Chunk(msgspec.Struct, frozen=True):
    """
    Lines that arrived together: *head*, which began in an earlier read, then those in *data* up to *stop*.

    They stay where they were read: a line is an object of its own only for who asks for it.
    """

    head: bytes | None = None
    data: bytes = b""
    start: int = 0
    stop: int = 0

    def __bool__(self) -> bool:
        """
        Tell whether there is any line.
        """
        return self.head is not None or self.stop > self.start

    def lines(self) -> list[bytes]:
        """
        Return each line without its line feed.
        """
        lines = [] if self.head is None else [self.head]
        if self.stop > self.start:
            lines += self.data[self.start : self.stop - 1].split(b"\n")
        return lines


class Lines:
    """
    Whole lines of a byte source.

    *read* returns at most the asked number of bytes, `b""` at the end. *ready* waits until a read would not
    block, at most so many seconds (None: for ever), and tells whether it came to that. Lines longer than
    *max_line_bytes* come as `CutLine`, so that memory stays bounded. *close* lets go of the source.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        ready: Callable[[float | None], bool],
        max_line_bytes: int,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.close = close
        self._read = read
        self._ready = ready
        self._max = max_line_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._dropped = 0
        self.bytes_read = 0
        self.ended_in_half_a_line = False

    def next(self, timeout: float | None) -> Chunk | None:
        """
        Return the lines that have arrived: None after *timeout* seconds without any byte, none at the end.

        The last line counts even when no line feed ends it; `ended_in_half_a_line` then says so.
        """
        while True:
            if not self._ready(timeout):
                return None
            data = self._read(READ_BYTES)
            if not data:
                return self._rest()
            self.bytes_read += len(data)
            stop = data.rfind(b"\n") + 1
            if not stop:
                self._hold(data)
                continue
            head, start = None, 0
            if self._held:
                start = data.find(b"\n") + 1
                self._hold(data[: start - 1])
                head = self._take()
            self._hold(data[stop:])
            return Chunk(head, data, start, stop)

    def _hold(self, part: bytes) -> None:
        if self._held + len(part) > self._max:
            self._parts = [b"".join(self._parts)[:KEPT_BYTES]] if self._parts else [part[:KEPT_BYTES]]
            self._dropped += len(part)
        elif part:
            self._parts.append(part)
        self._held += len(part)

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        if self._dropped:
            line = CutLine(line)
            line.length = self._held
        self._parts, self._held, self._dropped = [], 0, 0
        return line

    def _rest(self) -> Chunk:
        if not self._held:
            return Chunk()
        self.ended_in_half_a_line = True
        return Chunk(self._take())


def from_descriptor(descriptor: int, wake: int, max_line_bytes: int) -> Lines:
    """
    Read *descriptor*; a byte that arrives on *wake* (a signal's) ends a wait as a time-out does.
    """
    _widen_pipe(descriptor)

    def ready(timeout: float | None) -> bool:
        found, _, _ = select.select([descriptor, wake], [], [], timeout)
        if wake in found:
            os.read(wake, 64)
            return False
        return descriptor in found

    return Lines(lambda size: os.read(descriptor, size), ready, max_line_bytes)


def from_file(path: Path, wake: int, max_line_bytes: int) -> Lines:
    """
    Read the file at *path*, unpacked when its name ends in .gz.
    """
    file = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115  # closed by Lines.close

    def ready(_timeout: float | None) -> bool:
        found, _, _ = select.select([wake], [], [], 0)
        if found:
            os.read(wake, 64)
        return not found

    return Lines(file.read, ready, max_line_bytes, file.close)


def _widen_pipe(descriptor: int) -> None:
    """
    Ask for a pipe of READ_BYTES: sixteen times fewer reads. What is no pipe, or no Linux, stays as it is.
    """
    try:
        import fcntl  # noqa: PLC0415  # not on every system

        fcntl.fcntl(descriptor, _F_SETPIPE_SZ, READ_BYTES)
    except (ImportError, OSError):
        return
