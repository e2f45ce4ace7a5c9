"""
What taps write in SCHEMA messages, and what the reader makes of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from target_oracle.singer.schema import Field, Kind, SchemaFault, read_fields
from target_oracle.singer.shape import json_type


def read(prop, /, name="a", **root) -> Field:
    """
    Read a schema with the one property *prop*.
    """
    (found,) = read_fields({"type": "object", "properties": {name: prop}, **root})
    return found


DEFINITIONS = {
    "day": {"type": "string", "format": "date"},
    "maybe": {"anyOf": [{"$ref": "#/definitions/day"}, {"type": "null"}]},
    "node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}}},
    "a/b~c %": {"type": "integer"},
}

KINDS = [
    # as tap-postgres, tap-mysql, tap-github, singer-tools, ... write them
    ({"type": "integer"}, Kind.INTEGER, False),
    ({"type": ["null", "integer"]}, Kind.INTEGER, True),
    ({"type": ["integer", "null"]}, Kind.INTEGER, True),
    ({"type": ["number"]}, Kind.NUMBER, False),
    ({"type": ["integer", "number", "null"]}, Kind.NUMBER, True),
    ({"type": "boolean"}, Kind.BOOLEAN, False),
    ({"type": "string"}, Kind.STRING, False),
    ({"type": ["string", "null"], "format": "date-time"}, Kind.DATE_TIME, True),
    ({"type": "string", "format": "date"}, Kind.DATE, False),
    ({"type": "string", "format": "time"}, Kind.TIME, False),
    ({"type": "string", "format": "uuid"}, Kind.UUID, False),
    ({"type": "string", "format": "duration"}, Kind.STRING, False),
    ({"type": "string", "format": "email"}, Kind.STRING, False),
    ({"type": "string", "format": 7}, Kind.STRING, False),
    ({"type": ["null", "string"], "format": "binary"}, Kind.BINARY, True),
    ({"type": "string", "contentEncoding": "base64"}, Kind.BINARY, False),
    ({"type": "string", "contentEncoding": "base16"}, Kind.BINARY, False),
    ({"type": "string", "contentEncoding": "quoted-printable"}, Kind.STRING, False),
    ({"type": ["string", "null"], "format": "singer.decimal"}, Kind.DECIMAL_STRING, True),
    ({"type": "string", "format": "x-singer.decimal"}, Kind.DECIMAL_STRING, False),
    ({"type": "string", "x-singer.decimal": True}, Kind.DECIMAL_STRING, False),
    ({"type": ["string", "number"], "format": "singer.decimal"}, Kind.DECIMAL_STRING, False),
    ({"type": "object"}, Kind.JSON, False),
    ({"type": ["array", "null"], "items": {}}, Kind.JSON, True),
    ({"type": ["object", "array"]}, Kind.JSON, False),
    ({"type": ["object", "string"]}, Kind.ANY, False),
    ({"type": ["integer", "boolean"]}, Kind.ANY, False),
    ({"type": ["number", "string"]}, Kind.ANY, False),
    ({"type": ["string", "integer"], "format": "date-time"}, Kind.ANY, False),
    ({"type": "null"}, Kind.ANY, True),
    ({"type": []}, Kind.ANY, True),
    ({"type": None}, Kind.ANY, True),
    ({}, Kind.ANY, True),
    (True, Kind.ANY, True),
    (False, Kind.ANY, False),
    # a format concerns strings only
    ({"type": "integer", "format": "date-time"}, Kind.INTEGER, False),
    ({"type": ["object", "null"], "format": "uuid"}, Kind.JSON, True),
    # combinations
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, Kind.DATE_TIME, True),
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]}, Kind.STRING, True),
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"format": "date", "type": "string"}]},
     Kind.STRING, False),
    ({"type": ["string", "null"], "anyOf": [{"format": "date-time"}, {}]}, Kind.STRING, True),
    ({"type": ["string", "null"], "anyOf": [{"format": "date-time"}]}, Kind.DATE_TIME, True),
    ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, Kind.INTEGER, True),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, Kind.NUMBER, False),
    ({"anyOf": [{"type": "array"}, {"type": "object"}, {"type": "null"}]}, Kind.JSON, True),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, Kind.ANY, False),
    ({"anyOf": []}, Kind.ANY, True),
    ({"allOf": [{"type": ["string", "null"]}, {"format": "date"}]}, Kind.DATE, True),
    ({"allOf": [{"type": ["number", "null"]}, {"type": ["integer", "string", "null"]}]}, Kind.INTEGER, True),
    ({"allOf": [{"type": "string", "format": "date"}, {"format": "uuid"}]}, Kind.STRING, False),
    ({"type": "string", "nullable": True}, Kind.STRING, True),
    ({"$ref": "#/definitions/day", "nullable": True}, Kind.DATE, True),
    # values instead of types
    ({"enum": ["a", "b", None]}, Kind.STRING, True),
    ({"enum": [1, 2.0]}, Kind.INTEGER, False),
    ({"enum": [1, 2.5]}, Kind.NUMBER, False),
    ({"enum": [1, "a"]}, Kind.ANY, False),
    ({"const": True}, Kind.BOOLEAN, False),
    ({"const": None}, Kind.ANY, True),
    ({"type": "number", "enum": [1, 2]}, Kind.NUMBER, False),
    # references
    ({"$ref": "#/definitions/day"}, Kind.DATE, False),
    ({"$ref": "#/definitions/maybe"}, Kind.DATE, True),
    ({"$ref": "#/definitions/node"}, Kind.JSON, False),
    ({"$ref": "#/definitions/a~1b~0c%20%25"}, Kind.INTEGER, False),
    ({"$ref": "#"}, Kind.JSON, False),
    ({"$ref": "#/definitions/maybe/anyOf/0"}, Kind.DATE, False),
    ({"$ref": "urn:here#/definitions/day"}, Kind.DATE, False),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "kind", "nullable"), KINDS, ids=str)
def test_a_property_has_one_kind(schema, kind, nullable):
    """
    Whatever way a tap spells its types, the column needs one kind and a nullability.
    """
    root = {"definitions": DEFINITIONS, "$id": "urn:here#"}
    found = read(schema, **root)
    assert (found.kind, found.nullable) == (kind, nullable)


BOUNDS = [
    ({"type": "string", "maxLength": 65535}, "max_length", 65535),
    ({"type": "string", "maxLength": 4294967295}, "max_length", 4294967295),
    ({"type": "string", "maxLength": 255.0}, "max_length", 255),
    ({"type": "string", "maxLength": None}, "max_length", None),
    ({"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}, "max_length", 5),
    ({"anyOf": [{"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}]}, "max_length", 9),
    ({"anyOf": [{"type": "string", "maxLength": 5}, {"type": "string"}]}, "max_length", None),
    ({"allOf": [{"type": "string", "maxLength": 5}, {"maxLength": 9}]}, "max_length", 5),
    ({"type": "integer", "maximum": 18446744073709551615}, "maximum", Decimal(2**64 - 1)),
    ({"type": "integer", "minimum": -9223372036854775808}, "minimum", Decimal(-(2**63))),
    ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, "minimum", Decimal(0)),
    ({"type": "number", "exclusiveMaximum": 9.5}, "maximum", Decimal("9.5")),
    ({"type": "number", "maximum": 8, "exclusiveMaximum": 9}, "maximum", Decimal(8)),
    ({"type": "number", "multipleOf": 1e-30}, "multiple_of", Decimal("1E-30")),
    ({"type": "number", "multipleOf": "0.01"}, "multiple_of", Decimal("0.01")),
    ({"type": "number", "multipleOf": 10}, "multiple_of", Decimal(10)),
    ({"type": "string", "x-sql-datatype": "CLOB"}, "sql_type", "CLOB"),
    ({"type": "string", "x-sql-datatype": " "}, "sql_type", None),
    ({"type": "string", "x-sql-datatype": 3}, "sql_type", None),
    ({"type": "string", "description": "what it is"}, "description", "what it is"),
    ({"type": "string", "contentEncoding": "BASE64"}, "encoding", "base64"),
    ({"type": "string", "contentEncoding": "base16"}, "encoding", "hex"),
    ({"type": "string", "format": "binary"}, "encoding", "hex"),
    ({"type": ["integer", "null"], "contentEncoding": "base64"}, "encoding", None),
]


@pytest.mark.parametrize(("schema", "part", "expected"), BOUNDS, ids=str)
def test_a_bound_is_read_exactly(schema, part, expected):
    assert getattr(read(schema), part) == expected


FAULTS = [
    ({"type": "strnig"}, 'property "a": "type" says \'strnig\''),
    ({"type": [{"type": "string"}]}, '"type" says'),
    ({"type": "string", "maxLength": -1}, '"maxLength" must be a whole number'),
    ({"type": "string", "maxLength": True}, '"maxLength" must be a number'),
    ({"type": "number", "multipleOf": 0}, '"multipleOf" must be above 0'),
    ({"type": "number", "minimum": "low"}, '"minimum" must be a number'),
    ({"type": "number", "minimum": 3, "maximum": 2}, "no number is from 3 to 2"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "exclude each other"),
    ({"anyOf": {"type": "string"}}, '"anyOf" must be a list'),
    ({"anyOf": ["string"]}, "a schema must be an object, not str"),
    ("string", "a schema must be an object, not str"),
    ({"$ref": "#/definitions/none"}, "leads to #/definitions/none, which is not in the schema"),
    ({"$ref": "#/definitions/loop"}, "leads back to itself"),
]


@pytest.mark.parametrize(("schema", "why"), FAULTS, ids=str)
def test_a_schema_that_cannot_be_read_names_the_property(schema, why):
    with pytest.raises(SchemaFault) as fault:
        read(schema, definitions={"loop": {"anyOf": [{"$ref": "#/definitions/loop"}]}})
    assert why in str(fault.value)
    assert fault.value.path == ("a",)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array"}, "records are objects, but the schema allows only: array"),
        ({"properties": ["a"]}, '"properties" must be an object, not list'),
        ({"required": "a"}, '"required" must be a list of names, not str'),
        ([], "the schema is no JSON object"),
    ],
)
def test_a_stream_schema_that_cannot_be_read_says_why(schema, why):
    with pytest.raises(SchemaFault, match=why):
        read_fields(schema)


def test_properties_keep_their_order():
    names = ["z", "a", "m", "Z", ""]
    assert [each.name for each in read_fields({"properties": {name: {} for name in names}})] == names


def test_required_is_read_from_the_root():
    fields = read_fields({"properties": {"a": {}, "b": {"required": True}}, "required": ["a", "c", 3]})
    assert [each.required for each in fields] == [True, False]


def test_a_schema_without_properties_has_no_fields():
    assert read_fields({}) == []
    assert read_fields({"type": "object", "properties": None}) == []
    assert read_fields({"type": "object", "properties": []}) == []  # an empty object, as PHP writes it


def test_properties_may_come_through_references_and_combinations():
    schema = {
        "$ref": "#/definitions/base",
        "allOf": [{"properties": {"b": {"type": "string"}}, "required": ["b"]}],
        "anyOf": [
            {"properties": {"c": {"type": "string"}, "d": {"type": "integer"}}, "required": ["c"]},
            {"properties": {"d": {"type": "number"}}, "required": ["d"]},
            {"type": "null"},
            True,
        ],
        "definitions": {"base": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}}},
    }
    found = {each.name: (each.kind, each.required) for each in read_fields(schema)}
    assert found == {
        "a": (Kind.INTEGER, False),
        "b": (Kind.STRING, True),
        "c": (Kind.STRING, False),
        "d": (Kind.NUMBER, False),
    }


def test_unused_and_recursive_definitions_cost_nothing():
    tree = {
        "type": "object",
        "properties": {"below": {"type": "array", "items": {"$ref": "#/definitions/t"}}},
    }
    found = read({"$ref": "#/definitions/t"}, definitions={"t": tree, "unused": {"$ref": "#/nowhere"}})
    assert found.kind is Kind.JSON


@pytest.mark.parametrize("reference", ["http://example.org/a.json#/b", "other.json", "#anchor"])
def test_a_reference_out_of_the_schema_is_any_value_and_noticed(reference):
    found = read({"$ref": reference})
    assert found.kind is Kind.ANY
    assert found.notices == (f'"$ref" to {reference!r} leads out of the schema: taken as any value',)
    assert "$ref" not in json.dumps(found.schema)


def test_a_propertys_schema_stands_alone():
    """
    jsonschema, given a field's schema, follows its references, recursion included.
    """
    tree = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "below": {"items": {"$ref": "#/definitions/t"}}},
        "default": {"$ref": "data"},
    }
    tree["definitions"] = {"unused": {}}
    found = read({"$ref": "#/definitions/t", "minProperties": 1}, definitions={"t": tree})
    valid = Draft202012Validator(found.schema).is_valid
    assert valid({"n": 1, "below": [{"below": [{"n": 2}]}]})
    assert not valid({"n": 1, "below": [{"below": [{"n": "2"}]}]})
    assert not valid({})
    assert "definitions" not in json.dumps(found.schema)


def test_definitions_that_multiply_are_read_once():
    """
    Thirty definitions that each name the next twice are 2**30 paths and 30 readings.
    """
    names = [f"d{place}" for place in range(30)]
    definitions = {
        one: {"anyOf": [{"$ref": f"#/definitions/{two}"}] * 2} for one, two in itertools.pairwise(names)
    }
    definitions[names[-1]] = {"type": "integer"}
    assert read({"$ref": "#/definitions/d0"}, definitions=definitions).kind is Kind.INTEGER


def test_a_schema_nested_without_end_is_refused():
    schema: dict = {}
    for _ in range(100_000):
        schema = {"anyOf": [schema]}
    with pytest.raises(SchemaFault, match="nested too deeply"):
        read(schema)


def test_reading_properties_costs_no_more_each_the_more_there_are():
    assert calls_to_read(1000) <= 10 * calls_to_read(100)


def calls_to_read(properties):
    """
    Return how many calls reading so many properties takes: their cost, whatever else the machine does.
    """
    prop = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "description": "when"}
    schema = {"properties": {f"p{number}": prop for number in range(properties)}}
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        fields = read_fields(schema)
    finally:
        sys.setprofile(before)
    assert len(fields) == properties
    return calls


NESTED = {
    "properties": {
        "id": {"type": "integer"},
        "who": {
            "type": ["object", "null"],
            "properties": {
                "name": {"type": "string"},
                "at": {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip"]},
                "bag": {"type": "object"},
            },
            "required": ["name", "at"],
        },
    },
    "required": ["id", "who"],
}


@pytest.mark.parametrize(
    ("depth", "names"),
    [
        (0, ["id", "who"]),
        (1, ["id", "who__name", "who__at", "who__bag"]),
        (2, ["id", "who__name", "who__at__zip", "who__bag"]),
        (9, ["id", "who__name", "who__at__zip", "who__bag"]),
    ],
)
def test_objects_flatten_to_the_depth_asked_for(depth, names):
    assert [each.name for each in read_fields(NESTED, flatten_depth=depth)] == names


def test_a_flattened_property_is_nullable_when_an_object_above_it_is():
    found = {each.name: each for each in read_fields(NESTED, flatten_depth=2, separator=".")}
    assert found["who.at.zip"].path == ("who", "at", "zip")
    assert found["who.at.zip"].nullable
    assert not found["who.at.zip"].required
    assert not found["id"].nullable


def test_a_flattened_property_is_required_when_every_object_above_it_is():
    optional = {**NESTED, "required": []}
    found = {each.name: each.required for each in read_fields(optional, flatten_depth=2)}
    assert not found["who__at__zip"]


def test_two_properties_that_flatten_alike_are_refused():
    schema = {"properties": {"a__b": {}, "a": {"type": "object", "properties": {"b": {}}}}}
    with pytest.raises(SchemaFault, match="choose another flattening_separator"):
        read_fields(schema, flatten_depth=1)
    assert len(read_fields(schema, flatten_depth=1, separator=":")) == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
SCHEMAS = st.recursive(
    st.booleans()
    | st.fixed_dictionaries(
        {}, optional={"type": TYPES | st.lists(TYPES, min_size=1), "format": st.just("date")}
    )
    | st.builds(lambda value: {"const": value}, VALUES),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "allOf": st.lists(inner, min_size=1, max_size=3),
        },
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_no_valid_value_has_a_type_that_the_field_excludes(schema, value):
    """
    Whatever jsonschema calls valid has a type that the field allows, or is null and the field nullable.
    """
    try:
        found = read(schema)
    except SchemaFault:
        assert not Draft202012Validator(schema).is_valid(value)
        return
    if Draft202012Validator(schema).is_valid(value):
        name = json_type(value)
        allowed = found.types | ({"null"} if found.nullable else set())
        assert name in allowed or (name == "integer" and "number" in allowed)


@settings(max_examples=200, deadline=None)
@given(schema=st.dictionaries(st.sampled_from(
    ["type", "anyOf", "allOf", "oneOf", "$ref", "enum", "const", "maxLength", "minimum", "multipleOf",
     "format", "properties", "required", "nullable", "contentEncoding"]), VALUES))  # fmt: skip
def test_any_json_is_a_schema_or_a_fault(schema):
    with contextlib.suppress(SchemaFault):
        read_fields({"properties": {"a": schema}})
    with contextlib.suppress(SchemaFault):
        read_fields(schema, flatten_depth=3)
