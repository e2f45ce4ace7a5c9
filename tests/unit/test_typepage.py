"""
docs/types.md says what the code does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import pairwise

import pytest

from target_oracle.typepage import refreshed
from tests.program import CHECKOUT

PAGE = CHECKOUT / "docs" / "types.md"


def test_the_page_has_the_tables_of_the_code():
    """
    Whoever changes a type writes them anew: python -m target_oracle.typepage docs/types.md.
    """
    assert PAGE.read_text() == refreshed(PAGE.read_text())
    assert PAGE.read_text().count("<!-- end -->") == 4


def test_a_command_writes_the_tables(tmp_path):
    copy = shutil.copy(PAGE, tmp_path)
    stale = PAGE.read_text().replace("NUMBER(38)", "NUMBER(37)")
    (tmp_path / "types.md").write_text(stale)
    subprocess.run([sys.executable, "-m", "target_oracle.typepage", copy], cwd=CHECKOUT, check=True)
    assert (tmp_path / "types.md").read_text() == PAGE.read_text()


def test_a_table_that_is_not_made_is_refused():
    with pytest.raises(KeyError, match="nonsense"):
        refreshed("<!-- nonsense -->\n<!-- end -->")


def test_every_table_has_rows_of_one_width():
    for above, below in pairwise(PAGE.read_text().splitlines()):
        if above.startswith("|") and below.startswith("|"):
            assert above.count("|") == below.count("|")
