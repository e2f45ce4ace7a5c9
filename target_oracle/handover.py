"""
The queue between the reader and the loader's thread, bounded in bytes; what ends one side reaches the other.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from typing import Final, Generic, TypeVar

import msgspec

from target_oracle.acts import Act
from target_oracle.checkpoint import Batch, Reject
from target_oracle.columnar import ColumnRows
from target_oracle.errors import InternalError, TargetError
from target_oracle.gate import Ending
from target_oracle.loader import Loader
from target_oracle.resume import Resume
from target_oracle.stream import Target
from target_oracle.wishes import Wish

T = TypeVar("T")
# Lines that the loader may have, at work or waiting; one batch always may. More costs memory (12 MiB for
# 10,000 rows) and no run gets faster by it.
QUEUE_BYTES: Final = 1 << 20
# How often a waiting reader looks whether it may still wait.
LOOK_SECONDS: Final = 0.25
# How often it looks whether the loader computes, and what share of that time tells that it does.
PEEK_SECONDS: Final = 0.001
BUSY_SHARE: Final = 0.25


class _Work(msgspec.Struct):
    """
    What the loader's thread is to do; *size* bytes wait with it, and *rows* are let go of later than it ends.
    """

    size: int
    run: Callable[[], object]
    rows: object = None


class _Call(msgspec.Struct, Generic[T]):
    """
    Work for the loader's thread whose answer the reader waits for.
    """

    work: Callable[[], T]
    done: threading.Event = msgspec.field(default_factory=threading.Event)
    answer: T | None = None
    failure: BaseException | None = None


def cpu_seconds(thread: threading.Thread) -> float:
    """
    Return the CPU that *thread* has used; where the system does not tell, time itself: as if always busy.
    """
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic()
    assert thread.ident is not None  # noqa: S101  # it was started
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


class Handover:
    """
    Runs *loader* in a thread of its own, in the order in which it is asked.

    Every method raises what ended the loader. A byte on *wake* tells a waiting reader that it should look.
    *hurry* is called while the reader waits and raises once it may wait no longer.

    Reader and loader share one interpreter, so that while both compute neither gains: with a batch at work
    the reader waits until the loader has sent it, and decodes the next one while the server answers. Then
    it also frees the rows that were sent before, which takes a quarter of the time that encoding them does.
    What is decoded into columns is decoded without the interpreter: there it does not wait for that.
    A loader that only hands on, to threads of its own, is not worth waiting for with the end of a checkpoint.
    """

    def __init__(
        self,
        loader: Loader,
        wake: int,
        hurry: Callable[[], None],
        cpu_seconds: Callable[[threading.Thread], float] = cpu_seconds,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._loader = loader
        self._wake = wake
        self._hurry = hurry
        self._queue: deque[_Work] = deque()
        self._spent: list[object] = []  # rows that were sent
        self._bytes = 0  # at work and waiting
        self._waiting = 0
        self._computed = 0.0
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._ended = False
        self._clean = False
        # In the caller's context, so that a trace of the run holds the loader's calls too.
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name="loader", daemon=True)

    def start(self) -> None:
        """
        Start the loader; it connects at once, while the tap still starts.
        """
        self._thread.start()

    # --- the reader's side

    def resume(self) -> Resume:
        """
        Return what an earlier run of this loader has committed beyond its last STATE.
        """
        return self._ask(self._loader.resume)

    def prepare(self, wish: Wish, *, may_change: bool) -> Target | None:
        """
        See `Loader.prepare`; waits for its answer.
        """
        return self._ask(lambda: self._loader.prepare(wish, may_change=may_change))

    def load(self, batch: Batch, rejects: Sequence[Reject]) -> None:
        """
        See `Loader.load`; waits only while the queue is full.
        """
        work = _Work(batch.size, lambda: self._loader.load(batch, rejects), batch.rows)
        self._put(work, beside=isinstance(batch.rows, ColumnRows))

    def act(self, act: Act) -> None:
        """
        See `Loader.act`; does not wait for it.
        """
        self._put(_Work(0, lambda: self._loader.act(act)))

    def close(self, ending: Ending) -> None:
        """
        See `Loader.close`; does not wait for the commit.
        """
        self._put(_Work(0, lambda: self._loader.close(ending)))

    def finish(self, *, clean: bool) -> None:
        """
        Wait until all is done. Raise what ended the loader. *clean* says that the input came to its own end.
        """
        with self._changed:
            self._clean = clean
            self._ended = True
            self._changed.notify_all()
        while self._thread.is_alive():
            self._hurry()
            self._thread.join(LOOK_SECONDS)
        self.check()

    def check(self) -> None:
        """
        Raise what ended the loader, if anything did.
        """
        if self._failure is not None:
            raise self._failure

    def _ask(self, work: Callable[[], T]) -> T:
        call = _Call(work)

        def run() -> None:
            try:
                call.answer = work()
            except BaseException as failure:
                call.failure = failure
                raise
            finally:
                call.done.set()

        self._put(_Work(0, run))
        while not call.done.wait(LOOK_SECONDS):
            self._hurry()
            self.check()
        if call.failure is not None:
            raise call.failure
        return call.answer  # type: ignore[return-value]  # done without failure: there is an answer

    def _put(self, work: _Work, *, beside: bool = False) -> None:
        with self._changed:
            while not self._has_room(work.size, beside=beside) and self._failure is None:
                self._hurry()
                self._changed.wait(LOOK_SECONDS if self._waiting else PEEK_SECONDS)
            self.check()
            if self._ended:
                raise InternalError("work for the loader after the end")
            self._queue.append(work)
            self._bytes += work.size
            self._waiting += work.size
            self._changed.notify_all()
        self._spent.clear()

    def _has_room(self, size: int, *, beside: bool) -> bool:
        """
        Tell whether *size* bytes may wait; *beside* a loader that computes where that is no hindrance.
        """
        if not size and self._loader.hands_on:
            return True
        if not self._bytes or self._bytes + size <= QUEUE_BYTES:
            return True
        return not self._waiting and (beside or not self._computes())

    def _computes(self) -> bool:
        """
        Tell whether the loader has computed since the last look.
        """
        before, self._computed = self._computed, self._cpu_seconds(self._thread)
        return self._computed - before > PEEK_SECONDS * BUSY_SHARE

    # --- the loader's side

    def _run(self) -> None:
        try:
            self._loader.open()
            while (work := self._next()) is not None:
                work.run()
                self._done(work)
                del work
            self._loader.end(clean=self._clean)
            self._loader.disconnect()
        except BaseException as failure:  # noqa: BLE001  # it is raised again on the other side
            self._fail(failure)
            with suppress(TargetError):  # what happened first is what is told
                self._loader.disconnect()

    def _next(self) -> _Work | None:
        with self._changed:
            while not self._queue and not self._ended:
                self._spent.clear()
                self._changed.wait(self._loader.patience())
                if not self._queue and not self._ended:
                    return _Work(0, self._loader.keep_alive)
            if not self._queue:
                return None
            work = self._queue.popleft()
            self._waiting -= work.size
            self._changed.notify_all()
            return work

    def _done(self, work: _Work) -> None:
        with self._changed:
            self._spent.append(work.rows)
            self._bytes -= work.size
            self._changed.notify_all()

    def _fail(self, failure: BaseException) -> None:
        with self._changed:
            self._failure = failure
            self._queue.clear()
            self._bytes = self._waiting = 0
            self._changed.notify_all()
        with suppress(OSError):  # the run may have ended without waiting
            os.write(self._wake, b"!")
