"""
Names in expressions: columns, and what looks like one: ROWID, ROWNUM, SYSDATE, USER and the like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.standin import decimals, sqltypes, times
from tests.standin.binding import Typed, quoted
from tests.standin.compiler import ExpressionCompiler, compiles, constant, text_sql
from tests.standin.refusal import Refusal, unsupported
from tests.standin.sql_ast import Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standin.sqltypes import SqlType

#: NEXTVAL and CURRVAL: filled by naming.py.
QUALIFIED: dict[str, Callable[[ExpressionCompiler, Name], Typed]] = {}


@compiles(Name)
def _name(c: ExpressionCompiler, node: Name) -> Typed:
    found = c.scope.find(node)
    if found is None:
        return _pseudo(c, node)
    scope, typed = found
    if (
        scope is c.scope
        and scope.grouping is not None
        and not c.in_aggregate
        and typed.sql not in scope.grouping.sqls
    ):
        raise Refusal(979 if scope.grouping.grouped else 937, node.position)
    return typed


def _pseudo(c: ExpressionCompiler, node: Name) -> Typed:
    name = node.parts[-1]
    if len(node.parts) == 1 and not node.quoted:
        maker = _PSEUDO.get(name)
        if maker is not None:
            return maker(c)
    if name == "ROWID" and not node.quoted:
        return _rowid(c, node)
    if name in QUALIFIED and len(node.parts) > 1:
        return QUALIFIED[name](c, node)
    raise Refusal(904, node.position, name=quoted(node.parts))


def _rowid(c: ExpressionCompiler, node: Name) -> Typed:
    qualifier = node.parts[:-1]
    relations = c.scope.relations
    relation = c.scope.relation(qualifier) if qualifier else (relations[0] if len(relations) == 1 else None)
    if relation is None:
        raise Refusal(
            918 if not qualifier and relations else 904, node.position, name='"ROWID"', column="ROWID"
        )
    if relation.table is None:
        raise Refusal(1445, node.position)
    number = relation.table.number
    sql = c.py(("rowid", number), lambda row: rowid_text(number, row), f"{relation.alias}._r")
    return Typed(sql, sqltypes.ROWID, nullable=False)


_ROWID_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def rowid_text(table: int, row: int) -> str:
    """
    Write a row's address: object, file, block and row, in 18 letters.
    """
    made = ""
    for value, length in ((table, 6), (12, 3), (row // 512, 6), (row % 512, 3)):
        made += "".join(_ROWID_DIGITS[value >> 6 * place & 63] for place in reversed(range(length)))
    return made


def _now(c: ExpressionCompiler, key: str, type_: SqlType, make: Callable[[], Any]) -> Typed:
    return Typed(c.compilation.parameter(key, make), type_, nullable=False)


def _sysdate(c: ExpressionCompiler) -> Typed:
    return _now(c, "sysdate", sqltypes.DATE, lambda: times.truncate_fraction(_utc(c)[:29]))


def _utc(c: ExpressionCompiler) -> str:
    moment = c.nls.now()
    return times.from_aware(moment)


def _systimestamp(c: ExpressionCompiler) -> Typed:
    return _now(
        c, "systimestamp", sqltypes.SqlType(sqltypes.ZONED.name, precision=6), lambda: _utc(c)[:29] + "+00:00"
    )


def _current_timestamp(c: ExpressionCompiler) -> Typed:
    return _now(c, "current_timestamp", sqltypes.SqlType(sqltypes.ZONED.name, precision=6), lambda: _utc(c))


def _local_timestamp(c: ExpressionCompiler) -> Typed:
    return _now(
        c, "localtimestamp", sqltypes.SqlType("TIMESTAMP", precision=6), lambda: times.wall_clock(_utc(c))
    )


def _current_date(c: ExpressionCompiler) -> Typed:
    return _now(c, "current_date", sqltypes.DATE, lambda: times.truncate_fraction(times.wall_clock(_utc(c))))


def _user(c: ExpressionCompiler) -> Typed:
    return Typed(text_sql(c.context.user), sqltypes.varchar(128), nullable=False)


def _uid(c: ExpressionCompiler) -> Typed:
    number = c.context.catalog.users[c.context.user].number
    return Typed(constant(decimals.encode(number)), sqltypes.NUMBER, nullable=False)


def _zone(c: ExpressionCompiler) -> Typed:
    return Typed(text_sql(c.nls.zone_text), sqltypes.varchar(75), nullable=False)


def _rownum(c: ExpressionCompiler) -> Typed:
    if c.scope.rownum is None:
        raise unsupported("ROWNUM here")
    sql = c.py("number of int", decimals.encode, c.scope.rownum)
    return Typed(sql, sqltypes.NUMBER, nullable=False)


_PSEUDO: dict[str, Callable[[ExpressionCompiler], Typed]] = {
    "SYSDATE": _sysdate,
    "SYSTIMESTAMP": _systimestamp,
    "CURRENT_TIMESTAMP": _current_timestamp,
    "LOCALTIMESTAMP": _local_timestamp,
    "CURRENT_DATE": _current_date,
    "USER": _user,
    "UID": _uid,
    "SESSIONTIMEZONE": _zone,
    "DBTIMEZONE": lambda _: Typed("'+00:00'", sqltypes.varchar(6), nullable=False),
    "ROWNUM": _rownum,
}
