"""
SCHEMA and settings -> what the database is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from target_oracle import metadata
from target_oracle.errors import ConfigError, ProtocolError
from target_oracle.singer.schema import Field, read_fields
from target_oracle.singer.shape import SchemaFault

if TYPE_CHECKING:
    from target_oracle.config import StreamSettings
    from target_oracle.singer.messages import SchemaMessage


class Wish(msgspec.Struct, frozen=True):
    """
    What a SCHEMA asks of the database.

    *longer* names properties that a value was too long for: chars and bytes.
    """

    stream: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    settings: StreamSettings
    raw: bytes  # the SCHEMA's line
    metadata: tuple[Field, ...] = ()
    longer: tuple[tuple[str, int, int], ...] = ()


def wish_of(message: SchemaMessage, settings: StreamSettings) -> Wish:
    """
    Return what *message* asks of the database; raise ProtocolError for a schema that cannot be followed.
    """
    try:
        fields = tuple(_fields(message, settings))
    except SchemaFault as fault:
        raise ProtocolError(message.line, f"SCHEMA of stream {message.stream!r}: {fault}") from fault
    if not fields:
        raise ProtocolError(
            message.line,
            f"SCHEMA of stream {message.stream!r}: it has no properties, so its rows have no columns",
        )
    missing = [key for key in message.key_properties if key not in {prop.name for prop in fields}]
    if missing:
        raise ProtocolError(
            message.line,
            f"SCHEMA of stream {message.stream!r}: key_properties name {missing[0]!r}, which properties lack",
        )
    fields = _without_ignored(fields, message, settings)
    added: tuple[Field, ...] = ()
    if settings.add_record_metadata:
        fields, added = metadata.split(fields)
    return Wish(message.stream, fields, message.key_properties, settings, message.raw, added)


def _without_ignored(
    fields: tuple[Field, ...], message: SchemaMessage, settings: StreamSettings
) -> tuple[Field, ...]:
    ignored = {name for name, said in settings.columns.items() if said.ignore}
    for key in message.key_properties:
        if key in ignored:
            raise ConfigError(f"columns: stream {message.stream}, property {key}: a key cannot be ignored")
    return tuple(prop for prop in fields if prop.name not in ignored)


def _fields(message: SchemaMessage, settings: StreamSettings) -> list[Field]:
    depth = settings.flattening_max_depth if settings.flattening_enabled else 0
    return read_fields(message.schema, flatten_depth=depth, separator=settings.flattening_separator)


def versioned(wish: Wish) -> Wish:
    """
    Return *wish* with the column of versions, and the one that marks deleted rows unless they go.
    """
    fields = tuple(prop for prop in wish.fields if prop.name != metadata.VERSION.name)
    if not wish.settings.hard_delete:
        fields = metadata.with_deletion(fields)
    return replace(wish, fields=fields, metadata=(metadata.VERSION,))
