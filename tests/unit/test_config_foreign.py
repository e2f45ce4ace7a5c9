"""
Configs written for other targets load, or are refused with a line that names the setting to use instead.
"""

from __future__ import annotations

import json
import re

import pytest

from target_oracle import config, foreign
from target_oracle.errors import ConfigError
from target_oracle.given import read
from target_oracle.settings import SETTINGS
from target_oracle.sources import Source
from tests.program import CHECKOUT

NESTED = {
    "oracle_config": {"host": "h", "service_name": "XEPDB1", "username": "u", "password": "p"},
    "default_target_schema": "DW",
    "batch_size": 10000,
    "load_method": "append_only",
}
FLAT = {
    "oracle_host": "h",
    "oracle_port": 1521,
    "oracle_service": "S",
    "oracle_user": "u",
    "oracle_password": "${ORACLE_PASSWORD}",
    "default_target_schema": "DW",
    "load_method": "BULK_INSERT",
    "batch_size": 5000,
    "use_bulk_operations": True,
    "connection_timeout": 60,
    "transaction_isolation": "READ_COMMITTED",
    "enable_oracle_hints": True,
    "connection_pool_size": 10,
    "max_retries": 3,
    "retry_delay": 5,
    "enable_compression": True,
    "parallel_degree": 4,
    "commit_interval": 1000,
}
GROUPED = {
    "dsn": "h/S",
    "user": "u",
    "password": "p",
    "performance_settings": {
        "batch_size": 10000,
        "use_direct_path_insert": True,
        "disable_constraints_during_load": True,
        "enable_nologging_mode": True,
    },
    "transaction_management": {"commit_interval": 5000, "rollback_on_error": True},
    "error_handling": {
        "retry_attempts": 5,
        "exponential_backoff": True,
        "ignore_duplicate_key_errors": True,
        "log_failed_records": True,
    },
}
CONNECTION = {"dsn": "h/S", "user": "u", "password": "p"}


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(values):
        (tmp_path / "c.json").write_text(json.dumps(values))
        return config.load(["c.json"], {"ORACLE_PASSWORD": "hidden"})

    return load


def refused(load, values):
    with pytest.raises(ConfigError) as caught:
        load(values)
    return list(caught.value.faults)


def test_nested_names_load(load):
    loaded = load(NESTED)
    assert (loaded.host, loaded.service_name, loaded.user, loaded.password) == ("h", "XEPDB1", "u", "p")
    assert (loaded.batch_size_rows, loaded.load_method) == (10_000, "append-only")
    assert loaded.notices == (
        "c.json: oracle_config.username is read as user",
        "c.json: batch_size is read as batch_size_rows",
        "c.json: load_method: append_only is read as append-only",
    )


def test_flat_names_load_but_for_what_has_no_like(load):
    assert refused(load, FLAT) == [
        "c.json: enable_oracle_hints: no hints are sent; use insert_method, table_options or session_sql",
        "c.json: connection_pool_size: use parallelism",
    ]
    rest = {
        name: value
        for name, value in FLAT.items()
        if name not in {"enable_oracle_hints", "connection_pool_size"}
    }
    loaded = load(rest)
    assert (loaded.host, loaded.port, loaded.service_name) == ("h", 1521, "S")
    assert (loaded.user, loaded.password) == ("u", "hidden")
    assert (loaded.load_method, loaded.batch_size_rows, loaded.commit_interval_rows) == (
        "append-only",
        5000,
        1000,
    )
    assert loaded.table_options == "COMPRESS PARALLEL 4"
    assert (loaded.tcp_connect_timeout, loaded.max_retries, loaded.retry_delay) == (60, 3, 5)


def test_grouped_names_load_but_for_what_has_no_like(load):
    assert refused(load, GROUPED) == [
        (
            "c.json: error_handling.ignore_duplicate_key_errors: "
            "a duplicate key is a reject; use load_method upsert"
        ),
        "c.json: error_handling.log_failed_records: use reject_file, with max_rejects",
    ]
    rest = {**GROUPED, "error_handling": {"retry_attempts": 5, "exponential_backoff": True}}
    loaded = load(rest)
    assert (loaded.batch_size_rows, loaded.commit_interval_rows, loaded.max_retries) == (10_000, 5000, 5)
    assert (loaded.insert_method, loaded.disable_constraints_during_load) == ("direct", True)
    assert loaded.table_options == "NOLOGGING"


@pytest.mark.parametrize("values", [NESTED, FLAT, GROUPED], ids=["nested", "flat", "grouped"])
def test_no_key_is_ignored_in_silence(values):
    """
    Each key is a setting, or is named by a notice or a fault.
    """
    reading = read(Source("c.json", values))
    said = " ".join(reading.notices + reading.faults)
    keys = {key for name, value in values.items() for key in (value if name in foreign.GROUPS else [name])}
    assert {key for key in keys if key not in SETTINGS and not re.search(rf"\b{key}\b", said)} == set()


@pytest.mark.parametrize(("alias", "setting"), foreign.ALIASES.items())
def test_an_alias_is_read_as_its_setting_with_a_notice(alias, setting):
    reading = read(Source("c.json", {alias: 1}))
    assert reading.settings[setting].value == 1
    assert reading.notices == [f"c.json: {alias} is read as {setting}"]


@pytest.mark.parametrize(("word", "method"), foreign.LOAD_METHODS.items())
def test_a_word_of_others_for_a_load_method_is_read(load, word, method):
    loaded = load({**CONNECTION, "load_method": word.upper()})
    assert loaded.load_method == method
    assert loaded.notices == (f"c.json: load_method: {word.upper()} is read as {method}",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"freeze_schema": True}, {"schema_evolution": "freeze"}),
        ({"freeze_schema": False}, {"schema_evolution": "evolve"}),
        ({"data_flattening_max_level": 2}, {"flattening_enabled": True, "flattening_max_depth": 2}),
        ({"data_flattening_max_level": 0}, {"flattening_enabled": False, "flattening_max_depth": 0}),
        ({"enable_compression": False}, {"table_options": ""}),
        ({"parallel_degree": 1}, {"table_options": ""}),
        ({"table_options": "LOGGING", "enable_compression": True}, {"table_options": "LOGGING COMPRESS"}),
        ({"use_direct_path": "no"}, {"insert_method": "array"}),
        ({"prefer_float_over_numeric": True}, {"number_type": "BINARY_DOUBLE"}),
        ({"use_raw_stream_names": False}, {"table_name_pattern": "{table}"}),
        ({"truncate_before_load": True}, {"load_method": "overwrite"}),
        ({"thick_mode": True}, {"driver_mode": "thick"}),
    ],
)
def test_what_is_more_than_a_name_is_translated_with_a_notice(load, values, expected):
    loaded = load({**CONNECTION, **values})
    assert {name: getattr(loaded, name) for name in expected} == expected
    assert len(loaded.notices) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"freeze_schema": "perhaps"}, "c.json: freeze_schema: must be true or false"),
        ({"parallel_degree": "all"}, "c.json: parallel_degree: must be an integer of 0 or more"),
        (
            {"data_flattening_max_level": -1},
            "c.json: data_flattening_max_level: must be an integer of 0 or more",
        ),
        ({"use_bulk_operations": False}, "c.json: use_bulk_operations: rows always go as array DML"),
        (
            {"transaction_isolation": "SERIALIZABLE"},
            "c.json: transaction_isolation: a load reads committed data",
        ),
        (
            {"username": "v"},
            "c.json: username (user): is set otherwise by c.json: user; leave one of them out",
        ),
    ],
)
def test_what_cannot_be_said_in_our_settings_is_refused(load, values, said):
    found = refused(load, {**CONNECTION, **values})
    assert [fault[: len(said)] for fault in found] == [said]


@pytest.mark.parametrize("name", foreign.REFUSED)
def test_a_setting_without_a_like_is_refused_with_what_to_use(load, name):
    assert refused(load, {**CONNECTION, name: "x"}) == [f"c.json: {name}: {foreign.REFUSED[name]}"]


@pytest.mark.parametrize(("name", "always"), [(name, value) for name, (value, _) in foreign.ALWAYS.items()])
def test_what_is_always_so_may_be_said(load, name, always):
    assert load({**CONNECTION, name: always}).notices == (f"c.json: {name} is always so",)


def test_two_names_of_one_setting_may_agree(load):
    assert load({**CONNECTION, "username": "u"}).user == "u"


def test_other_names_are_read_from_the_environment_too():
    loaded = config.load(
        ["ENV"],
        {"TARGET_ORACLE_USERNAME": "u", "TARGET_ORACLE_DSN": "d", "TARGET_ORACLE_PASSWORD": "hidden"},
        folder=CHECKOUT / "examples",
    )
    assert loaded.user == "u"


@pytest.mark.parametrize("path", sorted((CHECKOUT / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_load_without_a_notice(path):
    environ = {"ORACLE_PASSWORD": "hidden", "WALLET_PASSWORD": "hidden"}
    assert config.load([str(path)], environ).notices == ()
