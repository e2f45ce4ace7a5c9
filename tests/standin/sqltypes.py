"""
SQL types as values: what a column, a bind or an expression is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal[
    "text", "number", "double", "time", "zoned", "bytes", "boolean", "json", "days", "months", "null"
]

FAMILIES: dict[str, Family] = {
    "VARCHAR2": "text",
    "NVARCHAR2": "text",
    "CHAR": "text",
    "NCHAR": "text",
    "CLOB": "text",
    "NCLOB": "text",
    "LONG": "text",
    "ROWID": "text",
    "NUMBER": "number",
    "FLOAT": "number",
    "BINARY_DOUBLE": "double",
    "BINARY_FLOAT": "double",
    "DATE": "time",
    "TIMESTAMP": "time",
    "TIMESTAMP WITH LOCAL TIME ZONE": "time",
    "TIMESTAMP WITH TIME ZONE": "zoned",
    "RAW": "bytes",
    "LONG RAW": "bytes",
    "BLOB": "bytes",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "INTERVAL DAY TO SECOND": "days",
    "INTERVAL YEAR TO MONTH": "months",
    "NULL": "null",
}
LOBS = frozenset({"CLOB", "NCLOB", "BLOB"})
LONGS = frozenset({"LONG", "LONG RAW"})
BLANK_PADDED = frozenset({"CHAR", "NCHAR"})
NATIONAL = frozenset({"NVARCHAR2", "NCHAR", "NCLOB"})
STRINGS = frozenset({"VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR"})
#: May be neither sorted, compared, grouped nor unique (SQL Language Reference, Data Types; ORA-00932,
#: ORA-02329).
UNORDERED = LOBS | LONGS | {"JSON"}
#: May be no key: also ORA-02329 for TIMESTAMP WITH TIME ZONE.
NO_KEYS = UNORDERED | {"TIMESTAMP WITH TIME ZONE"}
#: DATA_LENGTH of the types whose size the declaration does not say.
FIXED_LENGTHS = {
    "NUMBER": 22,
    "FLOAT": 22,
    "DATE": 7,
    "TIMESTAMP": 11,
    "TIMESTAMP WITH TIME ZONE": 13,
    "TIMESTAMP WITH LOCAL TIME ZONE": 11,
    "BINARY_DOUBLE": 8,
    "BINARY_FLOAT": 4,
    "CLOB": 4000,
    "NCLOB": 4000,
    "BLOB": 4000,
    "BOOLEAN": 1,
    "JSON": 8200,
    "LONG": 0,
    "LONG RAW": 0,
    "ROWID": 10,
    "INTERVAL DAY TO SECOND": 11,
    "INTERVAL YEAR TO MONTH": 5,
    "NULL": 0,
}


@dataclass(frozen=True, slots=True)
class SqlType:
    """
    A type by its dictionary *name*, without digits.

    *length* is in characters when *char*, else in bytes; 0 is unbounded. *precision* is a NUMBER's digits
    (None where none are declared), a FLOAT's bits, a TIMESTAMP's fraction digits or an interval's leading
    ones; *scale* is a NUMBER's, or an interval's fraction digits. *is_json* is a column's with a CHECK ... IS
    JSON.
    """

    name: str
    length: int = 0
    char: bool = False
    precision: int | None = None
    scale: int | None = None
    is_json: bool = False

    @property
    def family(self) -> Family:
        """
        Tell how values of the type are stored and compared.
        """
        return FAMILIES[self.name]

    @property
    def is_lob(self) -> bool:
        """
        Tell whether it is a CLOB, NCLOB or BLOB.
        """
        return self.name in LOBS

    def max_bytes(self, limit: int, widest: int = 4) -> int:
        """
        Count the most bytes a value has: of strings the server's *limit*, a character's are *widest*.
        """
        if self.name in NATIONAL and self.name not in LOBS:
            return min(self.length * 2, limit)
        if self.name in STRINGS:
            return min(self.length * widest if self.char else self.length, limit)
        return self.length if self.name == "RAW" else FIXED_LENGTHS.get(self.name, 0)

    def described(self) -> str:
        """
        Write the dictionary's DATA_TYPE, with digits where it carries them.
        """
        if self.name.startswith("TIMESTAMP"):
            return f"TIMESTAMP({self.precision}){self.name[len('TIMESTAMP') :]}"
        if self.name == "INTERVAL DAY TO SECOND":
            return f"INTERVAL DAY({self.precision}) TO SECOND({self.scale})"
        if self.name == "INTERVAL YEAR TO MONTH":
            return f"INTERVAL YEAR({self.precision}) TO MONTH"
        return self.name


NULL = SqlType("NULL")
NUMBER = SqlType("NUMBER")
DOUBLE = SqlType("BINARY_DOUBLE")
SINGLE = SqlType("BINARY_FLOAT")
DATE = SqlType("DATE")
TIMESTAMP = SqlType("TIMESTAMP", precision=9)
ZONED = SqlType("TIMESTAMP WITH TIME ZONE", precision=9)
LOCAL = SqlType("TIMESTAMP WITH LOCAL TIME ZONE", precision=9)
BOOLEAN = SqlType("BOOLEAN")
JSON = SqlType("JSON")
CLOB = SqlType("CLOB")
BLOB = SqlType("BLOB")
LONG = SqlType("LONG")
LONG_RAW = SqlType("LONG RAW")
RAW = SqlType("RAW", 2000)
ROWID = SqlType("ROWID", 18)
DAYS = SqlType("INTERVAL DAY TO SECOND", precision=9, scale=9)
MONTHS = SqlType("INTERVAL YEAR TO MONTH", precision=9)
VARCHAR = SqlType("VARCHAR2", 4000)


def varchar(length: int) -> SqlType:
    """
    Make a VARCHAR2 of so many bytes.
    """
    return SqlType("VARCHAR2", max(length, 1))


def char(length: int) -> SqlType:
    """
    Make the type of a text literal: blank-padded CHAR.
    """
    return SqlType("CHAR", max(length, 1))
