"""
Plans for a DBA: as a script for SQL*Plus and SQLcl, and as JSON for programs.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_oracle.oracle.evolve import Evolution

# Where a line of a script may end: between two columns, outside of quotes.
_PIECES: Final = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|, |[^'",]+|,""")
_INDENT: Final = "\n  "
_NONE: Final[Mapping[str, str]] = {}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class Planned(msgspec.Struct, frozen=True):
    """
    The DDL of a stream: what its table needs, what follows a new table, and what a load does and undoes.
    """

    evolution: Evolution
    after: tuple[str, ...] = ()
    during: tuple[str, ...] = ()

    @property
    def ddl(self) -> tuple[str, ...]:
        """
        The statements that may be run beforehand.
        """
        return (*self.evolution.ddl, *self.after)


def as_sqlplus(plans: Mapping[str, Planned], own: Mapping[str, str] = _NONE) -> str:
    """
    Return the statements of *plans*, by stream, as a script.

    What DDL cannot help is a remark in it, and so is what only a load itself can do.

    *own* are statements that serve no stream, by purpose. `&` stands for itself, a refused statement ends
    the script, and no line is longer than SQL*Plus takes.
    """
    head = ["SET DEFINE OFF", "SET SQLBLANKLINES ON", "WHENEVER SQLERROR EXIT FAILURE"]
    body = [line for each in plans.items() for line in _section(*each)]
    body += [
        line for purpose, statement in own.items() for line in ("", f"-- {purpose}", f"{_lines(statement)};")
    ]
    return "\n".join([*head, *body]) + "\n"


def _section(stream: str, planned: Planned) -> Iterator[str]:
    evolution = planned.evolution
    yield ""
    yield from _remarks((f"stream {stream}: {evolution.owner}.{evolution.name}",))
    yield from _remarks(evolution.notices)
    yield from _remarks(f"cannot be loaded: {problem}" for problem in evolution.problems)
    if not evolution.changes:
        yield from _remarks(("nothing to do",))
    for statement in planned.ddl:
        yield f"{_lines(statement)};"
    yield from _remarks(f"the load itself runs: {statement}" for statement in planned.during)


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


def as_json(plans: Mapping[str, Planned], own: Mapping[str, str] = _NONE) -> str:
    """
    Return what *plans*, by stream, say, and the statements of *own*, by purpose, as one JSON document.
    """
    told = json.dumps(
        {
            "streams": [
                {
                    "stream": stream,
                    "owner": planned.evolution.owner,
                    "table": planned.evolution.name,
                    "columns": {
                        name: {"column": column.name, "type": column.type.ddl()}
                        for name, column in planned.evolution.columns.items()
                    },
                    "ddl": planned.ddl,
                    "ddl_of_the_load": planned.during,
                    "notices": planned.evolution.notices,
                    "problems": planned.evolution.problems,
                }
                for stream, planned in plans.items()
            ],
            "own": dict(own),
        },
        ensure_ascii=False,
        indent=2,
    )
    # A lone surrogate in a property's name cannot be written as UTF-8.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", told)
