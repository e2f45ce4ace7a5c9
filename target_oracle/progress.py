"""
The live line: how far a run is, at the foot of a terminal. Nothing of it goes into a file or a pipe.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from target_oracle import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_oracle.summary import Summary

RENEWED_SECONDS: Final = 0.5
# The rate is that of the last samples, so that a stall is seen.
_SAMPLES: Final = 10


@contextmanager
def shown(summary: Summary, lines_read: Callable[[], int]) -> Iterator[None]:
    """
    Show the live line while the body runs, where stderr is a terminal that a person reads.
    """
    if not _is_wanted():
        yield
        return
    ended = threading.Event()
    live = LiveLine(summary, lines_read)
    thread = threading.Thread(target=_renew, args=(live, ended), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        log.foot("")


def _is_wanted() -> bool:
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return log.logger.isEnabledFor(logging.INFO) and not log.is_json()


def _renew(live: LiveLine, ended: threading.Event) -> None:
    while not ended.wait(RENEWED_SECONDS):
        log.foot(live.text()[: _columns() - 1])


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80


class LiveLine:
    """
    The text of the line: lines read, rows in, their rate, rejects, how long ago the last commit was.
    """

    def __init__(self, summary: Summary, lines_read: Callable[[], int]) -> None:
        self._summary = summary
        self._read = lines_read
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)

    def text(self) -> str:
        """
        Return the line as it is now.
        """
        summary, now = self._summary, self._summary.stages.elapsed
        self._samples.append((now, self._read()))
        return ", ".join(
            (
                f"{self._samples[-1][1]:,} lines read",
                f"{self._rate():,.0f}/s",
                f"{summary.received():,} records in",
                f"{sum(summary.reasons.values()):,} rejects",
                f"last commit {now - summary.timeline[-1][0]:.0f} s ago"
                if summary.timeline
                else "no commit yet",
            )
        )

    def _rate(self) -> float:
        (then, had), (now, has) = self._samples[0], self._samples[-1]
        return (has - had) / (now - then) if now > then else 0.0
