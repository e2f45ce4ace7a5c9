"""
From ACCEPT to a session: negotiation, the agreed protocol, the log-in and what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tests.standin import ttc_answers
from tests.standin.ack import AckSession
from tests.standin.calls import Calls
from tests.standin.login import VERIFIER_12C, Challenge
from tests.standin.profiles import END_OF_RESPONSE, FIELD_VERSION_BYTE, TTC4_BYTE
from tests.standin.ttc_answers import Ending
from tests.standin.ttc_login import Authenticate, DataTypes, FastAuth, Negotiate
from tests.standin.values import OracleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.standin.server import StandIn

#: what a log-in may ask for and does not get here, with the refusal
REFUSED_LOGINS = {
    "AUTH_TOKEN": (3001, "ORA-03001: unimplemented feature: log-in with a token"),
    "AUTH_NEWPASSWORD": (3001, "ORA-03001: unimplemented feature: change of password"),
    "PROXY_CLIENT_NAME": (28150, "ORA-28150: proxy not authorized to connect as client"),
    "AUTH_ORA_EDITION": (38802, "ORA-38802: edition does not exist"),
}
ONLY_EDITION = "ORA$BASE"
WRONG_PASSWORD = "ORA-01017: invalid username/password; logon denied"
WRONG_PASSWORD_23 = "ORA-01017: invalid credential or not authorized; logon denied"
LoginRequest: TypeAlias = "Negotiate | DataTypes | Authenticate | FastAuth"


class Handshake:
    """
    One log-in under way; *calls* is what it leads to, *fault* a reason to refuse it anyway.

    *field_version* and *ends_responses* are what both sides have agreed on.
    """

    def __init__(self, server: StandIn, number: int) -> None:
        self.calls: Calls | None = None
        self.fault: OracleError | None = None
        self.field_version = 0
        self.ends_responses = False
        self.driver = ""
        self._server = server
        self._number = number
        self._challenge: Challenge | None = None
        self._program = ""
        self._attributes: Mapping[str, str | None] = {}

    def answer(self, request: LoginRequest) -> bytes:
        """
        Answer a request of the log-in; OracleError refuses it.
        """
        match request:
            case Negotiate(driver):
                self.driver = driver
                return ttc_answers.negotiation(
                    self._server.profile,
                    extended_strings=self._server.extended,
                    charset=self._server.charset.number,
                )
            case DataTypes(types, capabilities):
                self._agree(capabilities)
                return ttc_answers.data_types(types)
            case FastAuth():
                return self._all_in_one(request)
            case Authenticate():
                return self._phase_one(request) if request.phase == 1 else self._phase_two(request)

    def _all_in_one(self, request: FastAuth) -> bytes:
        """
        Answer a fast log-in; its refusal comes after the answers to its first parts.
        """
        head = self.answer(request.negotiate) + self.answer(request.data_types)
        try:
            return head + self.answer(request.authenticate)
        except OracleError as refused:
            return head + ttc_answers.ending(Ending(refused.code, refused.message), 0, self.field_version)

    def _agree(self, theirs: bytes) -> None:
        """
        Settle on the lower field version of both sides, and on whether responses end with a mark.
        """
        profile = self._server.profile
        version = theirs[FIELD_VERSION_BYTE] if len(theirs) > FIELD_VERSION_BYTE else 0
        self.field_version = min(profile.field_version, version)
        can_end = len(theirs) > TTC4_BYTE and bool(theirs[TTC4_BYTE] & END_OF_RESPONSE)
        self.ends_responses = profile.end_of_response and can_end

    def _phase_one(self, request: Authenticate) -> bytes:
        if self.fault is not None:
            raise self.fault
        self._challenge = Challenge(self._server.verifier(request.user))
        self._program = request.pairs.get("AUTH_PROGRAM_NM", "")
        answer = ttc_answers.pairs(self._challenge.pairs(), {"AUTH_VFR_DATA": VERIFIER_12C})
        return answer + ttc_answers.ending(Ending(), 0, self.field_version)

    def _phase_two(self, request: Authenticate) -> bytes:
        for name, (code, message) in REFUSED_LOGINS.items():
            if name in request.pairs and request.pairs[name].upper() != ONLY_EDITION:
                self._server.report(f"session {self._number}: log-in with {name} refused")
                raise OracleError(code, message)
        challenge = self._challenge
        is_known = self._server.knows(request.user)
        if challenge is None or not challenge.accepts(request.pairs) or not is_known:
            is_new = self._server.profile.version >= 23
            raise OracleError(1017, WRONG_PASSWORD_23 if is_new else WRONG_PASSWORD)
        self.calls = self._session(request)
        self._server.counts.add(logins=1)
        welcome = ttc_answers.pairs(self._welcome() | {"AUTH_SVR_RESPONSE": challenge.proof()}, {})
        return welcome + ttc_answers.ending(Ending(), 0, self.field_version)

    def _session(self, request: Authenticate) -> Calls:
        """
        Open the engine's session and set its time zone as the client asks.
        """
        session = self._server.database.session(request.user.upper())
        self._attributes = session.attributes
        self.driver = request.pairs.get("SESSION_CLIENT_DRIVER_NAME", self.driver)
        statement = request.pairs.get("AUTH_ALTER_SESSION", "").rstrip("\0 ")
        try:
            if statement:
                session.execute(statement, [], [()])
        except OracleError:
            session.close()
            raise
        session.set_attributes(module=self._program)
        heard = AckSession(session, self._server.acknowledged) if self._server.options.ack else session
        return Calls(heard, self._server.counts, self._note, self._server.learn, self.field_version)

    def _note(self, sql: str, binds: Sequence[str], rows: int) -> None:
        client = self._attributes.get("CLIENT_IDENTIFIER") or ""
        self._server.note(sql, self._number, client, binds, rows)

    def _welcome(self) -> dict[str, str]:
        """
        Give what a log-in tells of the database and the session.
        """
        return {
            "AUTH_VERSION_STRING": "- Production",
            "AUTH_VERSION_SQL": "26",
            "AUTH_XACTION_TRAITS": "3",
            "AUTH_VERSION_NO": str(self._server.profile.release_number),
            "AUTH_VERSION_STATUS": "0",
            "AUTH_CAPABILITY_TABLE": "",
            "AUTH_DBNAME": self._server.service,
            "AUTH_SC_SERVICE_NAME": self._server.service,
            "AUTH_SC_DBUNIQUE_NAME": self._server.service,
            "AUTH_INSTANCENAME": "FREE",
            "AUTH_SESSION_ID": str(self._number),
            "AUTH_SERIAL_NUM": "1",
            "AUTH_INSTANCE_NO": "1",
            "AUTH_MAX_OPEN_CURSORS": "300",
            "AUTH_MAX_IDEN_LENGTH": "128",
        }
