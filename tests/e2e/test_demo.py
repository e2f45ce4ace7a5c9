"""
The demo does on any machine what the README says.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import captured
from tests.e2e.test_chinook import COUNTS
from tests.program import CHECKOUT

pytestmark = pytest.mark.standin


@pytest.fixture(scope="module")
def demo():
    return subprocess.run(
        [sys.executable, CHECKOUT / "bin" / "demo"],
        env={**os.environ, "TARGET_ORACLE_DEMO": "stand-in"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_demo_ends_well_and_says_which_database_it_used(demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "stand-in" in demo.stdout


def test_the_demo_prints_the_last_state_of_the_tap(demo):
    lines = [line for line in demo.stdout.splitlines() if line.startswith("{")]
    last = captured.states(captured.stream("pg_chinook_full"))[-1]
    assert list(captured.messages(lines[-1].encode())) == [last]


def test_the_demo_prints_each_table_with_its_row_count(demo):
    shown = dict(line.split() for line in demo.stdout.splitlines() if line.strip().startswith("PUBLIC_"))
    assert {name: int(count.replace(",", "")) for name, count in shown.items()} == COUNTS
    assert "11 tables, 15,607 rows" in demo.stdout
