"""
Plans that are run, while others change the same table, or while the database says no.
"""

from __future__ import annotations

import logging

import oracledb
import pytest
from msgspec.structs import replace

from target_oracle.errors import LoadError
from target_oracle.log import logger
from target_oracle.oracle import ddl
from target_oracle.oracle.ddl import apply
from target_oracle.oracle.evolve import plan
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.oracle.wanted import Policy, Wanted, WantedColumn
from tests.unit.modelled import Modelled, refuse

SERVER = Server((19,), user="APP", schema="APP")
POLICY = Policy()
CLOB = OracleType("CLOB")
ID = WantedColumn("id", OracleType("NUMBER", precision=38, scale=0), nullable=False, key=True)


def text(length):
    return OracleType("VARCHAR2", length, char=True)


def note(type_=None):
    return WantedColumn("note", type_ or text(10))


def wanted(*columns, **options):
    return Wanted("APP", "T", columns, "t", **options)


def run(database, wish, policy=POLICY):
    return apply(database, wish, SERVER, policy, read=database.read)


def table_of(database):
    return database.tables["APP", "T"]


def types_of(database):
    return {column.name: column.type.ddl() for column in table_of(database).columns}


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """
    A clock that only moves when somebody waits.
    """
    now = [0.0]
    monkeypatch.setattr(ddl.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(ddl.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def refusing(database, number, *, where, times=1):
    """
    Let statements that hold *where* be refused the first *times* times.
    """
    left = [times]

    def before(statement):
        if where in statement and left[0]:
            left[0] -= 1
            refuse(number)

    database.before = before


def test_a_table_is_made_and_then_needs_nothing():
    database = Modelled()
    evolution = run(database, wanted(ID, note()))
    assert evolution.changes == ()
    assert evolution.columns["note"] == table_of(database).column("NOTE")
    assert len(database.statements) == 4
    run(database, wanted(ID, note()))
    assert len(database.statements) == 4


def test_notices_tell_what_was_done():
    database = Modelled()
    run(database, wanted(note()))
    evolution = run(database, wanted(note(text(99))))
    assert evolution.notices == ("column NOTE is widened from VARCHAR2(10 CHAR) to VARCHAR2(99 CHAR)",)


def test_each_statement_is_logged(caplog):
    database = Modelled()
    with caplog.at_level(logging.INFO, logger=logger.name):
        run(database, wanted(note()))
    assert caplog.messages == [
        statement for statement in database.statements if not statement.startswith("COMMENT")
    ]


def test_comments_are_logged_at_debug(caplog):
    database = Modelled()
    with caplog.at_level(logging.DEBUG, logger=logger.name):
        run(database, wanted(note()))
    assert caplog.messages == database.statements
    assert {record.levelname for record in caplog.records if "COMMENT ON" in record.message} == {"DEBUG"}


def test_copied_values_are_committed_before_the_next_statement():
    database = Modelled()
    run(database, wanted(note()))
    database.rows["APP", "T"] = [{"NOTE": "kept"}]
    run(database, wanted(note(CLOB)))
    assert database.commits == 1
    assert database.rows["APP", "T"] == [{"NOTE": "kept"}]


def test_problems_stop_before_the_first_statement():
    database = Modelled(Table("APP", "T", (Column("A", text(1), nullable=False),)))
    evolution = run(database, wanted(note()))
    assert evolution.problems
    assert database.statements == []


def test_two_loaders_that_make_the_same_table_both_survive():
    for other_at in range(1, 5):
        database = Modelled()
        _second_loader(database, wanted(ID, note()), wanted(ID, note()), at=other_at)
        assert run(database, wanted(ID, note())).changes == (), other_at


def test_two_loaders_that_make_the_same_table_with_different_columns_both_survive():
    for other_at in range(1, 5):
        database = Modelled()
        other = wanted(ID, WantedColumn("more", text(5)))
        _second_loader(database, wanted(ID, note()), other, at=other_at)
        assert types_of(database).keys() == {"ID", "NOTE", "MORE"}, other_at


@pytest.mark.parametrize("wish", [note(text(99)), note(CLOB), note(OracleType("DATE"))])
def test_two_loaders_that_change_the_same_column_both_survive(wish):
    for other_at in range(1, 8):
        database = Modelled()
        run(database, wanted(ID, note()))
        database.rows["APP", "T"] = [{"ID": 1, "NOTE": "kept"}]
        _second_loader(database, wanted(ID, wish), wanted(ID, wish), at=other_at)
        assert run(database, wanted(ID, wish)).changes == (), other_at
        assert len(table_of(database).columns) == (3 if wish.type.name == "DATE" else 2), other_at
        assert database.rows["APP", "T"][0]["NOTE"] == "kept", other_at


def _second_loader(database, wish, other, *, at):
    """
    Run *wish*; just before its statement number *at* another loader runs all of *other*.
    """
    start = len(database.statements)

    def before(_statement):
        if len(database.statements) == start + at - 1:
            database.before = lambda _: None
            run(database, other)

    database.before = before
    run(database, wish)


def test_a_change_goes_on_where_a_lost_connection_left_it():
    for cut in range(7):
        database = Modelled()
        run(database, wanted(note()))
        database.rows["APP", "T"] = [{"NOTE": "kept"}]
        database.cut_after = len(database.statements) + cut
        try:
            run(database, wanted(note(CLOB)))
        except oracledb.OperationalError:
            database.cut_after = None
            run(database, wanted(note(CLOB)))
        assert types_of(database) == {"NOTE": "CLOB"}, cut
        assert database.rows["APP", "T"] == [{"NOTE": "kept"}], cut


def test_a_locked_table_is_asked_again_until_the_lock_goes(clock):
    database = Modelled()
    refusing(database, 54, where="CREATE", times=3)
    run(database, wanted(note()))
    assert table_of(database)
    assert clock[0] == pytest.approx(1.5)


def test_a_table_that_stays_locked_stops_the_load_after_the_timeout(clock):
    database = Modelled()
    refusing(database, 54, where="CREATE", times=1000)
    with pytest.raises(LoadError, match="ORA-00054") as raised:
        run(database, wanted(note()), Policy(ddl_lock_timeout=5))
    assert raised.value.code == "ORA-00054"
    assert clock[0] == pytest.approx(5)


def test_a_missing_privilege_stops_the_load_with_the_statement():
    database = Modelled()
    refusing(database, 1031, where="CREATE")
    with pytest.raises(LoadError, match=r'GRANT CREATE TABLE.*CREATE TABLE "APP"\."T"'):
        run(database, wanted(note()))


def test_a_lost_session_is_the_drivers_to_tell():
    database = Modelled()
    database.cut_after = 0
    with pytest.raises(oracledb.OperationalError):
        run(database, wanted(note()))


def test_a_deadlock_while_values_are_copied_is_left_to_the_loaders_retry():
    database = Modelled()
    run(database, wanted(note()))
    refusing(database, 60, where="UPDATE")
    with pytest.raises(oracledb.DatabaseError, match="ORA-00060"):
        run(database, wanted(note(CLOB)))


def test_without_the_right_to_comment_the_table_is_used_without_comments():
    database = Modelled()
    refusing(database, 1031, where="COMMENT", times=100)
    evolution = run(database, wanted(note()))
    assert evolution.changes == ()
    assert "ORA-01031" in evolution.notices[0]


def test_a_key_that_the_rows_contradict_is_given_up_with_a_notice():
    database = Modelled()
    run(database, wanted(ID, with_key=False))
    database.rows["APP", "T"] = [{"ID": 1}, {"ID": 1}]
    evolution = run(database, wanted(ID))
    assert table_of(database).primary_key == ()
    assert any("ORA-02437" in notice for notice in evolution.notices)


def test_a_column_that_an_index_does_not_let_grow_stays_and_the_others_grow():
    """
    ORA-01404: the index would be too large.
    """
    database = Modelled()
    run(database, wanted(note(), WantedColumn("other", text(10))))
    refusing(database, 1404, where='MODIFY ("NOTE"', times=100)
    evolution = run(database, wanted(note(text(99)), WantedColumn("other", text(99))))
    assert types_of(database) == {"NOTE": "VARCHAR2(10 CHAR)", "OTHER": "VARCHAR2(99 CHAR)"}
    assert evolution.columns["note"].type == text(10)
    assert any("NOTE stays" in notice for notice in evolution.notices)


def test_a_key_that_is_too_long_for_an_index_makes_no_key():
    """
    ORA-01450: the keys' lengths add up to more than a block of the index holds.
    """
    database = Modelled()
    refusing(database, 1450, where="PRIMARY KEY", times=100)
    evolution = run(database, wanted(ID))
    assert table_of(database).primary_key == ()
    assert any("ORA-01450" in notice for notice in evolution.notices)


@pytest.mark.parametrize("hidden", ["COMMENT ON", "PRIMARY KEY (", "NULL)"])
def test_what_the_dictionary_does_not_show_is_not_tried_for_ever(hidden):
    database = Modelled()
    old = WantedColumn("old", text(10), key=True)
    run(database, wanted(old, note()))
    execute = database.execute

    def ignore(statement):
        database.statements.append(statement) if hidden in statement else execute(statement)

    database.execute = ignore
    evolution = run(database, wanted(replace(old, key=False), replace(note(), key=True), ID))
    assert evolution.changes == ()
    assert sum(hidden in statement for statement in database.statements) <= 10


@pytest.mark.parametrize("number", [955, 2264])
def test_a_key_name_that_is_taken_gets_a_hash(number):
    database = Modelled(replace(Table("APP", "X", ()), primary_key=("A",), primary_key_name="T_PK"))
    refusing(database, number, where='"T_PK"', times=100)
    run(database, wanted(ID))
    assert table_of(database).primary_key_name.startswith("T_PK_")


def test_a_name_that_something_else_has_stops_the_load():
    """
    A sequence or package of the table's name is in no dictionary of tables.
    """
    database = Modelled()
    refusing(database, 955, where="CREATE", times=100)
    with pytest.raises(LoadError, match="ORA-00955"):
        run(database, wanted(note()))


def altered(database):
    """
    The statements to the session that *database* is sent from here on.
    """
    told = []
    execute = database.execute

    def listening(statement):
        if statement.startswith("ALTER SESSION"):
            told.append(statement)
        execute(statement)

    database.execute = listening
    return told


def test_the_server_is_told_once_how_long_ddl_may_wait():
    database = Modelled(Table("APP", "T", (Column("NOTE", text(5), comment="note"),), comment="t"))
    told = altered(database)
    run(database, wanted(ID, note()), Policy(ddl_lock_timeout=7))
    assert told == ["ALTER SESSION SET DDL_LOCK_TIMEOUT = 7"]


def test_for_a_table_that_is_not_there_and_for_one_that_needs_nothing_the_server_is_told_nothing():
    database = Modelled()
    told = altered(database)
    run(database, wanted(ID, note()))
    run(database, wanted(ID, note()))
    assert told == []


def test_what_has_just_been_read_is_not_read_again():
    database = Modelled()
    reads = []

    def read(*place):
        reads.append(place)
        return database.read(*place)

    now = plan(wanted(note()), None, SERVER)
    assert apply(database, wanted(note()), SERVER, POLICY, now=now, read=read).changes == ()
    assert len(reads) == 1


def test_a_server_that_knows_no_ddl_timeout_is_asked_all_the_same():
    database = Modelled(Table("APP", "T", (Column("NOTE", text(5), comment="note"),), comment="t"))
    execute = database.execute

    def refuse_session(statement):
        if statement.startswith("ALTER SESSION"):
            refuse(2248)
        execute(statement)

    database.execute = refuse_session
    assert run(database, wanted(note())).changes == ()


def test_a_compressed_table_that_drops_no_column_forgets_it():
    database = Modelled()
    run(database, wanted(note()))
    refusing(database, 39726, where="DROP COLUMN")
    evolution = run(database, wanted(note(CLOB)))
    assert evolution.problems == ()
    assert types_of(database) == {"NOTE": "CLOB"}
    assert 'SET UNUSED COLUMN "NOTE' in database.statements[-1]


def test_a_column_that_others_are_computed_from_stays_as_it_is():
    database = Modelled()
    run(database, wanted(note()))
    refusing(database, 54033, where="MODIFY", times=9)
    run(database, wanted(note(text(99))))
    assert types_of(database) == {"NOTE": "VARCHAR2(10 CHAR)"}


def test_columns_that_are_unique_already_need_no_key_besides():
    database = Modelled()
    run(database, wanted(replace(ID, key=False)))
    refusing(database, 2261, where="PRIMARY KEY", times=9)
    assert run(database, wanted(ID)).problems == ()
    assert table_of(database).primary_key == ()
