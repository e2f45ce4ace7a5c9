"""
What is shipped: the wheel's contents, its requirements, the container.
"""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatch

import pytest
import yaml
from packaging.requirements import Requirement

import target_oracle
from tests.program import CHECKOUT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
REQUIRED = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = [
    Requirement(text) for extra in PROJECT["project"]["optional-dependencies"].values() for text in extra
]
PINS = [
    Requirement(line)
    for line in (CHECKOUT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


def pinned(name: str, python: str) -> list[str]:
    """
    The versions that the constraints name for package *name* on *python*.
    """
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    return [
        next(iter(pin.specifier)).version
        for pin in PINS
        if re.sub(r"[-_.]+", "-", pin.name).lower() == wanted
        and (pin.marker is None or pin.marker.evaluate({"python_version": python}))
    ]


def test_the_program_needs_four_packages_and_no_more():
    assert sorted(requirement.name for requirement in REQUIRED) == [
        "jsonschema",
        "msgspec",
        "oracledb",
        "orjson",
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", REQUIRED + EXTRAS, ids=lambda requirement: requirement.name)
def test_each_requirement_is_bounded_and_has_one_pinned_version(requirement, python):
    if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
        (version,) = pinned(requirement.name, python)
        assert requirement.specifier.contains(version)
        assert any(bound.operator == "<" for bound in requirement.specifier)


def test_the_constraints_hold_versions_only():
    assert [str(pin) for pin in PINS if pin.url or [s.operator for s in pin.specifier] != ["=="]] == []


def test_every_folder_of_the_package_is_shipped():
    package = CHECKOUT / "target_oracle"
    folders = [package, *(path.parent for path in package.glob("*/__init__.py"))]
    names = [".".join(folder.relative_to(CHECKOUT).parts) for folder in folders]
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(names)


def test_the_package_says_that_it_is_typed():
    assert (CHECKOUT / "target_oracle" / "py.typed").is_file()
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"target_oracle": ["py.typed"]}


def test_the_version_stands_in_one_place_and_heads_the_changelog():
    assert PROJECT["project"]["dynamic"] == ["version"]
    (version,) = re.findall(r"^## (\d\S*)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert version == target_oracle.__version__


def test_the_console_script_is_the_command_lines_main():
    assert PROJECT["project"]["scripts"] == {"target-oracle": "target_oracle.cli:main"}


@pytest.mark.parametrize("table", ["ruff", "mypy", "pytest", "coverage"])
def test_the_tools_are_told_what_to_do_in_one_file(table):
    assert table in PROJECT["tool"]


# -- the container -----------------------------------------------------------------------------------------


def stages() -> dict[str, list[tuple[str, str]]]:
    """
    Stage name -> its instructions as (word, rest), continuation lines joined.
    """
    text = re.sub(r"\\\n\s*", "", (CHECKOUT / "Dockerfile").read_text())
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            name = rest.split(" AS ")[1]
            found[name] = []
        if word.isupper() and found:
            found[name].append((word, rest))
    return found


def test_the_last_stage_is_the_programs_and_starts_from_a_slim_base():
    names = list(stages())
    assert names[-1] == "run"
    assert stages()["run"][0] == ("FROM", "base AS run")
    assert re.fullmatch(r"python:3\.1\d-slim AS base", stages()["base"][0][1])


def test_the_image_runs_the_program_itself_as_a_user_without_rights():
    """
    The program is process 1 and gets the SIGTERM: no shell stands between.
    """
    run = dict(stages()["run"])
    assert run["USER"] == "10001:10001"
    assert run["ENTRYPOINT"] == '["target-oracle"]'
    assert run["STOPSIGNAL"] == "SIGTERM"
    assert "CMD" not in run


def test_the_image_holds_the_installed_program_and_no_source():
    copies = [rest for word, rest in stages()["run"] if word == "COPY"]
    assert copies == ["--from=build /opt/venv /opt/venv"]


def test_what_the_image_copies_is_let_through_by_dockerignore():
    lines = (CHECKOUT / ".dockerignore").read_text().split()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    wanted = [
        name
        for stage in stages().values()
        for word, rest in stage
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    ]
    assert lines[0] == "*"
    assert [
        name for name in wanted if name != "." and not any(fnmatch(name, known) for known in allowed)
    ] == []
    assert [name for name in allowed if not (CHECKOUT / name).exists()] == []


def test_the_compose_file_gives_the_program_no_more_than_it_needs():
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
    target = services["target"]
    assert target["read_only"] is True
    assert target["cap_drop"] == ["ALL"]
    assert target["depends_on"] == {"oracle": {"condition": "service_healthy"}}
    assert target["build"]["target"] in stages()
