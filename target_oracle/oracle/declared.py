"""
Column types as people write them: in the `columns` setting and in `x-sql-datatype`.
"""

from __future__ import annotations

import re
from typing import Final

from target_oracle.oracle.types import MAX_CHAR_BYTES, MAX_PRECISION, STAMP, OracleType

# With MAX_STRING_SIZE=EXTENDED, for VARCHAR2 and RAW (SQL Language Reference, Data Type Limits).
EXTENDED_BYTES: Final = 32767

_LENGTHS: Final = {"VARCHAR2": EXTENDED_BYTES, "RAW": EXTENDED_BYTES, "NVARCHAR2": EXTENDED_BYTES // 2,
                   "CHAR": MAX_CHAR_BYTES, "NCHAR": MAX_CHAR_BYTES // 2}  # fmt: skip
_SIZED: Final = re.compile(r"(VARCHAR2|NVARCHAR2|CHAR|NCHAR|RAW) ?\( ?(\d+)(?: (BYTE|CHAR))? ?\)")
_NUMBER: Final = re.compile(r"NUMBER(?: ?\( ?(\d+|\*) ?(?:, ?(-?\d+) ?)?\))?")
_FLOAT: Final = re.compile(r"FLOAT(?: ?\( ?(\d+) ?\))?")
_PLAIN: Final = frozenset(
    {"CLOB", "NCLOB", "BLOB", "DATE", "BOOLEAN", "JSON", "BINARY_DOUBLE", "BINARY_FLOAT"}
)


def parse_type(text: str) -> OracleType:
    """
    Read a type as people declare it: the types that this program can fill, in Oracle's own spelling.

    Raises ValueError for whatever else. A length without BYTE or CHAR is in characters.

    >>> [parse_type(text).ddl() for text in ("varchar2(20)", "NUMBER(10, 2)", "timestamp")]
    ['VARCHAR2(20 CHAR)', 'NUMBER(10,2)', 'TIMESTAMP(6)']
    """
    words = " ".join(text.upper().split())
    for read in (_parsed_sized, _parsed_number, _parsed_float, _parsed_stamp, _parsed_plain):
        found = read(words)
        if found is not None:
            return found
    raise ValueError(f"{text!r} is no Oracle type that this program can fill")


def _parsed_sized(words: str) -> OracleType | None:
    said = _SIZED.fullmatch(words)
    if said is None:
        return None
    name, length = said[1], int(said[2])
    if said[3] and name not in ("VARCHAR2", "CHAR"):
        raise ValueError(f"{words}: only VARCHAR2 and CHAR say BYTE or CHAR")
    _must_be_within(words, length, 1, _LENGTHS[name])
    return OracleType(name, length=length, char=name != "RAW" and said[3] != "BYTE")


def _parsed_number(words: str) -> OracleType | None:
    said = _NUMBER.fullmatch(words)
    if said is None:
        return None
    if said[1] is None:
        return OracleType("NUMBER")
    scale = int(said[2] or 0)
    _must_be_within(words, scale, -84, 127)
    if said[1] == "*":
        return OracleType("NUMBER", scale=scale)
    _must_be_within(words, int(said[1]), 1, MAX_PRECISION)
    return OracleType("NUMBER", precision=int(said[1]), scale=scale)


def _parsed_float(words: str) -> OracleType | None:
    said = _FLOAT.fullmatch(words)
    if said is None:
        return None
    digits = int(said[1] or 126)
    _must_be_within(words, digits, 1, 126)
    return OracleType("FLOAT", precision=digits)


def _parsed_stamp(words: str) -> OracleType | None:
    said = STAMP.fullmatch(words)
    if said is None:
        return None
    zone = words[words.index(" WITH") :] if " WITH" in words else ""
    return OracleType(f"TIMESTAMP{zone}", precision=int(said[1] or 6))


def _parsed_plain(words: str) -> OracleType | None:
    return OracleType(words) if words in _PLAIN else None


def _must_be_within(words: str, number: int, low: int, high: int) -> None:
    if not low <= number <= high:
        raise ValueError(f"{words}: {number} is not from {low} to {high}")
