"""
The whole way on one page: bytes, lines, rows, batches, transactions, STATE.

    lines = the tap's bytes, in portions           singer/lines.py
    reader: lines -> rows -> batches, checkpoints  reader.py, records.py, decoder.py, gathering.py
    handover: a queue bounded in bytes             handover.py
    loader: batches -> array DML -> COMMIT         loader.py, parallel.py, methods.py, oracle/
    states: the committed STATE -> stdout          singer/state.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_oracle import interpreter, metrics, progress, report
from target_oracle.errors import ConfigError, TargetError
from target_oracle.handover import Handover
from target_oracle.loader import Loader
from target_oracle.log import RUN_ID, logger
from target_oracle.masking import Mask
from target_oracle.oracle.database import Database, read_last_state
from target_oracle.reader import Reader
from target_oracle.rejects import RejectFile, refuse_as_input
from target_oracle.signals import Signals, wake_pipe
from target_oracle.singer.lines import Lines, from_descriptor, from_file
from target_oracle.singer.state import StateWriter
from target_oracle.stages import watched
from target_oracle.summary import Summary
from target_oracle.telemetry import traced

if TYPE_CHECKING:
    from target_oracle.config import Config
    from target_oracle.lanes import Lane

STDIN: Final = 0
STDOUT: Final = 1


def run(config: Config, source: Path | None) -> None:
    """
    Load Singer messages from *source*, stdin when None, and print each STATE once it is committed.

    Raises TargetError; whatever was complete by then is committed and its STATE printed.
    """
    interpreter.prepare()
    summary = Summary(time.monotonic)
    rejects = _reject_file(config, source)
    database = Database(config, RUN_ID)
    with (
        _processes(config) as lanes,
        traced(config) as trace,
        wake_pipe() as (wake, poke),
        Signals(poke, config.shutdown_timeout, time.monotonic) as signals,
        closing(_lines(config, source, wake)) as lines,
    ):
        loader = _loader(config, lanes)(
            config, database, states=StateWriter(STDOUT), rejects=rejects, summary=summary, sleep=time.sleep
        )
        handover = Handover(loader, poke, signals.hurry)
        handover.start()
        tap, gate = watched(lines, summary.stages, "read"), watched(handover, summary.stages, "wait")
        reader = _reader(lanes, signals.hurry)(tap, gate, config, clock=time.monotonic, stop=signals.caught)
        with _told(config, database, summary, trace), progress.shown(summary, reader.lines_read):
            _read_and_load(reader, gate)


def _reject_file(config: Config, source: Path | None) -> RejectFile | None:
    if not config.reject_file:
        return None
    path = Path(config.reject_file)
    refuse_as_input(path, STDIN if source is None else source)
    return RejectFile(path, RUN_ID, Mask(config.sensitive_columns))


def _processes(config: Config) -> AbstractContextManager[Sequence[Lane]]:
    if not config.decode_processes:
        return nullcontext(())
    from target_oracle.lanes import started  # noqa: PLC0415 - few runs need it

    return started(config)


def _loader(config: Config, lanes: Sequence[Lane]) -> Callable[..., Loader]:
    if config.parallelism == 1 and not lanes:
        return Loader
    from target_oracle.parallel import ParallelLoader  # noqa: PLC0415 - few runs need it

    return partial(ParallelLoader, lanes=lanes)


def _reader(lanes: Sequence[Lane], look: Callable[[], None]) -> Callable[..., Reader]:
    if not lanes:
        return Reader
    from target_oracle.readahead import AheadReader  # noqa: PLC0415 - few runs need it

    return partial(AheadReader, lanes=lanes, look=look)


@contextmanager
def _told(
    config: Config, database: Database, summary: Summary, trace: Callable[[dict[str, Any]], None]
) -> Iterator[None]:
    """
    Whatever ends the body: say what the run did, in the log, the report, the metrics and the *trace*.
    """
    started, failure = datetime.now(timezone.utc), None
    path = Path(config.report_file) if config.report_file else None
    if path is not None:
        report.claim(path)
    metrics.claim(config)
    try:
        yield
    except TargetError as fault:
        failure = fault
        raise
    finally:
        summary.stages.end()
        for line in summary.lines():
            logger.info("%s", line)
        run = report.Run(RUN_ID, started, config.loader_id, database.described(), database.ddl, failure)
        facts = report.facts(run, summary)
        if path is not None:
            report.write(path, facts)
        metrics.publish(config, facts)
        trace(facts)


def print_state(config: Config) -> None:
    """
    Print the last committed STATE of `loader_id`; nothing where there is none yet. Raises TargetError.
    """
    if not config.loader_id:
        raise ConfigError("--print-state needs a loader_id: without one no run finds the STATE of another")
    state = read_last_state(config)
    if state is not None:
        StateWriter(STDOUT).write(state.encode())


def _read_and_load(reader: Reader, handover: Handover) -> None:
    """
    Read to the end; whatever ends the reading, the loader finishes what it was given.
    """
    try:
        reader.run()
    except TargetError:
        handover.finish(clean=False)
        raise
    handover.finish(clean=True)


def _lines(config: Config, source: Path | None, wake: int) -> Lines:
    longest = config.longest_line
    return from_descriptor(STDIN, wake, longest) if source is None else from_file(source, wake, longest)
