"""
When rows go by direct path, and what the log says where they do not.
"""

from __future__ import annotations

import logging

import pytest
from msgspec.structs import replace

from target_oracle import config, direct
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.stream import Loading, Target

SERVER = Server((19,), user="APP", schema="APP")
PLAIN = Target("APP", "T", {"id": Column("ID", OracleType("NUMBER"))}, ("id",), "append-only", SERVER)


@pytest.fixture
def rows_from(tmp_path, caplog):
    caplog.set_level(logging.INFO, "target-oracle")

    def rows_from(target=PLAIN, way="direct", **settings):
        (tmp_path / "c.json").write_text('{"user": "u", "password": "p", "dsn": "h/s"}')
        loaded = replace(config.load([str(tmp_path / "c.json")], {}), insert_method=way, **settings)
        return direct.rows_from(loaded, loaded.for_stream("t"), target)

    return rows_from


@pytest.mark.parametrize(("way", "rows"), [("array", None), ("direct", 1), ("auto", direct.LARGE)])
def test_each_method_begins_at_its_number_of_rows(rows_from, caplog, way, rows):
    assert rows_from(way=way) == rows
    assert caplog.messages == []


@pytest.mark.parametrize("method", ["append-only", "overwrite", "upsert"])
def test_a_stream_without_keys_may_go_directly_whatever_its_method(rows_from, method):
    assert rows_from(replace(PLAIN, keys=(), method=method)) == 1


@pytest.mark.parametrize(
    ("target", "settings", "why"),
    [
        (PLAIN, {"driver_mode": "thick"}, "only the driver's thin mode has a direct path"),
        (PLAIN, {"ddl_mode": "none"}, "direct path needs a work table, and ddl_mode is none"),
        (
            replace(PLAIN, server=replace(SERVER, charset="WE8MSWIN1252")),
            {},
            "direct path stores text unconverted, and the database has WE8MSWIN1252, not AL32UTF8",
        ),
        (
            replace(PLAIN, method="upsert"),
            {},
            "load_method upsert looks at each key, which direct path does not",
        ),
        (
            replace(PLAIN, columns={"x": Column("X", OracleType("XMLTYPE"))}),
            {},
            "direct path carries no XMLTYPE (column X)",
        ),
    ],
)
@pytest.mark.parametrize(("way", "level"), [("direct", logging.WARNING), ("auto", logging.INFO)])
def test_what_stands_in_its_way_is_told(rows_from, caplog, *, target, settings, why, way, level):
    """
    As a warning where it was asked for.
    """
    assert rows_from(target, way, **settings) is None
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (level, f"table T: insert_method {way}: {why}; rows go as arrays")
    ]


def test_a_batch_goes_directly_from_that_number_on():
    some = replace(PLAIN, loading=Loading(direct_from=3))
    assert [direct.is_used(some, [(n,) for n in range(count)]) for count in (2, 3, 4)] == [False, True, True]
    assert not direct.is_used(PLAIN, [(1,)])
