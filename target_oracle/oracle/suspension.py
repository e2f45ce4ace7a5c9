"""
Constraints and indexes that are off while a table is loaded, and on again after it.

What is off is listed (suspended.py) before the first ALTER, so that a run which dies leaves word of it: the
next one that loads the table, or has the same loader_id, brings it back, whatever its settings. What somebody
else has switched off, before or since, stays off.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
import oracledb

from target_oracle.log import logger
from target_oracle.oracle.codes import Action, classify, code_of, codes_of
from target_oracle.oracle.ledger import qualified
from target_oracle.oracle.suspended import Entry, Part, SuspendedList, beside, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_oracle.oracle.session import Session

Place = tuple[str, str]

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
_DISABLED: Final = (
    "SELECT owner, constraint_name, last_change FROM all_constraints"
    " WHERE owner = :1 AND table_name = :2 AND status = 'DISABLED'"
)
_UNUSABLE: Final = (
    "SELECT owner, index_name, NULL FROM all_indexes"
    " WHERE table_owner = :1 AND table_name = :2 AND status = 'UNUSABLE'"
)


class Suspension(msgspec.Struct):
    """
    What is off in a run, by its list. DDL waits *patience* seconds for a lock.
    """

    listed: SuspendedList
    patience: int
    _left: list[Entry] | None = None  # as an earlier run left it; None before the list was read
    _off: set[Place] = msgspec.field(default_factory=set)
    _touched: set[Place] = msgspec.field(default_factory=set)

    @classmethod
    def beside(cls, ledger_table: str, loader_id: str | None, patience: int) -> Suspension:
        """
        Return that of a run whose list stands in the schema of its ledger.
        """
        return cls(SuspendedList(qualified(beside(ledger_table)), loader_id), patience)

    @property
    def is_on(self) -> bool:
        """
        Tell whether something may be off that this run has to bring back.
        """
        return bool(self._touched) or any(self._is_ours(entry) for entry in self._left or ())

    def covers(self, owner: str, table: str) -> bool:
        """
        Tell whether the parts of a table are off already.
        """
        return (owner, table) in self._off

    def _is_ours(self, entry: Entry) -> bool:
        mine = entry.loader_id is not None and entry.loader_id == self.listed.loader_id
        return mine or entry.part.place in self._touched

    def suspend(self, session: Session, connect: Callable[[], Session], owner: str, table: str) -> None:
        """
        Switch off the foreign keys, checks and plain indexes of a table. DDL commits: nothing may be open.

        *connect* opens the connection by which others see that this run lives.
        """
        self.listed.ensure(session, connect)
        self._touched.add((owner, table))
        parts = parts_of(session, owner, table)
        self.listed.note(session, parts)
        self._be_patient(session)
        for part in parts:
            session.run(part.off())
        self._stamp(session, (owner, table))
        self._off.add((owner, table))
        if parts:
            logger.info("table %s: off during the load: %s", table, _names(parts))

    def _stamp(self, session: Session, place: Place) -> None:
        """
        Keep when the dictionary says that this run switched a table's parts off.
        """
        changes = _off_now(session, place)
        for entry in entries(session, self.listed.table):
            if entry.part.place == place and entry.run == self.listed.run and changes.get(entry.part):
                self.listed.stamp(session, entry.part, changes[entry.part])
        session.commit()

    # --- what is left of runs that died

    def look(self, session: Session) -> None:
        """
        Read, once in a run, what earlier runs left off.
        """
        if self._left is None:
            self._left = entries(session, self.listed.table)

    def left(self, owner: str, table: str) -> list[Part]:
        """
        Return what earlier runs, or others that still run, have switched off of a table.
        """
        return [entry.part for entry in self._left or () if entry.part.place == (owner, table)]

    def recover(self, session: Session, owner: str, table: str) -> None:
        """
        Bring back what a run that is no more left off of a table; what its rows forbid waits for `restore`.

        DDL commits: nothing may be open.
        """
        left = [entry for entry in self._left or () if entry.part.place == (owner, table)]
        if self._bring_back(session, left):
            logger.info("table %s: its rows do not allow all of what is off; tried again at the end", table)
            self._touched.add((owner, table))
        self.listed.sweep(session)
        self.pass_over(owner, table)

    def pass_over(self, owner: str, table: str) -> None:
        """
        Look no more at what is left off of a table.
        """
        self._left = [entry for entry in self._left or () if entry.part.place != (owner, table)]

    # --- back on

    def restore(self, session: Session) -> list[str]:
        """
        Bring back what is off; return what cannot be, and why. DDL commits: nothing may be open.
        """
        found = entries(session, self.listed.table)
        refused = self._bring_back(session, [entry for entry in found if self._is_ours(entry)])
        self.listed.leave()
        self.listed.sweep(session)
        self._off.clear()
        self._touched.clear()
        self._left = []
        return refused

    def leave(self) -> None:
        """
        Let others see that this run is over.
        """
        self.listed.leave()

    def _be_patient(self, session: Session) -> None:
        session.run(f"ALTER SESSION SET DDL_LOCK_TIMEOUT = {self.patience}")

    def _bring_back(self, session: Session, found: list[Entry]) -> list[str]:
        """
        Bring back those of *found* whose run is over; return what cannot be, and why.
        """
        over = [entry for entry in found if self.listed.is_over(session, entry)]
        session.commit()
        if not over:
            return []
        refused, again = [], []
        self._be_patient(session)
        for place in dict.fromkeys(entry.part.place for entry in over):
            off = _off_now(session, place)
            for entry in (entry for entry in over if entry.part.place == place):
                if not self._is_to_come_back(entry, off):
                    self.listed.strike(session, entry.part)
                elif said := self._switch_on(session, entry.part):
                    refused.append(said)
                elif entry.run != self.listed.run:
                    again.append(entry.part)
        _tell(again)
        return refused

    def _is_to_come_back(self, entry: Entry, off: dict[Part, Any]) -> bool:
        """
        Tell whether a listed part is off, and by the hand that listed it.
        """
        if entry.part not in off:
            return False
        if entry.changed is None or entry.changed == off[entry.part]:
            return True
        logger.warning(
            "table %s: %s %s was switched off by somebody else after a load had done so; it stays off",
            entry.part.table,
            entry.part.kind,
            entry.part.name,
        )
        return False

    def _switch_on(self, session: Session, part: Part) -> str | None:
        try:
            session.run(part.on())
        except oracledb.DatabaseError as refusal:
            if classify(refusal) in (Action.REPLAY, Action.RETRY):
                raise
            if _GONE.isdisjoint(codes_of(refusal)):
                return _refusal(part, code_of(refusal))
        self.listed.strike(session, part)
        return None


def _tell(again: Iterable[Part]) -> None:
    by_table: dict[str, list[Part]] = {}
    for part in again:
        by_table.setdefault(part.table, []).append(part)
    for table, parts in by_table.items():
        logger.info("table %s: left off by a run that ended early, on again: %s", table, _names(parts))


def _names(parts: Iterable[Part]) -> str:
    return ", ".join(part.name for part in parts)


def _refusal(part: Part, code: str | None) -> str:
    return (
        f"table {part.table}: {part.kind} {part.name} cannot be switched on again ({code}); "
        f"mend the rows, then run: {part.on()}"
    )


def _off_now(session: Session, place: Place) -> dict[Part, Any]:
    """
    Return what of a table is off, and for constraints since when.
    """
    owner, table = place
    return {
        Part(owner, table, kind, of, name): changed
        for kind, query in (("constraint", _DISABLED), ("index", _UNUSABLE))
        for of, name, changed in session.rows(query, [owner, table])
    }


def parts_of(session: Session, owner: str, table: str) -> list[Part]:
    """
    Return the foreign keys, checks and plain indexes of a table that are on.
    """
    constraints = [
        Part(owner, table, "constraint", owner, name)
        for name, condition in session.rows(_CONSTRAINTS, [owner, table])
        if condition is None or not _OF_A_COLUMN.fullmatch(condition)
    ]
    indexes = session.rows(_INDEXES, [owner, table, owner, table])
    return [*constraints, *(Part(owner, table, "index", *names) for names in indexes)]
