"""
Rows -> one table: the statements for its columns, and how they are bound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

import oracledb

from target_oracle.oracle import sql
from target_oracle.oracle.binds import declare, declare_for_query, is_text
from target_oracle.oracle.codes import is_row_fault
from target_oracle.oracle.session import Session
from target_oracle.oracle.types import Column

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    A row that the database refused: its *offset* in the array, the ORA *code*, the column where told, and why.
    """

    offset: int
    code: str
    column: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Written:
    """
    What one array did: *count* rows are in, *refused* are not, in order of offset.
    """

    count: int
    refused: tuple[Refusal, ...] = ()


class Writer:
    """
    Writes rows whose values stand in the order of *columns*; *session* is set anew for each connection.
    """

    session: Session

    def __init__(self, owner: str, table: str, columns: tuple[Column, ...], keys: tuple[str, ...], max_string_bytes: int) -> None:
        names = [column.name for column in columns]
        self._types = [column.type for column in columns]
        self._max = max_string_bytes
        self._declared = declare(self._types, max_string_bytes)
        self._insert = sql.insert(owner, table, names)
        self._key_positions = [names.index(key) for key in keys]
        self._set_positions = [n for n in range(len(names)) if n not in self._key_positions]
        self._texts = [n for n, type_ in enumerate(self._types) if is_text(type_)]
        self._merge = sql.merge_array(owner, table, names, keys) if keys else ""
        self._update = sql.update(owner, table, [names[n] for n in self._set_positions], keys) if keys else ""

    def insert(self, rows: list[Row]) -> Written:
        """
        Insert *rows*, one round trip.
        """
        return self._array(self._insert, rows, self._declared)

    def merge(self, rows: list[Row]) -> Written:
        """
        Update the row of each key, or insert it; keys within *rows* differ.

        One array MERGE, one round trip; where a text is too long for a MERGE's select list, an array UPDATE and an array
        INSERT of the rows that it did not find.
        """
        declared = declare_for_query(self._types, self._longest(rows), self._max)
        if declared is None:
            return self._update_or_insert(rows)
        return self._array(self._merge, rows, declared, leaves=not self._set_positions)

    def _longest(self, rows: list[Row]) -> list[int]:
        longest = [0] * len(self._types)
        for position in self._texts:
            longest[position] = max(map(len, filter(None, map(itemgetter(position), rows))), default=0)
        return longest

    def _update_or_insert(self, rows: list[Row]) -> Written:
        found = self._found(rows)
        missing = [n for n, count in enumerate(found) if not count]
        done = self.insert([rows[n] for n in missing]) if missing else Written(0)
        refused = tuple(
            Refusal(missing[row.offset], row.code, row.column, row.why) for row in done.refused
        )
        return Written(len(rows) - len(missing) + done.count, refused)

    def _found(self, rows: list[Row]) -> list[int]:
        order = [*self._set_positions, *self._key_positions]
        pick = itemgetter(*order)
        declared = [self._declared[n] for n in order]
        return self.session.array_counts(self._update, [pick(row) for row in rows], declared)

    def _array(
        self, statement: str, rows: list[Row], declared: Sequence[Any], *, leaves: bool = False
    ) -> Written:
        """
        Run *statement* with each of *rows*; all of them must be in or refused.

        A MERGE of a table of keys only *leaves* a row that is there, and the server does not count it.
        """
        count, failed = self.session.array(statement, rows, declared)
        for _offset, number, _text in failed:
            if not is_row_fault(number):
                # The database's fault, told row by row: it must not become rejects.
                raise oracledb.DatabaseError(f"ORA-{number:05d}: reported for rows of an array")
        refused = tuple(Refusal(offset, f"ORA-{number:05d}", *_told(text)) for offset, number, text in failed)
        expected = len(rows) - len(refused)
        if count > expected or (count < expected and not leaves):
            raise oracledb.InternalError(f"{len(rows)} rows were sent, {count} stored and {len(refused)} refused")
        return Written(expected, refused)


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
