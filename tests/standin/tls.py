"""
TLS in front of the server: each connection is unwrapped by a thread and goes on through a socket pair.

So everything behind it, breaks and hang-ups included, is as without TLS.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading

from tests.standin.packets import close

PIECE = 1 << 16  # bytes moved at once
FULL = 1 << 20  # bytes waiting in one direction after which its source has to wait
HANDSHAKE = 10.0  # seconds a client has for it


def context(certificate: str, key: str, clients: str | None = None) -> ssl.SSLContext:
    """
    Make the server's side of TLS 1.2 and later; OSError (or ssl.SSLError, one) when the files are no good.

    With *clients* a client needs a certificate that the one in that file signed.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    if clients is not None:
        made.load_verify_locations(clients)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def unwrap(sock: socket.socket, terms: ssl.SSLContext) -> socket.socket:
    """
    Give the plain end of *sock*; the handshake and all traffic are a thread's affair.
    """
    near, far = socket.socketpair()
    threading.Thread(target=_serve, args=(sock, terms, far), name="tls", daemon=True).start()
    return near


def _serve(sock: socket.socket, terms: ssl.SSLContext, plain: socket.socket) -> None:
    try:
        sock.settimeout(HANDSHAKE)
        with terms.wrap_socket(sock, server_side=True) as secret:
            secret.settimeout(0)
            plain.settimeout(0)
            _relay(secret, plain)
    except OSError:
        pass  # a client that speaks no TLS, or hangs up: the plain end tells
    finally:
        close(plain)
        close(sock)


def _relay(secret: ssl.SSLSocket, plain: socket.socket) -> None:
    """
    Carry bytes both ways until either end closes and what it sent before is delivered.
    """
    inward, outward = bytearray(), bytearray()
    while True:
        reading = [source for source, waiting in ((secret, inward), (plain, outward)) if len(waiting) < FULL]
        writing = [sink for sink, waiting in ((secret, outward), (plain, inward)) if waiting]
        if not (secret.pending() and secret in reading):
            select.select(reading, writing, [])
        ended = _fill(secret, inward) or _fill(plain, outward)
        _drain(plain, inward)
        _drain(secret, outward)
        if ended:
            for sink, waiting in ((plain, inward), (secret, outward)):
                sink.settimeout(HANDSHAKE)
                sink.sendall(waiting)
            return


def _fill(source: socket.socket, waiting: bytearray) -> bool:
    """
    Take what *source* has; say whether it has ended.
    """
    if len(waiting) >= FULL:
        return False
    try:
        piece = source.recv(PIECE)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return False
    waiting += piece
    return not piece


def _drain(sink: socket.socket, waiting: bytearray) -> None:
    if not waiting:
        return
    try:
        sent = sink.send(waiting)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return
    del waiting[:sent]
