"""
The command line -> a command -> an exit code; the one place where what went wrong is caught and told.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from target_oracle import __version__
from target_oracle.arguments import USAGE, Arguments, parse
from target_oracle.errors import ConfigError, OutputClosed, TargetError

if TYPE_CHECKING:
    from target_oracle.config import Config

# What a shell says of a program that SIGINT ended.
_INTERRUPTED: Final = 130


def main() -> NoReturn:
    """
    Run the program with the words of its command line and end the process.
    """
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """
    Do what *words* say and return the exit code; what went wrong is told on stderr.
    """
    try:
        closed = _fill_places()
        _do(parse(words), closed)
    except ConfigError as fault:
        return _ended(fault.exit_code, fault, *fault.faults)
    except TargetError as fault:
        return _ended(fault.exit_code, fault, str(fault))
    except KeyboardInterrupt as fault:
        return _ended(_INTERRUPTED, fault, "interrupted; start again from the last STATE")
    except Exception as fault:  # noqa: BLE001 - the one place that catches all, so that no user sees a traceback
        return _ended(TargetError.exit_code, fault, _internal(fault))
    return 0


def _fill_places() -> frozenset[int]:
    """
    Return which of the descriptors 0, 1 and 2 came closed, and put nothing in their place.

    Otherwise the next file or socket would get the number, and STATE would go there.
    """
    closed: set[int] = set()
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203  # three times
            os.open(os.devnull, os.O_RDWR)
            closed.add(number)
    return frozenset(closed)


def _do(arguments: Arguments, closed: frozenset[int]) -> None:
    match arguments.command:
        case "help":
            _print(USAGE)
        case "version":
            _print(f"target-oracle v{__version__}\n")
        case "about":
            from target_oracle import about  # noqa: PLC0415 - a load needs none of it

            _print(about.page(arguments.form))
        case _:
            _refuse_closed(arguments, closed)
            _do_with_config(arguments)


def _refuse_closed(arguments: Arguments, closed: frozenset[int]) -> None:
    if 1 in closed:
        raise OutputClosed("stdout is closed, so no STATE could be given; nothing was loaded")
    if 0 in closed and arguments.command == "load" and not arguments.input:
        raise ConfigError("stdin is closed; pipe a tap into it, or name a file with --input")


def _print(text: str) -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
    except OSError as fault:
        raise OutputClosed(f"cannot write to stdout: {fault.strerror}") from fault


def _do_with_config(arguments: Arguments) -> None:
    """
    Read the config, start the log, and do what needs them.
    """
    config, log = _imported("config"), _imported("log")  # `--version` needs none of it
    if not arguments.config:
        raise ConfigError("--config is missing; give a JSON file of settings, or ENV; see --help")
    more = {"report_file": arguments.report} if arguments.report else {}
    settings: Config = config.load(arguments.config, os.environ, more=more)
    log.start(settings, os.environ)
    for notice in settings.notices:
        log.logger.info("%s", notice)
    _command(arguments, settings)


def _command(arguments: Arguments, config: Config) -> None:
    """
    Import what the command needs, and only that, and run it.
    """
    from pathlib import Path  # noqa: PLC0415

    source = Path(arguments.input) if arguments.input else None
    calls: dict[str, tuple[str, str, tuple[Any, ...]]] = {
        "load": ("pipeline", "run", (config, source)),
        "plan": ("plan", "run", (config, source, arguments.form == "json")),
        "check": ("check", "run", (config, arguments.form == "json")),
        "check-write": ("check", "run_and_write", (config, arguments.form == "json")),
        "print-state": ("pipeline", "print_state", (config,)),
    }
    name, function, given = calls[arguments.command]
    getattr(_imported(name), function)(*given)


def _imported(name: str) -> Any:
    """
    Import a module of the program without the collector: all of it stays, and would be looked at repeatedly.
    """
    from importlib import import_module  # noqa: PLC0415 - as where it is called

    gc.disable()
    try:
        return import_module(f"target_oracle.{name}")
    finally:
        gc.enable()


def _ended(exit_code: int, fault: BaseException, *lines: str) -> int:
    from target_oracle import log  # noqa: PLC0415 - a run that goes well may have needed none

    for line in lines:
        log.last_line(line, fault)
    if isinstance(fault, OutputClosed):
        log.abandon(1)
    return exit_code


def _internal(fault: Exception) -> str:
    """
    Say where in this program the fault is; its own text may quote a row.
    """
    from target_oracle.loglines import frames_of  # noqa: PLC0415 - a run that goes well needs none

    folder = os.path.dirname(__file__)  # noqa: PTH120 - no pathlib between the start and `--version`
    ours = [frame for frame in frames_of(fault.__traceback__) if frame[0].startswith(folder)]
    file, line, function = ours[-1]
    where = f"{type(fault).__name__} in {function}, {file[len(folder) + 1 :]} line {line}"
    return f"internal fault ({where}); please report it, with the log of a run at log_level DEBUG"
