"""
Messages between this program and a process that it started: pickled, over a pair of sockets.

Both ends are the same program and nobody else has the sockets, so what is unpickled is its own.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
from contextlib import suppress
from typing import Any, Final

_SIZES: Final = struct.Struct("<QQ")


class Channel:
    """
    One end of a pair of sockets; each direction belongs to one thread. An end that is gone raises OSError.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def send(self, message: object, blob: bytes = b"") -> None:
        """
        Send *message* and, as it is, *blob*.
        """
        head = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._link.sendall(_SIZES.pack(len(head), len(blob)) + head)
        if blob:
            self._link.sendall(blob)

    def receive(self) -> tuple[Any, bytes]:
        """
        Wait for a message and its blob.
        """
        head, blob = _SIZES.unpack(self._exactly(_SIZES.size))
        message = pickle.loads(self._exactly(head))  # noqa: S301  # the program's own, see above
        return message, self._exactly(blob)

    def ready(self, timeout: float) -> bool:
        """
        Tell whether something arrives within *timeout* seconds.
        """
        waiting = select.poll()
        waiting.register(self._link, select.POLLIN)
        return bool(waiting.poll(timeout * 1000))

    def close(self) -> None:
        """
        Let go of this end; the other one notices, and so does a thread that waits here.
        """
        with suppress(OSError):  # the other end may be gone already
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()

    def _exactly(self, size: int) -> bytes:
        found = bytearray(size)
        rest = memoryview(found)
        while rest:
            count = self._link.recv_into(rest)
            if not count:
                raise ConnectionResetError("the other end is gone")
            rest = rest[count:]
        return bytes(found)


def pair() -> tuple[Channel, socket.socket]:
    """
    Return an end for this process, and a socket to hand to another one.
    """
    ours, theirs = socket.socketpair()
    return Channel(ours), theirs
