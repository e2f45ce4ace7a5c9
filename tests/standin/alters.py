"""
ALTER TABLE, action by action.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.standin import conversions, decimals, sqltypes
from tests.standin.binding import Scope
from tests.standin.compiler import ExpressionCompiler
from tests.standin.ddl import MAX_COLUMNS, depends, now
from tests.standin.expressions import check_declared
from tests.standin.refusal import Refusal
from tests.standin.selects import parsed_expression
from tests.standin.sql_ast import ColumnSpec, ConstraintSpec
from tests.standin.sql_lexer import tokens
from tests.standin.walk import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.catalog import Column, Constraint, Index, Table
    from tests.standin.session import Session
    from tests.standin.sqltypes import SqlType

#: Types between which a filled column may change: (from, to).
_SAME_KIND = frozenset(
    {("VARCHAR2", "VARCHAR2"), ("NVARCHAR2", "NVARCHAR2"), ("RAW", "RAW"), ("CHAR", "CHAR")}
)
#: What makes basic compression.
_BASIC = ("COMPRESS", "COMPRESS BASIC", "ROW STORE COMPRESS", "ROW STORE COMPRESS BASIC")


class Alters:
    """
    The actions of ALTER TABLE for one session.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.catalog = session.catalog
        self.builder = session.database.builder
        self.store = session.database.store

    def run(self, table: Table, actions: tuple[tuple[str, tuple[Any, ...]], ...]) -> None:
        """
        Do all actions, then keep the table.
        """
        for action, arguments in actions:
            _ACTIONS[action](self, table, *arguments)
        table.altered = now()
        self.catalog.save(table)
        if not table.temporary:
            self.builder.realise_checks(table, table.physical)

    # --- columns --------------------------------------------------------------------------------------------

    def add(self, table: Table, spec: ColumnSpec) -> None:
        """
        ADD a column: NOT NULL needs a default where there are rows (ORA-01758).
        """
        if table.column(spec.name) is not None:
            raise Refusal(1430, spec.position, owner=table.owner, table=table.name, column=spec.name)
        if len(table.shown()) >= MAX_COLUMNS:
            raise Refusal(1792, spec.position)
        before = list(table.constraints)
        column = self.builder.add_column(table, spec)
        filled = self.builder.rows(table) > 0
        if filled and not column.nullable and not column.default_text and not column.identity:
            raise Refusal(1758, spec.position)
        if table.temporary:
            return
        self.store.run(f"ALTER TABLE {table.physical} ADD COLUMN {column.physical}")
        if filled and (column.default_text or column.identity):
            self._fill(table, column)
        for found in table.constraints:
            if found not in before:
                self.builder.validate(table, found)

    def _fill(self, table: Table, column: Column) -> None:
        if column.sequence:
            sequence = self.catalog.find(table.owner, column.sequence)
            for (version,) in self.store.all(f"SELECT _v FROM {table.physical} ORDER BY _v"):
                value = decimals.encode(self.session.next_value(sequence))  # type: ignore[arg-type]
                sql = f"UPDATE {table.physical} SET {column.physical} = ? WHERE _v = ?"
                self.store.run(sql, (value, version))
            return
        compilation = self.builder.compilation(table.owner)
        c = ExpressionCompiler(compilation, Scope())
        found = c.convert(c.value(parsed_expression(column.default_text, self.builder.version)), column.type)
        value = self.session.select(f"SELECT {found.sql}", compilation, ())[0][0]
        fit = conversions.fitter(column.type, self.session.nls)
        if fit is not None and value is not None:
            value = fit(value)
        self.store.run(f"UPDATE {table.physical} SET {column.physical} = ?", (value,))

    def _column(self, table: Table, name: str, position: int = 0) -> Column:
        found = table.column(name)
        if found is None:
            raise Refusal(904, position, name=f'"{name}"')
        return found

    def _computed_from(self, other: Column, name: str) -> bool:
        if not other.virtual_text:
            return False
        tree = parsed_expression(other.virtual_text, self.builder.version)
        return any(found.parts[-1] == name for found in names(tree))

    def modify(self, table: Table, spec: ColumnSpec) -> None:
        """
        MODIFY a column: type, default, NULL or NOT NULL, constraints, visibility.
        """
        column = self._column(table, spec.name, spec.position)
        if spec.type is not None and spec.type != replace(column.type, is_json=False):
            if any(self._computed_from(other, spec.name) for other in table.columns):
                raise Refusal(54033, spec.position)
            self._retype(table, column, spec.type, spec.position)
        if spec.default is not None:
            column.default_text = "" if spec.default_text.upper() == "NULL" else spec.default_text
            column.on_null = spec.on_null
        if spec.invisible:
            column.invisible = True
        for constraint in spec.constraints:
            self._modify_constraint(table, column, constraint)

    def _modify_constraint(self, table: Table, column: Column, spec: ConstraintSpec) -> None:
        if spec.kind == "NULL":
            self._relax(table, column, spec)
        elif spec.kind == "N":
            if not column.nullable:
                raise Refusal(1442, spec.position)
            if len(self.builder.values(table, column)) < self.builder.rows(table):
                raise Refusal(2296, spec.position, owner=table.owner, constraint=spec.name or "")
            self.builder.add_constraint(table, spec)
        else:
            self.constraint(table, spec)

    def _relax(self, table: Table, column: Column, spec: ConstraintSpec) -> None:
        primary = table.primary()
        if column.nullable or (primary is not None and column.name in primary.columns) or column.identity:
            raise Refusal(1451, spec.position)
        table.constraints = [
            found for found in table.constraints if not (found.not_null and found.columns == [column.name])
        ]
        column.nullable = True
        self._rebuild_indexes(table, column)

    def _rebuild_indexes(self, table: Table, column: Column) -> None:
        """
        Unique indexes over nullable columns are made otherwise than over others.
        """
        if table.temporary:
            return
        for index in table.indexes:
            if column.name in index.columns:
                self.builder.drop_index(index)
                self.builder.create_index(table, index, table.physical)

    # --- types ----------------------------------------------------------------------------------------------

    def _retype(self, table: Table, column: Column, target: SqlType, position: int) -> None:
        """
        Change a column's type by the rules of MODIFY (SQL Language Reference, ALTER TABLE).
        """
        check_declared(target, self.session.nls, position)
        source = column.type
        if source.name in sqltypes.UNORDERED or target.name in sqltypes.UNORDERED:
            self._retype_lob(source, target, position)
        keyed = [index for index in table.indexes if column.name in index.columns]
        changed = replace(column, type=target)
        for index in keyed:
            columns = [
                changed if name == column.name else self._column(table, name) for name in index.columns
            ]
            self.builder.check_key(columns, position, "MODIFY")
        values = self.builder.values(table, column)
        if values:
            self._check_filled(source, target, values, position)
            self._convert(table, column, source, target)
        column.type = replace(target, is_json=source.is_json)

    def _retype_lob(self, source: SqlType, target: SqlType, position: int) -> None:
        if (source.name, target.name) in {("LONG", "CLOB"), ("LONG RAW", "BLOB"), ("LONG", "NCLOB")}:
            return
        if source.name == target.name:
            return
        raise Refusal(22859 if source.is_lob and target.is_lob else 22858, position)

    def _check_filled(self, source: SqlType, target: SqlType, values: list[Any], position: int) -> None:
        if source.name in {"NUMBER", "FLOAT"} and target.name in {"NUMBER", "FLOAT"}:
            if not _holds(source, target):
                raise Refusal(1440, position)
            return
        if (source.name, target.name) in _SAME_KIND or {source.name, target.name} <= {"CHAR", "VARCHAR2"}:
            self._check_lengths(target, values, position)
            return
        if source.name == target.name and source.name.startswith(("TIMESTAMP", "INTERVAL")):
            if (target.precision or 0) < (source.precision or 0) or (target.scale or 0) < (source.scale or 0):
                raise Refusal(30082 if source.name.startswith("TIMESTAMP") else 1440, position)
            return
        if (source.name, target.name) in {("DATE", "TIMESTAMP"), ("LONG", "CLOB"), ("LONG RAW", "BLOB")}:
            return
        raise Refusal(1439, position)

    def _check_lengths(self, target: SqlType, values: list[Any], position: int) -> None:
        fit = conversions.fitter(target, self.session.nls)
        if fit is None:
            return
        try:
            for value in values:
                fit(value)
        except Refusal:
            raise Refusal(1441, position) from None

    def _convert(self, table: Table, column: Column, source: SqlType, target: SqlType) -> None:
        """
        Rewrite what is stored, where its form differs: CHAR is padded.
        """
        if target.name not in sqltypes.BLANK_PADDED or source == target:
            return
        fit = conversions.fitter(target, self.session.nls)
        if fit is None:
            return
        found = self.store.all(
            f"SELECT _v, {column.physical} FROM {table.physical} WHERE {column.physical} IS NOT NULL"
        )
        sql = f"UPDATE {table.physical} SET {column.physical} = ? WHERE _v = ?"
        self.store.run_many(sql, [(fit(value), version) for version, value in found])

    # --- names and disappearance ----------------------------------------------------------------------------

    def rename_column(self, table: Table, old: str, new: str) -> None:
        """
        RENAME COLUMN; constraints and indexes follow.
        """
        column = self._column(table, old)
        if table.column(new) is not None:
            raise Refusal(957, column=new)
        column.name = new
        holders: list[Constraint | Index] = [*table.constraints, *table.indexes]
        for holder in holders:
            holder.columns = [new if name == old else name for name in holder.columns]
        for found in table.constraints:
            if found.kind == "C":
                found.text = _renamed(found.text, old, new)
        for other in table.columns:
            if other.virtual_text:
                other.virtual_text = _renamed(other.virtual_text, old, new)

    def rename(self, table: Table, name: str) -> None:
        """
        RENAME TO.
        """
        if self.catalog.find(table.owner, name) is not None:
            raise Refusal(955, owner=table.owner, name=name)
        self.catalog.rename(table, name)

    def rename_constraint(self, table: Table, old: str, new: str) -> None:
        """
        RENAME CONSTRAINT.
        """
        found = table.constraint(old)
        if found is None:
            raise Refusal(23292)
        if self.catalog.constraint_named(table.owner, new) is not None:
            raise Refusal(2264)
        found.name = new

    def drop_column(self, table: Table, name: str) -> None:
        """
        DROP COLUMN: with its own constraints and indexes; the last one stays (ORA-12983).

        A table with basic compression only sets it unused (ALTER TABLE, drop_column_clause).
        """
        kinds = [option for option in table.options if "COMPRESS" in option]
        if kinds and kinds[-1] in _BASIC:
            raise Refusal(39726)
        self.set_unused(table, name)
        table.columns = [column for column in table.columns if not column.unused]

    def set_unused(self, table: Table, name: str) -> None:
        """
        SET UNUSED.
        """
        column = self._column(table, name)
        if len(table.shown()) == 1:
            raise Refusal(12983)
        for found in table.constraints:
            if name in found.columns and len(found.columns) > 1:
                raise Refusal(12991)
        for _, found in depends(table, self.catalog):
            key = table.constraint(found.parent_name)
            if key is not None and name in key.columns:
                raise Refusal(12992)
        for index in [index for index in table.indexes if name in index.columns]:
            table.indexes.remove(index)
            self.builder.drop_index(index)
        table.constraints = [found for found in table.constraints if name not in found.columns]
        column.unused, column.nullable = True, True
        column.sequence = column.identity = ""

    def drop_unused(self, table: Table) -> None:
        """
        DROP UNUSED COLUMNS.
        """
        table.columns = [column for column in table.columns if not column.unused]

    # --- constraints ----------------------------------------------------------------------------------------

    def constraint(self, table: Table, spec: ConstraintSpec) -> None:
        """
        ADD a constraint, held against the rows that are there.
        """
        found = self.builder.add_constraint(table, spec)
        if found is None:
            return
        if found.kind == "P":
            self._no_nulls(table, found)
        self.builder.validate(table, found)
        if found.kind == "R" and found.enabled:
            self._check_parents(table, found)

    def _no_nulls(self, table: Table, found: Constraint) -> None:
        rows = self.builder.rows(table)
        for name in found.columns:
            if len(self.builder.values(table, self._column(table, name))) < rows:
                raise Refusal(1449)

    def _check_parents(self, table: Table, found: Constraint) -> None:
        parent = self.catalog.constraint_named(found.parent_owner, found.parent_name)
        if parent is None:
            return
        mine = ", ".join(self._column(table, name).physical for name in found.columns)
        theirs = ", ".join(self._column(parent[0], name).physical for name in parent[1].columns)
        missing = self.store.all(
            f"SELECT {mine} FROM {table.physical} WHERE _d = 0"
            f" EXCEPT SELECT {theirs} FROM {parent[0].physical} WHERE _d = 0"
        )
        if any(None not in row for row in missing):
            raise Refusal(2298, owner=table.owner, constraint=found.name)

    def drop_constraint(self, table: Table, name: str) -> None:
        """
        DROP CONSTRAINT.
        """
        found = table.constraint(name)
        if found is None:
            raise Refusal(2443)
        self._drop(table, found)

    def drop_primary(self, table: Table) -> None:
        """
        DROP PRIMARY KEY.
        """
        found = table.primary()
        if found is None:
            raise Refusal(2441)
        self._drop(table, found)

    def drop_unique(self, table: Table, columns: tuple[str, ...]) -> None:
        """
        DROP UNIQUE.
        """
        self._drop(table, self.unique(table, columns))

    def unique(self, table: Table, columns: tuple[str, ...]) -> Constraint:
        """
        Find a unique key by its columns; ORA-02442.
        """
        for found in table.constraints:
            if found.kind == "U" and found.columns == list(columns):
                return found
        raise Refusal(2442)

    def _drop(self, table: Table, found: Constraint) -> None:
        if found.kind in {"P", "U"} and any(
            c.parent_name == found.name for _, c in depends(table, self.catalog)
        ):
            raise Refusal(2273)
        table.constraints.remove(found)
        self._drop_its_index(table, found)
        for name in found.columns:
            column = table.column(name)
            if column is not None and (found.kind == "P" or found.not_null):
                column.nullable = not _must_be_there(table, column)
                self._rebuild_indexes(table, column)

    def _drop_its_index(self, table: Table, found: Constraint) -> None:
        for index in [index for index in table.indexes if found.index == index.name]:
            table.indexes.remove(index)
            self.builder.drop_index(index)
        found.index = ""

    def enable(self, table: Table, name: str) -> None:
        """
        ENABLE CONSTRAINT: held against the rows that are there.
        """
        self._enable(table, self._named(table, name, 2430))

    def disable(self, table: Table, name: str) -> None:
        """
        DISABLE CONSTRAINT.
        """
        self._disable(table, self._named(table, name, 2431))

    def _named(self, table: Table, name: str, code: int) -> Constraint:
        found = table.constraint(name)
        if found is None:
            raise Refusal(code, constraint=name)
        return found

    def _enable(self, table: Table, found: Constraint) -> None:
        if found.enabled:
            return
        found.enabled, found.changed = True, now()
        if found.kind in {"P", "U"}:
            found.index = self.builder.index_for(table, found)
        if found.kind == "P" or found.not_null:
            self._no_nulls(table, found)
            for name in found.columns:
                self._column(table, name).nullable = False
        self.builder.validate(table, found)
        if found.kind == "R":
            self._check_parents(table, found)

    def _disable(self, table: Table, found: Constraint) -> None:
        if found.kind in {"P", "U"} and any(
            c.enabled and c.parent_name == found.name for _, c in depends(table, self.catalog)
        ):
            raise Refusal(2297, owner=table.owner, constraint=found.name)
        found.enabled, found.changed = False, now()
        if found.kind in {"P", "U"}:
            self._drop_its_index(table, found)
        if found.kind == "P" or found.not_null:
            for name in found.columns:
                column = self._column(table, name)
                column.nullable = not _must_be_there(table, column)

    def option(self, table: Table, text: str) -> None:
        """
        Keep a storage option.
        """
        table.options.append(text)


def _must_be_there(table: Table, column: Column) -> bool:
    return any(
        found.enabled and (found.not_null or found.kind == "P") and column.name in found.columns
        for found in table.constraints
    )


def _holds(source: SqlType, target: SqlType) -> bool:
    """
    Tell whether every number of one type is one of the other.
    """
    if target.precision is None and target.scale is None:
        return True
    if source.name != target.name or (source.precision is None and source.scale is None):
        return False
    old, new = (found.precision or 38 for found in (source, target))
    old_scale, new_scale = source.scale or 0, target.scale or 0
    return new_scale >= old_scale and new - new_scale >= old - old_scale


def _renamed(text: str, old: str, new: str) -> str:
    """
    Rename a column in a text that the catalog keeps.
    """
    made, at = "", 0
    for token in tokens(text):
        if token.kind in {"word", "quoted"} and token.text == old:
            made += text[at : token.position] + f'"{new}"'
            at = token.position + len(token.raw)
    return made + text[at:]


_ACTIONS: dict[str, Callable[..., None]] = {
    "ADD": Alters.add,
    "MODIFY": Alters.modify,
    "RENAME COLUMN": Alters.rename_column,
    "RENAME": Alters.rename,
    "RENAME CONSTRAINT": Alters.rename_constraint,
    "DROP COLUMN": Alters.drop_column,
    "SET UNUSED": Alters.set_unused,
    "DROP UNUSED": Alters.drop_unused,
    "CONSTRAINT": Alters.constraint,
    "DROP CONSTRAINT": Alters.drop_constraint,
    "DROP PRIMARY": Alters.drop_primary,
    "DROP UNIQUE": Alters.drop_unique,
    "ENABLE": Alters.enable,
    "DISABLE": Alters.disable,
    "ENABLE PRIMARY": lambda self, table: self.enable(table, _primary_name(table, 2430)),
    "DISABLE PRIMARY": lambda self, table: self.disable(table, _primary_name(table, 2431)),
    "ENABLE UNIQUE": lambda self, table, columns: self.enable(table, self.unique(table, columns).name),
    "DISABLE UNIQUE": lambda self, table, columns: self.disable(table, self.unique(table, columns).name),
    "OPTION": Alters.option,
}


def _primary_name(table: Table, code: int) -> str:
    found = table.primary()
    if found is None:
        raise Refusal(code, constraint="PRIMARY KEY")
    return found.name
