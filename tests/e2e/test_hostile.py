"""
Names and settings that mean harm: each is a safe name or a clear refusal, and no statement changes its shape.
"""

from __future__ import annotations

import json
import re
from functools import partial
from types import SimpleNamespace

import pytest

from target_oracle import config, newtable
from target_oracle.errors import ConfigError
from target_oracle.oracle.names import fold
from target_oracle.oracle.types import Column, OracleType
from target_oracle.settings import SETTINGS
from tests import grammar
from tests.e2e.rig import rig
from tests.unit.hostile import HOSTILE

pytestmark = pytest.mark.standin


def is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


NAMES = [text for text in HOSTILE if is_unicode(text)]
BROKEN = [text for text in HOSTILE if not is_unicode(text)]
# What stands between quotes is data to Oracle: an identifier, or the text of a comment.
_QUOTED = re.compile(r'"[^"]*"|\'(?:[^\']|\'\')*\'')


@pytest.fixture(scope="module", params=[19])
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("hostile"), request.param) as found:
        yield found


def lines(*messages) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def load(stream: str, names: list[str], keys: list[str]) -> bytes:
    """
    Return a stream with the properties *names*, and a record with a value for each.
    """
    properties = {name: {"type": ["null", "string"], "maxLength": 20} for name in names}
    schema = {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": properties},
        "key_properties": keys,
    }
    record = {"type": "RECORD", "stream": stream, "record": {name: f"v{n}" for n, name in enumerate(names)}}
    return lines(schema, record)


def shapes(server, run) -> tuple[set[str], object]:
    """
    Return the statements that *run* sends, with what is quoted taken out, and what *run* returns.
    """
    before = len(server.server.statements())
    result = run()
    sent = server.server.statements()[before:]
    return {_QUOTED.sub("?", str(each["sql"])) for each in sent}, result


def plain(count: int) -> list[str]:
    return [f"property_{n}" for n in range(count)]


@pytest.mark.parametrize("method", ["append-only", "upsert"])
def test_properties_of_any_name_are_columns_and_statements_keep_their_shape(server, method):
    harmless, result = shapes(
        server,
        lambda: server.run(load(f"plain {method}", plain(len(NAMES)), ["property_0"]), load_method=method),
    )
    assert result.exit_code == 0, result.log
    hostile, result = shapes(
        server, lambda: server.run(load(f"hostile {method}", NAMES, [NAMES[0]]), load_method=method)
    )
    assert result.exit_code == 0, result.log
    assert hostile <= harmless
    table = f"HOSTILE_{method.upper().replace('-', '_')}"
    rows = server.database.query("SELECT column_name FROM user_tab_columns WHERE table_name = :1", table)
    listed = ", ".join(f'"{name}"' for (name,) in rows)
    (row,) = server.database.query(f'SELECT {listed} FROM "{table}"')
    assert sorted(row) == sorted(f"v{n}" for n in range(len(NAMES)))


def test_the_same_names_find_the_same_columns_in_the_next_run(server):
    for n in range(2):
        result = server.run(load("again", NAMES if n else NAMES[::-1], []))
        assert result.exit_code == 0, result.log
    columns = server.database.query("SELECT COUNT(*) FROM user_tab_columns WHERE table_name = 'AGAIN'")
    assert columns == [(len(NAMES),)]
    assert server.database.count("AGAIN") == 2


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    with rig(tmp_path_factory.mktemp("others"), 23) as found:
        yield found


def test_streams_and_keys_of_any_name_are_tables_and_keys_each_its_own(other):
    streams = [name for name in NAMES if name]
    data = b"".join(load(name, ["other", name], [name]) * 2 for name in streams)
    harmless, result = shapes(
        other, lambda: other.run(load("harmless", ["other", "a"], ["a"]) * 2, load_method="upsert")
    )
    assert result.exit_code == 0, result.log
    hostile, result = shapes(other, lambda: other.run(data, load_method="upsert"))
    assert result.exit_code == 0, result.log
    assert hostile <= harmless
    comments = dict(other.database.query("SELECT table_name, comments FROM user_tab_comments"))
    made = {table: comment for table, comment in comments.items() if table != "HARMLESS"}
    assert len(made) == len(set(made.values())) == len(streams)
    assert all(other.database.count(table) == 1 for table in made)


@pytest.mark.parametrize("name", BROKEN, ids=ascii)
def test_a_name_that_is_no_unicode_is_refused_as_the_taps_fault(other, name):
    for data in (load("s", [name], []), load(name, ["a"], [])):
        result = other.run(data)
        assert result.exit_code in (3, 5), result.log
        assert "surrogate" in result.log


# Settings that reach DDL: the text is folded to a name, or refused.
PLANNED = {
    "table_prefix": lambda text: {"table_prefix": text},
    "table_suffix": lambda text: {"table_suffix": text},
    "table_name_pattern": lambda text: {"table_name_pattern": f"{text}{{stream}}"},
    "default_target_schema": lambda text: {"default_target_schema": text},
    "schema_mapping": lambda text: {"schema_mapping": {"s": text}},
    "a column's name": lambda text: {"columns": {"*": {"a": {"name": text}}}},
    "a column's type": lambda text: {"columns": {"*": {"a": {"type": text}}}},
    "table_options": lambda text: {"table_options": text},
    "ledger_table": lambda text: {"ledger": True, "ledger_table": text},
    "reject_table": lambda text: {"reject_table": text, "max_rejects": 1},
    "flattening_separator": lambda text: {**FLAT, "flattening_separator": text},
    "a property of columns": lambda text: {"columns": {"*": {text: {"name": "B", "type": "DATE"}}}},
    "a stream of columns": lambda text: {"columns": {text: {"a": {"name": "B"}}}},
    "a stream of streams": lambda text: {"streams": {text: {"table_prefix": "P"}}},
    "a schema of schema_mapping": lambda text: {"schema_mapping": {text: "dw"}},
}
FLAT = {"flattening_enabled": True, "flattening_max_depth": 1}
# And some that reach other statements.
LOADED = {
    "loader_id": lambda text: {"ledger": True, "loader_id": text},
    "query_tag": lambda text: {"query_tag": text},
}
PLANNED_STREAM = {
    "type": "SCHEMA",
    "stream": "s.t",
    "schema": {"properties": {"a": {"type": "string"}, "o": {"properties": {"x": {"type": "string"}}}}},
    "key_properties": [],
}
# The types that a harmless text may name.
_TYPE = re.compile(r"\? (?:VARCHAR2\(\d+ CHAR\)|NUMBER|DATE)")


def statements(script: str) -> set[str]:
    """
    Return the shapes of the statements in a script for SQL*Plus, its remarks left out.
    """
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return {_TYPE.sub("? TYPE", _QUOTED.sub("?", each).strip()) for each in "\n".join(lines).split(";\n")}


@pytest.mark.parametrize("place", PLANNED)
def test_a_setting_of_any_text_is_a_name_in_the_plan_or_a_refusal(within, capsys, place):
    def planned(**settings):
        nowhere = {
            "dsn": "127.0.0.1:1/none",
            "user": "app",
            "password": "secret",
            "ledger": False,
            "max_retries": 0,
        }
        result = within({**nowhere, **settings}, lines(PLANNED_STREAM), "--plan")
        return statements(capsys.readouterr().out), result

    own = {"ledger": True, "reject_table": "R", "max_rejects": 1}
    harmless = (
        planned(**own)[0]
        | planned()[0]
        | planned(ledger=True)[0]
        | planned(reject_table="R", max_rejects=1)[0]
        | planned(**FLAT)[0]
    )
    harmless |= {each.replace("TABLE ? (", "TABLE ?.? (") for each in harmless}
    folded = 0
    for text in NAMES:
        shown, result = planned(**PLANNED[place](text))
        assert result.exit_code in (0, 2), (text, result.log)
        assert result.exit_code == 0 or "internal fault" not in result.log, (text, result.log)
        if result.exit_code == 0:
            folded += 1
            assert shown <= harmless, (text, shown - harmless)
    assert folded


@pytest.mark.parametrize("place", LOADED)
def test_a_setting_of_any_text_changes_no_statement(other, place):
    number = next(other.numbers)
    data = load(f"fine{number}", ["a"], [])
    harmless = shapes(other, lambda: other.run(data, ledger=True))[0]
    harmless |= shapes(other, lambda: other.run(data, **LOADED[place]("a")))[0]
    for text in NAMES:
        sent, result = shapes(other, partial(other.run, data, **LOADED[place](text)))
        assert result.exit_code in (0, 2), (text, result.log)
        assert "internal fault" not in result.log, (text, result.log)
        assert sent <= harmless, (text, sent - harmless)


def wished(names: list[str], **settings) -> list[str]:
    """
    Return the statements for a new table that has a column for each of *names*.
    """
    columns = {name: Column(fold(name, 128), OracleType("NUMBER")) for name in names}
    wish = SimpleNamespace(stream="s", settings=SimpleNamespace(**settings))
    return newtable.statements(SimpleNamespace(owner="APP", name="T", columns=columns), wish, 128)


@pytest.mark.parametrize("text", [text for text in NAMES if "," not in text], ids=ascii)
def test_an_index_of_any_property_and_a_right_of_any_user_keep_their_shape(text):
    index, grant = wished(
        [text.strip()], custom_indexes=[text], default_target_schema_select_permissions=[text]
    )
    assert _QUOTED.sub("?", index) == "CREATE INDEX ?.? ON ?.? (?)"
    assert _QUOTED.sub("?", grant) == "GRANT SELECT ON ?.? TO ?"
    assert grammar.faults([index, grant]) == []


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.options])
def test_a_setting_of_few_values_takes_no_other_text(tmp_path, name):
    path = tmp_path / "config.json"
    allowed = {option.lower() for option in SETTINGS[name].options}
    for text in (text for text in NAMES if text.lower() not in allowed):
        path.write_text(json.dumps({"dsn": "d", "user": "u", "password": "p", name: text}))
        with pytest.raises(ConfigError, match=name):
            config.load([str(path)], {})
