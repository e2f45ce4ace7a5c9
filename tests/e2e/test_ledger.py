"""
The ledger as a DBA and an orchestrator see it: its table, its rows, the STATE that it keeps.
"""

from __future__ import annotations

import re

import pytest

from target_oracle.oracle.ledger import ddl
from tests.e2e.loads import ids, lines, record, schema, server, state
from tests.program import CHECKOUT

pytestmark = pytest.mark.standin

DATA = lines([schema("events", keys=()), record("events", 1), state(1), record("events", 2), state(2)])
EACH = {"commit_interval_rows": 1}
OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text()
both_versions = pytest.mark.parametrize("version", [19, 23])


def entries(database):
    return database.query(
        'SELECT "LOADER_ID", "CHECKPOINT", "STATE_JSON", "ROWS_TOTAL" FROM "TARGET_ORACLE_LEDGER" ORDER BY '
        '"LOADER_ID"'
    )


@both_versions
def test_a_run_without_a_loader_id_leaves_no_row(within, version):
    with server(version) as (_, database):
        assert within(database.config(), DATA).exit_code == 0
        assert entries(database) == []


@both_versions
def test_a_run_with_a_loader_id_leaves_its_last_state_and_its_lease(within, version):
    with server(version) as (_, database):
        config = database.config(**EACH, loader_id="orders")
        assert within(config, DATA).exit_code == 0
        assert entries(database) == [("orders", 2, '{"seen":2}', 2), ("orders (lease)", 0, None, 0)]
        result = within(config, b"", "--print-state")
        assert (result.exit_code, result.stdout) == (0, b'{"seen":2}\n')


def test_the_state_is_printed_from_a_session_that_is_set_up_as_a_loads(within):
    """
    Its current schema may be another, and with it the ledger.
    """
    with server(23) as (standin, database):
        given = "ALTER SESSION SET CURRENT_SCHEMA = app"
        config = database.config(loader_id="orders", session_sql=[given])
        assert within(config, DATA).exit_code == 0
        before = len(standin.statements())
        assert within(config, b"", "--print-state").stdout == b'{"seen":2}\n'
        assert standin.statements()[before]["sql"] == given


@both_versions
def test_there_is_no_state_to_print_before_the_first_run(within, version):
    with server(version) as (_, database):
        result = within(database.config(loader_id="orders"), b"", "--print-state")
        assert (result.exit_code, result.stdout) == (0, b"")


@both_versions
def test_the_ledger_may_be_made_beforehand_and_has_the_name_that_was_given(within, version):
    """
    By a DBA, with the documented definition.
    """
    (documented,) = re.findall(
        r"```sql\n(CREATE TABLE \"TARGET_ORACLE_LEDGER\".*?);\n```", OPERATIONS, re.DOTALL
    )
    assert " ".join(documented.split()).replace("( ", "(").replace(" )", ")") == ddl('"TARGET_ORACLE_LEDGER"')
    with server(version) as (_, database):
        database.run(documented.replace("TARGET_ORACLE_LEDGER", "BOOKS"))
        config = database.config(ledger_table="BOOKS", loader_id="orders")
        assert within(config, DATA).exit_code == 0
        assert database.query('SELECT COUNT(*) FROM "BOOKS"') == [(2,)]
        assert "TARGET_ORACLE_LEDGER" not in {
            name for (name,) in database.query("SELECT table_name FROM user_tables")
        }


@both_versions
@pytest.mark.parametrize("code", ["01031", "01950"])
def test_a_missing_right_to_create_the_ledger_is_told_with_what_to_do(within, version, code):
    with server(version, f"ora-{code}@ddl:1") as (_, database):
        result = within(database.config(), DATA)
        assert result.exit_code == 4
        for said in ("GRANT CREATE TABLE", 'CREATE TABLE "TARGET_ORACLE_LEDGER"', "set ledger to false"):
            assert said in result.last_line
        assert result.stdout == b""


@both_versions
def test_a_load_without_a_ledger_makes_no_table_for_it(within, version):
    with server(version) as (_, database):
        assert within(database.config(ledger=False), DATA).exit_code == 0
        assert database.query("SELECT table_name FROM user_tables") == [("EVENTS",)]
        assert ids(database, "EVENTS") == [1, 2]


@both_versions
def test_without_a_ledger_a_lost_answer_to_commit_is_told(within, version):
    with server(version, "cut@commit:1:after") as (_, database):
        result = within(database.config(ledger=False, retry_delay=0), DATA)
        assert result.exit_code == 0
        assert "there is no ledger to ask" in result.log


@both_versions
def test_a_row_that_is_removed_while_a_run_uses_it_stops_the_run(target, version):
    """
    Nothing could be said of a later commit whose answer is lost, so there is none.
    """
    with server(version) as (_, database):
        process = target.start(database.config(**EACH, loader_id="orders"))
        process.stdin.write(DATA)
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(2)] == [b'{"seen":1}\n', b'{"seen":2}\n']
        database.run('DELETE FROM "TARGET_ORACLE_LEDGER" WHERE "LOADER_ID" = \'orders\'')
        stdout, stderr = process.communicate(lines([record("events", 3), state(3)]), timeout=60)
        assert (process.returncode, stdout) == (4, b"")
        assert b"was removed while this run used it" in stderr.splitlines()[-1]


@both_versions
def test_rows_that_are_in_beyond_the_last_state_are_not_loaded_again(target, within, version):
    """
    The timer commits rows 3 and 4 before their STATE comes; the run is killed; the tap sends them again.
    """
    with server(version) as (_, database):
        config = database.config(loader_id="orders", batch_wait_limit_seconds=0.1)
        process = target.start(config)
        process.stdin.write(DATA + lines([record("events", 3), record("events", 4)]))
        process.stdin.flush()
        assert process.stdout.readline() == b'{"seen":2}\n'
        while len(ids(database, "EVENTS")) < 4:
            assert process.poll() is None
        process.kill()
        process.wait()
        again = lines([schema("events", keys=()), *(record("events", n) for n in range(3, 7)), state(6)])
        result = within(config, again)
        assert result.exit_code == 0
        assert "4 received, 2 inserted, 2 skipped" in result.log
        assert ids(database, "EVENTS") == [1, 2, 3, 4, 5, 6]
