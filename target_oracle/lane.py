"""
A process that decodes, and sends what it has decoded on a connection of its own: `decode_processes`.

It is started by lanes.py with two sockets. Over the one come lines, as pieces; it answers which of them have
no row, and keeps the rows. Over the other come the calls of the session that it holds. It has no will of its
own: what the rows are for, when they are sent and whether they are committed is decided where it was
started, and when that process goes it goes, too.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice, pairwise
from queue import SimpleQueue
from typing import TYPE_CHECKING

from target_oracle import interpreter
from target_oracle.decoder import REFUSED, Decoder, Row
from target_oracle.held import KEPT, Report
from target_oracle.oracle.channel import Channel
from target_oracle.oracle.distant import serve
from target_oracle.oracle.session import open_session
from target_oracle.signals import CAUGHT

if TYPE_CHECKING:
    from target_oracle.faults import RowFault
    from target_oracle.orders import Order
    from target_oracle.stream import Version


def main() -> None:
    """
    Serve until the program that started this process is gone.
    """
    for number in CAUGHT:
        signal.signal(number, signal.SIG_IGN)  # how a run ends is the program's to decide
    orders, calls = (Channel(socket.socket(fileno=int(number))) for number in sys.argv[1:3])
    (environ, config, run_id), _ = orders.receive()
    os.environ.update(environ)
    interpreter.prepare()
    waiting: SimpleQueue[tuple[Order, bytes]] = SimpleQueue()
    _start(partial(serve, calls, lambda: open_session(config, run_id)))
    _start(partial(_work, waiting, orders))
    _or_end(lambda: _listen(orders, waiting))


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=_or_end, args=(work,), daemon=True).start()


def _or_end(work: Callable[[], None]) -> None:
    """
    Do *work*, which only ends when the program is gone or something is wrong: the process ends with it.
    """
    try:
        work()
    finally:
        os._exit(os.EX_OK)


def _listen(orders: Channel, waiting: SimpleQueue[tuple[Order, bytes]]) -> None:
    """
    Take orders as they come, so that the program never waits for one to be done before it gives the next.
    """
    while True:
        waiting.put(orders.receive())


def _work(waiting: SimpleQueue[tuple[Order, bytes]], orders: Channel) -> None:
    versions: dict[str, Version] = {}
    while True:
        order, blob = waiting.get()
        for number in order.forgotten:
            del KEPT[number]
        versions.update((recipe.stream, recipe.follow()) for recipe in order.recipes)
        lines = iter(blob.split(b"\n"))
        orders.send(
            [
                keep(number, versions[stream], list(islice(lines, count)))
                for number, stream, count in order.pieces
            ]
        )


def keep(number: int, version: Version, lines: Sequence[bytes]) -> Report:
    """
    Decode *lines*, keep their rows as piece *number*, and tell which lines have none.
    """
    rows, refused = decoded(version.decoder, lines)
    finished, faults = finish(version.decoder, rows)
    if faults:
        passed = set(refused)
        places = [n for n in range(len(lines)) if n not in passed]
        refused = sorted((*refused, *(places[n] for n in faults)))
        rows = [row for n, row in enumerate(rows) if n not in faults]
        version.tally.take()  # of all rows; only those that stay count
        finished, _ = finish(version.decoder, rows)
    KEPT[number] = finished
    return Report(refused, counts(version, rows, refused))


def counts(version: Version, rows: list[Row], refused: Sequence[int]) -> list[tuple[int, int]]:
    """
    Return what was changed when *rows* were finished: before each line of *refused*, and behind the last.
    """
    every = version.tally.take()
    if not refused or every == (0, 0):
        return [(0, 0)] * len(refused) + [every]
    found = []
    bounds = [0, *(line - passed for passed, line in enumerate(refused)), len(rows)]
    for start, stop in pairwise(bounds):
        finish(version.decoder, rows[start:stop])
        found.append(version.tally.take())
    return found


def finish(decoder: Decoder, rows: list[Row]) -> tuple[list[Row], dict[int, RowFault]]:
    """
    As `Decoder.finish`, of any number of rows.
    """
    return decoder.finish(rows) if rows else (rows, {})


def decoded(decoder: Decoder, lines: Sequence[bytes]) -> tuple[list[Row], list[int]]:
    """
    Return the rows of those *lines* that the fast way takes, and the positions of the others.
    """
    rows: list[Row] = []
    refused: list[int] = []
    rest = iter(lines)
    while len(rows) + len(refused) < len(lines):
        try:
            decoder.rows_into(rows, rest)
        except REFUSED:  # noqa: PERF203  # the one that was refused is passed over
            refused.append(len(rows) + len(refused))
    return rows, refused


if __name__ == "__main__":
    main()
