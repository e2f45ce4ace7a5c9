"""
The stand-in server's command line.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from tests.standin import faults
from tests.standin.charsets import CHARSETS
from tests.standin.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_STRING_SIZES = ("standard", "extended")


@dataclass(frozen=True, slots=True)
class Options:
    """
    How a server is to run; *port* 0 lets the system choose.
    """

    port: int = 0
    user: str = "app"
    password: str = field(default="secret", repr=False)
    service: str = "FREEPDB1"
    version: int = 23
    max_string_size: str = "standard"
    data: str | None = None
    tls: tuple[str, str] | None = None
    tls_clients: str | None = None
    rtt_ms: float = 0.0
    stats: str | None = None
    log_sql: str | None = None
    faults: tuple[str, ...] = ()
    ack: bool = False
    charset: str = "AL32UTF8"


class _Parser(argparse.ArgumentParser):
    """
    One line on stderr and exit 2, as every wrong call of ours ends.
    """

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"stand-in: {message}\n")


def _fault(spec: str) -> str:
    try:
        faults.parse(spec)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault
    return spec


def _rtt(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 60_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of milliseconds from 0 to 60000")
    return value


def parse(arguments: Sequence[str]) -> Options:
    """
    Read the command line; exits with 2 and one line when it is wrong.
    """
    parser = _Parser(
        prog="stand-in",
        description="A server that speaks Oracle's wire protocol and keeps its rows in SQLite, for tests. "
        "Prints 'ready HOST:PORT' and serves until SIGTERM.",
        epilog=faults.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    plain = Options()
    add = parser.add_argument
    add("--port", type=int, default=plain.port, help="0: any free one")
    add("--user", default=plain.user)
    add("--password", default=plain.password)
    add("--service", default=plain.service)
    add("--version", type=int, default=plain.version, choices=sorted(PROFILES))
    add("--max-string-size", default=plain.max_string_size, choices=MAX_STRING_SIZES)
    add("--charset", default=plain.charset, choices=sorted(CHARSETS), help="the database's character set")
    add("--data", metavar="FILE.sqlite", help="keep committed rows in this file (default: in memory)")
    add("--tls", nargs=2, metavar=("CERT", "KEY"), help="speak TLS (tcps)")
    add("--tls-clients", metavar="CERT", help="take only clients with a certificate that this one signed")
    add("--rtt-ms", type=_rtt, default=plain.rtt_ms, metavar="N", help="delay every answer")
    add("--stats", metavar="FILE", help="keep counters there, as JSON")
    add("--log-sql", metavar="FILE", help="append every statement there, one JSON line each")
    add("--fault", action="append", type=_fault, default=[], metavar="SPEC", help="see below")
    add("--ack", action="store_true", help="answer OK to array DML without looking at its rows")
    found = parser.parse_args(arguments)
    return Options(
        port=found.port,
        user=found.user,
        password=found.password,
        service=found.service,
        version=found.version,
        max_string_size=found.max_string_size,
        data=found.data,
        tls=tuple(found.tls) if found.tls else None,
        tls_clients=found.tls_clients,
        rtt_ms=found.rtt_ms,
        stats=found.stats,
        log_sql=found.log_sql,
        faults=tuple(found.fault),
        ack=found.ack,
        charset=found.charset,
    )
