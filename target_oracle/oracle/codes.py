"""
What each ORA and DPY code means for a load: try again, start again, refuse a row, or stop with advice.

Classified by code, never by text or exception class: texts change with version and language, and
ORA-12899, 01722, 00942 and 01017 share one class (python-oracledb, Appendix on errors).
"""

from __future__ import annotations

import re
import ssl
from enum import Enum
from typing import Final

import oracledb


class Action(Enum):
    """
    What to do about a failed call.
    """

    CONNECT = "try to connect again"
    REPLAY = "the session is lost: reconnect, ask the ledger, replay"
    RETRY = "roll back and replay on the same connection"
    ROW = "one row is at fault: a reject"
    STOP = "stop and say what to ask for"


def _codes(text: str) -> frozenset[str]:
    return frozenset(f"ORA-{int(number):05d}" if number.isdigit() else number for number in text.split())


# The listener or the instance is not ready yet.
CONNECT: Final = _codes(
    "DPY-6000 DPY-6001 DPY-6005 DPY-4011 12514 12516 12518 12519 12520 12521 12526 12528 12537 12541 12543 "
    "12545 "
    "12170 12571 1033 1034 1089 1090 18 20 2391 12757 3113 3114 3135"
)
# The session is gone, with whatever it had not committed; whether a COMMIT under way went through, the
# ledger tells.
REPLAY: Final = _codes(
    "DPY-4011 DPY-4024 DPY-1001 DPY-4033 22 28 31 45 378 603 609 1012 1033 1034 1041 1043 1089 1090 1092 "
    "2396 2399 3113 "
    "3114 3122 3135 12153 12537 12547 12570 12571 12583 12592 12609 16456 25402 25405 25408 "
    "25409 28511 56600"
)
# The session changes tables in parallel, as an Autonomous Database lets it by default: what it changed it may
# neither read nor change again before COMMIT (VLDB and Partitioning Guide, Restrictions on Parallel DML).
PARALLEL: Final = _codes("12838 12839")
# The statement failed for a moment's reason; the session lives. From 23ai the server itself rolls back who
# stands in the way of a transaction of higher priority (63300), and wants to see a ROLLBACK (63302).
RETRY: Final = PARALLEL | _codes("54 60 4020 4021 4061 4068 8177 30006 12801 12805 63300 63302")
# What a parallel server met stands behind this code: that counts, where it is told.
_WRAPPER: Final = _codes("12801")
# The table is on its way to another shape: another loader has put a column aside and not yet given its name
# to the wider one (overflow.py). Only the rows' own statements may wait for that.
CHANGING: Final = _codes("904")
# One row breaks a rule of its table; the others are in.
ROW: Final = _codes(
    "1 1400 1401 1402 1407 1426 1438 1461 1465 1722 1830 1839 1840 1841 1843 1847 1850 1858 1861 1862 "
    "2290 2291 2292 12899 "
    "14400 14402 14699 20000 22295 40441 40478 40479 40587 2374 1451 6502 22835 910 932 "
    "28115 11534 40875"
)

# Of a policy that does not cover all that MERGE does (Security Guide, policies on MERGE INTO).
_NO_MERGE: Final = "ORA-28132"

# Codes on which the run stops, with the cure; the words come first in the message's advice.
ADVICE: Final = {
    "ORA-01017": "check user and password; it is not tried again, so that the account is not locked",
    "ORA-01005": "give a password (password or password_file)",
    "ORA-28000": "the account is locked: ask the DBA for ALTER USER … ACCOUNT UNLOCK",
    "ORA-28001": "the password has expired: change it, then start again",
    "ORA-28002": "the password will expire soon: change it",
    "ORA-01045": "ask the DBA for GRANT CREATE SESSION",
    "ORA-01031": "a privilege is missing: ask the DBA for GRANT CREATE TABLE (own schema) "
    "or the object privilege",
    "ORA-01950": "ask the DBA for ALTER USER … QUOTA UNLIMITED ON the tablespace",
    "ORA-01536": "the space quota is used up: ask the DBA for ALTER USER … QUOTA … ON the tablespace",
    "ORA-01653": "the tablespace is full: ask the DBA to add a data file",
    "ORA-01654": "the index's tablespace is full: ask the DBA to add a data file",
    "ORA-01658": "the tablespace is full: ask the DBA to add a data file",
    "ORA-01688": "the partition's tablespace is full: ask the DBA to add a data file",
    "ORA-01691": "the LOB's tablespace is full: ask the DBA to add a data file",
    "ORA-30036": "undo space is used up: ask the DBA, or lower max_transaction_rows",
    "ORA-00406": "the server's COMPATIBLE is lower than its version: set json_type to CLOB and boolean_type "
    "to NUMBER(1)",
    "ORA-00902": "the server lacks a column's type, maybe since its COMPATIBLE is lower than its version: "
    "set json_type to CLOB and boolean_type to NUMBER(1)",
    "ORA-02091": "a deferred constraint refused what the transaction comes to; nothing of it is in",
    "ORA-02266": "foreign keys point to this table, which TRUNCATE does not allow: set overwrite_strategy to "
    "swap or delete, or let the DBA disable them",
    "ORA-12953": "the edition's limit of database size is reached",
    "ORA-00257": "the archive area is full: ask the DBA to free it",
    "ORA-12514": "the listener does not know the service: check service_name",
    "ORA-12505": "the listener does not know the SID: check sid, or use service_name",
    "ORA-12154": "the alias is not in tnsnames.ora: check dsn and config_dir",
    "ORA-00904": "a column is gone: another loader changes the table, or somebody has dropped it",
    "ORA-00942": "the table or view is gone, or no right on it: check default_target_schema and grants",
    "ORA-01013": "the statement was cancelled",
    "ORA-16000": "the database is open for reading only: connect to the primary's service",
    "DPY-6001": "the listener does not know the service: check service_name",
    "DPY-6003": "the listener does not know the SID: check sid, or use service_name",
    "DPY-6005": "nothing answers there: check host and port, and that the listener runs",
    "DPY-6000": "the listener refused: check host, port and service_name",
    "DPY-6002": "the server's certificate carries another name: check ssl_server_cert_dn",
    "DPY-6006": "the server's certificate carries another name: check host, or set ssl_server_cert_dn",
    "DPY-4000": "the alias is not in tnsnames.ora: check dsn and config_dir",
    "DPY-4026": "tnsnames.ora is not there: check config_dir",
    "DPY-4027": "a tnsnames.ora is needed: set config_dir",
    "DPY-3001": "the server wants native network encryption: set driver_mode to thick",
    "DPY-3010": "the server is older than 12.1: set driver_mode to thick",
    "DPY-3015": "the account has only a 10G verifier: set a new password, or driver_mode to thick",
    "DPY-2018": "the wallet is not there: check wallet_location",
    "DPY-4011": "the connection broke",
    "DPY-4024": "call_timeout ran out",
}

UNTRUSTED: Final = "nobody trusted here signed the server's certificate: put its issuer's into the wallet"
# By OpenSSL's number of what is wrong with the chain (X509_V_ERR_...); the driver wraps it in DPY-6005.
CERTIFICATES: Final = {
    9: "the server's certificate is not valid yet: compare the clocks",
    10: "the server's certificate has expired: its owner must renew it",
}

_CODE: Final = re.compile(r"\b(ORA|DPY)-(\d{4,5})\b")
# The driver puts its own code before the server's: "DPY-4011: …\nORA-03113: …".
_HELP: Final = re.compile(r"\s*Help: \S+\s*$")


def codes_of(error: BaseException) -> tuple[str, ...]:
    """
    Return the codes that *error* carries, the driver's own first, as "ORA-01017".
    """
    detail = error.args[0] if error.args else None
    full = getattr(detail, "full_code", None)
    found = [full] if full else []
    found += [f"{kind}-{number}" for kind, number in _CODE.findall(str(error))]
    return tuple(dict.fromkeys(found))


def code_of(error: BaseException) -> str | None:
    """
    Return the code that names what happened: the server's where there is one behind the driver's.
    """
    found = codes_of(error)
    server = [code for code in found if code.startswith("ORA-")]
    return next(iter([*server, *found]), None)


def classify(error: oracledb.Error, *, connecting: bool = False) -> Action:
    """
    Return what to do about *error*; *connecting* tells that no session had been opened yet.
    """
    found = set(codes_of(error))
    if connecting:
        if _certificate_fault(error) is not None:
            return Action.STOP
        # Nothing is open yet, so whatever passes is cured by connecting anew.
        return Action.CONNECT if found & _PASSING and not found & _NEVER else Action.STOP
    if found & REPLAY:
        return Action.REPLAY
    if (found - _WRAPPER or found) & RETRY:
        return Action.RETRY
    return Action.ROW if any(map(_is_row_code, found)) else Action.STOP


def is_parallel(error: oracledb.Error) -> bool:
    """
    Tell whether *error* is of a session that changes tables in parallel.
    """
    return not PARALLEL.isdisjoint(codes_of(error))


def is_of_binds(error: oracledb.Error) -> bool:
    """
    Tell whether *error* is of how values were bound, so that bound otherwise they may be taken.
    """
    found = codes_of(error)
    return not OF_BINDS.isdisjoint(found) or any(code.startswith("DPY-3") for code in found)


# What a server says to binds of another type or size than it takes, and to ALTER SESSION before them; what
# the driver says to a value that it cannot encode.
OF_BINDS: Final = _codes(
    "900 932 1457 1458 1460 1461 1483 1484 2248 3146 14699 22295 24813 24816 DPY-4003 DPY-4004 DPY-4014"
)


def forbids_merge(error: oracledb.Error) -> bool:
    """
    Tell whether a security policy of the table lets no MERGE through, refused before it did anything.
    """
    return _NO_MERGE in codes_of(error)


def is_changing(error: oracledb.Error) -> bool:
    """
    Tell whether a table that another loader changes at this moment may be behind *error*.
    """
    return not CHANGING.isdisjoint(codes_of(error))


# A refused password is never tried again: the account would lock (FAILED_LOGIN_ATTEMPTS).
# Nor will a name, a wallet or a certificate be another in a minute.
_NEVER: Final = _codes("1017 1005 28000 28001 1045 DPY-2018 DPY-6002 DPY-6006")
_PASSING: Final = CONNECT | REPLAY | RETRY


def is_row_fault(number: int) -> bool:
    """
    Tell whether batch error ORA-*number* is the row's own fault.
    """
    return _is_row_code(f"ORA-{number:05d}")


def _is_row_code(code: str) -> bool:
    # ORA-20000 to 20999 are raised by a trigger (PL/SQL Reference, RAISE_APPLICATION_ERROR).
    return code in ROW or code.startswith("ORA-20")


def describe(error: BaseException) -> str:
    """
    Return one line for *error*: its code and advice, without the server's text, which may quote row values.

    Codes of the network and of the log-in have no row in sight; their text is kept.
    """
    found = codes_of(error)
    advice = _certificate_fault(error) or next(
        (ADVICE[code] for code in reversed(found) if code in ADVICE), None
    )
    text = _first_line(error) if _is_harmless(found) else " ".join(found)
    return f"{text or type(error).__name__}: {advice}" if advice else text or type(error).__name__


def _certificate_fault(error: BaseException) -> str | None:
    """
    Return what to do about a certificate that TLS refused; None where that is not what happened.
    """
    cause = error.__cause__
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__
    return None if cause is None else CERTIFICATES.get(cause.verify_code, UNTRUSTED)


def _first_line(error: BaseException) -> str:
    return " ".join(_HELP.sub("", str(error)).split())


def _is_harmless(found: tuple[str, ...]) -> bool:
    return not any(_is_row_code(code) or code in _TELLS_VALUES for code in found)


# From 23ai these come with values of the row in their details.
_TELLS_VALUES: Final = _codes("1 1438 1722 1858 1861 2290 2291 2292 12899 3301 3302 3306")
