"""
Several connections keep the promises of one: every row once, STATEs in order, the ledger the one truth.
"""

from __future__ import annotations

import pytest

from tests.e2e.loads import contents, ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

SMALL = {"parallelism": 4, "commit_interval_rows": 1, "retry_delay": 0.01}


def checkpoints(count, rows, stream="events", **options):
    """
    A stream with a STATE behind every *rows* records.
    """
    messages = [schema(stream, **options)]
    for number in range(1, count * rows + 1):
        messages.append(record(stream, number))
        if number % rows == 0:
            messages.append(state(number))
    return messages


def seen(result):
    return [each["seen"] for each in result.states]


@pytest.mark.parametrize("version", [19, 23])
def test_every_row_is_in_once_and_the_states_come_in_order(target, version):
    with server(version) as (_, database):
        result = target(database.config(**SMALL), lines(checkpoints(40, 25, keys=())))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 1001))
        assert seen(result) == sorted(set(seen(result)))
        assert seen(result)[-1] == 1000


def test_an_upsert_keeps_the_last_row_of_each_key_across_transactions(target):
    messages = [schema("events")]
    for turn in range(30):
        messages += [record("events", number, note=f"turn {turn}") for number in range(5)]
        messages.append(state(turn))
    with server(23) as (_, database):
        result = target(database.config(**SMALL, load_method="upsert"), lines(messages))
        assert result.exit_code == 0, result.log
        assert contents(database)["EVENTS"][1] == [(number, "turn 29") for number in range(5)]


def test_ddl_in_the_middle_waits_for_all_transactions(target):
    wider = schema("events", keys=(), colour={"type": ["null", "string"]})
    messages = [*checkpoints(10, 5, keys=()), wider]
    messages += [record("events", 50 + n, colour="red") for n in range(1, 6)] + [state(55)]
    with server(23) as (_, database):
        result = target(database.config(**SMALL), lines(messages))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 56))
        assert seen(result)[-1] == 55


@pytest.mark.parametrize("fault", ["cut@commit:3:after", "cut@commit:3:before", "cut@dml:9"])
def test_a_lost_connection_loses_and_repeats_nothing(target, fault):
    with server(23, fault) as (_, database):
        result = target(database.config(**SMALL), lines(checkpoints(20, 5, keys=())))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 101))
        assert seen(result)[-1] == 100


def test_a_failure_leaves_exactly_what_the_states_say(target):
    """
    A row over the budget ends the run: what is told is in, and nothing of its checkpoint or behind it is.
    """
    messages = checkpoints(20, 5, keys=())
    bad = {"type": "RECORD", "stream": "events", "record": {"id": "x", "note": None}}
    messages.insert(messages.index(record("events", 53)), bad)
    with server(23) as (_, database):
        result = target(database.config(**SMALL), lines(messages))
        assert result.exit_code != 0
        last = seen(result)[-1] if seen(result) else 0
        assert ids(database, "EVENTS") == list(range(1, last + 1))
        assert last <= 50


@pytest.mark.parametrize("parallelism", [1, 4])
def test_a_run_that_cannot_go_on_keeps_nothing_of_the_checkpoint_that_is_open(target, parallelism):
    """
    Its rows were sent; they neither stay nor keep the run from its end.
    """
    messages = [*checkpoints(4, 5, keys=()), *(record("events", number) for number in range(21, 31))]
    columns = {"other": {"id": {"ignore": True}}}
    with server(23) as (_, database):
        config = database.config(**{**SMALL, "parallelism": parallelism}, batch_size_rows=5, columns=columns)
        result = target(config, lines([*messages, schema("other")]))
        assert result.exit_code == 2, result.log
        assert "a key cannot be ignored" in result.log
        assert ids(database, "EVENTS") == list(range(1, 21))
        assert seen(result)[-1] == 20


def test_rejects_are_counted_over_all_connections(target, tmp_path):
    messages = checkpoints(20, 5, keys=())
    bad = {"type": "RECORD", "stream": "events", "record": {"id": "x", "note": None}}
    for number in (3, 33, 77):
        messages.insert(messages.index(record("events", number)), bad)
    rejects = tmp_path / "rejects.jsonl"
    with server(23) as (_, database):
        config = database.config(**SMALL, max_rejects=3, reject_file=str(rejects))
        result = target(config, lines(messages))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 101))
        assert len(rejects.read_bytes().splitlines()) == 1 + 3


def test_transactions_that_wait_for_each_other_are_sent_one_after_the_other(within, monkeypatch, tmp_path):
    """
    A key that comes again: were its later transaction sent first, the earlier would wait for it for ever.
    """
    monkeypatch.setattr("target_oracle.parallel.GIVE_WAY_SECONDS", 0.5)
    messages = [schema("events", keys=())]
    for turn in range(12):
        messages += [record("events", number) for number in (turn, turn + 1)] + [state(turn)]
    columns = '"ID" NUMBER(38) NOT NULL PRIMARY KEY, "NOTE" VARCHAR2(4000 CHAR)'
    with server(23) as (_, database):
        database.run(f'CREATE TABLE "EVENTS" ({columns})')
        config = database.config(**SMALL, max_rejects=100, reject_file=str(tmp_path / "rejects.jsonl"))
        result = within(config, lines(messages))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(13))


@pytest.mark.parametrize("before_kill", [1, 4, 9])
def test_a_killed_run_goes_on_from_its_last_state(target, before_kill):
    """
    Killed while transactions are under way, and started again behind the ledger's STATE: every row once.
    """
    named = {**SMALL, "loader_id": "events", "loader_wait_seconds": 30}
    messages = checkpoints(60, 5, keys=())
    with server(23, rtt_ms=5) as (_, database):
        process = target.start(database.config(**named))
        process.stdin.write(lines(messages))
        process.stdin.flush()
        for _ in range(before_kill):
            assert process.stdout.readline()
        process.kill()
        process.wait()
        told = target(database.config(**named), b"", "--print-state")
        last = told.states[0]["seen"]
        rest = [messages[0], *messages[messages.index(state(last)) + 1 :]]
        result = target(database.config(**named), lines(rest))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 301))
