"""
Oracle's binary JSON: what a bind of type JSON holds, and what a column of type JSON sends.

An image is a header, a table of the field names, and a tree of nodes; a scalar has no table.
"""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from tests.standin import encoding
from tests.standin.encoding import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.values import Value

MAGIC = b"\xffJZ"
SHORT_NAMES, LONG_NAMES = 1, 3  # versions: field names up to 255 bytes, or up to 65535
RELATIVE, INLINE, LENGTH_IN_CODE = 0x01, 0x02, 0x04
NAMES_UB4, SCALAR, HASH_UB1, NAMES_UB2 = 0x08, 0x10, 0x0100, 0x0400
NAMES_SEGMENT_UB4, TREE_UB4, TINY_NODES = 0x0800, 0x1000, 0x2000
LONG_SEGMENT_UB2 = 0x0100  # among the second flags
NULL, TRUE, FALSE = 0x30, 0x31, 0x32
TEXT_UB1, NUMBER_UB1, DOUBLE, TEXT_UB2, TEXT_UB4 = 0x33, 0x34, 0x36, 0x37, 0x38
TIMESTAMP, BYTES_UB2, BYTES_UB4, DATE = 0x39, 0x3A, 0x3B, 0x3C
INTERVAL, ZONED, TIMESTAMP7, IDENTIFIER, FLOAT = 0x3E, 0x7C, 0x7D, 0x7E, 0x7F
OBJECT, ARRAY = 0x84, 0xC0
CONTAINER, IS_ARRAY, OFFSETS_UB4 = 0x80, 0x40, 0x20  # bits of a container's node type
CHILDREN_MASK, CHILDREN_UB2, CHILDREN_UB4, SHARED = 0x18, 0x08, 0x10, 0x18
HASH_START, HASH_PRIME = 0x811C9DC5, 16777619


# ---- reading ----------------------------------------------------------------------------------------------


def decode(image: bytes) -> Value:
    """
    Read an image: dict, list, str, Decimal, float, bool, None, datetime, timedelta or bytes.
    """
    return _Image(image).value


class _Image:
    """
    One image under way.
    """

    def __init__(self, image: bytes) -> None:
        self.reader = reader = Reader(image)
        if reader.raw(3) != MAGIC:
            raise Malformed("JSON image without its mark")
        self.version = reader.u8()
        if self.version not in (SHORT_NAMES, LONG_NAMES):
            raise Malformed(f"JSON image of version {self.version}")
        self.flags = reader.u16()
        if self.flags & SCALAR:
            reader.raw(4 if self.flags & TREE_UB4 else 2)
            self.id_size, self.names, self.tree = 1, list[str](), reader.pos
        else:
            self._header()
        self.value = self._node()

    def _header(self) -> None:
        reader, flags = self.reader, self.flags
        self.id_size = 4 if flags & NAMES_UB4 else 2 if flags & NAMES_UB2 else 1
        count = self._integer(self.id_size)
        offset_size = 4 if flags & NAMES_SEGMENT_UB4 else 2
        segment = self._integer(offset_size)
        long_count = long_segment = 0
        long_offset_size = 4
        if self.version == LONG_NAMES:
            long_offset_size = 2 if reader.u16() & LONG_SEGMENT_UB2 else 4
            long_count, long_segment = self._integer(4), self._integer(4)
        self._integer(4 if flags & TREE_UB4 else 2)
        self._integer(2)  # tiny nodes
        self.names = self._names(count, 1, offset_size, segment) if count else []
        if long_count:
            self.names += self._names(long_count, 2, long_offset_size, long_segment)
        self.tree = reader.pos

    def _integer(self, size: int) -> int:
        return int.from_bytes(self.reader.raw(size), "big")

    def _names(self, count: int, length_size: int, offset_size: int, segment: int) -> list[str]:
        self.reader.raw(count * length_size)  # hashes, as wide as the lengths
        offsets = [self._integer(offset_size) for _ in range(count)]
        raw = Reader(self.reader.raw(segment))
        names = []
        for raw.pos in offsets:
            size = int.from_bytes(raw.raw(length_size), "big")
            names.append(raw.raw(size).decode())
        return names

    def _node(self) -> Value:  # noqa: PLR0911 - one line a group of types
        reader = self.reader
        start = reader.pos - self.tree
        kind = reader.u8()
        if kind & CONTAINER:
            return self._container(kind, start)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _FIXED:
            size, read = _FIXED[kind]
            return read(reader.raw(size))
        if kind in _LENGTHS:
            size, read = _LENGTHS[kind]
            return read(reader.raw(self._integer(size)))
        if kind & 0xF0 in (0x20, 0x60):
            return encoding.number(reader.raw((kind & 0x0F) + 1))
        if kind & 0xF0 in (0x40, 0x50):
            return encoding.number(reader.raw(kind & 0x0F))
        if kind & 0xE0 == 0:
            return reader.raw(kind).decode()
        raise Malformed(f"JSON node of type {kind}")

    def _container(self, kind: int, start: int) -> Value:
        reader = self.reader
        offset_size = 4 if kind & OFFSETS_UB4 else 2
        count, ids = self._children(kind, offset_size)
        if not kind & IS_ARRAY and ids < 0:
            ids = reader.pos
            reader.raw(count * self.id_size)
        offsets = [self._integer(offset_size) for _ in range(count)]
        base = self.tree + (start if self.flags & RELATIVE else 0)
        names = [] if kind & IS_ARRAY else self._fields(ids, count)
        values = []
        for offset in offsets:
            reader.pos = base + offset
            values.append(self._node())
        return values if kind & IS_ARRAY else dict(zip(names, values, strict=True))

    def _children(self, kind: int, offset_size: int) -> tuple[int, int]:
        """
        Read how many children there are; and where their names stand, when another object lends them.
        """
        bits = kind & CHILDREN_MASK
        if bits != SHARED:
            return self._integer({0: 1, CHILDREN_UB2: 2, CHILDREN_UB4: 4}[bits]), -1
        lender = self.tree + self._integer(offset_size)
        here, self.reader.pos = self.reader.pos, lender
        count, _ = self._children(self.reader.u8(), offset_size)
        ids, self.reader.pos = self.reader.pos, here
        return count, ids

    def _fields(self, at: int, count: int) -> list[str]:
        reader = Reader(self.reader.data, at)
        return [self.names[int.from_bytes(reader.raw(self.id_size), "big") - 1] for _ in range(count)]


def _bytes(raw: bytes) -> bytes:
    return raw


_Read: TypeAlias = "Callable[[bytes], Value]"
_CONSTANTS = {NULL: None, TRUE: True, FALSE: False}
_FIXED: dict[int, tuple[int, _Read]] = {
    DATE: (7, encoding.date),
    TIMESTAMP7: (7, encoding.date),
    TIMESTAMP: (11, encoding.date),
    ZONED: (13, encoding.zoned),
    FLOAT: (4, encoding.binary_double),
    DOUBLE: (8, encoding.binary_double),
    INTERVAL: (11, encoding.interval),
}
_LENGTHS: dict[int, tuple[int, _Read]] = {
    TEXT_UB1: (1, bytes.decode),
    TEXT_UB2: (2, bytes.decode),
    TEXT_UB4: (4, bytes.decode),
    NUMBER_UB1: (1, encoding.number),
    IDENTIFIER: (1, _bytes),
    BYTES_UB2: (2, _bytes),
    BYTES_UB4: (4, _bytes),
}


# ---- writing ----------------------------------------------------------------------------------------------


def encode(value: Value) -> bytes:
    """
    Write an image of what JSON can hold, and of dates, intervals and bytes besides.
    """
    if not isinstance(value, (dict, list, tuple)):
        tree = _scalar(value)
        flags = SCALAR | INLINE | LENGTH_IN_CODE | (TREE_UB4 if len(tree) > 0xFFFF else 0)
        head = MAGIC + struct.pack(">BH", SHORT_NAMES, flags)
        return head + _sized(len(tree), bool(flags & TREE_UB4)) + tree
    names = _field_names(value)
    return _Writer(names).image(value)


def _sized(size: int, long: bool) -> bytes:  # noqa: FBT001 - a width, named by its caller
    return size.to_bytes(4 if long else 2, "big")


def _hash(name: bytes) -> int:
    value = HASH_START
    for byte in name:
        value = (value ^ byte) * HASH_PRIME & 0xFFFFFFFF
    return value


def _field_names(value: Value) -> list[bytes]:
    """
    Collect the names of all fields in the order of the image: by hash, length, bytes.
    """
    found: set[bytes] = set()
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            found.update(str(name).encode() for name in node)
            waiting += node.values()
        elif isinstance(node, (list, tuple)):
            waiting += node
    return sorted(found, key=lambda name: (_hash(name) & 0xFF, len(name), name))


class _Writer:
    """
    One image under way; *names* short and long together, the short ones first.
    """

    def __init__(self, names: list[bytes]) -> None:
        self.short = [name for name in names if len(name) <= 0xFF]
        self.long = [name for name in names if len(name) > 0xFF]
        self.ids = {name: at for at, name in enumerate(self.short + self.long, 1)}
        self.id_size = 4 if len(names) > 0xFFFF else 2 if len(names) > 0xFF else 1
        self.tree = bytearray()

    def image(self, value: Value) -> bytes:
        self._node(value)
        flags = INLINE | LENGTH_IN_CODE | HASH_UB1 | TINY_NODES
        flags |= {1: 0, 2: NAMES_UB2, 4: NAMES_UB4}[self.id_size]
        short, short_wide = _segment(self.short, 1)
        flags |= NAMES_SEGMENT_UB4 if short_wide else 0
        flags |= TREE_UB4 if len(self.tree) > 0xFFFF else 0
        parts = [MAGIC, struct.pack(">BH", LONG_NAMES if self.long else SHORT_NAMES, flags)]
        parts += (
            len(self.short).to_bytes(self.id_size, "big"),
            _sized(_names_size(self.short, 1), short_wide),
        )
        long, long_wide = _segment(self.long, 2)
        if self.long:
            second = 0 if long_wide else LONG_SEGMENT_UB2
            parts.append(struct.pack(">HII", second, len(self.long), _names_size(self.long, 2)))
        parts += (_sized(len(self.tree), bool(flags & TREE_UB4)), b"\0\0", short, long, bytes(self.tree))
        return b"".join(parts)

    def _node(self, value: Value) -> None:
        if isinstance(value, dict):
            self._container(OBJECT, [self.ids[str(name).encode()] for name in value], list(value.values()))
        elif isinstance(value, (list, tuple)):
            self._container(ARRAY, [], value)
        else:
            self.tree += _scalar(value)

    def _container(self, kind: int, ids: list[int], children: list[Value] | tuple[Value, ...]) -> None:
        count = len(children)
        size = 4 if count > 0xFFFF else 2 if count > 0xFF else 1
        bits = {1: 0, 2: CHILDREN_UB2, 4: CHILDREN_UB4}[size]
        self.tree.append(kind | OFFSETS_UB4 | bits)
        self.tree += count.to_bytes(size, "big")
        self.tree += b"".join(number.to_bytes(self.id_size, "big") for number in ids)
        offsets = len(self.tree)
        self.tree += bytes(4 * count)
        for at, child in enumerate(children):
            struct.pack_into(">I", self.tree, offsets + 4 * at, len(self.tree))
            self._node(child)


def _names_size(names: list[bytes], length_size: int) -> int:
    return sum(len(name) + length_size for name in names)


def _segment(names: list[bytes], length_size: int) -> tuple[bytes, bool]:
    """
    Write the table of *names*: hashes, offsets, then lengths and bytes; and say whether offsets are wide.
    """
    wide = _names_size(names, length_size) > 0xFFFF
    mask = (1 << 8 * length_size) - 1
    hashes = b"".join((_hash(name) & mask).to_bytes(length_size, "big") for name in names)
    offsets, texts, at = bytearray(), bytearray(), 0
    for name in names:
        offsets += _sized(at, wide)
        texts += len(name).to_bytes(length_size, "big") + name
        at += len(name) + length_size
    return hashes + bytes(offsets) + bytes(texts), wide


def _scalar(value: Value) -> bytes:  # noqa: PLR0911 - one line a type
    if value is None or isinstance(value, bool):
        return bytes(({None: NULL, True: TRUE, False: FALSE}[value],))
    if isinstance(value, (int, float, Decimal)):
        raw = encoding.to_number(Decimal(str(value)))
        return bytes((NUMBER_UB1, len(raw))) + raw
    if isinstance(value, str):
        return _text(value.encode())
    if isinstance(value, bytes):
        wide = len(value) > 0xFFFF
        return bytes((BYTES_UB4 if wide else BYTES_UB2,)) + _sized(len(value), wide) + value
    if isinstance(value, datetime):
        if value.tzinfo:
            return bytes((ZONED,)) + encoding.to_zoned(value)
        return bytes((TIMESTAMP,)) + encoding.to_timestamp(value)
    if isinstance(value, date):
        return bytes((DATE,)) + encoding.to_date(value)
    if isinstance(value, timedelta):
        return bytes((INTERVAL,)) + encoding.to_interval(value)
    raise TypeError(f"{type(value).__name__} in JSON")


def _text(raw: bytes) -> bytes:
    for kind, size in ((TEXT_UB1, 1), (TEXT_UB2, 2)):
        if len(raw) < 1 << 8 * size:
            return bytes((kind,)) + len(raw).to_bytes(size, "big") + raw
    return bytes((TEXT_UB4,)) + len(raw).to_bytes(4, "big") + raw
