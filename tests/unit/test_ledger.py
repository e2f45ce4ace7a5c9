"""
The ledger's answers: is a checkpoint in, whose turn is it, who holds the lease.
"""

from __future__ import annotations

import platform
import subprocess
from contextlib import suppress

import oracledb
import pytest

from target_oracle.errors import LoadError
from target_oracle.oracle import ledger as module
from target_oracle.oracle.ledger import Fenced, Lease, Ledger, qualified


class Table:
    """
    The ledger's rows as every session sees them, and who has locked which.
    """

    def __init__(self):
        self.rows = {}
        self.locks = {}
        self.waits = []


class FakeSession:
    """
    The calls of `Session` that the ledger makes, understood by how their statements begin.
    """

    def __init__(self, table):
        self.table = table
        self.pings = 0
        self.closed = False
        self.breaks = False

    def rows(self, sql, binds=()):
        name = binds[0]
        if "FOR UPDATE" in sql:
            self.table.waits.append(sql.partition("FOR UPDATE ")[2])
            if self.table.locks.get(name) not in (None, self):
                raise oracledb.DatabaseError("ORA-00054: resource busy")
            self.table.locks[name] = self
        row = self.table.rows.get(name)
        if row is None:
            return []
        if sql.startswith('SELECT "HOLDER"'):
            return [(row["holder"],)]
        if sql.startswith('SELECT "TOKEN"'):
            return [(row["token"],)]
        return [(row["checkpoint"], row["token"], row["state"], row["ahead"], row["holder"])]

    def run_and_commit(self, sql, binds):
        self._unlock()
        rows = self.table.rows
        if sql.startswith("INSERT") and "'lease'" in sql:
            if binds[0] in rows:
                raise oracledb.DatabaseError("ORA-00001: unique constraint violated")
            rows[binds[0]] = {"token": "lease", "checkpoint": 0, "state": None, "ahead": None, "holder": None}
            return 1
        if sql.startswith("INSERT"):
            rows[binds[0]] = {
                "token": binds[1],
                "checkpoint": 0,
                "state": None,
                "ahead": None,
                "holder": binds[2],
            }
            return 1
        if sql.startswith("DELETE"):
            return int(rows.pop(binds[0], None) is not None)
        row = rows.get(binds[-1])
        if row is None:
            return 0
        if 'SET "TOKEN"' in sql:
            row.update(token=binds[0], holder=binds[1])
            return 1
        if (row["token"], row["checkpoint"]) != (binds[0], binds[1]):
            raise oracledb.DatabaseError("ORA-01407: cannot update to NULL")
        row["checkpoint"] = binds[2]
        return 1

    def _unlock(self):
        self.table.locks = {name: holder for name, holder in self.table.locks.items() if holder is not self}

    def ping(self):
        self.pings += 1
        if self.breaks:
            raise oracledb.OperationalError("DPY-4011: the database or network closed the connection")

    def rollback(self):
        self._unlock()

    def close(self):
        self.closed = True
        self._unlock()


def ledger(name="orders", *, anonymous=False, run="r1"):
    return Ledger("TARGET_ORACLE_LEDGER", name, anonymous=anonymous, run_id=run)


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def session(table):
    return FakeSession(table)


def commit(one, session, rows=1):
    one.commit(session, state='{"n":1}', ahead=None, rows=rows)


def test_a_checkpoint_that_is_in_is_known_after_its_answer_was_lost(session):
    one = ledger()
    one.open(session)
    session.table.rows["orders"]["checkpoint"] += 1
    assert one.resolve(session)


def test_a_checkpoint_that_is_not_in_is_known_and_cannot_come_in_any_more(session):
    """
    The session that was given up for lost wakes up with the old token.
    """
    one = ledger()
    one.open(session)
    late = ledger()
    late.__dict__.update(one.__dict__)
    assert not one.resolve(session)
    with pytest.raises(Fenced):
        commit(late, session)
    commit(one, session)
    assert session.table.rows["orders"]["checkpoint"] == 1


def test_a_loader_that_took_over_fences_the_one_before(session):
    first, second = ledger(run="r1"), ledger(run="r2")
    first.open(session)
    commit(first, session)
    assert second.open(session).checkpoint == 1
    with pytest.raises(Fenced, match="another loader took over loader_id 'orders': run r2 on"):
        commit(first, session)
    with pytest.raises(Fenced):
        first.resolve(session)


def test_a_run_without_a_loader_id_asks_nothing_before_it_takes_its_row(session):
    ledger("run-1", anonymous=True).open(session)
    assert (session.table.waits, list(session.table.rows)) == ([], ["run-1"])


@pytest.mark.parametrize("anonymous", [False, True])
def test_an_opening_whose_answer_was_lost_finds_what_it_found_the_first_time(session, anonymous):
    one = ledger(anonymous=anonymous)
    assert one.open(session) is None
    assert one.open(session) is None
    commit(one, session)


def test_the_row_of_a_run_without_a_loader_id_goes_at_its_end(session):
    one = ledger("run-1", anonymous=True)
    one.open(session)
    one.close(session)
    assert session.table.rows == {}


def test_that_row_stays_where_a_lost_commit_may_still_wake_up(session):
    """
    Without the row, the late statement would touch nothing, succeed, and commit its rows a second time.
    """
    one = ledger("run-1", anonymous=True)
    one.open(session)
    assert not one.resolve(session)
    one.close(session)
    assert list(session.table.rows) == ["run-1"]


def test_a_row_that_is_gone_stops_the_run(session):
    one = ledger()
    one.open(session)
    session.table.rows.clear()
    with pytest.raises(LoadError, match="was removed while this run used it"):
        commit(one, session)


# --- the lease


def lease_of(one, table, clock=lambda: 0.0):
    sessions = []

    def connect():
        sessions.append(FakeSession(table))
        return sessions[-1]

    return Lease(one, connect, clock), sessions


def test_a_second_lease_is_refused_with_the_name_of_the_first(table, session):
    first, second = ledger(run="r1"), ledger(run="r2")
    held, _ = lease_of(first, table)
    held.take()
    first.open(session)
    late, sessions = lease_of(second, table)
    with pytest.raises(LoadError, match="loader_id 'orders' is in use by run r1 on"):
        late.take()
    assert sessions[0].closed
    held.close()
    late.take()


def test_a_lease_is_waited_for_as_long_as_told(table, session):
    first = ledger(run="r1")
    held, _ = lease_of(first, table)
    held.take()
    first.open(session)
    late, _ = lease_of(ledger(run="r2"), table)
    with pytest.raises(LoadError):
        late.take(7.5)
    assert table.waits[-1] == "WAIT 7"


def test_the_lease_of_a_dead_process_of_this_host_is_waited_for(table, monkeypatch):
    """
    Its server process is about to notice; until then its name stands in the ledger.
    """
    monkeypatch.setattr(module, "RESOLVE_WAIT_SECONDS", 3)
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    table.rows["orders"] = {"holder": f"run r0 on {platform.node()} (pid {dead.pid})"}
    table.rows["orders (lease)"] = {"token": "lease"}
    table.locks["orders (lease)"] = "a server process"
    late, _ = lease_of(ledger(), table)
    with pytest.raises(LoadError):
        late.take()
    assert table.waits == ["NOWAIT", "WAIT 1", "WAIT 1", "WAIT 1"]


def test_a_lease_is_looked_at_once_a_minute(table):
    now = [0.0]
    lease, sessions = lease_of(ledger(), table, lambda: now[0])
    lease.take()
    for moment in (0.0, 59.0, 60.0, 61.0, 119.0, 120.0):
        now[0] = moment
        lease.keep()
    assert sessions[0].pings == 2


def test_a_lease_whose_connection_broke_is_taken_again(table):
    now = [0.0]
    lease, sessions = lease_of(ledger(), table, lambda: now[0])
    lease.take()
    sessions[0].breaks = True
    now[0] = 60.0
    lease.keep()
    assert sessions[0].closed
    lease.keep()
    assert table.locks["orders (lease)"] is sessions[1]


def test_a_lease_that_another_has_taken_meanwhile_stops_the_run(table, session, monkeypatch):
    monkeypatch.setattr(module, "RESOLVE_WAIT_SECONDS", 1)
    now = [0.0]
    lease, sessions = lease_of(ledger(run="r1"), table, lambda: now[0])
    lease.take()
    sessions[0].breaks = True
    now[0] = 60.0
    lease.keep()
    other = ledger(run="r2")
    taken, _ = lease_of(other, table)
    taken.take()
    other.open(session)
    with pytest.raises(LoadError, match="in use by run r2"):
        lease.keep()


def test_nothing_stays_open_when_a_lease_cannot_be_taken(table):
    class Refusing(FakeSession):
        def run_and_commit(self, sql, binds):
            raise oracledb.DatabaseError("ORA-01031: insufficient privileges")

    refusing = Refusing(table)
    with suppress(oracledb.DatabaseError):
        Lease(ledger(), lambda: refusing).take()
    assert refusing.closed


@pytest.mark.parametrize(
    ("given", "quoted"),
    [("Ledger", '"LEDGER"'), ("dw.LEDGER", '"DW"."LEDGER"'), ('"Mixed"."Case"', '"Mixed"."Case"')],
)
def test_the_ledgers_name_is_quoted(given, quoted):
    assert qualified(given) == quoted
