"""
The index of commands: what the Makefile offers, and that nothing in it points nowhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tests.program import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text()
LISTED = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE) + re.findall(
    r"^(oracle-[a-z]+):  ## ", MAKEFILE, re.MULTILINE
)
PROMISED = """
setup demo test test-unit test-oracle test-all soak ci
lint types security bench profile build docs image clean
oracle-start oracle-stop oracle-status oracle-logs oracle-shell
""".split()
SCRIPTS = sorted(path for path in (CHECKOUT / "bin").iterdir() if path.is_file())

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize("name", PROMISED)
def test_the_makefile_has_each_promised_target(name):
    assert name in LISTED


@needs_make
def test_bare_make_lists_every_target():
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    shown = subprocess.run(
        ["make"], cwd=CHECKOUT, env=outside, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in shown.splitlines()} == set(LISTED)


def test_every_listed_target_is_phony():
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)).split())
    assert set(LISTED) == phony


def test_every_target_that_runs_the_program_builds_what_is_older_than_its_c_file():
    (built_from,) = re.findall(r"^BUILT_FROM := (.*)$", MAKEFILE, re.MULTILINE)
    assert {"pyproject.toml", "setup.py", "constraints.txt"} <= set(built_from.split())
    assert "$(wildcard target_oracle/*.c target_oracle/native/*.h)" in built_from
    stamps = re.findall(r"^\$\(VENV\)/\.stamp-[a-z]+: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(stamps) == {"$(BUILT_FROM)"}


def test_every_script_that_the_makefile_calls_is_there():
    called = set(re.findall(r"(?:^|\s)@?(bin/[a-z-]+|\.ci/[a-z]+)", MAKEFILE))
    assert {name for name in called if not (CHECKOUT / name).is_file()} == set()


def test_ci_runs_targets_of_the_makefile():
    (steps,) = re.findall(r"^for name in (.*); do$", (CHECKOUT / ".ci" / "run").read_text(), re.MULTILINE)
    assert {"lint", "types", "security", "test", "test-wheel"} <= set(steps.split()) <= set(LISTED)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_can_be_run_and_says_what_it_is_for(path):
    first, second = path.read_text().splitlines()[:2]
    assert os.access(path, os.X_OK)
    assert first.startswith("#!")
    assert second == '"""' or second.startswith("# ")


@pytest.mark.parametrize(
    "path", [p for p in SCRIPTS if p.read_text().startswith("#!/bin/sh")], ids=lambda p: p.name
)
def test_every_shell_script_parses(path):
    subprocess.run(["sh", "-n", path], check=True)


def test_setup_finds_an_interpreter_that_the_program_supports():
    shown = subprocess.run([CHECKOUT / "bin" / "pythons"], capture_output=True, text=True, check=True).stdout
    versions = [line.split()[0] for line in shown.splitlines()]
    assert versions
    assert set(versions) <= {"3.10", "3.11", "3.12", "3.13"}
    assert len(versions) == len(set(versions))


def test_no_file_names_the_host_of_a_package_registry():
    files = ["Makefile", "constraints.txt", "pyproject.toml", "setup.py", "Dockerfile", ".ci/run", *SCRIPTS]
    named = [str(name) for name in files if re.search(r"https?://", (CHECKOUT / name).read_text())]
    assert named == []
