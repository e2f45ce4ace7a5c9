"""
The yardstick of the end-to-end tests: what a stream says that its tables must hold.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from tests import captured

SCHEMA = {
    "type": "SCHEMA",
    "stream": "my-stream",
    "key_properties": ["id"],
    "schema": {
        "properties": {
            "id": {"type": "integer"},
            "price": {"type": ["null", "number"]},
            "at": {"type": ["string", "null"], "format": "date-time"},
            "tags": {"type": ["array", "null"]},
        }
    },
}


def stream(*records: str) -> bytes:
    lines = [json.dumps(SCHEMA)]
    lines += [f'{{"type":"RECORD","stream":"my-stream","record":{record}}}' for record in records]
    return "\n".join(lines).encode()


def test_numbers_keep_every_digit():
    table = captured.tables(stream('{"id": 1, "price": 0.12345678901234567890123}'))["MY_STREAM"]
    assert table.rows == [(1, Decimal("0.12345678901234567890123"), None, None)]


def test_times_are_compared_as_instants():
    table = captured.tables(stream('{"id": 1, "at": "2026-01-01T01:30:00.000001+02:00"}'))["MY_STREAM"]
    assert table.rows[0][2] == datetime(2025, 12, 31, 23, 30, 0, 1)  # noqa: DTZ001 - naive UTC is the form
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert captured.stored("date-time", moment) == moment.replace(tzinfo=None)


def test_an_empty_string_is_expected_to_be_null():
    assert captured.tables(stream('{"id": 1, "tags": ""}'))["MY_STREAM"].rows == [(1, None, None, None)]


def test_the_last_row_of_a_key_is_what_an_upsert_leaves():
    table = captured.tables(stream('{"id": 1, "price": 1}', '{"id": 2}', '{"id": 1, "price": 2}'))[
        "MY_STREAM"
    ]
    assert captured.difference(table.by_key(), [(1, 2, None, None), (2, None, None, None)]) == ""


def test_a_property_that_the_schema_does_not_name_is_no_silent_loss():
    with pytest.raises(ValueError, match="OTHER"):
        captured.tables(stream('{"id": 1, "other": 2}'))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": 1, "b": [True, None]}, {"b": [True, None], "a": 1}, id="order-of-members"),
        pytest.param({"a": Decimal("1.50")}, {"a": 1.5}, id="notation-of-numbers"),
    ],
)
def test_equal_json_has_one_canonical_text(one, other):
    assert captured.canonical(one) == captured.canonical(other)


@pytest.mark.parametrize(("one", "other"), [(True, 1), ("1", 1), (None, "null"), ([1, 2], [2, 1])])
def test_different_json_has_different_text(one, other):
    assert captured.canonical(one) != captured.canonical(other)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param([(2,), (1,), (1,)], "", id="any-order"),
        pytest.param([(1,), (2,)], "missing 1 rows", id="one-copy-lost"),
        pytest.param([(1,), (1,), (2,), (2,)], "unexpected 1 rows", id="one-copy-too-many"),
    ],
)
def test_the_difference_counts_each_copy_of_a_row(found, says):
    difference = captured.difference([(1,), (1,), (2,)], found)
    assert says in difference
    assert bool(says) == bool(difference)
