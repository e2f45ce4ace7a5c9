"""
A SCHEMA's wish -> the table that is asked for: whose it is, how it is called, which types its columns have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from target_oracle.config import Config
from target_oracle.errors import ConfigError, LoadError, ProtocolError
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Server
from target_oracle.oracle.wanted import Wanted
from target_oracle.singer.messages import read_schema
from target_oracle.tables import Tables
from target_oracle.wishes import Wish, wish_of

S19 = Server((19,), user="JOE", schema="APP")


@dataclass
class Catalog:
    """
    A database of which only the comments on tables are known.
    """

    server: Server = S19
    comments: dict[str, str] = field(default_factory=dict)

    def table(self, owner: str, name: str) -> Table | None:
        return Table(owner, name, (), comment=self.comments[name]) if name in self.comments else None


def wish(
    config: Config, stream: str = "s", properties: dict | None = None, keys: tuple[str, ...] = ()
) -> Wish:
    schema = {"properties": {"a": {"type": "string"}} if properties is None else properties}
    message = {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(keys)}
    return wish_of(read_schema(json.dumps(message).encode(), 1), config.for_stream(stream))


def wanted(
    catalog: Catalog | None = None, *, stream: str = "s", properties: dict | None = None, **said: object
) -> Wanted:
    config = Config(**said)
    return Tables(config).wanted(catalog or Catalog(), wish(config, stream, properties))


def types(table: Wanted) -> dict[str, str]:
    return {column.property: column.type.ddl() for column in table.columns}


def test_a_table_belongs_to_the_schema_of_the_session():
    assert (wanted().owner, wanted().name) == ("APP", "S")


def test_the_default_schema_and_then_its_mapping_say_whose_a_table_is():
    assert wanted(default_target_schema="stage").owner == "STAGE"
    said = {"schema_mapping": {"public": "ops"}, "default_target_schema": "stage"}
    assert wanted(stream="public-t", **said).owner == "OPS"
    assert wanted(stream="other-t", **said).owner == "STAGE"


def test_beside_unicode_names_keep_to_ascii():
    table = wanted(Catalog(replace(S19, charset="WE8MSWIN1252")), stream="größe", default_target_schema="öl")
    assert (table.owner, table.name) == ("_L", "GR__E")


@pytest.mark.parametrize("option", ["json_type", "boolean_type"])
def test_a_type_that_the_server_lacks_is_a_fault_of_the_settings(option):
    said = {option: {"json_type": "JSON", "boolean_type": "BOOLEAN"}[option]}
    with pytest.raises(ConfigError, match="is no column type of this server"):
        wanted(**said)
    assert wanted(Catalog(replace(S19, version=(23,))), **said)


def test_a_stream_that_folds_to_the_table_of_another_gets_one_of_its_own():
    config, catalog = Config(), Catalog()
    tables = Tables(config)
    names = [tables.wanted(catalog, wish(config, stream)).name for stream in ("a-b", "a.b", "a-b")]
    assert names[0] == names[2] == "A_B"
    assert names[1].startswith("A_B_")


def test_a_table_is_told_from_that_of_another_stream_by_its_comment():
    assert wanted(Catalog(comments={"A_B": "a.b"}), stream="a-b").name.startswith("A_B_")
    assert wanted(Catalog(comments={"A_B": "orders of the year"}), stream="a-b").name == "A_B"
    assert wanted(Catalog(comments={"A_B": "a-b"}), stream="a-b").name == "A_B"


def test_the_operator_names_a_columns_type():
    said = {"columns": {"*": {"a": {"type": "CLOB", "name": "B"}}}}
    (column,) = wanted(**said).columns
    assert (column.type.ddl(), column.name_override) == ("CLOB", "B")


@pytest.mark.parametrize("type_", ["NUMBER", "JSON", "VARCHAR2(4001)", "nonsense"])
def test_a_type_that_cannot_hold_the_values_is_a_fault_of_the_settings(type_):
    with pytest.raises(ConfigError, match="stream s, property a"):
        wanted(columns={"s": {"a": {"type": type_}}})


@pytest.mark.parametrize(
    ("length", "chars", "size", "grown"),
    [
        (10, 11, 11, "VARCHAR2(22 CHAR)"),
        (10, 3000, 3000, "VARCHAR2(4000 CHAR)"),
        (10, 2000, 4001, "CLOB"),
        (None, 4001, 4001, "CLOB"),
    ],
)
def test_a_column_grows_with_room_to_spare_and_past_the_limit_to_a_clob(length, chars, size, grown):
    config = Config()
    schema = {"type": "string", **({"maxLength": length} if length else {})}
    longer = replace(wish(config, properties={"a": schema}), longer=(("a", chars, size),))
    (column,) = Tables(config).wanted(Catalog(), longer).columns
    assert column.type.ddl() == grown
    assert column.needed


def test_the_keys_of_an_upsert_become_a_primary_key():
    for method, keyed in (("append-only", False), ("upsert", True)):
        config = Config(load_method=method)
        table = Tables(config).wanted(Catalog(), wish(config, keys=("a",)))
        assert table.with_key is keyed
        assert [column.nullable for column in table.columns] == [False]


def test_types_follow_the_settings_of_the_stream():
    said = {"streams": {"s": {"number_type": "BINARY_DOUBLE"}}}
    properties = {"n": {"type": "number"}}
    assert types(wanted(properties=properties, **said)) == {"n": "BINARY_DOUBLE"}
    assert types(wanted(properties=properties, stream="t", **said)) == {"n": "NUMBER"}


def test_a_stream_without_columns_has_no_table():
    with pytest.raises(LoadError, match="stream s: its schema leaves no column"):
        wanted(columns={"s": {"a": {"ignore": True}}})


@pytest.mark.parametrize("metadata", [False, True])
def test_a_schema_without_properties_is_the_taps_fault(metadata):
    with pytest.raises(ProtocolError, match="input line 1: SCHEMA of stream 's': it has no properties"):
        wanted(properties={}, add_record_metadata=metadata)
