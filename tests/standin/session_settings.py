"""
What a session says of itself, and what ALTER SESSION SET may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.standin import formats, times
from tests.standin.refusal import Refusal

if TYPE_CHECKING:
    from tests.standin.nls import Nls
    from tests.standin.session import Session

#: Parameters that may be set and change nothing here.
_WITHOUT_EFFECT = frozenset(
    """
    NLS_CALENDAR NLS_CURRENCY NLS_ISO_CURRENCY NLS_DUAL_CURRENCY NLS_DATE_LANGUAGE
    NLS_NCHAR_CONV_EXCP NLS_TIME_FORMAT NLS_TIME_TZ_FORMAT STATISTICS_LEVEL OPTIMIZER_MODE CURSOR_SHARING
    SKIP_UNUSABLE_INDEXES RECYCLEBIN RESUMABLE_TIMEOUT TRACEFILE_IDENTIFIER QUERY_REWRITE_ENABLED
    ERROR_MESSAGE_DETAILS
    """.split()
)
_FORMATS = {
    "NLS_DATE_FORMAT": "date_format",
    "NLS_TIMESTAMP_FORMAT": "timestamp_format",
    "NLS_TIMESTAMP_TZ_FORMAT": "timestamp_tz_format",
}


def userenv(session: Session, parameter: str) -> str | None:
    """
    Read a parameter of USERENV; an unknown one is ORA-02003.
    """
    database = session.database
    values = {
        "SESSION_USER": session.user,
        "CURRENT_USER": session.user,
        "CURRENT_SCHEMA": session.current_schema,
        "SESSION_USERID": str(session.catalog.users[session.user].number),
        "CURRENT_USERID": str(session.catalog.users[session.user].number),
        "PROXY_USER": None,
        "SERVICE_NAME": database.service,
        "DB_NAME": database.service,
        "DB_UNIQUE_NAME": "FREE",
        "CON_NAME": database.service,
        "CON_ID": "3",
        "CDB_NAME": "FREE",
        "INSTANCE_NAME": "FREE",
        "INSTANCE": "1",
        "SERVER_HOST": "localhost",
        "HOST": session.attributes.get("MACHINE"),
        "OS_USER": session.attributes.get("OSUSER"),
        "TERMINAL": session.attributes.get("TERMINAL"),
        "IP_ADDRESS": "127.0.0.1",
        "SID": str(session.number),
        "SESSIONID": str(session.number),
        "MODULE": session.attributes.get("MODULE"),
        "ACTION": session.attributes.get("ACTION"),
        "CLIENT_INFO": session.attributes.get("CLIENT_INFO"),
        "CLIENT_IDENTIFIER": session.attributes.get("CLIENT_IDENTIFIER"),
        "LANG": "US",
        "LANGUAGE": f"AMERICAN_AMERICA.{session.nls.charset.name}",
        "NLS_TERRITORY": session.nls.territory,
        "NLS_DATE_FORMAT": session.nls.date_format,
        "NETWORK_PROTOCOL": "tcp",
        "ISDBA": "FALSE",
        "DATABASE_ROLE": "PRIMARY",
        "ENTERPRISE_IDENTITY": None,
        "AUTHENTICATION_METHOD": "PASSWORD",
    }
    if parameter not in values:
        raise Refusal(2003)
    return values[parameter] or None


def session_fields(session: Session) -> dict[str, Any]:
    """
    Show a session as V$SESSION does.
    """
    return {
        "SID": session.number,
        "SERIAL#": 1,
        "USERNAME": session.user,
        "STATUS": "ACTIVE",
        "SCHEMANAME": session.current_schema,
        "MODULE": session.attributes.get("MODULE"),
        "ACTION": session.attributes.get("ACTION"),
        "CLIENT_INFO": session.attributes.get("CLIENT_INFO"),
        "CLIENT_IDENTIFIER": session.attributes.get("CLIENT_IDENTIFIER"),
        "TYPE": "USER",
        "PROGRAM": session.attributes.get("PROGRAM"),
        "MACHINE": session.attributes.get("MACHINE"),
    }


def change(session: Session, name: str, value: str) -> None:
    """
    Set a parameter; an unknown one is ORA-02248, a value that it cannot have ORA-02097 or its own.
    """
    nls = session.nls
    if name in _FORMATS:
        formats.elements(value)
        setattr(nls, _FORMATS[name], value)
    elif name == "NLS_NUMERIC_CHARACTERS":
        if len(value) != 2 or value[0] == value[1] or value.isalnum():
            raise Refusal(12705)
        nls.point, nls.group = value[0], value[1]
    elif name == "TIME_ZONE":
        nls.zone = times.parse_offset("UTC" if value.upper() in {"DBTIMEZONE", "LOCAL"} else value)
    elif name == "DDL_LOCK_TIMEOUT":
        if not value.isdecimal() or int(value) > 1_000_000:
            raise Refusal(2097)
        session.ddl_lock_timeout = float(value)
    elif name == "CURRENT_SCHEMA":
        session.use_schema(value)
    else:
        _change_word(session, name, value)
    session.forget_plans()


def _change_word(session: Session, name: str, value: str) -> None:
    nls = session.nls
    if name == "NLS_LENGTH_SEMANTICS":
        if value.upper() not in {"BYTE", "CHAR"}:
            raise Refusal(2097)
        nls.length_semantics = value.upper()
    elif name in {"NLS_COMP", "NLS_SORT"}:
        _change_comparison(nls, name, value.upper())
    elif name in {"NLS_LANGUAGE", "NLS_TERRITORY"}:
        known = {"NLS_LANGUAGE": "AMERICAN", "NLS_TERRITORY": "AMERICA"}[name]
        if value.upper() != known:
            raise Refusal(12705)
    elif name == "ISOLATION_LEVEL":
        if value.upper() not in {"READ", "READ COMMITTED"}:
            raise Refusal(3001, what="an isolation level that is not READ COMMITTED")
    elif name not in _WITHOUT_EFFECT:
        raise Refusal(2248)


def _change_comparison(nls: Nls, name: str, value: str) -> None:
    """
    Note how texts are to be compared, which is shown and not done: they are compared by their bytes here.
    """
    if name == "NLS_SORT":
        nls.sort = value
    elif value in {"BINARY", "LINGUISTIC", "ANSI"}:
        nls.comparison = value
    else:
        raise Refusal(12705)
