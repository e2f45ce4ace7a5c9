"""
Whatever the program sends is Oracle SQL by another grammar, its names quoted and its values bound.
"""

from __future__ import annotations

import json

import pytest

from tests import grammar
from tests.e2e import loads
from tests.e2e.rig import rig

pytestmark = pytest.mark.standin

TEXT = {"type": ["null", "string"]}
FIRST = {"id": {"type": "integer"}, "note": {**TEXT, "maxLength": 10}, "n": {"type": "integer"}}
SECOND = {
    "id": {"type": "integer"}, "note": {**TEXT, "maxLength": 200}, "n": {"type": ["number", "null"]},
    "at": {**TEXT, "format": "date-time"}, "flag": {"type": ["boolean", "null"]},
    "doc": {"type": ["object", "null"]},
    "raw": {**TEXT, "contentEncoding": "base64"}, "_sdc_deleted_at": {**TEXT, "format": "date-time"},
}  # fmt: skip
THIRD = {**SECOND, "note": {**TEXT, "maxLength": 50_000}, "n": TEXT, "flag": {"type": ["integer", "null"]}}


def stream(name: str, *keys: str) -> bytes:
    """
    Return a stream whose schema changes twice, with a key twice, a deletion, a long text and a version.
    """
    messages: list[dict] = []
    for version, properties in enumerate((FIRST, SECOND, THIRD), 1):
        schema = {"type": "object", "properties": properties}
        messages.append({"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": list(keys)})
        for number in (1, 2, 1, version + 2):
            record = {
                "id": number,
                "note": "x" * (10, 200, 5000)[version - 1],
                "n": "7" if version == 3 else 7,
            }
            messages.append({"type": "RECORD", "stream": name, "record": record, "version": version})
        messages.append({"type": "STATE", "value": {"at": version}})
    gone = {"id": 2, "note": None, "n": None, "_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    messages.append({"type": "RECORD", "stream": name, "record": gone, "version": 3})
    messages.append({"type": "RECORD", "stream": name, "record": {"id": "wrong"}, "version": 3})
    messages.append({"type": "ACTIVATE_VERSION", "stream": name, "version": 3})
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


# Settings, key properties and further words of the command line.
RUNS = {
    "append": ({}, (), ()),
    "append, with metadata": ({"add_record_metadata": True}, ("id",), ()),
    "upsert, by arrays": ({"load_method": "upsert", "upsert_strategy": "array"}, ("id",), ()),
    "upsert, staged": ({"load_method": "upsert", "upsert_strategy": "staged"}, ("id",), ()),
    "upsert, changed rows only": ({"load_method": "upsert", "skip_unchanged": True}, ("id",), ()),
    "upsert, with deletions": ({"load_method": "upsert", "hard_delete": True}, ("id",), ()),
    "overwrite": ({"load_method": "overwrite"}, ("id",), ()),
    "overwrite, by TRUNCATE": ({"load_method": "overwrite", "overwrite_strategy": "truncate"}, (), ()),
    "with a ledger": ({"ledger": True, "loader_id": "nightly"}, (), ()),
    "rejects in a table": ({"reject_table": "REFUSED"}, (), ()),
    "table options": ({"table_options": "NOLOGGING COMPRESS", "custom_indexes": ["id"]}, ("id",), ()),
    "names": ({"table_prefix": "p-", "table_suffix": "!", "schema_mapping": {"a": "app"}}, (), ()),
    "checked": ({}, (), ("--check-write",)),
    "planned": ({}, (), ("--plan",)),
}  # fmt: skip# What no other kind of run sends.
KNOWN_BY = {
    "upsert, by arrays": "MERGE INTO",
    "upsert, staged": ("CREATE PRIVATE TEMPORARY", "CREATE GLOBAL TEMPORARY"),
    "upsert, changed rows only": "MERGE INTO",
    "upsert, with deletions": "DELETE FROM",
    "overwrite, by TRUNCATE": "TRUNCATE TABLE",
    "with a ledger": 'UPDATE "TARGET_ORACLE_LEDGER"',
    "rejects in a table": 'INSERT INTO "REFUSED"',
    "table options": "CREATE INDEX",
    "checked": "SELECT banner",
    "planned": "SELECT",
}


def sent(server, data: bytes, *words: str, **settings: object) -> set[str]:
    """
    Return every statement of a run of the program.
    """
    before = len(server.server.statements())
    rejects = {"max_rejects": 9, "reject_file": str(server.folder / "statements.rejects")}
    result = server.run(data, *words, **{**rejects, **settings})
    assert result.exit_code == 0, result.log
    return {str(each["sql"]) for each in server.server.statements()[before:]}


@pytest.fixture(scope="module", params=[19, 23])
def statements(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("statements"), request.param) as server:
        server.database.run('CREATE TABLE "UNRELATED" ("A" NUMBER)')
        yield {
            name: sent(server, stream(f"a-s{number}", *keys), *words, **settings)
            for number, (name, (settings, keys, words)) in enumerate(RUNS.items())
        }


@pytest.mark.parametrize("name", RUNS)
def test_every_statement_is_oracle_sql_with_names_quoted_and_values_bound(statements, name):
    """
    Each kind of run sends the statements that it is known by; `grammar` says what is right of each.
    """
    assert any(sql.startswith(KNOWN_BY.get(name, "CREATE TABLE")) for sql in statements[name])
    assert grammar.faults(statements[name]) == []


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ('SELEKT "A" FROM "T"', "no statement"),
        ('CREATE TABLE "T" ("A" NUMBER) HOT', "unknown to the grammar"),
        ('SELECT "A" FROM T', "bare names ['T']"),
        ("SELECT table_name FROM user_everything", "bare names"),
        ('SELECT table_name FROM "T"', "bare names ['table_name']"),
        ('UPDATE "T" SET "A" = \'Anna\'', "a value in the text"),
        ('DROP TABLE "T" PURGE; DROP TABLE "U" PURGE', "several statements"),
        ("LOCK TABLE T IN EXCLUSIVE MODE", "no statement"),
        ("ALTER SESSION SET CURRENT_SCHEMA = x", "unknown to the grammar"),
    ],
)
def test_what_is_wrong_with_a_statement_is_seen(sql, fault):
    (found, *_) = grammar.faults([sql])
    assert found.startswith(fault)


def test_a_server_of_the_tests_holds_what_the_program_sent_it(within):
    """
    Not what others sent, and not what the operator gave.
    """
    with loads.server(23) as (standin, database):
        database.run("CREATE TABLE t (a NUMBER)")
        given = ["INSERT INTO t VALUES (7)"]
        within(database.config(before_run_sql=given), loads.lines([loads.schema("s")]))
        found = grammar.sent(standin.statements())
        assert any(sql.startswith("CREATE TABLE") for sql in found)
        assert grammar.faults(found) == []
        assert not found & {"CREATE TABLE t (a NUMBER)", *given}
        assert len(grammar.faults(given)) == 1
