"""
Whole lines from any pieces in which bytes arrive.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from target_oracle.singer.lines import KEPT_BYTES, CutLine, Lines, from_descriptor, from_file


def lines_of(pieces, most=10_000):
    arriving = iter(pieces)
    return Lines(lambda _size: next(arriving, b""), lambda _timeout: True, most)


def every(lines):
    """
    Return all lines to the end.
    """
    found = []
    while chunk := lines.next(None):
        found += chunk.lines()
    return found


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=20), st.data())
def test_lines_do_not_depend_on_the_pieces_in_which_they_come(wanted, data):
    text = b"".join(line + b"\n" for line in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
    lines = lines_of(pieces)
    assert every(lines) == wanted
    assert not lines.ended_in_half_a_line
    assert lines.bytes_read == len(text)


@given(st.integers(1, 50), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_a_line_longer_than_the_limit_is_cut_and_its_length_told(most, sizes):
    """
    However it arrives; the lines beside it are whole.
    """
    text = b"".join(b"x" * size + b"\n" for size in sizes)
    pieces = [text[n : n + 7] for n in range(0, len(text), 7)]
    for line, size in zip(every(lines_of(pieces, most)), sizes, strict=True):
        if isinstance(line, CutLine):
            assert line.length == size > most
            assert len(line) <= KEPT_BYTES
        else:
            assert line == b"x" * size


def test_input_without_a_last_line_feed_ends_in_half_a_line_that_is_given_all_the_same():
    lines = lines_of([b"one\ntw", b"o"])
    assert every(lines) == [b"one", b"two"]
    assert lines.ended_in_half_a_line


def test_a_line_feed_is_the_only_end_of_a_line():
    assert every(lines_of([b"a\rb\x0bc\x85d\xe2\x80\xa8e\n"])) == [b"a\rb\x0bc\x85d\xe2\x80\xa8e"]


def test_a_silent_source_gives_none_after_the_time():
    asked = []
    lines = Lines(lambda _size: b"", lambda timeout: asked.append(timeout) or False, 10)
    assert lines.next(3.5) is None
    assert asked == [3.5]


def test_a_byte_on_the_wake_pipe_ends_the_wait_and_costs_no_input():
    source, tap = os.pipe()
    wake, poke = os.pipe()
    try:
        lines = from_descriptor(source, wake, 100)
        os.write(poke, b"!")
        os.write(tap, b"one\n")
        assert lines.next(None) is None
        assert lines.next(None).lines() == [b"one"]
        os.close(tap)
        assert lines.next(None).lines() == []
    finally:
        for descriptor in (source, wake, poke):
            os.close(descriptor)


def test_a_file_is_read_packed_or_not():
    wake, poke = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "a.jsonl"), Path(folder, "a.jsonl.gz")
        plain.write_bytes(b"one\ntwo\n")
        packed.write_bytes(gzip.compress(b"one\ntwo\n"))
        for path in (plain, packed):
            lines = from_file(path, wake, 100)
            assert every(lines) == [b"one", b"two"]
            lines.close()
    os.close(wake)
    os.close(poke)
