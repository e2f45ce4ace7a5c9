"""
A SCHEMA's wish -> a table that can take its rows.

Which names and types it asks for, and what the answer means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace

from target_oracle import direct
from target_oracle.errors import ConfigError, LoadError
from target_oracle.log import logger
from target_oracle.metadata import VERSION
from target_oracle.newtable import NewTables
from target_oracle.oracle import names
from target_oracle.oracle.comments import name_in
from target_oracle.oracle.declared import parse_type
from target_oracle.oracle.evolve import Evolution, plan
from target_oracle.oracle.suspension import Suspension
from target_oracle.oracle.types import OracleType, Server
from target_oracle.oracle.wanted import Policy, Wanted, WantedColumn
from target_oracle.overwrite import WorkTables, refuse_without_ddl
from target_oracle.singer.schema import Field
from target_oracle.stream import Loading, Target
from target_oracle.typemap import TypeOptions, column_types, option_faults, sql_type_fault
from target_oracle.upsert import may_stage

if TYPE_CHECKING:
    from target_oracle.config import Config, StreamSettings
    from target_oracle.oracle.database import Database
    from target_oracle.oracle.table import Table
    from target_oracle.wishes import Wish


class Catalog(Protocol):
    """
    What is asked of a database before its table is known.
    """

    @property
    def server(self) -> Server:
        """
        What the server can do.
        """

    def table(self, owner: str, name: str) -> Table | None:
        """
        Return the table *owner*.*name*, or the one that a synonym leads to; None for none.
        """


class _Look:
    """
    A database whose dictionary is asked once for each table: a name and a plan then see the same.
    """

    def __init__(self, database: Catalog) -> None:
        self.server = database.server
        self._database = database
        self._seen: dict[tuple[str, str], Table | None] = {}

    def table(self, owner: str, name: str) -> Table | None:
        """
        As the database.
        """
        if (owner, name) not in self._seen:
            self._seen[owner, name] = self._database.table(owner, name)
        return self._seen[owner, name]


class Tables:
    """
    The tables of a run: which stream has which, and the way to bring one to what its SCHEMA wants.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._streams: dict[tuple[str, str], str] = {}
        self._new = NewTables()
        self._work = WorkTables()
        self._suspension = Suspension.beside(config.ledger_table, config.loader_id, config.ddl_lock_timeout)

    def prepare(self, database: Database, wish: Wish, *, may_change: bool) -> Target | None:
        """
        Return where *wish*'s rows go; None when the table needs DDL and *may_change* is off.

        Raise LoadError for a table that cannot take them, ConfigError for settings that cannot be.
        """
        server = database.server
        look = _Look(database)
        wanted = self.wanted(look, wish)
        policy = policy_of(self._config, wish.settings)
        evolution = plan(wanted, look.table(wanted.owner, wanted.name), server, policy)
        if evolution.ddl:
            if self._config.ddl_mode == "none":
                raise LoadError(
                    f"stream {wish.stream}: ddl_mode is none and table {wanted.name} needs DDL; "
                    f"ask the DBA to run: {'; '.join(evolution.ddl)}"
                )
            if not may_change:
                return None
            self._new.note(evolution, wish, server.max_name_bytes)
            evolution = database.evolve(wanted, policy, evolution)
        self._tell(wish.stream, evolution)
        self._new.finish(database, evolution)
        target = Target(
            evolution.owner,
            evolution.name,
            evolution.columns,
            wish.keys,
            method_of(wish),
            server,
            loading=loading_of(wish.settings, server),
            has_versions=evolution.table.column(names.fold(VERSION.name)) is not None,
        )
        ready = self._with_beside(database, wish, target, evolution.table, may_change=may_change)
        return ready and self._with_direct(wish, ready)

    def _with_direct(self, wish: Wish, target: Target) -> Target:
        rows = direct.rows_from(self._config, wish.settings, target)
        return replace(target, loading=replace(target.loading, direct_from=rows))

    def _with_beside(
        self, database: Database, wish: Wish, target: Target, table: Table, *, may_change: bool
    ) -> Target | None:
        """
        Return *target* with the tables that its rows pass through.

        None when they need DDL that may not run yet.
        """
        if not self._suspend(database, wish, target, may_change=may_change):
            return None
        if target.method == "overwrite":
            if self._config.ddl_mode == "none":
                raise refuse_without_ddl(wish.stream)
            keys = tuple(target.columns[key].name for key in target.keys)
            unique = bool(keys) and table.is_unique(keys)
            return self._work.prepare(database, wish.stream, target, unique=unique, may_change=may_change)
        if target.method == "upsert" and self._config.ddl_mode != "none":
            strategy, rows = target.loading.upsert_strategy, wish.settings.batch_size_rows
            if may_stage(strategy, target.columns.values(), rows) and not self._is_staging_ready(
                database, target, may_change
            ):
                return None
        return target

    def _suspend(self, database: Database, wish: Wish, target: Target, *, may_change: bool) -> bool:
        """
        Switch off what is to be off during the load; False where that may not be done yet.
        """
        if not wish.settings.disable_constraints_during_load:
            return self._recover(database, target, may_change=may_change)
        if self._suspension.covers(target.owner, target.table):
            return True
        if self._config.ddl_mode == "none":
            raise LoadError(
                f"stream {wish.stream}: disable_constraints_during_load alters its table, "
                "and ddl_mode is none"
            )
        if may_change:
            self._suspension.suspend(database.session, database.connect, target.owner, target.table)
        return may_change

    def _recover(self, database: Database, target: Target, *, may_change: bool) -> bool:
        """
        Bring back what a run that died left off of a table; False where that may not be done yet.
        """
        self._look(database)
        owner, table = target.owner, target.table
        left = self._suspension.left(owner, table)
        if left and self._config.ddl_mode == "none":
            for part in left:
                logger.warning(
                    "table %s: %s %s is off since another load, and ddl_mode is none; "
                    "if that runs no more, ask the DBA to run: %s",
                    table,
                    part.kind,
                    part.name,
                    part.on(),
                )
            self._suspension.pass_over(owner, table)
            return True
        if left and may_change:
            self._suspension.recover(database.session, owner, table)
        return may_change or not left

    def _look(self, database: Database) -> None:
        if database.server.has_suspended:
            self._suspension.look(database.session)

    @staticmethod
    def _is_staging_ready(database: Database, target: Target, may_change: bool) -> bool:  # noqa: FBT001  # passed on
        keys = tuple(target.columns[key].name for key in target.keys)
        staging = database.staging(target.owner, target.table, tuple(target.columns.values()), keys)
        if not staging.needs_ddl():
            return True
        if may_change:
            staging.make()
        return may_change

    def end(self, database: Database) -> None:
        """
        Drop what only this run needed.
        """
        self._work.drop(database)

    @property
    def are_suspended(self) -> bool:
        """
        Tell whether constraints or indexes may be off.
        """
        return self._suspension.is_on

    def leave(self) -> None:
        """
        After a run that failed: let others see that it is over.
        """
        self._suspension.leave()

    def restore(self, database: Database) -> None:
        """
        Bring back the constraints and indexes that are off; raise LoadError for those that cannot be.

        Also what an earlier run of this loader left off of other tables.
        """
        self._look(database)
        if not self._suspension.is_on or self._config.ddl_mode == "none":
            return
        refused = self._suspension.restore(database.session)
        if refused:
            raise LoadError("; ".join(refused))

    def _tell(self, stream: str, evolution: Evolution) -> None:
        for notice in evolution.notices:
            logger.warning("stream %s: %s", stream, notice)
        if evolution.problems:
            raise LoadError(f"stream {stream}: " + "; ".join(evolution.problems))

    def wanted(self, database: Catalog, wish: Wish) -> Wanted:
        """
        Return the table that *wish* asks for.
        """
        server, settings = database.server, wish.settings
        owner = self._owner(wish.stream, server)
        fields = (*wish.fields, *wish.metadata)
        faults = option_faults(options_of(settings), server)
        if faults:
            raise ConfigError(*faults)
        types = column_types(fields, wish.keys, server, options_of(settings))
        for name, chars, size in wish.longer:
            types[name] = _grown(types[name], chars, size, server)
        columns = tuple(_column(prop, types[prop.name], wish, server) for prop in fields)
        if not columns:
            raise LoadError(f"stream {wish.stream}: its schema leaves no column that a table could have")
        return Wanted(
            owner=owner,
            name=self._table(database, owner, wish),
            columns=columns,
            stream=wish.stream,
            table_options=settings.table_options,
            with_key=method_of(wish) != "append-only",
        )

    def _owner(self, stream: str, server: Server) -> str:
        schema, _ = names.split_stream(stream)
        mapped = (
            self._config.schema_mapping.get(schema) or self._config.for_stream(stream).default_target_schema
        )
        return names.fold(mapped, server.max_name_bytes, server.charset) if mapped else server.schema

    def _table(self, database: Catalog, owner: str, wish: Wish) -> str:
        """
        Return the stream's table; a stream that folds to another one's table gets a name with a hash.
        """
        settings, server = wish.settings, database.server
        limit = server.max_name_bytes
        try:
            plain = names.table_name(
                wish.stream,
                settings.table_name_pattern,
                prefix=settings.table_prefix,
                suffix=settings.table_suffix,
                limit=limit,
                charset=server.charset,
            )
        except ValueError as fault:
            raise ConfigError(str(fault)) from fault
        other = self._streams.get((owner, plain)) or self._stream_of(
            database, owner, plain, wish.stream, plain
        )
        if other not in (None, wish.stream):
            plain = names.hashed(wish.stream, plain, limit)
        self._streams[owner, plain] = wish.stream
        return plain

    def _stream_of(self, database: Catalog, owner: str, table: str, stream: str, plain: str) -> str | None:
        """
        Return the other stream that made *table*, which its comment tells; None for a table of anybody else.
        """
        found = database.table(owner, table)
        said = found.comment if found and (found.owner, found.name) == (owner, table) else None
        comment = None if said is None else name_in(said)
        if comment in (None, stream):
            return None
        settings = self._config.for_stream(str(comment))
        folded = names.table_name(
            str(comment),
            settings.table_name_pattern,
            prefix=settings.table_prefix,
            suffix=settings.table_suffix,
            limit=database.server.max_name_bytes,
            charset=database.server.charset,
        )
        return comment if folded == plain else None


def method_of(wish: Wish) -> str:
    """
    Return how *wish*'s rows are written; without keys there is nothing to match, so they are appended.
    """
    return (
        "append-only"
        if wish.settings.load_method == "upsert" and not wish.keys
        else wish.settings.load_method
    )


def policy_of(config: Config, settings: StreamSettings) -> Policy:
    """
    Return what the operator allows for one stream's table.
    """
    return Policy(settings.schema_evolution, config.ddl_mode, config.ddl_lock_timeout)


# Private temporary tables, whose making commits nothing and leaves nothing behind.
_PRIVATE_SINCE: Final = (18,)


def loading_of(settings: StreamSettings, server: Server) -> Loading:
    """
    Return how one stream's rows with keys are written.

    What is automatic changes no schema: where a staging table would stay in it, rows go as arrays.
    """
    strategy = settings.upsert_strategy
    return Loading(
        upsert_strategy="array" if strategy == "auto" and server.version < _PRIVATE_SINCE else strategy,
        skip_unchanged=settings.skip_unchanged,
        hard_delete=settings.hard_delete,
        overwrite_strategy=settings.overwrite_strategy,
    )


def options_of(settings: StreamSettings) -> TypeOptions:
    """
    Return the type settings of one stream.
    """
    return TypeOptions(
        number_type=settings.number_type,
        timestamp_type=settings.timestamp_type,
        json_type=settings.json_type,
        boolean_type=settings.boolean_type,
        varchar_default_length=settings.varchar_default_length,
    )


def _column(prop: Field, type_: OracleType, wish: Wish, server: Server) -> WantedColumn:
    said = wish.settings.columns.get(prop.name)
    key = prop.name in wish.keys
    if said and said.type:
        fault = sql_type_fault(prop, server, key=key, said=said.type)
        if fault:
            raise ConfigError(f"columns: stream {wish.stream}, property {prop.name}: {fault}")
        type_ = parse_type(said.type)
    return WantedColumn(
        prop.name,
        type_,
        nullable=not key,
        key=key,
        name_override=said.name if said else None,
        needed=any(name == prop.name for name, _, _ in wish.longer),
    )


def _grown(type_: OracleType, chars: int, size: int, server: Server) -> OracleType:
    """
    Return a text type that holds *chars* characters in *size* bytes, with room to grow; CLOB past the limit.
    """
    if size > server.max_string_bytes:
        return OracleType("CLOB")
    if type_.char or type_.name not in {"VARCHAR2", "CHAR"}:
        return OracleType("VARCHAR2", min(2 * chars, server.max_string_bytes), char=True)
    return replace(
        type_, name="VARCHAR2", length=min(max(2 * size, type_.length or 0), server.max_string_bytes)
    )
