"""
Measure CPU, time, memory, round trips and bytes per record; print a table, and keep it with a plot.

    python -m tests.bench [--rows N] [--runs N] [--rtt-ms N] [--others] [--variants] [--ahead]
                          [--scale N,N] [--lines] [--settings JSON] [--keep FOLDER] [--profile FILE.svg]

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
from dataclasses import asdict
from pathlib import Path

from tests.bench import ahead
from tests.bench.contenders import OURS, program
from tests.bench.measuring import cpu_of, stream
from tests.bench.picture import bars
from tests.bench.sections import Section, sections
from tests.program import CHECKOUT
from tests.standin.running import running


def main() -> int:
    """
    Measure and print; 1 when a contender failed.
    """
    options = arguments().parse_args()
    kept = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.profile:
            profile(stream(folder, options.rows), folder, options.profile)
            return 0
        if options.ahead:
            print(ahead.figures(stream(folder, options.rows), options.rtt_ms, options.runs))
            return 0
        for section in sections(options, folder):
            print("{}\n{}\n".format(*section), flush=True)
            kept.append(section)
            if options.keep:  # after each, since the next may take long
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
    add("--lines", action="store_true", help="also round trips of 0, 1, 5 and 20 ms, parallelism 1 and 4")
    add("--settings", type=json.loads, default={}, help="settings of the program, as JSON")
    add("--keep", type=Path, help="write table, figures and plot into this folder")
    add("--profile", type=Path, help="write a flame graph of the program instead")
    return parser


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
