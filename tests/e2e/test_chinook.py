"""
A full-table stream of a real tap arrives exactly.
"""

from __future__ import annotations

from tests import captured

COUNTS = {
    "PUBLIC_ALBUM": 347,
    "PUBLIC_ARTIST": 275,
    "PUBLIC_CUSTOMER": 59,
    "PUBLIC_EMPLOYEE": 8,
    "PUBLIC_GENRE": 25,
    "PUBLIC_INVOICE": 412,
    "PUBLIC_INVOICE_LINE": 2240,
    "PUBLIC_MEDIA_TYPE": 5,
    "PUBLIC_PLAYLIST": 18,
    "PUBLIC_PLAYLIST_TRACK": 8715,
    "PUBLIC_TRACK": 3503,
}


def test_each_value_of_chinook_is_read_back_as_the_stream_gave_it(target, database):
    data = captured.stream("pg_chinook_full")
    result = target(database.config(), data)
    assert result.exit_code == 0, result.log
    assert {name: database.count(name) for name in database.tables()} == COUNTS
    for table in captured.tables(data).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name


def test_the_states_printed_are_the_taps_in_order_and_end_in_its_last(target, database):
    data = captured.stream("pg_chinook_full")
    result = target(database.config(commit_interval_rows=1), data)
    given = captured.states(data)
    at = [given.index(state) for state in result.states]
    assert at == sorted(set(at))
    assert result.states[-1] == given[-1]


def test_a_second_load_by_upsert_changes_nothing(target, database):
    data = captured.stream("pg_chinook_full")
    for _ in range(2):
        assert target(database.config(load_method="upsert"), data).exit_code == 0
    assert {name: database.count(name) for name in database.tables()} == COUNTS
    for table in captured.tables(data).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name


def test_every_table_and_column_carries_its_singer_name_as_comment(target, database):
    target(database.config(), captured.stream("pg_chinook_full"))
    tables = database.query("SELECT comments FROM user_tab_comments WHERE table_name = 'PUBLIC_ALBUM'")
    columns = database.query(
        "SELECT column_name, comments FROM user_col_comments WHERE table_name = 'PUBLIC_ALBUM' ORDER BY 1"
    )
    assert tables == [("public-album",)]
    assert columns == [("ALBUM_ID", "album_id"), ("ARTIST_ID", "artist_id"), ("TITLE", "title")]


def test_a_composite_key_becomes_the_primary_key_of_a_table_that_is_upserted(target, database):
    target(database.config(load_method="upsert"), captured.stream("pg_chinook_full"))
    rows = database.query(
        "SELECT k.column_name FROM user_constraints c "
        "JOIN user_cons_columns k ON k.constraint_name = c.constraint_name "
        "WHERE c.constraint_type = 'P' AND c.table_name = 'PUBLIC_PLAYLIST_TRACK' ORDER BY k.position"
    )
    assert rows == [("PLAYLIST_ID",), ("TRACK_ID",)]
