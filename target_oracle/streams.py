"""
The streams of a run: what their SCHEMAs ask for, the tables they got, and which version is current.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from target_oracle import metadata
from target_oracle.conformity import whole_record
from target_oracle.decoder import REFUSED
from target_oracle.errors import ProtocolError
from target_oracle.log import Once
from target_oracle.stream import Target, Version, make_version
from target_oracle.upsert import may_stage
from target_oracle.versions import Activation
from target_oracle.wishes import Wish, versioned, wish_of

if TYPE_CHECKING:
    from target_oracle.checkpoint import Batch
    from target_oracle.config import Config, StreamSettings
    from target_oracle.faults import TooLong
    from target_oracle.gate import Gate
    from target_oracle.gathering import OpenCheckpoint
    from target_oracle.singer.messages import Envelope, SchemaMessage

# Properties that taps add to the records of a log; such records may hold nothing but what has changed.
OF_A_LOG: Final = frozenset({metadata.DELETED_AT, "_sdc_lsn"})


class Stream(msgspec.Struct):
    """
    A stream as the reader keeps it: its last SCHEMA and the rows that wait.
    """

    name: str
    wish: Wish
    schema: SchemaMessage
    target: Target | None = None
    version: Version | None = None
    batch: Batch | None = None
    warned: set[str] = msgspec.field(default_factory=set)
    full: set[str | None] = msgspec.field(default_factory=set)  # properties whose columns grow no further
    received: int = 0
    switched: bool = False  # an overwrite's rows have taken the place of the old ones

    def may_grow(self, fault: TooLong) -> bool:
        """
        Tell whether the column that *fault* names may still become longer.
        """
        return self.wish.settings.schema_evolution == "evolve" and fault.column not in self.full

    def is_partial(self, order: Sequence[str]) -> bool:
        """
        Tell whether what a record lacks stays as it is stored; *order* are the first record's properties.
        """
        if self.target is None or self.target.method != "upsert":
            return False
        said = self.wish.settings.partial_updates
        if said is not None:
            return said
        properties = self.schema.schema.get("properties")
        return not OF_A_LOG.isdisjoint({*order, *(properties if isinstance(properties, dict) else ())})


class Streams:
    """
    Follows SCHEMAs and ACTIVATE_VERSIONs: keeps *known* streams, their tables and their versions.
    """

    def __init__(
        self, known: dict[str, Stream], gate: Gate, config: Config, checkpoint: OpenCheckpoint, notice: Once
    ) -> None:
        self.known = known
        self._gate = gate
        self._config = config
        self._checkpoint = checkpoint
        self._notice = notice
        # Versions that were activated before their stream's SCHEMA came.
        self._early: dict[str, int] = {}

    # --- schemas

    def take_schema(self, message: SchemaMessage) -> None:
        """
        Follow a SCHEMA. Raises ProtocolError for one that cannot be followed, and what the database says.
        """
        stream = self.known.get(message.stream)
        if stream and _same(stream.schema, message):
            return
        wish = wish_of(message, self._config.for_stream(message.stream))
        if not message.key_properties:
            self._without_key(message, wish.settings)
        if stream is None:
            stream = self.known[message.stream] = Stream(message.stream, wish, message)
            if wish.settings.persist_empty_tables:
                stream.target = self._target_of(wish, self._checkpoint.close)
        else:
            stream.schema = message
            self._establish(stream, wish)
        self._begin(stream)

    def _without_key(self, message: SchemaMessage, settings: StreamSettings) -> None:
        if settings.primary_key_required:
            raise ProtocolError(
                message.line,
                f"SCHEMA of stream {message.stream!r} has no key_properties (primary_key_required)",
            )
        if settings.load_method == "upsert":
            self._notice(f"stream {message.stream}: it has no key_properties, so its rows are appended")

    def _establish(self, stream: Stream, wish: Wish) -> None:
        """
        Bring the table to what *wish* says; rows that wait belong to the version before.
        """
        self._checkpoint.send(stream)
        if stream.target is not None:
            stream.target = self._target_of(wish, self._checkpoint.close)
        stream.wish = wish
        stream.version = None
        stream.full.clear()

    def _target_of(self, wish: Wish, commit: Callable[[], None]) -> Target:
        target = self._gate.prepare(wish, may_change=False)
        if target is None:
            # DDL commits by itself, so what is open is committed first.
            commit()
            target = self._gate.prepare(wish, may_change=True)
        assert target is not None  # noqa: S101  # with may_change there is one, or an error
        return target

    # --- the current version of a stream

    def version_of(self, stream: Stream, record: bytes, number: int | None = None) -> Version:
        """
        Return the stream's current version; where there is none, one for records like *record*.

        *number* is the version that its message tells, if any.
        """
        if stream.version is None:
            stream.version = self._compiled(stream, record, number)
        return stream.version

    def _compiled(self, stream: Stream, record: bytes, number: int | None) -> Version:
        if stream.target is None:  # persist_empty_tables is off, and this is the first record
            stream.target = self._target_of(stream.wish, self._checkpoint.close)
            self._begin(stream)
        if number is not None:
            self._begin_versions(stream)
        try:
            order = list(msgspec.json.decode(record, type=dict[str, msgspec.Raw]))
        except REFUSED:
            order = []
        version = make_version(
            stream.name,
            stream.wish.fields,
            stream.target,
            order,
            validate=stream.wish.settings.validate_records,
            metadata=stream.wish.metadata,
            partial=stream.is_partial(order),
            gathers=self._gathers(stream.target, stream.wish.settings),
        )
        if stream.wish.settings.validate_records:
            version.decoder.demand(whole_record(stream.schema.schema))
        for notice in version.notices():
            self._notice(f"stream {stream.name}: {notice}")
        return version

    def _gathers(self, target: Target, settings: StreamSettings) -> bool:
        """
        Tell whether rows may gather as columns: not where each of them is looked at before it is sent.
        """
        if self._config.decoder == "python" or self._config.decode_processes:
            return False
        if self._config.driver_mode != "thin":  # where what the driver declares for columns is known
            return False
        if target.method == "append-only" or not target.keys:
            return target.loading.direct_from is None
        strategy = target.loading.upsert_strategy
        return target.work is None and may_stage(strategy, target.columns.values(), settings.batch_size_rows)

    def grow(self, stream: Stream, faults: Sequence[TooLong]) -> None:
        """
        Widen the columns that *faults* name; raise the first of them when its column may not or cannot grow.
        """
        if not stream.may_grow(faults[0]):
            raise faults[0]
        longer = tuple((fault.column or "", fault.chars, fault.size) for fault in faults)
        self._checkpoint.send(stream)
        stream.target = self._target_of(replace(stream.wish, longer=longer), self._checkpoint.commit_rows)
        stream.version = None

    # --- versions of tables, and tables that change as a whole

    def _begin(self, stream: Stream) -> None:
        """
        Do what a stream needs before its rows, once its table is known.
        """
        if stream.target is not None:
            self._keep_versions(stream)
            if stream.name in self._early:
                self._activated(stream, self._early.pop(stream.name))

    def _keep_versions(self, stream: Stream) -> None:
        """
        See that rows of a table that keeps versions carry theirs, also without the other metadata.
        """
        wish = stream.wish
        if (
            wish.metadata
            or stream.target is None
            or not (stream.target.has_versions and wish.settings.process_activate_version_messages)
        ):
            return
        self._establish(stream, versioned(wish))

    def _begin_versions(self, stream: Stream) -> None:
        """
        See that the rows of *stream* carry the versions that they come with from the first one on.

        Many taps send ACTIVATE_VERSION behind the rows only; those that came before would never be old.
        """
        wish = stream.wish
        assert stream.target is not None  # noqa: S101  # a row's table is known
        if (
            not wish.metadata
            and stream.target.work is None
            and wish.settings.process_activate_version_messages
            and self._may_change(wish.settings)
        ):
            self._establish(stream, versioned(wish))

    def _may_change(self, settings: StreamSettings) -> bool:
        return settings.schema_evolution != "freeze" and self._config.ddl_mode != "none"

    def activate(self, envelope: Envelope, number: int) -> None:
        """
        Follow an ACTIVATE_VERSION.
        """
        name, version = envelope.stream, envelope.version
        if not name or version is None:
            raise ProtocolError(number, "ACTIVATE_VERSION needs a stream and a version")
        if not self._config.for_stream(name).process_activate_version_messages:
            self._notice(
                f"stream {name}: ACTIVATE_VERSION is not acted upon (process_activate_version_messages)"
            )
        elif name in self.known:
            self._activated(self.known[name], version)
        else:
            self._early[name] = version

    def _activated(self, stream: Stream, version: int) -> None:
        """
        End all rows of *stream* that are older than *version*, in a transaction of their own.
        """
        if stream.target is None:  # no record came yet, and persist_empty_tables is off
            self._early[stream.name] = version
            return
        if stream.target.work:
            if self._checkpoint.waits_for_switch(stream):
                self._checkpoint.close(switching=[stream])
            return
        settings = stream.wish.settings
        if not stream.wish.metadata:
            if not self._may_change(settings):
                self._notice(
                    f"stream {stream.name}: its table keeps no versions and may not change, "
                    "so none is activated"
                )
                return
            self._establish(stream, versioned(stream.wish))
        self._checkpoint.act(
            Activation(stream.name, stream.target, version, settings.hard_delete, settings.max_delete_percent)
        )

    def to_switch(self) -> list[Stream]:
        """
        Return the streams whose tables the end of input switches.
        """
        return [stream for stream in self.known.values() if self._must_switch(stream)]

    def _must_switch(self, stream: Stream) -> bool:
        is_beside = stream.target is not None and stream.target.work is not None
        return is_beside and (not stream.switched or self._checkpoint.waits_for_switch(stream))


def _same(before: SchemaMessage, now: SchemaMessage) -> bool:
    """
    Tell whether two SCHEMAs say the same; the order of properties does not matter.
    """
    return before.raw == now.raw or (
        before.schema == now.schema and before.key_properties == now.key_properties
    )
