"""
INSERT, UPDATE, DELETE and MERGE: counts, batch errors, what is left after a refusal.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.standin.values import Bind, OracleError
from tests.standin_tests.asking import asking

NUMBER, TEXT = Bind("NUMBER"), Bind("VARCHAR", 40)
MERGE = (
    "MERGE INTO t USING (SELECT :1 AS id, :2 AS name FROM dual) s ON (t.id = s.id)"
    " WHEN MATCHED THEN UPDATE SET t.name = s.name"
    " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"
)


@pytest.fixture(params=[19, 23])
def ask(request):
    found = asking(request.param)
    found.run("CREATE TABLE t (id NUMBER(5) PRIMARY KEY, name VARCHAR2(5), n NUMBER DEFAULT 7)")
    return found


@pytest.fixture
def three(ask):
    ask.many("INSERT INTO t (id, name) VALUES (:1, :2)", [NUMBER, TEXT], [(1, "a"), (2, "b"), (3, "c")])
    ask.session.commit()
    return ask


@pytest.mark.parametrize(
    ("statement", "row", "count", "left"),
    [
        ("UPDATE t SET name = 'x' WHERE id > :1", (1,), 2, [(1, "a"), (2, "x"), (3, "x")]),
        ("UPDATE t SET id = id + 1", (), 3, [(2, "a"), (3, "b"), (4, "c")]),
        (
            "UPDATE t SET (name, n) = (SELECT 'q', 9 FROM dual) WHERE id = 1",
            (),
            1,
            [(1, "q"), (2, "b"), (3, "c")],
        ),
        ("UPDATE t SET name = (SELECT MAX(name) FROM t) WHERE id = 1", (), 1, [(1, "c"), (2, "b"), (3, "c")]),
        ("UPDATE t SET name = DEFAULT WHERE id = 1", (), 1, [(1, None), (2, "b"), (3, "c")]),
        ("UPDATE t x SET x.name = x.name || x.id WHERE x.id = 2", (), 1, [(1, "a"), (2, "b2"), (3, "c")]),
        ("UPDATE t SET name = 'x' WHERE id = 9", (), 0, [(1, "a"), (2, "b"), (3, "c")]),
        ("DELETE FROM t WHERE id IN (1, 3)", (), 2, [(2, "b")]),
        ("DELETE t WHERE ROWNUM <= 2", (), 2, [(3, "c")]),
        ("DELETE FROM t", (), 3, []),
        (
            "INSERT INTO t (id, name) SELECT id + 10, name FROM t WHERE id < 3",
            (),
            2,
            [(1, "a"), (2, "b"), (3, "c"), (11, "a"), (12, "b")],
        ),
        ("INSERT INTO t SELECT 4, 'd', 1 FROM dual", (), 1, [(1, "a"), (2, "b"), (3, "c"), (4, "d")]),
        (
            "INSERT INTO t (id, name) VALUES (:1, UPPER(:2))",
            (4, "d"),
            1,
            [(1, "a"), (2, "b"), (3, "c"), (4, "D")],
        ),
    ],
)
def test_dml_counts_its_rows(three, statement, row, count, left):
    assert three.run(statement, *row).rowcount == count
    assert three.rows("SELECT id, name FROM t ORDER BY id") == left
    three.session.rollback()
    assert three.rows("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("INSERT INTO t (id, nix) VALUES (1, 2)", 904),
        ("INSERT INTO t (id, id) VALUES (1, 2)", 957),
        ("INSERT INTO t (id) VALUES (1, 2)", 913),
        ("INSERT INTO t (id, name) VALUES (1)", 947),
        ("INSERT INTO t VALUES (1, 2)", 947),
        ("INSERT INTO t (id) SELECT 1, 2 FROM dual", 913),
        ("INSERT INTO nix VALUES (1)", 942),
        ("INSERT t VALUES (1)", 925),
        ("INSERT INTO t (id) 5", 926),
        ("UPDATE t name = 'a'", 971),
        ("UPDATE t SET nix = 1", 904),
        ("UPDATE t SET name = 'a', name = 'b'", 957),
        ("UPDATE t SET id = 1", 1),
        ("UPDATE t SET id = NULL", 1407),
        ("UPDATE t SET name = 'toolong'", 12899),
        ("UPDATE t SET n = 'x'", 1722),
        ("UPDATE t SET n = 1 / (id - 2)", 1476),
        ("DELETE FROM t WHERE nix = 1", 904),
        ("INSERT INTO t (id) VALUES (9) RETURNING id INTO :1", 3001),
        ("INSERT ALL INTO t (id) VALUES (9) SELECT 1 FROM dual", 3001),
        ("INSERT INTO t (id) VALUES (9) LOG ERRORS", 3001),
        ("MERGE INTO t USING dual ON (t.id = 1) WHEN MATCHED THEN UPDATE SET t.id = 2", 38104),
        ("MERGE INTO t USING (SELECT 1 id FROM dual) s ON (t.id = s.id)", 905),
        (
            (
                "MERGE INTO t USING (SELECT 9 id FROM dual) s ON (t.id = s.id) WHEN NOT MATCHED THEN"
                " INSERT (id) VALUES (t.id)"
            ),
            38101,
        ),
        (
            (
                "MERGE INTO t USING (SELECT 1 id FROM dual UNION ALL SELECT 1 FROM dual) s ON (t.id ="
                " s.id) WHEN MATCHED THEN UPDATE SET name = 'z'"
            ),
            30926,
        ),
        (
            (
                "MERGE INTO t USING (SELECT 9 id FROM dual UNION ALL SELECT 9 FROM dual) s ON (t.id ="
                " s.id) WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
            ),
            1,
        ),
    ],
)
def test_dml_refused_leaves_nothing_behind(three, statement, code):
    assert three.code(statement) == code
    assert three.rows("SELECT id, name FROM t ORDER BY id") == [(1, "a"), (2, "b"), (3, "c")]
    assert not three.session.in_transaction


def test_array_dml_stops_at_the_first_bad_row_and_keeps_those_before(ask):
    rows = [(1, "a"), (2, "b"), (3, "toolong"), (4, "d")]
    with pytest.raises(OracleError) as refused:
        ask.many("INSERT INTO t (id, name) VALUES (:1, :2)", [NUMBER, TEXT], rows)
    assert (refused.value.code, refused.value.rowcount) == (12899, 2)
    assert ask.column("SELECT id FROM t ORDER BY id") == [1, 2]


def test_an_earlier_duplicate_is_refused_before_a_later_long_text(ask):
    rows = [(1, "a"), (1, "b"), (3, "toolong")]
    with pytest.raises(OracleError) as refused:
        ask.many("INSERT INTO t (id, name) VALUES (:1, :2)", [NUMBER, TEXT], rows)
    assert (refused.value.code, refused.value.rowcount) == (1, 1)


def test_batch_errors_list_the_bad_rows_and_apply_the_good(ask):
    rows = [(1, "a"), (None, "b"), (1, "c"), (2, "toolong"), (123456, "e"), (3, "f")]
    outcome = ask.many(
        "INSERT INTO t (id, name) VALUES (:1, :2)", [NUMBER, TEXT], rows, batch_errors=True, row_counts=True
    )
    assert [(offset, code) for offset, code, _ in outcome.batch_errors] == [
        (1, 1400),
        (2, 1),
        (3, 12899),
        (4, 1438),
    ]
    assert all(text.startswith(f"ORA-{code:05d}: ") for _, code, text in outcome.batch_errors)
    assert outcome.row_counts == [1, 0, 0, 0, 0, 1]
    assert outcome.rowcount == 2
    assert ask.column("SELECT id FROM t ORDER BY id") == [1, 3]


def test_a_batch_of_bad_rows_alone_is_no_transaction(ask):
    ask.many("INSERT INTO t (id) VALUES (:1)", [NUMBER], [(None,), (None,)], batch_errors=True)
    assert not ask.session.in_transaction


def test_batch_errors_work_for_updates_and_deletes(three):
    update = three.many(
        "UPDATE t SET name = :1 WHERE id = :2",
        [TEXT, NUMBER],
        [("x", 1), ("toolong", 2), ("z", 3), ("q", 9)],
        batch_errors=True,
        row_counts=True,
    )
    assert [(offset, code) for offset, code, _ in update.batch_errors] == [(1, 12899)]
    assert update.row_counts == [1, 0, 1, 0]
    delete = three.many("DELETE FROM t WHERE id = :1", [NUMBER], [(1,), (9,), (2,)], row_counts=True)
    assert (delete.row_counts, delete.rowcount) == ([1, 0, 1], 2)


def test_commit_is_left_out_when_a_row_failed(ask):
    insert = "INSERT INTO t (id) VALUES (:1)"
    assert not ask.many(insert, [NUMBER], [(1,), (None,)], batch_errors=True, commit=True).committed
    assert ask.session.in_transaction
    assert ask.many(insert, [NUMBER], [(2,), (3,)], batch_errors=True, commit=True).committed
    assert not ask.session.in_transaction


def test_a_statement_is_bad_for_all_rows_when_it_is_bad(ask):
    with pytest.raises(OracleError) as refused:
        ask.many("INSERT INTO nix VALUES (:1)", [NUMBER], [(1,), (2,)], batch_errors=True)
    assert refused.value.code == 942


def test_merge_inserts_and_updates(three):
    outcome = three.many(MERGE, [NUMBER, TEXT], [(3, "x"), (4, "d"), (4, "e")], row_counts=True)
    assert (outcome.rowcount, outcome.row_counts) == (3, [1, 1, 1])
    assert three.rows("SELECT id, name, n FROM t WHERE id > 2 ORDER BY id") == [(3, "x", 7), (4, "e", 7)]


def test_merge_with_batch_errors_counts_nothing_behind_the_first(three):
    """
    As the server does: its row counts end at the first bad row, though the rows behind are merged.
    """
    rows = [(1, "x"), (2, "toolong"), (3, "z"), (None, "n")]
    outcome = three.many(MERGE, [NUMBER, TEXT], rows, batch_errors=True, row_counts=True)
    assert [(offset, code) for offset, code, _ in outcome.batch_errors] == [(1, 12899), (3, 1400)]
    assert outcome.row_counts == [1, 0, 0, 0]
    assert three.column("SELECT name FROM t ORDER BY id") == ["x", "b", "z"]


def test_merge_of_a_set_updates_deletes_and_inserts(three):
    three.run("CREATE TABLE s (id NUMBER, name VARCHAR2(5))")
    three.many(
        "INSERT INTO s VALUES (:1, :2)",
        [NUMBER, TEXT],
        [(1, "A"), (2, "gone"), (3, "no"), (4, "D"), (5, "no")],
    )
    outcome = three.run(
        "MERGE INTO t USING s ON (t.id = s.id)"
        " WHEN MATCHED THEN UPDATE SET t.name = s.name WHERE s.name <> 'no' DELETE WHERE t.name = 'gone'"
        " WHEN NOT MATCHED THEN INSERT (t.id, t.name) VALUES (s.id, s.name) WHERE s.name <> 'no'"
    )
    assert outcome.rowcount == 3
    assert three.rows("SELECT id, name FROM t ORDER BY id") == [(1, "A"), (3, "c"), (4, "D")]


def test_merge_updates_only_what_differs(three):
    changed = MERGE.replace(" WHEN NOT", " WHERE DECODE(t.name, s.name, 0, 1) = 1 WHEN NOT")
    outcome = three.many(changed, [NUMBER, TEXT], [(1, "a"), (2, "x"), (3, None)], row_counts=True)
    assert outcome.row_counts == [0, 1, 1]


def test_merge_of_keys_alone_counts_only_new_ones(three):
    only = (
        "MERGE INTO t USING (SELECT :1 id FROM dual) s ON (t.id = s.id) WHEN NOT MATCHED THEN"
        " INSERT (id) VALUES (s.id)"
    )
    assert three.many(only, [NUMBER], [(1,), (9,)], row_counts=True).row_counts == [0, 1]


def test_defaults_fill_what_is_not_named(ask):
    ask.run("INSERT INTO t (id) VALUES (1)")
    ask.run("INSERT INTO t (id, n) VALUES (2, NULL)")
    ask.run("INSERT INTO t (id, n) VALUES (3, DEFAULT)")
    assert ask.column("SELECT n FROM t ORDER BY id") == [7, None, 7]


def test_identities_and_sequences_count_on(ask):
    ask.run("CREATE TABLE i (id NUMBER GENERATED ALWAYS AS IDENTITY, n NUMBER)")
    ask.many("INSERT INTO i (n) VALUES (:1)", [NUMBER], [(10,), (20,)])
    assert ask.rows("SELECT id, n FROM i ORDER BY id") == [(1, 10), (2, 20)]
    assert ask.code("INSERT INTO i (id) VALUES (5)") == 32795
    assert ask.code("UPDATE i SET id = 5") == 32796
    ask.run("CREATE TABLE j (id NUMBER GENERATED BY DEFAULT ON NULL AS IDENTITY (START WITH 5), n NUMBER)")
    ask.many("INSERT INTO j (id, n) VALUES (:1, :2)", [NUMBER, NUMBER], [(None, 1), (77, 2), (None, 3)])
    first, given, second = ask.column("SELECT id FROM j ORDER BY n")
    assert (first, given) == (5, 77)
    assert second > first
    ask.run("CREATE SEQUENCE q START WITH 3 INCREMENT BY 2")
    assert [ask.value("q.NEXTVAL") for _ in range(3)] == [3, 5, 7]
    assert ask.value("q.CURRVAL") == 7


def test_virtual_columns_are_computed(ask):
    ask.run("CREATE TABLE v (a NUMBER, b NUMBER GENERATED ALWAYS AS (a * 2) VIRTUAL)")
    ask.run("INSERT INTO v (a) VALUES (4)")
    ask.run("INSERT INTO v (a) VALUES (:1)", Decimal("1.5"))
    assert ask.rows("SELECT a, b FROM v ORDER BY a") == [(Decimal("1.5"), 3), (4, 8)]
    assert ask.code("INSERT INTO v (a, b) VALUES (1, 2)") == 54013
    assert ask.code("UPDATE v SET b = 2") == 54017


def test_checks_hold_for_inserts_and_updates(ask):
    ask.run("CREATE TABLE c (n NUMBER, CONSTRAINT positive CHECK (n > 0))")
    ask.run("INSERT INTO c VALUES (1)")
    ask.run("INSERT INTO c VALUES (NULL)")
    assert (
        ask.refusal("INSERT INTO c VALUES (0)").message
        == "ORA-02290: check constraint (APP.POSITIVE) violated"
    )
    assert ask.code("UPDATE c SET n = -n") == 2290
    outcome = ask.many("INSERT INTO c VALUES (:1)", [NUMBER], [(5,), (-5,)], batch_errors=True)
    assert [(offset, code) for offset, code, _ in outcome.batch_errors] == [(1, 2290)]


def test_foreign_keys_hold_both_ways(three):
    three.run(
        "CREATE TABLE child (id NUMBER, t_id NUMBER, CONSTRAINT fk FOREIGN KEY (t_id) REFERENCES t (id))"
    )
    three.run("INSERT INTO child VALUES (1, 2)")
    three.run("INSERT INTO child VALUES (2, NULL)")
    assert three.code("INSERT INTO child VALUES (3, 99)") == 2291
    assert three.code("DELETE FROM t WHERE id = 2") == 2292
    assert three.code("UPDATE t SET id = 8 WHERE id = 2") == 2292
    assert three.run("DELETE FROM t WHERE id = 3").rowcount == 1


def test_rows_are_written_through_simple_views_and_synonyms(three):
    three.run("CREATE VIEW w (k, text) AS SELECT id, name FROM t WHERE id < 100")
    three.run("CREATE SYNONYM syn FOR w")
    three.run("INSERT INTO syn (k, text) VALUES (50, 'v')")
    three.run("UPDATE syn SET text = 'V' WHERE k = 50")
    assert three.rows("SELECT * FROM syn WHERE k = 50") == [(50, "V")]
    three.run("INSERT INTO t (id) VALUES (500)")
    assert three.run("DELETE FROM syn").rowcount == 4
    assert three.column("SELECT id FROM t") == [500]
    three.run("CREATE VIEW counted AS SELECT name, COUNT(*) c FROM t GROUP BY name")
    assert three.code("DELETE FROM counted") == 1732


def test_reads_within_a_statement_see_what_was_before_it(three):
    three.run("INSERT INTO t (id, name) SELECT id + (SELECT COUNT(*) FROM t) * 10, name FROM t")
    assert three.column("SELECT id FROM t ORDER BY id") == [1, 2, 3, 31, 32, 33]


def test_a_rowid_finds_its_row_again_after_an_update(three):
    rowid = three.one("SELECT ROWID FROM t WHERE id = 2")
    three.run("UPDATE t SET name = 'new' WHERE id = 2")
    assert three.one("SELECT name FROM t WHERE ROWID = :1", rowid) == "new"


def test_a_table_of_a_thousand_columns_is_merged_and_updated():
    ask = asking(19)
    names = [f"c{n}" for n in range(1000)]
    ask.run(f"CREATE TABLE wide ({', '.join(f'{name} NUMBER' for name in names)}, PRIMARY KEY (c0))")
    sets = ", ".join(f"t.{name} = s.{name}" for name in names[1:])
    differs = " OR ".join(f"DECODE(t.{name}, s.{name}, 0, 1) = 1" for name in names[1:])
    row = ", ".join(f":{n} AS {name}" for n, name in enumerate(names))
    values = ", ".join(f"s.{name}" for name in names)
    merge = (
        f"MERGE INTO wide t USING (SELECT {row} FROM dual) s ON (t.c0 = s.c0)"
        f" WHEN MATCHED THEN UPDATE SET {sets} WHERE {differs}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
    )
    binds = [NUMBER] * len(names)
    assert ask.many(merge, binds, [[key, *[1] * 999] for key in range(3)], row_counts=True).row_counts == [
        1,
        1,
        1,
    ]
    rows = [[0, *[1] * 999], [1, *[1] * 998, 2]]
    assert ask.many(merge, binds, rows, row_counts=True).row_counts == [0, 1]
    updates = ", ".join(f"{name} = {name} + 1" for name in names[1:])
    assert ask.run(f"UPDATE wide SET {updates}").rowcount == 3
    assert ask.column("SELECT c999 FROM wide ORDER BY c0") == [2, 3, 2]
    assert ask.code("ALTER TABLE wide ADD c1000 NUMBER") == 1792
