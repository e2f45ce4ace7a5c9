"""
Rejects -> a table of their own, in the transaction of the rows beside which they were refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import oracledb

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle.binds import declare
from target_oracle.oracle.codes import codes_of
from target_oracle.oracle.ledger import qualified
from target_oracle.oracle.session import Session
from target_oracle.oracle.types import OracleType

_ABSENT: Final = "ORA-00942"
_EXISTS: Final = "ORA-00955"
_NOT_ALLOWED: Final = frozenset({"ORA-01031", "ORA-01950", "ORA-01536"})
_COLUMNS: Final = (
    ("RUN_ID", OracleType("VARCHAR2", 36, char=True)),
    ("STREAM", OracleType("VARCHAR2", 500, char=True)),
    ("LINE", OracleType("NUMBER", precision=19, scale=0)),
    ("CODE", OracleType("VARCHAR2", 40, char=True)),
    ("PROPERTY", OracleType("VARCHAR2", 500, char=True)),
    ("REASON", OracleType("VARCHAR2", 1000, char=True)),
    ("MESSAGE", OracleType("CLOB")),
)
# Rows of one array; a message may be long.
_ARRAY_ROWS: Final = 1000


class Rejected(msgspec.Struct, frozen=True):
    """
    One refused line as the table keeps it; *message* is the Singer message that a replay takes.
    """

    stream: str | None
    line: int
    code: str
    column: str | None
    why: str
    message: str


def ddl(table: str) -> str:
    """
    Return the table's definition; *table* is quoted.
    """
    columns = ", ".join(f'"{name}" {type_.ddl()}' for name, type_ in _COLUMNS)
    return f'CREATE TABLE {table} ({columns}, "REJECTED_AT" TIMESTAMP(6) WITH TIME ZONE NOT NULL)'


class RejectTable:
    """
    The setting `reject_table`, NAME or OWNER.NAME; created where it is absent, before the first row of a run.
    """

    def __init__(self, table: str, run_id: str) -> None:
        self.table = qualified(table)
        self._run_id = run_id
        self._types = [type_ for _, type_ in _COLUMNS]
        names = ", ".join(f'"{name}"' for name, _ in _COLUMNS)
        places = ", ".join(f":{n}" for n in range(1, len(_COLUMNS) + 1))
        self._insert = f'INSERT INTO {self.table} ({names}, "REJECTED_AT") VALUES ({places}, SYSTIMESTAMP)'  # noqa: S608

    def ensure(self, session: Session, *, may_create: bool) -> None:
        """
        Create the table where it is absent; raise LoadError with its definition where that may not be.
        """
        try:
            session.rows(f'SELECT "LINE" FROM {self.table} WHERE 1 = 0')  # noqa: S608
        except oracledb.DatabaseError as error:
            if _ABSENT not in codes_of(error):
                raise
            if not may_create:
                raise self._missing("ddl_mode is none", _ABSENT) from error
            self._create(session)

    def _create(self, session: Session) -> None:
        try:
            session.run(ddl(self.table))
        except oracledb.DatabaseError as error:
            found = set(codes_of(error))
            if found & _NOT_ALLOWED:
                raise self._missing("it may not be created", next(iter(found & _NOT_ALLOWED))) from error
            if _EXISTS not in found:
                raise
        else:
            logger.info("created the reject table %s", self.table)

    def _missing(self, why: str, code: str) -> LoadError:
        return LoadError(
            f"the reject table {self.table} does not exist and {why}: ask the DBA to run: {ddl(self.table)}",
            code=code,
        )

    def write(self, session: Session, rejects: Sequence[Rejected]) -> None:
        """
        Insert *rejects* within the open transaction; raise oracledb.Error when one of them is not in.
        """
        declared = declare(self._types, 4000)
        for start in range(0, len(rejects), _ARRAY_ROWS):
            rows = [self._row(reject) for reject in rejects[start : start + _ARRAY_ROWS]]
            _, failed = session.array(self._insert, rows, declared)
            if failed:
                raise oracledb.DatabaseError(f"ORA-{failed[0][1]:05d}: for a row of the reject table")

    def _row(self, reject: Rejected) -> tuple[str | int | None, ...]:
        return (
            self._run_id[:36],
            _cut(reject.stream, 500),
            reject.line,
            reject.code[:40],
            _cut(reject.column, 500),
            reject.why[:1000],
            reject.message,
        )


def _cut(text: str | None, chars: int) -> str | None:
    return None if text is None else text[:chars]
