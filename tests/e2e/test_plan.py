"""
`--plan` says beforehand what a load would do to the tables, and does none of it.
"""

from __future__ import annotations

import json

import pytest

from tests import captured, grammar
from tests.e2e import loads
from tests.program import Result

# What only concerns a session, and what changes a schema, as the first word of a statement.
_OF_A_SESSION = ("ALTER SESSION", "CREATE PRIVATE TEMPORARY TABLE", 'DROP TABLE "ORA$PTT_')
_DDL = {"CREATE", "ALTER", "DROP", "COMMENT", "TRUNCATE", "RENAME", "GRANT"}
_IN_NO_SCHEMA = ("ALTER SESSION", "CREATE PRIVATE TEMPORARY TABLE")


def statements(script: str) -> list[str]:
    """
    Return what SQL*Plus would send for *script*, each held against the grammar.
    """
    lines = [line for line in script.splitlines() if not line.startswith(("--", "SET ", "WHENEVER "))]
    pieces = f"{chr(10).join(lines)}\n".split(";\n")
    found = [piece.strip() for piece in pieces if piece.strip()]
    assert grammar.faults(found) == []
    return found


def ddl(server) -> list[str]:
    """
    Return the statements that *server* has seen and that change a schema; a private table is in none.
    """
    seen = [each["sql"] for each in server.statements() if not each["sql"].startswith(_OF_A_SESSION)]
    return [sql for sql in seen if sql.split(maxsplit=1)[0].upper() in _DDL]


def config_of(server, **more) -> dict:
    return {"dsn": server.dsn, "user": server.user, "password": server.password, **more}


def run(target, server, data: bytes, *args: str, **more) -> Result:
    result = target(config_of(server, **more), data, *args)
    assert result.exit_code == 0, result.log
    return result


METHODS = [{"load_method": "append-only"}, {"load_method": "upsert"}]


@pytest.mark.parametrize("version", [12, 19, 21, 23])
@pytest.mark.parametrize("method", METHODS, ids=["append-only", "upsert"])
def test_a_load_after_the_plan_has_been_run_needs_no_ddl(target, standin, version, method):
    data = captured.stream("pg_sakila_incr.1")
    server = standin(version=version)
    script = run(target, server, data, "--plan", **method).stdout.decode()
    assert ddl(server) == []
    database = loads.Database(server.dsn, server.user, server.password, version)
    database.run(*statements(script))
    before = len(ddl(server))
    assert before > len(captured.tables(data))
    run(target, server, data, **method)
    assert ddl(server)[before:] == []
    for table in captured.tables(data).values():
        assert captured.difference(table.rows, database.rows(table)) == "", table.name


def test_the_plan_is_what_the_load_runs(target, standin):
    data = captured.stream("pg_sakila_incr.1")
    planned, loaded = standin(version=19), standin(version=19)
    script = run(target, planned, data, "--plan").stdout.decode()
    run(target, loaded, data)
    assert sorted(each.replace(",\n  ", ", ") for each in statements(script)) == sorted(ddl(loaded))


ALL_DDL = {
    "custom_indexes": ["note", "note, id"],
    "default_target_schema_select_permissions": ["system"],
    "disable_constraints_during_load": True,
    "reject_table": "REJECTS",
}
TABLES = (
    "CREATE TABLE parents (id NUMBER(38) PRIMARY KEY)",
    """
    CREATE TABLE s (
        id NUMBER(38) CONSTRAINT s_pk PRIMARY KEY,
        note VARCHAR2(4000),
        CONSTRAINT s_parent FOREIGN KEY (id) REFERENCES parents (id),
        CONSTRAINT s_few CHECK (id < 100)
    )
    """,
    "CREATE INDEX s_note ON s (note)",
)


@pytest.mark.parametrize("tables", [(), TABLES], ids=["new", "there"])
@pytest.mark.parametrize("version", [19, 23])
def test_every_statement_of_the_load_that_is_ddl_is_in_the_plan(target, standin, version, tables):
    """
    Indexes and grants that follow a new table, the tables of our own, and what is off for the load's time.
    """
    data = loads.lines([loads.schema("s"), loads.state(0)])
    planned, loaded = standin(version=version), standin(version=version)
    for server in (planned, loaded):
        loads.Database(server.dsn, server.user, server.password, version).run(*tables)
    before = len(ddl(loaded))
    plan = json.loads(run(target, planned, data, "--plan", "--format", "json", **ALL_DDL).stdout)
    script = run(target, planned, data, "--plan", **ALL_DDL).stdout.decode()
    run(target, loaded, data, **ALL_DDL)
    (stream,) = plan["streams"]
    assert len(stream["ddl_of_the_load"]) == (6 if tables else 4)
    beforehand = [*stream["ddl"], *plan["own"].values()]
    assert sorted(beforehand + stream["ddl_of_the_load"]) == sorted(ddl(loaded)[before:])
    assert sorted(each.replace(",\n  ", ", ") for each in statements(script)) == sorted(beforehand)
    for statement in stream["ddl_of_the_load"]:
        assert f"-- the load itself runs: {statement}\n" in script


def test_a_second_plan_has_nothing_to_do(target, standin):
    data, server = captured.stream("pg_sakila_incr.1"), standin(version=23)
    run(target, server, data, load_method="upsert")
    script = run(target, server, data, "--plan", load_method="upsert").stdout.decode()
    assert statements(script) == []
    assert "-- nothing to do" in script


def test_schemas_that_change_are_planned_one_after_the_other(target, standin):
    wider = loads.schema("s", more={"type": "integer"})
    data = loads.lines([loads.schema("s"), loads.record("s", 1), wider])
    script = run(target, standin(version=19), data, "--plan").stdout.decode()
    assert 'ALTER TABLE "APP"."S" ADD ("MORE" NUMBER(38))' in script


def test_json_names_each_streams_table_columns_and_statements(target, standin):
    data, server = loads.lines([loads.schema("s")]), standin(version=19)
    plan = json.loads(run(target, server, data, "--plan", "--format", "json").stdout)
    (stream,) = plan["streams"]
    assert (stream["stream"], stream["owner"], stream["table"]) == ("s", "APP", "S")
    assert stream["columns"]["id"] == {"column": "ID", "type": "NUMBER(38)"}
    assert stream["ddl"][0].startswith('CREATE TABLE "APP"."S"')
    assert plan["own"]["ledger"].startswith('CREATE TABLE "TARGET_ORACLE_LEDGER"')


def test_the_types_are_those_of_the_server_that_answers(target, standin):
    data = loads.lines([loads.schema("s", flag={"type": "boolean"})])
    found = {
        version: run(target, standin(version=version), data, "--plan").stdout.decode() for version in (19, 23)
    }
    assert '"FLAG" NUMBER(1)' in found[19]
    assert '"FLAG" BOOLEAN' in found[23]


def test_without_a_database_the_plan_is_for_an_empty_schema_and_says_so(target):
    data = loads.lines([loads.schema("s", flag={"type": "boolean"})])
    config = {"dsn": "127.0.0.1:1/none", "user": "app", "password": "secret"}
    result = target(config, data, "--plan")
    assert result.exit_code == 0, result.log
    assert 'CREATE TABLE "APP"."S"' in result.stdout.decode()
    assert '"FLAG" NUMBER(1)' in result.stdout.decode()
    assert "no database answers" in result.log


def test_a_database_that_refuses_the_user_gets_no_plan(target, standin):
    """
    Its tables are there all the same: a plan that makes them would mislead.
    """
    config = config_of(standin(version=19), password="mistyped")
    result = target(config, loads.lines([loads.schema("s")]), "--plan")
    assert (result.exit_code, result.stdout) == (4, b"")
    assert "ORA-01017" in result.last_line


def test_what_no_ddl_can_help_is_printed_and_ends_in_exit_4(target, standin):
    server = standin(version=19)
    database = loads.Database(server.dsn, server.user, server.password, 19)
    database.run('CREATE TABLE "S" ("ID" NUMBER(38), "NOTE" VARCHAR2(4000), "MUST" NUMBER NOT NULL)')
    result = target(config_of(server), loads.lines([loads.schema("s")]), "--plan")
    assert result.exit_code == 4, result.log
    assert "-- cannot be loaded: " in result.stdout.decode()
    assert "MUST" in result.last_line


def test_a_schema_that_cannot_be_read_is_the_taps_fault(target, standin):
    data = b'{"type": "SCHEMA", "stream": "s", "schema": {"properties": {"a": 1}}}\n'
    result = target(config_of(standin(version=19)), data, "--plan")
    assert result.exit_code == 3
    assert "input line 1" in result.last_line


def test_a_property_with_a_type_that_the_server_lacks_is_a_fault_of_the_settings(target, standin):
    data = loads.lines([loads.schema("s", doc={"type": "object"})])
    for args in (("--plan",), ()):
        result = target(config_of(standin(version=19), json_type="JSON"), data, *args)
        assert result.exit_code == 2, result.log
        assert result.last_line.endswith("json_type: JSON is no column type of this server")
