"""
Inferred schemas with nested objects and no keys, as a developer's first tap sends them.
"""

from __future__ import annotations

from tests import captured


def test_each_value_of_the_smoke_stream_is_read_back_as_the_stream_gave_it(target, database):
    data = captured.stream("smoke")
    result = target(database.config(), data)
    assert result.exit_code == 0, result.log
    assert result.states[-1] == captured.states(data)[-1]
    assert database.tables() == ["ANIMALS", "NESTED_ATTRIBUTES", "PAGEVIEWS"]
    for table in captured.tables(data).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name


def test_a_stream_without_keys_is_appended_each_time(target, database):
    data = captured.stream("smoke")
    for _ in range(2):
        assert target(database.config(load_method="upsert"), data).exit_code == 0
    for table in captured.tables(data, data).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name
