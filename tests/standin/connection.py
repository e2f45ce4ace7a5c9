"""
One client's conversation: connect, log in, requests and answers, breaks, the end.
"""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from tests.standin import direct_path, packets, ttc_answers, ttc_requests
from tests.standin import faults as fault_specs
from tests.standin.ack import Unread, is_acknowledged
from tests.standin.encoding import Incomplete, Malformed, Unknown
from tests.standin.faults import AFTER, BEFORE
from tests.standin.handshake import Handshake
from tests.standin.packets import Break, Hangup, Wire
from tests.standin.statements import DML_WORDS, commits_by_itself, first_word
from tests.standin.ttc_answers import Ending
from tests.standin.ttc_login import Authenticate, DataTypes, FastAuth, Negotiate
from tests.standin.ttc_requests import Execute, Parser, Request, Simple
from tests.standin.values import OracleError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from tests.standin.calls import Calls
    from tests.standin.faults import Fault
    from tests.standin.packets import ConnectRequest
    from tests.standin.server import StandIn
    from tests.standin.ttc_types import Description

SERVICE = re.compile(r"\(\s*SERVICE_NAME\s*=\s*([^)\s]*)\s*\)", re.IGNORECASE)
SID = re.compile(r"\(\s*SID\s*=\s*([^)\s]*)\s*\)", re.IGNORECASE)
MORE_SOON = 0.002  # seconds to wait for more of a request whose last packet is full
MORE_OF_THE_UNREAD = 0.02  # and where looking is dear, since nothing is read otherwise
MORE_AT_ALL = 10.0  # and for more of one that is not whole
STANDARD_STRING, EXTENDED_STRING = 4000, 32767
CANCELLED = OracleError(1013, "ORA-01013: user requested cancel of current operation")


class Cut(Exception):
    """
    A fault wants the connection dead.
    """


class Connection:
    """
    The server's side of one connection; *run* is its whole life.
    """

    def __init__(self, server: StandIn, sock: socket.socket, number: int) -> None:
        self.server = server
        self.number = number
        self.handshake = Handshake(server, number)
        self.wire = Wire(sock, server.faults.rate)
        longest = EXTENDED_STRING if server.extended else STANDARD_STRING
        self.parser = Parser(self._binds_of, self._value_of, longest)
        self.parser.leaves_unread = self._leaves_unread if server.options.ack else None
        self._has_more = False  # packets of a request that was refused before its end
        self._counted_in = self._counted_out = 0

    @property
    def calls(self) -> Calls | None:
        """
        The calls of the session; None before the log-in.
        """
        return self.handshake.calls

    # ---- life -----------------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            if self._connect():
                self._converse()
        except (Hangup, Cut):
            pass  # the end of many a conversation
        except Exception:  # noqa: BLE001 - a fault of ours must not pass for one of the client's
            self.server.report(f"session {self.number}: {traceback.format_exc()}")
        finally:
            # First the session, with its locks: whoever sees the connection's end finds none of them left,
            # however slow this machine is. A session that outlives its connection is what `stall` is for.
            if self.calls is not None:
                self.calls.session.close()
            self.wire.close()
            self._count()
            self.server.counts.write()

    def _count(self, going_out: int = 0, **counts: int) -> None:
        """
        Add to the server's counters, together with the bytes since the last time and those *going_out*.
        """
        total_in, total_out = self.wire.bytes_in, self.wire.bytes_out + going_out
        bytes_in, bytes_out = total_in - self._counted_in, total_out - self._counted_out
        self._counted_in, self._counted_out = total_in, total_out
        self.server.counts.add(bytes_in=bytes_in, bytes_out=bytes_out, **counts)

    def _connect(self) -> bool:
        """
        Answer CONNECT; say whether the client was let in.
        """
        packet = self.wire.read()
        if packet.kind != packets.CONNECT:
            raise Hangup("no CONNECT")
        request = packets.connect_request(self.wire, packet)
        due = self.server.faults.due("connect")
        self._apply(due, BEFORE)
        code = self._listener_refusal(request, due)
        if code:
            self.wire.send(packets.REFUSE, packets.refuse_body(code, _service_of(request.text)))
            self._count(connections=1, round_trips=1)
            return False
        version = min(self.server.profile.net_version, request.version)
        sdu = min(packets.LARGEST_SDU, max(packets.SMALLEST_SDU, request.sdu))
        modern = version >= 319
        body = packets.accept_body(
            version,
            sdu,
            fast_auth=self.server.profile.fast_auth and modern,
            end_of_response=self.server.profile.end_of_response and modern,
        )
        self._latency()
        self.wire.send(packets.ACCEPT, body)
        self.wire.large = version >= packets.LARGE_LENGTHS
        self.wire.sdu = sdu
        self._count(connections=1, round_trips=1)
        self._apply(due, AFTER)
        return True

    def _listener_refusal(self, request: ConnectRequest, due: Sequence[Fault]) -> int:
        """
        Give the listener's reason not to connect, 0 for none; keep other injected codes for the log-in.
        """
        for fault in due:
            if fault.action == "ora" and fault.code in fault_specs.LISTENER:
                return fault.code
            if fault.action == "ora":
                self.handshake.fault = OracleError(fault.code, fault_specs.text(fault.code))
        if self.server.is_restarting:
            return 12514
        wanted = _service_of(request.text)
        if wanted.upper() == self.server.service.upper():
            return 0
        self.server.report(f"unknown service {wanted!r}")
        return 12505 if SID.search(request.text) and not SERVICE.search(request.text) else 12514

    def _converse(self) -> None:
        while True:
            try:
                request = self._read_request()
            except Break as broken:
                self._break(broken)
                continue
            except (Unknown, Malformed, UnicodeDecodeError) as refused:
                self.server.report(f"session {self.number}: not understood: {refused}")
                text = f"ORA-03115: unsupported network datatype or representation: {refused}"
                self._refuse_unread(OracleError(3115, text))
                continue
            except OracleError as refused:
                self._refuse_unread(refused)
                continue
            self._serve(request)
            if request.function == Simple("logoff"):
                return

    def _refuse_unread(self, refused: OracleError) -> None:
        """
        Answer a request that could not be read, after its last packet has come.
        """
        while self._has_more and self.wire.ready(MORE_SOON):
            packet = self.wire.read()
            if packet.kind == packets.MARKER:
                self._break(Break(packet.body[2]))
                return
            self._has_more = self._is_full(packet)
        self._count(messages=1, round_trips=1)
        self._send(self._refusal(refused))

    # ---- reading --------------------------------------------------------------------------------------

    def _binds_of(self, cursor: int) -> tuple[Description, ...]:
        return self._logged_in().binds_of(cursor)

    def _value_of(self, locator: bytes) -> object:
        return self._logged_in().lobs.value_of(locator)

    def _logged_in(self) -> Calls:
        if self.calls is None:
            raise OracleError(1012, "ORA-01012: not logged on")
        return self.calls

    def _read_request(self) -> Request:
        """
        Collect packets until they make a request.

        The driver fills its packets, so a short one is the last; where that leaves a doubt, parsing tells.
        """
        wire, parser = self.wire, self.parser
        parser.begin()
        pieces: list[bytes] = []
        while True:
            packet = wire.read()
            if packet.kind == packets.MARKER:
                raise Break(packet.body[2])
            if packet.kind != packets.DATA or packet.flags & packets.END_OF_FILE:
                raise Hangup
            pieces.append(packet.body[2:])
            is_full = self._has_more = self._is_full(packet)
            if is_full and not self.server.options.ack and wire.ready(MORE_SOON):
                continue
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            try:
                request = parser.parse(data)
            except Incomplete:
                if not is_full and not wire.ready(MORE_AT_ALL):
                    raise Malformed(f"request of {len(data)} bytes that does not end") from None
                pieces = [data]
                continue
            if (
                is_full
                and isinstance(request.function, Execute)
                and isinstance(request.function.rows, Unread)
            ):
                self._skip(pieces)
            return request

    def _is_full(self, packet: packets.Packet) -> bool:
        size = len(packet.body) + packets.HEADER
        return size >= self.wire.sdu - packets.SPLIT_SLACK and not packet.flags & packets.END_OF_REQUEST

    def _leaves_unread(self, request: Execute) -> bool:
        sql = self._logged_in().sql_of(request)
        return is_acknowledged(sql, request.iterations, self.handshake.driver)

    def _skip(self, pieces: list[bytes]) -> None:
        """
        Pass over the rest of a request whose rows stay unread; only a doubt about its end makes them read.
        """
        while True:
            if not self.wire.ready(MORE_OF_THE_UNREAD) and self.parser.is_whole(b"".join(pieces)):
                return
            packet = self.wire.read()
            if packet.kind == packets.MARKER:
                raise Break(packet.body[2])
            pieces.append(packet.body[2:])
            if not self._is_full(packet):
                return

    # ---- serving --------------------------------------------------------------------------------------

    def _serve(self, request: Request) -> None:
        """
        Do what *request* asks and answer it, unless a fault comes between.
        """
        due = self.server.faults.due(*self._events(request))
        self._count(messages=1)
        try:
            self._apply(due, BEFORE, is_commit=self._commits(request))
            answer = self._act(request)
        except OracleError as refused:
            answer = self._refusal(refused)
            if refused.code in fault_specs.FATAL:
                self._send(answer)
                raise Cut from None
        except (Cut, Hangup):
            raise
        except Exception:  # noqa: BLE001 - a fault of ours: told as one, not left to a client that waits
            self.server.report(f"session {self.number}: {traceback.format_exc()}")
            answer = self._refusal(OracleError(600, fault_specs.text(600)))
        self._apply(due, AFTER)
        if not request.answered:
            return
        self._count(round_trips=1)
        self._latency()
        if self.wire.marker_waits():
            return  # the break is answered instead
        function = request.function
        self._send(
            ttc_answers.token(request.token) + answer,
            is_plain=isinstance(function, (Negotiate, DataTypes)),
            is_resting=function == Simple("logoff") or self._commits(request),
        )

    def _send(self, answer: bytes, *, is_plain: bool = False, is_resting: bool = False) -> None:
        """
        Send an answer, with its end marked where both sides agreed to that.

        *is_resting*: the client may look at the statistics next.
        """
        ended = self.handshake.ends_responses and not is_plain
        payload = answer + ttc_answers.END if ended else answer
        frames = b"".join(self.wire.frames(payload, ended=ended))
        for fault in self.server.faults.due("answer"):
            self.wire.write(frames[: fault.size])
            raise Cut
        self._count(len(frames))
        if is_resting:
            self.server.counts.write()
        self.wire.write(frames)

    def _refusal(self, refused: OracleError) -> bytes:
        if self.calls is not None:
            return self.calls.failed(refused)
        end = Ending(refused.code, refused.message)
        return ttc_answers.ending(end, 0, self.parser.field_version)

    def _latency(self) -> None:
        if self.server.rtt:
            self.wire.pause(self.server.rtt)

    def _break(self, broken: Break) -> None:
        """
        Answer a break: a break back, the client's reset awaited, a reset back, then ORA-01013.
        """
        wire = self.wire
        if broken.kind != packets.RESET:
            wire.mark(packets.BREAK)
            while True:
                packet = wire.read()
                if packet.kind == packets.MARKER and packet.body[2] == packets.RESET:
                    break
        wire.mark(packets.RESET)
        self._send(self._refusal(CANCELLED))

    # ---- faults ---------------------------------------------------------------------------------------

    def _events(self, request: Request) -> list[str]:
        """
        Name the events that *request* is, for the faults to count.
        """
        events = ["message"]
        if isinstance(request.function, direct_path.Stream):
            events.append("dml")
        elif isinstance(request.function, Execute) and self.calls is not None:
            sql = self.calls.sql_of(request.function)
            if request.function.options & ttc_requests.EXECUTE:
                is_dml = first_word(sql) in DML_WORDS
                events += ["dml"] if is_dml else ["ddl"] if commits_by_itself(sql) else []
        return [*events, "commit"] if self._commits(request) else events

    def _commits(self, request: Request) -> bool:
        function = request.function
        if isinstance(function, Simple):
            return function.name == "commit"
        if isinstance(function, direct_path.Operate):
            return function.operation == direct_path.FINISH
        if not isinstance(function, Execute) or self.calls is None:
            return False
        word = first_word(self.calls.sql_of(function))
        return word == "COMMIT" or (function.commit and word in DML_WORDS)

    def _apply(self, due: Sequence[Fault], moment: str, *, is_commit: bool = False) -> None:
        """
        Let the faults of *moment* happen: Cut, a wait, or an OracleError.
        """
        for fault in due:
            if fault.moment != moment or fault.event == "answer":
                continue
            self.server.report(f"fault {fault.spec}")
            if fault.action == "stall":
                self._stall(fault.seconds, is_commit=is_commit)
            elif fault.action == "restart":
                self.server.restart(fault.seconds or fault_specs.RESTART_SECONDS)
                raise Cut
            elif fault.action == "cut":
                raise Cut
            elif fault.event != "connect":
                raise OracleError(fault.code, fault_specs.text(fault.code))

    def _stall(self, seconds: float, *, is_commit: bool) -> None:
        """
        Be silent for *seconds*. A client that leaves meanwhile ends its session, but not its commit.
        """
        if is_commit:
            self.server.stopping.wait(seconds)
        elif self.wire.pause(seconds):
            raise Hangup

    # ---- acting ---------------------------------------------------------------------------------------

    def _act(self, request: Request) -> bytes:
        function = request.function
        if isinstance(function, (Negotiate, DataTypes, Authenticate, FastAuth)):
            try:
                return self.handshake.answer(function)
            finally:
                self.parser.field_version = self.handshake.field_version
        calls = self._logged_in()
        calls.carry(request.piggybacks)
        match function:
            case Execute():
                self._lock_tables(calls.sql_of(function))
                with self.server.watch.over(self.wire.sock, calls.session.cancel):
                    return calls.execute(function)
            case ttc_requests.Fetch():
                with self.server.watch.over(self.wire.sock, calls.session.cancel):
                    return calls.fetch(function)
            case direct_path.Prepare() if not self.server.charset.is_unicode:
                # The client would have to convert by itself, and its tables for that are not known here.
                raise OracleError(3001, "ORA-03001: unimplemented feature: direct path but in AL32UTF8")
            case direct_path.Prepare() | direct_path.Stream() | direct_path.Operate():
                with self.server.watch.over(self.wire.sock, calls.session.cancel):
                    return calls.direct(function)
            case ttc_requests.LobCall():
                return calls.lob(function)
            case Simple():
                return self._simple(function.name, calls)
            case _:
                raise OracleError(3001, "ORA-03001: unimplemented feature: OUT binds")

    def _simple(self, name: str, calls: Calls) -> bytes:
        if name == "commit":
            calls.session.commit()
            self.server.counts.add(commits=1)
        elif name == "rollback":
            calls.session.rollback()
            self.server.counts.add(rollbacks=1)
        elif name == "logoff":
            calls.session.close()
        return ttc_answers.status(0 if name == "logoff" else calls.call_status)

    def _lock_tables(self, sql: str) -> None:
        for lock in self.server.faults.waiting_locks():
            if re.search(rf"\b{re.escape(lock.event)}\b", sql, re.IGNORECASE):
                self.server.lock(lock)


def _service_of(text: str) -> str:
    found = SERVICE.search(text) or SID.search(text)
    return found.group(1) if found else ""
