"""
The ways from a JSON value to a bind value, each by itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from target_oracle.conversion import Converter
from target_oracle.decoder import REFUSED
from target_oracle.faults import RowFault


def finished(made: Converter, value: Any) -> Any:
    """
    Return what *made* binds for a decoded *value*, or the code of the fault.
    """
    if made.finish is None:
        return value
    values, faults = made.finish([value])
    return faults[0].code if faults else values[0]


def slowly(made: Converter, raw: bytes) -> Any:
    """
    Return what the complete way binds for *raw*, or the code of the fault.
    """
    try:
        return finished(made, made.read(raw))
    except RowFault as fault:
        return fault.code


def every_way(made: Converter, raw: bytes) -> list[Any]:
    """
    Return what becomes of *raw* in the complete way and in each quick one that takes it.
    """
    found = []
    step: Converter | None = made
    while step is not None:
        try:
            value = msgspec.json.Decoder(step.annotation, float_hook=Decimal).decode(raw)
        except REFUSED:
            found.append(slowly(step, raw))
        else:
            found.append(finished(step, value))
        if step.annotation is not msgspec.Raw:
            found.append(slowly(step, raw))
        step = step.relaxed
    return [value or None if isinstance(value, str) else value for value in found]
