"""
The rest of JSON Schema: what is compiled, and that it says what jsonschema says.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from target_oracle.singer.constraints import Scope, canonical, compile_schema, shortest, translate_pattern
from target_oracle.singer.schema import Field, SchemaFault, read_fields
from target_oracle.validation import (
    ColumnCheck,
    compile_checks,
    compile_record_check,
    explain,
    parse_json,
)


def field(schema, **root) -> Field:
    (found,) = read_fields({"properties": {"a": schema}, **root})
    return found


def check(schema, **root) -> ColumnCheck:
    found = compile_checks(field(schema, **root))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "string"},
        {"type": ["null", "integer"], "description": "a count", "default": 3, "examples": [1]},
        {"type": ["string", "null"], "format": "email"},
        {"type": ["string", "null"], "maxLength": 5},
        {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]},
        {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]},
        {"oneOf": [{"type": "boolean"}, {"type": "null"}]},
        {"type": ["object", "array", "null"]},
        {"$ref": "#/definitions/plain"},
    ],
    ids=json.dumps,
)
def test_a_schema_of_types_and_notes_costs_nothing(schema):
    assert compile_checks(field(schema, definitions={"plain": {"type": ["integer", "null"]}})) is None


META = [
    ({"type": "integer", "minimum": 0, "maximum": 255}, {"ge": 0, "le": 255}, False),
    ({"type": ["null", "integer"], "exclusiveMinimum": 0}, {"gt": 0}, False),
    ({"type": "integer", "minimum": 0.0}, {"ge": 0}, False),
    ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {}, True),
    ({"type": "integer", "minimum": 0, "exclusiveMinimum": 3}, {"ge": 0}, True),
    ({"type": "integer", "minimum": 0.5}, {}, True),
    ({"type": "integer", "minimum": 0, "maximum": 2**64 - 1}, {"ge": 0}, True),
    ({"type": "number", "minimum": 0}, {}, True),
    ({"type": "string", "minLength": 1}, {"min_length": 1}, False),
    ({"type": "string", "pattern": "^[a-z]+$"}, {"pattern": r"^[a-z]+\Z"}, False),
    ({"type": "string", "format": "uuid", "minLength": 36}, {"min_length": 36}, False),
    ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}, {"ge": 3}, False),
    ({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]}, {"ge": 3, "le": 5}, False),
    ({"allOf": [{"type": "integer", "minimum": 3}, {"minimum": 5}]}, {"ge": 3}, True),
]


@pytest.mark.parametrize(("schema", "meta", "rest"), META, ids=json.dumps)
def test_the_decoder_gets_what_it_can_check(schema, meta, rest):
    found = check(schema)
    assert (dict(found.meta), found.rest is not None) == (meta, rest)
    sort = int if isinstance(next(iter(meta.values()), ""), int) and "min_length" not in meta else str
    msgspec.json.Decoder(Annotated[sort, msgspec.Meta(**found.meta)])


@pytest.mark.parametrize(
    ("schema", "choices", "null"),
    [
        ({"type": "string", "enum": ["G", "PG", "G"]}, ("G", "PG"), False),
        ({"type": ["string", "null"], "enum": ["G", "PG", None]}, ("G", "PG"), True),
        ({"type": ["string", "null"], "enum": ["G", "PG"]}, ("G", "PG"), False),
        ({"type": ["string", "null"], "enum": ["G", 3]}, ("G",), False),
        ({"type": ["string"], "enum": ["G"], "nullable": True}, ("G",), True),
        ({"type": ["integer", "null"], "enum": [1, 2, True, None]}, (1, 2), True),
        ({"type": "integer", "enum": [2**64]}, (), False),
        ({"enum": ["a", "b"]}, ("a", "b"), False),
    ],
    ids=json.dumps,
)
def test_an_enum_is_a_literal_where_one_exists(schema, choices, null):
    found = check(schema)
    assert (found.choices, found.null) == (choices, null)
    if choices:
        assert found.rest is None
        msgspec.json.Decoder(Literal[choices])


CASES = [
    # schema, valid values, refused values, as JSON
    ({"type": "number", "multipleOf": 0.01}, ["1.98", "0", "1e3", "-0.01", "1.980"], ["1.985", "1e-3"]),
    ({"type": "number", "multipleOf": 0.01}, ["1.979999999999999982236431605997495353221893310546875"], []),
    ({"type": "number", "multipleOf": 1e-30}, ["1.98", "1e20", "1e-30", "123456789012345678901234567890"],
     ["1e-31"]),
    ({"type": "number", "multipleOf": 1e-30}, ["3.141592653589793115997963468544185161590576171875"], []),
    ({"type": "number", "multipleOf": 10}, ["1e125", "20", "0.0", "2e1"], ["1e0", "25", "0.1"]),
    ({"type": "number", "multipleOf": 7}, ["14"], ["1e999999"]),
    ({"type": "number", "multipleOf": 3}, ["0e-999999"], ["1e-999999"]),
    ({"type": "number", "minimum": 1.98}, ["1.98", "1.979999999999999982236431605997495353221893310546875"],
     ["1.97999999999999998", "-1e400"]),
    ({"type": "number", "maximum": 18446744073709551615}, ["18446744073709551615"],
     ["18446744073709551615.5"]),
    ({"type": "number", "maximum": 10, "exclusiveMaximum": True}, ["9.999"], ["10", "10.0"]),
    ({"type": "number", "maximum": 10, "exclusiveMaximum": False}, ["10"], ["10.1"]),
    ({"type": "number", "exclusiveMinimum": 0}, ["1e-130"], ["0", "-1"]),
    ({"type": "number", "enum": [0.1, 2]}, ["0.1", "0.10", "2.0", "1e-1"], ["0.2"]),
    ({"type": "number", "const": 1}, ["1", "1.0"], ["2"]),
    ({"type": "boolean", "const": True}, ["true"], ["false"]),
    ({"type": "string", "pattern": "^a|b$"}, ['"ax"', '"xb"'], ['"xb\\n"', '"c"']),
    ({"type": "string", "minLength": 2}, ['"😀a"'], ['"😀"']),
    ({"type": "string", "not": {"enum": ["a"]}}, ['"b"'], ['"a"']),
    ({"type": "string", "maxLength": 1, "minLength": 1}, ['"long"'], ['""']),
    ({"type": "array", "items": {"type": "string"}}, ["[]", '["a"]'], ["[1]", '{"a": 1}', '"a"']),
    ({"type": "array"}, ["[1]"], ["{}"]),
    ({"type": "array", "maxItems": 1, "minItems": 1}, ["[1]"], ["[]", "[1, 2]"]),
    ({"type": "array", "uniqueItems": True}, ['[1, true, "1", [1], {"a": 1}]'], ["[1, 1.0]", "[[], []]"]),
    ({"type": "array", "items": [{"type": "integer"}], "additionalItems": False}, ["[1]", "[]"], ["[1, 2]",
     '["a"]']),
    ({"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "null"}}, ["[1, null]"],
     ["[1, 2]"]),
    ({"type": "array", "contains": {"const": 1}, "maxContains": 2}, ["[1]", "[1, 1, 2]"], ["[2]",
     "[1, 1, 1]"]),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
     ["{}", '{"a": 1}', '{"a": 1.0}'], ['{"a": "1"}', '{"b": 1}']),
    ({"type": "object", "required": ["a"]}, ['{"a": null}'], ["{}"]),
    ({"type": "object", "required": True}, ["{}"], ["[]"]),
    ({"type": "object", "patternProperties": {"^x": {"type": "integer"}},
     "additionalProperties": {"type": "null"}},
     ['{"x": 1, "a": null}'], ['{"x": "a"}', '{"a": 1}']),
    ({"type": "object", "propertyNames": {"maxLength": 2}}, ['{"ab": 1}'], ['{"abc": 1}']),
    ({"type": "object", "minProperties": 1, "maxProperties": 1}, ['{"a": 1}'], ["{}", '{"a": 1, "b": 2}']),
    ({"type": "object", "dependentRequired": {"a": ["b"]}}, ["{}", '{"a": 1, "b": 1}'], ['{"a": 1}']),
    ({"type": "object", "dependencies": {"a": {"required": ["b"]}}}, ['{"b": 1}'], ['{"a": 1}']),
    ({"type": "object", "properties": {"o": {"type": "string", "nullable": True, "minLength": 1}}},
     ['{"o": null}'], ['{"o": ""}']),
    ({"type": "integer", "if": {"minimum": 5}, "then": {"multipleOf": 5}, "else": {"const": 1}},
     ["5", "1", "10"], ["6", "2"]),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, ["1.5"], ["1"]),
    ({"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}]}, ["2", "3"],
     ["6", "5"]),
    ({"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer", "minimum": 3}]}, ['"long"', "3"],
     ["2"]),
    ({"type": ["integer", "string"]}, ["1", "1.0", '"a"'], ["1.5", "true", "[]"]),
    ({"type": "null"}, [], ["1", '""']),
    (False, [], ["1", '"a"', "{}"]),
    ({"type": "string", "format": "singer.decimal", "pattern": "^[0-9.]+$"}, ['"1.50"'], ['"1e3"']),
    ({"type": "string", "format": "date-time", "enum": ["2020-01-01T00:00:00Z"]}, ['"2020-01-01T00:00:00Z"'],
     ['"2020-01-01"']),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "valid", "refused"), CASES, ids=json.dumps)
def test_a_value_is_held_to_its_schema(schema, valid, refused):
    found = check(schema)
    assert [text for text in valid if not found.accepts_json(text.encode())] == []
    assert [text for text in refused if found.accepts_json(text.encode())] == []


def test_only_kinds_that_are_bound_as_they_are_written_are_checked_by_value():
    assert check({"type": "number", "minimum": 0}).by_value
    assert check({"type": "string", "minLength": 2}).by_value
    for kind in ({"type": "string", "format": "date"}, {"type": "array"}, {"type": ["string", "integer"]}):
        assert not check({**kind, "enum": []}).by_value


def test_faulty_values_are_told_by_their_place():
    found = check({"type": ["null", "number"], "minimum": 0})
    assert found.faulty([1, None, Decimal(-1), -0.5, 0]) == [2, 3]
    assert check({"type": "integer", "minimum": 0}).faulty([-1]) == []  # the decoder's part


def test_a_recursive_schema_is_followed():
    tree = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "below": {"items": {"$ref": "#/d/tree"}}},
    }
    found = check({"$ref": "#/d/tree"}, d={"tree": tree})
    assert found.accepts_json(b'{"n": 1, "below": [{"n": 2, "below": []}]}')
    assert not found.accepts_json(b'{"n": 1, "below": [{"n": "2"}]}')


@pytest.mark.parametrize(
    ("schema", "notice"),
    [
        (
            {"type": "string", "pattern": r"\p{L}"},
            '"pattern" is no regular expression known here and not checked',
        ),
        ({"type": "string", "pattern": 3}, '"pattern" is no regular expression known here and not checked'),
        ({"type": "string", "minLength": "x"}, '"minLength" is malformed and not checked'),
        ({"type": "string", "enum": "x"}, '"enum" is malformed and not checked'),
        ({"type": "array", "items": 3}, '"items" is malformed and not checked'),
        ({"type": "array", "items": {"type": "strnig"}}, '"type" is malformed and not checked'),
        ({"type": "array", "items": {"multipleOf": -1}}, '"multipleOf" is malformed and not checked'),
        ({"type": "array", "minItems": 1.5}, '"minItems" is malformed and not checked'),
        ({"type": "object", "properties": []}, '"properties" is malformed and not checked'),
        ({"type": "object", "unevaluatedProperties": False}, '"unevaluatedProperties" is not checked'),
    ],
    ids=json.dumps,
)
def test_what_cannot_be_checked_is_noticed_and_refuses_nothing(schema, notice):
    found = check(schema)
    assert found.notices == (notice,)
    assert found.accepts_json({"string": b'"a"', "array": b"[1]", "object": b"{}"}[schema["type"]])


def test_a_value_nested_too_deeply_to_be_checked_is_refused():
    found = check({"type": "array", "uniqueItems": True})
    assert found.accepts_json(b"[" * 50 + b"]" * 50)
    assert not found.accepts_json(b"[" * 100_000 + b"]" * 100_000)


def test_a_schema_nested_too_deeply_is_noticed_and_refuses_nothing():
    schema = {"type": "string"}
    for _ in range(5000):
        schema = {"items": schema}
    found = check({"type": "array", **schema})
    assert found.notices == ("the schema is nested too deeply to be checked",)
    assert found.accepts_json(b"[]")


@pytest.mark.parametrize(
    ("ecma", "python"),
    [
        ("^a$", r"^a\Z"),
        (r"\$[$]$", r"\$[$]\Z"),
        ("(?<y>a)\\k<y>", "(?P<y>a)(?P=y)"),
        ("(?<=a)b(?<!c)", "(?<=a)b(?<!c)"),
        (r"\u{1F600}", "\\U0001f600"),
        (r"[\]$]$", r"[\]$]\Z"),
        (r"\/", r"\/"),
    ],
)
def test_a_pattern_is_spelt_as_python_does(ecma, python):
    assert translate_pattern(ecma) == python
    re.compile(python)


@pytest.mark.parametrize(
    ("value", "short"),
    [("1.98", "1.98"), ("0.1000000000000000055511151231257827021181583404541015625", "0.1"),
     ("1e400", "1e400"), ("0.1000000000000000055511151231257827021181583404541015626",
      "0.1000000000000000055511151231257827021181583404541015626")],
)  # fmt: skip
def test_only_the_full_spelling_of_a_double_is_shortened(value, short):
    assert shortest(Decimal(value)) == Decimal(short)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-4, 4)
    | st.sampled_from([0.5, -1.5, 2.0, 1e300])
    | st.text("ab1", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
COUNTS = st.integers(0, 3)
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -0.5])


def objects(inner):
    """
    Make schemas of every keyword that the drafts share, over *inner* ones.
    """
    some = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "exclusiveMinimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.sampled_from([1, 2, 3, 0.5, 0.25]),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": st.sampled_from(["a", "^a", "b$", "^[ab]+$", "1|a"]),
            "items": inner,
            "prefixItems": some,
            "minItems": COUNTS,
            "maxItems": COUNTS,
            "uniqueItems": st.booleans(),
            "contains": inner,
            "minContains": COUNTS,
            "properties": named,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b", "c$"]), inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            "minProperties": COUNTS,
            "maxProperties": COUNTS,
            "dependentRequired": st.dictionaries(st.sampled_from("ab"), st.just(["c"]), max_size=1),
            "dependentSchemas": named,
            "allOf": some,
            "anyOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    )


SCHEMAS = st.recursive(st.booleans() | objects(st.booleans()), objects, max_leaves=5)


@settings(max_examples=200, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_a_compiled_schema_says_what_jsonschema_says(schema, value):
    compiled = compile_schema(schema, Scope())
    exact = parse_json(json.dumps(value).encode())
    assert (compiled is None or compiled(exact)) is Draft202012Validator(schema).is_valid(value)


@settings(max_examples=150, deadline=None)
@given(value=VALUES, other=VALUES)
def test_equal_values_have_equal_stand_ins(value, other):
    equal = Draft202012Validator({"const": value}).is_valid(other)
    assert (canonical(value) == canonical(parse_json(json.dumps(other).encode()))) is equal


def loosened(schema):
    """
    Leave out `maxLength` where the column takes its place.
    """
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "maxLength"}
    single = [each for each in kept.get("oneOf", ()) if each != {"type": "null"}]
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in kept and (keyword != "oneOf" or len(single) == 1):
            kept[keyword] = [loosened(each) for each in kept[keyword]]
    return kept


FLAT = st.recursive(
    objects(st.booleans()),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "anyOf": st.lists(inner | st.just({"type": "null"}), min_size=1, max_size=2),
            "oneOf": st.lists(inner | st.just({"type": "null"}), min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "type": TYPES,
        },
    ),
    max_leaves=3,
)


@settings(max_examples=200, deadline=None)
@given(schema=FLAT, value=VALUES)
def test_a_column_check_says_what_jsonschema_says_of_values_of_the_right_type(schema, value):
    """
    With the decoder's part, types, taken as done: `meta`, `choices` and `rest` together are `accepts`.
    """
    try:
        column = field(schema)
    except SchemaFault:
        return
    found = compile_checks(column)
    validator = Draft202012Validator(loosened(schema))
    assert (column.nullable if found is None else found.null) in (
        Draft202012Validator(schema).is_valid(None),
        False,
    )
    if value is None or not Draft202012Validator({"type": sorted(column.types) or "null"}).is_valid(value):
        return
    text = json.dumps(value).encode()
    accepted = found is None or found.accepts_json(text)
    assert accepted is validator.is_valid(value)
    if found is not None and found.by_value:
        decoded = _decoded(found, column, text)
        assert accepted is (decoded and not found.faulty([parse_json(text)]))


def _decoded(found: ColumnCheck, column: Field, text: bytes) -> bool:
    if not found.meta and not found.choices:
        return True
    base = int if column.types == {"integer"} else str
    kinds = [Annotated[base, msgspec.Meta(**found.meta)]] if found.meta else []
    kinds += [Literal[found.choices]] if found.choices else []
    try:
        for kind in kinds:
            msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(schema=st.dictionaries(st.sampled_from(
    ["items", "properties", "enum", "minimum", "multipleOf", "minContains", "contains", "dependencies",
     "required", "pattern", "patternProperties", "not", "if", "uniqueItems", "maxItems", "exclusiveMinimum",
     "type"]), VALUES),
    value=VALUES)  # fmt: skip
def test_any_json_compiles(schema, value):
    found = compile_checks(Field("a", ("a",), field({}).kind, field({}).types, schema=schema))
    if found is not None:
        assert found.accepts_json(json.dumps(value).encode()) in (True, False)


RECORDS = [
    ({"properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, None, None),
    ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": 1}, {"c": 1}),
    ({"minProperties": 1}, {"a": 1}, {}),
    ({"allOf": [{"properties": {"a": {"type": "string", "maxLength": 1}}}]}, None, None),
    ({"allOf": [{"if": {"required": ["a"]}, "then": {"required": ["b"]}}]}, {"a": 1, "b": 1}, {"a": 1}),
    ({"dependentSchemas": {"a": {"$ref": "#/definitions/b"}}, "definitions": {"b": {"required": ["b"]}}},
     {"b": 1}, {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "valid", "refused"), RECORDS, ids=json.dumps)
def test_a_record_is_checked_beyond_its_properties(schema, valid, refused):
    found = compile_record_check(schema)
    if valid is None:
        assert found is None
    else:
        assert found is not None
        assert found(valid)
        assert not found(refused)


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"minimum": 3}, 2, '"minimum": 3 is not met'),
        ({"type": "string", "pattern": "^a$"}, "secret", '"pattern": "^a$" is not met'),
        ({"items": {"properties": {"x": {"enum": [1]}}}}, [{"x": 1}, {"x": 777}],
         '"enum": [1] is not met at items.properties.x'),
        ({"enum": ["x" * 200]}, "secret", '"enum": ["' + "x" * 78 + "… is not met"),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, '"minimum": 3 is not met'),
        ({"multipleOf": 0.01}, Decimal("0.015"), '"multipleOf": 0.01 is not met'),
        ({"minimum": 1e30}, Decimal(999999999999999999999999999999),
         "the value is not what the property's schema allows"),
        ({"minLength": 9, "pattern": r"\p{L}"}, "secret",
         "the value is not what the property's schema allows"),
    ],
)  # fmt: skip
def test_a_refusal_is_explained_without_the_value(schema, value, why):
    assert explain(schema, value) == why
    assert "secret" not in why
    assert "777" not in why


def test_draft_4_is_known_by_its_booleans():
    schema = {"properties": {"a": {"maximum": 3, "exclusiveMaximum": True}}}
    assert not Draft4Validator(schema).is_valid({"a": 3})
    assert explain(schema, {"a": 3}).endswith("at properties.a")
