"""
Fields as column types, on each server.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.conversion import Tally
from target_oracle.convert import converter
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field, Kind, read_fields
from target_oracle.typemap import (
    FILLS,
    KEY_BYTES,
    TypeOptions,
    column_type,
    column_types,
    key_widths,
    notices,
    option_faults,
    sql_type_fault,
)

S12 = Server((12, 2), max_name_bytes=30)
S19 = Server((19,))
S21 = Server((21,))
S23 = Server((23,))
S23X = Server((23,), max_string_bytes=32767)
SERVERS = st.sampled_from([S12, S19, S21, S23, S23X, Server((19,), charset="WE8MSWIN1252")])


def field(schema, name="a") -> Field:
    (found,) = read_fields({"properties": {name: schema}})
    return found


def text(**more):
    return {"type": "string", **more}


# schema: 19c, 21c, 23ai, 23ai with MAX_STRING_SIZE=EXTENDED
TABLE = [
    ({"type": "integer"}, ["NUMBER(38)"] * 4),
    ({"type": "integer", "minimum": 0, "maximum": 9}, ["NUMBER(38)"] * 4),
    ({"type": "number"}, ["NUMBER"] * 4),
    ({"type": "number", "multipleOf": 0.01}, ["NUMBER"] * 4),
    (text(format="singer.decimal"), ["NUMBER"] * 4),
    ({"type": "boolean"}, ["NUMBER(1)", "NUMBER(1)", "BOOLEAN", "BOOLEAN"]),
    (text(maxLength=160), ["VARCHAR2(160 CHAR)"] * 4),
    (text(maxLength=0), ["VARCHAR2(1 CHAR)"] * 4),
    (text(maxLength=4000), ["VARCHAR2(4000 CHAR)"] * 4),
    (text(maxLength=4001), ["CLOB", "CLOB", "CLOB", "VARCHAR2(4001 CHAR)"]),
    (text(maxLength=4294967295), ["CLOB"] * 4),
    (text(), ["VARCHAR2(4000 BYTE)", "VARCHAR2(4000 BYTE)", "VARCHAR2(4000 BYTE)", "VARCHAR2(32767 BYTE)"]),
    (text(format="duration"), ["VARCHAR2(4000 BYTE)"] * 3 + ["VARCHAR2(32767 BYTE)"]),
    ({}, ["VARCHAR2(4000 BYTE)"] * 3 + ["VARCHAR2(32767 BYTE)"]),
    ({"type": ["integer", "string"]}, ["VARCHAR2(4000 BYTE)"] * 3 + ["VARCHAR2(32767 BYTE)"]),
    (text(format="date-time"), ["TIMESTAMP(6) WITH TIME ZONE"] * 4),
    (text(format="date"), ["DATE"] * 4),
    (text(format="time"), ["VARCHAR2(32 CHAR)"] * 4),
    (text(format="uuid"), ["VARCHAR2(36 CHAR)"] * 4),
    (text(contentEncoding="base64"), ["BLOB"] * 4),
    (text(contentEncoding="base64", maxLength=44), ["RAW(33)"] * 4),
    (text(contentEncoding="base64", maxLength=2668), ["BLOB"] * 4),
    (text(contentEncoding="base16", maxLength=4000), ["RAW(2000)"] * 4),
    (text(format="binary", maxLength=1), ["RAW(1)"] * 4),
    ({"type": "object"}, ["CLOB", "JSON", "JSON", "JSON"]),
    ({"type": ["array", "null"]}, ["CLOB", "JSON", "JSON", "JSON"]),
    (text(**{"x-sql-datatype": "number(10,2)"}), ["VARCHAR2(4000 BYTE)"] * 3 + ["VARCHAR2(32767 BYTE)"]),
    ({"type": "number", "x-sql-datatype": "number(10,2)"}, ["NUMBER(10,2)"] * 4),
    (text(**{"x-sql-datatype": "CLOB"}), ["CLOB"] * 4),
    (text(**{"x-sql-datatype": "VARCHAR2(9000)", "maxLength": 9}),
     ["VARCHAR2(9 CHAR)"] * 3 + ["VARCHAR2(9000 CHAR)"]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), TABLE, ids=str)
def test_a_field_has_its_type_on_each_server(schema, expected):
    assert [column_type(field(schema), server).ddl() for server in (S19, S21, S23, S23X)] == expected


def test_objects_are_checked_json_before_there_is_a_json_type():
    assert column_type(field({"type": "object"}), S19).is_json


KEYS = [
    ({"type": "integer"}, "NUMBER(38)"),
    ({"type": "number"}, "NUMBER"),
    (text(), "VARCHAR2(800 CHAR)"),
    (text(maxLength=160), "VARCHAR2(160 CHAR)"),
    (text(maxLength=5000), "VARCHAR2(1500 CHAR)"),
    (text(format="date-time"), "TIMESTAMP(6)"),
    (text(format="date"), "DATE"),
    (text(format="uuid"), "VARCHAR2(36 CHAR)"),
    (text(contentEncoding="base64"), "RAW(2000)"),
    ({"type": "object"}, "VARCHAR2(800 CHAR)"),
    ({}, "VARCHAR2(800 CHAR)"),
    (text(**{"x-sql-datatype": "CLOB"}), "VARCHAR2(800 CHAR)"),
    (text(**{"x-sql-datatype": "VARCHAR2(9)"}), "VARCHAR2(9 CHAR)"),
]


@pytest.mark.parametrize(("schema", "expected"), KEYS, ids=str)
def test_a_key_has_a_type_that_an_index_can_hold(schema, expected):
    assert column_type(field(schema), S19, key=True).ddl() == expected


OPTIONS = [
    ({"type": "number"}, TypeOptions(number_type="BINARY_DOUBLE"), "BINARY_DOUBLE"),
    ({"type": "integer"}, TypeOptions(number_type="BINARY_DOUBLE"), "NUMBER(38)"),
    (text(format="date-time"), TypeOptions(timestamp_type="TIMESTAMP"), "TIMESTAMP(6)"),
    (text(format="date-time"), TypeOptions(timestamp_type="DATE"), "DATE"),
    (
        text(format="date-time"),
        TypeOptions(timestamp_type="TIMESTAMP WITH LOCAL TIME ZONE"),
        "TIMESTAMP(6) WITH LOCAL TIME ZONE",
    ),
    ({"type": "object"}, TypeOptions(json_type="CLOB"), "CLOB"),
    ({"type": "object"}, TypeOptions(json_type="VARCHAR2"), "VARCHAR2(4000 BYTE)"),
    ({"type": "boolean"}, TypeOptions(boolean_type="NUMBER(1)"), "NUMBER(1)"),
    (text(), TypeOptions(varchar_default_length=255), "VARCHAR2(255 CHAR)"),
    (text(), TypeOptions(varchar_default_length=5000), "CLOB"),
    (text(maxLength=9), TypeOptions(varchar_default_length=255), "VARCHAR2(9 CHAR)"),
    ({}, TypeOptions(varchar_default_length=255), "VARCHAR2(255 CHAR)"),
]


@pytest.mark.parametrize(("schema", "options", "expected"), OPTIONS, ids=str)
def test_the_operator_may_prefer_another_type(schema, options, expected):
    assert column_type(field(schema), S23, options=options).ddl() == expected


def test_a_zoned_key_is_kept_in_utc_and_others_as_preferred():
    when = field(text(format="date-time"))
    local = TypeOptions(timestamp_type="TIMESTAMP WITH LOCAL TIME ZONE")
    assert column_type(when, S19, key=True, options=local).ddl() == "TIMESTAMP(6) WITH LOCAL TIME ZONE"
    assert column_type(when, S19, key=True).ddl() == "TIMESTAMP(6)"


def test_a_number_key_is_exact_whatever_the_option_says():
    options = TypeOptions(number_type="BINARY_DOUBLE")
    assert column_type(field({"type": "number"}), S19, key=True, options=options).ddl() == "NUMBER"


def test_options_that_the_server_lacks_are_said_at_once():
    options = TypeOptions(json_type="JSON", boolean_type="BOOLEAN")
    assert len(option_faults(options, S19)) == 2
    assert option_faults(options, S21) == ("boolean_type: BOOLEAN is no column type of this server",)
    assert option_faults(options, S23) == ()
    assert option_faults(TypeOptions(), S19) == ()


@pytest.mark.parametrize(
    ("schema", "said", "why"),
    [
        (text(), "jsonb", "no Oracle type"),
        (text(), "NUMBER", "cannot hold string values"),
        ({"type": "object"}, "DATE", "cannot hold json values"),
        ({"type": "boolean"}, "BOOLEAN", "is no column type of this server"),
        (text(), "VARCHAR2(4001)", "is no column type of this server"),
        (text(), "NVARCHAR2(2001)", "is no column type of this server"),
        (text(contentEncoding="base64"), "RAW(2001)", "is no column type of this server"),
    ],
)
def test_a_declared_type_that_does_not_fit_is_said(schema, said, why):
    assert why in (sql_type_fault(field(schema), S19, said=said) or "")


def test_a_declared_lob_is_no_key():
    assert "cannot be a key" in (sql_type_fault(field(text()), S19, key=True, said="CLOB") or "")


@pytest.mark.parametrize(
    ("schema", "said"),
    [(text(), "NVARCHAR2(20)"), ({"type": "integer"}, "VARCHAR2(20)"), (text(format="date"), "TIMESTAMP(0)"),
     ({"type": "object"}, "BLOB"), ({"type": "boolean"}, "NUMBER(1)")],
)  # fmt: skip
def test_a_declared_type_that_fits_is_followed(schema, said):
    assert sql_type_fault(field(schema), S19, said=said) is None


def test_what_is_read_but_not_followed_is_noticed():
    fields = read_fields(
        {"properties": {"a": {"$ref": "http://x"}, "b": text(**{"x-sql-datatype": "jsonb"})}}
    )
    first, second = notices(fields, S19)
    assert first == "property 'a': \"$ref\" to 'http://x' leads out of the schema: taken as any value"
    assert second.startswith("property 'b': x-sql-datatype is not followed: 'jsonb' is no Oracle type")


def test_keys_share_the_index_and_the_rest_keep_their_types():
    fields = read_fields({"properties": {"a": text(), "b": text(maxLength=10), "c": text(), "n": text()}})
    types = {name: kind.ddl() for name, kind in column_types(fields, ["c", "a", "b"], S19).items()}
    assert types == {
        "a": "VARCHAR2(745 CHAR)",
        "b": "VARCHAR2(10 CHAR)",
        "c": "VARCHAR2(745 CHAR)",
        "n": "VARCHAR2(4000 BYTE)",
    }


SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "number", "boolean", "string", "object", "array"])
        | st.just(["string", "null"]),
        "format": st.sampled_from(["date-time", "date", "time", "uuid", "binary", "singer.decimal", "x"]),
        "maxLength": st.integers(0, 5000) | st.just(4294967295),
        "contentEncoding": st.sampled_from(["base64", "base16"]),
    },
)
CHOICES = st.builds(
    TypeOptions,
    number_type=st.sampled_from(["NUMBER", "BINARY_DOUBLE"]),
    timestamp_type=st.sampled_from(
        ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP WITH LOCAL TIME ZONE", "DATE"]
    ),
    json_type=st.sampled_from(["auto", "CLOB", "VARCHAR2"]),
    boolean_type=st.sampled_from(["auto", "NUMBER(1)"]),
    varchar_default_length=st.none() | st.integers(1, 40000),
)


@given(schemas=st.lists(SCHEMAS, min_size=1, max_size=32), server=SERVERS, options=CHOICES)
def test_any_key_fits_an_index(schemas, server, options):
    """
    Whatever the key columns are, up to the 32 that an index may have, their longest values fit 6398 bytes.
    """
    fields = read_fields({"properties": {f"k{place}": schema for place, schema in enumerate(schemas)}})
    types = column_types(fields, [each.name for each in fields], server, options)
    sizes = [kind.max_bytes(server) for kind in types.values()]
    assert None not in sizes
    assert sum(size or 0 for size in sizes) <= KEY_BYTES
    assert sum(key_widths(fields, server, options).values()) <= KEY_BYTES


@given(schema=SCHEMAS, server=SERVERS, options=CHOICES, key=st.booleans())
def test_every_type_is_one_that_the_server_has(schema, server, options, key):
    kind = column_type(field(schema), server, key=key, options=options)
    assert kind.name != "BOOLEAN" or server.has_boolean
    assert kind.name != "JSON" or server.has_json
    assert kind.length is None or 1 <= kind.length <= (
        2000 if kind.name == "RAW" else server.max_string_bytes
    )
    assert sql_type_fault(field(schema), server, key=key, said=kind.ddl()) is None


@pytest.mark.parametrize("kind", Kind)
def test_every_type_that_a_kind_may_have_has_a_converter(kind):
    """
    What the table makes, and what may be declared instead, the converters can fill.
    """
    prop = Field("a", ("a",), kind, frozenset(), encoding="base64", max_length=20)
    made = {column_type(prop, server, key=key) for server in (S19, S23) for key in (True, False)}
    declared = {OracleType(name, length=20) for name in FILLS[kind]}
    for each in made | declared:
        assert converter(prop, Column("A", each), S23, tally=Tally())


def test_every_kind_has_a_type():
    for kind in Kind:
        assert column_type(Field("a", ("a",), kind, frozenset()), S19)
        assert column_type(Field("a", ("a",), kind, frozenset()), S19, key=True)
