"""
What else the program is measured with, beside the standard stream: each a stream and settings of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any

from tests.bench import generated
from tests.program import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RECORD = b'{"type":"RECORD"'
TEXT = {"type": ["string", "null"]}
Record = dict[str, Any]

KEYWORDS: dict[str, dict[str, Any]] = {
    "customer_id": {"minimum": 0},
    "quantity": {"minimum": 1, "maximum": 1000},
    "amount": {"minimum": 0},
    "status": {"enum": ["open", "paid", "shipped", "returned", None]},
    "currency": {"enum": ["EUR", "USD", "JPY", None]},
    "sku": {"pattern": "^SKU-[0-9]{6}$"},
}


@dataclass(frozen=True, slots=True)
class Variant:
    """
    Settings and a stream of so many records; *shrink* times fewer where a record is so much larger.

    *has_floor* says that the typed prototype is measured with it, too.
    """

    lines: Callable[[int], Iterable[bytes]] = generated.lines
    settings: dict[str, Any] = field(default_factory=dict)
    shrink: int = 1
    has_floor: bool = False


def alternating(records: int) -> Iterator[bytes]:
    """
    Yield the standard stream under two names in turn.
    """
    rest = generated.lines(records)
    first = next(rest)
    yield first
    yield first.replace(b'"orders"', b'"refunds"')
    names = cycle((b'"stream":"orders"', b'"stream":"refunds"'))
    for line in rest:
        yield line.replace(b'"stream":"orders"', next(names), 1) if line.startswith(RECORD) else line


def checked(records: int) -> Iterator[bytes]:
    """
    Yield the standard stream with keywords to validate on half of its columns.
    """
    rest = generated.lines(records)
    first = next(rest)
    schema = json.loads(first)
    for name, keywords in KEYWORDS.items():
        schema["schema"]["properties"][name].update(keywords)
    yield json.dumps(schema).encode() + b"\n"
    yield from rest


def refused(records: int) -> Iterator[bytes]:
    """
    Yield the standard stream with a text for a number in each hundredth record.
    """
    number = 0
    for line in generated.lines(records):
        number += line.startswith(RECORD)
        bad = number % 100 == 0 and line.startswith(RECORD)
        yield line.replace(b'"quantity":', b'"quantity":"x","ignored":', 1) if bad else line


def wide(records: int, columns: int) -> Iterator[bytes]:
    """
    Yield records of so many *columns*: those of the standard stream again and again.
    """
    names = [
        (f"{name}_{n // len(generated.COLUMNS)}", name)
        for n, name in zip(range(columns), cycle(generated.COLUMNS))
    ]
    properties = {wide_name: generated.PROPERTIES[name] for wide_name, name in names}
    yield from _changed(
        records, "id_0", properties, lambda record: {wide_name: record[name] for wide_name, name in names}
    )


def nested(records: int) -> Iterator[bytes]:
    """
    Yield the standard stream with an object and an array of objects in each record.
    """
    item = {"type": "object", "properties": {"sku": TEXT, "quantity": {"type": "integer"}}}
    properties = {
        **generated.PROPERTIES,
        "customer": {"type": "object", "properties": {"name": TEXT, "city": TEXT}},
        "items": {"type": "array", "items": item},
    }

    def deeper(record: Record) -> Record:
        customer = {"name": record["channel"], "city": record["city"]}
        items = [{"sku": record["sku"], "quantity": record["quantity"]}] * 3
        return {**record, "customer": customer, "items": items}

    yield from _changed(records, "id", properties, deeper)


def small(records: int) -> Iterator[bytes]:
    """
    Yield records of two columns.
    """
    properties = {name: generated.PROPERTIES[name] for name in ("id", "status")}
    yield from _changed(records, "id", properties, lambda record: {name: record[name] for name in properties})


def huge(records: int) -> Iterator[bytes]:
    """
    Yield records with a text of a million characters.
    """
    properties = {"id": generated.PROPERTIES["id"], "body": TEXT}
    yield from _changed(
        records,
        "id",
        properties,
        lambda record: {"id": record["id"], "body": str(record["note"]).ljust(80, ".") * 12_500},
    )


def parquet(records: int) -> Iterator[bytes]:
    """
    Yield the standard stream as one BATCH of a Parquet file, which is written beside other builds.
    """
    path = CHECKOUT / "build" / "bench" / f"orders-{records}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "tests.bench.parquet", str(records), str(path)], check=True)
    schema, *_, state = generated.lines(records)
    yield schema
    message = {
        "type": "BATCH",
        "stream": generated.STREAM,
        "encoding": {"format": "parquet"},
        "manifest": [path.as_uri()],
    }
    yield json.dumps(message).encode() + b"\n"
    yield state


def _changed(
    records: int, key: str, properties: dict[str, dict[str, Any]], change: Callable[[Record], Record]
) -> Iterator[bytes]:
    """
    Yield the standard stream with other records, of *properties*.
    """
    rest = generated.lines(records)
    message = json.loads(next(rest))
    message.update(key_properties=[key], schema={"type": "object", "properties": properties})
    yield json.dumps(message).encode() + b"\n"
    for line in rest:
        if not line.startswith(RECORD):
            yield line
            continue
        found = json.loads(line)
        found["record"] = change(found["record"])
        yield json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


REJECTS = {"max_rejects_percent": 2, "reject_file": "{folder}/rejects.jsonl"}
VARIANTS = {
    "two streams in turn": Variant(alternating),
    "keywords to validate": Variant(checked),
    "metadata columns": Variant(settings={"add_record_metadata": True}),
    "1 % rejects": Variant(refused, {**REJECTS}),
    "upsert, staged": Variant(settings={"load_method": "upsert", "upsert_strategy": "staged"}),
    "direct path": Variant(settings={"insert_method": "direct"}),
    "BATCH of Parquet": Variant(parquet),
    "two columns": Variant(small),
    "nested records": Variant(nested),
    "100 columns": Variant(partial(wide, columns=100), shrink=5, has_floor=True),
    "400 columns": Variant(partial(wide, columns=400), shrink=20, has_floor=True),
    "records of 1 MB": Variant(huge, shrink=1000),
    "one process decodes": Variant(settings={"decode_processes": 1}),
    "two processes decode": Variant(settings={"decode_processes": 2}),
}
