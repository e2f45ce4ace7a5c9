"""
With several connections, which checkpoints become one transaction: each insert waits for the test.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from copy import copy
from functools import partial
from types import SimpleNamespace

import oracledb
import pytest
from msgspec.structs import replace

from target_oracle import parallel
from target_oracle.errors import Interrupted, LoadError
from target_oracle.gate import Ending
from target_oracle.handover import QUEUE_BYTES, Handover
from target_oracle.held import HeldRows, Piece
from target_oracle.parallel import ParallelLoader
from tests.unit.runs import CONFIG, Run, chunk, record, schema, state
from tests.unit.small_database import LOST, FakeDatabase, Model

PATIENCE = 10
# Each record is a batch, and each STATE ends a checkpoint.
SMALL = replace(
    CONFIG,
    parallelism=3,
    batch_size_rows=1,
    commit_interval_rows=1,
    max_transaction_rows=100,
    retry_delay=0.01,
)


class Line(Model):
    """
    A database at the end of a line: inserts wait for `let`, by the first value of their row.

    *commits* are what each transaction held, *ways* how the connection was made that has committed a value.
    The commit of a value in *slow* waits, too; that of one in *lost* breaks its connection, before or after
    it has acted. A value in *full* finds no space.
    """

    def __init__(self):
        super().__init__()
        self.changed = threading.Condition()
        self.sending, self.may_pass, self.commits = set(), set(), []
        self.ways, self.slow, self.lost, self.full = {}, set(), {}, set()
        self.told, self.dropped = 0, 0
        self.leaving = None

    def open_database(self, *, ledger=True):
        return Connection(self, ledger=ledger)

    def arrive(self, what):
        with self.changed:
            self.sending.add(what)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: {what, "all"} & self.may_pass, PATIENCE)

    def let(self, *numbers):
        with self.changed:
            self.may_pass.update(numbers)
            self.changed.notify_all()

    def wait_for(self, test):
        with self.changed:
            assert self.changed.wait_for(test, PATIENCE)


class Connection(FakeDatabase):
    """
    One of several connections of a run, which share the ledger.
    """

    @property
    def _checkpoint(self):
        return self._model.told

    @_checkpoint.setter
    def _checkpoint(self, number):
        self._model.told = number

    session = SimpleNamespace(holder=None)
    way = "own"

    def beside(self, connect=None):
        other = copy(self)
        other._open, other.way = None, connect or "own"
        return other

    def insert(self, table, rows):
        (number,) = rows[0]
        self._model.arrive(number)
        if number in self._model.full:
            raise oracledb.DatabaseError("ORA-01653: no space")
        return super().insert(table, rows)

    def commit(self, state, ahead, rows):
        numbers = [row[0] for found in self._open.values() for row in found]
        for number in self._model.slow.intersection(numbers):
            self._model.arrive(f"commit {number}")
        when = next((self._model.lost.pop(n) for n in numbers if n in self._model.lost), None)
        if when == "before":
            raise oracledb.DatabaseError(LOST)
        super().commit(state, ahead, rows)
        self._model.commits.append(numbers)
        self._model.ways.update(dict.fromkeys(numbers, self.way))
        with self._model.changed:
            self._model.changed.notify_all()
        if when == "after":
            self._checkpoint -= 1  # nobody has told
            raise oracledb.DatabaseError(LOST)

    def drop_work(self):
        """
        As all DDL, it commits.
        """
        for table, rows in self._open.items():
            self._model.rows[table] += rows
        with self._model.changed:
            self._model.dropped += 1

    def leave(self):
        if self._model.leaving is not None:
            self._model.leaving.wait(PATIENCE)
        self.close()


class Process:
    """
    One that decodes; *connect* tells its connection apart.
    """

    def __init__(self, connect):
        self.connect = connect


class Feed:
    """
    A run over a `Line`, fed by the test.
    """

    def __init__(self, *lanes, **settings):
        self.line = Line()
        make = partial(ParallelLoader, lanes=[Process(lane) for lane in lanes])
        self.run = Run(self.line, [], replace(SMALL, decode_processes=len(lanes), **settings), make=make)
        self.loader, self.reader = self.run.loader, self.run.reader
        self.loader.open()
        self.reader._take(chunk([schema("a")]))

    def rows(self, *numbers):
        self.reader._take(chunk([record("a", number) for number in numbers]))

    def checkpoints(self, *numbers):
        for number in numbers:
            self.reader._take(chunk([record("a", number), state(number)]))

    def states(self):
        return [value for value, _ in self.run.states.written]

    def waits(self, work, monkeypatch):
        """
        Do *work*, that has to wait for a connection, in a thread; return that once it waits.
        """
        waiting, wait = threading.Event(), self.loader._wait
        monkeypatch.setattr(self.loader, "_wait", lambda: (waiting.set(), wait()))
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        assert waiting.wait(PATIENCE)
        return thread

    def held_elsewhere(self, lane, number):
        """
        A checkpoint of a row that the process of *lane* keeps.
        """
        stream = self.reader._streams.known["a"]
        (holder,) = (each for each in self.loader._lanes if each.connect == lane)
        rows = HeldRows.of(Piece(number, stream.version, holder, deque()), 0, 1)
        self.reader._checkpoint.add(stream, rows, [record("a", number)], [number])
        self.reader._take(chunk([state(number)]))

    def end(self):
        self.line.let("all")
        ended = Future()
        threading.Thread(target=settle, args=(ended, self.loader.end), daemon=True).start()
        ended.result(PATIENCE)
        return self.line.commits


def settle(ended, end):
    """
    Have *ended* know how *end* came out, which a broken loader may never.
    """
    try:
        ended.set_result(end(clean=True))
    except LoadError as failure:
        ended.set_exception(failure)


@pytest.fixture
def feed():
    """
    Give what makes a run; whatever becomes of the test, its threads end.
    """
    made = []

    def begin(*lanes, **settings):
        made.append(Feed(*lanes, **settings))
        return made[-1]

    yield begin
    for each in made:
        each.line.let("all")
        each.loader.disconnect()


def states(*numbers):
    return [b'{"n":%d}' % number for number in numbers]


def test_the_newest_transaction_takes_what_it_can_send_before_its_turn_comes(feed):
    """
    The third one waits for two commits, in which it can send two batches.
    """
    run = feed()
    run.checkpoints(1, 2, 3, 4)
    assert run.end() == [[1], [2], [3, 4]]
    assert run.states() == states(1, 2, 4)


def test_one_that_would_be_late_is_left_to_the_next_connection(feed, monkeypatch):
    """
    Two batches wait for two commits: a third would make the others wait for them, and not the reverse.
    """
    run = feed()
    run.checkpoints(1, 2, 3, 4)
    fed = run.waits(lambda: run.checkpoints(5), monkeypatch)
    run.line.let(1)
    fed.join(PATIENCE)
    assert run.end() == [[1], [2], [3, 4], [5]]


def test_what_was_sent_makes_room_for_more(feed):
    run = feed()
    run.checkpoints(1, 2, 3, 4)
    run.line.let(3)
    run.line.wait_for(lambda: 4 in run.line.sending)
    run.checkpoints(5)
    assert run.end() == [[1], [2], [3, 4, 5]]
    assert run.states() == states(1, 2, 5)


def test_a_checkpoint_of_many_batches_is_not_held_back(feed):
    """
    With its second batch it would be late for the newest transaction: both go their own way at once.
    """
    run = feed(parallelism=4)
    run.checkpoints(1, 2, 3)
    run.rows(4)
    assert 4 not in run.line.sending
    run.rows(5)
    run.line.wait_for(lambda: 4 in run.line.sending)
    run.reader._take(chunk([state(5)]))
    assert run.end() == [[1], [2], [3], [4, 5]]


def test_a_checkpoint_that_is_still_open_keeps_none_before_it_from_its_commit(feed):
    run = feed()
    run.checkpoints(1, 2, 3)
    run.rows(4)
    run.line.let(1, 2, 3)
    run.line.wait_for(lambda: run.states() == states(1, 2, 3))
    run.reader._take(chunk([state(4)]))
    assert run.end() == [[1], [2], [3], [4]]


def test_while_rows_are_held_back_no_ddl_may_run(feed):
    run = feed()
    run.checkpoints(1, 2, 3)
    run.rows(4)
    run.line.let(1, 2, 3)
    run.line.wait_for(lambda: run.states() == states(1, 2, 3))
    assert run.loader._is_anything_open()
    run.reader._take(chunk([state(4)]))
    assert run.end()[-1] == [4]


LARGE = len(record("a", 1)) * 2 - 1


@pytest.mark.parametrize(
    ("settings", "waiting"),
    [
        ({"max_transaction_rows": 1}, None),
        ({"max_transaction_bytes": LARGE}, None),
        ({}, LARGE),
    ],
    ids=["rows", "bytes", "waiting"],
)
def test_no_transaction_outgrows_its_bounds(feed, monkeypatch, settings, waiting):
    if waiting:
        monkeypatch.setattr(parallel, "WAITING_BYTES", waiting)
    run = feed(**settings)
    run.checkpoints(1, 2, 3)
    fed = run.waits(lambda: run.checkpoints(4), monkeypatch)
    run.line.let(1)
    fed.join(PATIENCE)
    assert run.end() == [[1], [2], [3], [4]]


def test_nothing_comes_behind_a_checkpoint_without_a_state(feed, monkeypatch):
    """
    What is ahead of a STATE is known by whole checkpoints, one a transaction.
    """
    run = feed()
    run.checkpoints(1, 2)
    run.rows(3)
    run.reader._checkpoint.commit_rows()
    fed = run.waits(lambda: run.checkpoints(4), monkeypatch)
    run.line.let(1)
    fed.join(PATIENCE)
    assert run.end() == [[1], [2], [3], [4]]


class Act:
    """
    An act that notes after how many commits it was done.
    """

    stream = "a"

    def __init__(self, line):
        self.line, self.done = line, []

    def run(self, database):
        self.done.append((len(self.line.commits), [row for rows in database._open.values() for row in rows]))


@pytest.mark.parametrize("said", [None, b'{"n":3}'])
def test_an_act_shares_its_transaction_with_no_other_checkpoint(feed, monkeypatch, said):
    """
    It may commit by itself, as TRUNCATE does, and a replay does it behind all rows.
    """
    run = feed()
    act = Act(run.line)
    run.checkpoints(1, 2, 3)
    fed = run.waits(lambda: run.loader.act(act), monkeypatch)
    run.line.let(1)
    fed.join(PATIENCE)
    run.loader.close(Ending(said, (), {}))
    fed = run.waits(lambda: run.checkpoints(4), monkeypatch)
    run.line.let(2)
    fed.join(PATIENCE)
    assert run.end() == [[1], [2], [3], [], [4]]
    assert act.done == [(3, [])]


def test_what_already_commits_takes_no_state_more(feed):
    run = feed()
    run.line.slow = {1}
    run.checkpoints(1)
    run.line.let(1)
    run.line.wait_for(lambda: "commit 1" in run.line.sending)
    run.loader.close(Ending(b'{"n":9}', (), {}))
    assert run.end() == [[1], []]
    assert run.states() == states(1, 9)


def test_rows_go_over_the_connection_of_the_process_that_keeps_them(feed, monkeypatch):
    """
    And others do not join them, though they could be sent in time.
    """
    run = feed("lane", parallelism=2)
    run.checkpoints(1, 2)
    run.held_elsewhere("lane", 3)
    fed = run.waits(lambda: run.checkpoints(4), monkeypatch)
    run.line.let(1)
    fed.join(PATIENCE)
    assert run.end() == [[1], [2], [3], [4]]
    assert run.line.ways == {1: "own", 2: "own", 3: "lane", 4: "own"}


def test_rows_that_one_process_keeps_join_those_before_them(feed):
    run = feed("first", "second", parallelism=1)
    run.checkpoints(1)
    run.held_elsewhere("second", 2)
    run.held_elsewhere("first", 3)
    run.held_elsewhere("first", 4)
    assert run.end() == [[1], [2], [3, 4]]
    assert run.line.ways == {1: "own", 2: "second", 3: "first", 4: "first"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_commit_of_several_checkpoints_doubles_and_loses_nothing(feed, when):
    run = feed()
    run.checkpoints(1, 2, 3, 4)
    run.line.lost = {3: when}
    run.end()
    assert sorted(run.line.rows["A"]) == [(1,), (2,), (3,), (4,)]
    assert run.states() == states(1, 2, 4)
    assert run.run.summary.lost_connections == 1


def test_a_transaction_that_fails_lets_those_before_it_commit_and_none_behind(feed):
    run = feed()
    run.line.full = {4}
    run.checkpoints(1, 2)
    second, board = run.loader._newest, run.loader._board
    run.checkpoints(3, 4)
    run.line.let(2, 3, 4)
    with board.changed:
        assert board.changed.wait_for(lambda: board.failure is not None and not second.steps, PATIENCE)
    with pytest.raises(LoadError, match="ORA-01653"):
        run.end()
    assert run.line.commits == [[1], [2]]
    assert run.states() == states(1, 2)


def test_a_checkpoint_that_never_ends_is_taken_back_and_the_run_ends(feed):
    """
    The reader has failed: what it began is on its way already, on a connection of its own.
    """
    run = feed()
    run.checkpoints(1)
    run.rows(2)
    run.line.wait_for(lambda: {1, 2} <= run.line.sending)
    assert run.end() == [[1]]
    assert run.line.rows["A"] == [(1,)]


def test_the_reader_does_not_wait_with_the_end_of_a_checkpoint_until_its_batch_is_taken(feed):
    def hurry():
        raise Interrupted(15, "it waits")

    handover = Handover(feed().loader, -1, hurry)
    handover.load(SimpleNamespace(size=2 * QUEUE_BYTES, rows=None), ())
    handover.close(Ending(None, (), {}))


def test_connections_are_closed_side_by_side_after_each_has_dropped_what_was_its_own(feed):
    run = feed()
    run.checkpoints(1)
    run.line.leaving = threading.Barrier(3)
    assert run.end() == [[1]]
    assert not run.line.leaving.broken
    assert run.line.dropped == 3
    run.line.leaving = None


def test_what_a_connection_cannot_take_back_ends_the_run(feed, monkeypatch):
    def refuse(_self):
        raise oracledb.DatabaseError("ORA-01031: insufficient privileges")

    run = feed()
    run.checkpoints(1)
    monkeypatch.setattr(Connection, "drop_work", refuse)
    with pytest.raises(LoadError, match="ORA-01031"):
        run.end()
    assert run.line.commits == [[1]]
