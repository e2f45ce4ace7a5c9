"""
Direct path load: the driver's pieces become rows.
"""

# ruff: noqa: DTZ001 - Oracle's DATE and TIMESTAMP have no zone

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import oracledb
import pytest

from tests.standin import direct_path
from tests.standin.encoding import Incomplete
from tests.standin.values import ColumnInfo, OracleError, Outcome

COLUMNS = [
    ColumnInfo("ID", "NUMBER", 22, 0, 0, -127, nullable=False),
    ColumnInfo("NAME", "VARCHAR", 4000, 4000),
    ColumnInfo("AT", "TIMESTAMP", 11, scale=6),
    ColumnInfo("NOTE", "CLOB"),
    ColumnInfo("DATA", "BLOB"),
]
NAMES = [column.name for column in COLUMNS]
QUERY = 'SELECT "ID", "NAME", "AT", "NOTE", "DATA" FROM "APP"."T"'
INSERT = 'INSERT INTO "APP"."T" ("ID", "NAME", "AT", "NOTE", "DATA") VALUES (:1, :2, :3, :4, :5)'


def row(number):
    moment = datetime(2024, 1, 2, 3, 4, 5, number % 1_000_000)
    text, raw = "𝄞" * (number % 40_000), bytes(number * 7 % 140_000)
    return (Decimal(number), f"żółć {number}", moment, text, raw or None)


def load(connection, rows, **options):
    connection.direct_path_load("app", "t", [name.lower() for name in NAMES], rows, **options)


@pytest.fixture
def server(serve, version):
    return serve({QUERY: Outcome("query", COLUMNS)}, version=version)


def test_rows_arrive_and_are_committed(server, connect):
    rows = [row(number) for number in (1, 2, 250, 251, 9000, 39_999)] + [(Decimal(3), None, None, None, None)]
    load(connect(server), rows)
    sql, binds, found, _ = server.database.calls[-1]
    assert (sql, found) == (INSERT, rows)
    assert [bind.type for bind in binds] == ["NUMBER", "VARCHAR", "TIMESTAMP", "LONG", "LONG_RAW"]
    assert server.database.events == ["commit"]
    assert server.stats()["rows"] == len(rows)


def test_batches_are_one_load(server, connect):
    load(connect(server), [row(number) for number in range(1, 26)], batch_size=10)
    assert [len(rows) for sql, _, rows, _ in server.database.calls if sql == INSERT] == [10, 10, 5]
    assert server.database.events == ["commit"]


def test_a_row_the_driver_refuses_aborts_the_load(server, connect):
    with pytest.raises(oracledb.DatabaseError) as refused:
        load(connect(server), [row(1), (None, "x", None, None, None)], batch_size=1)
    assert refused.value.args[0].full_code == "DPY-8001"
    assert server.database.events == ["rollback"]


def test_a_row_the_engine_refuses_aborts_the_load(serve, connect):
    doubled = OracleError(1, "ORA-00001: unique constraint violated")
    server = serve({QUERY: Outcome("query", COLUMNS), INSERT: doubled})
    with pytest.raises(oracledb.DatabaseError) as refused:
        load(connect(server), [row(1)])
    assert refused.value.args[0].code == 1
    assert server.database.events == ["rollback"]


def test_a_load_needs_a_transaction_of_its_own(server, connect):
    connection = connect(server)
    connection.cursor().execute("insert into other values (1)")
    with pytest.raises(oracledb.DatabaseError) as refused:
        load(connection, [row(1)])
    assert refused.value.args[0].code == 26085


@pytest.mark.parametrize(("fault", "events"), [("cut@commit:1:after", ["commit"]), ("cut@commit:1", [])])
def test_its_end_is_a_commit_for_the_faults(serve, connect, fault, events):
    server = serve({QUERY: Outcome("query", COLUMNS)}, faults=(fault,))
    with pytest.raises(oracledb.DatabaseError) as error:
        load(connect(server), [row(1)])
    assert error.value.args[0].full_code == "DPY-4011"
    assert [event for event in server.database.events if event == "commit"] == events


def test_its_stream_is_dml_for_the_faults(serve, connect):
    server = serve({QUERY: Outcome("query", COLUMNS)}, faults=("ora-01653@dml:1",))
    with pytest.raises(oracledb.DatabaseError) as error:
        load(connect(server), [row(1)])
    assert error.value.args[0].code == 1653
    assert server.database.events == ["rollback"]


def test_a_column_of_json_is_refused(serve, connect):
    server = serve({'SELECT "A" FROM "APP"."T"': Outcome("query", [ColumnInfo("A", "JSON")])})
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server).direct_path_load("app", "t", ["a"], [({},)])
    assert refused.value.args[0].code == 3001


def test_three_hundred_columns_take_two_pieces(serve, connect):
    columns = [ColumnInfo(f"C{number}", "NUMBER", 22, scale=-127) for number in range(300)]
    names = ", ".join(f'"{column.name}"' for column in columns)
    server = serve({f'SELECT {names} FROM "APP"."T"': Outcome("query", columns)})
    rows = [tuple(range(300)), tuple(range(300, 600))]
    connect(server).direct_path_load("APP", "T", [column.name for column in columns], rows)
    assert server.database.calls[-1][2] == rows


def test_pieces_are_put_together():
    """
    A fast row; then a row whose second value goes on over three pieces.
    """
    fast = b"\x3c\x00\x09\x02\x01a\xff" + b"\x3c\x00\x07\x02\x01b\x00"
    slow = b"\x09\x02\x01c\xfe\x00\x02xy" + b"\x03\x01\xfe\x00\x01z" + b"\x06\x02\x01!\x01d"
    assert direct_path.rows_of(fast + slow) == [[b"a", None], [b"b", b""], [b"c", b"xyz!", b"d"]]
    with pytest.raises(Incomplete):
        direct_path.rows_of(fast[:-1])
