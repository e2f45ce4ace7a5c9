"""
The text of every statement on the tables of streams: names come unquoted and leave quoted, values are binds.

The one value that a statement's text must hold is a comment: `COMMENT ON` takes no binds.
"""

# ruff: noqa: S608  # what is put together here are quoted names, checked options and numbers of ours

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from target_oracle.oracle.names import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_oracle.oracle.types import Column, OracleType

# A comment has at most 4000 bytes (Reference, ALL_COL_COMMENTS).
MAX_COMMENT_BYTES: Final = 4000
# Among them what ends a line, which would cut a statement of a script in two.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def qualified(owner: str, table: str) -> str:
    """
    Return *table* of *owner*, quoted; without *owner* the name is looked up in the current schema.

    >>> qualified("APP", "ORDERS")
    '"APP"."ORDERS"'
    """
    return f"{quote(owner)}.{quote(table)}" if owner else quote(table)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quote, names))


def _equal(names: Sequence[str], separator: str, first: int) -> str:
    return separator.join(f"{quote(name)} = :{place}" for place, name in enumerate(names, first))


# Rows.


def insert(
    owner: str, table: str, columns: Sequence[str], numbers: Mapping[str, int | None] = MappingProxyType({})
) -> str:
    """
    Return the INSERT of one row, bound in the order of *columns*.

    Columns of *numbers* are the same in every row, and so stand in the text.

    >>> insert("APP", "T", ["A", "B"])
    'INSERT INTO "APP"."T" ("A", "B") VALUES (:1, :2)'
    >>> insert("APP", "T", ["A", "B"], {"C": None, "D": 7})
    'INSERT INTO "APP"."T" ("A", "B", "C", "D") VALUES (:1, :2, NULL, 7)'
    """
    values = [f":{place}" for place in range(1, len(columns) + 1)]
    values += ["NULL" if number is None else f"{number:d}" for number in numbers.values()]
    names = _listed([*columns, *numbers])
    return f"INSERT INTO {qualified(owner, table)} ({names}) VALUES ({', '.join(values)})"


def insert_select(owner: str, table: str, columns: Sequence[str], source: str) -> str:
    """
    Return the INSERT of all rows of *source*, a table's qualified name, that has the same columns.
    """
    return insert_query(owner, table, columns, f"SELECT {_listed(columns)} FROM {source}")


def insert_query(owner: str, table: str, columns: Sequence[str], query: str) -> str:
    """
    Return the INSERT of what *query* gives, in the order of *columns*.
    """
    return f"INSERT INTO {qualified(owner, table)} ({_listed(columns)}) {query}"


def update(owner: str, table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    """
    Return the UPDATE of one row, bound in the order of *columns*, then *keys*.

    Without *columns* it changes nothing and only tells whether the row is there.

    >>> update("APP", "T", ["B"], ["A"])
    'UPDATE "APP"."T" SET "B" = :1 WHERE "A" = :2'
    """
    changes = _equal(columns, ", ", 1) or f"{quote(keys[0])} = {quote(keys[0])}"
    return f"UPDATE {qualified(owner, table)} SET {changes} WHERE {_equal(keys, ' AND ', len(columns) + 1)}"


def one_row(columns: Sequence[str]) -> str:
    """
    Return the query of one row, bound in the order of *columns*, as `merge` takes it for its source.
    """
    row = ", ".join(f":{place} AS {quote(name)}" for place, name in enumerate(columns, 1))
    return f"(SELECT {row} FROM dual)"


def merge_array(
    owner: str, table: str, columns: Sequence[str], keys: Sequence[str], *, changed: Sequence[str] = ()
) -> str:
    """
    Return the MERGE of one row, bound in the order of *columns*; see `merge` for *changed*.
    """
    return merge(owner, table, one_row(columns), columns=columns, keys=keys, changed=changed)


def merge(
    owner: str,
    table: str,
    source: str,
    *,
    columns: Sequence[str],
    keys: Sequence[str],
    changed: Sequence[str] = (),
    updates: bool = True,
    inserts: bool = True,
) -> str:
    """
    Return the MERGE of the rows of *source*, a qualified name or a query in parentheses; *keys* are not set.

    Where *changed* are given, only rows that differ in one of these columns are updated; none may be a LOB.
    Without *updates* rows that are there stay as they are, without *inserts* rows that are not there stay
    out.
    """
    keyed = " AND ".join(f'"t".{quote(key)} = "s".{quote(key)}' for key in keys)
    # A column of the ON clause cannot be set: ORA-38104.
    sets = ", ".join(f'"t".{quote(name)} = "s".{quote(name)}' for name in columns if name not in keys)
    matched = f" WHEN MATCHED THEN UPDATE SET {sets}{_differs(changed)}" if sets and updates else ""
    values = ", ".join(f'"s".{quote(name)}' for name in columns)
    missing = f" WHEN NOT MATCHED THEN INSERT ({_listed(columns)}) VALUES ({values})" if inserts else ""
    return f'MERGE INTO {qualified(owner, table)} "t" USING {source} "s" ON ({keyed}){matched}{missing}'


def _differs(changed: Sequence[str]) -> str:
    """
    Return the WHERE of rows that differ; to DECODE, unlike to `=`, NULL equals NULL.
    """
    each = (f'DECODE("t".{quote(name)}, "s".{quote(name)}, 0, 1) = 1' for name in changed)
    return f" WHERE {' OR '.join(each)}" if changed else ""


def delete(owner: str, table: str, columns: Sequence[str] = ()) -> str:
    """
    Return the DELETE of the rows whose *columns* equal the binds; of all rows where no column is given.
    """
    where = f" WHERE {_equal(columns, ' AND ', 1)}" if columns else ""
    return f"DELETE FROM {qualified(owner, table)}{where}"


def staged_rows(staging: str, columns: Sequence[str], number: str) -> str:
    """
    Return the query of the rows of *staging*, a qualified name, whose *number* lies between two binds.
    """
    return f"(SELECT {_listed(columns)} FROM {staging} WHERE {quote(number)} BETWEEN :1 AND :2)"


def count_known(owner: str, table: str, source: str, keys: Sequence[str]) -> str:
    """
    Return the query that counts the rows of *source* whose keys the table has.
    """
    keyed = " AND ".join(f'"t".{quote(key)} = "s".{quote(key)}' for key in keys)
    return (
        f'SELECT COUNT(*) FROM {source} "s" WHERE EXISTS'
        f' (SELECT 1 FROM {qualified(owner, table)} "t" WHERE {keyed})'
    )


def older(version: str, mark: str | None) -> str:
    """
    Return the condition of rows whose *version* is below a bind and that carry no *mark* yet.

    >>> older("V", "D")
    '"V" < :1 AND "D" IS NULL'
    """
    return f"{quote(version)} < :1" + (f" AND {is_null(mark)}" if mark else "")


def is_null(column: str) -> str:
    """
    Return the condition that *column* is NULL.
    """
    return f"{quote(column)} IS NULL"


def count(owner: str, table: str, where: str = "") -> str:
    """
    Return the query that counts the rows *where* a condition holds.
    """
    return f"SELECT COUNT(*) FROM {qualified(owner, table)}" + (f" WHERE {where}" if where else "")


def delete_older(owner: str, table: str, version: str, most: int | None) -> str:
    """
    Return the DELETE of rows whose *version* is below the bind, at most so many.
    """
    return f"DELETE FROM {qualified(owner, table)} WHERE {quote(version)} < :1{_at_most(most)}"


def mark_older(owner: str, table: str, version: str, mark: str, most: int | None) -> str:
    """
    Return the UPDATE that sets *mark* to the first bind where *version* is below the second.

    At most so many rows are touched.
    """
    return (
        f"UPDATE {qualified(owner, table)} SET {quote(mark)} = :1"
        f" WHERE {quote(version)} < :2 AND {is_null(mark)}{_at_most(most)}"
    )


def _at_most(rows: int | None) -> str:
    return "" if rows is None else f" AND ROWNUM <= {int(rows)}"


def truncate(owner: str, table: str) -> str:
    """
    Return the TRUNCATE, which commits.
    """
    return f"TRUNCATE TABLE {qualified(owner, table)}"


def copy_column(owner: str, table: str, source: str, target: str) -> str:
    """
    Return the UPDATE that copies what *target* does not have yet.
    """
    old, new = quote(source), quote(target)
    return f"UPDATE {qualified(owner, table)} SET {new} = {old} WHERE {new} IS NULL AND {old} IS NOT NULL"


# Tables.


def create_table(
    owner: str,
    table: str,
    columns: Sequence[Column],
    *,
    keys: Sequence[str] = (),
    key_name: str = "",
    options: str = "",
) -> str:
    """
    Return the CREATE TABLE; *keys* make a primary key named *key_name*, *options* is checked text to follow.

    >>> from target_oracle.oracle.types import Column, OracleType
    >>> key = Column("ID", OracleType("NUMBER"), nullable=False)
    >>> create_table("APP", "T", [key], keys=["ID"], key_name="T_PK")
    'CREATE TABLE "APP"."T" ("ID" NUMBER NOT NULL, CONSTRAINT "T_PK" PRIMARY KEY ("ID"))'
    """
    parts = _defined(columns)
    if keys:
        parts.append(_primary_key(keys, key_name))
    return f"CREATE TABLE {qualified(owner, table)} ({', '.join(parts)}) {options}".rstrip()


def _defined(columns: Sequence[Column]) -> list[str]:
    return [define(column.name, column.type, nullable=column.nullable) for column in columns]


def define(name: str, type_: OracleType, *, nullable: bool = True) -> str:
    """
    Return a column's definition as CREATE TABLE and ADD take it.

    >>> from target_oracle.oracle.types import OracleType
    >>> define("DATA", OracleType("CLOB", is_json=True))
    '"DATA" CLOB CHECK ("DATA" IS JSON)'
    """
    check = f" CHECK ({quote(name)} IS JSON)" if type_.is_json else ""
    return f"{quote(name)} {type_.ddl()}{'' if nullable else ' NOT NULL'}{check}"


def _primary_key(keys: Sequence[str], name: str) -> str:
    return f"CONSTRAINT {quote(name)} PRIMARY KEY ({_listed(keys)})"


def create_private_temporary(table: str, columns: Sequence[Column]) -> str:
    """
    Return the CREATE of a table of this session alone, from 18c; it does not commit.

    *table* starts with ORA$PTT_ (the parameter PRIVATE_TEMP_TABLE_PREFIX).
    """
    defined = ", ".join(_bare(columns))
    return f"CREATE PRIVATE TEMPORARY TABLE {quote(table)} ({defined}) ON COMMIT PRESERVE DEFINITION"


def create_global_temporary(owner: str, table: str, columns: Sequence[Column]) -> str:
    """
    Return the CREATE of a table whose rows are this session's, and go with COMMIT.
    """
    return (
        f"CREATE GLOBAL TEMPORARY TABLE {qualified(owner, table)} ({', '.join(_bare(columns))})"
        " ON COMMIT DELETE ROWS"
    )


def create_work_table(owner: str, table: str, columns: Sequence[Column]) -> str:
    """
    Return the CREATE of an ordinary table for rows on their way.
    """
    return f"CREATE TABLE {qualified(owner, table)} ({', '.join(_bare(columns))})"


def _bare(columns: Sequence[Column]) -> list[str]:
    """
    Return the definitions without constraints, which a staging table leaves to the real one.
    """
    return [f"{quote(column.name)} {column.type.ddl()}" for column in columns]


def drop_table(owner: str, table: str) -> str:
    """
    Return the DROP TABLE, past the recycle bin.
    """
    return f"DROP TABLE {qualified(owner, table)} PURGE"


def add_columns(owner: str, table: str, columns: Sequence[Column]) -> str:
    """
    Return the one ALTER that adds all *columns*.
    """
    return f"ALTER TABLE {qualified(owner, table)} ADD ({', '.join(_defined(columns))})"


def modify_columns(
    owner: str, table: str, columns: Sequence[tuple[str, OracleType | None, bool | None]]
) -> str:
    """
    Return the one ALTER that changes all *columns*: name, new type or None, nullable or None for as it is.

    >>> from target_oracle.oracle.types import OracleType
    >>> modify_columns("APP", "T", [("A", OracleType("NUMBER"), None), ("B", None, True)])
    'ALTER TABLE "APP"."T" MODIFY ("A" NUMBER, "B" NULL)'
    """
    changes = ", ".join(_modified(*column) for column in columns)
    return f"ALTER TABLE {qualified(owner, table)} MODIFY ({changes})"


def _modified(name: str, type_: OracleType | None, nullable: bool | None) -> str:  # noqa: FBT001  # part of a tuple
    null = {None: None, True: "NULL", False: "NOT NULL"}[nullable]
    return " ".join(filter(None, [quote(name), type_.ddl() if type_ else None, null]))


def rename_column(owner: str, table: str, old: str, new: str) -> str:
    """
    Return the ALTER that renames a column, whose comment goes with it.
    """
    return f"ALTER TABLE {qualified(owner, table)} RENAME COLUMN {quote(old)} TO {quote(new)}"


def drop_column(owner: str, table: str, column: str) -> str:
    """
    Return the ALTER that drops a column.
    """
    return f"ALTER TABLE {qualified(owner, table)} DROP COLUMN {quote(column)}"


def set_unused(owner: str, table: str, column: str) -> str:
    """
    Return the ALTER that takes a column out of the table and leaves its values where they are.
    """
    return f"ALTER TABLE {qualified(owner, table)} SET UNUSED COLUMN {quote(column)}"


def add_primary_key(owner: str, table: str, keys: Sequence[str], name: str) -> str:
    """
    Return the ALTER that makes *keys* the primary key.
    """
    return f"ALTER TABLE {qualified(owner, table)} ADD {_primary_key(keys, name)}"


def drop_primary_key(owner: str, table: str) -> str:
    """
    Return the ALTER that drops the primary key, whatever its name.
    """
    return f"ALTER TABLE {qualified(owner, table)} DROP PRIMARY KEY"


def create_index(owner: str, index: str, table: str, columns: Sequence[str]) -> str:
    """
    Return the CREATE INDEX, in the table's schema.

    >>> create_index("APP", "T_A", "T", ["A"])
    'CREATE INDEX "APP"."T_A" ON "APP"."T" ("A")'
    """
    return f"CREATE INDEX {qualified(owner, index)} ON {qualified(owner, table)} ({_listed(columns)})"


def grant_select(owner: str, table: str, grantee: str) -> str:
    """
    Return the GRANT that lets *grantee*, a user or role, read the table.
    """
    return f"GRANT SELECT ON {qualified(owner, table)} TO {quote(grantee)}"


def comment_on_table(owner: str, table: str, comment: str) -> str:
    """
    Return the COMMENT of a table or view.
    """
    return f"COMMENT ON TABLE {qualified(owner, table)} IS {literal(comment)}"


def comment_on_column(owner: str, table: str, column: str, comment: str) -> str:
    """
    Return the COMMENT of a column.
    """
    return f"COMMENT ON COLUMN {qualified(owner, table)}.{quote(column)} IS {literal(comment)}"


def literal(comment: str) -> str:
    """
    Return *comment* as a literal; raise ValueError for control characters and beyond MAX_COMMENT_BYTES.

    >>> literal("O'Reilly")
    "'O''Reilly'"
    """
    if _CONTROL.search(comment):
        raise ValueError(f"a comment must not hold control characters: {comment!r}")
    if len(comment.encode()) > MAX_COMMENT_BYTES:
        raise ValueError(
            f"a comment has at most {MAX_COMMENT_BYTES} bytes, this one has {len(comment.encode())}"
        )
    return "'" + comment.replace("'", "''") + "'"
