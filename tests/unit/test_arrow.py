"""
Which columns of Arrow go to the driver as they are, and which are looked at value by value.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

pa = pytest.importorskip("pyarrow", reason="the extra target-oracle[arrow] is not installed")

from target_oracle import arrow  # noqa: E402  # it needs the extra
from target_oracle.metadata import OF_MOMENT  # noqa: E402
from target_oracle.oracle.types import Column, OracleType, Server  # noqa: E402
from target_oracle.singer.schema import read_fields  # noqa: E402
from target_oracle.stream import Target, make_version  # noqa: E402

SERVER = Server((23,), user="APP", schema="APP")
NUMBER, WHOLE, MONEY = (
    OracleType("NUMBER"),
    OracleType("NUMBER", precision=38, scale=0),
    OracleType("NUMBER", precision=9, scale=2),
)
DOUBLE, BOOLEAN, DATE = OracleType("BINARY_DOUBLE"), OracleType("BOOLEAN"), OracleType("DATE")
SHORT, CLOB = OracleType("VARCHAR2", length=5, char=True), OracleType("CLOB")
BYTES = OracleType("VARCHAR2", length=5)
ZONED, STAMP = OracleType("TIMESTAMP WITH TIME ZONE", precision=6), OracleType("TIMESTAMP", precision=6)
INTEGER, DECIMAL, TEXT = (
    {"type": ["null", "integer"]},
    {"type": ["null", "number"]},
    {"type": ["null", "string"]},
)
FLAG, WHEN = {"type": ["null", "boolean"]}, {**TEXT, "format": "date-time"}
DAY, DOCUMENT = {**TEXT, "format": "date"}, {"type": ["null", "object"]}
NOW = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=timezone.utc)


def version(properties, types, keys=(), *, method="append-only", server=SERVER, metadata=(), required=()):
    fields = read_fields({"properties": properties, "required": list(required)})
    columns = {name: Column(name.upper(), type_) for name, type_ in types.items()}
    columns |= {prop.name: Column(prop.name.upper(), STAMP) for prop in metadata}
    target = Target("APP", "S", columns, tuple(keys), method, server)
    return make_version("s", fields, target, list(properties), validate=True, metadata=metadata)


def taken(schema, type_, values, **more):
    """
    The column that goes to the driver for *values*; None where they are looked at.
    """
    found = arrow.rows_of(
        version({"v": schema}, {"v": type_}, **more), pa.record_batch([values], names=["v"])
    )
    return None if found is None else found.table.column(0)


AS_THEY_ARE = {
    "whole numbers": (INTEGER, WHOLE, pa.array([1, None], pa.int32()), pa.int32()),
    "decimals": (DECIMAL, NUMBER, pa.array([Decimal("1.50")], pa.decimal128(9, 2)), pa.decimal128(9, 2)),
    "whole decimals": (INTEGER, WHOLE, pa.array([Decimal(7)], pa.decimal128(9, 0)), pa.decimal128(9, 0)),
    "booleans as numbers": (
        FLAG,
        OracleType("NUMBER", precision=1, scale=0),
        pa.array([True, None]),
        pa.int8(),
    ),
    "booleans": (FLAG, BOOLEAN, pa.array([True, None]), pa.bool_()),
    "doubles": (DECIMAL, DOUBLE, pa.array([1.5, None], pa.float32()), pa.float64()),
    "short texts": (TEXT, SHORT, pa.array(["żółć", None]), pa.string()),
    "long texts": (TEXT, CLOB, pa.array(["x" * 9000]), pa.large_string()),
    "large texts in a short column": (TEXT, SHORT, pa.array(["a"], pa.large_string()), pa.string()),
    "repeated texts": (TEXT, SHORT, pa.array(["a", "b", "a"]).dictionary_encode(), pa.string()),
    "times with a zone": (
        WHEN,
        ZONED,
        pa.array([NOW], pa.timestamp("us", "Europe/Warsaw")),
        pa.timestamp("us"),
    ),
    "times of a second": (
        WHEN,
        STAMP,
        pa.array([NOW.replace(microsecond=0)], pa.timestamp("s", "UTC")),
        pa.timestamp("us"),
    ),
    "days": (DAY, DATE, pa.array([date(2024, 2, 29)]), pa.date32()),
}
LOOKED_AT = {
    "digits that the column may lack": (DECIMAL, MONEY, pa.array([1, 2])),
    "fractions for whole numbers": (INTEGER, WHOLE, pa.array([Decimal("1.5")], pa.decimal128(9, 1))),
    "binary floats for decimals": (DECIMAL, NUMBER, pa.array([0.1])),
    "decimals for a double": (DECIMAL, DOUBLE, pa.array([Decimal("0.1")], pa.decimal128(9, 1))),
    "doubles that are no number": (DECIMAL, DOUBLE, pa.array([float("nan")])),
    "doubles without end": (DECIMAL, DOUBLE, pa.array([float("inf")])),
    "too many characters": (TEXT, SHORT, pa.array(["123456"])),
    "too many bytes": (TEXT, BYTES, pa.array(["żółć"])),
    "more characters than the schema allows": ({**TEXT, "maxLength": 3}, SHORT, pa.array(["1234"])),
    "texts that the schema has a pattern for": ({**TEXT, "pattern": "^a"}, SHORT, pa.array(["a"])),
    "numbers for texts": (TEXT, SHORT, pa.array([1])),
    "texts for objects": (DOCUMENT, CLOB, pa.array(["{}"])),
    "objects": (DOCUMENT, OracleType("JSON"), pa.array([{"a": 1}])),
    "texts for times": (WHEN, ZONED, pa.array(["2024-02-29T00:00:00Z"])),
    "times finer than a microsecond": (WHEN, ZONED, pa.array([1], pa.timestamp("ns", "UTC"))),
    "texts for days": (DAY, DATE, pa.array(["2024-02-29"])),
    "texts for booleans": (FLAG, BOOLEAN, pa.array(["true"])),
    "nulls that the schema forbids": ({"type": "integer"}, WHOLE, pa.array([1, None])),
}  # fmt: skip


@pytest.mark.parametrize(("schema", "type_", "values", "becomes"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_a_column_that_fits_goes_as_it_is(schema, type_, values, becomes):
    found = taken(schema, type_, values)
    assert found is not None
    assert found.type == becomes
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    if pa.types.is_timestamp(becomes):
        assert (
            found.cast(pa.timestamp("us", "UTC")).to_pylist()
            == plain.cast(pa.timestamp("us", "UTC")).to_pylist()
        )
    else:
        assert found.to_pylist() == plain.to_pylist()


@pytest.mark.parametrize(("schema", "type_", "values"), LOOKED_AT.values(), ids=LOOKED_AT)
def test_a_column_that_may_not_fit_is_looked_at(schema, type_, values):
    assert taken(schema, type_, values) is None


@pytest.mark.parametrize(
    "more",
    [
        {"method": "upsert"},
        {"server": Server((19,), charset="WE8MSWIN1252")},
        {"metadata": OF_MOMENT},
        {"keys": ("v",)},
    ],
    ids=["merged", "another charset", "metadata", "a key that is empty"],
)
def test_a_table_goes_as_columns_only_where_nothing_is_done_to_its_rows(more):
    values = pa.array(["", "a"])
    assert taken(TEXT, SHORT, values) is not None
    assert taken(TEXT, SHORT, values, **more) is None


def test_empty_texts_are_counted_for_they_become_null():
    one = version({"v": TEXT, "w": TEXT}, {"v": SHORT, "w": CLOB})
    table = pa.record_batch([pa.array(["", "a", ""]), pa.array(["", None, "b"])], names=["v", "w"])
    assert arrow.rows_of(one, table).empty == 3


def test_columns_come_in_the_order_of_the_statement_and_those_that_are_not_there_are_null():
    one = version({"v": TEXT, "n": INTEGER}, {"v": SHORT, "n": WHOLE})
    found = arrow.rows_of(one, pa.record_batch([pa.array([1, 2])], names=["n"]))
    assert len(found) == 2
    assert found.table.to_pydict() == {"V": [None, None], "N": [1, 2]}


def test_a_required_column_that_is_not_there_and_one_that_nobody_knows_are_looked_at():
    one = version({"v": TEXT, "n": INTEGER}, {"v": SHORT, "n": WHOLE}, required=["v"])
    assert arrow.rows_of(one, pa.record_batch([pa.array([1])], names=["n"])) is None
    assert arrow.rows_of(one, pa.record_batch([pa.array(["a"]), pa.array([1])], names=["v", "x"])) is None


def test_rows_of_a_table_are_read_as_lines_when_they_are_asked_for():
    lines = arrow.TableLines(
        "s", pa.record_batch([pa.array([1, 2, 3]), pa.array(["a", None, "ż"])], names=["n", "v"])
    )
    records = [{"n": 1, "v": "a"}, {"n": 2, "v": None}, {"n": 3, "v": "ż"}]
    wanted = [{"type": "RECORD", "stream": "s", "record": record} for record in records]
    assert len(lines) == 3
    assert [json.loads(line) for line in lines] == wanted
    assert json.loads(lines[1]) == wanted[1]
    assert [json.loads(line) for line in lines[1:]] == wanted[1:]
    assert lines[2:1] == []
