"""
Looking after clients whose statement is running: a marker or a hang-up cancels it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.standin.packets import MARKER, peeked

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

INTERVAL = 0.02  # seconds between two looks; shorter statements are never looked at
GONE = 0


class Watch:
    """
    One thread that looks at the sockets of all connections that wait for the engine.
    """

    def __init__(self) -> None:
        self._watched: dict[socket.socket, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, sock: socket.socket, cancel: Callable[[], None]) -> Iterator[None]:
        """
        Call *cancel* once if the client behind *sock* breaks or hangs up while the block runs.
        """
        with self._changed:
            self._watched[sock] = cancel
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(sock, None)

    def stop(self) -> None:
        with self._changed:
            self._stopped.set()
            self._changed.notify()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(INTERVAL):
            with self._changed:
                while not self._watched and not self._stopped.is_set():
                    self._changed.wait()
                for sock in list(self._watched):
                    if peeked(sock) in (MARKER, GONE):
                        self._watched.pop(sock)()
