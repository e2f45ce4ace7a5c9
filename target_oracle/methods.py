"""
How a batch is written: append-only, upsert and overwrite, each a few array statements on one database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from target_oracle import direct, upsert
from target_oracle.checkpoint import Batch, Outcome, Reject
from target_oracle.columnar import ColumnRows
from target_oracle.decoder import Row
from target_oracle.faults import RowFault
from target_oracle.held import HeldRows
from target_oracle.oracle.database import Database
from target_oracle.oracle.writer import Writer, Written

if TYPE_CHECKING:
    from target_oracle.arrow import ArrowRows


def send(database: Database, batch: Batch, rows: list[Row] | HeldRows | ColumnRows | ArrowRows) -> Outcome:
    """
    Write *rows* of *batch* within the open transaction; raise DatabaseError when the whole call failed.
    """
    if isinstance(rows, HeldRows):
        return _append(database, batch, _within_reach(database, batch, rows))
    if isinstance(rows, ColumnRows):
        return _send_columns(database, batch, rows) or send(database, batch, rows_by_line(batch))
    if not isinstance(rows, list):
        return _append_columns(database, batch, rows)
    if batch.version.appends:
        return _append(database, batch, rows)
    return upsert.send(database, batch, rows)


def _within_reach(database: Database, batch: Batch, rows: HeldRows) -> list[Row]:
    """
    Return *rows* as the process of the session has them; where it does not keep them, read from their lines.
    """
    if rows.holder is not None and rows.holder is database.session.holder:
        return cast("list[Row]", rows)  # on arrival they are
    return rows_by_line(batch)


def rows_again(batch: Batch) -> list[Row] | ColumnRows | ArrowRows:
    """
    Return the rows of a batch whose rows were dropped after they had been sent once.
    """
    table = getattr(batch.lines, "table", None)
    if table is not None:
        from target_oracle import arrow  # noqa: PLC0415  # an extra

        columns = arrow.rows_of(batch.version, table)
        if columns is not None:
            return columns
    return rows_by_line(batch)


def rows_by_line(batch: Batch) -> list[Row]:
    """
    Return the rows of *batch*, each read from its line.
    """
    decoder = batch.version.decoder
    finished, _ = decoder.finish(batch.with_moments(decoder.any_rows(batch.lines)))
    return finished


def _send_columns(database: Database, batch: Batch, rows: ColumnRows) -> Outcome | None:
    """
    Write rows that gathered as columns; None where they have to be written as rows.
    """
    if not rows.layout.usable:
        return None
    try:
        if not batch.version.appends:
            return upsert.send_columns(database, batch, rows)
        written = _writer(database, batch).insert_columns(rows)
    except OverflowError:  # decimals of one column without a common scale
        rows.layout.usable = False
        return None
    return Outcome(inserted=written.count, rejects=_rejects(batch, written))


def _append_columns(database: Database, batch: Batch, rows: ArrowRows) -> Outcome:
    written = _writer(database, batch).insert_columns(rows)
    return Outcome(inserted=written.count, rejects=_rejects(batch, written))


def _writer(database: Database, batch: Batch) -> Writer:
    version = batch.version
    return database.writer(version.target.owner, version.target.rows_table, version.columns, ())


def _rejects(batch: Batch, written: Written) -> list[Reject]:
    return [
        batch.reject(refusal.offset, RowFault.of(refusal.code, refusal.why, refusal.column))
        for refusal in written.refused
    ]


def _append(database: Database, batch: Batch, rows: list[Row]) -> Outcome:
    version = batch.version
    if direct.is_used(version.target, rows):
        outcome = direct.append(database, batch, rows)
        if outcome is not None:
            return outcome
    written = _writer(database, batch).insert(rows)
    return Outcome(inserted=written.count, rejects=_rejects(batch, written))
