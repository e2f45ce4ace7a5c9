"""
`--check`: what it says of servers that are well, and what to do about those that are not.
"""

from __future__ import annotations

import json

import pytest

from tests import databases
from tests.grammar import heard
from tests.standin.launching import forked
from tests.standin.running import running


@pytest.fixture(params=[19, 23])
def server(request):
    with running(version=request.param, launch=forked) as server, heard(server):
        yield server


def database_of(server):
    return databases.Database(server.dsn, server.user, server.password, server.version)


def administer(server, *statements):
    databases.Database(server.dsn, "system", server.password, server.version).run(*statements)


def check(target, config, *more):
    """
    The exit code, the findings by name, and the last line on stderr.
    """
    result = target(config, b"", "--check", "--format", "json", *more)
    said = json.loads(result.stdout)
    findings = {finding["name"]: finding for finding in said["findings"]}
    assert said["ok"] == (result.exit_code == 0)
    assert said["ok"] == all(finding["level"] != "failed" for finding in findings.values())
    return result.exit_code, findings, result.last_line


def test_a_good_server_passes_and_is_described(target, database):
    exit_code, findings, _ = check(target, database.config())
    assert exit_code == 0
    assert {finding["level"] for finding in findings.values()} <= {"ok", "unknown"}
    expected = {"server", "character set", "session user", "schema", "service", "CREATE TABLE", "quota"}
    assert expected | {"ledger", "round trip", "throughput", "clock"} <= set(findings)
    assert str(database.version) in findings["server"]["value"]


def test_the_text_has_a_line_a_finding(target, database):
    result = target(database.config(), b"", "--check")
    assert result.exit_code == 0
    lines = result.stdout.decode().splitlines()
    assert lines[0].split() == ["ok", "connection", "made"]
    assert all(line.startswith(("ok", "unknown", "warning", " ")) for line in lines)


def test_a_session_that_does_not_tell_keys_apart_is_told_with_its_cure(target, database):
    linguistic = ["ALTER SESSION SET NLS_SORT = BINARY_CI", "ALTER SESSION SET NLS_COMP = LINGUISTIC"]
    _, findings, _ = check(target, database.config(session_sql=linguistic))
    assert findings["comparison"]["level"] == "warning"
    cured = [*linguistic, "ALTER SESSION SET NLS_COMP = BINARY"]
    _, findings, _ = check(target, database.config(session_sql=cured))
    assert "comparison" not in findings


def test_a_check_writes_nothing(target, database):
    before = database.query("SELECT object_name FROM user_objects")
    check(target, database.config())
    assert database.query("SELECT object_name FROM user_objects") == before


@pytest.mark.standin
def test_a_check_sends_queries_only(target, server):
    check(target, database_of(server).config())
    sent = {statement["sql"].split()[0].upper() for statement in server.statements()}
    assert sent == {"SELECT"}


def test_check_write_makes_and_drops_a_scratch_table(target, database):
    exit_code, findings, _ = check(target, database.config(), "--check-write")
    assert exit_code == 0
    steps = ("create", "insert", "drop")
    assert [findings[f"scratch table: {step}"]["value"] for step in steps] == ["done"] * 3
    assert database.query("SELECT table_name FROM user_tables") == []


def test_a_wrong_password_is_told_and_tried_once(target, standin):
    server = standin()
    config = database_of(server).config(password="wrong", max_retries=5)
    exit_code, findings, last = check(target, config)
    assert exit_code == 4
    assert "ORA-01017" in findings["connection"]["cure"]
    assert "check user and password" in last
    assert server.stats()["connections"] == 1


def test_a_wrong_service_is_told(target, database):
    config = database.config(dsn=database.dsn.replace("FREEPDB1", "NOWHERE"))
    exit_code, findings, last = check(target, config)
    assert exit_code == 4
    assert "service_name" in findings["connection"]["cure"]
    assert "service_name" in last


def test_a_port_where_nobody_listens_is_told(target):
    exit_code, _, last = check(target, {"dsn": "127.0.0.1:1/x", "user": "app", "password": "secret"})
    assert exit_code == 4
    assert "check host and port" in last


def test_a_missing_create_table_comes_with_the_grant_that_mends_it(target, server):
    administer(server, "REVOKE CREATE TABLE FROM app")
    config = database_of(server).config()
    exit_code, findings, last = check(target, config)
    assert exit_code == 4
    assert findings["CREATE TABLE"]["cure"] in last
    administer(server, findings["CREATE TABLE"]["cure"])
    assert check(target, config)[0] == 0


def test_a_missing_quota_comes_with_the_statement_that_mends_it(target, server):
    administer(server, "ALTER USER app QUOTA 0 ON users")
    config = database_of(server).config()
    exit_code, findings, _ = check(target, config)
    assert exit_code == 4
    administer(server, findings["quota"]["cure"])
    assert check(target, config)[0] == 0


def test_what_a_foreign_schema_lacks_is_one_grant(target, server):
    administer(server, "CREATE USER dw IDENTIFIED BY secret")
    config = database_of(server).config(default_target_schema="dw")
    exit_code, findings, _ = check(target, config)
    assert exit_code == 4
    grant = findings["schema DW"]["cure"].partition(", or ")[0]
    administer(server, grant)
    assert check(target, config)[0] == 0


def test_a_scratch_table_that_is_refused_says_why(target, server):
    administer(server, "ALTER USER app QUOTA 0 ON users")
    _, findings, _ = check(target, database_of(server).config(), "--check-write")
    refused = [
        finding for name, finding in findings.items() if "scratch" in name and finding["level"] == "failed"
    ]
    assert "QUOTA" in refused[0]["cure"]
    assert database_of(server).query("SELECT table_name FROM user_tables") == []


def test_the_loader_that_ran_is_shown(target, database):
    config = database.config(loader_id="orders")
    assert target(config, b'{"type":"STATE","value":{"a":1}}\n').exit_code == 0
    _, findings, _ = check(target, config)
    assert findings["loader_id"]["value"].startswith("orders: 1 checkpoints")
