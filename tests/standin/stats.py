"""
What a server counts, and the file that shows it.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

COUNTERS = (
    "connections",
    "logins",
    "messages",
    "round_trips",
    "bytes_in",
    "bytes_out",
    "parses",
    "executes",
    "rows",
    "fetched",
    "commits",
    "rollbacks",
)


class Stats:
    """
    Counters over the server's life, and their JSON *file* where one is asked for.

    connections: CONNECT packets; messages: requests after it, log-in included; round_trips: everything
    that was answered, CONNECT included; parses: statements that came with their text; executes: statements
    run; rows: rows bound to DML; fetched: rows of queries sent; commits and rollbacks: those asked for.
    """

    def __init__(self, file: str | None = None) -> None:
        self._file = Path(file) if file else None
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._lock = threading.Lock()
        self._is_written = False

    def add(self, **counts: int) -> None:
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count
            self._is_written = False

    def snapshot(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def write(self) -> None:
        """
        Replace the file by the present counts, unless it shows them already.
        """
        if self._file is None:
            return
        with self._lock:
            if self._is_written:
                return
            fresh = self._file.with_name(self._file.name + ".new")
            fresh.write_text(json.dumps(self._counts) + "\n")
            fresh.replace(self._file)
            self._is_written = True
