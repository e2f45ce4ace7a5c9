"""
Small loads for tests of faults: messages, a server in the test's own process, and what is in it after.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from target_oracle import columnar
from tests.databases import Database
from tests.grammar import heard
from tests.standin.options import Options
from tests.standin.server import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import oracledb

compiled = pytest.mark.skipif(
    columnar.compiled is None, reason="the program was installed without its compiled part"
)
Message = dict[str, Any]
Contents = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def schema(stream: str, keys: Iterable[str] = ("id",), **more: object) -> Message:
    """
    Return a SCHEMA with `id`, `note` and *more* properties.
    """
    properties = {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}, **more}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": properties},
        "key_properties": list(keys),
    }


def record(stream: str, number: int, **more: object) -> Message:
    """
    Return the RECORD whose id is *number*.
    """
    return {"type": "RECORD", "stream": stream, "record": {"id": number, "note": f"note {number}", **more}}


def state(number: int) -> Message:
    """
    Return the STATE of a tap that has sent *number* records.
    """
    return {"type": "STATE", "value": {"seen": number}}


def lines(messages: Iterable[Message]) -> bytes:
    """
    Return *messages* as a tap prints them.
    """
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


@contextmanager
def server(version: int, *faults: str, **options: Any) -> Iterator[tuple[StandIn, Database]]:
    """
    Give a server with *faults* and the database in it.
    """
    with StandIn(Options(version=version, faults=faults, **options)) as standin, heard(standin):
        yield standin, Database(standin.dsn, standin.options.user, standin.options.password, version)


def contents(database: Database) -> Contents:
    """
    Return every table's columns and rows, in an order of their own.
    """
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM user_tab_columns ORDER BY table_name, column_name"
        )
        columns: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            if not table.startswith("TARGET_ORACLE_"):
                columns.setdefault(table, []).append(column)
        return {table: (names, _rows(cursor, table, names)) for table, names in columns.items()}


def _rows(cursor: oracledb.Cursor, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    listed = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(f'SELECT {listed} FROM "{table}"', fetch_decimals=True, fetch_lobs=False)
    return sorted(cursor.fetchall(), key=repr)


def ids(database: Database, table: str) -> list[int]:
    """
    Return the ids in *table*, in order, each as often as it is there.
    """
    return [int(number) for (number,) in database.query(f'SELECT "ID" FROM "{table}" ORDER BY "ID"')]
