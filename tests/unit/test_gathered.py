"""
Rows that are columns: which of them are bound, and what stands in the statement for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_oracle.oracle.gathered import ColumnsInsert
from target_oracle.oracle.types import Column, OracleType

NUMBER = OracleType("NUMBER")
COLUMNS = (
    Column("ID", NUMBER, nullable=False),
    Column("BODY", OracleType("CLOB")),
    Column("V", NUMBER),
    Column("AT", OracleType("TIMESTAMP WITH TIME ZONE", precision=6)),
)


@dataclass
class Rows:
    """
    A row with values in the columns *filled*.
    """

    filled: set[int] = field(default_factory=set)
    constants: dict[int, int] = field(default_factory=dict)

    def __len__(self):  # noqa: D105  # as of any rows
        return 1

    def stream(self, order, first=None):
        return (*order, first)


class Session:
    """
    A session that answers with what it was sent.
    """

    def array_of_columns(self, statement, table, *, zoned):
        return statement, table, zoned


def sent(insert, *rows, **numbers):
    return insert.send(Session(), Rows(*rows), **numbers)[:2]


def test_a_column_without_a_value_so_far_is_null_in_the_statement():
    insert = ColumnsInsert("APP", "T", COLUMNS)
    assert sent(insert, {0, 2}) == (
        'INSERT INTO "APP"."T" ("ID", "V", "BODY", "AT") VALUES (:1, :2, NULL, NULL)',
        (0, 2, None),
    )


def test_a_column_that_had_a_value_once_stays_bound():
    insert = ColumnsInsert("APP", "T", COLUMNS)
    sent(insert, {0, 2})
    wide = sent(insert, {0, 1})
    assert wide == (
        'INSERT INTO "APP"."T" ("ID", "V", "BODY", "AT") VALUES (:1, :2, :3, NULL)',
        (0, 2, 1, None),
    )
    assert sent(insert, {0}) == wide


def test_what_must_not_be_null_is_bound_also_without_a_value():
    assert sent(ColumnsInsert("APP", "T", COLUMNS), {2})[1] == (0, 2, None)


def test_a_row_of_nulls_binds_one_column_all_the_same():
    columns = [Column("BODY", OracleType("CLOB")), Column("V", NUMBER)]
    assert sent(ColumnsInsert("APP", "T", columns), set()) == (
        'INSERT INTO "APP"."T" ("V", "BODY") VALUES (:1, NULL)',
        (1, None),
    )


def test_a_number_that_every_row_has_stands_in_the_statement():
    insert = ColumnsInsert("APP", "T", COLUMNS)
    assert sent(insert, {0, 2}, {2: 17}) == (
        'INSERT INTO "APP"."T" ("ID", "BODY", "V", "AT") VALUES (:1, NULL, 17, NULL)',
        (0, None),
    )


def test_numbers_of_rows_come_behind_the_columns():
    insert = ColumnsInsert("APP", "T", COLUMNS, "ROW")
    assert sent(insert, {0, 1}, first=70) == (
        'INSERT INTO "APP"."T" ("ID", "BODY", "ROW", "V", "AT") VALUES (:1, :2, :3, NULL, NULL)',
        (0, 1, 70),
    )


@pytest.mark.parametrize(("columns", "zoned"), [(COLUMNS, True), (COLUMNS[:3], False)])
def test_the_session_hears_whether_times_are_read_in_its_zone(columns, zoned):
    assert ColumnsInsert("APP", "T", columns).send(Session(), Rows({0}))[2] is zoned


@given(st.lists(st.sets(st.integers(0, 3)), max_size=30))
def test_there_are_no_more_statements_than_columns_and_each_value_is_bound(batches):
    insert, statements = ColumnsInsert("APP", "T", COLUMNS), set()
    for filled in batches:
        statement, (*order, _) = sent(insert, filled)
        statements.add(statement)
        assert filled <= set(order)
        assert statement.count(":") == len(order)
    assert len(statements) <= len(COLUMNS)
