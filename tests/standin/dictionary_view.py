"""
What a view of the dictionary is: a line with its columns, and a function that lists its rows as dicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.standin import sqltypes
from tests.standin.catalog import Catalog, Table, View
from tests.standin.sqltypes import SqlType, varchar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.standin.nls import Nls

_NAME = varchar(128)
_NUMBER = sqltypes.NUMBER
_DATE = sqltypes.DATE
_LONG = sqltypes.LONG
_FLAG = varchar(3)
_TEXT = varchar(4000)
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    """
    What the dictionary shows beside the catalog: the server, the session.

    *describe* tells a view's columns: (name, type, nullable).
    """

    catalog: Catalog
    nls: Nls
    user: str
    version: int
    max_string: int
    service: str
    describe: Callable[[View], list[tuple[str, SqlType, bool]]]
    sessions: Callable[[], list[Fields]]
    private: list[Table]


@dataclass(frozen=True, slots=True)
class DictionaryView:
    """
    A view's columns and its rows; *scoped* ones exist as USER_, ALL_ and DBA_.
    """

    columns: tuple[tuple[str, SqlType], ...]
    rows: Callable[[Instance], Iterator[Fields]]
    scoped: bool = True
    privileged: bool = False


def columns(text: str) -> tuple[tuple[str, SqlType], ...]:
    """
    Read columns: NAME is a name, NAME:n a number, :d a date, :l a LONG, :f a flag, :t a long text.
    """
    types = {"n": _NUMBER, "d": _DATE, "l": _LONG, "f": _FLAG, "t": _TEXT, "": _NAME}
    found = []
    for word in text.split():
        name, _, kind = word.partition(":")
        found.append((name, types[kind]))
    return tuple(found)
