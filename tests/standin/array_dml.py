"""
Array DML: a plan, run once for each row of binds; each row wholly or not at all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.standin import codes
from tests.standin.inserts import InsertValues
from tests.standin.refusal import Refusal
from tests.standin.rows import NoBulk
from tests.standin.sql_ast import Merge
from tests.standin.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as SequenceOf

    from tests.standin.compiler import Compilation
    from tests.standin.rows import StoredRow
    from tests.standin.session import Session
    from tests.standin.slots import Plan
    from tests.standin.transactions import Transaction
    from tests.standin.values import Value

#: Refusals of a whole call, even with batch errors (oracle-facts 3.3).
_NEVER_PER_ROW = frozenset({54, 60, 600, 1013, 1536, 1653, 1950, 1031, 3001, 30006, 30926})


class ArrayDml:
    """
    Runs plans for one session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(
        self,
        plan: Plan,
        statement: Any,
        rows: SequenceOf[SequenceOf[Value]],
        *,
        batch_errors: bool,
        row_counts: bool,
    ) -> Outcome:
        many = rows or [()]
        self._check_lengths(plan.compilation, many)
        bulk = isinstance(plan, InsertValues) and len(many) > 1
        if bulk:
            done = self._insert_many(plan, many, batch_errors=batch_errors)  # type: ignore[arg-type]
        else:
            done = _Done()
            for offset, row in enumerate(many):
                self._one_row(done, offset, partial(self._run, plan, row), batch_errors=batch_errors)
        counts = done.counts
        if isinstance(statement, Merge) and batch_errors and done.errors:
            first = done.errors[0][0]
            counts = counts[:first] + [0] * (len(counts) - first)
        errors = [(offset, refusal.code, self._text(refusal)) for offset, refusal in done.errors]
        return Outcome(
            "dml",
            rowcount=sum(done.counts),
            row_counts=counts if row_counts else [],
            batch_errors=errors,
        )

    def _text(self, refusal: Refusal) -> str:
        return codes.message(refusal.code, self._session.database.version, refusal.names)

    def _run(self, plan: Plan, row: SequenceOf[Value], txn: Transaction) -> int:
        self._session.database.transactions.lock_table(
            txn, self._session.physical(plan.table), "ROW EXCLUSIVE"
        )
        return plan.run(self._session, txn, row)

    def _one_row(
        self, done: _Done, offset: int, work: Callable[[Transaction], int], *, batch_errors: bool
    ) -> None:
        try:
            done.counts.append(self._session.unit(work))
        except Refusal as refusal:
            if not batch_errors or refusal.code in _NEVER_PER_ROW:
                raise _counted(refusal, sum(done.counts)) from None
            done.counts.append(0)
            done.errors.append((offset, refusal))

    def _insert_many(
        self, plan: InsertValues, rows: SequenceOf[SequenceOf[Value]], *, batch_errors: bool
    ) -> _Done:
        good, bad = plan.all_stored(self._session, rows, go_on=batch_errors)
        done = _Done()

        def all_at_once(txn: Transaction) -> int:
            self._session.database.transactions.lock_table(
                txn, self._session.physical(plan.table), "ROW EXCLUSIVE"
            )
            plan.insert(self._session, txn, [row for _, row in good])
            return len(good)

        failed: dict[int, Refusal] = dict(bad)
        try:
            if good:
                self._session.unit(all_at_once)
        except (NoBulk, Refusal):
            for offset, row in good:
                self._one_row(
                    done,
                    offset,
                    partial(self._insert_one, plan, row),
                    batch_errors=batch_errors,
                )
            failed.update(done.errors)
        if bad and not batch_errors:
            raise _counted(bad[0][1], len(good))
        never = next((refusal for _, refusal in bad if refusal.code in _NEVER_PER_ROW), None)
        if never is not None:
            raise never
        counts = [0 if offset in failed else 1 for offset in range(len(rows))]
        return _Done(counts, sorted(failed.items()))

    def _insert_one(self, plan: InsertValues, row: StoredRow, txn: Transaction) -> int:
        self._session.database.transactions.lock_table(
            txn, self._session.physical(plan.table), "ROW EXCLUSIVE"
        )
        plan.insert(self._session, txn, [row])
        return 1

    def _check_lengths(self, compilation: Compilation, rows: SequenceOf[SequenceOf[Value]]) -> None:
        """
        Refuse text that is too long where it stands, in any row and before the first: ORA-01461 is of no row.
        """
        for index in compilation.checked:
            for row in rows:
                self._session.check_length(index, row[index])


class _Done:
    """
    What an array DML did so far: a count for each row, the refused ones by offset.
    """

    def __init__(
        self, counts: list[int] | None = None, errors: list[tuple[int, Refusal]] | None = None
    ) -> None:
        self.counts = counts or []
        self.errors = errors or []


def _counted(refusal: Refusal, done: int) -> Refusal:
    """
    Note on a refusal how many rows were written before it.
    """
    refusal.done = done
    return refusal
