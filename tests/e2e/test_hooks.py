"""
What an operator lays around a load.

Statements before and after, indexes, rights, tables only where rows come.
"""

from __future__ import annotations

from tests.e2e.loads import lines, record, schema, state

ORDERS = lines([schema("orders"), record("orders", 1), record("orders", 2), state(2)])


def test_statements_run_once_before_the_first_row_and_once_after_the_last(within, database):
    with database.connect() as connection:
        connection.cursor().execute('CREATE TABLE "STEPS" ("N" NUMBER)')
    count = "INSERT INTO \"STEPS\" SELECT COUNT(*) FROM user_tables WHERE table_name = 'ORDERS'"
    done = within(database.config(before_run_sql=[count], after_run_sql=[count]), ORDERS)
    assert done.exit_code == 0, done.log
    assert database.query('SELECT "N" FROM "STEPS" ORDER BY "N"') == [(0,), (1,)]


def test_a_run_that_fails_does_not_run_the_last_statements(within, database):
    with database.connect() as connection:
        connection.cursor().execute('CREATE TABLE "STEPS" ("N" NUMBER)')
    config = database.config(after_run_sql=['INSERT INTO "STEPS" VALUES (1)'])
    assert within(config, ORDERS + b'{"type":"RECORD","stream":"x","record":{}}\n').exit_code == 3
    assert database.query('SELECT COUNT(*) FROM "STEPS"') == [(0,)]


def test_a_statement_that_fails_stops_the_run_and_is_named_by_its_place(within, database):
    done = within(database.config(before_run_sql=["SELECT 1 FROM dual", "DROP TABLE no_such"]), ORDERS)
    assert done.exit_code == 4
    assert "before_run_sql, statement 2: ORA-00942" in done.last_line


def test_a_new_table_gets_its_indexes(within, database):
    assert within(database.config(custom_indexes=["note,id", "note"]), ORDERS).exit_code == 0
    found = database.query(
        "SELECT index_name, column_name FROM user_ind_columns WHERE table_name = 'ORDERS' "
        "ORDER BY index_name, column_position"
    )
    indexes: dict[str, list[str]] = {}
    for name, column in found:
        indexes.setdefault(name, []).append(column)
    assert sorted(indexes.values()) == [["NOTE"], ["NOTE", "ID"]]


def test_an_index_on_a_property_that_is_not_there_is_refused(within, database):
    done = within(database.config(custom_indexes=["nmae"]), ORDERS)
    assert done.exit_code == 2
    assert "no property 'nmae'" in done.last_line


def test_others_may_read_a_new_table(within, database):
    config = database.config(default_target_schema_select_permissions=["public"])
    assert within(config, ORDERS).exit_code == 0
    rows = database.query("SELECT grantee, privilege FROM user_tab_privs WHERE table_name = 'ORDERS'")
    assert rows == [("PUBLIC", "SELECT")]


def test_a_table_comes_with_its_first_record_where_empty_ones_are_not_wanted(within, database):
    data = lines([schema("orders"), schema("empty"), record("orders", 1), state(1)])
    assert within(database.config(persist_empty_tables=False), data).exit_code == 0
    assert database.query("SELECT table_name FROM user_tables WHERE table_name IN ('ORDERS', 'EMPTY')") == [
        ("ORDERS",)
    ]


def test_a_stream_without_keys_is_refused_where_keys_are_required(within, database):
    done = within(database.config(primary_key_required=True), lines([schema("events", keys=())]))
    assert done.exit_code == 3
    assert "input line 1: SCHEMA of stream 'events' has no key_properties" in done.last_line
