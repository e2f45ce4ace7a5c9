"""
BATCH: records in files instead of lines. Files of JSON lines become RECORD lines.

Tables of Arrow stay columns.

The message names a format (`jsonl`, `parquet`, `arrow`), a compression (`gzip` or none) and a manifest of
file URLs (Singer SDK, Batch Messages). All files are looked for before the first one is read.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote, urlsplit

import msgspec

from target_oracle.errors import ConfigError, ProtocolError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS: Final = ("jsonl", "parquet", "arrow")
COMPRESSIONS: Final = (None, "none", "gzip")
# Lines handed on at once.
PORTION: Final = 2_000
# What breaks while a file is read: its end, its checksum, its compression, the disk.
_BROKEN: Final = (OSError, EOFError, zlib.error)


class _Encoding(msgspec.Struct):
    format: str
    compression: str | None = None


class _Message(msgspec.Struct):
    stream: str
    manifest: list[str]
    encoding: _Encoding | None = None


class Unsaid(msgspec.Struct, frozen=True):
    """
    What a BATCH leaves unsaid: its *encoding*, and the *root* of files that are named without a place.
    """

    encoding: _Encoding | None = None
    root: str | None = None

    @classmethod
    def of(cls, batch_config: Mapping[str, Mapping[str, str | None]]) -> Unsaid:
        """
        Return what the setting `batch_config` says.
        """
        encoding = batch_config.get("encoding")
        root = batch_config.get("storage", {}).get("root")
        return cls(
            _Encoding(str(encoding["format"]), encoding.get("compression")) if encoding else None, root
        )

    def place(self, name: str) -> str:
        """
        Return where the file *name* is.

        >>> below = Unsaid(root="s3://bucket/batches/")
        >>> below.place("orders-1.jsonl.gz"), below.place("/data/1.jsonl"), below.place("file:///data/1.jsonl")
        ('s3://bucket/batches/orders-1.jsonl.gz', '/data/1.jsonl', 'file:///data/1.jsonl')
        """
        if self.root is None or urlsplit(name).scheme or name.startswith("/"):
            return name
        return f"{self.root.rstrip('/')}/{name}"


class Files(msgspec.Struct, frozen=True):
    """
    The files of one BATCH: *stream*, *form*, *compression*, *urls*, and the input *line* of the message.
    """

    stream: str
    form: str
    compression: str | None
    urls: tuple[str, ...]
    line: int

    def fault(self, why: str) -> ProtocolError:
        """
        Return the error that says *why* this BATCH cannot be read.
        """
        return ProtocolError(self.line, f"BATCH of stream {self.stream!r}: {why}")


def read_batch(line: bytes, number: int, unsaid: Unsaid) -> Files:
    """
    Return what the BATCH on *line* names; raise ProtocolError for a message or an encoding that is not known.
    """
    try:
        message = msgspec.json.decode(line, type=_Message)
    except msgspec.DecodeError as fault:
        raise ProtocolError(number, f"BATCH lacks stream, encoding or manifest: {fault}") from fault
    encoding = message.encoding or unsaid.encoding
    if encoding is None:
        raise ProtocolError(number, "BATCH lacks stream, encoding or manifest: batch_config has no encoding")
    urls = tuple(map(unsaid.place, message.manifest))
    files = Files(message.stream, encoding.format, encoding.compression, urls, number)
    if encoding.format not in FORMATS:
        raise files.fault(f"format {encoding.format!r} is not one of {', '.join(FORMATS)}")
    if encoding.compression not in COMPRESSIONS:
        raise files.fault(f"compression {encoding.compression!r} is not gzip or none")
    for url in files.urls:
        if not _exists(url):
            raise files.fault(f"file {url} is not there")
    return files


def lines(files: Files) -> Iterator[list[bytes]]:
    """
    Yield the records of JSON-lines *files* as RECORD lines, in portions.

    Raise ProtocolError for a broken file.
    """
    head = b'{"type":"RECORD","stream":' + msgspec.json.encode(files.stream) + b',"record":'
    for url in files.urls:
        with _reading(files, url) as file:
            while portion := list(islice(file, PORTION)):
                yield [head + line.rstrip() + b"}" for line in portion if line.strip()]


def tables(files: Files, rows: int) -> Iterator[pa.RecordBatch]:
    """
    Yield the tables of Parquet or Arrow *files*, at most *rows* rows at once.

    Raise ProtocolError for a broken file.
    """
    arrow = _pyarrow()
    for url in files.urls:
        with _reading(files, url) as file:
            try:
                yield from (_parquet if files.form == "parquet" else _ipc)(file, rows)
            except arrow.ArrowInvalid as fault:
                raise files.fault(f"file {url} is no {files.form}: {str(fault).splitlines()[0]}") from fault


def _parquet(file: IO[bytes], rows: int) -> Iterator[pa.RecordBatch]:
    from pyarrow import parquet  # noqa: PLC0415  # an extra

    yield from parquet.ParquetFile(file).iter_batches(batch_size=rows)


def _ipc(file: IO[bytes], rows: int) -> Iterator[pa.RecordBatch]:
    """
    Read an Arrow file or stream: the former begins with ARROW1.
    """
    from pyarrow import ipc  # noqa: PLC0415  # an extra

    start = file.read(6)
    file.seek(0)
    if start == b"ARROW1":
        found = ipc.open_file(file)
        batches: Iterator[pa.RecordBatch] = map(found.get_batch, range(found.num_record_batches))
    else:
        batches = iter(ipc.open_stream(file))
    for batch in batches:
        for first in range(0, batch.num_rows, rows):
            yield batch.slice(first, rows)


def _pyarrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415  # an extra
    except ImportError as fault:
        raise ConfigError(
            "BATCH of Parquet or Arrow needs the extra: pip install 'target-oracle[arrow]'"
        ) from fault
    return pa


# --- places


@contextmanager
def _reading(files: Files, url: str) -> Iterator[IO[bytes]]:
    try:
        with _open(url) as raw:
            if files.compression == "gzip":
                with gzip.open(raw) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                yield raw
    except _BROKEN as fault:
        raise files.fault(f"file {url} cannot be read to its end: {fault}") from fault


def _local(url: str) -> Path | None:
    """
    Return the path that *url* names on this machine, None for a place elsewhere.

    Taps write the path as it is behind `file://`, so a relative one begins where a host would stand.

    >>> _local("file:///data/a%20b"), _local("file://localhost/data"), _local("file://out/1.jsonl")
    (PosixPath('/data/a b'), PosixPath('/data'), PosixPath('out/1.jsonl'))
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(unquote(("" if parts.netloc == "localhost" else parts.netloc) + parts.path))
    return Path(url) if not parts.scheme else None


def _open(url: str) -> IO[bytes]:
    path = _local(url)
    return path.open("rb") if path else _remote(lambda fsspec: fsspec.open(url, "rb").open())


def _exists(url: str) -> bool:
    path = _local(url)
    if path:
        return path.is_file()

    def look(fsspec: Any) -> bool:
        system, inner = fsspec.core.url_to_fs(url)
        return bool(system.exists(inner))

    return bool(_remote(look))


def _remote(act: Callable[[Any], Any]) -> Any:
    try:
        import fsspec  # noqa: PLC0415  # an extra
    except ImportError as fault:
        raise ConfigError(
            "BATCH files in a cloud store need the extra: pip install 'target-oracle[cloud]'"
        ) from fault
    return act(fsspec)
