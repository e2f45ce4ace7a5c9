"""
A real SSH server in the test's own process, which leads on to where its clients ask; it can be killed.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import asyncssh

USER, PASSWORD = "ferry", "hunter2-of-the-bastion"


class Bastion:
    """
    A server on a free port of 127.0.0.1; its files and what a client sets to come through are in *folder*.

    *cuts* are numbers of portions, counted over its life from 1, after which all its connections die.
    """

    def __init__(self, folder, cuts=()):
        self.folder = folder
        self.cuts = set(cuts)
        self.portions = 0
        self.logins = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections = set()
        self._tasks = set()

    def start(self):
        host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.key = self.folder / "id_ed25519"
        self.key.write_bytes(user_key.export_private_key(passphrase=PASSWORD, rounds=50))
        authorized = self.folder / "authorized_keys"
        authorized.write_bytes(user_key.export_public_key())
        self._thread.start()
        self._server = self._do(self._listen(host_key, str(authorized)))
        self.port = self._server.get_port()
        self.known_hosts = self.folder / "known_hosts"
        public = host_key.export_public_key().decode()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}")

    def settings(self, **more):
        """
        What `ssh_tunnel` says to come through by the key.
        """
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "username": USER,
            "private_key": str(self.key),
            "private_key_password": PASSWORD,
            "known_hosts": str(self.known_hosts),
            **more,
        }

    def kill(self):
        """
        End every connection at once, without a word.
        """
        for connection in list(self._connections):
            connection.abort()

    def stop(self):
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, host_key, authorized):
        return await asyncssh.create_server(
            lambda: _Guard(self),
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=authorized,
        )

    async def _close(self):
        self._server.close()
        self.kill()
        await self._server.wait_closed()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _do(self, step):
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(30)

    async def lead(self, host, port, reader, writer):
        """
        Carry what comes on to *host* and *port*, and back, until either side ends.
        """
        there, here = await asyncio.open_connection(host, port)
        ways = [asyncio.ensure_future(self._carry(*way)) for way in ((reader, here), (there, writer))]
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        here.close()
        writer.close()

    async def _carry(self, source, sink):
        try:
            while portion := await source.read(1 << 16):
                self.portions += 1
                sink.write(portion)
                if self.portions in self.cuts:
                    self.kill()
                    return
        except (OSError, asyncssh.Error):
            return


class _Guard(asyncssh.SSHServer):
    """
    Lets the one user in, by password or key, and lets him through.
    """

    def __init__(self, bastion):
        self._bastion = bastion

    def connection_made(self, conn):
        self._connection = conn
        self._bastion._connections.add(conn)

    def connection_lost(self, exc):
        self._bastion._connections.discard(self._connection)

    def auth_completed(self):
        self._bastion.logins += 1

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == (USER, PASSWORD)

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        async def lead(reader, writer):
            await self._bastion.lead(dest_host, dest_port, reader, writer)

        return lead


@contextmanager
def running(folder, cuts=()):
    """
    Give a `Bastion` that runs.
    """
    bastion = Bastion(folder, cuts)
    bastion.start()
    try:
        yield bastion
    finally:
        bastion.stop()
