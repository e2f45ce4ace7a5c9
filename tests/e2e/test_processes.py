"""
Rows that other processes decode and send keep every promise: the same rows, STATEs, rejects and counts.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from target_oracle import lanes, methods, shares
from tests import captured
from tests.e2e.loads import contents, ids, lines, record, schema, server, state
from tests.e2e.test_sweep import BASE, LOADS

pytestmark = [pytest.mark.standin, pytest.mark.usefixtures("eager")]

SMALL = {"decode_processes": 2, "commit_interval_rows": 100, "batch_size_rows": 40, "retry_delay": 0.01}

# The first mebibyte is read before the stream is known; from this record on others decode.
LATE = 1000
NOTE = "x" * 2000


@pytest.fixture
def eager(monkeypatch):
    """
    Let portions of any size be given out, and shares be small.
    """
    monkeypatch.setattr(shares, "LEAST_BYTES", 0)
    monkeypatch.setattr(shares, "SHARE_BYTES", 64 << 10)
    monkeypatch.setattr("target_oracle.singer.lines.READ_BYTES", 8 << 10)


@pytest.fixture
def asked(monkeypatch):
    """
    How many lines each process was given, in order.
    """
    given = []
    ask = lanes.Lane.ask

    def counted(self, wanted):
        given.extend((self, len(each.lines)) for each in wanted)
        return ask(self, wanted)

    monkeypatch.setattr(lanes.Lane, "ask", counted)
    return given


def events(count, **more):
    """
    A stream with a STATE behind each hundredth record.
    """
    yield schema("events", keys=())
    for number in range(1, count + 1):
        yield record("events", number, **more)
        if number % 100 == 0:
            yield state(number)


def under_way(target, config, messages, *args, env=None):
    """
    Start a load and wait until its processes are at work; return it and them.
    """
    process = target.start({**config, "log_level": "WARNING"}, *args, env=env)
    threading.Thread(target=feed, args=(process, lines(messages)), daemon=True).start()
    for line in iter(process.stdout.readline, b""):
        if json.loads(line)["seen"] >= LATE:
            break
    return process, children(process.pid)


def feed(process, data):
    """
    Write *data* to a process that may end meanwhile.
    """
    with suppress(OSError):
        process.stdin.write(data)
        process.stdin.close()


def seen(result):
    return [each["seen"] for each in result.states]


def test_every_row_is_in_once_the_states_come_in_order_and_both_processes_have_worked(within, asked):
    with server(23) as (_, database):
        result = within(database.config(**SMALL), lines(events(3000)))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 3001))
        assert seen(result) == list(range(100, 3001, 100))
    shares = [sum(count for lane, count in asked if lane is each) for each in {lane for lane, _ in asked}]
    assert len(shares) == 2
    assert sum(shares) > 2500
    assert min(shares) > 1000


AMOUNT = {"type": ["null", "number"]}
WHEN = {"type": ["null", "string"], "format": "date-time"}
SHORT = {"type": ["null", "string"], "maxLength": 8}


def odd(number, stream):
    """
    A record as any tap may send it: some that only the slow way reads, some that are refused, some too long.
    """
    more = {"amount": number / 7, "at": "2024-02-03T04:05:06.123456Z", "name": "x" * (number % 9)}
    match number % 97:
        case 3:
            more["amount"] = "no number"
        case 7:
            more["unlisted"] = {"deep": [1, 2]}
        case 11:
            more["at"] = "2024-02-03 04:05:06"
        case 13:
            more["at"] = "yesterday"
        case 17:
            more["amount"] = "12.50"
        case 19:
            more["name"] = "\N{LATIN SMALL LETTER E WITH ACUTE}" * (number // 10)
        case 23:
            more["amount"] = None
    return record(stream, number, **more)


def of_all_kinds():
    """
    Streams that take turns, with odd records, lines that are none, and a SCHEMA that changes on the way.
    """
    shape = {"amount": AMOUNT, "at": WHEN, "name": SHORT}
    yield from (schema(stream, keys=(), **shape) for stream in ("first", "second", "third"))
    for number in range(1, 2501):
        if number == 1200:
            yield schema("second", keys=(), **shape, later={"type": ["null", "integer"]})
        stream = "third" if 600 < number < 900 else ("first", "second")[number % 2]
        message = odd(number, stream)
        if number % 2 and number > 1200:
            message["record"]["later"] = number
        yield {**message, "time_extracted": "2024-05-06T07:08:09Z"}
        if number % 250 == 0:
            yield state(number)


def raw_lines():
    """
    The same with what no tap should send in between.
    """
    between = {
        500: b"\n",
        700: b'{"type": "RECORD", "stream": "first", "record": {"id": 1\n',
        800: b'{"type": "RECORD", "stream": "first", "record": {"id": 800001}, "stream": "second"}\n',
        1300: b'{"type": "NEWS", "text": "none"}\n',
    }
    for number, message in enumerate(of_all_kinds()):
        yield between.get(number, b"") + lines([message])


def told(result):
    """
    What the run says of its counts, without times and speeds.
    """
    found = re.findall(r"(stream \w+: \d+ received.*?), \d+ batches|rejected: (.*)", result.log)
    return sorted(found)


def loaded(within, folder, data, **settings):
    """
    Load *data* anew; return what is then in the database, the rejects, and the run.
    """
    rejects = folder / "rejects.jsonl"
    rejects.unlink(missing_ok=True)
    with server(23) as (_, database):
        result = within(database.config(**settings, reject_file=str(rejects), max_rejects=10_000), data)
        assert result.exit_code == 0, result.log
        return contents(database), rejected(rejects), result


def rejected(path):
    """
    The rejects of a run by their lines, without what tells the run.
    """
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for each in found:
        if "_reject" in each:
            del each["_reject"]["run_id"], each["_reject"]["rejected_at"]
    return sorted(found, key=lambda each: each.get("_reject", {}).get("line", 0))


def test_rows_are_sent_by_the_process_that_has_decoded_them(within, asked, monkeypatch):
    """
    None is decoded again, and few by the program itself: those before the stream is known.
    """
    by_line, again = methods.rows_by_line, []
    monkeypatch.setattr(methods, "rows_by_line", lambda batch: again.append(batch) or by_line(batch))
    with server(23) as (_, database):
        result = within(database.config(**SMALL), lines(events(3000)))
        assert result.exit_code == 0, result.log
    assert sum(count for _, count in asked) > 2500
    assert again == []


@pytest.mark.parametrize("more", [{}, {"batch_size_rows": 7}, {"validate_records": False}], ids=str)
def test_streams_with_every_oddity_load_as_by_the_program_alone(within, asked, tmp_path, more):
    data = b"".join(raw_lines())
    settings = {**SMALL, **more}
    alone = loaded(within, tmp_path, data, **{**settings, "decode_processes": 0})
    both = loaded(within, tmp_path, data, **settings)
    assert sum(count for _, count in asked) > 1000
    assert both[0] == alone[0]
    assert both[1] == alone[1]
    assert told(both[2]) == told(alone[2])
    assert seen(both[2]) == sorted(set(seen(both[2])))
    assert seen(both[2])[-1] == seen(alone[2])[-1] == 2500


def test_what_is_changed_on_the_way_is_counted_as_by_the_program_alone(within, asked, tmp_path):
    """
    Rounded fractions and empty texts, with lines in between that are refused.

    These have nothing to count: which of a row's values were looked at before it was refused is left open.
    """
    amount = {"type": ["null", "number"], "x-sql-datatype": "NUMBER(10,2)"}
    messages = [schema("events", keys=(), amount=amount)]
    for number in range(1, 1001):
        value = "none" if number % 61 == 0 else number / 8
        messages.append(
            record("events", number, amount=value, note="" if number % 5 and number % 61 else "n")
        )
    counted = []
    for processes in (0, 2):
        settings = {**SMALL, "decode_processes": processes}
        _, _, result = loaded(within, tmp_path, lines(messages), **settings)
        told_of = re.findall(r"stream events: .* rounded.*", result.log)[-1]
        counted.append(re.sub(r"\d+ batches|\d+ rows/s", "", told_of))
    assert sum(count for _, count in asked) > 500
    assert counted[0] == counted[1]


@pytest.mark.parametrize("load", LOADS)
def test_every_load_of_the_sweep_comes_to_the_same(within, tmp_path, load):
    """
    Deletes, versions, overwrites, keys that come again and columns that come later.
    """
    messages, settings = LOADS[load]
    alone, both = (
        loaded(within, tmp_path, lines(messages()), **BASE, **settings, decode_processes=processes)
        for processes in (0, 2)
    )
    assert both[0] == alone[0]
    assert both[2].states[-1] == alone[2].states[-1]


@pytest.mark.parametrize("stream", ["pg_chinook_full", "pg_sakila_incr.1"])
def test_the_streams_of_real_taps_load_as_by_the_program_alone(within, asked, tmp_path, stream):
    data = captured.stream(stream)
    alone = loaded(within, tmp_path, data)
    both = loaded(within, tmp_path, data, **SMALL)
    assert sum(count for _, count in asked) > 5000
    assert both[0] == alone[0]
    assert both[2].states[-1] == alone[2].states[-1]


def test_metadata_columns_are_filled_as_by_the_program_alone(within, asked, tmp_path):
    """
    All but the moments of this run.
    """
    data = lines(
        {**message, "time_extracted": f"2024-05-06T07:{n // 60 % 60:02}:{n % 60:02}Z", "version": n}
        if message["type"] == "RECORD"
        else message
        for n, message in enumerate(events(500))
    )
    more = {"add_record_metadata": True, "process_activate_version_messages": False}
    found = []
    for processes in (0, 2):
        names, rows = loaded(within, tmp_path, data, **{**SMALL, "decode_processes": processes}, **more)[0][
            "EVENTS"
        ]
        moments = {names.index(f"_SDC_{each}_AT") for each in ("RECEIVED", "BATCHED")}
        moments |= {names.index("_SDC_SEQUENCE"), names.index("_SDC_SYNC_STARTED_AT")}
        assert all(row[n] is not None for row in rows for n in moments)
        found.append([[value for n, value in enumerate(row) if n not in moments] for row in rows])
    assert sum(count for _, count in asked) > 300
    assert sorted(found[0]) == sorted(found[1])


def test_streams_that_are_upserted_beside_others_keep_the_last_row_of_each_key(within, asked):
    messages = [schema("keyed"), schema("plain", keys=())]
    for turn in range(40):
        for number in range(10):
            messages += [record("keyed", number, note=f"turn {turn}"), record("plain", turn * 10 + number)]
        messages.append(state(turn))
    with server(23) as (_, database):
        settings = {**SMALL, "streams": {"keyed": {"load_method": "upsert"}}}
        result = within(database.config(**settings), lines(messages))
        assert result.exit_code == 0, result.log
        assert contents(database)["KEYED"][1] == [(number, "turn 39") for number in range(10)]
        assert ids(database, "PLAIN") == list(range(400))
    assert sum(count for _, count in asked) > 100


def test_more_rejects_than_allowed_end_the_run_with_what_the_states_say(within):
    messages = list(events(2000))
    bad = {"type": "RECORD", "stream": "events", "record": {"id": "x", "note": None}}
    messages.insert(messages.index(record("events", 1250)), bad)
    with server(23) as (_, database):
        result = within(database.config(**SMALL), lines(messages))
        assert result.exit_code == 5
        last = seen(result)[-1] if seen(result) else 0
        assert last <= 1200
        assert ids(database, "EVENTS") == list(range(1, last + 1))


@pytest.mark.parametrize(
    "fault", ["cut@commit:3:after", "cut@commit:3:before", "cut@dml:9", "ora-00060@dml:5"]
)
def test_a_lost_connection_loses_and_repeats_nothing(within, fault):
    with server(23, fault) as (standin, database):
        result = within(database.config(**SMALL), lines(events(2000)))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 2001))
        assert seen(result)[-1] == 2000
        assert any(fault in line for line in standin.log)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_that_is_cut_anywhere_costs_no_row_and_doubles_none(within, moment):
    for number in range(7, 120, 14):
        with server(23, f"cut@message:{number}:{moment}") as (_, database):
            result = within(database.config(**SMALL, loader_id="cut"), lines(events(1500)))
            assert result.exit_code == 0, (number, result.log)
            assert ids(database, "EVENTS") == list(range(1, 1501)), number
            assert seen(result) == sorted(set(seen(result))), number
            assert seen(result)[-1] == 1500, number


def test_connections_of_the_program_and_of_processes_load_side_by_side(within, asked):
    with server(23) as (_, database):
        config = database.config(**{**SMALL, "decode_processes": 1, "parallelism": 2})
        messages = [*events(1000), schema("keyed"), *(record("keyed", number % 7) for number in range(500))]
        result = within({**config, "streams": {"keyed": {"load_method": "upsert"}}}, lines(messages))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 1001))
        assert ids(database, "KEYED") == list(range(7))
    assert asked


@pytest.mark.parametrize("turn", [1, 5, 12, 30])
def test_a_process_that_is_killed_costs_no_row_and_doubles_none(within, monkeypatch, turn):
    """
    Killed in the middle of the run, whatever it is doing: the program does its part from then on.
    """
    ask, turns = lanes.Lane.ask, []

    def killing(self, wanted):
        turns.append(self)
        if len(turns) == turn:
            self._process.kill()
        return ask(self, wanted)

    monkeypatch.setattr(lanes.Lane, "ask", killing)
    with server(23) as (_, database):
        result = within(database.config(**SMALL), lines(events(4000)))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 4001))
        assert seen(result) == sorted(set(seen(result)))
        assert seen(result)[-1] == 4000
        assert "decoding process" in result.log


def test_a_run_whose_processes_all_die_ends_well(within, monkeypatch):
    def dying(self, wanted):
        self._process.kill()
        return ask(self, wanted)

    ask = lanes.Lane.ask
    monkeypatch.setattr(lanes.Lane, "ask", dying)
    with server(23) as (_, database):
        result = within(database.config(**SMALL), lines(events(2000)))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 2001))


def children(pid):
    """
    The processes that process *pid* has started.
    """
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pids, patience=10.0):
    """
    Wait until none of *pids* runs any more; tell whether it came to that.
    """
    return (
        subprocess.run(
            ["timeout", str(patience), "tail", *(f"--pid={pid}" for pid in pids), "-f", "/dev/null"],
            check=False,
        ).returncode
        == 0
    )


def test_a_killed_run_leaves_no_process_and_goes_on_from_its_last_state(target):
    named = {**SMALL, "loader_id": "events", "loader_wait_seconds": 30}
    messages = list(events(4000, note=NOTE))
    with server(23) as (_, database):
        process, started = under_way(target, database.config(**named), messages)
        process.kill()
        process.wait()
        assert len(started) == 2
        assert gone(started)
        last = target(database.config(**named), b"", "--print-state").states[0]["seen"]
        assert last < 4000
        rest = [messages[0], *messages[messages.index(state(last)) + 1 :]]
        result = target(database.config(**named), lines(rest))
        assert result.exit_code == 0, result.log
        assert ids(database, "EVENTS") == list(range(1, 4001))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_commits_what_is_complete_and_leaves_no_process(target, number):
    with server(23) as (_, database):
        process, started = under_way(target, database.config(**SMALL), events(4000, note=NOTE))
        for pid in (*started, process.pid):
            os.kill(pid, number)
        states = process.stdout.read().splitlines()
        assert process.wait(30) == 128 + number
        assert gone(started)
        found = ids(database, "EVENTS")
        assert found == list(range(1, len(found) + 1))
        assert (json.loads(states[-1])["seen"] if states else LATE) <= len(found) < 4000


def test_neither_the_words_nor_the_environment_of_a_process_hold_a_secret(target):
    with server(23) as (_, database):
        config = database.config(**SMALL)
        password = config.pop("password")
        env = {"TARGET_ORACLE_PASSWORD": password, "ELSEWHERE": f"{password}, too"}
        process, started = under_way(target, config, events(2000, note=NOTE), "--config", "ENV", env=env)
        assert password.encode() in Path(f"/proc/{process.pid}/environ").read_bytes()
        assert len(started) == 2
        for pid in started:
            for place in ("cmdline", "environ"):
                assert password.encode() not in Path(f"/proc/{pid}/{place}").read_bytes()
        process.stdout.read()
        assert process.wait(60) == 0
