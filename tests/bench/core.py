"""
SQLAlchemy Core by hand: orjson, dictionaries, one executemany a STATE.

Usage: python -m tests.bench.core DSN USER PASSWORD [exact] < stream

With *exact* decimals keep all their digits, as they do with the program; orjson makes floats of them.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from functools import partial

import orjson
import sqlalchemy

from tests.bench import alchemy, table


def main(dsn: str, user: str, password: str, exact: str = "") -> None:
    """
    Load stdin, printing each STATE after its commit.
    """
    engine = alchemy.engine(dsn, user, password)
    bare = alchemy.bare(exact=bool(exact))
    loads = partial(json.loads, parse_float=Decimal) if exact else orjson.loads
    with engine.connect() as connection:
        connection.exec_driver_sql(table.CREATE)
        rows: list[dict[str, object]] = []
        for line in sys.stdin.buffer:
            message = loads(line)
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
