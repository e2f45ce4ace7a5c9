"""
Constraints and indexes that are off while a table is loaded, and on again after it.

What is off is listed in a table of our own before the first ALTER, so that a run which dies leaves word of
it: the next one brings it back at its end.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Final

import oracledb

from target_oracle.log import logger
from target_oracle.oracle.codes import Action, classify, code_of, codes_of
from target_oracle.oracle.ledger import split_name
from target_oracle.oracle.names import quote

if TYPE_CHECKING:
    from target_oracle.oracle.session import Session

TABLE: Final = "TARGET_ORACLE_SUSPENDED"
_ABSENT: Final = "ORA-00942"
_EXISTS: Final = "ORA-00955"
# No such constraint, no such index: somebody dropped it meanwhile.
_GONE: Final = frozenset({"ORA-00942", "ORA-02430", "ORA-02431", "ORA-01418"})
# Checks that columns are made of: NOT NULL, and that a text is JSON.
_OF_A_COLUMN: Final = re.compile(r'"[^"]+" IS NOT NULL|.*\bIS\s+JSON\b.*', re.IGNORECASE | re.DOTALL)

_CONSTRAINTS: Final = (
    "SELECT constraint_name, search_condition_vc FROM all_constraints"
    " WHERE owner = :1 AND table_name = :2 AND constraint_type IN ('R', 'C')"
    " AND status = 'ENABLED' AND validated = 'VALIDATED' ORDER BY constraint_name"
)
_INDEXES: Final = (
    "SELECT i.owner, i.index_name FROM all_indexes i WHERE i.table_owner = :1 AND i.table_name = :2"
    " AND i.uniqueness = 'NONUNIQUE' AND i.status = 'VALID'"
    " AND i.index_type IN ('NORMAL', 'FUNCTION-BASED NORMAL') AND NOT EXISTS (SELECT 1 FROM all_constraints k"
    " WHERE k.owner = :3 AND k.table_name = :4 AND k.index_name = i.index_name) ORDER BY i.index_name"
)


@dataclass(frozen=True, slots=True)
class Part:
    """
    A constraint or an index, by *name*, of a table; an index may have another *owner*.
    """

    table_owner: str
    table: str
    kind: str
    owner: str
    name: str

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


_FIELDS: Final = ("TABLE_OWNER", "TABLE_NAME", "KIND", "OWNER", "NAME")
_LISTED: Final = ", ".join(map(quote, _FIELDS))


@dataclass(slots=True)
class Suspension:
    """
    What is off in a run; *table* is the list of it, quoted. DDL waits *patience* seconds for a lock.
    """

    table: str
    loader_id: str | None
    patience: int
    _off: set[tuple[str, str]] = field(default_factory=set)
    _touched: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def beside(cls, ledger_table: str, loader_id: str | None, patience: int) -> Suspension:
        """
        Return that of a run whose list stands in the schema of its ledger.
        """
        owner, _ = split_name(ledger_table)
        return cls(f"{quote(owner)}.{quote(TABLE)}" if owner else quote(TABLE), loader_id, patience)

    @property
    def is_on(self) -> bool:
        """
        Tell whether something may be off.
        """
        return bool(self._touched)

    def covers(self, owner: str, table: str) -> bool:
        """
        Tell whether the parts of a table are off already.
        """
        return (owner, table) in self._off

    def suspend(self, session: Session, owner: str, table: str) -> None:
        """
        Switch off the foreign keys, checks and plain indexes of a table. DDL commits: nothing may be open.
        """
        self._ensure(session)
        self._touched.add((owner, table))
        parts = [*_constraints_of(session, owner, table), *_indexes_of(session, owner, table)]
        listed = self._listed(session)
        for part in parts:
            if part not in listed:
                self._note(session, part)
        session.commit()
        self._be_patient(session)
        for part in parts:
            session.run(part.off())
        self._off.add((owner, table))
        if parts:
            logger.info("table %s: off during the load: %s", table, ", ".join(part.name for part in parts))

    def restore(self, session: Session) -> list[str]:
        """
        Bring back what is off; return what cannot be, and why. DDL commits: nothing may be open.
        """
        self._be_patient(session)
        refused = [said for part in self._listed(session) if (said := self._bring_back(session, part))]
        self._off.clear()
        self._touched.clear()
        return refused

    def _be_patient(self, session: Session) -> None:
        session.run(f"ALTER SESSION SET DDL_LOCK_TIMEOUT = {self.patience}")

    def _bring_back(self, session: Session, part: Part) -> str | None:
        try:
            session.run(part.on())
        except oracledb.DatabaseError as refusal:
            if classify(refusal) in (Action.REPLAY, Action.RETRY):
                raise
            if _GONE.isdisjoint(codes_of(refusal)):
                return _refusal(part, code_of(refusal))
        self._strike(session, part)
        return None

    # --- the list

    def _ensure(self, session: Session) -> None:
        try:
            session.rows(f"SELECT 1 FROM {self.table} WHERE 1 = 0")  # noqa: S608  # a quoted name
        except oracledb.DatabaseError as refusal:
            if _ABSENT not in codes_of(refusal):
                raise
            self._create(session)

    def _create(self, session: Session) -> None:
        defined = ", ".join(f"{quote(name)} VARCHAR2(128 CHAR) NOT NULL" for name in _FIELDS)
        try:
            session.run(f'CREATE TABLE {self.table} ({defined}, "LOADER_ID" VARCHAR2(128 CHAR))')
        except oracledb.DatabaseError as refusal:
            if _EXISTS not in codes_of(refusal):
                raise

    def _listed(self, session: Session) -> list[Part]:
        """
        Return what is off: of the tables of this run, and what an earlier run of the same loader left.
        """
        found = session.rows(f'SELECT {_LISTED}, "LOADER_ID" FROM {self.table} ORDER BY {_LISTED}')  # noqa: S608
        return [
            Part(*parts)
            for *parts, loader in found
            if tuple(parts[:2]) in self._touched or (loader is not None and loader == self.loader_id)
        ]

    def _note(self, session: Session, part: Part) -> None:
        session.run(
            f'INSERT INTO {self.table} ({_LISTED}, "LOADER_ID") VALUES (:1, :2, :3, :4, :5, :6)',  # noqa: S608
            [*astuple(part), self.loader_id],
        )

    def _strike(self, session: Session, part: Part) -> None:
        where = " AND ".join(f"{quote(name)} = :{n}" for n, name in enumerate(_FIELDS, 1))
        session.run(f"DELETE FROM {self.table} WHERE {where}", astuple(part))  # noqa: S608  # quoted names
        session.commit()


def _refusal(part: Part, code: str | None) -> str:
    return (
        f"table {part.table}: {part.kind} {part.name} cannot be switched on again ({code}); "
        f"mend the rows, then run: {part.on()}"
    )


def _constraints_of(session: Session, owner: str, table: str) -> list[Part]:
    return [
        Part(owner, table, "constraint", owner, name)
        for name, condition in session.rows(_CONSTRAINTS, [owner, table])
        if condition is None or not _OF_A_COLUMN.fullmatch(condition)
    ]


def _indexes_of(session: Session, owner: str, table: str) -> list[Part]:
    found = session.rows(_INDEXES, [owner, table, owner, table])
    return [Part(owner, table, "index", *names) for names in found]
