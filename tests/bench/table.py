"""
The table that the scripts of the measurements load; the program makes its own.
"""

from __future__ import annotations

from typing import Any

from tests.bench import generated

TYPES = {
    "integer": "NUMBER(38)",
    "number": "NUMBER",
    "date-time": "TIMESTAMP(6) WITH TIME ZONE",
    "boolean": "BOOLEAN",
}


def create(properties: dict[str, dict[str, Any]]) -> str:
    """
    The statement that makes a table for records of *properties*.
    """
    columns = (f'"{name.upper()}" {_type(said)}' for name, said in properties.items())
    return f'CREATE TABLE "BARE" ({", ".join(columns)})'


def _type(said: dict[str, Any]) -> str:
    names = said["type"] if isinstance(said["type"], list) else [said["type"]]
    return TYPES.get(str(said.get("format", names[0])), f"VARCHAR2({said.get('maxLength', 200)} CHAR)")


def insert(properties: dict[str, dict[str, Any]]) -> str:
    """
    The statement that inserts one row.
    """
    columns = ", ".join(f'"{name.upper()}"' for name in properties)
    return (
        f'INSERT INTO "BARE" ({columns}) VALUES ({", ".join(f":{n}" for n in range(1, len(properties) + 1))})'
    )


CREATE = create(generated.PROPERTIES)
INSERT = insert(generated.PROPERTIES)
