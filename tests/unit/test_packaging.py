"""
What is shipped: the wheel's contents, its requirements, the container.
"""

from __future__ import annotations

import json
import re
import sys
from fnmatch import fnmatch

import pytest
import yaml
from packaging.requirements import Requirement

import target_oracle
from target_oracle.arguments import parse
from target_oracle.settings import SETTINGS
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


def test_the_health_of_the_image_is_what_the_check_says():
    """
    As a list, so that no shell is needed; its words are the program's own.
    """
    _, _, words = dict(stages()["run"])["HEALTHCHECK"].partition(" CMD ")
    program, *arguments = json.loads(words)
    assert program == "target-oracle"
    assert parse(arguments).command == "check"


def test_every_dockerfile_is_of_instructions_that_there_are():
    known = {
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "STOPSIGNAL",
        "USER",
        "WORKDIR",
    }
    for path in (CHECKOUT / "Dockerfile", PIPELINE / "Dockerfile"):
        text = re.sub(r"\\\n\s*", "", path.read_text())
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert {line.split()[0] for line in lines} <= known
        for line in lines:
            word, _, rest = line.partition(" ")
            assert word != "ENTRYPOINT" or isinstance(json.loads(rest), list)


# -- the examples of a tap beside the target ----------------------------------------------------------------

PIPELINE = CHECKOUT / "examples" / "pipeline"
CRON_JOB = (CHECKOUT / "examples" / "cronjob.yaml").read_text()


def test_the_image_with_a_tap_ends_as_a_user_without_rights_and_runs_the_script():
    lines = (PIPELINE / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER 10001:10001"
    assert lines[-1] == 'ENTRYPOINT ["load"]'
    (copied,) = [line.split()[1] for line in lines if line.startswith("COPY ")]
    assert (PIPELINE / copied).is_file()


def test_the_compose_file_gives_the_load_no_more_than_it_needs():
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
    load = services["load"]
    assert load["read_only"] is True
    assert load["cap_drop"] == ["ALL"]
    assert load["depends_on"].keys() == services.keys() - {"load"}
    assert {one["condition"] for one in load["depends_on"].values()} == {"service_healthy"}
    assert (CHECKOUT / load["build"] / "Dockerfile").is_file()
    ours = {name for name in load["environment"] if name.startswith("TARGET_ORACLE_")}
    assert ours <= {setting.variable for setting in SETTINGS.values()}
    for volume in services["shop"]["volumes"]:
        assert (CHECKOUT / volume.split(":")[0]).is_file()


def test_the_compose_file_holds_no_secret_but_that_of_the_demo():
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
    for service in services.values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or "RANDOM" in name or re.fullmatch(r"\$\{\w+:-secret\}", value)


def test_the_cron_job_runs_without_rights_and_holds_no_secret():
    job = yaml.safe_load(CRON_JOB)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "command" not in container
    secrets = {setting.variable for setting in SETTINGS.values() if setting.secret}
    assert secrets & {variable["name"] for variable in container["env"]} == set()
    assert pod["terminationGracePeriodSeconds"] > SETTINGS["shutdown_timeout"].default
    assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    assert {variable["name"] for variable in container["env"]} - {"TAP_CONFIG", "TAP_CATALOG"} <= {
        setting.variable for setting in SETTINGS.values()
    }


def test_the_operations_page_shows_the_cron_job_that_there_is():
    assert f"```yaml\n{CRON_JOB}```" in (CHECKOUT / "docs" / "operations.md").read_text()
