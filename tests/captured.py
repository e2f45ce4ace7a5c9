"""
The captured streams, and what the tables must hold after them, read by a road of its own.

Nothing of the program is used here: plain `json` with Decimal for fractions, `fromisoformat` for times.
Values take one form for both sides: text, Decimal or int, bool, naive datetime in UTC, JSON as sorted text.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STREAMS = Path(__file__).resolve().parent / "streams"

Row = tuple[Any, ...]


@dataclass(slots=True)
class Expected:
    """
    A table as a stream describes it: column -> kind of value, and its rows in the order of the stream.
    """

    name: str
    kinds: dict[str, str]
    keys: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)

    def by_key(self) -> list[Row]:
        """
        The rows that an upsert leaves: the last one of each key.
        """
        at = [list(self.kinds).index(key) for key in self.keys]
        return list({tuple(row[i] for i in at): row for row in self.rows}.values())


def stream(name: str) -> bytes:
    """
    Return the bytes of the captured stream *name*, as `pg_chinook_full`.
    """
    return gzip.decompress((STREAMS / f"{name}.jsonl.gz").read_bytes())


def messages(data: bytes) -> Iterator[dict[str, Any]]:
    """
    Yield the messages of *data*; numbers as int or Decimal.
    """
    return (json.loads(line, parse_float=Decimal) for line in data.splitlines())


def states(data: bytes) -> list[Any]:
    """
    Return the values of all STATE messages in *data*, in order.
    """
    return [message["value"] for message in messages(data) if message["type"] == "STATE"]


def tables(*streams: bytes) -> dict[str, Expected]:
    """
    Return table name -> what it must hold after *streams*, for streams whose schemas do not change.
    """
    found: dict[str, Expected] = {}
    for message in (message for data in streams for message in messages(data)):
        if message["type"] == "SCHEMA":
            found.setdefault(fold(message["stream"]), _described(message))
        elif message["type"] == "RECORD":
            table = found[fold(message["stream"])]
            table.rows.append(_row(message["record"], message["stream"], table))
    return found


def fold(name: str) -> str:
    """
    The Oracle name of a plain Singer name: upper case, `_` for what is neither letter nor digit.

    >>> fold("nested-attributes")
    'NESTED_ATTRIBUTES'
    """
    return "".join(c if c.isalnum() or c in "_$#" else "_" for c in name).upper()


def stored(kind: str, value: Any) -> Any:
    """
    Return *value*, as a driver fetched it, in the form that both sides share.
    """
    if value is None:
        return None
    if kind == "json":
        return canonical(json.loads(value, parse_float=Decimal) if isinstance(value, str) else value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value


def canonical(value: Any) -> str:
    """
    JSON as text that is equal for equal values; 1.50 and 1.5 are.
    """
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{canonical(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, (Decimal, float, int)) and not isinstance(value, bool):
        return format(Decimal(str(value)).normalize(), "f")
    return json.dumps(value)


def difference(expected: Iterable[Row], found: Iterable[Row]) -> str:
    """
    Return "" where both hold the same rows, in whatever order; otherwise a few of the rows that differ.
    """
    wanted, there = Counter(expected), Counter(found)
    lines = [
        f"{label} {sum(rows.values())} rows, such as {[*rows][:3]}"
        for label, rows in (("missing", wanted - there), ("unexpected", there - wanted))
        if rows
    ]
    return "; ".join(lines)


def _described(message: Mapping[str, Any]) -> Expected:
    properties = message["schema"]["properties"]
    kinds = {fold(name): _kind(schema) for name, schema in properties.items()}
    keys = tuple(fold(key) for key in message.get("key_properties") or ())
    return Expected(fold(message["stream"]), kinds, keys)


def _kind(schema: Mapping[str, Any]) -> str:
    """
    One of text, number, boolean, date-time, date, json; the captured streams need no more.
    """
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    (kind,) = [name for name in types if name != "null"]
    if kind == "string":
        return str(schema.get("format", "text"))
    return {"integer": "number", "object": "json", "array": "json"}.get(kind, kind)


def _row(record: Mapping[str, Any], name: str, table: Expected) -> Row:
    values = {fold(key): value for key, value in record.items()}
    unknown = values.keys() - table.kinds.keys()
    if unknown:
        raise ValueError(f"{name}: the schema does not name {sorted(unknown)}")
    return tuple(_wanted(kind, values.get(column)) for column, kind in table.kinds.items())


def _wanted(kind: str, value: Any) -> Any:
    """
    Return a JSON value in the form that both sides share; '' is NULL in Oracle.
    """
    if value is None or value == "":
        return None
    if kind == "json":
        return canonical(value)
    if kind in ("date-time", "date"):
        return _utc(datetime.fromisoformat(value))
    if kind == "text":
        return value if isinstance(value, str) else canonical(value)
    return value


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)
