"""
Log-based streams: inserts, updates of some columns, deletes, keys that come back.

Hard_delete and partial updates.
"""

from __future__ import annotations

import random

import pytest

from tests.messages import DOCUMENT, INTEGER, TEXT, TIME, joined, record, schema, state

GONE = "2024-05-06T07:08:09.000000Z"


def deleted(number, **values):
    return record("s", id=number, _sdc_deleted_at=GONE, **values)


@pytest.fixture(params=["declared", "undeclared"])
def shape(request):
    declared = {"_sdc_deleted_at": TIME} if request.param == "declared" else {}
    return schema("s", name=TEXT, v=INTEGER, **declared)


@pytest.fixture(params=["array", "staged"])
def config(request, database):
    return database.config(load_method="upsert", hard_delete=True, upsert_strategy=request.param)


def stored(database):
    return database.query('SELECT "ID", "NAME", "V" FROM "S" ORDER BY "ID"')


def test_a_record_that_says_when_it_was_deleted_removes_its_row(within, database, config, shape):
    rows = [record("s", id=n, name="a", v=n) for n in range(5)]
    assert within(config, joined(shape, *rows)).exit_code == 0
    result = within(config, joined(shape, deleted(1), deleted(3, name="x"), deleted(77), state(1)))
    assert result.exit_code == 0, result.log
    assert "2 deleted" in result.log
    assert [row[0] for row in stored(database)] == [0, 2, 4]


def test_the_last_of_deletes_and_inserts_of_one_key_wins(within, database, config, shape):
    assert (
        within(config, joined(shape, *[record("s", id=n, name="old", v=1) for n in (1, 2, 3)])).exit_code == 0
    )
    data = [
        deleted(1), record("s", id=1, name="new", v=2),
        record("s", id=2, name="new", v=2), deleted(2),
        record("s", id=9, name="new", v=2), deleted(9), record("s", id=9, name="newer", v=3),
    ]  # fmt: skip
    result = within(config, joined(shape, *data, state(1)))
    assert result.exit_code == 0, result.log
    assert stored(database) == [(1, "new", 2), (3, "old", 1), (9, "newer", 3)]


def test_a_row_after_a_delete_has_nothing_of_the_row_before(within, database, config):
    shape = schema("s", name=TEXT, v=INTEGER, _sdc_deleted_at=TIME)
    assert within(config, joined(shape, record("s", id=1, name="old", v=1))).exit_code == 0
    assert within(config, joined(shape, deleted(1), record("s", id=1, v=2))).exit_code == 0
    assert stored(database) == [(1, None, 2)]


def test_without_hard_delete_the_mark_is_a_value_and_a_row_that_comes_back_loses_it(within, database):
    shape = schema("s", name=TEXT, v=INTEGER, _sdc_deleted_at=TIME)
    config = database.config(load_method="upsert")
    assert within(config, joined(shape, record("s", id=1, name="a", v=1), deleted(1))).exit_code == 0
    assert database.query('SELECT "ID", "NAME" FROM "S" WHERE "_SDC_DELETED_AT" IS NOT NULL') == [(1, "a")]
    assert within(config, joined(shape, record("s", id=1, name="b", v=1))).exit_code == 0
    assert database.query('SELECT "ID", "NAME" FROM "S" WHERE "_SDC_DELETED_AT" IS NULL') == [(1, "b")]


# --- partial updates


def test_what_a_record_of_a_log_lacks_stays(within, database):
    shape = schema("s", name=TEXT, v=INTEGER, doc=DOCUMENT, _sdc_lsn=INTEGER)
    config = database.config(load_method="upsert")
    full = [record("s", id=n, name="a", v=1, doc={"n": n}, _sdc_lsn=1) for n in (1, 2, 3)]
    assert within(config, joined(shape, *full)).exit_code == 0
    some = [
        record("s", id=1, v=2, _sdc_lsn=2),
        record("s", id=2, name="b", _sdc_lsn=3),
        record("s", id=3, v=None, _sdc_lsn=4),
    ]
    result = within(
        config,
        joined(shape, *some, record("s", id=3, name="c", _sdc_lsn=5), record("s", id=4, v=9, _sdc_lsn=6)),
    )
    assert result.exit_code == 0, result.log
    assert stored(database) == [(1, "a", 2), (2, "b", 1), (3, "c", None), (4, None, 9)]
    assert database.query('SELECT COUNT(*) FROM "S" WHERE "DOC" IS NOT NULL') == [(3,)]


@pytest.mark.parametrize(("said", "expected"), [(None, None), (False, None), (True, "a")])
def test_other_streams_lose_what_a_record_lacks_unless_told(within, database, said, expected):
    shape = schema("s", name=TEXT, v=INTEGER)
    config = database.config(load_method="upsert", **({} if said is None else {"partial_updates": said}))
    assert within(config, joined(shape, record("s", id=1, name="a", v=1))).exit_code == 0
    assert within(config, joined(shape, record("s", id=1, v=2))).exit_code == 0
    assert stored(database) == [(1, expected, 2)]


def log_of_changes(seed, steps):
    """
    Return the messages of random changes to a source of a few keys, and what the source holds in the end.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    source, messages = {}, []
    for lsn in range(steps):
        key = chance.randrange(12)
        if key not in source:
            source[key] = (f"n{lsn}", lsn)
            messages.append(record("s", id=key, name=f"n{lsn}", v=lsn, _sdc_lsn=lsn))
            continue
        match chance.randrange(4):
            case 0:
                del source[key]
                messages.append(deleted(key, _sdc_lsn=lsn))
            case 1:
                source[key] = (source[key][0], lsn)
                messages.append(record("s", id=key, v=lsn, _sdc_lsn=lsn))
            case 2:
                source[key] = (f"m{lsn}", source[key][1])
                messages.append(record("s", id=key, name=f"m{lsn}", _sdc_lsn=lsn))
            case 3:  # the key changes: a delete and an insert
                name, value = source.pop(key)
                source[key + 100] = (name, value)
                messages += [
                    deleted(key, _sdc_lsn=lsn),
                    record("s", id=key + 100, name=name, v=value, _sdc_lsn=lsn),
                ]
    return messages, source


@pytest.mark.parametrize("seed", range(3))
def test_a_log_of_changes_ends_equal_to_its_source(within, database, seed):
    messages, source = log_of_changes(seed, 400)
    shape = schema("s", name=TEXT, v=INTEGER, _sdc_lsn=INTEGER, _sdc_deleted_at=TIME)
    config = database.config(load_method="upsert", hard_delete=True, batch_size_rows=37)
    result = within(config, joined(shape, *messages, state(1)))
    assert result.exit_code == 0, result.log
    assert stored(database) == sorted((key, name, value) for key, (name, value) in source.items())


@pytest.mark.parametrize("strategy", ["array", "staged"])
def test_keys_that_are_long_binds_are_found_and_deleted(within, database, strategy):
    """
    The driver declares four bytes a character, so such a key's bind may be a LONG in the DELETE's WHERE.
    """
    keys = {n: f"{n}" + "k" * 1400 for n in range(3)}
    config = database.config(load_method="upsert", hard_delete=True, upsert_strategy=strategy)
    shape = schema("s", keys=("k",), k={"type": "string", "maxLength": 1500}, _sdc_deleted_at=TIME)
    stored = [record("s", id=n, k=key, _sdc_deleted_at=None) for n, key in keys.items()]
    assert within(config, joined(shape, *stored)).exit_code == 0
    again = record("s", id=7, k=keys[1], _sdc_deleted_at=None)
    result = within(config, joined(shape, again, record("s", id=0, k=keys[0], _sdc_deleted_at=GONE)))
    assert result.exit_code == 0, result.log
    assert database.query('SELECT "ID", LENGTH("K") FROM "S" ORDER BY "ID"') == [(2, 1401), (7, 1401)]
