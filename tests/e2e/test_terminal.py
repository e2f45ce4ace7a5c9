"""
The live line: on a terminal it is there and goes; in a file there is nothing of it.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import sys
import time

import pytest

from tests.databases import Database

pytestmark = pytest.mark.standin

PATIENCE = 60.0
LIVE = re.compile(rb"\r\x1b\[K([\d,]+ lines read, [^\r\n]*)")
SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "key_properties": [],
    "schema": {"properties": {"id": {"type": "integer"}}},
}


def lines(count):
    rows = [{"type": "RECORD", "stream": "orders", "record": {"id": number}} for number in range(count)]
    state = {"type": "STATE", "value": {"orders": count}}
    return "".join(json.dumps(line) + "\n" for line in (SCHEMA, *rows, state)).encode()


class Terminal:
    """
    The program with a terminal as its stderr, and all that appeared there.
    """

    def __init__(self, config, folder, **environment):
        self.seen = b""
        config_file = folder / "terminal.json"
        config_file.write_text(json.dumps(config))
        self.master, slave = pty.openpty()
        feed, self.feed = os.pipe()
        self.states, states = os.pipe()
        self.pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "target_oracle", "--config", str(config_file)],
            {**os.environ, "TERM": "xterm", **environment},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, feed, 0),
                (os.POSIX_SPAWN_DUP2, states, 1),
                (os.POSIX_SPAWN_DUP2, slave, 2),
                *((os.POSIX_SPAWN_CLOSE, other) for other in (self.feed, self.states, self.master)),
            ],
        )
        for descriptor in (feed, states, slave):
            os.close(descriptor)

    def read(self):
        """
        Take what the terminal shows next; False at its end.
        """
        ready, _, _ = select.select([self.master], [], [], PATIENCE)
        assert ready, self.seen
        try:
            more = os.read(self.master, 65536)
        except OSError:  # Linux says EIO when the last writer has closed a terminal
            return False
        self.seen += more
        return bool(more)

    def until(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not pattern.search(self.seen):
            assert time.monotonic() < deadline, self.seen
            assert self.read(), self.seen

    def end(self):
        """
        End the input and return the exit code once the program has ended.
        """
        os.close(self.feed)
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        with os.fdopen(self.states, "rb") as states:
            self.stdout = states.read()
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def place(standin):
    server = standin()
    return Database(server.dsn, server.user, server.password, server.version)


def test_a_terminal_shows_the_live_line_and_is_left_clean(place, tmp_path):
    terminal = Terminal(place.config(commit_interval_rows=1), tmp_path)
    os.write(terminal.feed, lines(500))
    terminal.until(re.compile(rb"502 lines read, [\d,]+/s, 500 records in, 0 rejects, last commit \d+ s ago"))
    assert terminal.end() == 0
    assert terminal.stdout == b'{"orders":500}\n'
    left = screen(terminal.seen)
    assert [line for line in left if b"lines read" in line] == []
    assert any(b"stream orders: 500 received, 500 inserted" in line for line in left)


def test_a_line_of_the_log_stands_above_the_live_line(place, tmp_path):
    terminal = Terminal(place.config(), tmp_path)
    terminal.until(LIVE)
    os.write(terminal.feed, lines(5))
    terminal.until(re.compile(rb"\r\x1b\[K[^\r\n]*CREATE TABLE[^\r\n]*\r\n[\d,]+ lines read"))
    assert terminal.end() == 0


@pytest.mark.parametrize(
    ("settings", "environment"),
    [
        pytest.param({"log_format": "json"}, {}, id="log-for-programs"),
        pytest.param({"log_level": "WARNING"}, {}, id="quiet"),
        pytest.param({}, {"TERM": "dumb"}, id="dumb-terminal"),
    ],
)
def test_who_does_not_want_a_live_line_has_none(place, tmp_path, settings, environment):
    terminal = Terminal(place.config(**settings), tmp_path, **environment)
    os.write(terminal.feed, lines(5))
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.seen
    assert b"lines read" not in terminal.seen


def test_a_file_has_none_of_it(target, standin):
    server = standin(rtt_ms=100)  # long enough for a live line, were there one
    config = Database(server.dsn, server.user, server.password, server.version).config()
    result = target(config, lines(500))
    assert result.exit_code == 0
    assert "\x1b" not in result.log
    assert "\r" not in result.log
    assert "lines read" not in result.log


def screen(seen):
    """
    The lines that a terminal shows at the end: what was erased is gone.
    """
    return [line.rpartition(b"\x1b[K")[2] for line in seen.replace(b"\r\n", b"\n").split(b"\n")]
