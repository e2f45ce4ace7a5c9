"""
Direct path: the same rows in the same table as by arrays, and where it cannot be, arrays and the reason.
"""

from __future__ import annotations

import string
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_oracle.oracle import sql
from target_oracle.oracle.directpath import DirectPath, Mark, carrier
from target_oracle.oracle.session import Session
from target_oracle.oracle.types import Column, OracleType, Server
from target_oracle.oracle.writer import Writer
from tests.e2e.loads import contents, ids, lines, record, schema, server, state
from tests.e2e.rig import rig
from tests.e2e.test_values import SHAPES

pytestmark = pytest.mark.standin

DIRECT = {"insert_method": "direct", "log_level": "INFO", "retry_delay": 0}
UTC = timezone.utc
MONEY = {"type": ["null", "number"], "x-sql-datatype": "NUMBER(7,2)"}


@pytest.fixture(params=[19, 23])
def version(request):
    return request.param


@pytest.fixture
def served(version):
    with server(version) as found:
        yield found


def rows(first, last, **more):
    return [schema("s", keys=(), **more), *(record("s", n) for n in range(first, last)), state(last)]


# --- the same rows


@pytest.mark.parametrize(
    "name",
    ["number", "x-sql-datatype", "maxLength 5", "maxLength 65535", "date-time", "date", "base64, short"],
)
def test_what_taps_send_is_stored_and_refused_as_by_arrays(shapes, name):
    given_schema, _, values = SHAPES[name]
    texts = [value for value, _ in values]
    by_array, directly = (shapes.load(given_schema, texts, insert_method=way) for way in ("array", "direct"))
    assert (directly.stored, directly.refused) == (by_array.stored, by_array.refused)
    assert shapes.column(directly.table) == shapes.column(by_array.table)


@pytest.fixture(scope="module", params=[19, 23])
def shapes(request, tmp_path_factory):
    with rig(tmp_path_factory.mktemp("direct"), request.param) as found:
        yield found


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001  # Oracle's have no zone
ZONED = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
COLUMNS = {
    "NUMBER": st.decimals(-(10**30), 10**30, places=8),
    "NUMBER(38)": st.integers(-(10**38) + 1, 10**38 - 1),
    "NUMBER(7,2)": st.decimals(-99_999, 99_999, places=4),
    "FLOAT(20)": st.decimals(-999, 999, places=3),
    "BINARY_DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "BINARY_FLOAT": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "VARCHAR2(20 CHAR)": TEXT.map(lambda text: text[:20]),
    "CHAR(8 CHAR)": st.text(string.ascii_letters, min_size=1, max_size=8),
    "NVARCHAR2(9)": st.text("aż東", min_size=1, max_size=9),
    "CLOB": st.builds(lambda text, times: text * times, TEXT, st.integers(1, 300)),
    "RAW(16)": st.binary(min_size=1, max_size=16),
    "BLOB": st.builds(lambda data, times: data * times, st.binary(min_size=1), st.integers(1, 300)),
    "DATE": MOMENTS.map(lambda moment: moment.replace(microsecond=0)),
    "TIMESTAMP(3)": MOMENTS,
    "TIMESTAMP(6)": MOMENTS,
    "TIMESTAMP(6) WITH TIME ZONE": ZONED,
    "TIMESTAMP(6) WITH LOCAL TIME ZONE": ZONED,
    "BOOLEAN": st.booleans(),
}


class Pair:
    """
    Two tables of *columns*, one for arrays and one for direct path.
    """

    def __init__(self, database, version):
        self.connection = database.connect()
        self.session = Session(self.connection)
        self.owner = database.user.upper()
        self.server = Server((version,), user=self.owner, schema=self.owner)
        kinds = [kind for kind in COLUMNS if kind != "BOOLEAN" or version >= 23]
        self.values = st.tuples(*(st.none() | COLUMNS[kind] for kind in kinds))
        self.columns = [Column(f"C{n}", declared(kind)) for n, kind in enumerate(kinds)]
        defined = ", ".join(f'"C{n}" {kind}' for n, kind in enumerate(kinds))
        for table in ("A", "B"):
            self.session.run(f"CREATE TABLE {table} ({defined})")
        self.writer = Writer(self.owner, "A", tuple(self.columns), (), 4000)
        self.writer.session = self.session
        self.direct = DirectPath(lambda: Session(database.connect()), self.server, Mark.of("pair"))

    def stored(self, some):
        """
        What the tables hold once both have got the rows *some*.
        """
        assert self.writer.insert(some).refused == ()
        query = self.direct.fill(self.columns, some)
        assert query is not None
        names = [column.name for column in self.columns]
        assert self.session.run(sql.insert_query(self.owner, "B", names, query)) == len(some)
        listed = ", ".join(names)
        found = [sorted(self.session.rows(f"SELECT {listed} FROM {table}"), key=repr) for table in "AB"]
        self.connection.rollback()
        return found

    def close(self):
        self.direct.close()
        self.connection.close()


def declared(kind):
    """
    The type that the dictionary gives for a column declared as *kind*.
    """
    name, _, rest = kind.partition("(")
    digits, _, tail = rest.partition(")")
    name += tail
    if name in ("VARCHAR2", "CHAR", "NVARCHAR2"):
        return OracleType(name, length=int(digits.split()[0]), char=True)
    if name == "RAW":
        return OracleType(name, length=int(digits))
    numbers = [int(number) for number in digits.split(",") if number]
    return OracleType(name, precision=numbers[0] if numbers else None, scale=numbers[-1] if numbers else None)


@pytest.fixture(scope="module", params=[19, 23])
def pair(request):
    with server(request.param) as (_, database), closing(Pair(database, request.param)) as found:
        yield found


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_value_is_stored_as_an_array_stores_it(pair, data):
    """
    Digits, fractions of a second, zones, blanks and characters: what a column does to a value, it does here.
    """
    by_array, directly = pair.stored(data.draw(st.lists(pair.values, min_size=1, max_size=4)))
    assert directly == by_array


def test_types_without_a_carrier_are_not_carried():
    assert [
        carrier(OracleType(name), 4000) for name in ("JSON", "XMLTYPE", "LONG", "INTERVAL DAY TO SECOND")
    ] == [None] * 4


# --- how


def test_rows_go_through_a_work_table_that_is_gone_at_the_end(within, served):
    standin, database = served
    result = within(database.config(**DIRECT, batch_size_rows=3), lines(rows(0, 10)))
    assert (result.exit_code, result.states) == (0, [{"seen": 10}]), result.log
    assert "10 inserted, 4 batches (4 direct)" in result.log
    assert ids(database, "S") == list(range(10))
    assert list(contents(database)) == ["S"]
    said = [
        statement["sql"].split('"SDC$DP')[0]
        for statement in standin.statements()
        if "SDC$DP" in statement["sql"]
    ]
    fill, empty = 'INSERT INTO "APP".', 'TRUNCATE TABLE "APP".'
    take = 'INSERT INTO "APP"."S" ("ID", "NOTE") SELECT "C1", "C2" FROM "APP".'
    assert said == ['CREATE TABLE "APP".', fill, take, *(3 * [empty, fill, take]), 'DROP TABLE "APP".']


def test_automatic_is_direct_for_large_batches(within, served):
    _, database = served
    config = database.config(**{**DIRECT, "insert_method": "auto"})
    result = within(config, lines(rows(0, 5_000)))
    assert "5000 inserted, 1 batches (1 direct)" in result.log
    result = within(config, lines(rows(0, 4_999)))
    assert "4999 inserted, 1 batches," in result.log


def test_several_connections_have_a_work_table_each(within, served):
    _, database = served
    data = lines(message for n in range(0, 60, 3) for message in rows(n, n + 3))
    result = within(database.config(**DIRECT, parallelism=3, commit_interval_rows=3), data)
    assert result.exit_code == 0, result.log
    assert ids(database, "S") == list(range(60))
    assert list(contents(database)) == ["S"]


def test_rows_without_keys_of_an_overwrite_gather_by_direct_path(within, served):
    _, database = served
    for first in (0, 10):
        result = within(database.config(**DIRECT, load_method="overwrite"), lines(rows(first, first + 9)))
        assert "9 inserted, 1 batches (1 direct)" in result.log
    assert ids(database, "S") == list(range(10, 19))
    assert list(contents(database)) == ["S"]


# --- where it cannot be


def test_a_row_that_the_table_refuses_is_the_only_reject(within, served, tmp_path):
    """
    The statement that takes the rows over fails as a whole; an array then tells which row it was.
    """
    _, database = served
    database.run("CREATE TABLE s (id NUMBER(38), note VARCHAR2(4000), CONSTRAINT few CHECK (id <> 7))")
    config = database.config(**DIRECT, max_rejects=1, reject_file=str(tmp_path / "rejects"))
    result = within(config, lines(rows(0, 10)))
    assert result.exit_code == 0, result.log
    assert ids(database, "S") == [n for n in range(10) if n != 7]
    assert "rejects: 1 x ORA-02290" in result.log
    assert " direct)" not in result.log


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"load_method": "upsert"}, "load_method upsert looks at each key"),
        ({"load_method": "overwrite"}, "load_method overwrite looks at each key"),
        ({"ddl_mode": "none"}, "direct path needs a work table, and ddl_mode is none"),
    ],
)
def test_arrays_are_used_and_the_log_says_why(within, served, given, why):
    _, database = served
    data = lines([schema("s"), *(record("s", n) for n in range(5)), state(5)])
    assert within(database.config(load_method=given.get("load_method", "append-only")), data).exit_code == 0
    result = within(database.config(**{**DIRECT, **given}), data)
    assert result.exit_code == 0, result.log
    assert f"WARNING  | target-oracle                  | [{result.log.split('[')[1][:12]}]" in result.log
    assert f"insert_method direct: {why}" in result.log
    assert " direct)" not in result.log


def test_a_column_that_is_not_carried_is_named(within):
    with server(23) as (_, database):
        result = within(database.config(**DIRECT), lines(rows(0, 5, doc={"type": "object"})))
        assert (
            "insert_method direct: direct path carries no JSON (column DOC); rows go as arrays" in result.log
        )
        assert ids(database, "S") == list(range(5))


def test_without_the_right_to_make_a_table_rows_go_as_arrays(within, served):
    standin, database = served
    config = database.config(**DIRECT, batch_size_rows=2)
    assert within(config, lines(rows(0, 0))).exit_code == 0
    standin.database.revoke(database.user, "CREATE TABLE")
    result = within(config, lines(rows(0, 6)))
    assert result.exit_code == 0, result.log
    assert result.log.count("direct path cannot be used, rows go as arrays: ORA-01031") == 1
    assert ids(database, "S") == list(range(6))


def test_a_second_connection_that_is_refused_costs_nothing_but_the_way(within, version):
    with server(version, "ora-12516@connect:2") as (_, database):
        result = within(database.config(**DIRECT, ledger=False), lines(rows(0, 6)))
        assert result.exit_code == 0, result.log
        assert "direct path cannot be used, rows go as arrays" in result.log
        assert ids(database, "S") == list(range(6))


# --- what is left behind


def test_work_tables_of_a_run_that_died_are_dropped_by_the_next(within, served):
    """
    Those of the same loader at once, those of others once they are a day old.
    """
    _, database = served
    day = timedelta(days=1).total_seconds()
    dead, recent, old = Mark.of("mine"), Mark.of("another's"), Mark.of("a third one's")
    made = [
        Mark(mark.loader, mark.began - int(age)).name()
        for mark, age in ((dead, 60), (recent, day - 60), (old, day + 60))
    ]
    for table in made:
        database.run(f'CREATE TABLE "{table}" (c1 NUMBER)')
    result = within(database.config(**DIRECT, loader_id="mine"), lines(rows(0, 3)))
    assert result.exit_code == 0, result.log
    assert sorted(contents(database)) == sorted(["S", made[1]])


def test_a_run_that_fails_drops_its_work_tables(within, served):
    _, database = served
    bad = {"type": "RECORD", "stream": "s", "record": {"id": "x"}}
    result = within(database.config(**DIRECT, batch_size_rows=2), lines([*rows(0, 6)[:-1], bad]))
    assert result.exit_code == 5, result.log
    assert "SDC$DP" not in "".join(contents(database))


def test_a_work_table_that_somebody_drops_is_made_anew(within, version):
    """
    The rows of that batch go as an array.
    """
    with server(version, "ora-00942@dml:3") as (_, other):
        result = within(other.config(**DIRECT, batch_size_rows=2), lines(rows(0, 6)))
        assert result.exit_code == 0, result.log
        assert ids(other, "S") == list(range(6))
        assert "(2 direct)" in result.log
        assert list(contents(other)) == ["S"]
