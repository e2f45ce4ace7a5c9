"""
NUMBER: stored so that bytes compare as numbers, rounded as Oracle rounds.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin import decimals, doubles
from tests.standin.refusal import Refusal

numbers = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-120, 80),
)


@given(numbers)
def test_a_number_of_38_digits_comes_back_as_it_was(number):
    assert decimals.decode(decimals.encode(number)) == number


@given(st.lists(numbers, max_size=20))
def test_encoded_numbers_sort_as_numbers(found):
    assert [decimals.decode(data) for data in sorted(map(decimals.encode, found))] == sorted(found)


@given(numbers)
def test_equal_numbers_have_equal_bytes(number):
    assert decimals.encode(number) == decimals.encode(
        Decimal(f"{number:f}0" if "." in f"{number:f}" else number)
    )


@given(st.integers(-(10**60), 10**60))
def test_more_digits_than_a_number_has_are_rounded_half_up(number):
    kept = decimals.decode(decimals.encode(number))
    room = 40 if len(str(abs(number))) % 2 == 0 else 39
    assert kept == Context(prec=room, rounding=ROUND_HALF_UP).create_decimal(number)


@pytest.mark.parametrize(("number", "code"), [(Decimal("1e126"), 1426), (Decimal("NaN"), 1722)])
def test_what_no_number_holds_is_refused(number, code):
    with pytest.raises(Refusal) as refused:
        decimals.encode(number)
    assert refused.value.code == code


def test_what_is_too_small_is_zero():
    assert decimals.encode(Decimal("1e-131")) == decimals.ZERO


@pytest.mark.parametrize(
    ("number", "precision", "scale", "kept"),
    [
        ("1.005", 3, 2, "1.01"),
        ("-1.005", 3, 2, "-1.01"),
        ("1.004", 3, 2, "1.00"),
        ("9.994", 3, 2, "9.99"),
        ("9.995", 3, 2, None),
        ("1250", 2, -2, "1300"),
        ("99950", 3, -2, None),
        ("0.00012", 2, 5, "0.00012"),
        ("0.00123", 2, 5, None),
        ("0.0123", 2, 5, None),
        ("12345678901", 10, 0, None),
    ],
)
def test_scale_is_rounded_and_precision_refused(number, precision, scale, kept):
    if kept is None:
        with pytest.raises(Refusal) as refused:
            decimals.fit(Decimal(number), precision, scale)
        assert refused.value.code == 1438
    else:
        assert decimals.fit(Decimal(number), precision, scale) == Decimal(kept)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("0.5", ".5"),
        ("-0.5", "-.5"),
        ("1200", "1200"),
        ("12.50", "12.5"),
        ("1e39", "1" + "0" * 39),
    ],
)
def test_a_number_is_written_as_to_char_writes_it(number, text):
    assert decimals.text(Decimal(number)) == text


@pytest.mark.parametrize("text", ["", " ", "1_000", "x", "1e", "--1", "1,5", "٣", "0x10", "NaN", "1 2"])
def test_what_is_no_number_is_1722(text):
    with pytest.raises(Refusal) as refused:
        decimals.parse(text)
    assert refused.value.code == 1722


@given(st.lists(st.floats(), max_size=20))
def test_doubles_sort_with_nan_last(found):
    kept = [doubles.decode(data) for data in sorted(map(doubles.encode, found))]
    known = sorted(value + 0.0 for value in found if not math.isnan(value))
    assert kept[: len(known)] == known
    assert all(math.isnan(value) for value in kept[len(known) :])


def test_minus_zero_is_zero():
    assert doubles.encode(-0.0) == doubles.encode(0.0)
