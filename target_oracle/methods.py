"""
How a batch is written: append-only, upsert and overwrite, each a few array statements on one database.
"""

from __future__ import annotations

from target_oracle import upsert
from target_oracle.checkpoint import Batch, Outcome
from target_oracle.decoder import Row
from target_oracle.faults import RowFault
from target_oracle.oracle.database import Database


def send(database: Database, batch: Batch, rows: list[Row]) -> Outcome:
    """
    Write *rows* of *batch* within the open transaction; raise DatabaseError when the whole call failed.
    """
    version = batch.version
    if version.target.method == "append-only" or not version.key_positions:
        return _append(database, batch, rows)
    return upsert.send(database, batch, rows)


def rows_again(batch: Batch) -> list[Row]:
    """
    Return the rows of a batch whose rows were dropped after they had been sent once.
    """
    decoder = batch.version.decoder
    finished, _ = decoder.finish(batch.with_moments([decoder.any_row(line) for line in batch.lines]))
    return finished


def _append(database: Database, batch: Batch, rows: list[Row]) -> Outcome:
    version = batch.version
    written = database.writer(version.target.owner, version.target.rows_table, version.columns, ()).insert(rows)
    rejects = [batch.reject(refusal.offset, RowFault.of(refusal.code, refusal.why, refusal.column)) for refusal in written.refused]
    return Outcome(inserted=written.count, rejects=rejects)
