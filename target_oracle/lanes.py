"""
The processes that decode, as this program sees them: started, given pieces, asked for sessions, ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from target_oracle.held import Piece
from target_oracle.log import RUN_ID, logger
from target_oracle.oracle.channel import pair
from target_oracle.oracle.distant import DistantSession
from target_oracle.oracle.session import Session, open_session
from target_oracle.orders import Order

if TYPE_CHECKING:
    from target_oracle.config import Config
    from target_oracle.orders import Recipe
    from target_oracle.stream import Version

# How often whoever waits looks whether it may still wait.
LOOK_SECONDS: Final = 0.25
# How long a process may take to notice that it is not needed any more.
LEAVE_SECONDS: Final = 2.0


class Wanted(msgspec.Struct, frozen=True):
    """
    *lines* to decode as records of *version*, which *recipe* tells how to make.
    """

    version: Version
    recipe: Callable[[], Recipe]
    lines: Sequence[bytes]


class Lane:
    """
    A process that decodes, and the connection that it holds.

    The reader asks for pieces, a loader's thread for the session. A process that has ended is not replaced:
    what it had is read again from the lines, and what it would have done is done here.
    """

    def __init__(self, config: Config, number: int) -> None:
        self._config = config
        self._number = number
        self._known: dict[str, tuple[Version, int]] = {}
        self._asked: deque[list[Piece]] = deque()
        self._forgotten: deque[int] = deque()
        self._pieces = 0
        self.alive = True
        self._closed = False
        self._orders, orders = pair()
        self._calls, calls = pair()
        with orders, calls:
            ends = (orders.fileno(), calls.fileno())
            self._process = subprocess.Popen(  # noqa: S603  # this program, and nothing from outside
                [sys.executable, "-m", "target_oracle.lane", *map(str, ends)],
                env=_environment(),
                pass_fds=ends,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._tell((dict(os.environ), config, RUN_ID))

    # --- the reader's side

    def ask(self, wanted: Sequence[Wanted]) -> list[Piece]:
        """
        Have lines decoded, a piece for each of *wanted*; does not wait for it.
        """
        pieces = [self._piece(each.version) for each in wanted]
        recipes = tuple(each.recipe() for each in wanted if self._is_new(each.version))
        named = tuple(
            (piece.number, each.version.stream, len(each.lines))
            for piece, each in zip(pieces, wanted, strict=True)
        )
        forgotten = tuple(self._forgotten.popleft() for _ in range(len(self._forgotten)))
        self._asked.append(pieces)
        blob = b"\n".join(chain.from_iterable(each.lines for each in wanted))
        self._tell(Order(recipes, named, forgotten), blob)
        return pieces

    def wait_for(self, piece: Piece, look: Callable[[], None]) -> None:
        """
        Wait until *piece* has its report; it never will once the process has ended.

        *look* is called now and then, and raises when there is no more waiting.
        """
        while piece.report is None and self.alive:
            look()
            try:
                self._take_reports()
            except OSError:
                self.lose()

    def _take_reports(self) -> None:
        if not self._orders.ready(LOOK_SECONDS):
            return
        reports, _ = self._orders.receive()
        for piece, report in zip(self._asked.popleft(), reports, strict=True):
            piece.report = report

    def _tell(self, message: object, blob: bytes = b"") -> None:
        try:
            self._orders.send(message, blob)
        except OSError:
            self.lose()

    def _piece(self, version: Version) -> Piece:
        self._pieces += 1
        return Piece(self._pieces, version, self, self._forgotten)

    def _is_new(self, version: Version) -> bool:
        """
        Tell whether the process knows *version* not yet, or not as its decoder is now; from here on it does.
        """
        known = self._known.get(version.stream)
        if known is not None and known[0] is version and known[1] == version.decoder.edition:
            return False
        self._known[version.stream] = (version, version.decoder.edition)
        return True

    # --- the loader's side

    def connect(self) -> Session:
        """
        Return a session of the process; one of this program's own where that has ended.
        """
        if self.alive:
            return DistantSession(self._calls, self, self.lose)
        return open_session(self._config, RUN_ID)

    def lose(self) -> bool:
        """
        Note that the process has ended; tell whether it should not have.
        """
        if self.alive:
            self.alive = False
            logger.warning(
                "decoding process %d has ended; its part is done by the program itself from here on",
                self._number,
            )
        return not self._closed

    def close(self) -> None:
        """
        Let the process go.
        """
        self.alive, self._closed = False, True
        self._orders.close()
        self._calls.close()
        try:
            self._process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# What a process needs to start; the rest of the environment, which may hold secrets, is told to it.
_TO_START: Final = frozenset({"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TZ"})


def _environment() -> dict[str, str]:
    """
    Return the environment that a process starts with: its modules are found where ours are.
    """
    kept = {name: value for name, value in os.environ.items() if name in _TO_START}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}


@contextmanager
def started(config: Config) -> Iterator[list[Lane]]:
    """
    Start as many processes as *config* wants, for the time of the body.
    """
    lanes: list[Lane] = []
    try:
        lanes += (Lane(config, number) for number in range(1, config.decode_processes + 1))
        yield lanes
    finally:
        for lane in lanes:
            lane.close()
