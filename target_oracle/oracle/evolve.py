"""
A table as it is + what a stream asks for -> the statements that bring one to the other. Pure.

A column is *ours* when its comment is the property's name, or when it has none in a table whose comment is
the stream's name; it is widened as the schema says. Any other column was made by somebody else: it is used as
it is, and widened only when a value needs it. Nothing is narrowed, and no column goes but a VARCHAR2 that
became a CLOB.

Only keys are NOT NULL. What a schema requires today may be gone tomorrow, and a row without it would then be
refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from target_oracle.oracle import names, overflow
from target_oracle.oracle.changes import (
    COMMENTS,
    AddColumns,
    AddKey,
    Change,
    CommentOnColumn,
    CommentOnTable,
    CreateTable,
    DropKey,
    ModifyColumns,
    after_all,
)
from target_oracle.oracle.comments import STRING, comment_of, name_in
from target_oracle.oracle.draft import Draft
from target_oracle.oracle.keys import is_rekeyed, key_changes, key_name_of, relax
from target_oracle.oracle.matching import column_names, possible_names
from target_oracle.oracle.options import check_table_options
from target_oracle.oracle.settling import settle
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, Server
from target_oracle.oracle.wanted import Policy, Spared, Wanted, WantedColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# An index, and so a key, has at most this many columns (ORA-01793).
MAX_KEY_COLUMNS: Final = 32
_EVOLVE: Final = Policy()
_NOTHING: Final = Spared()


class Evolution(msgspec.Struct, frozen=True):
    """
    What a table needs, in order, before it can take the rows of a stream.

    *owner* and *name* are the table's own, where a synonym leads elsewhere than asked. *columns* is the
    column of each property once *changes* are made, *table* the whole table then. *problems* say why rows
    cannot go there.
    """

    owner: str
    name: str
    changes: tuple[Change, ...]
    columns: Mapping[str, Column]
    table: Table
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def ddl(self) -> tuple[str, ...]:
        """
        The statements.
        """
        return tuple(change.sql(self.owner, self.name) for change in self.changes)


def plan(
    wanted: Wanted,
    found: Table | None,
    server: Server,
    policy: Policy = _EVOLVE,
    spared: Spared = _NOTHING,
) -> Evolution:
    """
    Return what *wanted* needs where *found* is; without changes and problems there is nothing left to do.

    Raise ValueError for table options that are not allowed.
    """
    if found is None:
        evolution = _creation(wanted, server, spared)
    else:
        evolution = _adaptation(wanted, found, server, policy, spared)
    if policy.freezes or evolution.table.is_view:
        evolution = _as_it_is(evolution, found)
    doubled = tuple(_doubled(evolution.columns))
    return replace(evolution, changes=(), problems=(*evolution.problems, *doubled)) if doubled else evolution


def _as_it_is(evolution: Evolution, found: Table | None) -> Evolution:
    """
    Turn what a table would need into problems: it stays as it is.
    """
    table = evolution.table
    why = f"{table.owner}.{table.name} is a view" if table.is_view else "schema_evolution is freeze"
    lacks = tuple(f"{why}, and {said}" for change in evolution.changes for said in change.said())
    return replace(
        evolution,
        changes=(),
        table=found or table,
        notices=() if lacks else evolution.notices,
        problems=(*evolution.problems, *lacks),
    )


def _doubled(columns: Mapping[str, Column]) -> Iterator[str]:
    """
    Say which properties would share a column, as `columns` settings can ask for.
    """
    properties: dict[str, list[str]] = {}
    for name, column in columns.items():
        properties.setdefault(column.name, []).append(json.dumps(name, ensure_ascii=False))
    for column_name, several in properties.items():
        if len(several) > 1:
            yield f"properties {' and '.join(several)} cannot share column {column_name}"


# A table that is not there.


def _creation(wanted: Wanted, server: Server, spared: Spared) -> Evolution:
    empty = Table(wanted.owner, wanted.name, ())
    places = column_names(wanted, empty, server, ours=True)
    columns = tuple(
        Column(places[each.property], each.type, nullable=not each.key) for each in wanted.columns
    )
    with_key = wanted.with_key and not spared.key
    keys = tuple(places[each.property] for each in wanted.columns if each.key) if with_key else ()
    made = replace(
        empty,
        columns=columns,
        primary_key=keys,
        primary_key_name=key_name_of(wanted.name, server, spared) if keys else None,
    )
    changes = _allowed(
        [
            CreateTable(made, check_table_options(wanted.table_options)),
            CommentOnTable(comment_of(wanted.stream, charset=server.charset)),
            *(
                CommentOnColumn(name, comment_of(prop, charset=server.charset))
                for prop, name in places.items()
            ),
        ],
        spared,
    )
    table = after_all(made, changes)
    problems = tuple(_vain_key(keys))
    return Evolution(
        wanted.owner, wanted.name, changes, _by_property(places, table), table, problems=problems
    )


def _vain_key(keys: tuple[str, ...]) -> Iterator[str]:
    if len(keys) > MAX_KEY_COLUMNS:
        yield f"a primary key has at most {MAX_KEY_COLUMNS} columns, not {len(keys)}"


def _by_property(places: Mapping[str, str], table: Table) -> dict[str, Column]:
    there = {column.name: column for column in table.columns}
    return {prop: there[name] for prop, name in places.items()}


def _allowed(changes: Iterable[Change], spared: Spared) -> tuple[Change, ...]:
    """
    Return *changes* without the comments that the database refuses.
    """
    return tuple(change for change in changes if not (spared.comments and isinstance(change, COMMENTS)))


# A table that is there.


def _adaptation(wanted: Wanted, found: Table, server: Server, policy: Policy, spared: Spared) -> Evolution:
    resumed = tuple(_resumed(wanted, found, server))
    table = after_all(found, resumed)
    ours = _is_ours(wanted, table, server)
    places = column_names(wanted, table, server, ours=ours)
    draft = Draft(wanted, table, server, policy, spared, ours, places)
    draft.rekeyed = is_rekeyed(draft)
    for each in wanted.columns:
        settle(draft, each)
    keyed = tuple(key_changes(draft))
    relax(draft)
    changes = _allowed((*resumed, *_in_order(draft, keyed)), spared)
    after = after_all(found, changes)
    return Evolution(
        found.owner,
        found.name,
        changes,
        _by_property(draft.places, after),
        after,
        tuple(draft.notices),
        tuple(draft.problems),
    )


def _resumed(wanted: Wanted, found: Table, server: Server) -> Iterator[Change]:
    """
    Return the rest of what a run that was cut off had begun: columns on their way to CLOB.
    """
    limit = server.max_name_bytes
    candidates = [name for each in wanted.columns for name in _candidates(each, server)]
    candidates += [name for column in found.columns for name in _hinted(column, server)]
    for name in overflow.unfinished(found, candidates, limit):
        steps = tuple(overflow.steps(found, name, limit))
        yield from steps
        found = after_all(found, steps)


def _candidates(each: WantedColumn, server: Server) -> Iterator[str]:
    if each.name_override:
        yield each.name_override
        yield names.column_name(each.name_override, server.max_name_bytes, server.charset)
    yield from possible_names(each.property, server)
    yield from possible_names(f"{each.property}__{STRING}", server)


def _hinted(column: Column, server: Server) -> Iterator[str]:
    yield column.name
    if column.comment:
        yield from possible_names(name_in(column.comment), server)


def _is_ours(wanted: Wanted, table: Table, server: Server) -> bool:
    """
    Tell whether the stream made *table*: its comment says so.

    One without any comment is ours when it is just as it would be made: the run that made it was cut off.
    """
    if table.comment is not None:
        return table.comment == comment_of(wanted.stream, charset=server.charset)
    made = _creation(wanted, server, Spared(comments=True)).table
    return made == replace(table, owner=made.owner, name=made.name, primary_key_name=made.primary_key_name)


def _in_order(draft: Draft, keyed: tuple[Change, ...]) -> Iterator[Change]:
    """
    Return the changes: the old key goes first, for its columns to be NULL; the new one comes last.
    """
    changes: list[Change] = [change for change in keyed if isinstance(change, DropKey)]
    if draft.added:
        changes.append(AddColumns(tuple(draft.added)))
    changes += _modifications(draft)
    changes += _comments(draft)
    table = after_all(draft.table, changes)
    for name in draft.overflowing:
        changes += overflow.steps(table, name, draft.server.max_name_bytes)
    yield from changes
    yield from (change for change in keyed if isinstance(change, AddKey))


def _modifications(draft: Draft) -> Iterator[Change]:
    modified = tuple(draft.modified.values())
    if draft.spared.apart:
        yield from (ModifyColumns((each,)) for each in modified)
    elif modified:
        yield ModifyColumns(modified)


def _comments(draft: Draft) -> Iterator[Change]:
    """
    Return the comments; those that only make up for a run that was cut off wait where no DDL may run.
    """
    new = {column.name for column in draft.added}
    waits = draft.policy.freezes or draft.policy.ddl_mode == "none" or draft.table.is_view
    if draft.ours and draft.table.comment is None and not waits:
        yield CommentOnTable(comment_of(draft.wanted.stream, charset=draft.server.charset))
    yield from (each for each in draft.comments if each.column in new or not waits)
