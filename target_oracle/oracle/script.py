"""
Plans for a DBA: as a script for SQL*Plus and SQLcl, and as JSON for programs.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_oracle.oracle.evolve import Evolution

# Where a line of a script may end: between two columns, outside of quotes.
_PIECES: Final = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|, |[^'",]+|,""")
_INDENT: Final = "\n  "
_NONE: Final[Mapping[str, str]] = {}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def as_sqlplus(evolutions: Mapping[str, Evolution], own: Mapping[str, str] = _NONE) -> str:
    """
    Return the statements of *evolutions*, by stream, as a script; what DDL cannot help is a remark in it.

    *own* are statements that serve no stream, by purpose. `&` stands for itself, a refused statement ends
    the script, and no line is longer than SQL*Plus takes.
    """
    head = ["SET DEFINE OFF", "SET SQLBLANKLINES ON", "WHENEVER SQLERROR EXIT FAILURE"]
    body = [line for each in evolutions.items() for line in _section(*each)]
    body += [
        line for purpose, statement in own.items() for line in ("", f"-- {purpose}", f"{_lines(statement)};")
    ]
    return "\n".join([*head, *body]) + "\n"


def _section(stream: str, evolution: Evolution) -> Iterator[str]:
    yield ""
    yield from _remarks((f"stream {stream}: {evolution.owner}.{evolution.name}",))
    yield from _remarks(evolution.notices)
    yield from _remarks(f"cannot be loaded: {problem}" for problem in evolution.problems)
    if not evolution.changes:
        yield from _remarks(("nothing to do",))
    for statement in evolution.ddl:
        yield f"{_lines(statement)};"


def _remarks(texts: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    """
    Return comment lines; what would end a line, or be read as its end, is a blank there.
    """
    for text in texts:
        yield "-- " + _UNPRINTABLE.sub(" ", text).rstrip(";- ")


def _lines(statement: str) -> str:
    """
    Break *statement* after each column, which keeps lines short.
    """
    return "".join(f",{_INDENT}" if piece == ", " else piece for piece in _PIECES.findall(statement))


def as_json(evolutions: Mapping[str, Evolution], own: Mapping[str, str] = _NONE) -> str:
    """
    Return what *evolutions*, by stream, say, and the statements of *own*, by purpose, as one JSON document.
    """
    told = json.dumps(
        {
            "streams": [
                {
                    "stream": stream,
                    "owner": evolution.owner,
                    "table": evolution.name,
                    "columns": {
                        name: {"column": column.name, "type": column.type.ddl()}
                        for name, column in evolution.columns.items()
                    },
                    "ddl": evolution.ddl,
                    "notices": evolution.notices,
                    "problems": evolution.problems,
                }
                for stream, evolution in evolutions.items()
            ],
            "own": dict(own),
        },
        ensure_ascii=False,
        indent=2,
    )
    # A lone surrogate in a property's name cannot be written as UTF-8.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", told)
