"""
Packets of Oracle Net on a socket: framing, markers, the handshake's CONNECT, ACCEPT and REFUSE.

A packet is a header of 8 bytes and its body. The length stands in two bytes until ACCEPT has been
sent, in four after it. DATA packets begin their body with two bytes of flags.
"""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT, ACCEPT, REFUSE, DATA, RESEND, MARKER = 1, 2, 4, 6, 11, 12
BREAK, RESET, INTERRUPT = 1, 2, 3
HEADER = 8
END_OF_FILE, END_OF_REQUEST, BEGIN_PIPELINE, END_OF_RESPONSE = 0x0040, 0x0800, 0x1000, 0x2000
SMALLEST_SDU, LARGEST_SDU = 512, 2 << 20
LONGEST_INLINE_TEXT = 230  # a longer connect text comes in its own DATA packet
RECEIVE = 1 << 18  # bytes asked of the socket at once
LARGE_LENGTHS = 315  # from this protocol version a packet's length takes four bytes
NO_SERVICES = 0x0C  # neither native encryption nor its negotiation
FLAGS2 = 318  # and from this one ACCEPT has a second word of flags
FAST_AUTH, HAS_END_OF_RESPONSE = 0x10000000, 0x02000000
SPLIT_SLACK = 7  # bytes that a full packet may lack, since integers are not split


class Hangup(Exception):
    """
    The client is gone.
    """


class Break(Exception):
    """
    The client asks with a marker of *kind* to stop what is under way.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Packet:
    kind: int
    body: bytes

    @property
    def flags(self) -> int:
        """
        The flags of a DATA packet.
        """
        return int.from_bytes(self.body[:2], "big")


class Wire:
    """
    One connection's packets, both ways; counts bytes in *bytes_in* and *bytes_out*.

    *rate* is the speed of a slow link in bytes a second, 0 for none.
    """

    def __init__(self, sock: socket.socket, rate: int = 0) -> None:
        self.sock = sock
        self.rate = rate
        self.sdu = 8192
        self.large = False
        self.bytes_in = 0
        self.bytes_out = 0
        self._held = b""
        self._at = 0

    def read(self) -> Packet:
        """
        Wait for the next packet; Hangup when there will be none.
        """
        header = self._take(HEADER)
        size = int.from_bytes(header[: 4 if self.large else 2], "big")
        if not HEADER <= size <= LARGEST_SDU + HEADER:
            raise Hangup(f"packet of {size} bytes")
        body = self._take(size - HEADER)
        self.bytes_in += size
        if self.rate:
            self.pause(size / self.rate)
        return Packet(header[4], body)

    def _take(self, size: int) -> bytes:
        """
        Take *size* bytes, from those held first.
        """
        end = self._at + size
        if end <= len(self._held):
            piece = self._held[self._at : end]
            self._at = end
            return piece
        if size > RECEIVE:
            return self._take_long(size)
        while end > len(self._held):
            self._held = self._held[self._at :] + self._receive()
            self._at, end = 0, size
        self._at = size
        return self._held[:size]

    def _take_long(self, size: int) -> bytes:
        target = bytearray(size)
        filled = len(self._held) - self._at
        target[:filled] = self._held[self._at :]
        self._held, self._at = b"", 0
        view = memoryview(target)
        while filled < size:
            try:
                received = self.sock.recv_into(view[filled:])
            except OSError as gone:
                raise Hangup from gone
            if not received:
                raise Hangup
            filled += received
        return bytes(target)

    def _receive(self) -> bytes:
        try:
            piece = self.sock.recv(RECEIVE)
        except OSError as gone:
            raise Hangup from gone
        if not piece:
            raise Hangup
        return piece

    def ready(self, seconds: float) -> bool:
        """
        Say whether more bytes are at hand, or come within *seconds*.
        """
        if self._at < len(self._held):
            return True
        return _poll(self.sock, select.POLLIN, seconds)

    def marker_waits(self) -> bool:
        """
        Say whether the next packet is a marker that has arrived already.
        """
        if self._at < len(self._held):
            return self._held[self._at + 4 : self._at + 5] == bytes((MARKER,))
        return peeked(self.sock) == MARKER

    def pause(self, seconds: float) -> bool:
        """
        Sleep *seconds*; say whether the client hung up meanwhile, and then at once.
        """
        return hung_up(self.sock, seconds)

    def send(self, kind: int, body: bytes) -> None:
        size = HEADER + len(body)
        length = size.to_bytes(4, "big") if self.large else size.to_bytes(2, "big") + b"\0\0"
        self.write(length + bytes((kind, 0, 0, 0)) + body)

    def mark(self, kind: int) -> None:
        self.send(MARKER, bytes((1, 0, kind)))

    def frames(self, payload: bytes, *, ended: bool) -> Iterator[bytes]:
        """
        Cut a response into DATA packets of the agreed size; *ended* flags the last one as such.
        """
        room = self.sdu - HEADER - 2
        for start in range(0, max(len(payload), 1), room):
            piece = payload[start : start + room]
            last = start + room >= len(payload)
            flags = END_OF_RESPONSE if ended and last else 0
            size = HEADER + 2 + len(piece)
            length = size.to_bytes(4, "big") if self.large else size.to_bytes(2, "big") + b"\0\0"
            yield length + bytes((DATA, 0, 0, 0)) + flags.to_bytes(2, "big") + piece

    def write(self, data: bytes) -> None:
        if self.rate:
            self.pause(len(data) / self.rate)
        try:
            self.sock.sendall(data)
        except OSError as gone:
            raise Hangup from gone
        self.bytes_out += len(data)

    def close(self) -> None:
        """
        Close for good; a client that still writes sees a reset.
        """
        close(self.sock)


def close(sock: socket.socket) -> None:
    with suppress(OSError):  # closed before, by either side
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def peeked(sock: socket.socket) -> int | None:
    """
    Look at the type of the next packet without taking it: None when there is none, 0 after a hang-up.
    """
    try:
        head = sock.recv(HEADER, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return 0
    if not head:
        return 0
    return head[4] if len(head) >= 5 else None


def hung_up(sock: socket.socket, seconds: float) -> bool:
    """
    Wait up to *seconds* for the other side to hang up, whatever it may still have sent.
    """
    return _poll(sock, getattr(select, "POLLRDHUP", 0), seconds)


def _poll(sock: socket.socket, events: int, seconds: float) -> bool:
    """
    Wait up to *seconds* for *events*, or for the end of *sock*, which counts as them.
    """
    poll = select.poll()
    try:
        poll.register(sock, events)
    except (OSError, ValueError):
        return True  # closed by ourselves
    return bool(poll.poll(max(0, round(seconds * 1000))))


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """
    What the client's CONNECT says.
    """

    version: int
    sdu: int
    text: str


def connect_request(wire: Wire, packet: Packet) -> ConnectRequest:
    """
    Read CONNECT, and the DATA packet that holds its text where it is long.
    """
    body = packet.body
    (version,) = struct.unpack_from(">H", body)
    small_sdu, length, offset = *struct.unpack_from(">H", body, 6), *struct.unpack_from(">HH", body, 16)
    sdu = struct.unpack_from(">I", body, 50)[0] if len(body) >= 54 else small_sdu
    start = offset - HEADER
    text = body[start : start + length]
    if not text and length:
        text = wire.read().body[2:]
    return ConnectRequest(version, sdu or small_sdu, text.decode(errors="replace"))


def accept_body(version: int, sdu: int, *, fast_auth: bool, end_of_response: bool) -> bytes:
    """
    Build ACCEPT's body; without out-of-band breaks, which TCP proxies lose.
    """
    flags = (FAST_AUTH if fast_auth else 0) | (HAS_END_OF_RESPONSE if end_of_response else 0)
    small = min(sdu, 0xFFFF)
    body = struct.pack(
        ">HHHHHHHBB8xIIBI", version, 1, small, small, 1, 0, 45, NO_SERVICES, NO_SERVICES, sdu, sdu, 0, flags
    )
    return body if version >= FLAGS2 else body[:-5]


def refuse_body(code: int, service: str) -> bytes:
    """
    Build REFUSE's body, the listener's "no" with an ORA code.
    """
    reason = "".join(letter for letter in service if letter not in "()=\\\"'")
    text = (
        f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code})"
        f"(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4)(ARGS='(SERVICE_NAME={reason})'))))"
    ).encode()
    return bytes((4, 4)) + len(text).to_bytes(2, "big") + text
