"""
The promises about rows and STATE, for any sequence of messages, bounds and faults (design, promises 1 to 3).
"""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from target_oracle.errors import Interrupted, LoadError, ProtocolError, TooManyRejects
from tests.unit.runs import CONFIG, Portions, Run, chunk, record, schema, state
from tests.unit.small_database import LOST, Model

MESSAGES = st.lists(
    st.one_of(st.sampled_from("ab"), st.just("state"), st.just("schema"), st.just("timeout"), st.just("cut")),
    max_size=40,
)
FAULTS = st.lists(
    st.none()
    | st.tuples(st.sampled_from(["before", "after"]), st.sampled_from([LOST, "ORA-00060: deadlock"])),
    max_size=25,
)


def stream_of(plan):
    """
    Return portions of lines for *plan*, and for each STATE how many rows of each table come before it.
    """
    lines, portions, before, counts = [schema("a"), schema("b")], [], {}, {"A": 0, "B": 0}
    version = 0
    for step in plan:
        if step in ("a", "b"):
            counts[step.upper()] += 1
            lines.append(record(step, counts[step.upper()]))
        elif step == "state":
            number = sum(counts.values())
            before[json.dumps({"n": number}, separators=(",", ":")).encode()] = dict(counts)
            lines.append(state(number))
        elif step == "schema":
            version += 1
            lines.append(schema("a", *[f"p{n}" for n in range(version)]))
        elif step == "timeout":
            portions += [lines, None]
            lines = []
        else:
            portions.append(lines)
            lines = []
    portions.append(lines)
    return [portion for portion in portions if portion is None or portion], before, counts


@settings(max_examples=300, deadline=None)
@given(
    plan=MESSAGES, faults=FAULTS, batch=st.integers(1, 5), interval=st.integers(1, 6), most=st.integers(0, 8)
)
def test_a_state_never_overtakes_a_row_and_no_row_is_lost_or_doubled(plan, faults, batch, interval, most):
    """
    Whatever breaks: rows equal the input's, STATEs stay in order and find all rows before them in.
    """
    portions, before, counts = stream_of(plan)
    faults = [fault and (fault[0] if "03113" in fault[1] else "before", fault[1]) for fault in faults]
    config = replace(
        CONFIG,
        batch_size_rows=batch,
        commit_interval_rows=interval,
        max_transaction_rows=most,
        max_retries=100,
    )
    ticks = iter(range(10**6))
    run = Run(Model(faults), portions, config, clock=lambda: float(next(ticks) * 20)).go()
    assert {table: sorted(row[0] for row in rows) for table, rows in run.model.rows.items()} == {
        table: list(range(1, count + 1)) for table, count in counts.items() if count
    }
    for value, committed in run.states.written:
        for table, count in before[value].items():
            assert committed.get(table, 0) >= count
    order = list(before)
    positions = [order.index(value) for value, _ in run.states.written]
    assert positions == sorted(positions)
    if before:
        assert run.states.written[-1][0] == order[-1]


@settings(max_examples=200, deadline=None)
@given(plan=MESSAGES, crash=st.integers(1, 40), interval=st.integers(1, 6), most=st.integers(1, 8))
def test_a_run_that_is_killed_and_started_from_its_last_state_doubles_nothing(plan, crash, interval, most):
    """
    Kill at any call; the next run starts behind the ledger's STATE, and every row is in exactly once.
    """
    portions, _, counts = stream_of([step for step in plan if step != "timeout"])
    lines = [line for portion in portions for line in portion]
    config = replace(
        CONFIG, commit_interval_rows=interval, max_transaction_rows=most, loader_id="x", max_retries=0
    )
    model = Model([None] * crash + [("before", LOST)] * 3)
    with suppress(LoadError):
        Run(model, [lines], config).go()
    model.faults = iter(())
    Run(model, [_from_state(lines, model.state)], config).go()
    assert {table: sorted(row[0] for row in rows) for table, rows in model.rows.items()} == {
        table: list(range(1, count + 1)) for table, count in counts.items() if count
    }


def _from_state(lines, said):
    """
    Return what a tap sends that starts from STATE *said*: its SCHEMAs, then all that came behind it.
    """
    if said is None:
        return lines
    position = max(
        n
        for n, line in enumerate(lines)
        if b'"STATE"' in line and json.loads(line)["value"] == json.loads(said)
    )
    schemas = {}
    for line in lines[:position]:
        if b'"SCHEMA"' in line:
            schemas[json.loads(line)["stream"]] = line
    return [*schemas.values(), *lines[position + 1 :]]


def test_rows_of_a_silent_tap_are_committed_when_they_are_old_enough():
    """
    Ten rows, then nothing: the timer closes the checkpoint, not the next record.
    """
    now = [0.0]
    portions = [[schema("a"), record("a", 1), state(1)], None]

    class Late(Portions):
        def next(self, timeout):
            if timeout is not None:
                now[0] += timeout
            return super().next(timeout)

    run = Run(Model(), [], clock=lambda: now[0])
    run.reader._lines = Late(portions)
    run.go()
    assert now[0] == CONFIG.batch_wait_limit_seconds
    assert [value for value, _ in run.states.written] == [b'{"n":1}']


def test_a_signal_after_an_hour_of_silence_ends_the_run_with_all_that_came_committed():
    """
    The clock stands at 3600 when the signal's byte wakes the reader.
    """
    now, stop = [0.0], []

    class Silent(Portions):
        def next(self, timeout):
            if timeout is None:
                now[0] += 3600
                stop.append(15)
                return None
            now[0] += timeout
            return super().next(timeout) if now[0] < CONFIG.batch_wait_limit_seconds else None

    run = Run(Model(), [], clock=lambda: now[0])
    run.reader._stop = stop
    run.reader._lines = Silent([])
    run.loader.open()
    run.reader._take(chunk([schema("a"), record("a", 1), state(1)]))
    with pytest.raises(Interrupted) as stopped:
        run.reader.run()
    assert stopped.value.exit_code == 143
    assert now[0] == CONFIG.batch_wait_limit_seconds + 3600
    assert run.model.rows["A"] == [(1,)]
    assert [value for value, _ in run.states.written] == [b'{"n":1}']


def test_a_commit_whose_answer_is_lost_counts_once():
    """
    The connection dies after COMMIT has acted: the ledger says so, and nothing is sent again.
    """
    run = Run(Model([None, None, ("after", LOST)]), [[schema("a"), record("a", 1), state(1)]]).go()
    assert run.model.rows["A"] == [(1,)]
    assert run.summary.lost_connections == 1


def test_rejects_over_budget_leave_nothing_of_the_checkpoint():
    model = Model()
    run = Run(
        model,
        [[schema("a"), record("a", 1), b'{"type":"RECORD","stream":"a","record":{"id":"x"}}', state(1)]],
    )
    with pytest.raises(TooManyRejects):
        run.go()
    assert not model.rows
    assert not run.states.written


def test_rejects_within_budget_leave_the_others_in():
    bad = b'{"type":"RECORD","stream":"a","record":{"id":"x"}}'
    run = Run(
        Model(),
        [[schema("a"), record("a", 1), bad, record("a", 2), state(1)]],
        replace(CONFIG, max_rejects=1),
    ).go()
    assert run.model.rows["A"] == [(1,), (2,)]
    assert run.summary.streams["a"].rejected == 1
    assert run.summary.streams["a"].received == 3


def test_a_record_before_its_schema_is_the_taps_fault_and_what_came_before_is_in():
    run = Run(Model(), [[schema("a"), record("a", 1), state(1), record("z", 1)]])
    with pytest.raises(ProtocolError, match="input line 4: RECORD of stream 'z' before its SCHEMA"):
        run.go()
    assert run.model.rows["A"] == [(1,)]
    assert [value for value, _ in run.states.written] == [b'{"n":1}']


def test_input_that_ends_in_half_a_line_is_the_taps_fault_and_what_came_before_is_in():
    run = Run(Model(), [[schema("a"), record("a", 1), b'{"type":"REC']], half=True)
    with pytest.raises(ProtocolError, match="middle of a line"):
        run.go()
    assert run.model.rows["A"] == [(1,)]


def test_a_final_state_can_be_required():
    config = replace(CONFIG, require_final_state=True)
    with pytest.raises(ProtocolError, match="without a STATE"):
        Run(Model(), [[schema("a"), state(0), record("a", 1)]], config).go()
    Run(Model(), [[schema("a"), record("a", 1), state(1)]], config).go()


def test_a_tap_that_does_not_repeat_itself_gets_all_its_rows_loaded():
    """
    What is ahead of the STATE is passed over only when the tap sends the very same records.
    """
    config = replace(CONFIG, loader_id="x")
    model = Model()
    Run(
        model,
        [[schema("a"), record("a", 1), record("a", 2), schema("b"), schema("a", "p"), record("a", 3)]],
        config,
    ).go()
    assert model.ahead is not None
    Run(model, [[schema("a"), record("a", 9), record("a", 2), record("a", 3)]], config).go()
    assert sorted(row[0] for row in model.rows["A"]) == [1, 2, 2, 3, 3, 9]
