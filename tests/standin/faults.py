"""
Faults on command: what is to go wrong, when, and how.

A spec is ACTION@EVENT:WHICH[:DETAIL]...; WHICH counts the event over the server's life from 1 and is a
number, a range a-b, or * for always.

    cut@message:17              the connection dies before the server acts on the 17th request
    cut@commit:3:after          it acts, the answer is never sent
    cut@answer:9:40             40 bytes of the 9th answer are sent
    stall@message:9:30s         it waits 30 seconds, then acts; stall@commit:2:30s:after acts first
    slow@64kB/s                 a slow link, both ways
    ora-00060@dml:2             that error instead of the act; ora-12514@connect:1-2 refuses a log-in
    lock@ORDERS:10s             another session locks the table once it exists, for 10 seconds
    restart@commit:4[:2s]       all connections die, none is taken for a while, committed data stays

Events: message (a request, log-in included), commit (however it comes), dml, ddl (what commits by itself:
none on private temporary tables), connect, answer.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EVENTS = ("message", "commit", "dml", "ddl", "connect")
BEFORE, AFTER = "before", "after"
WHICH = re.compile(r"(\d+)(?:-(\d+))?\Z")
SECONDS = re.compile(r"(\d+(?:\.\d+)?)s\Z")
ORA = re.compile(r"ora-(\d{1,5})\Z", re.IGNORECASE)
SLOW = re.compile(r"slow@(\d+(?:\.\d+)?)\s*kB/s\Z", re.IGNORECASE)
RESTART_SECONDS = 1.0  # for which a restarted server takes no connection, unless the spec says

#: texts of the codes that are likely to be injected; any other gets a text that says where it is from
TEXTS = {
    1: "unique constraint violated",
    20: "maximum number of processes (300) exceeded",
    28: "your session has been killed",
    54: "resource busy and acquire with NOWAIT specified or timeout expired",
    60: "deadlock detected while waiting for resource",
    600: "internal error code, arguments: [stand-in], [], [], [], [], [], [], [], [], [], [], []",
    604: "error occurred at recursive SQL level 1",
    942: "table or view does not exist",
    1012: "not logged on",
    1013: "user requested cancel of current operation",
    1017: "invalid username/password; logon denied",
    1031: "insufficient privileges",
    1033: "ORACLE initialization or shutdown in progress",
    1034: "ORACLE not available",
    1045: "user lacks CREATE SESSION privilege; logon denied",
    1089: "immediate shutdown or close in progress - no operations are permitted",
    1090: "shutdown in progress - connection is not permitted",
    1092: "ORACLE instance terminated. Disconnection forced",
    1536: "space quota exceeded for tablespace 'USERS'",
    1555: "snapshot too old: rollback segment number 9 with name too small",
    1578: "ORACLE data block corrupted (file # 7, block # 42)",
    1631: "max # extents (505) reached in table",
    1652: "unable to extend temp segment by 128 in tablespace TEMP",
    1653: "unable to extend table by 128 in tablespace USERS",
    1654: "unable to extend index by 128 in tablespace USERS",
    1688: "unable to extend table partition by 128 in tablespace USERS",
    1950: "no privileges on tablespace 'USERS'",
    2391: "exceeded simultaneous SESSIONS_PER_USER limit",
    2396: "exceeded maximum idle time, please connect again",
    3113: "end-of-file on communication channel",
    3114: "not connected to ORACLE",
    3135: "connection lost contact",
    4020: "deadlock detected while trying to lock object",
    4021: "timeout occurred while waiting to lock object",
    4030: "out of process memory when trying to allocate 16328 bytes",
    4031: "unable to allocate 4096 bytes of shared memory",
    4061: "existing state of package has been invalidated",
    4068: "existing state of packages has been discarded",
    8177: "can't serialize access for this transaction",
    12519: "TNS:no appropriate service handler found",
    12537: "TNS:connection closed",
    12541: "TNS:no listener",
    12570: "TNS:packet reader failure",
    28000: "The account is locked.",
    28001: "the password has expired",
    30006: "resource busy; acquire with WAIT timeout expired",
    30036: "unable to extend segment by 8 in undo tablespace 'UNDOTBS1'",
    55910: "unable to change transaction state",
}
#: after these the session is gone: the server answers, then closes
FATAL = frozenset((28, 1012, 1089, 1092, 2396, 3113, 3114, 3135, 12537, 12570))
#: codes that the listener gives, before any session exists
LISTENER = frozenset((*range(12500, 12537), 12540, 12541, 12543, 12545, 12170))


def text(code: int) -> str:
    """
    Give the message of an injected *code*.
    """
    return f"ORA-{code:05d}: {TEXTS.get(code, 'injected by the stand-in server')}"


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One spec, read. *first* and *last* bound the occurrences (last 0: no end).
    """

    spec: str
    action: str
    event: str
    first: int = 1
    last: int = 1
    moment: str = BEFORE
    seconds: float = 0.0
    code: int = 0
    size: int = 0

    def is_due(self, occurrence: int) -> bool:
        return self.first <= occurrence and (not self.last or occurrence <= self.last)


def parse(spec: str) -> Fault:
    """
    Read a spec; ValueError says what is wrong with it.
    """
    action, at, rest = spec.partition("@")
    if not at:
        raise ValueError(f"fault {spec!r}: no @, expected ACTION@EVENT:WHICH")
    if action == "slow":
        return _slow(spec)
    event, *details = rest.split(":")
    if action == "lock":
        return _lock(spec, event, details)
    if not details:
        raise ValueError(f"fault {spec!r}: which {event}? a number, a range a-b or *")
    first, last = _which(spec, details[0])
    if action == "cut" and event == "answer":
        return _cut_answer(spec, first, last, details[1:])
    code = ORA.match(action)
    if event not in EVENTS or not (code or action in ("cut", "stall", "restart")):
        raise ValueError(f"fault {spec!r}: unknown; actions cut, stall, restart, ora-NNNNN, lock, slow")
    moment, seconds = _details(spec, details[1:])
    if action == "stall" and not seconds:
        raise ValueError(f"fault {spec!r}: for how long? such as 30s")
    if code:
        return Fault(spec, "ora", event, first, last, moment, seconds, int(code.group(1)))
    return Fault(spec, action, event, first, last, moment, seconds)


def _which(spec: str, which: str) -> tuple[int, int]:
    if which == "*":
        return 1, 0
    found = WHICH.match(which)
    if not found or int(found.group(1)) < 1:
        raise ValueError(f"fault {spec!r}: {which!r} is no number from 1, no range a-b and no *")
    first = int(found.group(1))
    return first, int(found.group(2) or first)


def _details(spec: str, details: Sequence[str]) -> tuple[str, float]:
    """
    Read the optional moment and duration, in either order.
    """
    moment, seconds = BEFORE, 0.0
    for detail in details:
        duration = SECONDS.match(detail)
        if duration:
            seconds = float(duration.group(1))
        elif detail in (BEFORE, AFTER):
            moment = detail
        else:
            raise ValueError(f"fault {spec!r}: {detail!r} is neither before, after nor a time such as 30s")
    return moment, seconds


def _slow(spec: str) -> Fault:
    found = SLOW.match(spec)
    if not found or not float(found.group(1)):
        raise ValueError(f"fault {spec!r}: expected slow@N kB/s")
    return Fault(spec, "slow", "link", size=max(1, round(float(found.group(1)) * 1000)))


def _lock(spec: str, table: str, details: Sequence[str]) -> Fault:
    moment, seconds = _details(spec, details)
    if not table or not seconds or moment != BEFORE:
        raise ValueError(f"fault {spec!r}: expected lock@TABLE:10s")
    return Fault(spec, "lock", table, seconds=seconds)


def _cut_answer(spec: str, first: int, last: int, details: Sequence[str]) -> Fault:
    if len(details) != 1 or not details[0].isdigit():
        raise ValueError(f"fault {spec!r}: expected cut@answer:N:BYTES")
    return Fault(spec, "cut", "answer", first, last, AFTER, size=int(details[0]))


class Faults:
    """
    The faults of one server and the count of each event so far.
    """

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._faults = [parse(spec) for spec in specs]
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        self.rate = next((fault.size for fault in self._faults if fault.action == "slow"), 0)
        self._locks = [fault for fault in self._faults if fault.action == "lock"]

    def due(self, *events: str) -> list[Fault]:
        """
        Count one occurrence of each event and give the faults that are due at it.
        """
        if not self._faults:
            return []
        found = []
        with self._lock:
            for event in events:
                self._seen[event] = occurrence = self._seen.get(event, 0) + 1
                found += [
                    fault for fault in self._faults if fault.event == event and fault.is_due(occurrence)
                ]
        return [fault for fault in found if fault.action not in ("lock", "slow")]

    def waiting_locks(self) -> list[Fault]:
        """
        Give the locks that have not been taken yet.
        """
        return list(self._locks)

    def taken(self, lock: Fault) -> bool:
        """
        Note that *lock* was taken; false when another connection was first.
        """
        with self._lock:
            if lock not in self._locks:
                return False
            self._locks.remove(lock)
            return True
