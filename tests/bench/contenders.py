"""
Who is measured, and how: a process of its own, CPU and memory as the kernel counted them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.program import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MIB = 1024  # getrusage counts memory in KiB

# What starts a contender, which then loads its stdin.
Command = list[str]


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What one run took: CPU and wall in seconds, memory in MiB, round trips of the whole run.
    """

    cpu: float
    wall: float
    memory: float
    round_trips: int


def script(module: str) -> Callable[[str, str, str, Path], Command]:
    """
    The contender that is a module of this folder.
    """
    return lambda dsn, user, password, _folder: [
        sys.executable,
        "-m",
        f"tests.bench.{module}",
        dsn,
        user,
        password,
    ]


def program(dsn: str, user: str, password: str, folder: Path) -> Command:
    """
    The program, with every check on.
    """
    config = folder / "config.json"
    config.write_text(json.dumps({"dsn": dsn, "user": user, "password": password}))
    return [sys.executable, "-m", "target_oracle", "--config", str(config)]


CONTENDERS = {
    "target-oracle": program,
    "orjson + executemany": script("bare"),
    "typed, the floor": script("typed"),
}


def run(command: Sequence[str], stream: Path) -> tuple[float, float, float]:
    """
    CPU and wall in seconds and peak memory in MiB of one run; CalledProcessError when it fails.
    """
    with stream.open("rb") as data, tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=_untraced(), stdin=data, stdout=subprocess.DEVNULL, stderr=log
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.stderr.buffer.write(log.read())
            raise subprocess.CalledProcessError(process.returncode, list(command))
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / MIB


def _untraced() -> dict[str, str]:
    """
    The environment without what makes a process measure its coverage: that costs time and memory of its own.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
