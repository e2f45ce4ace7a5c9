"""
The loader under single faults; any mix of them is in test_checkpoints.py.
"""

from __future__ import annotations

import json

import oracledb
import pytest
from msgspec.structs import replace

from target_oracle import loader as module
from target_oracle.errors import InternalError, LoadError, TooManyRejects
from target_oracle.masking import Mask
from target_oracle.oracle.writer import Written
from target_oracle.rejects import RejectFile
from tests.unit.runs import CONFIG, Portions, Run, chunk, record, schema, state
from tests.unit.small_database import LOST, Model

THREE = [schema("a"), record("a", 1), record("a", 2), record("a", 3), state(3)]
ALL = [(1,), (2,), (3,)]


class Whole(Model):
    """
    A database whose arrays fail as a whole for the rows in *bad*, with *code*.
    """

    def __init__(self, bad, code="ORA-01461", **more):
        super().__init__(**more)
        self.bad = set(bad)
        self.code = code
        self.calls = []

    def open_database(self, *, ledger=True):
        database = super().open_database(ledger=ledger)
        plain = database.insert

        def insert(table, rows):
            self.calls.append([row[0] for row in rows])
            if any(row[0] in self.bad for row in rows):
                # What came before the bad row is in, as without batch errors.
                good = [row for row in rows if row[0] not in self.bad]
                plain(table, good[:1])
                raise oracledb.DatabaseError(f"{self.code}: a row")
            return plain(table, rows)

        database.insert = insert
        return database


def portions(*messages):
    return [list(messages)]


def many(count):
    return [schema("a"), *(record("a", n) for n in range(1, count + 1)), state(count)]


BIG = replace(CONFIG, batch_size_rows=100, commit_interval_rows=1, max_transaction_rows=0, max_rejects=3)


@pytest.mark.parametrize("bad", [{1}, {8}, {4, 5}, {1, 5, 8}, set()])
def test_rows_that_fail_their_whole_array_are_the_only_rejects(bad):
    model = Whole(bad)
    run = Run(model, [many(8)], BIG).go()
    assert sorted(row[0] for row in model.rows["A"]) == [n for n in range(1, 9) if n not in bad]
    assert run.summary.streams["a"].rejected == len(bad)
    assert run.summary.retries == 0
    assert [value for value, _ in run.states.written] == [b'{"n":8}']


def test_an_array_without_such_a_row_is_sent_once():
    model = Whole(set())
    Run(model, [many(8)], BIG).go()
    assert model.calls == [list(range(1, 9))]


def test_a_systemic_fault_of_an_array_is_no_reject():
    model = Whole({4}, "ORA-01653")
    with pytest.raises(LoadError, match="ORA-01653"):
        Run(model, [many(8)], BIG).go()
    assert not model.rows
    assert model.calls == [list(range(1, 9))]


def test_looking_for_rows_ends_when_there_are_too_many_of_them():
    """
    With no reject allowed the second one found ends it: not every row of a large array is tried by itself.
    """
    model = Whole(set(range(1, 65)))
    with pytest.raises(TooManyRejects, match="max_rejects 0"):
        Run(model, [many(64)], replace(BIG, max_rejects=0)).go()
    assert len(model.calls) < 12


def test_a_session_that_is_lost_while_rows_are_looked_for_costs_a_replay():
    model = Whole({3}, faults=[None, None, None, None, None, ("before", LOST)])
    run = Run(model, [many(8)], BIG).go()
    assert sorted(row[0] for row in model.rows["A"]) == [1, 2, 4, 5, 6, 7, 8]
    assert run.summary.lost_connections == 1
    assert run.summary.streams["a"].rejected == 1


# --- ends of patience


def test_retries_are_counted_for_a_checkpoint_and_forgotten_with_it():
    """
    Two faults in each of three checkpoints are no six faults in a row.
    """
    config = replace(CONFIG, max_retries=2, commit_interval_rows=1)
    faults = [None, ("before", LOST), None, ("before", LOST), None, None] * 3
    messages = [schema("a")]
    for n in (1, 2, 3):
        messages += [record("a", n), state(n)]
    run = Run(Model(faults), [[message] for message in messages], config).go()
    assert run.model.rows["A"] == ALL


def test_delays_double_up_to_the_longest_and_vary():
    config = replace(CONFIG, max_retries=6, retry_delay=1, retry_max_delay=8)
    run = Run(Model([("before", LOST)] * 7), portions(*THREE), config)
    with pytest.raises(LoadError, match="given up after 6 retries"):
        run.go()
    for slept, most in zip(run.slept, [1, 2, 4, 8, 8, 8], strict=True):
        assert most / 2 <= slept <= most


def test_a_run_that_gives_up_in_doubt_says_so():
    faults = [None, None, ("after", LOST), *[("before", LOST)] * 9]
    with pytest.raises(
        LoadError, match="whether the last checkpoint is in, the ledger will tell the next run"
    ):
        Run(Model(faults), portions(*THREE), replace(CONFIG, max_retries=2)).go()


def test_the_question_whether_a_commit_is_in_is_asked_until_it_is_answered():
    """
    The session breaks again while the ledger is asked.
    """
    faults = [None, None, ("after", LOST), None, ("before", LOST)]
    run = Run(Model(faults), portions(*THREE)).go()
    assert run.model.rows["A"] == ALL
    assert run.summary.lost_connections == 2


def test_a_fault_of_the_ledgers_own_statements_after_a_lost_commit_does_not_double_a_row():
    """
    The session lives on after a deadlock in the question; the question is asked all the same.
    """
    model = Model([None, None, ("after", LOST)])
    database = model.open_database()
    asked = []
    plain = database.resolve

    def resolve(rows):
        asked.append(rows)
        if len(asked) == 1:
            raise oracledb.DatabaseError("ORA-00060: deadlock")
        return plain(rows)

    database.resolve = resolve
    model.open_database = lambda: database
    Run(model, portions(*THREE)).go()
    assert asked == [3, 3]
    assert model.rows["A"] == ALL


def test_rejects_of_a_checkpoint_in_doubt_are_kept(tmp_path):
    """
    Should it be in, they are all that is left of their rows.
    """
    path = tmp_path / "rejects.jsonl"
    bad = b'{"type":"RECORD","stream":"a","record":{"id":"x"}}'
    faults = [None, None, ("after", LOST), *[("before", LOST)] * 9]
    run = Run(
        Model(faults), portions(*THREE[:-1], bad, state(3)), replace(CONFIG, max_retries=2, max_rejects=1)
    )
    run.loader._place = RejectFile(path, "r1", Mask(()))
    with pytest.raises(LoadError):
        run.go()
    assert path.read_text().count("_reject") == 1


BAD = b'{"type":"RECORD","stream":"a","record":{"id":"x"}}'


def test_rejects_are_told_one_by_one_until_it_is_enough(caplog):
    """
    Twenty of a run, whatever the checkpoints.
    """
    pairs = [message for n in range(1, 31) for message in (record("a", n), BAD, state(n))]
    run = Run(Model(), portions(schema("a"), *pairs), replace(CONFIG, max_rejects=30)).go()
    told = [each.split(":")[1].split()[2] for each in caplog.messages if each.startswith("rejected: ")]
    assert [int(line) for line in told] == list(range(3, 3 + 3 * 20, 3))
    assert run.summary.checkpoints > 1
    assert run.summary.streams["a"].rejected == 30


def test_rejects_over_budget_end_the_run_with_the_next_batch(tmp_path):
    """
    Before the checkpoint ends; those of the batch that was sent before are kept with them.
    """
    path = tmp_path / "rejects.jsonl"
    model = Model()
    model.refused = {2}
    rows = [record("a", n) for n in range(1, 13)]
    config = replace(CONFIG, max_rejects=2, commit_interval_rows=100, max_transaction_rows=0)
    run = Run(model, portions(schema("a"), *rows[:3], BAD, BAD, *rows[3:], BAD, state(12)), config)
    run.loader._place = RejectFile(path, "r1", Mask(()))
    with pytest.raises(TooManyRejects, match="rows refused: 3, more than max_rejects 2"):
        run.go()
    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["_reject"]["line"] for line in lines[1:]] == [3, 5, 6]
    assert run.summary.streams["a"].rejected == run.summary.streams["a"].received == 3


def test_a_share_of_rejects_is_looked_at_once_the_checkpoint_ends():
    """
    Half of the first batch is no more than a fifth of what comes by then.
    """
    rows = [record("a", n) for n in range(1, 13)]
    config = replace(CONFIG, max_rejects_percent=20, commit_interval_rows=100, max_transaction_rows=0)
    Run(Model(), portions(schema("a"), BAD, BAD, BAD, *rows, state(12)), config).go()
    with pytest.raises(TooManyRejects, match="rows refused: 4, more than max_rejects_percent 20"):
        Run(Model(), portions(schema("a"), BAD, BAD, BAD, BAD, *rows, state(12)), config).go()


# --- idle


def idle(run):
    run.loader.open()
    run.reader._take(chunk([schema("a"), record("a", 1), record("a", 2), record("a", 3)]))
    return run


def test_an_idle_session_that_was_cut_is_noticed_and_what_it_held_is_sent_again():
    """
    Three rows are sent, not committed; the sign of life does not come.
    """
    run = idle(Run(Model(), []))
    run.model.faults = iter([("before", LOST)])
    run.loader.keep_alive()
    assert run.summary.lost_connections == 1
    run.reader._checkpoint.close(last=True)
    assert run.model.rows["A"] == ALL


def test_faults_while_idle_do_not_add_up_over_the_hours():
    run = Run(Model(), [], replace(CONFIG, max_retries=1))
    run.loader.open()
    for _ in range(5):
        run.model.faults = iter([("before", LOST)])
        run.loader.keep_alive()
    assert run.summary.lost_connections == 5


# --- memory


def test_rows_are_dropped_once_they_are_sent_and_their_lines_are_kept():
    run = idle(Run(Model(), []))
    (work,) = run.loader._work
    assert work.batch.rows is None
    assert len(work.batch.lines) == 3


def test_lines_of_a_transaction_without_bound_go_to_disk_and_come_back_for_a_replay(tmp_path, monkeypatch):
    """
    What is beyond the bound in memory is read again from temp_dir.
    """
    monkeypatch.setattr(module, "MEMORY_BYTES", 200)
    config = replace(
        CONFIG,
        max_transaction_rows=0,
        max_transaction_bytes=0,
        commit_interval_rows=1,
        temp_dir=str(tmp_path),
    )
    lines = many(30)
    run = Run(Model(), [], config)
    run.loader.open()
    run.reader._take(chunk(lines[:-1]))
    spooled = [type(work.batch.lines).__name__ for work in run.loader._work]
    assert spooled[0] != "SpooledLines"
    assert spooled[-1] == "SpooledLines"
    run.model.faults = iter([("before", LOST)])
    run.reader._lines = Portions([lines[-1:]])
    run.reader.run()
    assert [row[0] for row in run.model.rows["A"]] == list(range(1, 31))
    assert run.summary.lost_connections == 1
    run.loader.disconnect()


def test_a_reject_of_the_database_on_lines_on_disk_has_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MEMORY_BYTES", 0)
    config = replace(CONFIG, max_transaction_bytes=0, max_rejects=1, temp_dir=str(tmp_path))
    model = Model()
    model.refused = {2}
    refused = []

    class Place:
        def write(self, rejects, schemas):
            refused.extend(rejects)

        def settle(self):
            pass

        def close(self):
            pass

    run = Run(model, portions(*THREE), config)
    run.loader._place = Place()
    run.go()
    assert [(each.line, each.raw) for each in refused] == [(3, record("a", 2))]


def test_what_the_database_did_must_add_up():
    """
    A writer that loses a row without a word is found out at the end.
    """
    model = Model()
    database = model.open_database()
    database.insert = lambda table, rows: Written(len(rows) - 1, ())
    model.open_database = lambda: database
    with pytest.raises(InternalError, match="3 records were received, 2 are accounted for"):
        Run(model, portions(*THREE)).go()
