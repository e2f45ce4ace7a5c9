"""
Files and environment -> `Config`, checked once at the door and never changed after.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from target_oracle import checks, sources
from target_oracle.errors import ConfigError
from target_oracle.given import Reading, read, read_variables
from target_oracle.oracle.stores import secrets_in
from target_oracle.redaction import hide
from target_oracle.settings import SETTINGS, SSH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The word that stands for the environment where a file could stand.
ENV: Final = "ENV"


# Bytes of a line where transactions have no bound.
_LONGEST_LINE: Final = 32 << 20

# What may hold a secret.
_HIDDEN: Final = frozenset(
    "password dsn wallet_password access_token session_sql ssh_tunnel before_run_sql after_run_sql".split()
)


class ColumnSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the operator says of one property's column: its Oracle type, its name, or that there is none.
    """

    type: str | None = None
    name: str | None = None
    ignore: bool = False


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    The settings of one stream; those of the whole run where `streams` says nothing else.

    *columns* are by property.
    """

    columns: Mapping[str, ColumnSettings]
    default_target_schema: str | None
    table_prefix: str
    table_suffix: str
    table_name_pattern: str
    load_method: str
    upsert_strategy: str
    skip_unchanged: bool
    partial_updates: bool | None
    overwrite_strategy: str
    overwrite_empty: bool
    insert_method: str
    primary_key_required: bool
    batch_size_rows: int
    batch_size_bytes: int
    add_record_metadata: bool
    process_activate_version_messages: bool
    hard_delete: bool
    max_delete_percent: float
    validate_records: bool
    flattening_enabled: bool
    flattening_max_depth: int
    flattening_separator: str
    schema_evolution: str
    table_options: str
    custom_indexes: tuple[str, ...]
    default_target_schema_select_permissions: tuple[str, ...]
    persist_empty_tables: bool
    disable_constraints_during_load: bool
    number_type: str
    timestamp_type: str
    json_type: str
    boolean_type: str
    varchar_default_length: int | None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """
    Every setting under its name, as `settings.py` describes it; *notices* are for the log.

    *given* are the settings that the operator wrote. The texts that may hold a secret are not in the repr.
    """

    user: str | None = None
    password: str | None = None
    password_file: str | None = None
    host: str | None = None
    port: int = 1521
    service_name: str | None = None
    sid: str | None = None
    dsn: str | None = None
    config_dir: str | None = None
    wallet_location: str | None = None
    wallet_password: str | None = None
    protocol: str = "tcp"
    ssl_server_dn_match: bool = True
    ssl_server_cert_dn: str | None = None
    https_proxy: str | None = None
    https_proxy_port: int | None = None
    access_token: str | None = None
    external_auth: bool = False
    proxy_user: str | None = None
    edition: str | None = None
    driver_mode: str = "thin"
    client_lib_dir: str | None = None
    tcp_connect_timeout: float = 60
    expire_time: int = 1
    sdu: int | None = None
    call_timeout: float | None = None
    session_sql: tuple[str, ...] = ()
    query_tag: str = "target-oracle"
    ssh_tunnel: Mapping[str, Any] = msgspec.field(default_factory=dict)
    default_target_schema: str | None = None
    schema_mapping: Mapping[str, str] = msgspec.field(default_factory=dict)
    table_prefix: str = ""
    table_suffix: str = ""
    table_name_pattern: str = "{stream}"
    load_method: str = "append-only"
    streams: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    upsert_strategy: str = "auto"
    skip_unchanged: bool = False
    partial_updates: bool | None = None
    overwrite_strategy: str = "swap"
    overwrite_empty: bool = False
    insert_method: str = "array"
    primary_key_required: bool = False
    batch_size_rows: int = 10_000
    batch_size_bytes: int = 8 << 20
    batch_wait_limit_seconds: float = 60
    commit_interval_rows: int = 10_000
    max_transaction_rows: int = 100_000
    max_transaction_bytes: int = 64 << 20
    temp_dir: str | None = None
    parallelism: int = 1
    decode_processes: int = 0
    decoder: str = "auto"
    batch_config: Mapping[str, Any] = msgspec.field(default_factory=dict)
    add_record_metadata: bool = False
    process_activate_version_messages: bool = True
    hard_delete: bool = False
    max_delete_percent: float = 100
    validate_records: bool = True
    require_final_state: bool = False
    flattening_enabled: bool = False
    flattening_max_depth: int = 0
    flattening_separator: str = "__"
    schema_evolution: str = "evolve"
    ddl_mode: str = "auto"
    ddl_lock_timeout: int = 30
    columns: Mapping[str, Mapping[str, Mapping[str, Any]]] = msgspec.field(default_factory=dict)
    table_options: str = ""
    custom_indexes: tuple[str, ...] = ()
    default_target_schema_select_permissions: tuple[str, ...] = ()
    persist_empty_tables: bool = True
    disable_constraints_during_load: bool = False
    number_type: str = "NUMBER"
    timestamp_type: str = "TIMESTAMP WITH TIME ZONE"
    json_type: str = "auto"
    boolean_type: str = "auto"
    varchar_default_length: int | None = None
    max_rejects: int = 0
    max_rejects_percent: float = 0
    reject_file: str | None = None
    reject_table: str | None = None
    sensitive_columns: tuple[str, ...] = ()
    ledger: bool = True
    ledger_table: str = "TARGET_ORACLE_LEDGER"
    loader_id: str | None = None
    loader_wait_seconds: float = 0
    max_retries: int = 5
    retry_delay: float = 1
    retry_max_delay: float = 60
    shutdown_timeout: float = 30
    before_run_sql: tuple[str, ...] = ()
    after_run_sql: tuple[str, ...] = ()
    log_level: str = "INFO"
    log_format: str = "console"
    report_file: str | None = None
    prometheus_file: str | None = None
    prometheus_gateway: str | None = None
    opentelemetry: bool = False
    notices: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """
        Return the settings that may be shown.
        """
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in _HIDDEN]

    def __repr__(self) -> str:
        """
        Show them.
        """
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    @property
    def longest_line(self) -> int:
        """
        Bytes of a line that is not refused: what a transaction may hold, where that is bounded.
        """
        return self.max_transaction_bytes or max(self.batch_size_bytes, _LONGEST_LINE)

    def for_stream(self, stream: str) -> StreamSettings:
        """
        Return what the globs under `streams` say of *stream*, the last match first, else the run's settings.
        """
        overrides: dict[str, Any] = {}
        for glob, said in self.streams.items():
            if fnmatchcase(stream, glob):
                overrides.update(said)
        said = {name: overrides.get(name, getattr(self, name)) for name in _STREAM_NAMES}
        return StreamSettings(columns=self._columns_of(stream), **said)

    def _columns_of(self, stream: str) -> dict[str, ColumnSettings]:
        found: dict[str, Mapping[str, Any]] = {}
        for glob, properties in self.columns.items():
            if fnmatchcase(stream, glob):
                for name, said in properties.items():
                    found[name] = {**found.get(name, {}), **said}
        return {name: ColumnSettings(**said) for name, said in found.items()}

    def read_password(self) -> str | None:
        """
        Return the password, from its file where there is one; one newline at its end is not part of it.
        """
        if self.password_file is None:
            return self.password
        try:
            text = Path(self.password_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError(f"password_file: {self.password_file} cannot be read") from fault
        password = text.removesuffix("\n").removesuffix("\r")
        hide(password)
        return password


_STREAM_NAMES: Final = tuple(name for name in StreamSettings.__struct_fields__ if name != "columns")


def load(
    paths: Sequence[str],
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    more: Mapping[str, object] | None = None,
) -> Config:
    """
    Read the files of *paths*, later over earlier, and where the word ENV is among them *environ* over all.

    Its `.env` is looked for in *folder*, by default the current one, and above. *more* are settings that the
    command line gave. Raise ConfigError with every fault there is.
    """
    given_here = read(sources.Source("command line", more or {}))
    reading = _read(paths, environ, folder or Path.cwd()).over(given_here)
    values = checks.values(reading)
    _hide_secrets(reading, values)
    faults = [] if reading.partial else checks.together(values, reading.settings)
    if reading.faults or faults:
        raise ConfigError(*reading.faults, *faults)
    given = frozenset(values)
    values.setdefault("commit_interval_rows", values.get("batch_size_rows", _default("batch_size_rows")))
    return Config(**values, notices=tuple(reading.notices), given=given)


def _default(name: str) -> object:
    return SETTINGS[name].default


def _read(paths: Sequence[str], environ: Mapping[str, str], folder: Path) -> Reading:
    """
    Return what all places give together; what cannot be read is a fault of it.
    """
    readings = [_reading(path, environ) for path in paths if path != ENV]
    if ENV in paths:
        readings.append(read_variables(sources.read_environment(environ, folder)))
    return reduce(Reading.over, readings, Reading())


def _reading(path: str, environ: Mapping[str, str]) -> Reading:
    try:
        return read(sources.read_file(path, environ))
    except ConfigError as unread:
        return Reading(faults=list(unread.faults), partial=True)


def _hide_secrets(reading: Reading, values: Mapping[str, Any]) -> None:
    for name, given in reading.settings.items():
        if SETTINGS[name].secret and isinstance(given.value, str):
            hide(given.value)
    for name in (member.name for member in SSH if member.secret):
        hide(values.get("ssh_tunnel", {}).get(name, ""))
    for secret in secrets_in(values.get("dsn", "")):
        hide(secret)
