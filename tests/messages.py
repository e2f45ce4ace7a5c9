"""
Singer messages as a tap writes them, for tests that make up their streams.
"""

from __future__ import annotations

import json
from typing import Any

INTEGER = {"type": ["null", "integer"]}
TEXT = {"type": ["null", "string"], "maxLength": 100}
LONG = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
TIME = {"type": ["null", "string"], "format": "date-time"}
DOCUMENT = {"type": ["null", "object"]}


def schema(stream: str, keys: tuple[str, ...] = ("id",), **properties: Any) -> bytes:
    """
    Return the SCHEMA of *properties*; `id` is an integer.
    """
    types = {"id": {"type": "integer"}, **properties}
    return _line(type="SCHEMA", stream=stream, schema={"properties": types}, key_properties=list(keys))


def record(stream: str, version: int | None = None, **values: Any) -> bytes:
    """
    Return a RECORD of *values*.
    """
    versions = {} if version is None else {"version": version}
    return _line(type="RECORD", stream=stream, record=values, **versions)


def state(value: Any) -> bytes:
    """
    Return a STATE.
    """
    return _line(type="STATE", value=value)


def activate(stream: str, version: int) -> bytes:
    """
    Return an ACTIVATE_VERSION.
    """
    return _line(type="ACTIVATE_VERSION", stream=stream, version=version)


def _line(**message: Any) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def joined(*messages: bytes) -> bytes:
    """
    Return *messages* as the bytes of a tap.
    """
    return b"".join(message + b"\n" for message in messages)
