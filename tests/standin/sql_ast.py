"""
The tree: what the parser makes of a statement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from tests.standin.sqltypes import SqlType


@dataclass(frozen=True, slots=True)
class Literal:
    """
    A constant in its storage form (see storage.py), None for NULL.
    """

    value: str | bytes | int | None
    type: SqlType


@dataclass(frozen=True, slots=True)
class BindRef:
    """
    A bind by its place in the statement, from 0.
    """

    index: int
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """
    A name of one to four parts, folded; *quoted* says that its last part was quoted.
    """

    parts: tuple[str, ...]
    position: int = field(compare=False, default=0)
    quoted: bool = field(compare=False, default=False)


@dataclass(frozen=True, slots=True)
class Star:
    """
    All columns, of one source where *qualifier* names it.
    """

    qualifier: tuple[str, ...] = ()
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Unary:
    """
    NOT, + or - before an expression.
    """

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """
    Two expressions and what is between them: AND OR = <> < <= > >= + - * / ||.
    """

    op: str
    left: Expr
    right: Expr
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """
    A sort key; *nulls_first* as Oracle defaults it: last when ascending, first when descending.
    """

    expr: Expr
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """
    An analytic clause; *frame* is its windowing text, checked by the parser.
    """

    partition: tuple[Expr, ...]
    order: tuple[OrderKey, ...]
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """
    A function call; *order* is its WITHIN GROUP (ORDER BY ...), *returning* the type that JSON_VALUE is told.
    """

    name: tuple[str, ...]
    args: tuple[Expr, ...]
    distinct: bool = False
    over: Over | None = None
    order: tuple[OrderKey, ...] = ()
    position: int = field(compare=False, default=0)
    returning: SqlType | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """
    CASE; *operand* is that of the simple form.
    """

    operand: Expr | None
    whens: tuple[tuple[Expr, Expr], ...]
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Cast:
    """
    CAST(expr AS type).
    """

    expr: Expr
    type: SqlType
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Extract:
    """
    EXTRACT(part FROM expr).
    """

    part: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class InList:
    """
    IN over expressions.
    """

    expr: Expr
    items: tuple[Expr, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery:
    """
    IN over a query; *exprs* are as many as its columns.
    """

    exprs: tuple[Expr, ...]
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """
    EXISTS over a query.
    """

    query: Query


@dataclass(frozen=True, slots=True)
class Scalar:
    """
    A query used as a value.
    """

    query: Query


@dataclass(frozen=True, slots=True)
class Between:
    """
    BETWEEN, both ends included.
    """

    expr: Expr
    low: Expr
    high: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """
    LIKE with % and _.
    """

    expr: Expr
    pattern: Expr
    escape: Expr | None
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    """
    IS [NOT] NULL.
    """

    expr: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class IsJson:
    """
    IS [NOT] JSON.
    """

    expr: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """
    IS [NOT] TRUE or FALSE, from 23.
    """

    expr: Expr
    value: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class AtZone:
    """
    AT TIME ZONE; without *zone* AT LOCAL.
    """

    expr: Expr
    zone: Expr | None


@dataclass(frozen=True, slots=True)
class Tuple:
    """
    Several expressions in parentheses.
    """

    items: tuple[Expr, ...]


Expr: TypeAlias = (
    "Literal | BindRef | Name | Star | Unary | Binary | Call | Case | Cast | Extract |"
    " InList | InQuery | Exists"
    " | Scalar | Between | Like | IsNull | IsJson | Truth | AtZone | Tuple"
)


@dataclass(frozen=True, slots=True)
class TableName:
    """
    A table by name, with its schema where given and its alias.
    """

    schema: str | None
    name: str
    alias: str | None = None
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Derived:
    """
    A query in FROM.
    """

    query: Query
    alias: str | None


@dataclass(frozen=True, slots=True)
class Join:
    """
    A join; *kind* is INNER, LEFT, RIGHT, FULL or CROSS.
    """

    kind: str
    left: Source
    right: Source
    on: Expr | None = None
    using: tuple[str, ...] = ()


Source: TypeAlias = "TableName | Derived | Join"


@dataclass(frozen=True, slots=True)
class Item:
    """
    A select list's item; *text* is its source, which names it where no alias does.
    """

    expr: Expr
    alias: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Select:
    """
    One SELECT block.
    """

    items: tuple[Item, ...]
    sources: tuple[Source, ...]
    distinct: bool = False
    where: Expr | None = None
    group_by: tuple[Expr, ...] | None = None
    having: Expr | None = None


@dataclass(frozen=True, slots=True)
class SetOperation:
    """
    UNION, UNION ALL, MINUS or INTERSECT of two bodies.
    """

    op: str
    left: Body
    right: Body


Body: TypeAlias = "Select | SetOperation | Query"


@dataclass(frozen=True, slots=True)
class LockClause:
    """
    FOR UPDATE; *wait* is None for ever, 0 NOWAIT, else seconds; *of* names columns.
    """

    of: tuple[Name, ...] = ()
    wait: int | None = None
    skip_locked: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """
    A query with all that may stand around its body.
    """

    body: Body
    with_: tuple[tuple[str, tuple[str, ...], Query], ...] = ()
    order_by: tuple[OrderKey, ...] = ()
    offset: Expr | None = None
    fetch: Expr | None = None
    lock: LockClause | None = None


@dataclass(frozen=True, slots=True)
class Default:
    """
    DEFAULT in a VALUES or SET list.
    """


@dataclass(frozen=True, slots=True)
class Insert:
    """
    INSERT of one row of *values* or of a *query*.
    """

    target: TableName
    columns: tuple[Name, ...]
    values: tuple[Expr | Default, ...] | None
    query: Query | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """
    SET of one column, or of several by a query.
    """

    columns: tuple[Name, ...]
    value: Expr | Default


@dataclass(frozen=True, slots=True)
class Update:
    """
    UPDATE.
    """

    target: TableName
    sets: tuple[Assignment, ...]
    where: Expr | None


@dataclass(frozen=True, slots=True)
class Delete:
    """
    DELETE.
    """

    target: TableName
    where: Expr | None


@dataclass(frozen=True, slots=True)
class Merge:
    """
    MERGE; an absent branch is None.
    """

    target: TableName
    source: Source
    on: Expr
    sets: tuple[Assignment, ...] | None = None
    update_where: Expr | None = None
    delete_where: Expr | None = None
    insert_columns: tuple[Name, ...] | None = None
    insert_values: tuple[Expr | Default, ...] | None = None
    insert_where: Expr | None = None


@dataclass(frozen=True, slots=True)
class ConstraintSpec:
    """
    A constraint as declared; *kind* is P, U, C, R or N (NOT NULL), and NULL for an explicit NULL.
    """

    kind: str
    name: str | None = None
    columns: tuple[str, ...] = ()
    condition: Expr | None = None
    text: str = ""
    parent: TableName | None = None
    parent_columns: tuple[str, ...] = ()
    on_delete: str = "NO ACTION"
    enabled: bool = True
    deferrable: bool = False
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Identity:
    """
    GENERATED ... AS IDENTITY.
    """

    always: bool
    on_null: bool
    start: int = 1
    increment: int = 1


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """
    A column as declared in CREATE TABLE, ADD or MODIFY.
    """

    name: str
    type: SqlType | None
    default: Expr | None = None
    default_text: str = ""
    on_null: bool = False
    identity: Identity | None = None
    virtual: Expr | None = None
    virtual_text: str = ""
    invisible: bool = False
    constraints: tuple[ConstraintSpec, ...] = ()
    position: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class CreateTable:
    """
    CREATE TABLE; *temporary* is "", GLOBAL or PRIVATE; *preserve* keeps rows or definition over COMMIT.
    """

    name: TableName
    columns: tuple[ColumnSpec, ...]
    constraints: tuple[ConstraintSpec, ...]
    temporary: str = ""
    preserve: bool = False
    query: Query | None = None
    options: tuple[str, ...] = ()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterTable:
    """
    ALTER TABLE with one or more actions: (word, what it needs).
    """

    name: TableName
    actions: tuple[tuple[str, tuple[object, ...]], ...]


@dataclass(frozen=True, slots=True)
class DropTable:
    """
    DROP TABLE.
    """

    name: TableName
    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """
    TRUNCATE TABLE.
    """

    name: TableName


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """
    CREATE INDEX over columns or expressions.
    """

    name: TableName
    table: TableName
    keys: tuple[OrderKey, ...]
    texts: tuple[str, ...]
    unique: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropObject:
    """
    DROP INDEX, VIEW, SYNONYM or SEQUENCE.
    """

    kind: str
    name: TableName
    public: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterIndex:
    """
    ALTER INDEX: REBUILD, UNUSABLE or RENAME to *new_name*.
    """

    name: TableName
    action: str
    new_name: str = ""


@dataclass(frozen=True, slots=True)
class CreateView:
    """
    CREATE VIEW.
    """

    name: TableName
    columns: tuple[str, ...]
    query: Query
    text: str
    replace: bool
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class CreateSynonym:
    """
    CREATE SYNONYM.
    """

    name: TableName
    target: TableName
    replace: bool
    public: bool = False


@dataclass(frozen=True, slots=True)
class CreateSequence:
    """
    CREATE SEQUENCE.
    """

    name: TableName
    start: int = 1
    increment: int = 1


@dataclass(frozen=True, slots=True)
class CreateUser:
    """
    CREATE USER; DROP USER has *drop*.
    """

    name: str
    drop: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class AlterUser:
    """
    ALTER USER ... QUOTA on the one tablespace: *quota* is UNLIMITED or 0.
    """

    name: str
    quota: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """
    COMMENT ON a table, or on its *column*.
    """

    name: TableName
    column: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Grant:
    """
    GRANT, or REVOKE, of *privileges* on an object, or of system privileges and roles without one.
    """

    privileges: tuple[str, ...]
    target: TableName | None
    users: tuple[str, ...]
    revoke: bool = False
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """
    RENAME one table, view or sequence.
    """

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class LockTable:
    """
    LOCK TABLE; *wait* as in LockClause.
    """

    names: tuple[TableName, ...]
    mode: str
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class AlterSession:
    """
    ALTER SESSION SET of several parameters.
    """

    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ParallelDml:
    """
    ALTER SESSION ENABLE or DISABLE PARALLEL DML.
    """

    enabled: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """
    COMMIT, ROLLBACK (TO *savepoint*), SAVEPOINT or SET TRANSACTION.
    """

    action: str
    savepoint: str = ""


Statement: TypeAlias = (
    Query
    | Insert
    | Update
    | Delete
    | Merge
    | CreateTable
    | AlterTable
    | DropTable
    | Truncate
    | CreateIndex
    | DropObject
    | AlterIndex
    | CreateView
    | CreateSynonym
    | CreateSequence
    | CreateUser
    | AlterUser
    | Comment
    | Grant
    | Rename
    | LockTable
    | AlterSession
    | ParallelDml
    | Transaction
)
