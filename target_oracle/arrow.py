"""
Tables of Arrow -> array DML without a Python object a value, where every value is known to fit as it is.

Each column is checked whole: types, lengths, keys. Where anything is in doubt, a column that must be
converted or a row that must be refused, the table goes the way of lines instead, which decides value by
value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from target_oracle.numerals import NUMBER_DIGITS
from target_oracle.singer.schema import Kind
from target_oracle.validation import compile_checks

if TYPE_CHECKING:
    from target_oracle.decoder import Slot
    from target_oracle.oracle.types import OracleType
    from target_oracle.stream import Version

# Databases that hold every character, in as many bytes as Arrow does.
_UNICODE: Final = frozenset({"AL32UTF8"})
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class TableLines(Sequence[bytes]):
    """
    The rows of *table* as RECORD lines, each written when it is asked for: for rejects, digests and replays.
    """

    def __init__(self, stream: str, table: pa.RecordBatch) -> None:
        self._head = b'{"type":"RECORD","stream":' + _ENCODER.encode(stream) + b',"record":'
        self.stream = stream
        self.table = table

    def __len__(self) -> int:  # noqa: D105  # as of any sequence
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[bytes]:  # noqa: D105  # as of any sequence
        for row in self.table.to_pylist():
            yield self._head + _ENCODER.encode(row) + b"}"

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...

    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:  # noqa: D105  # as of any sequence
        if isinstance(place, slice):
            start, stop, _ = place.indices(len(self))
            return list(TableLines(self.stream, self.table.slice(start, max(stop - start, 0))))
        return next(iter(TableLines(self.stream, self.table.slice(place, 1))))


class ArrowRows(msgspec.Struct, frozen=True):
    """
    Rows ready to be bound, as columns in the order of the statement; *empty* texts among them become NULL.
    """

    table: pa.Table
    empty: int = 0

    @property
    def filled(self) -> frozenset[int]:
        """
        The positions of columns in which at least one row has a value.
        """
        columns = enumerate(self.table.columns)
        return frozenset(n for n, column in columns if column.null_count < len(column))

    @property
    def constants(self) -> Mapping[int, int]:
        """
        None.
        """
        return {}

    def __len__(self) -> int:  # noqa: D105  # rows, as of a list of them
        return int(self.table.num_rows)

    def stream(self, order: Sequence[int], first: int | None = None) -> pa.Table:
        """
        Return the columns in *order*; there are no numbers behind them.
        """
        assert first is None  # noqa: S101  # only rows that gather are staged
        return self.table.select(list(order))


def rows_of(version: Version, table: pa.RecordBatch) -> ArrowRows | None:
    """
    Return *table* as rows of *version*; None when it has to go the way of lines.
    """
    target = version.target
    if version.metadata or target.method != "append-only" or target.server.charset not in _UNICODE:
        return None
    known = {slot.prop.path[0] for slot in version.decoder.slots}
    if not set(table.schema.names) <= known or any(len(slot.prop.path) > 1 for slot in version.decoder.slots):
        return None
    columns, empty = [], 0
    for slot in version.decoder.slots:
        column = _column(slot, table, version.target.server.max_string_bytes)
        if column is None:
            return None
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            empty += pc.sum(pc.equal(column, "")).as_py() or 0
        columns.append(column)
    return ArrowRows(pa.table(columns, names=[slot.column.name for slot in version.decoder.slots]), empty)


def _column(slot: Slot, table: pa.RecordBatch, max_string_bytes: int) -> pa.Array | None:
    """
    Return the column of *slot*, of a type that the driver binds to it.

    None where its values must be looked at.
    """
    position = table.schema.get_field_index(slot.prop.name)
    if position < 0:
        return None if slot.key or slot.needed else pa.nulls(table.num_rows, pa.string())
    found = table.column(position)
    if (found.null_count and (slot.key or slot.filled)) or compile_checks(slot.prop) is not None:
        return None
    if pa.types.is_dictionary(found.type):
        found = found.dictionary_decode()
    for holds, fits in _FAMILIES:
        if slot.column.type.name in holds:
            return fits(found, slot, max_string_bytes)
    return None


def _number(found: pa.Array, slot: Slot, _max: int) -> pa.Array | None:
    type_ = slot.column.type
    if pa.types.is_boolean(found.type) and slot.prop.kind is Kind.BOOLEAN:
        return found.cast(pa.int8())
    if (type_.precision or NUMBER_DIGITS) < NUMBER_DIGITS:
        return None
    if pa.types.is_integer(found.type):
        return found
    whole = type_.precision is not None
    if pa.types.is_decimal128(found.type) and (not whole or found.type.scale == 0):
        return found
    return None  # a binary float becomes the decimal that its text says, not the one that its bits say


def _float(found: pa.Array, _slot: Slot, _max: int) -> pa.Array | None:
    if not pa.types.is_floating(found.type):
        return None
    column = found.cast(pa.float64())
    return column if pc.all(pc.is_finite(column)).as_py() is not False else None


def _text(found: pa.Array, slot: Slot, max_string_bytes: int) -> pa.Array | None:
    if not (pa.types.is_string(found.type) or pa.types.is_large_string(found.type)):
        return None
    if slot.prop.kind in (Kind.JSON, Kind.ANY):
        return None
    if slot.key and pc.any(pc.equal(found, "")).as_py():
        return None
    chars, size = _limits(slot.column.type, max_string_bytes)
    bounds = [bound for bound in (chars, slot.prop.max_length) if bound is not None]
    too_long = bool(bounds) and (pc.max(pc.utf8_length(found)).as_py() or 0) > min(bounds)
    too_large = size is not None and (pc.max(pc.binary_length(found)).as_py() or 0) > size
    if too_long or too_large:
        return None
    return found.cast(pa.large_string() if size is None else pa.string())


def _limits(type_: OracleType, max_string_bytes: int) -> tuple[int | None, int | None]:
    if type_.length is None:
        return None, None
    return type_.length, max_string_bytes if type_.char else type_.length


def _moment(found: pa.Array, slot: Slot, _max: int) -> pa.Array | None:
    if not pa.types.is_timestamp(found.type) or slot.column.type.name == "DATE":
        return None
    try:
        # Arrow keeps instants in UTC whatever zone it shows.
        return found.cast(pa.timestamp("us", found.type.tz)).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None  # finer than microseconds: rounded value by value


def _day(found: pa.Array, _slot: Slot, _max: int) -> pa.Array | None:
    return found if pa.types.is_date32(found.type) else None


def _flag(found: pa.Array, _slot: Slot, _max: int) -> pa.Array | None:
    return found if pa.types.is_boolean(found.type) else None


_FAMILIES: Final[tuple[tuple[frozenset[str], Any], ...]] = (
    (frozenset({"NUMBER"}), _number),
    (frozenset({"BINARY_DOUBLE"}), _float),
    (frozenset({"VARCHAR2", "CLOB"}), _text),
    (frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}), _moment),
    (frozenset({"DATE"}), _day),
    (frozenset({"BOOLEAN"}), _flag),
)
