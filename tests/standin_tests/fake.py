"""
An engine of the wire's own tests: it remembers what it was asked and gives what it was told to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.standin.values import Bind, ColumnInfo, OracleError, Outcome

Reply = Callable[["FakeSession", list[Any]], Outcome]


class FakeDatabase:
    """
    Replies by statement; *calls* are (sql, binds, rows, options) in the order they came.
    """

    def __init__(self, replies: dict[str, Outcome | OracleError | Reply] | None = None) -> None:
        self.replies = replies or {}
        self.calls: list[tuple[str, Sequence[Bind], list[Any], dict[str, bool]]] = []
        self.events: list[str] = []
        self.attributes: dict[str, str] = {}
        self.sessions: list[FakeSession] = []

    def session(self, user: str) -> FakeSession:
        session = FakeSession(self, user)
        self.sessions.append(session)
        return session

    def close(self) -> None:
        self.events.append("close")


class FakeSession:
    def __init__(self, database: FakeDatabase, user: str) -> None:
        self.database = database
        self.current_schema = user
        self.attributes: dict[str, str] = {}
        self.in_transaction = False
        self.cancelled = threading.Event()

    def execute(self, sql: str, binds: Sequence[Bind], rows: Sequence[Any], **options: bool) -> Outcome:
        rows = list(rows)
        self.database.calls.append((sql, binds, rows, options))
        reply = self.database.replies.get(sql)
        if reply is None and sql.upper().startswith(("ALTER SESSION", "LOCK TABLE")):
            return Outcome("other")
        if reply is None and sql.upper().startswith(("INSERT", "UPDATE")):
            return self.changed(len(rows), commit=options.get("commit", False))
        if reply is None:
            raise OracleError(900, "ORA-00900: invalid SQL statement")
        if isinstance(reply, OracleError):
            raise reply
        return reply if isinstance(reply, Outcome) else reply(self, rows)

    def changed(self, rowcount: int, *, commit: bool) -> Outcome:
        self.in_transaction = not commit
        return Outcome("dml", rowcount=rowcount, committed=commit)

    def describe(self, sql: str) -> list[ColumnInfo]:
        reply = self.database.replies.get(sql)
        return reply.columns if isinstance(reply, Outcome) else []

    def set_attributes(self, **attributes: str) -> None:
        self.database.attributes.update(attributes)
        self.attributes.update(CLIENT_IDENTIFIER=attributes.get("client_id", ""))
        self.current_schema = attributes.get("current_schema", self.current_schema)

    def commit(self) -> None:
        self.in_transaction = False
        self.database.events.append("commit")

    def rollback(self) -> None:
        self.in_transaction = False
        self.database.events.append("rollback")

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()

    def cancel(self) -> None:
        self.cancelled.set()
