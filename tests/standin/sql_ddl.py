"""
The grammar of DDL on tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from tests.standin.refusal import unsupported
from tests.standin.sql_ast import (
    AlterTable,
    ColumnSpec,
    ConstraintSpec,
    CreateTable,
    DropTable,
    Identity,
    Query,
    Truncate,
)
from tests.standin.sql_expressions import expression, value
from tests.standin.sql_queries import query
from tests.standin.sql_types import type_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.sql_cursor import Cursor

Action: TypeAlias = "tuple[str, tuple[object, ...]]"
#: Options after a table's columns that change nothing here: each a sequence of words, * for a name or number.
_TABLE_OPTIONS = (
    ("TABLESPACE", "*"),
    ("COMPRESS", "FOR", "OLTP"),
    ("COMPRESS", "FOR", "QUERY", "LOW"),
    ("COMPRESS", "FOR", "QUERY", "HIGH"),
    ("COMPRESS", "FOR", "ARCHIVE", "LOW"),
    ("COMPRESS", "FOR", "ARCHIVE", "HIGH"),
    ("COMPRESS", "BASIC"),
    ("COMPRESS",),
    ("NOCOMPRESS",),
    ("ROW", "STORE", "COMPRESS", "BASIC"),
    ("ROW", "STORE", "COMPRESS", "ADVANCED"),
    ("ROW", "STORE", "COMPRESS"),
    ("COLUMN", "STORE", "COMPRESS", "FOR", "QUERY", "LOW"),
    ("COLUMN", "STORE", "COMPRESS", "FOR", "QUERY", "HIGH"),
    ("COLUMN", "STORE", "COMPRESS", "FOR", "QUERY"),
    ("LOGGING",),
    ("NOLOGGING",),
    ("PARALLEL", "*"),
    ("PARALLEL",),
    ("NOPARALLEL",),
    ("PCTFREE", "*"),
    ("PCTUSED", "*"),
    ("INITRANS", "*"),
    ("CACHE",),
    ("NOCACHE",),
    ("SEGMENT", "CREATION", "IMMEDIATE"),
    ("SEGMENT", "CREATION", "DEFERRED"),
    ("ROWDEPENDENCIES",),
    ("NOROWDEPENDENCIES",),
    ("ENABLE", "ROW", "MOVEMENT"),
    ("DISABLE", "ROW", "MOVEMENT"),
    ("MONITORING",),
    ("NOMONITORING",),
)
_KEY_KINDS = {"PRIMARY": "P", "UNIQUE": "U", "CHECK": "C", "REFERENCES": "R", "NOT": "N", "NULL": "NULL"}


def options(c: Cursor) -> tuple[str, ...]:
    """
    Take storage options, remembered as text and otherwise without effect.
    """
    found: list[str] = []
    while (taken := _option(c)) is not None:
        found.append(taken)
    if c.sees("PARTITION"):
        raise unsupported("PARTITION BY", c.token.position)
    return tuple(found)


def _option(c: Cursor) -> str | None:
    for words in _TABLE_OPTIONS:
        plain = [word for word in words if word != "*"]
        if not c.sees(*plain):
            continue
        if len(plain) == len(words):
            c.accepts(*plain)
            return " ".join(words)
        if c.peek().kind in {"word", "number", "quoted"} and c.peek(2).text != "(":
            argument = c.peek().text
            if plain == ["PARALLEL"] and c.peek().kind != "number":
                continue
            c.take()
            c.take()
            return f"{plain[0]} {argument}"
    return None


def create_table(c: Cursor) -> CreateTable:
    """
    Take what follows CREATE: [GLOBAL | PRIVATE TEMPORARY] TABLE ...
    """
    temporary = c.accepts_any("GLOBAL", "PRIVATE") or ""
    if temporary:
        c.needs("TEMPORARY", 901)
    c.needs("TABLE", 901)
    soft = _if_exists(c, 922, "NOT", "EXISTS")
    name = c.table_name()
    columns: list[ColumnSpec] = []
    constraints: list[ConstraintSpec] = []
    if c.accepts_symbol("("):
        _relational(c, columns, constraints)
    preserve = _on_commit(c, temporary)
    taken = options(c)
    preserve = preserve or _on_commit(c, temporary)
    found: Query | None = None
    if c.accepts("AS"):
        found = query(c)
    elif not columns:
        raise c.refuse(906)
    return CreateTable(name, tuple(columns), tuple(constraints), temporary, preserve, found, taken, soft)


def _if_exists(c: Cursor, code: int, *words: str) -> bool:
    if not c.sees("IF", *words):
        return False
    if c.version < 23:
        raise c.refuse(code)
    return c.accepts("IF", *words)


def if_exists(c: Cursor) -> bool:
    """
    Take IF EXISTS, from 23.
    """
    return _if_exists(c, 933, "EXISTS")


def if_not_exists(c: Cursor) -> bool:
    """
    Take IF NOT EXISTS, from 23.
    """
    return _if_exists(c, 922, "NOT", "EXISTS")


def _on_commit(c: Cursor, temporary: str) -> bool:
    if not c.sees("ON", "COMMIT"):
        return False
    if not temporary:
        raise c.refuse(14450)
    c.accepts("ON", "COMMIT")
    last = "ROWS" if temporary == "GLOBAL" else "DEFINITION"
    word = c.accepts_any("PRESERVE", "DELETE" if temporary == "GLOBAL" else "DROP")
    if word is None:
        raise c.refuse(905)
    c.needs(last, 905)
    return word == "PRESERVE"


def _relational(c: Cursor, columns: list[ColumnSpec], constraints: list[ConstraintSpec]) -> None:
    while True:
        if _starts_constraint(c):
            constraints.append(table_constraint(c))
        else:
            columns.append(column(c))
        if not c.accepts_symbol(","):
            break
    c.needs_symbol(")")


def _starts_constraint(c: Cursor) -> bool:
    if c.token.kind != "word":
        return False
    if c.token.text in {"CONSTRAINT", "UNIQUE", "CHECK"}:
        return True
    return c.sees("PRIMARY", "KEY") or c.sees("FOREIGN", "KEY")


def table_constraint(c: Cursor) -> ConstraintSpec:
    """
    Take an out-of-line constraint.
    """
    position = c.token.position
    name = c.name(904) if c.accepts("CONSTRAINT") else None
    if c.accepts("PRIMARY"):
        c.needs("KEY", 905)
        found = ConstraintSpec("P", name, c.name_list(), position=position)
    elif c.accepts("UNIQUE"):
        found = ConstraintSpec("U", name, c.name_list(), position=position)
    elif c.accepts("CHECK"):
        found = _check(c, name)
    elif c.accepts("FOREIGN"):
        c.needs("KEY", 905)
        columns = c.name_list()
        c.needs("REFERENCES", 905)
        found = replace(_references(c, name), columns=columns)
    else:
        raise c.refuse(904)
    return _state(c, replace(found, position=position))


def _check(c: Cursor, name: str | None) -> ConstraintSpec:
    c.needs_symbol("(")
    start = c.token.position
    condition = expression(c)
    text = c.text_since(start)
    c.needs_symbol(")")
    return ConstraintSpec("C", name, condition=condition, text=text)


def _references(c: Cursor, name: str | None) -> ConstraintSpec:
    parent = c.table_name()
    columns = c.name_list() if c.sees_symbol("(") else ()
    on_delete = "NO ACTION"
    if c.accepts("ON", "DELETE"):
        if c.accepts("CASCADE"):
            on_delete = "CASCADE"
        elif c.accepts("SET", "NULL"):
            on_delete = "SET NULL"
        else:
            raise c.refuse(905)
    return ConstraintSpec("R", name, parent=parent, parent_columns=columns, on_delete=on_delete)


def _state(c: Cursor, found: ConstraintSpec) -> ConstraintSpec:
    while True:
        if c.accepts("NOT", "DEFERRABLE") or c.accepts("INITIALLY", "IMMEDIATE") or c.accepts("RELY"):
            continue
        if c.sees("DEFERRABLE") or c.sees("INITIALLY"):
            raise unsupported("a deferrable constraint", c.token.position)
        if c.sees("ENABLE") or c.sees("DISABLE"):
            if c.peek().text == "ROW":
                return found
            found = replace(found, enabled=c.take().text == "ENABLE")
        elif c.accepts("USING", "INDEX"):
            _using_index(c)
        elif not (c.accepts("VALIDATE") or c.accepts("NOVALIDATE")):
            return found


def _using_index(c: Cursor) -> None:
    options(c)
    if c.token.kind == "quoted" or (c.token.kind == "word" and c.token.text not in {"ENABLE", "DISABLE"}):
        raise unsupported("USING INDEX with a named index", c.token.position)


def column(c: Cursor, *, alter: bool = False) -> ColumnSpec:
    """
    Take a column: name, type, default, inline constraints; for MODIFY (*alter*) the type may be missing.
    """
    position = c.token.position
    name = c.name(904)
    type_ = type_spec(c)
    spec = ColumnSpec(name, type_, position=position)
    if c.sees("GENERATED") or (c.sees("AS") and c.peek().text == "("):
        spec = _generated(c, spec)
    while True:
        if c.accepts("INVISIBLE"):
            spec = replace(spec, invisible=True)
        elif c.accepts("VISIBLE"):
            spec = replace(spec, invisible=False)
        elif c.accepts("DEFAULT"):
            spec = _default(c, spec)
        elif (found := _inline(c, name)) is not None:
            spec = replace(spec, constraints=(*spec.constraints, found))
        else:
            break
    if spec.type is None and spec.virtual is None and not alter and not _may_lack_type(c):
        raise c.refuse(902 if c.token.kind == "word" else 2263)
    return spec


def _may_lack_type(c: Cursor) -> bool:
    """
    A column without a type may stand in CREATE TABLE ... AS SELECT only; the caller of that checks.
    """
    return any(token.kind == "word" and token.text == "SELECT" for token in c.tokens[c.at :])


def _default(c: Cursor, spec: ColumnSpec) -> ColumnSpec:
    on_null = False
    if c.accepts("ON"):
        c.needs("NULL", 905)
        on_null = True
        if c.accepts("FOR"):
            raise unsupported("DEFAULT ON NULL FOR", c.token.position)
    start = c.token.position
    default = value(c)
    return replace(spec, default=default, default_text=c.text_since(start), on_null=on_null)


def _generated(c: Cursor, spec: ColumnSpec) -> ColumnSpec:
    always, on_null = True, False
    if c.accepts("GENERATED") and not c.accepts("ALWAYS"):
        c.needs("BY", 905)
        c.needs("DEFAULT", 905)
        always = False
        if c.accepts("ON"):
            c.needs("NULL", 905)
            on_null = True
    c.needs("AS", 905)
    if c.accepts("IDENTITY"):
        start, increment = sequence_options(c) if c.accepts_symbol("(") else (1, 1)
        return replace(spec, identity=Identity(always, on_null, start, increment))
    c.needs_symbol("(")
    start_at = c.token.position
    virtual = expression(c)
    text = c.text_since(start_at)
    c.needs_symbol(")")
    c.accepts("VIRTUAL")
    return replace(spec, virtual=virtual, virtual_text=text)


def sequence_options(c: Cursor) -> tuple[int, int]:
    """
    Take START WITH and INCREMENT BY; the options without effect here are taken too.
    """
    start, increment = 1, 1
    while True:
        if c.accepts("START"):
            c.needs("WITH", 905)
            c.accepts("LIMIT", "VALUE")
            start = c.signed_integer() if not c.accepts("LIMIT", "VALUE") else start
        elif c.accepts("INCREMENT"):
            c.needs("BY", 905)
            increment = c.signed_integer()
        elif c.accepts_any("MINVALUE", "MAXVALUE", "CACHE"):
            c.signed_integer()
        elif not c.accepts_any(
            "NOMINVALUE", "NOMAXVALUE", "NOCACHE", "NOCYCLE", "NOORDER", "ORDER", "NOKEEP"
        ):
            break
    c.accepts_symbol(")")
    return start, increment


def _inline(c: Cursor, column_name: str) -> ConstraintSpec | None:
    position = c.token.position
    name = None
    if c.accepts("CONSTRAINT"):
        name = c.name(904)
    kind = c.accepts_any(*_KEY_KINDS)
    if kind is None:
        if name is not None:
            raise c.refuse(904)
        return None
    if kind == "PRIMARY":
        c.needs("KEY", 905)
    if kind == "NOT":
        c.needs("NULL", 905)
    if kind == "CHECK":
        found = _check(c, name)
    elif kind == "REFERENCES":
        found = replace(_references(c, name), columns=(column_name,))
    else:
        found = ConstraintSpec(_KEY_KINDS[kind], name, (column_name,))
    return _state(c, replace(found, position=position))


def alter_table(c: Cursor) -> AlterTable:
    """
    Take what follows ALTER: TABLE name and its actions.
    """
    c.needs("TABLE", 940)
    name = c.table_name()
    actions: list[Action] = []
    while c.token.kind != "end" and not c.sees_symbol(";"):
        actions.extend(_action(c))
    if not actions:
        raise c.refuse(2210)
    return AlterTable(name, tuple(actions))


def _action(c: Cursor) -> list[Action]:
    word = c.accepts_any("ADD", "MODIFY", "DROP", "RENAME", "SET", "ENABLE", "DISABLE")
    if word is not None:
        return _ACTIONS[word](c)
    taken = _option(c)
    if taken is None:
        raise c.refuse(1735)
    return [("OPTION", (taken,))]


def _add(c: Cursor) -> list[Action]:
    if c.accepts_symbol("("):
        columns: list[ColumnSpec] = []
        constraints: list[ConstraintSpec] = []
        _relational(c, columns, constraints)
        found: list[Action] = [("ADD", (spec,)) for spec in columns]
        return found + [("CONSTRAINT", (spec,)) for spec in constraints]
    if _starts_constraint(c):
        return [("CONSTRAINT", (table_constraint(c),))]
    c.accepts("COLUMN") if c.version >= 23 else None
    return [("ADD", (column(c),))]


def _modify(c: Cursor) -> list[Action]:
    if c.accepts("CONSTRAINT"):
        name = c.name(904)
        enabled = c.accepts_any("ENABLE", "DISABLE")
        if enabled is None:
            raise c.refuse(905)
        c.accepts_any("VALIDATE", "NOVALIDATE")
        return [(enabled, (name,))]
    if not c.accepts_symbol("("):
        return [("MODIFY", (column(c, alter=True),))]
    found = [column(c, alter=True)]
    while c.accepts_symbol(","):
        found.append(column(c, alter=True))
    c.needs_symbol(")")
    return [("MODIFY", (spec,)) for spec in found]


def _drop(c: Cursor) -> list[Action]:
    found: list[Action]
    if c.accepts("CONSTRAINT"):
        found = [("DROP CONSTRAINT", (c.name(904),))]
    elif c.accepts("PRIMARY", "KEY"):
        found = [("DROP PRIMARY", ())]
    elif c.accepts("UNIQUE"):
        found = [("DROP UNIQUE", (c.name_list(),))]
    elif c.accepts("COLUMN"):
        found = [("DROP COLUMN", (c.name(904),))]
    elif c.accepts("UNUSED", "COLUMNS"):
        found = [("DROP UNUSED", ())]
    elif c.sees_symbol("("):
        found = [("DROP COLUMN", (name,)) for name in c.name_list()]
    else:
        raise c.refuse(905)
    c.accepts("CASCADE", "CONSTRAINTS") or c.accepts("CASCADE")
    if c.accepts_any("KEEP", "DROP"):
        c.needs("INDEX", 905)
    return found


def _rename(c: Cursor) -> list[Action]:
    if c.accepts("TO"):
        return [("RENAME", (c.name(903),))]
    if c.accepts("COLUMN"):
        old = c.name(904)
        c.needs("TO", 905)
        return [("RENAME COLUMN", (old, c.name(904)))]
    if c.accepts("CONSTRAINT"):
        old = c.name(904)
        c.needs("TO", 905)
        return [("RENAME CONSTRAINT", (old, c.name(904)))]
    raise c.refuse(14155)


def _set(c: Cursor) -> list[Action]:
    c.needs("UNUSED", 905)
    names = c.name_list() if c.sees_symbol("(") else None
    if names is None:
        c.needs("COLUMN", 905)
        names = (c.name(904),)
    c.accepts("CASCADE", "CONSTRAINTS")
    return [("SET UNUSED", (name,)) for name in names]


def _switch(word: str, c: Cursor) -> list[Action]:
    if c.accepts("ROW", "MOVEMENT"):
        return [("OPTION", (f"{word} ROW MOVEMENT",))]
    c.accepts_any("VALIDATE", "NOVALIDATE")
    if c.accepts("PRIMARY", "KEY"):
        found: list[Action] = [(f"{word} PRIMARY", ())]
    elif c.accepts("UNIQUE"):
        found = [(f"{word} UNIQUE", (c.name_list(),))]
    elif c.accepts("ALL", "TRIGGERS"):
        found = [("OPTION", (f"{word} ALL TRIGGERS",))]
    else:
        c.needs("CONSTRAINT", 905)
        found = [(word, (c.name(904),))]
    c.accepts("CASCADE")
    if c.accepts("KEEP", "INDEX") or c.accepts("DROP", "INDEX"):
        return found
    return found


_ACTIONS: dict[str, Callable[[Cursor], list[Action]]] = {
    "ADD": _add,
    "MODIFY": _modify,
    "DROP": _drop,
    "RENAME": _rename,
    "SET": _set,
    "ENABLE": lambda c: _switch("ENABLE", c),
    "DISABLE": lambda c: _switch("DISABLE", c),
}


def drop_table(c: Cursor) -> DropTable:
    """
    Take what follows DROP: TABLE name [CASCADE CONSTRAINTS] [PURGE].
    """
    c.needs("TABLE", 950)
    soft = if_exists(c)
    name = c.table_name()
    cascade = c.accepts("CASCADE", "CONSTRAINTS")
    c.accepts("PURGE")
    return DropTable(name, cascade, soft)


def truncate(c: Cursor) -> Truncate:
    """
    Take TRUNCATE TABLE name.
    """
    c.needs("TRUNCATE")
    c.needs("TABLE", 3290)
    name = c.table_name()
    if c.accepts_any("DROP", "REUSE"):
        c.accepts("ALL")
        c.needs("STORAGE", 905)
    c.accepts("CASCADE")
    return Truncate(name)
