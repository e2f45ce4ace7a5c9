"""
The floor: a decoder typed for the one stream of its input, declared columns, executemany, and nothing else.

Usage: python -m tests.bench.typed DSN USER PASSWORD < stream
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import oracledb

from tests.bench import table

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = {"integer": int, "number": Decimal, "boolean": bool, "string": str, "date-time": datetime}
BINDS = {
    int: oracledb.DB_TYPE_NUMBER,
    Decimal: oracledb.DB_TYPE_NUMBER,
    bool: oracledb.DB_TYPE_BOOLEAN,
    datetime: oracledb.DB_TYPE_TIMESTAMP_TZ,
    str: 200,
}


# Fewer and larger writes than with the driver's default of 8 KiB.
SDU = 1 << 16


def column_type(schema: dict[str, Any]) -> type:
    """
    The Python type of a property of the generated streams.
    """
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return TYPES[str(schema.get("format", names[0]))]


def decoder(stream: str, types: dict[str, type]) -> Callable[[bytes], Any]:
    """
    What takes a RECORD line of *stream* in one pass, and refuses every other.
    """
    record = msgspec.defstruct("Row", [(name, type_ | None) for name, type_ in types.items()], gc=False)
    envelope = [("type", Literal["RECORD"]), ("stream", Literal[stream]), ("record", record)]
    return msgspec.json.Decoder(msgspec.defstruct("Line", envelope, gc=False)).decode


def main(dsn: str, user: str, password: str) -> None:
    """
    Load stdin, printing each STATE after its commit.
    """
    schema = msgspec.json.decode(sys.stdin.buffer.readline())
    properties = schema["schema"]["properties"]
    types = {name: column_type(said) for name, said in properties.items()}
    binds = [BINDS[type_] for type_ in types.values()]
    decode, insert = decoder(schema["stream"], types), table.insert(properties)
    connection = oracledb.connect(user=user, password=password, dsn=dsn, sdu=SDU)
    cursor = connection.cursor()
    cursor.execute(table.create(properties))
    rows: list[tuple[object, ...]] = []
    for line in sys.stdin.buffer:
        try:
            rows.append(msgspec.structs.astuple(decode(line).record))
        except msgspec.ValidationError:
            message = msgspec.json.decode(line)
            if message["type"] == "STATE":
                cursor.setinputsizes(*binds)
                cursor.executemany(insert, rows)
                connection.commit()
                rows.clear()
                sys.stdout.buffer.write(msgspec.json.encode(message["value"]) + b"\n")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
