"""
The stand-in server: listens, gives each client a thread, and lets a test look inside.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections import deque
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.standin import tls
from tests.standin.charsets import CHARSETS
from tests.standin.connection import Connection
from tests.standin.faults import Faults
from tests.standin.login import Verifier
from tests.standin.options import Options
from tests.standin.packets import close
from tests.standin.profiles import PROFILES
from tests.standin.stats import Stats
from tests.standin.values import OracleError
from tests.standin.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.standin.engine import Database
    from tests.standin.faults import Fault

HOST = "127.0.0.1"
STATS_INTERVAL = 0.05  # seconds between two writes of the statistics
ACCEPT_PAUSE = 0.1  # seconds after a connection that could not be taken
MOST_STATEMENTS = 100_000  # remembered; the log on file has all
ADMINISTRATOR = "SYSTEM"  # logs in with the server's password, as in a database's container image
NEW_PASSWORD = re.compile(
    r"""\s*(?:CREATE|ALTER)\s+USER\s+("[^"]+"|\w+)\s+IDENTIFIED\s+BY\s+("[^"]+"|\w+)""", re.IGNORECASE
)
PATIENCE = 5.0  # seconds that a thread gets to end


class StandIn(AbstractContextManager["StandIn"]):
    """
    A server with its *database*, from construction to `close`; a context manager.

    *log* holds what it had to refuse or what a fault did, *statements* every statement it was sent.
    """

    def __init__(self, options: Options | None = None, database: Database | None = None) -> None:
        self.options = options = options or Options()
        self._tls = tls.context(*options.tls, options.tls_clients) if options.tls else None
        self.profile = PROFILES[options.version]
        self.extended = options.max_string_size == "extended"
        self.service = options.service
        self.charset = CHARSETS[options.charset]
        self.rtt = options.rtt_ms / 1000
        self.database = database or _database(options)
        self.faults = Faults(options.faults)
        self.counts = Stats(options.stats)
        self.stopping = threading.Event()
        self.acknowledged: dict[str, int] = {}  # rows by table, in acknowledge mode
        self.log: list[str] = []
        self.watch = Watch()
        self._statements: deque[dict[str, object]] = deque(maxlen=MOST_STATEMENTS)
        self._sql_log = Path(options.log_sql) if options.log_sql else None
        verifier = Verifier.of(options.password)
        self._verifiers = {ADMINISTRATOR: verifier, options.user.upper(): verifier}
        self._nobody = Verifier.of(options.user + options.password)
        self._refuse_until = 0.0
        self._lock = threading.Lock()
        self._open: dict[Connection, threading.Thread] = {}
        self._listener = socket.create_server((HOST, options.port))
        self.host, self.port = self._listener.getsockname()[:2]
        self._threads = [
            threading.Thread(target=self._accept, name="accept", daemon=True),
            threading.Thread(target=self._keep_stats, name="stats", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # ---- for tests and for those who start it -----------------------------------------------------------

    @property
    def user(self) -> str:
        return self.options.user

    @property
    def password(self) -> str:
        return self.options.password

    @property
    def dsn(self) -> str:
        return f"{self.host}:{self.port}/{self.service}"

    def arm(self, *specs: str) -> None:
        """
        Replace the faults; events count from 1 again.
        """
        self.faults = Faults(specs)

    def stats(self) -> dict[str, int]:
        """
        Give the counters as they stand.
        """
        return self.counts.snapshot()

    def statements(self) -> list[dict[str, object]]:
        """
        Give every statement so far: sql, session, client (its CLIENT_IDENTIFIER), binds, rows, at.
        """
        with self._lock:
            return list(self._statements)

    def connections(self) -> list[Connection]:
        """
        Give the connections that there are.
        """
        with self._lock:
            return list(self._open)

    def __exit__(self, *_: object) -> None:
        """
        Close, whatever happened.
        """
        self.close()

    def close(self) -> None:
        """
        Stop listening, end all sessions as if their clients had left, and close the database.
        """
        self.stopping.set()
        close(self._listener)
        threads = self._drop()
        for thread in (*self._threads, *threads):
            thread.join(PATIENCE)
        self.watch.stop()
        self.database.close()
        self.counts.write()

    # ---- for connections --------------------------------------------------------------------------------

    def verifier(self, user: str) -> Verifier:
        """
        Give what the server keeps of *user*'s password; of an unknown one, something to fail on.
        """
        return self._verifiers.get(user.upper(), self._nobody)

    def knows(self, user: str) -> bool:
        return user.upper() in self._verifiers

    def learn(self, sql: str) -> None:
        """
        Take the password of a user that *sql* has made.
        """
        found = NEW_PASSWORD.match(sql)
        if found:
            user, password = found.groups()
            name = user[1:-1] if user.startswith('"') else user.upper()
            self._verifiers[name] = Verifier.of(password.strip('"'))

    def report(self, line: str) -> None:
        """
        Say on stderr what was refused or what a fault did.
        """
        self.log.append(line)
        print(f"stand-in: {line}", file=sys.stderr, flush=True)  # noqa: T201 - it is a program

    def note(self, sql: str, session: int, client: str, binds: Sequence[str], rows: int) -> None:
        """
        Keep a statement for `statements` and the SQL log.
        """
        entry: dict[str, object] = {
            "sql": sql,
            "session": session,
            "client": client,
            "binds": list(binds),
            "rows": rows,
            "at": time.time(),
        }
        with self._lock:
            self._statements.append(entry)
            if self._sql_log is not None:
                with self._sql_log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(entry) + "\n")

    @property
    def is_restarting(self) -> bool:
        return time.monotonic() < self._refuse_until

    def restart(self, seconds: float) -> None:
        """
        Drop all connections and refuse new ones for *seconds*; what is committed stays.
        """
        self._refuse_until = time.monotonic() + seconds
        self._drop()

    def lock(self, fault: Fault) -> None:
        """
        Let another session lock the fault's table, if it exists and is free, for the fault's time.
        """
        session = self.database.session(self.options.user.upper())
        try:
            session.execute(f'LOCK TABLE "{fault.event}" IN EXCLUSIVE MODE NOWAIT', [], [()])
        except OracleError:
            session.close()
            return
        if not self.faults.taken(fault):
            session.close()
            return
        self.report(f"fault {fault.spec}")
        timer = threading.Timer(fault.seconds, session.close)
        timer.daemon = True
        timer.start()

    # ---- threads ----------------------------------------------------------------------------------------

    def _accept(self) -> None:
        number = 0
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError as fault:
                if not self.stopping.wait(ACCEPT_PAUSE):
                    self.report(f"cannot take a connection: {fault}")
                continue
            number += 1
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = tls.unwrap(sock, self._tls)
            connection = Connection(self, sock, number)
            thread = threading.Thread(target=self._live, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _live(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def _drop(self) -> list[threading.Thread]:
        """
        Cut all connections; their threads end by themselves.
        """
        with self._lock:
            doomed = dict(self._open)
        for connection in doomed:
            if connection.calls is not None:
                connection.calls.session.cancel()
            connection.wire.close()
        return [thread for thread in doomed.values() if thread is not threading.current_thread()]

    def _keep_stats(self) -> None:
        while not self.stopping.wait(STATS_INTERVAL):
            self.counts.write()


def _database(options: Options) -> Database:
    from tests.standin.engine import Database  # noqa: PLC0415 - a test may bring its own

    return Database(
        version=options.version,
        max_string_size=options.max_string_size,
        path=options.data,
        user=options.user,
        service=options.service,
        charset=options.charset,
    )
