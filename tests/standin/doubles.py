"""
BINARY_DOUBLE and BINARY_FLOAT as eight bytes that compare as Oracle does.

NaN equals itself and is the greatest.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal

from tests.standin.refusal import Refusal

_NAN = b"\xff" * 8


def encode(value: float) -> bytes:
    """
    Encode a double; minus zero is zero.
    """
    if math.isnan(value):
        return _NAN
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))
    return struct.pack(">Q", bits ^ (0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63))


def decode(data: bytes) -> float:
    """
    Decode a double.
    """
    if data == _NAN:
        return math.nan
    (bits,) = struct.unpack(">Q", data)
    (value,) = struct.unpack(
        ">d", struct.pack(">Q", bits ^ (1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF))
    )
    return float(value)


def single(value: float) -> float:
    """
    Round to the nearest BINARY_FLOAT; what is too large is infinite.
    """
    try:
        (found,) = struct.unpack(">f", struct.pack(">f", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return float(found)


def from_text(text: str) -> float:
    """
    Read a double as TO_BINARY_DOUBLE does: NaN and Inf too; else ORA-01722.
    """
    bare = text.strip(" ").lower()
    names = {
        "nan": math.nan,
        "inf": math.inf,
        "-inf": -math.inf,
        "infinity": math.inf,
        "-infinity": -math.inf,
    }
    if bare in names:
        return names[bare]
    try:
        return float(bare)
    except ValueError:
        raise Refusal(1722, value=text) from None


def to_text(value: float) -> str:
    """
    Write a double as TO_CHAR does: 1.5E+000, Nan, Inf, -Inf.
    """
    if math.isnan(value):
        return "Nan"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if not value:
        return "0"
    mantissa, _, exponent = f"{Decimal(repr(value)):E}".partition("E")
    number = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{number if '.' in number else number + '.0'}E{int(exponent):+04d}"


def to_decimal(value: float) -> Decimal:
    """
    Turn a double into a NUMBER by its shortest digits; NaN and infinities are ORA-01426.
    """
    if not math.isfinite(value):
        raise Refusal(1426)
    return Decimal(repr(value))
