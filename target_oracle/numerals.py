"""
Numbers and booleans: every digit that NUMBER holds, and a reject for what it does not.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
    Underflow,
)
from itertools import filterfalse
from operator import length_hint
from typing import Annotated, Any, Final

import msgspec

from target_oracle.conversion import (
    Converter,
    Faults,
    Tally,
    each,
    from_raw,
    json_type,
    python_type,
    string_of,
)
from target_oracle.faults import RowFault
from target_oracle.oracle.types import OracleType, Server
from target_oracle.singer.schema import Field, Kind

# NUMBER keeps 38 significant digits for certain, magnitudes from 1e-130 to below 1e126 (SQL Language
# Reference).
NUMBER_DIGITS: Final = 38
NUMBER_MAX_EXPONENT: Final = 125
NUMBER_MIN_EXPONENT: Final = -130
INT64_MAX: Final = 2**63 - 1

_TRAPS: Final = [Inexact, Overflow, Underflow, Subnormal, InvalidOperation]
_EXACT: Final = Context(NUMBER_DIGITS, Emax=NUMBER_MAX_EXPONENT, Emin=NUMBER_MIN_EXPONENT, traps=_TRAPS)
_ROUND: Final = Context(NUMBER_DIGITS, ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6), traps=[InvalidOperation])
_WIDE: Final = Context(1000, ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6), traps=[InvalidOperation, Clamped])


def _number_text(raw: bytes) -> str:
    if raw[:1] in b'"tf{[' or not raw:
        raise RowFault("TYPE", f"a number is expected, not {json_type(raw)}")
    return raw.decode("ascii")


def _decimal(text: str) -> Decimal:
    try:
        return _WIDE.create_decimal(text)
    except DecimalException as fault:
        raise RowFault("TYPE", "a number is expected") from fault


def _no_room(type_: OracleType) -> RowFault:
    return RowFault("ORA-01438", f"the number has more integer digits than {type_.ddl()} holds")


def fit_number(value: Any, type_: OracleType, tally: Tally) -> int | Decimal:
    """
    Return *value* as NUMBER stores it; round a fraction that it cannot hold, half to even, and count that.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RowFault("TYPE", f"a number is expected, not {python_type(value)}")
    number = Decimal(value)
    if not number.is_finite():
        raise RowFault("ORA-01426", "NUMBER holds no NaN and no infinity")
    if not number:
        return 0
    if number.adjusted() > NUMBER_MAX_EXPONENT:
        raise RowFault("ORA-01426", "the number is beyond NUMBER's 1e126")
    if number.adjusted() < NUMBER_MIN_EXPONENT:
        raise RowFault("ORA-01426", "the number is closer to zero than NUMBER's 1e-130")
    return _fit_digits(number, type_, tally)


def _fit_digits(number: Decimal, type_: OracleType, tally: Tally) -> Decimal:
    rounded = _ROUND.plus(number)
    scale = type_.scale if type_.scale is not None else (0 if type_.precision is not None else None)
    if scale is not None:
        rounded = _to_scale(number, scale)
        if rounded and rounded.adjusted() >= (type_.precision or NUMBER_DIGITS) - scale:
            raise _no_room(type_)
    if rounded != number:
        lost = rounded.as_tuple().exponent
        if isinstance(lost, int) and lost > 0 and scale is None:
            raise _no_room(type_)
        tally.rounded += 1
    return rounded


def _to_scale(number: Decimal, scale: int) -> Decimal:
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return number
    return _WIDE.quantize(number, Decimal((0, (1,), -scale)))


def _read_integer(type_: OracleType, tally: Tally) -> Callable[[bytes], int | Decimal]:
    def read(raw: bytes) -> int | Decimal:
        number = _decimal(_number_text(raw))
        if number != number.to_integral_value():
            raise RowFault("TYPE", "an integer is expected, not a number with a fraction")
        fitted = fit_number(number, type_, tally)
        return int(fitted)

    return read


def of_integer(prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert integers: those of 64 bits by the decoder, longer ones and other notations from their text.
    """
    digits = (type_.precision or NUMBER_DIGITS) - (type_.scale or 0)
    bound = min(10**digits - 1, INT64_MAX) if digits > 0 else 0
    read = _read_integer(type_, tally)
    if prop.kind is Kind.INTEGER and digits > 0:
        return Converter(Annotated[int, msgspec.Meta(ge=-bound, le=bound)], read, None, from_raw(read))
    return from_raw(read)


def _are_plain(values: Sequence[Any]) -> bool:
    """
    Tell whether NUMBER holds all of *values* as they are.

    One pass in C: digits (Inexact), size (Overflow, Subnormal), NaN (the comparison), infinity (the top).
    """
    try:
        top = max(map(_EXACT.abs, filter(None, values)), default=0)
    except (DecimalException, TypeError):
        return False
    plain = set(map(type, values)) <= _PLAIN and (isinstance(top, int) or top.is_finite())
    return plain and not _odd_zeros(values)


_PLAIN: Final = {int, Decimal, type(None)}


def _odd_ones(values: Sequence[Any]) -> list[int]:
    """
    Return the positions of the values that `_are_plain` stumbles over; none where they are not few.
    """
    odd = {n for n, sort in enumerate(map(type, values)) if sort not in _PLAIN}
    most = len(values) // _FEW
    rest = iter(values)
    while len(odd) <= most:
        try:
            deque(map(_EXACT.abs, filter(None, rest)), maxlen=0)
        except (DecimalException, TypeError):  # noqa: PERF203  # each odd one has one of its own
            odd.add(len(values) - length_hint(rest) - 1)
        else:
            return sorted(odd)
    return []


# One odd value in so many, or fewer: the others need no look of their own.
_FEW: Final = 8


def _odd_zeros(values: Sequence[Any]) -> bool:
    """
    Tell whether a zero has an exponent: the driver refuses some of them (DPY-4003), and with one the array.
    """
    return any("E" in text for text in set(map(str, filterfalse(None, values))))


def of_number(_prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert numbers, exactly where NUMBER can.
    """

    def fit(value: Any) -> Any:
        return fit_number(value, type_, tally)

    slow = each(fit)

    def finish(values: Sequence[Any]) -> tuple[Sequence[Any], Faults]:
        if _are_plain(values):
            return values, {}
        odd = _odd_ones(values)
        passed = set(odd)
        if not odd or not _are_plain([value for n, value in enumerate(values) if n not in passed]):
            return slow(values)
        fitted, faults = slow([values[n] for n in odd])
        done = list(values)
        for n, value in zip(odd, fitted, strict=True):
            done[n] = value
        return done, {odd[n]: fault for n, fault in faults.items()}

    def read(raw: bytes) -> Any:
        return _decimal(_number_text(raw))

    bare = type_.precision is None and type_.scale is None
    return Converter(Any, read, finish if bare else slow, from_raw(read, slow))


# A decimal written as text: what JSON allows in a number, and nothing that Decimal would add.
_DECIMAL_TEXT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def of_decimal_string(_prop: Field, type_: OracleType, _server: Server, tally: Tally) -> Converter:
    """
    Convert decimals that are written as text.
    """

    def read(raw: bytes) -> Any:
        text = string_of(raw) if raw[:1] == b'"' else _number_text(raw)
        if text == "":
            tally.empty += 1
            return None
        if not _DECIMAL_TEXT.fullmatch(text):
            raise RowFault("ORA-01722", "the text is no decimal number")
        return fit_number(_decimal(text), type_, tally)

    return from_raw(read)


def of_float(_prop: Field, _type: OracleType, _server: Server, _tally: Tally) -> Converter:
    """
    Convert numbers to binary doubles, the nearest one each.
    """

    def read(raw: bytes) -> float:
        value = float(_number_text(raw))
        if value in (float("inf"), float("-inf")):
            raise RowFault("ORA-01426", "the number is beyond what a binary double holds")
        return value

    return Converter(float, read, None, from_raw(read))


def of_boolean(_prop: Field, _type: OracleType, _server: Server, _tally: Tally) -> Converter:
    """
    Convert true and false.
    """

    def read(raw: bytes) -> bool:
        if raw in (b"true", b"false"):
            return raw == b"true"
        raise RowFault("TYPE", f"true or false is expected, not {json_type(raw)}")

    return Converter(bool, read, None, from_raw(read))
