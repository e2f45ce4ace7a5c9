"""
Transactions: what other sessions see, who waits for whom, what a crash leaves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.standin.engine import Database, OracleError
from tests.standin.values import Bind
from tests.standin_tests.asking import Asking, asking

NUMBER, TEXT = Bind("NUMBER"), Bind("VARCHAR", 40)
PATIENCE = 20  # seconds


@pytest.fixture(params=[19, 23])
def pair(request):
    """
    Two sessions on a table of three committed rows.
    """
    one = asking(request.param)
    one.run("CREATE TABLE t (id NUMBER PRIMARY KEY, n NUMBER)")
    one.many("INSERT INTO t VALUES (:1, :2)", [NUMBER, NUMBER], [(1, 10), (2, 20), (3, 30)])
    one.session.commit()
    return one, Asking(one.session.database.session("APP"))


class Later:
    """
    A statement in a thread of its own; *end* gives its outcome, or the number of its refusal.
    """

    def __init__(self, ask: Asking, sql: str, *row: object) -> None:
        self.ask = ask
        self.result: object = None
        self.thread = threading.Thread(target=self._run, args=(sql, row), daemon=True)
        self.thread.start()

    def _run(self, sql: str, row: tuple[object, ...]) -> None:
        try:
            outcome = self.ask.run(sql, *row)
            self.result = list(outcome.rows) if outcome.kind == "query" else outcome.rowcount
        except OracleError as refusal:
            self.result = -refusal.code

    def waits(self) -> bool:
        """
        Tell whether it comes to wait for another transaction.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.thread.is_alive():
            with self.ask.session.database.lock:
                if self.ask.session.txn is not None and self.ask.session.txn.waits_for:
                    return True
            self.thread.join(0.002)
        return False

    def end(self) -> object:
        """
        Wait for the end.
        """
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.result


# --- sight --------------------------------------------------------------------------------------------------


def test_others_see_only_what_is_committed(pair):
    one, two = pair
    one.run("INSERT INTO t VALUES (4, 40)")
    one.run("UPDATE t SET n = 0 WHERE id = 1")
    one.run("DELETE FROM t WHERE id = 2")
    assert one.rows("SELECT * FROM t ORDER BY id") == [(1, 0), (3, 30), (4, 40)]
    assert two.rows("SELECT * FROM t ORDER BY id") == [(1, 10), (2, 20), (3, 30)]
    one.session.commit()
    assert two.rows("SELECT * FROM t ORDER BY id") == [(1, 0), (3, 30), (4, 40)]


@pytest.mark.parametrize(
    "after",
    [
        "SELECT COUNT(*) FROM t",
        "INSERT INTO t VALUES (9, 9)",
        "UPDATE t SET n = 0 WHERE id = 1",
        "DELETE FROM t",
    ],
)
def test_what_was_changed_in_parallel_is_out_of_reach_until_commit(pair, after):
    one, two = pair
    one.run("ALTER SESSION ENABLE PARALLEL DML")
    one.run("INSERT INTO t SELECT id + 10, n FROM t")
    assert one.code(after) == 12838
    assert two.rows("SELECT COUNT(*) FROM t") == [(3,)]
    assert one.code("ALTER SESSION DISABLE PARALLEL DML") == 12841
    one.session.commit()
    one.run("ALTER SESSION DISABLE PARALLEL DML")
    one.run("DELETE FROM t")
    one.run(after)


def test_rows_that_come_as_values_are_never_changed_in_parallel(pair):
    one, _ = pair
    one.run("ALTER SESSION ENABLE PARALLEL DML")
    one.run("INSERT INTO t VALUES (9, 9)")
    one.run(
        "MERGE INTO t USING (SELECT 9 id FROM dual) s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET n = 1"
    )
    assert one.rows("SELECT n FROM t WHERE id = 9") == [(1,)]


def test_rollback_undoes_everything(pair):
    one, two = pair
    one.run("UPDATE t SET n = n + 1")
    one.run("UPDATE t SET n = n + 1 WHERE id = 1")
    one.run("DELETE FROM t WHERE id = 2")
    one.run("INSERT INTO t VALUES (2, 99)")
    one.session.rollback()
    assert one.rows("SELECT * FROM t ORDER BY id") == [(1, 10), (2, 20), (3, 30)]
    assert two.run("UPDATE t SET n = 5").rowcount == 3


def test_savepoints_undo_what_came_after_them(pair):
    one, two = pair
    one.run("UPDATE t SET n = 11 WHERE id = 1")
    one.run("SAVEPOINT a")
    one.run("UPDATE t SET n = 22 WHERE id = 2")
    one.run("SAVEPOINT b")
    one.run("DELETE FROM t")
    one.run("ROLLBACK TO SAVEPOINT a")
    assert one.column("SELECT n FROM t ORDER BY id") == [11, 20, 30]
    assert one.code("ROLLBACK TO b") == 1086
    assert two.run("UPDATE t SET n = 2 WHERE id = 2").rowcount == 1
    one.run("COMMIT")
    two.run("ROLLBACK WORK")
    assert two.column("SELECT n FROM t ORDER BY id") == [11, 20, 30]


def test_a_transaction_is_open_from_the_first_row_to_its_end(pair):
    one, _ = pair
    one.run("SELECT * FROM t")
    one.run("UPDATE t SET n = 0 WHERE id = 99")
    assert not one.session.in_transaction
    one.run("UPDATE t SET n = 0 WHERE id = 1")
    assert one.session.in_transaction
    one.session.commit()
    assert not one.session.in_transaction
    one.run("SELECT * FROM t WHERE id = 1 FOR UPDATE")
    assert one.session.in_transaction
    one.session.rollback()
    assert not one.session.in_transaction


def test_a_session_that_ends_is_rolled_back(pair):
    one, two = pair
    one.run("DELETE FROM t")
    one.session.close()
    assert two.column("SELECT id FROM t ORDER BY id") == [1, 2, 3]
    assert two.run("DELETE FROM t").rowcount == 3
    assert one.code("SELECT 1 FROM dual") == 1012


def test_a_serializable_transaction_is_refused_rather_than_pretended(pair):
    one, _ = pair
    assert one.code("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE") == 3001
    assert one.code("SET TRANSACTION READ ONLY") == 3001
    one.run("SET TRANSACTION READ WRITE")


# --- rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "left"), [("commit", 12), ("rollback", 11)])
def test_a_writer_waits_for_the_one_before_and_works_on_what_it_left(pair, end, left):
    one, two = pair
    one.run("UPDATE t SET n = n + 1 WHERE id = 1")
    later = Later(two, "UPDATE t SET n = n + 1 WHERE id = 1")
    assert later.waits()
    getattr(one.session, end)()
    assert later.end() == 1
    assert two.one("SELECT n FROM t WHERE id = 1") == left


def test_a_row_that_no_longer_fits_is_not_written(pair):
    one, two = pair
    one.run("UPDATE t SET n = 99 WHERE id = 1")
    later = Later(two, "DELETE FROM t WHERE n = 10")
    assert later.waits()
    one.session.commit()
    assert later.end() == 0


def test_two_rows_with_one_key_wait_for_the_first(pair):
    one, two = pair
    one.run("INSERT INTO t VALUES (4, 1)")
    later = Later(two, "INSERT INTO t VALUES (4, 2)")
    assert later.waits()
    one.session.commit()
    assert later.end() == -1
    two.run("INSERT INTO t VALUES (5, 2)")
    later = Later(one, "INSERT INTO t VALUES (5, 1)")
    assert later.waits()
    two.session.rollback()
    assert later.end() == 1


@pytest.mark.parametrize(("end", "result"), [("commit", 1), ("rollback", -1)])
def test_a_deleted_key_is_free_when_its_deletion_is_committed(pair, end, result):
    one, two = pair
    one.run("DELETE FROM t WHERE id = 2")
    later = Later(two, "INSERT INTO t VALUES (2, 0)")
    assert later.waits()
    getattr(one.session, end)()
    assert later.end() == result


def test_an_array_keeps_its_rows_while_one_waits(pair):
    one, two = pair
    one.run("UPDATE t SET n = 0 WHERE id = 3")
    thread = threading.Thread(
        target=lambda: two.many(
            "UPDATE t SET n = :1 WHERE id = :2", [NUMBER, NUMBER], [(7, 1), (7, 2), (7, 3)]
        )
    )
    thread.start()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with two.session.database.lock:
            if two.session.txn is not None and two.session.txn.waits_for:
                break
        thread.join(0.002)
    assert one.code("SELECT 1 FROM t WHERE id = 1 FOR UPDATE NOWAIT") == 54
    one.session.commit()
    thread.join(PATIENCE)
    assert two.column("SELECT n FROM t ORDER BY id") == [7, 7, 7]


def test_parallel_merges_of_one_key_make_one_row_or_a_refusal(pair):
    one, two = pair
    merge = (
        "MERGE INTO t USING (SELECT :1 id, :2 n FROM dual) s ON (t.id = s.id)"
        " WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)"
    )
    one.run(merge, 8, 1)
    later = Later(two, merge, 8, 2)
    assert later.waits()
    one.session.commit()
    assert later.end() == 1
    assert two.one("SELECT n FROM t WHERE id = 8") == 2


# --- locks --------------------------------------------------------------------------------------------------


def test_for_update_locks_rows_and_nothing_else(pair):
    one, two = pair
    assert one.rows("SELECT n FROM t WHERE id = 1 FOR UPDATE") == [(10,)]
    assert two.rows("SELECT n FROM t WHERE id = 1") == [(10,)]
    assert two.run("UPDATE t SET n = 0 WHERE id = 2").rowcount == 1
    assert two.code("SELECT n FROM t WHERE id = 1 FOR UPDATE NOWAIT") == 54
    assert two.code("SELECT n FROM t WHERE id = 1 FOR UPDATE WAIT 1") == 30006
    assert two.column("SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED") == [2, 3]
    assert Later(two, "UPDATE t SET n = 0 WHERE id = 1").waits()


def test_for_update_reads_what_was_committed_meanwhile(pair):
    one, two = pair
    one.run("UPDATE t SET n = 11 WHERE id = 1")
    later = Later(two, "SELECT n FROM t WHERE id = 1 FOR UPDATE WAIT 20")
    assert later.waits()
    one.session.commit()
    assert later.end() == [(11,)]


def test_for_update_of_a_join_locks_the_named_side(pair):
    one, two = pair
    one.run("CREATE TABLE u (id NUMBER)")
    one.run("INSERT INTO u VALUES (1)")
    one.session.commit()
    one.run("SELECT t.n FROM t JOIN u ON u.id = t.id FOR UPDATE OF t.n")
    assert two.run("UPDATE u SET id = 1").rowcount == 1
    assert two.code("SELECT 1 FROM t WHERE id = 1 FOR UPDATE NOWAIT") == 54


@pytest.mark.parametrize(
    ("held", "wanted", "code"),
    [
        ("EXCLUSIVE", "ROW SHARE", 54),
        ("SHARE", "SHARE", None),
        ("SHARE", "ROW EXCLUSIVE", 54),
        ("ROW EXCLUSIVE", "ROW EXCLUSIVE", None),
        ("ROW EXCLUSIVE", "SHARE", 54),
        ("SHARE ROW EXCLUSIVE", "ROW SHARE", None),
        ("SHARE ROW EXCLUSIVE", "SHARE", 54),
    ],
)
def test_table_locks_forbid_each_other(pair, held, wanted, code):
    one, two = pair
    one.run(f"LOCK TABLE t IN {held} MODE")
    statement = f"LOCK TABLE t IN {wanted} MODE NOWAIT"
    if code is None:
        two.run(statement)
    else:
        assert two.code(statement) == code
        one.session.rollback()
        two.run(statement)


def test_dml_waits_for_an_exclusive_table_lock(pair):
    one, two = pair
    one.run("LOCK TABLE t IN EXCLUSIVE MODE")
    assert two.rows("SELECT COUNT(*) FROM t") == [(3,)]
    later = Later(two, "INSERT INTO t VALUES (9, 9)")
    assert later.waits()
    one.session.commit()
    assert later.end() == 1


def test_ddl_does_not_wait_unless_told(pair):
    one, two = pair
    one.run("UPDATE t SET n = 0 WHERE id = 1")
    assert two.code("ALTER TABLE t ADD x NUMBER") == 54
    assert two.code("DROP TABLE t") == 54
    assert two.code("TRUNCATE TABLE t") == 54
    two.run("ALTER SESSION SET DDL_LOCK_TIMEOUT = 20")
    later = Later(two, "ALTER TABLE t ADD x NUMBER")
    assert later.waits()
    one.session.commit()
    assert later.end() == 0
    assert one.rows("SELECT x FROM t WHERE id = 1") == [(None,)]


def test_a_circle_of_waits_is_broken_in_one_statement(pair):
    one, two = pair
    one.run("UPDATE t SET n = 1 WHERE id = 1")
    two.run("UPDATE t SET n = 2 WHERE id = 2")
    later = Later(one, "UPDATE t SET n = 1 WHERE id = 2")
    assert later.waits()
    assert two.code("UPDATE t SET n = 2 WHERE id = 1") == 60
    assert two.session.in_transaction
    assert two.one("SELECT n FROM t WHERE id = 2") == 2
    two.session.rollback()
    assert later.end() == 1
    assert one.column("SELECT n FROM t ORDER BY id") == [1, 1, 30]


def test_a_waiting_statement_can_be_cancelled(pair):
    one, two = pair
    one.run("UPDATE t SET n = 1")
    later = Later(two, "UPDATE t SET n = 2")
    assert later.waits()
    two.session.cancel()
    assert later.end() == -1013
    assert not two.session.in_transaction


def test_a_running_statement_can_be_cancelled(pair):
    one, _ = pair
    one.run("CREATE TABLE big (n NUMBER)")
    one.many("INSERT INTO big VALUES (:1)", [NUMBER], [(n,) for n in range(300)])
    later = Later(one, "SELECT COUNT(*) FROM big a, big b, big c, big d WHERE a.n + b.n = -1")
    while later.thread.is_alive():
        one.session.cancelled.set()
        later.thread.join(0.01)
    assert later.end() == -1013


# --- durability ---------------------------------------------------------------------------------------------

KILLED = """
import os, sys
sys.path.insert(0, os.getcwd())
from tests.standin_tests.asking import Asking, asking
one = asking(19, path=sys.argv[1])
two = Asking(one.session.database.session("APP"))
one.run("CREATE TABLE t (id NUMBER PRIMARY KEY)")
for n in range(5):
    one.run("INSERT INTO t VALUES (:1)", n)
one.session.commit()
one.run("DELETE FROM t WHERE id = 0")
one.run("UPDATE t SET id = 100 WHERE id = 1")
two.run("INSERT INTO t VALUES (50)")
two.session.commit()
one.run("INSERT INTO t VALUES (60)")
os.kill(os.getpid(), 9)
"""


def test_a_killed_server_keeps_what_was_committed_and_nothing_else(tmp_path):
    path = tmp_path / "kept.sqlite"
    root = Path(__file__).parents[2]
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, cwd=root, env=environment)
    again = asking(19, path=str(path))
    assert again.column("SELECT id FROM t ORDER BY id") == [0, 1, 2, 3, 4, 50]
    assert again.run("UPDATE t SET id = id + 1").rowcount == 6


# --- any order of things ------------------------------------------------------------------------------------

KEYS = st.integers(0, 5)
WHO = st.integers(0, 1)


class TwoSessions(RuleBasedStateMachine):
    """
    Two sessions, one table, a dict as its model: what is committed, and what each has changed since.

    No statement may wait, for nobody would wake it: rows that the other has written are left alone.
    """

    def __init__(self) -> None:
        super().__init__()
        database = Database(version=23)
        self.sessions = [Asking(database.session("APP")) for _ in range(2)]
        self.sessions[0].run("CREATE TABLE t (id NUMBER PRIMARY KEY, n NUMBER)")
        self.committed: dict[int, int] = {}
        self.changes: list[dict[int, int | None]] = [{}, {}]
        self.marks: list[list[dict[int, int | None]]] = [[], []]

    def seen(self, who: int) -> dict[int, int]:
        """
        Tell what a session sees.
        """
        found = {**self.committed, **self.changes[who]}
        return {key: value for key, value in found.items() if value is not None}

    def free(self, who: int, key: int) -> bool:
        """
        Tell whether the other session has left a key alone.
        """
        return key not in self.changes[1 - who]

    @rule(who=WHO, key=KEYS, value=st.integers(0, 99))
    def insert(self, who: int, key: int, value: int) -> None:
        """
        Insert a row, or be refused.
        """
        if not self.free(who, key):
            return
        statement = "INSERT INTO t VALUES (:1, :2)"
        if key in self.seen(who):
            assert self.sessions[who].code(statement, key, value) == 1
        else:
            assert self.sessions[who].run(statement, key, value).rowcount == 1
            self.changes[who][key] = value

    @rule(who=WHO, key=KEYS, value=st.integers(0, 99))
    def update(self, who: int, key: int, value: int) -> None:
        """
        Update a row that may be there.
        """
        if self.free(who, key):
            count = self.sessions[who].run("UPDATE t SET n = :1 WHERE id = :2", value, key).rowcount
            assert count == (key in self.seen(who))
            if count:
                self.changes[who][key] = value

    @rule(who=WHO, key=KEYS)
    def delete(self, who: int, key: int) -> None:
        """
        Delete a row that may be there.
        """
        if self.free(who, key):
            count = self.sessions[who].run("DELETE FROM t WHERE id = :1", key).rowcount
            assert count == (key in self.seen(who))
            if count:
                self.changes[who][key] = None

    @rule(who=WHO, key=KEYS, value=st.integers(0, 99))
    def merge(self, who: int, key: int, value: int) -> None:
        """
        Insert or update a row.
        """
        if self.free(who, key):
            statement = (
                "MERGE INTO t USING (SELECT :1 id, :2 n FROM dual) s ON (t.id = s.id)"
                " WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES"
                " (s.id, s.n)"
            )
            assert self.sessions[who].run(statement, key, value).rowcount == 1
            self.changes[who][key] = value

    @rule(who=WHO)
    def mark(self, who: int) -> None:
        """
        Set a savepoint.
        """
        self.sessions[who].run(f"SAVEPOINT m{len(self.marks[who])}")
        self.marks[who].append(dict(self.changes[who]))

    @rule(who=WHO)
    def back(self, who: int) -> None:
        """
        Roll back to the last savepoint.
        """
        if self.marks[who]:
            self.changes[who] = dict(self.marks[who][-1])
            self.sessions[who].run(f"ROLLBACK TO m{len(self.marks[who]) - 1}")

    @rule(who=WHO)
    def commit(self, who: int) -> None:
        """
        Commit.
        """
        self.sessions[who].session.commit()
        self.committed = self.seen(who)
        self.changes[who], self.marks[who] = {}, []

    @rule(who=WHO)
    def rollback(self, who: int) -> None:
        """
        Roll back.
        """
        self.sessions[who].session.rollback()
        self.changes[who], self.marks[who] = {}, []

    @invariant()
    def each_sees_its_own(self) -> None:
        """
        Each session sees what is committed and what it did itself.
        """
        for who in range(2):
            assert dict(self.sessions[who].rows("SELECT id, n FROM t")) == self.seen(who)


TestTwoSessions = TwoSessions.TestCase
TestTwoSessions.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
