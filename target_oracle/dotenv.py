"""
The `.env` file beside a project: NAME=value lines that stand in for the environment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# A line is [export] NAME=value; the value is 'as it stands', "with \n, \" and \\", or bare up to a comment.
_LINE: Final = re.compile(
    r"""
    ^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^\s'"][^\n]*?)?)
    (?=[ \t]*(?:[ \t]\#[^\n]*)?(?:\r?$))
    """,
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> dict[str, str]:
    """
    Return the variables of *text*, the last of a name; lines of another form are not variables.

    >>> parse("export A='x y' # why")
    {'A': 'x y'}
    """
    return {match["name"]: _value(match) for match in _LINE.finditer(text)}


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), match["double"])
    return match["single"] or match["bare"] or ""


def find(folder: Path) -> Path | None:
    """
    Return the `.env` of *folder* or of the nearest folder above it.
    """
    places = (place / ".env" for place in (folder, *folder.parents))
    return next((path for path in places if path.is_file()), None)
