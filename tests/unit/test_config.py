"""
Files and environment become one Config, or every fault is told at once.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle import config
from target_oracle.checks import Unfit, value_of
from target_oracle.config import ColumnSettings, Config
from target_oracle.errors import ConfigError
from target_oracle.settings import MAX_BATCH_ROWS, SETTINGS
from target_oracle.sources import FromEnvironment, merged

CONNECTION = {"dsn": "db/SALES", "user": "app", "password": "hidden-value"}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """
    Load settings, each argument a file of its own, on top of a connection.
    """
    monkeypatch.chdir(tmp_path)

    def load(*files, environ=None, connection=CONNECTION):
        paths = []
        for position, values in enumerate([connection, *files]):
            if values == "ENV":
                paths.append("ENV")
                continue
            paths.append(f"{position}.json")
            (tmp_path / f"{position}.json").write_text(json.dumps(values))
        return config.load(paths, environ or {})

    return load


@pytest.fixture
def faults(load):
    def faults(*files, **how):
        with pytest.raises(ConfigError) as caught:
            load(*files, **how)
        return list(caught.value.faults)

    return faults


def test_what_is_not_set_is_the_default(load):
    loaded = load()
    assert loaded == Config(**CONNECTION, given=frozenset(CONNECTION))


def test_a_later_file_wins(load):
    loaded = load({"batch_size_rows": 1, "table_prefix": "a"}, {"batch_size_rows": 2})
    assert (loaded.batch_size_rows, loaded.table_prefix) == (2, "a")


def test_a_later_file_wins_under_another_name(load):
    loaded = load({"batch_size_rows": 1}, {"batch_size": 2})
    assert loaded.batch_size_rows == 2


def test_objects_are_merged_member_by_member(load):
    loaded = load(
        {"streams": {"a": {"load_method": "upsert", "table_prefix": "x"}}},
        {"streams": {"a": {"table_prefix": "y"}, "b": {"table_prefix": "z"}}},
    )
    assert loaded.streams == {
        "a": {"load_method": "upsert", "table_prefix": "y"},
        "b": {"table_prefix": "z"},
    }


def test_null_is_absent(load):
    assert load({"batch_size_rows": 7}, {"batch_size_rows": None}).batch_size_rows == 7


def test_an_empty_text_is_absent_where_there_is_no_default(load):
    assert load({"proxy_user": ""}).proxy_user is None


@pytest.mark.parametrize("files", [({}, "ENV"), ("ENV", {"batch_size_rows": 1})], ids=["last", "first"])
def test_the_environment_wins_over_files_wherever_its_word_stands(load, files):
    loaded = load(*files, environ={"TARGET_ORACLE_BATCH_SIZE_ROWS": "9"})
    assert loaded.batch_size_rows == 9


def test_the_environment_is_not_read_without_its_word(load):
    assert load(environ={"TARGET_ORACLE_BATCH_SIZE_ROWS": "9"}).batch_size_rows == 10_000


def test_the_command_line_wins_over_all(load):
    load()
    loaded = config.load(["0.json"], {}, more={"table_prefix": "x"})
    assert loaded.table_prefix == "x"


def test_a_commit_comes_with_each_batch_unless_told_otherwise(load):
    assert load({"batch_size_rows": 123}).commit_interval_rows == 123
    assert load({"batch_size_rows": 123, "commit_interval_rows": 5}).commit_interval_rows == 5


def test_it_is_known_what_the_operator_wrote(load):
    assert load({"log_level": "INFO"}).given == {*CONNECTION, "log_level"}


@pytest.mark.parametrize(
    ("setting", "value", "why"),
    [
        ("batch_size_rows", 0, f"must be 1 to {MAX_BATCH_ROWS}, not 0"),
        ("batch_size_rows", MAX_BATCH_ROWS + 1, f"must be 1 to {MAX_BATCH_ROWS}, not {MAX_BATCH_ROWS + 1}"),
        ("batch_size_rows", "many", "must be an integer, not a text"),
        ("batch_size_rows", 1.5, "must be an integer, not a number"),
        ("batch_size_rows", True, "must be an integer, not a boolean"),
        ("max_rejects", -1, "must be 0 or more, not -1"),
        ("retry_delay", "1", "must be a number, not a text"),
        ("retry_delay", True, "must be a number, not a boolean"),
        ("ledger", "true", "must be true or false, not a text"),
        ("ledger", 1, "must be true or false, not an integer"),
        ("user", 7, "must be a text, not an integer"),
        ("user", "a\0b", "must not hold U+0000"),
        ("session_sql", [1], "must be a list of texts, not such a list"),
        ("session_sql", {"a": 1}, "must be a list of texts, not an object"),
        ("streams", [], "must be an object, not such a list"),
        ("log_level", "LOUD", "must be DEBUG or INFO or WARNING or ERROR or CRITICAL, not 'LOUD'"),
        ("table_name_pattern", "{table}_{day}", "may hold {stream}, {schema} and {table} only"),
        ("table_name_pattern", "{schema}", "must hold {stream} or {table}, or all streams share one table"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(faults, setting, value, why):
    assert faults({setting: value}) == [f"1.json: {setting}: {why}"]


def test_what_happens_anyhow_may_be_written(load):
    """
    Meltano passes defaults on.
    """
    load({"overwrite_empty": False, "batch_config": {}})


@pytest.mark.parametrize("secret", ["password", "wallet_password", "access_token"])
def test_a_fault_quotes_no_secret(faults, secret):
    said = faults({secret: ["hidden-value"]}, connection={"dsn": "db/SALES", "user": "app"})
    assert "hidden-value" not in str(said)
    assert any(secret in fault for fault in said)


def test_options_are_read_in_any_case(load):
    assert load({"log_level": "debug", "number_type": "binary_double"}).log_level == "DEBUG"


def test_one_statement_may_stand_without_a_list(load):
    assert load({"session_sql": "ALTER SESSION SET X = 1"}).session_sql == ("ALTER SESSION SET X = 1",)


def test_all_faults_are_told_at_once(faults):
    wrong = {"batchsize": 1, "port": 0, "streams": {"a": {"nope": 1, "user": "x"}}}
    assert sorted(faults(wrong, connection={"user": "app"})) == [
        '1.json: batchsize: unknown setting; did you mean "batch_size_rows"?',
        "1.json: port: must be 1 to 65535, not 0",
        "1.json: streams.a: nope: unknown setting; --about lists them all",
        "1.json: streams.a: user: is a setting of the whole run; it cannot stand under streams",
        "host: is missing; set host with service_name or sid, or set dsn",
        "password: is missing; set it, password_file, access_token or external_auth",
    ]


HOST = {"host": "db", "service_name": "SALES", "user": "app", "password": "x"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, ["host: is missing", "user: is missing", "password: is missing"]),
        ({"host": "db"}, ["service_name: is missing", "user: is missing", "password: is missing"]),
        ({"service_name": "S", "user": "u", "password": "x"}, ["host: is missing"]),
        ({**CONNECTION, "host": "h"}, ["0.json: dsn: stands in place of host"]),
        ({**CONNECTION, "service_name": "h"}, ["0.json: dsn: stands in place of service_name"]),
        ({**CONNECTION, "sid": "h"}, ["0.json: dsn: stands in place of sid"]),
        ({**HOST, "sid": "h"}, ["0.json: service_name: stands in place of sid"]),
        ({**CONNECTION, "password_file": "f"}, ["0.json: password: stands in place of password_file"]),
        (
            {**CONNECTION, "dsn": "app/hidden-value@db/SALES"},
            ["0.json: dsn: must not hold user and password"],
        ),
        ({**CONNECTION, "max_rejects": 1}, ["max_rejects: needs a place"]),
        ({**CONNECTION, "max_rejects_percent": 0.5}, ["max_rejects: needs a place"]),
        ({**CONNECTION, "https_proxy_port": 80}, ["https_proxy: is missing beside https_proxy_port"]),
        ({**HOST, "https_proxy": "p"}, ["0.json: https_proxy: needs TLS"]),
        ({**HOST, "access_token": "p"}, ["0.json: access_token: needs TLS"]),
        ({**HOST, "wallet_location": "p"}, ["0.json: wallet_location: needs TLS"]),
        ({**HOST, "client_lib_dir": "p"}, ["0.json: client_lib_dir: is for thick mode"]),
        ({**HOST, "retry_delay": 61}, ["0.json: retry_delay: must not be longer than retry_max_delay"]),
        ({**HOST, "loader_id": "a", "ledger": False}, ["0.json: loader_id: lives in the ledger"]),
    ],
)
def test_settings_that_cannot_be_together_are_refused(faults, values, said):
    found = faults(connection=values)
    assert [fault.startswith(start) for fault, start in zip(found, said, strict=True)] == [True] * len(said)
    assert "hidden-value" not in str(found)


@pytest.mark.parametrize(
    "values",
    [
        HOST,
        {"host": "db", "sid": "S", "user": "u", "password": "x"},
        {"dsn": "db/S", "access_token": "t"},
        {"dsn": "tcps://db.example.com:2484/S", "user": "u", "password": "x"},
        {"dsn": "(DESCRIPTION=(ADDRESS=(HOST=a@b)))", "user": "u", "password": "x"},
        {"dsn": "SALES", "external_auth": True},
        {"dsn": "config-azure://store.example.com/?key=db"},
        {**HOST, "protocol": "tcps", "wallet_location": "w", "https_proxy": "p", "https_proxy_port": 80},
        {**HOST, "driver_mode": "thick", "client_lib_dir": "l", "wallet_location": "w"},
        {**HOST, "max_rejects": 1, "reject_file": "r"},
        {**HOST, "loader_id": "a"},
        {"dsn": "db/S", "user": "u", "password_file": "f"},
    ],
)
def test_every_way_to_connect_is_taken(load, values):
    assert load(connection=values).given == values.keys()


def test_a_setting_that_is_wrong_is_not_missing_too(faults):
    assert faults(connection={**CONNECTION, "user": 1}) == ["0.json: user: must be a text, not an integer"]


def test_a_file_that_cannot_be_read_hides_no_other_fault_and_makes_none(tmp_path):
    (tmp_path / "wrong.json").write_text('{"prot": 1}')
    with pytest.raises(ConfigError) as caught:
        config.load(["missing.json", str(tmp_path / "wrong.json")], {})
    assert [fault.rpartition("/")[2] for fault in caught.value.faults] == [
        "missing.json: cannot be read: No such file or directory",
        'wrong.json: prot: unknown setting; did you mean "port"?',
    ]


def test_a_stream_has_its_own_settings_the_last_match_winning(load):
    loaded = load(
        {
            "load_method": "append-only",
            "streams": {
                "*": {"table_prefix": "A_"},
                "public-*": {"load_method": "upsert", "batch_size_rows": 5},
                "public-orders": {"batch_size_rows": 6},
            },
        }
    )
    orders, items, other = (loaded.for_stream(name) for name in ("public-orders", "public-items", "other"))
    assert (orders.load_method, orders.batch_size_rows, orders.table_prefix) == ("upsert", 6, "A_")
    assert (items.load_method, items.batch_size_rows, items.table_prefix) == ("upsert", 5, "A_")
    assert (other.load_method, other.batch_size_rows, other.table_prefix) == ("append-only", 10_000, "A_")


def test_a_glob_tells_capitals_from_small_letters(load):
    loaded = load({"streams": {"Orders": {"load_method": "upsert"}}})
    assert loaded.for_stream("orders").load_method == "append-only"


def test_a_name_with_dots_is_one_name_under_streams(load):
    loaded = load({"streams": {"public.orders": {"load_method": "upsert"}}})
    assert loaded.for_stream("public.orders").load_method == "upsert"


def test_columns_are_told_by_stream_and_property(load):
    loaded = load(
        {
            "columns": {
                "o*": {"note": {"type": "CLOB"}, "secret": {"ignore": True}},
                "orders": {"note": {"name": "N"}},
            }
        }
    )
    assert loaded.for_stream("orders").columns == {
        "note": ColumnSettings(type="CLOB", name="N"),
        "secret": ColumnSettings(ignore=True),
    }
    assert loaded.for_stream("items").columns == {}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": []}, "columns.a: must be an object, not such a list"),
        ({"a": {"b": "CLOB"}}, "columns.a.b: must be an object, not a text"),
        ({"a": {"b": {"typ": "CLOB"}}}, "columns.a.b.typ: is unknown; a column has type, name, ignore"),
        ({"a": {"b": {"type": 1}}}, "columns.a.b.type: must be a text, not an integer"),
        ({"a": {"b": {"ignore": "no"}}}, "columns.a.b.ignore: must be true or false, not a text"),
    ],
)
def test_columns_that_say_something_else_are_refused(faults, value, said):
    assert faults({"columns": value}) == [f"1.json: {said}"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"encoding": []}, ".encoding: must be an object, not such a list"),
        ({"batch_size": 1}, ".batch_size: is unknown; batch_config has encoding, storage"),
        ({"encoding": {"compression": "gzip"}}, ".encoding.format: is missing"),
        ({"encoding": {"format": "avro"}}, ".encoding.format: must be one of jsonl, parquet, arrow"),
        ({"storage": {"url": "s3://b"}}, ".storage.url: is unknown; storage has root, prefix"),
        ({"storage": {"root": 1}}, ".storage.root: must be a text, not an integer"),
    ],
)
def test_a_batch_config_that_says_something_else_is_refused(faults, value, said):
    assert faults({"batch_config": value})[0] == f"1.json: batch_config{said}"


def test_a_batch_config_is_taken_as_the_singer_sdk_has_it(load):
    """
    All of it; what only a tap can follow is told.
    """
    given = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": "s3://bucket/batches", "prefix": "tap-"},
    }
    loaded = load({"batch_config": given})
    assert loaded.batch_config == given
    assert [notice for notice in loaded.notices if "prefix" in notice] == [
        "1.json: batch_config.storage.prefix: names what a tap writes; the files of a BATCH have names"
    ]


def test_schemas_are_mapped_as_pipelinewise_writes_it_too(load):
    loaded = load({"schema_mapping": {"public": "DW", "crm": {"target_schema": "CRM"}}})
    assert loaded.schema_mapping == {"public": "DW", "crm": "CRM"}


@pytest.mark.parametrize("value", [1, "", {}, {"target_schema": "A", "indices": []}, {"target_schema": 1}])
def test_a_schema_that_is_mapped_to_no_name_is_refused(faults, value):
    (fault,) = faults({"schema_mapping": {"public": value}})
    said = 'must be the name of a schema, or {"target_schema": its name}; for indices use custom_indexes'
    assert fault.startswith(f"1.json: schema_mapping.public: {said}")


def test_the_password_is_read_when_it_is_needed(tmp_path):
    path = tmp_path / "secret"
    loaded = Config(password_file=str(path))
    path.write_text("one\r\n")
    assert loaded.read_password() == "one"
    path.write_text(" two \n\n")
    assert loaded.read_password() == " two \n"
    assert Config(password="three").read_password() == "three"


def test_a_password_file_that_cannot_be_read_is_a_fault_of_the_config(tmp_path):
    with pytest.raises(ConfigError, match=r"password_file: .*missing cannot be read"):
        Config(password_file=str(tmp_path / "missing")).read_password()


VALUES = {
    "integer": st.integers(0, 10**6).map(lambda value: (str(value), value)),
    "number": st.floats(0, 1e6).map(lambda value: (repr(value), value)),
    "boolean": st.sampled_from(
        [(word, True) for word in ("true", "TRUE", "1", "yes", "on")]
        + [(word, False) for word in ("false", "0", "No", "off")]
    ),
    "string": st.text(st.characters(exclude_characters="\0"), min_size=1).map(lambda value: (value, value)),
    "array": st.lists(st.text(), max_size=3).map(lambda value: (json.dumps(value), tuple(value))),
    "object": st.dictionaries(st.text(), st.integers(), max_size=3).map(
        lambda value: (json.dumps(value), value)
    ),
}
EXAMPLE = {
    "integer": "max_rejects",
    "number": "retry_delay",
    "boolean": "ledger",
    "string": "user",
    "array": "session_sql",
    "object": "streams",
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_the_environment_says_every_value_in_text(kind, data):
    text, value = data.draw(VALUES[kind])
    assert value_of(SETTINGS[EXAMPLE[kind]], FromEnvironment(text)) == value


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("max_rejects", "1.5", "must be an integer"),
        ("max_rejects", "", "must be an integer"),
        ("retry_delay", "soon", "must be a number"),
        ("retry_delay", "nan", "must be a number, not a number"),
        ("ledger", "maybe", "must be true or false"),
        ("streams", "{", "must be JSON"),
        ("streams", "[]", "must be an object, not such a list"),
        ("session_sql", "[1]", "must be a list of texts, not such a list"),
    ],
)
def test_text_of_the_environment_that_does_not_fit_is_refused(name, text, why):
    with pytest.raises(Unfit) as caught:
        value_of(SETTINGS[name], FromEnvironment(text))
    assert str(caught.value) in {why, why.partition(",")[0]}


def test_one_statement_in_the_environment_needs_no_brackets():
    assert value_of(SETTINGS["session_sql"], FromEnvironment("COMMIT")) == ("COMMIT",)


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def leaves(value, path=()):
    """
    The values that are no objects, each with the names that lead there.
    """
    if not isinstance(value, dict):
        return {(path, repr(value))}
    return set().union(*(leaves(inner, (*path, name)) for name, inner in value.items()))


@given(OBJECTS, OBJECTS)
def test_every_value_of_the_newer_survives_a_merge(older, newer):
    assert leaves(newer) <= leaves(merged(older, newer)) <= leaves(newer) | leaves(older)


@given(OBJECTS, OBJECTS)
def test_every_name_of_both_survives_a_merge(older, newer):
    assert merged(older, newer).keys() == older.keys() | newer.keys()


@given(OBJECTS)
def test_merging_with_itself_or_nothing_changes_nothing(value):
    assert merged(value, value) == merged({}, value) == merged(value, {}) == value


@pytest.mark.parametrize("setting", ["wallet_password", "password", "access_token"])
def test_a_secret_is_masked_from_the_moment_it_is_read(load, setting, masks):
    load({setting: "quite hidden"})
    assert masks("a quite hidden b") == "a *** b"


def test_a_secret_is_masked_even_when_the_config_is_refused(faults, masks):
    faults({"password": "quite hidden", "port": 0})
    assert masks("quite hidden") == "***"


@pytest.fixture
def masks(monkeypatch):
    from target_oracle import redaction  # noqa: PLC0415 - its state is this test's

    monkeypatch.setattr(redaction, "_known", set())
    redaction._pattern.cache_clear()
    yield redaction.redact
    redaction._pattern.cache_clear()


def test_a_line_may_be_as_long_as_a_transaction_and_without_a_bound_no_shorter_than_a_batch():
    assert Config(max_transaction_bytes=1000).longest_line == 1000
    assert Config(max_transaction_bytes=0, batch_size_bytes=1).longest_line == 32 << 20
    assert Config(max_transaction_bytes=0, batch_size_bytes=1 << 30).longest_line == 1 << 30
