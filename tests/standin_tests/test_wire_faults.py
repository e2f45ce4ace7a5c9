"""
Faults on command: each happens where it was ordered, and nowhere else.
"""

from __future__ import annotations

import threading
import time

import oracledb
import pytest

from tests.standin import faults
from tests.standin.values import OracleError, Outcome

INSERT = "insert into t values (:1)"
CREATE = "create table t (a number)"
LOST = {"DPY-4011", "DPY-6005"}


def lost(error):
    """
    Say whether the driver reports a lost connection.
    """
    return error.value.args[0].full_code in LOST


def inserts(server):
    return [rows for sql, _, rows, _ in server.database.calls if sql == INSERT]


def run(connection):
    """
    Two DMLs with a commit after each: the load that the faults below disturb.
    """
    cursor = connection.cursor()
    for number in (1, 2):
        cursor.execute(INSERT, [number])
        connection.commit()


# ---- specs ------------------------------------------------------------------------------------------------

GOOD = {
    "cut@message:17": faults.Fault("cut@message:17", "cut", "message", 17, 17),
    "cut@commit:3:after": faults.Fault("cut@commit:3:after", "cut", "commit", 3, 3, "after"),
    "cut@dml:2-4": faults.Fault("cut@dml:2-4", "cut", "dml", 2, 4),
    "cut@ddl:*": faults.Fault("cut@ddl:*", "cut", "ddl", 1, 0),
    "cut@answer:9:40": faults.Fault("cut@answer:9:40", "cut", "answer", 9, 9, "after", size=40),
    "stall@message:9:30s": faults.Fault("stall@message:9:30s", "stall", "message", 9, 9, seconds=30.0),
    "stall@commit:1:0.5s:after": faults.Fault(
        "stall@commit:1:0.5s:after", "stall", "commit", 1, 1, "after", 0.5
    ),
    "ora-00060@dml:2": faults.Fault("ora-00060@dml:2", "ora", "dml", 2, 2, code=60),
    "ora-12514@connect:1-2": faults.Fault("ora-12514@connect:1-2", "ora", "connect", 1, 2, code=12514),
    "restart@commit:4:2s": faults.Fault("restart@commit:4:2s", "restart", "commit", 4, 4, seconds=2.0),
    "lock@ORDERS:10s": faults.Fault("lock@ORDERS:10s", "lock", "ORDERS", seconds=10.0),
    "slow@64kB/s": faults.Fault("slow@64kB/s", "slow", "link", size=64_000),
    "slow@1.5 kB/s": faults.Fault("slow@1.5 kB/s", "slow", "link", size=1500),
}
BAD = [
    "",
    "cut",
    "cut@",
    "cut@message",
    "cut@message:",
    "cut@message:0",
    "cut@message:x",
    "cut@message:1:sometimes",
    "cut@nothing:1",
    "cut@answer:1",
    "cut@answer:1:x",
    "bend@message:1",
    "stall@message:1",
    "stall@message:1:30",
    "ora-@dml:1",
    "ora-1234567@dml:1",
    "lock@:10s",
    "lock@T",
    "slow@fast",
    "slow@0kB/s",
    "restart@commit",
]


@pytest.mark.parametrize("spec", GOOD)
def test_a_spec_is_read(spec):
    assert faults.parse(spec) == GOOD[spec]


@pytest.mark.parametrize("spec", BAD)
def test_a_wrong_spec_is_refused_in_one_line(spec):
    with pytest.raises(ValueError, match="fault '") as refused:
        faults.parse(spec)
    assert "\n" not in str(refused.value)


def test_an_event_is_counted_whoever_looks():
    armed = faults.Faults(["cut@message:2", "ora-00060@dml:1", "stall@message:2-3:1s"])
    assert [fault.spec for fault in armed.due("message", "dml")] == ["ora-00060@dml:1"]
    assert [fault.spec for fault in armed.due("message")] == ["cut@message:2", "stall@message:2-3:1s"]
    assert [fault.spec for fault in armed.due("message", "dml")] == ["stall@message:2-3:1s"]
    assert armed.due("message") == []


# ---- cuts -------------------------------------------------------------------------------------------------


def test_a_cut_before_a_message_keeps_it_from_happening(serve, connect, version):
    server = serve(version=version, faults=("cut@dml:2:before",))
    with pytest.raises(oracledb.DatabaseError) as error:
        run(connect(server))
    assert lost(error)
    assert inserts(server) == [[(1,)]]


def test_a_cut_after_a_message_lets_it_happen(serve, connect, version):
    server = serve(version=version, faults=("cut@dml:2:after",))
    with pytest.raises(oracledb.DatabaseError) as error:
        run(connect(server))
    assert lost(error)
    wait_for_end(server)
    assert inserts(server) == [[(1,)], [(2,)]]
    assert server.database.events == ["commit", "rollback"]


@pytest.mark.parametrize(
    ("moment", "events"), [("before", ["commit", "rollback"]), ("after", ["commit"] * 2)]
)
def test_a_cut_at_a_commit_falls_on_either_side_of_it(serve, connect, version, moment, events):
    server = serve(version=version, faults=(f"cut@commit:2:{moment}",))
    with pytest.raises(oracledb.DatabaseError) as error:
        run(connect(server))
    assert lost(error)
    wait_for_end(server)
    assert server.database.events == events


def wait_for_end(server):
    """
    Wait until every session has ended.
    """
    deadline = time.monotonic() + 10
    while server.connections() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.connections() == []


def test_a_commit_in_the_statement_counts_as_one(serve, connect, version):
    server = serve(version=version, faults=("cut@commit:2:after",))
    connection = connect(server)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(INSERT, [1])
    with pytest.raises(oracledb.DatabaseError) as error:
        cursor.execute(INSERT, [2])
    assert lost(error)
    assert server.stats()["commits"] == 2


def test_a_cut_at_ddl(serve, connect):
    server = serve({CREATE: Outcome("ddl")}, faults=("cut@ddl:1:after",))
    with pytest.raises(oracledb.DatabaseError) as error:
        connect(server).cursor().execute(CREATE)
    assert lost(error)
    assert server.database.calls[-1][0] == CREATE


def test_a_cut_at_every_message_is_noticed(serve, connect, version):
    """
    The whole life of a connection, log-in and log-off included, before and after each message.
    """
    server = serve(version=version)
    connection = connect(server)
    run(connection)
    connection.close()
    count = server.stats()["messages"]
    assert count == (8 if version == 19 else 6) + 1
    for number in range(1, count):  # the last is the log-off, at which the driver shrugs
        for moment in ("before", "after"):
            cut = serve(version=version, faults=(f"cut@message:{number}:{moment}",))
            with pytest.raises(oracledb.DatabaseError) as error:
                run(connect(cut))
            assert lost(error), (number, moment)
            assert cut.log == [f"fault cut@message:{number}:{moment}"]


@pytest.mark.parametrize("size", [0, 1, 8, 10, 30])
def test_a_cut_inside_an_answer(serve, connect, version, size):
    logged_in = 4 if version == 19 else 2
    server = serve(version=version, faults=(f"cut@answer:{logged_in + 1}:{size}",))
    with pytest.raises(oracledb.DatabaseError) as error:
        run(connect(server))
    assert lost(error)
    assert inserts(server) == [[(1,)]]


def test_a_fault_strikes_once_and_the_next_connection_is_well(serve, connect):
    server = serve(faults=("cut@commit:1:before",))
    with pytest.raises(oracledb.DatabaseError):
        run(connect(server))
    run(connect(server))
    assert server.stats()["commits"] == 2


def test_faults_are_armed_anew_and_count_from_one(serve, connect):
    server = serve()
    run(connect(server))
    server.arm("cut@commit:1")
    with pytest.raises(oracledb.DatabaseError):
        run(connect(server))
    assert server.stats()["commits"] == 2


# ---- codes ------------------------------------------------------------------------------------------------


def test_a_code_at_dml_replaces_the_statement(serve, connect, version):
    server = serve(version=version, faults=("ora-00060@dml:2", "ora-01653@dml:3"))
    connection = connect(server)
    cursor = connection.cursor()
    cursor.execute(INSERT, [1])
    for code in (60, 1653):
        with pytest.raises(oracledb.DatabaseError) as error:
            cursor.execute(INSERT, [2])
        assert error.value.args[0].code == code
    assert connection.transaction_in_progress
    cursor.execute(INSERT, [3])
    assert inserts(server) == [[(1,)], [(3,)]]


def test_a_code_at_commit_leaves_the_transaction_open(serve, connect, version):
    server = serve(version=version, faults=("ora-02091@commit:1",))
    connection = connect(server)
    connection.cursor().execute(INSERT, [1])
    with pytest.raises(oracledb.DatabaseError) as error:
        connection.commit()
    assert error.value.args[0].code == 2091
    assert connection.transaction_in_progress
    assert server.database.events == []


@pytest.mark.parametrize("code", [28, 3113, 1092])
def test_a_code_that_ends_the_session_ends_it(serve, connect, version, code):
    logged_in = 4 if version == 19 else 2
    server = serve(version=version, faults=(f"ora-{code:05d}@message:{logged_in + 2}",))
    connection = connect(server)
    cursor = connection.cursor()
    cursor.execute(INSERT, [1])
    with pytest.raises(oracledb.DatabaseError) as error:
        connection.commit()
    assert lost(error)
    assert f"ORA-{code:05d}" in str(error.value)
    wait_for_end(server)
    assert server.database.events == ["rollback"]


@pytest.mark.parametrize("code", [12514, 12516, 12520, 12528, 12541])
def test_the_listeners_codes_refuse_the_connection(serve, connect, version, code):
    server = serve(version=version, faults=(f"ora-{code}@connect:1-2",))
    for _ in range(2):
        with pytest.raises(oracledb.DatabaseError) as error:
            connect(server)
        assert f"{code}" in str(error.value)
    connect(server).ping()


@pytest.mark.parametrize("code", [1033, 1034, 28000, 1017, 28001, 12345])
def test_other_codes_at_connect_refuse_the_login(serve, connect, version, code):
    server = serve(version=version, faults=(f"ora-{code:05d}@connect:1",))
    with pytest.raises(oracledb.DatabaseError) as error:
        connect(server)
    assert error.value.args[0].code == code
    assert server.database.sessions == []
    connect(server).ping()


# ---- waits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_stall_delays_the_answer(serve, connect, version, moment):
    server = serve(version=version, faults=(f"stall@dml:1:0.3s:{moment}",))
    connection = connect(server)
    start = time.monotonic()
    connection.cursor().execute(INSERT, [1])
    assert time.monotonic() - start >= 0.3
    assert inserts(server) == [[(1,)]]


def test_a_client_that_leaves_a_stalled_statement_is_rolled_back(serve, connect, version):
    server = serve(version=version, faults=("stall@dml:2:30s",))
    connection = connect(server)
    cursor = connection.cursor()
    cursor.execute(INSERT, [1])
    connection.call_timeout = 150
    with pytest.raises(oracledb.DatabaseError) as error:
        cursor.execute(INSERT, [2])
    assert lost(error)
    wait_for_end(server)
    assert inserts(server) == [[(1,)]]
    assert server.database.events == ["rollback"]


def test_a_client_that_leaves_a_stalled_commit_is_committed(serve, connect, version):
    server = serve(version=version, faults=("stall@commit:1:0.8s",))
    connection = connect(server)
    connection.cursor().execute(INSERT, [1])
    connection.call_timeout = 150
    with pytest.raises(oracledb.DatabaseError) as error:
        connection.commit()
    assert lost(error)
    assert server.database.events == []
    wait_for_end(server)
    assert server.database.events == ["commit"]


def test_a_break_after_a_short_stall_is_answered(serve, connect, version):
    server = serve(version=version, faults=("stall@dml:1:0.4s",))
    connection = connect(server)
    canceller = threading.Timer(0.1, connection.cancel)
    canceller.start()
    with pytest.raises(oracledb.DatabaseError) as error:
        connection.cursor().execute(INSERT, [1])
    canceller.join()
    assert error.value.args[0].code == 1013
    run(connection)


def test_every_answer_takes_a_round_trip(serve, connect, version):
    server = serve(version=version, rtt_ms=40)
    connection = connect(server)
    start = time.monotonic()
    for _ in range(5):
        connection.ping()
    assert time.monotonic() - start >= 0.2


def test_a_slow_link_takes_its_time(serve, connect):
    server = serve(faults=("slow@400kB/s",))
    connection = connect(server)
    start = time.monotonic()
    connection.cursor().executemany(INSERT, [("x" * 1000,)] * 200)
    assert 0.4 <= time.monotonic() - start < 5
    assert len(inserts(server)[0]) == 200


# ---- restart and locks ------------------------------------------------------------------------------------


def test_a_restart_drops_all_and_takes_none_for_a_while(serve, connect, version):
    server = serve(version=version, faults=("restart@commit:2:0.5s:after",))
    bystander = connect(server)
    bystander.cursor().execute(INSERT, [7])
    with pytest.raises(oracledb.DatabaseError) as error:
        run(connect(server))
    assert lost(error)
    with pytest.raises(oracledb.DatabaseError) as error:
        bystander.commit()
    assert lost(error)
    with pytest.raises(oracledb.DatabaseError) as error:
        connect(server)
    assert "12514" in str(error.value)
    time.sleep(0.6)
    connect(server).ping()
    assert sorted(server.database.events) == ["commit", "commit", "rollback"]


def test_a_lock_is_taken_once_its_table_is_there(serve, connect):
    state = {"exists": False, "locked": 0}

    def lock(session, _rows):
        if not state["exists"]:
            raise OracleError(942, "ORA-00942: table or view does not exist")
        state["locked"] += 1
        session.in_transaction = True
        return Outcome("other")

    replies = {'LOCK TABLE "T" IN EXCLUSIVE MODE NOWAIT': lock}
    server = serve(replies, faults=("lock@T:0.2s",))
    cursor = connect(server).cursor()
    cursor.execute("insert into other values (1)")
    cursor.execute(INSERT, [1])
    state["exists"] = True
    cursor.execute(INSERT, [2])
    cursor.execute(INSERT, [3])
    assert state["locked"] == 1
    deadline = time.monotonic() + 5
    while "rollback" not in server.database.events and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.database.events == ["rollback"]
