"""
BATCH files wherever they are: as a URL that fsspec opens, as file://, and below the folder of batch_config.
"""

from __future__ import annotations

import gzip
import json

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin
fsspec = pytest.importorskip("fsspec", reason="the extra target-oracle[cloud] is not installed")

GZIP = {"format": "jsonl", "compression": "gzip"}
ROOT = "memory://bucket/batches"


@pytest.fixture(scope="module", params=[19, 23])
def store(request):
    with server(request.param) as (_, found):
        yield found


@pytest.fixture(autouse=True)
def emptied(store):
    yield
    fsspec.filesystem("memory").store.clear()
    if "S" in store.tables():
        store.run("DROP TABLE s PURGE")


def packed(first, last):
    """
    Records in a file of JSON lines.
    """
    return gzip.compress(
        b"".join(json.dumps(record("s", n)["record"]).encode() + b"\n" for n in range(first, last))
    )


def write(url, data):
    with fsspec.open(url, "wb") as file:
        file.write(data)


def batch(*manifest, **more):
    return {"type": "BATCH", "stream": "s", "encoding": GZIP, "manifest": manifest, **more}


def run(within, store, *messages, **given):
    return within(store.config(**given), lines([schema("s"), *messages]))


@pytest.mark.parametrize("place", ["memory://bucket/batches/{}", "file://{folder}/{}", "{folder}/{}"])
def test_files_are_read_where_their_urls_say(within, store, tmp_path, place):
    urls = [place.format(name, folder=tmp_path) for name in ("one.gz", "two.gz")]
    for first, url in zip((0, 50), urls, strict=True):
        write(url, packed(first, first + 50))
    done = run(within, store, batch(*urls), state(100))
    assert (done.exit_code, done.states) == (0, [{"seen": 100}]), done.log
    assert ids(store, "S") == list(range(100))


@pytest.mark.parametrize("place", ["file://out/one.gz", "file://localhost{folder}/out/one.gz", "out/one.gz"])
def test_a_relative_path_begins_in_the_folder_of_the_run(within, store, tmp_path, monkeypatch, place):
    """
    Taps put `file://` before whatever path they were given.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "one.gz").write_bytes(packed(0, 5))
    done = run(within, store, batch(place.format(folder=tmp_path)))
    assert done.exit_code == 0, done.log
    assert ids(store, "S") == list(range(5))


def test_a_file_of_a_store_that_is_not_there_stops_the_run_before_any_is_read(within, store):
    write(f"{ROOT}/one.gz", packed(0, 5))
    done = run(within, store, record("s", 9), batch(f"{ROOT}/one.gz", f"{ROOT}/gone.gz"), state(5))
    assert (done.exit_code, done.states) == (3, [])
    assert (
        "input line 3: BATCH of stream 's': file memory://bucket/batches/gone.gz is not there"
        in done.last_line
    )
    assert ids(store, "S") == [9]


@pytest.mark.parametrize("place", [-6, -2])
def test_a_checksum_or_a_length_that_is_wrong_stops_the_run(within, store, place):
    """
    Gzip ends in the CRC of what was packed and in its length (RFC 1952, section 2.3.1).
    """
    data = bytearray(packed(0, 50))
    data[place] ^= 0xFF
    write(f"{ROOT}/one.gz", bytes(data))
    done = run(within, store, batch(f"{ROOT}/one.gz"), state(50))
    assert (done.exit_code, done.states) == (3, [])
    assert "one.gz cannot be read to its end" in done.last_line


def test_a_file_that_was_cut_short_stops_the_run(within, store):
    write(f"{ROOT}/one.gz", packed(0, 50)[:-20])
    done = run(within, store, batch(f"{ROOT}/one.gz"), state(50))
    assert (done.exit_code, done.states) == (3, [])
    assert "one.gz cannot be read to its end" in done.last_line


def test_what_a_message_leaves_unsaid_batch_config_says(within, store):
    write(f"{ROOT}/one.gz", packed(0, 5))
    message = batch("one.gz")
    del message["encoding"]
    done = run(
        within, store, message, state(5), batch_config={"encoding": GZIP, "storage": {"root": f"{ROOT}/"}}
    )
    assert (done.exit_code, done.states) == (0, [{"seen": 5}]), done.log
    assert ids(store, "S") == list(range(5))


def test_what_a_message_says_counts_before_batch_config(within, store):
    write(f"{ROOT}/one.gz", packed(0, 5))
    told = {"encoding": {"format": "jsonl", "compression": "none"}, "storage": {"root": "memory://elsewhere"}}
    done = run(within, store, batch(f"{ROOT}/one.gz"), state(5), batch_config=told)
    assert done.exit_code == 0, done.log
    assert ids(store, "S") == list(range(5))


def test_an_encoding_that_nobody_says_stops_the_run(within, store):
    message = batch("one.gz")
    del message["encoding"]
    done = run(within, store, message)
    assert done.exit_code == 3
    assert "input line 2: BATCH lacks stream, encoding or manifest" in done.last_line
