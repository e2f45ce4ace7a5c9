"""
Answers of the two-task common layer, from values to bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.standin import ttc_types
from tests.standin.encoding import clr, sized, ub
from tests.standin.profiles import CHARSET, NATIONAL_CHARSET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.standin.profiles import Profile
    from tests.standin.values import ColumnInfo

TRANSACTION_OPEN = 2  # call status
NO_MORE_ROWS = 1403
BATCH_ERRORS = 24381
CURRENT_SCHEMA = 168  # keyword of a pair in the parameters
END = b"\x1d"  # message 29, end of response
ROW_HEADER = b"\x06" + bytes(7)
FLUSH_OUT_BINDS = b"\x13"
IS_JSON, IS_OSON = 0x100, 0x800
IN = 32  # direction of a bind
LOB_WORDS = frozenset({"CLOB", "NCLOB", "BLOB"})
SERVER_CONVERTS = 1


def negotiation(profile: Profile, *, extended_strings: bool, charset: int) -> bytes:
    """
    Answer the protocol negotiation: banner, character sets, capabilities.
    """
    return b"".join(
        (
            b"\x01\x06\x00",
            b"Linuxi386/Linux-2.0.34-8.1.0\x00",
            charset.to_bytes(2, "little"),
            bytes((SERVER_CONVERTS,)),
            b"\x00\x00",  # no elements
            b"\x00\x0b" + bytes(9) + NATIONAL_CHARSET.to_bytes(2, "big"),
            clr(profile.compile_capabilities()),
            clr(profile.runtime_capabilities(extended_strings=extended_strings)),
        )
    )


def data_types(types: Sequence[int]) -> bytes:
    """
    Answer the list of types with the same list.
    """
    pieces = [b"\x02"]
    for at in range(0, len(types), 3):
        kind, conversion, representation = types[at : at + 3]
        pieces.append(kind.to_bytes(2, "big") + conversion.to_bytes(2, "big"))
        if conversion:
            pieces.append(representation.to_bytes(2, "big") + b"\0\0")
    return b"".join((*pieces, b"\0\0"))


def pairs(values: Mapping[str, str], flags: Mapping[str, int]) -> bytes:
    """
    Write a log-in's names and values (message 8).
    """
    pieces = [b"\x08", ub(len(values))]
    for name, value in values.items():
        pieces += (sized(name), sized(value), ub(flags.get(name, 0)))
    return b"".join(pieces)


def status(call_status: int) -> bytes:
    return b"\x09" + ub(call_status) + ub(0)


def token(number: int) -> bytes:
    return b"\x21" + ub(number) if number else b""


@dataclass(frozen=True, slots=True)
class Ending:
    """
    How a call ended (message 4); *batch_errors* are (offset, code, message).
    """

    code: int = 0
    message: str = ""
    rowcount: int = 0
    cursor: int = 0
    position: int = 0
    batch_errors: Sequence[tuple[int, int, str]] = field(default_factory=tuple)


def ending(end: Ending, call_status: int, field_version: int) -> bytes:
    code, message = end.code, end.message
    if end.batch_errors and not code:
        code, message = BATCH_ERRORS, "ORA-24381: error(s) in array DML\n"
    pieces = [
        b"\x04",
        ub(call_status),
        b"\0",  # sequence number
        ub(end.rowcount & 0xFFFFFFFF),
        ub(min(code, 0xFFFF)),
        b"\0\0",
        ub(end.cursor),
        ub(end.position),
        bytes(5),
        b"\0",  # warnings
        bytes(5),  # rowid
        bytes(6),
        _batch_errors(end.batch_errors),
        ub(code),
        ub(end.rowcount),
    ]
    if field_version >= 14:
        pieces.append(b"\0\0")
    if code:
        pieces.append(clr(message.encode()))
    return b"".join(pieces)


def _batch_errors(faults: Sequence[tuple[int, int, str]]) -> bytes:
    if not faults:
        return bytes(3)
    mark = b"\x01"  # announces elements without a length of their own
    codes = b"".join(ub(code) for _, code, _ in faults)
    offsets = b"".join(ub(offset) for offset, _, _ in faults)
    texts = []
    for _, _, message in faults:
        raw = message.encode()
        texts.append(ub(len(raw)) + clr(raw) + b"\0\0")
    count = ub(len(faults))
    return b"".join((count, mark, codes, count, mark, offsets, count, mark, *texts))


def parameters(row_counts: Sequence[int] | None, schema: str | None) -> bytes:
    """
    Write what an execute returns besides rows (message 8): per-row counts, a changed current schema.
    """
    pieces = [b"\x08\0\0"]
    if schema is None:
        pieces.append(b"\0")
    else:
        raw = schema.encode()
        pieces += (ub(1), ub(len(raw)), clr(raw), b"\0", ub(CURRENT_SCHEMA))
    pieces.append(b"\0")
    if row_counts is not None:
        pieces += (ub(len(row_counts)), *map(ub, row_counts))
    return b"".join(pieces)


def columns(described: Sequence[ColumnInfo], field_version: int) -> bytes:
    """
    Describe columns, one after the other.
    """
    return b"".join(_column(column, at, field_version) for at, column in enumerate(described, 1))


def description(described: Sequence[ColumnInfo], field_version: int) -> bytes:
    """
    Describe a query's columns (message 16).
    """
    pieces = [b"\x10\0", ub(sum(_buffer(column) for column in described)), ub(len(described))]
    if described:
        pieces.append(b"\x01")
    pieces += (columns(described, field_version), bytes(6))
    return b"".join(pieces)


def _buffer(column: ColumnInfo) -> int:
    return ttc_types.SIZES.get(column.type) or column.size or 1


def _column(column: ColumnInfo, position: int, field_version: int) -> bytes:
    kind = ttc_types.NUMBERS[column.type]
    is_text = column.type in ttc_types.TEXT_WORDS
    form = (2 if column.type in ttc_types.NATIONAL_RESULTS else 1) if is_text else 0
    flags = (IS_JSON if column.is_json or column.type == "JSON" else 0) | (
        IS_OSON if column.type == "JSON" else 0
    )
    pieces = [
        bytes((kind, 0x80, column.precision & 0xFF, column.scale & 0xFF)),
        ub(0 if column.type in ("LONG", "LONG_RAW") else _buffer(column)),
        bytes(2),
        b"\0",  # object type
        b"\0",
        ub((NATIONAL_CHARSET if form == 2 else CHARSET) if form else 0),
        bytes((form,)),
        # A LOB has a buffer, but no largest size: the driver describes it without one, and holds none to it.
        ub(0 if column.type in LOB_WORDS else column.chars or (column.size if is_text else 0)),
    ]
    if field_version >= 8:
        pieces.append(b"\0")
    name = column.name.encode()
    pieces += (bytes((column.nullable, min(len(name), 0xFF))), sized(name), b"\0\0", ub(position), ub(flags))
    if field_version >= 17:
        pieces.append(b"\0\0")  # domain
    if field_version >= 20:
        pieces.append(b"\0")  # annotations
    if field_version >= 24:
        pieces.append(bytes(3))  # vector
    return b"".join(pieces)


def directions(binds: int) -> bytes:
    """
    Tell that all binds of a PL/SQL call go in and none comes back (message 11).
    """
    return b"".join((b"\x0b\0", ub(binds & 0xFF), ub(binds >> 8), bytes(4), bytes((IN,)) * binds))
