"""
Lines of an open checkpoint on disk: kept for a replay where a transaction may grow without bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TypeVar, overload

from target_oracle.errors import ConfigError

T = TypeVar("T")


class Spool:
    """
    One nameless file in *folder*, by default the system's for such files; gone with the process.

    Raise ConfigError where it cannot be written.
    """

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._end = 0

    def keep(self, lines: Sequence[bytes]) -> SpooledLines:
        """
        Write *lines*, none of which holds a line feed; return them as they can be read again.
        """
        text = b"\n".join(lines)
        kept = SpooledLines(self, self._end, len(text), len(lines))
        self._guarded(lambda: self._append(text))
        return kept

    def _append(self, text: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, prefix="target-oracle-")  # noqa: SIM115  # closed by close
        self._file.seek(self._end)
        self._file.write(text)
        self._file.flush()
        self._end += len(text)

    def read(self, start: int, size: int) -> bytes:
        """
        Return *size* bytes from *start*.
        """

        def read() -> bytes:
            assert self._file is not None  # noqa: S101  # something was kept
            self._file.seek(start)
            return self._file.read(size)

        return self._guarded(read)

    def _guarded(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except OSError as fault:
            where = self._folder or tempfile.gettempdir()
            raise ConfigError(
                f"cannot keep rows for a replay in temp_dir {where}: {fault.strerror}"
            ) from fault

    def clear(self) -> None:
        """
        Forget everything: the checkpoint's outcome is known.
        """
        if self._file is not None:
            self._file.truncate(0)
            self._end = 0

    def close(self) -> None:
        """
        Remove the file.
        """
        if self._file is not None:
            self._file.close()


class SpooledLines(Sequence[bytes]):
    """
    Lines that lie in a spool; each look at them reads them again.
    """

    def __init__(self, spool: Spool, start: int, size: int, count: int) -> None:
        self._spool = spool
        self._start = start
        self._size = size
        self._count = count

    def __len__(self) -> int:  # noqa: D105  # as any sequence
        return self._count

    def __iter__(self) -> Iterator[bytes]:  # noqa: D105  # as any sequence
        return iter(self._read())

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:  # noqa: D105  # as any sequence
        return self._read()[index]

    def _read(self) -> list[bytes]:
        return self._spool.read(self._start, self._size).split(b"\n") if self._count else []
