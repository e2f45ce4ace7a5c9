"""
The sweep: the connection is cut at every message, before and after the server acts, and nothing shows.
"""

from __future__ import annotations

import pytest

from tests.e2e.loads import contents, lines, record, schema, server, state

pytestmark = pytest.mark.standin

# Far more than any of the loads has; the sweep ends where a fault is due no more.
MOST_MESSAGES = 400
LONG = "x" * 9000
NUMBER, TEXT = {"type": ["null", "number"]}, {"type": ["null", "string"], "maxLength": 30_000}


def append_only():
    """
    A table of one stream, with a column that comes later and a text that only a LOB holds.
    """
    yield schema("plain", keys=())
    for number in range(1, 6):
        yield record("plain", number)
        if number % 2 == 0:
            yield state(number)
    yield schema("plain", keys=(), more=NUMBER, text=TEXT)
    for number in range(6, 9):
        yield record("plain", number, more=1.5, text=LONG)
    yield state(8)


def direct():
    """
    Checkpoints of two rows, each by way of a work table.
    """
    yield schema("plain", keys=(), text=TEXT)
    for number in range(1, 5):
        yield record("plain", number, text=LONG[:number])
        if number % 2 == 0:
            yield state(number)


def upsert():
    """
    Keys that come again, within a checkpoint and in a later one.
    """
    yield schema("keyed")
    for position, number in enumerate((1, 2, 1, 3, 4, 2, 5, 1, 6)):
        yield record("keyed", number, note=f"note {position}")
        if number in (3, 5):
            yield state(position)
    yield state(9)


def mixed():
    """
    Two streams that take turns, one appended and one merged.
    """
    yield schema("plain", keys=())
    yield schema("keyed")
    for number in range(1, 7):
        yield record("plain" if number % 2 else "keyed", number)
        yield record("keyed", number % 4)
        if number % 3 == 0:
            yield state(number)
    yield schema("keyed", more={"type": ["null", "string"]})
    yield record("keyed", 2, more="more")
    yield state(10)


def log():
    """
    Rows that are deleted, come back and change in part, by way of a staging table.
    """
    yield schema("log", name=TEXT, v=NUMBER)
    for position, number in enumerate((1, 2, 3, 1, 4)):
        yield record("log", number, name=f"name {position}", v=position)
    yield state(1)
    yield record("log", 2, _sdc_deleted_at="2024-01-02T03:04:05Z")
    yield record("log", 3, v=None)
    yield record("log", 4, _sdc_deleted_at="2024-01-02T03:04:05Z")
    yield record("log", 4, name="again")
    yield state(2)


def overwritten():
    """
    A table that is switched at a version and again at the end, beside one that is appended.
    """
    yield schema("plain", keys=())
    yield schema("whole", name=TEXT)
    for number in range(1, 5):
        yield record("whole", number, name="first")
        yield record("plain", number)
        if number % 2 == 0:
            yield state(number)
    yield {"type": "ACTIVATE_VERSION", "stream": "whole", "version": 1}
    yield record("whole", 9, name="second")
    yield state(9)


def versions():
    """
    Rows of a version, and then of the next one.
    """
    yield schema("versioned", name=TEXT)
    for version in (1, 2):
        yield {"type": "ACTIVATE_VERSION", "stream": "versioned", "version": version}
        for number in range(version, 4):
            yield {**record("versioned", number, name="name"), "version": version}
        yield {"type": "ACTIVATE_VERSION", "stream": "versioned", "version": version}
        yield state(version)


LOADS = {
    "log": (
        log,
        {"load_method": "upsert", "upsert_strategy": "staged", "hard_delete": True, "partial_updates": True},
    ),
    "overwrite": (overwritten, {"streams": {"whole": {"load_method": "overwrite"}}}),
    "versions": (versions, {"load_method": "upsert", "hard_delete": True}),
    "append-only": (append_only, {}),
    "direct": (direct, {"insert_method": "direct"}),
    "upsert": (upsert, {"load_method": "upsert"}),
    "mixed": (mixed, {"streams": {"keyed": {"load_method": "upsert"}}, "loader_id": "sweep"}),
}
BASE = {
    "retry_delay": 0,
    "max_retries": 4,
    "commit_interval_rows": 2,
    "batch_size_rows": 3,
    "log_level": "WARNING",
}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("version", [19, 23])
def test_a_connection_that_is_cut_at_any_message_costs_no_row_and_doubles_none(within, version, load, moment):
    """
    From log-in to log-off: exit 0, the tables as if nothing had been, STATEs in order to the last.
    """
    messages, settings = LOADS[load]
    data = lines(messages())
    with server(version) as (_, database):
        undisturbed = within(database.config(**BASE, **settings), data)
        assert undisturbed.exit_code == 0, undisturbed.log
        wanted, states = contents(database), undisturbed.states
    assert states[-1] == [message for message in messages() if message["type"] == "STATE"][-1]["value"]
    for number in range(1, MOST_MESSAGES):
        fault = f"cut@message:{number}:{moment}"
        with server(version, fault) as (standin, database):
            result = within(database.config(**BASE, **settings), data)
            if not any(fault in line for line in standin.log):
                break
            assert result.exit_code == 0, (fault, result.log)
            assert contents(database) == wanted, (fault, result.log)
            assert is_in_order(result.states, states), (fault, result.states)
            assert result.states[-1] == states[-1], fault
    else:
        pytest.fail("the load has more messages than the sweep looks at")
    assert number > 20


@pytest.mark.parametrize("version", [19, 23])
def test_an_answer_that_breaks_off_costs_no_row_and_doubles_none(within, version):
    """
    The connection dies in the middle of each answer, from its first byte on.
    """
    data = lines(mixed())
    settings = LOADS["mixed"][1]
    with server(version) as (standin, database):
        assert within(database.config(**BASE, **settings), data).exit_code == 0
        answers = standin.stats()["messages"]
        wanted = contents(database)
    for number in range(1, answers + 1):
        fault = f"cut@answer:{number}:{number % 23}"
        with server(version, fault) as (_, database):
            result = within(database.config(**BASE, **settings), data)
            assert result.exit_code == 0, (fault, result.log)
            assert contents(database) == wanted, (fault, result.log)


def is_in_order(some, every):
    """
    Tell whether *some* are among *every*, in the same order and none twice.
    """
    positions = [every.index(value) for value in some if value in every]
    return len(positions) == len(some) and positions == sorted(set(positions))
