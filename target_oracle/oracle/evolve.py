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
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from target_oracle.oracle import names, overflow
from target_oracle.oracle.changes import (
    AddColumns,
    AddKey,
    Change,
    CommentOnColumn,
    CommentOnTable,
    CreateTable,
    DropKey,
    Modified,
    ModifyColumns,
    after_all,
)
from target_oracle.oracle.comments import ALL_KINDS, comment_of
from target_oracle.oracle.matching import (
    column_names,
    kind_for,
    possible_names,
    second_columns,
    second_name,
)
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, Fit, OracleType, Server, Widening, widen
from target_oracle.oracle.wanted import Policy, Spared, Wanted, WantedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# An index, and so a key, has at most this many columns (ORA-01793).
MAX_KEY_COLUMNS: Final = 32
_EVOLVE: Final = Policy()
_NOTHING: Final = Spared()


@dataclass(frozen=True, slots=True)
class Evolution:
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
    """
    evolution = (
        _creation(wanted, server, spared) if found is None else _change(wanted, found, server, policy, spared)
    )
    doubled = _doubled(evolution.columns)
    if doubled or policy.freezes or evolution.table.is_view:
        return _as_it_is(evolution, found, policy, doubled)
    return evolution


def _as_it_is(
    evolution: Evolution, found: Table | None, policy: Policy, problems: tuple[str, ...]
) -> Evolution:
    """
    Turn what a table would need into problems: it stays as it is.
    """
    lacks = [said for change in evolution.changes for said in change.said()]
    where = "the view" if evolution.table.is_view else "schema_evolution is freeze; the table"
    if lacks and (policy.freezes or evolution.table.is_view):
        problems = (
            *problems,
            f"{where} {evolution.owner}.{evolution.name} does not fit: {', '.join(lacks)}",
        )
    return replace(
        evolution, changes=(), table=found or evolution.table, problems=(*evolution.problems, *problems)
    )


def _doubled(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """
    Say which properties would share a column, as `columns` settings can ask for.
    """
    properties: dict[str, list[str]] = {}
    for name, column in columns.items():
        properties.setdefault(column.name, []).append(_shown(name))
    return tuple(
        f"properties {' and '.join(several)} cannot share column {name}"
        for name, several in properties.items()
        if len(several) > 1
    )


def _shown(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


# A table that is not there.


def _creation(wanted: Wanted, server: Server, spared: Spared) -> Evolution:
    empty = Table(wanted.owner, wanted.name, ())
    places = column_names(wanted, empty, server, ours=True)
    columns = tuple(
        Column(places[each.property], each.type, nullable=not each.key) for each in wanted.columns
    )
    keys = tuple(places[each.property] for each in wanted.columns if each.key) if wanted.with_key else ()
    key_name = key_name_of(wanted.name, server, spared) if keys else None
    made = replace(empty, columns=columns, primary_key=keys, primary_key_name=key_name)
    changes: list[Change] = [CreateTable(made, wanted.table_options)]
    if not spared.comments:
        changes.append(CommentOnTable(comment_of(wanted.stream)))
        changes += [CommentOnColumn(name, comment_of(prop)) for prop, name in places.items()]
    table = after_all(made, tuple(changes))
    return Evolution(
        wanted.owner, wanted.name, tuple(changes), _by_property(places, table), table, _vain_keys(keys)
    )


def _vain_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    return (f"a key has at most {MAX_KEY_COLUMNS} columns, not {len(keys)}",) * (len(keys) > MAX_KEY_COLUMNS)


def _by_property(places: Mapping[str, str], table: Table) -> dict[str, Column]:
    there = {column.name: column for column in table.columns}
    return {name: there[place] for name, place in places.items() if place in there}


def key_name_of(table: str, server: Server, spared: Spared = _NOTHING) -> str:
    """
    Return the name of the primary key: the table's with _PK, or with a hash where that is too long or taken.
    """
    plain, limit = f"{table}_PK", server.max_name_bytes
    if not spared.attempt and len(plain.encode()) <= limit:
        return plain
    return names.hashed(table, plain, limit, spared.attempt)


# A table that is there.


@dataclass(slots=True)
class _Draft:
    """
    A plan in the making for *table*, of which *ours* tells whether the stream made it.
    """

    wanted: Wanted
    table: Table
    server: Server
    policy: Policy
    spared: Spared
    ours: bool
    places: dict[str, str]
    added: list[Column] = field(default_factory=list)
    modified: dict[str, Modified] = field(default_factory=dict)
    comments: list[CommentOnColumn] = field(default_factory=list)
    overflowing: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def used(self) -> set[str]:
        """
        The names of columns that are, or are about to be.
        """
        return {
            *(column.name for column in self.table.columns),
            *(column.name for column in self.added),
            *self.places.values(),
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """
        The columns of the key properties.
        """
        return tuple(self.places[each.property] for each in self.wanted.columns if each.key)

    def is_ours(self, column: Column, prop: str) -> bool:
        """
        Tell whether *column* was made for property *prop*.
        """
        mine = {comment_of(prop), *(comment_of(prop, kind) for kind in ALL_KINDS)}
        return column.comment in mine or (self.ours and column.comment is None)

    def may_change(self, column: Column, each: WantedColumn) -> bool:
        """
        Tell whether *column* may be given another type for *each*.
        """
        if column.name in self.spared.columns or self.table.is_view:
            return False
        return (each.needed and not self.policy.freezes) or self.is_ours(column, each.property)

    def add(self, each: WantedColumn, name: str, comment: str) -> None:
        """
        Give *each* a new column.
        """
        self.places[each.property] = name
        self.added.append(Column(name, each.type))
        self.say(name, comment)

    def say(self, name: str, comment: str) -> None:
        """
        Write the property's name to its column.
        """
        if not self.spared.comments:
            self.comments.append(CommentOnColumn(name, comment))

    def modify(self, change: Modified) -> None:
        """
        Change a column; what was already to be changed of it stays so.
        """
        before = self.modified.get(change.name, change)
        self.modified[change.name] = Modified(
            change.name,
            change.type or before.type,
            before.nullable if change.nullable is None else change.nullable,
        )


def _change(wanted: Wanted, found: Table, server: Server, policy: Policy, spared: Spared) -> Evolution:
    resumed = _resumed(wanted, found, server)
    table = after_all(found, resumed)
    ours = _is_ours(wanted, table, server)
    draft = _Draft(
        wanted, table, server, policy, spared, ours, column_names(wanted, table, server, ours=ours)
    )
    for each in wanted.columns:
        _settle(draft, each)
    keyed = tuple(_key_changes(draft))
    _relax(draft, set() if any(isinstance(change, DropKey) for change in keyed) else set(table.primary_key))
    changes = (*resumed, *_in_order(draft, keyed))
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


def _resumed(wanted: Wanted, found: Table, server: Server) -> tuple[Change, ...]:
    """
    Return the rest of what a run that was cut off had begun: columns on their way to CLOB.
    """
    limit = server.max_name_bytes
    candidates = [name for each in wanted.columns for name in _candidates(each, server)]
    candidates += [name for column in found.columns for name in _hinted(column, server)]
    changes: tuple[Change, ...] = ()
    for name in overflow.unfinished(found, candidates, limit):
        changes = (*changes, *overflow.steps(after_all(found, changes), name, limit))
    return changes


def _candidates(each: WantedColumn, server: Server) -> Iterator[str]:
    if each.name_override:
        yield each.name_override
        yield names.column_name(each.name_override, server.max_name_bytes, server.charset)
    yield from possible_names(each.property, server)
    yield from possible_names(f"{each.property}__{kind_for(overflow.CLOB)}", server)


def _hinted(column: Column, server: Server) -> Iterator[str]:
    yield column.name
    if column.comment:
        yield from possible_names(column.comment, server)


def _is_ours(wanted: Wanted, table: Table, server: Server) -> bool:
    """
    Tell whether the stream made *table*: its comment says so, or it is just as it would be made and has none yet.
    """
    if table.comment is not None or any(column.comment for column in table.columns):
        return table.comment == comment_of(wanted.stream)
    made = _creation(wanted, server, _NOTHING).table
    return [(column.name, column.type) for column in made.columns] == [
        (column.name, column.type) for column in table.columns
    ]


def _settle(draft: _Draft, each: WantedColumn) -> None:
    """
    Decide into which column the values of *each* go, and what it needs for that.
    """
    name = draft.places[each.property]
    found = draft.table.column(name)
    if found is None:
        draft.add(each, name, comment_of(each.property))
        return
    if found.generated:
        draft.notices.append(f"column {name} is filled by the database: {each.property} is not written")
        return
    if found.comment is None and draft.ours:
        draft.say(name, comment_of(each.property))
    _SETTLED[widen(found.type, each.type, draft.server).fit](draft, each, found)


def _judged(draft: _Draft, each: WantedColumn, found: Column) -> Widening:
    return widen(found.type, each.type, draft.server)


def _keep(draft: _Draft, each: WantedColumn, found: Column) -> None:
    reason = _judged(draft, each, found).reason
    if reason:
        draft.notices.append(f"column {found.name}: {reason}")


def _widened(draft: _Draft, each: WantedColumn, found: Column) -> None:
    widening = _judged(draft, each, found)
    if not draft.may_change(found, each):
        draft.notices.append(f"column {found.name} stays: {widening.reason}; what does not fit is refused")
        return
    draft.modify(Modified(found.name, widening.type))
    draft.notices.append(f"column {found.name} is widened from {found.type.ddl()} to {widening.type.ddl()}")


def _overflown(draft: _Draft, each: WantedColumn, found: Column) -> None:
    in_key = each.key or draft.table.in_key(found.name)
    if in_key or not draft.may_change(found, each):
        why = "a key cannot be a CLOB" if in_key else _judged(draft, each, found).reason
        draft.notices.append(f"column {found.name} stays: {why}; what does not fit is refused")
        return
    draft.overflowing.append(found.name)
    draft.notices.append(f"column {found.name} becomes a CLOB, with its values: it was {found.type.ddl()}")


def _apart(draft: _Draft, each: WantedColumn, found: Column) -> None:
    """
    Give values that *found* cannot hold a column of their own, unless *found* is not ours and can take them.
    """
    widening = _judged(draft, each, found)
    if widening.usable and not draft.is_ours(found, each.property):
        draft.notices.append(f"column {found.name} is used as it is: {widening.reason}")
    elif each.key:
        draft.problems.append(
            f"key column {found.name}: {widening.reason}; a key gets no second column: "
            "rename the table or change the column by hand"
        )
    else:
        _second(draft, each, found)


def _second(draft: _Draft, each: WantedColumn, found: Column) -> None:
    used = set(draft.places.values())
    for column in second_columns(each, draft.table, draft.server, used):
        fit = widen(column.type, each.type, draft.server).fit
        if fit is not Fit.SECOND_COLUMN:
            draft.places[each.property] = column.name
            if column.comment is None:
                draft.say(column.name, comment_of(each.property, kind_for(each.type)))
            _SETTLED[fit](draft, each, column)
            return
    kind = kind_for(each.type)
    name = second_name(each.property, kind, draft.server, draft.used)
    draft.add(each, name, comment_of(each.property, kind))
    draft.notices.append(
        f"property {each.property}: its type changed and {found.type.ddl()} cannot become {each.type.ddl()}: "
        f"column {found.name} stays, new values go to column {name}"
    )


_SETTLED: Final = {
    Fit.FITS: _keep,
    Fit.MODIFY: _widened,
    Fit.TO_CLOB: _overflown,
    Fit.SECOND_COLUMN: _apart,
}


def _key_changes(draft: _Draft) -> Iterator[Change]:
    """
    Return what makes the key columns the primary key, in a table that is ours.
    """
    keys, there = draft.keys, draft.table.primary_key
    if draft.ours and not draft.spared.key and not draft.table.is_view:
        if draft.wanted.with_key and keys and set(keys) != set(there):
            yield from _new_key(draft, keys, there)
            return
        if not draft.wanted.with_key and not set(there) <= set(keys):
            yield DropKey()
            return
    _tell_of_key(draft, keys)


def _new_key(draft: _Draft, keys: tuple[str, ...], there: tuple[str, ...]) -> Iterator[Change]:
    vain = [name for name in keys if _final_type(draft, name).max_bytes(draft.server) is None]
    if there:
        yield DropKey()
        draft.notices.append(f"the key changes from ({', '.join(there)}) to ({', '.join(keys)})")
    if vain:
        draft.notices.append(f"no primary key: {', '.join(vain)} is of a type that cannot be one")
    else:
        yield AddKey(keys, key_name_of(draft.table.name, draft.server, draft.spared))


def _final_type(draft: _Draft, name: str) -> OracleType:
    change = draft.modified.get(name)
    if change is not None and change.type is not None:
        return change.type
    there = (*draft.table.columns, *draft.added)
    return next(column.type for column in there if column.name == name)


def _tell_of_key(draft: _Draft, keys: tuple[str, ...]) -> None:
    """
    Say what the table's keys will do to rows.
    """
    there = draft.table.primary_key
    if draft.wanted.with_key and keys and not draft.table.is_unique(keys):
        draft.notices.append(f"no key of the table says that ({', '.join(keys)}) is unique")
    elif not draft.wanted.with_key and there and set(there) <= set(draft.places.values()):
        draft.notices.append(f"rows are appended: one whose key ({', '.join(there)}) is there is refused")


def _relax(draft: _Draft, kept_key: set[str]) -> None:
    """
    Let columns be NULL that are no key (any more); say which columns the stream leaves empty that must not be.
    """
    prop_of = {name: prop for prop, name in draft.places.items()}
    keys = set(draft.keys)
    for column in draft.table.columns:
        if column.nullable or column.name in keys:
            continue
        prop = prop_of.get(column.name)
        ours = draft.is_ours(column, prop) if prop is not None else draft.ours and column.comment is not None
        if ours and column.name not in kept_key | draft.spared.columns:
            draft.modify(Modified(column.name, nullable=True))
        elif prop is None and not column.has_default and not column.generated:
            draft.problems.append(
                f"column {column.name} is NOT NULL without a default, and the stream has no property for it"
            )


def _in_order(draft: _Draft, keyed: tuple[Change, ...]) -> Iterator[Change]:
    """
    Return the changes: the old key goes first, for its columns to be NULL; the new one comes last.
    """
    yield from (change for change in keyed if isinstance(change, DropKey))
    if draft.added:
        yield AddColumns(tuple(draft.added))
    yield from _modifications(draft)
    yield from _spoken(draft)
    table = draft.table
    for name in draft.overflowing:
        yield from overflow.steps(table, name, draft.server.max_name_bytes)
    yield from (change for change in keyed if isinstance(change, AddKey))


def _modifications(draft: _Draft) -> Iterator[Change]:
    modified = tuple(draft.modified.values())
    if draft.spared.apart:
        yield from (ModifyColumns((each,)) for each in modified)
    elif modified:
        yield ModifyColumns(modified)


def _spoken(draft: _Draft) -> Iterator[Change]:
    """
    Return the comments; those that only make up for a run that was cut off wait where no DDL may run.
    """
    new = {column.name for column in draft.added}
    waits = draft.policy.freezes or draft.policy.ddl_mode == "none" or draft.table.is_view
    if draft.ours and draft.table.comment is None and not waits and not draft.spared.comments:
        yield CommentOnTable(comment_of(draft.wanted.stream))
    yield from (each for each in draft.comments if each.column in new or not waits)
