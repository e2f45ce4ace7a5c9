"""
A BATCH message and its files: what is read, and what is said of the others.
"""

from __future__ import annotations

import json
import sys

import pytest

from target_oracle import batchfiles
from target_oracle.batchfiles import Files, Unsaid
from target_oracle.errors import ConfigError, ProtocolError

JSONL = {"format": "jsonl"}


def message(manifest=(), **more):
    return json.dumps(
        {"type": "BATCH", "stream": "s", "encoding": JSONL, "manifest": list(manifest), **more}
    ).encode()


def files(path, form="jsonl", compression=None):
    return Files("s", form, compression, (path.as_uri(),), 7)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"type":"BATCH"}', "BATCH lacks stream, encoding or manifest"),
        (message(encoding={"compression": "gzip"}), "BATCH lacks stream, encoding or manifest"),
        (message(encoding=None), "batch_config has no encoding"),
        (message(encoding={"format": "csv"}), "format 'csv' is not one of jsonl, parquet, arrow"),
        (message(encoding={"format": "jsonl", "compression": "xz"}), "compression 'xz' is not gzip or none"),
        (message(["/nowhere/1.jsonl"]), "file /nowhere/1.jsonl is not there"),
        (message(["file:///nowhere/a%20b"]), "file file:///nowhere/a%20b is not there"),
    ],
)
def test_a_message_that_cannot_be_followed_is_refused_with_its_line(line, said):
    with pytest.raises(ProtocolError) as refused:
        batchfiles.read_batch(line, 3, Unsaid())
    assert said in str(refused.value)
    assert str(refused.value).startswith("input line 3: ")


def test_blank_lines_of_a_file_are_no_records(tmp_path):
    path = tmp_path / "a b.jsonl"
    path.write_bytes(b'{"id":1}\n\n  \n{"id":2}')
    found = [json.loads(line) for portion in batchfiles.lines(files(path)) for line in portion]
    assert found == [{"type": "RECORD", "stream": "s", "record": {"id": n}} for n in (1, 2)]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_file_that_is_no_table_is_told(tmp_path, form):
    pytest.importorskip("pyarrow", reason="the extra target-oracle[arrow] is not installed")
    path = tmp_path / "rows"
    path.write_bytes(b"no table at all, whatever its name says")
    with pytest.raises(ProtocolError, match=rf"file file://.*/rows is no {form}: "):
        list(batchfiles.tables(files(path, form), 10))


@pytest.mark.parametrize("writer", ["new_file", "new_stream"])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_arrow_comes_as_a_file_or_a_stream_and_is_cut_into_batches(tmp_path, writer, compression):
    pa = pytest.importorskip("pyarrow", reason="the extra target-oracle[arrow] is not installed")
    table = pa.table({"id": range(25)})
    path = tmp_path / "rows.arrow"
    sink = pa.CompressedOutputStream(str(path), "gzip") if compression else pa.OSFile(str(path), "wb")
    with sink, getattr(pa.ipc, writer)(sink, table.schema) as out:
        out.write_table(table)
    found = [
        batch.column(0).to_pylist() for batch in batchfiles.tables(files(path, "arrow", compression), 10)
    ]
    assert found == [list(range(10)), list(range(10, 20)), list(range(20, 25))]


@pytest.mark.parametrize(
    ("package", "extra", "act"),
    [
        ("pyarrow", "arrow", lambda: list(batchfiles.tables(Files("s", "parquet", None, (), 1), 1))),
        ("fsspec", "cloud", lambda: batchfiles.read_batch(message(["s3://bucket/1.jsonl"]), 1, Unsaid())),
    ],
)
def test_an_extra_that_is_missing_is_named(monkeypatch, package, extra, act):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError) as refused:
        act()
    assert f"pip install 'target-oracle[{extra}]'" in str(refused.value)
