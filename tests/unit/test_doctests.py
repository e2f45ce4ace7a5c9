"""
Examples in docstrings are run.
"""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests import captured, grammar
from tests.standin import statements
from tests.unit.test_architecture import FILES

MODULES = sorted(name for name in FILES if not name.endswith("__main__"))


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_is_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_examples_of_the_tests_own_tools_are_true():
    for tool in (captured, grammar, statements):
        assert doctest.testmod(tool).failed == 0
