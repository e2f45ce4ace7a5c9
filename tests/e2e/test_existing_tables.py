"""
Tables that somebody else made, settings that leave tables alone, and rivals that change them at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.loads import lines, record, schema, server, state

TEXT = {"type": ["null", "string"]}


def orders(*records, keys=(), **more):
    """
    A stream of `id`, `note` and *more*.
    """
    numbered = records or (record("orders", 1),)
    return lines([schema("orders", keys=keys, **more), *numbered, state(1)])


def row(number=1, **values):
    return record("orders", number, **values)


def test_a_table_of_others_keeps_its_shape_and_takes_the_rows(within, database):
    database.run(
        "CREATE TABLE orders (id NUMBER(10) CONSTRAINT orders_key PRIMARY KEY, note VARCHAR2(20 BYTE),"
        " seen DATE, made DATE DEFAULT SYSDATE NOT NULL, serial NUMBER GENERATED ALWAYS AS IDENTITY)",
        "COMMENT ON TABLE orders IS 'What customers want'",
        "COMMENT ON COLUMN orders.note IS 'Note'",
    )
    shape = "SELECT column_name, data_type, data_length, nullable FROM user_tab_columns ORDER BY column_id"
    before = database.query(shape)
    data = orders(
        row(1, seen="2024-01-02T03:04:05Z"), seen={"type": "string", "format": "date-time"}, keys=("id",)
    )
    result = within(database.config(load_method="upsert", ledger=False), data)
    assert result.exit_code == 0, result.log
    assert database.query(shape) == before
    ((number, note, serial),) = database.query("SELECT id, note, serial FROM orders")
    assert (number, note, serial) == (1, "note 1", 1)
    assert "SEEN" in result.log


def test_a_column_that_the_database_fills_is_never_written(within, database):
    database.run(
        "CREATE TABLE orders (id NUMBER GENERATED ALWAYS AS IDENTITY, note VARCHAR2(4000 BYTE),"
        " twice VARCHAR2(4000) GENERATED ALWAYS AS (note || note) VIRTUAL)"
    )
    result = within(database.config(), orders(row(7, note="a", twice="b"), row(8, note="b"), twice=TEXT))
    assert result.exit_code == 0, result.log
    assert database.query("SELECT id, note, twice FROM orders ORDER BY id") == [
        (1, "a", "aa"),
        (2, "b", "bb"),
    ]
    assert "column ID is filled by the database" in result.log


def test_a_column_of_others_grows_only_when_a_value_needs_it(within, database):
    database.run("CREATE TABLE orders (id NUMBER, note VARCHAR2(5 CHAR))")
    length = "SELECT char_length FROM user_tab_columns WHERE table_name = 'ORDERS' AND column_name = 'NOTE'"
    assert within(database.config(), orders(row(note="short"))).exit_code == 0
    assert database.query(length) == [(5,)]
    result = within(database.config(), orders(row(note="longer than that")))
    assert result.exit_code == 0, result.log
    assert database.query(length)[0][0] > 16
    assert sorted(database.query("SELECT note FROM orders")) == [("longer than that",), ("short",)]


def test_each_column_that_must_be_filled_is_named_before_the_first_row(within, database):
    database.run("CREATE TABLE orders (id NUMBER, note VARCHAR2(20), a NUMBER NOT NULL, b DATE NOT NULL)")
    result = within(database.config(), orders())
    assert result.exit_code == 4
    assert all(f"column {name} is NOT NULL" in result.last_line for name in "AB")
    assert database.count("ORDERS") == 0


def test_rows_go_through_views(within, database):
    database.run(
        "CREATE TABLE base_orders (id NUMBER, note VARCHAR2(20), more NUMBER)",
        "CREATE VIEW orders AS SELECT id, note FROM base_orders",
    )
    assert within(database.config(), orders()).exit_code == 0
    assert database.query("SELECT id, note, more FROM base_orders") == [(1, "note 1", None)]
    result = within(database.config(), orders(row(more="x"), more=TEXT))
    assert result.exit_code == 4
    assert "ORDERS is a view, and column MORE" in result.last_line


def test_rows_and_new_columns_go_where_a_synonym_leads(within, database):
    database.run(
        "CREATE TABLE real_orders (id NUMBER, note VARCHAR2(20))", "CREATE SYNONYM orders FOR real_orders"
    )
    result = within(database.config(), orders(row(more="x"), more=TEXT))
    assert result.exit_code == 0, result.log
    assert database.query("SELECT id, note, more FROM real_orders") == [(1, "note 1", "x")]


def test_freeze_names_what_differs_and_changes_nothing(within, database):
    assert within(database.config(), orders()).exit_code == 0
    result = within(database.config(schema_evolution="freeze"), orders(row(more="x"), more=TEXT))
    assert result.exit_code == 4
    assert "schema_evolution is freeze, and column MORE" in result.last_line
    assert database.count("ORDERS") == 1
    assert within(database.config(schema_evolution="freeze"), orders(row(2))).exit_code == 0
    assert database.count("ORDERS") == 2


def test_freeze_makes_no_table(within, database):
    result = within(database.config(schema_evolution="freeze"), orders())
    assert result.exit_code == 4
    assert "ORDERS is missing" in result.last_line
    assert database.tables() == []


def test_without_ddl_the_statements_are_said_and_nothing_is_done(within, database):
    result = within(database.config(ddl_mode="none", ledger=False), orders())
    assert result.exit_code == 4
    assert 'CREATE TABLE "' in result.last_line
    assert database.tables() == []


def test_a_table_made_by_the_statements_said_is_loaded_without_ddl(within, database):
    assert within(database.config(), orders(keys=("id",))).exit_code == 0
    result = within(database.config(ddl_mode="none"), orders(row(2), keys=("id",)))
    assert result.exit_code == 0, result.log
    assert database.count("ORDERS") == 2


def test_table_options_are_in_the_statement(within, database):
    result = within(database.config(table_options="compress nologging"), orders())
    assert result.exit_code == 0, result.log
    assert "NOLOGGING COMPRESS" in result.log


@pytest.mark.standin
@pytest.mark.parametrize("version", [19, 23])
def test_a_table_that_another_session_locks_is_waited_for(within, version):
    """
    The lock comes as soon as the table is there, before the second SCHEMA alters it.
    """
    data = lines([schema("orders"), schema("orders", more=TEXT), row(more="x"), state(1)])
    with server(version, "lock@ORDERS:2s") as (_, database):
        result = within(database.config(ddl_lock_timeout=20), data)
        assert result.exit_code == 0, result.log
        assert database.query('SELECT "MORE" FROM "ORDERS"') == [("x",)]
    with server(version, "lock@ORDERS:30s") as (_, database):
        result = within(database.config(ddl_lock_timeout=1), data)
        assert result.exit_code == 4
        assert "ORA-00054" in result.last_line


@pytest.mark.standin
@pytest.mark.parametrize("version", [19, 23])
def test_loaders_that_make_and_change_one_table_at_once_all_survive(target, version):
    """
    Four loaders, each with a property of its own beside the common ones.
    """

    def load(number):
        records = [row(n, long="x" * 5000, **{f"own_{number}": "mine"}) for n in range(20)]
        return target(database.config(), orders(*records, long=TEXT, **{f"own_{number}": TEXT}))

    with server(version) as (_, database), ThreadPoolExecutor(4) as loaders:
        results = list(loaders.map(load, range(4)))
        assert [result.exit_code for result in results] == [0] * 4, [result.log for result in results]
        assert database.count("ORDERS") == 80
        types = "SELECT data_type FROM user_tab_columns WHERE column_name = 'LONG'"
        assert database.query(types) == [("CLOB",)]
        for number in range(4):
            assert database.query(f'SELECT COUNT("OWN_{number}") FROM "ORDERS"') == [(20,)]
