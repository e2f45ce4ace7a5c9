"""
Line -> message, for every line that the stream's own decoder did not take.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from target_oracle.errors import ProtocolError
from target_oracle.singer.state import compact


class Envelope(msgspec.Struct, gc=False):
    """
    What every message may carry; nested values keep their own bytes.
    """

    type: str
    stream: str | None = None
    record: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    version: int | None = None
    time_extracted: str | None = None
    invalid: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class SchemaMessage(msgspec.Struct, frozen=True):
    """
    A SCHEMA: *raw* is its line, *key_properties* empty where there is no key.
    """

    stream: str
    schema: Mapping[str, Any]
    key_properties: tuple[str, ...]
    raw: bytes
    line: int


class _Head(msgspec.Struct, gc=False):
    """
    What tells messages apart.
    """

    type: str


_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_HEAD: Final = msgspec.json.Decoder(_Head)


def read_envelope(line: bytes) -> Envelope:
    """
    Return the message on *line*; raise msgspec.DecodeError or UnicodeDecodeError when it is none.
    """
    return _ENVELOPE.decode(line)


def is_record(line: bytes) -> bool:
    """
    Tell whether *line* is JSON in UTF-8 whose type is RECORD.
    """
    try:
        return _HEAD.decode(line).type == "RECORD" and bool(line.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def diagnose(line: bytes) -> tuple[str | None, str, str]:
    """
    Say of a *line* that is no message which stream it still names, and what is wrong with it.

    >>> diagnose(b'{"type": "RECORD", "stream": "s", "record": {"a": NaN}}')
    ('s', 'JSON', 'the line is no JSON: it holds NaN, Infinity or the like')
    """
    text = line.decode(errors="replace")
    found = _leniently(text)
    name = found.get("stream") if found else None
    stream = name if isinstance(name, str) else None
    if text.encode() != line:
        return stream, "UTF-8", "the line is no UTF-8"
    if found is None or stream is None or not isinstance(found.get("type"), str):
        return stream, "JSON", "the line is no JSON object with a type"
    if "\\u" in text and not _encodes(json.dumps(found, ensure_ascii=False)):
        return stream, "TEXT", "the line holds a lone surrogate, which is no Unicode"
    return stream, "JSON", "the line is no JSON: it holds NaN, Infinity or the like"


def _leniently(text: str) -> dict[str, Any] | None:
    """
    Return the object that *text* is where NaN and lone surrogates are let pass; None where it is none.
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_schema(line: bytes, number: int) -> SchemaMessage:
    """
    Return the SCHEMA on *line*; raise ProtocolError when it lacks what a SCHEMA needs.
    """
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(number, f"SCHEMA is no JSON: {error}") from error
    stream = message.get("stream")
    if not isinstance(stream, str) or not stream:
        raise ProtocolError(number, "SCHEMA has no stream name")
    schema = message.get("schema")
    if not isinstance(schema, dict):
        raise ProtocolError(number, f'SCHEMA of stream "{stream}" has no schema object')
    return SchemaMessage(stream, schema, _keys(message, stream, number), line, number)


def _keys(message: Mapping[str, Any], stream: str, number: int) -> tuple[str, ...]:
    keys = message.get("key_properties")
    if keys is None:
        return ()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ProtocolError(number, f'key_properties of stream "{stream}" is no list of names')
    return tuple(dict.fromkeys(keys))


def read_state(envelope: Envelope, number: int) -> bytes:
    """
    Return the STATE's value as compact JSON text, its numbers as the tap wrote them.
    """
    if envelope.value is msgspec.UNSET:
        raise ProtocolError(number, "STATE has no value")
    return compact(bytes(envelope.value))
