"""
How a batch is written: append-only and upsert, each a few array statements on one database.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from target_oracle.checkpoint import Batch, Outcome, Reject
from target_oracle.decoder import Row
from target_oracle.faults import RowFault
from target_oracle.oracle.database import Database
from target_oracle.oracle.writer import Refusal, Writer, Written


def send(database: Database, batch: Batch, rows: list[Row]) -> Outcome:
    """
    Write *rows* of *batch* within the open transaction; raise DatabaseError when the whole call failed.
    """
    version = batch.version
    target = version.target
    keys = tuple(target.columns[key].name for key in target.keys) if target.method == "upsert" else ()
    writer = database.writer(target.owner, target.table, version.columns, keys)
    if version.target.method == "upsert" and version.key_positions:
        return _upsert(writer, batch, rows)
    return _append(writer, batch, rows)


def rows_again(batch: Batch) -> list[Row]:
    """
    Return the rows of a batch whose rows were dropped after they had been sent once.
    """
    decoder = batch.version.decoder
    finished, _ = decoder.finish(batch.with_moments([decoder.any_row(line) for line in batch.lines]))
    return finished


def _append(writer: Writer, batch: Batch, rows: list[Row]) -> Outcome:
    written = writer.insert(rows)
    return Outcome(inserted=written.count, rejects=_rejects(batch, written, range(len(rows))))


def _upsert(writer: Writer, batch: Batch, rows: list[Row]) -> Outcome:
    """
    The last row of each key wins; where the database refuses that one, the one before it gets its turn.
    """
    keys = list(map(itemgetter(*batch.version.key_positions), rows))
    last = dict(zip(keys, range(len(rows)), strict=True))
    chosen: Sequence[int] = sorted(last.values()) if len(last) < len(rows) else range(len(rows))
    outcome = Outcome(deduplicated=len(rows) - len(chosen))
    waiting: dict[Any, list[int]] | None = None
    while chosen:
        written = writer.merge([rows[n] for n in chosen] if len(chosen) < len(rows) else rows)
        outcome.merged += written.count
        outcome.rejects += _rejects(batch, written, chosen)
        if not written.refused or not outcome.deduplicated:
            break
        waiting = _earlier(keys, last) if waiting is None else waiting
        before = [_before(waiting, keys[chosen[refusal.offset]]) for refusal in written.refused]
        chosen = sorted(n for n in before if n is not None)
        outcome.deduplicated -= len(chosen)
    return outcome


def _earlier(keys: Sequence[Any], last: dict[Any, int]) -> dict[Any, list[int]]:
    """
    Return for each key the positions before its last one, in order.
    """
    earlier: dict[Any, list[int]] = {}
    for position, key in enumerate(keys):
        if position != last[key]:
            earlier.setdefault(key, []).append(position)
    return earlier


def _before(waiting: dict[Any, list[int]], key: Any) -> int | None:
    positions = waiting.get(key)
    return positions.pop() if positions else None


def _rejects(batch: Batch, written: Written, positions: Sequence[int]) -> list[Reject]:
    return [_reject(batch, refusal, positions[refusal.offset]) for refusal in written.refused]


def _reject(batch: Batch, refusal: Refusal, position: int) -> Reject:
    fault = RowFault(refusal.code, refusal.why)
    fault.column = refusal.column
    return batch.reject(position, fault)
