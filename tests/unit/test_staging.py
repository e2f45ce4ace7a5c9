"""
Which staging table is made where, what becomes of a refusal, and when the table is emptied.
"""

from __future__ import annotations

import oracledb
import pytest

from target_oracle.oracle import staging
from target_oracle.oracle.staging import Numbers, Staging
from target_oracle.oracle.types import Column, OracleType, Server

COLUMNS = (Column("ID", OracleType("NUMBER")), Column("V", OracleType("NUMBER")))


class Session:
    """
    A session that refuses statements which begin with one of *refused*, and notes the others.
    """

    def __init__(self, *refused):
        self.refused = refused
        self.said = []

    def run(self, statement, _binds=()):
        if statement.startswith(self.refused):
            raise oracledb.DatabaseError("ORA-01031: insufficient privileges")
        self.said.append(statement)
        return 0

    def rows(self, statement, _binds=()):
        if "WHERE 1 = 0" in statement and not any(said.startswith("CREATE") for said in self.said):
            raise oracledb.DatabaseError("ORA-00942: table or view does not exist")
        self.said.append(statement)
        return [(0,)]

    def array(self, statement, rows, _declared):
        self.said.append(statement)
        return len(rows), []


def made(version, *refused):
    found = Staging("APP", "T", COLUMNS, ("ID",), Server((version,), schema="APP"), Numbers())
    found.session = Session(*refused)
    return found


@pytest.mark.parametrize("version", [18, 19, 23])
def test_from_18c_on_the_table_is_a_private_one_that_commits_nothing(version):
    found = made(version)
    assert not found.needs_ddl()
    assert found.is_ready()
    assert found.kind == "private temporary table"
    assert [said[:30] for said in found.session.said] == ["CREATE PRIVATE TEMPORARY TABLE"]


def test_before_18c_it_is_a_global_one_made_by_ddl_that_commits():
    found = made(12)
    assert found.needs_ddl()
    found.make()
    assert found.is_ready()
    assert found.kind == "global temporary table"
    assert not found.needs_ddl()


def test_a_work_table_serves_where_no_temporary_one_may_be_made_and_goes_at_the_end():
    found = made(12, "CREATE GLOBAL")
    found.make()
    assert found.is_ready()
    assert found.kind == "work table"
    found.drop()
    assert found.session.said[-1].startswith("DROP TABLE")


@pytest.mark.parametrize("version", [12, 23])
def test_where_no_table_may_be_made_nothing_is_staged(version):
    found = made(version, "CREATE")
    if found.needs_ddl():
        found.make()
    assert not found.is_ready()
    assert found.kind == ""


def test_a_new_session_gets_a_private_table_of_its_own():
    found = made(23)
    found.is_ready()
    found.session = Session()
    assert found.is_ready()
    assert found.session.said[0].startswith("CREATE PRIVATE")


def test_a_batch_is_three_statements_and_a_fourth_where_the_table_is_full(monkeypatch):
    monkeypatch.setattr(staging, "KEPT_ROWS", 25)
    found = made(23)
    found.is_ready()
    found.session.said.clear()
    counts = []
    for _ in range(4):
        before = len(found.session.said)
        found.upsert([(n, n) for n in range(10)], writer=None)
        counts.append(len(found.session.said) - before)
    assert counts == [3, 3, 4, 3]


def test_rows_of_two_tables_that_share_a_session_have_numbers_of_their_own():
    numbers = Numbers()
    assert [numbers.take(10), numbers.take(5), numbers.take(1)] == [0, 10, 15]
