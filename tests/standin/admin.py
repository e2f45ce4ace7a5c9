"""
DDL and the statements of administration, each between two commits.
"""

from __future__ import annotations

import sqlite3
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.standin import session_settings
from tests.standin.binding import Scope
from tests.standin.catalog import (
    TYPE_NAMES,
    Column,
    Index,
    Sequence,
    Synonym,
    Table,
    View,
)
from tests.standin.compiler import ExpressionCompiler
from tests.standin.ddl import depends, now
from tests.standin.expressions import check_declared
from tests.standin.naming import lookup, no_table
from tests.standin.refusal import Refusal, unsupported
from tests.standin.rights import Rights
from tests.standin.selects import OutColumn, compile_query
from tests.standin.sql_ast import (
    AlterIndex,
    AlterSession,
    AlterTable,
    AlterUser,
    Comment,
    CreateIndex,
    CreateSequence,
    CreateSynonym,
    CreateTable,
    CreateUser,
    CreateView,
    DropObject,
    DropTable,
    Grant,
    Name,
    ParallelDml,
    Rename,
    TableName,
    Truncate,
)
from tests.standin.transactions import MustWait
from tests.standin.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as SequenceOf

    from tests.standin.alters import Alters
    from tests.standin.session import Session

PRIVATE_PREFIX = "ORA$PTT_"


class Admin:
    """
    The DDL of one session.
    """

    def __init__(self, session: Session, alters: Alters) -> None:
        self.session = session
        self.alters = alters
        self.catalog = session.catalog
        self.database = session.database
        self.builder = session.database.builder
        self.store = session.database.store
        #: Tables as they were before this statement changed them.
        self.before: list[Table] = []

    def run(self, statement: Any) -> Outcome:
        """
        Run a statement; DDL commits before and after, and leaves nothing behind when refused.
        """
        if isinstance(statement, AlterSession):
            for name, value in statement.settings:
                session_settings.change(self.session, name, value)
            return Outcome("other")
        if isinstance(statement, ParallelDml):
            if self.session.txn is not None:
                raise Refusal(12841)
            self.session.parallel_dml = statement.enabled
            return Outcome("other")
        if isinstance(statement, CreateTable) and statement.temporary == "PRIVATE":
            self._create_private(statement)
            return Outcome("ddl")
        if isinstance(statement, DropTable) and statement.name.name in self.session.private:
            self.session.drop_private(statement.name.name)
            return Outcome("ddl")
        self.session.commit_quietly()
        work = _WORK[type(statement)]
        try:
            self._locked(lambda: work(self, statement))
        finally:
            self.session.commit_quietly()
        return Outcome("ddl", committed=True)

    def _locked(self, work: Callable[[], None]) -> None:
        """
        Do DDL in a SQLite savepoint; wait for others' locks as DDL_LOCK_TIMEOUT says.
        """

        def attempt(_txn: object) -> None:
            self.store.run("SAVEPOINT ddl")
            kept = self.catalog.snapshot()
            self.before.clear()
            try:
                work()
            except BaseException:
                self.store.run("ROLLBACK TO ddl")
                self.store.run("RELEASE ddl")
                self.catalog.restore(kept, self.before)
                raise
            self.store.run("RELEASE ddl")

        self.session.unit(attempt)

    def _alone(self, table: Table) -> None:
        """
        Make sure that no other transaction has locks on a table: ORA-00054, or wait.
        """
        rivals = self.database.transactions.table_rivals(self.session.txn, table.physical, "EXCLUSIVE")
        if rivals:
            raise MustWait(rivals, self.session.ddl_lock_timeout)
        if table.temporary:
            for session in self.database.sessions.values():
                if table.number in session.temporary and self._has_rows(session, table):
                    raise Refusal(14452)
                session.drop_temporary(table)

    def _has_rows(self, session: Session, table: Table) -> bool:
        return bool(self.store.all(f"SELECT 1 FROM {session.physical(table)} LIMIT 1"))

    # --- names ----------------------------------------------------------------------------------------------

    def owner(self, name: TableName, privilege: str, *, own: str | None = None) -> str:
        """
        Tell in whose schema to make an object; ORA-01031 without the right, ORA-01918 without the schema.
        """
        owner = name.schema or self.session.current_schema
        if owner not in self.catalog.users:
            raise Refusal(1918, name.position, name=owner)
        verb, _, thing = privilege.partition(" ")
        wanted = f"{verb} {thing}" if owner == self.session.user else f"{verb} ANY {thing}"
        if own == "free" and owner == self.session.user:
            return owner
        if not self.catalog.may(self.session.user, wanted):
            raise Refusal(1031, name.position)
        return owner

    def table(self, name: TableName, privilege: str, any_privilege: str = "") -> Table:
        """
        Find a table to change; ORA-00942 where this user sees none, ORA-01031 where he may only see it.
        """
        compilation = self.builder.compilation(self.session.current_schema)
        found = lookup(compilation, name.schema, name.name)
        user = self.session.user
        if found is None or not self.catalog.sees(user, found.owner, found.name):
            private = self.session.private.get(name.name)
            if private is not None and name.schema is None:
                return private
            raise no_table(name.schema, name.name, name.position, self.session.current_schema)
        if not isinstance(found, Table):
            raise Refusal(1702 if isinstance(found, View) else 942, owner=found.owner, name=found.name)
        may_any = bool(any_privilege) and self.catalog.may(user, any_privilege)
        if not may_any and not self.catalog.may_on(user, found.owner, found.name, privilege):
            raise Refusal(1031, name.position)
        return found

    def free(self, owner: str, name: str, position: int = 0) -> None:
        """
        Refuse a name that an object of the schema has.
        """
        if self.catalog.find(owner, name) is not None:
            raise Refusal(955, position, owner=owner, name=name)

    # --- tables ---------------------------------------------------------------------------------------------

    def create_table(self, statement: CreateTable) -> None:
        """
        CREATE TABLE.
        """
        name = statement.name
        if name.name.startswith(PRIVATE_PREFIX):
            raise Refusal(32463, name.position)
        owner = self.owner(name, "CREATE TABLE")
        if self.catalog.find(owner, name.name) is not None:
            if statement.if_not_exists:
                return
            self.free(owner, name.name, name.position)
        rows, columns = self._as_select(statement)
        made = self.builder.table(owner, statement, columns)
        if made.indexes and owner != self.session.user:
            self._may_index(owner, made.name, name.position)
        if self.database.catalog.index_named(owner, name.name) is not None:
            raise Refusal(955, name.position, owner=owner, name=name.name)
        self.catalog.add(made)
        if not statement.temporary:
            self.builder.create(made, made.physical)
            if rows:
                self.session.may_write(made)
                made.written = True
                self.catalog.save(made)
            self._load(made, made.physical, rows)

    def _may_index(self, owner: str, table: str, position: int) -> None:
        """
        Refuse a key in another's schema to who may make no index there (CREATE TABLE, prerequisites).
        """
        user = self.session.user
        if not self.catalog.may(user, "CREATE ANY INDEX") and not self.catalog.may_on(
            user, owner, table, "INDEX"
        ):
            raise Refusal(1031, position)

    def _as_select(self, statement: CreateTable) -> tuple[list[tuple[Any, ...]], list[Column] | None]:
        if statement.query is None:
            return [], None
        compilation = self.session.compilation([], [])
        query = compile_query(compilation, statement.query)
        given = statement.columns
        if given and len(given) != len(query.columns):
            raise Refusal(1730)
        self._refuse_nameless(query.columns, given)
        columns = [
            self._column_of(out, given[n].name if given else out.name) for n, out in enumerate(query.columns)
        ]
        for n, spec in enumerate(given):
            if spec.type is not None:
                raise Refusal(1773)
            columns[n].nullable = columns[n].nullable and not any(c.kind == "N" for c in spec.constraints)
        names = [column.name for column in columns]
        if len(set(names)) < len(names):
            raise Refusal(957, column=next(name for name in names if names.count(name) > 1))
        return self.session.select(query.sql, compilation, ()), columns

    def _refuse_nameless(self, columns: list[OutColumn], given: SequenceOf[object]) -> None:
        if not given and not all(out.named for out in columns):
            raise Refusal(998)

    def _column_of(self, out: OutColumn, name: str) -> Column:
        type_ = out.type
        if type_.family == "null" or not type_.name:
            raise Refusal(1723)
        check_declared(type_, self.session.nls)
        return Column(name, type_, "", out.nullable)

    def _load(self, table: Table, physical: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        marks = ", ".join("?" * len(table.columns))
        try:
            self.store.run_many(
                f"INSERT INTO {physical} VALUES (?, ?, 0, 0, {marks})",
                [(n, n, *row) for n, row in enumerate(rows, 1)],
            )
        except sqlite3.IntegrityError:
            raise Refusal(
                1, owner=table.owner, constraint=table.indexes[0].name if table.indexes else ""
            ) from None

    def _create_private(self, statement: CreateTable) -> None:
        if self.database.version < 18:
            raise Refusal(901)
        name = statement.name
        if not name.name.startswith(PRIVATE_PREFIX):
            raise Refusal(32463, name.position)
        if not self.catalog.may(self.session.user, "CREATE TABLE"):
            raise Refusal(1031, name.position)
        if name.name in self.session.private:
            raise Refusal(955, name.position, owner=self.session.user, name=name.name)
        if any(spec.default is not None or spec.identity is not None for spec in statement.columns):
            raise Refusal(14451)
        rows, columns = self._as_select(statement)
        made = self.builder.table(self.session.user, statement, columns)
        self.session.private[name.name] = made
        self.session.forget_plans()
        self._load(made, self.session.physical(made), rows)

    def drop_table(self, statement: DropTable) -> None:
        """
        DROP TABLE.
        """
        try:
            found = self.table(statement.name, "DROP", "DROP ANY TABLE")
        except Refusal as refusal:
            if refusal.code == 942 and statement.if_exists:
                return
            raise
        self._alone(found)
        children = depends(found, self.catalog)
        if children and not statement.cascade:
            raise Refusal(2449)
        for child, constraint in children:
            self.before.append(deepcopy(child))
            child.constraints.remove(constraint)
            self.catalog.save(child)
        for column in found.columns:
            sequence = self.catalog.find(found.owner, column.sequence) if column.sequence else None
            if sequence is not None:
                self.catalog.remove(sequence)
        self.catalog.remove(found)
        if not found.temporary:
            self.builder.drop(found.physical)
        self.database.transactions.forget(found.physical)

    def truncate(self, statement: Truncate) -> None:
        """
        TRUNCATE TABLE.
        """
        found = self.table(statement.name, "DROP", "DROP ANY TABLE")
        if any(constraint.enabled for _, constraint in depends(found, self.catalog)):
            raise Refusal(2266)
        if found.temporary:
            physical = self.session.physical(found)
        else:
            self._alone(found)
            physical = found.physical
        self.store.run(f"DELETE FROM {physical}")
        self.catalog.version += 1

    def alter_table(self, statement: AlterTable) -> None:
        """
        ALTER TABLE.
        """
        found = self.table(statement.name, "ALTER", "ALTER ANY TABLE")
        self._alone(found)
        self.before.append(deepcopy(found))
        there = len(found.indexes)
        self.alters.run(found, statement.actions)
        if len(found.indexes) > there and found.owner != self.session.user:
            self._may_index(found.owner, found.name, statement.name.position)

    def comment(self, statement: Comment) -> None:
        """
        COMMENT ON; an empty one is none.
        """
        compilation = self.builder.compilation(self.session.current_schema)
        name = statement.name
        found = lookup(compilation, name.schema, name.name)
        user = self.session.user
        if (
            found is None
            or not isinstance(found, Table | View)
            or not self.catalog.sees(user, found.owner, found.name)
        ):
            raise no_table(name.schema, name.name, name.position, self.session.current_schema)
        if found.owner != user and not self.catalog.may(user, "COMMENT ANY TABLE"):
            raise Refusal(1031, name.position)
        text = statement.text or None
        if statement.column is None:
            found.comment = text
        elif isinstance(found, Table):
            column = found.column(statement.column)
            if column is None:
                raise Refusal(904, name.position, name=f'"{statement.column}"')
            column.comment = text
        else:
            if statement.column not in [named for named, _, _ in self.session.view_columns(found)]:
                raise Refusal(904, name.position, name=f'"{statement.column}"')
            found.comments[statement.column] = text or ""
        self.catalog.save(found)

    def rename(self, statement: Rename) -> None:
        """
        RENAME.
        """
        found = self.catalog.find(self.session.current_schema, statement.old)
        if found is None or found.owner != self.session.user:
            raise Refusal(4043, name=statement.old)
        self.free(found.owner, statement.new)
        if isinstance(found, Table):
            self._alone(found)
        self.catalog.rename(found, statement.new)

    # --- indexes --------------------------------------------------------------------------------------------

    def create_index(self, statement: CreateIndex) -> None:
        """
        CREATE INDEX.
        """
        owner = self.owner(statement.name, "CREATE INDEX", own="free")
        table = self.table(statement.table, "INDEX", "CREATE ANY INDEX")
        if self.catalog.index_named(owner, statement.name.name) is not None or self.catalog.find(
            owner, statement.name.name
        ):
            if statement.if_not_exists:
                return
            raise Refusal(955, statement.name.position, owner=owner, name=statement.name.name)
        self._alone(table)
        self.before.append(deepcopy(table))
        columns = [key.expr.parts[-1] for key in statement.keys if isinstance(key.expr, Name)]
        plain = len(columns) == len(statement.keys)
        if plain:
            self._plain_index(table, columns)
        else:
            self._expression_index(table, statement)
        index = Index(
            statement.name.name,
            columns if plain else [],
            list(statement.texts),
            [key.descending for key in statement.keys],
            statement.unique,
            f"i{self.catalog.number()}",
        )
        table.indexes.append(index)
        self.catalog.save(table)
        if table.temporary:
            return
        try:
            self.builder.create_index(table, index, table.physical)
        except sqlite3.IntegrityError:
            raise Refusal(1452) from None

    def _plain_index(self, table: Table, names: list[str]) -> None:
        columns = []
        for name in names:
            column = table.column(name)
            if column is None:
                raise Refusal(904, name=f'"{name}"')
            columns.append(column)
        try:
            self.builder.check_key(columns)
        except Refusal as refusal:
            if refusal.code == 2329:
                raise Refusal(2327, type=refusal.names["type"]) from None
            raise
        if any(index.columns == names for index in table.indexes):
            raise Refusal(1408)

    def _expression_index(self, table: Table, statement: CreateIndex) -> None:
        if statement.unique:
            raise unsupported("a unique index on expressions")
        scope = Scope([self.builder.relation(table, "x")])
        c = ExpressionCompiler(self.builder.compilation(table.owner), scope)
        for key in statement.keys:
            c.sort_key(c.value(key.expr))

    def alter_index(self, statement: AlterIndex) -> None:
        """
        ALTER INDEX.
        """
        found = self.catalog.index_named(
            statement.name.schema or self.session.current_schema, statement.name.name
        )
        if found is None:
            raise Refusal(1418)
        table, index = found
        self.before.append(deepcopy(table))
        if statement.action == "RENAME":
            index.name = statement.new_name
        elif statement.action == "UNUSABLE":
            index.status = "UNUSABLE"
            self.builder.drop_index(index)
        else:
            index.status = "VALID"
            self.builder.drop_index(index)
            try:
                self.builder.create_index(table, index, table.physical)
            except sqlite3.IntegrityError:
                raise Refusal(1452) from None
        self.catalog.save(table)

    # --- other objects --------------------------------------------------------------------------------------

    def create_view(self, statement: CreateView) -> None:
        """
        CREATE VIEW.
        """
        owner = self.owner(statement.name, "CREATE VIEW")
        existing = self.catalog.find(owner, statement.name.name)
        if existing is not None and not (statement.replace and isinstance(existing, View)):
            raise Refusal(955, statement.name.position, owner=owner, name=statement.name.name)
        compilation = self.session.compilation([], [])
        compilation.user = compilation.schema = owner
        query = compile_query(compilation, statement.query)
        if statement.columns and len(statement.columns) != len(query.columns):
            raise Refusal(1730)
        self._refuse_nameless(query.columns, statement.columns)
        names = list(statement.columns) or [column.name for column in query.columns]
        if len(set(names)) < len(names):
            raise Refusal(957, column=next(name for name in names if names.count(name) > 1))
        number = existing.number if existing is not None else self.catalog.number()
        made = View(owner, statement.name.name, number, list(statement.columns), statement.text)
        made.read_only, made.created = statement.read_only, now()
        self.catalog.add(made)

    def create_synonym(self, statement: CreateSynonym) -> None:
        """
        CREATE SYNONYM; its target need not be.
        """
        if statement.public:
            if not self.catalog.may(self.session.user, "CREATE PUBLIC SYNONYM"):
                raise Refusal(1031)
            owner = "PUBLIC"
        else:
            owner = self.owner(statement.name, "CREATE SYNONYM")
        existing = self.catalog.find(owner, statement.name.name)
        if existing is not None and not (statement.replace and isinstance(existing, Synonym)):
            raise Refusal(955, statement.name.position, owner=owner, name=statement.name.name)
        target = statement.target
        made = Synonym(
            owner,
            statement.name.name,
            self.catalog.number(),
            target.schema or self.session.current_schema,
            target.name,
            now(),
        )
        self.catalog.add(made)

    def create_sequence(self, statement: CreateSequence) -> None:
        """
        CREATE SEQUENCE.
        """
        owner = self.owner(statement.name, "CREATE SEQUENCE")
        self.free(owner, statement.name.name, statement.name.position)
        number = self.catalog.number()
        self.catalog.add(
            Sequence(owner, statement.name.name, number, statement.start, statement.increment, now())
        )

    def drop_object(self, statement: DropObject) -> None:
        """
        DROP INDEX, VIEW, SYNONYM or SEQUENCE.
        """
        name = statement.name
        if statement.kind == "INDEX":
            self._drop_index(statement)
            return
        owner = "PUBLIC" if statement.public else name.schema or self.session.current_schema
        found = self.catalog.find(owner, name.name)
        if found is None or TYPE_NAMES[type(found)] != statement.kind:
            if statement.if_exists:
                return
            code = {"VIEW": 942, "SYNONYM": 1432 if statement.public else 1434, "SEQUENCE": 2289}[
                statement.kind
            ]
            raise Refusal(code, name.position, owner=owner, name=name.name)
        right = f"DROP {'PUBLIC' if statement.public else 'ANY'} {statement.kind}"
        if found.owner != self.session.user and not self.catalog.may(self.session.user, right):
            raise Refusal(1031, name.position)
        self.catalog.remove(found)

    def _drop_index(self, statement: DropObject) -> None:
        found = self.catalog.index_named(
            statement.name.schema or self.session.current_schema, statement.name.name
        )
        if found is None:
            if statement.if_exists:
                return
            raise Refusal(1418)
        table, index = found
        if table.owner != self.session.user and not self.catalog.may(self.session.user, "DROP ANY INDEX"):
            raise Refusal(1418)
        if any(key.index == index.name for key in table.constraints):
            raise Refusal(2429)
        self._alone(table)
        table.indexes.remove(index)
        self.builder.drop_index(index)
        self.catalog.save(table)


def _rights(work: Callable[[Rights, Any], None]) -> Callable[[Admin, Any], None]:
    return lambda admin, statement: work(Rights(admin.session), statement)


_WORK: dict[type, Callable[[Admin, Any], None]] = {
    CreateTable: Admin.create_table,
    DropTable: Admin.drop_table,
    Truncate: Admin.truncate,
    AlterTable: Admin.alter_table,
    Comment: Admin.comment,
    Rename: Admin.rename,
    CreateIndex: Admin.create_index,
    AlterIndex: Admin.alter_index,
    CreateView: Admin.create_view,
    CreateSynonym: Admin.create_synonym,
    CreateSequence: Admin.create_sequence,
    DropObject: Admin.drop_object,
    CreateUser: _rights(Rights.create_user),
    AlterUser: _rights(Rights.alter_user),
    Grant: _rights(Rights.grant),
}
