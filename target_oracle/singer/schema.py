"""
JSON Schema as taps write it -> fields: one field a property, with what a column needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any


class Kind(Enum):
    """
    What a property's values are, after `$ref`, `anyOf` and type lists are resolved.
    """

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"
    DATE_TIME = "date-time"
    DATE = "date"
    TIME = "time"
    UUID = "uuid"
    BINARY = "binary"  # base64 or hex text that stands for bytes; see Field.encoding
    DECIMAL_STRING = "decimal-string"  # a decimal written as a JSON string (singer.decimal)
    JSON = "json"  # object or array only
    ANY = "any"  # no type, or types that share no narrower kind: kept as text


@dataclass(frozen=True, slots=True)
class Field:
    """
    One property of a stream: *name* as the record spells it, *path* where it stands in the record.

    *types* are the JSON types that the schema allows, without null. *schema* is the property's own
    schema with references resolved, for validators.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind
    types: frozenset[str]
    nullable: bool = True
    required: bool = False
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    multiple_of: Decimal | None = None
    encoding: str | None = None  # "base64" or "hex" for Kind.BINARY
    sql_type: str | None = None  # x-sql-datatype
    description: str | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
