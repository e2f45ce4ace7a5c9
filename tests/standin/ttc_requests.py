"""
Requests of the two-task common layer, from bytes to values.

A request is any number of piggybacks and one function. Its end is known only by reading it, so every
reader here raises Incomplete when the bytes run out, and is called again with more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.standin import direct_path, ttc_login, ttc_types
from tests.standin.ack import Unread
from tests.standin.encoding import Incomplete, Malformed, Reader, Unknown, split_rows
from tests.standin.ttc_login import (
    read_data_types,
    read_fast_auth,
    read_negotiate,
    read_phase_one,
    read_phase_two,
)
from tests.standin.ttc_piggybacks import read_piggyback
from tests.standin.ttc_types import Description, read_description

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.standin.ttc_login import Authenticate, DataTypes, FastAuth, Negotiate
    from tests.standin.ttc_piggybacks import Piggyback
    from tests.standin.values import Row, Value

FUNCTION, PIGGYBACK, ONE_WAY, FAST_AUTH = 3, 17, 26, 34
ROW, LOB_DATA, FLUSH = 7, 14, 19
TOKENS = 18  # from this field version every function header has a token

PARSE, BIND, DEFINE, EXECUTE, FETCH = 0x01, 0x08, 0x10, 0x20, 0x40
COMMIT_ON_SUCCESS, DESCRIBE_ONLY, BATCH_ERRORS = 0x100, 0x20000, 0x80000
ROW_COUNTS, SCROLLABLE = 0x4000, 0x02  # execute flags
LOB_WRITE, LOB_CREATE = 0x0040, 0x0110
RETURNED_BINDS = re.compile(r"\bRETURN(?:ING)?\b.*?\bINTO\b(.*)\Z", re.IGNORECASE | re.DOTALL)
LITERALS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
BIND_NAME = re.compile(r":\s*\w+")


@dataclass(slots=True)
class Execute:
    """
    Function 94, and 4 and 78, which are the same on a known cursor.

    *rows* hold the binds' values in the binds' order. *prefetch* is how many rows of a query to send at
    once.
    """

    cursor: int
    options: int
    sql: str | None = None
    prefetch: int = 0
    flags: int = 0
    iterations: int = 1
    is_query: bool = False
    again: bool = False
    binds: tuple[Description, ...] | None = None
    defines: tuple[Description, ...] | None = None
    rows: Sequence[Row] = ()

    @property
    def commit(self) -> bool:
        return bool(self.options & COMMIT_ON_SUCCESS)

    @property
    def batch_errors(self) -> bool:
        return bool(self.options & BATCH_ERRORS)

    @property
    def row_counts(self) -> bool:
        return bool(self.flags & ROW_COUNTS)


@dataclass(frozen=True, slots=True)
class Fetch:
    cursor: int
    rows: int


@dataclass(frozen=True, slots=True)
class Simple:
    """
    A function without a body: commit, roll back, ping, log off, end of a pipeline.
    """

    name: str


@dataclass(frozen=True, slots=True)
class LobCall:
    """
    Function 96 on one LOB; offsets count from 1.
    """

    operation: int
    locator: bytes
    source_offset: int
    target_offset: int
    data: bytes | None
    amount: int | None


Function: TypeAlias = (
    "Negotiate | DataTypes | Authenticate | FastAuth | Execute | Fetch | Simple | LobCall | FlushOutBinds"
    " | direct_path.Prepare | direct_path.Stream | direct_path.Operate"
)


@dataclass(frozen=True, slots=True)
class FlushOutBinds:
    """
    Message 19: the client is ready for more OUT values.
    """


@dataclass(slots=True)
class Request:
    """
    One request; *token* comes back in its answer, *answered* is false for one-way calls.
    """

    function: Function
    piggybacks: list[Piggyback] = field(default_factory=list)
    token: int = 0
    answered: bool = True


@dataclass(slots=True)
class _Rows:
    """
    How far the rows of an execute have been cut, so that a second look begins where the first ended.
    """

    pos: int = -1
    done: int = 0
    raw: list[bytes | None] = field(default_factory=list)


class Parser:
    """
    Parses a connection's requests.

    *field_version* and *longest_string* follow from the log-in; *binds_of* gives the descriptions that an
    open cursor was last bound with; *value_of* the content behind a LOB's locator.
    """

    def __init__(
        self,
        binds_of: Callable[[int], tuple[Description, ...]],
        value_of: Callable[[bytes], Value],
        longest_string: int,
    ) -> None:
        self.field_version = 0
        self.longest_string = longest_string
        self.leaves_unread: Callable[[Execute], bool] | None = None
        self._binds_of = binds_of
        self._value_of = value_of
        self._rows = _Rows()

    def begin(self) -> None:
        """
        Forget how far the last request was read.
        """
        self._rows = _Rows()

    def parse(self, data: bytes) -> Request:
        """
        Read a whole request, or raise Incomplete, Malformed or Unknown.
        """
        reader = Reader(data)
        piggybacks: list[Piggyback] = []
        while True:
            kind = reader.u8()
            if kind in _OTHERS:
                return Request(_OTHERS[kind](reader))
            if kind not in (FUNCTION, PIGGYBACK, ONE_WAY):
                raise Unknown(f"message type {kind}")
            code = reader.u8()
            reader.u8()  # sequence number
            token = reader.ub() if self.field_version >= TOKENS else 0
            if kind == PIGGYBACK:
                piggybacks.append(read_piggyback(code, reader))
                continue
            return Request(self._function(code, reader), piggybacks, token, kind != ONE_WAY)

    def is_whole(self, data: bytes) -> bool:
        """
        Say whether *data* holds all of a request that `parse` would leave unread.
        """
        asked, self.leaves_unread = self.leaves_unread, None
        self.begin()
        try:
            self.parse(data)
        except Incomplete:
            return False
        finally:
            self.leaves_unread = asked
        return True

    def _function(self, code: int, reader: Reader) -> Function:
        if code in _FUNCTIONS:
            return _FUNCTIONS[code](reader)
        if code == 94:
            return self._execute(reader)
        if code in (4, 78):
            return self._execute_again(code, reader)
        if code not in _SIMPLE:
            raise Unknown(f"function {code}")
        if code == 200:
            reader.ub()
        return Simple(_SIMPLE[code])

    def _execute(self, reader: Reader) -> Execute:
        options, cursor = reader.ub(), reader.ub()
        has_sql, _ = reader.u8(), reader.ub()
        reader.u8()
        vector = reader.ub()
        reader.raw(2)
        reader.ub()
        prefetch = reader.ub()
        reader.ub()  # longest LONG
        has_binds, bind_count = reader.u8(), reader.ub()
        reader.raw(5)
        has_defines, define_count = reader.u8(), reader.ub()
        self._execute_tail(reader)
        sql = (reader.clr() or b"").decode() if has_sql else None
        numbers = [reader.ub() for _ in range(vector)]
        is_query = bool(numbers[7])
        iterations = 1 if is_query else numbers[1]  # a query's is a number of rows to fetch
        request = Execute(cursor, options, sql, prefetch, numbers[9], iterations, is_query)
        if has_defines:
            request.defines = self._descriptions(reader, define_count)
        elif has_binds:
            request.binds = _mark_returned(self._descriptions(reader, bind_count), sql)
            self._take_rows(reader, request, request.binds, plsql=bool(options & 0x400))
        return request

    def _execute_tail(self, reader: Reader) -> None:
        """
        Skip what follows the counts: registration, row count and SQL id buffers.
        """
        reader.ub()  # registration id, low half
        reader.raw(3)
        reader.ub()
        reader.u8()
        reader.ub()
        reader.ub()  # its high half
        reader.u8()
        reader.ub()
        reader.u8()
        if self.field_version >= 8:
            reader.u8()
            reader.ub()
            reader.u8()
            reader.ub()
            reader.u8()
        if self.field_version >= 9:
            reader.u8()
            reader.ub()

    def _descriptions(self, reader: Reader, count: int) -> tuple[Description, ...]:
        return tuple(read_description(reader, self.field_version) for _ in range(count))

    def _execute_again(self, code: int, reader: Reader) -> Execute:
        cursor, iterations = reader.ub(), reader.ub()
        reader.ub()
        options = EXECUTE | (COMMIT_ON_SUCCESS if reader.ub() & 1 else 0)
        request = Execute(cursor, options, again=True, iterations=iterations)
        if code == 78:
            request.prefetch, request.iterations = iterations, 1
            request.options |= FETCH
        self._take_rows(reader, request, self._binds_of(cursor), plsql=False)
        return request

    def _take_rows(
        self, reader: Reader, request: Execute, binds: tuple[Description, ...], *, plsql: bool
    ) -> None:
        for bind in binds:
            if not bind.is_known:
                raise Unknown(f"bind of type {bind.number}")
        if self.leaves_unread is not None and self.leaves_unread(request):
            request.rows = Unread(request.iterations)
            return
        order = self._wire_order(binds, plsql=plsql)
        if not order:
            request.rows = [()] * request.iterations
        elif all(bind.is_plain for bind in binds):
            request.rows = self._plain_rows(reader, binds, order, request.iterations)
        else:
            request.rows = [self._mixed_row(reader, binds, order) for _ in range(request.iterations)]

    def _wire_order(self, binds: tuple[Description, ...], *, plsql: bool) -> list[int]:
        """
        Give the binds in the order of their values: those longer than a string can be come last.
        """
        places = [at for at, bind in enumerate(binds) if not bind.returned]
        if plsql:
            return places
        return sorted(places, key=lambda at: binds[at].is_long(self.longest_string))

    def _plain_rows(
        self, reader: Reader, binds: tuple[Description, ...], order: list[int], count: int
    ) -> Sequence[Row]:
        progress = self._rows
        if progress.pos < 0:
            progress.pos = reader.pos
        left = count - progress.done
        progress.pos, done = split_rows(reader.data, progress.pos, len(order), left, progress.raw)
        progress.done += done
        if progress.done < count:
            raise Incomplete
        reader.pos = progress.pos
        columns = {
            place: ttc_types.read_column(binds[place], progress.raw[at :: len(order)])
            for at, place in enumerate(order)
        }
        return list(zip(*(columns[place] for place in sorted(columns)), strict=True))

    def _mixed_row(self, reader: Reader, binds: tuple[Description, ...], order: list[int]) -> Row:
        if reader.u8() != ROW:
            raise Malformed("a row without its mark")
        values = {place: self._value(reader, binds[place]) for place in order}
        return tuple(values[place] for place in sorted(values))

    def _value(self, reader: Reader, bind: Description) -> Value:
        if bind.is_array:
            element = Description(bind.number, bind.size, bind.form)
            return [self._value(reader, element) for _ in range(reader.ub())]
        if bind.number in (ttc_types.CLOB, ttc_types.BLOB):
            return self._value_of(reader.clr() or b"") if reader.ub() else None
        if bind.number == ttc_types.JSON:
            if not reader.ub():
                return None
            reader.clr()
            return ttc_types.read_json(reader.clr() or b"")
        return ttc_types.read_column(bind, [reader.clr()])[0]


def _mark_returned(binds: tuple[Description, ...], sql: str | None) -> tuple[Description, ...]:
    """
    Find the binds of RETURNING ... INTO: described like the others, but without values in the rows.
    """
    if sql is None:
        return binds
    found = RETURNED_BINDS.search(LITERALS.sub(" ", sql))
    if found is None or sql.lstrip()[:6].upper() not in ("INSERT", "UPDATE", "DELETE", "MERGE "):
        return binds
    first = len(binds) - len(BIND_NAME.findall(found.group(1)))
    return tuple(
        Description(bind.number, bind.size, bind.form, bind.is_array, at >= first)
        for at, bind in enumerate(binds)
    )


def _flush(reader: Reader) -> FlushOutBinds:
    del reader  # it has no body
    return FlushOutBinds()


def _fetch(reader: Reader) -> Fetch:
    return Fetch(reader.ub(), reader.ub())


def _lob_call(reader: Reader) -> LobCall:
    has_locator, length = reader.u8(), reader.ub()
    reader.u8()
    reader.ub()  # duration, or the length of a second locator
    reader.ub()
    reader.ub()
    reader.raw(3)
    operation = reader.ub()
    reader.raw(2)
    source_offset, target_offset = reader.ub(), reader.ub()
    has_amount = reader.u8()
    reader.raw(6)
    locator = reader.raw(length) if has_locator else b""
    if operation == LOB_CREATE:
        reader.ub()  # character set
    data = None
    if operation == LOB_WRITE:
        if reader.u8() != LOB_DATA:
            raise Malformed("LOB write without data")
        data = reader.clr() or b""
    amount = reader.ub() if has_amount else None
    return LobCall(operation, locator, source_offset, target_offset, data, amount)


_OTHERS: dict[int, Callable[[Reader], Function]] = {
    ttc_login.PROTOCOL: read_negotiate,
    ttc_login.DATA_TYPES: read_data_types,
    FAST_AUTH: read_fast_auth,
    FLUSH: _flush,
}
_FUNCTIONS: dict[int, Callable[[Reader], Function]] = {
    5: _fetch,
    96: _lob_call,
    ttc_login.PHASE_ONE: read_phase_one,
    ttc_login.PHASE_TWO: read_phase_two,
    direct_path.PREPARE: direct_path.read_prepare,
    direct_path.STREAM: direct_path.read_stream,
    direct_path.OPERATE: direct_path.read_operate,
}
_SIMPLE = {14: "commit", 15: "rollback", 147: "ping", 9: "logoff", 200: "end of pipeline"}
