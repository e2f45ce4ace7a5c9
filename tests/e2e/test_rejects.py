"""
Rejects: where they go, how many there may be, what they show, and how they load after the cure.
"""

from __future__ import annotations

import json
import stat
import subprocess

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

both_versions = pytest.mark.parametrize("version", [19, 23])
BAD = [{"type": "RECORD", "stream": "events", "record": {"id": "bad", "note": "bad", "card": "4111-1111"}}]
SCHEMA = [schema("events", keys=(), card={"type": ["null", "string"]})]
GOOD = [record("events", n, card=f"card {n}") for n in range(1, 5)]


def rejected(database, *columns):
    listed = ", ".join(f'"{name}"' for name in columns)
    return database.query(f'SELECT {listed} FROM "REJECTS" ORDER BY "LINE"')


# --- the table


@both_versions
def test_a_reject_goes_into_the_table_with_where_it_came_from_and_why(within, version):
    with server(version) as (_, database):
        config = database.config(max_rejects=1, reject_table="REJECTS")
        result = within(config, lines([*SCHEMA, *GOOD, *BAD, state(5)]))
        assert (result.exit_code, result.states) == (0, [{"seen": 5}]), result.log
        assert rejected(database, "STREAM", "LINE", "PROPERTY") == [("events", 6, "id")]
        ((code, reason, message, run),) = rejected(database, "CODE", "REASON", "MESSAGE", "RUN_ID")
        assert code
        assert "bad" not in reason
        assert json.loads(message)["record"] == BAD[0]["record"]
        assert json.loads(message)["_reject"]["line"] == 6
        assert run
        assert ids(database, "EVENTS") == [1, 2, 3, 4]


@both_versions
def test_a_reject_is_in_the_table_once_although_its_checkpoint_is_sent_twice(within, version):
    """
    It is written in the checkpoint's transaction: gone with it, and there again with its replay.
    """
    for fault in ("cut@commit:2:before", "cut@commit:2:after", "ora-00060@commit:2"):
        with server(version, fault) as (_, database):
            config = database.config(max_rejects=1, reject_table="REJECTS", retry_delay=0)
            result = within(config, lines([*SCHEMA, *GOOD, *BAD, state(5)]))
            assert result.exit_code == 0, (fault, result.log)
            assert len(rejected(database, "LINE")) == 1, fault
            assert ids(database, "EVENTS") == [1, 2, 3, 4], fault


@both_versions
def test_rejects_over_budget_are_in_the_table_and_nothing_else_of_their_checkpoint(within, version):
    with server(version) as (_, database):
        config = database.config(max_rejects=1, reject_table="REJECTS")
        result = within(config, lines([*SCHEMA, *GOOD, *BAD, *BAD, state(5)]))
        assert (result.exit_code, result.states) == (5, [])
        assert ids(database, "EVENTS") == []
        assert [int(line) for (line,) in rejected(database, "LINE")] == [6, 7]
        assert "stream events: 2 received, 2 rejected" in result.log


@both_versions
def test_a_reject_table_that_may_not_be_created_is_told_with_its_definition(within, version):
    with server(version, "ora-01031@ddl:1") as (_, database):
        result = within(database.config(max_rejects=1, reject_table="REJECTS"), lines(SCHEMA))
        assert result.exit_code == 4
        assert 'CREATE TABLE "REJECTS" (' in result.last_line


@both_versions
def test_a_reject_table_is_not_created_where_ddl_is_off(within, version):
    with server(version) as (_, database):
        result = within(database.config(reject_table="REJECTS", ddl_mode="none"), lines(SCHEMA))
        assert result.exit_code == 4
        assert "ddl_mode is none" in result.last_line
        assert database.tables() == []


@both_versions
def test_what_the_table_keeps_of_a_reject_can_be_loaded_after_the_cure(within, version):
    with server(version) as (_, database):
        config = database.config(max_rejects=1, reject_table="REJECTS")
        within(config, lines([*SCHEMA, *GOOD, *BAD, state(5)]))
        ((message,),) = rejected(database, "MESSAGE")
        cured = message.replace('"id": "bad"', '"id": 5').replace('"id":"bad"', '"id":5')
        assert within(config, lines(SCHEMA) + cured.encode() + b"\n").exit_code == 0
        assert ids(database, "EVENTS") == [1, 2, 3, 4, 5]


# --- the budget


@both_versions
@pytest.mark.parametrize(("bad", "code"), [(1, 0), (2, 5)])
def test_a_share_of_the_rows_may_be_refused(within, tmp_path, version, bad, code):
    """
    20 % of five records is one; one more is too many.
    """
    with server(version) as (_, database):
        config = database.config(max_rejects_percent=20, reject_file=str(tmp_path / "rejects"))
        messages = [*SCHEMA, *GOOD[: 5 - bad], *BAD * bad, state(5)]
        result = within(config, lines(messages))
        assert result.exit_code == code, result.log
        assert ids(database, "EVENTS") == ([1, 2, 3, 4] if code == 0 else [])


@both_versions
def test_rejects_of_all_checkpoints_count_together(within, tmp_path, version):
    with server(version) as (_, database):
        config = database.config(max_rejects=1, reject_file=str(tmp_path / "rejects"), commit_interval_rows=1)
        result = within(config, lines([*SCHEMA, GOOD[0], *BAD, state(1), GOOD[1], *BAD, state(2)]))
        assert (result.exit_code, result.states) == (5, [{"seen": 1}])
        assert ids(database, "EVENTS") == [1]


# --- what they show


@both_versions
def test_sensitive_properties_are_masked_in_file_and_table(within, tmp_path, version):
    """
    By glob, whatever the case; the log has no value anyhow.
    """
    file = tmp_path / "rejects.jsonl"
    with server(version) as (_, database):
        config = database.config(
            max_rejects=2, reject_file=str(file), reject_table="REJECTS", sensitive_columns=["CARD*"]
        )
        broken = b'{"type":"RECORD","stream":"events","record":{"card":"4111-1111",\n'
        result = within(config, lines([*SCHEMA, *GOOD, *BAD]) + broken + lines([state(5)]))
        assert result.exit_code == 0, result.log
        tabled = "".join(message for (message,) in rejected(database, "MESSAGE"))
        for text in (file.read_text(), tabled, result.log):
            assert "4111" not in text
        assert '"***"' in file.read_text()
        assert '"note":"bad"' in file.read_text()


def test_the_reject_file_is_for_its_owner_only(within, tmp_path):
    file = tmp_path / "rejects.jsonl"
    with server(23) as (_, database):
        within(database.config(max_rejects=1, reject_file=str(file)), lines([*SCHEMA, *BAD]))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@both_versions
def test_a_cured_reject_file_loads(within, tmp_path, version):
    file = tmp_path / "rejects.jsonl"
    with server(version) as (_, database):
        within(database.config(max_rejects=1, reject_file=str(file)), lines([*SCHEMA, *GOOD, *BAD]))
        cured = file.read_bytes().replace(b'"id": "bad"', b'"id": 5')
        result = within(database.config(), cured)
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == [1, 2, 3, 4, 5]


def test_a_reject_file_is_not_read_and_written_at_once(within, target, tmp_path):
    file = tmp_path / "rejects.jsonl"
    with server(23) as (_, database):
        config = database.config(max_rejects=1, reject_file=str(file))
        within(config, lines([*SCHEMA, *BAD]))
        before = file.read_bytes()
        named = target(config, b"", "--input", str(file))
        with file.open("rb") as stdin:
            words = [*target.command, "--config", str(target.folder / "config-1.json")]
            piped = subprocess.run(words, stdin=stdin, capture_output=True, check=False, text=True)
        assert (named.exit_code, piped.returncode) == (2, 2)
        assert "is the input itself" in named.last_line
        assert "is the input itself" in piped.stderr
        assert file.read_bytes() == before


@both_versions
def test_the_last_lines_tell_rejects_by_stream_column_and_code(within, tmp_path, version):
    with server(version) as (_, database):
        config = database.config(max_rejects=2, reject_file=str(tmp_path / "rejects"))
        result = within(config, lines([*SCHEMA, *GOOD, *BAD, *BAD]))
        assert "6 received, 4 inserted, 2 rejected" in result.log
        assert "rejects: 2 x " in result.log
        assert "stream events, column id: " in result.log
