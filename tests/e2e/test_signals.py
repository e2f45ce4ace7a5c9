"""
Every end that a load can come to: signals, closed descriptors, a full disk, input that breaks off.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.loads import ids, lines, record, schema, server, state
from tests.program import COMMAND

pytestmark = pytest.mark.standin

TEN = lines([schema("events", keys=()), *(record("events", n) for n in range(1, 11)), state(10)])
QUICK = {"batch_wait_limit_seconds": 0.2}
ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}
PATIENCE = 60


def send(process, data):
    process.stdin.write(data)
    process.stdin.flush()


def ended(process, number):
    """
    Send a signal, and return the exit code, how long it took, what was printed and what was logged.
    """
    process.send_signal(number)
    began = time.monotonic()
    code = process.wait(PATIENCE)
    return code, time.monotonic() - began, process.stdout.read(), process.stderr.read().decode()


@pytest.mark.parametrize("number", ENDS)
def test_a_silent_tap_gets_its_rows_committed_and_a_signal_ends_the_wait_at_once(target, number):
    """
    Ten rows, then nothing: rows and STATE are out after batch_wait_limit_seconds, long before the signal.
    """
    with server(23) as (_, database):
        process = target.start(database.config(**QUICK))
        send(process, TEN)
        assert process.stdout.readline() == b'{"seen":10}\n'
        assert ids(database, "EVENTS") == list(range(1, 11))
        code, seconds, printed, log = ended(process, number)
        assert (code, printed) == (ENDS[number], b"")
        assert seconds < 5
        assert f"signal {number.value}" in log.splitlines()[-1]


@pytest.mark.parametrize("number", ENDS)
def test_a_signal_commits_what_is_complete_and_prints_its_state(target, number):
    """
    The rows still wait when the signal comes; they and their STATE get their time.
    """
    with server(23) as (_, database):
        process = target.start(database.config())
        send(process, TEN + lines([record("events", 11)]))
        wait_for(lambda: "EVENTS" in database.tables())
        code, _, printed, log = ended(process, number)
        assert (code, printed) == (ENDS[number], b'{"seen":10}\n')
        assert ids(database, "EVENTS") == list(range(1, 12))
        assert "11 received, 11 inserted" in log


def wait_for(fact):
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_signal_gives_the_commit_no_longer_than_shutdown_timeout(target):
    """
    The server does not answer: the run ends when the time is over, and what was open is rolled back.
    """
    with server(23, "stall@commit:2:30s") as (standin, database):
        process = target.start(database.config(**QUICK, shutdown_timeout=0.5))
        send(process, TEN)
        wait_for(lambda: any("stall@commit" in line for line in standin.log))
        code, seconds, printed, log = ended(process, signal.SIGTERM)
        assert (code, printed) == (143, b"")
        assert 0.4 < seconds < 10
        assert "shutdown_timeout" in log.splitlines()[-1]


def test_a_signal_ends_a_run_whose_queue_is_full(target):
    """
    The reader waits for the loader, which waits for the server: the time counts all the same.
    """
    with server(23, "stall@commit:2:30s") as (standin, database):
        config = database.config(shutdown_timeout=0.5, commit_interval_rows=10, batch_size_rows=10)
        process = target.start(config)
        os.set_blocking(process.stdin.fileno(), False)
        wide = lines([record("events", n, note="x" * 3000) for n in range(1000)])
        send(process, TEN)
        wait_for(lambda: any("stall@commit" in line for line in standin.log))
        written, quiet = 0, 0
        while quiet < 20:
            try:  # each write may find the pipe full
                written += os.write(process.stdin.fileno(), wide)
                quiet = 0
            except BlockingIOError:  # noqa: PERF203  # each write may find the pipe full
                quiet += 1
                time.sleep(0.02)
        code, seconds, _, _ = ended(process, signal.SIGTERM)
        assert code == 143
        assert seconds < 10


def test_a_second_signal_ends_the_run_at_once(target):
    with server(23, "stall@commit:2:30s") as (standin, database):
        process = target.start(database.config(**QUICK))
        send(process, TEN)
        wait_for(lambda: any("stall@commit" in line for line in standin.log))
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        code, seconds, printed, _ = ended(process, signal.SIGTERM)
        assert (code, printed) == (143, b"")
        assert seconds < 5


def test_a_signal_before_any_input_ends_the_run_at_once(target):
    with server(23) as (standin, database):
        process = target.start(database.config())
        wait_for(lambda: standin.stats().get("logins"))
        code, seconds, printed, _ = ended(process, signal.SIGTERM)
        assert (code, printed) == (143, b"")
        assert seconds < 5


# --- descriptors


def shell(target, config, redirection, data):
    """
    Run the program under a shell that redirects as said.
    """
    words = " ".join([*COMMAND, *target._config_arguments(config)])
    return subprocess.run(
        ["/bin/sh", "-c", f"{words} {redirection}"],
        input=data,
        capture_output=True,
        env=target._environment({}),
        cwd=target.folder,
        check=False,
        timeout=PATIENCE,
    )


def assert_nobody_reads(code, log):
    assert code == 2, log
    assert "STATE" in log.splitlines()[-1]
    assert "Traceback" not in log


def test_a_reader_of_stdout_that_goes_away_is_exit_2_and_the_rows_are_in(target):
    """
    The STATE cannot be handed over, which is the last line; what is committed stays.
    """
    with server(23) as (_, database):
        process = target.start(database.config())
        process.stdout.close()
        send(process, TEN)
        process.stdin.close()
        assert_nobody_reads(process.wait(PATIENCE), process.stderr.read().decode())
        assert ids(database, "EVENTS") == list(range(1, 11))


def test_a_stdout_that_is_full_is_exit_2_and_the_rows_are_in(target):
    with server(23) as (_, database):
        found = shell(target, database.config(), ">/dev/full", TEN)
        assert_nobody_reads(found.returncode, found.stderr.decode())
        assert ids(database, "EVENTS") == list(range(1, 11))


def test_a_stdout_that_is_closed_from_the_start_is_exit_2_and_nothing_begins(target):
    with server(23) as (_, database):
        found = shell(target, database.config(), ">&-", TEN)
        assert_nobody_reads(found.returncode, found.stderr.decode())
        assert database.tables() == []


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_closed_stderr_changes_nothing(target, redirection):
    with server(23) as (_, database):
        found = shell(target, database.config(), redirection, TEN)
        assert (found.returncode, found.stdout) == (0, b'{"seen":10}\n')
        assert ids(database, "EVENTS") == list(range(1, 11))


def test_a_full_disk_for_the_reject_file_is_exit_2_and_nothing_is_lost(target):
    """
    The checkpoint whose rejects cannot be kept is not committed; the one before it is.
    """
    with server(23) as (_, database):
        config = database.config(max_rejects=5, reject_file="/dev/full", commit_interval_rows=5)
        bad = b'{"type":"RECORD","stream":"events","record":{"id":"x"}}\n'
        result = target(config, TEN + bad + lines([record("events", 11), state(12)]))
        assert result.exit_code == 2
        assert "reject_file" in result.last_line
        assert result.states == [{"seen": 10}]
        assert ids(database, "EVENTS") == list(range(1, 11))


# --- input that breaks off


def test_input_that_ends_in_half_a_line_is_exit_3_and_all_before_is_in(target):
    with server(23) as (_, database):
        result = target(database.config(), TEN + b'{"type":"RECORD","stream":"events","rec')
        assert (result.exit_code, result.states) == (3, [{"seen": 10}])
        assert "middle of a line" in result.last_line
        assert ids(database, "EVENTS") == list(range(1, 11))


def test_a_last_line_without_its_line_feed_counts(target):
    with server(23) as (_, database):
        result = target(database.config(), TEN.rstrip(b"\n"))
        assert (result.exit_code, result.states) == (0, [{"seen": 10}])


def test_a_final_state_may_be_required(target):
    with server(23) as (_, database):
        config = database.config(require_final_state=True)
        assert target(config, TEN).exit_code == 0
        result = target(config, TEN + lines([record("events", 11)]))
        assert (result.exit_code, result.states) == (3, [{"seen": 10}])
        assert "require_final_state" in result.last_line
        assert sys.getsizeof(result.log) < 10_000


def test_an_empty_input_is_a_good_run(target):
    with server(23) as (_, database):
        result = target(database.config(), b"")
        assert (result.exit_code, result.stdout) == (0, b"")
