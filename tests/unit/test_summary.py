"""
What a run says it did: numbers that add up, or a fault of ours.
"""

from __future__ import annotations

import pytest

from target_oracle.checkpoint import COUNTS, Outcome, Reject
from target_oracle.errors import InternalError
from target_oracle.rejects import CURES
from target_oracle.summary import Summary


def summary(**outcome):
    now = iter(range(100))
    one = Summary(lambda: float(next(now)))
    one.started("orders")
    one.of("orders").received = sum(outcome.values())
    one.count("orders", Outcome(**outcome))
    return one


def test_what_is_accounted_for_adds_up():
    one = summary(**dict.fromkeys(COUNTS, 2))
    one.of("orders").received += 3
    one.of("orders").skipped = 2
    one.rejected([Reject("orders", 7, "TYPE", "why", "id", b"")])
    one.check()


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_record_too_many_or_too_few_is_a_fault_of_ours(difference):
    one = summary(inserted=3)
    one.of("orders").received += difference
    with pytest.raises(InternalError, match=f"{3 + difference} records were received, 3 are accounted for"):
        one.check()


def test_a_line_of_a_stream_tells_its_counts_that_are_not_zero():
    (line, *_) = summary(inserted=3, deduplicated=1).lines()
    assert line.startswith("stream orders: 4 received, 3 inserted, 1 deduplicated, 1 batches")


def test_retries_are_told_where_there_were_any():
    one = summary(inserted=1)
    assert not any("retries" in line for line in one.lines())
    one.retries, one.lost_connections = 2, 1
    assert any(line.startswith("2 retries, 1 connections lost") for line in one.lines())


@pytest.mark.parametrize("code", sorted(CURES))
def test_rejects_are_told_by_stream_column_and_code_with_a_cure(code):
    one = summary(inserted=1)
    for number in range(2):
        one.rejected([Reject("orders", number, code, "why", "id", b"")])
    assert f"rejects: 2 x {code}, stream orders, column id: {CURES[code]}" in one.lines()


def test_the_most_frequent_reject_comes_first():
    one = summary(inserted=1)
    for code, count in (("TYPE", 1), ("ORA-01438", 3)):
        for _ in range(count):
            one.rejected([Reject("orders", 1, code, "why", None, b"")])
    assert [line.split()[3] for line in one.lines() if line.startswith("rejects")] == ["ORA-01438,", "TYPE,"]


def test_a_reject_without_a_stream_is_told_too():
    one = summary(inserted=1)
    one.rejected([Reject(None, 1, "JSON", "why", None, b"")])
    one.check()
    assert any("1 x JSON, stream -" in line for line in one.lines())
