"""
What is loaded does not depend on the pieces in which the input arrives.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from target_oracle.singer.lines import Lines
from tests.unit.runs import CONFIG, Run, record, schema, state
from tests.unit.small_database import Model

MESSAGES = [
    schema("a"),
    *(record("a", n) for n in range(1, 4)),
    b"",
    schema("b"),
    *(record("ab"[n % 2], n) for n in range(4, 12)),
    b'{"type":"RECORD","stream":"a","record":{"id":12,"stranger":1}}\r',
    record("a", 13),
    state(13),
]
INPUT = b"\n".join(MESSAGES) + b"\n"


def loaded(pieces, decoder):
    arriving = iter(pieces)
    run = Run(Model(), [], replace(CONFIG, decoder=decoder))
    run.reader._lines = Lines(lambda _size: next(arriving, b""), lambda _timeout: True, 10_000)
    run.go()
    assert run.reader.lines_read() == len(MESSAGES)
    assert [value for value, _ in run.states.written] == [b'{"n":13}']
    return {table: sorted(row[0] for row in rows) for table, rows in run.model.rows.items()}


@pytest.mark.parametrize("decoder", ["auto", "python"])
@given(cuts=st.lists(st.integers(0, len(INPUT)), max_size=12).map(sorted))
def test_rows_do_not_depend_on_the_pieces_in_which_the_input_comes(decoder, cuts):
    pieces = [INPUT[a:b] for a, b in zip([0, *cuts], [*cuts, len(INPUT)], strict=True) if a < b]
    assert loaded(pieces, decoder) == {
        "A": [1, 2, 3, *range(4, 12, 2), 12, 13],
        "B": list(range(5, 12, 2)),
    }


@pytest.mark.parametrize("decoder", ["auto", "python"])
def test_rows_do_not_depend_on_it_when_each_byte_comes_by_itself(decoder):
    assert loaded([INPUT[n : n + 1] for n in range(len(INPUT))], decoder)["B"] == [5, 7, 9, 11]
