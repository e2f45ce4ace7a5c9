"""
What the program says on stderr, and the Singer SDK's metrics.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from target_oracle.loglines import NAME, ConsoleLines, JsonLines, one_line
from target_oracle.logwish import wished
from target_oracle.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_oracle.config import Config

logger: Final = logging.getLogger(NAME)
metrics: Final = logging.getLogger("singer_sdk.metrics")

# What tells this run from others in logs and in V$SESSION.
RUN_ID: Final = uuid4().hex[:12]


class Stderr(logging.Handler):
    """
    Writes to stderr; when nobody reads that any more, the run goes on without its log.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Write *record*.
        """
        write(self.format(record))


def start(config: Config, environ: Mapping[str, str]) -> None:
    """
    Log to stderr as *config* says, and as *environ* wishes where it says nothing.
    """
    wish = wished(environ)
    level = config.log_level if "log_level" in config.given else wish.level or config.log_level
    form = config.log_format if "log_format" in config.given else wish.form or config.log_format
    for one in (logger, metrics):
        stderr = Stderr()
        stderr.setFormatter(JsonLines(RUN_ID) if form == "json" else ConsoleLines(RUN_ID))
        one.handlers = [stderr]
        one.setLevel(level)
        one.propagate = False


class _Foot:
    """
    The line below the log on a terminal; "" for none. Two threads write, so it is written under a lock.
    """

    def __init__(self) -> None:
        self.text = ""
        self.lock = threading.Lock()


_foot: Final = _Foot()
# Carriage return, erase to the end of the line (ECMA-48, EL).
_ERASE: Final = "\r\x1b[K"


def foot(text: str) -> None:
    """
    Keep *text* below what is logged, in place of what stood there; "" takes it away. For terminals only.
    """
    with _foot.lock:
        _put(_ERASE + text)
        _foot.text = text


def is_json() -> bool:
    """
    Tell whether the log is for programs.
    """
    return any(isinstance(one.formatter, JsonLines) for one in logger.handlers)


def write(text: str) -> None:
    """
    Write *text* and a newline to stderr; once that cannot be done, what is written goes nowhere.
    """
    with _foot.lock:
        below = _foot.text
        _put(f"{_ERASE}{text}\n{below}" if below else f"{text}\n")


def _put(text: str) -> None:
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        abandon(2)


def abandon(descriptor: int) -> None:
    """
    Lead *descriptor* nowhere, so that what is buffered for a dead reader cannot change the exit code.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def last_line(text: str, fault: BaseException | None = None) -> None:
    """
    Say why the run failed, in the form of the log; at DEBUG also where *fault* was raised.
    """
    message = f"{NAME}: {one_line(redact(text))}"
    told = fault if logger.isEnabledFor(logging.DEBUG) and logger.handlers else None
    if is_json():
        logger.critical(message, exc_info=told)
        return
    if told:
        logger.debug("the fault was raised here", exc_info=told)
    write(message)


class Once:
    """
    Warns of a thing once; call it with the text.
    """

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """
        Warn, unless of the same before.
        """
        if text not in self._said:
            self._said.add(text)
            logger.warning("%s", text)


def counter(metric: str, value: float, **tags: object) -> None:
    """
    Log how many of *metric* there were since it was last logged.
    """
    _log_metric("counter", metric, value, tags)


def timer(metric: str, seconds: float, *, succeeded: bool = True, **tags: object) -> None:
    """
    Log how long one *metric* took.
    """
    _log_metric("timer", metric, seconds, {**tags, "status": "succeeded" if succeeded else "failed"})


def _log_metric(kind: str, metric: str, value: float, tags: Mapping[str, object]) -> None:
    said = {"type": kind, "metric": metric, "value": value, "tags": tags}
    metrics.info("METRIC", extra={"metric": said, "stream": tags.get("stream")})
