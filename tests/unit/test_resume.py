"""
Rows that are in beyond the last STATE: known again when the tap repeats them, loaded when it does not.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from target_oracle.resume import Ahead, Resume, digest, read_ahead


def line(number, stream="a", **more):
    return json.dumps({"type": "RECORD", "stream": stream, "record": {"id": number}, **more}).encode()


def ahead_of(*segments):
    """
    Return what the ledger carries after checkpoints that each had *segments* of stream a, without any STATE.
    """
    found = Ahead()
    for segment in segments:
        found = found.after({"a": [(place, line(n)) for place, n in enumerate(segment, 1)]}, None)
    return found


def feed(resume, numbers):
    """
    Return what is loaded of stream a's records *numbers*.
    """
    loaded = []
    for place, number in enumerate(numbers):
        again = resume.take("a", line(number), place)
        loaded += [place] if again is None else [n for n, _ in again]
    return [numbers[place] for place in (*loaded, *(n for n, _ in resume.give_up()))]


@given(
    st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=5), max_size=4),
    st.lists(st.integers(1, 99), max_size=5),
)
def test_a_tap_that_repeats_itself_has_just_the_new_records_loaded(segments, new):
    resume = Resume(read_ahead(ahead_of(*segments).text()), None)
    again = [number for segment in segments for number in segment]
    assert feed(resume, [*again, *new]) == new
    assert resume.passed.get("a", 0) == len(again)


@given(
    st.lists(st.integers(1, 99), min_size=1, max_size=6),
    st.lists(st.integers(100, 199), min_size=1, max_size=9),
)
def test_a_tap_that_sends_other_records_has_all_of_them_loaded(segment, other):
    resume = Resume(read_ahead(ahead_of(segment).text()), None)
    assert feed(resume, other) == other


def test_a_tap_that_stops_in_the_middle_of_a_repetition_has_what_it_sent_loaded():
    """
    Half a segment cannot be told apart from other records; it is loaded, and nothing is lost.
    """
    resume = Resume(read_ahead(ahead_of([1, 2, 3]).text()), None)
    assert feed(resume, [1, 2]) == [1, 2]


def test_a_state_takes_what_was_ahead_with_it():
    ahead = ahead_of([1, 2]).after({"a": [(3, line(3)), (9, line(9))]}, 5)
    assert read_ahead(ahead.text()) == {"a": [(1, digest([line(9)]))]}
    assert ahead.after({}, 10).text() is None


def test_a_message_is_known_by_its_record_alone():
    """
    When it was extracted differs from run to run.
    """
    assert digest([line(1, time_extracted="2024-01-01T00:00:00Z")]) == digest(
        [line(1, time_extracted="2025-01-01T00:00:00Z")]
    )
    assert digest([line(1)]) != digest([line(2)])


def test_where_one_record_ends_and_the_next_begins_counts():
    assert digest([b"ab", b"c"]) != digest([b"a", b"bc"])


def test_streams_are_known_each_by_itself():
    ahead = Ahead().after({"a": [(1, line(1))], "b": [(2, line(2, "b"))]}, None)
    resume = Resume(read_ahead(ahead.text()), None)
    assert resume.take("b", line(2, "b"), 1) == []
    assert resume.take("c", line(3, "c"), 2) is None
    assert resume.active
    assert resume.take("a", line(1), 3) == []
    assert not resume.active


def test_what_lies_behind_a_state_that_waited_stays_ahead():
    """
    A STATE that waits for a table's switch is committed after later checkpoints: these are still ahead of it.
    """
    found = Ahead().after({"a": [(1, line(1))]}, None).after({"a": [(5, line(5))]}, None).after({}, 3)
    assert read_ahead(found.text()) == {"a": [(1, digest([line(5)]))]}


def test_a_row_of_another_version_is_loaded_again_where_versions_are_kept():
    found = Ahead().after({"a": [(1, line(1, version=10))]}, None, {"a"})
    for version, loaded in ((10, []), (11, [(1, line(1, version=11))])):
        resume = Resume(read_ahead(found.text()), None)
        assert resume.take("a", line(1, version=version), 1) == loaded
