"""
Plans as a DBA gets them.
"""

from __future__ import annotations

import json

from target_oracle.oracle.evolve import plan
from target_oracle.oracle.script import Planned, as_json, as_sqlplus
from target_oracle.oracle.table import Table
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.oracle.wanted import Wanted, WantedColumn
from tests.unit.hostile import HOSTILE

SERVER = Server((19,), user="APP", schema="APP")
TEXT = OracleType("VARCHAR2", 10, char=True)


def wanted(*names, stream="t"):
    return Wanted("APP", "T", tuple(WantedColumn(name, TEXT) for name in names), stream)


def statements(script):
    """
    What SQL*Plus takes for statements: lines up to one that ends in a semicolon, without its own commands.
    """
    lines = [line for line in script.splitlines() if not line.startswith(("--", "SET ", "WHENEVER "))]
    found, current = [], []
    for line in lines:
        current.append(line)
        if line.endswith(";"):
            found.append("\n".join(current).strip()[:-1])
            current = []
    assert not "".join(current).strip()
    return found


def unbroken(statement):
    return statement.replace(",\n  ", ", ")


def test_a_script_holds_the_statements_each_with_its_end():
    evolution = plan(wanted("a", "b"), None, SERVER)
    script = as_sqlplus({"t": Planned(evolution)})
    assert [unbroken(statement) for statement in statements(script)] == list(evolution.ddl)


def test_an_ampersand_in_a_name_asks_nobody_for_a_value():
    script = as_sqlplus({"t": Planned(plan(wanted("a&b"), None, SERVER))})
    assert script.startswith("SET DEFINE OFF\n")
    assert "IS 'a&b'" in script


def test_a_refused_statement_ends_the_script():
    assert "WHENEVER SQLERROR EXIT FAILURE" in as_sqlplus({})


def test_hostile_names_end_no_statement_early():
    evolution = plan(wanted(*HOSTILE, stream="; DROP"), None, SERVER)
    script = as_sqlplus({"; DROP\n/\n": Planned(evolution)})
    assert [unbroken(statement) for statement in statements(script)] == list(evolution.ddl)


def test_no_line_is_longer_than_sqlplus_takes():
    names = [f"{'é' * 100}{n}" for n in range(999)] + ["'" * 5000]
    script = as_sqlplus({"t": Planned(plan(wanted(*names), None, SERVER))})
    assert max(map(len, script.splitlines())) < 2500


def test_what_ddl_cannot_help_is_a_remark():
    table = Table("APP", "T", (Column("A", TEXT, nullable=False), Column("B", OracleType("DATE"))))
    evolution = plan(wanted("b"), table, SERVER)
    script = as_sqlplus({"t": Planned(evolution)})
    assert "-- cannot be loaded: column A is NOT NULL" in script
    assert statements(script) != []


def test_a_table_that_needs_nothing_is_a_remark():
    evolution = plan(wanted("a"), plan(wanted("a"), None, SERVER).table, SERVER)
    assert "-- nothing to do" in as_sqlplus({"t": Planned(evolution)})
    assert statements(as_sqlplus({"t": Planned(evolution)})) == []


def test_json_tells_columns_statements_notices_and_problems():
    evolution = plan(wanted("a"), None, SERVER)
    planned = Planned(evolution, after=("CREATE INDEX",), during=("ALTER INDEX",))
    (told,) = json.loads(as_json({"s": planned}))["streams"]
    assert told == {
        "stream": "s",
        "owner": "APP",
        "table": "T",
        "columns": {"a": {"column": "A", "type": "VARCHAR2(10 CHAR)"}},
        "ddl": [*evolution.ddl, "CREATE INDEX"],
        "ddl_of_the_load": ["ALTER INDEX"],
        "notices": [],
        "problems": [],
    }


def test_json_is_valid_whatever_the_names():
    text = as_json({"t": Planned(plan(wanted(*HOSTILE), None, SERVER))})
    told = json.loads(text.encode())
    assert set(told["streams"][0]["columns"]) == set(HOSTILE)
