"""
ACTIVATE_VERSION in every order, soft and hard, with and without the other metadata; and the brake.
"""

from __future__ import annotations

import pytest

from target_oracle import versions
from tests.messages import TEXT, activate, joined, record, schema, state

SHAPE = schema("s", name=TEXT)
UNKEYED = schema("s", keys=(), name=TEXT)


@pytest.fixture(params=["soft", "hard"])
def way(request):
    return request.param


def config_of(database, way, **more):
    return database.config(hard_delete=way == "hard", **more)


def rows(version, *numbers):
    return [record("s", version, id=n, name=f"v{version}") for n in numbers]


def alive(database, way):
    """
    The rows that are there and not marked.
    """
    where = "" if way == "hard" else ' WHERE "_SDC_DELETED_AT" IS NULL'
    return database.query(f'SELECT "ID", "NAME" FROM "S"{where} ORDER BY "ID", "NAME"')


@pytest.fixture
def first(within, database, way):
    """
    A table of rows 1 to 4 with version 10.
    """

    def load(**more):
        config = config_of(database, way, **more)
        result = within(
            config, joined(SHAPE, activate("s", 10), *rows(10, 1, 2, 3, 4), activate("s", 10), state(1))
        )
        assert result.exit_code == 0, result.log
        return config

    return load


ORDERS = {
    "before": lambda new: [SHAPE, activate("s", 20), *new],
    "after": lambda new: [SHAPE, *new, activate("s", 20)],
    "both": lambda new: [SHAPE, activate("s", 20), *new, activate("s", 20)],
    "before its SCHEMA": lambda new: [activate("s", 20), SHAPE, *new],
    "twice": lambda new: [
        SHAPE,
        *new,
        activate("s", 20),
        activate("s", 20),
        activate("s", 21),
        *rows(21, 1, 3),
    ],
}


@pytest.mark.parametrize("metadata", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_older_rows_go_and_newer_ones_stay(  # noqa: PLR0917  # fixtures
    within, database, way, first, order, metadata
):
    config = first(load_method="upsert", add_record_metadata=metadata)
    result = within(config, joined(*ORDERS[order](rows(20, 1, 3)), state(2)))
    assert result.exit_code == 0, result.log
    assert result.states == [2]
    name = "v21" if order == "twice" else "v20"
    assert alive(database, way) == [(1, name), (3, name)]
    assert database.count("S") == (2 if way == "hard" else 4)


def test_all_older_rows_go_when_no_record_comes(within, database, way, first):
    config = first(load_method="upsert")
    result = within(config, joined(SHAPE, activate("s", 20), state(2)))
    assert result.exit_code == 0, result.log
    assert alive(database, way) == []


def test_appended_rows_of_older_versions_go_too(within, database, way):
    config = config_of(database, way, load_method="append-only")
    for version in (10, 20):
        result = within(
            config, joined(UNKEYED, activate("s", version), *rows(version, 1, 2), activate("s", version))
        )
        assert result.exit_code == 0, result.log
    assert alive(database, way) == [(1, "v20"), (2, "v20")]


@pytest.mark.parametrize("more", [{}, {"persist_empty_tables": False}], ids=str)
def test_rows_that_come_before_the_first_activation_keep_their_version(within, database, way, more):
    """
    Taps that send ACTIVATE_VERSION behind the rows only: what the first run brought is old in the second.
    """
    config = config_of(database, way, load_method="upsert", **more)
    for version, numbers in ((10, (1, 2, 3)), (20, (1, 3))):
        result = within(config, joined(SHAPE, *rows(version, *numbers), activate("s", version)))
        assert result.exit_code == 0, result.log
    assert alive(database, way) == [(1, "v20"), (3, "v20")]


def test_versions_of_one_run_follow_each_other(within, database, way):
    config = config_of(database, way, load_method="upsert")
    data = joined(SHAPE, *rows(1, 1, 2, 3), activate("s", 1), *rows(2, 1, 2), activate("s", 2))
    result = within(config, data)
    assert result.exit_code == 0, result.log
    assert alive(database, way) == [(1, "v2"), (2, "v2")]


def test_no_versions_are_kept_of_what_is_never_activated(within, database):
    config = database.config(process_activate_version_messages=False)
    assert within(config, joined(SHAPE, *rows(1, 1))).exit_code == 0
    assert database.query("SELECT column_name FROM user_tab_columns WHERE table_name = 'S' ORDER BY 1") == [
        ("ID",),
        ("NAME",),
    ]


def test_rows_without_a_version_survive(within, database, way):
    config = config_of(database, way)
    data = joined(
        UNKEYED, record("s", id=1, name="a"), activate("s", 1), record("s", id=2, name="b"), activate("s", 2)
    )
    result = within(config, data)
    assert result.exit_code == 0, result.log
    assert alive(database, way) == [(1, "a"), (2, "b")]


def test_a_row_that_comes_back_is_no_longer_marked(within, database):
    config = database.config(load_method="upsert")
    for version, numbers in ((10, (1, 2)), (20, (1,)), (30, (1, 2))):
        data = joined(SHAPE, activate("s", version), *rows(version, *numbers), activate("s", version))
        assert within(config, data).exit_code == 0
    assert alive(database, "soft") == [(1, "v30"), (2, "v30")]


def test_nothing_goes_when_that_would_be_more_than_max_delete_percent(within, database, way, first):
    config = first(load_method="upsert")
    result = within(
        {**config, "max_delete_percent": 50}, joined(SHAPE, *rows(20, 1), activate("s", 20), state(2))
    )
    assert result.exit_code == 4
    assert "max_delete_percent" in result.last_line
    assert 2 not in result.states
    assert database.count("S") == 4
    assert len(alive(database, way)) == 4


def test_a_small_share_goes_under_the_brake(within, database, way, first):
    config = first(load_method="upsert")
    result = within({**config, "max_delete_percent": 50}, joined(SHAPE, *rows(20, 1, 2), activate("s", 20)))
    assert result.exit_code == 0, result.log
    assert [row[0] for row in alive(database, way)] == [1, 2]


def test_the_message_is_only_noticed_where_that_is_asked_for(within, database, first, way):
    config = first(load_method="upsert")
    data = joined(SHAPE, *rows(20, 1), activate("s", 20))
    result = within({**config, "process_activate_version_messages": False}, data)
    assert result.exit_code == 0
    assert "not acted upon" in result.log
    assert len(alive(database, way)) == 4


def test_a_table_that_may_not_change_keeps_its_rows(within, database):
    database.run('CREATE TABLE "S" ("ID" NUMBER NOT NULL PRIMARY KEY, "NAME" VARCHAR2(100 CHAR))')
    config = database.config(load_method="upsert", schema_evolution="freeze")
    result = within(config, joined(SHAPE, *rows(1, 1), activate("s", 1)))
    assert result.exit_code == 0, result.log
    assert database.count("S") == 1


def test_many_older_rows_go_in_several_statements_of_one_transaction(within, database, way, monkeypatch):
    monkeypatch.setattr(versions, "MOST_ROWS", 4)
    config = config_of(database, way, load_method="upsert")
    data = joined(SHAPE, activate("s", 1), *rows(1, *range(11)), activate("s", 2), *rows(2, 3, 5))
    result = within(config, data)
    assert result.exit_code == 0, result.log
    assert [row[0] for row in alive(database, way)] == [3, 5]


def test_a_message_without_a_version_is_refused(within, database):
    result = within(database.config(), b'{"type":"ACTIVATE_VERSION","stream":"s"}\n')
    assert result.exit_code == 3
