"""
The text of statements: names quoted, values bound, and Oracle's grammar kept.
"""

from __future__ import annotations

import re

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import tokens

from target_oracle.oracle import names, sql
from target_oracle.oracle.types import Column, OracleType
from tests.unit.hostile import HOSTILE

TEXT = OracleType("VARCHAR2", 20, char=True)
NUMBER = OracleType("NUMBER")
COLUMNS = [
    Column("ID", NUMBER, nullable=False),
    Column("NOTE", TEXT),
    Column("DATA", OracleType("CLOB", is_json=True)),
]
NAMES = ["ID", "NOTE", "DATA"]

# Each with a table, a column, a key and a comment of the reader's choice.
STATEMENTS = {
    "insert": lambda t, c, k, _: sql.insert("APP", t, [k, c]),
    "insert_select": lambda t, c, k, _: sql.insert_select("APP", t, [k, c], sql.qualified("APP", "WORK")),
    "update": lambda t, c, k, _: sql.update("APP", t, [c], [k]),
    "update nothing": lambda t, _c, k, _: sql.update("APP", t, [], [k]),
    "merge_array": lambda t, c, k, _: sql.merge_array("APP", t, [k, c], [k]),
    "merge keys only": lambda t, _c, k, _: sql.merge_array("APP", t, [k], [k]),
    "merge changed": lambda t, c, k, _: sql.merge_array("APP", t, [k, c], [k], changed=[c]),
    "merge": lambda t, c, k, _: sql.merge(
        "APP", t, sql.qualified("APP", "WORK"), columns=[k, c], keys=[k], changed=[c]
    ),
    "delete": lambda t, _c, k, _: sql.delete("APP", t, [k]),
    "delete all": lambda t, _c, _k, _: sql.delete("APP", t),
    "truncate": lambda t, _c, _k, _: sql.truncate("APP", t),
    "copy_column": lambda t, c, k, _: sql.copy_column("APP", t, c, k),
    "create_table": lambda t, c, k, _: sql.create_table(
        "APP", t, [Column(k, NUMBER, nullable=False), Column(c, TEXT)], keys=[k], key_name="T_PK"
    ),
    "create_global_temporary": lambda t, c, _k, _: sql.create_global_temporary("APP", t, [Column(c, TEXT)]),
    "create_private_temporary": lambda t, c, _k, _: sql.create_private_temporary(t, [Column(c, TEXT)]),
    "create_work_table": lambda t, c, _k, _: sql.create_work_table("APP", t, [Column(c, TEXT)]),
    "drop_table": lambda t, _c, _k, _: sql.drop_table("APP", t),
    "add_columns": lambda t, c, _k, _: sql.add_columns(
        "APP", t, [Column(c, OracleType("CLOB", is_json=True))]
    ),
    "modify_columns": lambda t, c, k, _: sql.modify_columns("APP", t, [(c, TEXT, None), (k, None, True)]),
    "rename_column": lambda t, c, k, _: sql.rename_column("APP", t, c, k),
    "drop_column": lambda t, c, _k, _: sql.drop_column("APP", t, c),
    "set_unused": lambda t, c, _k, _: sql.set_unused("APP", t, c),
    "add_primary_key": lambda t, _c, k, _: sql.add_primary_key("APP", t, [k], "T_PK"),
    "drop_primary_key": lambda t, _c, _k, _: sql.drop_primary_key("APP", t),
    "comment_on_table": lambda t, _c, _k, text: sql.comment_on_table("APP", t, text),
    "comment_on_column": lambda t, c, _k, text: sql.comment_on_column("APP", t, c, text),
}
# Words of the statements themselves; whatever else stands unquoted would be a name.
WORDS = frozenset(
    (
        "ADD ALTER AND AS BYTE CHAR CHECK CLOB COLUMN COMMENT COMMIT CONSTRAINT CREATE DECODE DEFINITION "
        "DELETE DROP FROM GLOBAL INSERT INTO IS JSON KEY MATCHED MERGE MODIFY NOT NULL NUMBER ON "
        "PRESERVE PRIMARY PRIVATE PURGE RENAME ROWS SELECT SET TABLE TEMPORARY THEN TO TRUNCATE "
        "UNUSED UPDATE USING VALUES VARCHAR2 WHEN WHERE OR DUAL"
    ).split()
)


def readable(statement):
    """
    The statement with bind names instead of numbers, which are Oracle's but not in sqlglot's grammar.
    """
    return re.sub(r":(\d+)", r":b\1", statement)


def shape(statement):
    """
    The kinds of tokens, and the words among them, without the names and values.
    """
    found = sqlglot.tokenize(statement, read="oracle")
    named = {tokens.TokenType.IDENTIFIER, tokens.TokenType.STRING}
    return [token.token_type if token.token_type in named else token.text.upper() for token in found]


@pytest.mark.parametrize("make", STATEMENTS.values(), ids=STATEMENTS)
def test_every_name_in_a_statement_is_quoted(make):
    statement = make("T", "C", "K", "text")
    texts = [text for text in shape(statement) if isinstance(text, str) and text[0].isalpha()]
    assert {word for text in texts for word in text.split()} <= WORDS


@pytest.mark.parametrize("make", STATEMENTS.values(), ids=STATEMENTS)
def test_every_statement_parses_as_oracle_sql(make):
    assert len(sqlglot.parse(readable(make("T", "C", "K", "text")), read="oracle")) == 1


@pytest.mark.parametrize("make", STATEMENTS.values(), ids=STATEMENTS)
def test_no_hostile_name_or_text_changes_the_shape_of_a_statement(make):
    plain = shape(make("T", "C", "K", "text"))
    for hostile in HOSTILE:
        folded = names.table_name(hostile), names.column_name(hostile)
        comment = "".join(char for char in hostile if char.isprintable())
        assert shape(make(*folded, "K_K", comment)) == plain, hostile


@pytest.mark.parametrize("make", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("name", ['A" NUMBER); DROP TABLE "T', "A\0", "", "A" * 129])
def test_a_name_that_cannot_be_quoted_is_refused(make, name):
    with pytest.raises(ValueError, match="name"):
        make(name, "C", "K", "text")


def test_insert_binds_in_the_order_of_the_columns():
    assert sql.insert("APP", "T", NAMES) == (
        'INSERT INTO "APP"."T" ("ID", "NOTE", "DATA") VALUES (:1, :2, :3)'
    )


def test_update_binds_the_columns_before_the_keys():
    assert sql.update("APP", "T", ["NOTE", "DATA"], ["ID", "NO"]) == (
        'UPDATE "APP"."T" SET "NOTE" = :1, "DATA" = :2 WHERE "ID" = :3 AND "NO" = :4'
    )


def test_an_update_of_keys_alone_changes_nothing():
    assert sql.update("APP", "T", [], ["ID"]) == 'UPDATE "APP"."T" SET "ID" = "ID" WHERE "ID" = :1'


def test_merge_sets_every_column_but_the_keys():
    """
    A column of the ON clause cannot be set: ORA-38104.
    """
    assert sql.merge_array("APP", "T", NAMES, ["ID"]) == (
        'MERGE INTO "APP"."T" "t" USING (SELECT :1 AS "ID", :2 AS "NOTE", :3 AS "DATA" FROM dual) "s"'
        ' ON ("t"."ID" = "s"."ID")'
        ' WHEN MATCHED THEN UPDATE SET "t"."NOTE" = "s"."NOTE", "t"."DATA" = "s"."DATA"'
        ' WHEN NOT MATCHED THEN INSERT ("ID", "NOTE", "DATA") VALUES ("s"."ID", "s"."NOTE", "s"."DATA")'
    )


def test_merge_into_a_table_of_keys_only_inserts():
    assert sql.merge_array("APP", "T", ["A", "B"], ["A", "B"]) == (
        'MERGE INTO "APP"."T" "t" USING (SELECT :1 AS "A", :2 AS "B" FROM dual) "s"'
        ' ON ("t"."A" = "s"."A" AND "t"."B" = "s"."B")'
        ' WHEN NOT MATCHED THEN INSERT ("A", "B") VALUES ("s"."A", "s"."B")'
    )


def test_merge_can_leave_equal_rows_alone():
    """
    DECODE takes NULL for equal to NULL.
    """
    statement = sql.merge("APP", "T", '"APP"."W"', columns=["ID", "A", "B"], keys=["ID"], changed=["A", "B"])
    assert ' WHERE DECODE("t"."A", "s"."A", 0, 1) = 1 OR DECODE("t"."B", "s"."B", 0, 1) = 1 WHEN' in statement


def test_create_table_makes_keys_json_checks_and_options():
    statement = sql.create_table("APP", "T", COLUMNS, keys=["ID"], key_name="T_PK", options="NOLOGGING")
    assert statement == (
        'CREATE TABLE "APP"."T" ("ID" NUMBER NOT NULL, "NOTE" VARCHAR2(20 CHAR),'
        ' "DATA" CLOB CHECK ("DATA" IS JSON), CONSTRAINT "T_PK" PRIMARY KEY ("ID")) NOLOGGING'
    )


def test_a_staging_table_has_no_constraints():
    assert sql.create_global_temporary("APP", "W", COLUMNS) == (
        'CREATE GLOBAL TEMPORARY TABLE "APP"."W" ("ID" NUMBER, "NOTE" VARCHAR2(20 CHAR), "DATA" CLOB)'
        " ON COMMIT DELETE ROWS"
    )
    assert sql.create_private_temporary("ORA$PTT_W", COLUMNS[:1]) == (
        'CREATE PRIVATE TEMPORARY TABLE "ORA$PTT_W" ("ID" NUMBER) ON COMMIT PRESERVE DEFINITION'
    )


def test_one_alter_adds_all_columns():
    assert sql.add_columns("APP", "T", COLUMNS[1:]) == (
        'ALTER TABLE "APP"."T" ADD ("NOTE" VARCHAR2(20 CHAR), "DATA" CLOB CHECK ("DATA" IS JSON))'
    )


def test_one_alter_changes_type_and_null_of_several_columns():
    changes = [("A", TEXT, None), ("B", None, True), ("C", NUMBER, True), ("D", None, False)]
    assert sql.modify_columns("APP", "T", changes) == (
        'ALTER TABLE "APP"."T" MODIFY ("A" VARCHAR2(20 CHAR), "B" NULL, "C" NUMBER NULL, "D" NOT NULL)'
    )


def test_without_an_owner_a_name_stands_alone():
    assert sql.delete("", "ORA$PTT_W", ["A"]) == 'DELETE FROM "ORA$PTT_W" WHERE "A" = :1'


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=1000))
def test_a_comment_is_one_literal_that_reads_back_as_it_was(comment):
    literal = sql.literal(comment)
    assert (literal[0], literal[-1]) == ("'", "'")
    assert literal[1:-1].replace("''", "").count("'") == 0
    assert literal[1:-1].replace("''", "'") == comment


@pytest.mark.parametrize("char", ["\0", "\n", "\r", "\x1b", "\x7f", "\x85", "\u2028"])
def test_a_comment_holds_no_control_characters(char):
    with pytest.raises(ValueError, match="control"):
        sql.literal(f"a{char}b")


def test_a_comment_has_at_most_4000_bytes():
    assert len(sql.literal("é" * 2000)) == 2002
    with pytest.raises(ValueError, match="4000"):
        sql.literal("é" * 2000 + "a")
