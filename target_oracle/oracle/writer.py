"""
Rows -> one table: the statements for its columns, and how they are bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec
import oracledb
from msgspec.structs import replace

from target_oracle.oracle import sql
from target_oracle.oracle.binds import (
    declare,
    declare_for_query,
    is_text,
)
from target_oracle.oracle.codes import is_row_fault
from target_oracle.oracle.gathered import ColumnsInsert, Gathered
from target_oracle.oracle.session import Session
from target_oracle.oracle.types import Column

Row = tuple[Any, ...]
DUPLICATE: Final = "ORA-00001"


class Refusal(msgspec.Struct, frozen=True):
    """
    A row that the database refused.

    Its *offset* in the array, the ORA *code*, the column where told, and why.
    """

    offset: int
    code: str
    column: str | None
    why: str


class Written(msgspec.Struct, frozen=True):
    """
    What one array did: *count* rows are in, *refused* are not, in order of offset.
    """

    count: int
    refused: tuple[Refusal, ...] = ()


class Merged(msgspec.Struct, frozen=True):
    """
    What an upsert did: rows that were *inserted*, *updated* or left *unchanged*.

    *refused* are in order of offset.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()


class Writer:
    """
    Writes rows whose values stand in the order of *columns*; *session* is set anew for each connection.

    *merges* tells whether the table lets MERGE through.
    """

    session: Session
    merges = True

    def __init__(
        self,
        owner: str,
        table: str,
        columns: tuple[Column, ...],
        keys: tuple[str, ...],
        max_string_bytes: int,
    ) -> None:
        names = [column.name for column in columns]
        self.keys = keys
        self._types = [column.type for column in columns]
        self._max = max_string_bytes
        self._declared = declare(self._types, max_string_bytes)
        self._insert = sql.insert(owner, table, names)
        self._insert_columns = ColumnsInsert(owner, table, columns)
        self._key_positions = [names.index(key) for key in keys]
        self._set_positions = [n for n in range(len(names)) if n not in self._key_positions]
        self._texts = [n for n, type_ in enumerate(self._types) if is_text(type_)]
        if not keys:
            return
        parts = (owner, table, sql.one_row(names))
        changed = comparable(columns, keys)
        self._merge_new = sql.merge(*parts, columns=names, keys=keys, updates=False)
        self._merge_known = sql.merge(*parts, columns=names, keys=keys, inserts=False)
        self._merge_changed = sql.merge(*parts, columns=names, keys=keys, changed=changed, inserts=False)
        self._update = sql.update(owner, table, [names[n] for n in self._set_positions], keys)
        self._delete = sql.delete(owner, table, keys)

    # --- rows that are new

    def insert(self, rows: list[Row]) -> Written:
        """
        Insert *rows*, one round trip.
        """
        count, failed = self.session.array(self._insert, rows, self._declared)
        return _accounted(len(rows), count, failed)

    def insert_columns(self, rows: Gathered) -> Written:
        """
        Insert *rows*, one round trip.
        """
        count, failed = self._insert_columns.send(self.session, rows)
        return _accounted(len(rows), count, failed)

    # --- rows that may be there

    def fits_merge(self, rows: list[Row]) -> bool:
        """
        Tell whether a MERGE takes *rows* as binds of its select list: no LOB, no text that is too long there.
        """
        return self._in_query(rows) is not None

    def upsert(self, rows: list[Row], *, skip_unchanged: bool = False) -> Merged:
        """
        Update the row of each key, or insert it; keys within *rows* differ.

        One array MERGE inserts what is new and tells what is not, a second one updates that. Where a text
        is too long for a MERGE's select list, or the table lets none through: an array UPDATE, and an array
        INSERT of the rows that it did not find.
        """
        declared = self._in_query(rows) if self.merges else None
        if declared is None:
            return self._update_or_insert(rows)
        counts, inserted, refused = self._counted(self._merge_new, rows, declared)
        # Behind a refused row counts are 0 for new rows, too: so many of those that seem to be known are not.
        known = _without(counts, refused)
        fresh = len(known) + inserted + len(refused) - len(rows)
        if len(known) == fresh or not self._set_positions:
            return Merged(inserted, 0, len(known) - fresh, refused)
        statement = self._merge_changed if skip_unchanged else self._merge_known
        _, touched, more = self._counted(statement, [rows[n] for n in known], declared)
        there = len(known) - fresh - len(more)
        updated = min(there, touched) if skip_unchanged else there
        return Merged(inserted, updated, there - updated, _together(refused, _shifted(more, known)))

    def _in_query(self, rows: list[Row]) -> list[Any] | None:
        return declare_for_query(self._types, self._longest(rows), self._max)

    def _longest(self, rows: list[Row]) -> list[int]:
        longest = [0] * len(self._types)
        for position in self._texts:
            longest[position] = max(map(len, filter(None, map(itemgetter(position), rows))), default=0)
        return longest

    def _update_or_insert(self, rows: list[Row]) -> Merged:
        touched, refused = self.update(rows)
        missing = _without(touched, refused)
        done = self.insert([rows[n] for n in missing]) if missing else Written(0)
        updated = len(rows) - len(missing) - len(refused)
        return Merged(done.count, updated, 0, _together(refused, _shifted(done.refused, missing)))

    def insert_or_update(self, rows: list[Row]) -> Merged:
        """
        As `upsert`, for a table where few of *rows* are known: it must have a primary key, which tells them.
        """
        done = self.insert(rows)
        known = [refusal.offset for refusal in done.refused if refusal.code == DUPLICATE]
        if not known:
            return Merged(done.count, refused=done.refused)
        touched, more = self.update([rows[n] for n in known])
        stays = {known[n] for n in _without(touched, more)}
        others = [refusal for refusal in done.refused if refusal.code != DUPLICATE or refusal.offset in stays]
        updated = len(known) - len(stays) - len(more)
        return Merged(done.count, updated, 0, _together(others, _shifted(more, known)))

    def update(self, rows: list[Row]) -> tuple[list[int], tuple[Refusal, ...]]:
        """
        Update the row of each key; return how many rows each of *rows* touched, and the refused ones.
        """
        order = [*self._set_positions, *self._key_positions]
        declared = [self._declared[n] for n in order]
        counts, _, refused = self._counted(
            self._update, [tuple(row[n] for n in order) for row in rows], declared
        )
        return counts, refused

    def delete(self, keys: list[Row]) -> tuple[list[int], tuple[Refusal, ...]]:
        """
        Delete the rows of *keys*; return how many rows each of them touched, and the refused ones.
        """
        declared = [self._declared[n] for n in self._key_positions]
        counts, _, refused = self._counted(self._delete, keys, declared)
        return counts, refused

    def _counted(
        self, statement: str, rows: list[Row], declared: Sequence[Any]
    ) -> tuple[list[int], int, tuple[Refusal, ...]]:
        counts, touched, failed = self.session.array_counts(statement, rows, declared)
        if len(counts) != len(rows):
            raise oracledb.InternalError(f"{len(rows)} rows were sent, {len(counts)} counted")
        return counts, touched, refusals(failed)


def comparable(columns: Sequence[Column], keys: Sequence[str]) -> list[str]:
    """
    Return the columns by which a row is found unchanged.

    None where one cannot be compared: then each row is written.
    """
    others = [column for column in columns if column.name not in keys]
    if any(column.type.is_lob or column.type.name in _NOT_COMPARED for column in others):
        return []
    return [column.name for column in others]


_NOT_COMPARED: Final = frozenset({"JSON", "XMLTYPE"})


def _accounted(sent: int, count: int, failed: Sequence[tuple[int, int, str]]) -> Written:
    refused = refusals(failed)
    if count + len(refused) != sent:
        raise oracledb.InternalError(f"{sent} rows were sent, {count} stored and {len(refused)} refused")
    return Written(count, refused)


def refusals(failed: Sequence[tuple[int, int, str]]) -> tuple[Refusal, ...]:
    """
    Return the rows that failed; raise DatabaseError where one failed for what is no row's fault.
    """
    for _offset, number, _text in failed:
        if not is_row_fault(number):
            # The database's fault, told row by row: it must not become rejects.
            raise oracledb.DatabaseError(f"ORA-{number:05d}: reported for rows of an array")
    return tuple(Refusal(offset, f"ORA-{number:05d}", *_told(text)) for offset, number, text in failed)


def _without(counts: Sequence[int], refused: Sequence[Refusal]) -> list[int]:
    """
    Return the offsets of rows that touched nothing and were not refused.
    """
    failed = {refusal.offset for refusal in refused}
    return [n for n, count in enumerate(counts) if not count and n not in failed]


def _shifted(refused: Sequence[Refusal], offsets: Sequence[int]) -> list[Refusal]:
    return [replace(refusal, offset=offsets[refusal.offset]) for refusal in refused]


def _together(first: Sequence[Refusal], second: Sequence[Refusal]) -> tuple[Refusal, ...]:
    return tuple(sorted((*first, *second), key=attrgetter("offset")))


_COLUMN: Final = re.compile(r'"[^"]+"\."[^"]+"\."([^"]+)"')
_SIZES: Final = re.compile(r"\(actual: \d+, maximum: \d+\)")
_CONSTRAINT: Final = re.compile(r"constraint \(([^)]+)\)")


def _told(text: str) -> tuple[str | None, str]:
    """
    Return the column that the server names and what it says besides, without values of the row.
    """
    column = _COLUMN.search(text)
    sizes, constraint = _SIZES.search(text), _CONSTRAINT.search(text)
    why = "the database refused the row"
    if sizes:
        why = f"the value is too large {sizes[0]}"
    elif constraint:
        why = f"constraint {constraint[1]} refused the row"
    return (column[1] if column else None), why
