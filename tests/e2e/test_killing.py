"""
The killing: killed at any moment and started again from its last STATE, a load has every row once.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
from contextlib import suppress

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

# Rows that the tap sends ahead of what it was started from; the program never gets through them before it
# is killed.
AHEAD = 3000
STATE_EVERY = 37
# From here on, rows have one more property; the table changes in the middle of a checkpoint.
CHANGE_EVERY = 500
SETTINGS = {
    "loader_id": "killed",
    "batch_size_rows": 20,
    "commit_interval_rows": 50,
    "max_transaction_rows": 60,
    "batch_wait_limit_seconds": 0.05,
    "loader_wait_seconds": 30,
    "retry_delay": 0.01,
    "log_level": "WARNING",
}


def tap(seen, upto):
    """
    Give what a tap sends that was started behind row *seen*: the same records in every run.
    """
    yield shape(seen)
    for number in range(seen + 1, upto + 1):
        if number % CHANGE_EVERY == 0:
            yield shape(number)
        yield record("events", number, **{f"p{number // CHANGE_EVERY}": number})
        if number % STATE_EVERY == 0:
            yield state(number)


def shape(number):
    """
    Return the SCHEMA as it is at row *number*.
    """
    return schema(
        "events", keys=(), **{f"p{n}": {"type": "integer"} for n in range(number // CHANGE_EVERY + 1)}
    )


def feed(process, data):
    """
    Write *data* to a process that may be killed meanwhile.
    """
    with suppress(OSError):
        process.stdin.write(data)
        process.stdin.flush()


def seen_by(within, config):
    """
    Return the row that the ledger's STATE names; 0 where there is none yet.
    """
    result = within(config, b"", "--print-state")
    assert result.exit_code == 0, result.log
    return json.loads(result.stdout)["seen"] if result.stdout else 0


def kill(target, config, seen, seconds):
    """
    Start a load behind row *seen*, and kill it after *seconds*.
    """
    process = target.start(config)
    feeder = threading.Thread(target=feed, args=(process, lines(tap(seen, seen + AHEAD))), daemon=True)
    feeder.start()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()
    feeder.join()
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):
            pipe.close()


def load_with_kills(target, within, version, seed, kills):
    moments = random.Random(seed)  # noqa: S311  # no secret: moments that can be had again
    with server(version) as (_, database):
        config = database.config(**SETTINGS)
        for _ in range(kills):
            kill(target, config, seen_by(within, config), moments.uniform(0.25, 1))
        seen = seen_by(within, config)
        last = seen + AHEAD // 10
        result = target(config, lines([*tap(seen, last), state(last)]))
        assert result.exit_code == 0, result.log
        assert result.states[-1] == {"seen": last}
        assert ids(database, "EVENTS") == list(range(1, last + 1))


@pytest.mark.parametrize("seed", range(5))
def test_an_append_only_load_that_is_killed_ten_times_has_every_row_once(target, within, seed):
    load_with_kills(target, within, 19 if seed % 2 else 23, seed, kills=10)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 108))
def test_an_append_only_load_that_is_killed_twenty_five_times_has_every_row_once(target, within, seed):
    load_with_kills(target, within, 19 if seed % 2 else 23, seed, kills=25)
