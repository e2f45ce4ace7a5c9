"""
Names of streams and properties become names of tables and columns, the same ones in every run.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.rig import rig

pytestmark = pytest.mark.standin

LONG = "a_property_with_a_name_that_is_far_too_long_" * 4


@pytest.fixture(scope="module", params=[19, 23])
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("names"), request.param) as found:
        yield found


def load(stream: str, *names: str) -> bytes:
    properties = {name: {"type": ["null", "string"]} for name in names}
    messages = [
        {"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}, "key_properties": []},
        {"type": "RECORD", "stream": stream, "record": {name: f"of {name}"[:900] for name in names}},
    ]
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def run(server, data: bytes, **settings: object):
    result = server.run(data, **settings)
    assert result.exit_code == 0, result.log
    return result


def columns(server, table: str) -> dict[str, str]:
    """
    Return the column of each property, which its comment names.
    """
    rows = server.database.query(
        "SELECT comments, column_name FROM user_col_comments WHERE table_name = :1", table
    )
    return dict(rows)


def made(server, data: bytes, **settings: object) -> dict[str, str]:
    """
    Return the table of each stream that a load makes.
    """
    before = set(server.database.tables())
    run(server, data, **settings)
    comments = dict(server.database.query("SELECT table_name, comments FROM user_tab_comments"))
    return {comments[table]: table for table in set(server.database.tables()) - before}


STREAMS = {
    "public-orders": "PUBLIC_ORDERS",
    "a.b.c": "A_B_C",
    "My Stream!": "MY_STREAM_",
    "select": "SELECT",
    "dual": "DUAL_",
    "123": "123",
    "straße": "STRAßE",
    "😀": "_",
    "x" * 128: "X" * 128,
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_a_table_of_its_folded_name(server, stream):
    assert made(server, load(stream, "a")) == {stream: STREAMS[stream]}


PROPERTIES = {
    "order-id": "ORDER_ID", "select": "SELECT", "rowid": "ROWID_", "ORA_ROWSCN": "ORA_ROWSCN_",
    "level": "LEVEL", "": "UNNAMED", "7": "7", 'say "hi"': "SAY__HI_", "a\0b": "A_B", "date": "DATE",
    "$1": "$1", "naïve": "NAÏVE",
}  # fmt: skip


def test_properties_are_columns_of_their_folded_names(server):
    run(server, load("properties", *PROPERTIES))
    found = server.database.query("SELECT column_name FROM user_tab_columns WHERE table_name = 'PROPERTIES'")
    assert {name for (name,) in found} == set(PROPERTIES.values())
    listed = ", ".join(f'"{name}"' for name in PROPERTIES.values())
    assert server.database.query(f'SELECT {listed} FROM "PROPERTIES"') == [
        tuple(f"of {name}" for name in PROPERTIES)
    ]


@pytest.mark.parametrize("names", [["name", "Name", "NAME"], ["NAME", "Name", "name"]])
def test_names_that_fold_alike_are_columns_each_whatever_comes_first(server, names):
    table = f"ALIKE_{names[0].encode().hex()}".upper()
    run(server, load(table.lower(), *names))
    found = columns(server, table)
    assert found["NAME"] == "NAME"
    assert len({found[name] for name in names}) == 3
    listed = ", ".join(f'"{found[name]}"' for name in names)
    assert server.database.query(f'SELECT {listed} FROM "{table}"') == [tuple(f"of {name}" for name in names)]


def test_a_property_that_comes_later_leaves_the_others_their_columns(server):
    run(server, load("later", "Name"))
    assert columns(server, "LATER") == {"Name": "NAME"}
    run(server, load("later", "name", "NAME", "Name"))
    found = columns(server, "LATER")
    assert found["Name"] == "NAME"
    assert len(set(found.values())) == 3


def test_long_names_that_differ_at_the_end_are_two_columns_and_stay_two(server):
    names = [f"{LONG}one", f"{LONG}two"]
    for order in (names, names[::-1]):
        run(server, load("long", *order))
    found = columns(server, "LONG")
    assert set(found) == set(names)
    assert len(set(found.values())) == 2
    assert all(len(name.encode()) <= 128 for name in found.values())
    rows = server.database.query(f'SELECT "{found[names[0]]}", "{found[names[1]]}" FROM "LONG"')
    assert rows == [tuple(f"of {name}"[:900] for name in names)] * 2


def test_streams_that_fold_to_one_name_have_a_table_each_in_every_run(server):
    first = made(server, load("two-folds", "a") + load("two.folds", "a"))
    assert set(first) == {"two-folds", "two.folds"}
    assert first["two-folds"] == "TWO_FOLDS"
    assert made(server, load("two.folds", "a") + load("two-folds", "a")) == {}
    assert [server.database.count(table) for table in first.values()] == [2, 2]


PATTERNS = [
    ({"table_name_pattern": "{table}"}, "public-album1", "ALBUM1"),
    ({"table_name_pattern": "{schema}__{table}"}, "public-album2", "PUBLIC__ALBUM2"),
    ({"table_prefix": "raw_"}, "album3", "RAW_ALBUM3"),
    ({"table_suffix": "_v1", "table_prefix": "x"}, "album4", "XALBUM4_V1"),
    ({"schema_mapping": {"public": "app"}}, "public-album5", "PUBLIC_ALBUM5"),
    ({"streams": {"al*6": {"table_prefix": "only_"}}}, "album6", "ONLY_ALBUM6"),
]


@pytest.mark.parametrize(("settings", "stream", "table"), PATTERNS, ids=[each[2] for each in PATTERNS])
def test_a_setting_names_the_table(server, settings, stream, table):
    assert made(server, load(stream, "a"), **settings) == {stream: table}


def test_an_unknown_part_of_a_pattern_is_a_fault_of_the_settings(server):
    result = server.run(load("s", "a"), table_name_pattern="{catalog}_{stream}")
    assert result.exit_code == 2
    assert "table_name_pattern: may hold" in result.last_line


def test_two_columns_cannot_be_given_one_name(server):
    said = {"shared": {"a": {"name": "X"}, "b": {"name": "X"}}}
    result = server.run(load("shared", "a", "b"), columns=said)
    assert result.exit_code in (2, 4)
    assert "cannot share column X" in result.last_line
