"""
Two incremental runs of a real tap, the second over the first, end in the source's newest rows.
"""

from __future__ import annotations

import pytest

from tests import captured

FIRST, SECOND = (captured.stream(f"pg_sakila_incr.{n}") for n in (1, 2))


def test_each_value_of_the_first_run_is_read_back_as_the_stream_gave_it(within, database):
    result = within(database.config(load_method="upsert"), FIRST)
    assert result.exit_code == 0, result.log
    for table in captured.tables(FIRST).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name


def test_the_second_run_updates_what_changed_and_keeps_the_rest(within, database):
    for data in (FIRST, SECOND):
        result = within(database.config(load_method="upsert"), data)
        assert result.exit_code == 0, result.log
        assert result.states[-1] == captured.states(data)[-1]
    for table in captured.tables(FIRST, SECOND).values():
        assert captured.difference(table.by_key(), database.rows(table)) == "", table.name


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_small_batches_give_the_same_tables(within, database, rows):
    data = b"".join(line for line in SECOND.splitlines(keepends=True) if b'"public-rental"' not in line)
    result = within(database.config(load_method="upsert", batch_size_rows=rows), data)
    assert result.exit_code == 0, result.log
    for table in captured.tables(data).values():
        assert captured.difference(table.by_key(), database.rows(table)) == "", table.name
