"""
The primary key of a table that is there, and NOT NULL, which only keys have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_oracle.oracle import names
from target_oracle.oracle.changes import AddKey, Change, DropKey, Modified
from target_oracle.oracle.wanted import Spared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_oracle.oracle.draft import Draft
    from target_oracle.oracle.types import Column, OracleType, Server

_NOTHING: Final = Spared()


def key_name_of(table: str, server: Server, spared: Spared = _NOTHING) -> str:
    """
    Return the name of the primary key: the table's with _PK, or with a hash where that is too long or taken.
    """
    plain, limit = f"{table}_PK", server.max_name_bytes
    if not spared.attempt and len(plain.encode()) <= limit:
        return plain
    return names.hashed(table, plain, limit, spared.attempt)


def is_rekeyed(draft: Draft) -> bool:
    """
    Tell whether the primary key becomes another: it never does in a table of others.
    """
    may_change = draft.ours and not draft.spared.key and not draft.table.is_view
    return may_change and set(_wanted_key(draft)) != set(draft.table.primary_key)


def key_changes(draft: Draft) -> Iterator[Change]:
    """
    Return what makes the key columns the primary key, in a table that is ours.
    """
    if not draft.rekeyed:
        _tell_of_key(draft)
        return
    there, wanted = draft.table.primary_key, _wanted_key(draft)
    if there:
        yield DropKey()
        now = f"is now ({', '.join(wanted)})" if wanted else "is dropped"
        draft.notices.append(f"the primary key ({', '.join(there)}) {now}")
    vain = [name for name in wanted if _final_type(draft, name).max_bytes(draft.server) is None]
    if vain:
        draft.notices.append(f"no primary key: {', '.join(vain)} is of a type that cannot be one")
    elif wanted:
        yield AddKey(wanted, key_name_of(draft.table.name, draft.server, draft.spared))


def _wanted_key(draft: Draft) -> tuple[str, ...]:
    """
    Return the primary key as it should be; a table to which rows are appended may keep the one it has.
    """
    there = draft.table.primary_key
    if draft.wanted.with_key:
        return draft.keys
    return there if set(there) <= set(draft.keys) else ()


def _final_type(draft: Draft, name: str) -> OracleType:
    change = draft.modified.get(name)
    if change is not None and change.type is not None:
        return change.type
    return next(column.type for column in (*draft.there.values(), *draft.added) if column.name == name)


def _tell_of_key(draft: Draft) -> None:
    """
    Say what the table's keys will do to rows.
    """
    keys, there = draft.keys, draft.table.primary_key
    if draft.wanted.with_key and keys and not draft.table.is_unique(keys):
        draft.notices.append(f"no key of the table says that ({', '.join(keys)}) is unique")
    elif not draft.wanted.with_key and there and set(there) <= set(draft.places.values()):
        draft.notices.append(f"rows are appended: one whose key ({', '.join(there)}) is there is refused")


def relax(draft: Draft) -> None:
    """
    Let columns be NULL that are no key (any more).

    A problem is a column that the stream leaves empty and that must not be.
    """
    stays = {*draft.keys, *draft.spared.columns, *draft.kept_key}
    prop_of = {name: prop for prop, name in draft.places.items()}
    for column in draft.table.columns:
        if column.nullable:
            continue
        prop = prop_of.get(column.name)
        if column.name not in stays and _is_ours(draft, column, prop):
            draft.modify(Modified(column.name, nullable=True))
        elif prop is None and not column.has_default and not column.generated:
            draft.problems.append(
                f"column {column.name} is NOT NULL without a default, and the stream has no property for it"
            )


def _is_ours(draft: Draft, column: Column, prop: str | None) -> bool:
    """
    Tell whether *column* was made for *prop*, or for a property that is gone.
    """
    if prop is None:
        return draft.ours and column.comment is not None
    return draft.is_ours(column, prop)
