"""
`bin/stand-in`: start a server, say where, serve until SIGTERM or SIGINT.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

from tests.standin import options
from tests.standin.server import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a server; returns the exit code.
    """
    found = options.parse(sys.argv[1:] if arguments is None else arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = StandIn(found)
    except OSError as fault:
        print(f"stand-in: cannot listen or open its files: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    with server:
        print(f"ready {server.host}:{server.port}", flush=True)  # noqa: T201 - the agreed sign of life
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
