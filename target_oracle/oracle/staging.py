"""
Rows -> a temporary table -> one MERGE of all of them: upsert at the speed of sets.

From 18c the table is a private temporary one: it takes no DDL that commits, and goes with the session.
Before, a global temporary one, or where that may not be made an ordinary work table; these are made between
transactions. Rows are numbered, so that a MERGE can take some of them, and so that those of earlier batches
can stay for a while: emptying the table costs a round trip.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from hashlib import sha256
from operator import add
from typing import TYPE_CHECKING, Any, Final

import msgspec
import oracledb
from msgspec.structs import replace

from target_oracle.log import logger
from target_oracle.oracle import sql
from target_oracle.oracle.binds import declare
from target_oracle.oracle.codes import Action, classify, code_of, codes_of, describe
from target_oracle.oracle.gathered import ColumnsInsert, Gathered
from target_oracle.oracle.names import quote
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.oracle.writer import Merged, Refusal, Row, Writer, comparable, refusals

if TYPE_CHECKING:
    from target_oracle.oracle.session import Session

# Private temporary tables are there from this version on.
_PRIVATE_SINCE: Final = (18,)
_PRIVATE_PREFIX: Final = "ORA$PTT_"
_NUMBER: Final = OracleType("NUMBER")
# Rows of earlier batches that may stay in the table.
KEPT_ROWS: Final = 100_000
# Into so many pieces a batch is cut when its MERGE fails for the sake of a row.
PIECES: Final = 16
_EXISTS: Final = "ORA-00955"
_ABSENT: Final = "ORA-00942"
# Two rows of the source meet one of the table: their keys differ for us, but not for the column.
_UNSTABLE: Final = "ORA-30926"


class _Kind(msgspec.Struct, frozen=True):
    """
    What sort of table, and whether making it commits.
    """

    name: str
    commits: bool


_PRIVATE: Final = _Kind("private temporary table", commits=False)
_GLOBAL: Final = _Kind("global temporary table", commits=True)
_WORK: Final = _Kind("work table", commits=True)


class Numbers(msgspec.Struct):
    """
    Numbers for staged rows, none of them twice.
    """

    next: int = 0

    def take(self, count: int) -> int:
        """
        Return the first of *count* numbers in a row.
        """
        first = self.next
        self.next += count
        return first


class Staging:
    """
    The staging table of one table's *columns*; *session* is set anew for each connection.
    """

    session: Session

    def __init__(  # noqa: PLR0917  # what tells one from another
        self,
        owner: str,
        table: str,
        columns: tuple[Column, ...],
        keys: tuple[str, ...],
        server: Server,
        numbers: Numbers,
    ) -> None:
        names = [column.name for column in columns]
        self._given = columns
        # In an order of their own: the same table serves rows whose columns come in another one.
        self._columns = sorted(columns, key=lambda column: column.name)
        self._owner = server.schema
        shape = "\0".join((owner, table, *(f"{column.name} {column.type.ddl()}" for column in self._columns)))
        self._mark = sha256(shape.encode()).hexdigest()[:16].upper()
        self._own_mark = uuid.uuid4().hex[:16].upper()
        self._number = "SDC$ROW" if "SDC$ROW" not in names else "SDC$ROW_NUMBER"
        self._declared = [
            *declare([column.type for column in columns], server.max_string_bytes),
            oracledb.DB_TYPE_NUMBER,
        ]
        self._kinds = [_PRIVATE] if server.version >= _PRIVATE_SINCE else [_GLOBAL, _WORK]
        self._made_on: Session | None = None
        self._numbers = numbers
        self._held = 0
        self._target = (owner, table, names, keys, comparable(columns, keys))
        self._write_statements()

    def _write_statements(self) -> None:
        owner, table, names, keys, changed = self._target
        source = sql.staged_rows(self._qualified(), names, self._number)
        self._insert = sql.insert(*self._place(), [*names, self._number])
        self._insert_columns = ColumnsInsert(*self._place(), self._given, self._number)
        self._count = sql.count_known(owner, table, source, keys)
        self._merge = sql.merge(owner, table, source, columns=names, keys=keys)
        self._merge_changed = sql.merge(owner, table, source, columns=names, keys=keys, changed=changed)

    # --- the table

    @property
    def kind(self) -> str:
        """
        What sort of table it is, for the log; "" where none may be made.
        """
        return self._kinds[0].name if self._kinds else ""

    def is_ready(self) -> bool:
        """
        Tell whether rows may be staged on this session; makes a private table, which commits nothing.
        """
        if self._made_on is self.session:
            return bool(self._kinds)
        if self._kinds and not self._kinds[0].commits:
            self._try_kinds(self._kinds[:1])
        elif self._kinds:
            self._made_on, self._held = self.session, KEPT_ROWS
        return bool(self._kinds)

    def needs_ddl(self) -> bool:
        """
        Tell whether the table has yet to be made by DDL that commits.
        """
        return bool(self._kinds) and self._kinds[0].commits and not self._is_there()

    def make(self) -> None:
        """
        Make the table by DDL that commits, so nothing may be open; where none may be made, there is none.
        """
        self._try_kinds(list(self._kinds))

    def drop(self) -> None:
        """
        Drop the table where it is one that would stay; one that cannot go stays.
        """
        if self._kinds[:1] != [_WORK]:
            return
        try:
            self.session.run(sql.drop_table(*self._place()))
        except oracledb.DatabaseError as refusal:
            if _ABSENT in codes_of(refusal):
                return
            if classify(refusal) is not Action.STOP:
                raise
            logger.warning("work table %s stays: %s", self._qualified(), describe(refusal))

    def _is_there(self) -> bool:
        try:
            self.session.rows(f"SELECT {quote(self._number)} FROM {self._qualified()} WHERE 1 = 0")  # noqa: S608
        except oracledb.DatabaseError as refusal:
            if _ABSENT not in codes_of(refusal):
                raise
            return False
        return True

    def _try_kinds(self, kinds: Sequence[_Kind]) -> None:
        for kind in kinds:
            self._kinds = [kind, *self._kinds[self._kinds.index(kind) + 1 :]]
            self._write_statements()
            refusal = self._create(kind)
            if refusal is None:
                self._made_on = self.session
                return
            logger.info("no %s can be made (%s)", kind.name, refusal)
        self._kinds = []
        self._made_on = self.session
        logger.warning("table %s: no staging table can be made; rows are merged as arrays", self._target[1])

    def _create(self, kind: _Kind) -> str | None:
        """
        Make the table; return the code of a refusal. One that is there may hold rows.
        """
        columns = [*self._columns, Column(self._number, _NUMBER)]
        self._held = 0
        try:
            self.session.run(self._definition(kind, columns))
        except oracledb.DatabaseError as refusal:
            if _EXISTS in codes_of(refusal):
                self._held = KEPT_ROWS
                return None
            if classify(refusal) is not Action.STOP:
                raise
            return code_of(refusal)
        return None

    def _definition(self, kind: _Kind, columns: Sequence[Column]) -> str:
        owner, name = self._place()
        if kind is _PRIVATE:
            return sql.create_private_temporary(name, columns)
        create = sql.create_global_temporary if kind is _GLOBAL else sql.create_work_table
        return create(owner, name, columns)

    def _place(self) -> tuple[str, str]:
        kind = self._kinds[0] if self._kinds else _PRIVATE
        if kind is _PRIVATE:
            return "", _PRIVATE_PREFIX + self._mark
        return self._owner, f"SDC$STAGE_{self._mark if kind is _GLOBAL else self._own_mark}"[:30]

    def _qualified(self) -> str:
        return sql.qualified(*self._place())

    # --- rows

    def upsert(self, rows: list[Row], writer: Writer, *, skip_unchanged: bool = False) -> Merged:
        """
        Update the row of each key, or insert it; keys within *rows* differ.

        At most four round trips: empty the table now and then, fill it, count the keys that are known,
        MERGE. *writer* takes the rows of a piece whose MERGE fails for the sake of one of them.
        """
        first = self._fill_from(len(rows))
        numbered = list(map(add, rows, zip(range(first, first + len(rows)))))  # endless is no zip
        _, failed = self.session.array(self._insert, numbered, self._declared)
        refused = refusals(failed)
        absent = {refusal.offset for refusal in refused}
        merge = self._merge_changed if skip_unchanged else self._merge
        done = self._merged(merge, first, len(rows) - len(absent), len(rows))
        if done is None:
            done = self._in_pieces(merge, rows, first, absent, writer, skip_unchanged=skip_unchanged)
        return replace(done, refused=tuple(sorted((*refused, *done.refused), key=lambda each: each.offset)))

    def upsert_columns(self, rows: Gathered, *, skip_unchanged: bool = False) -> Merged | None:
        """
        As `upsert`, for rows that are columns; None, with nothing merged, where one of them is refused.
        """
        first = self._fill_from(len(rows))
        _, failed = self._insert_columns.send(self.session, rows, first)
        if refusals(failed):
            return None
        return self._merged(
            self._merge_changed if skip_unchanged else self._merge, first, len(rows), len(rows)
        )

    def _fill_from(self, count: int) -> int:
        """
        Return the number of the first of *count* rows; empty the table where it holds enough.
        """
        if self._held and self._held + count > KEPT_ROWS:
            self.session.run(sql.delete(*self._place()))
            self._held = 0
        self._held += count
        return self._numbers.take(count)

    def _merged(self, merge: str, first: int, staged: int, width: int) -> Merged | None:
        """
        Merge the *staged* rows among *width* numbers from *first* on; None when one of them is at fault.
        """
        span = [first, first + width - 1]
        ((known,),) = self.session.rows(self._count, span)
        known = int(known)
        try:
            touched = self.session.run(merge, span)
        except oracledb.DatabaseError as error:
            if classify(error) is Action.ROW or _UNSTABLE in codes_of(error):
                return None
            raise
        inserted = staged - known
        updated = min(known, max(0, touched - inserted))
        return Merged(inserted, updated, known - updated)

    def _in_pieces(  # the batch, and how to write it otherwise
        self,
        merge: str,
        rows: list[Row],
        first: int,
        absent: set[int],
        writer: Writer,
        *,
        skip_unchanged: bool,
    ) -> Merged:
        done: list[Merged] = []
        step = -(-len(rows) // PIECES)
        for start in range(0, len(rows), step):
            piece = [n for n in range(start, min(start + step, len(rows))) if n not in absent]
            if piece:
                found = self._merged(merge, first + start, len(piece), step)
                if found is None:
                    found = _as_array(writer, rows, piece, skip_unchanged=skip_unchanged)
                done.append(found)
        return _sum(done)


def _as_array(writer: Writer, rows: list[Row], piece: list[int], *, skip_unchanged: bool) -> Merged:
    """
    Write the rows of *piece* as arrays, which say which of them is at fault.
    """
    found = writer.upsert([rows[n] for n in piece], skip_unchanged=skip_unchanged)
    return replace(found, refused=tuple(_at(refusal, piece) for refusal in found.refused))


def _at(refusal: Refusal, offsets: Sequence[int]) -> Refusal:
    return replace(refusal, offset=offsets[refusal.offset])


def _sum(parts: Iterable[Merged]) -> Merged:
    found: dict[str, Any] = {"inserted": 0, "updated": 0, "unchanged": 0}
    refused: list[Refusal] = []
    for part in parts:
        for name in found:
            found[name] += getattr(part, name)
        refused += part.refused
    return Merged(**found, refused=tuple(refused))
