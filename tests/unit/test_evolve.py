"""
Plans: what a table needs for a stream, tried out on a database that reads the statements' text.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from target_oracle.oracle import overflow
from target_oracle.oracle.comments import comment_of
from target_oracle.oracle.evolve import plan
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.oracle.wanted import Policy, Spared, Wanted, WantedColumn
from tests.unit.hostile import HOSTILE
from tests.unit.modelled import Modelled

SERVER = Server((19,), user="APP", schema="APP")
OLD_SERVER = Server((12, 2), max_name_bytes=30)
FREEZE = Policy(schema_evolution="freeze")
NO_DDL = Policy(ddl_mode="none")

INTEGER = OracleType("NUMBER", precision=38, scale=0)
NUMBER = OracleType("NUMBER")
CLOB = OracleType("CLOB")
JSON_CLOB = OracleType("CLOB", is_json=True)
STAMP = OracleType("TIMESTAMP WITH TIME ZONE", precision=6)
DATE = OracleType("DATE")


def text(length, *, char=True):
    return OracleType("VARCHAR2", length, char=char)


def key(name="id", type_=INTEGER):
    return WantedColumn(name, type_, nullable=False, key=True)


def wanted(*columns, **options):
    """
    A stream's wish; of plain names the columns are texts.
    """
    made = (WantedColumn(each, text(10)) if isinstance(each, str) else each for each in columns)
    return Wanted("APP", "T", tuple(made), "t", **options)


def others(*columns, **options):
    """
    A table that somebody else made.
    """
    return Table("APP", "T", columns, **options)


def run(database, wish, policy=Policy(), spared=Spared(), server=SERVER):  # noqa: B008  # they are values
    """
    Plan and run once; return the plan.
    """
    evolution = plan(wish, database.read(None, "APP", "T"), server, policy, spared)
    for statement in evolution.ddl:
        database.execute(statement)
    return evolution


def made(*columns, **options):
    """
    A database with the table that *columns* ask for.
    """
    database = Modelled()
    run(database, wanted(*columns, **options))
    return database


def table_of(database):
    return database.tables["APP", "T"]


def types_of(database):
    return {column.name: column.type.ddl() for column in table_of(database).columns}


# A new table.


def test_a_new_table_has_columns_a_named_key_and_comments():
    evolution = plan(wanted(key(), "Note"), None, SERVER)
    create = 'CREATE TABLE "APP"."T" ("ID" NUMBER(38) NOT NULL, "NOTE" VARCHAR2(10 CHAR),'
    assert evolution.ddl == (
        create + ' CONSTRAINT "T_PK" PRIMARY KEY ("ID"))',
        'COMMENT ON TABLE "APP"."T" IS \'t\'',
        'COMMENT ON COLUMN "APP"."T"."ID" IS \'id\'',
        'COMMENT ON COLUMN "APP"."T"."NOTE" IS \'Note\'',
    )
    assert {name: column.name for name, column in evolution.columns.items()} == {"id": "ID", "Note": "NOTE"}
    assert evolution.notices == evolution.problems == ()


def test_without_a_key_to_match_there_is_none():
    (create, *_) = plan(wanted(key(), with_key=False), None, SERVER).ddl
    assert create == 'CREATE TABLE "APP"."T" ("ID" NUMBER(38) NOT NULL)'


def test_a_required_property_is_not_null_only_when_it_is_a_key():
    """
    What a schema requires today may be missing tomorrow.
    """
    evolution = plan(wanted(key(), WantedColumn("a", NUMBER, nullable=False)), None, SERVER)
    assert [column.nullable for column in evolution.table.columns] == [False, True]


@pytest.mark.parametrize("server", [SERVER, OLD_SERVER])
def test_the_name_of_the_key_is_no_longer_than_a_name_can_be(server):
    table = "T" * server.max_name_bytes
    one, two = (plan(replace(wanted(key()), name=name), None, server) for name in (table, table[:-1] + "U"))
    names = [evolution.table.primary_key_name for evolution in (one, two)]
    assert all(len(name) <= server.max_name_bytes for name in names)
    assert names[0] != names[1]


def test_a_key_of_more_columns_than_an_index_has_is_a_problem():
    evolution = plan(wanted(*(key(f"k{n}") for n in range(33))), None, SERVER)
    assert "32" in evolution.problems[0]


def test_table_options_follow_the_columns():
    (create, *_) = plan(wanted("a", table_options="compress parallel 4"), None, SERVER).ddl
    assert create.endswith(") COMPRESS PARALLEL 4")


def test_table_options_that_are_not_allowed_reach_no_statement():
    with pytest.raises(ValueError, match="table_options"):
        plan(wanted("a", table_options="AS SELECT * FROM dual"), None, SERVER)


# A table as it should be.


def test_a_table_that_fits_needs_nothing():
    wish = wanted(key(), "Name", "name", "NAME", WantedColumn("data", JSON_CLOB))
    database = made(*wish.columns)
    evolution = run(database, wish)
    assert evolution.changes == evolution.notices == evolution.problems == ()
    assert evolution.columns == {
        each.property: table_of(database).column(evolution.columns[each.property].name)
        for each in wish.columns
    }


def test_columns_keep_their_properties_whatever_comes_beside_them():
    database = made("Name")
    before = run(database, wanted("Name")).columns["Name"].name
    after = run(database, wanted("name", "NAME", "Name")).columns
    assert after["Name"].name == before
    assert len({column.name for column in after.values()}) == 3


def test_a_property_that_folds_like_one_that_is_gone_gets_its_own_column():
    database = made("Name")
    evolution = run(database, wanted("name"))
    assert evolution.columns["name"].name != "NAME"


def test_properties_that_are_gone_stay_and_may_be_null():
    database = made(key("a"), key("b"), "c")
    evolution = run(database, wanted(key("a")))
    assert [column.name for column in table_of(database).columns] == ["A", "B", "C"]
    assert table_of(database).column("B").nullable
    assert evolution.problems == ()


def test_a_remark_of_a_dba_on_our_column_does_not_cost_its_name():
    database = made("a")
    database.execute('COMMENT ON COLUMN "APP"."T"."A" IS \'Holds the a of everything\'')
    evolution = run(database, wanted("a"))
    assert evolution.columns["a"].name == "A"
    assert evolution.changes == ()


# New columns.


def test_new_columns_come_in_one_statement():
    database = made("a")
    ddl = run(database, wanted("a", WantedColumn("b", NUMBER), "c")).ddl
    assert ddl[0] == 'ALTER TABLE "APP"."T" ADD ("B" NUMBER, "C" VARCHAR2(10 CHAR))'
    assert all(statement.startswith("COMMENT") for statement in ddl[1:])


# Wider columns.


@pytest.mark.parametrize(
    ("found", "wish", "becomes"),
    [
        (text(10), text(200), "VARCHAR2(200 CHAR)"),
        (text(10, char=False), text(10), "VARCHAR2(10 CHAR)"),
        (OracleType("NUMBER", precision=10, scale=0), INTEGER, "NUMBER(38)"),
        (INTEGER, NUMBER, "NUMBER"),
        (
            OracleType("NUMBER", precision=10, scale=2),
            OracleType("NUMBER", precision=10, scale=4),
            "NUMBER(12,4)",
        ),
        (OracleType("TIMESTAMP", precision=0), OracleType("TIMESTAMP", precision=6), "TIMESTAMP(6)"),
        (OracleType("RAW", 10), OracleType("RAW", 100), "RAW(100)"),
    ],
)
def test_a_column_of_ours_is_widened_in_place(found, wish, becomes):
    database = made(WantedColumn("a", found))
    evolution = run(database, wanted(WantedColumn("a", wish)))
    assert types_of(database) == {"A": becomes}
    assert evolution.columns["a"].type.ddl() == becomes
    assert becomes in evolution.notices[0]


@pytest.mark.parametrize(
    ("found", "wish"),
    [(text(200), text(10)), (CLOB, text(10)), (NUMBER, INTEGER), (STAMP, OracleType("TIMESTAMP"))],
)
def test_nothing_is_narrowed(found, wish):
    database = made(WantedColumn("a", found))
    assert run(database, wanted(WantedColumn("a", wish))).changes == ()


def test_several_columns_are_widened_in_one_statement():
    database = made("a", "b")
    evolution = run(database, wanted(WantedColumn("a", text(20)), WantedColumn("b", text(30))))
    assert evolution.ddl == ('ALTER TABLE "APP"."T" MODIFY ("A" VARCHAR2(20 CHAR), "B" VARCHAR2(30 CHAR))',)


def test_one_by_one_each_column_has_its_own_statement():
    database = made("a", "b")
    wish = wanted(WantedColumn("a", text(20)), WantedColumn("b", text(30)))
    assert len(run(database, wish, spared=Spared(apart=True)).ddl) == 2


def test_a_column_that_the_database_does_not_let_be_widened_stays():
    database = made("a")
    evolution = run(database, wanted(WantedColumn("a", text(20))), spared=Spared(columns=frozenset({"A"})))
    assert evolution.changes == ()
    assert evolution.columns["a"].type == text(10)
    assert "stays" in evolution.notices[0]


# Texts that become CLOBs.


def test_a_text_past_the_limit_becomes_a_clob_of_the_same_name_with_every_value():
    database = made(key(), "note")
    database.rows["APP", "T"] = [{"ID": 1, "NOTE": "one"}, {"ID": 2, "NOTE": None}]
    evolution = run(database, wanted(key(), WantedColumn("note", CLOB)))
    assert types_of(database) == {"ID": "NUMBER(38)", "NOTE": "CLOB"}
    assert database.rows["APP", "T"] == [{"ID": 1, "NOTE": "one"}, {"ID": 2, "NOTE": None}]
    assert table_of(database).column("NOTE").comment == "note"
    assert len(evolution.notices) == 1
    assert run(database, wanted(key(), WantedColumn("note", CLOB))).changes == ()


@pytest.mark.parametrize("server", [SERVER, OLD_SERVER])
@pytest.mark.parametrize("name", ["note", "Note", "n" * 200, "rowid", "é" * 15])
def test_a_clob_on_its_way_is_finished_from_wherever_it_was_left(name, server):
    wish = wanted(WantedColumn(name, CLOB))
    steps = len(_overflowing(name, server)[1])
    for done in range(steps + 1):
        database, statements = _overflowing(name, server)
        for statement in statements[:done]:
            database.execute(statement)
        run(database, wish, server=server)
        (column,) = table_of(database).columns
        assert (column.type, column.comment) == (CLOB, name), done
        assert database.rows["APP", "T"] == [{column.name: "kept"}, {column.name: None}], done
        assert run(database, wish, server=server).changes == (), done


def _overflowing(name, server):
    """
    A database and the statements that make its one text a CLOB.
    """
    database = Modelled()
    run(database, wanted(name), server=server)
    (column,) = table_of(database).columns
    database.rows["APP", "T"] = [{column.name: "kept"}, {column.name: None}]
    evolution = plan(wanted(WantedColumn(name, CLOB)), table_of(database), server)
    return database, evolution.ddl


def test_a_clob_on_its_way_is_finished_even_when_its_property_is_gone():
    database, statements = _overflowing("note", SERVER)
    for statement in statements[:2]:
        database.execute(statement)
    run(database, wanted("other"))
    assert types_of(database) == {"NOTE": "CLOB", "OTHER": "VARCHAR2(10 CHAR)"}


def test_values_written_before_the_old_column_was_put_aside_are_copied():
    """
    A second loader writes until the column's name is gone.
    """
    database, statements = _overflowing("note", SERVER)

    def write_late(statement):
        if "RENAME" in statement and '"NOTE" TO' in statement:
            database.rows["APP", "T"].append({"NOTE": "late"})

    database.before = write_late
    for statement in statements:
        database.execute(statement)
    assert [row["NOTE"] for row in database.rows["APP", "T"]] == ["kept", None, "late"]


@pytest.mark.parametrize("needed", [False, True])
def test_a_key_never_becomes_a_clob(needed):
    database = made(key("id", text(10)))
    evolution = run(database, wanted(replace(key("id", CLOB), needed=needed)))
    assert evolution.changes == evolution.problems == ()
    assert "key" in evolution.notices[0]
    assert evolution.columns["id"].type == text(10)


def test_a_column_of_a_unique_key_never_becomes_a_clob():
    column = Column("A", text(10), comment="a")
    table = others(column, unique_keys=(("A",),), comment="t")
    evolution = plan(wanted(WantedColumn("a", CLOB)), table, SERVER)
    assert evolution.changes == ()


# Types that cannot widen.


@pytest.mark.parametrize(
    ("found", "wish", "second"),
    [
        (NUMBER, text(20), "A__STRING"),
        (text(20), NUMBER, "A__NUMBER"),
        (CLOB, INTEGER, "A__NUMBER"),
        (JSON_CLOB, text(20), "A__STRING"),
        (NUMBER, JSON_CLOB, "A__JSON"),
        (NUMBER, STAMP, "A__TIMESTAMP"),
        (NUMBER, DATE, "A__DATE"),
        (NUMBER, OracleType("BLOB"), "A__BINARY"),
        (STAMP, NUMBER, "A__NUMBER"),
        (DATE, OracleType("BOOLEAN"), "A__BOOLEAN"),
    ],
)
def test_another_kind_of_value_gets_a_second_column_and_the_old_one_stays(found, wish, second):
    database = made(WantedColumn("a", found))
    evolution = run(database, wanted(WantedColumn("a", wish)))
    assert types_of(database) == {"A": found.ddl(), second: wish.ddl()}
    assert evolution.columns["a"].name == second
    assert second in evolution.notices[0]
    again = run(database, wanted(WantedColumn("a", wish)))
    assert (again.columns["a"].name, again.changes, again.notices) == (second, (), ())


def test_a_type_that_comes_back_finds_its_column_again():
    database = made(WantedColumn("a", NUMBER))
    run(database, wanted("a"))
    assert run(database, wanted(WantedColumn("a", NUMBER))).columns["a"].name == "A"
    assert run(database, wanted("a")).columns["a"].name == "A__STRING"
    assert len(table_of(database).columns) == 2


def test_a_second_column_is_widened_like_a_first():
    database = made(WantedColumn("a", NUMBER))
    run(database, wanted("a"))
    run(database, wanted(WantedColumn("a", text(100))))
    run(database, wanted(WantedColumn("a", CLOB)))
    assert types_of(database) == {"A": "NUMBER", "A__STRING": "CLOB"}


def test_a_second_column_is_known_by_its_name_when_the_run_ended_before_its_comment():
    database = made(WantedColumn("a", NUMBER))
    add, *_ = plan(wanted("a"), table_of(database), SERVER).ddl
    database.execute(add)
    evolution = run(database, wanted("a"))
    assert evolution.columns["a"].name == "A__STRING"
    assert run(database, wanted("a")).changes == ()


def test_a_property_named_like_a_second_column_is_not_taken_for_it():
    database = made(
        WantedColumn("a", NUMBER), WantedColumn("a__string", text(5)), WantedColumn("a, as STRING", DATE)
    )
    evolution = run(
        database, wanted("a", WantedColumn("a__string", text(5)), WantedColumn("a, as STRING", DATE))
    )
    assert len({column.name for column in evolution.columns.values()}) == 3
    assert evolution.columns["a__string"].name == "A__STRING"
    assert run(database, wanted("a")).columns["a"] == evolution.columns["a"]


def test_a_key_of_another_type_is_a_problem_that_names_the_column():
    database = made(key())
    evolution = run(database, wanted(key("id", text(20))))
    assert "key column ID" in evolution.problems[0]


# Keys.


def test_a_changed_key_is_dropped_and_made_anew():
    database = made(key("a"), "b")
    evolution = run(database, wanted(WantedColumn("a", INTEGER), key("b", text(10))))
    assert table_of(database).primary_key == ("B",)
    assert "primary key" in evolution.notices[0]


def test_an_old_key_may_then_be_null():
    database = made(key("a"), key("b"))
    run(database, wanted(WantedColumn("a", INTEGER), key("b")))
    assert [column.nullable for column in table_of(database).columns] == [True, False]


def test_the_order_of_the_key_properties_does_not_matter():
    database = made(key("a"), key("b"))
    assert run(database, wanted(key("b"), key("a"))).changes == ()


def test_a_key_is_added_when_a_stream_is_no_longer_only_appended():
    database = made(key(), with_key=False)
    run(database, wanted(key()))
    assert table_of(database).primary_key == ("ID",)


def test_a_key_that_the_rows_do_not_allow_is_not_tried_again():
    database = made(key(), with_key=False)
    evolution = run(database, wanted(key()), spared=Spared(key=True))
    assert evolution.changes == ()
    assert "unique" in evolution.notices[0]


def test_a_column_whose_type_cannot_be_a_key_makes_none():
    database = made(WantedColumn("at", STAMP))
    evolution = run(database, wanted(key("at", OracleType("TIMESTAMP", precision=6))))
    assert evolution.changes == ()
    assert "AT" in evolution.notices[0]


def test_an_appended_stream_leaves_a_key_that_it_fills_and_says_so():
    database = made(key())
    evolution = run(database, wanted(key(), with_key=False))
    assert evolution.changes == ()
    assert "refused" in evolution.notices[0]


def test_an_appended_stream_drops_a_key_that_it_no_longer_fills():
    database = made(key("a"), key("b"))
    run(database, wanted(key("a"), with_key=False))
    assert table_of(database).primary_key == ()
    assert table_of(database).column("B").nullable


# Tables of others.


def test_a_table_of_others_is_used_as_it_is():
    table = others(
        Column("ID", OracleType("NUMBER", precision=10, scale=0), nullable=False),
        Column("NAME", text(5), comment="Name of the customer"),
        Column("SEEN", DATE),
        Column("MADE", DATE, nullable=False, has_default=True),
        primary_key=("ID",),
    )
    wish = wanted(key(), WantedColumn("name", text(100)), WantedColumn("seen", STAMP))
    evolution = plan(wish, table, SERVER)
    assert evolution.changes == evolution.problems == ()
    assert {name: column.name for name, column in evolution.columns.items()} == {
        "id": "ID", "name": "NAME", "seen": "SEEN",
    }  # fmt: skip
    assert [notice.split()[1] for notice in evolution.notices] == ["ID", "NAME", "SEEN"]


def test_a_column_of_others_is_widened_when_a_value_needs_it():
    table = others(Column("NAME", text(5)))
    evolution = plan(wanted(WantedColumn("name", text(100), needed=True)), table, SERVER)
    assert evolution.ddl == ('ALTER TABLE "APP"."T" MODIFY ("NAME" VARCHAR2(100 CHAR))',)


def test_a_column_of_others_becomes_a_clob_when_a_value_needs_it():
    database = Modelled(others(Column("NAME", text(5), comment="Name of it")))
    database.rows["APP", "T"] = [{"NAME": "kept"}]
    run(database, wanted(WantedColumn("name", CLOB, needed=True)))
    assert types_of(database) == {"NAME": "CLOB"}
    assert database.rows["APP", "T"] == [{"NAME": "kept"}]
    assert table_of(database).column("NAME").comment == "Name of it"


def test_a_column_of_others_that_cannot_hold_the_values_gets_one_beside_it():
    database = Modelled(others(Column("NAME", DATE)))
    evolution = run(database, wanted("name"))
    assert evolution.columns["name"].name == "NAME__STRING"
    assert types_of(database)["NAME"] == "DATE"


def test_a_new_property_gets_a_column_in_a_table_of_others():
    database = Modelled(others(Column("ID", INTEGER)))
    run(database, wanted(WantedColumn("id", INTEGER), "name"))
    assert types_of(database) == {"ID": "NUMBER(38)", "NAME": "VARCHAR2(10 CHAR)"}


def test_each_column_of_others_that_must_be_filled_and_is_not_is_a_problem():
    table = others(
        Column("A", INTEGER, nullable=False),
        Column("B", INTEGER, nullable=False),
        Column("C", INTEGER, nullable=False),
        Column("D", INTEGER, nullable=False, generated=True),
    )
    evolution = plan(wanted(WantedColumn("a", INTEGER)), table, SERVER)
    assert [problem.split()[1] for problem in evolution.problems] == ["B", "C"]


def test_a_column_that_the_database_fills_is_not_changed():
    table = others(Column("A", INTEGER, generated=True))
    evolution = plan(wanted("a"), table, SERVER)
    assert evolution.changes == ()
    assert evolution.columns["a"].generated
    assert "filled by the database" in evolution.notices[0]


def test_a_column_of_a_key_that_stays_is_not_made_nullable():
    """
    ORA-01451; the table's comment is a DBA's, the column's is ours.
    """
    table = others(
        Column("ID", INTEGER, nullable=False, comment="id"), primary_key=("ID",), comment="Orders of a day"
    )
    assert plan(wanted(WantedColumn("id", INTEGER)), table, SERVER).changes == ()


def test_a_table_without_a_comment_whose_columns_have_some_is_not_ours():
    table = others(Column("A", text(10), comment="The a"), Column("B", text(10), nullable=False))
    evolution = plan(wanted("a", WantedColumn("b", text(10))), table, SERVER)
    assert evolution.changes == ()


def test_the_key_of_others_stays_and_a_missing_one_is_said():
    table = others(Column("ID", INTEGER), Column("NO", INTEGER, nullable=False), primary_key=("NO",))
    evolution = plan(wanted(key(), WantedColumn("no", INTEGER)), table, SERVER)
    assert evolution.changes == ()
    assert "no key of the table" in evolution.notices[0]
    unique = replace(table, unique_keys=(("ID",),))
    assert plan(wanted(key(), WantedColumn("no", INTEGER)), unique, SERVER).notices == ()


def test_where_a_synonym_led_is_where_rows_go():
    table = replace(others(Column("A", text(10))), owner="CRM", name="PEOPLE")
    evolution = plan(wanted("a", "b"), table, SERVER)
    assert (evolution.owner, evolution.name) == ("CRM", "PEOPLE")
    assert evolution.ddl[0].startswith('ALTER TABLE "CRM"."PEOPLE" ADD')


def test_a_view_is_used_as_it_is_and_what_it_lacks_is_a_problem():
    view = others(Column("A", text(5)), is_view=True)
    evolution = plan(wanted(WantedColumn("a", text(100), needed=True)), view, SERVER)
    assert evolution.changes == evolution.problems == ()
    evolution = plan(wanted("a", "b"), view, SERVER)
    assert evolution.changes == ()
    assert evolution.problems == ("APP.T is a view, and column B VARCHAR2(10 CHAR) is missing",)


# What the operator says.


def test_freeze_names_each_difference_and_changes_nothing():
    database = made("a", "b", WantedColumn("c", NUMBER))
    before = table_of(database)
    wish = wanted("a", WantedColumn("b", text(99)), "c", "d")
    evolution = run(database, wish, FREEZE)
    assert evolution.changes == ()
    assert table_of(database) == before
    assert evolution.problems == (
        "schema_evolution is freeze, and column C__STRING VARCHAR2(10 CHAR) is missing",
        "schema_evolution is freeze, and column D VARCHAR2(10 CHAR) is missing",
        "schema_evolution is freeze, and column B is not VARCHAR2(99 CHAR)",
    )


def test_freeze_makes_no_table():
    evolution = plan(wanted("a"), None, SERVER, FREEZE)
    assert evolution.changes == ()
    assert evolution.problems == ("schema_evolution is freeze, and table APP.T is missing",)


def test_under_freeze_a_value_that_is_too_long_widens_nothing_and_stops_nothing():
    database = made("a")
    evolution = run(database, wanted(WantedColumn("a", text(99), needed=True)), FREEZE)
    assert evolution.changes == evolution.problems == ()


@pytest.mark.parametrize("policy", [FREEZE, NO_DDL])
def test_comments_alone_stop_no_load(policy):
    database = made("a")
    bare = Modelled(replace(table_of(database), comment=None, columns=(Column("A", text(10)),)))
    evolution = run(bare, wanted("a"), policy)
    assert evolution.changes == evolution.problems == ()
    assert len(run(bare, wanted("a")).changes) == 2


def test_an_override_names_the_column():
    wish = wanted(WantedColumn("a", text(10), name_override="Note Text"))
    database = Modelled()
    assert run(database, wish).columns["a"].name == "NOTE_TEXT"
    assert run(database, wish).changes == ()


def test_an_override_finds_a_column_of_others_that_is_spelt_so():
    table = others(Column("noteText", text(10)))
    wish = wanted(WantedColumn("a", text(10), name_override="noteText"))
    assert plan(wish, table, SERVER).columns["a"].name == "noteText"


def test_an_override_that_comes_later_wins_over_the_comment():
    database = made("a")
    wish = wanted(WantedColumn("a", text(10), name_override="b"))
    assert run(database, wish).columns["a"].name == "B"
    assert run(database, wish).changes == ()
    assert run(database, wanted("a")).columns["a"].name == "A"


def test_two_properties_that_are_sent_to_one_column_are_a_problem():
    wish = wanted(
        WantedColumn("a", text(10), name_override="x"), WantedColumn("b", text(10), name_override="X")
    )
    evolution = plan(wish, None, SERVER)
    assert evolution.changes == ()
    assert evolution.problems == ('properties "a" and "b" cannot share column X',)


def test_without_the_right_to_comment_there_are_no_comments():
    evolution = plan(wanted("a"), None, SERVER, spared=Spared(comments=True))
    assert len(evolution.ddl) == 1


# Every schema, every crash.

TYPES = [
    text(10),
    text(200),
    text(4000, char=False),
    CLOB,
    JSON_CLOB,
    NUMBER,
    INTEGER,
    STAMP,
    DATE,
    OracleType("BLOB"),
]
KEY_TYPES = [text(10), text(200), INTEGER]
PROPERTIES = [
    "id",
    "ID",
    "Id",
    "a",
    "a__string",
    "a, as STRING",
    "rowid",
    "",
    "n" * 200,
    "n" * 199 + "m",
    "b\nc",
    "'",
    "\ud800",
]


@st.composite
def wishes(draw):
    """
    A schema among others of the same stream: some properties of a few, of any type.
    """
    names = draw(st.lists(st.sampled_from(PROPERTIES), min_size=1, max_size=6, unique=True))
    columns = []
    for name in names:
        is_key = draw(st.booleans())
        columns.append(
            WantedColumn(
                name, draw(st.sampled_from(KEY_TYPES if is_key else TYPES)), nullable=not is_key, key=is_key
            )
        )
    return wanted(*columns, with_key=draw(st.booleans()))


@settings(max_examples=100, deadline=None)
@given(st.lists(wishes(), min_size=1, max_size=5), st.sampled_from([SERVER, OLD_SERVER]))
def test_a_plan_that_was_run_needs_no_other(stream, server):
    """
    After any history of schemas; and the database becomes what the plan said it would.
    """
    database = Modelled()
    for wish in stream:
        evolution = run(database, wish, server=server)
        if evolution.problems:
            return
        assert table_of(database) == evolution.table
        assert run(database, wish, server=server).changes == ()
        assert evolution.columns.keys() == {each.property for each in wish.columns}


@settings(max_examples=100, deadline=None)
@given(st.lists(wishes(), min_size=2, max_size=4), st.data())
def test_a_crash_between_any_two_statements_is_made_up_for(stream, data):
    """
    The next run ends with the same columns for the same properties as one that was never cut off.
    """
    calm, struck = Modelled(), Modelled()
    for wish in stream:
        expected = run(calm, wish)
        if expected.problems:
            return
        broken = plan(wish, struck.read(None, "APP", "T"), SERVER)
        for statement in broken.ddl[: data.draw(st.integers(0, len(broken.ddl)))]:
            struck.execute(statement)
        found = run(struck, wish)
        assert run(struck, wish).changes == ()
        assert found.columns == expected.columns


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=20, unique=True),
    st.sampled_from([SERVER, OLD_SERVER]),
)
def test_any_properties_make_a_table_that_keeps_them_apart(properties, server):
    wish = wanted(*properties)
    database = Modelled()
    first = run(database, wish, server=server).columns
    assert len({column.name for column in first.values()}) == len(properties)
    again = run(database, replace(wish, columns=wish.columns[::-1]), server=server)
    assert again.changes == ()
    assert again.columns == first


def test_hostile_properties_make_one_table_of_safe_names():
    wish = wanted(*HOSTILE)
    database = Modelled()
    run(database, wish)
    assert len(table_of(database).columns) == len(HOSTILE)
    assert run(database, wish).changes == ()


@given(
    st.lists(st.text(max_size=60), min_size=2, max_size=2, unique=True),
    st.sampled_from([None, "STRING", "DATE"]),
)
def test_two_properties_never_have_the_same_comment(two, kind):
    assert comment_of(two[0]) != comment_of(two[1])
    assert comment_of(two[0], kind) != comment_of(two[1], "NUMBER")


def test_comments_of_long_names_are_cut_and_stay_apart():
    long = [comment_of("é" * 600 + end) for end in "ab"]
    assert long[0] != long[1]
    assert all(len(comment.encode()) <= 1000 for comment in long)


def test_the_two_names_of_a_column_on_its_way_differ_and_are_short_enough():
    for name in ("A", "A" * 30, "É" * 15):
        names = {overflow.fresh_name(name, 30), overflow.aside_name(name, 30), name}
        assert len(names) == 3
        assert all(len(each.encode()) <= 30 for each in names)
