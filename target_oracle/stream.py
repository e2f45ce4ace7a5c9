"""
SCHEMA -> what a stream is: its fields, its table, and the decoder and statements of its current version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from target_oracle.conformity import conforming
from target_oracle.convert import Tally, converter
from target_oracle.decoder import Decoder, Slot
from target_oracle.oracle.types import Column, Server
from target_oracle.singer.schema import Field


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where a stream's rows go: the table, the column of each property, and how they are written.

    *method* is append-only, upsert or overwrite. *keys* are property names.
    """

    owner: str
    table: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    method: str
    server: Server


@dataclass(frozen=True, slots=True)
class Version:
    """
    One version of a stream, from a SCHEMA to the next one that differs; batches point to it for their replay.

    *columns* are the columns of the rows, in their order.
    """

    stream: str
    target: Target
    decoder: Decoder
    columns: tuple[Column, ...]
    key_positions: tuple[int, ...]
    metadata: bool = False
    tally: Tally = field(default_factory=Tally)


def make_version(
    stream: str,
    fields: Sequence[Field],
    target: Target,
    order: Sequence[str],
    *,
    validate: bool,
    metadata: Sequence[Field] = (),
) -> Version:
    """
    Compile *stream* for records whose properties come in *order*: msgspec is quickest when the struct has it too.
    """
    tally = Tally()
    slots = [_slot(prop, target, tally, validate=validate) for prop in _in_order(fields, order)]
    return Version(
        stream,
        target,
        Decoder(stream, slots, extras=bool(metadata)),
        (*(slot.column for slot in slots), *(target.columns[added.name] for added in metadata)),
        tuple(position for position, slot in enumerate(slots) if slot.key),
        bool(metadata),
        tally,
    )


def _in_order(fields: Sequence[Field], order: Sequence[str]) -> list[Field]:
    rank = {name: position for position, name in enumerate(order)}
    return sorted(fields, key=lambda prop: rank.get(prop.path[0], len(rank)))


def _slot(prop: Field, target: Target, tally: Tally, *, validate: bool) -> Slot:
    column = target.columns[prop.name]
    key = prop.name in target.keys
    plain = converter(prop, column, max_string_bytes=target.server.max_string_bytes, tally=tally)
    return Slot(
        prop,
        column,
        conforming(plain, prop) if validate else plain,
        key=key,
        needed=key or (validate and prop.required),
        filled=validate and not prop.nullable,
    )
