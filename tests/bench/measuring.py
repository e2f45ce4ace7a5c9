"""
Loads -> their costs, each in a process and a server of its own -> a table.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import generated
from tests.bench.contenders import OTHERS, Contender, Cost, run
from tests.standin.running import Server, running

# Column title -> width. Round trips and bytes count the whole run, connecting and making the table too.
TITLES = {
    "": 32,
    "CPU us/record": 15,
    "ratio": 8,
    "records/s": 12,
    "peak MiB": 10,
    "round trips/10,000": 20,
    "bytes/record": 14,
    "first row s": 13,
}
Costs = dict[str, list[Cost]]


def stream(folder: Path, records: int, name: str = "", lines: object = generated.lines) -> Path:
    """
    The file with a stream of *records* records; made once.
    """
    path = folder / f"{name.replace(' ', '-')}-{records}.jsonl"
    if not path.exists():
        with path.open("wb") as out:
            out.writelines(lines(records))  # type: ignore[operator]
    return path


@dataclass(frozen=True, slots=True)
class Load:
    """
    Records of *stream* into one contender, *rows* in all, over a line with a round trip of *rtt_ms*.

    With *times* the records of the file come so many times, through a pipe.
    """

    contender: Contender
    stream: Path
    rows: int
    times: int = 0
    rtt_ms: float = 0


def measure(loads: dict[str, Load], folder: Path, runs: int) -> Costs:
    """
    The costs of each load, *runs* times each, in turn so that a slow minute of the machine hits all.
    """
    costs: Costs = {name: [] for name in loads}
    for _ in range(runs):
        for name in [name for name in loads if name in costs]:
            try:
                costs[name].append(_once(loads[name], folder))
            except subprocess.CalledProcessError:
                if name not in OTHERS:
                    raise
                print(f"{name}: does not run here, it is left out", file=sys.stderr)
                del costs[name]
    return costs


def _once(load: Load, folder: Path) -> Cost:
    with running(version=23, ack=True, rtt_ms=load.rtt_ms) as server:
        command = load.contender.command(server.dsn, server.user, server.password, folder)
        began = time.time()
        cpu, wall, memory = run(command, load.stream, load.times)
        counted, first = server.stats(), first_row(server)
        return Cost(cpu, wall, memory, counted["round_trips"], counted["bytes_in"], first and first - began)


def first_row(server: Server) -> float | None:
    """
    When the first rows came, in seconds since 1970; None where none came.
    """
    return next((said["at"] for said in server.statements() if said["rows"] > 1), None)


def table(costs: Costs, loads: dict[str, Load], yardstick: str) -> str:
    """
    The figures as text, medians of each column; ratios are to the CPU of *yardstick*.
    """
    unit = cpu_of(costs[yardstick], loads[yardstick].rows)
    lines = ["".join(f"{title:>{width}}" for title, width in TITLES.items())]
    for name, found in costs.items():
        rows = loads[name].rows
        cpu = cpu_of(found, rows)
        figures = (
            name,
            f"{cpu:.2f}",
            f"{cpu / unit:.2f}",
            f"{rows / median(cost.wall for cost in found):,.0f}",
            f"{max(cost.memory for cost in found):.0f}",
            f"{median(cost.round_trips for cost in found) * 10_000 / rows:.1f}",
            f"{median(cost.sent for cost in found) / rows:.0f}",
            f"{median(cost.first or cost.wall for cost in found):.2f}",
        )
        lines.append(
            "".join(f"{figure:>{width}}" for figure, width in zip(figures, TITLES.values(), strict=True))
        )
    return "\n".join(lines)


def cpu_of(found: list[Cost], rows: int) -> float:
    """
    The median CPU of a record in microseconds.
    """
    return median(cost.cpu for cost in found) / rows * 1e6
