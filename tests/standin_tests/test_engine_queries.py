"""
Queries: what SELECT finds, computes, orders and refuses.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.standin_tests.asking import asking, moment

NOON = moment(2024, 3, 10, 12, 30, 15)


@pytest.fixture(scope="module")
def ask():
    found = asking(19)
    found.run(
        "CREATE TABLE emp (id NUMBER PRIMARY KEY, name VARCHAR2(20), dept NUMBER, pay NUMBER(8,2), born DATE)"
    )
    for row in (
        (1, "ann", 10, Decimal("100.50"), moment(1990, 1, 1)),
        (2, "bob", 10, Decimal(200), moment(1980, 6, 15)),
        (3, "cid", 20, Decimal(300), None),
        (4, "dan", None, None, moment(2000, 12, 31)),
    ):
        found.run("INSERT INTO emp VALUES (:1, :2, :3, :4, :5)", *row)
    found.run("CREATE TABLE dept (id NUMBER, name VARCHAR2(20))")
    for row in ((10, "it"), (30, "hr")):
        found.run("INSERT INTO dept VALUES (:1, :2)", *row)
    found.session.commit()
    return found


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT name FROM emp WHERE dept = 10 ORDER BY name DESC", ["bob", "ann"]),
        ("SELECT name FROM emp WHERE pay BETWEEN 150 AND 300 ORDER BY 1", ["bob", "cid"]),
        ("SELECT name FROM emp WHERE name LIKE '%n%' AND NOT name LIKE 'd__' ORDER BY 1", ["ann"]),
        ("SELECT name FROM emp WHERE dept IS NULL", ["dan"]),
        ("SELECT name FROM emp WHERE dept NOT IN (10, 30)", ["cid"]),
        ("SELECT name FROM emp WHERE dept NOT IN (10, NULL)", []),
        ("SELECT name FROM emp WHERE (dept, id) IN ((10, 2), (20, 9))", ["bob"]),
        ("SELECT name FROM emp WHERE dept IN (SELECT id FROM dept) ORDER BY id", ["ann", "bob"]),
        (
            "SELECT name FROM emp e WHERE EXISTS (SELECT 1 FROM dept d WHERE d.id = e.dept) ORDER BY id",
            ["ann", "bob"],
        ),
        ("SELECT name FROM emp WHERE ROWNUM <= 2 ORDER BY name", ["ann", "bob"]),
        ("SELECT name FROM (SELECT name FROM emp ORDER BY pay DESC NULLS LAST) WHERE ROWNUM = 1", ["cid"]),
        ("SELECT COUNT(*) FROM emp WHERE ROWNUM < 3", [2]),
        ("SELECT ROWNUM FROM emp WHERE ROWNUM <= 3", [1, 2, 3]),
        ("SELECT name FROM emp ORDER BY pay OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", ["bob", "cid"]),
        ("SELECT name FROM emp ORDER BY pay FETCH FIRST ROW ONLY", ["ann"]),
        ("SELECT pay FROM emp ORDER BY pay", [Decimal("100.5"), 200, 300, None]),
        ("SELECT pay FROM emp ORDER BY pay DESC", [None, 300, 200, Decimal("100.5")]),
        ("SELECT pay FROM emp ORDER BY pay NULLS FIRST", [None, Decimal("100.5"), 200, 300]),
        ("SELECT DISTINCT dept FROM emp ORDER BY dept", [10, 20, None]),
        ("SELECT SUM(pay) FROM emp", [Decimal("600.5")]),
        ("SELECT AVG(pay) FROM emp WHERE pay > 150", [250]),
        ("SELECT COUNT(dept) FROM emp", [3]),
        ("SELECT COUNT(DISTINCT dept) FROM emp", [2]),
        ("SELECT SUM(pay) FROM emp WHERE id > 99", [None]),
        ("SELECT MAX(name) FROM emp", ["dan"]),
        ("SELECT dept FROM emp GROUP BY dept HAVING COUNT(*) > 1", [10]),
        (
            "SELECT d FROM (SELECT dept + 1 AS d, COUNT(*) c FROM emp GROUP BY dept + 1) ORDER BY c DESC, d",
            [11, 21, None],
        ),
        ("SELECT LISTAGG(name, '-') WITHIN GROUP (ORDER BY id DESC) FROM emp", ["dan-cid-bob-ann"]),
        ("SELECT id FROM dept UNION SELECT dept FROM emp ORDER BY 1", [10, 20, 30, None]),
        ("SELECT id FROM dept MINUS SELECT dept FROM emp", [30]),
        ("SELECT id FROM dept INTERSECT SELECT dept FROM emp", [10]),
        ("SELECT id FROM dept UNION ALL SELECT id FROM dept ORDER BY id", [10, 10, 30, 30]),
        ("WITH x AS (SELECT dept d FROM emp), y (k) AS (SELECT d FROM x) SELECT MAX(k) FROM y", [20]),
        (
            "SELECT (SELECT name FROM dept d WHERE d.id = e.dept) FROM emp e ORDER BY e.id",
            ["it", "it", None, None],
        ),
        ("SELECT d.name FROM emp e JOIN dept d ON d.id = e.dept ORDER BY e.id", ["it", "it"]),
        (
            "SELECT d.name FROM emp e LEFT JOIN dept d ON d.id = e.dept ORDER BY e.id",
            ["it", "it", None, None],
        ),
        ("SELECT e.name FROM emp e RIGHT JOIN dept d ON d.id = e.dept ORDER BY 1", ["ann", "bob", None]),
        ("SELECT COUNT(*) FROM emp, dept", [8]),
        ("SELECT COUNT(*) FROM emp CROSS JOIN dept", [8]),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY dept ORDER BY id DESC) FROM emp ORDER BY id", [2, 1, 1, 1]),
        (
            "SELECT SUM(pay) OVER (ORDER BY id) FROM emp WHERE id < 4",
            [Decimal("100.5"), Decimal("300.5"), Decimal("600.5")],
        ),
        ("SELECT LAG(name) OVER (ORDER BY id) FROM emp", [None, "ann", "bob", "cid"]),
        (
            "SELECT CASE WHEN pay > 150 THEN 'much' WHEN pay > 0 THEN 'some' END FROM emp ORDER BY id",
            ["some", "much", "much", None],
        ),
        ("SELECT CASE dept WHEN 10 THEN 1 ELSE 0 END FROM emp ORDER BY id", [1, 1, 0, 0]),
        ("SELECT DECODE(dept, 10, 'a', NULL, 'n', 'x') FROM emp ORDER BY id", ["a", "a", "x", "n"]),
        ("SELECT name FROM emp WHERE born < DATE '1985-01-01'", ["bob"]),
        ("SELECT emp.name FROM emp WHERE emp.id = 1", ["ann"]),
        ("SELECT app.emp.name FROM app.emp WHERE emp.id = 1", ["ann"]),
        ('SELECT "NAME" "quoted" FROM "APP"."EMP" WHERE "ID" = 1', ["ann"]),
    ],
)
def test_a_query_finds(ask, query, rows):
    assert ask.column(query) == rows


def test_a_join_by_columns_names_them_once(ask):
    assert ask.rows("SELECT * FROM dept JOIN (SELECT 10 AS id, 'x' AS y FROM dual) USING (id)") == [
        (10, "it", "x")
    ]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3 / 4", Decimal("2.25")),
        ("1 / 3", Decimal("0.3333333333333333333333333333333333333333")),
        ("-5 + +2", -3),
        ("0.1 + 0.2", Decimal("0.3")),
        ("99999999999999999999999999999999999999 + 1", Decimal("1E38")),
        ("'a' || NULL || 'b'", "ab"),
        ("'' || ''", None),
        ("'it''s'", "it's"),
        ("q'[it's]'", "it's"),
        ("NVL(NULL, 5)", 5),
        ("NVL('', 'x')", "x"),
        ("NVL2('a', 1, 2)", 1),
        ("COALESCE(NULL, NULL, 3)", 3),
        ("NULLIF(1, 1)", None),
        ("LENGTH('ключ')", 4),
        ("LENGTHB('ключ')", 8),
        ("LENGTH('')", None),
        ("SUBSTR('abcdef', 2, 3)", "bcd"),
        ("SUBSTR('abcdef', -2)", "ef"),
        ("SUBSTR('abc', 5)", None),
        ("INSTR('banana', 'an', 1, 2)", 4),
        ("INSTR('banana', 'an', -1)", 4),
        ("UPPER('aß') || LOWER('B')", "ASSb"),
        ("TRIM('  a ') || LTRIM('xxa', 'x') || RTRIM('a ')", "aaa"),
        ("TRIM(LEADING '0' FROM '0070')", "70"),
        ("REPLACE('aXbX', 'X')", "ab"),
        ("REPLACE('abc', 'b', 'zz')", "azzc"),
        ("LPAD('7', 3, '0') || RPAD('a', 2, '-')", "007a-"),
        ("TRANSLATE('2kr', '0123456789kr', '9999999999')", "9"),
        ("CONCAT('a', 'b')", "ab"),
        ("CHR(65) || ASCII('a')", "A97"),
        ("MOD(11, 4)", 3),
        ("MOD(-11, 4)", -3),
        ("ABS(-2) + SIGN(-3) + CEIL(1.1) + FLOOR(1.9)", 4),
        ("POWER(2, 10)", 1024),
        ("GREATEST(1, 3, 2)", 3),
        ("LEAST('b', 'a')", "a"),
        ("GREATEST(1, NULL)", None),
        ("ROUND(2.345, 2)", Decimal("2.35")),
        ("ROUND(-2.5)", -3),
        ("TRUNC(2.349, 2)", Decimal("2.34")),
        ("TRUNC(1234, -2)", 1200),
        ("TO_NUMBER(' 12.5 ')", Decimal("12.5")),
        ("TO_NUMBER('1,234.5', '9,999.9')", Decimal("1234.5")),
        ("TO_CHAR(1234.5, '9,999.99')", " 1,234.50"),
        ("TO_CHAR(-5, 'FM000')", "-005"),
        ("TO_CHAR(0.5)", ".5"),
        ("TO_CHAR(12345, '999')", "####"),
        ("TO_CHAR(DATE '2024-03-10', 'YYYY-MM-DD')", "2024-03-10"),
        ("TO_CHAR(DATE '2024-03-10', 'Month DD, YYYY')", "March     10, 2024"),
        ("TO_CHAR(DATE '2024-03-10', 'fmMonth DD')", "March 10"),
        ("TO_CHAR(TIMESTAMP '2024-03-10 14:05:06.789', 'HH24:MI:SS.FF3')", "14:05:06.789"),
        ("TO_CHAR(TIMESTAMP '2024-03-10 14:05:06', 'HH:MI AM')", "02:05 PM"),
        (
            "TO_CHAR(TIMESTAMP '2024-03-10 14:05:06 +02:00', 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')",
            "2024-03-10T14:05:06+02:00",
        ),
        ("TO_CHAR(DATE '2024-03-10')", "10-MAR-24"),
        ("TO_DATE('2024-03-10 12:30:15', 'YYYY-MM-DD HH24:MI:SS')", NOON),
        ("TO_DATE('10-MAR-24')", moment(2024, 3, 10)),
        (
            "TO_TIMESTAMP('2024-03-10 12:30:15.5', 'YYYY-MM-DD HH24:MI:SS.FF')",
            NOON.replace(microsecond=500000),
        ),
        ("DATE '2024-02-28' + 2", moment(2024, 3, 1)),
        ("DATE '2024-03-01' - DATE '2024-02-01'", 29),
        ("DATE '2024-03-01' - 1/24", moment(2024, 2, 29, 23)),
        ("DATE '2024-01-31' + INTERVAL '1' DAY", moment(2024, 2, 1)),
        ("TIMESTAMP '2024-01-01 00:00:00' + INTERVAL '1:30' HOUR TO MINUTE", moment(2024, 1, 1, 1, 30)),
        ("TIMESTAMP '2024-01-02 00:00:00' - TIMESTAMP '2024-01-01 12:00:00'", timedelta(hours=12)),
        ("ADD_MONTHS(DATE '2024-01-31', 1)", moment(2024, 2, 29)),
        ("LAST_DAY(DATE '2023-02-01')", moment(2023, 2, 28)),
        ("MONTHS_BETWEEN(DATE '2024-03-31', DATE '2024-02-29')", 1),
        ("TRUNC(TO_DATE('2024-03-10 12:30:15', 'YYYY-MM-DD HH24:MI:SS'))", moment(2024, 3, 10)),
        ("TRUNC(DATE '2024-03-10', 'MM')", moment(2024, 3, 1)),
        ("ROUND(DATE '2024-03-16', 'MM')", moment(2024, 4, 1)),
        ("EXTRACT(YEAR FROM DATE '2024-03-10')", 2024),
        ("EXTRACT(SECOND FROM TIMESTAMP '2024-03-10 00:00:01.5')", Decimal("1.5")),
        ("EXTRACT(DAY FROM INTERVAL '3 4' DAY TO HOUR)", 3),
        ("SYS_EXTRACT_UTC(TIMESTAMP '2024-03-10 12:30:15 +02:00')", NOON - timedelta(hours=2)),
        ("CAST(TIMESTAMP '2024-03-10 12:30:15 +02:00' AS TIMESTAMP)", NOON),
        ("CAST('12.345' AS NUMBER(5,2))", Decimal("12.35")),
        ("CAST('abcdef' AS VARCHAR2(3))", "abc"),
        ("CAST(1 AS BINARY_DOUBLE) / 3", 1 / 3),
        ("1.5f + 1d", 2.5),
        ("RAWTOHEX(HEXTORAW('00ff'))", "00FF"),
        ("RAWTOHEX(STANDARD_HASH('abc', 'MD5'))", "900150983CD24FB0D6963F7D28E17F72"),
        ("DBMS_LOB.COMPARE(TO_CLOB('a'), TO_CLOB('b'))", -1),
        ("DBMS_LOB.SUBSTR(TO_CLOB('abcdef'), 3, 2)", "bcd"),
        ("JSON_VALUE('{\"a\": {\"b\": [1, 2.50]}}', '$.a.b[1]')", "2.5"),
        ("SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')", "APP"),
        ("USER", "APP"),
        (
            "TIMESTAMP '2024-03-10 12:00:00 +00:00' AT TIME ZONE '+02:00'",
            datetime(2024, 3, 10, 14, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_an_expression_is(ask, expression, value):
    assert ask.value(expression) == value


def test_instants_are_equal_whatever_their_zones(ask):
    query = (
        "SELECT COUNT(*) FROM dual WHERE TIMESTAMP '2024-01-01 12:00:00 +02:00' = TIMESTAMP"
        " '2024-01-01 10:00:00 +00:00'"
    )
    assert ask.one(query) == 1


def test_trailing_blanks_matter_to_varchar2_and_not_to_char():
    ask = asking(19)
    ask.run("CREATE TABLE t (v VARCHAR2(5), c CHAR(5))")
    ask.run("INSERT INTO t VALUES ('a ', 'a')")
    assert ask.one("SELECT COUNT(*) FROM t WHERE v = 'a'") == 0
    assert ask.one("SELECT COUNT(*) FROM t WHERE c = 'a'") == 1
    assert ask.one("SELECT COUNT(*) FROM t WHERE c = v") == 0


def test_the_clock_stands_still_within_a_statement(ask):
    assert ask.value("CASE WHEN SYSTIMESTAMP = SYSTIMESTAMP THEN 1 END") == 1
    assert ask.value("SYSTIMESTAMP").tzinfo is not None
    assert isinstance(ask.value("SYSDATE"), datetime)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELEC 1 FROM dual", 900),
        ("", 900),
        ("BEGIN NULL; END;", 3001),
        ("SELECT 1 FROM dual;", 933),
        ("SELECT 1", 923),
        ("SELECT FROM dual", 936),
        ("SELECT 1, FROM dual", 936),
        ("SELECT 1 FROM", 903),
        ("SELECT 1 FROM select", 903),
        ("SELECT 'a FROM dual", 1756),
        ('SELECT "a FROM dual', 1740),
        ('SELECT 1 AS "" FROM dual', 1741),
        ("SELECT 1 ` FROM dual", 911),
        ("SELECT (1 FROM dual", 907),
        ("SELECT nix FROM dual", 904),
        ("SELECT NIX(1) FROM dual", 904),
        ("SELECT 1 FROM nix", 942),
        ("SELECT 1 FROM nix.emp", 942),
        ("SELECT id FROM emp, dept", 918),
        ("SELECT name, COUNT(*) FROM emp", 937),
        ("SELECT name, COUNT(*) FROM emp GROUP BY dept", 979),
        ("SELECT 1 FROM emp WHERE COUNT(*) > 1", 934),
        ("SELECT * FROM emp ORDER BY 9", 1785),
        ("SELECT id FROM emp UNION SELECT name FROM emp", 1790),
        ("SELECT id FROM emp UNION SELECT id, name FROM emp", 1789),
        ("SELECT (SELECT id FROM emp) FROM dual", 1427),
        ("SELECT (SELECT id, name FROM emp) FROM dual", 913),
        ("SELECT 1/0 FROM dual", 1476),
        ("SELECT TO_NUMBER('x') FROM dual", 1722),
        ("SELECT TO_DATE('x') FROM dual", 1858),
        ("SELECT TO_DATE('2024-13-01', 'YYYY-MM-DD') FROM dual", 1843),
        ("SELECT TO_DATE('2024-02-30', 'YYYY-MM-DD') FROM dual", 1839),
        ("SELECT TO_DATE('2024-02-01x', 'YYYY-MM-DD') FROM dual", 1830),
        ("SELECT TO_DATE('2024', 'nonsense') FROM dual", 1821),
        ("SELECT DATE '24/01/01' FROM dual", 1861),
        ("SELECT 1 FROM emp WHERE id", 920),
        ("SELECT id = 1 FROM emp", 923),
        ("SELECT 1 FROM dual WHERE DATE '2024-01-01' > 5", 932),
        ("SELECT DISTINCT TO_CLOB('a') FROM dual", 932),
        ("SELECT 1 FROM dual ORDER BY TO_CLOB('a')", 932),
        ("SELECT 1 FROM dual WHERE TO_CLOB('a') = 'a'", 932),
        ("SELECT CASE WHEN 1 = 1 THEN 1 ELSE 'a' END FROM dual", 932),
        ("SELECT SUBSTR('a') FROM dual", 938),
        ("SELECT UPPER('a', 'b') FROM dual", 939),
        ("SELECT 1 FROM emp CONNECT BY 1 = 1", 3001),
        ("SELECT 1 FROM emp e, dept d WHERE e.dept = d.id(+)", 3001),
        ("SELECT 1 FROM dual WHERE 1 IN (" + ",".join("1" * 1001) + ")", 1795),
        ("SELECT nix.NEXTVAL FROM dual", 2289),
        ("SELECT 1 AS " + "a" * 129 + " FROM dual", 972),
        ("SELECT :select FROM dual", 1745),
        ("SELECT 1 FROM emp FOR UPDATE NIX", 933),
        ("SELECT DISTINCT id FROM emp FOR UPDATE", 1786),
        ("SELECT id FROM emp FETCH FIRST 1 ROWS ONLY FOR UPDATE", 2014),
        ("EXPLAIN PLAN FOR SELECT 1 FROM dual", 900),
        ("SELECT 1 FROM v$session", 942),
        ("SELECT 1 FROM dba_tables", 942),
    ],
)
def test_a_query_is_refused(ask, statement, code):
    assert ask.code(statement) == code


def test_the_refusal_says_where(ask):
    assert ask.refusal("SELECT id, nix FROM emp").position == 11


def test_too_few_binds_are_1008(ask):
    assert ask.code("SELECT :1, :2 FROM dual", 1) == 1008


def test_a_bind_counts_at_each_of_its_places(ask):
    assert ask.rows("SELECT :a, :b, :a FROM dual", 1, 2, 3) == [(1, 2, 3)]


def test_23_needs_no_from_and_knows_truths():
    ask = asking(23)
    assert ask.rows("SELECT 1") == [(1,)]
    assert ask.rows("SELECT 1 = 1, TRUE AND NULL") == [(True, None)]
    assert ask.code("SELECT 1 FROM dual;") == 3048


@pytest.mark.parametrize(
    ("query", "described"),
    [
        ("SELECT id FROM emp", ("ID", "NUMBER", 22, 0, -127, False)),
        ("SELECT pay AS p FROM emp", ("P", "NUMBER", 22, 8, 2, True)),
        ("SELECT name FROM emp", ("NAME", "VARCHAR", 20, 0, 0, True)),
        ("SELECT born FROM emp", ("BORN", "DATE", 7, 0, 0, True)),
        ("SELECT count( * ) FROM emp", ("COUNT(*)", "NUMBER", 22, 0, -127, False)),
        ("SELECT 'a b'||'C' FROM dual", ("'a b'||'C'", "VARCHAR", 4, 0, 0, True)),
        ("SELECT TO_CLOB('a') c FROM dual", ("C", "CLOB", 4000, 0, 0, True)),
        ("SELECT SYSTIMESTAMP s FROM dual", ("S", "TIMESTAMP_TZ", 13, 0, 6, False)),
    ],
)
def test_a_result_is_described(ask, query, described):
    (column,) = ask.session.describe(query)
    assert (
        column.name,
        column.type,
        column.size,
        column.precision,
        column.scale,
        column.nullable,
    ) == described
    assert ask.run(query).columns == [column]


def test_what_is_no_query_has_no_description(ask):
    assert ask.session.describe("DELETE FROM emp") == []
