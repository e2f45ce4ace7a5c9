"""
Rejects -> the reject file, which is a Singer stream itself, and the budget that they must stay within.
"""

from __future__ import annotations

import base64
import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from target_oracle.checkpoint import Reject
from target_oracle.errors import ConfigError, TooManyRejects
from target_oracle.masking import Mask
from target_oracle.singer.messages import is_record


class Place(Protocol):
    """
    Where rejects go before the checkpoint that made them is committed; see `RejectFile`.
    """

    def write(self, rejects: Sequence[Reject], schemas: Mapping[str, bytes]) -> None:
        """
        Write the rejects of the open checkpoint.
        """

    def settle(self) -> None:
        """
        Keep what was written.
        """

    def close(self) -> None:
        """
        Let go of the place.
        """


class RejectFile:
    """
    The file at *path*: a SCHEMA a stream, then the refused RECORDs, each with a `_reject` member.

    It is readable for its owner only. Rejects of a checkpoint are on disk before it commits; when it is
    replayed they are written anew in place of the first ones. Raise ConfigError when the file cannot be
    written.
    """

    def __init__(self, path: Path, run_id: str, mask: Mask) -> None:
        self._path = path
        self._run_id = run_id
        self._mask = mask
        self._described: set[str] = set()
        self._pending: set[str] = set()
        with self._guarded():
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._settled = self._end = _end_of(self._descriptor)

    def write(self, rejects: Sequence[Reject], schemas: Mapping[str, bytes]) -> None:
        """
        Write the *rejects* of the open checkpoint, durably; *schemas* are the SCHEMA lines of their streams.
        """
        self._pending = set()
        lines: list[bytes] = []
        undescribed = schemas.keys() - self._described
        for reject, text in zip(rejects, messages(rejects, self._run_id, self._mask), strict=True):
            stream = reject.stream
            if stream is not None and stream in undescribed:
                undescribed.remove(stream)
                self._pending.add(stream)
                lines.append(schemas[stream].strip())
            lines.append(text)
        with self._guarded():
            self._put(b"\n".join([*lines, b""]))

    def _put(self, text: bytes) -> None:
        if self._end > self._settled:
            os.ftruncate(self._descriptor, self._settled)
            self._end = os.lseek(self._descriptor, self._settled, os.SEEK_SET)
        while text:
            written = os.write(self._descriptor, text)
            self._end += written
            text = text[written:]
        with _unsyncable_passes():
            os.fsync(self._descriptor)

    def settle(self) -> None:
        """
        Keep what was written: its checkpoint is committed, or given up for good.
        """
        self._settled = self._end
        self._described |= self._pending

    def close(self) -> None:
        """
        Close the file; what no checkpoint has settled is taken back.
        """
        with self._guarded():
            try:
                if self._end > self._settled:
                    os.ftruncate(self._descriptor, self._settled)
            finally:
                os.close(self._descriptor)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise ConfigError(f"cannot write reject_file {self._path}: {fault.strerror}") from fault


def refuse_as_input(path: Path, given: Path | int) -> None:
    """
    Raise ConfigError where *given*, a path or a descriptor, is the file at *path*.

    What is refused again would be read again, and the cured file would be at its end both old and new.
    """
    try:
        there, read = path.stat(), os.fstat(given) if isinstance(given, int) else given.stat()
    except OSError:  # one of them is not there; whoever opens it says so
        return
    if stat.S_ISREG(there.st_mode) and os.path.samestat(there, read):
        raise ConfigError(f"reject_file {path} is the input itself: rename it before it is loaded")


def _end_of(descriptor: int) -> int:
    """
    Return where to go on writing, on a line of its own; what cannot be sought starts at 0.
    """
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
    except OSError:
        return 0
    if end and os.pread(descriptor, 1, end - 1) != b"\n":
        end += os.write(descriptor, b"\n")
    return end


@contextmanager
def _unsyncable_passes() -> Iterator[None]:
    """
    Let a pipe or a device pass that knows no fsync.
    """
    try:
        yield
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def messages(rejects: Sequence[Reject], run_id: str, mask: Mask) -> Iterator[bytes]:
    """
    Yield each of *rejects* as a Singer message: its own line with `_reject`, INVALID where that is no RECORD.

    A line that is no UTF-8 comes with U+FFFD in place of the broken bytes, and whole as base64. Under a
    *mask* sensitive properties are hidden, and so is a line in which they cannot be found.
    """
    now = datetime.now(timezone.utc).isoformat()
    for reject in rejects:
        why = {
            "line": reject.line,
            "code": reject.code,
            "reason": reject.why,
            "column": reject.column,
            "run_id": run_id,
            "rejected_at": now,
        }
        raw = (mask.line(reject.raw) or b"***") if mask else reject.raw
        yield _with_why(raw.strip(), why) if is_record(raw) else _mended(reject, raw, why)


def _with_why(record: bytes, why: dict[str, Any]) -> bytes:
    return b'%b,"_reject":%b}' % (record[:-1].rstrip(), orjson.dumps(why))


def _mended(reject: Reject, raw: bytes, why: dict[str, Any]) -> bytes:
    """
    Return the message of a line that is not, as it is, a RECORD.
    """
    text = raw.decode(errors="replace")
    line = text.strip().encode()
    if text.encode() != raw:
        why["base64"] = base64.b64encode(raw).decode()
    if line != raw and is_record(line):
        return _with_why(line, why)
    return orjson.dumps({"type": "INVALID", "stream": reject.stream, "text": text, "_reject": why})


class Budget:
    """
    How many rejects a run may have: *most*, or *percent* of what was received where that is more.
    """

    def __init__(self, most: int, percent: float) -> None:
        self._most = most
        self._percent = percent
        self.settled = 0

    def left(self) -> int | None:
        """
        Return how many more rejects there may be; None where that depends on how many records come.
        """
        return None if self._percent else self._most - self.settled

    def check(self, rejects: int, received: int | None) -> None:
        """
        Raise TooManyRejects when *rejects*, with those of earlier checkpoints, are too many.

        *received* is how many records the run has received, None while the checkpoint is open and only the
        number counts.
        """
        count = self.settled + rejects
        allowed = float(self._most)
        if self._percent:
            if received is None:
                return
            allowed = max(allowed, received * self._percent / 100)
        if count > allowed:
            limit = f"max_rejects_percent {self._percent:g}" if self._percent else f"max_rejects {self._most}"
            raise TooManyRejects(
                f"rows refused: {count}, more than {limit} allows; the open checkpoint was rolled back: "
                "mend what is listed above, or allow more with max_rejects and a reject_file"
            )


# What to do about a reject, by its code; shown at the end of a run.
CURES: Final = {
    "ORA-00001": "the key is in the table already: load_method upsert, or remove the duplicate",
    "ORA-01400": "a column that must not be NULL got none: mend the source, or the key_properties",
    "ORA-01438": "the number is too large for its column: widen it, or set its type in columns",
    "ORA-01426": "NUMBER cannot hold it: set the column's type to VARCHAR2 or BINARY_DOUBLE in columns",
    "ORA-12899": "the text is longer than its column or maxLength: widen it, or set its type in columns",
    "ORA-01861": "the text is no date-time: mend the source, or set the column's type to VARCHAR2 in columns",
    "ORA-01847": "there is no such date: mend the source, or set the column's type to VARCHAR2 in columns",
    "ORA-01722": "the text is no number: mend the source, or set the column's type to VARCHAR2 in columns",
    "ORA-01465": "the text is no base64 or hex: mend the source",
    "ORA-01841": "the instant lies outside the years 1 to 9999 in UTC: mend the source",
    "ORA-12713": "the database's character set lacks a character: replace it at the source, "
    "or migrate to AL32UTF8",
    "schema": "the record is not what its schema allows: mend the source, or set validate_records to false",
    "ORA-02290": "a CHECK constraint of the table refused it",
    "ORA-02291": "the parent row is missing: load the parent first, or disable the foreign key",
    "TYPE": "the value is of another type than its schema says: mend the tap's schema",
    "TEXT": "the text is no valid Unicode: mend the source",
    "UTF-8": "the line is no UTF-8: set the tap's encoding",
    "JSON": "the line is no Singer message: does the tap print something else on stdout?",
    "LENGTH": "the line is too long: raise max_transaction_bytes",
    "required": "the schema requires the property: mend the source, or set validate_records to false",
}
