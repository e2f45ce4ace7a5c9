"""
What is shipped: the wheel's contents, its requirements, the compiled part, the container.
"""

from __future__ import annotations

import ast
import json
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

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
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"target_oracle": ["py.typed", "*.pyi"]}


def test_the_version_stands_in_one_place_and_heads_the_changelog():
    assert PROJECT["project"]["dynamic"] == ["version"]
    (version,) = re.findall(r"^## (\d\S*)", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert version == target_oracle.__version__


def test_the_console_script_is_the_command_lines_main():
    assert PROJECT["project"]["scripts"] == {"target-oracle": "target_oracle.cli:main"}


@pytest.mark.parametrize("table", ["ruff", "mypy", "pytest", "coverage"])
def test_the_tools_are_told_what_to_do_in_one_file(table):
    assert table in PROJECT["tool"]


# -- the compiled part -------------------------------------------------------------------------------------

SOURCE = CHECKOUT / "target_oracle" / "_columns.c"
STUB = SOURCE.with_suffix(".pyi")
INCLUDE = Path(sysconfig.get_path("include"))

HEADERS = (CHECKOUT / "target_oracle" / "native").glob("*.h")
needs_source = pytest.mark.skipif(not SOURCE.exists(), reason="the checkout has no target_oracle/_columns.c")
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or not (INCLUDE / "Python.h").exists(),
    reason="no C compiler or no headers of Python",
)
needs_compiled = pytest.mark.skipif(
    find_spec("target_oracle._columns") is None, reason="target_oracle._columns is not compiled"
)


class Command:
    """
    Stands for a command of setuptools: what was built is *outputs*, the name is told by what is known then.
    """

    outputs: tuple[str, ...] = ()
    root_is_pure: bool | None = None

    def get_finalized_command(self, name):
        assert name == "build_ext"
        return SimpleNamespace(get_outputs=lambda: list(self.outputs))

    def get_ext_fullpath(self, name):
        (path,) = self.outputs
        return path

    def build_extension(self, ext):
        assert not any(Path(path).exists() for path in self.outputs)

    def get_tag(self):
        return ("py3", "none", "any") if self.root_is_pure else ("cp310", "abi3", "linux_x86_64")


@pytest.fixture
def asked(monkeypatch):
    """
    What setup.py asks of setuptools, which itself is not needed for that.
    """

    def ask():
        said = {}
        names = {
            "Extension": lambda name, sources, **words: SimpleNamespace(name=name, sources=sources, **words)
        }
        for module, words in {
            "setuptools": {**names, "setup": said.update},
            "setuptools.command": {},
            "setuptools.command.bdist_wheel": {"bdist_wheel": Command},
            "setuptools.command.build_ext": {"build_ext": Command},
        }.items():
            monkeypatch.setitem(sys.modules, module, ModuleType(module))
            vars(sys.modules[module]).update(words)
        runpy.run_path(str(CHECKOUT / "setup.py"))
        return SimpleNamespace(**said)

    monkeypatch.delenv("TARGET_ORACLE_PURE", raising=False)
    monkeypatch.setattr(sys.implementation, "name", "cpython")
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 0}.get)
    return ask


def test_the_compiled_part_may_fail_to_build(asked):
    (extension,) = asked().ext_modules
    assert extension.name == "target_oracle._columns"
    assert extension.optional is True


def test_the_compiled_part_runs_on_every_machine_of_its_kind_and_computes_by_the_rules(asked):
    (extension,) = asked().ext_modules
    assert set(extension.extra_compile_args) == {"-O3", "-fvisibility=hidden", "-Wall", "-Wextra"}


def test_one_build_serves_every_python_that_the_program_supports(asked):
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    (extension,) = asked().ext_modules
    assert extension.py_limited_api is True
    assert asked().options["bdist_wheel"] == {"py_limited_api": f"cp{oldest.replace('.', '')}"}


@needs_source
def test_the_c_file_keeps_to_the_limited_api_of_the_oldest_python():
    major, minor = map(int, PROJECT["project"]["requires-python"].removeprefix(">=").split("."))
    code = SOURCE.read_text()
    assert re.findall(r"^#define Py_LIMITED_API (\w+)", code, re.MULTILINE) == [
        f"0x{major:02X}{minor:02X}0000"
    ]
    assert code.index("#define Py_LIMITED_API") < code.index("#include <Python.h>")


@pytest.mark.parametrize("why", ["asked for", "another Python", "a Python without its lock"])
def test_a_build_without_the_compiled_part(asked, monkeypatch, why):
    if why == "asked for":
        monkeypatch.setenv("TARGET_ORACLE_PURE", "1")
    elif why == "another Python":
        monkeypatch.setattr(sys.implementation, "name", "pypy")
    else:
        monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    assert asked().ext_modules == []
    assert asked().options == {}


def test_what_leaves_the_compiled_part_out_is_no_setting():
    assert "pure" not in SETTINGS


def test_a_wheel_is_for_any_platform_when_nothing_in_it_is_compiled(asked, tmp_path):
    built = tmp_path / "_columns.abi3.so"
    command = asked().cmdclass["bdist_wheel"]()
    assert command.get_tag() == ("py3", "none", "any")
    command.outputs = (str(built),)
    assert command.get_tag() == ("py3", "none", "any")
    built.touch()
    assert command.get_tag() == ("cp310", "abi3", "linux_x86_64")


def test_what_an_earlier_build_left_is_not_shipped_when_this_one_fails(asked, tmp_path):
    built = tmp_path / "_columns.abi3.so"
    built.touch()
    command = asked().cmdclass["build_ext"]()
    command.outputs = (str(built),)
    command.build_extension(*asked().ext_modules)
    assert not built.exists()


def test_the_c_file_is_in_the_sdist_whatever_is_built_and_not_in_the_wheel(asked):
    (extension,) = asked().ext_modules
    assert (CHECKOUT / "MANIFEST.in").read_text().splitlines() == [
        f"include {' '.join(extension.sources)}",
        "recursive-include target_oracle/native *.h",
    ]
    assert extension.depends == sorted(f"target_oracle/native/{path.name}" for path in HEADERS)
    assert PROJECT["tool"]["setuptools"]["include-package-data"] is False


@needs_source
@needs_compiler
def test_the_c_file_compiles_without_a_warning(asked, tmp_path):
    """
    An install shows neither warnings nor errors of the compiler.
    """
    (extension,) = asked().ext_modules
    words = ["-fPIC", *extension.extra_compile_args, f"-I{INCLUDE}", "-c", *extension.sources]
    shown = subprocess.run(
        ["cc", *words, "-o", tmp_path / "_columns.o"],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert (shown.returncode, shown.stderr) == (0, "")


@needs_source
@needs_compiled
def test_the_stub_names_what_the_compiled_module_has():
    from target_oracle import _columns  # noqa: PLC0415 - it is not always there

    told = {
        node.target.id if isinstance(node, ast.AnnAssign) else node.name
        for node in ast.parse(STUB.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AnnAssign)
    }
    assert {name for name in told if not name.startswith("_")} == {
        name for name in vars(_columns) if not name.startswith("_")
    }


def test_what_was_compiled_on_one_machine_stays_there():
    assert "*.so" in (CHECKOUT / ".gitignore").read_text().split()
    assert "**/*.so" in (CHECKOUT / ".dockerignore").read_text().split()


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


def test_the_image_has_the_compiled_part_and_no_compiler():
    """
    The compiler is in the stages that are thrown away; there a build without the compiled part is a failure.
    """
    runs = {name: [rest for word, rest in stage if word == "RUN"] for name, stage in stages().items()}
    assert "--no-install-recommends gcc libc6-dev &&" in runs["build"][0]
    assert runs["build"][-1] == '/opt/venv/bin/python -I -c "import target_oracle._columns"'
    assert runs["run"] == []
    assert [rest for rest in runs["base"] if "apt-get" in rest] == []


def test_the_image_is_built_from_all_that_the_build_reads():
    copied = {name for word, rest in stages()["build"] if word == "COPY" for name in rest.split()[:-1]}
    assert {"pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "target_oracle"} <= copied


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


def test_the_tests_find_in_a_container_what_they_read_in_the_checkout():
    allowed = {line[1:] for line in (CHECKOUT / ".dockerignore").read_text().split() if line.startswith("!")}
    tests = (path.read_text() for path in (CHECKOUT / "tests").rglob("*.py"))
    named = {name for text in tests for name in re.findall(r'CHECKOUT / "([\w.-]+)"', text)}
    made = {name for name in named if name == "build" or name.startswith(".venv")}
    assert named - made - allowed == set()


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
