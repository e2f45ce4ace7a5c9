"""
Lines that are messages, and what is told of those that are none.
"""

from __future__ import annotations

import pytest

from target_oracle.singer.messages import diagnose, is_record

NO_JSON = b'{"type":"RECORD","stream":"s","record":{"a":%b}}'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"INFO: a log line", (None, "JSON", "no JSON object with a type")),
        (b"", (None, "JSON", "no JSON object with a type")),
        (b"[1]", (None, "JSON", "no JSON object with a type")),
        (b'{"type":"RECORD","stream":', (None, "JSON", "no JSON object with a type")),
        (b"{}", (None, "JSON", "no JSON object with a type")),
        (b'{"stream":"s"}', ("s", "JSON", "no JSON object with a type")),
        (b'{"stream":5,"type":"RECORD"}', (None, "JSON", "no JSON object with a type")),
        (b'{"a":' * 100_000, (None, "JSON", "no JSON object with a type")),
        (b" \t" + NO_JSON % b"NaN", ("s", "JSON", "it holds NaN")),
        (NO_JSON % b'"\\u00e9",b:1', (None, "JSON", "no JSON object with a type")),
        (NO_JSON % b'"\\ud800"', ("s", "TEXT", "a lone surrogate")),
        (NO_JSON % b'"\\uDC00 \\u00e9"', ("s", "TEXT", "a lone surrogate")),
        (NO_JSON % b'[NaN,"\\ud83d\\ude00"]', ("s", "JSON", "it holds NaN")),
        (NO_JSON % b'"\xff"', ("s", "UTF-8", "no UTF-8")),
        (NO_JSON % b'"\xed\xa0\x80"', ("s", "UTF-8", "no UTF-8")),
        (b"\xff", (None, "UTF-8", "no UTF-8")),
    ],
)
def test_a_line_that_is_no_message_is_told_with_the_stream_that_it_still_names(line, said):
    stream, code, why = diagnose(line)
    assert (stream, code) == said[:2]
    assert said[2] in why


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"type":"RECORD"}', True),
        (b' {"record":{"a":1e400},"type":"RECORD"}\r', True),
        (b'{"type":"RECORD","stream":5,"version":"x"}', True),
        (b'{"type":"STATE"}', False),
        (b'{"type":5}', False),
        (b'{"type":"RECORD"', False),
        (b'["RECORD"]', False),
        (b'{"type":"RECORD","record":{"a":"\xff"}}', False),
    ],
)
def test_a_record_is_told_by_its_type(line, told):
    assert is_record(line) is told
