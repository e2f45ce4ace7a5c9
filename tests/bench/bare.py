"""
The script that a programmer writes in ten minutes: orjson, tuples, executemany. No check, no retry.

Usage: python -m tests.bench.bare DSN USER PASSWORD < stream
"""

from __future__ import annotations

import sys
from datetime import datetime

import oracledb
import orjson

from tests.bench import table


def main(dsn: str, user: str, password: str) -> None:
    """
    Load stdin, printing each STATE after its commit.
    """
    connection = oracledb.connect(user=user, password=password, dsn=dsn)
    cursor = connection.cursor()
    cursor.execute(table.CREATE)
    rows: list[tuple[object, ...]] = []
    for line in sys.stdin.buffer:
        message = orjson.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            record["ordered_at"] = datetime.fromisoformat(record["ordered_at"].replace("Z", "+00:00"))
            rows.append(tuple(record.values()))
        elif message["type"] == "STATE":
            cursor.executemany(table.INSERT, rows)
            connection.commit()
            rows.clear()
            sys.stdout.buffer.write(orjson.dumps(message["value"]) + b"\n")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
