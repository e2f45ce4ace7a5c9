"""
The manual page: the usage, every setting, the exit codes; share/target-oracle.1 is its output.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from target_oracle import __version__
from target_oracle.arguments import USAGE
from target_oracle.settings import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator


def page(description: str) -> str:
    """
    Return the page in the language of man(7).
    """
    return "\n".join([*_head(description), *_usage(), *_settings(), *_tail()]) + "\n"


def _text(text: str) -> str:
    r"""
    Return *text* so that man shows it as it is.

    >>> _text(".a -b \\ c")
    '\\&.a \\-b \\e c'
    """
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def _head(description: str) -> Iterator[str]:
    yield f'.TH TARGET\\-ORACLE 1 "" "target\\-oracle {__version__}" "User Commands"'
    yield from (".SH NAME", f"target\\-oracle \\- {_text(description)}")


def _usage() -> Iterator[str]:
    """
    Give the usage as it is printed, its parts as sections.
    """
    first, _, rest = USAGE.partition("\n")
    yield from (".SH SYNOPSIS", _text(first.removeprefix("usage: ")))
    parts = re.split(r"\n(?=[a-z])", rest)
    yield from (".SH DESCRIPTION", _text(parts[0].strip()))
    for part in parts[1:]:
        title, _, body = part.partition(":\n")
        yield from (
            f".SH {title.partition(',')[0].upper()}",
            ".nf",
            *map(_text, body.rstrip().splitlines()),
            ".fi",
        )


def _settings() -> Iterator[str]:
    for group, settings in GROUPS.items():
        yield f".SH {_text(group.upper())}"
        for setting in settings:
            yield from (".TP", f".B {_text(setting.name)}", _text(setting.doc))


def _tail() -> Iterator[str]:
    yield ".SH ENVIRONMENT"
    yield _text(
        "TARGET_ORACLE_<SETTING> for each setting, with --config ENV; TNS_ADMIN; SINGER_SDK_LOG_CONFIG."
    )
