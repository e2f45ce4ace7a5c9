"""
A stream that changes its mind: every change of a schema that taps are known to make, and a row after each.
"""

from __future__ import annotations

import base64
import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.loads import lines, server
from tests.standin.statements import commits_by_itself

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.standin

GONE = None
INTEGER, NUMBER, BOOLEAN = {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
NULLABLE = {"type": ["null", "integer"]}
DATE_TIME, DATE = {"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}
OBJECT, ARRAY, STRING = {"type": "object"}, {"type": "array"}, {"type": "string"}
LONG = "n" * 200
BYTES = bytes(range(256))


def text(length: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": length}


def binary(length: int | None = None) -> dict[str, Any]:
    size = {"maxLength": length} if length else {}
    return {"type": "string", "contentEncoding": "base64", **size}


@dataclass(frozen=True, slots=True)
class Step:
    """
    What the tap's schema becomes, and a record; *stored* says by a column's comment what is in it then.

    *stored* is the record itself unless said; *changes* and *keys* are of properties.
    """

    title: str
    record: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] | None = None
    stored: Mapping[str, Any] | Callable[[int], Mapping[str, Any]] | None = None

    def expected(self, version: int) -> Mapping[str, Any]:
        if self.stored is None:
            return self.record
        return self.stored(version) if callable(self.stored) else self.stored


def at(text: str) -> datetime:
    """
    Give a point in time as the driver reads it: in UTC, without saying so.
    """
    return datetime.fromisoformat(text)


def wide(count: int) -> dict[str, Any]:
    return {f"wide {n}": n for n in range(count)}


# fmt: off
STORY = (
    Step("a text of ten characters", {"name": "Anna"}, {"name": text(10)}, keys=("n",)),
    Step("the same schema", {"name": "Berta"}),
    Step("a longer text", {"name": "b" * 50}, {"name": text(50)}),
    Step("a still longer text", {"name": "é" * 200}, {"name": text(200)}),
    Step("a shorter text", {"name": "short"}, {"name": text(20)}),
    Step("a text of any length", {"name": "x" * 4000}, {"name": STRING}),
    Step("a text past the limit", {"name": "é" * 2001}),
    Step("a short text once more", {"name": "Carla"}, {"name": text(10)}),
    Step("a huge text", {"name": "z" * 200_000}, {"name": STRING}),
    Step("three new properties", {"a": 1, "b": Decimal("2.5"), "c": True},
         {"a": INTEGER, "b": NUMBER, "c": BOOLEAN}),
    Step("none of them", {"name": "Dora"}),
    Step("an integer gets a fraction", {"a": Decimal("1.25")}, {"a": NUMBER}),
    Step("a number is an integer again", {"a": 7}, {"a": INTEGER}),
    Step("a number becomes a text", {"a": "seven"}, {"a": text(10)}, stored={"a, as STRING": "seven"}),
    Step("and a number again", {"a": Decimal("7.5")}, {"a": NUMBER}),
    Step("and a longer text", {"a": "s" * 100}, {"a": text(100)}, stored={"a, as STRING": "s" * 100}),
    Step("and one of any length", {"a": "t" * 5000}, {"a": STRING}, stored={"a, as STRING": "t" * 5000}),
    Step("and a number for good", {"a": -1}, {"a": INTEGER}),
    Step("a boolean becomes a text", {"c": "yes"}, {"c": text(5)}, stored={"c, as STRING": "yes"}),
    Step("a boolean becomes a number", {"c": 5}, {"c": INTEGER},
         stored=lambda version: {"c" if version < 23 else "c, as NUMBER": 5}),
    Step("a point in time", {"t": "2024-02-29T12:30:00.123456Z"}, {"t": DATE_TIME},
         stored={"t": at("2024-02-29T12:30:00.123456")}),
    Step("the time becomes a day", {"t": "2024-03-01"}, {"t": DATE}, stored={"t": at("2024-03-01")}),
    Step("a day", {"d": "2024-03-02"}, {"d": DATE}, stored={"d": at("2024-03-02")}),
    Step("the day becomes a time", {"d": "2024-03-02T01:02:03Z"}, {"d": DATE_TIME},
         stored={"d, as TIMESTAMP": at("2024-03-02T01:02:03")}),
    Step("the time becomes a text", {"d": "soon"}, {"d": text(10)}, stored={"d, as STRING": "soon"}),
    Step("an object", {"o": {"x": [1, "two"]}}, {"o": OBJECT}),
    Step("the object becomes a text", {"o": "flat"}, {"o": text(10)}, stored={"o, as STRING": "flat"}),
    Step("the text becomes an array", {"o": [1, 2]}, {"o": ARRAY}),
    Step("a text that will be an object", {"s": "plain"}, {"s": text(10)}),
    Step("the text becomes an object", {"s": {"deep": {"er": 1}}}, {"s": OBJECT}),
    Step("a number becomes an object", {"b": {"amount": 1}}, {"b": OBJECT},
         stored={"b, as JSON": {"amount": 1}}),
    Step("a required property", {"r": 1}, {"r": INTEGER}),
    Step("that may be null", {"r": None}, {"r": NULLABLE}),
    Step("that is gone", {}, {"r": GONE}),
    Step("that is back", {"r": 3}, {"r": INTEGER}),
    Step("a name in other letters", {"Name": "one", "name": "two"}, {"Name": text(10)}),
    Step("and in others still", {"NAME": "three", "Name": "one"}, {"NAME": text(10)}),
    Step("the first of them gone", {"NAME": "three", "Name": "one"}, {"name": GONE}),
    Step("and back", {"name": "two"}, {"name": STRING}),
    Step("two long names that end differently", {f"{LONG}a": 1, f"{LONG}b": 2},
         {f"{LONG}a": INTEGER, f"{LONG}b": INTEGER}),
    Step("reserved words", {"select": 1, "rowid": 2, "level": 3},
         {"select": INTEGER, "rowid": INTEGER, "level": INTEGER}),
    Step("a name of quotes and more", {"it's; a \"name\" \U0001f600": 1},
         {"it's; a \"name\" \U0001f600": INTEGER}),
    Step("a longer key", {}, keys=("n", "part")),
    Step("the key in another order", {}, keys=("part", "n")),
    Step("the shorter key again", {}, keys=("n",)),
    Step("no key", {}, keys=()),
    Step("a key again", {}, keys=("n",)),
    Step("a UUID", {"u": "6f1c2d7e-0000-4000-8000-000000000000"},
         {"u": {"type": "string", "format": "uuid"}}),
    Step("that becomes a text", {"u": "u" * 100}, {"u": text(100)}),
    Step("a time of day", {"hour": "12:30:00"}, {"hour": {"type": "string", "format": "time"}}),
    Step("a few bytes", {"bin": base64.b64encode(BYTES[:6]).decode()}, {"bin": binary(8)},
         stored={"bin": BYTES[:6]}),
    Step("more bytes", {"bin": base64.b64encode(BYTES).decode()}, {"bin": binary(400)},
         stored={"bin": BYTES}),
    Step("bytes without end", {"bin": base64.b64encode(BYTES * 9).decode()}, {"bin": binary()},
         stored={"bin, as BINARY": BYTES * 9}),
    Step("a decimal in a text", {"dec": "12345678901234567890.123456789"},
         {"dec": {"type": "string", "format": "singer.decimal"}},
         stored={"dec": Decimal("12345678901234567890.123456789")}),
    Step("a text among few", {"e": "red"}, {"e": {"enum": ["red", "green"], "type": "string"}}),
    Step("one of two shapes", {"e": "2024-01-01T00:00:00Z"}, {"e": {"anyOf": [DATE_TIME, STRING]}}),
    Step("a type of its own", {"x": "five!"},
         {"x": {"type": "string", "x-sql-datatype": "VARCHAR2(5 CHAR)"}}),
    Step("which is dropped", {"x": "more than five"}, {"x": STRING}),
    Step("many properties at once", wide(9), dict.fromkeys(wide(9), INTEGER)),
    Step("of which each changes", {name: f"{n}!" for name, n in wide(9).items()},
         dict.fromkeys(wide(9), text(9)),
         stored={f"{name}, as STRING": f"{n}!" for name, n in wide(9).items()}),
    Step("and all are gone", {"name": "Zoe"}, dict.fromkeys(wide(9), GONE)),
)
# fmt: on
BASE = {
    "load_method": "upsert",
    "retry_delay": 0,
    "max_retries": 1000,
    "log_level": "WARNING",
}


def told(story: tuple[Step, ...] = STORY) -> Iterator[list[dict[str, Any]]]:
    """
    Give the messages of each step: its SCHEMA, its RECORD and a STATE.
    """
    properties: dict[str, Any] = {"n": INTEGER, "part": INTEGER}
    keys: tuple[str, ...] = ()
    for number, step in enumerate(story, 1):
        properties |= step.changes
        properties = {name: schema for name, schema in properties.items() if schema is not GONE}
        keys = keys if step.keys is None else step.keys
        yield [
            {
                "type": "SCHEMA",
                "stream": "Tale",
                "schema": {"properties": properties},
                "key_properties": keys,
            },
            {"type": "RECORD", "stream": "Tale", "record": {"n": number, "part": number % 3, **step.record}},
            {"type": "STATE", "value": {"step": number}},
        ]


def written(messages: list[dict[str, Any]]) -> bytes:
    """
    Give *messages* as a tap prints them, decimals as numbers.
    """
    return lines(json.loads(json.dumps(messages, default=float)))


def wanted(version: int) -> list[dict[str, Any]]:
    """
    Give the row of each step: what is in the column of each comment; what is not named is NULL.
    """
    return [
        {"n": number, "part": number % 3, **step.expected(version)} for number, step in enumerate(STORY, 1)
    ]


def found(database: Any) -> list[dict[str, Any]]:
    """
    Read the rows by their columns' comments, without what is NULL.
    """
    comments = dict(
        database.query("SELECT column_name, comments FROM user_col_comments WHERE table_name = 'TALE'")
    )
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.arraysize = 1000
        cursor.execute('SELECT * FROM "TALE" ORDER BY "N"', fetch_lobs=False, fetch_decimals=True)
        names = [comments[column[0]] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def difference(rows: list[dict[str, Any]], version: int) -> str:
    """
    Say where *rows* are not as they should be; "" where they are.
    """
    expected = wanted(version)
    if len(rows) != len(expected):
        return f"{len(rows)} rows of {len(expected)}"
    for step, row, should in zip(STORY, rows, expected, strict=True):
        there = {name: value for name, value in should.items() if value is not None}
        same = row.keys() == there.keys() and all(is_same(row[name], there[name]) for name in there)
        if not same:
            return f"{step.title}: {str(row)[:300]} is not {str(there)[:300]}"
    return ""


def is_same(value: Any, should: Any) -> bool:
    """
    Compare; JSON is text in some columns and a value in others.
    """
    if isinstance(should, dict | list) and isinstance(value, str):
        value = json.loads(value)
    return bool(value == should)


def columns(database: Any) -> dict[str, str]:
    """
    Give the table's columns and their types.
    """
    return dict(
        database.query("SELECT column_name, data_type FROM user_tab_columns WHERE table_name = 'TALE'")
    )


@pytest.mark.parametrize("version", [19, 23])
def test_every_row_of_a_story_of_sixty_changes_is_where_it_belongs(within, version):
    assert len(STORY) >= 60
    data = b"".join(map(written, told()))
    with server(version) as (_, database):
        result = within(database.config(**BASE), data)
        assert result.exit_code == 0, result.log
        assert result.states[-1] == {"step": len(STORY)}
        assert difference(found(database), version) == ""
        types = columns(database)
        assert [types[name] for name in ("NAME", "A", "A__STRING")] == ["CLOB", "NUMBER", "CLOB"]
        again = within(database.config(**BASE, schema_evolution="freeze"), written(list(told())[-1]))
        assert again.exit_code == 0, again.log


@pytest.mark.parametrize("version", [19, 23])
def test_the_story_ends_alike_when_each_change_is_a_run_of_its_own(within, version):
    """
    Each run finds out by the dictionary alone what the ones before did.
    """
    with server(version) as (_, database):
        for messages in told():
            result = within(database.config(**BASE), written(messages))
            assert result.exit_code == 0, result.log
        assert difference(found(database), version) == ""
        apart = columns(database)
    with server(version) as (_, database):
        within(database.config(**BASE), b"".join(map(written, told())))
        assert apart == columns(database)


@pytest.mark.parametrize("version", [19, 23])
@pytest.mark.parametrize(("moment", "which"), [("before", range(1, 2000, 2)), ("after", range(1, 2000))])
def test_the_story_ends_alike_when_the_connection_is_cut_at_every_ddl(within, version, moment, which):
    """
    Before: each statement is lost once, and the next one is it again. After: it acts, and nobody hears of it.
    """
    data = b"".join(map(written, told()))
    with server(version, *(f"cut@ddl:{number}:{moment}" for number in which)) as (standin, database):
        result = within(database.config(**BASE), data)
        assert result.exit_code == 0, result.log[-2000:]
        done = sum(commits_by_itself(each["sql"]) for each in standin.statements())
        assert sum("cut@ddl" in line for line in standin.log) == done > 100
        assert difference(found(database), version) == ""
