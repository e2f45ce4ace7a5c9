"""
What a database can do to a load short of losing it: each ends well, or stops and says what to ask for.
"""

from __future__ import annotations

import time
from contextlib import closing

import oracledb
import pytest

from target_oracle.oracle import session as session_module
from tests.e2e.loads import compiled, ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

BASE = {"retry_delay": 0, "commit_interval_rows": 3, "batch_size_rows": 3}
# Nine rows in three checkpoints.
DATA = lines(
    [schema("events", keys=())]
    + [
        message
        for n in range(1, 10)
        for message in (record("events", n), state(n))
        if n % 3 == 0 or message["type"] == "RECORD"
    ]
)
both_versions = pytest.mark.parametrize("version", [19, 23])


def assert_all_in(result, database):
    assert result.exit_code == 0, result.log
    assert ids(database, "EVENTS") == list(range(1, 10))
    assert result.states == [{"seen": 3}, {"seen": 6}, {"seen": 9}]


# --- the answer to COMMIT


@both_versions
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_to_commit_that_never_comes_is_resolved_through_the_ledger(within, version, moment):
    """
    The server is silent for longer than call_timeout, has acted or acts later, and the connection is gone.
    """
    # Commits 1 and 2 are the ledger's row and its first checkpoint; before them comes the table.
    with server(version, f"stall@commit:3:2s:{moment}") as (_, database):
        result = within(database.config(**BASE, call_timeout=0.4), DATA)
        assert_all_in(result, database)
        assert "the answer to COMMIT was lost" in result.log


@both_versions
def test_a_commit_that_wakes_up_late_writes_nothing(within, version):
    """
    The session that was given up for lost acts after the replay: its token is gone, so its rows are not in.
    """
    with server(version, "stall@commit:3:1.5s") as (standin, database):
        result = within(database.config(**BASE, call_timeout=0.3), DATA)
        assert_all_in(result, database)
        standin.stopping.wait(1.5)
        assert ids(database, "EVENTS") == list(range(1, 10))


@both_versions
def test_a_server_that_restarts_within_commit_costs_nothing(within, version):
    with server(version, "restart@commit:3:0.3s") as (_, database):
        assert_all_in(within(database.config(**BASE | {"retry_delay": 0.2}), DATA), database)


# --- codes that pass


PASSING = {
    "ora-00060@dml:3": "ORA-00060",
    "ora-00060@commit:3": "ORA-00060",
    "ora-08177@dml:3": "ORA-08177",
    "ora-08177@commit:3": "ORA-08177",
    "ora-03113@dml:3": "ORA-03113",
    "ora-03113@commit:3": "ORA-03113",
    "ora-03113@message:9": "ORA-03113",
    "ora-12514@connect:1-2": "12514",
    "ora-01033@connect:1-2": "ORA-01033",
    "ora-12541@connect:1-2": "12541",
    "ora-00054@dml:3": "ORA-00054",
    "ora-04021@dml:4": "ORA-04021",
    "ora-00904@dml:3": "ORA-00904",
    "ora-00028@dml:4": "ORA-00028",
    "ora-02396@dml:4": "ORA-02396",
    "ora-01089@dml:4": "ORA-01089",
}


@both_versions
@pytest.mark.parametrize("fault", PASSING)
def test_a_code_that_passes_costs_a_retry_and_is_told(within, version, fault):
    with server(version, fault) as (_, database):
        result = within(database.config(**BASE), DATA)
        assert_all_in(result, database)
        assert PASSING[fault] in result.log
        assert "try 1 of 5" in result.log


@both_versions
def test_retries_end(within, version):
    with server(version, "ora-00060@dml:3-99") as (_, database):
        result = within(database.config(**BASE, max_retries=3), DATA)
        assert result.exit_code == 4
        assert "given up after 3 retries" in result.last_line
        assert "ORA-00060" in result.last_line


# --- codes that stop


STOPPING = {
    "ora-01653@dml:4": "ask the DBA to add a data file",
    "ora-01536@dml:4": "QUOTA",
    "ora-01031@ddl:2-9": "GRANT CREATE TABLE",
    "ora-01031@dml:4": "privilege",
    "ora-30036@dml:4": "undo",
    "ora-01653@commit:3": "ask the DBA to add a data file",
}


@both_versions
@pytest.mark.parametrize("fault", STOPPING)
def test_a_code_that_asks_for_the_dba_stops_the_run_and_is_no_reject(within, tmp_path, version, fault):
    rejects = tmp_path / "rejects.jsonl"
    with server(version, fault) as (_, database):
        result = within(database.config(**BASE, max_rejects=100, reject_file=str(rejects)), DATA)
        assert result.exit_code == 4
        assert fault[:9].upper() in result.last_line
        assert STOPPING[fault] in result.last_line
        assert rejects.read_bytes() == b""
        there = ids(database, "EVENTS") if "EVENTS" in database.tables() else []
        assert [each["seen"] for each in result.states] == [n for n in (3, 6, 9) if n <= len(there)]
        assert there == list(range(1, len(there) + 1))


@both_versions
@pytest.mark.parametrize("code", ["01017", "28000", "28001"])
def test_a_refused_log_in_is_never_tried_again(within, version, code):
    """
    A second try could lock the account.
    """
    with server(version, f"ora-{code}@connect:1-9") as (standin, database):
        result = within(database.config(**BASE), DATA)
        assert result.exit_code == 4
        assert f"ORA-{code}" in result.last_line
        assert standin.stats()["connections"] == 1


# --- rows that fail their array


@both_versions
def test_a_row_that_fails_its_whole_array_is_the_only_reject(within, tmp_path, version):
    """
    The call fails with a row's code and tells no row: it is looked for by halves.
    """
    config = BASE | {"batch_size_rows": 9, "commit_interval_rows": 9, "decoder": "python"}
    # 1 misses the ledger's table, 2 makes its row; then 1 to 9, and apart: 1 to 9, 1 to 4, 1 to 2, row 1.
    with server(version, "ora-01461@dml:3-7") as (_, database):
        rejects = tmp_path / "rejects.jsonl"
        result = within(database.config(**config, max_rejects=1, reject_file=str(rejects)), DATA)
        assert result.exit_code == 0, result.log
        assert len(ids(database, "EVENTS")) == 8
        assert rejects.read_text().count("_reject") == 1
        assert "ORA-01461" in rejects.read_text()


@compiled
@both_versions
@pytest.mark.parametrize("code", ["ora-24816", "ora-00932"])
def test_columns_that_the_database_refuses_go_as_rows(within, version, code):
    """
    3 is the array of columns, 4 the same as rows; what comes later is sent as rows at once.
    """
    config = BASE | {"batch_size_rows": 3, "commit_interval_rows": 3, "log_level": "INFO"}
    with server(version, f"{code}@dml:3") as (_, database):
        result = within(database.config(**config), DATA)
        assert result.exit_code == 0, result.log
        assert sorted(ids(database, "EVENTS")) == list(range(1, 10))
        assert result.log.count("records go as rows, not as columns") == 1


# --- a connection that is silent


def test_a_sign_of_life_is_not_waited_for_without_end(monkeypatch):
    """
    A firewall that swallows everything looks like a server that never answers.
    """
    monkeypatch.setattr(session_module, "PING_SECONDS", 0.3)
    with server(23) as (standin, database), closing(database.connect()) as connection:
        one = session_module.Session(connection)
        one.ping()
        assert connection.call_timeout == 0
        standin.arm("stall@message:1:20s")
        began = time.monotonic()
        with pytest.raises(oracledb.Error):
            one.ping()
        assert time.monotonic() - began < 10
