"""
SQLAlchemy Core by hand: orjson, dictionaries, one executemany a STATE.

Usage: python -m tests.bench.core DSN USER PASSWORD < stream
"""

from __future__ import annotations

import sys
from datetime import datetime

import orjson
import sqlalchemy

from tests.bench import alchemy, table


def main(dsn: str, user: str, password: str) -> None:
    """
    Load stdin, printing each STATE after its commit.
    """
    engine = alchemy.engine(dsn, user, password)
    bare = alchemy.bare()
    with engine.connect() as connection:
        connection.exec_driver_sql(table.CREATE)
        rows: list[dict[str, object]] = []
        for line in sys.stdin.buffer:
            message = orjson.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                record["ordered_at"] = datetime.fromisoformat(record["ordered_at"].replace("Z", "+00:00"))
                rows.append(record)
            elif message["type"] == "STATE":
                connection.execute(sqlalchemy.insert(bare), rows)
                connection.commit()
                rows.clear()
                sys.stdout.buffer.write(orjson.dumps(message["value"]) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
