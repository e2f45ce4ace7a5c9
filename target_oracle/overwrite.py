"""
Overwrite: new rows gather in a work table beside the old ones; one transaction then exchanges them.

The table itself stays, and with it its grants, indexes, constraints, triggers, comments and synonyms. A run
that dies leaves the old rows as they were, and a work table whose name tells the next run that it is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle import names, sql
from target_oracle.oracle.codes import Action, classify, codes_of, describe
from target_oracle.oracle.database import DatabaseError
from target_oracle.stream import Target

if TYPE_CHECKING:
    from target_oracle.oracle.database import Database

_ABSENT: Final = "ORA-00942"
# A table that changes its shape while rows gather has two work tables for a moment.
_WORK_TABLES: Final = (1, 2)


class Switch(msgspec.Struct, frozen=True):
    """
    The exchange of a stream's old rows for those that have gathered; *may_empty* allows that there is none.
    """

    stream: str
    target: Target
    may_empty: bool

    def run(self, database: Database) -> None:
        """
        Exchange the rows within the open transaction.

        With strategy truncate the old ones go at once and for good.
        """
        target, session = self.target, database.session
        owner, table, work = target.owner, target.table, str(target.work)
        source = sql.qualified(owner, work)
        if not self.may_empty and not session.rows(f"SELECT 1 FROM {source} WHERE ROWNUM = 1"):  # noqa: S608  # a quoted name
            logger.warning(
                "stream %s: no row came, so its table stays as it is (overwrite_empty)", self.stream
            )
            return
        old = 0
        if target.loading.overwrite_strategy == "truncate":
            session.run(sql.truncate(owner, table))
        else:
            old = session.run(sql.delete(owner, table))
        columns = [column.name for column in target.columns.values()]
        new = session.run(sql.insert_select(owner, table, columns, source))
        session.run(sql.delete(owner, work))
        logger.info("stream %s: %d rows take the place of %s", self.stream, new, old or "those before")


class _Work(msgspec.Struct, frozen=True):
    """
    A work table and the table that it was made after.
    """

    owner: str
    name: str
    number: int
    target: Target

    def serves(self, target: Target) -> bool:
        """
        Tell whether rows of *target* fit in.
        """
        return (self.target.owner, self.target.table, self.target.columns) == (
            target.owner,
            target.table,
            target.columns,
        )


class WorkTables:
    """
    The work tables of a run, one a stream.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Work] = {}

    def prepare(
        self, database: Database, stream: str, target: Target, *, unique: bool, may_change: bool
    ) -> Target | None:
        """
        Return *target* with its work table; None where that must be made and *may_change* is off.

        With *unique* the work table has the primary key, so that a key which comes twice is seen.
        """
        work = self._tables.get(stream)
        if work is None or not work.serves(target):
            if not may_change:
                return None
            work = self._make(database, stream, target, work, unique=unique)
        return replace(target, work=work.name)

    def _make(
        self, database: Database, stream: str, target: Target, before: _Work | None, *, unique: bool
    ) -> _Work:
        free = [n for n in _WORK_TABLES if before is None or n != before.number]
        made = [_Work(target.owner, _name(stream, target, n), n, target) for n in free]
        for left in made:
            _drop(database, left)
        work = made[0]
        keys = [target.columns[key].name for key in target.keys] if unique else []
        limit = target.server.max_name_bytes
        database.session.run(
            sql.create_table(
                work.owner,
                work.name,
                list(target.columns.values()),
                keys=keys,
                key_name=names.hashed(f"{stream} key of new rows {work.number}", target.table, limit),
            )
        )
        if before is not None:
            _move(database, before, work)
        self._tables[stream] = work
        if before is not None:
            _drop(database, before)
        return work

    def drop(self, database: Database) -> None:
        """
        Drop the work tables at the end of a run; one that cannot go is left to the next.
        """
        for stream in list(self._tables):
            try:
                _drop(database, self._tables[stream])
            except DatabaseError as refusal:
                if classify(refusal) is not Action.STOP:
                    raise
                logger.warning(
                    "stream %s: its work table stays until the next run: %s", stream, describe(refusal)
                )
            del self._tables[stream]


def _name(stream: str, target: Target, number: int) -> str:
    return names.hashed(f"{stream} new rows {number}", target.table, target.server.max_name_bytes)


def _drop(database: Database, work: _Work) -> None:
    try:
        database.session.run(sql.drop_table(work.owner, work.name))
    except DatabaseError as refusal:
        if _ABSENT not in codes_of(refusal):
            raise


def _move(database: Database, before: _Work, work: _Work) -> None:
    """
    Bring what has gathered into a work table of another shape.
    """
    there = {column.name for column in work.target.columns.values()}
    columns = [column.name for column in before.target.columns.values() if column.name in there]
    database.session.run(
        sql.insert_select(work.owner, work.name, columns, sql.qualified(before.owner, before.name))
    )
    database.session.commit()


def refuse_without_ddl(stream: str) -> LoadError:
    """
    Return why *stream* cannot be overwritten where no DDL may run.
    """
    return LoadError(f"stream {stream}: load_method overwrite makes a work table, and ddl_mode is none")
