"""
What a schema demands, over what a column can hold: the same in every way that a value can take.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_oracle.conformity import conforming, whole_record
from target_oracle.conversion import Converter, Tally
from target_oracle.convert import converter
from target_oracle.faults import RowFault, TooLong
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import read_fields
from target_oracle.typemap import column_type
from target_oracle.validation import compile_checks
from tests.unit.ways import every_way

S19 = Server((19,))


def made(schema: Any, type_: OracleType | None = None) -> tuple[Converter, Converter]:
    """
    Return the plain converter of a property and the one under its schema's demands.
    """
    (prop,) = read_fields({"properties": {"a": schema}})
    plain = converter(prop, Column("A", type_ or column_type(prop, S19)), S19, tally=Tally())
    return plain, conforming(plain, prop, compile_checks(prop))


SCHEMAS = [
    {"type": "integer", "minimum": -3, "exclusiveMaximum": 7},
    {"type": "integer", "multipleOf": 3},
    {"type": "integer", "enum": [1, 2, 3]},
    {"type": "number", "minimum": 0, "multipleOf": 0.5},
    {"type": "string", "maxLength": 3},
    {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]"},
    {"type": "string", "enum": ["a", "ab", "😀"]},
    {"type": "string", "format": "date", "pattern": "^2"},
    {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
    {"type": "object", "required": ["a"]},
    {"oneOf": [{"type": "integer", "minimum": 3}, {"type": "boolean"}]},
    {"type": "boolean", "enum": [True]},
]
VALUES = st.one_of(
    st.integers(-9, 9),
    st.decimals(-3, 9, places=2).map(float),
    st.text("ab😀 ä1", max_size=7),
    st.booleans(),
    st.lists(st.integers(0, 3) | st.text(max_size=1), max_size=3),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 1)),
    st.dates().map(str),
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
@settings(max_examples=100, deadline=None)
@given(value=VALUES)
def test_a_demand_holds_in_every_way_that_a_value_can_take(schema, value):
    raw = json.dumps(value).encode()
    found = every_way(made(schema)[1], raw)
    assert all(each == found[0] for each in found), found


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": ["null", "integer"]}, {}])
def test_a_schema_without_demands_costs_nothing(schema):
    plain, demanding = made(schema)
    assert demanding is plain


def test_a_text_beyond_its_schemas_length_is_refused_before_its_column_would_grow():
    narrow = OracleType("VARCHAR2", 2, char=True)
    plain, demanding = made({"type": "string", "maxLength": 4}, narrow)
    with pytest.raises(TooLong):
        plain.read(b'"abcde"')
    with pytest.raises(RowFault) as refused:
        demanding.read(b'"abcde"')
    assert not isinstance(refused.value, TooLong)
    with pytest.raises(TooLong):
        demanding.read(b'"abc"')


def test_a_type_that_is_wrong_is_told_before_a_demand_that_is_not_met():
    assert set(every_way(made({"type": "integer", "minimum": 3})[1], b'"x"')) == {"TYPE"}


def test_a_refusal_names_the_keyword_and_not_the_value():
    with pytest.raises(RowFault) as refused:
        made({"type": "string", "pattern": "^a$"})[1].read(b'"secret"')
    assert refused.value.code == "schema"
    assert "pattern" in refused.value.why
    assert "secret" not in refused.value.why


def test_a_whole_record_is_refused_with_the_keyword():
    demand = whole_record({"properties": {"a": {}}, "minProperties": 2})
    assert demand is not None
    demand(b'{"a": 1, "b": 2}')
    with pytest.raises(RowFault, match="minProperties") as refused:
        demand(b'{"a": 1}')
    assert refused.value.code == "schema"


def test_a_schema_of_properties_alone_demands_nothing_of_the_whole():
    assert whole_record({"properties": {"a": {"minimum": 3}}, "required": ["a"]}) is None
