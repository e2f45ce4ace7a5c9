"""
The ways to start a stand-in server: as a user does, or forked from a process that has imported it already.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

PROGRAM = Path(__file__).resolve().parents[2] / "bin" / "stand-in"
# Coverage begins in every process that finds these, and none of what it measures runs in a server.
_COVERAGE = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
_FORKS = multiprocessing.get_context("forkserver")


class Process(Protocol):
    """
    What a test does with a server's process, in the words of `subprocess.Popen`.
    """

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    @property
    def stderr(self) -> IO[str] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def spawned(arguments: Sequence[str]) -> Process:
    """
    Start `bin/stand-in`, which imports what it needs.
    """
    return subprocess.Popen(
        [os.fspath(PROGRAM), *arguments],
        env={**os.environ, "STAND_IN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def forked(arguments: Sequence[str]) -> Process:
    """
    Start a server that costs no import: a process of its own all the same, in a tenth of the time.
    """
    return Forked(arguments)


class Forked:
    """
    A server that the fork server of this process made.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        out, child_out = _FORKS.Pipe(duplex=False)
        err, child_err = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_serve, args=(list(arguments), child_out, child_err))
        _prepare()
        with child_out, child_err:
            self._process.start()
        self.stdout: IO[str] = _text(out)
        self.stderr: IO[str] = _text(err)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(PROGRAM), timeout or 0)
        return self._process.exitcode

    def send_signal(self, sig: int) -> None:
        os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _serve(arguments: list[str], out: Connection, err: Connection) -> NoReturn:
    """
    Be the server, in the forked process.
    """
    from tests.standin.__main__ import main  # noqa: PLC0415 - the fork server has imported it

    with out, err:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(err.fileno(), sys.stderr.fileno())
    sys.exit(main(arguments))


def _prepare() -> None:
    """
    Start the fork server, without coverage, unless it runs.
    """
    hidden = {name: os.environ.pop(name) for name in _COVERAGE if name in os.environ}
    try:
        _FORKS.set_forkserver_preload([__name__, "tests.standin.__main__", "tests.standin.engine"])
        forkserver.ensure_running()
    finally:
        os.environ.update(hidden)


def _text(end: Connection) -> IO[str]:
    with end:
        return os.fdopen(os.dup(end.fileno()), encoding="utf-8")
