"""
Names that other targets give to our settings: renamed, translated, or refused with what to use instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

# Objects that other targets put settings into; their members are read as if they stood at the top.
GROUPS: Final = frozenset(
    {
        "oracle_config",
        "connection_settings",
        "performance_settings",
        "transaction_management",
        "error_handling",
    }
)

ALIASES: Final[Mapping[str, str]] = {
    "username": "user",
    "oracle_user": "user",
    "oracle_username": "user",
    "oracle_password": "password",
    "hostname": "host",
    "oracle_host": "host",
    "oracle_port": "port",
    "database": "service_name",
    "dbname": "service_name",
    "pdb_name": "service_name",
    "oracle_database": "service_name",
    "oracle_service": "service_name",
    "oracle_service_name": "service_name",
    "oracle_sid": "sid",
    "connection_string": "dsn",
    "oracle_dsn": "dsn",
    "tns": "dsn",
    "tns_admin": "config_dir",
    "wallet": "wallet_location",
    "oracle_wallet_location": "wallet_location",
    "oracle_wallet_password": "wallet_password",
    "oracle_protocol": "protocol",
    "externalauth": "external_auth",
    "connect_timeout": "tcp_connect_timeout",
    "connection_timeout": "tcp_connect_timeout",
    "application_name": "query_tag",
    "module": "query_tag",
    "target_schema": "default_target_schema",
    "oracle_schema": "default_target_schema",
    "schema": "default_target_schema",
    "write_mode": "load_method",
    "batch_size": "batch_size_rows",
    "max_batch_rows": "batch_size_rows",
    "max_batch_size": "batch_size_bytes",
    "max_buffer_size": "batch_size_bytes",
    "batch_flush_interval": "batch_wait_limit_seconds",
    "commit_interval": "commit_interval_rows",
    "add_metadata_columns": "add_record_metadata",
    "activate_version": "process_activate_version_messages",
    "column_overrides": "columns",
    "default_target_schema_select_permission": "default_target_schema_select_permissions",
    "invalid_records_threshold": "max_rejects",
    "retry_attempts": "max_retries",
    "max_retry_wait": "retry_max_delay",
    "pre_sql": "before_run_sql",
    "post_sql": "after_run_sql",
}

Translation = Callable[[object], Mapping[str, object]]


class Untranslatable(ValueError):
    """
    A foreign setting has a value that none of ours can say.
    """


def _either(when_true: Mapping[str, object], when_false: Mapping[str, object]) -> Translation:
    """
    Return the translation of a flag, which may come as text from the environment.
    """

    def translate(value: object) -> Mapping[str, object]:
        match str(value).strip().lower():
            case "true" | "1" | "yes" | "on":
                return when_true
            case "false" | "0" | "no" | "off":
                return when_false
            case _:
                raise Untranslatable("must be true or false")

    return translate


def _flattening(value: object) -> Mapping[str, object]:
    levels = _whole(value)
    return {"flattening_enabled": levels > 0, "flattening_max_depth": levels}


def _degree(value: object) -> Mapping[str, object]:
    degree = _whole(value)
    return {"table_options": f"PARALLEL {degree}"} if degree > 1 else {}


def _whole(value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise Untranslatable("must be an integer of 0 or more") from None
    if number < 0:
        raise Untranslatable("must be an integer of 0 or more")
    return number


# What stands for more than a name. Texts for table_options are joined in the order of the config.
TRANSLATIONS: Final[Mapping[str, Translation]] = {
    "freeze_schema": _either({"schema_evolution": "freeze"}, {"schema_evolution": "evolve"}),
    "data_flattening_max_level": _flattening,
    "enable_compression": _either({"table_options": "COMPRESS"}, {}),
    "enable_nologging_mode": _either({"table_options": "NOLOGGING"}, {}),
    "parallel_degree": _degree,
    "use_direct_path": _either({"insert_method": "direct"}, {"insert_method": "array"}),
    "use_direct_path_insert": _either({"insert_method": "direct"}, {"insert_method": "array"}),
    "prefer_float_over_numeric": _either({"number_type": "BINARY_DOUBLE"}, {"number_type": "NUMBER"}),
    "truncate_before_load": _either({"load_method": "overwrite"}, {}),
    "use_raw_stream_names": _either({"table_name_pattern": "{stream}"}, {"table_name_pattern": "{table}"}),
    "thick_mode": _either({"driver_mode": "thick"}, {"driver_mode": "thin"}),
}

# What this program does anyhow: the one value that says so, and the setting to use for another.
ALWAYS: Final[Mapping[str, tuple[object, str]]] = {
    "use_bulk_operations": (True, "rows always go as array DML; see batch_size_rows"),
    "use_bulk_insert": (True, "rows always go as array DML; see batch_size_rows"),
    "transaction_isolation": ("READ_COMMITTED", "a load reads committed data; for more use session_sql"),
    "enable_oracle_hints": (False, "no hints are sent; use insert_method, table_options or session_sql"),
    "rollback_on_error": (True, "a checkpoint is committed whole or not at all; see commit_interval_rows"),
    "exponential_backoff": (True, "delays always double; see retry_delay and retry_max_delay"),
    "auto_commit": (False, "a checkpoint is one transaction; use commit_interval_rows"),
    "state_support": (True, "STATE is always printed; see commit_interval_rows"),
    "flush_all_streams": (True, "a checkpoint holds all streams; see commit_interval_rows"),
    "disable_table_cache": (False, "a table is read once a SCHEMA; see schema_evolution"),
    "ignore_duplicate_key_errors": (
        False,
        "a duplicate key is a reject; use load_method upsert",
    ),
    "interpret_content_encoding": (
        True,
        "contentEncoding is always read; for the text as it is use columns, with type",
    ),
    "fail_fast": (True, "the run fails past its budget of rejects; use max_rejects and reject_file"),
}

# What none of ours means exactly; the text names what to use instead.
REFUSED: Final[Mapping[str, str]] = {
    "sqlalchemy_url": "use dsn, user and password",
    "url": "use dsn, user and password",
    "driver_name": "the driver is python-oracledb; for thick mode use driver_mode",
    "dialect+driver": "the driver is python-oracledb; for thick mode use driver_mode",
    "ssl_enable": "use protocol tcps, and wallet_location",
    "ssl_mode": "use protocol tcps, and ssl_server_dn_match",
    "use_copy": "use insert_method",
    "batch_detection_threshold": "use batch_wait_limit_seconds or commit_interval_rows",
    "jdbc_url": "use dsn, user and password",
    "jdbc_url_params": "use dsn",
    "ewallet_pem": "put the file into a folder and use wallet_location",
    "multitenant": "use service_name",
    "connection_pool_size": "use parallelism",
    "max_parallelism": "use parallelism",
    "pool_size": "use parallelism",
    "pool_min_size": "use parallelism",
    "pool_max_size": "use parallelism",
    "log_failed_records": "use reject_file, with max_rejects",
    "invalid_records_detect": "use validate_records and max_rejects",
    "retry_backoff": "delays always double; use retry_delay and retry_max_delay",
    "compression_type": "use table_options, such as COMPRESS FOR OLTP",
    "tablespace": "use table_options, such as TABLESPACE users",
    "partition_key": "use table_options, such as PARTITION BY HASH (id) PARTITIONS 8",
    "target_table": "use table_name_pattern, for one stream under streams",
    "upsert": "use load_method upsert, for single streams under streams",
    "overwrite": "use load_method overwrite, for single streams under streams",
    "sdc_mode": "use add_record_metadata",
    "storage_mode": "use flattening_enabled",
    "json_column_name": "use flattening_enabled",
    "column_mappings": "use columns, with name",
    "ignored_columns": "use columns, with ignore",
    "column_options": "use columns",
    "on_schema_mismatch": "use schema_evolution",
    "allow_column_alter": "use schema_evolution",
    "add_upsert_indexes": "a table with keys has a primary key; for more use custom_indexes",
    "create_indexes": "use custom_indexes",
    "identifier_case": "use columns, with name; names are upper case and always quoted",
    "quote_identifiers": "use columns, with name; names are upper case and always quoted",
    "flattening_max_key_length": "names are cut to what the server allows; for others use columns",
    "number_precision": "use number_type, or columns with type",
    "number_scale": "use number_type, or columns with type",
    "varchar_max_length": "use varchar_default_length; the most that fits is read from the server",
    "timestamp_timezone": "use timestamp_type",
    "default_timezone": "use timestamp_type",
    "before_run_sql_file": "use before_run_sql",
    "after_run_sql_file": "use after_run_sql",
    "batch_flush_min_time_gap": "use batch_wait_limit_seconds",
    "stream_maps": "use a mapper between tap and target; for columns use columns",
    "stream_map_config": "use a mapper between tap and target; for columns use columns",
    "faker_config": "use a mapper between tap and target; for columns use columns",
}

# Other targets' words for load_method, lower case.
LOAD_METHODS: Final[Mapping[str, str]] = {
    "append": "append-only",
    "insert": "append-only",
    "bulk_insert": "append-only",
    "bulk-insert": "append-only",
    "append_only": "append-only",
    "merge": "upsert",
    "bulk_merge": "upsert",
    "bulk-merge": "upsert",
    "bulk_upsert": "upsert",
    "update": "upsert",
    "replace": "overwrite",
    "truncate": "overwrite",
    "truncate_insert": "overwrite",
}

NAMES: Final = frozenset({*ALIASES, *TRANSLATIONS, *ALWAYS, *REFUSED})


def aliases_of(name: str) -> list[str]:
    """
    Return the other names that mean setting *name*.

    >>> aliases_of("user")
    ['username', 'oracle_user', 'oracle_username']
    """
    return [alias for alias, setting in ALIASES.items() if setting == name]
