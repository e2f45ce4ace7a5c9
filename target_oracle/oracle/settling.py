"""
Property -> its column in a table that is there: used as it is, widened, made a CLOB, or beside a new one.
"""

from __future__ import annotations

from typing import Final

from target_oracle.oracle.changes import Modified
from target_oracle.oracle.comments import comment_of
from target_oracle.oracle.draft import Draft
from target_oracle.oracle.matching import kind_for, second_columns, second_name
from target_oracle.oracle.types import Column, Fit, Widening, widen
from target_oracle.oracle.wanted import WantedColumn


def settle(draft: Draft, each: WantedColumn) -> None:
    """
    Decide into which column the values of *each* go, and what it needs for that.
    """
    name = draft.places[each.property]
    found = draft.there.get(name)
    if found is None:
        draft.add(each, name, comment_of(each.property, charset=draft.server.charset))
        return
    if found.generated:
        draft.notices.append(f"column {name} is filled by the database: {each.property} is not written")
        return
    if found.comment is None and draft.ours:
        draft.say(name, comment_of(each.property, charset=draft.server.charset))
    _SETTLED[widen(found.type, each.type, draft.server).fit](draft, each, found)


def _judged(draft: Draft, each: WantedColumn, found: Column) -> Widening:
    return widen(found.type, each.type, draft.server)


def _keep(draft: Draft, each: WantedColumn, found: Column) -> None:
    reason = _judged(draft, each, found).reason
    if reason:
        draft.notices.append(f"column {found.name}: {reason}")


def _widened(draft: Draft, each: WantedColumn, found: Column) -> None:
    widening = _judged(draft, each, found)
    if not draft.may_change(found, each):
        draft.notices.append(f"column {found.name} stays: {widening.reason}; {_consequence(draft, found)}")
        return
    draft.modify(Modified(found.name, widening.type))
    draft.notices.append(f"column {found.name} is widened from {found.type.ddl()} to {widening.type.ddl()}")


def _overflown(draft: Draft, each: WantedColumn, found: Column) -> None:
    if each.key or draft.in_key(found):
        draft.notices.append(
            f"column {found.name} stays: a key cannot be a CLOB; what does not fit is refused"
        )
    elif not draft.may_change(found, each):
        reason = _judged(draft, each, found).reason
        draft.notices.append(f"column {found.name} stays: {reason}; {_consequence(draft, found)}")
    else:
        draft.overflowing.append(found.name)
        draft.notices.append(
            f"column {found.name} becomes a CLOB, with its values: it was {found.type.ddl()}"
        )


def _consequence(draft: Draft, found: Column) -> str:
    """
    Say what becomes of a value for which a column that is left as it is has no room.
    """
    if found.type.is_text and draft.may_grow(found):
        return "it grows when a value needs it"
    return "what does not fit is refused"


def _apart(draft: Draft, each: WantedColumn, found: Column) -> None:
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


def _second(draft: Draft, each: WantedColumn, found: Column) -> None:
    used, charset = set(draft.places.values()), draft.server.charset
    for column in second_columns(each.property, draft.table, draft.server, used):
        fit = widen(column.type, each.type, draft.server).fit
        if fit is not Fit.SECOND_COLUMN:
            draft.places[each.property] = column.name
            if column.comment is None:
                draft.say(column.name, comment_of(each.property, kind_for(each.type), charset))
            _SETTLED[fit](draft, each, column)
            return
    kind = kind_for(each.type)
    name = second_name(each.property, kind, draft.server, draft.used)
    draft.add(each, name, comment_of(each.property, kind, charset))
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
