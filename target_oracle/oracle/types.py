"""
Oracle column types as values: how they are declared, compared and widened.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OracleType:
    """
    A column type as Oracle's dictionary tells it.

    *name* is the dictionary's word without digits: NUMBER, VARCHAR2, CHAR, NVARCHAR2, CLOB, NCLOB, BLOB, RAW,
    DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE, TIMESTAMP WITH LOCAL TIME ZONE, BOOLEAN, JSON, BINARY_DOUBLE,
    BINARY_FLOAT, ... *length* is in characters when *char*, else in bytes. *precision* is NUMBER's digits or
    the fractional digits of a second; *scale* is NUMBER's. *is_json* says that a LOB or text column carries
    a CHECK (... IS JSON).
    """

    name: str
    length: int | None = None
    char: bool = False
    precision: int | None = None
    scale: int | None = None
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table as it is: its Oracle *name* (folded, unquoted), type, nullability and comment.
    """

    name: str
    type: OracleType
    nullable: bool = True
    comment: str | None = None
    has_default: bool = False
    generated: bool = False  # virtual, or identity GENERATED ALWAYS: never in an INSERT list


@dataclass(frozen=True, slots=True)
class Server:
    """
    What the connected server can do; read once per connection.

    *max_string_bytes* is 4000, or 32767 with MAX_STRING_SIZE=EXTENDED; *max_name_bytes* 30 or 128.
    """

    version: tuple[int, ...]
    max_name_bytes: int = 128
    max_string_bytes: int = 4000
    charset: str = "AL32UTF8"
    user: str = ""
    schema: str = ""

    @property
    def has_boolean(self) -> bool:
        """
        Tell whether BOOLEAN is a column type: from 23ai (SQL Language Reference 23, Data Types).
        """
        return self.version >= (23,)

    @property
    def has_json(self) -> bool:
        """
        Tell whether JSON is a column type: from 21c with COMPATIBLE 20 or higher.
        """
        return self.version >= (21,)
