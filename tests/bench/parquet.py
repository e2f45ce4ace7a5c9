"""
The standard stream as a Parquet file; in a process of its own, whose memory is not measured.

Usage: python -m tests.bench.parquet RECORDS FILE
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from tests.bench import generated

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {
    **dict.fromkeys(("id", "customer_id", "quantity"), pa.int64()),
    "amount": pa.decimal128(12, 2),
    "ordered_at": pa.timestamp("us", "UTC"),
    "paid": pa.bool_(),
}
SCHEMA = pa.schema([(name, KNOWN.get(name, pa.string())) for name in generated.COLUMNS])


def rows(records: int) -> Iterator[dict[str, Any]]:
    """
    Yield the records with the values that their columns take.
    """
    for line in generated.lines(records):
        message = json.loads(line, parse_float=Decimal)
        if message["type"] == "RECORD":
            moment = message["record"]["ordered_at"].replace("Z", "+00:00")
            yield {**message["record"], "ordered_at": datetime.fromisoformat(moment)}


def main(records: int, path: str) -> None:
    """
    Write the file.
    """
    parquet.write_table(pa.Table.from_pylist(list(rows(records)), SCHEMA), path)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
