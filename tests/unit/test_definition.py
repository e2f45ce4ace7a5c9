"""
plugin.yaml: the loader definition that Meltano takes, made from the table of settings.
"""

from __future__ import annotations

import pytest
import yaml

from target_oracle import about
from target_oracle.settings import SETTINGS
from tests.program import CHECKOUT

TEXT = (CHECKOUT / "plugin.yaml").read_text()
DEFINITION = yaml.safe_load(TEXT)

# Meltano Hub, common.schema.json and loaders.schema.json; `meltano add --from-ref` takes the same.
KEYS = {
    "name", "namespace", "variant", "label", "description", "executable", "pip_url", "dialect",
    "capabilities", "settings_group_validation", "commands", "settings",
}  # fmt: skip
KINDS = {"string", "integer", "decimal", "boolean", "object", "array", "options"}
SETTING_KEYS = {"name", "label", "kind", "description", "placeholder", "sensitive", "aliases", "options"}


def test_the_definition_is_what_about_prints():
    assert about.page("meltano") == TEXT


def test_the_definition_has_the_keys_of_a_loader():
    assert set(DEFINITION) == KEYS


def test_the_definition_names_each_setting_that_there_is():
    assert [said["name"] for said in DEFINITION["settings"]] == list(SETTINGS)


@pytest.mark.parametrize("said", DEFINITION["settings"], ids=lambda said: said["name"])
def test_a_setting_has_a_kind_that_meltano_knows(said):
    assert set(said) <= SETTING_KEYS
    assert said["kind"] in KINDS
    assert ("options" in said) == (said["kind"] == "options")


def test_secrets_are_sensitive():
    secrets = {said["name"] for said in DEFINITION["settings"] if said.get("sensitive")}
    assert secrets == {setting.name for setting in SETTINGS.values() if setting.secret}


def test_the_sets_of_settings_that_connect_name_settings():
    names = set(SETTINGS)
    assert {name for group in DEFINITION["settings_group_validation"] for name in group} <= names
