"""
ACTIVATE_VERSION: what is older than a version goes, or is marked as deleted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.metadata import DELETED_AT, VERSION, utc_now
from target_oracle.oracle import sql
from target_oracle.oracle.binds import declare
from target_oracle.oracle.types import Column, OracleType
from target_oracle.oracle.writer import refusals

if TYPE_CHECKING:
    from target_oracle.oracle.database import Database
    from target_oracle.stream import Target

# Rows that one statement touches; more go in several statements of one transaction, so that none runs for
# ever.
MOST_ROWS: Final = 100_000
_NUMBER: Final = OracleType("NUMBER")
_ALL: Final = 100


class Activation(msgspec.Struct, frozen=True):
    """
    The end of all rows of *stream* that are older than *version*; rows without a version stay.

    With *hard* they are removed, else marked at *moment*. More than *most_percent* of the table's rows are
    none to go.
    """

    stream: str
    target: Target
    version: int
    hard: bool
    most_percent: float
    moment: datetime = msgspec.field(default_factory=utc_now)

    def run(self, database: Database) -> None:
        """
        Remove or mark the rows within the open transaction; raise LoadError where they are too many.
        """
        columns = self.target.columns
        version, deleted = columns[VERSION.name], columns.get(DELETED_AT)
        mark = None if self.hard else deleted
        doomed = self._count(database, sql.older(version.name, mark.name if mark else None), [self.version])
        if not doomed:
            return
        self._check_share(database, doomed, mark)
        gone = self._retire(database, version, mark, doomed)
        logger.info(
            "stream %s: version %d is active, %d older rows are %s",
            self.stream,
            self.version,
            gone,
            self._done,
        )

    @property
    def _done(self) -> str:
        return "removed" if self.hard else "marked as deleted"

    def _count(self, database: Database, where: str, binds: list[Any]) -> int:
        ((count,),) = database.session.rows(sql.count(self.target.owner, self.target.table, where), binds)
        return int(count)

    def _check_share(self, database: Database, doomed: int, mark: Column | None) -> None:
        if self.most_percent >= _ALL:
            return
        there = self._count(database, sql.is_null(mark.name) if mark else "", [])
        if doomed * 100 > there * self.most_percent:
            raise LoadError(
                f"stream {self.stream}: ACTIVATE_VERSION {self.version} would take {doomed} of {there} rows, "
                f"more than max_delete_percent {self.most_percent:g} allows; none is touched. "
                "Did the tap send all its rows?"
            )

    def _retire(self, database: Database, version: Column, mark: Column | None, doomed: int) -> int:
        owner, table = self.target.owner, self.target.table
        most = MOST_ROWS if doomed > MOST_ROWS else None
        if mark is None:
            statement = sql.delete_older(owner, table, version.name, most)
            row: tuple[Any, ...] = (self.version,)
            types = [_NUMBER]
        else:
            statement = sql.mark_older(owner, table, version.name, mark.name, most)
            row = (self.moment, self.version)
            types = [mark.type, _NUMBER]
        gone = 0
        while True:
            touched, failed = database.session.array(
                statement, [row], declare(types, self.target.server.max_string_bytes)
            )
            refusals(failed)
            if failed:
                raise LoadError(
                    f"stream {self.stream}: the table refuses that its older rows go (ORA-{failed[0][1]:05d})"
                )
            gone += touched
            if most is None or touched < most:
                return gone
