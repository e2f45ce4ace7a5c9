"""
A session in another process: its calls travel there, what it answers or raises comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import oracledb

from target_oracle.errors import TargetError
from target_oracle.oracle.channel import Channel
from target_oracle.oracle.session import Session


class DistantSession(Session):
    """
    The session that *holder*, the process at the other end of *calls*, opens and keeps.

    Once that process has gone every call raises what a broken connection does, if *lost* says that it should
    still be there; else the run is over, and with it whoever calls.
    """

    def __init__(self, calls: Channel, holder: object, lost: Callable[[], bool]) -> None:
        self.holder = holder
        self._calls = calls
        self._lost = lost
        self._call("open")

    def array(
        self, sql: str, rows: list[tuple[Any, ...]], declared: Sequence[Any]
    ) -> tuple[int, list[tuple[int, int, str]]]:
        """
        See `Session.array`.
        """
        answer: tuple[int, list[tuple[int, int, str]]] = self._call("array", sql, rows, declared)
        return answer

    def array_of_columns(
        self, sql: str, table: Any, *, zoned: bool
    ) -> tuple[int, list[tuple[int, int, str]]]:
        """
        See `Session.array_of_columns`.
        """
        answer: tuple[int, list[tuple[int, int, str]]] = self._call(
            "array_of_columns", sql, table, zoned=zoned
        )
        return answer

    def array_counts(
        self, sql: str, rows: list[tuple[Any, ...]], declared: Sequence[Any]
    ) -> tuple[list[int], int, list[tuple[int, int, str]]]:
        """
        See `Session.array_counts`.
        """
        answer: tuple[list[int], int, list[tuple[int, int, str]]] = self._call(
            "array_counts", sql, rows, declared
        )
        return answer

    def run(self, sql: str, binds: Mapping[str, Any] | Sequence[Any] = ()) -> int:
        """
        See `Session.run`.
        """
        return int(self._call("run", sql, binds))

    def run_and_commit(self, sql: str, binds: Sequence[Any]) -> int:
        """
        See `Session.run_and_commit`.
        """
        return int(self._call("run_and_commit", sql, binds))

    def rows(self, sql: str, binds: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """
        See `Session.rows`.
        """
        found: list[tuple[Any, ...]] = self._call("rows", sql, binds)
        return found

    def commit(self) -> None:
        """
        See `Session.commit`.
        """
        self._call("commit")

    def rollback(self) -> None:
        """
        See `Session.rollback`.
        """
        self._call("rollback")

    def ping(self) -> None:
        """
        See `Session.ping`.
        """
        self._call("ping")

    def close(self) -> None:
        """
        Have the connection closed; with its process it is closed already.
        """
        try:
            self._call("close")
        except oracledb.Error:
            return

    def _call(self, method: str, *given: object, **named: object) -> Any:
        try:
            self._calls.send((method, given, named))
            (answer, failure), _ = self._calls.receive()
        except OSError as gone:
            if not self._lost():
                raise
            raise oracledb.OperationalError("DPY-4011: the process of this connection has ended") from gone
        if failure is not None:
            raise failure
        return answer


def serve(calls: Channel, connect: Callable[[], Session]) -> None:
    """
    Be the other end of a DistantSession: do what comes over *calls* until nobody is there any more.
    """
    session: Session | None = None
    while True:
        (method, given, named), _ = calls.receive()
        answer, failure = None, None
        try:
            if method == "open":
                session = connect()
            else:
                answer = getattr(session, method)(*given, **named)
        except (oracledb.Error, TargetError) as error:
            failure = error
        calls.send((answer, failure))
