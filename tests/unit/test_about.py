"""
What the program says of itself: the Singer SDK's shape, every setting, and the page in docs/.
"""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from target_oracle import __version__, about
from target_oracle.settings import SETTINGS
from tests.program import CHECKOUT

NAMES = list(SETTINGS)


@pytest.fixture(scope="module")
def said():
    return json.loads(about.page("json"))


def test_the_keys_are_the_singer_sdk_s_in_its_order(said):
    assert list(said) == [
        "name",
        "description",
        "version",
        "sdk_version",
        "supported_python_versions",
        "capabilities",
        "settings",
    ]
    assert list(said["settings"]) == ["type", "properties", "$schema"]
    assert said["version"] == __version__


def test_every_setting_that_is_honoured_is_listed(said):
    assert list(said["settings"]["properties"]) == NAMES


def test_the_settings_are_a_json_schema(said):
    jsonschema.Draft202012Validator.check_schema(said["settings"])


def test_the_examples_fit_the_json_schema(said):
    for path in (CHECKOUT / "examples").glob("*.json"):
        jsonschema.validate(json.loads(path.read_text()), said["settings"])


def test_a_secret_is_marked_as_the_sdk_does(said):
    marked = {name for name, one in said["settings"]["properties"].items() if one.get("secret")}
    assert marked == {"password", "wallet_password", "access_token", "ssh_tunnel"}
    assert said["settings"]["properties"]["password"] == {
        "type": ["string", "null"],
        "title": "Password",
        "description": "Password of the user.",
        "secret": True,
        "writeOnly": True,
    }


def test_options_and_bounds_are_told(said):
    properties = said["settings"]["properties"]
    assert properties["protocol"]["enum"] == ["tcp", "tcps"]
    assert properties["port"]["default"] == 1521
    assert (properties["port"]["minimum"], properties["port"]["maximum"]) == (1, 65_535)


def test_capabilities_are_words_that_meltano_knows(said):
    known = {
        "about",
        "stream-maps",
        "schema-flattening",
        "activate-version",
        "batch",
        "structured-logging",
        "soft-delete",
        "hard-delete",
        "datatype-failsafe",
        "target-schema",
        "validate-records",
    }
    assert set(said["capabilities"]) <= known
    assert {"about", "structured-logging", "target-schema", "validate-records"} <= set(said["capabilities"])


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_page_is_plain_ascii(form):
    assert about.page(form).isascii()


def test_the_text_names_every_setting_and_its_variable():
    text = about.page("text")
    assert re.findall(r"^  Name: (\w+)$", text, re.MULTILINE) == NAMES
    variables = re.findall(r"^  Environment Variable: (\w+)$", text, re.MULTILINE)
    assert variables == [SETTINGS[name].variable for name in NAMES]


def test_the_markdown_has_a_row_and_a_paragraph_for_every_setting():
    page = about.page("markdown")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == NAMES
    assert re.findall(r"^### `(\w+)`$", page, re.MULTILINE) == NAMES


def test_a_row_of_the_markdown_has_four_cells():
    rows = [line for line in about.page("markdown").splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def test_the_supported_pythons_are_those_of_the_package():
    project = (CHECKOUT / "pyproject.toml").read_text()
    classified = re.findall(r"Programming Language :: Python :: (3\.\d+)", project)
    assert list(about.PYTHONS) == classified
    assert f'description = "{about.DESCRIPTION}"' in project


def test_the_page_in_docs_is_what_the_program_says():
    """
    Written anew by `bin/target-oracle --about --format markdown > docs/settings.md`.
    """
    assert (CHECKOUT / "docs" / "settings.md").read_text() == about.page("markdown")
