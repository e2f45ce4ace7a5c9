"""
The catalog: users, tables and what belongs to them, kept in the database file as JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.standin.sqltypes import SqlType

if TYPE_CHECKING:
    import sqlite3

#: What CREATE USER ... of a stand-in may do without a GRANT: enough for an application's own schema.
USUAL_PRIVILEGES = (
    "CREATE SESSION",
    "CREATE TABLE",
    "CREATE VIEW",
    "CREATE SYNONYM",
    "CREATE SEQUENCE",
    "CREATE PROCEDURE",
    "CREATE TRIGGER",
    "CREATE TYPE",
    "ALTER SESSION",
)
#: What SYSTEM has beside them.
DBA_PRIVILEGES = (
    "CREATE ANY TABLE",
    "ALTER ANY TABLE",
    "DROP ANY TABLE",
    "LOCK ANY TABLE",
    "COMMENT ANY TABLE",
    "SELECT ANY TABLE",
    "SELECT ANY DICTIONARY",
    "INSERT ANY TABLE",
    "UPDATE ANY TABLE",
    "DELETE ANY TABLE",
    "CREATE ANY INDEX",
    "DROP ANY INDEX",
    "CREATE ANY VIEW",
    "DROP ANY VIEW",
    "CREATE ANY SYNONYM",
    "DROP ANY SYNONYM",
    "CREATE PUBLIC SYNONYM",
    "DROP PUBLIC SYNONYM",
    "CREATE ANY SEQUENCE",
    "CREATE USER",
    "ALTER USER",
    "DROP USER",
    "GRANT ANY PRIVILEGE",
    "GRANT ANY OBJECT PRIVILEGE",
    "UNLIMITED TABLESPACE",
)


@dataclass(slots=True)
class User:
    """
    A user, which is a schema too; *quota* says that its tables may have rows.
    """

    name: str
    number: int
    privileges: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    quota: bool = True
    created: str = ""


@dataclass(slots=True)
class Column:
    """
    A column; *physical* is its name in SQLite. An unused one is hidden from everyone.
    """

    name: str
    type: SqlType
    physical: str
    nullable: bool = True
    default_text: str = ""
    on_null: bool = False
    identity: str = ""
    sequence: str = ""
    virtual_text: str = ""
    invisible: bool = False
    unused: bool = False
    comment: str | None = None

    @property
    def writable(self) -> bool:
        """
        Tell whether a row keeps a value of its own for it.
        """
        return not self.virtual_text and not self.unused


@dataclass(slots=True)
class Constraint:
    """
    A constraint; *kind* is P, U, C or R as the dictionary writes it. A NOT NULL is a C with *not_null*.

    *changed* is when it was last enabled or disabled.
    """

    name: str
    kind: str
    columns: list[str]
    text: str = ""
    not_null: bool = False
    parent_owner: str = ""
    parent_name: str = ""
    on_delete: str = "NO ACTION"
    enabled: bool = True
    generated: bool = False
    index: str = ""
    changed: str = ""


@dataclass(slots=True)
class Index:
    """
    An index; *physical* is its name in SQLite, empty while it is unusable or its constraint disabled.
    """

    name: str
    columns: list[str]
    texts: list[str]
    descending: list[bool]
    unique: bool
    physical: str
    status: str = "VALID"
    generated: bool = False


@dataclass(slots=True)
class Table:
    """
    A table; *temporary* is "", GLOBAL or PRIVATE. *written* says that it has a segment.
    """

    owner: str
    name: str
    number: int
    columns: list[Column]
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    comment: str | None = None
    temporary: str = ""
    preserve: bool = False
    options: list[str] = field(default_factory=list)
    next_column: int = 1
    written: bool = False
    created: str = ""
    altered: str = ""

    @property
    def physical(self) -> str:
        """
        Return its name in SQLite; a temporary table's rows are elsewhere, per session.
        """
        return f"t{self.number}"

    def shown(self) -> list[Column]:
        """
        List the columns that exist for SQL.
        """
        return [column for column in self.columns if not column.unused]

    def visible(self) -> list[Column]:
        """
        List the columns that * means and INSERT without a list fills.
        """
        return [column for column in self.columns if not column.unused and not column.invisible]

    def column(self, name: str) -> Column | None:
        """
        Find a column by name.
        """
        return next((column for column in self.columns if column.name == name and not column.unused), None)

    def constraint(self, name: str) -> Constraint | None:
        """
        Find a constraint by name.
        """
        return next((found for found in self.constraints if found.name == name), None)

    def primary(self) -> Constraint | None:
        """
        Return the primary key.
        """
        return next((found for found in self.constraints if found.kind == "P"), None)


@dataclass(slots=True)
class View:
    """
    A view by its text; *columns* are its names, types are found when it is used.
    """

    owner: str
    name: str
    number: int
    columns: list[str]
    text: str
    read_only: bool = False
    comment: str | None = None
    comments: dict[str, str] = field(default_factory=dict)
    created: str = ""


@dataclass(slots=True)
class Synonym:
    """
    A synonym; PUBLIC owns the public ones.
    """

    owner: str
    name: str
    number: int
    target_owner: str
    target_name: str
    created: str = ""


@dataclass(slots=True)
class Sequence:
    """
    A sequence; *value* is what NEXTVAL gives next.
    """

    owner: str
    name: str
    number: int
    value: int = 1
    increment: int = 1
    created: str = ""


@dataclass(slots=True)
class Privilege:
    """
    An object privilege granted.
    """

    owner: str
    name: str
    grantee: str
    privilege: str
    grantor: str
    grantable: bool = False


Object = Table | View | Synonym | Sequence
_KINDS: dict[str, type[Any]] = {"table": Table, "view": View, "synonym": Synonym, "sequence": Sequence}
TYPE_NAMES = {Table: "TABLE", View: "VIEW", Synonym: "SYNONYM", Sequence: "SEQUENCE"}


class Catalog:
    """
    All that DDL made, kept where the database is *durable*.

    *version* counts its changes, so that what was compiled before is known to be stale.
    """

    def __init__(self, db: sqlite3.Connection, *, durable: bool) -> None:
        self.db = db
        self.durable = durable
        self.users: dict[str, User] = {}
        self.objects: dict[tuple[str, str], Object] = {}
        self.grants: list[Privilege] = []
        self.version = 0
        self.last_number = 70_000
        self._references: tuple[int, list[tuple[Table, Constraint]]] = (-1, [])
        self._load()

    # --- objects --------------------------------------------------------------------------------------------

    def number(self) -> int:
        """
        Make an object's number.
        """
        self.last_number += 1
        return self.last_number

    def find(self, owner: str, name: str) -> Object | None:
        """
        Find an object in a schema.
        """
        return self.objects.get((owner, name))

    def tables(self) -> list[Table]:
        """
        List the tables in the order of their owners and names.
        """
        return [found for _, found in sorted(self.objects.items()) if isinstance(found, Table)]

    def add(self, made: Object) -> None:
        """
        Add or replace an object.
        """
        self.objects[made.owner, made.name] = made
        self.save(made)

    def remove(self, gone: Object) -> None:
        """
        Remove an object and what was granted on it.
        """
        del self.objects[gone.owner, gone.name]
        self.db.execute("DELETE FROM _objects WHERE owner = ? AND name = ?", (gone.owner, gone.name))
        if any((grant.owner, grant.name) == (gone.owner, gone.name) for grant in self.grants):
            self.grants = [g for g in self.grants if (g.owner, g.name) != (gone.owner, gone.name)]
            self.save_grants()
        self.version += 1

    def rename(self, old: Object, name: str) -> None:
        """
        Give an object another name; what was granted on it stays.
        """
        before = old.name
        for grant in self.grants:
            if (grant.owner, grant.name) == (old.owner, before):
                grant.name = name
        del self.objects[old.owner, before]
        self.db.execute("DELETE FROM _objects WHERE owner = ? AND name = ?", (old.owner, before))
        old.name = name
        self.add(old)
        self.save_grants()

    def references(self) -> list[tuple[Table, Constraint]]:
        """
        List all foreign keys, each with its table.
        """
        if self._references[0] != self.version:
            found = [(table, key) for table in self.tables() for key in table.constraints if key.kind == "R"]
            self._references = (self.version, found)
        return self._references[1]

    def constraint_named(self, owner: str, name: str) -> tuple[Table, Constraint] | None:
        """
        Find a constraint in a schema: their names are the schema's.
        """
        for table in self.objects.values():
            if (
                isinstance(table, Table)
                and table.owner == owner
                and (found := table.constraint(name)) is not None
            ):
                return table, found
        return None

    def index_named(self, owner: str, name: str) -> tuple[Table, Index] | None:
        """
        Find an index in a schema.
        """
        for table in self.objects.values():
            if isinstance(table, Table) and table.owner == owner:
                for index in table.indexes:
                    if index.name == name:
                        return table, index
        return None

    # --- rights ---------------------------------------------------------------------------------------------

    def may(self, user: str, privilege: str) -> bool:
        """
        Tell whether a user has a system privilege.
        """
        found = self.users.get(user)
        return found is not None and (privilege in found.privileges or "DBA" in found.roles)

    def may_on(self, user: str, owner: str, name: str, privilege: str) -> bool:
        """
        Tell whether a user has a privilege on an object: his own, granted to him or to all, or ANY TABLE.
        """
        if user == owner or self.may(user, f"{privilege} ANY TABLE"):
            return True
        return any(
            grant.owner == owner
            and grant.name == name
            and grant.grantee in {user, "PUBLIC"}
            and grant.privilege in {privilege, "ALL"}
            for grant in self.grants
        )

    def sees(self, user: str, owner: str, name: str) -> bool:
        """
        Tell whether an object exists for a user.
        """
        if owner in {user, "PUBLIC"} or self.may(user, "SELECT ANY TABLE"):
            return True
        return any(
            grant.owner == owner and grant.name == name and grant.grantee in {user, "PUBLIC"}
            for grant in self.grants
        )

    # --- undoing --------------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[dict[tuple[str, str], Object], list[Privilege]]:
        """
        Note which objects and grants there are, so that a refused DDL can be undone.
        """
        return dict(self.objects), [replace(grant) for grant in self.grants]

    def restore(
        self, kept: tuple[dict[tuple[str, str], Object], list[Privilege]], before: list[Table]
    ) -> None:
        """
        Go back to what was noted, with the tables *before* a DDL changed them in their places.
        """
        self.objects, self.grants = kept
        for table in before:
            self.objects[table.owner, table.name] = table
        self.version += 1

    # --- keeping --------------------------------------------------------------------------------------------

    def save(self, made: Object) -> None:
        """
        Keep an object as it is now.
        """
        self.version += 1
        if not self.durable:
            return
        kind = next(kind for kind, class_ in _KINDS.items() if isinstance(made, class_))
        text = json.dumps(made, default=_plain)
        self.db.execute(
            "INSERT OR REPLACE INTO _objects VALUES (?, ?, ?, ?)", (made.owner, made.name, kind, text)
        )

    def save_user(self, user: User) -> None:
        """
        Keep a user as it is now.
        """
        self.users[user.name] = user
        kept = asdict(user) | {"privileges": sorted(user.privileges), "roles": sorted(user.roles)}
        self._keep(f"user {user.name}", kept)

    def remove_user(self, name: str) -> None:
        """
        Remove a user.
        """
        del self.users[name]
        self.db.execute("DELETE FROM _kept WHERE key = ?", (f"user {name}",))
        self.version += 1

    def save_grants(self) -> None:
        """
        Keep what is granted.
        """
        self._keep("grants", [asdict(grant) for grant in self.grants])

    def _keep(self, key: str, value: object) -> None:
        self.db.execute("INSERT OR REPLACE INTO _kept VALUES (?, ?)", (key, json.dumps(value)))
        self.version += 1

    def _load(self) -> None:
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS _objects (owner, name, kind, json, PRIMARY KEY (owner, name))"
        )
        self.db.execute("CREATE TABLE IF NOT EXISTS _kept (key PRIMARY KEY, json)")
        for _, _, kind, text in self.db.execute("SELECT * FROM _objects").fetchall():
            made = _object(kind, json.loads(text))
            self.objects[made.owner, made.name] = made
            self.last_number = max(self.last_number, made.number)
        for key, text in self.db.execute("SELECT * FROM _kept").fetchall():
            value = json.loads(text)
            if key == "grants":
                self.grants = [Privilege(**grant) for grant in value]
            else:
                sets = {"privileges": set(value["privileges"]), "roles": set(value["roles"])}
                self.users[value["name"]] = User(**{**value, **sets})


def _plain(value: Any) -> dict[str, Any]:
    """
    Show a dataclass to json, one level of it.
    """
    return {name: getattr(value, name) for name in value.__slots__}


def _object(kind: str, value: dict[str, Any]) -> Object:
    if kind == "table":
        value["columns"] = [
            Column(**{**column, "type": SqlType(**column["type"])}) for column in value["columns"]
        ]
        value["constraints"] = [Constraint(**found) for found in value["constraints"]]
        value["indexes"] = [Index(**found) for found in value["indexes"]]
    made: Object = _KINDS[kind](**value)
    return made
