"""
Constraints and indexes that are off during a load, and always back on.
"""

from __future__ import annotations

import json
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


def is_any_listed(database):
    """
    Tell whether the list is there and names a constraint or an index.
    """
    there = database.query("SELECT 1 FROM user_tables WHERE table_name = 'TARGET_ORACLE_SUSPENDED'")
    query = 'SELECT 1 FROM "TARGET_ORACLE_SUSPENDED" WHERE "KIND" <> \'run\''
    return bool(there and database.query(query))


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


BROUGHT_BACK = "table S: left off by a run that ended early, on again: S_FEW, S_PARENT, S_NOTE"


def test_where_the_list_cannot_be_made_nothing_is_switched_off_and_the_load_stops(within, served):
    standin, database = served
    parents(database, 1)
    standin.database.revoke(database.user, "CREATE TABLE")
    result = within(database.config(**SETTINGS, ledger=False), rows(1))
    assert (result.exit_code, result.states) == (4, []), result.log
    assert "ORA-01031" in result.last_line
    assert "CREATE TABLE" in result.last_line
    assert status(database) == ALL_ON
    assert database.query("SELECT COUNT(*) FROM s") == [(0,)]


@pytest.fixture
def left(within, served):
    """
    A database in which the list of what is off has been made, and loader `orders` has died.
    """
    _, database = served
    parents(database, 1, 2)
    assert within(database.config(**SETTINGS), rows(1)).exit_code == 0
    died(database, "orders")
    return database


@pytest.mark.parametrize("settings", [SETTINGS, {"log_level": "INFO"}], ids=["with", "without"])
@pytest.mark.parametrize("loader", [{}, {"loader_id": "others"}, {"ledger": False}])
def test_what_a_run_left_off_any_other_that_loads_the_table_brings_back(within, left, settings, loader):
    """
    With the setting and without it; and it says so once.
    """
    result = within(left.config(**settings, **loader), rows(2))
    assert result.exit_code == 0, result.log
    assert result.log.count(BROUGHT_BACK) == 1, result.log
    assert status(left) == ALL_ON
    assert listed(left) == []


@pytest.mark.parametrize("settings", [SETTINGS, {"log_level": "INFO"}], ids=["with", "without"])
@pytest.mark.parametrize("ledger", [True, False])
def test_what_a_loader_left_off_its_next_run_brings_back_whatever_it_loads(within, left, settings, ledger):
    settings = {**settings, "loader_id": "orders"} if ledger else settings
    other = lines([schema("others"), record("others", 1), state(1)])
    result = within(left.config(**settings, ledger=ledger), other)
    assert result.exit_code == 0, result.log
    assert result.log.count(BROUGHT_BACK) == int(ledger), result.log
    assert status(left) == (ALL_ON if ledger else OFF)


def test_without_the_setting_all_is_on_before_the_first_row(within, served, left):
    standin, _ = served
    result = within(left.config(), rows(2, 3))
    assert result.exit_code == 5, result.log
    assert "rejected: input line 3 stream s: ORA-02291" in result.log
    said = [each["sql"] for each in standin.statements()]
    row = max(n for n, sql in enumerate(said) if sql.startswith('INSERT INTO "APP"."S"'))
    assert max(n for n, sql in enumerate(said) if "ENABLE CONSTRAINT" in sql) < row


def test_what_the_rows_do_not_allow_at_the_start_is_tried_again_at_the_end(within, left):
    left.run("INSERT INTO s VALUES (4, 'an orphan')", "COMMIT")
    result = within(left.config(log_level="INFO"), rows(2))
    assert result.exit_code == 4
    assert "table S: its rows do not allow all of what is off; tried again at the end" in result.log
    assert 'mend the rows, then run: ALTER TABLE "APP"."S" ENABLE CONSTRAINT "S_PARENT"' in result.last_line
    assert status(left) == {**ALL_ON, "S_PARENT": "DISABLED"}
    parent = {"type": "RECORD", "stream": "parents", "record": {"id": 4}}
    shape = {"type": "SCHEMA", "stream": "parents", "key_properties": ["id"]}
    shape["schema"] = {"properties": {"id": {"type": "integer"}}}
    result = within(left.config(), rows(2)[: rows(2).index(b"\n") + 1] + lines([shape, parent, state(1)]))
    assert result.exit_code == 0, result.log
    assert status(left) == ALL_ON
    assert listed(left) == []


def test_what_somebody_else_has_switched_off_since_stays_off(within, left):
    """
    The list keeps the dictionary's time of each change; another time is another hand.
    """
    left.run(
        'UPDATE "TARGET_ORACLE_SUSPENDED" SET "CHANGED_AT" = (SELECT last_change - CASE WHEN'
        " constraint_name = 'S_FEW' THEN 1 ELSE 0 END FROM user_constraints WHERE constraint_name = \"NAME\")"
        " WHERE \"KIND\" = 'constraint'",
        "COMMIT",
    )
    result = within(left.config(), rows(2))
    assert result.exit_code == 0, result.log
    assert (
        "table S: constraint S_FEW was switched off by somebody else after a load had done so; it stays off"
    ) in result.log
    assert status(left) == {**ALL_ON, "S_FEW": "DISABLED"}
    assert listed(left) == []


def test_what_somebody_else_has_brought_back_is_not_touched(within, served, left):
    standin, _ = served
    left.run("ALTER TABLE s ENABLE CONSTRAINT s_few")
    before = len(standin.statements())
    assert within(left.config(), rows(2)).exit_code == 0
    said = [each["sql"] for each in standin.statements()[before:]]
    assert not any('ENABLE CONSTRAINT "S_FEW"' in sql for sql in said)
    assert listed(left) == []


def test_what_a_run_that_lives_has_off_stays_off_until_its_end(target, within, served):
    _, database = served
    parents(database, 1, 2, 3)
    process = target.start(database.config(**SETTINGS, batch_wait_limit_seconds=0.1))
    process.stdin.write(rows(1))
    process.stdin.flush()
    assert process.stdout.readline() == b'{"seen":1}\n'
    for settings, number in (({}, 2), (SETTINGS, 3)):
        assert within(database.config(**settings), rows(number)).exit_code == 0
        assert status(database) == OFF
    process.stdin.close()
    assert process.wait(60) == 0
    assert status(database) == ALL_ON
    assert listed(database) == []


def test_without_ddl_the_statements_for_the_dba_are_told(within, left):
    result = within(left.config(ddl_mode="none"), rows(2))
    assert result.exit_code == 0, result.log
    assert (
        "table S: constraint S_FEW is off since another load, and ddl_mode is none; if that runs no more, "
        'ask the DBA to run: ALTER TABLE "APP"."S" ENABLE CONSTRAINT "S_FEW"'
    ) in result.log
    assert status(left) == OFF
    assert listed(left) == ["S_FEW", "S_NOTE", "S_PARENT"]


def test_the_check_reports_what_is_off(target, within, left):
    for ledger in (True, False):
        result = target(left.config(ledger=ledger), b"", "--check", "--format", "json")
        (found,) = [each for each in json.loads(result.stdout)["findings"] if each["name"] == "switched off"]
        assert found["level"] == "warning"
        assert "APP.S: constraint S_FEW, APP.S: constraint S_PARENT, APP.S: index S_NOTE" in found["value"]
        assert 'ALTER INDEX "APP"."S_NOTE" REBUILD' in found["cure"]
    assert within(left.config(), rows(2)).exit_code == 0
    assert "switched off" not in target(left.config(), b"", "--check").stdout.decode()


def test_a_schema_without_a_list_is_not_asked_for_it(within, served):
    standin, database = served
    parents(database, 1)
    assert within(database.config(), rows(1)).exit_code == 0
    assert [each for each in standin.statements() if "SUSPENDED" in each["sql"]] == []


@pytest.mark.parametrize(("version", "ledger"), [(19, False), (23, True)])
def test_a_run_that_is_killed_at_any_message_leaves_nothing_off_beyond_the_next_run(within, version, ledger):
    """
    The server hears nothing more from some message on.

    The next run is without the setting, and what was off before stays off.
    """
    settings = {**SETTINGS, "ledger": ledger, "max_retries": 0}
    first, last = messages(within, version, **settings)
    assert last > first + 20
    for number in range(1, last - first + 2):
        fault = f"cut@message:{number}-99999:before"
        with prepared(version=version) as (standin, database):
            database.run("ALTER TABLE s ADD CONSTRAINT s_more CHECK (id < 50) DISABLE")
            standin.arm(fault)
            within(database.config(**settings), rows(1))
            standin.arm()
            result = within(database.config(ledger=ledger, load_method="upsert"), rows(2))
            assert result.exit_code == 0, (fault, result.log)
            assert status(database) == {**ALL_ON, "S_MORE": "DISABLED"}, (fault, result.log)
            assert not is_any_listed(database), fault


def died(database, loader):
    """
    Leave what a run leaves that is killed while it loads.
    """
    for kind, name in (("constraint", "S_PARENT"), ("constraint", "S_FEW"), ("index", "S_NOTE")):
        mark = f"'{loader}'" if loader else "NULL"
        database.run(
            'INSERT INTO "TARGET_ORACLE_SUSPENDED" VALUES'
            f" ('APP', 'S', '{kind}', 'APP', '{name}', {mark}, 'dead', NULL)"
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
def prepared(*faults, version=23):
    with server(version, *faults) as (standin, database):
        database.run(*TABLES)
        parents(database, 1, 2)
        yield standin, database


def messages(within, version=23, **settings):
    """
    The first and the last message of a run, as the server counts them.
    """
    with prepared(version=version) as (standin, database):
        first = standin.stats()["messages"] + 1
        assert within(database.config(**{**SETTINGS, **settings}), rows(1, 2)).exit_code == 0
        return first, standin.stats()["messages"]
