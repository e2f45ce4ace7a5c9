"""
An SSH connection, and a port of this machine that leads through it: for databases behind a bastion.

The host's key must be in known_hosts; nothing is trusted at first sight. What passes by itself comes as the
driver's error of a listener that does not answer, so that it is retried as that is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import oracledb

from target_oracle.errors import ConfigError, LoadError

if TYPE_CHECKING:
    import asyncssh

T = TypeVar("T")

# The bastion is asked this often whether it is still there, and given up after three questions.
KEEP_ALIVE_SECONDS: Final = 15
KNOWN_HOSTS: Final = "~/.ssh/known_hosts"

_open: Final[dict[tuple[str, str, int], Tunnel]] = {}
_guard: Final = threading.Lock()


class Tunnel:
    """
    A way to *host* and *port* through the SSH host of *ssh*, the members of `ssh_tunnel`; *port* leads there.
    """

    def __init__(self, ssh: Mapping[str, Any], host: str, port: int, patience: float) -> None:
        self.users = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh-tunnel", daemon=True)
        self._thread.start()
        try:
            self._connection: asyncssh.SSHClientConnection = self._do(_connect(ssh, patience))
            self.port = self._do(_listen(self._connection, host, port))
        except BaseException:
            self._end()
            raise

    @property
    def lives(self) -> bool:
        """
        Tell whether the SSH connection is still there.
        """
        return not self._connection.is_closed()

    def release(self) -> None:
        """
        Give the tunnel back; without users it is closed.
        """
        with _guard:
            self.users -= 1
            if self.users:
                return
            for place in [place for place, tunnel in _open.items() if tunnel is self]:
                del _open[place]
        self._do(_disconnect(self._connection))
        self._end()

    def _do(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def through(ssh: Mapping[str, Any], host: str, port: int, patience: float) -> Tunnel:
    """
    Return the tunnel to *host* and *port*, which all sessions share; `release` gives it back.

    Raise ConfigError or LoadError for what will not pass, oracledb.Error for what may.
    """
    place = (json.dumps(ssh, sort_keys=True), host, port)
    with _guard:
        tunnel = _open.get(place)
        if tunnel is None or not tunnel.lives:
            tunnel = _open[place] = Tunnel(ssh, host, port, patience)
        tunnel.users += 1
        return tunnel


async def _connect(ssh: Mapping[str, Any], patience: float) -> asyncssh.SSHClientConnection:
    library = _library()
    address = f"{ssh['host']}:{ssh['port']}"
    known = _known_hosts(ssh)
    try:
        connection: asyncssh.SSHClientConnection = await library.connect(
            ssh["host"],
            ssh["port"],
            username=ssh["username"],
            password=ssh.get("password"),
            client_keys=_keys(library, ssh),
            known_hosts=known,
            agent_path=None,
            config=None,
            connect_timeout=patience or None,
            login_timeout=patience or None,
            keepalive_interval=KEEP_ALIVE_SECONDS,
        )
    except library.HostKeyNotVerifiable as fault:
        raise LoadError(
            f"the key of SSH host {address} is not the one in {known}: "
            "compare its fingerprint with what its administrator says, then add or replace it there"
        ) from fault
    except library.PermissionDenied as fault:
        raise LoadError(
            f"the SSH host {address} lets {ssh['username']} not in: check username, private_key and password "
            "of ssh_tunnel"
        ) from fault
    except (OSError, library.Error) as fault:
        raise _unreachable(f"the SSH host {address} cannot be reached", fault) from fault
    return connection


async def _listen(connection: asyncssh.SSHClientConnection, host: str, port: int) -> int:
    try:
        listener = await connection.forward_local_port("127.0.0.1", 0, host, port)
    except OSError as fault:
        raise _unreachable("no local port for the SSH tunnel", fault) from fault
    return listener.get_port()


async def _disconnect(connection: asyncssh.SSHClientConnection) -> None:
    connection.close()
    await connection.wait_closed()


def _known_hosts(ssh: Mapping[str, Any]) -> str:
    """
    Return the file with the host's key: none, to the library, would mean that every key is trusted.
    """
    path = Path(ssh.get("known_hosts") or KNOWN_HOSTS).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"ssh_tunnel.known_hosts: {path} is not there; it must hold the key of {ssh['host']}"
        )
    return str(path)


def _unreachable(what: str, fault: Exception) -> oracledb.OperationalError:
    return oracledb.OperationalError(f"DPY-6005: {what} ({type(fault).__name__})")


def _keys(library: Any, ssh: Mapping[str, Any]) -> list[Any] | None:
    """
    Return the private key, which is a file or the text of one; None where a password is all there is.
    """
    said = ssh.get("private_key")
    if said is None:
        return None
    read = library.import_private_key if "\n" in said else library.read_private_key
    try:
        return [read(said, ssh.get("private_key_password"))]
    except (OSError, library.KeyImportError, library.KeyEncryptionError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "no key, or private_key_password does not fit"
        raise ConfigError(f"ssh_tunnel.private_key: cannot be read: {why}") from fault


def _library() -> Any:
    try:
        import asyncssh  # noqa: PLC0415 - an extra
    except ImportError as missing:
        raise ConfigError("ssh_tunnel needs an extra: pip install 'target-oracle[ssh]'") from missing
    asyncssh.set_log_level(logging.CRITICAL)
    return asyncssh
