"""
The data dictionary: USER_, ALL_ and DBA_ views over the catalog, and the few views of the instance.

USER_ keeps the user's own and drops OWNER; ALL_ keeps what the user sees; DBA_ and V$ are only for those who
may SELECT ANY DICTIONARY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.standin import decimals, instance_views, object_views
from tests.standin.dictionary_view import DictionaryView, Fields, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standin.sqltypes import SqlType

#: Views that change without DDL.
LIVELY = frozenset({"V$SESSION", "USER_SEQUENCES", "ALL_SEQUENCES", "DBA_SEQUENCES", "SEQ"})
#: Names of the same.
_ALIASES = {"TAB": "USER_TABLES", "COLS": "USER_TAB_COLUMNS", "IND": "USER_INDEXES", "SYN": "USER_SYNONYMS"}
_ALIASES |= {"OBJ": "USER_OBJECTS", "SEQ": "USER_SEQUENCES"}
#: How the columns of USER_ views differ from ALL_: they lack the owner; of TAB_PRIVS they keep it.
_OWNERS = {
    "USER": frozenset({"OWNER", "SEQUENCE_OWNER", "INDEX_OWNER"}),
    "ALL": frozenset(),
    "DBA": frozenset(),
}


def find(name: str, at: Instance) -> DictionaryView | None:
    """
    Find a view by name, as the user of *at* may see it; None where there is none for him.
    """
    name = _ALIASES.get(name, name)
    single = instance_views.VIEWS.get(name)
    if single is not None:
        may = not single.privileged or at.catalog.may(at.user, "SELECT ANY DICTIONARY")
        return single if may else None
    scope, _, rest = name.partition("_")
    view = object_views.VIEWS.get(rest)
    if scope not in _OWNERS or view is None:
        return None
    if scope == "DBA" and not at.catalog.may(at.user, "SELECT ANY DICTIONARY"):
        return None
    return _scoped(scope, rest, view)


def _scoped(scope: str, rest: str, view: DictionaryView) -> DictionaryView:
    dropped = (
        set(_OWNERS[scope]) if rest != "TAB_PRIVS" else {"TABLE_SCHEMA"} if scope != "ALL" else {"OWNER"}
    )
    if rest == "USERS":
        dropped = {"OWNER"}
    if rest in {"SEQUENCES", "IND_COLUMNS", "IND_EXPRESSIONS", "TAB_PARTITIONS"}:
        dropped = dropped | {"OWNER"}
    columns = tuple(column for column in view.columns if column[0] not in dropped)

    def rows(at: Instance) -> Iterator[Fields]:
        return (fields for fields in view.rows(at) if _shown(scope, rest, fields, at))

    return DictionaryView(columns, rows)


def _shown(scope: str, rest: str, fields: Fields, at: Instance) -> bool:
    if scope == "DBA" or (scope == "ALL" and rest == "USERS"):
        return True
    owner = fields.get("OWNER")
    if rest == "TAB_PRIVS":
        return at.user in {fields["GRANTEE"], owner, fields["GRANTOR"]} or fields["GRANTEE"] == "PUBLIC"
    if scope == "USER":
        return bool(owner == at.user)
    name = fields.get("TABLE_NAME") or fields.get("OBJECT_NAME") or fields.get("VIEW_NAME") or ""
    if rest == "SYNONYMS":
        return owner in {at.user, "PUBLIC"} or at.catalog.sees(
            at.user, fields["TABLE_OWNER"], fields["TABLE_NAME"]
        )
    if rest == "SEQUENCES":
        name = fields["SEQUENCE_NAME"]
    return at.catalog.sees(at.user, str(owner), str(name))


def stored_rows(view: DictionaryView, at: Instance) -> list[tuple[Any, ...]]:
    """
    List a view's rows as they are stored.
    """
    return [
        tuple(_stored(fields.get(name), type_) for name, type_ in view.columns) for fields in view.rows(at)
    ]


def _stored(value: Any, type_: SqlType) -> Any:
    if value is None or value == "":
        return None
    return decimals.encode(value) if type_.family == "number" else value
