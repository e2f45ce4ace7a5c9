"""
Rows of the dictionary -> tables and servers, also where a server refuses to tell.
"""

from __future__ import annotations

import re
from contextlib import contextmanager

import oracledb
import pytest

from target_oracle.errors import LoadError
from target_oracle.oracle.dictionary import read_server, read_table, read_table_comment
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
        rows = self.views.get(view, [])
        rows = rows(query, *binds) if callable(rows) else rows
        if isinstance(rows, int):
            raise oracledb.DatabaseError(f"ORA-{rows:05d}: refused")
        self.rows = rows

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
    dictionary = Dictionary(all_tab_columns=[column("A")], **dict.fromkeys(refused, code))
    if code == 904:

        def columns(query, *_binds):
            return code if "default_length" in query else [column("A")]

        dictionary.views["all_tab_columns"] = columns
    else:
        dictionary.views["all_tab_columns"] = lambda query, *_: (
            [] if "default_length" in query else [column("A")]
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


def test_the_comment_of_a_table_alone_can_be_read():
    assert read_table_comment(Dictionary(all_tab_comments=[("orders",)]), "APP", "T") == "orders"
    assert read_table_comment(Dictionary(all_tab_comments=[(None,)]), "APP", "T") is None
    assert read_table_comment(Dictionary(), "APP", "T") is None


# Servers.


def dual(*, extended, context=("JOE", "APP")):
    """
    Answers of DUAL: who we are, and whether a text of 4001 bytes is a type.
    """

    def answer(query, *_binds):
        if "SYS_CONTEXT" in query:
            return [context] if context else 1031
        return [("a",)] if extended else 910

    return answer


def test_a_server_says_what_it_can_do():
    server = read_server(
        Dictionary(dual=dual(extended=False), nls_database_parameters=[("WE8MSWIN1252",)]),
    )
    assert server.version == (19, 3, 0, 0, 0)
    assert (server.max_string_bytes, server.max_name_bytes, server.charset) == (4000, 128, "WE8MSWIN1252")
    assert (server.user, server.schema) == ("JOE", "APP")


def test_extended_strings_are_found_out_by_asking_for_one():
    assert read_server(Dictionary(dual=dual(extended=True))).max_string_bytes == 32767


def test_a_server_that_says_nothing_gets_the_safe_answers():
    server = read_server(Dictionary(dual=dual(extended=False, context=None), nls_database_parameters=942))
    assert (server.charset, server.user, server.schema) == ("AL32UTF8", "APP", "APP")


def test_names_are_short_where_the_server_does_not_say_otherwise():
    dictionary = Dictionary(dual=dual(extended=False))
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
    read_server(Dictionary(dual=dual(extended=False), nls_database_parameters=[(charset,)]))
    assert ("is not known" in caplog.text) is told
