"""
CREATE, DROP and TRUNCATE of tables, their keys, checks and indexes.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tests.standin import sqltypes, times
from tests.standin.binding import Relation, Scope, Typed
from tests.standin.catalog import Catalog, Column, Constraint, Index, Sequence, Table
from tests.standin.compiler import Compilation, Context, ExpressionCompiler
from tests.standin.expressions import check_declared
from tests.standin.refusal import Refusal
from tests.standin.rows import NO_VALUE
from tests.standin.selects import parsed_expression
from tests.standin.sql_ast import ColumnSpec, ConstraintSpec, CreateTable, IsJson, Name, TableName
from tests.standin.walk import names

if TYPE_CHECKING:
    from tests.standin.sqlite import Store

#: Bytes of an index's key on blocks of 8 KiB, from which the server's own are taken (ORA-01450).
MAX_KEY_BYTES = 6398
MAX_INDEX_COLUMNS = 32
MAX_COLUMNS = 1000
#: Names that a column may not have, quoted or not.
_FORBIDDEN_COLUMNS = frozenset({"ROWID"})
_BOUNDED_KEYS = {"CREATE": 1450, "MODIFY": 1404}


def now() -> str:
    """
    Read the clock, to the second.
    """
    return times.truncate_fraction(times.from_datetime(datetime.now(timezone.utc).replace(tzinfo=None)))


@dataclass(slots=True)
class Builder:
    """
    What makes tables: the catalog's part and SQLite's.

    *context* compiles checks; it is the database's own, not a session's: checks know no NLS settings.
    """

    store: Store
    catalog: Catalog
    context: Context
    version: int
    max_string: int

    # --- tables ---------------------------------------------------------------------------------------------

    def table(self, owner: str, statement: CreateTable, columns: list[Column] | None = None) -> Table:
        """
        Make a table's part of the catalog, checked; *columns* are those of AS SELECT.
        """
        number = self.catalog.number()
        made = Table(owner, statement.name.name, number, [], temporary=statement.temporary, created=now())
        made.preserve = statement.preserve
        made.options = list(statement.options)
        for column in columns or ():
            made.columns.append(replace(column, physical=self.physical_column(made)))
        for spec in statement.columns if columns is None else ():
            self.add_column(made, spec)
        for constraint in statement.constraints:
            self.add_constraint(made, constraint)
        if len(made.columns) > MAX_COLUMNS:
            raise Refusal(1792)
        return made

    def physical_column(self, table: Table) -> str:
        """
        Make a column's name in SQLite.
        """
        table.next_column += 1
        return f"c{table.next_column - 1}"

    def add_column(self, table: Table, spec: ColumnSpec) -> Column:
        """
        Add a column as declared, with its inline constraints.
        """
        if table.column(spec.name) is not None:
            raise Refusal(957, spec.position, column=spec.name)
        if spec.name in _FORBIDDEN_COLUMNS:
            raise Refusal(904, spec.position, name=f'"{spec.name}"')
        if spec.type is None and spec.virtual is None:
            raise Refusal(2263, spec.position)
        type_ = spec.type or self._virtual_type(table, spec)
        check_declared(type_, self.context.nls, spec.position)
        if type_.name in sqltypes.LONGS and any(c.type.name in sqltypes.LONGS for c in table.shown()):
            raise Refusal(1754, spec.position)
        column = Column(spec.name, type_, self.physical_column(table))
        column.default_text, column.on_null = spec.default_text, spec.on_null
        column.virtual_text, column.invisible = spec.virtual_text, spec.invisible
        table.columns.append(column)
        if spec.default is not None:
            self._check_default(spec, column)
        if spec.identity is not None:
            self._identity(table, column, spec)
        if spec.on_null:
            self._not_null(table, column, None)
        for constraint in spec.constraints:
            self.add_constraint(table, constraint)
        return column

    def _virtual_type(self, table: Table, spec: ColumnSpec) -> sqltypes.SqlType:
        c = ExpressionCompiler(self.compilation(table.owner), Scope([self.relation(table, "x")]))
        return c.value(parsed_expression(spec.virtual_text, self.version)).type

    def _check_default(self, spec: ColumnSpec, column: Column) -> None:
        if spec.default is None:
            return
        if any(name.parts[-1] not in _DEFAULT_NAMES for name in names(spec.default) if len(name.parts) == 1):
            raise Refusal(984, spec.position)
        c = ExpressionCompiler(self.compilation(self.context.user), Scope())
        c.convert(c.value(spec.default), column.type)

    def _identity(self, table: Table, column: Column, spec: ColumnSpec) -> None:
        if spec.identity is None:
            return
        if column.type.family != "number":
            raise Refusal(30675, spec.position)
        kind = "ALWAYS" if spec.identity.always else "BY DEFAULT"
        column.identity = kind + (" ON NULL" if spec.identity.on_null else "")
        column.sequence = f"ISEQ$$_{table.number}"
        self._not_null(table, column, None)
        made = Sequence(
            table.owner,
            column.sequence,
            self.catalog.number(),
            spec.identity.start,
            spec.identity.increment,
            now(),
        )
        self.catalog.add(made)

    def compilation(self, owner: str) -> Compilation:
        """
        Begin a compilation in a schema.
        """
        return Compilation(self.context, [], user=owner, schema=owner)

    def relation(self, table: Table, alias: str) -> Relation:
        """
        Make a table's columns nameable, under any alias in SQLite.
        """
        columns = {c.name: Typed(f"{alias}.{c.physical}", c.type, c.nullable) for c in table.shown()}
        return Relation(alias, table.name, columns)

    # --- constraints ----------------------------------------------------------------------------------------

    def add_constraint(self, table: Table, spec: ConstraintSpec) -> Constraint | None:
        """
        Add a constraint as declared; its index and its trigger are made later, by *realise*.
        """
        if spec.kind == "NULL":
            return None
        if spec.kind == "N":
            return self._not_null(table, self._column(table, spec.columns[0], spec.position), spec)
        columns = [self._column(table, name, spec.position) for name in spec.columns]
        name = spec.name or f"SYS_C{self.catalog.number():07d}"
        if table.constraint(name) or self.catalog.constraint_named(table.owner, name):
            raise Refusal(2264, spec.position)
        found = Constraint(name, spec.kind, list(spec.columns), spec.text, enabled=spec.enabled)
        found.generated = spec.name is None
        if spec.kind in {"P", "U"}:
            self._key(table, found, columns, spec)
        elif spec.kind == "C":
            self._check(table, found, spec)
        else:
            self._reference(table, found, columns, spec)
        table.constraints.append(found)
        return found

    def _column(self, table: Table, name: str, position: int) -> Column:
        found = table.column(name)
        if found is None:
            raise Refusal(904, position, name=f'"{name}"')
        return found

    def _not_null(self, table: Table, column: Column, spec: ConstraintSpec | None) -> Constraint:
        name = spec.name if spec is not None and spec.name else f"SYS_C{self.catalog.number():07d}"
        made = Constraint(name, "C", [column.name], f'"{column.name}" IS NOT NULL', not_null=True)
        made.generated = spec is None or spec.name is None
        column.nullable = False
        table.constraints.append(made)
        return made

    def _key(self, table: Table, found: Constraint, columns: list[Column], spec: ConstraintSpec) -> None:
        if found.kind == "P" and table.primary() is not None:
            raise Refusal(2260, spec.position)
        if any(key.kind in {"P", "U"} and key.columns == found.columns for key in table.constraints):
            raise Refusal(2261, spec.position)
        if len(set(found.columns)) < len(found.columns):
            raise Refusal(957, spec.position, column=found.columns[0])
        if table.temporary == "PRIVATE":
            raise Refusal(14451, spec.position)
        self.check_key(columns, spec.position)
        if found.kind == "P":
            for column in columns:
                column.nullable = False
        if found.enabled:
            found.index = self.index_for(table, found)

    def index_for(self, table: Table, found: Constraint) -> str:
        """
        Use an index over the same columns, or make one called as the constraint.
        """
        for index in table.indexes:
            if index.columns == found.columns and index.unique:
                return index.name
        number = self.catalog.number()
        table.indexes.append(
            Index(
                found.name,
                list(found.columns),
                list(found.columns),
                [False] * len(found.columns),
                unique=True,
                physical=f"i{number}",
                generated=found.generated,
            )
        )
        return found.name

    def check_key(self, columns: list[Column], position: int = 0, action: str = "CREATE") -> None:
        """
        Refuse what no index may have: too many columns, types without order, too many bytes.
        """
        if len(columns) > MAX_INDEX_COLUMNS:
            raise Refusal(1793, position)
        for column in columns:
            if column.type.name in sqltypes.NO_KEYS:
                shown = "LOB" if column.type.is_lob and self.version < 23 else column.type.described()
                raise Refusal(2329, position, type=shown)
        widest = self.context.nls.charset.widest
        if sum(column.type.max_bytes(self.max_string, widest) + 1 for column in columns) + 1 > MAX_KEY_BYTES:
            raise Refusal(_BOUNDED_KEYS[action], position, limit=MAX_KEY_BYTES)

    def _check(self, table: Table, found: Constraint, spec: ConstraintSpec) -> None:
        if spec.condition is None:
            return
        self.condition(table, found, "x")
        named = [name.parts[-1] for name in names(spec.condition)]
        found.columns = [name for name in dict.fromkeys(named) if table.column(name) is not None]
        condition = spec.condition
        if isinstance(condition, IsJson) and not condition.negated and isinstance(condition.expr, Name):
            column = self._column(table, condition.expr.parts[-1], spec.position)
            column.type = replace(column.type, is_json=True)

    def condition(self, table: Table, found: Constraint, alias: str) -> str:
        """
        Compile a check.
        """
        c = ExpressionCompiler(self.compilation(table.owner), Scope([self.relation(table, alias)]))
        return c.condition(parsed_expression(found.text, self.version))

    def _reference(
        self, table: Table, found: Constraint, columns: list[Column], spec: ConstraintSpec
    ) -> None:
        if table.temporary:
            raise Refusal(14455, spec.position)
        parent = self._parent(table, spec.parent)
        if spec.parent_columns:
            keys = [
                k
                for k in parent.constraints
                if k.kind in {"P", "U"} and k.columns == list(spec.parent_columns)
            ]
        else:
            primary = parent.primary()
            keys = [primary] if primary is not None else []
        if not keys:
            raise Refusal(2270 if spec.parent_columns else 2268, spec.position)
        if len(keys[0].columns) != len(columns):
            raise Refusal(2256, spec.position)
        for mine, theirs in zip(columns, keys[0].columns, strict=True):
            other = parent.column(theirs)
            if other is not None and other.type.family != mine.type.family:
                raise Refusal(2267, spec.position)
        found.parent_owner, found.parent_name, found.on_delete = parent.owner, keys[0].name, spec.on_delete

    def _parent(self, table: Table, name: TableName | None) -> Table:
        if name is None:
            raise Refusal(942)
        if name.schema in {None, table.owner} and name.name == table.name:
            return table
        found = self.catalog.find(name.schema or table.owner, name.name)
        if not isinstance(found, Table) or not self.catalog.sees(table.owner, found.owner, found.name):
            raise Refusal(942, name.position, owner=name.schema or table.owner, name=name.name)
        return found

    # --- SQLite ---------------------------------------------------------------------------------------------

    def create(self, table: Table, physical: str, space: str = "") -> None:
        """
        Make a table in SQLite, empty, in database *space* (temp. for what a session alone has).
        """
        columns = ", ".join(column.physical for column in table.columns)
        self.store.run(
            f"CREATE TABLE {space}{physical} (_v INTEGER PRIMARY KEY, _r INTEGER, _i INTEGER, _d"
            f" INTEGER, {columns})"
        )
        for index in table.indexes:
            self.create_index(table, index, physical, space)
        self.realise_checks(table, physical)

    def create_index(self, table: Table, index: Index, physical: str, space: str = "") -> None:
        """
        Make an index in SQLite; over rows that are there duplicates are sqlite3.IntegrityError.
        """
        if not index.columns or index.status != "VALID":
            return
        names_of = [column.physical for name in index.columns if (column := table.column(name)) is not None]
        suffix = physical.removeprefix(table.physical)
        unique = "UNIQUE " if index.unique else ""
        nullable = [column.nullable for name in index.columns if (column := table.column(name)) is not None]
        condition = "_d = 0"
        keys = names_of
        if index.unique and len(names_of) > 1 and any(nullable):
            keys = [f"coalesce({name}, {NO_VALUE})" for name in names_of]
            condition += f" AND coalesce({', '.join(names_of)}) IS NOT NULL"
        self.store.run(
            f"CREATE {unique}INDEX {space}{index.physical}{suffix} ON {physical} ({', '.join(keys)})"
            f" WHERE {condition}"
        )

    def drop_index(self, index: Index, suffix: str = "") -> None:
        """
        Remove an index from SQLite.
        """
        self.store.run(f"DROP INDEX IF EXISTS {index.physical}{suffix}")

    def realise_checks(self, table: Table, physical: str) -> None:
        """
        Make the triggers that hold checks, anew.
        """
        for number, found in enumerate(table.constraints):
            name = f"k_{physical}_{number}"
            self.store.run(f"DROP TRIGGER IF EXISTS temp.{name}")
            if found.kind != "C" or found.not_null or not found.enabled:
                continue
            condition = self.condition(table, found, "NEW")
            message = f"check:{found.name}".replace("'", "''")
            self.store.run(
                f"CREATE TEMP TRIGGER {name} BEFORE INSERT ON {physical} WHEN NOT ({condition})"
                f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        self.store.run(f"DROP TRIGGER IF EXISTS temp.k_{physical}_{len(table.constraints)}")

    def drop(self, physical: str) -> None:
        """
        Remove a table from SQLite.
        """
        self.store.run(f"DROP TABLE IF EXISTS {physical}")

    def rows(self, table: Table) -> int:
        """
        Count a table's rows.
        """
        if table.temporary:
            return 0
        found = self.store.all(f"SELECT count(*) FROM {table.physical} WHERE _d = 0")
        return int(found[0][0])

    def values(self, table: Table, column: Column) -> list[Any]:
        """
        List a column's values that are not NULL.
        """
        if table.temporary:
            return []
        sql = f"SELECT {column.physical} FROM {table.physical} WHERE _d = 0 AND {column.physical} IS NOT NULL"
        return [value for (value,) in self.store.all(sql)]

    def validate(self, table: Table, found: Constraint) -> None:
        """
        Hold the rows that are there against a new constraint: ORA-02293, ORA-02298, ORA-02299.
        """
        if table.temporary or not found.enabled:
            return
        if found.kind == "C" and not found.not_null:
            condition = self.condition(table, found, "x")
            sql = f"SELECT 1 FROM {table.physical} AS x WHERE x._d = 0 AND NOT ({condition}) LIMIT 1"
            if self.store.all(sql):
                raise Refusal(2293, owner=table.owner, constraint=found.name)
        if found.kind in {"P", "U"}:
            index = next(index for index in table.indexes if index.name == found.index)
            try:
                self.create_index(table, index, table.physical)
            except sqlite3.IntegrityError:
                code = 2299 if found.kind == "U" else 2437
                raise Refusal(code, owner=table.owner, constraint=found.name) from None


_DEFAULT_NAMES = frozenset(
    (
        "SYSDATE SYSTIMESTAMP CURRENT_TIMESTAMP CURRENT_DATE LOCALTIMESTAMP USER UID"
        " SESSIONTIMEZONE DBTIMEZONE"
    ).split()
)


def depends(table: Table, catalog: Catalog) -> list[tuple[Table, Constraint]]:
    """
    List the references from other tables to a table's keys.
    """
    keys = {key.name for key in table.constraints if key.kind in {"P", "U"}}
    return [
        (other, found)
        for other, found in catalog.references()
        if found.parent_owner == table.owner and found.parent_name in keys and other is not table
    ]
