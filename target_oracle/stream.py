"""
SCHEMA -> what a stream is: its fields, its table, and the decoder and statements of its current version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from target_oracle.columnar import Layout
from target_oracle.conformity import conforming
from target_oracle.conversion import Tally
from target_oracle.convert import converter
from target_oracle.decoder import Decoder, Slot
from target_oracle.layouts import layout_of
from target_oracle.metadata import ATTRIBUTES, DELETED_AT, DELETED_FIELD, OF_MOMENT
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.singer.schema import Field
from target_oracle.texts import as_sent
from target_oracle.typemap import notices
from target_oracle.validation import ColumnCheck, compile_checks


class Loading(msgspec.Struct, frozen=True):
    """
    How rows are written, after the settings of the same names.

    Batches of *direct_from* rows and more go by direct path; where it is None, none does.
    """

    upsert_strategy: str = "auto"
    skip_unchanged: bool = False
    hard_delete: bool = False
    overwrite_strategy: str = "swap"
    direct_from: int | None = None


_PLAIN: Final = Loading()


class Target(msgspec.Struct, frozen=True):
    """
    Where a stream's rows go: the table, the column of each property, and how they are written.

    *method* is append-only, upsert or overwrite. *keys* are property names. Of an overwrite, rows gather in
    table *work* of the same owner. *has_versions* tells that the table keeps the version of its rows.
    """

    owner: str
    table: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    method: str
    server: Server
    loading: Loading = _PLAIN
    work: str | None = None
    has_versions: bool = False

    @property
    def rows_table(self) -> str:
        """
        The table that rows are written to.
        """
        return self.work or self.table


class Version(msgspec.Struct, frozen=True):
    """
    One version of a stream, from a SCHEMA to the next one that differs; batches point to it for their replay.

    *columns* are the columns of the rows, in their order; those at the *hidden* positions are not stored. A
    row whose value at *deleted_position* is not None deletes its key. In *partial* rows what the record
    lacks is ABSENT. With a *layout* rows gather as columns.
    """

    stream: str
    target: Target
    decoder: Decoder
    columns: tuple[Column, ...]
    key_positions: tuple[int, ...]
    metadata: bool = False
    partial: bool = False
    hidden: tuple[int, ...] = ()
    deleted_position: int | None = None
    tally: Tally = msgspec.field(default_factory=Tally)
    layout: Layout | None = None

    @property
    def appends(self) -> bool:
        """
        Tell whether rows are only added, so that it does not matter which of them come first.
        """
        return self.target.method == "append-only" or not self.key_positions

    def notices(self) -> tuple[str, ...]:
        """
        Say what of the SCHEMA was read but is not followed.
        """
        slots = self.decoder.slots
        said = notices([slot.prop for slot in slots], self.target.server)
        unchecked = (f"property {slot.prop.name!r}: {notice}" for slot in slots for notice in slot.notices)
        return tuple(dict.fromkeys((*said, *unchecked)))


def make_version(
    stream: str,
    fields: Sequence[Field],
    target: Target,
    order: Sequence[str],
    *,
    validate: bool,
    metadata: Sequence[Field] = (),
    partial: bool = False,
    gathers: bool = False,
) -> Version:
    """
    Compile *stream* for records whose properties come in *order*.

    Msgspec is quickest when the struct has it too.

    With *partial* what a record lacks is told apart from null. Where the stream *gathers*, its rows do so as
    columns if the compiled decoder can take them.
    """
    tally = Tally()
    deletes = target.loading.hard_delete and target.method == "upsert"
    hides = deletes and all(prop.name != DELETED_AT for prop in fields)
    columns = {**target.columns, DELETED_AT: _HIDDEN} if hides else target.columns
    slots = [
        _slot(
            prop,
            columns[prop.name],
            target,
            tally,
            validate=validate,
            partial=partial and prop.name != DELETED_AT,
        )
        for prop in _in_order([*fields, DELETED_FIELD] if hides else fields, order)
        # What the database fills cannot be written (ORA-32795, ORA-54013); as a key it can be compared.
        if prop.name in target.keys or not columns[prop.name].generated
    ]
    deleted = [n for n, slot in enumerate(slots) if deletes and slot.prop.name == DELETED_AT]
    decoder = Decoder(
        stream, slots, extras=tuple(ATTRIBUTES[added.name] for added in metadata if added.name in ATTRIBUTES)
    )
    row = (*(slot.column for slot in slots), *(target.columns[added.name] for added in metadata))
    return Version(
        stream,
        target,
        decoder,
        row,
        tuple(position for position, slot in enumerate(slots) if slot.key),
        metadata=OF_MOMENT[0] in metadata,
        partial=partial,
        hidden=tuple(deleted) if hides else (),
        deleted_position=deleted[0] if deleted else None,
        tally=tally,
        layout=layout_of(stream, decoder, row, target.server)
        if gathers and not partial and not deleted
        else None,
    )


# What a record says of its deletion where the table has no column for it.
_HIDDEN: Final = Column("", OracleType("TIMESTAMP WITH TIME ZONE", precision=6))


def _takes_null(prop: Field, check: ColumnCheck | None) -> bool:
    """
    Tell whether null is valid; a flattened property is null, too, where one of the objects around it is.
    """
    return check.null if check and len(prop.path) == 1 else prop.nullable


def _in_order(fields: Sequence[Field], order: Sequence[str]) -> list[Field]:
    rank = {name: position for position, name in enumerate(order)}
    return sorted(fields, key=lambda prop: rank.get(prop.path[0], len(rank)))


def _slot(  # what a slot is made of
    prop: Field, column: Column, target: Target, tally: Tally, *, validate: bool, partial: bool
) -> Slot:
    key = prop.name in target.keys
    read_as = prop if validate else as_sent(prop)
    plain = converter(read_as, column, target.server, tally=tally)
    check = compile_checks(prop) if validate else None
    return Slot(
        prop,
        column,
        conforming(plain, prop, check) if validate else plain,
        key=key,
        needed=key or (validate and prop.required),
        filled=validate and not _takes_null(prop, check),
        notices=check.notices if check else (),
        partial=partial and not key,
        read_as=read_as,
        check=check,
        most=prop.max_length if validate and prop.types == {"string"} else None,
    )
