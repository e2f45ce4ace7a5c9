"""
The table of settings holds what the program takes, and nothing that it does not honour.
"""

from __future__ import annotations

import re

import pytest

from target_oracle import foreign
from target_oracle.config import Config, StreamSettings
from target_oracle.settings import SETTINGS
from tests.program import CHECKOUT

# Modules that know a setting without doing what it says.
KNOWING = {"settings", "config", "checks", "about", "foreign", "given", "sources", "typemap"}
CODE = "\n".join(
    path.read_text()
    for path in sorted((CHECKOUT / "target_oracle").rglob("*.py"))
    if path.stem not in KNOWING
)

# What Config makes of other settings, and what is no setting.
DERIVED = {"commit_interval_rows"}
BESIDE = {"notices", "given"}

TYPES = {
    "string": {"str", "str | None"},
    "integer": {"int", "int | None"},
    "number": {"float", "float | None"},
    "boolean": {"bool", "bool | None"},
    "array": {"tuple[str, ...]"},
}


def is_read(name: str) -> bool:
    return bool(re.search(rf"\.{name}\b", CODE)) or name in {"password", "password_file"}


def default_of(name: str) -> object:
    return getattr(Config(), name)


def is_hidden(name: str) -> bool:
    config = Config(**{name: "hidden-value"})
    return "hidden-value" not in f"{config!r} {config.__rich_repr__()}"


def test_config_has_an_attribute_for_each_setting():
    assert set(Config.__struct_fields__) - BESIDE == SETTINGS.keys()


@pytest.mark.parametrize("name", sorted(SETTINGS.keys() - DERIVED))
def test_config_has_the_default_of_the_table(name):
    assert default_of(name) == SETTINGS[name].default


@pytest.mark.parametrize("name", [name for name, one in SETTINGS.items() if one.kind in TYPES])
def test_config_has_the_type_of_the_table(name):
    type_ = Config.__annotations__[name]
    assert type_ in TYPES[SETTINGS[name].kind]
    assert name in DERIVED or ("None" in type_) == (SETTINGS[name].default is None)


def test_a_stream_has_the_settings_that_may_stand_under_streams():
    per_stream = {name for name, setting in SETTINGS.items() if setting.per_stream}
    assert set(StreamSettings.__struct_fields__) == per_stream | {"columns"}


def test_a_stream_has_the_types_of_the_run():
    types, own = Config.__annotations__, StreamSettings.__annotations__
    assert [name for name in own if own[name] != types[name]] == ["columns"]


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.secret])
def test_a_secret_is_not_in_the_repr(name):
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["dsn", "session_sql", "before_run_sql", "after_run_sql", "ssh_tunnel"])
def test_what_may_hold_a_secret_is_not_in_the_repr(name):
    assert is_hidden(name)


def test_what_holds_no_secret_is_in_the_repr():
    assert repr(Config(user="app", password="hidden-value")).startswith(
        "Config(user='app', password_file=None, "
    )


def test_no_setting_is_ignored_in_silence():
    assert [setting.name for setting in SETTINGS.values() if not is_read(setting.name)] == []


def test_options_hold_the_default():
    assert [name for name, one in SETTINGS.items() if one.options and one.default not in one.options] == []


def test_every_setting_has_a_sentence():
    assert [name for name, one in SETTINGS.items() if not one.doc.rstrip('}"').endswith(".")] == []


@pytest.mark.parametrize("names", [foreign.ALIASES, foreign.TRANSLATIONS, foreign.ALWAYS, foreign.REFUSED])
def test_a_foreign_name_is_not_one_of_ours(names):
    assert set(names) & SETTINGS.keys() == set()


def test_a_foreign_name_has_one_meaning():
    tables = [*foreign.ALIASES, *foreign.TRANSLATIONS, *foreign.ALWAYS, *foreign.REFUSED]
    assert sorted(tables) == sorted(foreign.NAMES)


def test_aliases_lead_to_settings():
    assert set(foreign.ALIASES.values()) <= SETTINGS.keys()


REFUSALS = {**foreign.REFUSED, **{name: said for name, (_, said) in foreign.ALWAYS.items()}}


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_a_setting(said):
    assert set(re.findall(r"\w+", said)) & SETTINGS.keys()


def test_the_environment_has_a_name_for_each_setting():
    assert SETTINGS["batch_size_rows"].variable == "TARGET_ORACLE_BATCH_SIZE_ROWS"
    assert SETTINGS["batch_size_rows"].title == "Batch Size Rows"
