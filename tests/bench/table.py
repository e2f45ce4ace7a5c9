"""
The table that the scripts of the measurements load; the program makes its own.
"""

from __future__ import annotations

from tests.bench import generated

COLUMNS = generated.COLUMNS

TYPES = {
    "id": "NUMBER(38) NOT NULL",
    "customer_id": "NUMBER(38)",
    "quantity": "NUMBER(38)",
    "amount": "NUMBER",
    "ordered_at": "TIMESTAMP(6) WITH TIME ZONE",
    "paid": "BOOLEAN",
}

CREATE = 'CREATE TABLE "BARE" ({})'.format(
    ", ".join(f'"{name.upper()}" {TYPES.get(name, "VARCHAR2(200 CHAR)")}' for name in COLUMNS)
)
INSERT = 'INSERT INTO "BARE" ({}) VALUES ({})'.format(
    ", ".join(f'"{name.upper()}"' for name in COLUMNS), ", ".join(f":{n}" for n in range(1, len(COLUMNS) + 1))
)
