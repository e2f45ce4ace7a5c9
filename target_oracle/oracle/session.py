"""
One connection: how it is made, kept, used for array DML, and told apart from others in V$SESSION.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import oracledb

from target_oracle.errors import ConfigError
from target_oracle.oracle.binds import refuse_drift
from target_oracle.oracle.stores import enable
from target_oracle.oracle.tunnel import Tunnel, through

if TYPE_CHECKING:
    from target_oracle.config import Config

# The driver sends in pieces of this size. 8 KiB, its default, costs more CPU a row; more than this, memory
# (docs/decisions/0008-hot-path.md).
SDU_BYTES: Final = 1 << 18
# V$SESSION: MODULE holds 64 bytes, ACTION 64, CLIENT_IDENTIFIER 64 (Reference, V$SESSION).
TAG_BYTES: Final = 64
UTC: Final = "+00:00"
PING_SECONDS: Final = 30


def connect(config: Config) -> Session:
    """
    Open a session as *config* says; raise oracledb.Error. Thick mode is switched on before the first one.
    """
    if config.driver_mode == "thick" and oracledb.is_thin_mode():
        oracledb.init_oracle_client(lib_dir=config.client_lib_dir, config_dir=config.config_dir)
    enable(config.dsn)
    in_utc = os.environ.setdefault("ORA_SDTZ", UTC) == UTC  # the driver sets it with the log-in
    session = (
        _connect_through(config) if config.ssh_tunnel else Session(oracledb.connect(**_parameters(config)))
    )
    if config.call_timeout:
        session.connection.call_timeout = int(config.call_timeout * 1000)
    session.in_utc = in_utc and not config.session_sql
    return session


def _connect_through(config: Config) -> Session:
    """
    Open a session whose network is an SSH tunnel to the one address of the database.
    """
    given = _parameters(config)
    dsn = given.pop("dsn", None)
    parameters = oracledb.ConnectParams(**given)
    if dsn is not None:
        parameters.parse_connect_string(dsn)
    host, port = parameters.host, parameters.port
    if not isinstance(host, str) or not isinstance(port, int):
        raise ConfigError("ssh_tunnel: leads to one address; dsn names several")
    if parameters.protocol == "tcps" and _compares_names(parameters):
        raise ConfigError("ssh_tunnel: hides the server's name from TLS; set ssl_server_cert_dn")
    tunnel = through(config.ssh_tunnel, host, port, config.tcp_connect_timeout)
    try:
        parameters.set(host="127.0.0.1", port=tunnel.port)
        return Session(oracledb.connect(params=parameters), tunnel)
    except BaseException:
        tunnel.release()
        raise


def _compares_names(parameters: oracledb.ConnectParams) -> bool:
    return bool(parameters.ssl_server_dn_match) and not parameters.ssl_server_cert_dn


def open_session(config: Config, run_id: str) -> Session:
    """
    Return a session that is named and set up as *config* says; raise oracledb.Error.
    """
    session = connect(config)
    try:
        session.tag(module=config.query_tag, client=run_id)
        for statement in config.session_sql:
            session.run(statement)
    except BaseException:
        session.close()
        raise
    return session


def _parameters(config: Config) -> dict[str, Any]:
    given: dict[str, Any] = {
        "dsn": config.dsn,
        "host": config.host,
        "port": config.port if config.host else None,
        "service_name": config.service_name,
        "sid": config.sid,
        "protocol": config.protocol if config.host else None,
        "user": config.user,
        "password": config.read_password(),
        "proxy_user": config.proxy_user,
        "access_token": config.access_token,
        "externalauth": config.external_auth or None,
        "edition": config.edition,
        "config_dir": config.config_dir or os.environ.get("TNS_ADMIN"),
        "wallet_location": config.wallet_location,
        "wallet_password": config.wallet_password,
        "ssl_server_dn_match": config.ssl_server_dn_match,
        "ssl_server_cert_dn": config.ssl_server_cert_dn,
        "https_proxy": config.https_proxy,
        "https_proxy_port": config.https_proxy_port,
        "tcp_connect_timeout": config.tcp_connect_timeout,
        "expire_time": config.expire_time,
        # Short sends are lost with both (python-oracledb ignores them while a call timeout runs).
        "sdu": None if config.call_timeout else config.sdu or SDU_BYTES,
    }
    return {name: value for name, value in given.items() if value is not None}


class Session:
    """
    A connection and its one cursor; every call is one round trip and raises oracledb.Error.

    A *tunnel* that the connection goes through is given back with it. *holder* is the process that holds the
    connection, where that is another one. *in_utc* tells that the session's time zone is known to be UTC.
    """

    holder: object | None = None
    in_utc = False

    def __init__(self, connection: oracledb.Connection, tunnel: Tunnel | None = None) -> None:
        self.connection = connection
        self._tunnel = tunnel
        self._cursor = connection.cursor()
        self._cursor.inputtypehandler = refuse_drift

    def tag(self, *, module: str, client: str) -> None:
        """
        Name this session in V$SESSION; travels with the next round trip.
        """
        self.connection.module = _cut(module)
        self.connection.client_identifier = _cut(client)

    def act(self, action: str) -> None:
        """
        Name what the session is about (V$SESSION.ACTION); travels with the next round trip.
        """
        self.connection.action = _cut(action)

    def array(
        self, sql: str, rows: list[tuple[Any, ...]], declared: Sequence[Any]
    ) -> tuple[int, list[tuple[int, int, str]]]:
        """
        Run *sql* once for each of *rows* in one round trip; rows that fail do not harm the others.

        Return how many rows are in, and the failed ones as (offset, ORA number, text), in order of offset.
        """
        cursor = self._cursor
        cursor.setinputsizes(*declared)
        cursor.executemany(sql, rows, batcherrors=True)
        failed = sorted((fault.offset, fault.code, fault.message) for fault in cursor.getbatcherrors() or ())
        return cursor.rowcount, failed

    def array_of_columns(
        self, sql: str, table: Any, *, zoned: bool
    ) -> tuple[int, list[tuple[int, int, str]]]:
        """
        As `array`, for an Arrow *table*: its types are the declaration (python-oracledb, data frames).

        A date-time travels as TIMESTAMP, which a column WITH TIME ZONE reads in the session's zone: with
        *zoned* that is UTC from here on.
        """
        if zoned and not self.in_utc:
            self.run(f"ALTER SESSION SET TIME_ZONE = '{UTC}'")
            self.in_utc = True
        with self.connection.cursor() as cursor:  # a cursor holds on to the table until its next call
            cursor.executemany(sql, table, batcherrors=True)
            failed = sorted(
                (fault.offset, fault.code, fault.message) for fault in cursor.getbatcherrors() or ()
            )
            return cursor.rowcount, failed

    def load_directly(self, owner: str, table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        """
        Load *rows* by direct path, which commits; names are taken as they stand, so they need no quotes.
        """
        try:
            self.connection.direct_path_load(owner, table, columns, rows)
        except AttributeError as fault:
            # The driver would abort the load over the connection that it has just lost (26.1).
            if self.connection.is_healthy():
                raise
            raise oracledb.OperationalError("DPY-4011: the connection broke in a direct path load") from fault

    def array_counts(
        self, sql: str, rows: list[tuple[Any, ...]], declared: Sequence[Any]
    ) -> tuple[list[int], int, list[tuple[int, int, str]]]:
        """
        As `array`, but return how many rows of the table each of *rows* touched, and all together.

        0 for those that failed.

        After the first row that fails a MERGE tells 0 for all rows, and the right sum (node-oracledb issue
        1686).
        """
        cursor = self._cursor
        cursor.setinputsizes(*declared)
        cursor.executemany(sql, rows, batcherrors=True, arraydmlrowcounts=True)
        failed = sorted((fault.offset, fault.code, fault.message) for fault in cursor.getbatcherrors() or ())
        return list(cursor.getarraydmlrowcounts()), cursor.rowcount, failed

    def run(self, sql: str, binds: Mapping[str, Any] | Sequence[Any] = ()) -> int:
        """
        Run one statement; return how many rows it touched.
        """
        with self.connection.cursor() as cursor:
            cursor.execute(sql, binds)
            touched: int = cursor.rowcount
            return max(touched, 0)

    def run_and_commit(self, sql: str, binds: Sequence[Any]) -> int:
        """
        Run one statement and commit what is open, in one round trip; when it fails nothing is committed.
        """
        self.connection.autocommit = True
        try:
            touched = self.run(sql, binds)
        finally:
            self.connection.autocommit = False
        if self.connection.transaction_in_progress:
            self.connection.commit()
        return touched

    def rows(self, sql: str, binds: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """
        Return every row of a query, LOBs as text.
        """
        with self.connection.cursor() as cursor:
            cursor.arraysize = cursor.prefetchrows = 1000
            cursor.execute(sql, binds, fetch_lobs=False, fetch_decimals=True)
            return list(cursor.fetchall())

    def commit(self) -> None:
        """
        Commit what is open.
        """
        self.connection.commit()

    def rollback(self) -> None:
        """
        Give up what is open.
        """
        self.connection.rollback()

    def ping(self) -> None:
        """
        Make a round trip, so that a cut connection is noticed before rows are risked.

        A firewall may swallow what is sent without a word, so the answer is not waited for longer than
        PING_SECONDS.
        """
        before, most = self.connection.call_timeout, int(PING_SECONDS * 1000)
        self.connection.call_timeout = min(before or most, most)
        self.connection.ping()
        # Not in a `finally`: setting it on a connection that just broke crashes the driver's process (26.1).
        self.connection.call_timeout = before

    def close(self) -> None:
        """
        Close the connection; one that is already broken is only forgotten.
        """
        try:
            self.connection.close()
        except oracledb.Error:
            pass
        finally:
            if self._tunnel is not None:
                self._tunnel.release()
                self._tunnel = None


def _cut(text: str) -> str:
    return text.encode()[:TAG_BYTES].decode(errors="ignore")
