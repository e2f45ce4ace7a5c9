"""
Encodings by themselves: what is written is read back, what is cut off is asked for, what is wrong is refused.
"""

# ruff: noqa: DTZ001 - Oracle's DATE and TIMESTAMP have no zone

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin import encoding, oson
from tests.standin.encoding import Incomplete, Malformed, Reader

ROWS = 7  # message type of a row


@st.composite
def numbers(draw):
    """
    Every NUMBER: up to 40 digits, 1e-130 to 1e126.
    """
    sign = draw(st.integers(0, 1))
    digits = draw(st.integers(0, 10**38 - 1))
    scale = draw(st.integers(-128, 86))
    return Decimal((sign, tuple(map(int, str(digits))), scale if digits else 0))


@given(st.integers(-(2**63), 2**64 - 1))
def test_an_integer_is_read_back(value):
    assert Reader(encoding.ub(value)).ub() == value


@given(st.binary(max_size=600))
def test_bytes_are_read_back(data):
    assert (Reader(encoding.clr(data)).clr() or b"") == data
    assert Reader(encoding.sized(data)).sized() == data


@pytest.mark.parametrize("size", [252, 253, 32_767, 32_768, 100_000])
def test_long_bytes_are_read_back(size):
    data = bytes(range(256)) * (size // 256 + 1)
    assert Reader(encoding.clr(data[:size])).clr() == data[:size]


@given(st.binary(max_size=300), st.integers(0, 299))
def test_every_cut_of_bytes_asks_for_more(data, end):
    whole = encoding.sized(data)
    if end < len(whole):
        with pytest.raises(Incomplete):
            Reader(whole[:end]).sized()


@given(numbers())
def test_a_number_is_read_back_exactly(value):
    assert encoding.number(encoding.to_number(value)) == value


@given(numbers(), numbers())
def test_numbers_sort_as_their_bytes(one, two):
    left, right = encoding.to_number(one), encoding.to_number(two)
    assert (left < right) == (one < two)


@given(numbers())
def test_a_whole_number_has_no_exponent(value):
    read = encoding.number(encoding.to_number(value))
    assert "E" not in f"{read:f}"
    if read == read.to_integral_value():
        assert read.as_tuple().exponent == 0


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("0", "80"),
        ("1", "c102"),
        ("-1", "3e6466"),
        ("123.45", "c202182e"),
        ("100", "c202"),
        ("0.01", "c002"),
        ("-0.001", "405b66"),
    ],
)
def test_numbers_as_oracle_dumps_them(text, raw):
    assert encoding.to_number(Decimal(text)).hex() == raw
    assert encoding.number(bytes.fromhex(raw)) == Decimal(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E126", "1E-140", "1" * 43])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="NUMBER"):
        encoding.to_number(Decimal(text))


@pytest.mark.parametrize("raw", [b"\x00", b"\xc1", b"\xc1\x00", b"\xc1\xff", b"\x3e\x00\x66"])
def test_a_number_that_is_none_is_malformed(raw):
    with pytest.raises(Malformed):
        encoding.number(raw)


@given(st.datetimes())
def test_a_timestamp_is_read_back(value):
    assert encoding.date(encoding.to_timestamp(value)) == value
    assert encoding.date(encoding.to_date(value)) == value.replace(microsecond=0)
    assert encoding.date(encoding.to_date(value.date())) == value.replace(
        hour=0, minute=0, second=0, microsecond=0
    )


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),
    st.integers(-12 * 60, 14 * 60),
)
def test_a_zoned_timestamp_keeps_its_instant_and_its_offset(value, minutes):
    aware = value.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    read = encoding.zoned(encoding.to_zoned(aware))
    assert (read, read.utcoffset()) == (aware, aware.utcoffset())


@pytest.mark.parametrize("raw", [b"", b"\x78", bytes(7), bytes((120, 124, 13, 1, 1, 1, 1))])
def test_a_date_that_is_none_is_malformed(raw):
    with pytest.raises(Malformed):
        encoding.date(raw)


def test_a_time_zone_region_is_refused():
    with pytest.raises(Malformed):
        encoding.zoned(encoding.to_timestamp(datetime(2024, 1, 1)) + b"\x88\x3c")


@given(st.timedeltas(min_value=-timedelta(days=10**6), max_value=timedelta(days=10**6)))
def test_an_interval_is_read_back(value):
    assert encoding.interval(encoding.to_interval(value)) == value


@given(st.floats(allow_nan=False))
def test_a_binary_double_is_read_back(value):
    assert encoding.binary_double(encoding.to_binary(value)) == value


@given(st.floats(width=32, allow_nan=False))
def test_a_binary_float_is_read_back(value):
    assert encoding.binary_double(encoding.to_binary(value, 4)) == value


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_binary_doubles_sort_as_their_bytes(one, two):
    if one != two:
        assert (encoding.to_binary(one) < encoding.to_binary(two)) == (one < two)


def test_nan_is_read_back():
    assert math.isnan(encoding.binary_double(encoding.to_binary(math.nan)))


# ---- rows -------------------------------------------------------------------------------------------------

cells = st.one_of(st.none(), st.binary(min_size=1, max_size=300))


@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), max_size=6)), st.data())
def test_rows_are_split_however_they_arrive(rows, data):
    """
    A first look at the beginning of the bytes, a second one at all of them.
    """
    width = len(rows[0]) if rows else 1
    whole = b"".join(bytes((ROWS,)) + b"".join(map(encoding.clr, row)) for row in rows)
    end = data.draw(st.integers(0, len(whole)))
    found = []
    pos, done = encoding.split_rows(whole[:end], 0, width, len(rows), found)
    assert len(found) == done * width
    pos, more = encoding.split_rows(whole, pos, width, len(rows) - done, found)
    assert (pos, done + more) == (len(whole), len(rows))
    assert found == [cell for row in rows for cell in row]


def test_a_null_boolean_is_two_bytes():
    found = []
    assert encoding.split_rows(b"\x07\xfd\x01\x01\x00", 0, 2, 1, found) == (5, 1)
    assert found == [None, b"\x00"]


def test_a_row_without_its_mark_is_malformed():
    with pytest.raises(Malformed):
        encoding.split_rows(b"\x08\x01\x00", 0, 1, 1, [])


# ---- JSON -------------------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.integers(-(10**20), 10**20),
    numbers(),
    st.binary(max_size=9),
    st.datetimes(),
    st.timedeltas(min_value=-timedelta(days=9999), max_value=timedelta(days=9999)),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(documents)
def test_json_is_read_back(value):
    with localcontext() as context:
        context.prec = 60
        assert oson.decode(oson.encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        list(range(70_000)),
        {f"name {number}": number for number in range(300)},
        {"x" * 300: {"x" * 300: 1, "y": "z" * 70_000}},
        "x" * 70_000,
        "x" * 300,
        b"x" * 70_000,
        {f"{number:020}": number for number in range(4000)},
    ],
    ids=["many elements", "many names", "long names", "long text", "text", "long bytes", "wide names"],
)
def test_large_json_is_read_back(value):
    assert oson.decode(oson.encode(value)) == value


@pytest.mark.parametrize("image", [b"", b"abc\x01", b"\xffJZ\x09\x00\x00", b"\xffJZ\x01\x00\x16\x00\x01\xff"])
def test_what_is_no_json_image_is_refused(image):
    with pytest.raises((Malformed, Incomplete)):
        oson.decode(image)


def test_json_that_shares_its_names_with_another_object_is_read():
    """
    Servers write an array of like objects so: the second one lends the names of the first.
    """
    tree = bytes.fromhex("c0 02 0006 000c  84 01 01 000b 31  9c 0006 0011 31")
    names = b"\x2c" + b"\x00\x00" + b"\x01a"
    head = b"\xffJZ\x01" + (0x2106).to_bytes(2, "big") + b"\x01" + b"\x00\x02"
    image = head + len(tree).to_bytes(2, "big") + b"\x00\x00" + names + tree
    assert oson.decode(image) == [{"a": True}, {"a": True}]
