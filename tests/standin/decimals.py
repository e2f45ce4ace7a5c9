"""
NUMBER: exact decimals stored as bytes that compare as the numbers do.

An encoded number is a sign byte, an exponent byte and the significant digits in ASCII; of a negative number
everything is complemented and a terminator sorts shorter mantissas last. memcmp order is numeric order and
equal numbers have equal bytes, so that SQLite compares, sorts, groups and indexes them without knowing them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from tests.standin.refusal import Refusal

#: Magnitudes from 1e-130 to below 1e126 (SQL Language Reference, Data Types, NUMBER).
MAX_EXPONENT = 126
MIN_EXPONENT = -129
_BIAS = 129
_POSITIVE = b"\x81"
_NEGATIVE = b"\x7f"
_TERMINATOR = b"~"
ZERO = b"\x80"
_COMPLEMENT = bytes.maketrans(b"0123456789", b"9876543210")
_EXPONENTS = tuple(bytes([e]) for e in range(256))
#: More digits than any sum or product of two numbers needs before it is cut to Oracle's own.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
#: A quotient is rounded twice at most: here, then to 39 or 40 digits.
DIVISION = Context(prec=60, rounding=ROUND_HALF_UP)
NUMBER_DIGITS = 38


def encode(value: Decimal | int) -> bytes:
    """
    Encode a number, rounded half up to the 20 base-100 digits that a NUMBER has: 39 or 40 decimal ones.

    Refuse what is too large (ORA-01426) or no number; what is too small is zero.
    """
    shown = str(value)
    negative = shown[0] == "-"
    if negative:
        shown = shown[1:]
    if shown.isdecimal():
        return _encode_digits(shown, 0, negative=negative)
    whole, _, fraction = shown.partition(".")
    if fraction.isdecimal() and whole.isdecimal():
        return _encode_digits(whole + fraction, -len(fraction), negative=negative)
    _, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise Refusal(1722)
    return _encode_digits("".join(map(str, digits)), exponent, negative=negative)


def _encode_digits(digits: str, exponent: int, *, negative: bool) -> bytes:
    digits = digits.lstrip("0")
    if not digits:
        return ZERO
    point = len(digits) + exponent
    room = 40 if point % 2 == 0 else 39
    if len(digits) > room:
        digits, point = _round(digits, room, point)
    digits = digits.rstrip("0")
    if point > MAX_EXPONENT:
        raise Refusal(1426)
    if point < MIN_EXPONENT:
        return ZERO
    mantissa = digits.encode()
    if negative:
        return _NEGATIVE + _EXPONENTS[255 - point - _BIAS] + mantissa.translate(_COMPLEMENT) + _TERMINATOR
    return _POSITIVE + _EXPONENTS[point + _BIAS] + mantissa


def _round(digits: str, room: int, point: int) -> tuple[str, int]:
    kept = int(digits[:room]) + (digits[room] >= "5")
    rounded = str(kept)
    return rounded, point + len(rounded) - room


@lru_cache(maxsize=65536)
def decode(data: bytes) -> Decimal:
    """
    Decode a number; an integer without exponent.

    >>> decode(encode(-1200)), decode(encode(Decimal("0.050")))
    (Decimal('-1200'), Decimal('0.05'))
    """
    if data == ZERO:
        return Decimal(0)
    if data[0] == _POSITIVE[0]:
        digits, point, sign = data[2:].decode(), data[1] - _BIAS, ""
    else:
        digits, point, sign = data[2:-1].translate(_COMPLEMENT).decode(), 255 - data[1] - _BIAS, "-"
    missing = point - len(digits)
    if missing >= 0:
        return Decimal(sign + digits + "0" * missing)
    return Decimal(f"{sign}{digits}E{missing}")


def to_scale(value: Decimal, scale: int) -> Decimal:
    """
    Round half up, away from zero, to *scale* digits after the point; a negative scale rounds before it.

    >>> to_scale(Decimal("-2.345"), 2), to_scale(Decimal(1250), -2)
    (Decimal('-2.35'), Decimal('1.3E+3'))
    """
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -scale:
        return value
    return value.quantize(Decimal((0, (1,), -scale)), context=EXACT)


def fit(value: Decimal, precision: int, scale: int) -> Decimal:
    """
    Round to a NUMBER(*precision*, *scale*); None of it fits: ORA-01438.
    """
    rounded = to_scale(value, scale)
    if rounded and rounded.adjusted() >= precision - scale:
        raise Refusal(1438, value=value, precision=precision, scale=scale)
    return rounded


def significant(value: Decimal, digits: int) -> Decimal:
    """
    Round half up to so many significant *digits*: what FLOAT keeps.
    """
    return Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(value)


def parse(text: str, point: str = ".") -> Decimal:
    """
    Read a number as an implicit conversion does, else ORA-01722.

    Blanks may be around it; *point* is the decimal character.
    """
    bare = text.strip(" ")
    if point != ".":
        bare = bare.replace(".", "?").replace(point, ".")
    if not bare or "_" in bare or not bare.isascii() or bare[-1] not in "0123456789.":
        raise Refusal(1722, value=text)
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise Refusal(1722, value=text) from None
    if not number.is_finite():
        raise Refusal(1722, value=text)
    return number


def text(value: Decimal, point: str = ".") -> str:
    """
    Write a number as TO_CHAR without a format does: no leading zero, exponents only where 40 digits end.

    >>> text(Decimal("0.50")), text(Decimal("-12E2"))
    ('.5', '-1200')
    """
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Refusal(1722)
    mantissa = "".join(map(str, digits)).lstrip("0").rstrip("0")
    if not mantissa:
        return "0"
    places = value.adjusted() + 1
    if not -NUMBER_DIGITS < places <= NUMBER_DIGITS + 2:
        return ("-" if sign else "") + _scientific(mantissa, places - 1, point)
    if places <= 0:
        body = point + "0" * -places + mantissa
    elif len(mantissa) <= places:
        body = mantissa + "0" * (places - len(mantissa))
    else:
        body = mantissa[:places] + point + mantissa[places:]
    return ("-" if sign else "") + body


def _scientific(mantissa: str, exponent: int, point: str) -> str:
    return f"{mantissa[0]}{point}{(mantissa[1:] or '0')[:34]}E{exponent:+03d}"


def exact_sum(values: list[Decimal]) -> Decimal:
    """
    Add numbers without rounding.
    """
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total
