"""
The one table of settings: name, type, default, limits, and what each of them means.

All else is read from it: the checks of a config, `--about`, docs/settings.md, the names in the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["string", "integer", "number", "boolean", "array", "object"]

# Past this many failed rows the driver raises instead of listing them (python-oracledb, batch errors).
MAX_BATCH_ROWS: Final = 65_535

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)  # no struct: `--about` imports no msgspec
class Setting:
    """
    One setting as the operator knows it.

    *options* are the only values where there are any; *least* and *most* bound a number, both included.
    *per_stream* says that it may stand under `streams`. An *array* holds strings.
    """

    name: str
    kind: Kind
    default: object
    doc: str
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    secret: bool = False
    per_stream: bool = False

    @property
    def variable(self) -> str:
        """
        The name in the environment.
        """
        return PREFIX + self.name.upper()

    @property
    def title(self) -> str:
        """
        The name as a label: every word with a capital.
        """
        return self.name.replace("_", " ").title()


PREFIX: Final = "TARGET_ORACLE_"


def _text(
    name: str,
    doc: str,
    *options: str,
    default: str | None = None,
    secret: bool = False,
    per_stream: bool = False,
) -> Setting:
    return Setting(name, "string", default, doc, options, secret=secret, per_stream=per_stream)


def _flag(name: str, doc: str, *, default: bool | None = False, per_stream: bool = False) -> Setting:
    return Setting(name, "boolean", default, doc, per_stream=per_stream)


def _count(
    name: str,
    doc: str,
    *,
    default: int | None = None,
    least: int = 0,
    most: int | None = None,
    per_stream: bool = False,
) -> Setting:
    return Setting(name, "integer", default, doc, least=least, most=most, per_stream=per_stream)


def _amount(
    name: str,
    doc: str,
    *,
    default: float | None = None,
    least: float = 0,
    most: float | None = None,
    per_stream: bool = False,
) -> Setting:
    return Setting(name, "number", default, doc, least=least, most=most, per_stream=per_stream)


def _list(name: str, doc: str, *, per_stream: bool = False) -> Setting:
    return Setting(name, "array", (), doc, per_stream=per_stream)


def _map(name: str, doc: str, *, secret: bool = False, per_stream: bool = False) -> Setting:
    return Setting(name, "object", {}, doc, secret=secret, per_stream=per_stream)


CONNECTION: Final = (
    _text("user", "Database user."),
    _text("password", "Password of the user.", secret=True),
    _text("password_file", "File whose text is the password, read when connecting: a container's secret."),
    _text("host", "Host name or address of the database's listener."),
    _count("port", "Port of the listener.", default=1521, least=1, most=65_535),
    _text("service_name", "Service of the database, such as FREEPDB1."),
    _text("sid", "System identifier of an instance, where there is no service name."),
    _text(
        "dsn",
        "Easy Connect string, connect descriptor, TNS alias or a configuration-provider URL, in place of "
        "host, port, service_name and sid. It holds no user and no password.",
    ),
    _text("config_dir", "Folder of tnsnames.ora; by default that of the variable TNS_ADMIN."),
    _text("wallet_location", "Folder of the wallet (ewallet.pem in thin mode) for mutual TLS."),
    _text("wallet_password", "Password of the wallet.", secret=True),
    _text("protocol", "tcps for TLS.", "tcp", "tcps", default="tcp"),
    _flag("ssl_server_dn_match", "Check the server's name against its certificate.", default=True),
    _text("ssl_server_cert_dn", "Distinguished name that the server's certificate must carry."),
    _text("https_proxy", "Host of a proxy that TLS connections go through."),
    _count("https_proxy_port", "Port of that proxy.", least=1, most=65_535),
    _text("access_token", "OAuth 2.0 token in place of a password; needs tcps.", secret=True),
    _flag("external_auth", "Authenticate outside the database: operating system, Kerberos, certificate."),
    _text("proxy_user", "User in whose name the session works; user only opens it."),
    _text("edition", "Edition of the session, for edition-based redefinition."),
    _text(
        "driver_mode",
        "thick uses Oracle Client libraries: native network encryption, Kerberos, LDAP.",
        "thin",
        "thick",
        default="thin",
    ),
    _text("client_lib_dir", "Folder of the Oracle Client libraries for thick mode."),
    _amount("tcp_connect_timeout", "Seconds to wait for a connection.", default=60),
    _count("expire_time", "Minutes between keep-alive probes; 0: none.", default=1),
    _count(
        "sdu",
        "Bytes of the driver's network buffer; by default the largest.",
        least=512,
        most=2 * MIB,
    ),
    _amount("call_timeout", "Seconds that one round trip may take; 0 or absent: any time."),
    _list("session_sql", "Statements run in every new session, such as ALTER SESSION SET ..."),
    _text(
        "query_tag",
        "Name in V$SESSION.MODULE; ACTION is the stream, CLIENT_IDENTIFIER the run.",
        default="target-oracle",
    ),
    _map(
        "ssh_tunnel",
        "SSH host that the connection goes through: host, port, username, private_key (file or text), "
        "private_key_password, password, known_hosts; needs the extra ssh.",
        secret=True,
    ),
)

# The members of `ssh_tunnel`.
SSH: Final = (
    _flag("enable", "Go through the tunnel; false is as if nothing were said.", default=True),
    _text("host", "Host name or address of the SSH server."),
    _count("port", "Its port.", default=22, least=1, most=65_535),
    _text("username", "User there."),
    _text("private_key", "File of the user's private key, or its text.", secret=True),
    _text("private_key_password", "Password of that key.", secret=True),
    _text("password", "Password of the user, where there is no key.", secret=True),
    _text("known_hosts", "File with the key of the SSH server; by default ~/.ssh/known_hosts."),
)

PLACE: Final = (
    _text(
        "default_target_schema",
        "Schema of the tables; by default the connected user's. "
        "It is never created: in Oracle a schema is a user.",
        per_stream=True,
    ),
    _map(
        "schema_mapping",
        'Schema for each source schema, the part of a stream\'s name before "-" or ".": {"public": "DW"}.',
    ),
    _text("table_prefix", "Text before every table's name.", default="", per_stream=True),
    _text("table_suffix", "Text after every table's name.", default="", per_stream=True),
    _text(
        "table_name_pattern",
        'Name of a stream\'s table: {stream} is its whole name, {table} the last part after "-" or ".", '
        "{schema} what stands before it.",
        default="{stream}",
        per_stream=True,
    ),
)

LOADING: Final = (
    _text(
        "load_method",
        "append-only inserts every row; upsert keeps the last row of each key; "
        "overwrite replaces what the table held when the stream is complete.",
        "append-only",
        "upsert",
        "overwrite",
        default="append-only",
        per_stream=True,
    ),
    _map(
        "streams",
        "Settings of single streams, by name or glob; a later match wins: "
        '{"orders*": {"load_method": "upsert"}}.',
    ),
    _text(
        "upsert_strategy",
        "array merges row by row in one call; staged fills a temporary table and merges it at once; "
        "auto takes what fits the columns and the batch.",
        "auto",
        "array",
        "staged",
        default="auto",
        per_stream=True,
    ),
    _flag("skip_unchanged", "Upsert writes no row that equals the stored one.", per_stream=True),
    _flag(
        "partial_updates",
        "Properties that a record lacks leave the stored values alone; "
        "by default so for streams that carry _sdc_deleted_at or _sdc_lsn.",
        default=None,
        per_stream=True,
    ),
    _text(
        "overwrite_strategy",
        "swap exchanges the new rows for the old; delete does so within one transaction in the same table; "
        "truncate is quickest and lets readers see an empty table for a moment.",
        "swap",
        "delete",
        "truncate",
        default="swap",
        per_stream=True,
    ),
    _flag("overwrite_empty", "A stream without any record empties its table.", per_stream=True),
    _text(
        "insert_method",
        "array sends rows as array DML; direct uses the direct path where it is safe; auto decides.",
        "array",
        "direct",
        "auto",
        default="array",
        per_stream=True,
    ),
    _flag("primary_key_required", "Refuse a stream without key properties.", per_stream=True),
)

BATCHES: Final = (
    _count(
        "batch_size_rows",
        "Rows of one array DML.",
        default=10_000,
        least=1,
        most=MAX_BATCH_ROWS,
        per_stream=True,
    ),
    _count(
        "batch_size_bytes",
        "Bytes of input after which an array DML is sent before it is full.",
        default=8 * MIB,
        least=1,
        per_stream=True,
    ),
    _amount(
        "batch_wait_limit_seconds",
        "Seconds after which waiting rows are committed, even when the tap is silent.",
        default=60,
        least=0.01,
    ),
    _count(
        "commit_interval_rows",
        "Rows after which a STATE message closes the transaction; by default batch_size_rows.",
        least=1,
    ),
    _count(
        "max_transaction_rows",
        "Rows after which a transaction is closed without a STATE message; 0: only at a STATE.",
        default=100_000,
    ),
    _count(
        "max_transaction_bytes",
        "Bytes of input after which a transaction is closed without a STATE message; 0: only at a STATE.",
        default=64 * MIB,
    ),
    _text("temp_dir", "Folder for rows kept for a replay past max_transaction_bytes."),
    _count("parallelism", "Connections that load at the same time.", default=1, least=1, most=64),
    _count(
        "decode_processes",
        "Processes that decode and append, each on a connection of its own; 0: the program does it alone.",
        least=0,
        most=64,
        default=0,
    ),
    _text(
        "decoder",
        "auto decodes records in compiled code where the program was installed with it; python never does.",
        "auto",
        "python",
        default="auto",
    ),
    _map(
        "batch_config",
        "What a BATCH message leaves unsaid: the encoding, and the storage.root of files named without a "
        'place: {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "s3://b/x"}}.',
    ),
)

PROTOCOL: Final = (
    _flag("add_record_metadata", "Add the seven _sdc_ columns of the Singer SDK.", per_stream=True),
    _flag(
        "process_activate_version_messages",
        "ACTIVATE_VERSION removes or marks the rows of older versions.",
        default=True,
        per_stream=True,
    ),
    _flag(
        "hard_delete",
        "Remove rows of older versions, and rows whose record carries _sdc_deleted_at, not only mark them.",
        per_stream=True,
    ),
    _amount(
        "max_delete_percent",
        "Stop rather than delete more than this share of a table at ACTIVATE_VERSION.",
        default=100,
        most=100,
        per_stream=True,
    ),
    _flag(
        "validate_records",
        "Check the whole JSON Schema (enum, pattern, minimum and so on); types are always checked.",
        default=True,
        per_stream=True,
    ),
    _flag("require_final_state", "Input that ends without a STATE after its last RECORD fails the run."),
    _flag("flattening_enabled", "Nested objects become columns of their own.", per_stream=True),
    _count("flattening_max_depth", "Levels of nesting that are flattened.", default=0, per_stream=True),
    _text(
        "flattening_separator",
        "What stands between the names of a flattened column.",
        default="__",
        per_stream=True,
    ),
)

TABLES: Final = (
    _text(
        "schema_evolution",
        "evolve adds and widens columns as the stream needs; "
        "freeze refuses a stream that the table does not fit.",
        "evolve",
        "freeze",
        default="evolve",
        per_stream=True,
    ),
    _text(
        "ddl_mode",
        "none changes no table: the statements for the DBA are printed and the run stops.",
        "auto",
        "none",
        default="auto",
    ),
    _count("ddl_lock_timeout", "Seconds that DDL waits for a lock.", default=30, most=1_000_000),
    _map(
        "columns",
        "Column of single properties, by stream or glob: "
        '{"orders": {"note": {"type": "CLOB", "name": "NOTE_TEXT", "ignore": false}}}.',
    ),
    _text(
        "table_options",
        "Text after the columns of CREATE TABLE: COMPRESS, NOLOGGING, PARALLEL n, TABLESPACE, PARTITION BY.",
        default="",
        per_stream=True,
    ),
    _list(
        "custom_indexes",
        "Indexes made with a new table, each the properties of one index: customer_id,created_at.",
        per_stream=True,
    ),
    _list(
        "default_target_schema_select_permissions",
        "Users and roles that get SELECT on a new table.",
        per_stream=True,
    ),
    _flag(
        "persist_empty_tables",
        "Make a stream's table even when no record comes.",
        default=True,
        per_stream=True,
    ),
    _flag(
        "disable_constraints_during_load",
        "Foreign keys, checks and plain indexes of the table are off while it is loaded, and on again at the "
        "end.",
        per_stream=True,
    ),
    _text(
        "number_type",
        "Column of a number.",
        "NUMBER",
        "BINARY_DOUBLE",
        default="NUMBER",
        per_stream=True,
    ),
    _text(
        "timestamp_type",
        "Column of a date-time.",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP",
        "TIMESTAMP WITH LOCAL TIME ZONE",
        "DATE",
        default="TIMESTAMP WITH TIME ZONE",
        per_stream=True,
    ),
    _text(
        "json_type",
        "Column of an object or array; auto is JSON where the server has it, else CLOB.",
        "auto",
        "JSON",
        "CLOB",
        "VARCHAR2",
        default="auto",
        per_stream=True,
    ),
    _text(
        "boolean_type",
        "Column of a boolean; auto is BOOLEAN where the server has it, else NUMBER(1).",
        "auto",
        "BOOLEAN",
        "NUMBER(1)",
        default="auto",
        per_stream=True,
    ),
    _count(
        "varchar_default_length",
        "Characters of a text column whose schema has no maxLength; by default as many bytes as fit.",
        least=1,
        most=32_767,
        per_stream=True,
    ),
)

REJECTS: Final = (
    _count("max_rejects", "Rows that a run may refuse; one more and it fails.", default=0),
    _amount(
        "max_rejects_percent",
        "Share of its rows that a run may refuse; where max_rejects allows more, that counts.",
        default=0,
        most=100,
    ),
    _text(
        "reject_file", "File that refused records are written to, as a Singer stream to load after the cure."
    ),
    _text("reject_table", "Table that refused records are written to."),
    _list("sensitive_columns", "Properties that are masked in rejects, by name or glob."),
)

SAFETY: Final = (
    _flag("ledger", "Keep a row per loader that tells which transactions are in.", default=True),
    _text("ledger_table", "Table of those rows.", default="TARGET_ORACLE_LEDGER"),
    _text(
        "loader_id", "Name of this pipeline in the ledger: fences a second loader and keeps the last STATE."
    ),
    _amount(
        "loader_wait_seconds",
        "Seconds to wait for another run with the same loader_id to end; 0: stop at once.",
        default=0,
        most=86_400,
    ),
    _count("max_retries", "Times that a lost connection or a passing fault is retried.", default=5),
    _amount("retry_delay", "Seconds before the first retry; doubled for each further one.", default=1),
    _amount("retry_max_delay", "Seconds that a retry waits at most.", default=60),
    _amount(
        "shutdown_timeout", "Seconds that a signalled run may take to commit what is complete.", default=30
    ),
    _list("before_run_sql", "Statements run before the first row."),
    _list("after_run_sql", "Statements run after the last commit."),
)

REPORTING: Final = (
    _text(
        "log_level",
        "Least level of lines on stderr.",
        "DEBUG",
        "INFO",
        "WARNING",
        "ERROR",
        "CRITICAL",
        default="INFO",
    ),
    _text("log_format", "Form of those lines.", "console", "json", default="console"),
    _text("report_file", "File for the run's report: JSON, or HTML where its name ends so; as --report."),
    _text(
        "prometheus_file",
        "File for the run's numbers in Prometheus' text form, for its node exporter; needs the extra.",
    ),
    _text("prometheus_gateway", "Address of a Prometheus push gateway that gets them; needs the extra."),
    _flag("opentelemetry", "Send the run's traces and numbers where OTEL_ variables say; needs the extra."),
)

GROUPS: Final = {
    "Connection": CONNECTION,
    "Where streams go": PLACE,
    "How rows are written": LOADING,
    "Batches and transactions": BATCHES,
    "Singer messages": PROTOCOL,
    "Tables and columns": TABLES,
    "Rejects": REJECTS,
    "Safety": SAFETY,
    "Logs and reports": REPORTING,
}

SETTINGS: Final = {setting.name: setting for group in GROUPS.values() for setting in group}
