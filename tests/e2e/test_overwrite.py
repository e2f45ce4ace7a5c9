"""
Overwrite: readers see the old rows or the new ones, whatever happens; the table keeps what hangs on it.
"""

from __future__ import annotations

import random
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from tests.databases import Database
from tests.messages import LONG, TEXT, activate, joined, record, schema, state

SHAPE = schema("s", name=TEXT)
STRATEGIES = ("swap", "delete", "truncate")


def rows(name, count):
    return [record("s", id=n, name=name) for n in range(count)]


def config_of(database, **more):
    return database.config(load_method="overwrite", batch_size_rows=20, max_transaction_rows=40, **more)


def stored(database):
    return database.query('SELECT "NAME", COUNT(*) FROM "S" GROUP BY "NAME" ORDER BY "NAME"')


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_new_rows_take_the_place_of_the_old_ones(within, database, strategy):
    config = config_of(database, overwrite_strategy=strategy)
    for name, count in (("old", 50), ("new", 130)):
        result = within(config, joined(SHAPE, *rows(name, count), state(name)))
        assert result.exit_code == 0, result.log
        assert result.states == [name]
        assert stored(database) == [(name, count)]
    assert database.tables() == ["S"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_session_that_changes_tables_in_parallel_is_opened_again_as_one_that_does_not(
    within, database, strategy
):
    """
    As the services MEDIUM and HIGH of an Autonomous Database: what took the old rows away has the table.
    """
    parallel = ["ALTER SESSION ENABLE PARALLEL DML"]
    config = config_of(database, overwrite_strategy=strategy, session_sql=parallel, retry_delay=0)
    for name, count in (("old", 50), ("new", 70)):
        result = within(config, joined(SHAPE, *rows(name, count), state(name)))
        assert result.exit_code == 0, result.log
        assert result.states == [name]
        assert stored(database) == [(name, count)]
    assert database.tables() == ["S"]


def test_a_table_without_keys_keeps_every_row(within, database):
    config = config_of(database)
    shape = schema("s", keys=(), name=TEXT)
    for _ in range(2):
        assert within(config, joined(shape, *rows("a", 3), *rows("b", 2))).exit_code == 0
    assert stored(database) == [("a", 3), ("b", 2)]


def test_the_last_row_of_a_key_wins_over_the_whole_stream(within, database):
    result = within(config_of(database), joined(SHAPE, *rows("early", 60), *rows("late", 30)))
    assert result.exit_code == 0, result.log
    assert stored(database) == [("early", 30), ("late", 30)]


def test_indexes_comments_and_grants_stay(within, database):
    config = config_of(database)
    assert within(config, joined(SHAPE, *rows("old", 3))).exit_code == 0
    database.run('CREATE INDEX "S_NAME" ON "S" ("NAME")', 'GRANT SELECT ON "S" TO PUBLIC')
    questions = (
        "SELECT index_name FROM user_indexes WHERE table_name = 'S' ORDER BY index_name",
        "SELECT object_id FROM user_objects WHERE object_name = 'S'",
        "SELECT grantee, privilege FROM user_tab_privs WHERE table_name = 'S'",
        "SELECT comments FROM user_tab_comments WHERE table_name = 'S'",
        "SELECT constraint_name FROM user_constraints WHERE table_name = 'S' ORDER BY constraint_name",
    )
    before = [database.query(question) for question in questions]
    assert within(config, joined(SHAPE, *rows("new", 4))).exit_code == 0
    assert [database.query(question) for question in questions] == before
    assert stored(database) == [("new", 4)]


@pytest.mark.parametrize(("empties", "expected"), [(False, [("old", 3)]), (True, [])])
def test_a_stream_without_records_empties_its_table_only_when_told(within, database, empties, expected):
    config = config_of(database, overwrite_empty=empties)
    assert within(config, joined(SHAPE, *rows("old", 3))).exit_code == 0
    assert within(config, joined(SHAPE, state(1))).exit_code == 0
    assert stored(database) == expected


def test_activate_version_switches_before_the_end(within, database):
    """
    What comes behind it gathers anew, and takes the place of all when the input ends.
    """
    config = config_of(database)
    data = joined(SHAPE, activate("s", 1), *rows("first", 30), activate("s", 1), state(1))
    assert within(config, data).states == [1]
    assert stored(database) == [("first", 30)]
    data = joined(SHAPE, *rows("second", 30), activate("s", 2), state(2), *rows("third", 10), state(3))
    assert within(config, data).states == [2, 3]
    assert stored(database) == [("third", 10)]


def test_an_input_that_breaks_off_leaves_the_old_rows_and_gives_no_state(within, database):
    config = config_of(database)
    assert within(config, joined(SHAPE, *rows("old", 3))).exit_code == 0
    result = within(config, joined(SHAPE, state(1), *rows("new", 90), state(2)) + b'{"type":"RECORD","str')
    assert result.exit_code == 3
    assert result.states == [1]
    assert stored(database) == [("old", 3)]
    assert database.tables() == ["S"]


def test_a_column_that_grows_on_the_way_loses_no_row(within, database):
    """
    The work table changes its shape with the table: from 100 characters to a CLOB, and a column more.
    """
    config = config_of(database)
    data = joined(
        SHAPE,
        *rows("first", 30),
        schema("s", name=LONG, more=TEXT),
        record("s", id=77, name="x" * 5000, more="m"),
    )
    result = within(config, data)
    assert result.exit_code == 0, result.log
    assert database.count("S") == 31
    assert database.query('SELECT "ID" FROM "S" WHERE "MORE" = \'m\'') == [(77,)]
    assert database.tables() == ["S"]


def test_a_row_that_the_table_refuses_leaves_the_old_rows(within, database):
    config = config_of(database)
    assert within(config, joined(SHAPE, *rows("old", 3))).exit_code == 0
    database.run('ALTER TABLE "S" ADD CONSTRAINT "SHORT" CHECK (LENGTH("NAME") < 5)')
    result = within(config, joined(SHAPE, *rows("too long", 3), state(1)))
    assert result.exit_code == 4
    assert result.states == []
    assert stored(database) == [("old", 3)]


def test_rows_that_are_appended_beside_it_come_once_over_a_run_that_broke_off(within, database):
    """
    They are committed while the STATEs wait for the switch; the next run knows them again.
    """
    config = database.config(
        streams={"s": {"load_method": "overwrite"}}, loader_id="both", commit_interval_rows=2
    )
    messages = [schema("log", keys=(), n={"type": "integer"}), SHAPE, state(0)]
    for number in range(5):
        messages += [
            record("s", id=number, name="new"),
            record("log", id=number, n=number),
            state(number + 1),
        ]
    assert within(config, joined(*messages[:-4]) + b'{"type":"RECORD","str').exit_code == 3
    assert database.count("LOG") == 4
    for _ in range(2):
        result = within(config, joined(*messages[:-4]) + b'{"type":"RECORD","str')
        assert result.exit_code == 3, result.log
        assert (database.count("LOG"), database.count("S")) == (4, 0)
    result = within(config, joined(*messages))
    assert result.exit_code == 0, result.log
    assert result.states[-1] == 5
    assert (database.count("LOG"), database.count("S")) == (5, 5)


@contextmanager
def watched(database):
    """
    Give what a reader sees that looks at the table again and again meanwhile.
    """
    seen, ended = set(), threading.Event()

    def look():
        with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
            while not ended.is_set():
                cursor.execute('SELECT COUNT(*), SUM("ID"), MIN("NAME"), MAX("NAME") FROM "S"')
                seen.update(cursor.fetchall())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("strategy", ["swap", "delete"])
def test_a_reader_sees_the_old_rows_or_the_new_ones(target, database, strategy):
    config = config_of(database, overwrite_strategy=strategy)
    assert target(config, joined(SHAPE, *rows("old", 100))).exit_code == 0
    with watched(database) as seen:
        assert target(config, joined(SHAPE, *rows("new", 300))).exit_code == 0
    old, new = (100, sum(range(100)), "old", "old"), (300, sum(range(300)), "new", "new")
    assert seen <= {old, new}
    assert old in seen


@pytest.mark.standin
@pytest.mark.parametrize("seed", range(2))
def test_a_load_that_is_killed_leaves_the_old_rows_or_the_new_ones(target, standin, seed):
    """
    Twenty-five kills a seed, and then a run that ends.
    """
    server = standin(version=19)
    database = Database(server.dsn, server.user, server.password, 19)
    chance = random.Random(seed)  # noqa: S311  # no secret
    config = config_of(database, log_level="WARNING")
    assert target(config, joined(SHAPE, *rows("old", 50))).exit_code == 0
    data = joined(SHAPE, *rows("new", 200), state(1))
    for _ in range(25):
        process = target.start(config)
        timer = threading.Timer(chance.uniform(0.2, 1.5), process.kill)
        timer.start()
        with suppress(OSError):
            process.communicate(data)
        timer.cancel()
        assert stored(database) in ([("old", 50)], [("new", 200)])
    assert target(config, data).states == [1]
    assert stored(database) == [("new", 200)]
    assert database.tables() == ["S"]


@pytest.mark.standin
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_cut_at_the_switch_is_made_good(within, standin, when):
    """
    The commits: the ledger's row, two of the gathering, the switch.
    """
    for commit in range(2, 6):
        server = standin(version=23, faults=[f"cut@commit:{commit}:{when}"])
        database = Database(server.dsn, server.user, server.password, 23)
        result = within(config_of(database, retry_delay=0.01), joined(SHAPE, *rows("new", 70), state(1)))
        assert result.exit_code == 0, result.log
        assert result.states == [1]
        assert stored(database) == [("new", 70)]


def test_a_truncate_that_foreign_keys_forbid_says_what_does_without(within, database):
    config = config_of(database, overwrite_strategy="truncate")
    assert within(config, joined(SHAPE, *rows("old", 3))).exit_code == 0
    database.run('CREATE TABLE "CHILD" ("OF_S" NUMBER REFERENCES "S" ("ID"))')
    result = within(config, joined(SHAPE, *rows("new", 3)))
    assert result.exit_code == 4
    assert "ORA-02266" in result.last_line
    assert "overwrite_strategy" in result.last_line
    assert stored(database) == [("old", 3)]
    database.run('DROP TABLE "CHILD" PURGE')
