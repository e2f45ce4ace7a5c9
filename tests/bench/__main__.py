"""
Measure CPU, time, memory and round trips per record; print a table.

    python -m tests.bench [--rows N] [--runs N] [--rtt-ms N] [--json FILE] [--profile FILE.svg]

Every contender loads the same generated stream into a stand-in of its own that acknowledges array DML without
storing it, so that the server is not what is measured. Figures are medians; compare ratios of one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench import generated
from tests.program import CHECKOUT
from tests.standin.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MIB = 1024  # getrusage counts memory in KiB

# The arguments that a contender needs to load a stream into (dsn, user, password); *folder* is his own.
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
YARDSTICK = "orjson + executemany"

# Column title -> width. The last counts the whole run: connecting and making the table are in it.
TITLES = {
    "": 22,
    "CPU us/record": 15,
    "ratio": 8,
    "records/s": 12,
    "peak MiB": 10,
    "round trips/10,000": 20,
}


def main() -> int:
    """
    Measure and print; 1 when a contender failed.
    """
    options = arguments().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stream = folder / "stream.jsonl"
        generated.write(stream, options.rows)
        if options.profile:
            profile(stream, folder, options.profile)
            return 0
        costs = measure(stream, folder, options.runs, options.rtt_ms)
    print(table(costs, options.rows, options.runs))
    if options.json:
        figures = {name: [asdict(cost) for cost in runs] for name, runs in costs.items()}
        options.json.write_text(json.dumps({"rows": options.rows, "runs": figures}, indent=1) + "\n")
    return 0


def arguments() -> argparse.ArgumentParser:
    """
    The command line.
    """
    parser = argparse.ArgumentParser(prog="make bench", description="What a record costs.")
    parser.add_argument("--rows", type=int, default=200_000, help="records in the stream")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender")
    parser.add_argument("--rtt-ms", type=float, default=0, help="round trip of the line, in milliseconds")
    parser.add_argument("--json", type=Path, help="write the figures of each run")
    parser.add_argument("--profile", type=Path, help="write a flame graph of the program instead")
    return parser


def measure(stream: Path, folder: Path, runs: int, rtt_ms: float) -> dict[str, list[Cost]]:
    """
    The costs of each contender, *runs* times each, in turn so that a slow minute of the machine hits all.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in CONTENDERS}
    for _ in range(runs):
        for name, command in CONTENDERS.items():
            with running(version=23, ack=True, rtt_ms=rtt_ms) as server:
                arguments = command(server.dsn, server.user, server.password, folder)
                cpu, wall, memory = run(arguments, stream)
                costs[name].append(Cost(cpu, wall, memory, server.stats()["round_trips"]))
    return costs


def run(command: Sequence[str], stream: Path) -> tuple[float, float, float]:
    """
    CPU and wall in seconds and peak memory in MiB of one run; CalledProcessError when it fails.
    """
    with stream.open("rb") as data, tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=CHECKOUT, stdin=data, stdout=subprocess.DEVNULL, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.stderr.buffer.write(log.read())
            raise subprocess.CalledProcessError(process.returncode, list(command))
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / MIB


def table(costs: dict[str, list[Cost]], rows: int, runs: int) -> str:
    """
    The figures as text, medians of each column.
    """
    yardstick = median(cost.cpu for cost in costs[YARDSTICK])
    lines = [
        f"{rows:,} records of {len(generated.COLUMNS)} columns, medians of {runs} runs",
        "".join(f"{title:>{width}}" for title, width in TITLES.items()),
    ]
    for name, found in costs.items():
        cpu = median(cost.cpu for cost in found)
        figures = (
            name,
            f"{cpu / rows * 1e6:.2f}",
            f"{cpu / yardstick:.2f}",
            f"{rows / median(cost.wall for cost in found):,.0f}",
            f"{max(cost.memory for cost in found):.0f}",
            f"{median(cost.round_trips for cost in found) * 10_000 / rows:.1f}",
        )
        lines.append(
            "".join(f"{figure:>{width}}" for figure, width in zip(figures, TITLES.values(), strict=True))
        )
    return "\n".join(lines)


def profile(stream: Path, folder: Path, path: Path) -> None:
    """
    Write a flame graph of the program's run to *path*.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with running(version=23, ack=True) as server, stream.open("rb") as data:
        command = program(server.dsn, server.user, server.password, folder)
        spy = [str(Path(sys.executable).parent / "py-spy"), "record", "--rate", "500", "--output", str(path)]
        subprocess.run(
            [*spy, "--threads", "--", *command],
            cwd=CHECKOUT,
            stdin=data,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    print(f"flame graph: {path}")


if __name__ == "__main__":
    sys.exit(main())
