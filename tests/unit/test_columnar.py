"""
Lines -> columns: the compiled decoder takes what taps send, and makes of it what the slow way would.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from array import array
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_oracle import columnar
from target_oracle.faults import RowFault
from target_oracle.metadata import ALL, STARTED
from target_oracle.oracle.binds import order_of_columns
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.messages import read_envelope
from target_oracle.singer.schema import read_fields
from target_oracle.stream import Loading, Target, Version, make_version
from target_oracle.typemap import column_types

pytestmark = pytest.mark.skipif(
    columnar.compiled is None, reason="the program was installed without its compiled part"
)

SERVERS = (Server((19,), user="APP", schema="APP"), Server((23,), user="APP", schema="APP"))
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 500_000, timezone.utc)
NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)
SCHEMAS: dict[str, dict[str, Any]] = {
    "integer": {"type": ["null", "integer"]},
    "small": {"type": ["null", "integer"], "minimum": -5, "exclusiveMaximum": 100},
    "chosen": {"type": ["null", "integer"], "enum": [1, 2, 300, None]},
    "number": {"type": ["null", "number"]},
    "bounded": {"type": ["null", "number"], "minimum": -1.5, "exclusiveMaximum": 1000},
    "cents": {"type": ["null", "number"], "multipleOf": 0.01, "minimum": -1e38, "maximum": 1e38},
    "money": {"type": ["null", "number"], "x-sql-datatype": "NUMBER(10,2)"},
    "double": {"type": ["null", "number"], "x-sql-datatype": "BINARY_DOUBLE"},
    "digits": {"type": ["null", "string"], "format": "singer.decimal"},
    "flag": {"type": ["null", "boolean"]},
    "text": {"type": ["null", "string"]},
    "short": {"type": ["null", "string"], "maxLength": 5},
    "word": {"type": ["null", "string"], "enum": ["open", "paid", "é", None]},
    "code": {"type": ["null", "string"], "pattern": "^[A-Z]{2}[0-9é]+$", "minLength": 3},
    "clob": {"type": ["null", "string"], "x-sql-datatype": "CLOB"},
    "moment": {"type": ["null", "string"], "format": "date-time"},
    "day": {"type": ["null", "string"], "format": "date"},
    "clock": {"type": ["null", "string"], "format": "time"},
    "object": {"type": ["null", "object"]},
    "list": {"type": ["null", "array"]},
    "shape": {
        "type": ["null", "object"],
        "required": ["a"],
        "properties": {
            "a": {"type": "integer"},
            "b": {
                "type": ["null", "array"],
                "items": {"type": "object", "properties": {"c": {"type": "string"}}},
            },
        },
    },
    "numbers": {"type": "array", "items": {"type": ["number", "null"]}},
    "either": {"type": ["null", "string", "number", "object"]},
    "bytes": {"type": ["null", "string"], "contentEncoding": "base64"},
}  # fmt: skip


def version(
    names: list[str],
    server: Server = SERVERS[0],
    *,
    keys: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
    validate: bool = True,
    metadata: bool = False,
    method: str = "append-only",
) -> Version:
    """
    Return a version of stream `s` whose properties are *names* of SCHEMAS.
    """
    schema = {"properties": {name: SCHEMAS[name] for name in names}, "required": list(required)}
    fields = read_fields(schema)
    added = ALL if metadata else ()
    types = column_types((*fields, *added), keys, server)
    columns = {prop.name: Column(prop.name.upper(), types[prop.name]) for prop in (*fields, *added)}
    target = Target("APP", "S", columns, keys, method, server, Loading())
    return make_version("s", fields, target, names, validate=validate, metadata=added, gathers=True)


def scanned(made: Version, data: bytes) -> tuple[columnar.ColumnRows, list[int]]:
    """
    Return the rows that the compiled decoder takes of *data*, and the numbers of lines that it refuses.

    Where it tells of a line which value it refused, that value is to be all that the slow way finds.
    """
    rows = made.layout.gather(10_000, 1 << 30)
    scanner = columnar.compiled.Scanner()
    scanner.add(rows.gathered)
    place, number, refused = 0, 0, []
    while place < len(data):
        place, number, why, _, told = scanner.take(data, place, len(data), number, 1 << 40, 1 << 40)
        assert told is None or why == columnar.compiled.REFUSED
        if place < len(data):
            refused.append(number)
            end = data.find(b"\n", place) + 1 or len(data) + 1
            if told is not None:
                columns, column, start, stop, ending = told
                assert (columns, ending) == (rows.gathered, end - 1)
                fault = made.decoder.fault_of(column, data[start:stop])
                assert fault is None or fault == fault_in(made, data[place:ending])
            place, number = end, number + 1
    return rows, refused


def fault_in(made: Version, text: bytes) -> tuple[str, str, str | None] | None:
    """
    What the slow way finds to refuse the RECORD *text* for; None where it takes it.
    """
    envelope = read_envelope(text)
    assert envelope.type == "RECORD"
    try:
        made.decoder.slow_row(bytes(envelope.record), envelope.time_extracted, envelope.version)
    except RowFault as fault:
        return fault.code, fault.why, fault.column
    return None


def scanner_of(made: Version) -> Any:
    """
    A scanner that adds to columns of *made*.
    """
    scanner = columnar.compiled.Scanner()
    scanner.add(made.layout.gather(10_000, 1 << 30).gathered)
    return scanner


def values(rows: columnar.ColumnRows, columns: int) -> list[tuple[Any, ...]]:
    """
    Return *rows* as Arrow has them.
    """
    table = pa.table(rows.stream(range(columns)))
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def slowly(made: Version, lines: list[bytes]) -> list[tuple[Any, ...]]:
    rows, faults = made.decoder.finish(made.decoder.any_rows(lines)) if lines else ([], {})
    assert not faults
    return rows


def plain(value: Any) -> Any:
    """
    Return *value* so that what is bound alike is equal: no zones, no empty texts, one type of number.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return value + 0
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    return value if value != "" else None


def line(
    record: bytes, head: bytes = b'{"type":"RECORD","stream":"s","record":', tail: bytes = b"}"
) -> bytes:
    return head + record + tail


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
STRINGS = st.one_of(
    TEXTS.map(lambda text: json.dumps(text).encode()),
    TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False).encode()),
    st.sampled_from(
        ["AB1", "ABé", "open", "paid", "", "é", "x" * 4001, "é" * 2001, "12.50", "1e3", " 7"]
    ).map(lambda text: json.dumps(text, ensure_ascii=False).encode()),
    st.sampled_from(
        [rb'"\ud83d\ude00"', rb'"\ud83d"', rb'"\/\b\u00e9"', b'"\xff"', b'"\x01"', b'"aGVsbG8="']
    ),
)
NUMBERS = st.one_of(
    st.integers(-(10**40), 10**40).map(lambda value: str(value).encode()),
    st.integers(-300, 300).map(lambda value: str(value).encode()),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda value: str(value).encode()),
    st.decimals(-2000, 2000, places=2).map(lambda value: str(value).encode()),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: repr(value).encode()),
    st.sampled_from([b"-0", b"0.0", b"1E5", b"1e-3", b"01", b"1.", b".5", b"-", b"1e", b"0e400", b"NaN"]),
)
ZONES = st.sampled_from([None, timezone.utc, timezone(timedelta(hours=-7, minutes=-30))])
MOMENTS = st.one_of(
    st.datetimes(timezones=ZONES).map(lambda value: json.dumps(value.isoformat()).encode()),
    st.datetimes(timezones=ZONES).map(lambda value: json.dumps(value.isoformat(" ")).encode()),
    st.dates().map(lambda value: json.dumps(value.isoformat()).encode()),
    st.sampled_from(
        [
            b'"2024-02-29T24:00:00Z"',
            b'"2023-02-29"',
            b'"2024-02-29T12:00:00.1234567Z"',
            b'"2024-02-29T12:00:00.120000000Z"',
            b'"2024-02-29t12:00:00z"',
            b'"1969-12-31T23:59:59.999999Z"',
            b'"0001-01-01T00:00:00+01:00"',
            b'"9999-12-31T23:59:59-00:01"',
            b'"2024-02-29T12:00:60Z"',
            b'"2024-02-29T12:00"',
        ]
    ),
)
FORMED = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([1.0, 2.5, "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
DOCUMENTS = st.one_of(
    FORMED,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b'{"a" : [1.50, {"b":"\\ud800"}] }', b"[1,]", b"{,}", b"[" * 70 + b"]" * 70, b'{"a":1,"a":2}']
    ),
)
LITERALS = st.sampled_from([b"null", b"true", b"false", b"nul", b"True", b""])
ANYTHING = st.one_of(STRINGS, NUMBERS, MOMENTS, DOCUMENTS, LITERALS)
SPACE = st.sampled_from([b"", b"", b"", b" ", b"\t ", b" \r"])


@st.composite
def records(draw: st.DrawFn, names: list[str]) -> bytes:
    """
    A record whose members are *names* in any order, some missing, some twice, with all sorts of values.
    """
    order = draw(st.permutations(names)) if draw(st.booleans()) else names
    members = []
    for name in order:
        for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2]))):
            space = draw(SPACE)
            members.append(b'%s"%s"%s:%s%s' % (space, name.encode(), space, space, draw(ANYTHING)) + space)
    return b"{" + b",".join(members) + draw(SPACE) + b"}"


@settings(max_examples=400)
@given(st.data())
def test_what_the_compiled_decoder_takes_is_what_the_slow_way_makes_of_it(data):
    names = data.draw(st.lists(st.sampled_from(list(SCHEMAS)), min_size=1, max_size=4, unique=True))
    required = tuple(name for name in names if data.draw(st.sampled_from([False, False, True])))
    made = version(
        names, data.draw(st.sampled_from(SERVERS)), required=required, validate=data.draw(st.booleans())
    )
    assert made.layout is not None
    lines = [line(record) for record in data.draw(st.lists(records(names), min_size=1, max_size=6))]
    rows, refused = scanned(made, b"\n".join(lines))
    taken = [text for number, text in enumerate(lines) if number not in refused]
    assert list(rows.lines) == taken
    assert list(rows.numbers) == [number for number in range(len(lines)) if number not in refused]
    try:
        found = values(rows, len(names))
    except OverflowError:  # no common scale: such rows go the other way
        return
    assert [tuple(map(plain, row)) for row in found] == [
        tuple(map(plain, row)) for row in slowly(made, taken)
    ]


VALUES = {
    "integer": [b"0", b"-12", b"999999999999999999", b"null"],
    "small": [b"-5", b"99"],
    "chosen": [b"300", b"null"],
    "number": [b"0.10", b"-12345.678", b"7", b"1e3", b"12345678901234567890.123"],
    "bounded": [b"-1.5", b"999.99"],
    "cents": [b"19.99", b"-3"],
    "money": [b"12345678.90"],
    "double": [b"0.1", b"1e300"],
    "digits": [b'"12.50"', b'""'],
    "flag": [b"true", b"false"],
    "text": [b'"a\\nb\\u00e9"', '"€"'.encode(), b'""'],
    "short": [b'"abcde"', '"ééééé"'.encode()],
    "word": [b'"paid"', '"é"'.encode()],
    "code": [b'"AB1"', '"XYé"'.encode()],
    "clob": [b'"%s"' % (b"x" * 70_000)],
    "moment": [b'"2024-02-29T12:00:00.5Z"', b'"2024-02-29 12:00:00+05:30"', b'"2024-02-29T12:00:00"'],
    "day": [b'"2024-02-29"'],
    "clock": [b'"12:00:00"'],
    "object": [b'{"a": [1.10, null]}'],
    "list": [b"[]", b'["\\u00e9"]'],
    "shape": [b'{"a":1}', b'{"z":[1], "b":[{"c":"x"},{}], "a": -7 }', b'{"b":null,"a":0}'],
    "numbers": [b"[]", b"[1, 2.5, null]"],
    "either": [b'"x"', b"12", b'{"a":1}'],
    "bytes": [b'"aGVsbG8="'],
}


@pytest.mark.parametrize("server", SERVERS, ids=["19", "23"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_what_taps_send_is_taken(name, server):
    made = version([name], server)
    rows, refused = scanned(
        made, b"\n".join(line(b'{"%s":%s}' % (name.encode(), value)) for value in VALUES[name])
    )
    assert (len(rows), refused) == (len(VALUES[name]), [])


# --- messages


@pytest.mark.parametrize(
    "text",
    [
        b'{"type": "RECORD", "stream": "s", "record": {"text": "x"}}',
        b'{"record":{"text":"x"},"stream":"s","type":"RECORD"}',
        b' {"stream":"s","type":"RECORD","other":[1,{"a":"\\u00e9"}],"record":{"text":"x"}} \r',
        b'{"type":"RECORD","time_extracted":"2024-01-01T00:00:00Z","stream":"s","record":{"text":"x"}}',
        b'{"version":7,"type":"RECORD","stream":"s","record":{"text":"x"}}',
    ],
)
def test_a_message_is_known_in_any_order_and_with_any_space(text):
    rows, refused = scanned(version(["text"]), text + b"\n")
    assert (refused, values(rows, 1), list(rows.lines)) == ([], [("x",)], [text])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"type":"STATE","value":{}}',
        b'{"type":"RECORD","stream":"t","record":{"text":"x"}}',
        b'{"type":"RECORD","stream":"s"}',
        b'{"type":"RECORD","record":{"text":"x"}}',
        b'{"stream":"s","record":{"text":"x"}}',
        b'{"type":"RECORD","stream":"s","record":{"text":"x"}}}',
        b'{"type":"RECORD","stream":"s","record":{"text":"x"}',
        b'{"type":"RECORD","type":"STATE","stream":"s","record":{"text":"x"}}',
        b'{"type":"RECORD","stream":"s","record":{"text":"x"},"record":{"text":"y"}}',
        b'{"type":"RECORD","stream":"s","record":{"text":"x","stranger":1}}',
        b'{"type":"RECORD","stream":"s","record":{"te\\u0078t":"x"}}',
        b'{"type":"RECORD","stream":"s","record":["x"]}',
    ],
)
def test_what_is_no_plain_record_of_the_stream_is_left_alone(text):
    rows, refused = scanned(version(["text"]), text + b"\n")
    assert (len(rows), refused) == (0, [0])


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (b'{"integer":"x","text":"a"}', (0, b'"x"')),
        (b'{"text": 1 ,"integer":5}', (1, b"1")),
        (b'{"integer":null,"text":"a","other":[1,{"a":"\\u00e9"}]}', (0, b"null")),
        (b'{"integer":[1,{"a":2}],"text":"a"}', (0, b'[1,{"a":2}]')),
        (b'{"integer":"x","text":1}', None),  # two of them
        (b'{"integer":"x","integer":1,"text":"a"}', None),
        (b'{"integer":"x"}', None),  # the other one is needed
        (b'{"integer":"x","text":"a"', None),
        (b'{"integer":"\xff","text":"a"}', None),
        (b'{"integer":x,"text":"a"}', None),
        (b'{"integer":1,"text":"a","other":2}', None),  # nothing but a stranger
        (b'{"integer":1,"text":"a","t\\u0065xt":2}', None),
    ],
)
def test_a_line_of_which_one_value_is_refused_is_told_with_that_value(record, told):
    made = version(["integer", "text"], keys=("integer",), required=("text",))
    data = line(record)
    *_, why, arrived, found = scanner_of(made).take(data, 0, len(data), 0, 9, 9999)
    assert (why, arrived) == (columnar.compiled.REFUSED, [])
    assert told == (found and (found[1], data[found[2] : found[3]]))


def test_strangers_are_passed_over_once_they_are_tolerated():
    made = version(["text"])
    made.layout.plan.tolerate()
    rows, refused = scanned(made, line(b'{"stranger":{"a":[1,2]},"text":"x"}'))
    assert (refused, values(rows, 1)) == ([], [("x",)])


@settings(max_examples=300)
@given(st.data())
def test_no_bytes_bring_the_decoder_to_take_what_the_slow_way_would_not(data):
    """
    Bytes of plain lines are changed, dropped and doubled.
    """
    names = ["integer", "cents", "text", "moment", "object", "bytes"]
    made = version(names)
    members = b",".join(b'"%s":%s' % (name.encode(), VALUES[name][0]) for name in names)
    whole = bytearray(line(b"{" + members + b"}"))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"{", b"}", b",", b"\xff", b"\x00", b"0", b"e", b"\xc3\xa9", b" "]
            )
        )
    text = bytes(whole)
    rows, refused = scanned(made, text + b"\n")
    if not refused:
        assert [tuple(map(plain, row)) for row in values(rows, len(names))] == [
            tuple(map(plain, row)) for row in slowly(made, [text])
        ]


# --- several streams, and bounds


def two_streams() -> tuple[Any, list[columnar.ColumnRows]]:
    """
    A scanner for `s`, whose records have `integer`, and for `t`, whose have `text`; and the rows of either.
    """
    fields = read_fields({"properties": {"text": SCHEMAS["text"]}})
    other = make_version("t", fields, version(["text"]).target, [], validate=True, gathers=True)
    scanner = columnar.compiled.Scanner()
    gathered = [made.layout.gather(10_000, 1 << 30) for made in (version(["integer"]), other)]
    for rows in gathered:
        scanner.add(rows.gathered)
    return scanner, gathered


def test_rows_of_streams_in_turn_go_each_to_its_own():
    scanner, gathered = two_streams()
    data = b"".join(
        line(b'{"integer":%d}' % n) + b"\n" + line(b'{"text":"%d"}' % n).replace(b'"s"', b'"t"') + b"\n"
        for n in range(10)
    )
    *_, arrived, _ = scanner.take(data, 0, len(data), 1, 1 << 40, 1 << 40)
    assert sorted((count, size) for _, count, size in arrived) == [(10, 520), (10, 530)]
    assert values(gathered[0], 1) == [(n,) for n in range(10)]
    assert values(gathered[1], 1) == [(str(n),) for n in range(10)]
    assert list(gathered[1].numbers) == list(range(2, 21, 2))
    scanner.remove(gathered[0].gathered)
    place, number, why, *_ = scanner.take(data, 0, len(data), 1, 1 << 40, 1 << 40)
    assert (place, number, why) == (0, 1, columnar.compiled.REFUSED)


@pytest.mark.parametrize(
    ("bounds", "most", "taken"),
    [((3, 1 << 20), (99, 1 << 20), 3), ((99, 100), (99, 1 << 20), 2), ((99, 1 << 20), (4, 1 << 20), 4),
     ((99, 1 << 20), (99, 51), 1)],
)  # fmt: skip
def test_no_more_rows_are_taken_than_there_is_room_for(bounds, most, taken):
    rows = version(["integer"]).layout.gather(*bounds)
    scanner = columnar.compiled.Scanner()
    scanner.add(rows.gathered)
    text = line(b'{"integer":1}') + b"\n"
    place, number, why, *_ = scanner.take(text * 9, 0, 9 * len(text), 1, *most)
    assert (len(rows), place, number, why) == (
        taken, taken * len(text), 1 + taken, columnar.compiled.FULL,
    )  # fmt: skip


def test_few_lines_of_much_input_do_not_keep_all_of_it_in_memory():
    """
    Those of a stream whose rows are rare are copied; it would keep each mebibyte that was read.
    """
    scanner, gathered = two_streams()
    one = line(b'{"integer":7}')
    data = one + b"\n" + (line(b'{"text":"x"}').replace(b'"s"', b'"t"') + b"\n") * 100 + one + b"\n"
    uses = sys.getrefcount(data)
    scanner.take(data, 0, len(data), 1, 1 << 40, 1 << 40)
    assert sys.getrefcount(data) == uses + 1
    assert list(gathered[0].lines) == [one, one]
    scanner.take(data, 0, len(data), 103, 1 << 40, 1 << 40)
    assert list(gathered[0].lines) == [one] * 4
    assert list(gathered[0].numbers) == [1, 102, 103, 204]


def test_lines_that_do_not_follow_one_another_keep_their_numbers():
    rows = version(["integer"]).layout.gather(9, 1 << 20)
    scanner = columnar.compiled.Scanner()
    scanner.add(rows.gathered)
    text = line(b'{"integer":1}') + b"\n"
    scanner.take(text * 3, 0, 3 * len(text), 0, 99, 1 << 20, array("q", [5, 9, 7]).tobytes())
    assert list(rows.numbers) == [5, 9, 7]


# --- rows that came the slow way, metadata, keys


def test_a_row_that_came_the_slow_way_stands_where_it_came():
    names = ["integer", "number", "text", "moment", "day", "flag", "double", "bytes"]
    server = Server((23,), user="APP", schema="APP")
    made = version(names, server)
    rows = made.layout.gather(9, 1 << 20)
    row = (
        7,
        Decimal("1E+3"),
        "é",
        BEFORE_1970,
        date(2024, 2, 29),
        True,
        0.5,
        b"x",
    )
    rows.append(row, b"the line", 12)
    rows.append((None,) * len(names), b"", 13)
    assert values(rows, len(names)) == [
        (
            7,
            1000,
            "é",
            BEFORE_1970.replace(tzinfo=None),
            date(2024, 2, 29),
            True,
            0.5,
            b"x",
        ),
        (None,) * len(names),
    ]
    assert (list(rows.lines), list(rows.numbers)) == ([b"the line", b""], [12, 13])


@pytest.mark.parametrize(
    ("name", "value"),
    [("number", Decimal("1E-100")), ("number", Decimal(10**38)), ("day", BEFORE_1970),
     ("integer", 2**63)],
)  # fmt: skip
def test_a_value_without_a_place_among_columns_is_refused(name, value):
    rows = version([name]).layout.gather(9, 1 << 20)
    with pytest.raises(OverflowError):
        rows.append((value,), b"", 1)
    rows.append((None,), b"", 2)
    assert values(rows, 1) == [(None,)]


def test_decimals_without_a_common_scale_are_told_before_anything_is_sent():
    rows, _ = scanned(version(["number"]), line(b'{"number":1e37}') + b"\n" + line(b'{"number":1e-37}'))
    with pytest.raises(OverflowError):
        rows.stream((0,))


def test_metadata_stand_behind_the_columns_of_the_record():
    made = version(["integer"], metadata=True)
    text = line(b'{"integer":1}', tail=b',"time_extracted":"2024-01-01T00:00:00Z","version":3}')
    rows, refused = scanned(made, text + b"\n" + line(b'{"integer":2}'))
    assert not refused
    now = datetime(2024, 5, 6, tzinfo=timezone.utc)
    rows.fill((now, now, 17, 18))
    at = now.replace(tzinfo=None)
    assert values(rows, 7) == [
        (1, NEW_YEAR.replace(tzinfo=None), 3, at, at, 17, 18),
        (2, None, None, at, at, 17, 18),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "é"]), st.integers(0, 9)), max_size=30)
)
def test_the_last_row_of_each_key_stays(found):
    made = version(["integer", "text", "number"], keys=("integer", "text"), method="append-only")
    data = b"\n".join(
        line(json.dumps(dict(zip(("integer", "text", "number"), row, strict=True))).encode()) for row in found
    )
    rows, refused = scanned(made, data)
    assert refused == []
    last = rows.last((0, 1))
    places = sorted({row[:2]: n for n, row in enumerate(found)}.values())
    assert values(last, 3) == [found[n] for n in places]
    assert list(last.numbers) == places


def test_numbers_can_stand_behind_the_columns():
    rows, _ = scanned(version(["text"]), b"\n".join(line(b'{"text":"%d"}' % n) for n in range(3)))
    table = pa.table(rows.stream((0,), 40))
    assert [column.to_pylist() for column in table.columns] == [["0", "1", "2"], [40, 41, 42]]


@given(
    st.lists(
        st.tuples(*(st.sampled_from(pair) for pair in ((1, None), ("x", None), (0.5, None), (True, None)))),
        max_size=8,
    )
)
def test_columns_with_a_value_in_some_row_are_told_from_those_without(found):
    names = ["integer", "text", "number", "flag"]
    data = b"\n".join(line(json.dumps(dict(zip(names, row, strict=True))).encode()) for row in found)
    rows, _ = scanned(version(names), data)
    assert rows.filled == {n for n in range(4) if any(row[n] is not None for row in found)}


def test_only_the_start_of_the_process_is_the_same_in_every_row():
    assert scanned(version(["integer"]), b"")[0].constants == {}
    assert scanned(version(["integer"], metadata=True), b"")[0].constants == {6: STARTED}


def test_rows_that_went_out_take_no_more():
    rows, _ = scanned(version(["text"]), line(b'{"text":"x"}'))
    rows.stream((0,))
    with pytest.raises(ValueError, match="exported"):
        columnar.compiled.Scanner().add(rows.gathered)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_memory_of_one_batch_stays_for_the_next():
    """
    Pages that come anew, of fifty batches of ten buffers of a MiB, in processes of their own.
    """
    faults = "resource.getrusage(resource.RUSAGE_SELF).ru_minflt"
    load = "for _ in range(50): [bytearray(1 << 20) for _ in range(10)]"
    loop = f"before = {faults}\n{load}\nprint({faults} - before)"
    told = []
    for act in ("", "_columns.keep_memory()"):
        code = f"import resource\nfrom target_oracle import _columns\n{act}\n{loop}"
        told.append(int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert told[1] * 4 < told[0]


# --- streams that are left to Python


def layout(schema: dict[str, Any], server: Server = SERVERS[0], **given: Any) -> columnar.Layout | None:
    """
    Return the layout of a stream with the one property `a`.
    """
    fields = read_fields({"properties": {"a": schema}})
    types = column_types(fields, (), server)
    target = Target("APP", "S", {"a": Column("A", types["a"])}, (), "append-only", server, Loading())
    return make_version("s", fields, target, ["a"], validate=True, gathers=True, **given).layout


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "multipleOf": 0.25},
        {"type": "number", "enum": [1, 2.5]},
        {"type": "integer", "multipleOf": 3},
        {"type": "integer", "enum": list(range(65))},
        {"type": "string", "pattern": "^(?!x)"},
        {"type": "string", "minLength": 1, "not": {"const": "x"}},
        {"type": "object", "properties": {"b": {"minimum": 1}}},
        {"type": "object", "additionalProperties": False},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
        {"type": "object", "properties": {'b"': {"type": "string"}}},
        {"type": "boolean", "const": True},
        {"type": "string", "format": "date-time", "pattern": "^2"},
        {"type": "string", "format": "date-time", "x-sql-datatype": "DATE"},
        {"type": "string", "contentEncoding": "hex"},
        {"type": ["string", "integer", "object"]},
    ],
    ids=lambda schema: json.dumps(schema)[:60],
)
def test_what_the_compiled_decoder_cannot_judge_is_left_to_python(schema):
    assert layout(schema) is None


def test_a_stream_is_left_to_python_where_each_row_is_looked_at():
    plain = {"type": "string"}
    assert layout(plain) is not None
    assert layout(plain, partial=True) is None
    assert layout(plain, Server((19,), charset="WE8MSWIN1252", user="APP", schema="APP")) is None


def test_an_odd_name_is_left_to_python():
    assert version(["text"]).layout is not None
    fields = read_fields({"properties": {'a"b': {"type": "string"}}})
    target = Target("APP", "S", {'a"b': Column("A", OracleType("CLOB"))}, (), "append-only", SERVERS[0])
    assert make_version("s", fields, target, [], validate=True, gathers=True).layout is None


def test_a_stream_whose_lines_are_often_refused_is_left_to_python_from_then_on():
    made = layout({"type": "string"})
    made.taken = 1900
    for _ in range(190):
        made.refuse()
    assert made.usable
    for _ in range(10):
        made.refuse()
    assert not made.usable


def test_a_compiled_part_of_other_sources_is_left_alone(monkeypatch):
    monkeypatch.setattr(columnar.compiled, "INTERFACE", columnar.INTERFACE + 1)
    assert columnar._compiled() is None


def test_columns_of_lobs_are_bound_behind_all_others():
    """
    No bind of more than 4000 bytes may follow that of a LOB or LONG (ORA-24816).
    """
    names = ["CLOB", "VARCHAR2", "BLOB", "NUMBER", "JSON", "RAW", "LONG"]
    order = order_of_columns([OracleType(name) for name in names])
    assert [names[n] for n in order] == ["VARCHAR2", "NUMBER", "RAW", "CLOB", "BLOB", "JSON", "LONG"]
