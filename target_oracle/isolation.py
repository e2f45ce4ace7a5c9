"""
A row that fails its whole array: found by halves, so that it alone is refused.

Most faults of a row come as batch errors and harm no other row. Some fail the call itself (ORA-01461, a
trigger below an array without batch errors); then the array is sent again in halves, each behind a
savepoint.
"""

from __future__ import annotations

from target_oracle import methods
from target_oracle.checkpoint import Batch, Outcome, Reject
from target_oracle.decoder import Row
from target_oracle.faults import RowFault
from target_oracle.oracle.codes import Action, classify, code_of
from target_oracle.oracle.database import Database, DatabaseError


def send_apart(database: Database, batch: Batch, rows: list[Row], enough: int | None) -> Outcome:
    """
    Write *rows* of *batch* within the open transaction; raise DatabaseError for what is no row's fault.

    Looking ends once more than *enough* rows are refused: the run fails then, whatever the others are.
    """
    outcome = Outcome()
    waiting = [(0, len(rows))]
    while waiting and (enough is None or len(outcome.rejects) <= enough):
        start, stop = waiting.pop()
        part = batch.part(start, stop)
        database.mark()
        try:
            outcome.add(methods.send(database, part, rows[start:stop]))
        except DatabaseError as error:
            if classify(error) is not Action.ROW:
                raise
            database.back_to_mark()
            if stop - start == 1:
                outcome.rejects.append(_refused(part, error))
            else:
                middle = (start + stop) // 2
                waiting += [(middle, stop), (start, middle)]
    return outcome


def _refused(part: Batch, error: DatabaseError) -> Reject:
    return part.reject(0, RowFault(code_of(error) or "", "the database refused the row"))
