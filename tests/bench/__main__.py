"""
Measure CPU, time, memory, round trips and bytes per record; print a table, and keep it with a plot.

    python -m tests.bench [--rows N] [--runs N] [--rtt-ms N] [--others] [--variants] [--ahead]
                          [--scale N,N] [--settings JSON] [--keep FOLDER] [--profile FILE.svg]

Every contender loads the same generated stream into a stand-in of its own that acknowledges array DML without
storing it, so that the server is not what is measured. Figures are medians; compare ratios of one run only.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import ahead, generated
from tests.bench.contenders import (
    CONTENDERS,
    FLOOR,
    OTHERS,
    OURS,
    Contender,
    Cost,
    install,
    program,
    run,
)
from tests.bench.picture import bars
from tests.bench.variants import VARIANTS
from tests.program import CHECKOUT
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


def main() -> int:
    """
    Measure and print; 1 when a contender failed.
    """
    options = arguments().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.profile:
            profile(stream(folder, options.rows), folder, options.profile)
            return 0
        if options.ahead:
            print(ahead.figures(stream(folder, options.rows), options.rtt_ms, options.runs))
            return 0
        kept = sections(options, folder)
    for title, text, _ in kept:
        print(f"{title}\n{text}\n")
    if options.keep:
        keep(options.keep, kept)
    return 0


def arguments() -> argparse.ArgumentParser:
    """
    The command line.
    """
    parser = argparse.ArgumentParser(prog="make bench", description="What a record costs.")
    add = parser.add_argument
    add("--rows", type=int, default=200_000, help="records in the stream")
    add("--runs", type=int, default=5, help="runs of each contender")
    add("--rtt-ms", type=float, default=0, help="round trip of the line, in milliseconds")
    add(
        "--others",
        action="store_true",
        help="also what a user would pick instead, installed under build/bench",
    )
    add("--variants", action="store_true", help="also other streams and settings of the program")
    add("--ahead", action="store_true", help="only how well reading ahead hides decoding or the database")
    add("--scale", default="", help="also these numbers of records, separated by commas")
    add("--settings", type=json.loads, default={}, help="settings of the program, as JSON")
    add("--keep", type=Path, help="write table, figures and plot into this folder")
    add("--profile", type=Path, help="write a flame graph of the program instead")
    return parser


Section = tuple[str, str, Costs]


def sections(options: argparse.Namespace, folder: Path) -> list[Section]:
    """
    Measure what *options* ask for; each part with its title, its table and its figures.
    """
    ours = Contender(partial(program, settings=options.settings))
    contenders = {**CONTENDERS, OURS: ours, **(installed() if options.others else {})}
    measured = partial(measure, folder=folder, runs=options.runs, rtt_ms=options.rtt_ms)
    costs = measured(
        {name: (each, stream(folder, options.rows), options.rows) for name, each in contenders.items()}
    )
    title = f"{options.rows:,} records of {len(generated.COLUMNS)} columns, medians of {options.runs} runs"
    found = [(title, table(costs, dict.fromkeys(costs, options.rows), FLOOR), costs)]
    if options.variants:
        runs = {OURS: (ours, stream(folder, options.rows), options.rows)}
        for name, variant in VARIANTS.items():
            count = max(1, options.rows // variant.shrink)
            lines = stream(folder, count, name, variant.lines)
            settings = {**options.settings, **variant.settings}
            runs[name] = (Contender(partial(program, settings=settings)), lines, count)
            if variant.has_floor:
                runs[f"{name}: {FLOOR}"] = (CONTENDERS[FLOOR], lines, count)
        costs = measured(runs)
        rows = {name: count for name, (_, _, count) in runs.items()}
        found.append(("the program, other streams and settings", table(costs, rows, OURS), costs))
    if options.scale:
        counts = [int(count) for count in options.scale.split(",")]
        costs = measured({f"{count:,} records": (ours, stream(folder, count), count) for count in counts})
        rows = {f"{count:,} records": count for count in counts}
        found.append(("the program, from few records to many", table(costs, rows, next(iter(rows))), costs))
    return found


def stream(folder: Path, records: int, name: str = "", lines: object = generated.lines) -> Path:
    """
    The file with a stream of *records* records; made once.
    """
    path = folder / f"{name.replace(' ', '-')}-{records}.jsonl"
    if not path.exists():
        with path.open("wb") as out:
            out.writelines(lines(records))  # type: ignore[operator]
    return path


def installed() -> dict[str, Contender]:
    """
    Those of OTHERS that can be installed; a line about each that cannot.
    """
    found = {}
    for name, other in OTHERS.items():
        try:
            python = install(name, other.needs)
        except subprocess.CalledProcessError:
            print(f"{name}: cannot be installed here, it is left out", file=sys.stderr)
        else:
            found[name] = Contender(partial(_with_python, python, other))
    return found


def _with_python(python: str, other: Contender, *where: Any) -> list[str]:
    _, *rest = other.command(*where)
    return [python, *rest]


def measure(
    contenders: dict[str, tuple[Contender, Path, int]], folder: Path, runs: int, rtt_ms: float
) -> Costs:
    """
    The costs of each contender, *runs* times each, in turn so that a slow minute of the machine hits all.
    """
    costs: Costs = {name: [] for name in contenders}
    for _ in range(runs):
        for name, (contender, lines, _) in contenders.items():
            if name not in costs:
                continue
            with running(version=23, ack=True, rtt_ms=rtt_ms) as server:
                command = contender.command(server.dsn, server.user, server.password, folder)
                try:
                    began = time.time()
                    cpu, wall, memory = run(command, lines)
                except subprocess.CalledProcessError:
                    if name not in OTHERS:
                        raise
                    print(f"{name}: does not run here, it is left out", file=sys.stderr)
                    del costs[name]
                    continue
                counted, first = server.stats(), first_row(server)
                costs[name].append(
                    Cost(
                        cpu,
                        wall,
                        memory,
                        counted["round_trips"],
                        counted["bytes_in"],
                        first and first - began,
                    )
                )
    return costs


def first_row(server: Server) -> float | None:
    """
    When the first rows came, in seconds since 1970; None where none came.
    """
    return next((said["at"] for said in server.statements() if said["rows"] > 1), None)


def table(costs: Costs, rows: dict[str, int], yardstick: str) -> str:
    """
    The figures as text, medians of each column; ratios are to the CPU of *yardstick*.
    """
    unit = cpu_of(costs[yardstick], rows[yardstick])
    lines = ["".join(f"{title:>{width}}" for title, width in TITLES.items())]
    for name, found in costs.items():
        cpu = cpu_of(found, rows[name])
        figures = (
            name,
            f"{cpu:.2f}",
            f"{cpu / unit:.2f}",
            f"{rows[name] / median(cost.wall for cost in found):,.0f}",
            f"{max(cost.memory for cost in found):.0f}",
            f"{median(cost.round_trips for cost in found) * 10_000 / rows[name]:.1f}",
            f"{median(cost.sent for cost in found) / rows[name]:.0f}",
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


def keep(folder: Path, kept: list[Section]) -> None:
    """
    Write the tables, the figures of each run and a plot of the first table into *folder*.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = f"make bench ARGS={shlex.quote(shlex.join(sys.argv[1:]))}"
    text = "".join(f"{title}\n\n{lines}\n\n" for title, lines, _ in kept)
    (folder / "figures.txt").write_text(f"{command}\n\n{text.rstrip()}\n")
    runs = {
        title: {name: [asdict(cost) for cost in found] for name, found in costs.items()}
        for title, _, costs in kept
    }
    (folder / "figures.json").write_text(json.dumps({"command": command, "runs": runs}, indent=1) + "\n")
    title, _, costs = kept[0]
    rows = int(title.split()[0].replace(",", ""))
    figures = sorted(((name, cpu_of(found, rows)) for name, found in costs.items()), key=lambda pair: pair[1])
    (folder / "cpu.svg").write_text(bars("CPU per record, microseconds", title, figures, OURS))


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
