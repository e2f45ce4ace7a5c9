"""
What is loaded does not depend on who decodes it: the compiled part and Python come to the same tables.
"""

from __future__ import annotations

import json
import re
import time

import pytest

from tests import captured
from tests.e2e.loads import compiled, contents, ids, lines, record, schema, server, state
from tests.e2e.test_sweep import BASE, LOADS

pytestmark = [pytest.mark.standin, compiled]

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
WHEN = {"type": ["null", "string"], "format": "date-time"}


def both_ways(within, version, data, **settings):
    """
    Load *data* with either decoder; return what is in the database after, and what the run said.
    """
    found = []
    for decoder in ("auto", "python"):
        with server(version) as (_, database):
            result = within(database.config(**settings, decoder=decoder), data)
            found.append((contents(database), result))
    return found


def said(result):
    """
    What the summary tells of each stream, without what depends on time.
    """
    told = [line for line in result.log.splitlines() if " received, " in line]
    return [re.sub(r"\d+ rows/s", "", line[line.index("stream ") :]) for line in told]


@pytest.mark.parametrize("version", [19, 23])
@pytest.mark.parametrize("load", LOADS)
def test_every_load_of_the_sweep_comes_to_the_same(within, version, load):
    messages, settings = LOADS[load]
    (one, first), (other, second) = both_ways(
        within, version, lines(messages()), **{**BASE, "log_level": "INFO"}, **settings
    )
    assert first.exit_code == second.exit_code == 0
    assert one == other
    assert first.states == second.states
    assert said(first) == said(second)


@pytest.mark.parametrize("stream", ["pg_chinook_full", "pg_sakila_incr.1"])
@pytest.mark.parametrize("settings", [{}, {"load_method": "upsert", "upsert_strategy": "staged"}], ids=repr)
def test_the_streams_of_real_taps_come_to_the_same(within, stream, settings):
    (one, first), (other, second) = both_ways(within, 23, captured.stream(stream), **settings)
    assert one == other
    assert first.states == second.states
    assert said(first) == said(second)


def rejected(path):
    """
    What the reject file at *path* says of each of its rows.
    """
    found = map(json.loads, path.read_text().splitlines())
    return [each["_reject"] for each in found if "_reject" in each]


def odd():
    """
    Rows that the compiled part refuses among rows that it takes: notations, faults, strangers, longer texts.
    """
    yield schema("odd", keys=(), amount=NUMBER, at=WHEN, short={"type": ["null", "string"], "maxLength": 9})
    amounts = [1, 1.5, "1e-100", "12345678901234567890123456789012345678901", "x", 7, None, 0.1 + 0.2]
    moments = ["2024-01-01", "2024-01-01T10:00:00.123456789Z", "2024-01-01T10:00:00", "never", "", None]
    for number in range(1, 241):
        amount = amounts[number % 8]
        more = {"amount": amount, "at": moments[number % 6], "short": "é" * (number % 11)}
        if number % 50 == 0:
            more["stranger"] = {"a": number}
        line = json.dumps(record("odd", number, **more))
        for text in amounts[2:4]:
            line = line.replace(f'"amount": "{text}"', f'"amount": {text}')
        yield line
        yield json.dumps(state(number)) if number % 40 == 0 else " "


@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize("metadata", [False, True])
def test_rows_that_take_the_slow_way_among_others_come_to_the_same(within, tmp_path, size, metadata):
    first, *rest = odd()
    data = lines([first]) + b"".join(line.encode() + b"\n" for line in rest)
    found = []
    for decoder in ("auto", "python"):
        rejects = tmp_path / f"{decoder}.jsonl"
        with server(23) as (_, database):
            config = database.config(
                batch_size_rows=size,
                commit_interval_rows=40,
                max_rejects=1000,
                reject_file=str(rejects),
                decoder=decoder,
                add_record_metadata=metadata,
            )
            result = within(config, data)
            assert result.exit_code == 0, result.log
            names, rows = contents(database)["ODD"]
            kept = [place for place, name in enumerate(names) if not name.startswith("_SDC")]
            refused = rejected(rejects)
        found.append(
            (
                sorted(([row[place] for place in kept] for row in rows), key=repr),
                sorted((each["line"], each["code"]) for each in refused),
                result.states,
                said(result),
            )
        )
    assert found[0] == found[1]
    assert len(found[0][1]) > 50


def keyed(count):
    yield schema("keyed", ("id", "note"), amount=NUMBER, doc={"type": ["null", "object"]}, long=TEXT)
    for number in range(count):
        more = {"amount": number / 4, "doc": {"n": number}, "long": "x" * (number % 5000)}
        yield {**record("keyed", number % 300, **more), "version": 1}
    yield state(count)


@pytest.mark.parametrize("version", [12, 19, 23])
def test_the_last_row_of_each_key_is_staged_as_columns(within, version):
    settings = {"load_method": "upsert", "upsert_strategy": "staged", "batch_size_rows": 250}
    (one, first), (other, second) = both_ways(within, version, lines(keyed(1000)), **settings)
    assert one == other
    assert len(one["KEYED"][1]) == 300
    assert said(first) == said(second)


def test_a_row_that_the_database_refuses_harms_no_other_of_its_columns(within, tmp_path):
    """
    A CHECK that no schema tells; the reject has its own line, and the others are in.
    """
    rejects = tmp_path / "rejects.jsonl"
    with server(23) as (_, database):
        database.run('CREATE TABLE "EVENTS" ("ID" NUMBER CHECK ("ID" <> 7), "NOTE" VARCHAR2(20))')
        messages = [schema("events", ()), *(record("events", number) for number in range(1, 12)), state(1)]
        result = within(database.config(max_rejects=1, reject_file=str(rejects)), lines(messages))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == [n for n in range(1, 12) if n != 7]
    (reject,) = rejected(rejects)
    assert (reject["line"], reject["code"]) == (8, "ORA-02290")


def test_a_stream_for_columns_and_one_for_rows_may_take_turns(within):
    """
    The schema of the second asks for a look at each whole record.
    """
    whole = schema("whole", ())
    whole["schema"]["minProperties"] = 1
    messages = [schema("plain", ()), whole]
    for number in range(2000):
        messages.append(record("plain" if number % 2 else "whole", number))
        if number % 500 == 499:
            messages.append(state(number))
    (one, first), (other, second) = both_ways(within, 23, lines(messages))
    assert one == other
    assert [len(rows) for _, rows in one.values()] == [1000, 1000]
    assert first.states == second.states
    assert said(first) == said(second)


def sparse(keys):
    """
    Rows of which a further property has its first value every hundred rows.
    """
    late = {f"late_{n}": {"type": ["null", kind]} for n, kind in enumerate(("string", "number", "object"))}
    yield schema("sparse", keys, **late, never=TEXT)
    for number in range(500):
        filled = {"late_0": "x", "late_1": 0.5, "late_2": {"n": number}}
        more = {name: value for n, (name, value) in enumerate(filled.items(), 1) if number > 100 * n}
        yield record("sparse", number % 250 if keys else number, **more)
        if number % 100 == 99:
            yield state(number)


@pytest.mark.parametrize("version", [12, 19, 23])
@pytest.mark.parametrize("settings", [{}, {"load_method": "upsert", "upsert_strategy": "staged"}], ids=repr)
def test_columns_whose_first_value_comes_late_hold_what_came(within, version, settings):
    keys = ("id",) if settings else ()
    (one, first), (other, second) = both_ways(
        within, version, lines(sparse(keys)), batch_size_rows=50, commit_interval_rows=100, **settings
    )
    assert one == other
    assert first.states == second.states
    assert said(first) == said(second)


def test_what_has_no_value_in_any_row_is_not_bound(within):
    with server(23) as (standin, database):
        result = within(database.config(batch_size_rows=50), lines(sparse(())))
        assert result.exit_code == 0, result.log
        said = {each["sql"] for each in standin.statements() if 'INTO "APP"."SPARSE"' in each["sql"]}
        assert len(said) == 4
        assert all("NULL" in sql for sql in said)
        rows = database.query('SELECT COUNT("LATE_0"), COUNT("LATE_2"), COUNT("NEVER") FROM "SPARSE"')
        assert rows == [(399, 199, 0)]


def test_null_is_stored_as_null_where_the_table_has_another_default(within):
    with server(23) as (_, database):
        database.run(
            'CREATE TABLE "EVENTS" ("ID" NUMBER, "NOTE" VARCHAR2(20) DEFAULT \'none\', "KIND" VARCHAR2(20))'
        )
        messages = [
            schema("events", (), kind=TEXT),
            *({**record("events", 1), "record": {"id": n}} for n in (1, 2)),
        ]
        result = within(database.config(), lines(messages))
        assert result.exit_code == 0, result.log
        assert database.query('SELECT "ID", "NOTE" FROM "EVENTS" ORDER BY "ID"') == [(1, None), (2, None)]


def test_rows_without_what_the_table_demands_are_refused_one_by_one(within, tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    with server(23) as (_, database):
        database.run('CREATE TABLE "EVENTS" ("ID" NUMBER, "NOTE" VARCHAR2(20) NOT NULL)')
        messages = [schema("events", ()), *({**record("events", 1), "record": {"id": n}} for n in (1, 2))]
        result = within(database.config(max_rejects=2, reject_file=str(rejects)), lines(messages))
        assert result.exit_code == 0, result.log
    assert [(each["line"], each["code"]) for each in rejected(rejects)] == [
        (2, "ORA-01400"),
        (3, "ORA-01400"),
    ]


@pytest.mark.parametrize("load_method", ["append-only", "upsert"])
def test_all_rows_of_a_run_tell_one_start_of_the_process(within, load_method):
    before = time.time() * 1000
    with server(23) as (_, database):
        config = database.config(
            add_record_metadata=True, load_method=load_method, upsert_strategy="staged", batch_size_rows=50
        )
        result = within(config, lines(sparse(("id",))))
        assert result.exit_code == 0, result.log
        ((least, most),) = database.query(
            'SELECT MIN("_SDC_SYNC_STARTED_AT"), MAX("_SDC_SYNC_STARTED_AT") FROM "SPARSE"'
        )
    assert least == most
    assert before - 3_600_000 < least < time.time() * 1000
