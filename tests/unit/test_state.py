"""
STATE lines: whole, byte for byte, never twice in a row, and a fault when nobody reads them.
"""

from __future__ import annotations

import json
import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.errors import OutputClosed
from target_oracle.singer.state import StateWriter, compact

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from([None, 1, 4, "\t"]), st.booleans())
def test_a_compact_state_says_the_same_without_white_space(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    tight = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode()
    assert compact(text) == tight


@pytest.mark.parametrize(
    "text",
    [
        b'{"n":1.50}',
        b'{"n":1e400}',
        b'{"t":"a \\" b"}',
        b'{"t":"\\u00e9  \\n"}',
        b'{"n":12345678901234567890.10}',
    ],
)
def test_numbers_and_texts_stay_as_they_were_written(text):
    assert compact(text) == text


def written(*values):
    with tempfile.TemporaryFile() as file:
        states = StateWriter(file.fileno())
        for value in values:
            states.write(value)
        file.seek(0)
        return file.read(), states.written


def test_the_same_state_is_printed_once_in_a_row():
    assert written(b'{"n":1}', b'{"n":1}', b'{"n":2}', b'{"n":1}') == (b'{"n":1}\n{"n":2}\n{"n":1}\n', 3)


@pytest.mark.parametrize("value", [None, b"{}", b"null"])
def test_a_state_that_says_nothing_is_not_printed(value):
    """
    An orchestrator that stored it would forget its bookmarks.
    """
    assert written(b'{"n":1}', value) == (b'{"n":1}\n', 1)


def test_a_reader_that_went_away_is_told():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with pytest.raises(OutputClosed, match="start again from the last STATE that was read"):
            StateWriter(writer).write(b'{"n":1}')
    finally:
        os.close(writer)


def test_a_state_larger_than_a_pipe_is_written_whole():
    import threading  # noqa: PLC0415 - only here a reader runs beside

    reader, writer = os.pipe()
    value = b'{"n":"' + b"x" * 300_000 + b'"}'
    thread = threading.Thread(target=lambda: (StateWriter(writer).write(value), os.close(writer)))
    thread.start()
    with os.fdopen(reader, "rb") as file:
        assert file.read() == value + b"\n"
    thread.join()
