"""
dlt, its sqlalchemy destination, tables as it makes them.

Usage: python -m tests.bench.dlt_load DSN USER PASSWORD < stream
"""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

import dlt  # type: ignore[import-not-found]
import orjson
from dlt.destinations import sqlalchemy  # type: ignore[import-not-found]

from tests.bench import alchemy

if TYPE_CHECKING:
    from collections.abc import Iterator


def records() -> Iterator[dict[str, object]]:
    """
    The records on stdin.
    """
    for line in sys.stdin.buffer:
        message = orjson.loads(line)
        if message["type"] == "RECORD":
            yield message["record"]


def main(dsn: str, user: str, password: str) -> None:
    """
    Load stdin.
    """
    destination = sqlalchemy(alchemy.named_engine(dsn, user, password))
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination=destination, dataset_name=user)
        pipeline.run(records(), table_name="orders", write_disposition="append")


if __name__ == "__main__":
    main(*sys.argv[1:])
