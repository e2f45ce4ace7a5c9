"""
The compiled way and the slow way from a line to a row are one function.
"""

from __future__ import annotations

# ruff: noqa: E501  # tables: one case a line
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.conversion import Tally
from target_oracle.convert import converter
from target_oracle.decoder import REFUSED, Decoder, Slot
from target_oracle.faults import RowFault, TooLong
from target_oracle.moments import parse_datetime
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field, Kind

NUMBER = OracleType("NUMBER")
INTEGER = OracleType("NUMBER", precision=38, scale=0)
SHORT = OracleType("VARCHAR2", 10, char=True)
WIDE = OracleType("VARCHAR2", 4000)
ZONED = OracleType("TIMESTAMP WITH TIME ZONE", precision=6)
CLOB = OracleType("CLOB")


def slot(name, kind, type_, types=("string",), **said):
    prop = Field(name, tuple(name.split("/")), kind, frozenset(types))
    column = Column(name.upper(), type_)
    return Slot(prop, column, converter(prop, column, Server((19,)), tally=Tally()), **said)


def line(record, stream="s"):
    return json.dumps({"type": "RECORD", "stream": stream, "record": record}, default=str).encode()


def fast(decoder, text):
    rows = []
    decoder.rows_into(rows, iter([text]))
    return decoder.finish(rows)


def slow(decoder, record):
    row = decoder.slow_row(record, None, None)
    return decoder.finish([row])


def slow_or_fault(decoder, record):
    try:
        return slow(decoder, record)
    except RowFault as fault:
        return [], {0: fault}


COLUMNS = {
    "integer": (Kind.INTEGER, INTEGER, ("integer",)),
    "number": (Kind.NUMBER, NUMBER, ("number",)),
    "boolean": (Kind.BOOLEAN, OracleType("NUMBER", precision=1, scale=0), ("boolean",)),
    "short": (Kind.STRING, SHORT, ("string",)),
    "text": (Kind.STRING, WIDE, ("string",)),
    "clob": (Kind.STRING, CLOB, ("string",)),
    "when": (Kind.DATE_TIME, ZONED, ("string",)),
    "day": (Kind.DATE, OracleType("DATE"), ("string",)),
    "json": (Kind.JSON, OracleType("CLOB", is_json=True), ("object", "array")),
    "any": (Kind.ANY, WIDE, ()),
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**45), 10**45)
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: Decimal(str(d)))
    | st.text(max_size=12)
    | st.datetimes(timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30))])).map(
        datetime.isoformat
    )
    | st.dates().map(lambda d: d.isoformat()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def written(value):
    """
    Return *value* as JSON text, decimals with every digit.
    """
    if isinstance(value, Decimal):
        return f"{value:e}" if value else "0"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


@pytest.mark.parametrize("column", COLUMNS)
@given(value=JSON)
def test_what_the_fast_way_takes_the_slow_way_gives_too(column, value):
    """
    For any JSON value: where msgspec accepts it, both ways give the same bind value or the same fault.
    """
    kind, type_, types = COLUMNS[column]
    decoder = Decoder("s", [slot("a", kind, type_, types)])
    record = f'{{"a":{written(value)}}}'.encode()
    text = b'{"type":"RECORD","stream":"s","record":' + record + b"}"
    try:
        rows, faults = fast(decoder, text)
    except REFUSED:
        return
    expected_rows, expected = slow_or_fault(decoder, record)
    assert {n: f.code for n, f in faults.items()} == {n: f.code for n, f in expected.items()}
    if not faults:
        assert rows == expected_rows
        assert [isinstance(value, bool) for value in rows[0]] == [
            isinstance(value, bool) for value in expected_rows[0]
        ]


@pytest.mark.parametrize("column", COLUMNS)
@given(value=JSON)
def test_the_relaxed_way_means_the_same(column, value):
    """
    A column that was relaxed gives what it gave before.
    """
    kind, type_, types = COLUMNS[column]
    strict, relaxed = slot("a", kind, type_, types), slot("a", kind, type_, types)
    while relaxed.converter.relaxed:
        relaxed = Slot(relaxed.prop, relaxed.column, relaxed.converter.relaxed)
    record = f'{{"a":{written(value)}}}'.encode()

    def outcome(one):
        try:
            rows, faults = slow(Decoder("s", [one]), record)
        except RowFault as fault:
            return fault.code
        return faults[0].code if faults else rows

    assert outcome(relaxed) == outcome(strict)


@given(st.data())
def test_the_slow_way_tells_the_first_fault_in_the_order_of_the_columns(data):
    """
    Whatever else is wrong, and in whatever order the record has its properties.
    """
    names = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, unique=True))
    members = {name: written(data.draw(JSON)) for name in data.draw(st.permutations(names))}

    def outcome(*columns):
        record = "{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}"
        try:
            return Decoder("s", [slot(name, *COLUMNS[name]) for name in columns]).slow_row(
                record.encode(), None, None
            )
        except RowFault as fault:
            return fault.code, fault.why, fault.column

    alone = [outcome(name) for name in names]
    faults = [one for one in alone if len(one) == 3]
    assert outcome(*names) == (faults[0] if faults else tuple(value for (value,) in alone))


def test_rows_before_a_refused_line_stay():
    """
    The reader relies on it: list.extend keeps what it got before its iterator raised.
    """
    decoder = Decoder("s", [slot("id", Kind.INTEGER, INTEGER, ("integer",))])
    rows = []
    lines = iter([line({"id": 1}), line({"id": 2}), line({"id": "x"}), line({"id": 4})])
    with pytest.raises(REFUSED):
        decoder.rows_into(rows, lines)
    assert rows == [(1,), (2,)]
    assert [json.loads(rest)["record"]["id"] for rest in lines] == [4]


def test_another_streams_line_is_refused():
    decoder = Decoder("s", [slot("id", Kind.INTEGER, INTEGER, ("integer",))])
    with pytest.raises(REFUSED):
        decoder.rows_into([], iter([line({"id": 1}, stream="t")]))


def test_a_missing_property_is_null_and_a_missing_key_is_a_fault():
    slots = [slot("id", Kind.INTEGER, INTEGER, ("integer",), key=True), slot("a", Kind.STRING, SHORT)]
    decoder = Decoder("s", slots)
    assert fast(decoder, line({"id": 1})) == ([(1, None)], {})
    with pytest.raises(RowFault, match="key is missing"):
        decoder.slow_row(b'{"a":"x"}', None, None)


@pytest.mark.parametrize("key", [b"null", b'""'])
def test_a_null_or_empty_key_is_a_fault(key):
    decoder = Decoder("s", [slot("id", Kind.STRING, SHORT, key=True)])
    with pytest.raises(RowFault) as caught:
        decoder.slow_row(b'{"id":' + key + b"}", None, None)
    assert caught.value.code == "ORA-01400"
    assert caught.value.column == "id"


def test_null_where_the_schema_has_no_null_is_a_fault_but_absence_is_not():
    decoder = Decoder("s", [slot("a", Kind.NUMBER, NUMBER, ("number",), filled=True)])
    with pytest.raises(RowFault, match="null"):
        decoder.slow_row(b'{"a":null}', None, None)
    assert slow(decoder, b"{}") == ([(None,)], {})
    rows, faults = fast(decoder, line({"a": None}))
    assert rows == [(None,)]
    assert list(faults) == [0]


def test_an_unknown_property_takes_the_slow_way_once():
    decoder = Decoder("s", [slot("a", Kind.STRING, SHORT)])
    text = line({"a": "x", "b": 1})
    with pytest.raises(REFUSED):
        fast(decoder, text)
    assert decoder.unknown(b'{"a":"x","b":1}') == ["b"]
    decoder.tolerate_unknown()
    assert fast(decoder, text) == ([("x",)], {})


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "line\nfeed"])
def test_a_name_that_cannot_be_compiled_is_read_the_slow_way(name):
    decoder = Decoder("s", [slot(name, Kind.STRING, SHORT)])
    with pytest.raises(REFUSED):
        fast(decoder, line({name: "x"}))
    assert slow(decoder, json.dumps({name: "x"}).encode()) == ([("x",)], {})


def test_nested_properties_become_columns():
    slots = [
        slot("id", Kind.INTEGER, INTEGER, ("integer",)),
        slot("o/a", Kind.STRING, SHORT),
        slot("o/p/b", Kind.STRING, SHORT),
    ]
    decoder = Decoder("s", slots)
    assert fast(decoder, line({"id": 1, "o": {"a": "x", "p": {"b": "y"}}})) == ([(1, "x", "y")], {})
    assert fast(decoder, line({"id": 1})) == ([(1, None, None)], {})
    assert slow(decoder, b'{"id":1,"o":null}') == ([(1, None, None)], {})


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"id": 1, "o": 5}, ("TYPE", "o/a")),
        ({"id": 1, "o": {"p": []}}, ("TYPE", "o/p/b")),
        ({"id": 1, "o": {"a": "x" * 11, "p": []}}, ("ORA-12899", "o/a")),
        ({"id": 1, "o": {"p": {"b": {}}}}, ("TYPE", "o/p/b")),
        ({"id": "x", "o": 5}, ("TYPE", "id")),
    ],
)
def test_what_is_wrong_within_an_object_is_told_of_the_first_column_that_needs_it(record, why):
    slots = [
        slot("id", Kind.INTEGER, INTEGER, ("integer",)),
        slot("o/a", Kind.STRING, SHORT),
        slot("o/p/b", Kind.STRING, SHORT),
        slot("o/p/c", Kind.STRING, SHORT),
    ]
    with pytest.raises(RowFault) as caught:
        slow(Decoder("s", slots), json.dumps(record).encode())
    assert (caught.value.code, caught.value.column) == why


def test_a_column_whose_values_keep_failing_the_fast_way_is_relaxed():
    decoder = Decoder("s", [slot("year", Kind.STRING, WIDE)])
    with pytest.raises(REFUSED):
        fast(decoder, line({"year": 2006}))
    for _ in range(100):
        decoder.slow_row(b'{"year":2006}', None, None)
    assert decoder.adapt()
    assert fast(decoder, line({"year": 2006})) == ([("2006",)], {})


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("0E-10", 0, id="zero-with-exponent"),
        pytest.param("1e+22", Decimal("1e22"), id="exponent"),
        pytest.param("1.98000000000000009325873406851315312087535858154296875", Decimal("1.9800000000000000932587340685131531209"), id="binary-float"),
        pytest.param("9" * 38, int("9" * 38), id="38-digits"),
        pytest.param("1" + "0" * 100, Decimal("1e100"), id="1e100"),
    ],
)  # fmt: skip
def test_a_number_is_kept_or_rounded_half_to_even_at_38_digits(text, stored):
    decoder = Decoder("s", [slot("n", Kind.NUMBER, NUMBER, ("number",))])
    (row,), faults = fast(decoder, b'{"type":"RECORD","stream":"s","record":{"n":' + text.encode() + b"}}")
    assert not faults
    assert row[0] == stored


@pytest.mark.parametrize(
    "text", ["1e126", "-1e126", "9" * 39 + ".5", "1e-131", '"NaN"', '"12"', "true", "{}"]
)
def test_a_number_that_number_does_not_hold_is_a_fault(text):
    decoder = Decoder("s", [slot("n", Kind.NUMBER, NUMBER, ("number",))])
    _, faults = fast(decoder, b'{"type":"RECORD","stream":"s","record":{"n":' + text.encode() + b"}}")
    assert list(faults) == [0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00+00:00"),
        ("2024-02-29 12:00:00", "2024-02-29T12:00:00"),
        ("2024-02-29T12:00:00.123456789+05", "2024-02-29T12:00:00.123457+05:00"),
        ("2024-02-29T12:00-0330", "2024-02-29T12:00:00-03:30"),
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_date_times_are_read_as_taps_write_them(text, said):
    assert parse_datetime(text).isoformat() == said


@pytest.mark.parametrize(
    "text",
    ["0000-00-00", "2024-00-01T00:00:00Z", "2024-02-30", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00ZZ",
     "2024-01-01T00:00:00Z+00:00", "yesterday", "2024-1-1", "99999-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"],
)  # fmt: skip
def test_impossible_date_times_are_faults(text):
    with pytest.raises(RowFault):
        parse_datetime(text)


def test_a_text_that_does_not_fit_says_how_long_it_is():
    decoder = Decoder("s", [slot("a", Kind.STRING, SHORT)])
    with pytest.raises(TooLong) as caught:
        decoder.slow_row('{"a":"ééééééééééé"}'.encode(), None, None)
    assert (caught.value.chars, caught.value.size) == (11, 22)


WHEN = st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T00:00:00+05:00", "0001-01-01T00:00:00+05:00"])


@pytest.mark.parametrize("often", [1, 20])
@given(data=st.data())
def test_rows_become_the_same_whether_few_or_all_of_a_column_change(often, data):
    """
    With values that stay as they are, but for each *often*-th row; `time_extracted` is a column as well.
    """
    slots = [slot(name, *COLUMNS[name]) for name in ("number", "text", "when")]
    decoder = Decoder("s", slots, extras=("time_extracted",))
    rows = []
    for n in range(data.draw(st.integers(0, 40))):
        record = {"number": n, "text": "x", "when": "2024-01-01T00:00:00Z"}
        extracted = record["when"]
        if n % often == 0:
            record["number"] = data.draw(st.sampled_from([1, "x", Decimal("1e200")]))
            record["when"], extracted = data.draw(WHEN), "2024-01-01T00:00:00+05:00"
        text = line(record).replace(b'"1E+200"', b"1e200")
        decoder.rows_into(rows, iter([text[:-1] + b',"time_extracted":"' + extracted.encode() + b'"}']))
    given_rows = list(rows)
    found, faults = decoder.finish(rows)
    alone = [decoder.finish([row]) for row in given_rows]
    assert rows == given_rows
    assert found == [row for ((row,), _) in alone]
    assert {value.utcoffset() for row in found for value in row[2:] if value} <= {timedelta(0)}
    assert {n: fault.column for n, fault in faults.items()} == {
        n: fault[0].column for n, (_, fault) in enumerate(alone) if fault
    }


def test_an_object_that_is_not_there_makes_no_fault_of_what_it_must_hold():
    """
    A flattened property may not be null where its object is; where the object is missing it is NULL.
    """
    text = OracleType("VARCHAR2", 20, char=True)
    decoder = Decoder("s", [slot("id", Kind.ANY, CLOB, ()), slot("a/b", Kind.STRING, text, filled=True)])
    rows = decoder.any_rows(
        [
            b'{"type":"RECORD","stream":"s","record":%s}' % record
            for record in (b'{"id":"1","a":{"b":"x"}}', b'{"id":"2"}')
        ]
    )
    finished, faults = decoder.finish(rows)
    assert not faults
    assert [row[1] or None for row in finished] == ["x", None]


def test_a_demand_of_the_whole_record_is_made_of_each():
    def refuse(record):
        if b"bad" in record:
            raise RowFault("schema", "no")

    decoder = Decoder("s", [slot("a", Kind.STRING, CLOB)])
    decoder.demand(refuse)
    assert decoder.any_rows([b'{"type":"RECORD","stream":"s","record":{"a":"good"}}']) == [("good",)]
    with pytest.raises(RowFault, match="no"):
        decoder.any_rows([b'{"type":"RECORD","stream":"s","record":{"a":"bad"}}'])
