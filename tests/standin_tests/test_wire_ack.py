"""
Acknowledge mode: array DML is answered unread, and everything else as ever.
"""

from __future__ import annotations

import oracledb
import pytest

from tests.standin.options import Options
from tests.standin.server import StandIn
from tests.standin.values import Outcome
from tests.standin_tests.fake import FakeDatabase

INSERT = "insert into t values (:1, :2)"


def rows(count, size=300):
    return [(number, "x" * size) for number in range(count)]


@pytest.mark.parametrize("sdu", [8192, 65536, 2097152])
@pytest.mark.parametrize("count", [2, 13, 100, 5000])
def test_array_dml_is_acknowledged_with_its_number_of_rows(serve, connect, version, sdu, count):
    server = serve(version=version, ack=True)
    connection = connect(server, sdu=sdu)
    cursor = connection.cursor()
    before = len(server.database.calls)
    for _ in range(3):
        cursor.executemany(INSERT, rows(count), batcherrors=True)
        assert (cursor.rowcount, cursor.getbatcherrors()) == (count, [])
        assert connection.transaction_in_progress
    connection.commit()
    assert not connection.transaction_in_progress
    assert len(server.database.calls) == before
    assert server.stats()["rows"] == 3 * count


def test_row_counts_are_one_each(serve, connect):
    cursor = connect(serve(ack=True)).cursor()
    cursor.executemany(INSERT, rows(4), arraydmlrowcounts=True)
    assert cursor.getarraydmlrowcounts() == [1, 1, 1, 1]


def test_a_single_row_and_everything_else_reach_the_engine(serve, connect):
    create = "create table t (a number, b varchar2(9))"
    server = serve({create: Outcome("ddl", committed=True)}, ack=True)
    connection = connect(server)
    cursor = connection.cursor()
    cursor.executemany(INSERT, rows(2))
    cursor.execute(create)
    assert not connection.transaction_in_progress
    cursor.execute(INSERT, [1, "one"])
    assert [call[0] for call in server.database.calls[1:]] == [create, INSERT]
    with pytest.raises(oracledb.DatabaseError):
        cursor.executemany("select :1, :2 from dual", rows(2))


@pytest.mark.parametrize("sdu", [512, 1024])
def test_a_request_that_ends_with_a_full_packet_is_found_to_end(serve, connect, sdu):
    """
    Every size in turn, so that some requests fill their last packet.
    """
    server = serve(ack=True)
    cursor = connect(server, sdu=sdu).cursor()
    for size in range(60, 100):
        cursor.setinputsizes(oracledb.DB_TYPE_NUMBER, 200)
        cursor.executemany(INSERT, rows(sdu // size + 3, size))
        assert cursor.rowcount == sdu // size + 3


def test_a_merge_of_acknowledged_rows_is_said_to_have_moved_them(serve, connect):
    merge = "merge into t using (select a from staging) s on (t.a = s.a) when matched then update set b = 1"
    server = serve({merge: lambda *_: Outcome("dml")}, ack=True)
    cursor = connect(server).cursor()
    for count in (20, 30):
        cursor.executemany("insert into staging (a, b) values (:1, :2)", rows(count))
        cursor.execute(merge)
        assert cursor.rowcount == count
    cursor.execute(merge)
    assert cursor.rowcount == 0


def test_a_break_amid_the_unread_is_answered(serve, connect):
    server = serve(ack=True)
    connection = connect(server)
    cursor = connection.cursor()
    cursor.setinputsizes(oracledb.DB_TYPE_NUMBER, 300)
    with pytest.raises(oracledb.DatabaseError):
        cursor.executemany(INSERT, [*rows(5000), (float("nan"), "x")])
    cursor.setinputsizes(oracledb.DB_TYPE_NUMBER, 300)
    cursor.executemany(INSERT, rows(10))
    assert server.stats()["rows"] == 10


def test_unacknowledged_servers_read_every_row(serve, connect):
    server = serve()
    assert isinstance(server.database, FakeDatabase)
    connect(server).cursor().executemany(INSERT, rows(3))
    assert server.database.calls[-1][2] == rows(3)


def test_a_direct_path_load_is_acknowledged_with_its_number_of_rows(connect):
    """
    A statement of another session that reads the table is said to have moved them.
    """
    with StandIn(Options(ack=True)) as server:
        loader, mover = connect(server), connect(server)
        cursor = mover.cursor()
        for table in ("W", "T"):
            cursor.execute(f'CREATE TABLE "APP"."{table}" (C1 NUMBER, C2 CLOB)')
        loader.direct_path_load("APP", "W", ["C1", "C2"], [(number, None) for number in range(30)])
        cursor.execute('INSERT INTO "APP"."T" (C1, C2) SELECT C1, C2 FROM "APP"."W"')
        assert (cursor.rowcount, server.stats()["rows"]) == (30, 31)
