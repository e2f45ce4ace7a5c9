"""
Who is measured, and how: a process of its own, CPU and memory as the kernel counted them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.program import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MIB = 1024  # getrusage counts memory in KiB

# What starts a contender, which then loads its stdin.
Command = list[str]


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What one run took: CPU and wall in seconds, memory in MiB, round trips of the whole run.

    *first* is how many seconds after its start the first rows came to the server; None where none came.
    """

    cpu: float
    wall: float
    memory: float
    round_trips: int
    sent: int = 0  # bytes that the server has received
    first: float | None = None


def script(module: str, *words: str) -> Callable[[str, str, str, Path], Command]:
    """
    The contender that is a module of this folder, started with *words*.
    """
    return lambda dsn, user, password, _folder: [
        sys.executable,
        "-m",
        f"tests.bench.{module}",
        dsn,
        user,
        password,
        *words,
    ]


def program(
    dsn: str, user: str, password: str, folder: Path, settings: Mapping[str, Any] | None = None
) -> Command:
    """
    The program, with every check on, and *settings*, in which {folder} is the folder of the run.
    """
    return [
        sys.executable,
        "-m",
        "target_oracle",
        "--config",
        _config(dsn, user, password, folder, settings or {}),
    ]


def sdk(dsn: str, user: str, password: str, folder: Path) -> Command:
    """
    The contender that is a target of the Singer SDK.
    """
    config = _config(dsn, user, password, folder, {})
    return [sys.executable, "-m", "tests.bench.sdk", "--config", config]


def macrometa(dsn: str, user: str, password: str, folder: Path) -> Command:
    """
    The contender whose command stands beside its Python.
    """
    address, _, service = dsn.partition("/")
    host, _, port = address.partition(":")
    named = {
        "host": host,
        "port": int(port),
        "dbname": service,
        "service_name": service,
        "default_target_schema": user,
    }
    config = _config(dsn, user, password, folder, named)
    return [sys.executable, "-m", "macrometa_target_oracle", "--config", config]


def _config(dsn: str, user: str, password: str, folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "config.json"
    named = {
        name: value.format(folder=folder) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    path.write_text(json.dumps({"dsn": dsn, "user": user, "password": password, **named}))
    return str(path)


@dataclass(frozen=True, slots=True)
class Contender:
    """
    How one is started; *needs* are what it is installed with, in an environment of its own.
    """

    command: Callable[[str, str, str, Path], Command]
    needs: tuple[str, ...] = ()


FLOOR = "typed, the floor"
OURS = "target-oracle"
CONTENDERS = {
    OURS: Contender(program),
    FLOOR: Contender(script("typed")),
    "orjson + executemany": Contender(script("bare")),
}
ALCHEMY = ("sqlalchemy>=2,<3", "oracledb", "orjson")
OTHERS = {
    "SQLAlchemy Core": Contender(script("core"), ALCHEMY),
    "SQLAlchemy Core, exact": Contender(script("core", "exact"), ALCHEMY),
    "pandas.to_sql": Contender(script("frames"), ("pandas>=2", *ALCHEMY)),
    "Singer SDK SQL sink": Contender(sdk, ("singer-sdk", "sqlalchemy>=2,<3", "oracledb")),
    "dlt": Contender(script("dlt_load"), ("dlt[sqlalchemy]", "oracledb", "orjson")),
    "macrometa-target-oracle": Contender(macrometa, ("macrometa-target-oracle",)),
}


def install(needs: Sequence[str]) -> str:
    """
    The Python of an environment with *needs*; CalledProcessError where they cannot be installed.
    """
    folder = CHECKOUT / "build" / "bench" / re.sub(r"[^a-z]+", "-", " ".join(needs))
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *needs]
        subprocess.run(pip, check=True, stdout=subprocess.DEVNULL)
        done.touch()
    return str(python)


def run(command: Sequence[str], stream: Path, times: int = 0) -> tuple[float, float, float]:
    """
    CPU and wall in seconds and peak memory in MiB of one run; CalledProcessError when it fails.

    With *times*, what follows the first line of *stream* comes so many times, through a pipe.
    """
    with stream.open("rb") as data, tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=_environment(),
            stdin=subprocess.PIPE if times else data,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        if process.stdin is not None:
            with process.stdin, suppress(BrokenPipeError):  # it has failed, which its exit code tells
                process.stdin.write(data.readline())
                again = data.read()
                for _ in range(times):
                    process.stdin.write(again)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.stderr.buffer.write(log.read())
            raise subprocess.CalledProcessError(process.returncode, list(command))
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / MIB


def _environment() -> dict[str, str]:
    """
    The environment without what slows a process down: measuring its coverage, compiling at every start.
    """
    slowing = ("COVERAGE_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(slowing)}
