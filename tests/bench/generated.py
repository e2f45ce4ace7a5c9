"""
The standard stream of the measurements: 12 columns, about 400 bytes a line, a STATE every 10,000 records.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAM = "orders"
STATE_EVERY = 10_000

PROPERTIES: dict[str, dict[str, Any]] = {
    "id": {"type": "integer"},
    "customer_id": {"type": ["integer", "null"]},
    "quantity": {"type": ["integer", "null"]},
    "amount": {"type": ["number", "null"]},
    "status": {"type": ["string", "null"], "maxLength": 20},
    "currency": {"type": ["string", "null"], "maxLength": 3},
    "city": {"type": ["string", "null"], "maxLength": 40},
    "channel": {"type": ["string", "null"], "maxLength": 20},
    "sku": {"type": ["string", "null"], "maxLength": 40},
    "note": {"type": ["string", "null"], "maxLength": 200},
    "ordered_at": {"type": ["string", "null"], "format": "date-time"},
    "paid": {"type": ["boolean", "null"]},
}
SCHEMA = {"type": "object", "required": ["id"], "properties": PROPERTIES}
COLUMNS = tuple(PROPERTIES)

CITIES = ("Lisboa", "München", "São Paulo", "Kraków", "東京", "Montréal")
WORDS = ("parcel", "door", "monday", "fragile", "neighbour", "invoice", "again", "please")


def write(path: Path, records: int) -> None:
    """
    Write the stream with *records* records to *path*; the same bytes each time.
    """
    with path.open("wb") as out:
        out.writelines(lines(records))


def lines(records: int) -> Iterator[bytes]:
    """
    Yield the messages, a line each.
    """
    chance = random.Random(12)  # noqa: S311 - the same stream each time is the point
    yield _line({"type": "SCHEMA", "stream": STREAM, "schema": SCHEMA, "key_properties": ["id"]})
    for number in range(1, records + 1):
        yield _line({"type": "RECORD", "stream": STREAM, "record": _record(number, chance)})
        if number % STATE_EVERY == 0 or number == records:
            yield _line({"type": "STATE", "value": {"bookmarks": {STREAM: {"id": number}}}})


def _record(number: int, chance: random.Random) -> dict[str, object]:
    cents = chance.randrange(1_000_000)
    return {
        "id": number,
        "customer_id": chance.randrange(1_000_000),
        "quantity": chance.randrange(1, 100),
        "amount": cents / 100,
        "status": chance.choice(("open", "paid", "shipped", "returned")),
        "currency": chance.choice(("EUR", "USD", "JPY")),
        "city": chance.choice(CITIES),
        "channel": chance.choice(("web", "shop", "phone")),
        "sku": f"SKU-{chance.randrange(100_000):06d}",
        "note": " ".join(chance.choices(WORDS, k=12))[:80],
        "ordered_at": _moment(number, cents),
        "paid": number % 3 == 0,
    }


def _moment(number: int, micros: int) -> str:
    """
    A time in 2026, another day and hour each time.
    """
    return f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:15:42.{micros:06d}Z"


def _line(message: dict[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
