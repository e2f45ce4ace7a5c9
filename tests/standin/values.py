"""
What passes between the wire and the engine: binds in, columns, rows, counts and refusals out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

#: str, bytes, Decimal (NUMBER, BINARY_INTEGER), float (BINARY_DOUBLE, BINARY_FLOAT), bool, a naive datetime
#: (DATE, TIMESTAMP), an aware one (TIMESTAMP_TZ), a timedelta, None, and what JSON is made of.
Value: TypeAlias = Any
Row: TypeAlias = "tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Bind:
    """
    A bind variable as the client declared it.

    *type* is one of VARCHAR, CHAR, NVARCHAR, LONG, NUMBER, BINARY_INTEGER, DATE, TIMESTAMP, TIMESTAMP_TZ,
    TIMESTAMP_LTZ, RAW, LONG_RAW, BINARY_DOUBLE, BINARY_FLOAT, BOOLEAN, CLOB, BLOB, JSON, INTERVAL_DS, ROWID.
    *size* is its buffer in bytes, 0 where it has none. *direction* is in or out.
    """

    type: str
    size: int = 0
    name: str = ""
    direction: str = "in"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """
    A column of a query's result, described as the server would.

    *type* is a word of Bind.type. *size* is in bytes, *chars* in characters, both 0 where they say nothing.
    *precision* and *scale* are NUMBER's (0 and -127 for a bare one) or a TIMESTAMP's fractional digits
    (in *scale*).
    """

    name: str
    type: str
    size: int = 0
    chars: int = 0
    precision: int = 0
    scale: int = 0
    nullable: bool = True
    is_json: bool = False


@dataclass(slots=True)
class Outcome:
    """
    What a statement did.

    *kind* is query, dml, ddl, plsql or other. *batch_errors* are (offset of the row, ORA code, message).
    *committed* says that the statement ended a transaction by committing it.
    """

    kind: str
    columns: list[ColumnInfo] = field(default_factory=list)
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    rowcount: int = 0
    row_counts: list[int] = field(default_factory=list)
    batch_errors: list[tuple[int, int, str]] = field(default_factory=list)
    out_values: list[list[Value]] = field(default_factory=list)
    committed: bool = False


class OracleError(Exception):
    """
    A refusal with Oracle's number.

    *message* starts with ORA-NNNNN. *position* is the offset in the statement's text where the server stopped
    to understand it. *rowcount* is how many rows an array DML had done before.
    """

    def __init__(self, code: int, message: str, position: int = 0, rowcount: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position
        self.rowcount = rowcount
