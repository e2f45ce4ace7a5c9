"""
pandas: a data frame a STATE, `to_sql`.

Usage: python -m tests.bench.frames DSN USER PASSWORD < stream
"""

from __future__ import annotations

import sys

import orjson
import pandas as pd  # type: ignore[import-untyped]

from tests.bench import alchemy


def main(dsn: str, user: str, password: str) -> None:
    """
    Load stdin, printing each STATE after its commit.
    """
    engine = alchemy.engine(dsn, user, password)
    rows: list[dict[str, object]] = []
    for line in sys.stdin.buffer:
        message = orjson.loads(line)
        if message["type"] == "RECORD":
            rows.append(message["record"])
        elif message["type"] == "STATE":
            frame = pd.DataFrame(rows)
            frame["ordered_at"] = pd.to_datetime(frame["ordered_at"])
            frame.to_sql("frames", engine, if_exists="append", index=False, dtype=alchemy.types())
            rows.clear()
            sys.stdout.buffer.write(orjson.dumps(message["value"]) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
