"""
What taps send, one line each: a schema, its column, and what becomes of each value.

The shapes are those that taps of databases, files and services are known to write.
"""

from __future__ import annotations

# ruff: noqa: E501  # tables: one shape a line
import json
from datetime import datetime
from decimal import Decimal

import pytest

from tests.e2e.rig import rig

pytestmark = pytest.mark.standin


@pytest.fixture(scope="module", params=[19, 23])
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("values"), request.param) as found:
        yield found


class Refused(str):
    """
    The code of a reject.
    """

    __slots__ = ()


TYPE, TEXT, SCHEMA = Refused("TYPE"), Refused("TEXT"), Refused("schema")
RANGE, DIGITS, LENGTH = Refused("ORA-01426"), Refused("ORA-01438"), Refused("ORA-12899")
NO_DATE, NO_FORMAT, NO_UTC = Refused("ORA-01847"), Refused("ORA-01861"), Refused("ORA-01841")
NO_NUMBER, NO_BYTES, NO_KEY = Refused("ORA-01722"), Refused("ORA-01465"), Refused("ORA-01400")
D = Decimal
NAN = "NaN"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# The full expansion of the binary double next to 1.98, and what NUMBER's 38 digits keep of it.
EXPANDED = "1.979999999999999982236431605997495353221893310546875"
ROUNDED = D("1.9799999999999999822364316059974953532")

# Schema, its column (a pair where 23ai differs, or 21c and 23ai as well), values and what is stored.
SHAPES = {
    # integers
    "integer": ({"type": "integer"}, "NUMBER(38)", [
        ("1", 1), ("-0", 0), ("0E-10", 0), ("1e3", 1000), ("1.0", 1), ("1e+22", 10**22), ("9007199254740993", 9007199254740993),
        ("18446744073709551615", 2**64 - 1), ("9" * 38, 10**38 - 1), ("1" + "0" * 38, DIGITS), ("1e126", RANGE), ("1.5", TYPE),
        ("null", TYPE), ("true", TYPE), ('"1"', TYPE), ("[]", TYPE), ("{}", TYPE)]),
    "type lists, null last": ({"type": ["integer", "null"]}, "NUMBER(38)", [("1", 1), ("null", None)]),
    "type lists, null first": ({"type": ["null", "integer"]}, "NUMBER(38)", [("1", 1), ("null", None)]),
    "integer and number": ({"type": ["null", "integer", "number"]}, "NUMBER", [("1", 1), ("1.5", D("1.5"))]),
    "unsigned 64 bits": ({"type": "integer", "minimum": 0, "maximum": 18446744073709551615}, "NUMBER(38)", [
        ("18446744073709551615", 2**64 - 1), ("-1", SCHEMA), ("18446744073709551616", SCHEMA)]),
    "signed 64 bits": ({"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807}, "NUMBER(38)", [
        ("-9223372036854775808", -2**63), ("9223372036854775808", SCHEMA)]),
    "format on an integer": ({"type": "integer", "format": "date-time"}, "NUMBER(38)", [("1700000000", 1700000000)]),
    "draft 4, exclusive": ({"type": "integer", "maximum": 10, "exclusiveMaximum": True}, "NUMBER(38)", [("9", 9), ("10", SCHEMA)]),
    "integer enum": ({"type": "integer", "enum": [1, 2]}, "NUMBER(38)", [("1", 1), ("3", SCHEMA)]),
    # numbers
    "number": ({"type": ["null", "number"]}, "NUMBER", [
        ("1.10", D("1.1")), ("0E-10", 0), ("1e+22", 10**22), ("-1.5E-3", D("-0.0015")), (EXPANDED, ROUNDED),
        ("0.1", D("0.1")), ("123456789012345678901234567890.12345678", D("123456789012345678901234567890.12345678")),
        ("9" * 39, DIGITS), ("1" + "0" * 125, 10**125), ("1e126", RANGE), ("1e400", RANGE), ("1e-130", D("1e-130")),
        ("1e-131", RANGE), ('"1"', TYPE), (NAN, Refused("JSON")), ("null", None)]),
    "multipleOf 1e-30": ({"type": "number", "multipleOf": 1e-30}, "NUMBER", [("1.5", D("1.5")), ("1e-31", SCHEMA)]),
    "multipleOf 0.01 of a float": ({"type": "number", "multipleOf": 0.01}, "NUMBER", [(EXPANDED, ROUNDED), ("1.985", SCHEMA)]),
    "multipleOf 10": ({"type": "number", "multipleOf": 10}, "NUMBER", [("20", 20), ("25", SCHEMA)]),
    "money with bounds": ({"type": "number", "minimum": -1e15, "maximum": 1e15}, "NUMBER", [("1e15", 10**15), ("1.1e15", SCHEMA)]),
    "x-sql-datatype": ({"type": "number", "x-sql-datatype": "NUMBER(10,2)"}, "NUMBER(10,2)", [
        ("1.005", D("1.00")), ("1.015", D("1.02")), ("99999999.99", D("99999999.99")), ("100000000", DIGITS)]),
    "singer.decimal": ({"type": ["null", "string"], "format": "singer.decimal"}, "NUMBER", [
        ('"1.10"', D("1.1")), ('"-1e3"', -1000), ('""', None), ('"x"', NO_NUMBER), ('"NaN"', NO_NUMBER), ('"1_0"', NO_NUMBER)]),
    # booleans
    "boolean": ({"type": ["boolean", "null"]}, ("NUMBER(1)", "BOOLEAN"), [
        ("true", True), ("false", False), ("null", None), ("1", TYPE), ('"true"', TYPE)]),
    # texts
    "string": ({"type": ["null", "string"]}, "VARCHAR2(4000 BYTE)", [
        ('"a"', "a"), ('""', None), ('" a  "', " a  "), ('"\\u0000"', "\0"), ('"\\u0000a\\u0000"', "\0a\0"), ('"\\ud83d\\ude00"', "😀"),
        ('"😀"', "😀"), ('"\\ud800"', TEXT), ('"a\\udc00b"', TEXT), ('"\\n\\r\\t\\\\\\""', '\n\r\t\\"'), ("1.50", "1.50"), ("1e5", "1e5"),
        ('"e\\u0301"', "e\u0301"), ('"\\ufeff"', "\ufeff"), ("true", TYPE), ("[]", TYPE), ("null", None)]),
    "maxLength 5": ({"type": "string", "maxLength": 5}, "VARCHAR2(5 CHAR)", [
        ('"äöüßé"', "äöüßé"), ('"😀😀😀😀😀"', "😀😀😀😀😀"), ('"abcdef"', LENGTH), ('"😀😀😀😀😀😀"', LENGTH), ('"     "', "     ")]),
    "maxLength 4000": ({"type": "string", "maxLength": 4000}, "VARCHAR2(4000 CHAR)", [(f'"{"a" * 4000}"', "a" * 4000)]),
    "maxLength 65535": ({"type": "string", "maxLength": 65535}, "CLOB", [
        (f'"{"ä" * 65535}"', "ä" * 65535), (f'"{"a" * 65536}"', LENGTH), ('""', None)]),
    "maxLength 4294967295": ({"type": "string", "maxLength": 4294967295}, "CLOB", [
        (f'"{"x" * 2_000_000}"', "x" * 2_000_000), ('"short"', "short")]),
    "pattern": ({"type": "string", "pattern": "^[a-z]+$", "maxLength": 9}, "VARCHAR2(9 CHAR)", [('"abc"', "abc"), ('"ABC"', SCHEMA)]),
    "enum": ({"type": "string", "enum": ["a", "b"]}, "VARCHAR2(4000 BYTE)", [('"a"', "a"), ('"c"', SCHEMA)]),
    "format email": ({"type": "string", "format": "email"}, "VARCHAR2(4000 BYTE)", [('"no address"', "no address")]),
    "anyOf of two texts": ({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}, "VARCHAR2(3 CHAR)", [
        ('"abc"', "abc"), ("null", None), ('"abcd"', LENGTH)]),
    "number for a string, as the types allow": ({"type": ["string", "number"]}, "VARCHAR2(4000 BYTE)", [
        ("1.10", "1.10"), ('"1.10"', "1.10"), ("true", TYPE)]),
    "string for an integer, as the types allow": ({"type": ["integer", "string", "null"]}, "VARCHAR2(4000 BYTE)", [
        ("12", "12"), ('"x"', "x"), ("null", None)]),
    # times
    "date-time": ({"type": ["null", "string"], "format": "date-time"}, "TIMESTAMP(6) WITH TIME ZONE", [
        ('"2024-02-29T12:00:00Z"', at("2024-02-29T12:00:00")), ('"2024-02-29T12:00:00z"', at("2024-02-29T12:00:00")),
        ('"2024-02-29 12:00:00+05:30"', at("2024-02-29T06:30:00")), ('"2024-02-29T12:00:00-0800"', at("2024-02-29T20:00:00")),
        ('"2024-02-29T12:00:00+00:00+00:00"', at("2024-02-29T12:00:00")), ('"2024-02-29T12:00:00+01:00+01:00"', NO_FORMAT),
        ('"2024-02-29T12:00:00.1Z"', at("2024-02-29T12:00:00.100000")), ('"2024-02-29T12:00:00"', at("2024-02-29T12:00:00")),
        ('"2024-02-29T12:00:00.123456789Z"', at("2024-02-29T12:00:00.123457")), ('"2024-02-29"', at("2024-02-29T00:00:00")),
        ('"2024-02-29T23:59:59.9999995Z"', at("2024-03-01T00:00:00")), ('"0001-01-01T00:00:00Z"', at("0001-01-01T00:00:00")),
        ('"9999-12-31T23:59:59.999999Z"', at("9999-12-31T23:59:59.999999")), ('"0001-01-01T00:00:00+01:00"', NO_UTC),
        ('"9999-12-31T23:59:59-01:00"', NO_UTC), ('"0000-00-00T00:00:00Z"', NO_DATE), ('"0000-00-00 00:00:00"', NO_DATE),
        ('"2024-00-10T00:00:00Z"', NO_DATE), ('"2023-02-29T00:00:00Z"', NO_DATE), ('"2024-01-01T25:00:00Z"', NO_DATE),
        ('"2024-01-01T00:00:00Z+00:00"', NO_FORMAT), ('"2024-01-01T00:00:00+00:00Z"', NO_FORMAT), ('"today"', NO_FORMAT), ('""', None),
        ("1700000000", TYPE), ("null", None)]),
    "date-time or null by anyOf": ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "TIMESTAMP(6) WITH TIME ZONE", [
        ('"2024-02-29T12:00:00Z"', at("2024-02-29T12:00:00")), ("null", None)]),
    "date-time or any text": ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]}, "VARCHAR2(4000 BYTE)", [
        ('"2024-02-29T12:00:00Z"', "2024-02-29T12:00:00Z"), ('"soon"', "soon")]),
    "date": ({"type": "string", "format": "date"}, "DATE", [
        ('"2024-02-29"', at("2024-02-29T00:00:00")), ('"0001-01-01"', at("0001-01-01T00:00:00")), ('"9999-12-31"', at("9999-12-31T00:00:00")),
        ('"2024-02-29T00:00:00Z"', at("2024-02-29T00:00:00")), ('"0000-00-00"', NO_DATE), ('"2024-13-01"', NO_DATE), ('"29.2.2024"', NO_FORMAT)]),
    "time": ({"type": "string", "format": "time"}, "VARCHAR2(32 CHAR)", [
        ('"12:00:00"', "12:00:00"), ('"0:00:00"', "0:00:00"), ('"838:59:59"', "838:59:59"), ('"-12:30:00.5"', "-12:30:00.5")]),
    "duration": ({"type": "string", "format": "duration"}, "VARCHAR2(4000 BYTE)", [('"P1DT2H"', "P1DT2H")]),
    "uuid": ({"type": "string", "format": "uuid"}, "VARCHAR2(36 CHAR)", [
        ('"123e4567-e89b-12d3-a456-426614174000"', "123e4567-e89b-12d3-a456-426614174000")]),
    # bytes
    "base64, short": ({"type": "string", "contentEncoding": "base64", "maxLength": 8}, "RAW(6)", [
        ('"AAECAw=="', b"\0\1\2\3"), ('"AAECAw"', b"\0\1\2\3"), ('"-_8="', b"\xfb\xff"), ('"!"', NO_BYTES), ('""', None)]),
    "base64": ({"type": ["null", "string"], "contentEncoding": "base64"}, "BLOB", [
        (f'"{"AAAA" * 50_000}"', b"\0" * 150_000), ('"not base64"', NO_BYTES), ("null", None), ("1", TYPE)]),
    "hex": ({"type": "string", "format": "binary", "maxLength": 8}, "RAW(4)", [
        ('"00FFaa10"', b"\0\xff\xaa\x10"), ('"0xFfA"', b"\x0f\xfa"), ('"0"', b"\0"), ('"0x"', None), ('""', None),
        ('"xx"', NO_BYTES), ('"0x0x00"', NO_BYTES)]),
    "base16": ({"type": ["string", "null"], "contentEncoding": "base16"}, "BLOB", [
        ('"0XA1b2"', b"\xa1\xb2"), ("null", None), ('"a1-b2"', NO_BYTES)]),
    # documents
    "object": ({"type": ["object", "null"]}, ("CLOB", "JSON", "JSON"), [
        ('"{}"', TYPE),
        ('{"a": 1.10, "b": [null, "\\u0000", "😀"]}', {"a": 1.1, "b": [None, "\0", "😀"]}), ("{}", {}), ("[]", TYPE), ("1", TYPE), ("null", None)]),
    "array": ({"type": "array", "items": {"type": "integer"}}, ("CLOB", "JSON", "JSON"), [("[1, 2]", [1, 2]), ('["x"]', SCHEMA), ("[]", [])]),
    "deep nesting": ({"type": "array"}, ("CLOB", "JSON", "JSON"), [("[" * 200 + "]" * 200, json.loads("[" * 200 + "]" * 200))]),
    "object with required": ({"type": "object", "required": ["a"]}, ("CLOB", "JSON", "JSON"), [('{"a": 1}', {"a": 1}), ("{}", SCHEMA)]),
    # no type at all
    "no type": ({}, "VARCHAR2(4000 BYTE)", [
        ('"a"', "a"), ("1.10", "1.10"), ("true", "true"), ('{"a":1}', '{"a":1}'), ("[1]", "[1]"), ("null", None), ('""', None)]),
    "true": (True, "VARCHAR2(4000 BYTE)", [('"a"', "a"), ("1", "1")]),
    "oneOf of types that share no column": ({"oneOf": [{"type": "integer"}, {"type": "object"}]}, "VARCHAR2(4000 BYTE)", [
        ("1", "1"), ('{"a":1}', '{"a":1}'), ('"x"', SCHEMA)]),
    # references
    "$ref": ({"$ref": "#/definitions/money"}, "NUMBER", [("1.5", D("1.5")), ("null", None), ("-1", SCHEMA)]),
    "allOf": ({"allOf": [{"type": ["string", "null"]}, {"maxLength": 3}]}, "VARCHAR2(3 CHAR)", [('"abc"', "abc"), ('"abcd"', LENGTH)]),
    "recursive $ref": ({"$ref": "#/definitions/tree"}, ("CLOB", "JSON", "JSON"), [
        ('{"kids": [{"kids": []}]}', {"kids": [{"kids": []}]}), ('{"kids": 1}', SCHEMA)]),
}  # fmt: skip
DEFINITIONS = {
    "money": {"type": ["null", "number"], "minimum": 0},
    "tree": {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/definitions/tree"}}},
    },
    "unused": {"$ref": "#/definitions/nowhere"},
}


def told(value: object, column: str) -> object:
    """
    Return a stored *value* as the table above writes it.
    """
    if value is not None and column in ("CLOB", "JSON"):
        # The driver gives documents in Python's own terms, their fractions as float or Decimal.
        if isinstance(value, str) and value[:1] in "{[":
            return json.loads(value)
        return json.loads(json.dumps(value, default=float))
    return value


def expected_column(said: str | tuple[str, ...], version: int) -> str:
    if isinstance(said, str):
        return said
    old, *new = said
    first = 23 if len(new) == 1 else 21
    return new[0] if version >= first else old


@pytest.mark.parametrize("shape", SHAPES)
def test_each_value_is_stored_as_it_is_or_refused(server, shape):
    schema, column, values = SHAPES[shape]
    loaded = server.load(schema, [text for text, _ in values], root={"definitions": DEFINITIONS})
    column = expected_column(column, server.version)
    found = [(text[:80], told(loaded.outcome(n), column)) for n, (text, _) in enumerate(values)]
    assert found == [(text[:80], value) for text, value in values]
    assert server.column(loaded.table) == column


CHANGED = [('"a"', "a"), ('""', None), ('""', None), ("1.5", "1.5")]


@pytest.mark.parametrize("validate", [True, False])
def test_empty_texts_are_null_and_counted(server, validate):
    loaded = server.load({"type": "string"}, [text for text, _ in CHANGED], validate_records=validate)
    assert loaded.stored == {n: value for n, (_, value) in enumerate(CHANGED)}
    assert "2 empty texts became NULL" in loaded.result.log


def test_rounded_fractions_are_counted(server):
    loaded = server.load({"type": "number"}, [EXPANDED, "1.5", EXPANDED])
    assert "2 fractions were rounded" in loaded.result.log


def test_what_a_growing_column_makes_read_again_is_counted_once(server):
    loaded = server.load(
        {"type": "string"}, ['""', f'"{"ä" * 3000}"', '""', '"a"'], varchar_default_length=10
    )
    assert loaded.stored == {0: None, 1: "ä" * 3000, 2: None, 3: "a"}
    assert "2 empty texts became NULL" in loaded.result.log


def test_an_empty_text_is_no_key(server):
    loaded = server.load({"type": "string"}, ['"a"', '""', "null"], key=True)
    assert loaded.stored == {0: "a"}
    assert [loaded.outcome(n) for n in (1, 2)] == [NO_KEY, NO_KEY]


KEYS = {
    "string": ({"type": "string"}, "VARCHAR2(750 CHAR)", '"a b "', "a b "),
    "long string": ({"type": "string", "maxLength": 60_000}, "VARCHAR2(1494 CHAR)", '"x"', "x"),
    "date-time": ({"type": "string", "format": "date-time"}, "TIMESTAMP(6)", '"2024-02-29T12:00:00.5+02:00"',
                  at("2024-02-29T10:00:00.500000")),
    "number": ({"type": "number"}, "NUMBER", "1.5", D("1.5")),
    "object": ({"type": "object"}, "VARCHAR2(750 CHAR)", '{"a":1}', '{"a":1}'),
    "binary": ({"type": "string", "contentEncoding": "base64"}, "RAW(2000)", '"AAE="', b"\0\1"),
    "boolean": ({"type": "boolean"}, ("NUMBER(1)", "BOOLEAN"), "true", True),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_a_key_has_a_type_that_can_be_one(server, name):
    schema, column, text, value = KEYS[name]
    loaded = server.load(schema, [text, text], key=True)
    assert loaded.stored == {0: value, 1: value}
    found = server.column(loaded.table)
    if not found.startswith("VARCHAR2"):
        assert found == expected_column(column, server.version)
    keys = server.database.query(
        "SELECT COUNT(*) FROM user_cons_columns c JOIN user_constraints k ON k.constraint_name = c.constraint_name "
        "WHERE k.table_name = :1 AND k.constraint_type = 'P'", loaded.table,
    )  # fmt: skip
    assert keys == [(2,)]


OFF = [
    ({"type": "integer", "maximum": 3}, "4", 4),
    ({"type": "integer", "maximum": 3}, '"4"', TYPE),
    ({"type": "string", "maxLength": 3}, '"abcdef"', "abcdef"),
    ({"type": "string", "pattern": "^a"}, '"b"', "b"),
    ({"type": "string", "format": "date"}, '"soon"', NO_FORMAT),
    ({"type": "integer"}, "null", None),
    ({"type": "object", "required": ["a"]}, "{}", "{}"),
    ({"type": "object"}, "[]", "[]"),
    ({"type": "array"}, '{"a": "b"}', '{"a": "b"}'),
    ({"type": "object"}, '" {\\"a\\": [\\"b\\"]} "', '{"a": ["b"]}'),
    ({"type": "object"}, '"{}}"', TYPE),
    ({"type": "object"}, '"a"', TYPE),
    ({"type": "object"}, '"1"', TYPE),
    ({"type": "object"}, '""', TYPE),
    ({"type": "object"}, "1", TYPE),
]


@pytest.mark.parametrize(("schema", "text", "stored"), OFF, ids=[f"{a} {b}" for a, b, _ in OFF])
def test_without_validation_types_stay(server, schema, text, stored):
    loaded = server.load(schema, [text], validate_records=False)
    value = loaded.outcome(0)
    assert (json.dumps(value) if isinstance(value, dict | list) else value) == stored


def test_what_a_schema_asks_of_the_whole_record_is_checked(server):
    root = {"anyOf": [{"required": ["v"]}, {"required": ["w"]}], "maxProperties": 2}
    loaded = server.load({"type": ["integer", "null"]}, ["1", "null", '2,"w":3,"x":4'], root=root)
    assert loaded.stored == {0: 1, 1: None}
    assert loaded.refused[2][0] == "schema"
    assert "maxProperties" in loaded.refused[2][1]


def test_what_a_schema_says_and_is_not_followed_is_told_once(server):
    schema = {"type": "string", "pattern": r"\p{L}", "x-sql-datatype": "NUMBER"}
    log = server.load(schema, ['"a"', '"b"']).result.log
    assert log.count("x-sql-datatype is not followed") == 1
    assert log.count("pattern") == 1


def test_properties_repeated_in_another_order_change_nothing(server):
    properties = {"a": {"type": "integer"}, "b": {"type": ["string", "null"]}}
    schemas = [
        {"type": "SCHEMA", "stream": "orders", "schema": {"properties": dict(each)}, "key_properties": []}
        for each in (properties.items(), reversed(properties.items()))
    ]
    record = {"type": "RECORD", "stream": "orders", "record": {"b": "x", "a": 1}}
    result = server.run(
        b"".join(json.dumps(each).encode() + b"\n" for each in (*schemas, record, *schemas, record))
    )
    assert result.exit_code == 0, result.log
    assert result.log.count("CREATE TABLE") == 1
    assert "ALTER TABLE" not in result.log
    assert server.database.query('SELECT "A", "B" FROM "ORDERS"') == [(1, "x"), (1, "x")]


def test_a_table_of_a_thousand_columns_is_loaded(server):
    properties = {f"c{n}": {"type": ["null", "integer"]} for n in range(1000)}
    messages = [
        {"type": "SCHEMA", "stream": "wide", "schema": {"properties": properties}, "key_properties": []},
        *(
            {"type": "RECORD", "stream": "wide", "record": {f"c{n}": n * k for n in range(1000)}}
            for k in range(3)
        ),
    ]
    result = server.run(b"".join(json.dumps(each).encode() + b"\n" for each in messages))
    assert result.exit_code == 0, result.log
    columns = ", ".join(f'"C{n}"' for n in range(1000))
    found = sorted(server.database.query(f'SELECT {columns} FROM "WIDE"'))
    assert found == [tuple(n * k for n in range(1000)) for k in range(3)]


def test_a_missing_property_is_null_and_one_that_is_required_a_reject(server):
    loaded = server.load({"type": "integer"}, ['1,"w":2', "1"], root={"required": ["w"]})
    assert loaded.stored == {0: 1, 1: 1}
    messages = [
        {"type": "SCHEMA", "stream": "needed", "key_properties": [],
         "schema": {"properties": {"id": {"type": "integer"}, "v": {"type": "integer"}}, "required": ["v"]}},
        {"type": "RECORD", "stream": "needed", "record": {"id": 1}},
    ]  # fmt: skip
    result = server.run(
        b"".join(json.dumps(each).encode() + b"\n" for each in messages),
        max_rejects=1,
        reject_table="REFUSED",
    )
    assert result.exit_code == 0, result.log
    assert server.database.query('SELECT "CODE", "PROPERTY" FROM "REFUSED"') == [("required", "v")]


def test_with_longer_strings_a_text_has_32767_bytes(tmp_path):
    with rig(tmp_path, 19, max_string_size="extended") as server:
        loaded = server.load({"type": "string"}, [f'"{"x" * 32767}"', '"a"'])
        assert server.column(loaded.table) == "VARCHAR2(32767 BYTE)"
        assert loaded.stored == {0: "x" * 32767, 1: "a"}
        assert (
            server.column(server.load({"type": "string", "maxLength": 20_000}, ['"a"']).table)
            == "VARCHAR2(20000 CHAR)"
        )


OPTIONS = [
    ({"number_type": "BINARY_DOUBLE"}, {"type": "number"}, "BINARY_DOUBLE", "0.1", 0.1),
    ({"timestamp_type": "TIMESTAMP"}, {"type": "string", "format": "date-time"}, "TIMESTAMP(6)",
     '"2024-02-29T12:00:00.5+02:00"', at("2024-02-29T10:00:00.500000")),
    ({"timestamp_type": "TIMESTAMP WITH LOCAL TIME ZONE"}, {"type": "string", "format": "date-time"},
     "TIMESTAMP(6) WITH LOCAL TIME ZONE", '"2024-02-29T12:00:00Z"', None),
    ({"timestamp_type": "DATE"}, {"type": "string", "format": "date-time"}, "DATE", '"2024-02-29T12:00:00Z"',
     at("2024-02-29T12:00:00")),
    ({"json_type": "CLOB"}, {"type": "object"}, "CLOB", "{}", {}),
    ({"json_type": "VARCHAR2"}, {"type": "object"}, "VARCHAR2(4000 BYTE)", "{}", {}),
    ({"boolean_type": "NUMBER(1)"}, {"type": "boolean"}, "NUMBER(1)", "true", 1),
    ({"varchar_default_length": 20}, {"type": "string"}, "VARCHAR2(20 CHAR)", '"a"', "a"),
    ({"columns": {"*": {"v": {"type": "CLOB"}}}}, {"type": "string"}, "CLOB", '"a"', "a"),
    ({"columns": {"*": {"v": {"type": "VARCHAR2(30)"}}}}, {"type": "number"}, "VARCHAR2(30 CHAR)", "1.50", "1.50"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "schema", "column", "text", "value"), OPTIONS, ids=[str(each[0]) for each in OPTIONS]
)
def test_a_setting_chooses_the_type(  # noqa: PLR0917 - the columns of a table
    server, settings, schema, column, text, value
):
    loaded = server.load(schema, [text], **settings)
    assert server.column(loaded.table) == column
    assert value is None or loaded.stored == {0: value}


def test_a_column_that_is_ignored_is_not_made(server):
    loaded = server.load({"type": "string"}, ['"secret"', '"b"'], columns={"*": {"v": {"ignore": True}}})
    assert loaded.stored == {}
    assert server.database.count(loaded.table) == 2
    assert "the schema lacks" not in loaded.result.log


def test_a_column_bears_the_name_that_the_operator_gave(server):
    loaded = server.load({"type": "string"}, ['"a"'], columns={"*": {"v": {"name": "NOTE_TEXT"}}})
    assert server.database.query(f'SELECT "NOTE_TEXT" FROM "{loaded.table}"') == [("a",)]


def test_a_key_cannot_be_ignored(server):
    message = {
        "type": "SCHEMA",
        "stream": "k",
        "schema": {"properties": {"id": {"type": "integer"}}},
        "key_properties": ["id"],
    }
    result = server.run(json.dumps(message).encode() + b"\n", columns={"k": {"id": {"ignore": True}}})
    assert result.exit_code == 2
    assert "columns: stream k, property id" in result.last_line
