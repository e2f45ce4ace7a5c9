"""
What `--check` says of servers that no test can start: other charsets, quotas, clocks, unreadable views.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import oracledb
import pytest

from target_oracle.oracle.examination import Needs, examine


class Dictionary:
    """
    A session and its connection at once: it answers each query by the first word of *answers* found in it.

    An answer of None is a refusal with ORA-00942.
    """

    version = "19.24.0.0.0"
    username = "app"
    max_identifier_length = 128

    def __init__(self, **answers):
        self.connection = self
        self.answers = {
            "SESSION_USER": [("APP", "APP", None, "AL32UTF8", None)],
            "CAST(": None,
            "session_privs": [("CREATE SESSION",), ("CREATE TABLE",)],
            "user_users": [("USERS",)],
            "user_ts_quotas": [(1 << 20, -1)],
            "user_free_space": [(1 << 40,)],
            "COUNT(*)": [(2,)],
            "LENGTH": [(256_000,)],
            "SYS_EXTRACT_UTC": [(datetime.now(timezone.utc).replace(tzinfo=None),)],
            **answers,
        }

    def rows(self, sql, _binds=()):
        found = next((rows for word, rows in self.answers.items() if word in sql), None)
        if found is None:
            raise oracledb.DatabaseError("ORA-00942: table or view does not exist")
        return found

    def cursor(self):
        return self

    def __enter__(self):  # noqa: D105
        return self

    def __exit__(self, *_):  # noqa: D105
        return None

    def execute(self, sql, binds):
        self._found = self.rows(sql, binds)

    def fetchall(self):
        return self._found

    def is_healthy(self):
        return True

    def ping(self):
        return None


def finding(name, needs=None, **answers):
    return {one.name: one for one in examine(Dictionary(**answers), needs or Needs())}[name]


def test_a_good_server_has_nothing_to_mend():
    found = list(examine(Dictionary(), Needs(ledger_table="TARGET_ORACLE_LEDGER")))
    assert [one for one in found if one.level not in ("ok", "unknown")] == []


def test_a_server_that_answers_no_view_is_not_called_bad():
    nothing = dict.fromkeys(Dictionary().answers)
    found = list(examine(Dictionary(**nothing), Needs(ledger_table="TARGET_ORACLE_LEDGER")))
    assert [one for one in found if one.level == "failed"] == []


def test_a_character_set_that_lacks_characters_is_a_warning_that_names_the_right_one():
    found = finding("character set", SESSION_USER=[("APP", "APP", None, "WE8MSWIN1252", None)])
    assert found.level == "warning"
    assert "AL32UTF8" in found.cure


@pytest.mark.parametrize(
    ("how", "order", "warned"),
    [
        ("BINARY", "BINARY_CI", False),
        ("LINGUISTIC", "BINARY", False),
        ("LINGUISTIC", "BINARY_CI", True),
        ("ANSI", "GERMAN", True),
    ],
)
def test_keys_that_the_session_does_not_tell_apart_are_a_warning(how, order, warned):
    answers = {"nls_session_parameters": [("NLS_COMP", how), ("NLS_SORT", order)]}
    found = [one for one in examine(Dictionary(**answers), Needs()) if one.name == "comparison"]
    assert [one.level for one in found] == ["warning"] * warned


def test_a_missing_create_table_comes_with_its_grant():
    found = finding("CREATE TABLE", session_privs=[("CREATE SESSION",)])
    assert (found.level, found.cure) == ("failed", 'GRANT CREATE TABLE TO "APP"')


def test_no_create_table_is_needed_where_the_dba_makes_the_tables():
    names = [one.name for one in examine(Dictionary(session_privs=[]), Needs(ddl=False))]
    assert "CREATE TABLE" not in names


@pytest.mark.parametrize(
    ("quota", "level"),
    [
        pytest.param([], "failed", id="none"),
        pytest.param([(1 << 30, 1 << 30)], "failed", id="used-up"),
        pytest.param([((1 << 30) - 1, 1 << 30)], "warning", id="nearly-used-up"),
        pytest.param([(0, 1 << 30)], "ok", id="enough"),
        pytest.param([(1 << 30, -1)], "ok", id="unlimited"),
    ],
)
def test_a_quota_that_does_not_do_comes_with_its_statement(quota, level):
    found = finding("quota", user_ts_quotas=quota)
    assert found.level == level
    assert found.cure == (None if level == "ok" else 'ALTER USER "APP" QUOTA UNLIMITED ON "USERS"')


def test_unlimited_tablespace_needs_no_quota():
    privileges = [("CREATE TABLE",), ("UNLIMITED TABLESPACE",)]
    assert finding("quota", session_privs=privileges, user_ts_quotas=[]).level == "ok"


def test_a_full_tablespace_is_a_warning():
    assert finding("free space", user_free_space=[(1 << 20,)]).level == "warning"


def test_a_schema_that_is_no_user_is_said():
    found = finding("schema DW", Needs(owners=("DW",)), all_users=[])
    assert found.level == "failed"
    assert found.cure.startswith('CREATE USER "DW"')


def test_what_is_missing_in_the_schema_of_another_user_is_one_grant():
    found = finding("schema DW", Needs(owners=("DW",)), all_users=[("DW",)])
    assert found.cure.startswith(
        "GRANT CREATE ANY TABLE, CREATE ANY INDEX, ALTER ANY TABLE, COMMENT ANY TABLE, SELECT ANY TABLE"
    )


@pytest.mark.parametrize("overwrites", [False, True])
def test_an_overwrite_in_the_schema_of_another_user_drops_its_work_tables(overwrites):
    found = finding("schema DW", Needs(owners=("DW",), overwrites=overwrites), all_users=[("DW",)])
    assert ("DROP ANY TABLE" in found.cure) is overwrites


def test_privileges_on_a_whole_schema_count():
    verbs = ("CREATE", "ALTER", "COMMENT", "SELECT", "INSERT", "UPDATE", "DELETE")
    granted = [("CREATE ANY INDEX",), *((f"{verb} ANY TABLE",) for verb in verbs)]
    needs = Needs(owners=("DW",))
    assert finding("schema DW", needs, all_users=[("DW",)], session_schema_privs=granted).level == "ok"


@pytest.mark.parametrize(("count", "level"), [(0, "failed"), (3, "ok")])
def test_tables_that_a_dba_made_need_a_grant_each(count, level):
    needs = Needs(owners=("DW",), ddl=False)
    assert finding("schema DW", needs, all_users=[("DW",)], all_tab_privs=[(count,)]).level == level


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (-300, "warning"), (300, "warning")])
def test_clocks_that_are_far_apart_are_said(seconds, level):
    there = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(seconds=seconds)
    found = finding("clock", SYS_EXTRACT_UTC=[(there,)])
    assert found.level == level
    assert ("behind" in found.value, "ahead" in found.value) == (seconds < 0, seconds > 0)


def test_a_loader_that_ran_before_is_found_in_the_ledger():
    row = [(7, 700, "run 0123456789ab on host (pid 1)")]
    found = finding("loader_id", Needs(ledger_table="L", loader_id="orders"), **{'"CHECKPOINT"': row})
    assert found.value.startswith("orders: 7 checkpoints, 700 rows in the last run")


def test_no_ledger_is_a_warning():
    assert finding("ledger").level == "warning"
