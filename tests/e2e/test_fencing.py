"""
One loader a loader_id: a second one waits or stops, a late one writes nothing; each names the other.
"""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

NAMED = {"loader_id": "orders", "batch_wait_limit_seconds": 0.2}
DATA = lines([schema("events", keys=()), *(record("events", n) for n in range(1, 11)), state(10)])
MORE = lines([record("events", 11), state(11)])
HOLDER = r"run \w+ on \S+ \(pid \d+\)"
PATIENCE = 60


def start(target, config, data):
    process = target.start(config)
    process.stdin.write(data)
    process.stdin.flush()
    return process


def end(process):
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stdout, stderr.decode()


def test_of_two_loaders_with_one_id_one_loads_and_the_other_names_it(target):
    """
    Started together on an empty schema: every row once, one exit 0, one exit 4.
    """
    with server(23) as (_, database):
        config = database.config(**NAMED)
        pair = [start(target, config, DATA) for _ in range(2)]
        deadline = time.monotonic() + PATIENCE
        while all(process.poll() is None for process in pair):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ends = sorted(end(process) for process in pair)
        assert [code for code, _, _ in ends] == [0, 4]
        last = ends[1][2].splitlines()[-1]
        assert re.search(rf"loader_id 'orders' is in use by {HOLDER}", last), last
        assert ids(database, "EVENTS") == list(range(1, 11))


def test_a_second_loader_waits_for_the_first_one_when_told_so(target):
    with server(23) as (_, database):
        first = start(target, database.config(**NAMED), DATA)
        assert first.stdout.readline() == b'{"seen":10}\n'
        second = start(
            target, database.config(**NAMED, loader_wait_seconds=60), DATA.replace(b"note", b"again")
        )
        time.sleep(1)
        assert second.poll() is None
        assert end(first)[0] == 0
        assert end(second)[0] == 0
        assert len(ids(database, "EVENTS")) == 20


def test_a_loader_that_was_killed_does_not_keep_the_next_one_out(target):
    with server(23) as (_, database):
        first = start(target, database.config(**NAMED), DATA)
        assert first.stdout.readline() == b'{"seen":10}\n'
        first.kill()
        first.wait()
        second = target(database.config(**NAMED), lines([schema("events", keys=())]) + MORE)
        assert second.exit_code == 0, second.log
        assert ids(database, "EVENTS") == list(range(1, 12))


def test_a_paused_loader_that_wakes_up_late_writes_nothing(target):
    """
    Its connections die while it sleeps, another one takes over; what it then sends is refused as a whole.
    """
    with server(23) as (standin, database):
        first = start(target, database.config(**NAMED, retry_delay=0), DATA)
        assert first.stdout.readline() == b'{"seen":10}\n'
        first.send_signal(signal.SIGSTOP)
        standin.restart(0.1)
        time.sleep(0.2)
        second = start(
            target,
            database.config(**NAMED, loader_wait_seconds=20),
            lines([schema("events", keys=())]) + MORE,
        )
        assert second.stdout.readline() == b'{"seen":11}\n'
        first.stdin.write(lines([record("events", 12), state(12)]))
        first.stdin.flush()
        first.send_signal(signal.SIGCONT)
        code, printed, log = end(first)
        assert (code, printed) == (4, b"")
        assert re.search(rf"another loader took over loader_id 'orders': {HOLDER}", log.splitlines()[-1]), log
        assert end(second)[0] == 0
        assert ids(database, "EVENTS") == list(range(1, 12))


def test_a_loader_whose_lease_breaks_takes_it_again_and_goes_on(target):
    """
    Only the connection that holds the lease dies; nobody else came, so nothing is lost.
    """
    with server(23) as (standin, database):
        first = start(target, database.config(**NAMED, retry_delay=0), DATA)
        assert first.stdout.readline() == b'{"seen":10}\n'
        standin.restart(0.1)
        first.stdin.write(MORE)
        first.stdin.flush()
        assert first.stdout.readline() == b'{"seen":11}\n'
        assert end(first)[0] == 0
        assert ids(database, "EVENTS") == list(range(1, 12))


def test_loaders_with_different_ids_do_not_meet(target):
    with server(23) as (_, database):
        first = start(target, database.config(**NAMED), DATA)
        other = target(database.config(loader_id="others"), DATA)
        assert other.exit_code == 0, other.log
        assert end(first)[0] == 0
        assert len(ids(database, "EVENTS")) == 20
