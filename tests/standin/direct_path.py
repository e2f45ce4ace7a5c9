"""
Direct path load: rows that go around SQL, by column descriptions and pieces of rows.

Prepare describes the columns, stream brings rows, finish commits and abort rolls back. The rows are
inserted under the engine's rules, which is stricter than Oracle: that loads a duplicate key and leaves the
index unusable, this refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.standin import ttc_answers, ttc_types
from tests.standin.ack import AckSession, Unread
from tests.standin.encoding import Incomplete, Malformed, Reader, ub
from tests.standin.ttc_types import Description
from tests.standin.values import Bind, OracleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.session import Session
    from tests.standin.values import ColumnInfo, Row, Value

PREPARE, STREAM, OPERATE = 128, 129, 130
TABLE, SCHEMA, COLUMN = 1, 3, 4  # keys of prepare's texts
LOAD = 1  # prepare's operation
ABORT, FINISH = 1, 2
CURSOR_PLACE = 3  # where among prepare's results the cursor stands
SPLIT_NEXT, SPLIT_BEFORE, LAST, FIRST, FAST = 0x01, 0x02, 0x04, 0x08, 0x10  # flags of a piece
LONG_SEGMENT, NULL_SEGMENT = 254, 255
#: how a column's values are written in a piece, and bound: LOBs whole, text of CLOBs in UTF-16
STREAMED = {"CLOB": ("LONG", 2), "BLOB": ("LONG_RAW", 0)}


@dataclass(frozen=True, slots=True)
class Prepare:
    schema: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    cursor: int
    pieces: bytes


@dataclass(frozen=True, slots=True)
class Operate:
    cursor: int
    operation: int


def read_prepare(reader: Reader) -> Prepare:
    operation = reader.ub()
    reader.u8()
    count = reader.ub()
    reader.u8()
    inputs = reader.ub()
    reader.raw(6)
    names: dict[int, list[str]] = {}
    for _ in range(count):
        reader.ub()
        reader.ub()
        name = (reader.clr() or b"").decode()
        names.setdefault(reader.ub(), []).append(name)
    for _ in range(inputs):
        reader.ub()
    if operation != LOAD or TABLE not in names or SCHEMA not in names:
        raise Malformed(f"direct path operation {operation}")
    return Prepare(names[SCHEMA][0], names[TABLE][0], tuple(names.get(COLUMN, ())))


def read_stream(reader: Reader) -> Stream:
    cursor = reader.ub()
    reader.u8()
    size = reader.ub()
    reader.ub()  # version of the stream
    reader.u8()
    reader.ub()
    reader.raw(2)
    return Stream(cursor, reader.raw(size))


def read_operate(reader: Reader) -> Operate:
    operation, cursor = reader.ub(), reader.ub()
    reader.u8()
    reader.ub()
    reader.raw(2)
    return Operate(cursor, operation)


def rows_of(pieces: bytes) -> list[list[bytes | None]]:
    """
    Put the values of rows together from their pieces; a value may be split over several.
    """
    reader = Reader(pieces)
    rows: list[list[bytes | None]] = []
    row: list[bytes | None] = []
    while reader.pos < len(pieces):
        flags = reader.u8()
        if flags & FAST:
            reader.u16()  # the piece's length
        if flags & FIRST:
            row = []
            rows.append(row)
        segments = [_segment(reader) for _ in range(reader.u8())]
        if flags & SPLIT_BEFORE and row and segments:
            row[-1] = (row[-1] or b"") + (segments.pop(0) or b"")
        row += segments
    return rows


def count_of(pieces: bytes) -> int:
    """
    Count the rows of *pieces* by the lengths that fast ones tell, so that nothing of them is read.
    """
    count = position = 0
    while position < len(pieces):
        if not pieces[position] & FAST:
            return len(rows_of(pieces))
        count += 1
        position += int.from_bytes(pieces[position + 1 : position + 3], "big")
    return count


def _segment(reader: Reader) -> bytes | None:
    size = reader.u8()
    if size == NULL_SEGMENT:
        return None
    return reader.raw(reader.u16() if size == LONG_SEGMENT else size)


def _quoted(name: str) -> str:
    """
    Quote a name as the interface takes it: upper case unless it comes in quotes.
    """
    text = name[1:-1] if name[:1] == name[-1:] == '"' else name.upper()
    return '"' + text.replace('"', '""') + '"'


class Load:
    """
    A load under way.
    """

    def __init__(self, insert: str, columns: Sequence[ColumnInfo]) -> None:
        self.insert = insert
        self.columns = columns
        self._kinds = [STREAMED.get(column.type, (column.type, 0)) for column in columns]

    def binds(self) -> list[Bind]:
        """
        Give the columns as binds.
        """
        return [
            Bind(word, column.size or ttc_types.SIZES.get(word, 0))
            for (word, _), column in zip(self._kinds, self.columns, strict=True)
        ]

    def rows(self, pieces: bytes) -> list[Row]:
        try:
            raw = rows_of(pieces)
        except Incomplete as short:
            raise Malformed("direct path stream that ends within a value") from short
        if any(len(row) != len(self.columns) for row in raw):
            raise Malformed(f"direct path row that has not {len(self.columns)} values")
        columns = [self._values(place, [row[place] for row in raw]) for place in range(len(self.columns))]
        return list(zip(*columns, strict=True))

    def _values(self, place: int, raw: Sequence[bytes | None]) -> Sequence[Value]:
        word, form = self._kinds[place]
        if word == "BOOLEAN":
            return [None if value is None else value != b"\0" for value in raw]
        return ttc_types.read_column(Description(ttc_types.NUMBERS[word], 0, form), raw)


class Loads:
    """
    A session's direct path loads by their cursors.
    """

    def __init__(
        self, session: Session | AckSession, note: Callable[[str, Sequence[str], int], None]
    ) -> None:
        self._session = session
        self._note = note
        self._loads: dict[int, Load] = {}
        self._last = 0

    def prepare(self, request: Prepare, field_version: int) -> bytes:
        """
        Begin a load; answer with its columns and its cursor.
        """
        if self._session.in_transaction:
            raise OracleError(26085, "ORA-26085: direct path operation must start its own transaction")
        table = f"{_quoted(request.schema)}.{_quoted(request.table)}"
        names = ", ".join(map(_quoted, request.columns))
        columns = self._session.describe(f"SELECT {names} FROM {table}")
        unknown = [column.name for column in columns if column.type not in _KNOWN]
        if unknown:
            raise OracleError(3001, f"ORA-03001: unimplemented feature: direct path into {unknown[0]}")
        # Nobody else may write to the table until the end of the load (Utilities, Locks Used by Direct Path).
        self._session.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE", (), [()])
        places = ", ".join(f":{place}" for place in range(1, len(columns) + 1))
        self._last += 1
        self._loads[self._last] = Load(f"INSERT INTO {table} ({names}) VALUES ({places})", columns)
        results = [0] * CURSOR_PLACE + [self._last]
        described = ttc_answers.columns(columns, field_version)
        return b"".join((b"\x08", ub(len(columns)), described, b"\0", ub(len(results)), *map(ub, results)))

    def stream(self, request: Stream) -> int:
        """
        Insert the rows of *request*; returns their number.
        """
        load = self._find(request.cursor)
        rows: Sequence[Row]
        if isinstance(self._session, AckSession):
            rows = Unread(count_of(request.pieces))
        else:
            rows = load.rows(request.pieces)
        binds = load.binds()
        self._note(load.insert, [bind.type for bind in binds], len(rows))
        self._session.execute(load.insert, binds, rows)
        return len(rows)

    def operate(self, request: Operate) -> bool:
        """
        End a load; says whether it was committed.
        """
        self._find(request.cursor)
        del self._loads[request.cursor]
        if request.operation == FINISH:
            self._session.commit()
            return True
        self._session.rollback()
        return False

    def _find(self, cursor: int) -> Load:
        load = self._loads.get(cursor)
        if load is None:
            raise OracleError(26095, "ORA-26095: unprocessed stream data exists: no such direct path load")
        return load


_KNOWN = frozenset(ttc_types.NUMBERS) - {"JSON", "ROWID", "NCLOB", "LONG", "LONG_RAW"}
