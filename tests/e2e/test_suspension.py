"""
Constraints and indexes that are off during a load, and always back on.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

SETTINGS = {"disable_constraints_during_load": True, "log_level": "INFO", "retry_delay": 0}
TABLES = (
    "CREATE TABLE parents (id NUMBER(38) PRIMARY KEY)",
    """
    CREATE TABLE s (
        id NUMBER(38) CONSTRAINT s_pk PRIMARY KEY,
        note VARCHAR2(4000) CONSTRAINT s_full NOT NULL,
        CONSTRAINT s_parent FOREIGN KEY (id) REFERENCES parents (id),
        CONSTRAINT s_few CHECK (id < 100)
    )
    """,
    "CREATE INDEX s_note ON s (note)",
    "CREATE UNIQUE INDEX s_once ON s (id, note)",
)
ALL_ON = {
    "S_PK": "ENABLED",
    "S_FULL": "ENABLED",
    "S_PARENT": "ENABLED",
    "S_FEW": "ENABLED",
    "S_NOTE": "VALID",
}
OFF = {**ALL_ON, "S_PARENT": "DISABLED", "S_FEW": "DISABLED", "S_NOTE": "UNUSABLE"}


@pytest.fixture(params=[19, 23])
def served(request):
    with server(request.param) as (standin, database):
        database.run(*TABLES)
        yield standin, database


def status(database):
    return dict(
        database.query(
            "SELECT constraint_name, status FROM user_constraints WHERE table_name = 'S'"
            " UNION ALL SELECT index_name, status FROM user_indexes WHERE index_name = 'S_NOTE'"
        )
    )


def listed(database):
    return [
        name for (name,) in database.query('SELECT "NAME" FROM "TARGET_ORACLE_SUSPENDED" ORDER BY "NAME"')
    ]


def rows(*numbers):
    return lines([schema("s"), *(record("s", n) for n in numbers), state(len(numbers))])


def parents(database, *numbers):
    database.run(*(f"INSERT INTO parents VALUES ({n})" for n in numbers), "COMMIT")


def test_parents_may_come_after_their_children(within, served):
    standin, database = served
    data = lines([
        schema("s"), record("s", 1), record("s", 2),
        {"type": "SCHEMA", "stream": "parents", "schema": {"properties": {"id": {"type": "integer"}}},
         "key_properties": ["id"]},
        *({"type": "RECORD", "stream": "parents", "record": {"id": n}} for n in (1, 2)), state(2),
    ])  # fmt: skip
    result = within(database.config(**SETTINGS), data)
    assert (result.exit_code, result.states) == (0, [{"seen": 2}]), result.log
    assert "table S: off during the load: S_FEW, S_PARENT, S_NOTE" in result.log
    assert status(database) == ALL_ON
    assert listed(database) == []
    said = [each["sql"] for each in standin.statements()]
    first_row = next(n for n, sql in enumerate(said) if sql.startswith('INSERT INTO "APP"."S"'))
    assert [sql for sql in said[:first_row] if sql.endswith(('DISABLE CONSTRAINT "S_PARENT"', "UNUSABLE"))]
    assert [sql for sql in said[first_row:] if "ENABLE CONSTRAINT" in sql or "REBUILD" in sql]


def test_without_the_setting_all_stays_on(within, served):
    standin, database = served
    parents(database, 1)
    assert within(database.config(), rows(1)).exit_code == 0
    assert [each for each in standin.statements() if " DISABLE " in each["sql"]] == []


def test_rows_that_break_a_constraint_are_told_at_the_end(within, served):
    """
    The rows are in and their STATE is out; what cannot be switched on stays listed until a run that can.
    """
    _, database = served
    parents(database, 1, 2)
    result = within(database.config(**SETTINGS), rows(1, 2, 3, 100))
    assert (result.exit_code, result.states) == (4, [{"seen": 4}])
    for name, code in (("S_PARENT", "ORA-02298"), ("S_FEW", "ORA-02293")):
        assert (
            f"table S: constraint {name} cannot be switched on again ({code}); mend the rows, then run: "
            f'ALTER TABLE "APP"."S" ENABLE CONSTRAINT "{name}"'
        ) in result.last_line
    assert status(database) == {**OFF, "S_NOTE": "VALID"}
    assert listed(database) == ["S_FEW", "S_PARENT"]
    database.run("DELETE FROM s WHERE id > 2", "COMMIT")
    parents(database, 4)
    assert within(database.config(**SETTINGS), rows(4)).exit_code == 0
    assert status(database) == ALL_ON
    assert listed(database) == []


def test_a_run_that_fails_brings_all_back(within, served):
    """
    And commits nothing of the checkpoint that was open.
    """
    _, database = served
    parents(database, 1, 2)
    bad = lines([{"type": "RECORD", "stream": "s", "record": {"id": "x"}}])
    result = within(database.config(**SETTINGS, batch_size_rows=1), rows(1, 2) + bad)
    assert result.exit_code == 5, result.log
    assert status(database) == ALL_ON
    assert ids(database, "S") in ([], [1, 2])


def test_what_a_run_that_died_left_off_the_next_one_brings_back(within, served):
    """
    Also where a stream of another table is all that comes, by the same loader_id.
    """
    _, database = served
    settings = {**SETTINGS, "loader_id": "orders"}
    parents(database, 1)
    assert within(database.config(**settings), rows(1)).exit_code == 0
    died(database, "orders")
    other = lines([schema("others"), record("others", 1), state(1)])
    assert within(database.config(**settings), other).exit_code == 0
    assert status(database) == ALL_ON
    died(database, None)
    parents(database, 2)
    assert within(database.config(**SETTINGS), rows(2)).exit_code == 0
    assert status(database) == ALL_ON
    assert listed(database) == []


def died(database, loader):
    """
    Leave what a run leaves that is killed while it loads.
    """
    for kind, name in (("constraint", "S_PARENT"), ("constraint", "S_FEW"), ("index", "S_NOTE")):
        mark = f"'{loader}'" if loader else "NULL"
        database.run(
            f"INSERT INTO \"TARGET_ORACLE_SUSPENDED\" VALUES ('APP', 'S', '{kind}', 'APP', '{name}', {mark})"
        )
    database.run(
        "ALTER TABLE s DISABLE CONSTRAINT s_parent", "ALTER TABLE s DISABLE CONSTRAINT s_few",
        "ALTER INDEX s_note UNUSABLE",
    )  # fmt: skip
    assert status(database) == OFF


def test_a_constraint_that_the_operator_had_off_stays_off(within, served):
    _, database = served
    database.run("ALTER TABLE s DISABLE CONSTRAINT s_few")
    parents(database, 1)
    assert within(database.config(**SETTINGS), rows(1)).exit_code == 0
    assert status(database) == {**ALL_ON, "S_FEW": "DISABLED"}


def test_without_ddl_it_is_refused(within, served):
    _, database = served
    result = within(database.config(**SETTINGS, ddl_mode="none"), rows(1))
    assert result.exit_code == 4
    assert "disable_constraints_during_load alters its table, and ddl_mode is none" in result.last_line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_nothing_off_and_a_kill_only_until_the_next_run(target, within, served, number):
    _, database = served
    parents(database, 1, 2)
    process = target.start(database.config(**SETTINGS, batch_wait_limit_seconds=0.1))
    process.stdin.write(rows(1))
    process.stdin.flush()
    assert process.stdout.readline() == b'{"seen":1}\n'
    assert status(database) == OFF
    process.send_signal(number)
    process.wait(60)
    assert status(database) == (ALL_ON if number is signal.SIGTERM else OFF)
    assert within(database.config(**SETTINGS), rows(2)).exit_code == 0
    assert status(database) == ALL_ON
    assert listed(database) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_that_is_cut_at_any_message_leaves_nothing_off(within, moment):
    first, last = messages(within)
    assert last > first + 20
    for number in range(first, last + 1):
        fault = f"cut@message:{number}:{moment}"
        with prepared(fault) as (_, database):
            result = within(database.config(**SETTINGS, max_retries=4), rows(1, 2))
            assert result.exit_code == 0, (fault, result.log)
            assert status(database) == ALL_ON, (fault, result.log)
            assert listed(database) == [], fault
            assert ids(database, "S") == [1, 2], fault


@contextmanager
def prepared(*faults):
    with server(23, *faults) as (standin, database):
        database.run(*TABLES)
        parents(database, 1, 2)
        yield standin, database


def messages(within):
    """
    The first and the last message of a run, as the server counts them.
    """
    with prepared() as (standin, database):
        first = standin.stats()["messages"] + 1
        assert within(database.config(**SETTINGS), rows(1, 2)).exit_code == 0
        return first, standin.stats()["messages"]
