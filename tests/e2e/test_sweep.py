"""
The sweep: the connection is cut at every message of a load, before and after the server acts, and nothing shows.
"""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from tests.databases import Database
from tests.standin.options import Options
from tests.standin.server import StandIn
from tests.within import Within

pytestmark = pytest.mark.standin

# Far more than any of the loads has; the sweep ends where a fault is due no more.
MOST_MESSAGES = 400
LONG = "x" * 9000


def schema(stream, keys=("id",), **more):
    properties = {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}, **more}
    return {"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": list(keys)}


def record(stream, number, **more):
    return {"type": "RECORD", "stream": stream, "record": {"id": number, "note": f"note {number}", **more}}


def state(number):
    return {"type": "STATE", "value": {"seen": number}}


def append_only():
    """
    A table of one stream, with a column that comes later and a text that only a LOB holds.
    """
    yield schema("plain", keys=())
    for number in range(1, 8):
        yield record("plain", number)
        if number % 2 == 0:
            yield state(number)
    yield schema("plain", keys=(), more={"type": ["null", "number"]}, text={"type": ["null", "string"], "maxLength": 30_000})
    for number in range(8, 12):
        yield record("plain", number, more=1.5, text=LONG)
    yield state(11)


def upsert():
    """
    Keys that come again, within a checkpoint and in a later one.
    """
    yield schema("keyed")
    for number in (1, 2, 1, 3, 4, 2, 5, 1, 6):
        yield record("keyed", number, note=f"{number}, for the last time")
        if number in (3, 5):
            yield state(number)
    yield state(6)


def mixed():
    """
    Two streams that take turns, one appended and one merged.
    """
    yield schema("plain", keys=())
    yield schema("keyed")
    for number in range(1, 10):
        yield record("plain" if number % 2 else "keyed", number)
        yield record("keyed", number % 4)
        if number % 3 == 0:
            yield state(number)
    yield schema("keyed", more={"type": ["null", "string"]})
    yield record("keyed", 2, more="more")
    yield state(10)


LOADS = {
    "append-only": (append_only, {}),
    "upsert": (upsert, {"load_method": "upsert"}),
    "mixed": (mixed, {"streams": {"keyed": {"load_method": "upsert"}}}),
    "named": (mixed, {"streams": {"keyed": {"load_method": "upsert"}}, "loader_id": "sweep"}),
}
BASE = {"retry_delay": 0, "max_retries": 4, "commit_interval_rows": 2, "batch_size_rows": 3, "log_level": "WARNING"}


@contextmanager
def server(version, *faults):
    with StandIn(Options(version=version, faults=faults)) as standin:
        yield standin, Database(standin.dsn, standin.options.user, standin.options.password, version)


def contents(database):
    """
    Return every table's columns and rows, in an order of their own.
    """
    found = {}
    for table in database.tables():
        columns = [name for (name,) in database.query(
            "SELECT column_name FROM user_tab_columns WHERE table_name = :1 ORDER BY column_name", table
        )]
        listed = ", ".join(f'"{name}"' for name in columns)
        found[table] = (columns, sorted(database.query(f'SELECT {listed} FROM "{table}"'), key=repr))
    return found


@pytest.fixture
def within(tmp_path, monkeypatch):
    return Within(tmp_path, monkeypatch)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("version", [19, 23])
def test_a_connection_that_is_cut_at_any_message_costs_no_row_and_doubles_none(within, version, load, moment):
    """
    For each message of the load, log-in to log-off: exit 0, the tables as if nothing had been, STATEs in order to the last.
    """
    messages, settings = LOADS[load]
    data = b"".join(json.dumps(message).encode() + b"\n" for message in messages())
    with server(version) as (_, database):
        undisturbed = within(database.config(**BASE, **settings), data)
        assert undisturbed.exit_code == 0, undisturbed.log
        wanted, states = contents(database), undisturbed.states
    assert states[-1] == [message for message in messages() if message["type"] == "STATE"][-1]["value"]
    for number in range(1, MOST_MESSAGES):
        spec = f"cut@message:{number}:{moment}"
        with server(version, spec) as (standin, database):
            result = within(database.config(**BASE, **settings), data)
            if not any(spec in line for line in standin.log):
                break
            assert result.exit_code == 0, (spec, result.log)
            assert contents(database) == wanted, (spec, result.log)
            assert in_order(result.states, states), (spec, result.states)
            assert result.states[-1] == states[-1], spec
    else:
        pytest.fail("the load has more messages than the sweep looks at")
    assert number > 20


def in_order(some, every):
    """
    Tell whether *some* are among *every*, in the same order and none twice.
    """
    positions = [every.index(value) for value in some if value in every]
    return len(positions) == len(some) and positions == sorted(set(positions))
