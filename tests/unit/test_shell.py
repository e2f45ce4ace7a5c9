"""
What a shell's user finds: the manual page and the completion of words.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from target_oracle import about
from target_oracle.arguments import _FORMS, USAGE
from target_oracle.settings import SETTINGS
from tests.program import CHECKOUT

MANUAL = CHECKOUT / "share" / "target-oracle.1"
COMPLETION = CHECKOUT / "share" / "target-oracle.bash"
OPTIONS = set(re.findall(r"^  (--[a-z-]+)", USAGE, re.MULTILINE))

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
needs_man = pytest.mark.skipif(shutil.which("man") is None, reason="no man")


def completed(*words):
    """
    What bash offers for the last of *words*.
    """
    typed = " ".join(f"'{word}'" for word in words)
    script = f"""
        source {COMPLETION}
        COMP_WORDS=(target-oracle {typed}); COMP_CWORD={len(words)}
        _target_oracle
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    shown = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    return set(shown.stdout.split())


def test_the_manual_page_is_what_about_prints():
    assert about.page("man") == MANUAL.read_text()


def test_the_manual_page_names_every_option_and_setting():
    text = MANUAL.read_text().replace("\\-", "-")
    names = {*OPTIONS, *(f".B {setting.name}" for setting in SETTINGS.values())}
    assert {name for name in names if name not in text} == set()


@needs_man
def test_man_shows_the_page_without_a_warning():
    shown = subprocess.run(
        ["man", "--warnings", "-l", str(MANUAL)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "MANPAGER": "cat", "MANWIDTH": "120"},
    )
    assert shown.stderr == ""
    assert "EXIT CODES" in shown.stdout


@needs_bash
def test_every_option_is_completed():
    assert completed("--") == OPTIONS


@needs_bash
def test_the_forms_are_completed():
    assert completed("--format", "") == {form for forms in _FORMS.values() for form in forms}


@needs_bash
def test_a_config_is_a_file_or_the_environment():
    assert "ENV" in completed("--config", "E")
    assert "README.md" in completed("--config", "README")
