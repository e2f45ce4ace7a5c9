"""
What the measurements are, part by part; each with its title, its table and its figures.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench import generated
from tests.bench.contenders import (
    CONTENDERS,
    FLOOR,
    OTHERS,
    OURS,
    Contender,
    install,
    program,
)
from tests.bench.measuring import Costs, Load, cpu_of, measure, stream, table
from tests.bench.variants import VARIANTS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator
    from pathlib import Path

Section = tuple[str, str, Costs]
# A longer stream is a file of so many records again and again. It is small, since a process counts the memory
# of the one that starts it as its own.
FILE_RECORDS = 10_000
ROUND_TRIPS_MS = (0, 1, 5, 20)
CONNECTIONS = 4
SMALL = "two columns"


def sections(options: Namespace, folder: Path) -> Iterator[Section]:
    """
    Measure what *options* ask for.
    """
    yield contenders(options, folder)
    if options.variants:
        yield variants(options, folder)
    if options.scale:
        yield scale(options, folder)
    if options.lines:
        yield lines(options, folder)


def contenders(options: Namespace, folder: Path) -> Section:
    """
    The program beside the floor and, where asked for, what a user would pick instead.
    """
    found = {**CONTENDERS, OURS: _ours(options), **(installed() if options.others else {})}
    path = stream(folder, options.rows)
    loads = {name: Load(each, path, options.rows, rtt_ms=options.rtt_ms) for name, each in found.items()}
    costs = measure(loads, folder, options.runs)
    title = f"{options.rows:,} records of {len(generated.COLUMNS)} columns, medians of {options.runs} runs"
    return title, table(costs, loads, FLOOR), costs


def variants(options: Namespace, folder: Path) -> Section:
    """
    Other streams and settings.
    """
    loads = {OURS: Load(_ours(options), stream(folder, options.rows), options.rows, rtt_ms=options.rtt_ms)}
    for name, variant in VARIANTS.items():
        count = max(1, options.rows // variant.shrink)
        path = stream(folder, count, name, variant.lines)
        loads[name] = Load(_ours(options, **variant.settings), path, count, rtt_ms=options.rtt_ms)
        if variant.has_floor:
            loads[f"{name}: {FLOOR}"] = Load(CONTENDERS[FLOOR], path, count, rtt_ms=options.rtt_ms)
    costs = measure(loads, folder, options.runs)
    return "the program, other streams and settings", table(costs, loads, OURS), costs


def scale(options: Namespace, folder: Path) -> Section:
    """
    From few records to many, each through a pipe; below the table what a record costs beyond the start.
    """
    loads = {"one record": _repeated(options, folder, 1)}
    for count in map(int, options.scale.split(",")):
        loads[f"{count:,} records"] = _repeated(options, folder, count)
    costs = measure(loads, folder, options.runs)
    start = cpu_of(costs["one record"], 1)
    beyond = (
        f"{name}: {cpu_of(costs[name], load.rows) - start / load.rows:.2f}"
        for name, load in loads.items()
        if load.rows > 1
    )
    text = table(costs, loads, list(loads)[-1])
    said = f"{text}\n\nCPU us/record without the cost of one record, which is the start: {', '.join(beyond)}"
    return "the program, from few records to many", said, costs


def _repeated(options: Namespace, folder: Path, count: int) -> Load:
    records = min(count, FILE_RECORDS)
    times = count // records
    return Load(_ours(options), stream(folder, records), records * times, times, options.rtt_ms)


def lines(options: Namespace, folder: Path) -> Section:
    """
    Longer and longer lines, with one connection and with several; below the table what several gain.

    On the longest also with records that cost little: there the line is what the time goes to.
    """
    small = stream(folder, options.rows, SMALL, VARIANTS[SMALL].lines)
    paths = {f"{rtt} ms": (rtt, stream(folder, options.rows)) for rtt in ROUND_TRIPS_MS}
    paths[f"{ROUND_TRIPS_MS[-1]} ms, 2 columns"] = ROUND_TRIPS_MS[-1], small
    loads = {
        _by_connections(name, count): Load(_ours(options, parallelism=count), path, options.rows, rtt_ms=rtt)
        for name, (rtt, path) in paths.items()
        for count in (1, CONNECTIONS)
    }
    costs = measure(loads, folder, options.runs)
    gains = (f"{name}: {_gain(costs, name):.1f}" for name in paths)
    said = f"from the first row on, {CONNECTIONS} connections are so many times as fast: {', '.join(gains)}"
    text = table(costs, loads, next(iter(loads)))
    return "the program, by the round trip of the line", f"{text}\n\n{said}", costs


def _by_connections(name: str, count: int) -> str:
    return f"{name}, parallelism {count}"


def _gain(costs: Costs, name: str) -> float:
    one, several = (
        median(cost.wall - (cost.first or 0) for cost in costs[_by_connections(name, count)])
        for count in (1, CONNECTIONS)
    )
    return one / several


def _ours(options: Namespace, **settings: Any) -> Contender:
    return Contender(partial(program, settings={**options.settings, **settings}))


def installed() -> dict[str, Contender]:
    """
    Those of OTHERS that can be installed; a line about each that cannot.
    """
    found = {}
    for name, other in OTHERS.items():
        try:
            python = install(other.needs)
        except subprocess.CalledProcessError:
            print(f"{name}: cannot be installed here, it is left out", file=sys.stderr)
        else:
            found[name] = Contender(partial(_with_python, python, other))
    return found


def _with_python(python: str, other: Contender, *where: Any) -> list[str]:
    _, *rest = other.command(*where)
    return [python, *rest]
