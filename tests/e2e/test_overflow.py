"""
A text outgrows its column: the column grows under its name, and no row is lost.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.rig import rig

pytestmark = pytest.mark.standin

ASCII, WIDE = "a" * 4001, "ä" * 2001
HUGE = "x" * 2_000_000


@pytest.fixture(scope="module", params=[19, 23])
def server(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("overflow"), request.param) as found:
        yield found


def schema(stream, most, keys=()):
    note = {"type": ["null", "string"], **({"maxLength": most} if most else {})}
    properties = {"id": {"type": "integer"}, "note": note}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": properties},
        "key_properties": list(keys),
    }


def record(stream, number, note):
    return {"type": "RECORD", "stream": stream, "record": {"id": number, "note": note}}


def lines(*messages):
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def notes(server, table):
    return dict(server.database.query(f'SELECT "ID", "NOTE" FROM "{table}"'))


def told(log, *words):
    """
    Return the lines of *log* that tell with all of *words* what became of a column.
    """
    return [
        line
        for line in log.splitlines()
        if all(word in line for word in words) and "ALTER" not in line and "COMMENT" not in line
    ]


def test_a_schema_widens_a_column(server):
    data = lines(
        schema("bySchema", 10),
        record("bySchema", 1, "a" * 10),
        schema("bySchema", 200),
        record("bySchema", 2, "b" * 200),
    )
    result = server.run(data)
    assert result.exit_code == 0, result.log
    assert server.column("BYSCHEMA", "NOTE") == "VARCHAR2(200 CHAR)"
    assert notes(server, "BYSCHEMA") == {1: "a" * 10, 2: "b" * 200}
    assert len(told(result.log, "NOTE", "VARCHAR2(10 CHAR)", "VARCHAR2(200 CHAR)")) == 1, result.log


@pytest.mark.parametrize("method", ["append-only", "upsert"])
@pytest.mark.parametrize(
    "text", [ASCII, WIDE, HUGE], ids=["4001 bytes", "2001 times two bytes", "two million"]
)
def test_a_value_turns_a_column_into_a_clob_of_the_same_name(server, method, text):
    stream = f"byValue_{len(text)}_{method}"
    before = [record(stream, n, f"note {n}") for n in range(5)]
    after = [record(stream, n, f"note {n}") for n in range(6, 9)]
    data = lines(schema(stream, None, ["id"]), *before, record(stream, 5, text), *after)
    result = server.run(data, load_method=method)
    assert result.exit_code == 0, result.log
    table = stream.upper().replace("-", "_")
    assert server.column(table, "NOTE") == "CLOB"
    assert notes(server, table) == {**{n: f"note {n}" for n in range(9)}, 5: text}
    assert len(told(result.log, "NOTE", "becomes a CLOB")) == 1, result.log


def test_in_a_compressed_table_a_text_outgrows_its_column_all_the_same(server):
    data = lines(schema("packed", None), record("packed", 1, "short"), record("packed", 2, ASCII))
    result = server.run(data, table_options="compress")
    assert result.exit_code == 0, result.log
    assert notes(server, "PACKED") == {1: "short", 2: ASCII}
    left = server.database.query("SELECT column_name FROM user_tab_columns WHERE table_name = 'PACKED'")
    assert not [name for (name,) in left if name.startswith("NOTE") and name != "NOTE"]
    assert "SET UNUSED COLUMN" in result.log


def test_a_column_that_another_is_computed_from_keeps_its_type(server):
    assert server.run(lines(schema("computed", 10), record("computed", 1, "a"))).exit_code == 0
    server.database.run('ALTER TABLE "COMPUTED" ADD ("LOUD" AS (UPPER("NOTE")))')
    result = server.run(lines(schema("computed", 20), record("computed", 2, "b")))
    assert result.exit_code == 0, result.log
    assert server.column("COMPUTED", "NOTE") == "VARCHAR2(10 CHAR)"
    assert server.database.query('SELECT "ID", "LOUD" FROM "COMPUTED" ORDER BY "ID"') == [(1, "A"), (2, "B")]


def test_values_of_an_earlier_run_are_kept(server):
    first = server.run(
        lines(schema("kept", None), *(record("kept", n, "ä" * n) for n in range(1, 2000, 100)))
    )
    second = server.run(lines(schema("kept", None), record("kept", 5000, HUGE)))
    assert (first.exit_code, second.exit_code) == (0, 0), second.log
    assert notes(server, "KEPT") == {**{n: "ä" * n for n in range(1, 2000, 100)}, 5000: HUGE}


def test_many_longer_texts_in_one_batch_grow_the_column_a_few_times(server):
    texts = {n: "x" * n for n in range(1, 3000, 7)}
    data = lines(schema("stairs", None), *(record("stairs", n, text) for n, text in texts.items()))
    result = server.run(data, varchar_default_length=5)
    assert result.exit_code == 0, result.log
    assert notes(server, "STAIRS") == texts
    assert result.log.count("ALTER TABLE") <= 12, result.log


def test_a_text_beyond_what_its_schema_says_is_a_reject_and_widens_nothing(server):
    loaded = server.load({"type": "string", "maxLength": 10}, ['"short"', f'"{"x" * 11}"'])
    assert loaded.stored == {0: "short"}
    assert loaded.refused[1][0] == "ORA-12899"
    assert server.column(loaded.table) == "VARCHAR2(10 CHAR)"


def test_without_validation_the_schemas_length_is_only_a_beginning(server):
    loaded = server.load(
        {"type": "string", "maxLength": 10}, ['"short"', f'"{"x" * 11}"'], validate_records=False
    )
    assert loaded.stored == {0: "short", 1: "x" * 11}
    assert server.column(loaded.table).startswith("VARCHAR2(")


def test_a_frozen_column_makes_a_reject_of_the_text(server):
    assert server.run(lines(schema("frozen", 10), record("frozen", 1, "a"))).exit_code == 0
    reject = server.folder / "frozen.rejects"
    result = server.run(
        lines(schema("frozen", 10), record("frozen", 2, "b" * 11), record("frozen", 3, "c")),
        schema_evolution="freeze", validate_records=False, max_rejects=1, reject_file=str(reject),
    )  # fmt: skip
    assert result.exit_code == 0, result.log
    assert notes(server, "FROZEN") == {1: "a", 3: "c"}
    assert json.loads(reject.read_text().splitlines()[-1])["_reject"]["code"] == "ORA-12899"


def test_a_text_that_no_key_can_hold_is_a_reject(server):
    loaded = server.load({"type": "string"}, ['"a"', f'"{"x" * 7000}"'], key=True)
    assert loaded.stored == {0: "a"}
    assert loaded.refused[1][0] == "ORA-12899"


def test_a_key_grows_as_far_as_its_index_goes(server):
    loaded = server.load(
        {"type": "string", "maxLength": 10}, ['"a"', f'"{"x" * 200}"'], key=True, validate_records=False
    )
    assert loaded.stored == {0: "a", 1: "x" * 200}


def test_a_narrower_column_of_others_is_widened_by_a_value_alone(server):
    server.database.run('CREATE TABLE "OTHERS" ("ID" NUMBER, "NOTE" VARCHAR2(5 CHAR))')
    assert server.run(lines(schema("others", 50), record("others", 1, "abc"))).exit_code == 0
    assert server.column("OTHERS", "NOTE") == "VARCHAR2(5 CHAR)"
    result = server.run(lines(schema("others", 50), record("others", 2, "abcdefghij")))
    assert result.exit_code == 0, result.log
    assert notes(server, "OTHERS") == {1: "abc", 2: "abcdefghij"}
