"""
Upsert, as arrays and staged: equal tables, right counts, rejects that are the bad rows and no others.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.databases import Database
from tests.messages import DOCUMENT, INTEGER, LONG, NUMBER, TEXT, TIME, joined, record, schema, state
from tests.standin.running import running

STRATEGIES = ("array", "staged")


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return request.param


def summary(result, stream="s"):
    """
    The counts of the last summary line of *stream*.
    """
    (line,) = re.findall(rf"stream {stream}: (\d+ received.*)", result.log)
    return {word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", line)}


def rows_of(first, last, step=1, **values):
    return [record("s", id=n, name=f"name {n}", **values) for n in range(first, last, step)]


def test_rows_are_inserted_updated_and_counted(within, database, strategy):
    config = database.config(load_method="upsert", upsert_strategy=strategy, batch_size_rows=40)
    shape = schema("s", name=TEXT, v=INTEGER)
    assert within(config, joined(shape, *rows_of(0, 50, v=1), state(1))).exit_code == 0
    result = within(config, joined(shape, *rows_of(0, 100, v=2), state(2)))
    assert result.exit_code == 0, result.log
    assert result.states == [2]
    counts = summary(result)
    assert (counts["received"], counts["inserted"], counts["updated"]) == (100, 50, 50)
    assert f"{counts['batches']} batches ({counts['batches']} {strategy})" in result.log
    assert database.query('SELECT "ID", "NAME", "V" FROM "S" ORDER BY "ID"') == [
        (n, f"name {n}", 2) for n in range(100)
    ]


@pytest.mark.standin
@pytest.mark.parametrize(("strategy", "merge"), [("array", 1), ("staged", 2)])
def test_where_a_security_policy_forbids_merge_rows_are_updated_and_inserted(within, strategy, merge):
    """
    ORA-28132, as of a policy with security-relevant columns: MERGE is not tried again.
    """
    shape = schema("s", name=TEXT, v=INTEGER)
    with running(version=19, faults=[f"ora-28132@dml:{merge}"]) as server:
        database = Database(server.dsn, server.user, server.password, 19)
        config = database.config(
            load_method="upsert", upsert_strategy=strategy, batch_size_rows=40, ledger=False
        )
        result = within(config, joined(shape, *rows_of(0, 50, v=1), *rows_of(30, 60, v=2), state(2)))
        assert result.exit_code == 0, result.log
        assert result.log.count("forbids MERGE") == 1
        assert not [each for each in server.statements()[-4:] if each["sql"].startswith("MERGE")]
        assert database.query('SELECT "V", COUNT(*) FROM "S" GROUP BY "V" ORDER BY "V"') == [(1, 30), (2, 30)]


@pytest.mark.standin
def test_batches_of_a_session_that_changes_tables_in_parallel_are_all_in(within, database):
    config = database.config(
        load_method="upsert",
        upsert_strategy="staged",
        batch_size_rows=40,
        session_sql=["ALTER SESSION ENABLE PARALLEL DML"],
        retry_delay=0,
    )
    result = within(config, joined(schema("s", name=TEXT), *rows_of(0, 200), state(1)))
    assert result.exit_code == 0, result.log
    assert result.states == [1]
    assert result.log.count("ORA-12838") == 1
    assert database.query('SELECT COUNT(*), COUNT(DISTINCT "ID") FROM "S"') == [(200, 200)]


def test_rows_that_equal_what_is_stored_are_not_written(within, database, strategy):
    config = database.config(load_method="upsert", upsert_strategy=strategy, skip_unchanged=True)
    shape = schema("s", name=TEXT, v=NUMBER, at=TIME, note=TEXT, is_new={"type": "boolean"})
    rows = [
        record("s", id=n, name=f"n{n}", v=n / 4, at="2024-01-02T03:04:05.678901Z", is_new=n > 9)
        for n in range(20)
    ]
    assert within(config, joined(shape, *rows)).exit_code == 0
    changed = [
        record("s", id=n, name=f"n{n}", v=n / 4, at="2024-01-02T03:04:05.678901Z", is_new=False, note="now")
        for n in (3, 4)
    ]
    result = within(config, joined(shape, *rows[:3], *changed, *rows[5:], record("s", id=99)))
    counts = summary(result)
    assert (counts["inserted"], counts["updated"], counts["unchanged"]) == (1, 2, 18)
    assert database.query('SELECT "ID" FROM "S" WHERE "NOTE" = \'now\' ORDER BY "ID"') == [(3,), (4,)]


def test_the_last_row_of_a_key_wins_within_a_batch(within, database, strategy):
    config = database.config(load_method="upsert", upsert_strategy=strategy)
    rows = [record("s", id=n % 10, v=n) for n in range(95)]
    result = within(config, joined(schema("s", v=INTEGER), *rows))
    assert summary(result) == {"received": 95, "inserted": 10, "deduplicated": 85, **_rest(result)}
    assert database.query('SELECT "ID", "V" FROM "S" ORDER BY "ID"') == [
        (n, 90 + n if n < 5 else 80 + n) for n in range(10)
    ]


def _rest(result):
    return {
        word: count
        for word, count in summary(result).items()
        if word not in ("received", "inserted", "deduplicated")
    }


def test_ten_bad_rows_in_a_large_batch_are_the_rejects_and_no_other(within, database, strategy, tmp_path):
    """
    A CHECK of the table refuses them: a set MERGE fails as a whole, an array tells the rows.
    """
    rejects = tmp_path / "rejects.jsonl"
    config = database.config(
        load_method="upsert", upsert_strategy=strategy, max_rejects=10, reject_file=str(rejects)
    )
    shape = schema("s", name=TEXT, v=INTEGER)
    assert within(config, joined(shape, *rows_of(0, 500, v=1))).exit_code == 0
    database.run('ALTER TABLE "S" ADD CONSTRAINT "SMALL" CHECK ("V" < 1000)')
    bad = set(range(7, 10_000, 1000))
    rows = [record("s", id=n, name=f"name {n}", v=5000 if n in bad else 2) for n in range(10_000)]
    result = within(config, joined(shape, *rows, state(1)))
    assert result.exit_code == 0, result.log
    refused = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert {line["record"]["id"] for line in refused if line["type"] == "RECORD"} == bad
    counts = summary(result)
    assert (counts["inserted"], counts["updated"], counts["rejected"]) == (9_500 - 9, 499, 10)
    assert database.count("S") == 10_000 - 9
    assert database.query('SELECT COUNT(*) FROM "S" WHERE "V" = 2')[0][0] == 9_990


def test_a_refused_row_leaves_its_key_to_the_row_before_it(within, database, strategy, tmp_path):
    config = database.config(
        load_method="upsert", upsert_strategy=strategy, max_rejects=5, reject_file=str(tmp_path / "r")
    )
    shape = schema("s", v=INTEGER)
    assert within(config, joined(shape)).exit_code == 0
    database.run('ALTER TABLE "S" ADD CONSTRAINT "SMALL" CHECK ("V" < 10)')
    rows = [record("s", id=1, v=1), record("s", id=1, v=2), record("s", id=1, v=99), record("s", id=2, v=3)]
    result = within(config, joined(shape, *rows))
    assert summary(result)["rejected"] == 1
    assert database.query('SELECT "ID", "V" FROM "S" ORDER BY "ID"') == [(1, 2), (2, 3)]


def test_long_texts_and_documents_are_staged(within, database):
    config = database.config(load_method="upsert")
    shape = schema("s", text=LONG, doc=DOCUMENT)
    rows = [record("s", id=n, text="ü" * 3000, doc={"n": n}) for n in range(3)]
    for _ in range(2):
        result = within(config, joined(shape, *rows))
        assert result.exit_code == 0, result.log
        assert "(1 staged)" in result.log
    assert summary(result)["updated"] == 3
    assert [len(text) for (text,) in database.query('SELECT "TEXT" FROM "S"')] == [3000] * 3


def test_small_batches_of_narrow_rows_are_merged_as_arrays(within, database):
    result = within(database.config(load_method="upsert"), joined(schema("s", v=INTEGER), *rows_of(0, 100)))
    assert "(1 array)" in result.log


def test_documents_are_merged_as_arrays_where_that_is_asked_for(within, database):
    config = database.config(load_method="upsert", upsert_strategy="array")
    shape = schema("s", doc=DOCUMENT)
    for value in ("a", "b"):
        assert (
            within(config, joined(shape, *[record("s", id=n, doc={"v": value}) for n in range(5)])).exit_code
            == 0
        )
    assert database.count("S") == 5


def test_a_table_of_keys_only(within, database, strategy):
    config = database.config(load_method="upsert", upsert_strategy=strategy)
    for last in (5, 8):
        result = within(config, joined(schema("s"), *[record("s", id=n) for n in range(last)]))
        assert result.exit_code == 0, result.log
    assert (summary(result)["inserted"], summary(result)["unchanged"]) == (3, 5)
    assert database.count("S") == 8


def test_a_row_too_long_for_the_staging_table_is_a_reject_alone(within, database, tmp_path):
    config = database.config(
        load_method="upsert", upsert_strategy="staged", max_rejects=1, reject_file=str(tmp_path / "r")
    )
    database.run('CREATE TABLE "S" ("ID" NUMBER(3) NOT NULL PRIMARY KEY, "V" NUMBER(3))')
    rows = [record("s", id=n, v=123456 if n == 2 else n) for n in range(4)]
    result = within(
        {**config, "schema_evolution": "freeze"}, joined(schema("s", v={"type": ["null", "integer"]}), *rows)
    )
    assert result.exit_code == 0, result.log
    assert [n for (n,) in database.query('SELECT "ID" FROM "S" ORDER BY "ID"')] == [0, 1, 3]


@pytest.mark.soak
def test_a_hundred_thousand_rows_over_fifty_thousand_there(target, database, strategy):
    config = database.config(load_method="upsert", upsert_strategy=strategy, skip_unchanged=True)
    shape = schema("s", name=TEXT, v=INTEGER)
    assert target(config, joined(shape, *rows_of(0, 50_000, v=1))).exit_code == 0
    result = target(config, joined(shape, *rows_of(0, 25_000, v=1), *rows_of(25_000, 100_000, v=2), state(1)))
    counts = summary(result)
    assert (counts["inserted"], counts["updated"], counts["unchanged"]) == (50_000, 25_000, 25_000)
    assert database.query('SELECT "ID", "NAME", "V" FROM "S" ORDER BY "ID"') == [
        (n, f"name {n}", 1 if n < 25_000 else 2) for n in range(100_000)
    ]


@pytest.mark.standin
@pytest.mark.parametrize("version", [12, 19, 23])
def test_a_staged_batch_costs_at_most_four_round_trips(within, standin, version):
    server = standin(version=version)
    database = Database(server.dsn, server.user, server.password, version)
    config = database.config(
        load_method="upsert", upsert_strategy="staged", batch_size_rows=100, max_transaction_rows=1000
    )
    shape = schema("s", v=INTEGER)

    def trips(rows):
        before = server.stats()["round_trips"]
        result = within(config, joined(shape, *rows_of(0, rows)))
        assert result.exit_code == 0, result.log
        assert "staged)" in result.log
        return server.stats()["round_trips"] - before

    trips(1)
    few, many = trips(1000), trips(5000)
    assert many - few <= 4 * 40


@pytest.mark.standin
def test_the_staging_table_of_an_older_server_is_a_global_temporary_one(within, standin):
    server = standin(version=12)
    database = Database(server.dsn, server.user, server.password, 12)
    config = database.config(load_method="upsert", upsert_strategy="staged")
    for v in (1, 2):
        assert (
            within(
                config, joined(schema("s", v=INTEGER), *[record("s", id=n, v=v) for n in range(9)])
            ).exit_code
            == 0
        )
    assert database.query('SELECT COUNT(*), SUM("V") FROM "S"') == [(9, 18)]
    temporary = database.query("SELECT table_name FROM user_tables WHERE temporary = 'Y'")
    assert [name[:10] for (name,) in temporary] == ["SDC$STAGE_"]
