"""
Databases outside Unicode: what their character set lacks is replaced without a word, as Oracle does.
"""

from __future__ import annotations

from contextlib import ExitStack, closing

import oracledb
import pytest

from tests.standin.options import Options
from tests.standin.server import StandIn


@pytest.fixture
def ask():
    """
    A factory of cursors on a database of a character set.
    """
    with ExitStack() as opened:

        def start(charset):
            server = opened.enter_context(StandIn(Options(version=19, charset=charset)))
            connection = oracledb.connect(user="app", password="secret", dsn=server.dsn)
            return opened.enter_context(closing(connection)).cursor()

        yield start


@pytest.mark.parametrize(
    ("charset", "kept"),
    [
        ("AL32UTF8", "é € Ž 日 \U0001f600"),
        ("WE8MSWIN1252", "é € Ž ¿ ¿"),
        ("WE8ISO8859P15", "é € Ž ¿ ¿"),
        ("US7ASCII", "? ? ? ? ?"),
    ],
)
@pytest.mark.parametrize("type_", ["VARCHAR2(40)", "CLOB", "CHAR(9 CHAR)"])
def test_what_the_character_set_lacks_is_replaced(ask, charset, kept, type_):
    cursor = ask(charset)
    cursor.execute(f"CREATE TABLE t (a {type_})")
    cursor.execute("INSERT INTO t VALUES (:1)", ["é € Ž 日 \U0001f600"])
    cursor.execute("INSERT INTO t VALUES ('é € Ž 日 \U0001f600')")
    cursor.execute("SELECT a FROM t", fetch_lobs=False)
    assert [row[0] for row in cursor] == [kept, kept]


def test_bytes_are_those_of_the_character_set(ask):
    cursor = ask("WE8MSWIN1252")
    cursor.execute("CREATE TABLE t (a VARCHAR2(3 BYTE), b VARCHAR2(9 CHAR))")
    cursor.execute("INSERT INTO t VALUES (:1, 'x')", ["€€€"])
    with pytest.raises(oracledb.DatabaseError, match=r"ORA-12899.*actual: 4, maximum: 3"):
        cursor.execute("INSERT INTO t VALUES (:1, 'x')", ["€€€€"])
    cursor.execute("SELECT LENGTHB(a), CAST(a AS VARCHAR2(2)) FROM t")
    assert cursor.fetchone() == (3, "€€")
    cursor.execute("SELECT data_length FROM user_tab_columns WHERE column_name = 'B'")
    assert cursor.fetchone() == (9,)


def test_the_dictionary_tells_the_character_set(ask):
    cursor = ask("WE8ISO8859P15")
    cursor.execute("SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'")
    assert cursor.fetchone() == ("WE8ISO8859P15",)
    cursor.execute("SELECT SYS_CONTEXT('USERENV', 'LANGUAGE') FROM dual")
    assert cursor.fetchone() == ("AMERICAN_AMERICA.WE8ISO8859P15",)


def test_national_text_keeps_every_character(ask):
    cursor = ask("US7ASCII")
    cursor.execute("CREATE TABLE t (a NVARCHAR2(9), b NVARCHAR2(9))")
    cursor.setinputsizes(oracledb.DB_TYPE_NVARCHAR, oracledb.DB_TYPE_VARCHAR)
    cursor.execute("INSERT INTO t VALUES (:1, :2)", ["日本", "日本"])
    cursor.execute("SELECT a, b FROM t")
    assert cursor.fetchone() == ("日本", "??")


def test_a_direct_path_load_is_refused(ask):
    cursor = ask("WE8MSWIN1252")
    cursor.execute("CREATE TABLE t (a VARCHAR2(9))")
    with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
        cursor.connection.direct_path_load("APP", "T", ["A"], [("x",)])
