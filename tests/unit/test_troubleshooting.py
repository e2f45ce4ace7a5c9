"""
The troubleshooting page has every message of the program, with a reason and a cure.
"""

from __future__ import annotations

import re

import pytest

from target_oracle.rejects import CURES
from tests.program import CHECKOUT
from tests.unit import told

PAGE = (CHECKOUT / "docs" / "troubleshooting.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith("|---")
]
MESSAGES = told.messages()


def shown(cell):
    """
    The messages that a cell of the page shows.
    """
    return re.findall(r"`([^`]+)`", cell)


def parts(text):
    """
    A shown message, and what stands between its semicolons: some are put together of two.
    """
    return {told.plain(text), *map(told.plain, text.split("; "))}


def test_the_source_is_read_for_what_is_raised_listed_returned_and_kept_in_tables():
    assert {
        "RECORD has no stream",
        'unknown setting; did you mean "…"?',
        "a primary key has at most … columns, not",
        "user: is missing",
        "the server's certificate has expired: its owner must renew it",
    } <= set(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_each_message_is_explained_and_has_a_cure(message):
    rows = [row for row in ROWS if any(message in each for each in shown(row[0]))]
    assert rows
    assert all(len(row) == 3 and all(row) for row in rows)


def test_the_page_shows_no_message_that_the_program_does_not_have():
    known = told.everything()
    first = [each for row in ROWS for each in shown(row[0])]
    assert [each for each in first if not parts(each) & known] == []


@pytest.mark.parametrize("code", CURES)
def test_each_code_of_a_reject_has_its_reasons(code):
    assert [row for row in ROWS if code in row[1].split(", ")]
