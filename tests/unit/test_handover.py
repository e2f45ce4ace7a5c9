"""
The queue between reader and loader: order, bounds, and how an end on one side reaches the other.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from target_oracle import handover as module
from target_oracle.columnar import ColumnRows
from target_oracle.errors import Interrupted, LoadError
from target_oracle.gate import Ending
from target_oracle.handover import Handover

PATIENCE = 10
ENDING = Ending(None, (), {})


class Rows:
    """
    The rows of a batch.
    """


@dataclass
class FakeBatch:
    size: int
    rows: object = None


@dataclass
class FakeLoader:
    """
    Notes what it is asked, in order; waits at `load` until *let* is set; fails where it is told to.
    """

    fails_at: str = ""
    let: threading.Event = field(default_factory=threading.Event)
    idle: threading.Event = field(default_factory=threading.Event)
    done: list[str] = field(default_factory=list)
    waits: float = 60
    hands_on: bool = False

    def _do(self, what):
        self.done.append(what)
        if what == self.fails_at:
            raise LoadError(f"{what} failed")

    def open(self):
        self._do("open")

    def prepare(self, wish, *, may_change):
        self._do("prepare")
        return wish, may_change

    def load(self, batch, rejects):
        self.let.wait(PATIENCE)
        self._do(f"load {batch.size}")

    def close(self, ending):
        self._do("close")

    def end(self, *, clean=True):
        self._do("end")

    def disconnect(self):
        self._do("disconnect")

    def patience(self):
        return self.waits

    def keep_alive(self):
        self._do("keep alive")
        self.idle.set()


@pytest.fixture
def pipe():
    wake, poke = os.pipe()
    yield wake, poke
    os.close(wake)
    os.close(poke)


def start(loader, pipe, hurry=lambda: None, **clock):
    handover = Handover(loader, pipe[1], hurry, **clock)
    handover.start()
    return handover


def test_work_is_done_in_the_order_in_which_it_came(pipe):
    loader = FakeLoader()
    loader.let.set()
    handover = start(loader, pipe)
    handover.load(FakeBatch(1), ())
    assert handover.prepare("wish", may_change=True) == ("wish", True)
    handover.load(FakeBatch(2), ())
    handover.close(ENDING)
    handover.finish(clean=True)
    assert loader.done == ["open", "load 1", "prepare", "load 2", "close", "end", "disconnect"]


def test_a_full_queue_makes_the_reader_wait(pipe, monkeypatch):
    """
    One batch may always wait; a second one only within the bound.
    """
    monkeypatch.setattr(module, "QUEUE_BYTES", 100)
    loader = FakeLoader()
    handover = start(loader, pipe)
    handed = []

    def read():
        for size in (60, 60, 60, 60):
            handover.load(FakeBatch(size), ())
            handed.append(size)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.3)
    # One is in the loader's hands, one waits; the third does not fit.
    assert len(handed) <= 2
    loader.let.set()
    reader.join(PATIENCE)
    assert len(handed) == 4
    handover.finish(clean=True)


class LoaderCpu:
    """
    The loader's CPU clock: it computes for so many *looks*, then it waits for the server.
    """

    def __init__(self, looks):
        self.looks = looks
        self.seconds = 0.0

    def __call__(self, thread):
        assert thread.name == "loader"
        self.seconds += self.looks > 0
        self.looks -= 1
        return self.seconds


def test_the_next_batch_is_taken_once_the_loader_waits_for_the_server(pipe, monkeypatch):
    """
    The first batch is never done here: were it not for the loader's rest, the second one would wait for ever.
    """
    monkeypatch.setattr(module, "QUEUE_BYTES", 100)
    loader, cpu = FakeLoader(), LoaderCpu(5)
    handover = start(loader, pipe, cpu_seconds=cpu)
    handover.load(FakeBatch(60), ())
    taken(handover)
    handover.load(FakeBatch(60), ())
    assert cpu.looks < 0
    assert "load 60" not in loader.done
    loader.let.set()
    handover.finish(clean=True)


def test_columns_do_not_wait_for_a_loader_that_computes(pipe, monkeypatch):
    """
    The first batch is never done here, and the loader never rests.
    """
    monkeypatch.setattr(module, "QUEUE_BYTES", 100)
    loader = FakeLoader()
    handover = start(loader, pipe, cpu_seconds=LoaderCpu(10**9))
    handover.load(FakeBatch(60, ColumnRows(None, None)), ())
    taken(handover)
    handover.load(FakeBatch(60, ColumnRows(None, None)), ())
    assert "load 60" not in loader.done
    loader.let.set()
    handover.finish(clean=True)


def test_while_the_loader_computes_the_next_batch_waits_until_it_is_done(pipe, monkeypatch):
    monkeypatch.setattr(module, "QUEUE_BYTES", 100)
    loader = FakeLoader()
    computing = LoaderCpu(10**9)

    def look(thread):
        if computing.seconds == 20:
            loader.let.set()
        return computing(thread)

    handover = start(loader, pipe, cpu_seconds=look)
    handover.load(FakeBatch(60), ())
    taken(handover)
    handover.load(FakeBatch(60), ())
    assert loader.done[:2] == ["open", "load 60"]
    handover.finish(clean=True)


@pytest.mark.parametrize("hands_on", [False, True])
def test_the_end_of_a_checkpoint_waits_only_for_a_loader_that_sends(pipe, hands_on):
    """
    It has not taken the batch before it yet: no thread runs here.
    """

    def hurry():
        raise Interrupted(15, "it waits")

    handover = Handover(FakeLoader(hands_on=hands_on), pipe[1], hurry)
    handover.load(FakeBatch(2 * module.QUEUE_BYTES), ())
    with nullcontext() if hands_on else pytest.raises(Interrupted):
        handover.close(ENDING)


def taken(handover):
    """
    Wait until the loader has what was put into the queue.
    """
    with handover._changed:
        assert handover._changed.wait_for(lambda: not handover._waiting, PATIENCE)


def batch_and_end_of_its_rows(size):
    batch, gone = FakeBatch(size, Rows()), threading.Event()
    weakref.finalize(batch.rows, gone.set)
    return batch, gone


def sent(handover, batch):
    """
    Hand *batch* over as the loader sends it: afterwards it refers to no row.
    """
    handover.load(batch, ())
    batch.rows = None
    taken(handover)


def test_rows_that_were_sent_are_gone_before_the_batch_behind_the_next_one_comes(pipe):
    class SlowSecond(FakeLoader):
        def load(self, batch, rejects):
            if batch.size == 2:
                self.let.wait(PATIENCE)

    loader = SlowSecond()
    handover = start(loader, pipe)
    batch, gone = batch_and_end_of_its_rows(1)
    sent(handover, batch)
    sent(handover, FakeBatch(2))
    handover.close(ENDING)
    assert gone.is_set()
    loader.let.set()
    handover.finish(clean=True)


def test_a_loader_without_work_holds_no_rows(pipe):
    loader = FakeLoader()
    loader.let.set()
    handover = start(loader, pipe)
    batch, gone = batch_and_end_of_its_rows(1)
    sent(handover, batch)
    assert gone.wait(PATIENCE)
    handover.finish(clean=True)


def test_a_thread_s_cpu_clock_goes_forward_as_it_computes():
    before = module.cpu_seconds(threading.current_thread())
    sum(range(300_000))
    assert module.cpu_seconds(threading.current_thread()) > before


def test_where_the_system_tells_no_cpu_of_a_thread_it_counts_as_busy(monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)
    before = module.cpu_seconds(threading.current_thread())
    assert module.cpu_seconds(threading.current_thread()) > before


def test_a_batch_larger_than_the_queue_goes_through(pipe, monkeypatch):
    monkeypatch.setattr(module, "QUEUE_BYTES", 100)
    loader = FakeLoader()
    loader.let.set()
    handover = start(loader, pipe)
    handover.load(FakeBatch(500), ())
    handover.load(FakeBatch(500), ())
    handover.finish(clean=True)
    assert loader.done[1:3] == ["load 500", "load 500"]


@pytest.mark.parametrize("where", ["open", "load 1", "close", "end", "disconnect"])
def test_what_ends_the_loader_reaches_the_reader(pipe, where):
    """
    It wakes a reader that waits for the tap, and every later call raises it.
    """
    loader = FakeLoader(fails_at=where)
    loader.let.set()
    handover = start(loader, pipe)
    with pytest.raises(LoadError, match=f"{where} failed"):  # noqa: PT012  # whichever call is next
        handover.load(FakeBatch(1), ())
        handover.close(ENDING)
        handover.finish(clean=True)
    assert os.read(pipe[0], 1) == b"!"
    with pytest.raises(LoadError):  # and it waits for the thread's own end
        handover.finish(clean=True)
    assert loader.done[-1] == "disconnect"
    for call in (
        handover.check,
        lambda: handover.load(FakeBatch(2), ()),
        lambda: handover.finish(clean=True),
    ):
        with pytest.raises(LoadError):
            call()


def test_an_answer_that_fails_is_raised_where_it_was_asked_for(pipe):
    handover = start(FakeLoader(fails_at="prepare"), pipe)
    with pytest.raises(LoadError, match="prepare failed"):
        handover.prepare("wish", may_change=False)


def test_a_loader_without_work_gives_a_sign_of_life(pipe):
    loader = FakeLoader(waits=0.01)
    handover = start(loader, pipe)
    assert loader.idle.wait(PATIENCE)
    handover.finish(clean=True)
    assert "keep alive" in loader.done


@pytest.mark.parametrize("waits_in", ["load", "prepare", "finish"])
def test_a_reader_waits_no_longer_than_it_may(pipe, monkeypatch, waits_in):
    """
    After a signal the time runs out while the loader is busy.
    """
    monkeypatch.setattr(module, "QUEUE_BYTES", 1)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    looks = []

    def hurry():
        looks.append(1)
        if len(looks) > 3:
            raise Interrupted(15, "time is over")

    loader = FakeLoader()
    handover = start(loader, pipe, hurry)
    handover.load(FakeBatch(1), ())
    with pytest.raises(Interrupted):  # noqa: PT012  # one of them waits
        if waits_in == "load":
            handover.load(FakeBatch(1), ())
            handover.load(FakeBatch(1), ())
        elif waits_in == "prepare":
            handover.prepare("wish", may_change=False)
        else:
            handover.finish(clean=True)
    loader.let.set()
