"""
The parts of decoding in other processes: what is given out, what is kept there, and how it is named.
"""

from __future__ import annotations

import json
import pickle
from collections import deque
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle import held, lane, shares
from target_oracle.held import HeldRows, Piece
from target_oracle.oracle.channel import pair
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.orders import Recipe
from target_oracle.readahead import Portions
from target_oracle.shares import Cut, Group, Odd, Shares
from target_oracle.singer.schema import read_fields
from target_oracle.stream import Target
from tests.unit.runs import chunk

SCHEMA = {"properties": {"id": {"type": "number"}, "note": {"type": ["null", "string"]}}}
COLUMNS = {
    "id": Column("ID", OracleType("NUMBER", precision=10, scale=1)),
    "note": Column("NOTE", OracleType("VARCHAR2", 4, char=True)),
}
TARGET = Target("APP", "S", COLUMNS, (), "append-only", Server((23,)))
RECIPE = Recipe("s", tuple(read_fields(SCHEMA)), TARGET, ("id", "note"), False, (), False, ())  # noqa: FBT003


@pytest.fixture(autouse=True)
def _nothing_kept():
    yield
    held.KEPT.clear()


def line(number, note="n", stream="s"):
    return json.dumps({"type": "RECORD", "stream": stream, "record": {"id": number, "note": note}}).encode()


# --- rows that are kept elsewhere


def pieces(runs):
    """
    Rows in *runs*, each kept or here; what stands for them, and the rows.
    """
    rows, parts = HeldRows(), []
    for number, (kept, count) in enumerate(runs):
        mine = [(number, n) for n in range(count)]
        parts += mine
        if kept:
            held.KEPT[number] = [("before",), *mine, ("behind",)]
            piece = Piece(number, None, "holder", deque())
            rows = rows.with_rows(HeldRows.of(piece, 1, count + 1))
        else:
            rows = rows.with_rows(mine)
    return rows, parts


RUNS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=6)


@given(runs=RUNS, tail=st.sampled_from([(), ("t",), ("t", 1)]))
def test_held_rows_arrive_as_the_rows_that_they_name(runs, tail):
    rows, wanted = pieces(runs)
    assert len(rows) == len(wanted)
    assert pickle.loads(pickle.dumps(rows.tailed(tail))) == [(*row, *tail) for row in wanted]  # noqa: S301


@given(runs=RUNS, data=st.data())
def test_rows_that_are_here_can_be_taken_out(runs, data):
    rows, wanted = pieces(runs)
    here = [n for n, (number, _) in enumerate(wanted) if not runs[number][0]]
    out = data.draw(st.sets(st.sampled_from(here)) if here else st.just(set()))
    left = pickle.loads(pickle.dumps(rows.without(out)))  # noqa: S301
    assert left == [row for n, row in enumerate(wanted) if n not in out]


def test_only_rows_that_are_here_are_finished_and_their_faults_stand_where_they_are():
    rows, _ = pieces([(True, 2), (False, 3), (True, 1), (False, 1)])
    decoder = SimpleNamespace(finish=lambda found: ([("done", *row) for row in found], {1: "a", 3: "b"}))
    finished, faults = rows.finish(decoder)
    assert faults == {3: "a", 6: "b"}
    assert pickle.loads(pickle.dumps(finished)) == [  # noqa: S301
        (0, 0), (0, 1), ("done", 1, 0), ("done", 1, 1), ("done", 1, 2), (2, 0), ("done", 3, 0)
    ]  # fmt: skip


def test_rows_of_two_processes_are_of_none():
    one, other = (HeldRows.of(Piece(1, None, holder, deque()), 0, 1) for holder in ("one", "other"))
    assert one.holder == "one"
    assert one.with_rows([(1,)]).holder == "one"
    assert one.with_rows(other).holder is None


def test_a_piece_that_nobody_needs_is_forgotten():
    forgotten = deque()
    rows = HeldRows.of(Piece(7, None, "holder", forgotten), 0, 1)
    assert not forgotten
    del rows
    assert list(forgotten) == [7]


# --- what a process does with lines


def test_a_process_keeps_the_rows_and_tells_the_lines_that_have_none():
    version = RECIPE.follow()
    given_out = [line(1), line("x"), line(2), line(3, "too long"), line(4.04), b"{", line(5.05)]
    report = lane.keep(1, version, given_out)
    assert list(report.refused) == [1, 3, 5]
    assert held.KEPT[1] == [(1, "n"), (2, "n"), (4, "n"), (5, "n")]
    assert list(report.changed) == [(0, 0), (0, 0), (0, 1), (0, 1)]


def test_a_recipe_follows_what_the_decoder_has_learnt():
    version = RECIPE.follow()
    unlisted = b'{"type": "RECORD", "stream": "s", "record": {"id": 1, "note": "n", "more": 1}}'
    assert lane.decoded(version.decoder, [unlisted]) == ([], [0])
    tolerant = Recipe("s", RECIPE.fields, TARGET, ("id", "note"), False, (), True, ((1, b'""'),))  # noqa: FBT003
    decoder = tolerant.follow().decoder
    rows, refused = lane.decoded(decoder, [unlisted, line(2, "")])
    assert refused == []
    assert lane.finish(decoder, rows)[0] == [(1, "n"), (2, "")]
    assert decoder.relaxed == ((1, b'""'),)


# --- what is given out


class Lane:
    """
    A process that never answers.
    """

    alive = True

    def __init__(self):
        self.asked = []

    def ask(self, wanted):
        self.asked += [list(each.lines) for each in wanted]
        return [Piece(0, each.version, self, deque()) for each in wanted]


def stream(name):
    return SimpleNamespace(
        name=name,
        version=RECIPE.follow(),
        wish=SimpleNamespace(fields=(), metadata=(), settings=SimpleNamespace(validate_records=False)),
    )


STREAMS = {name: stream(name) for name in "ab"}
HEADS = {f'{{"type": "RECORD", "stream": "{name}", '.encode(): each for name, each in STREAMS.items()}
STATE = b'{"type": "STATE", "value": {}}'


@given(kinds=st.lists(st.sampled_from("aaaaaabbbbbbs"), min_size=1, max_size=80))
def test_every_line_is_given_out_once_in_the_order_of_its_stream(kinds):
    lines = [STATE if kind == "s" else line(n, stream=kind) for n, kind in enumerate(kinds)]
    lane_ = Lane()
    shares.LEAST_BYTES, least = 0, shares.LEAST_BYTES
    try:
        plan = Shares([lane_], HEADS, rows=10**6).give_out(lines, 1)
    finally:
        shares.LEAST_BYTES = least
    if plan is None:
        assert kinds.count("s") * shares.KNOWN > len(kinds)
        assert lane_.asked == []
        return
    assert [lines[item.position] for item in plan if isinstance(item, Odd)] == [STATE] * kinds.count("s")
    groups = [item for item in plan if isinstance(item, Group)]
    assert [group.lines for group in groups] == lane_.asked
    assert all(group.lines == [lines[n] for n in group.positions] for group in groups)
    for name in "ab":
        found = [n for group in groups if group.stream.name == name for n in group.positions]
        assert found == [n for n, kind in enumerate(kinds) if kind == name]
    # What stands before a STATE is taken before it, and what stands behind it, behind it.
    order = [[item.position] if isinstance(item, Odd) else list(item.positions) for item in plan]
    states = [n for n, kind in enumerate(kinds) if kind == "s"]
    assert [sum(n > state for state in states) for part in order for n in part] == sorted(
        sum(n > state for state in states) for part in order for n in part
    )


def test_a_share_ends_at_a_state_behind_enough_rows_and_the_next_is_anothers():
    lines = [line(n, stream="a") for n in range(40)]
    lines[10:10] = [STATE]
    lines[31:31] = [STATE]
    one, other = Lane(), Lane()
    plan = Shares([one, other], HEADS, rows=20).give_out(lines, shares.LEAST_BYTES)
    assert [type(item) for item in plan] == [Group, Odd, Group, Odd, Cut, Group]
    assert [len(each) for each in one.asked] == [10, 20]
    assert [len(each) for each in other.asked] == [10]


def test_a_share_ends_when_it_is_large():
    found = Shares([Lane(), Lane()], HEADS, rows=10**6)
    lines = [line(n, stream="a") for n in range(20)]
    sizes = (shares.SHARE_BYTES - shares.LEAST_BYTES - 1, shares.LEAST_BYTES, shares.LEAST_BYTES)
    plans = [found.give_out(lines, size) for size in sizes]
    assert [isinstance(plan[-1], Cut) for plan in plans] == [False, False, True]


# --- reading ahead


class Source:
    """
    Gives *portions*; the last may be half a line.
    """

    def __init__(self, *portions):
        self._portions = deque(portions)
        self.patience = []

    @property
    def ended_in_half_a_line(self):
        return not self._portions

    def next(self, timeout):
        self.patience.append(timeout)
        lines = self._portions.popleft() if self._portions else []
        return lines if lines is None else chunk(lines)


def test_portions_are_read_ahead_and_given_in_order():
    source = Source([b"1"], [b"22"], None, [b"3"])
    portions = Portions(source, lambda lines, size: [(lines, size)], 100)
    assert portions.next(5).lines() == [b"1"]
    assert portions.plan == [([b"1"], 1)]
    assert source.patience == [5, 0, 0]
    assert portions.next(5).lines() == [b"22"]
    assert not portions.ended_in_half_a_line
    assert portions.next(5).lines() == [b"3"]
    assert portions.ended_in_half_a_line
    assert portions.next(5).lines() == []


def test_what_is_not_given_out_is_taken_at_once():
    source = Source([b"1"], [b"2"])
    portions = Portions(source, lambda lines, size: None, 100)
    assert portions.next(5).lines() == [b"1"]
    assert source.patience == [5]
    assert portions.plan is None


def test_no_more_is_read_ahead_than_so_many_bytes():
    source = Source(*([b"x" * 10] for _ in range(9)))
    portions = Portions(source, lambda lines, size: [], 35)
    portions.next(5)
    assert len(source.patience) == 4


# --- messages


def test_a_message_arrives_with_its_blob_and_an_end_that_is_gone_is_told():
    ours, socket = pair()
    theirs = type(ours)(socket)
    assert not ours.ready(0)
    theirs.send({"a": [1, None]}, b"x" * 300)
    theirs.send("none")
    assert ours.ready(0)
    assert ours.receive() == ({"a": [1, None]}, b"x" * 300)
    assert ours.receive() == ("none", b"")
    theirs.close()
    with pytest.raises(ConnectionResetError):
        ours.receive()
    ours.close()
