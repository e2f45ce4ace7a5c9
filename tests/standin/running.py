"""
A stand-in server as a process of its own, as a user starts it.

    with running(version=23, faults=["cut@commit:3:after"]) as server:
        oracledb.connect(user=server.user, password=server.password, dsn=server.dsn)
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.standin.launching import Process, spawned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE = 20.0  # seconds for a start, and for a stop
SETTLING = 2.0  # seconds in which the statistics of the last request appear


@dataclass(slots=True)
class Server:
    """
    A running server: where it is, who may log in, and what it has seen.
    """

    process: Process
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    service: str
    version: int
    folder: Path
    errors: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def dsn(self) -> str:
        return f"{self.host}:{self.port}/{self.service}"

    @property
    def stats_file(self) -> Path:
        return self.folder / "stats.json"

    def stats(self) -> dict[str, int]:
        """
        Give the counters, once they have come to rest.
        """
        deadline = time.monotonic() + SETTLING
        last = self._read_stats()
        while time.monotonic() < deadline:
            time.sleep(0.12)  # longer than the server waits between two writes
            fresh = self._read_stats()
            if fresh and fresh == last:
                break
            last = fresh
        return last

    def _read_stats(self) -> dict[str, int]:
        with suppress(FileNotFoundError):
            counts: dict[str, int] = json.loads(self.stats_file.read_text())
            return counts
        return {}

    def statements(self) -> list[dict[str, Any]]:
        """
        Give every statement so far: sql, session, client (its CLIENT_IDENTIFIER), binds, rows, at.
        """
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / "sql.jsonl").read_text().splitlines()]
        return []

    def stop(self) -> int:
        """
        End it with SIGTERM; returns its exit code.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """
        End it as a power cut would.
        """
        self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def running(
    *,
    version: int = 23,
    faults: Sequence[str] = (),
    user: str = "app",
    password: str = "secret",  # noqa: S107 - of a server that lives for one test
    service: str = "FREEPDB1",
    port: int = 0,
    max_string_size: str = "standard",
    data: Path | str | None = None,
    tls: tuple[Path | str, Path | str] | None = None,
    tls_clients: Path | str | None = None,
    rtt_ms: float = 0,
    ack: bool = False,
    charset: str = "AL32UTF8",
    launch: Callable[[Sequence[str]], Process] = spawned,
) -> Iterator[Server]:
    """
    Start a server, wait until it is ready, stop it by its process id at the end.
    """
    with tempfile.TemporaryDirectory(prefix="stand-in-") as name:
        folder = Path(name)
        command = ["--port", str(port), "--user", user, "--password", password]
        command += ["--service", service, "--version", str(version), "--max-string-size", max_string_size]
        command += ["--charset", charset]
        command += ["--stats", os.fspath(folder / "stats.json"), "--log-sql", os.fspath(folder / "sql.jsonl")]
        command += ["--rtt-ms", str(rtt_ms)] if rtt_ms else []
        command += ["--data", os.fspath(data)] if data else []
        command += ["--tls", *(os.fspath(file) for file in tls)] if tls else []
        command += ["--tls-clients", os.fspath(tls_clients)] if tls_clients else []
        command += ["--ack"] if ack else []
        for fault in faults:
            command += ["--fault", fault]
        process = launch(command)
        errors: list[str] = []
        listener = threading.Thread(target=_collect, args=(process.stderr, errors), daemon=True)
        listener.start()
        try:
            host, number = _ready(process, listener, errors)
            yield Server(process, host, number, user, password, service, version, folder, errors)
        finally:
            _stop(process)
            listener.join(PATIENCE)
            if process.stdout is not None:
                process.stdout.close()


def _collect(stream: IO[str] | None, lines: list[str]) -> None:
    if stream is not None:
        with stream:
            lines += (line.rstrip("\n") for line in stream)


def _ready(process: Process, listener: threading.Thread, errors: list[str]) -> tuple[str, int]:
    """
    Read the line "ready HOST:PORT".
    """
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    line = process.stdout.readline() if process.stdout is not None else ""
    timer.cancel()
    if not line.startswith("ready "):
        process.wait(PATIENCE)
        listener.join(PATIENCE)  # it has ended, but what it said may still be on its way
        raise RuntimeError(f"the stand-in server did not start: {' / '.join(errors[-5:]) or line!r}")
    host, _, port = line.removeprefix("ready ").strip().rpartition(":")
    return host, int(port)


def _stop(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)
