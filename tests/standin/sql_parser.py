"""
The grammar of statements: one text, one tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.standin import sql_ddl, sql_dml
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import (
    AlterIndex,
    AlterSession,
    AlterUser,
    BindRef,
    Comment,
    CreateIndex,
    CreateSequence,
    CreateSynonym,
    CreateTable,
    CreateUser,
    CreateView,
    DropObject,
    Grant,
    LockTable,
    OrderKey,
    ParallelDml,
    Rename,
    Statement,
    TableName,
    Transaction,
)
from tests.standin.sql_cursor import Cursor
from tests.standin.sql_expressions import value
from tests.standin.sql_queries import query

if TYPE_CHECKING:
    from collections.abc import Callable

_LOCK_MODES = (
    ("ROW", "SHARE"),
    ("ROW", "EXCLUSIVE"),
    ("SHARE", "UPDATE"),
    ("SHARE", "ROW", "EXCLUSIVE"),
    ("SHARE",),
    ("EXCLUSIVE",),
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """
    A statement's tree and its binds in order.
    """

    statement: Statement
    binds: tuple[BindRef, ...]


def parse(sql: str, version: int, max_name_bytes: int = 128) -> Parsed:
    """
    Parse a statement for a server of *version*; what is no statement is ORA-00900.
    """
    c = Cursor(sql, version, max_name_bytes)
    try:
        statement = _statement(c)
    except RecursionError:
        raise unsupported("an expression nested that deep") from None
    if not isinstance(statement, CreateUser):
        c.ends(922 if isinstance(statement, CreateTable) else 933)
    return Parsed(statement, tuple(c.binds))


def _statement(c: Cursor) -> Statement:
    token = c.token
    if token.kind == "symbol" and token.text == "(":
        return query(c)
    if token.kind != "word":
        raise c.refuse(900)
    if token.text in {"BEGIN", "DECLARE", "CALL"}:
        raise unsupported("PL/SQL", token.position)
    reader = _READERS.get(token.text)
    if reader is None:
        raise c.refuse(900)
    return reader(c)


def _create(c: Cursor) -> Statement:
    c.take()
    replace = c.accepts("OR", "REPLACE")
    if not replace and c.token.text in {"TABLE", "GLOBAL", "PRIVATE"}:
        return sql_ddl.create_table(c)
    for word in ("FORCE", "NOFORCE", "EDITIONABLE", "NONEDITIONABLE"):
        c.accepts(word)
    if c.accepts("VIEW"):
        return _view(c, replace=replace)
    public = c.accepts("PUBLIC")
    if c.accepts("SYNONYM"):
        name = c.table_name()
        c.needs("FOR", 905)
        return CreateSynonym(name, c.table_name(), replace, public)
    if replace or public:
        raise c.refuse(922)
    unique = c.accepts("UNIQUE")
    if c.accepts("INDEX"):
        return _index(c, unique=unique)
    if c.accepts("SEQUENCE"):
        return _sequence(c)
    if c.accepts("USER"):
        return _user(c)
    raise c.refuse(901)


def _view(c: Cursor, *, replace: bool) -> CreateView:
    name = c.table_name()
    columns = c.name_list() if c.sees_symbol("(") else ()
    c.needs("AS", 905)
    start = c.token.position
    found = query(c)
    text = c.text_since(start)
    read_only = False
    if c.accepts("WITH"):
        c.needs("READ", 905)
        c.needs("ONLY", 905)
        read_only = True
    if c.binds:
        raise Refusal(1027, c.binds[0].position)
    return CreateView(name, columns, found, text, replace, read_only)


def _index(c: Cursor, *, unique: bool) -> CreateIndex:
    soft = sql_ddl.if_not_exists(c)
    name = c.table_name(953)
    c.needs("ON", 969)
    table = c.table_name()
    c.needs_symbol("(")
    keys: list[OrderKey] = []
    texts: list[str] = []
    while True:
        start = c.token.position
        expr = value(c)
        texts.append(c.text_since(start))
        keys.append(OrderKey(expr, c.accepts_any("ASC", "DESC") == "DESC"))
        if not c.accepts_symbol(","):
            break
    c.needs_symbol(")")
    while c.accepts_any("ONLINE", "LOCAL", "COMPUTE", "STATISTICS", "REVERSE", "UNUSABLE") or sql_ddl.options(
        c
    ):
        pass
    return CreateIndex(name, table, tuple(keys), tuple(texts), unique, soft)


def _sequence(c: Cursor) -> CreateSequence:
    name = c.table_name()
    start, increment = sql_ddl.sequence_options(c)
    return CreateSequence(name, start, increment)


def _user(c: Cursor) -> CreateUser:
    name = c.name(1935)
    while c.token.kind != "end":
        if c.sees_symbol(";"):
            raise c.refuse(922)
        c.take()
    return CreateUser(name)


def _alter(c: Cursor) -> Statement:
    c.take()
    if c.sees("TABLE"):
        return sql_ddl.alter_table(c)
    if c.accepts("SESSION"):
        return _alter_session(c)
    if c.accepts("INDEX"):
        return _alter_index(c)
    if c.accepts("USER"):
        return _alter_user(c)
    raise c.refuse(940)


def _alter_user(c: Cursor) -> AlterUser:
    """
    Read the quota of a user; what else ALTER USER can do is refused.
    """
    name = c.name(1935)
    c.needs("QUOTA", 922)
    unlimited = c.accepts("UNLIMITED")
    if not unlimited and c.take().text != "0":
        raise c.refuse(922)
    c.needs("ON", 969)
    tablespace = c.name()
    if tablespace != "USERS":
        raise Refusal(959, name=tablespace)
    return AlterUser(name, unlimited)


def _alter_index(c: Cursor) -> AlterIndex:
    name = c.table_name(953)
    if c.accepts("RENAME"):
        c.needs("TO", 905)
        return AlterIndex(name, "RENAME", c.name(953))
    action = c.accepts_any("REBUILD", "UNUSABLE")
    if action is None:
        raise c.refuse(2243)
    c.accepts("ONLINE")
    sql_ddl.options(c)
    return AlterIndex(name, action)


def _alter_session(c: Cursor) -> AlterSession | ParallelDml:
    switch = c.accepts_any("ENABLE", "DISABLE")
    if switch is not None:
        c.needs("PARALLEL", 2248)
        c.needs("DML", 2248)
        return ParallelDml(switch == "ENABLE")
    if not c.accepts("SET"):
        raise unsupported("ALTER SESSION without SET", c.token.position)
    found: list[tuple[str, str]] = []
    while c.token.kind != "end":
        if c.token.kind != "word":
            raise c.refuse(2248)
        name = c.take().text
        c.needs_symbol("=", 927)
        token = c.take()
        if token.kind not in {"string", "word", "quoted", "number"}:
            raise c.refuse(2248)
        found.append((name, token.text))
        c.accepts_symbol(",")
    if not found:
        raise c.refuse(2248)
    return AlterSession(tuple(found))


def _drop(c: Cursor) -> Statement:
    c.take()
    if c.sees("TABLE"):
        return sql_ddl.drop_table(c)
    if c.accepts("USER"):
        name = c.name(1935)
        return CreateUser(name, drop=True, cascade=c.accepts("CASCADE"))
    public = c.accepts("PUBLIC")
    kind = c.accepts_any("INDEX", "VIEW", "SYNONYM", "SEQUENCE")
    if kind is None:
        raise c.refuse(950)
    soft = sql_ddl.if_exists(c)
    name_of = c.table_name(953 if kind == "INDEX" else 903)
    c.accepts("FORCE") or c.accepts("CASCADE", "CONSTRAINTS") or c.accepts("ONLINE")
    return DropObject(kind, name_of, public, soft)


def _comment(c: Cursor) -> Comment:
    c.take()
    c.needs("ON", 900)
    kind = c.accepts_any("TABLE", "COLUMN")
    if kind is None:
        raise c.refuse(900)
    position = c.token.position
    parts = [c.name(903)]
    while c.accepts_symbol("."):
        parts.append(c.name(903))
    column = parts.pop() if kind == "COLUMN" and len(parts) > 1 else None
    if len(parts) > 2 or (kind == "COLUMN" and column is None):
        raise c.refuse(1748 if column is None else 933)
    c.needs("IS", 905)
    if c.token.kind != "string":
        raise c.refuse(1780)
    text = c.take().text
    if len(text.encode("utf-8", "surrogatepass")) > 4000:
        raise Refusal(1704, position)
    return Comment(TableName(parts[0] if len(parts) == 2 else None, parts[-1], None, position), column, text)


def _grant(c: Cursor) -> Grant:
    revoke = c.take().text == "REVOKE"
    privileges = [_privilege(c)]
    while c.accepts_symbol(","):
        privileges.append(_privilege(c))
    target = c.table_name() if c.accepts("ON") else None
    c.needs("FROM" if revoke else "TO", 905)
    users = [_grantee(c)]
    while c.accepts_symbol(","):
        users.append(_grantee(c))
    grantable = c.accepts("WITH", "GRANT", "OPTION") or c.accepts("WITH", "ADMIN", "OPTION")
    c.accepts("CASCADE", "CONSTRAINTS")
    return Grant(tuple(privileges), target, tuple(users), revoke, grantable)


def _privilege(c: Cursor) -> str:
    words: list[str] = []
    while c.token.kind == "word" and c.token.text not in {"ON", "TO", "FROM"}:
        words.append(c.take().text)
    if c.sees_symbol("("):
        raise unsupported("a grant on columns", c.token.position)
    if not words:
        raise c.refuse(990)
    return " ".join(words)


def _grantee(c: Cursor) -> str:
    return "PUBLIC" if c.accepts("PUBLIC") else c.name(987)


def _rename(c: Cursor) -> Rename:
    c.take()
    old = c.name(903)
    c.needs("TO", 900)
    return Rename(old, c.name(903))


def _lock(c: Cursor) -> LockTable:
    c.take()
    c.needs("TABLE", 900)
    names = [c.table_name()]
    while c.accepts_symbol(","):
        names.append(c.table_name())
    c.needs("IN", 905)
    mode = next((words for words in _LOCK_MODES if c.sees(*words, "MODE")), None)
    if mode is None:
        raise c.refuse(1737)
    c.accepts(*mode, "MODE")
    wait: int | None = None
    if c.accepts("NOWAIT"):
        wait = 0
    elif c.accepts("WAIT"):
        wait = c.integer(30005)
    return LockTable(tuple(names), " ".join(mode), wait)


def _commit(c: Cursor) -> Transaction:
    c.take()
    c.accepts("WORK")
    if c.accepts("COMMENT"):
        c.take()
    if c.accepts("WRITE"):
        while c.accepts_any("IMMEDIATE", "BATCH", "WAIT", "NOWAIT"):
            pass
    return Transaction("COMMIT")


def _rollback(c: Cursor) -> Transaction:
    c.take()
    c.accepts("WORK")
    if c.accepts("TO"):
        c.accepts("SAVEPOINT")
        return Transaction("ROLLBACK", c.name(1086))
    return Transaction("ROLLBACK")


def _savepoint(c: Cursor) -> Transaction:
    c.take()
    return Transaction("SAVEPOINT", c.name(1086))


def _set(c: Cursor) -> Transaction:
    c.take()
    c.needs("TRANSACTION", 922)
    if c.accepts("NAME"):
        c.take()
        return Transaction("SET")
    if c.accepts("READ", "WRITE") or c.accepts("ISOLATION", "LEVEL", "READ", "COMMITTED"):
        return Transaction("SET")
    raise unsupported("a transaction that is not READ COMMITTED", c.token.position)


_READERS: dict[str, Callable[[Cursor], Statement]] = {
    "SELECT": query,
    "WITH": query,
    "INSERT": sql_dml.insert,
    "UPDATE": sql_dml.update,
    "DELETE": sql_dml.delete,
    "MERGE": sql_dml.merge,
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "TRUNCATE": sql_ddl.truncate,
    "COMMENT": _comment,
    "GRANT": _grant,
    "REVOKE": _grant,
    "RENAME": _rename,
    "LOCK": _lock,
    "COMMIT": _commit,
    "ROLLBACK": _rollback,
    "SAVEPOINT": _savepoint,
    "SET": _set,
}
