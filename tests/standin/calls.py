"""
Calls of a logged-in session: each request of the client becomes calls of the engine, and an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from tests.standin import ttc_answers, ttc_piggybacks, ttc_requests
from tests.standin.direct_path import Loads, Operate, Prepare, Stream
from tests.standin.lobs import Lobs
from tests.standin.ttc_answers import NO_MORE_ROWS, Ending
from tests.standin.ttc_types import DEFINED_FIRST, Description, writer
from tests.standin.values import Bind, OracleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.standin.ack import AckSession
    from tests.standin.session import Session
    from tests.standin.stats import Stats
    from tests.standin.ttc_piggybacks import Piggyback
    from tests.standin.ttc_requests import Execute
    from tests.standin.values import ColumnInfo, Outcome, Row, Value


MOST_CURSORS = 300  # open_cursors of a default database
NO_MORE = "ORA-01403: no data found"


@dataclass(slots=True)
class Cursor:
    """
    A statement that the client keeps open.

    *writers* encode the columns of the query under way; None until they are chosen.
    """

    number: int
    sql: str = ""
    binds: tuple[Description, ...] = ()
    defines: tuple[Description, ...] | None = None
    columns: list[ColumnInfo] = field(default_factory=list)
    rows: Iterator[Row] | None = None
    fetched: int = 0
    writers: list[tuple[Callable[[Value], bytes], bytes]] | None = None


class Calls:
    """
    One session's cursors and LOBs, and the answers to what its client asks.

    *note* is told every statement before it runs, *learn* every DDL that has succeeded.
    """

    def __init__(
        self,
        session: Session | AckSession,
        stats: Stats,
        note: Callable[[str, Sequence[str], int], None],
        learn: Callable[[str], None],
        field_version: int,
    ) -> None:
        self.session = session
        self.field_version = field_version
        self.lobs = Lobs()
        self.loads = Loads(session, note)
        self._stats = stats
        self._note = note
        self._learn = learn
        self._cursors: dict[int, Cursor] = {}
        self._schema = session.current_schema

    @property
    def call_status(self) -> int:
        return ttc_answers.TRANSACTION_OPEN if self.session.in_transaction else 0

    # ---- what the parser and the faults need to know --------------------------------------------------

    def binds_of(self, cursor: int) -> tuple[Description, ...]:
        return self._open(cursor).binds

    def sql_of(self, request: Execute) -> str:
        """
        Give the statement that *request* runs; empty when its cursor is unknown.
        """
        if request.sql is not None:
            return request.sql
        cursor = self._cursors.get(request.cursor)
        return cursor.sql if cursor else ""

    def _open(self, number: int) -> Cursor:
        cursor = self._cursors.get(number)
        if cursor is None:
            raise OracleError(1001, "ORA-01001: invalid cursor")
        return cursor

    # ---- piggybacks -----------------------------------------------------------------------------------

    def carry(self, piggybacks: Sequence[Piggyback]) -> None:
        """
        Do what came along with a request.
        """
        for piggyback in piggybacks:
            match piggyback:
                case ttc_piggybacks.CloseCursors(cursors):
                    for number in cursors:
                        self._cursors.pop(number, None)
                case ttc_piggybacks.SetSchema(schema):
                    self.session.set_attributes(current_schema=schema)
                    self._schema = self.session.current_schema
                case ttc_piggybacks.SetAttributes(attributes):
                    self.session.set_attributes(**attributes)
                case ttc_piggybacks.FreeLobs(locators):
                    self.lobs.free(locators)
                case ttc_piggybacks.Ignored():
                    pass

    # ---- answers --------------------------------------------------------------------------------------

    def execute(self, request: Execute) -> bytes:
        """
        Answer an execute; OracleError carries the failures.
        """
        cursor = self._cursor_for(request)
        if request.defines is not None:
            cursor.defines, cursor.writers = request.defines, None
            if request.options & ttc_requests.FETCH and cursor.rows is not None:
                return self._rows(cursor, request.prefetch)
            return self.end(Ending(cursor=cursor.number, rowcount=cursor.fetched))
        if not request.options & ttc_requests.EXECUTE:
            return self._describe(cursor)
        if request.binds is not None:
            cursor.binds = request.binds
        return self._run(cursor, request)

    def _cursor_for(self, request: Execute) -> Cursor:
        if request.flags & ttc_requests.SCROLLABLE:
            raise OracleError(3001, "ORA-03001: unimplemented feature: scrollable cursors")
        if request.sql is None:
            return self._open(request.cursor)
        self._stats.add(parses=1)
        cursor = self._cursors.get(request.cursor)
        if cursor is None:
            if len(self._cursors) >= MOST_CURSORS:
                raise OracleError(1000, "ORA-01000: maximum open cursors exceeded")
            number = next(free for free in range(1, MOST_CURSORS + 1) if free not in self._cursors)
            cursor = self._cursors[number] = Cursor(number)
        cursor.sql, cursor.binds, cursor.defines = request.sql, (), None
        return cursor

    def _describe(self, cursor: Cursor) -> bytes:
        """
        Answer a parse without execution.
        """
        cursor.columns = self.session.describe(cursor.sql)
        described = ttc_answers.description(cursor.columns, self.field_version) if cursor.columns else b""
        return described + self.end(Ending(cursor=cursor.number))

    def _run(self, cursor: Cursor, request: Execute) -> bytes:
        binds = [bind.bind for bind in cursor.binds]
        self._note(cursor.sql, [bind.type for bind in binds], request.iterations)
        self._stats.add(executes=1)
        cursor.rows, cursor.fetched, cursor.writers = None, 0, None
        if any(bind.returned for bind in cursor.binds):
            raise OracleError(3001, "ORA-03001: unimplemented feature: RETURNING ... INTO")
        try:
            outcome = self._engine(cursor.sql, binds, request)
        except OracleError as refused:
            return self.failed(refused, cursor)
        if outcome.kind == "dml":
            self._stats.add(rows=request.iterations)
        if outcome.kind == "ddl":
            self._learn(cursor.sql)
        elif outcome.committed:
            self._stats.add(commits=1)
        if outcome.kind == "query":
            return self._query(cursor, request, outcome)
        return self._done(cursor, request, outcome)

    def _engine(self, sql: str, binds: Sequence[Bind], request: Execute) -> Outcome:
        return self.session.execute(
            sql,
            binds,
            request.rows,
            batch_errors=request.batch_errors,
            row_counts=request.row_counts,
            commit=request.commit,
        )

    def _query(self, cursor: Cursor, request: Execute, outcome: Outcome) -> bytes:
        cursor.columns, cursor.rows = outcome.columns, outcome.rows
        parsed = request.sql is not None
        head = ttc_answers.description(cursor.columns, self.field_version) if parsed else b""
        head += self._parameters(None)
        undefined = cursor.defines is None and any(column.type in DEFINED_FIRST for column in cursor.columns)
        if undefined or not request.options & ttc_requests.FETCH:
            return head + self.end(Ending(cursor=cursor.number))
        return head + self._rows(cursor, request.prefetch)

    def _done(self, cursor: Cursor, request: Execute, outcome: Outcome) -> bytes:
        pieces = []
        if outcome.kind == "plsql" and cursor.binds:
            pieces.append(ttc_answers.directions(len(cursor.binds)))
        pieces.append(self._parameters(outcome.row_counts if request.row_counts else None))
        end = Ending(cursor=cursor.number, rowcount=outcome.rowcount, batch_errors=outcome.batch_errors)
        return b"".join((*pieces, self.end(end)))

    def fetch(self, request: ttc_requests.Fetch) -> bytes:
        cursor = self._open(request.cursor)
        if cursor.rows is None:
            raise OracleError(1002, "ORA-01002: fetch out of sequence")
        return self._rows(cursor, request.rows)

    def _rows(self, cursor: Cursor, most: int) -> bytes:
        """
        Send up to *most* rows; ORA-01403 says that there are no more.
        """
        if cursor.rows is None:
            raise OracleError(1002, "ORA-01002: fetch out of sequence")
        writers = cursor.writers
        if writers is None:
            writers = cursor.writers = self._writers(cursor)
        pieces = []
        count = 0
        for row in islice(cursor.rows, most):
            count += 1
            pieces.append(b"\x07")
            pieces += [
                null if value is None else write(value)
                for value, (write, null) in zip(row, writers, strict=True)
            ]
        cursor.fetched += count
        self._stats.add(fetched=count)
        if count < most:
            cursor.rows = iter(())
            end = Ending(NO_MORE_ROWS, NO_MORE, cursor.fetched, cursor.number)
        else:
            end = Ending(rowcount=cursor.fetched, cursor=cursor.number)
        header = ttc_answers.ROW_HEADER if count else b""
        return header + b"".join(pieces) + self.end(end)

    def _writers(self, cursor: Cursor) -> list[tuple[Callable[[Value], bytes], bytes]]:
        defines = cursor.defines or (None,) * len(cursor.columns)
        if len(defines) != len(cursor.columns):
            raise OracleError(1007, "ORA-01007: variable not in select list")
        return [
            writer(column, defined, self.lobs.locate)
            for column, defined in zip(cursor.columns, defines, strict=True)
        ]

    def lob(self, call: ttc_requests.LobCall) -> bytes:
        return self.lobs.call(call) + self.end(Ending())

    def direct(self, request: Prepare | Stream | Operate) -> bytes:
        """
        Answer a call of a direct path load.
        """
        match request:
            case Prepare():
                return self.loads.prepare(request, self.field_version) + self.end(Ending())
            case Stream():
                self._stats.add(executes=1, rows=self.loads.stream(request))
            case Operate():
                committed = self.loads.operate(request)
                self._stats.add(**{"commits" if committed else "rollbacks": 1})
        return b"\x08\0" + self.end(Ending())

    # ---- endings --------------------------------------------------------------------------------------

    def _parameters(self, row_counts: Sequence[int] | None) -> bytes:
        """
        Report row counts, and the current schema when a statement has changed it.
        """
        schema = self.session.current_schema
        changed = None if schema == self._schema else schema
        self._schema = schema
        return ttc_answers.parameters(row_counts, changed)

    def end(self, end: Ending) -> bytes:
        return ttc_answers.ending(end, self.call_status, self.field_version)

    def failed(self, refused: OracleError, cursor: Cursor | None = None) -> bytes:
        """
        Answer with a refusal.
        """
        end = Ending(
            refused.code, refused.message, refused.rowcount, cursor.number if cursor else 0, refused.position
        )
        return self.end(end)
