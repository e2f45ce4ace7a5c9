"""
How well reading ahead hides the slower of decoding and the database: all three timed in one process.

    make bench ARGS=--ahead        python -m tests.bench.ahead [--rows N] [--rtt-ms N] [--runs N]

*decode* reads the stream and drops every batch, *database* sends the very same batches, *together* does both
at once, as the program does. The figure is together / max(decode, database); 1.0 hides the other one wholly.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from target_oracle import interpreter
from target_oracle.config import Config
from target_oracle.handover import Handover
from target_oracle.loader import Loader
from target_oracle.oracle.database import Database
from target_oracle.reader import Reader
from target_oracle.signals import wake_pipe
from target_oracle.singer.lines import from_file
from target_oracle.singer.state import StateWriter
from target_oracle.summary import Summary
from tests.bench import generated
from tests.standin.running import running

Call = Callable[[], object]


class Noting:
    """
    A gate that asks *loader* for tables and puts all the rest, in order, into *calls*; None: nowhere.
    """

    def __init__(self, loader: Loader, calls: deque[Call] | None) -> None:
        self._loader = loader
        self._note = calls.append if calls is not None else _forget

    def check(self) -> None:
        """
        Nothing can have failed.
        """

    def resume(self) -> Any:
        """
        See `Loader.resume`.
        """
        return self._loader.resume()

    def prepare(self, wish: Any, *, may_change: bool) -> Any:
        """
        See `Loader.prepare`.
        """
        return self._loader.prepare(wish, may_change=may_change)

    def load(self, batch: Any, rejects: Any) -> None:
        """
        Note a batch.
        """
        self._note(lambda: self._loader.load(batch, rejects))

    def act(self, act: Any) -> None:
        """
        Note an act.
        """
        self._note(lambda: self._loader.act(act))

    def close(self, ending: Any) -> None:
        """
        Note the end of a checkpoint.
        """
        self._note(lambda: self._loader.close(ending))


def _forget(_call: Call) -> None:
    """
    Drop it.
    """


def main() -> int:
    """
    Measure and print.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ahead")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rtt-ms", type=float, default=20)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.jsonl"
        generated.write(path, options.rows)
        print(figures(path, options.rtt_ms, options.runs))
    return 0


def figures(path: Path, rtt_ms: float, runs: int) -> str:
    """
    Return the medians of so many *runs*, and of their ratios, a line each.
    """
    interpreter.prepare()  # as the program does
    found = [measured(path, rtt_ms) for _ in range(runs)]
    ratios = [together / max(decode, database) for decode, database, together in found]
    names = ("decode", "database", "together")
    lines = [
        f"{name:>10} {median(column):7.2f} s"
        for name, column in zip(names, zip(*found, strict=True), strict=True)
    ]
    return "\n".join([*lines, f"{'ratio':>10} {median(ratios):7.2f}   ({rtt_ms:g} ms round trip)"])


class Prepared(Loader):
    """
    A loader that looks at a stream's table once: connecting and DDL are no part of what is measured.
    """

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        self.tables: dict[Any, Any] = {}

    def prepare(self, wish: Any, *, may_change: bool) -> Any:
        """
        See `Loader.prepare`.
        """
        if self.tables.get(wish.stream) is None:
            self.tables[wish.stream] = super().prepare(wish, may_change=may_change)
        return self.tables[wish.stream]


def measured(path: Path, rtt_ms: float) -> tuple[float, float, float]:
    """
    Return the seconds of decoding alone, of the database alone, and of both at once.
    """
    with running(ack=True, rtt_ms=rtt_ms) as server:
        config = Config(dsn=server.dsn, user=server.user, password=server.password)
        with wake_pipe() as (wake, poke):
            loader = opened(config)
            calls: deque[Call] = deque()
            read(path, wake, Noting(loader, calls), config)
            decode = timed(lambda: read(path, wake, Noting(loader, None), config))
            calls += [partial(loader.end, clean=True), loader.disconnect]
            database = timed(partial(replay, calls))
            second = opened(config)
            second.tables = loader.tables
            handover = Handover(second, poke, lambda: None)
            handover.start()
            handover.resume()  # it has connected, as the first had

            def both() -> None:
                read(path, wake, handover, config)
                handover.finish(clean=True)

            return decode, database, timed(both)


def replay(calls: deque[Call]) -> None:
    """
    Do *calls* in their order, and let go of each one's rows once it is done, as a run does.
    """
    while calls:
        calls.popleft()()


def opened(config: Config) -> Prepared:
    """
    Return a loader that prints its STATEs nowhere.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    summary = Summary(time.monotonic)
    return Prepared(
        config,
        Database(config, "bench"),
        states=StateWriter(nowhere),
        rejects=None,
        summary=summary,
        sleep=time.sleep,
    )


def read(path: Path, wake: int, gate: Any, config: Config) -> None:
    """
    Read the stream at *path* into *gate*.
    """
    lines = from_file(path, wake, config.max_transaction_bytes)
    Reader(lines, gate, config, clock=time.monotonic, stop=[]).run()


def timed(act: Call) -> float:
    """
    Return the seconds that *act* takes.
    """
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
