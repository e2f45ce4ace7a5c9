"""
The shape that the code keeps: who may import whom, and the map of it.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.program import CHECKOUT

PACKAGE = CHECKOUT / "target_oracle"
FILES = {
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# What stands below both worlds and may be used anywhere.
GROUND = {"target_oracle", "target_oracle.errors", "target_oracle.config", "target_oracle.log"}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text())


def imported(node: ast.AST) -> list[str]:
    """
    The modules that one import statement names; `from x import y` names x.y where that is a module.
    """
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if name in FILES else str(node.module) for name in names]
    return []


def imports(module: str) -> set[str]:
    """
    Every module that *module* imports, at whatever place.
    """
    return {name for node in ast.walk(tree(module)) for name in imported(node)}


def imports_at_start(module: str) -> set[str]:
    """
    The modules of ours that *module* imports when it is itself imported.
    """
    return {name for node in tree(module).body for name in imported(node) if name in FILES}


def world(name: str) -> list[str]:
    return [module for module in FILES if module.startswith(f"target_oracle.{name}")]


@pytest.mark.parametrize("module", world("singer"))
def test_singer_knows_no_oracle(module):
    assert {
        name for name in imports(module) if name.startswith(("target_oracle.oracle", "oracledb"))
    } == set()


@pytest.mark.parametrize("module", world("oracle"))
def test_oracle_knows_no_singer(module):
    assert {name for name in imports(module) if name.startswith("target_oracle.singer")} == set()


@pytest.mark.parametrize("module", world("singer") + world("oracle"))
def test_a_world_imports_only_itself_and_the_ground(module):
    own = module.split(".")[1]
    ours = {name for name in imports(module) if name.split(".")[0] == "target_oracle"}
    assert {name for name in ours - GROUND if name.split(".")[1] != own} == set()


@pytest.mark.parametrize("module", sorted(FILES.keys() - set(world("oracle"))))
def test_the_driver_is_imported_only_under_oracle(module):
    assert {name for name in imports(module) if name.split(".")[0] == "oracledb"} == set()


def test_no_module_imports_itself_in_a_circle():
    TopologicalSorter({module: imports_at_start(module) - {module} for module in FILES}).prepare()


def test_values_are_structs_where_msgspec_may_be_imported():
    """
    A dataclass is compiled from source text whenever the program starts.
    """
    assert {module for module in FILES if "dataclasses" in imports(module)} == {
        "target_oracle.logwish",
        "target_oracle.settings",
    }


def test_imports_are_absolute():
    relative = [
        module
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_the_map_names_every_module_once():
    """
    The docstring of the package lists the modules in the order of the data.
    """
    named = re.findall(r"[\w/]+\.py\b", ast.get_docstring(tree("target_oracle")) or "")
    there = [str(path.relative_to(PACKAGE)) for path in FILES.values() if path.name != "__init__.py"]
    assert sorted(named) == sorted(there)


@pytest.mark.parametrize(
    "word", ["utils", "util", "helpers", "helper", "manager", "handler", "base", "common", "misc"]
)
def test_no_module_is_named_for_nothing_in_particular(word):
    assert [module for module in FILES if word in Path(FILES[module]).stem.split("_")] == []
