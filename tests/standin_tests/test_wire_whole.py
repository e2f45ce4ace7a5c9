"""
Wire and engine together: what needs both to be seen.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from decimal import Decimal

import oracledb
import pytest

from tests.standin.options import Options
from tests.standin.server import StandIn

CREATE = "create table t (a number primary key, b varchar2(20))"
INSERT = "insert into t values (:1, :2)"


@pytest.fixture
def server(version):
    with StandIn(Options(version=version)) as running:
        yield running


@pytest.fixture
def pair(server, connect):
    """
    Two connections and a table with one committed row.
    """
    first, second = connect(server), connect(server)
    first.cursor().execute(CREATE)
    first.cursor().execute(INSERT, [1, "one"])
    first.commit()
    return first, second


def count(connection):
    return connection.cursor().execute("select count(*) from t").fetchone()[0]


def test_a_statement_that_waits_for_a_lock_can_be_cancelled(pair):
    first, second = pair
    first.cursor().execute("update t set b = 'mine'")
    canceller = threading.Timer(0.2, second.cancel)
    canceller.start()
    with pytest.raises(oracledb.DatabaseError) as refused:
        second.cursor().execute("update t set b = 'theirs'")
    canceller.join()
    assert refused.value.args[0].code == 1013
    first.commit()
    second.cursor().execute("update t set b = 'theirs'")
    second.commit()
    assert first.cursor().execute("select b from t").fetchall() == [("theirs",)]


def test_a_call_timeout_ends_a_wait_and_keeps_the_session(pair):
    first, second = pair
    first.cursor().execute("update t set b = 'mine'")
    second.call_timeout = 200
    with pytest.raises(oracledb.DatabaseError) as refused:
        second.cursor().execute("select * from t for update")
    assert refused.value.args[0].full_code == "DPY-4024"
    second.call_timeout = 0
    assert count(second) == 1


WAITER = """
import sys, oracledb
connection = oracledb.connect(user="app", password="secret", dsn=sys.argv[1])
cursor = connection.cursor()
cursor.execute("insert into t values (2, 'two')")
print("in", flush=True)
cursor.execute("update t set b = 'theirs' where a = 1")
"""


def test_a_client_that_dies_while_it_waits_leaves_nothing(pair, server):
    """
    Its session was about to take the lock; it must not come back from the dead and take it.
    """
    first, second = pair
    second.close()
    first.cursor().execute("update t set b = 'mine'")
    with subprocess.Popen([sys.executable, "-c", WAITER, server.dsn], stdout=subprocess.PIPE) as waiter:
        assert waiter.stdout.readline() == b"in\n"
        time.sleep(0.2)
        waiter.kill()
    deadline = time.monotonic() + 10
    while len(server.connections()) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    first.commit()
    assert first.cursor().execute("select a, b from t").fetchall() == [(1, "mine")]


def test_an_uncommitted_row_is_seen_by_its_session_alone(pair):
    first, second = pair
    first.cursor().execute(INSERT, [2, "two"])
    assert (count(first), count(second)) == (2, 1)
    first.commit()
    assert count(second) == 2


def test_batch_errors_leave_the_transaction_open_even_with_autocommit(pair):
    first, second = pair
    first.autocommit = True
    cursor = first.cursor()
    cursor.executemany(INSERT, [(2, "two"), (1, "again")], batcherrors=True)
    assert [error.code for error in cursor.getbatcherrors()] == [1]
    assert first.transaction_in_progress
    assert count(second) == 1
    first.commit()
    assert count(second) == 2


def test_rows_before_the_first_bad_one_stay_in_the_transaction(pair):
    first, _ = pair
    cursor = first.cursor()
    with pytest.raises(oracledb.IntegrityError):
        cursor.executemany(INSERT, [(2, "two"), (3, "three"), (1, "again"), (4, "four")])
    assert cursor.rowcount == 2
    assert count(first) == 3


def test_numbers_keep_every_digit(pair):
    first, _ = pair
    cursor = first.cursor()
    cursor.execute("create table n (a number)")
    values = [
        Decimal(text) for text in ("1234567890123456789012345678901234567.8", "-1E-130", "9.9E125", "0.1")
    ]
    cursor.setinputsizes(oracledb.DB_TYPE_NUMBER)
    cursor.executemany("insert into n values (:1)", [(value,) for value in values])
    found = cursor.execute("select a from n", fetch_decimals=True).fetchall()
    assert sorted(value for (value,) in found) == sorted(values)


def test_a_direct_path_load_is_in_or_not_at_all(pair):
    first, second = pair
    first.direct_path_load("app", "t", ["a", "b"], [(2, "two"), (3, None)])
    assert count(second) == 3
    with pytest.raises(oracledb.DatabaseError):
        first.direct_path_load("app", "t", ["a", "b"], [(4, "four"), (1, "again")])
    assert count(second) == 3


def test_ten_thousand_rows_of_twelve_columns_take_little_time(server, connect):
    """
    A bound that a busy machine keeps as well; it takes about half a second.
    """
    cursor = connect(server, sdu=65536).cursor()
    columns = ", ".join(f"c{number} {'number' if number < 4 else 'varchar2(40)'}" for number in range(12))
    cursor.execute(f"create table wide ({columns})")
    places = ", ".join(f":{number}" for number in range(1, 13))
    rows = [
        (row, row * 7, Decimal(row) / 8, row % 9, *(f"text {row} {n}" for n in range(8)))
        for row in range(10_000)
    ]
    start = time.monotonic()
    cursor.executemany(f"insert into wide values ({places})", rows, batcherrors=True)
    assert cursor.getbatcherrors() == []
    assert time.monotonic() - start < 10


def test_a_direct_path_load_waits_until_nobody_else_writes_to_its_table(pair):
    """
    It holds the table alone from its beginning on (Utilities, Locks Used by Direct Path Loads).
    """
    first, second = pair
    first.cursor().execute("update t set b = 'mine'")
    second.call_timeout = 200
    with pytest.raises(oracledb.DatabaseError) as refused:
        second.direct_path_load("APP", "T", ["A", "B"], [(2, "two")])
    assert refused.value.args[0].full_code == "DPY-4024"
    second.call_timeout = 0
    first.commit()
    second.direct_path_load("APP", "T", ["A", "B"], [(2, "two")])
    assert count(first) == 2


def test_a_lob_is_described_without_a_largest_size_and_loaded_directly_at_any_length(server, connect):
    """
    As the driver's own tests show it (python-oracledb, test 1900).
    """
    connection = connect(server)
    cursor = connection.cursor()
    cursor.execute("create table l (c clob, b blob)")
    connection.direct_path_load("APP", "L", ["C", "B"], [("ż" * 20_000, b"x" * 50_000)])
    cursor.execute("select c, b from l", fetch_lobs=False)
    assert [column[2:4] for column in cursor.description] == [(None, None)] * 2
    assert cursor.fetchall() == [("ż" * 20_000, b"x" * 50_000)]
