"""
JSON values -> bind values: the quick way and the complete one are one function, and a reject says why.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_oracle.conversion import Converter, Tally
from target_oracle.convert import converter
from target_oracle.errors import InternalError
from target_oracle.faults import RowFault, TooLong
from target_oracle.moments import parse_datetime, to_utc
from target_oracle.numerals import fit_number
from target_oracle.oracle.charsets import charset_of
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field, Kind
from tests.unit.ways import every_way, slowly

S19 = Server((19,))
WEST = Server((19,), charset="WE8MSWIN1252")
NUMBER, CLOB = OracleType("NUMBER"), OracleType("CLOB")
STAMP = OracleType("TIMESTAMP WITH TIME ZONE", precision=6)
_TYPES = {
    Kind.INTEGER: {"integer"},
    Kind.NUMBER: {"number"},
    Kind.BOOLEAN: {"boolean"},
    Kind.JSON: {"object", "array"},
}


def make(
    kind: Kind, type_: OracleType, server: Server = S19, tally: Tally | None = None, **said: Any
) -> Converter:
    types = said.pop("types", _TYPES.get(kind, {"string"}))
    prop = Field("a", ("a",), kind, frozenset(types), **said)
    return converter(prop, Column("A", type_), server, tally=tally or Tally())


JSON = st.one_of(
    st.none().map(lambda _: b"0E-10"),
    st.integers(-(10**40), 10**40).map(lambda value: str(value).encode()),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda value: str(value).encode()),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
        lambda value: json.dumps(value).encode()
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode()
    ),
    st.datetimes().map(lambda value: json.dumps(value.isoformat()).encode()),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=-7)))).map(
        lambda value: json.dumps(value.isoformat()).encode()
    ),
    st.sampled_from(
        [b"true", b"false", b"[]", b"{}", b'"\\ud800"', b'""', b'"0000-00-00T00:00:00Z"', b'"AAEC"', b"1e400"]
    ),
)
PAIRS = [
    (Kind.INTEGER, OracleType("NUMBER", precision=38, scale=0)),
    (Kind.INTEGER, OracleType("NUMBER", precision=5, scale=0)),
    (Kind.NUMBER, NUMBER), (Kind.NUMBER, OracleType("NUMBER", precision=10, scale=2)),
    (Kind.BOOLEAN, OracleType("BOOLEAN")), (Kind.STRING, OracleType("VARCHAR2", 8, char=True)),
    (Kind.STRING, OracleType("VARCHAR2", 20)), (Kind.STRING, CLOB),
    (Kind.STRING, OracleType("VARCHAR2", 4000)), (Kind.DATE_TIME, STAMP), (Kind.DATE, OracleType("DATE")),
    (Kind.BINARY, OracleType("BLOB")), (Kind.JSON, CLOB), (Kind.DECIMAL_STRING, NUMBER), (Kind.ANY, CLOB),
]  # fmt: skip


@pytest.mark.parametrize("server", [S19, WEST], ids=["AL32UTF8", "WE8MSWIN1252"])
@pytest.mark.parametrize(
    ("kind", "type_"), PAIRS, ids=[f"{kind.value} {type_.ddl()}" for kind, type_ in PAIRS]
)
@settings(max_examples=150, deadline=None)
@given(raw=JSON)
def test_the_quick_ways_and_the_complete_one_are_the_same(server, kind, type_, raw):
    found = every_way(make(kind, type_, server), raw)
    assert all(value == found[0] for value in found), found


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_whole_digits_or_is_refused(value):
    tally = Tally()
    try:
        fitted = Decimal(fit_number(value, NUMBER, tally))
    except RowFault as fault:
        assert fault.code in ("ORA-01426", "ORA-01438")  # noqa: PT017
        return
    assert len(fitted.normalize().as_tuple().digits) <= 38
    if fitted != value:
        assert tally.rounded == 1
        assert abs(fitted - value) <= Decimal(5).scaleb(value.adjusted() - 38)
    else:
        assert tally.rounded == 0


ODD = st.sampled_from(
    [True, "", "12", {}, Decimal("1e400"), Decimal("1e-131"), Decimal("1." + "7" * 50), Decimal("0e-400")]
)


@given(
    st.lists(st.none() | st.integers(-(10**30), 10**30) | st.decimals(-9, 9, places=3), min_size=20),
    st.lists(st.tuples(st.integers(0, 20), ODD), max_size=8),
)
def test_odd_numbers_among_plain_ones_become_what_they_become_alone(plain, odd):
    """
    However many they are: what is stored, what is refused and what is counted.
    """
    values = [*plain]
    for place, value in odd:
        values.insert(place, value)
    many, one = Tally(), Tally()
    found, faults = make(Kind.NUMBER, NUMBER, tally=many).finish(values)
    alone = [make(Kind.NUMBER, NUMBER, tally=one).finish([value]) for value in values]
    assert list(found) == [stored for ((stored,), _) in alone]
    assert [str(value) for value in found if value == 0 and "E" in str(value)] == []
    assert {n: (fault.code, fault.why) for n, fault in faults.items()} == {
        n: (fault[0].code, fault[0].why) for n, (_, fault) in enumerate(alone) if fault
    }
    assert many.take() == one.take()


@pytest.mark.parametrize("exponent", [-400, -130, -10, 3, 130, 400])
def test_a_zero_of_any_exponent_is_zero(exponent):
    """
    As text it would be `0E-130`, of which the driver makes no Oracle number.
    """
    made = make(Kind.NUMBER, NUMBER)
    assert made.finish is not None
    values, faults = made.finish([Decimal((0, (0,), exponent)), None, Decimal("1.5"), Decimal("0.00")])
    assert (list(map(str, values)), faults) == (["0", "None", "1.5", "0"], {})


@pytest.mark.parametrize(
    ("text", "stored"),
    [("0.5", 0), ("1.5", 2), ("2.5", 2), ("99999.4", 99999), ("99999.5", "ORA-01438"), ("-2.51", -3)],
)
def test_a_fraction_is_rounded_half_to_even_at_the_columns_scale(text, stored):
    made = make(Kind.NUMBER, OracleType("NUMBER", precision=5, scale=0))
    assert slowly(made, text.encode()) == stored


CHARACTERS = [
    ("WE8MSWIN1252", "10 €", 4), ("WE8ISO8859P1", "10 €", None),
    ("WE8ISO8859P15", "10 €", 4), ("US7ASCII", "é", None),
    ("EE8MSWIN1250", "ő", 1), ("CL8MSWIN1251", "Ж", 1),
    ("JA16SJIS", "日", 2), ("KO16MSWIN949", "한", 2),
    ("ZHS16GBK", "汉", 2), ("AL32UTF8", "😀", 4),
    ("UTF8", "😀", 6), ("WE8MSWIN1252", "😀", None),
]  # fmt: skip


@pytest.mark.parametrize(("charset", "text", "size"), CHARACTERS)
def test_a_character_that_the_database_lacks_is_a_reject(charset, text, size):
    server = Server((19,), charset=charset)
    stored = text if size else "ORA-12713"
    raw = json.dumps(text).encode()
    assert set(every_way(make(Kind.STRING, OracleType("VARCHAR2", 4000), server), raw)) == {stored}
    assert set(every_way(make(Kind.STRING, CLOB, server), raw)) == {stored}
    if size:
        assert charset_of(charset).size(text) == size


def test_bytes_are_counted_in_the_databases_character_set():
    text = json.dumps("ä" * 20).encode()
    narrow = OracleType("VARCHAR2", 20)
    assert slowly(make(Kind.STRING, narrow, WEST), text) == "ä" * 20
    with pytest.raises(TooLong) as refused:
        make(Kind.STRING, narrow, S19).read(text)
    assert (refused.value.chars, refused.value.size) == (20, 40)


def test_a_document_escapes_what_the_character_set_lacks_and_means_the_same():
    stored = slowly(make(Kind.JSON, CLOB, WEST), '{"é":"한😀"}'.encode())
    assert stored == '{"é":"\\ud55c\\ud83d\\ude00"}'
    assert json.loads(stored) == {"é": "한😀"}


def test_an_unknown_character_set_is_not_known():
    assert not charset_of("WE8EBCDIC37").is_known
    assert all(charset_of(name).is_known for name, _, _ in CHARACTERS)


def test_each_thread_counts_for_itself():
    tally = Tally()
    read = make(Kind.STRING, CLOB, tally=tally).read
    loader = threading.Thread(target=read, args=(b'""',))
    loader.start()
    loader.join()
    assert tally.take() == (0, 0)
    read(b'""')
    assert tally.take() == (1, 0)
    assert tally.take() == (0, 0)


@given(st.datetimes(timezones=st.timezones()))
def test_a_date_time_is_its_instant_in_utc(value):
    if value.utcoffset() % timedelta(minutes=1):
        return  # ISO 8601 has no seconds in an offset
    try:
        expected = value.astimezone(timezone.utc)
    except OverflowError:
        with pytest.raises(RowFault, match="outside the years"):
            to_utc(parse_datetime(value.isoformat()))
        return
    assert to_utc(parse_datetime(value.isoformat())) == expected


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1", 100000),
        ("123456", 123456),
        ("1234564", 123456),
        ("1234565", 123457),
        ("123456499", 123456),
        ("0000005", 1),
    ],
)
def test_digits_beyond_a_microsecond_are_rounded_half_up(text, micros):
    assert parse_datetime(f"2024-01-01T00:00:00.{text}Z") == datetime(
        2024, 1, 1, 0, 0, 0, micros, timezone.utc
    )


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-01-01T24:00:01Z", "0000-01-01", "2024-01-01T00:00:00+99:00"]
)
def test_what_no_calendar_has_is_refused_without_the_value(text):
    with pytest.raises(RowFault) as refused:
        parse_datetime(text)
    assert not any(char.isdigit() and char not in "19" for char in refused.value.why)


def test_a_pair_that_evolution_never_makes_is_our_fault():
    with pytest.raises(InternalError):
        make(Kind.BINARY, NUMBER)
