"""
The whole way on one page: bytes, lines, rows, batches, transactions, STATE.

    lines = the tap's bytes, in portions           singer/lines.py
    reader: lines -> rows -> batches, checkpoints  reader.py, decoder.py
    handover: a queue bounded in bytes             handover.py
    loader: batches -> array DML -> COMMIT         loader.py, methods.py, oracle/
    states: the committed STATE -> stdout          singer/state.py
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_oracle.errors import ConfigError, Interrupted, LoadError, TargetError
from target_oracle.handover import Handover
from target_oracle.loader import Loader
from target_oracle.log import RUN_ID, logger
from target_oracle.oracle.database import Database, read_last_state
from target_oracle.reader import Reader
from target_oracle.rejects import RejectFile
from target_oracle.singer.lines import Lines, from_descriptor, from_file
from target_oracle.singer.state import StateWriter
from target_oracle.summary import Summary

if TYPE_CHECKING:
    from target_oracle.config import Config

STDIN: Final = 0
STDOUT: Final = 1
# Rows are tuples of atoms: the cyclic collector finds nothing among them, so it may look rarely.
GC_THRESHOLD: Final = 100_000


def run(config: Config, source: Path | None) -> None:
    """
    Load Singer messages from *source*, stdin when None, and print each STATE once it is committed.

    Raises TargetError; whatever was complete by then is committed and its STATE printed.
    """
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    summary = Summary(time.monotonic)
    rejects = RejectFile(Path(config.reject_file), RUN_ID) if config.reject_file else None
    loader = Loader(
        config, Database(config, RUN_ID), states=StateWriter(STDOUT), rejects=rejects, summary=summary, sleep=time.sleep
    )
    with _wake_pipe() as (wake, poke), _signals(poke) as stop:
        handover = Handover(loader, poke)
        handover.start()
        reader = Reader(_lines(config, source, wake), handover, config, clock=time.monotonic, stop=stop)
        try:
            _read_and_load(reader, handover, config)
        finally:
            for line in summary.lines():
                logger.info("%s", line)


def print_state(config: Config) -> None:
    """
    Print the last committed STATE of `loader_id`; nothing where there is none yet. Raises TargetError.
    """
    if not config.loader_id:
        raise ConfigError("--print-state needs a loader_id: without one no run finds the STATE of another")
    state = read_last_state(config)
    if state is not None:
        StateWriter(STDOUT).write(state.encode())


def _read_and_load(reader: Reader, handover: Handover, config: Config) -> None:
    """
    Read to the end; whatever ends the reading, the loader finishes what it was given.
    """
    try:
        reader.run()
    except Interrupted as stopped:
        if not handover.finish(config.shutdown_timeout):
            raise LoadError(f"{stopped}; the loader did not finish within shutdown_timeout, open rows are rolled back") from stopped
        raise
    except TargetError:
        handover.finish()
        raise
    handover.finish()


def _lines(config: Config, source: Path | None, wake: int) -> Lines:
    longest = config.max_transaction_bytes or config.batch_size_bytes
    return from_descriptor(STDIN, wake, longest) if source is None else from_file(source, wake, longest)


@contextmanager
def _wake_pipe() -> Iterator[tuple[int, int]]:
    """
    Give a pipe whose one end wakes a waiting reader when something is written to the other.
    """
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    try:
        yield wake, poke
    finally:
        os.close(wake)
        os.close(poke)


@contextmanager
def _signals(poke: int) -> Iterator[list[int]]:
    """
    Give a list that receives the number of a SIGTERM or SIGINT; a second signal ends the process at once.
    """
    stop: list[int] = []

    def caught(number: int, _frame: object) -> None:
        if stop:
            os._exit(128 + number)
        stop.append(number)
        os.write(poke, b"!")

    before = {number: signal.signal(number, caught) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
