"""
Statements over the wire: what the driver binds arrives, what the engine gives is fetched.
"""

# ruff: noqa: DTZ001 - Oracle's DATE and TIMESTAMP have no zone

from __future__ import annotations

import asyncio
import math
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import oracledb
import pytest

from tests.standin.values import ColumnInfo, OracleError, Outcome

QUERY = "select a from t"
INSERT = "insert into t values (:1)"
UTC = timezone.utc


def query(columns, rows):
    """
    A reply with fresh *rows* at each execution.
    """
    return lambda *_: Outcome("query", list(columns), iter(rows))


def bound(server, number=-1):
    return server.database.calls[number]


# ---- binds ------------------------------------------------------------------------------------------------

BINDS = [
    ("VARCHAR", oracledb.DB_TYPE_VARCHAR, ["text", "żółć €", "x" * 252, "x" * 253, "x" * 70_000, "", None]),
    ("CHAR", oracledb.DB_TYPE_CHAR, ["a", " b "]),
    ("NVARCHAR", oracledb.DB_TYPE_NVARCHAR, ["text", "żółć 𝄞", None]),
    ("LONG", oracledb.DB_TYPE_LONG, ["x" * 40_000, "", None]),
    ("RAW", oracledb.DB_TYPE_RAW, [b"\x00\xff", b"x" * 1999, None]),
    ("LONG_RAW", oracledb.DB_TYPE_LONG_RAW, [b"\x00" * 100_000, None]),
    (
        "NUMBER",
        oracledb.DB_TYPE_NUMBER,
        [
            Decimal(0),
            Decimal(1),
            Decimal(-1),
            Decimal("99.5"),
            Decimal("-0.001"),
            Decimal("1E+125"),
            Decimal("1E-129"),
            Decimal(1234567890123456789012345678901234567890),
            Decimal(-9999999999999999999999999999999999999999),
            Decimal(100),
            None,
        ],
    ),
    ("BINARY_DOUBLE", oracledb.DB_TYPE_BINARY_DOUBLE, [0.0, -0.0, 1.5, -1e308, math.inf, -math.inf, None]),
    ("BINARY_FLOAT", oracledb.DB_TYPE_BINARY_FLOAT, [0.5, -2.25, None]),
    ("DATE", oracledb.DB_TYPE_DATE, [datetime(2024, 2, 29, 23, 59, 59), datetime(1, 1, 1), None]),
    (
        "TIMESTAMP",
        oracledb.DB_TYPE_TIMESTAMP,
        [datetime(2024, 1, 2, 3, 4, 5, 678901), datetime(9999, 12, 31)],
    ),
    ("TIMESTAMP_LTZ", oracledb.DB_TYPE_TIMESTAMP_LTZ, [datetime(2024, 1, 2, 3, 4, 5, 6), None]),
    ("INTERVAL_DS", oracledb.DB_TYPE_INTERVAL_DS, [timedelta(3, 4, 5), -timedelta(1, 1, 1), None]),
]


@pytest.mark.parametrize(("word", "dbtype", "values"), BINDS, ids=[bind[0] for bind in BINDS])
def test_a_bind_arrives_as_it_was(serve, connect, word, dbtype, values):
    server = serve()
    cursor = connect(server).cursor()
    cursor.setinputsizes(dbtype)
    cursor.executemany(INSERT, [(value,) for value in values])
    _, (bind,), rows, _ = bound(server)
    assert bind.type == word
    assert rows == [(value or None if isinstance(value, (str, bytes)) else value,) for value in values]


def test_nan_arrives_as_nan(serve, connect):
    server = serve()
    cursor = connect(server).cursor()
    cursor.setinputsizes(oracledb.DB_TYPE_BINARY_DOUBLE)
    cursor.execute(INSERT, [math.nan])
    assert math.isnan(bound(server)[2][0][0])


def test_a_zoned_timestamp_is_an_instant_in_utc(serve, connect):
    server = serve()
    cursor = connect(server).cursor()
    cursor.setinputsizes(oracledb.DB_TYPE_TIMESTAMP_TZ)
    cursor.executemany(INSERT, [(datetime(2024, 5, 6, 7, 8, 9, 10, UTC),), (None,)])
    assert bound(server)[2] == [(datetime(2024, 5, 6, 7, 8, 9, 10, UTC),), (None,)]


def test_booleans_are_booleans_from_23_on(serve, connect):
    server = serve(version=23)
    connect(server).cursor().executemany(INSERT, [(True,), (False,), (None,)])
    _, (bind,), rows, _ = bound(server)
    assert (bind.type, rows) == ("BOOLEAN", [(True,), (False,), (None,)])


def test_booleans_are_integers_before_23(serve, connect):
    server = serve(version=19)
    connect(server).cursor().executemany(INSERT, [(True,), (False,), (None,)])
    _, (bind,), rows, _ = bound(server)
    assert (bind.type, rows) == ("BINARY_INTEGER", [(1,), (0,), (None,)])


def test_json_binds_are_python_values(serve, connect):
    server = serve(version=23)
    value = {"a": [1, Decimal("2.50"), None, True, {"b": "x" * 300}], "long" * 70: "", "when": False}
    cursor = connect(server).cursor()
    cursor.setinputsizes(oracledb.DB_TYPE_JSON, None)
    cursor.executemany("insert into t values (:1, :2)", [(value, 1), (None, 2), ([], 3), ("text", 4)])
    assert bound(server)[2] == [(value, 1), (None, 2), ([], 3), ("text", 4)]


@pytest.mark.parametrize("size", ["standard", "extended"])
def test_long_binds_come_last_and_are_put_back_in_order(serve, connect, version, size):
    server = serve(version=version, max_string_size=size)
    rows = [
        (number, f"{number}" * 40_000, f"short {number}", b"\x01" * 40_000, number) for number in range(3)
    ]
    connect(server).cursor().executemany("insert into t values (:1, :2, :3, :4, :5)", rows)
    assert bound(server)[2] == rows


def test_a_batch_repeated_on_its_cursor_keeps_its_descriptions(serve, connect, version):
    server = serve(version=version)
    cursor = connect(server).cursor()
    for start in (0, 10, 20):
        cursor.setinputsizes(oracledb.DB_TYPE_NUMBER, 20)
        rows = [(number, f"row {number}") for number in range(start, start + 10)]
        cursor.executemany("insert into t values (:1, :2)", rows)
        assert bound(server)[2] == rows
        assert [bind.type for bind in bound(server)[1]] == ["NUMBER", "VARCHAR"]
    assert server.stats()["parses"] == 1


@pytest.mark.parametrize("sdu", [512, 8192])
@pytest.mark.parametrize("size", [484, 485, 486, 487, 488, 489, 490, 491, 492, 8000, 8150, 8170, 8180])
def test_a_request_may_end_anywhere_in_a_packet(serve, connect, sdu, size):
    server = serve()
    cursor = connect(server, sdu=sdu).cursor()
    for more in range(10):
        cursor.execute(INSERT, ["x" * (size + more)])
        assert bound(server)[2] == [("x" * (size + more),)]


def test_a_thousand_columns_bind_in_one_row(serve, connect):
    server = serve()
    names = ", ".join(f":{number}" for number in range(1, 1001))
    connect(server).cursor().execute(f"insert into t values ({names})", list(range(1000)))
    assert bound(server)[2] == [tuple(map(Decimal, range(1000)))]


def test_temporary_lobs_bind_by_their_content(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    text, raw = "żółć 𝄞 " * 10_000, bytes(range(256)) * 300
    clob = connection.createlob(oracledb.DB_TYPE_CLOB, text)
    blob = connection.createlob(oracledb.DB_TYPE_BLOB)
    blob.write(raw)
    blob.write(b"!", 3)
    connection.cursor().execute("insert into t values (:1, :2, :3)", [clob, blob, 7])
    _, binds, rows, _ = bound(server)
    assert [bind.type for bind in binds] == ["CLOB", "BLOB", "NUMBER"]
    assert rows == [(text, raw[:2] + b"!" + raw[3:], 7)]


def test_returning_is_refused_before_anything_is_done(serve, connect):
    server = serve()
    cursor = connect(server).cursor()
    before = len(server.database.calls)
    out = cursor.var(int)
    with pytest.raises(oracledb.DatabaseError) as refused:
        cursor.execute("insert into t values (:1) returning id into :2", [1, out])
    assert refused.value.args[0].code == 3001
    assert len(server.database.calls) == before


def test_an_unknown_bind_type_is_refused_and_the_connection_lives(serve, connect):
    server = serve(version=23)
    connection = connect(server)
    cursor = connection.cursor()
    with pytest.raises(oracledb.DatabaseError) as refused:
        cursor.execute(INSERT, [oracledb.IntervalYM(1, 2)])
    assert refused.value.args[0].code == 3115
    assert any("type 182" in line for line in server.log)
    connection.ping()


def test_a_long_request_that_is_refused_is_still_read_to_its_end(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    rows = [(oracledb.IntervalYM(1, 2), "x" * 500)] * 500
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().executemany("insert into t values (:1, :2)", rows)
    assert refused.value.args[0].code == 3115
    assert len(server.log) == 1
    connection.ping()


def test_a_value_the_driver_cannot_write_breaks_only_its_request(serve, connect, version):
    """
    The driver has sent packets of the request before it meets the bad value; it takes them back by a break.
    """
    server = serve(version=version)
    connection = connect(server)
    rows = [(number,) for number in range(19_999)] + [(Decimal("NaN"),)]
    before = len(server.database.calls)
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().executemany(INSERT, rows)
    assert refused.value.args[0].full_code == "DPY-4004"
    assert len(server.database.calls) == before
    connection.cursor().executemany(INSERT, rows[:-1])
    assert len(bound(server)[2]) == 19_999


# ---- outcomes of DML --------------------------------------------------------------------------------------


def test_batch_errors_come_with_offset_code_and_text(serve, connect, version):
    faults = [
        (number, 1 if number % 2 else 12899, f"ORA-00001: row {number} żółć") for number in range(0, 900, 3)
    ]
    outcome = Outcome("dml", rowcount=600, batch_errors=faults)
    cursor = connect(serve({INSERT: outcome}, version=version)).cursor()
    cursor.executemany(INSERT, [(number,) for number in range(900)], batcherrors=True)
    found = [(error.offset, error.code) for error in cursor.getbatcherrors()]
    assert found == [(offset, code) for offset, code, _ in faults]
    assert cursor.getbatcherrors()[1].message.startswith("ORA-00001: row 3 żółć")
    assert cursor.rowcount == 600


def test_as_many_batch_errors_as_a_batch_can_have(serve, connect):
    faults = [(number, 1400, "ORA-01400: cannot insert NULL") for number in range(65_535)]
    cursor = connect(serve({INSERT: Outcome("dml", batch_errors=faults)})).cursor()
    cursor.executemany(INSERT, [(1,)] * 65_535, batcherrors=True)
    assert len(cursor.getbatcherrors()) == 65_535
    assert cursor.getbatcherrors()[-1].offset == 65_534


def test_a_batch_without_errors_has_an_empty_list(serve, connect, version):
    cursor = connect(serve(version=version)).cursor()
    cursor.executemany(INSERT, [(1,)], batcherrors=True)
    assert cursor.getbatcherrors() == []


def test_batch_errors_and_row_counts_are_asked_of_the_engine(serve, connect, version):
    outcome = Outcome("dml", rowcount=3, row_counts=[1, 0, 2])
    server = serve({INSERT: outcome}, version=version)
    cursor = connect(server).cursor()
    cursor.executemany(INSERT, [(1,), (2,), (3,)], batcherrors=True, arraydmlrowcounts=True)
    assert cursor.getarraydmlrowcounts() == [1, 0, 2]
    assert bound(server)[3] == {"batch_errors": True, "row_counts": True, "commit": False}


def test_a_failing_array_tells_how_many_rows_it_did(serve, connect, version):
    server = serve(
        {INSERT: OracleError(1, "ORA-00001: unique constraint violated", rowcount=3)}, version=version
    )
    cursor = connect(server).cursor()
    with pytest.raises(oracledb.IntegrityError) as refused:
        cursor.executemany(INSERT, [(1,)] * 5)
    assert refused.value.args[0].code == 1
    assert cursor.rowcount == 3


def test_a_parse_error_points_at_its_place(serve, connect, version):
    server = serve(
        {"select oops": OracleError(923, "ORA-00923: FROM keyword not found", 11)}, version=version
    )
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server).cursor().execute("select oops")
    assert (refused.value.args[0].code, refused.value.args[0].offset) == (923, 11)


def test_an_open_transaction_is_told(serve, connect, version):
    connection = connect(serve(version=version))
    assert not connection.transaction_in_progress
    connection.cursor().execute(INSERT, [1])
    assert connection.transaction_in_progress
    connection.rollback()
    assert not connection.transaction_in_progress


def test_autocommit_travels_with_the_statement(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    connection.autocommit = True
    cursor = connection.cursor()
    for _ in range(2):
        cursor.execute(INSERT, [1])
        assert bound(server)[3]["commit"]
    assert server.stats()["commits"] == 2


def test_a_batch_is_one_round_trip_and_its_commit_another(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    before = server.stats()
    connection.cursor().executemany(INSERT, [("x" * 100,)] * 10_000)
    connection.commit()
    after = server.stats()
    assert after["round_trips"] - before["round_trips"] == 2
    assert after["rows"] - before["rows"] == 10_000
    assert after["bytes_in"] - before["bytes_in"] > 1_000_000


# ---- queries ----------------------------------------------------------------------------------------------

RESULTS = [
    (ColumnInfo("A", "NUMBER", 22, 0, 0, -127), [Decimal("1.5"), Decimal(-7), Decimal("1E+30"), None]),
    (ColumnInfo("A", "NUMBER", 22, 0, 38, 0), [12345678901234567890, None]),
    (ColumnInfo("A", "VARCHAR", 4000, 1000), ["text", "żółć", None, "x" * 4000]),
    (ColumnInfo("A", "CHAR", 3, 3), ["abc"]),
    (ColumnInfo("A", "NVARCHAR", 200, 100), ["żółć 𝄞", None]),
    (ColumnInfo("A", "RAW", 2000), [b"\x00\xff", None]),
    (ColumnInfo("A", "LONG"), ["x" * 100_000, None, "y"]),
    (ColumnInfo("A", "LONG_RAW"), [b"\x00" * 40_000, None]),
    (ColumnInfo("A", "DATE"), [datetime(2024, 2, 29, 23, 59, 59), None]),
    (ColumnInfo("A", "TIMESTAMP", scale=6), [datetime(2024, 1, 2, 3, 4, 5, 678901), None]),
    (ColumnInfo("A", "TIMESTAMP_LTZ", scale=6), [datetime(2024, 1, 2, 3, 4, 5, 6)]),
    (ColumnInfo("A", "BINARY_DOUBLE"), [1.5, -2.25, math.inf, None]),
    (ColumnInfo("A", "BINARY_FLOAT"), [0.5, None]),
    (ColumnInfo("A", "INTERVAL_DS", precision=2, scale=6), [timedelta(1, 2, 3), -timedelta(1, 2, 3), None]),
    (ColumnInfo("A", "ROWID"), ["AAAR3sAAEAAAACXAAA", None]),
]


@pytest.mark.parametrize(("column", "values"), RESULTS, ids=[result[0].type for result in RESULTS])
def test_a_column_is_fetched_as_it_is(serve, connect, version, column, values):
    server = serve({QUERY: query([column], [(value,) for value in values])}, version=version)
    cursor = connect(server).cursor()
    with_decimals = cursor.execute(QUERY, fetch_decimals=True).fetchall()
    assert with_decimals == [(value,) for value in values]
    assert cursor.execute(QUERY, fetch_decimals=True).fetchall() == with_decimals


def test_booleans_are_fetched(serve, connect):
    server = serve({QUERY: query([ColumnInfo("A", "BOOLEAN")], [(True,), (False,), (None,)])})
    assert connect(server).cursor().execute(QUERY).fetchall() == [(True,), (False,), (None,)]


def test_a_zoned_timestamp_is_shown_in_its_zone(serve, connect, version):
    """
    The driver drops the zone and shows the wall clock there.
    """
    zone = timezone(-timedelta(hours=3, minutes=30))
    rows = [(datetime(2024, 1, 2, 3, 4, 5, 6, zone),), (datetime(2024, 1, 2, tzinfo=UTC),)]
    server = serve({QUERY: query([ColumnInfo("A", "TIMESTAMP_TZ", scale=6)], rows)}, version=version)
    assert connect(server).cursor().execute(QUERY).fetchall() == [
        (datetime(2024, 1, 2, 3, 4, 5, 6),),
        (datetime(2024, 1, 2),),
    ]


def test_columns_are_described(serve, connect, version):
    columns = [
        ColumnInfo("ID", "NUMBER", 22, 0, 10, 2, nullable=False),
        ColumnInfo("Name żółć", "VARCHAR", 40, 10),
        ColumnInfo("AT", "TIMESTAMP", 11, 0, 0, 6),
    ]
    cursor = connect(serve({QUERY: query(columns, [])}, version=version)).cursor()
    cursor.execute(QUERY)
    first, second, third = cursor.description
    assert (first.name, first.precision, first.scale, first.null_ok) == ("ID", 10, 2, False)
    assert (second.name, second.display_size, second.internal_size) == ("Name żółć", 10, 40)
    assert third.type_code is oracledb.DB_TYPE_TIMESTAMP


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100, 101, 250])
def test_rows_come_in_chunks_of_the_cursors_size(serve, connect, version, count):
    rows = [(Decimal(number),) for number in range(count)]
    server = serve({QUERY: query([ColumnInfo("A", "NUMBER", scale=-127)], rows)}, version=version)
    cursor = connect(server).cursor()
    assert cursor.execute(QUERY).fetchall() == rows
    assert cursor.rowcount == count
    assert server.stats()["fetched"] == count


def test_a_query_without_prefetch_describes_first(serve, connect):
    server = serve({QUERY: query([ColumnInfo("A", "NUMBER", scale=-127)], [(Decimal(1),)])})
    cursor = connect(server).cursor()
    cursor.prefetchrows = 0
    assert cursor.execute(QUERY).fetchall() == [(1,)]
    assert cursor.execute(QUERY).fetchall() == [(1,)]


def test_a_query_with_binds_runs_again_with_others(serve, connect, version):
    sql = "select :1 from dual"
    reply = lambda _, rows: Outcome("query", [ColumnInfo("A", "VARCHAR", 9, 9)], iter([rows[0]]))  # noqa: E731
    cursor = connect(serve({sql: reply}, version=version)).cursor()
    assert [cursor.execute(sql, [text]).fetchone() for text in ("one", "two", "six")] == [
        ("one",),
        ("two",),
        ("six",),
    ]


def test_parse_describes_without_running(serve, connect, version):
    server = serve({QUERY: Outcome("query", [ColumnInfo("A", "VARCHAR", 9, 9)])}, version=version)
    cursor = connect(server).cursor()
    cursor.parse(QUERY)
    assert [column.name for column in cursor.description] == ["A"]
    assert bound(server)[0].startswith("ALTER SESSION")


LOBS = [("small", b"\x01"), ("żółć 𝄞" * 20_000, bytes(range(256)) * 1000), (None, None), ("x", None)]
LOB_COLUMNS = [ColumnInfo("A", "CLOB"), ColumnInfo("B", "BLOB")]


def test_lobs_are_fetched_in_line(serve, connect, version):
    server = serve({QUERY: query(LOB_COLUMNS, LOBS)}, version=version)
    cursor = connect(server).cursor()
    assert cursor.execute(QUERY, fetch_lobs=False).fetchall() == LOBS
    assert cursor.execute(QUERY, fetch_lobs=False).fetchall() == LOBS


def test_lobs_are_fetched_by_locator(serve, connect, version):
    server = serve({QUERY: query(LOB_COLUMNS, LOBS)}, version=version)
    cursor = connect(server).cursor()
    rows = cursor.execute(QUERY).fetchall()
    assert [tuple(lob and lob.read() for lob in row) for row in rows] == LOBS
    text, raw = rows[1]
    assert (text.size(), raw.size(), raw.getchunksize()) == (140_000, 256_000, 8060)
    assert text.read(6, 3) == "𝄞ż"
    assert raw.read(255, 4) == b"\xfe\xff\x00\x01"
    text.open()
    assert text.isopen()
    text.close()
    assert not text.isopen()


def test_a_column_of_type_json_is_python(serve, connect):
    value = {"a": [1, Decimal("2.5"), None], "b": {"c": "żółć", "d": True}, "n" * 300: []}
    rows = [(value,), (None,), ([1],), ("text",), ({},)]
    server = serve({QUERY: query([ColumnInfo("A", "JSON")], rows)})
    assert connect(server).cursor().execute(QUERY).fetchall() == rows


def test_a_column_of_type_json_is_text_to_who_wants_text(serve, connect):
    rows = [({"a": [Decimal("1.50"), None]},), (None,)]
    server = serve({QUERY: query([ColumnInfo("A", "JSON")], rows)})
    cursor = connect(server).cursor()
    cursor.outputtypehandler = lambda cursor, _: cursor.var(str, arraysize=cursor.arraysize)
    assert cursor.execute(QUERY).fetchall() == [('{"a":[1.50,null]}',), (None,)]


def test_json_kept_as_text_is_python_too(serve, connect, version):
    server = serve({QUERY: query([ColumnInfo("A", "CLOB", is_json=True)], [('{"a": 1}',)])}, version=version)
    assert connect(server).cursor().execute(QUERY).fetchall() == [({"a": 1},)]


def test_an_error_amid_the_rows_is_the_fetchs(serve, connect, version):
    def rows():
        for number in range(150):
            yield (Decimal(number),)
        raise OracleError(1555, "ORA-01555: snapshot too old")

    server = serve({QUERY: query([ColumnInfo("A", "NUMBER", scale=-127)], rows())}, version=version)
    cursor = connect(server).cursor()
    cursor.execute(QUERY)
    with pytest.raises(oracledb.DatabaseError) as refused:
        cursor.fetchall()
    assert refused.value.args[0].code == 1555


# ---- sessions ---------------------------------------------------------------------------------------------


def test_end_to_end_attributes_reach_the_engine(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    connection.module = "loader"
    connection.action = "orders"
    connection.client_identifier = "run 7"
    connection.clientinfo = "żółć"
    connection.dbop = "x"
    connection.ping()
    assert server.database.attributes == {
        "module": "loader",
        "action": "orders",
        "client_id": "run 7",
        "client_info": "żółć",
    }


def test_the_current_schema_reaches_the_engine_and_comes_back(serve, connect, version):
    alter = "alter session set current_schema = ELSEWHERE"

    def altered(session, _rows):
        session.current_schema = "ELSEWHERE"
        return Outcome("other")

    server = serve({alter: altered}, version=version)
    connection = connect(server)
    connection.current_schema = "OTHER"
    connection.ping()
    assert server.database.attributes["current_schema"] == "OTHER"
    connection.cursor().execute(alter)
    assert connection.current_schema == "ELSEWHERE"


def test_a_session_that_goes_away_is_rolled_back(serve, connect):
    server = serve()
    connection = connect(server)
    connection.cursor().execute(INSERT, [1])
    connection.close()
    assert server.database.events[0] == "rollback"


def test_closed_cursors_are_forgotten(serve, connect, version):
    """
    400 statements with a cache of 20 stay below the server's 300 open cursors.
    """
    server = serve(version=version)
    connection = connect(server)
    for number in range(400):
        with connection.cursor() as cursor:
            cursor.execute(f"insert into t{number} values (1)")


def test_too_many_open_cursors_are_refused(serve, connect):
    connection = connect(serve(), stmtcachesize=0)
    cursors = [connection.cursor() for _ in range(301)]
    for number, cursor in enumerate(cursors[:300]):
        cursor.execute(f"insert into t{number} values (1)")
    with pytest.raises(oracledb.DatabaseError) as refused:
        cursors[300].execute(INSERT, [1])
    assert refused.value.args[0].code == 1000


def test_cancel_ends_a_running_statement(serve, connect, version):
    sql = "insert into slow values (1)"

    def wait(session, _rows):
        assert session.cancelled.wait(10)
        session.cancelled.clear()
        raise OracleError(1013, "ORA-01013: user requested cancel of current operation")

    server = serve({sql: wait}, version=version)
    connection = connect(server)
    canceller = threading.Timer(0.1, connection.cancel)
    canceller.start()
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().execute(sql)
    canceller.join()
    assert refused.value.args[0].code == 1013
    connection.ping()
    connection.cursor().execute(INSERT, [1])


def test_a_call_timeout_leaves_a_usable_connection(serve, connect, version):
    sql = "insert into slow values (1)"

    def wait(session, _rows):
        assert session.cancelled.wait(10)
        session.cancelled.clear()
        raise OracleError(1013, "ORA-01013: user requested cancel of current operation")

    connection = connect(serve({sql: wait}, version=version))
    connection.call_timeout = 150
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().execute(sql)
    assert refused.value.args[0].full_code == "DPY-4024"
    connection.call_timeout = 0
    connection.ping()
    connection.cursor().execute(INSERT, [1])


def test_a_pipeline_is_answered_in_order(serve):
    server = serve({QUERY: query([ColumnInfo("A", "NUMBER", scale=-127)], [(Decimal(4),)])}, version=23)

    async def run():
        connection = await oracledb.connect_async(user="app", password="secret", dsn=server.dsn)
        pipeline = oracledb.create_pipeline()
        pipeline.add_execute(INSERT, [1])
        pipeline.add_fetchall(QUERY)
        pipeline.add_execute("nonsense")
        pipeline.add_executemany(INSERT, [(2,), (3,)])
        pipeline.add_commit()
        results = await connection.run_pipeline(pipeline, continue_on_error=True)
        await connection.close()
        return results

    results = asyncio.run(run())
    assert results[1].rows == [(4,)]
    assert results[2].error.code == 900
    assert [result.error for result in results if result.error] == [results[2].error]
    assert server.database.events[0] == "commit"


def test_an_engine_that_fails_is_told_as_an_internal_error(serve, connect, version):
    def broken(_session, _rows):
        raise ZeroDivisionError

    server = serve({INSERT: broken}, version=version)
    connection = connect(server)
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().execute(INSERT, [1])
    assert refused.value.args[0].code == 600
    assert any("ZeroDivisionError" in line for line in server.log)


def test_statements_are_remembered_in_order(serve, connect):
    server = serve()
    connect(server).cursor().executemany(INSERT, [(1,), (2,)])
    last = server.statements()[-1]
    last.pop("at")
    assert last == {"sql": INSERT, "session": 1, "client": "", "binds": ["NUMBER"], "rows": 2}
