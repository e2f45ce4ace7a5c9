"""
A session of the engine, asked without a wire.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.standin.engine import Bind, Database, OracleError, Outcome, Session

if TYPE_CHECKING:
    from collections.abc import Sequence


_BINDS: dict[type, str] = {
    bool: "BOOLEAN",
    int: "NUMBER",
    Decimal: "NUMBER",
    float: "BINARY_DOUBLE",
    date: "DATE",
    timedelta: "INTERVAL_DS",
}


def moment(*parts: int) -> datetime:
    """
    Make a time without a zone, as DATE and TIMESTAMP have it.
    """
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 -- Oracle's DATE has no zone


def bind_for(value: Any) -> Bind:
    """
    Declare a bind as the driver does for a value, times apart: those are told exactly.
    """
    if isinstance(value, datetime):
        return Bind("TIMESTAMP" if value.tzinfo is None else "TIMESTAMP_TZ")
    if isinstance(value, bytes):
        return Bind("RAW", len(value))
    if isinstance(value, str) or value is None:
        return Bind("VARCHAR", 4 * len(value or " "))
    return Bind(_BINDS[type(value)])


class Asking:
    """
    A session with short ways to ask.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def run(self, sql: str, *row: Any, binds: Sequence[Bind] | None = None) -> Outcome:
        """
        Run a statement with one row of binds.
        """
        declared = [bind_for(value) for value in row] if binds is None else binds
        return self.session.execute(sql, declared, [row] if row else [])

    def many(
        self, sql: str, binds: Sequence[Bind], rows: Sequence[Sequence[Any]], **options: bool
    ) -> Outcome:
        """
        Run an array DML.
        """
        return self.session.execute(sql, binds, rows, **options)

    def rows(self, sql: str, *row: Any) -> list[tuple[Any, ...]]:
        """
        Fetch a query's rows.
        """
        return list(self.run(sql, *row).rows)

    def column(self, sql: str, *row: Any) -> list[Any]:
        """
        Fetch a query's first column.
        """
        return [found[0] for found in self.rows(sql, *row)]

    def one(self, sql: str, *row: Any) -> Any:
        """
        Fetch the only value of a query.
        """
        ((value,),) = self.rows(sql, *row)
        return value

    def value(self, expression: str, *row: Any) -> Any:
        """
        Evaluate an expression.
        """
        return self.one(f"SELECT {expression} FROM dual", *row)

    def refusal(self, sql: str, *row: Any, binds: Sequence[Bind] | None = None) -> OracleError:
        """
        Return what a statement is refused with.
        """
        try:
            outcome = self.run(sql, *row, binds=binds)
            list(outcome.rows)
        except OracleError as refusal:
            return refusal
        raise AssertionError(f"not refused: {sql}")

    def code(self, sql: str, *row: Any, binds: Sequence[Bind] | None = None) -> int:
        """
        Return the number of what a statement is refused with.
        """
        return self.refusal(sql, *row, binds=binds).code


def asking(version: int = 23, **options: Any) -> Asking:
    """
    Open a session on a database of its own.
    """
    return Asking(Database(version=version, **options).session("APP"))
