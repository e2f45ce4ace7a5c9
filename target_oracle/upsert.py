"""
A batch of rows with keys -> what it asks of each key -> array or staged MERGE, and deletes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from target_oracle.checkpoint import Batch, Outcome
from target_oracle.decoder import ABSENT, Row
from target_oracle.faults import RowFault
from target_oracle.log import logger
from target_oracle.oracle.codes import forbids_merge
from target_oracle.oracle.database import DatabaseError
from target_oracle.oracle.types import Column
from target_oracle.oracle.writer import Merged, Refusal, Writer

if TYPE_CHECKING:
    from target_oracle.columnar import ColumnRows
    from target_oracle.oracle.database import Database
    from target_oracle.oracle.staging import Staging
    from target_oracle.stream import Version

# From so many rows on, one MERGE of a staged set is worth its three round trips.
LARGE: Final = 5_000
_DOCUMENTS: Final = frozenset({"JSON", "XMLTYPE"})


class Asked(msgspec.Struct, frozen=True):
    """
    What a batch asks of keys that differ: the last position of each, and the row to store, None to delete it.
    """

    positions: Sequence[int]
    rows: list[Row | None]

    def of(self, places: Sequence[int]) -> Asked:
        """
        Return what stands at *places*.
        """
        return Asked([self.positions[n] for n in places], [self.rows[n] for n in places])


def send(database: Database, batch: Batch, rows: list[Row]) -> Outcome:
    """
    Write *rows* of *batch*: the last row of each key wins.

    Where the database refuses it, the one before gets its turn.
    """
    sending = _Sending(database, batch.version, rows)
    outcome = Outcome(deduplicated=len(rows) - len(sending.last))
    asked = sending.all_keys()
    while asked.positions:
        refused = sending.write(asked, outcome)
        outcome.rejects += [
            batch.reject(position, RowFault.of(refusal.code, refusal.why, refusal.column))
            for position, refusal in refused
        ]
        asked = sending.without_last([position for position, _ in refused] if outcome.deduplicated else [])
        outcome.deduplicated -= len(asked.positions)
    return outcome


def send_columns(database: Database, batch: Batch, rows: ColumnRows) -> Outcome | None:
    """
    As `send`, for rows that are columns: staged, the last one of each key.

    None, with nothing written, where they are too few for that or one of them is refused: as rows each is
    looked at.
    """
    version, loading = batch.version, batch.version.target.loading
    last = rows.last(version.key_positions)
    if not is_staged_as_columns(loading.upsert_strategy, version.columns, len(last)):
        return None
    writer, staging = _writer_of(database, version, ()), staging_of(database, version)
    if not writer.merges or not staging.is_ready():
        return None
    try:
        merged = staging.upsert_columns(last, skip_unchanged=loading.skip_unchanged)
    except DatabaseError as refusal:
        _without_merge(version, writer, refusal)
        return None
    if merged is None:
        return None
    return Outcome(
        inserted=merged.inserted,
        updated=merged.updated,
        unchanged=merged.unchanged,
        deduplicated=len(rows) - len(last),
        way="staged",
    )


class _Sending:
    """
    One batch on its way: *last* is the last position of each key.
    """

    def __init__(self, database: Database, version: Version, rows: list[Row]) -> None:
        self._database = database
        self._version = version
        self._rows = rows
        self._keys = list(map(itemgetter(*version.key_positions), rows))
        self.last: dict[Any, int] = dict(zip(self._keys, range(len(rows)), strict=True))
        self._by_key: dict[Any, list[int]] | None = None
        self._gone = _deleted(rows, version.deleted_position)

    # --- what is asked

    def all_keys(self) -> Asked:
        """
        Return what is asked of every key, in the order of keys.

        So that parallel loaders lock rows in one order.
        """
        positions = self._sorted(self.last.values())
        doubled = len(self.last) < len(self._rows)
        if self._gone or (doubled and self._version.partial):
            return self._folded([self._positions(n) for n in positions])
        return Asked(positions, [self._rows[n] for n in positions])

    def without_last(self, refused: Sequence[int]) -> Asked:
        """
        Return what is asked of the keys of *refused* rows without these.
        """
        remaining = [self._positions(n) for n in refused]
        for positions in remaining:
            positions.pop()
        return self._folded([positions for positions in remaining if positions])

    def _sorted(self, positions: Iterable[int]) -> list[int]:
        try:
            return sorted(positions, key=self._keys.__getitem__)
        except TypeError:  # keys of several types have no order
            return list(positions)

    def _positions(self, position: int) -> list[int]:
        if self._by_key is None:
            self._by_key = {}
            for n, key in enumerate(self._keys):
                self._by_key.setdefault(key, []).append(n)
        return self._by_key[self._keys[position]]

    def _folded(self, groups: Sequence[Sequence[int]]) -> Asked:
        rows = [folded([None if n in self._gone else self._rows[n] for n in group]) for group in groups]
        return Asked([group[-1] for group in groups], rows)

    # --- what is written

    def write(self, asked: Asked, outcome: Outcome) -> list[tuple[int, Refusal]]:
        """
        Write what is asked and count it; return the refused positions.
        """
        refused: list[tuple[int, Refusal]] = []
        if self._gone:
            refused += self._delete(asked.of([n for n, row in enumerate(asked.rows) if row is None]), outcome)
            asked = asked.of([n for n, row in enumerate(asked.rows) if row is not None])
        for absent, group in self._groups(asked).items():
            refused += self._upsert(absent, group, outcome)
        return sorted(refused, key=itemgetter(0))

    def _delete(self, asked: Asked, outcome: Outcome) -> list[tuple[int, Refusal]]:
        if not asked.positions:
            return []
        at = self._version.key_positions
        keys = [tuple(self._rows[position][n] for n in at) for position in asked.positions]
        counts, refused = self._writer(()).delete(keys)
        gone = sum(map(bool, counts))
        outcome.deleted += gone
        outcome.unchanged += len(keys) - gone - len(refused)
        return _placed(refused, asked)

    def _groups(self, asked: Asked) -> dict[tuple[int, ...], Asked]:
        """
        Return the rows by the columns that they lack; most streams have one group.
        """
        if not asked.positions:
            return {}
        if not self._version.partial:
            return {(): asked}
        groups: dict[tuple[int, ...], list[int]] = {}
        for place, row in enumerate(asked.rows):
            groups.setdefault(lacking(row or ()), []).append(place)
        return {absent: asked.of(places) for absent, places in groups.items()}

    def _upsert(self, absent: tuple[int, ...], asked: Asked, outcome: Outcome) -> list[tuple[int, Refusal]]:
        rows = cast("list[Row]", asked.rows)
        left_out = {*absent, *self._version.hidden}
        if left_out:
            rows = _narrowed(rows, [n for n in range(len(rows[0])) if n not in left_out])
        merged = self._merge(absent, rows, outcome)
        outcome.inserted += merged.inserted
        outcome.updated += merged.updated
        outcome.unchanged += merged.unchanged
        return _placed(merged.refused, asked)

    def _merge(self, absent: tuple[int, ...], rows: list[Row], outcome: Outcome) -> Merged:
        version = self._version
        writer = self._writer(absent)
        if version.target.work:
            return writer.insert_or_update(rows)
        if writer.merges:
            try:
                return self._by_merge(absent, rows, writer, outcome)
            except DatabaseError as refusal:
                _without_merge(version, writer, refusal)
        outcome.way = "array"
        return writer.upsert(rows)

    def _by_merge(self, absent: tuple[int, ...], rows: list[Row], writer: Writer, outcome: Outcome) -> Merged:
        version, loading = self._version, self._version.target.loading
        outcome.way = outcome.way or "array"
        if not absent and is_staged(loading.upsert_strategy, version.columns, rows, writer):
            staging = staging_of(self._database, version)
            if staging.is_ready():
                outcome.way = "staged"
                return staging.upsert(rows, writer, skip_unchanged=loading.skip_unchanged)
        return writer.upsert(rows, skip_unchanged=loading.skip_unchanged)

    def _writer(self, absent: tuple[int, ...]) -> Writer:
        return _writer_of(self._database, self._version, absent)


def _writer_of(database: Database, version: Version, absent: tuple[int, ...]) -> Writer:
    """
    Return the writer of rows without the columns at the positions *absent*.
    """
    left_out = {*absent, *version.hidden}
    columns = tuple(column for n, column in enumerate(version.columns) if n not in left_out)
    target = version.target
    return database.writer(target.owner, target.rows_table, columns, keys_of(version))


def _without_merge(version: Version, writer: Writer, refusal: DatabaseError) -> None:
    """
    See that *writer* does without MERGE where a policy forbids it; raise any other *refusal*.
    """
    if not forbids_merge(refusal):
        raise refusal
    writer.merges = False
    logger.info(
        "stream %s: a policy of the table forbids MERGE; rows go as UPDATE and INSERT", version.stream
    )


def _placed(refused: Iterable[Refusal], asked: Asked) -> list[tuple[int, Refusal]]:
    return [(asked.positions[refusal.offset], refusal) for refusal in refused]


def keys_of(version: Version) -> tuple[str, ...]:
    """
    Return the names of the key columns, in the order in which rows have them.
    """
    return tuple(version.columns[n].name for n in version.key_positions)


def staging_of(database: Database, version: Version) -> Staging:
    """
    Return the staging table for whole rows of *version*.
    """
    columns = tuple(column for n, column in enumerate(version.columns) if n not in version.hidden)
    return database.staging(version.target.owner, version.target.rows_table, columns, keys_of(version))


def _deleted(rows: Sequence[Row], position: int | None) -> frozenset[int]:
    """
    Return the positions of rows that delete their key.
    """
    if position is None:
        return frozenset()
    return frozenset(n for n, mark in enumerate(map(itemgetter(position), rows)) if mark is not None)


def folded(rows: Sequence[Row | None]) -> Row | None:
    """
    Return what rows of one key come to, None among them for a delete.

    What a row lacks, the one before it gives.

    >>> folded([(1, "a"), (1, "b")]), folded([(1, "a"), None]), folded([None, (1, "b")])
    ((1, 'b'), None, (1, 'b'))
    """
    row: Row | None = None
    deleted = False
    for later in rows:
        if later is None:
            row, deleted = None, True
        elif row is None:
            row = later
        else:
            row = tuple(old if new is ABSENT else new for old, new in zip(row, later, strict=True))
    # What came after a delete is a new row: what it lacks is NULL, whatever was stored before.
    return tuple(None if value is ABSENT else value for value in row) if row is not None and deleted else row


def lacking(row: Row) -> tuple[int, ...]:
    """
    Return the positions of values that the record did not have.
    """
    return tuple(n for n, value in enumerate(row) if value is ABSENT)


def _narrowed(rows: list[Row], positions: Sequence[int]) -> list[Row]:
    if len(positions) == 1:
        return [(row[positions[0]],) for row in rows]
    return list(map(itemgetter(*positions), rows))


def is_staged(strategy: str, columns: Sequence[Column], rows: list[Row], writer: Writer) -> bool:
    """
    Tell whether *rows* go by way of a staging table: as *strategy* says, or because that fits them better.
    """
    if strategy != "auto":
        return strategy == "staged"
    return has_documents(columns) or len(rows) >= LARGE or not writer.fits_merge(rows)


def is_staged_as_columns(strategy: str, columns: Sequence[Column], rows: int) -> bool:
    """
    As `is_staged`, for so many *rows* that are columns, of which the longest texts are not known.
    """
    return strategy == "staged" or (strategy == "auto" and (has_documents(columns) or rows >= LARGE))


def has_documents(columns: Iterable[Column]) -> bool:
    """
    Tell whether one of *columns* takes values of any length, which an array MERGE does not.
    """
    return any(column.type.is_lob or column.type.name in _DOCUMENTS for column in columns)


def may_stage(strategy: str, columns: Iterable[Column], batch_size_rows: int) -> bool:
    """
    Tell whether rows of *columns* may come to be staged, before any is seen.
    """
    if strategy != "auto":
        return strategy == "staged"
    return batch_size_rows >= LARGE or has_documents(columns)
