"""
What the server is and its user may do; what is missing comes with its GRANT.

Plain queries, of which any may be refused: a view that the user may not read makes a finding "unknown", never
a failure. Nothing is written but by `scratch`.
"""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
import oracledb

from target_oracle.oracle import suspended
from target_oracle.oracle.codes import code_of, describe
from target_oracle.oracle.dictionary import EXTENDED_BYTES, read_server
from target_oracle.oracle.ledger import qualified
from target_oracle.oracle.names import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_oracle.oracle.session import Session
    from target_oracle.oracle.types import Server

Level = Literal["ok", "unknown", "warning", "failed"]

UNICODE: Final = ("AL32UTF8", "UTF8")
# Tokens, certificates and the time that rows carry go by both clocks.
MOST_SKEW_SECONDS: Final = 60
_PINGS: Final = 5
# One round trip that carries this much tells bandwidth from latency. The driver declares four bytes a
# character, and of more than 4000 a bind is a LONG, which an expression does not take (ORA-01461).
_PROBE_BINDS: Final = 256
_PROBE_BYTES: Final = 1000
_LEAST_FREE_BYTES: Final = 100 << 20
_GIB: Final = 1 << 30
# What a load into another user's schema does there. A primary key makes an index, which has a right of its
# own (CREATE TABLE, prerequisites).
_SHAPES_ANYWHERE: Final = ("CREATE ANY TABLE", "CREATE ANY INDEX", "ALTER ANY TABLE", "COMMENT ANY TABLE")
_ROWS_ANYWHERE: Final = ("SELECT ANY TABLE", "INSERT ANY TABLE", "UPDATE ANY TABLE", "DELETE ANY TABLE")
# Work tables that stand beside the stream's go again.
_DROPS_ANYWHERE: Final = "DROP ANY TABLE"
_ABSENT: Final = "ORA-00942"


class Finding(msgspec.Struct, frozen=True):
    """
    One line of the report: *value* is what was found, *cure* what to run or set where that is not enough.
    """

    name: str
    value: str
    level: Level = "ok"
    cure: str | None = None


class Needs(msgspec.Struct, frozen=True):
    """
    What the loads of one config ask of the database.

    *owners* are the schemas that it names, None for the session's own; *ddl* tells whether tables are made,
    *overwrites* whether work tables stand beside them; *ledger_table* is None without a ledger.
    *suspended_table*, quoted, lists what loads have switched off.
    """

    owners: tuple[str | None, ...] = (None,)
    ddl: bool = True
    overwrites: bool = False
    ledger_table: str | None = None
    loader_id: str | None = None
    suspended_table: str = quote(suspended.TABLE)


def examine(session: Session, needs: Needs) -> Iterator[Finding]:
    """
    Give what there is to say of the server, the rights and space of its user, and the way there.

    Raises oracledb.Error when the connection breaks.
    """
    server = read_server(session.connection)
    yield from _of_server(session, server)
    yield from _of_session(session, server)
    privileges = _privileges(session)
    yield from _of_rights(session, server, needs, privileges)
    if needs.ddl:
        yield from _of_space(session, server, privileges)
    yield from _of_ledger(session, needs)
    yield from _of_suspended(session, needs.suspended_table)
    yield from _of_way(session)


def _ask(session: Session, sql: str, binds: Sequence[Any] = ()) -> list[tuple[Any, ...]] | None:
    """
    Return the rows of *sql*; None where this user or server does not answer it.
    """
    try:
        return session.rows(sql, binds)
    except oracledb.DatabaseError:
        if not session.connection.is_healthy():
            raise
        return None


def _first(session: Session, sql: str, binds: Sequence[Any] = ()) -> Any:
    """
    Return the first value of *sql*; None where there is none.
    """
    rows = _ask(session, sql, binds)
    return rows[0][0] if rows else None


# --- the server


def _of_server(session: Session, server: Server) -> Iterator[Finding]:
    banner = _first(session, "SELECT banner FROM v$version")
    version = session.connection.version
    yield Finding("server", f"{banner} ({version})" if banner else f"Oracle Database {version}")
    yield _charset(server.charset)
    extended = server.max_string_bytes == EXTENDED_BYTES
    yield Finding(
        "longest VARCHAR2", f"{server.max_string_bytes} bytes ({'EXTENDED' if extended else 'STANDARD'})"
    )
    yield Finding("longest name", f"{server.max_name_bytes} bytes")
    kinds = [name for name, there in (("BOOLEAN", server.has_boolean), ("JSON", server.has_json)) if there]
    yield Finding(
        "column types",
        " and ".join(kinds) if kinds else "neither BOOLEAN nor JSON: NUMBER(1) and CLOB are used",
    )


def _charset(charset: str) -> Finding:
    if charset in UNICODE:
        return Finding("character set", charset)
    return Finding(
        "character set",
        charset,
        "warning",
        f"rows with characters that {charset} lacks are refused: use a database with AL32UTF8",
    )


def _of_session(session: Session, server: Server) -> Iterator[Finding]:
    yield Finding("session user", server.user)
    yield Finding("schema", server.schema)
    for name, parameter in (("service", "SERVICE_NAME"), ("database", "DB_NAME"), ("container", "CON_NAME")):
        found = _first(session, f"SELECT SYS_CONTEXT('USERENV', '{parameter}') FROM dual")  # noqa: S608  # our words
        if found:
            yield Finding(name, str(found))
    yield from _comparison(session)
    protocol = _first(session, "SELECT SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL') FROM dual")
    if protocol:
        yield Finding(
            "network", f"{protocol}, {'encrypted' if protocol == 'tcps' else 'not encrypted by TLS'}"
        )


def _comparison(session: Session) -> Iterator[Finding]:
    """
    Tell how the session compares texts: otherwise than by their bytes, keys that differ may meet.
    """
    rows = _ask(
        session,
        "SELECT parameter, value FROM nls_session_parameters WHERE parameter IN ('NLS_COMP', 'NLS_SORT')",
    )
    said = dict(rows or ())
    how, order = said.get("NLS_COMP"), said.get("NLS_SORT")
    if how is None or how == "BINARY" or order == "BINARY":
        return
    yield Finding(
        "comparison",
        f"{how} by {order}: an upsert may take one key for another",
        "warning",
        "put ALTER SESSION SET NLS_COMP = BINARY into session_sql",
    )


# --- rights


def _privileges(session: Session) -> frozenset[str] | None:
    """
    Return the system privileges of the session; None where it may not see them.
    """
    rows = _ask(session, "SELECT privilege FROM session_privs")
    return None if rows is None else frozenset(privilege for (privilege,) in rows)


def _of_rights(
    session: Session, server: Server, needs: Needs, privileges: frozenset[str] | None
) -> Iterator[Finding]:
    owners = tuple(dict.fromkeys(owner or server.schema for owner in needs.owners))
    if privileges is None:
        yield Finding("privileges", "not readable", "unknown")
        return
    if needs.ddl and (server.user in owners or needs.ledger_table):
        yield _create_table(server.user, privileges)
    for owner in owners:
        if owner != server.user:
            yield from _of_schema(session, server.user, owner, needs, privileges)


def _create_table(user: str, privileges: frozenset[str]) -> Finding:
    if privileges & {"CREATE TABLE", "CREATE ANY TABLE"}:
        return Finding("CREATE TABLE", "granted")
    return Finding("CREATE TABLE", "missing", "failed", f"GRANT CREATE TABLE TO {quote(user)}")


def _of_schema(
    session: Session, user: str, owner: str, needs: Needs, privileges: frozenset[str]
) -> Iterator[Finding]:
    """
    Give what is missing for a load into the schema of another user.
    """
    name = f"schema {owner}"
    if _ask(session, "SELECT username FROM all_users WHERE username = :1", [owner]) == []:
        cure = f"CREATE USER {quote(owner)} QUOTA UNLIMITED ON users, or mend default_target_schema"
        yield Finding(name, "there is no such user", "failed", cure)
        return
    schema_wide = _schema_privileges(session, owner)
    missing = [each for each in _anywhere(needs) if each not in privileges | schema_wide]
    if not missing:
        yield Finding(
            name, "its tables may be made and written" if needs.ddl else "its tables may be written"
        )
    elif needs.ddl:
        cure = (
            f"GRANT {', '.join(missing)} TO {quote(user)}, or have the tables made and set ddl_mode to none"
        )
        yield Finding(name, f"missing: {', '.join(missing)}", "failed", cure)
    else:
        yield _granted_tables(session, user, owner)


def _anywhere(needs: Needs) -> tuple[str, ...]:
    shapes = _SHAPES_ANYWHERE if needs.ddl else ()
    drops = (_DROPS_ANYWHERE,) if needs.ddl and needs.overwrites else ()
    return (*shapes, *drops, *_ROWS_ANYWHERE)


def _schema_privileges(session: Session, owner: str) -> frozenset[str]:
    """
    Return what is granted on the whole schema: from 23ai (GRANT ... ON SCHEMA).
    """
    rows = _ask(session, "SELECT privilege FROM session_schema_privs WHERE schema = :1", [owner])
    return frozenset(privilege for (privilege,) in rows or ())


def _granted_tables(session: Session, user: str, owner: str) -> Finding:
    count = _first(
        session,
        "SELECT COUNT(DISTINCT table_name) FROM all_tab_privs"
        " WHERE table_schema = :1 AND privilege = 'INSERT'",
        [owner],
    )
    name = f"schema {owner}"
    if count is None:
        return Finding(name, "grants are not readable", "unknown")
    if count:
        return Finding(name, f"INSERT is granted on {count} of its tables")
    cure = (
        f"for each table: GRANT SELECT, INSERT, UPDATE, DELETE ON {quote(owner)}.table_name TO {quote(user)}"
    )
    return Finding(name, "no table of it may be written", "failed", cure)


# --- space


def _of_space(session: Session, server: Server, privileges: frozenset[str] | None) -> Iterator[Finding]:
    tablespace = _first(session, "SELECT default_tablespace FROM user_users")
    if tablespace is None:
        yield Finding("quota", "the default tablespace is not readable", "unknown")
        return
    yield Finding("default tablespace", str(tablespace))
    yield _quota(session, server.user, str(tablespace), privileges or frozenset())
    free = _first(session, "SELECT SUM(bytes) FROM user_free_space WHERE tablespace_name = :1", [tablespace])
    yield _free(str(tablespace), free)


def _quota(session: Session, user: str, tablespace: str, privileges: frozenset[str]) -> Finding:
    if "UNLIMITED TABLESPACE" in privileges:
        return Finding("quota", "unlimited (UNLIMITED TABLESPACE)")
    rows = _ask(
        session, "SELECT bytes, max_bytes FROM user_ts_quotas WHERE tablespace_name = :1", [tablespace]
    )
    if rows is None:
        return Finding("quota", "not readable", "unknown")
    cure = f"ALTER USER {quote(user)} QUOTA UNLIMITED ON {quote(tablespace)}"
    if not rows:
        return Finding("quota", f"none on {tablespace}", "failed", cure)
    used, most = int(rows[0][0]), int(rows[0][1])
    if most < 0:
        return Finding("quota", f"unlimited on {tablespace}, {_gib(used)} used")
    left = most - used
    level: Level = "failed" if left <= 0 else "warning" if left < _LEAST_FREE_BYTES else "ok"
    return Finding(
        "quota", f"{_gib(left)} of {_gib(most)} left on {tablespace}", level, None if level == "ok" else cure
    )


def _free(tablespace: str, free: Any) -> Finding:
    if free is None:
        return Finding("free space", "not readable, or none until the data files grow", "unknown")
    if int(free) >= _LEAST_FREE_BYTES:
        return Finding("free space", f"{_gib(int(free))} in {tablespace}")
    cure = f"unless its data files grow by themselves: ALTER TABLESPACE {quote(tablespace)} ADD DATAFILE"
    return Finding("free space", f"{_gib(int(free))} in {tablespace}", "warning", cure)


def _gib(size: int) -> str:
    return f"{size / _GIB:.2f} GiB"


# --- the ledger


def _of_ledger(session: Session, needs: Needs) -> Iterator[Finding]:
    if needs.ledger_table is None:
        cure = "a COMMIT whose answer is lost may load rows twice: set ledger to true"
        yield Finding("ledger", "switched off", "warning", cure)
        return
    table = qualified(needs.ledger_table)
    try:
        rows = session.rows(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # quoted
    except oracledb.DatabaseError as refusal:
        if code_of(refusal) != _ABSENT:
            yield Finding("ledger", f"{table} is not readable", "failed", describe(refusal))
        elif needs.ddl:
            yield Finding("ledger", f"{table} is not there yet; the first load makes it")
        else:
            yield Finding(
                "ledger", f"{table} is not there", "warning", "the first load makes it: GRANT CREATE TABLE"
            )
        return
    yield Finding("ledger", f"{table}, {rows[0][0]} rows")
    if needs.loader_id is not None:
        yield _loader(session, table, needs.loader_id)


def _loader(session: Session, table: str, loader_id: str) -> Finding:
    query = f'SELECT "CHECKPOINT", "ROWS_TOTAL", "HOLDER" FROM {table} WHERE "LOADER_ID" = :1'  # noqa: S608  # quoted
    rows = _ask(session, query, [loader_id])
    if rows is None:
        return Finding("loader_id", f"{loader_id}: its row is not readable", "unknown")
    if not rows:
        return Finding("loader_id", f"{loader_id}: no run yet")
    checkpoint, total, holder = rows[0]
    return Finding(
        "loader_id", f"{loader_id}: {checkpoint} checkpoints, {total} rows in the last run, by {holder}"
    )


# --- what loads have switched off


def _of_suspended(session: Session, table: str) -> Iterator[Finding]:
    try:
        off = [entry.part for entry in suspended.entries(session, table)]
    except oracledb.DatabaseError as refusal:
        yield Finding("switched off", f"{table} is not readable ({code_of(refusal)})", "unknown")
        return
    if off:
        names = ", ".join(f"{part.table_owner}.{part.table}: {part.kind} {part.name}" for part in off)
        cure = f"unless such a load still runs, run one, or: {'; '.join(part.on() for part in off)}"
        yield Finding("switched off", f"by loads, for their time: {names}", "warning", cure)


# --- the way there


def _of_way(session: Session) -> Iterator[Finding]:
    trip = _round_trip(session)
    yield Finding("round trip", f"{trip * 1000:.1f} ms")
    yield _throughput(session, trip)
    yield _skew(session)


def _round_trip(session: Session) -> float:
    taken = []
    for _ in range(_PINGS):
        began = time.perf_counter()
        session.ping()
        taken.append(time.perf_counter() - began)
    return median(taken)


def _throughput(session: Session, trip: float) -> Finding:
    """
    Send a quarter of a megabyte in the binds of a query and see how much longer that takes than a round trip.
    """
    lengths = ", ".join(f"LENGTH(:{n})" for n in range(1, _PROBE_BINDS + 1))
    sql = f"SELECT {lengths} FROM dual"  # noqa: S608  # numbers
    text = "x" * _PROBE_BYTES
    began = time.perf_counter()
    if _ask(session, sql, [text] * _PROBE_BINDS) is None:
        return Finding("throughput", "the probe was refused", "unknown")
    taken = time.perf_counter() - began
    rate = _PROBE_BINDS * _PROBE_BYTES / max(taken - trip, taken / 10) / 1e6
    return Finding(
        "throughput", f"{rate:.0f} MB/s to the server, of a probe of {_PROBE_BINDS * _PROBE_BYTES // 1000} kB"
    )


def _skew(session: Session) -> Finding:
    began = datetime.now(timezone.utc)
    there = _first(session, "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM dual")
    if not isinstance(there, datetime):
        return Finding("clock", "the server's clock is not readable", "unknown")
    here = began + (datetime.now(timezone.utc) - began) / 2
    skew = (there.replace(tzinfo=timezone.utc) - here).total_seconds()
    if abs(skew) < MOST_SKEW_SECONDS:
        return Finding("clock", f"{abs(skew):.1f} s apart")
    ahead = "ahead of" if skew > 0 else "behind"
    return Finding(
        "clock",
        f"the server is {math.floor(abs(skew))} s {ahead} this machine",
        "warning",
        "set both clocks by NTP",
    )


# --- writing


def scratch(session: Session, owner: str | None, name: str) -> Iterator[Finding]:
    """
    Make a table, write a row into it, drop it; a refusal is a finding with its advice.
    """
    table = f"{quote(owner)}.{quote(name)}" if owner else quote(name)
    finding = _try(
        session, "create", f'CREATE TABLE {table} ("ID" NUMBER(19) NOT NULL, "NOTE" VARCHAR2(100 CHAR))'
    )
    yield finding
    if finding.level != "ok":
        return
    yield _try(session, "insert", f'INSERT INTO {table} ("ID", "NOTE") VALUES (1, \'check\')')  # noqa: S608  # quoted
    session.rollback()
    yield _try(session, "drop", f"DROP TABLE {table} PURGE")


def _try(session: Session, what: str, sql: str) -> Finding:
    try:
        session.run(sql)
    except oracledb.DatabaseError as refusal:
        return Finding(f"scratch table: {what}", str(code_of(refusal)), "failed", describe(refusal))
    return Finding(f"scratch table: {what}", "done")
