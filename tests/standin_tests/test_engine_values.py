"""
Types: what a column keeps, what it rounds, what it refuses and how it says so.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.standin.values import Bind, OracleError
from tests.standin_tests.asking import asking, moment

UTC = timezone.utc
PLUS_TWO = timezone(timedelta(hours=2))


@pytest.fixture(params=[19, 23])
def ask(request):
    return asking(request.param)


@pytest.mark.parametrize(
    ("type_", "given", "kept"),
    [
        ("NUMBER", Decimal("1E-30"), Decimal("1E-30")),
        ("NUMBER(38)", 10**38 - 1, Decimal(10**38 - 1)),
        ("NUMBER(5,2)", Decimal("1.005"), Decimal("1.01")),
        ("NUMBER(*,1)", Decimal("1.25"), Decimal("1.3")),
        ("INTEGER", Decimal("1.5"), Decimal(2)),
        ("FLOAT(10)", Decimal("1.23456"), Decimal("1.235")),
        ("NUMBER", "12.5", Decimal("12.5")),
        ("NUMBER", "", None),
        ("VARCHAR2(10)", "", None),
        ("VARCHAR2(10)", "ключ", "ключ"),
        ("VARCHAR2(4 CHAR)", "ключ", "ключ"),
        ("VARCHAR2(10)", "a  ", "a  "),
        ("VARCHAR2(10)", 12, "12"),
        ("VARCHAR2(10)", Decimal("-0.5"), "-.5"),
        ("VARCHAR2(10)", "a\0b", "a\0b"),
        ("CHAR(3)", "a", "a  "),
        ("NVARCHAR2(2)", "ключ"[:2], "кл"),
        ("CLOB", "x" * 5000, "x" * 5000),
        ("CLOB", "", None),
        ("RAW(4)", b"\x01\xff", b"\x01\xff"),
        ("RAW(4)", "01ff", b"\x01\xff"),
        ("BLOB", b"\0" * 3000, b"\0" * 3000),
        ("DATE", moment(2024, 2, 29, 23, 59, 59, 999999), moment(2024, 2, 29, 23, 59, 59)),
        ("TIMESTAMP", moment(2024, 2, 29, 1, 2, 3, 456789), moment(2024, 2, 29, 1, 2, 3, 456789)),
        ("TIMESTAMP(3)", moment(2024, 12, 31, 23, 59, 59, 999500), moment(2025, 1, 1)),
        ("TIMESTAMP(0)", moment(2024, 1, 1, 0, 0, 0, 499999), moment(2024, 1, 1)),
        (
            "TIMESTAMP WITH TIME ZONE",
            datetime(2024, 1, 1, 12, tzinfo=PLUS_TWO),
            datetime(2024, 1, 1, 12, tzinfo=PLUS_TWO),
        ),
        (
            "TIMESTAMP WITH LOCAL TIME ZONE",
            datetime(2024, 1, 1, 12, tzinfo=PLUS_TWO),
            moment(2024, 1, 1, 10),
        ),
        ("TIMESTAMP", datetime(2024, 1, 1, 12, tzinfo=PLUS_TWO), moment(2024, 1, 1, 12)),
        ("BINARY_DOUBLE", math.inf, math.inf),
        ("BINARY_DOUBLE", 0.1, 0.1),
        ("BINARY_DOUBLE", Decimal("0.1"), 0.1),
        ("BINARY_FLOAT", 0.1, 0.10000000149011612),
        ("INTERVAL DAY TO SECOND", timedelta(days=-1, microseconds=5), timedelta(days=-1, microseconds=5)),
    ],
)
def test_a_column_keeps_a_value(ask, type_, given, kept):
    ask.run(f"CREATE TABLE t (c {type_})")
    ask.run("INSERT INTO t VALUES (:1)", given)
    assert ask.one("SELECT c FROM t") == kept
    ask.run("UPDATE t SET c = :1", given)
    assert ask.one("SELECT c FROM t") == kept


def test_not_a_number_is_kept(ask):
    ask.run("CREATE TABLE t (c BINARY_DOUBLE)")
    ask.run("INSERT INTO t VALUES (:1)", math.nan)
    assert math.isnan(ask.one("SELECT c FROM t"))


@pytest.mark.parametrize(
    ("type_", "given", "code"),
    [
        ("NUMBER(3)", 1000, 1438),
        ("NUMBER(5,2)", Decimal("999.995"), 1438),
        ("NUMBER", "x", 1722),
        ("NUMBER", "1,5", 1722),
        ("NUMBER", moment(2024, 1, 1), 932),
        ("NUMBER", b"\x01", 932),
        ("DATE", 5, 932),
        ("DATE", "2024-01-31", 1861),
        ("DATE", "31-XXX-24", 1843),
        ("DATE", "xx-JAN-24", 1858),
        ("DATE", "30-FEB-24", 1839),
        ("TIMESTAMP", "soon", 1858),
        ("VARCHAR2(3)", "abcd", 12899),
        ("VARCHAR2(3)", "кл", 12899),
        ("VARCHAR2(3 CHAR)", "ключ", 12899),
        ("CHAR(2)", "abc", 12899),
        ("VARCHAR2(2)", 100, 12899),
        ("RAW(1)", b"\x01\x02", 12899),
        ("RAW(10)", "xyz", 1465),
        ("VARCHAR2(10)", moment(2024, 1, 1), 12899),
        ("INTERVAL DAY TO SECOND", timedelta(days=100), 1873),
    ],
)
def test_a_column_refuses_a_value(ask, type_, given, code):
    ask.run(f"CREATE TABLE t (c {type_})")
    assert ask.code("INSERT INTO t VALUES (:1)", given) == code


def test_a_string_finds_its_date_through_the_sessions_format(ask):
    ask.run("CREATE TABLE t (c DATE)")
    ask.run("ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD'")
    ask.run("INSERT INTO t VALUES (:1)", "2024-01-31")
    assert ask.one("SELECT c FROM t") == moment(2024, 1, 31)


def test_the_decimal_character_is_the_sessions(ask):
    ask.run("ALTER SESSION SET NLS_NUMERIC_CHARACTERS = ',.'")
    assert ask.value("TO_NUMBER('1,5')") == Decimal("1.5")
    assert ask.value("TO_CHAR(1.5)") == "1,5"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("CREATE TABLE t (c VARCHAR2(4001))", 910),
        ("CREATE TABLE t (c VARCHAR2(4001 CHAR))", 910),
        ("CREATE TABLE t (c RAW(2001))", 910),
        ("CREATE TABLE t (c CHAR(2001))", 910),
        ("CREATE TABLE t (c VARCHAR2(0))", 1723),
        ("CREATE TABLE t (c VARCHAR2)", 906),
        ("CREATE TABLE t (c NUMBER(39))", 1727),
        ("CREATE TABLE t (c NUMBER(10,128))", 1728),
        ("CREATE TABLE t (c TIMESTAMP(10))", 30088),
        ("CREATE TABLE t (c TEXT)", 902),
        ("SELECT CAST('a' AS VARCHAR2(4001)) FROM dual", 910),
    ],
)
def test_a_type_that_cannot_be_declared_is_refused(ask, statement, code):
    assert ask.code(statement) == code


def test_extended_strings_have_32767_bytes():
    ask = asking(19, max_string_size="extended")
    ask.run("CREATE TABLE t (c VARCHAR2(32767))")
    ask.run("INSERT INTO t VALUES (:1)", "x" * 32767)
    assert ask.one("SELECT LENGTH(c) FROM t") == 32767
    assert ask.code("CREATE TABLE u (c VARCHAR2(32768))") == 910


@pytest.mark.parametrize(("version", "types"), [(19, ["BOOLEAN", "JSON"]), (21, ["BOOLEAN"])])
def test_a_type_of_a_later_version_is_902(version, types):
    ask = asking(version)
    for type_ in types:
        assert ask.code(f"CREATE TABLE t (c {type_})") == 902


def test_boolean_columns_of_23():
    ask = asking(23)
    ask.run("CREATE TABLE t (c BOOLEAN)")
    for value in (True, False, None, 1, "yes"):
        ask.run("INSERT INTO t VALUES (:1)", value)
    assert ask.column("SELECT c FROM t") == [True, False, None, True, True]
    assert ask.column("SELECT c FROM t WHERE c") == [True, True, True]
    assert ask.code("INSERT INTO t VALUES (:1)", "perhaps") == 61800


def test_json_columns_keep_the_text_of_numbers():
    ask = asking(21)
    ask.run("CREATE TABLE t (c JSON)")
    ask.run("INSERT INTO t VALUES (:1)", '{"a": [1.50, 12345678901234567890.123]}')
    assert ask.one("SELECT c FROM t") == {"a": [Decimal("1.50"), Decimal("12345678901234567890.123")]}
    ask.run("INSERT INTO t VALUES (:1)", {"b": [True, None]}, binds=[Bind("JSON")])
    assert ask.column("SELECT c FROM t")[1] == {"b": [True, None]}
    assert ask.code("INSERT INTO t VALUES (:1)", "{") == 40441


@pytest.mark.parametrize(
    ("version", "text", "fits"), [(19, "[1]", True), (19, "1", False), (21, "1", True), (23, "{", False)]
)
def test_is_json_checks_what_is_json_for_the_version(version, text, fits):
    ask = asking(version)
    ask.run("CREATE TABLE t (c CLOB, CONSTRAINT jj CHECK (c IS JSON))")
    if fits:
        ask.run("INSERT INTO t VALUES (:1)", text)
        assert ask.one("SELECT c FROM t") == text
    else:
        assert ask.code("INSERT INTO t VALUES (:1)", text) == 2290
    ask.run("INSERT INTO t VALUES (:1)", None)


@pytest.mark.parametrize(
    ("version", "statement", "row", "text"),
    [
        (
            19,
            "INSERT INTO t (id) VALUES (:1)",
            (1,),
            "ORA-00001: unique constraint (APP.PK) violated",
        ),
        (
            23,
            "INSERT INTO t (id) VALUES (:1)",
            (1,),
            (
                "ORA-00001: unique constraint (APP.PK) violated on table APP.T columns (ID)\n"
                "ORA-03301: (ORA-00001 details) row with column values (ID:1) already exists"
            ),
        ),
        (
            19,
            "INSERT INTO t (id) VALUES (:1)",
            (None,),
            'ORA-01400: cannot insert NULL into ("APP"."T"."ID")',
        ),
        (19, "UPDATE t SET id = :1", (None,), 'ORA-01407: cannot update ("APP"."T"."ID") to NULL'),
        (
            19,
            "INSERT INTO t (id, n) VALUES (2, :1)",
            (1000,),
            "ORA-01438: value larger than specified precision allowed for this column",
        ),
        (
            23,
            "INSERT INTO t (id, n) VALUES (2, :1)",
            (1000,),
            "ORA-01438: value 1000 greater than specified precision (3, 0) for column N",
        ),
        (
            19,
            "INSERT INTO t (id, s) VALUES (2, :1)",
            ("abcd",),
            'ORA-12899: value too large for column "APP"."T"."S" (actual: 4, maximum: 3)',
        ),
        (19, "INSERT INTO t (id, n) VALUES (2, :1)", ("x",), "ORA-01722: invalid number"),
        (19, "SELECT 1 FROM nix", (), "ORA-00942: table or view does not exist"),
        (23, "SELECT 1 FROM nix", (), 'ORA-00942: table or view "APP"."NIX" does not exist'),
        (19, "SELECT t.nix FROM t", (), 'ORA-00904: "T"."NIX": invalid identifier'),
        (23, "SELECT nix FROM t", (), 'ORA-00904: "NIX": invalid identifier'),
    ],
)
def test_texts_are_those_of_the_version(version, statement, row, text):
    ask = asking(version)
    ask.run("CREATE TABLE t (id NUMBER, n NUMBER(3), s VARCHAR2(3), CONSTRAINT pk PRIMARY KEY (id))")
    ask.run("INSERT INTO t (id) VALUES (1)")
    assert ask.refusal(statement, *row).message == text


LONG_TEXT = "x" * 4001


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t (id, c) SELECT 1, :1 FROM dual",
        (
            "MERGE INTO t USING (SELECT :1 AS c FROM dual) s ON (t.id = 5)"
            " WHEN NOT MATCHED THEN INSERT (id, c) VALUES (5, s.c)"
        ),
        "SELECT :1 FROM dual",
        "UPDATE t SET c = TO_CLOB(:1)",
        "SELECT 1 FROM t WHERE v = :1",
    ],
)
def test_long_text_in_an_expression_is_1461(ask, statement):
    ask.run("CREATE TABLE t (id NUMBER, c CLOB, v VARCHAR2(4000))")
    ask.run("INSERT INTO t (id) VALUES (1)")
    assert ask.code(statement, LONG_TEXT) == 1461
    if not statement.startswith("SELECT 1 "):
        ask.run(statement, LONG_TEXT[1:])


def test_a_long_bind_is_never_part_of_an_expression(ask):
    """
    However short its text is: a LONG may only go into a column as it is.
    """
    ask.run("CREATE TABLE t (id NUMBER, c CLOB)")
    long_bind = [Bind("LONG", 100)]
    assert ask.code("INSERT INTO t (c) SELECT :1 FROM dual", "short", binds=long_bind) == 1461
    ask.run("INSERT INTO t (c) VALUES (:1)", LONG_TEXT, binds=long_bind)
    ask.run("UPDATE t SET c = :1", "other", binds=long_bind)
    assert ask.column("SELECT c FROM t") == ["other"]


def test_long_text_goes_straight_into_lobs_only(ask):
    ask.run("CREATE TABLE t (c CLOB, v VARCHAR2(4000))")
    ask.run("INSERT INTO t (c) VALUES (:1)", "я" * 100_000)
    assert ask.one("SELECT DBMS_LOB.GETLENGTH(c) FROM t") == 100_000
    assert ask.code("INSERT INTO t (v) VALUES (:1)", LONG_TEXT) == 1461
    assert ask.code("UPDATE t SET v = :1", LONG_TEXT) == 1461


@pytest.mark.parametrize("type_", ["CLOB", "BLOB", "TIMESTAMP WITH TIME ZONE", "LONG"])
def test_no_key_over_a_type_that_has_none(ask, type_):
    assert ask.code(f"CREATE TABLE t (c {type_} PRIMARY KEY)") == 2329
    assert ask.code(f"CREATE TABLE t (c {type_}, UNIQUE (c))") == 2329


def test_a_key_is_as_long_as_its_columns_may_be(ask):
    ask.run("CREATE TABLE a (x VARCHAR2(4000), y VARCHAR2(2000), PRIMARY KEY (x, y))")
    assert ask.code("CREATE TABLE b (x VARCHAR2(4000), y VARCHAR2(4000), PRIMARY KEY (x, y))") == 1450
    assert (
        ask.code("CREATE TABLE b (x VARCHAR2(1000 CHAR), y VARCHAR2(1000 CHAR), PRIMARY KEY (x, y))") == 1450
    )


def test_partly_null_keys_are_unique_too(ask):
    ask.run("CREATE TABLE t (a NUMBER, b NUMBER, UNIQUE (a, b))")
    ask.run("INSERT INTO t VALUES (1, NULL)")
    assert ask.code("INSERT INTO t VALUES (1, NULL)") == 1
    for _ in range(2):
        ask.run("INSERT INTO t VALUES (NULL, NULL)")


def test_long_text_in_a_merge_is_refused_for_the_whole_array(ask):
    ask.run("CREATE TABLE t (id NUMBER PRIMARY KEY, v VARCHAR2(4000))")
    merge = (
        "MERGE INTO t USING (SELECT :1 AS id, :2 AS v FROM dual) s ON (t.id = s.id)"
        " WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)"
    )
    binds = [Bind("NUMBER"), Bind("VARCHAR", 20000)]
    with pytest.raises(OracleError) as refused:
        ask.many(merge, binds, [(1, "a"), (2, LONG_TEXT)], batch_errors=True)
    assert (refused.value.code, refused.value.rowcount) == (1461, 0)
    outcome = ask.many("INSERT INTO t VALUES (:1, :2)", binds, [(1, "a"), (2, LONG_TEXT)], batch_errors=True)
    assert [(offset, code) for offset, code, _ in outcome.batch_errors] == [(1, 1461)]
