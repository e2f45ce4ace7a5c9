"""
Measure CPU, time, memory and round trips per record; print a table.

    python -m tests.bench [--rows N] [--runs N] [--rtt-ms N] [--json FILE] [--profile FILE.svg]

Every contender loads the same generated stream into a stand-in of its own that acknowledges array DML without
storing it, so that the server is not what is measured. Figures are medians; compare ratios of one run only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median

from tests.bench import generated
from tests.bench.contenders import CONTENDERS, Cost, program, run
from tests.program import CHECKOUT
from tests.standin.running import running

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
