"""
A log record -> a line as the Singer SDK writes it, for people or programs, with the run's id and no secret.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from target_oracle.redaction import redact

if TYPE_CHECKING:
    from types import TracebackType

NAME: Final = "target-oracle"

# A message is one line, whatever a stream's name or a server's text holds.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class ConsoleLines(logging.Formatter):
    """
    The SDK's console form; the run's id stands before the message, in a metric among its tags.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the line; where a fault came with it, the places where that was raised follow.
        """
        metric = _metric_of(record, self._run_id)
        message = f"METRIC: {_compact(metric)}" if metric else f"[{self._run_id}] {_message(record)}"
        when = self.formatTime(record)
        line = f"{when:23s} | {record.levelname:8s} | {record.name:30s} | {message}"
        fault = record.exc_info[1] if record.exc_info else None
        return redact("\n".join([line, *places(fault)]))


class JsonLines(logging.Formatter):
    """
    The SDK's structured form, one JSON object a line; the run's id is among `extra`.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the line. Meltano takes a line that lacks one of the first seven keys for plain text.
        """
        metric = _metric_of(record, self._run_id)
        fault = record.exc_info[1] if record.exc_info else None
        line = {
            "level": record.levelname.lower(),
            "pid": record.process,
            "logger_name": record.name,
            "ts": record.created,
            "thread_name": record.threadName,
            "app_name": NAME,
            "message": "METRIC" if metric else _message(record),
            "stream_name": getattr(record, "stream", None),
            **({"metric_info": metric} if metric else {}),
            **({"exception": _told(fault)} if fault else {}),
            "extra": {"run_id": self._run_id},
        }
        return redact(_compact(line))


def one_line(text: str) -> str:
    r"""
    Return *text* without line ends and other control characters.

    >>> one_line("a\r\nb")
    'a b'
    """
    return _CONTROLS.sub(" ", text)


def _message(record: logging.LogRecord) -> str:
    return one_line(redact(record.getMessage()))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def _metric_of(record: logging.LogRecord, run_id: str) -> dict[str, Any] | None:
    """
    Return the metric of *record* with the SDK's keys in the SDK's order.
    """
    metric = getattr(record, "metric", None)
    if metric is None:
        return None
    tags = dict(metric["tags"])
    status = {"status": tags.pop("status")} if "status" in tags else {}
    return {**metric, "tags": {**tags, "pid": record.process, **status, "run_id": run_id}}


def places(fault: BaseException | None) -> list[str]:
    """
    Return where *fault* and its causes were raised, a line each, without their texts: those may quote rows.
    """
    if fault is None:
        return []
    frames = [f"    {file}:{line} in {function}" for file, line, function in frames_of(fault.__traceback__)]
    return [f"  {type(fault).__name__}", *frames, *places(_cause(fault))]


def frames_of(trace: TracebackType | None) -> list[tuple[str, int, str]]:
    """
    Return file, line and function of each step of *trace*, the last where it was raised.
    """
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found


def _cause(fault: BaseException) -> BaseException | None:
    return fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _told(fault: BaseException) -> dict[str, Any]:
    """
    Return *fault* in the SDK's form, without its text.
    """
    cause = _cause(fault)
    return {
        "type": type(fault).__name__,
        "module": type(fault).__module__,
        "message": "",
        "traceback": [
            {"filename": file, "function": function, "lineno": line, "line": ""}
            for file, line, function in frames_of(fault.__traceback__)
        ],
        **({"cause": _told(cause)} if cause else {}),
    }
