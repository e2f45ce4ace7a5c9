"""
What the pages say is so: links lead somewhere, commands and settings exist, configurations parse.
"""

from __future__ import annotations

import json
import re

import pytest
import yaml

from target_oracle import foreign
from target_oracle.oracle.codes import ADVICE
from target_oracle.rejects import CURES
from target_oracle.settings import SETTINGS, SSH
from tests.program import CHECKOUT
from tests.unit.test_makefile import LISTED

DOCS = CHECKOUT / "docs"
PAGES = [CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    DOCS.rglob("*.md")
)
TEXTS = {str(path.relative_to(CHECKOUT)): path.read_text() for path in PAGES}

# Words with an underscore, in code, that are no settings.
OTHER_WORDS = {
    "ddl_of_the_load",
    "key_properties",
    "public_album",
    "public_track",
    *foreign.NAMES,
    *foreign.GROUPS,
    *foreign.LOAD_METHODS,
}

OTHER_OPTIONS = {"--build", "--catalog", "--discover", "--no-healthcheck", "--rm", "--state"}

each_page = pytest.mark.parametrize("page", sorted(TEXTS))


def blocks(page: str, language: str) -> list[str]:
    """
    The fenced blocks of *language* on a page.
    """
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[page], re.MULTILINE | re.DOTALL)


def configs(page: str) -> list[dict[str, object]]:
    """
    The configurations on a page: blocks of JSON that are no Singer message, files that a shell block writes.
    """
    written = [
        part
        for block in blocks(page, "sh")
        for part in re.findall(r"<<'JSON'\n(.*?)^JSON$", block, re.MULTILINE | re.DOTALL)
    ]
    found = [json.loads(text) for text in blocks(page, "json") + written]
    return [config for config in found if "type" not in config]


def anchors(text: str) -> set[str]:
    """
    The anchors that the headings of a page give.
    """
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@each_page
def test_every_link_leads_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page]) if "://" not in link]
    for link in links:
        name, _, anchor = link.partition("#")
        path = (CHECKOUT / page).parent / name if name else CHECKOUT / page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path.read_text()), link


@each_page
def test_every_make_target_that_a_page_names_exists(page):
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", TEXTS[page], re.MULTILINE)
    assert set(named) <= set(LISTED)


@each_page
def test_every_option_that_a_page_names_is_an_option(page, usage):
    calls = re.findall(r"target-oracle ([^|>\n`]*)", TEXTS[page]) + re.findall(r"`(--[a-z-]+)", TEXTS[page])
    named = {option for call in calls for option in re.findall(r"--[a-z-]+", call)}
    assert {option for option in named if option not in usage} - OTHER_OPTIONS == set()


@pytest.fixture(scope="module")
def usage(tmp_path_factory):
    from tests.program import Program  # noqa: PLC0415 - only this fixture starts a process

    result = Program(tmp_path_factory.mktemp("usage"))(None, b"", "--help")
    assert result.exit_code == 0
    return result.stdout.decode()


@each_page
def test_every_setting_that_a_page_names_is_there(page):
    words = {
        word for word in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXTS[page]) if not word.startswith("target_")
    }
    assert words - set(SETTINGS) - {member.name for member in SSH} - OTHER_WORDS == set()


@each_page
def test_every_configuration_on_a_page_names_settings_only(page):
    for config in configs(page):
        assert set(config) <= set(SETTINGS)
        for overrides in config.get("streams", {}).values():
            assert all(SETTINGS[name].per_stream for name in overrides)


@pytest.mark.parametrize("code", ADVICE)
def test_every_code_that_the_program_advises_about_is_explained(code):
    assert code in TEXTS["docs/troubleshooting.md"]


@pytest.mark.parametrize("code", CURES)
def test_every_code_that_the_program_has_a_cure_for_is_explained(code):
    assert re.search(rf"\b{code}\b", TEXTS["docs/rejects.md"])


@pytest.mark.parametrize("name", sorted(foreign.NAMES | foreign.GROUPS | set(foreign.LOAD_METHODS)))
def test_every_name_of_another_target_that_is_understood_or_refused_is_listed(name):
    assert f"`{name}`" in TEXTS["docs/migration.md"]


@pytest.mark.parametrize("name", foreign.ALIASES)
def test_every_alias_is_listed_with_the_setting_that_it_means(name):
    assert f"| `{name}` | `{foreign.ALIASES[name]}` |" in TEXTS["docs/migration.md"]


def test_the_readme_names_both_commands():
    assert {"make demo", "make test"} <= {
        line.split(" #")[0].strip() for line in TEXTS["README.md"].splitlines()
    }


def test_every_page_is_in_the_navigation_and_the_other_way_round():
    nav = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text())["nav"]
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert set(leaves(nav)) == there


def leaves(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node
    return [leaf for child in children for leaf in leaves(child)]


def test_every_decision_says_what_why_and_what_it_costs():
    decisions = sorted((DOCS / "decisions").glob("0*.md"))
    assert [path.name[:4] for path in decisions] == [f"{n:04d}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        assert re.findall(r"^\*\*(\w+)\.\*\*", path.read_text(), re.MULTILINE) == ["What", "Why", "Cost"], (
            path.name
        )
        assert path.name in TEXTS["docs/decisions/README.md"]


@each_page
def test_no_page_names_a_place_on_one_machine(page):
    assert re.findall(r"(?:^|[\s`(])/(?:home|root|work|Users)/", TEXTS[page]) == []
