"""
Rows of the dictionary -> tables and servers, also where a server refuses to tell.
"""

from __future__ import annotations

import re
from contextlib import contextmanager

import oracledb
import pytest

from target_oracle.errors import LoadError
from target_oracle.oracle.dictionary import read_server, read_table
from target_oracle.oracle.types import Column, OracleType

NUMBER = OracleType("NUMBER")


class Dictionary:
    """
    A connection to rows by view; where a number stands for the rows, the view is refused with that ORA code.
    """

    version = "19.3.0.0.0"
    max_identifier_length = 128
    username = "app"

    def __init__(self, **views):
        self.views = views
        self.asked = []
        self.arraysize = self.prefetchrows = 0

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, query, binds):
        view = re.search(r"FROM (\w+)", query)[1]
        self.asked.append(view)
        rows = self.answer(view, query, binds)
        joined = re.search(r"LEFT JOIN (\w+)", query)
        if joined:
            rows = self.join(rows, joined[1], query, binds)
        self.rows = rows

    def answer(self, view, query, binds):
        rows = self.views.get(view, [])
        rows = rows(query, *binds) if callable(rows) else rows
        if isinstance(rows, int):
            raise oracledb.DatabaseError(f"ORA-{rows:05d}: refused")
        return rows

    def join(self, rows, view, query, binds):
        """
        Tell more of each row: an object's comment, a list of what is off, a column's comment and default.
        """
        comments = self.answer(view, query, binds)
        if view in {"all_tab_comments", "all_tables"}:
            return [(*row, *(comments or [(None,)])[0]) for row in rows]
        known = self.views.get("all_tab_cols", [])
        defaults = {name: length for name, length, *_ in known} if isinstance(known, list) else {}
        return [(*row, defaults.get(row[0]), dict(comments).get(row[0])) for row in rows]

    def fetchall(self):
        return self.rows


def column(name, data_type="NUMBER", size=22, chars=0, used=None, *, nullable="Y"):
    return (name, data_type, size, chars, used, None, None, nullable)


def only(owner, name, rows):
    """
    Rows that are there for one table.
    """
    return lambda _query, *binds: rows if binds == (owner, name) else []


def test_a_table_that_is_not_there_is_none():
    assert read_table(Dictionary(), "APP", "T") is None


def test_columns_come_in_their_order_with_type_null_and_comment():
    table = read_table(
        Dictionary(
            all_tab_columns=[
                column("B", nullable="N"),
                column("A", "VARCHAR2", 640, 160, "C"),
                column("C", "VARCHAR2", 20, 20, "B"),
            ],
            all_col_comments=[("A", "the a"), ("B", None)],
            all_tab_comments=[("t",)],
        ),
        "APP",
        "T",
    )
    assert (table.owner, table.name, table.comment) == ("APP", "T", "t")
    assert table.columns == (
        Column("B", NUMBER, nullable=False),
        Column("A", OracleType("VARCHAR2", 160, char=True), comment="the a"),
        Column("C", OracleType("VARCHAR2", 20)),
    )


def test_keys_come_with_their_columns_in_order():
    table = read_table(
        Dictionary(
            all_tab_columns=[column("A"), column("B"), column("C")],
            all_constraints=[
                ("T_PK", "P", "B", None),
                ("T_PK", "P", "A", None),
                ("T_U1", "U", "C", None),
                ("SYS_C1", "C", "A", '"A" IS NOT NULL'),
            ],
        ),
        "APP",
        "T",
    )
    assert (table.primary_key_name, table.primary_key, table.unique_keys) == ("T_PK", ("B", "A"), (("C",),))


@pytest.mark.parametrize(
    ("condition", "is_json"),
    [
        ('"A" IS JSON', True),
        ("a is json (strict)", True),
        ('"A" IS JSON WITH UNIQUE KEYS', True),
        ('"A" IS NOT NULL', False),
        ("\"A\" IN ('x IS JSON')", False),
        ('"A" IS NOT JSON', False),
    ],
)
def test_a_check_that_says_json_makes_a_json_column(condition, is_json):
    dictionary = Dictionary(
        all_tab_columns=[column("A", "CLOB", 4000)], all_constraints=[("SYS_C1", "C", "A", condition)]
    )
    (found,) = read_table(dictionary, "APP", "T").columns
    assert found.type == OracleType("CLOB", is_json=is_json)
    assert "all_json_columns" not in dictionary.asked


def test_without_the_text_of_checks_the_json_columns_are_asked_for():
    def constraints(query, *_binds):
        return 904 if "search_condition_vc" in query else [("SYS_C1", "C", "A", None)]

    dictionary = Dictionary(
        all_tab_columns=[column("A", "CLOB", 4000)],
        all_constraints=constraints,
        all_json_columns=[("A",)],
    )
    assert read_table(dictionary, "APP", "T").columns[0].type.is_json


def test_defaults_and_columns_that_the_database_fills_are_known():
    table = read_table(
        Dictionary(
            all_tab_columns=[column(name) for name in "ABCDE"],
            all_tab_cols=[
                ("A", None, "NO", "NO"),
                ("B", 7, "NO", "NO"),
                ("C", 20, "YES", "NO"),
                ("D", 20, "YES", "NO"),
                ("E", 20, "NO", "YES"),
                ("SYS_NC1$", 20, "NO", "YES"),
            ],
            all_tab_identity_cols=[("C", "ALWAYS"), ("D", "BY DEFAULT")],
        ),
        "APP",
        "T",
    )
    assert [(each.has_default, each.generated) for each in table.columns] == [
        (False, False),
        (True, False),
        (True, True),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize("code", [904, 942, 1031])
def test_views_that_the_server_refuses_leave_the_safe_answer(code):
    refused = [
        "all_tab_cols", "all_constraints", "all_col_comments", "all_tab_comments", "all_objects",
        "all_tab_identity_cols", "all_json_columns",
    ]  # fmt: skip
    columns = [column("A")]
    dictionary = Dictionary(
        all_tab_columns=lambda query, *_: code if "default_length" in query else columns,
        **dict.fromkeys(refused, code),
    )
    table = read_table(dictionary, "APP", "T")
    assert table.columns == (Column("A", NUMBER),)
    assert (table.primary_key, table.comment, table.is_view) == ((), None, False)


def test_a_lost_session_is_no_refusal():
    def gone(*_):
        raise oracledb.OperationalError("DPY-4011: the database or network closed the connection")

    with pytest.raises(oracledb.OperationalError):
        read_table(Dictionary(all_tab_columns=[column("A")], all_constraints=gone), "APP", "T")


def test_views_and_temporary_tables_are_known():
    view = Dictionary(all_tab_columns=[column("A")], all_objects=[("VIEW", "N")])
    assert read_table(view, "APP", "T").is_view
    temporary = Dictionary(all_tab_columns=[column("A")], all_objects=[("TABLE", "Y")])
    assert read_table(temporary, "APP", "T").is_temporary


# Synonyms.


def test_a_synonym_leads_to_its_table():
    table = read_table(
        Dictionary(
            all_tab_columns=only("CRM", "PEOPLE", [column("A")]),
            all_synonyms=only("APP", "T", [("APP", "CRM", "PEOPLE", None)]),
        ),
        "APP",
        "T",
    )
    assert (table.owner, table.name) == ("CRM", "PEOPLE")


def test_a_private_synonym_comes_before_a_public_one():
    rows = [("PUBLIC", "CRM", "OTHERS", None), ("APP", "CRM", "PEOPLE", None)]
    found = Dictionary(
        all_tab_columns=lambda _query, _owner, name: [column("A")] if name in {"OTHERS", "PEOPLE"} else [],
        all_synonyms=only("APP", "T", rows),
    )
    assert read_table(found, "APP", "T").name == "PEOPLE"


def test_a_public_synonym_leads_to_a_table_of_people_not_of_oracle():
    def synonyms(_query, _owner, name):
        return [("PUBLIC", "SYS" if name == "CATALOG" else "CRM", f"{name}_T", None)]

    found = Dictionary(
        all_tab_columns=lambda _query, _owner, name: [column("A")] if name.endswith("_T") else [],
        all_synonyms=synonyms,
    )
    assert read_table(found, "APP", "PEOPLE").name == "PEOPLE_T"
    assert read_table(found, "APP", "CATALOG") is None


def test_synonyms_in_a_circle_lead_nowhere():
    circle = {"A": ("APP", "APP", "B", None), "B": ("APP", "APP", "A", None)}
    found = Dictionary(all_synonyms=lambda _query, _owner, name: [circle[name]])
    assert read_table(found, "APP", "A") is None
    itself = Dictionary(all_synonyms=[("APP", "APP", "T", None)])
    assert read_table(itself, "APP", "T") is None
    assert itself.asked.count("all_synonyms") == 1


def test_a_synonym_over_a_database_link_stops_the_load():
    with pytest.raises(LoadError, match=r"APP\.T.*database link"):
        read_table(Dictionary(all_synonyms=[("APP", "CRM", "PEOPLE", "REMOTE")]), "APP", "T")
    public = Dictionary(all_synonyms=[("PUBLIC", "CRM", "PEOPLE", "REMOTE")])
    assert read_table(public, "APP", "T") is None


def test_a_table_without_defaults_takes_three_queries():
    dictionary = Dictionary(all_tab_columns=[column("A")], all_objects=[("TABLE", "N")])
    read_table(dictionary, "APP", "T")
    assert dictionary.asked == ["all_tab_columns", "all_constraints", "all_objects"]


def test_without_the_joins_the_same_is_asked_for_query_by_query():
    def unjoined(rows):
        return lambda query, *_binds: 933 if "JOIN" in query else rows

    dictionary = Dictionary(
        all_tab_columns=unjoined([column("A"), column("B")]),
        all_objects=unjoined([("VIEW", "N")]),
        all_col_comments=[("A", "the a")],
        all_tab_comments=[("t",)],
        all_tab_cols=[("A", None, "NO", "NO"), ("B", 20, "NO", "YES")],
    )
    table = read_table(dictionary, "APP", "T")
    assert table.columns == (
        Column("A", NUMBER, comment="the a"),
        Column("B", NUMBER, has_default=True, generated=True),
    )
    assert (table.comment, table.is_view) == ("t", True)


# Servers.


def server(*, extended=False, context=("JOE", "APP"), charset="AL32UTF8", listed=()):
    """
    Views of a server that says who we are, its character set, and whether a text of 4001 bytes is a type.

    None for a view that it refuses.
    """

    def dual(query, *_binds):
        if "SYS_CONTEXT" in query:
            return [context] if context else 1031
        return [("a",)] if extended else 910

    def parameters(query, *_binds):
        if "SYS_CONTEXT" not in query:
            return [(charset,)] if charset else 942
        if None in (context, charset):
            return 942
        if "CAST" in query and not extended:
            return 910
        return [(*context, "a" if extended else None, charset)]

    return Dictionary(dual=dual, nls_database_parameters=parameters, all_tables=list(listed))


def test_a_server_says_what_it_can_do():
    said = read_server(server(charset="WE8MSWIN1252"))
    assert said.version == (19, 3, 0, 0, 0)
    assert (said.max_string_bytes, said.max_name_bytes, said.charset) == (4000, 128, "WE8MSWIN1252")
    assert (said.user, said.schema) == ("JOE", "APP")


@pytest.mark.parametrize(("extended", "queries"), [(True, 1), (False, 2)])
def test_a_server_takes_one_query_and_another_to_know_its_texts_are_short(extended, queries):
    dictionary = server(extended=extended)
    read_server(dictionary)
    assert len(dictionary.asked) == queries


@pytest.mark.parametrize("charset", ["WE8MSWIN1252", None])
def test_extended_strings_are_found_out_by_asking_for_one(charset):
    assert read_server(server(extended=True, charset=charset)).max_string_bytes == 32767


def test_whether_loads_keep_a_list_of_what_is_off_is_asked_along():
    for listed in ([], [("TARGET_ORACLE_SUSPENDED",)]):
        dictionary = server(extended=True, listed=listed)
        assert read_server(dictionary, "OPS").has_suspended is bool(listed)
        assert len(dictionary.asked) == 1


def test_a_server_that_says_nothing_gets_the_safe_answers():
    said = read_server(server(context=None, charset=None))
    assert said.has_suspended
    assert (said.charset, said.user, said.schema) == ("AL32UTF8", "APP", "APP")
    assert said.max_string_bytes == 4000


def test_names_are_short_where_the_server_does_not_say_otherwise():
    dictionary = server()
    dictionary.max_identifier_length = None
    assert read_server(dictionary).max_name_bytes == 30


def test_answers_come_in_one_round_trip():
    dictionary = Dictionary(all_tab_columns=[column("A")])
    read_table(dictionary, "APP", "T")
    assert dictionary.prefetchrows > dictionary.arraysize >= 1000


@pytest.mark.parametrize(
    ("charset", "told"), [("WE8EBCDIC37", True), ("WE8MSWIN1252", False), ("AL32UTF8", False)]
)
def test_a_character_set_that_nothing_is_known_of_is_told(charset, told, caplog):
    read_server(server(charset=charset))
    assert ("is not known" in caplog.text) is told
