"""
The compiler of queries.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.standin import decimals, sqltypes
from tests.standin.aggregates import has_aggregate
from tests.standin.binding import Grouping, Relation, Scope, Typed
from tests.standin.catalog import Table, View
from tests.standin.compiler import (
    CONDITION,
    MARK,
    Compilation,
    ExpressionCompiler,
    common_type,
    compiles,
    order_key_sql,
)
from tests.standin.expressions import chain
from tests.standin.naming import no_table, relation_named
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import (
    Binary,
    Body,
    Derived,
    Exists,
    Expr,
    InQuery,
    Item,
    Join,
    Literal,
    Name,
    OrderKey,
    Query,
    Scalar,
    Select,
    SetOperation,
    Source,
    Star,
    TableName,
)
from tests.standin.sql_cursor import Cursor
from tests.standin.sql_expressions import expression
from tests.standin.sql_parser import parse
from tests.standin.walk import names_rownum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.standin.sqltypes import SqlType

#: A query in WITH: its column names, its tree, and where it was written.
_Named = tuple[tuple[str, ...], Query, "Scope | None"]
#: DUAL, whose one column is a constant; alone in FROM it needs no place in SQLite's.
_ONE_ROW = "(SELECT 1) AS "
#: Since when SQLite has RIGHT and FULL joins.
_OUTER_JOINS = (3, 39)
_SET_OPERATORS = {"UNION": "UNION", "UNION ALL": "UNION ALL", "MINUS": "EXCEPT", "INTERSECT": "INTERSECT"}


@dataclass(frozen=True, slots=True)
class OutColumn:
    """
    A column of a result; *named* says that it has a name of its own and not only its expression's text.
    """

    name: str
    type: SqlType
    nullable: bool = True
    named: bool = True


@dataclass(slots=True)
class CompiledQuery:
    """
    A query in SQLite's SQL; its columns are k1, k2, ... *locked* are the sources that FOR UPDATE locks.
    """

    sql: str
    columns: list[OutColumn]
    locked: list[Relation]
    hidden: int = 0


@dataclass(slots=True)
class _WithScope(Scope):
    """
    A scope in which WITH named queries; no sources of its own.
    """

    named: dict[str, _Named] | None = None


def compile_query(compilation: Compilation, query: Query, parent: Scope | None = None) -> CompiledQuery:
    """
    Compile a query inside the scope around it.
    """
    scope = parent
    for name, columns, found in query.with_:
        scope = _WithScope(parent=scope, named={name: (columns, found, scope)})
    if isinstance(query.body, Select):
        made = _Block(compilation, query.body, scope).compile(query)
    else:
        made = _set_query(compilation, query, scope)
    limit = _limit(compilation, query, scope)
    if limit and query.lock is not None:
        raise Refusal(2014)
    return replace_sql(made, made.sql + limit)


def replace_sql(made: CompiledQuery, sql: str) -> CompiledQuery:
    """
    Return the same query with another text.
    """
    return CompiledQuery(sql, made.columns, made.locked, made.hidden)


def _limit(compilation: Compilation, query: Query, scope: Scope | None) -> str:
    if query.fetch is None and query.offset is None:
        return ""
    c = ExpressionCompiler(compilation, Scope(parent=scope))
    count = "-1" if query.fetch is None else f"max(whole({c.number(query.fetch)}),0)"
    skip = "0" if query.offset is None else f"max(whole({c.number(query.offset)}),0)"
    return f" LIMIT {count} OFFSET {skip}"


# --- set operations -----------------------------------------------------------------------------------------


def _body(compilation: Compilation, body: Body, scope: Scope | None) -> CompiledQuery:
    if isinstance(body, Select):
        return _Block(compilation, body, scope).compile(None)
    if isinstance(body, Query):
        return compile_query(compilation, body, scope)
    return _set_operation(compilation, body, scope)


def _set_operation(compilation: Compilation, body: SetOperation, scope: Scope | None) -> CompiledQuery:
    left, right = (_body(compilation, side, scope) for side in (body.left, body.right))
    if len(left.columns) != len(right.columns):
        raise Refusal(1789)
    columns: list[OutColumn] = []
    for a, b in zip(left.columns, right.columns, strict=True):
        columns.append(_united(body.op, a, b))
    sides = [_as_columns(compilation, side, columns) for side in (left, right)]
    return CompiledQuery(f" {_SET_OPERATORS[body.op]} ".join(sides), columns, [])


def _united(op: str, a: OutColumn, b: OutColumn) -> OutColumn:
    families = {a.type.family, b.type.family} - {"null"}
    if len(families) > 1 and not families <= {"number", "double"} and not families <= {"time", "zoned"}:
        raise Refusal(1790)
    type_ = common_type([a.type, b.type])
    if op != "UNION ALL" and type_.name in sqltypes.UNORDERED:
        raise Refusal(932, expected="-", got=type_.name)
    return OutColumn(a.name, type_, a.nullable or b.nullable)


def _as_columns(compilation: Compilation, side: CompiledQuery, columns: list[OutColumn]) -> str:
    c = ExpressionCompiler(compilation, Scope())
    alias = compilation.alias()
    items = [
        f"{c.convert(Typed(f'{alias}.k{n}', own.type), column.type).sql} AS k{n}"
        for n, (own, column) in enumerate(zip(side.columns, columns, strict=True), 1)
    ]
    return f"SELECT {', '.join(items)} FROM ({side.sql}) AS {alias}"


def _set_query(compilation: Compilation, query: Query, scope: Scope | None) -> CompiledQuery:
    if query.lock is not None:
        raise Refusal(2014)
    made = _body(compilation, query.body, scope)
    if not query.order_by:
        return made
    alias = compilation.alias()
    keys = [_set_key(alias, made.columns, key) for key in query.order_by]
    items = ", ".join(f"{alias}.k{n} AS k{n}" for n in range(1, len(made.columns) + 1))
    return replace_sql(made, f"SELECT {items} FROM ({made.sql}) AS {alias} ORDER BY {', '.join(keys)}")


def _set_key(alias: str, columns: list[OutColumn], key: OrderKey) -> str:
    place = _ordinal(key.expr, len(columns))
    if place is None:
        names = [column.name for column in columns]
        if not isinstance(key.expr, Name) or key.expr.parts[-1] not in names:
            raise Refusal(1785)
        place = names.index(key.expr.parts[-1]) + 1
    column = columns[place - 1]
    if column.type.name in sqltypes.UNORDERED:
        raise Refusal(932, expected="-", got=column.type.name)
    sql = f"{alias}.k{place}"
    return order_key_sql(f"substr({sql},1,29)" if column.type.family == "zoned" else sql, key)


def _ordinal(expr: Expr, count: int) -> int | None:
    """
    Read ORDER BY 2; a place that is none is ORA-01785.
    """
    if not isinstance(expr, Literal) or expr.type.name != "NUMBER" or not isinstance(expr.value, bytes):
        return None
    place = decimals.decode(expr.value)
    if place != int(place) or not 1 <= place <= count:
        raise Refusal(1785)
    return int(place)


# --- sources ------------------------------------------------------------------------------------------------


def named_query(scope: Scope | None, name: str) -> _Named | None:
    """
    Find a query that WITH named.
    """
    while scope is not None:
        if isinstance(scope, _WithScope) and scope.named is not None and name in scope.named:
            return scope.named[name]
        scope = scope.parent
    return None


class Sources:
    """
    The sources of one FROM: their SQL and relations.
    """

    def __init__(self, compilation: Compilation, scope: Scope) -> None:
        self.compilation = compilation
        self.scope = scope

    def add(self, source: Source) -> str:
        """
        Compile a source into the scope; return its SQL.
        """
        if isinstance(source, TableName):
            return self._table(source)
        if isinstance(source, Derived):
            return self._derived(source)
        return self._join(source)

    def _relate(self, relation: Relation) -> None:
        self.scope.relations.append(relation)

    def _table(self, name: TableName) -> str:
        called = name.alias or name.name
        if name.schema is None:
            named = named_query(self.scope.parent, name.name)
            if named is not None:
                columns, query, around = named
                return self._query(query, called, columns, around)
        found = relation_named(self.compilation, name, "SELECT")
        if isinstance(found, Table):
            return self.base(found, called, None if name.alias else found.owner)
        if isinstance(found, View):
            return self._view(found, called)
        return self._dictionary(name, called)

    def base(self, table: Table, called: str | None, schema: str | None = None) -> str:
        """
        Compile a base table.
        """
        alias = self.compilation.alias()
        physical = self.compilation.context.physical(table)
        self.compilation.tables[physical] = table
        relation = table_relation(self.compilation, table, alias, called, schema)
        self._relate(relation)
        return f"(SELECT * FROM {physical} WHERE {MARK}{physical}{MARK}) AS {alias}"

    def _view(self, view: View, called: str) -> str:
        compilation = self.compilation
        user, schema = compilation.user, compilation.schema
        statement = parse(view.text, compilation.context.nls.version).statement
        if not isinstance(statement, Query):
            raise Refusal(4063)
        compilation.user, compilation.schema = view.owner, view.owner
        try:
            return self._query(statement, called, tuple(view.columns), None)
        finally:
            compilation.user, compilation.schema = user, schema

    def _dictionary(self, name: TableName, called: str) -> str:
        if name.schema not in {None, "SYS", "PUBLIC"}:
            raise no_table(name.schema, name.name, name.position, self.compilation.schema)
        columns = self.compilation.context.dictionary(name.name)
        if columns is None:
            raise no_table(name.schema, name.name, name.position, self.compilation.schema)
        alias = self.compilation.alias()
        if name.name == "DUAL":
            self._relate(Relation(alias, called, {"DUMMY": Typed("'X'", sqltypes.varchar(1))}, "SYS"))
            return f"{_ONE_ROW}{alias}"
        self.compilation.dictionary.add(name.name)
        typed = {column: Typed(f"{alias}.c{n}", type_) for n, (column, type_) in enumerate(columns, 1)}
        self._relate(Relation(alias, called, typed, "SYS"))
        return f"{text_name(name.name)} AS {alias}"

    def _derived(self, source: Derived) -> str:
        return self._query(source.query, source.alias, (), self.scope.parent)

    def _query(self, query: Query, called: str | None, names: tuple[str, ...], around: Scope | None) -> str:
        if query.lock is not None:
            raise Refusal(907)
        made = compile_query(self.compilation, query, around)
        alias = self.compilation.alias()
        if names and len(names) != len(made.columns):
            raise Refusal(32038 if len(names) != len(made.columns) else 0)
        columns: dict[str, Typed] = {}
        duplicates: set[str] = set()
        for n, column in enumerate(made.columns, 1):
            name = names[n - 1] if names else column.name
            if name in columns:
                duplicates.add(name)
            columns[name] = Typed(f"{alias}.k{n}", column.type, column.nullable)
        self._relate(Relation(alias, called, columns, duplicates=duplicates))
        return f"({made.sql}) AS {alias}"

    def _join(self, join: Join) -> str:
        left = self.add(join.left)
        before = len(self.scope.relations)
        if isinstance(join.right, Join):
            raise unsupported("a join in parentheses on the right of a join")
        right = self.add(join.right)
        if join.kind == "CROSS":
            return f"{left} CROSS JOIN {right}"
        if join.using:
            condition = self._using(join, before)
        elif join.on is not None:
            condition = ExpressionCompiler(self.compilation, self.scope).condition(join.on)
        else:
            raise Refusal(905)
        if join.kind in {"RIGHT", "FULL"} and sqlite3.sqlite_version_info < _OUTER_JOINS:
            raise unsupported(f"a {join.kind} join before SQLite 3.39")
        if join.kind in {"LEFT", "FULL"}:
            self._nullable(before, len(self.scope.relations))
        if join.kind in {"RIGHT", "FULL"}:
            self._nullable(0, before)
        word = {"INNER": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}[join.kind]
        return f"{left} {word} {right} ON {condition}"

    def _nullable(self, first: int, last: int) -> None:
        for relation in self.scope.relations[first:last]:
            relation.columns = {
                name: replace(typed, nullable=True) for name, typed in relation.columns.items()
            }

    def _using(self, join: Join, before: int) -> str:
        c = ExpressionCompiler(self.compilation, self.scope)
        conditions: list[str] = []
        for name in join.using:
            lefts = [r.columns[name] for r in self.scope.relations[:before] if name in r.columns]
            rights = [r.columns[name] for r in self.scope.relations[before:] if name in r.columns]
            if not lefts or not rights:
                raise Refusal(904, name=f'"{name}"')
            conditions.append(c.compare("=", lefts[0], rights[0]))
            left, right = c.common([lefts[0], rights[0]], strict=False)
            merged = (
                left
                if join.kind in {"INNER", "LEFT"}
                else replace(left, sql=f"coalesce({left.sql},{right.sql})")
            )
            self.scope.merged[name] = merged
        return " AND ".join(conditions)


def text_name(name: str) -> str:
    """
    Name a dictionary view's table in SQLite.
    """
    return 'temp."' + "d_" + name.replace('"', "") + '"'


def table_relation(
    compilation: Compilation, table: Table, alias: str, called: str | None, schema: str | None = None
) -> Relation:
    """
    Make the relation of a base table; a virtual column is its expression over the others.
    """
    columns = {
        column.name: Typed(f"{alias}.{column.physical}", column.type, column.nullable)
        for column in table.shown()
        if not column.virtual_text
    }
    relation = Relation(alias, called, columns, schema, table)
    virtual = [column for column in table.shown() if column.virtual_text]
    for column in virtual:
        c = ExpressionCompiler(compilation, Scope([relation]))
        made = c.value(parsed_expression(column.virtual_text, compilation.context.nls.version))
        columns[column.name] = replace(c.convert(made, column.type), nullable=column.nullable)
    relation.star = [column.name for column in table.visible()]
    return relation


def parsed_expression(text: str, version: int) -> Expr:
    """
    Parse an expression that the catalog keeps as text.
    """
    c = Cursor(text, version)
    found = expression(c)
    c.ends(907)
    return found


# --- one SELECT ---------------------------------------------------------------------------------------------


class _Block:
    """
    One SELECT block being compiled.
    """

    def __init__(self, compilation: Compilation, select: Select, parent: Scope | None) -> None:
        self.compilation = compilation
        self.select = select
        self.scope = Scope(parent=parent)
        self.c = ExpressionCompiler(compilation, self.scope)

    def compile(self, query: Query | None) -> CompiledQuery:
        """
        Compile the block with what stands around it.
        """
        select = self.select
        from_sql = self._from()
        where = self._where(from_sql)
        aggregated = self._is_aggregated(query)
        items = self._expanded()
        group = self._group() if aggregated else ""
        typed = [self._item(item) for item in items]
        columns = [
            OutColumn(_item_name(item), found.type, found.nullable, _is_named(item))
            for item, found in zip(items, typed, strict=True)
        ]
        if select.distinct:
            for found in typed:
                self.c.sort_key(found)
        having = f" HAVING {self.c.condition(select.having)}" if select.having is not None else ""
        order = self._order(query, items, typed) if query is not None else ""
        listed = [f"{found.sql} AS k{n}" for n, found in enumerate(typed, 1)]
        locked = self._locked(query, aggregated=aggregated)
        for relation in locked:
            listed += [f"{relation.alias}._r", f"{relation.alias}._d"]
        distinct = "DISTINCT " if select.distinct else ""
        sql = f"SELECT {distinct}{', '.join(listed)}{where}{group}{having}{order}"
        return CompiledQuery(sql, columns, locked, 2 * len(locked))

    def _from(self) -> str:
        sources = Sources(self.compilation, self.scope)
        sqls = [sources.add(source) for source in self.select.sources]
        if len(sqls) == 1 and sqls[0].startswith(_ONE_ROW) and " " not in sqls[0].removeprefix(_ONE_ROW):
            return ""
        return ", ".join(sqls)

    def _where(self, from_sql: str) -> str:
        """
        Write FROM and WHERE; where ROWNUM is named, as a derived table that numbers and limits its rows.
        """
        select = self.select
        conditions = _conjuncts(select.where)
        if not names_rownum(select):
            wheres = [self.c.condition(found) for found in conditions]
            return _from_where(from_sql, wheres)
        limits = [found for found in conditions if _limits_rownum(found)]
        wheres = [self.c.condition(found) for found in conditions if not _limits_rownum(found)]
        limit = "".join(f" LIMIT {self._rownum_limit(found)}" for found in limits[:1])
        if len(limits) > 1:
            raise unsupported("several conditions on ROWNUM")
        return self._numbered(_from_where(from_sql, wheres) + limit)

    def _numbered(self, inner: str) -> str:
        alias = self.compilation.alias()
        listed: list[str] = []
        for relation in self.scope.relations:
            relation.columns = {
                name: self._renamed(alias, listed, typed) for name, typed in relation.columns.items()
            }
            if relation.table is not None:
                listed += [
                    f"{relation.alias}.{name} AS {relation.alias}{name}" for name in ("_v", "_r", "_d")
                ]
                relation.table = None
        self.scope.rownum = f"{alias}.rn"
        listed.append("row_number() OVER () AS rn")
        return f" FROM (SELECT {', '.join(listed)}{inner}) AS {alias}"

    def _renamed(self, alias: str, listed: list[str], typed: Typed) -> Typed:
        name = f"n{len(listed)}"
        listed.append(f"{typed.sql} AS {name}")
        return replace(typed, sql=f"{alias}.{name}")

    def _rownum_limit(self, found: Expr) -> str:
        if not isinstance(found, Binary):
            raise unsupported("this condition on ROWNUM")
        count = f"whole({self.c.number(found.right)})"
        if found.op == "<":
            return f"max({count}-1,0)"
        return f"max({count},0)" if found.op == "<=" else f"({count}=1)"

    def _is_aggregated(self, query: Query | None) -> bool:
        select = self.select
        if select.group_by is not None or select.having is not None:
            return True
        keys = () if query is None else tuple(key.expr for key in query.order_by)
        return any(has_aggregate(expr) for expr in (*(item.expr for item in select.items), *keys))

    def _group(self) -> str:
        keys = self.select.group_by or ()
        compiled = [self.c.value(key) for key in keys]
        self.scope.grouping = Grouping(
            list(keys), {found.sql for found in compiled}, grouped=self.select.group_by is not None
        )
        if not compiled:
            return ""
        return " GROUP BY " + ", ".join(self._group_key(found) for found in compiled)

    def _group_key(self, found: Typed) -> str:
        sql = self.c.sort_key(found)
        return f"({sql})||''" if sql.lstrip("-").isdigit() else sql

    def _expanded(self) -> list[Item]:
        items: list[Item] = []
        for item in self.select.items:
            if isinstance(item.expr, Star):
                items.extend(self._starred(item.expr))
            else:
                items.append(item)
        return items

    def _starred(self, star: Star) -> list[Item]:
        relations = self.scope.relations
        if star.qualifier:
            relation = Scope(relations).relation(star.qualifier)
            if relation is None:
                raise Refusal(904, star.position, name=f'"{star.qualifier[-1]}"')
            relations = [relation]
        if not relations:
            raise Refusal(936, star.position)
        merged = [] if star.qualifier else list(self.scope.merged)
        found = [Item(Name((name,)), name, name) for name in merged]
        for relation in relations:
            for name, typed in relation.listed():
                if name not in merged:
                    resolved: Any = _Resolved(typed)
                    found.append(Item(resolved, name, name))
        return found

    def _item(self, item: Item) -> Typed:
        if isinstance(item.expr, _Resolved):
            grouping = self.scope.grouping
            if grouping is not None and item.expr.typed.sql not in grouping.sqls:
                raise Refusal(979 if grouping.grouped else 937)
            return item.expr.typed
        found = self.c.any(item.expr)
        if found.condition and self.compilation.context.nls.version < 23:
            raise Refusal(923)
        return Typed(found.sql, found.type, found.nullable)

    def _order(self, query: Query, items: list[Item], typed: list[Typed]) -> str:
        if not query.order_by:
            return ""
        keys = [self._order_key(key, items, typed) for key in query.order_by]
        return f" ORDER BY {', '.join(keys)}"

    def _order_key(self, key: OrderKey, items: list[Item], typed: list[Typed]) -> str:
        place = _ordinal(key.expr, len(items))
        found = None
        if place is not None:
            found = typed[place - 1]
        elif isinstance(key.expr, Name) and len(key.expr.parts) == 1:
            found = next(
                (t for item, t in zip(items, typed, strict=True) if item.alias == key.expr.parts[0]), None
            )
        if found is None:
            found = self.c.value(key.expr)
            if self.select.distinct and found.sql not in {t.sql for t in typed}:
                raise Refusal(1791)
        sql = self.c.sort_key(found)
        return order_key_sql(f"({sql})||''" if sql.lstrip("-").isdigit() else sql, key)

    def _locked(self, query: Query | None, *, aggregated: bool) -> list[Relation]:
        if query is None or query.lock is None:
            return []
        if aggregated or self.select.distinct:
            raise Refusal(1786)
        relations = [relation for relation in self.scope.relations if relation.table is not None]
        if query.lock.of:
            wanted = {self._owner_of(name) for name in query.lock.of}
            relations = [relation for relation in relations if relation.alias in wanted]
        if not relations:
            raise Refusal(2014)
        catalog = self.compilation.context.catalog
        for relation in relations:
            table = relation.table
            if table is not None and not any(
                catalog.may_on(self.compilation.user, table.owner, table.name, privilege)
                for privilege in ("UPDATE", "DELETE")
            ):
                raise Refusal(1031)
        return relations

    def _owner_of(self, name: Name) -> str:
        for relation in self.scope.relations:
            if name.parts[-1] in relation.columns and (
                len(name.parts) == 1 or relation.name == name.parts[-2]
            ):
                return relation.alias
        raise Refusal(904, name.position, name=f'"{name.parts[-1]}"')


@dataclass(frozen=True, slots=True)
class _Resolved:
    """
    A column that * found: no name is looked up again.
    """

    typed: Typed


@compiles(_Resolved)
def _resolved(_: ExpressionCompiler, node: _Resolved) -> Typed:
    return node.typed


def _is_named(item: Item) -> bool:
    return item.alias is not None or isinstance(item.expr, Name)


def _item_name(item: Item) -> str:
    if item.alias is not None:
        return item.alias
    if isinstance(item.expr, Name):
        return item.expr.parts[-1]
    return "".join(_folded(item.text))[:128]


def _folded(text: str) -> Sequence[str]:
    """
    Write an expression as its column is called: without blanks, upper case outside of quotes.
    """
    made: list[str] = []
    quote = ""
    for mark in text:
        if quote:
            quote = "" if mark == quote else quote
            made.append(mark)
        elif mark in "'\"":
            quote = mark
            made.append(mark)
        elif not mark.isspace():
            made.append(mark.upper())
    return made


def _from_where(from_sql: str, wheres: list[str]) -> str:
    where = f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return (f" FROM {from_sql}" if from_sql else "") + where


def _conjuncts(where: Expr | None) -> list[Expr]:
    if where is None:
        return []
    return chain(where) if isinstance(where, Binary) and where.op == "AND" else [where]


def _limits_rownum(expr: Expr) -> bool:
    return (
        isinstance(expr, Binary)
        and isinstance(expr.left, Name)
        and expr.left.parts == ("ROWNUM",)
        and expr.op in {"<", "<=", "="}
    )


def rownum_limits(c: ExpressionCompiler, where: Expr | None) -> tuple[list[Expr], str]:
    """
    Take ROWNUM's limit out of a DML's WHERE: the other conditions, and LIMIT.
    """
    conditions = _conjuncts(where)
    limits = [found for found in conditions if _limits_rownum(found)]
    rest = [found for found in conditions if not _limits_rownum(found)]
    if not limits:
        return rest, ""
    found = limits[0]
    if len(limits) > 1 or not isinstance(found, Binary):
        raise unsupported("several conditions on ROWNUM")
    count = f"whole({c.number(found.right)})"
    shown = {"<": f"max({count}-1,0)", "<=": f"max({count},0)", "=": f"({count}=1)"}[found.op]
    return rest, f" LIMIT {shown}"


# --- queries in expressions ---------------------------------------------------------------------------------


@compiles(InQuery)
def _in_query(c: ExpressionCompiler, node: InQuery) -> Typed:
    found = compile_query(c.compilation, node.query, c.scope)
    if len(found.columns) != len(node.exprs):
        raise Refusal(947 if len(found.columns) < len(node.exprs) else 913)
    alias = c.compilation.alias()
    rights = [Typed(f"{alias}.k{n}", column.type) for n, column in enumerate(found.columns, 1)]
    pairs = [c.compared(c.value(left), right) for left, right in zip(node.exprs, rights, strict=True)]
    left_sql = ", ".join(a for a, _ in pairs)
    right_sql = ", ".join(b for _, b in pairs)
    negated = "NOT " if node.negated else ""
    left_sql = f"({left_sql})" if len(pairs) > 1 else left_sql
    sql = f"({left_sql} {negated}IN (SELECT {right_sql} FROM ({found.sql}) AS {alias}))"
    return Typed(sql, CONDITION, condition=True)


@compiles(Exists)
def _exists(c: ExpressionCompiler, node: Exists) -> Typed:
    found = compile_query(c.compilation, node.query, c.scope)
    return Typed(f"(EXISTS ({found.sql}))", CONDITION, condition=True)


@compiles(Scalar)
def _scalar(c: ExpressionCompiler, node: Scalar) -> Typed:
    found = compile_query(c.compilation, node.query, c.scope)
    if len(found.columns) != 1:
        raise Refusal(913)
    return Typed(f"(SELECT one(k1) FROM ({found.sql}))", found.columns[0].type)
