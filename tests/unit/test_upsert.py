"""
What a batch asks of each key, and the way that its rows take.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_oracle.decoder import ABSENT
from target_oracle.oracle.types import Column, OracleType
from target_oracle.upsert import LARGE, folded, is_staged, lacking, may_stage

NARROW = [Column("ID", OracleType("NUMBER")), Column("T", OracleType("VARCHAR2", 100, char=True))]
WIDE = [*NARROW, Column("DOC", OracleType("CLOB"))]


class Fits:
    """
    A writer whose array MERGE takes rows, or not.
    """

    def __init__(self, *, fits):
        self._fits = fits

    def fits_merge(self, _rows):
        return self._fits


FITS, FITS_NOT = Fits(fits=True), Fits(fits=False)


@given(st.lists(st.none() | st.tuples(st.just(1), st.just(ABSENT) | st.none() | st.integers()), min_size=1))
def test_rows_of_one_key_come_to_what_they_would_one_after_the_other(rows):
    stored = {"v": "before"}
    for row in rows:
        if row is None:
            stored = None
        else:
            stored = {"v": None} if stored is None else stored
            if row[1] is not ABSENT:
                stored = {"v": row[1]}
    found = folded(rows)
    if stored is None:
        assert found is None
    else:
        assert ("before" if found[1] is ABSENT else found[1]) == stored["v"]


def test_what_a_row_lacks_is_told_by_its_places():
    assert lacking((1, ABSENT, None, ABSENT)) == (1, 3)


def test_the_strategy_that_was_asked_for_is_taken():
    assert is_staged("staged", NARROW, [(1, "a")], FITS)
    assert not is_staged("array", WIDE, [(1, "a", "b")] * LARGE, FITS_NOT)


def test_auto_stages_documents_long_texts_and_large_batches():
    assert is_staged("auto", WIDE, [(1, "a", "b")], FITS)
    assert is_staged("auto", NARROW, [(1, "a")], FITS_NOT)
    assert is_staged("auto", NARROW, [(1, "a")] * LARGE, FITS)
    assert not is_staged("auto", NARROW, [(1, "a")] * (LARGE - 1), FITS)


def test_a_staging_table_is_made_ready_only_where_one_may_come_to_be_used():
    assert may_stage("auto", WIDE, 10)
    assert may_stage("auto", NARROW, LARGE)
    assert not may_stage("auto", NARROW, 10)
    assert not may_stage("array", WIDE, LARGE)
