"""
What loads have switched off, listed in a table of our own: a run that dies leaves word there.

Each run that switches something off has a row of its own in the list and holds a lock on it, on a connection
of its own. A row that can be locked is that of a run which is no more.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec
import oracledb
from msgspec.structs import astuple

from target_oracle.oracle.codes import codes_of
from target_oracle.oracle.ledger import split_name
from target_oracle.oracle.names import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_oracle.oracle.session import Session

TABLE: Final = "TARGET_ORACLE_SUSPENDED"
_ABSENT: Final = "ORA-00942"
_EXISTS: Final = "ORA-00955"
_BUSY: Final = frozenset({"ORA-00054", "ORA-30006"})
_FIELDS: Final = ("TABLE_OWNER", "TABLE_NAME", "KIND", "OWNER", "NAME")
_LISTED: Final = ", ".join(map(quote, _FIELDS))
_OF_PART: Final = " AND ".join(f"{quote(name)} = :{n}" for n, name in enumerate(_FIELDS, 1))
# The row of a run, which is of no table.
_RUN: Final = "run"
_NO_TABLE: Final = "-"


class Part(msgspec.Struct, frozen=True):
    """
    A constraint or an index, by *name*, of a table; an index may have another *owner*.
    """

    table_owner: str
    table: str
    kind: str
    owner: str
    name: str

    @property
    def place(self) -> tuple[str, str]:
        """
        Owner and name of its table.
        """
        return self.table_owner, self.table

    def off(self) -> str:
        """
        Return the statement that switches it off.
        """
        if self.kind == "index":
            return f"ALTER INDEX {quote(self.owner)}.{quote(self.name)} UNUSABLE"
        return (
            f"ALTER TABLE {quote(self.table_owner)}.{quote(self.table)} DISABLE CONSTRAINT {quote(self.name)}"
        )

    def on(self) -> str:
        """
        Return the statement that brings it back.

        >>> Part("APP", "T", "constraint", "APP", "T_FK").on()
        'ALTER TABLE "APP"."T" ENABLE CONSTRAINT "T_FK"'
        """
        if self.kind == "index":
            return f"ALTER INDEX {quote(self.owner)}.{quote(self.name)} REBUILD"
        return (
            f"ALTER TABLE {quote(self.table_owner)}.{quote(self.table)} ENABLE CONSTRAINT {quote(self.name)}"
        )


class Entry(msgspec.Struct, frozen=True):
    """
    A part that the run *run* of *loader_id*, None for none, has switched off.

    *changed* is the dictionary's time of that, for constraints; None where the run died before it could say.
    """

    part: Part
    loader_id: str | None
    run: str
    changed: Any


def beside(ledger_table: str) -> str:
    """
    Return the list's table as a setting names one, NAME or OWNER.NAME: it stands in the ledger's schema.

    >>> beside("ledger"), beside("ops.ledger")
    ('TARGET_ORACLE_SUSPENDED', '"OPS".TARGET_ORACLE_SUSPENDED')
    """
    owner, _ = split_name(ledger_table)
    return f"{quote(owner)}.{TABLE}" if owner else TABLE


def ddl(table: str) -> str:
    """
    Return the list's definition; *table* is quoted.
    """
    defined = ", ".join(f"{quote(name)} VARCHAR2(128 CHAR) NOT NULL" for name in _FIELDS)
    return (
        f'CREATE TABLE {table} ({defined}, "LOADER_ID" VARCHAR2(128 CHAR), '
        '"RUN_ID" VARCHAR2(32 CHAR) NOT NULL, "CHANGED_AT" DATE)'
    )


def entries(session: Session, table: str) -> list[Entry]:
    """
    Return what is off, by the list *table*; nothing where there is no list.
    """
    try:
        found = session.rows(
            f'SELECT {_LISTED}, "LOADER_ID", "RUN_ID", "CHANGED_AT" FROM {table}'  # noqa: S608  # quoted names
            f' WHERE "KIND" <> :1 ORDER BY {_LISTED}',
            [_RUN],
        )
    except oracledb.DatabaseError as refusal:
        if _ABSENT not in codes_of(refusal):
            raise
        return []
    return [Entry(Part(*row[:5]), *row[5:]) for row in found]


class SuspendedList:
    """
    The list *table*, quoted, as one run writes it.
    """

    def __init__(self, table: str, loader_id: str | None) -> None:
        self.table = table
        self.loader_id = loader_id
        self.run = uuid.uuid4().hex
        self._holder: Session | None = None

    def ensure(self, session: Session, connect: Callable[[], Session]) -> None:
        """
        Make the list where it is absent, and in it the row by which others see that this run lives.
        """
        if self._holder is not None:
            return
        self._make(session)
        holder = connect()
        try:
            while not self._lock(holder, self.run, ""):
                self._insert(session, Part(_NO_TABLE, _NO_TABLE, _RUN, _NO_TABLE, self.run))
                session.commit()
        except BaseException:
            holder.close()
            raise
        self._holder = holder

    def _make(self, session: Session) -> None:
        try:
            session.rows(f"SELECT 1 FROM {self.table} WHERE 1 = 0")  # noqa: S608  # a quoted name
        except oracledb.DatabaseError as refusal:
            if _ABSENT not in codes_of(refusal):
                raise
            self._create(session)

    def _create(self, session: Session) -> None:
        try:
            session.run(ddl(self.table))
        except oracledb.DatabaseError as refusal:
            if _EXISTS not in codes_of(refusal):
                raise

    def _lock(self, session: Session, run: str, how: str) -> bool:
        """
        Lock the row of *run*; tell whether there is one.
        """
        return bool(
            session.rows(
                f'SELECT "NAME" FROM {self.table} WHERE "KIND" = :1 AND "NAME" = :2 FOR UPDATE{how}',  # noqa: S608
                [_RUN, run],
            )
        )

    def is_over(self, session: Session, entry: Entry) -> bool:
        """
        Tell whether the run of *entry* is no more, or is this one.

        Of one loader_id there is one run at a time. A lock that this takes goes with the next commit.
        """
        if entry.run == self.run or (entry.loader_id is not None and entry.loader_id == self.loader_id):
            return True
        return self._is_free(session, entry.run)

    def _is_free(self, session: Session, run: str) -> bool:
        try:
            self._lock(session, run, " NOWAIT")
        except oracledb.DatabaseError as refusal:
            if _BUSY.isdisjoint(codes_of(refusal)):
                raise
            return False
        return True

    def note(self, session: Session, parts: Sequence[Part]) -> None:
        """
        List *parts*, which are on as yet, as switched off by this run.
        """
        for part in parts:
            self._delete(session, part)
            self._insert(session, part)
        session.commit()

    def _insert(self, session: Session, part: Part) -> None:
        session.run(
            f'INSERT INTO {self.table} ({_LISTED}, "LOADER_ID", "RUN_ID") '  # noqa: S608  # quoted names
            "VALUES (:1, :2, :3, :4, :5, :6, :7)",
            [*astuple(part), self.loader_id, self.run],
        )

    def _delete(self, session: Session, part: Part) -> None:
        session.run(f"DELETE FROM {self.table} WHERE {_OF_PART}", astuple(part))  # noqa: S608  # quoted names

    def stamp(self, session: Session, part: Part, changed: object) -> None:
        """
        Keep when the dictionary says that *part* was switched off; part of the open transaction.
        """
        session.run(
            f'UPDATE {self.table} SET "CHANGED_AT" = :6 WHERE {_OF_PART}',  # noqa: S608  # quoted names
            [changed, *astuple(part)],
        )

    def strike(self, session: Session, part: Part) -> None:
        """
        Take *part* off the list.
        """
        self._delete(session, part)
        session.commit()

    def sweep(self, session: Session) -> None:
        """
        Take the rows of runs that are no more off the list.
        """
        found = session.rows(f'SELECT "NAME" FROM {self.table} WHERE "KIND" = :1', [_RUN])  # noqa: S608
        for (run,) in found:
            if self._is_free(session, run):
                session.run(f'DELETE FROM {self.table} WHERE "KIND" = :1 AND "NAME" = :2', [_RUN, run])  # noqa: S608
        session.commit()

    def leave(self) -> None:
        """
        Let others see that this run has nothing off any more, or is over.
        """
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.close()
