"""
The engine: databases whose sessions execute Oracle's SQL under Oracle's rules, on SQLite.

A statement's way: session takes it, execution has it parsed and planned. Lexer and parser (sql_*) make a
tree; compiler, expressions, selects and functions make SQLite's SQL of it, inserts, updates and merges a
plan. array_dml runs the plan for each row through rows and transactions; admin, ddl, alters and rights run
what defines tables; shown_views are the dictionary that queries see; codes says what was refused.
"""

from __future__ import annotations

import threading

from tests.standin import (
    arithmetic,  # noqa: F401 -- registers its operators
    codes,
    functions,  # noqa: F401 -- registers its calls
)
from tests.standin.catalog import DBA_PRIVILEGES, USUAL_PRIVILEGES, Catalog, Table, User
from tests.standin.charsets import CHARSETS
from tests.standin.ddl import Builder, now
from tests.standin.refusal import Refusal
from tests.standin.session import Session
from tests.standin.sqlite import Store
from tests.standin.transactions import Transactions
from tests.standin.values import Bind, ColumnInfo, OracleError, Outcome, Row, Value

__all__ = ["Bind", "ColumnInfo", "Database", "OracleError", "Outcome", "Row", "Session", "Value"]

MAX_STRING_SIZES = {"standard": 4000, "extended": 32767}


class Database:
    """
    One database: its file, its users, its sessions. Thread safe: one statement at a time.

    *version* is 12, 18, 19, 21 or 23. *path* keeps committed data; without one they are gone with the
    process.
    """

    def __init__(
        self,
        *,
        version: int = 23,
        max_string_size: str = "standard",
        path: str | None = None,
        user: str = "app",
        service: str = "FREEPDB1",
        charset: str = "AL32UTF8",
    ) -> None:
        self.version = version
        self.charset = CHARSETS[charset]
        self.max_string = MAX_STRING_SIZES[max_string_size]
        self.service = service
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.store = Store(path)
        self.store.run("CREATE TABLE IF NOT EXISTS _live (id INTEGER PRIMARY KEY)")
        self.catalog = Catalog(self.store.db, durable=path is not None)
        self.transactions = Transactions(self.store.db, self.changed)
        self.sessions: dict[int, Session] = {}
        self.last_session = 0
        self.drawn: dict[int, int] = {}
        #: Dictionary views that stand in SQLite, each with the state of the catalog that it shows.
        self.filled: dict[str, tuple[int, ...]] = {}
        self._users(user.upper())
        self.owner = Session(self, "SYSTEM", internal=True)
        self.builder = Builder(self.store, self.catalog, self.owner, version, self.max_string)
        self._recover()
        self.store.keep()

    def _users(self, user: str) -> None:
        for number, (name, roles, privileges) in enumerate(
            (
                ("SYS", {"DBA"}, DBA_PRIVILEGES),
                ("SYSTEM", {"DBA"}, (*USUAL_PRIVILEGES, *DBA_PRIVILEGES)),
                (user, {"CONNECT", "RESOURCE"}, USUAL_PRIVILEGES),
            )
        ):
            if name not in self.catalog.users:
                made = User(name, number if number < 2 else 105, set(privileges), set(roles), created=now())
                self.catalog.save_user(made)

    def _recover(self) -> None:
        """
        Undo what a killed server left uncommitted, and make anew what SQLite does not keep.
        """
        live = [number for (number,) in self.store.all("SELECT id FROM _live")]
        for table in self.catalog.tables():
            if table.temporary:
                continue
            for number in live:
                self.store.run(f"DELETE FROM {table.physical} WHERE _i = ?", (number,))
                self.store.run(f"UPDATE {table.physical} SET _d = 0 WHERE _d = ?", (number,))
            self.builder.realise_checks(table, table.physical)
        self.store.run("DELETE FROM _live")
        self.transactions.last = max(live, default=0)
        highest = [self._highest(table) for table in self.catalog.tables() if not table.temporary]
        self.transactions.last = max([self.transactions.last, *highest])

    def _highest(self, table: Table) -> int:
        found = self.store.all(f"SELECT coalesce(max(_i), 0) FROM {table.physical}")
        return int(found[0][0])

    def session(self, user: str) -> Session:
        """
        Open a session; an unknown user is ORA-01017, one without CREATE SESSION ORA-01045.
        """
        with self.lock:
            found = self.catalog.users.get(user) or self.catalog.users.get(user.upper())
            if found is None:
                raise codes.oracle_error(Refusal(1017), self.version)
            if "CREATE SESSION" not in found.privileges and not found.roles & {"CONNECT", "DBA"}:
                raise codes.oracle_error(Refusal(1045, name=found.name), self.version)
            made = Session(self, found.name)
            self.sessions[made.number] = made
            return made

    def close(self) -> None:
        """
        Close the database; open sessions are rolled back.
        """
        with self.lock:
            for session in list(self.sessions.values()):
                session.close()
            self.store.keep()
            self.store.close()

    def grant(self, user: str, privilege: str) -> None:
        """
        Give a user a system privilege or a role; QUOTA lets his tables have rows.
        """
        self._change(user, privilege, given=True)

    def revoke(self, user: str, privilege: str) -> None:
        """
        Take a system privilege, a role or QUOTA from a user.
        """
        self._change(user, privilege, given=False)

    def _change(self, user: str, privilege: str, *, given: bool) -> None:
        with self.lock:
            found = self.catalog.users[user.upper()]
            name = privilege.upper()
            if name == "QUOTA":
                found.quota = given
            else:
                for kept in (found.privileges, found.roles) if not given else (found.privileges,):
                    (kept.add if given else kept.discard)(name)
            self.catalog.save_user(found)
            self.store.keep()
