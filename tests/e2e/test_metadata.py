"""
`add_record_metadata`: the seven `_sdc_*` columns, with the Singer SDK's meaning.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone

from tests.messages import INTEGER, TEXT, TIME, joined, record, schema, state

SEVEN = {
    "_SDC_EXTRACTED_AT",
    "_SDC_RECEIVED_AT",
    "_SDC_BATCHED_AT",
    "_SDC_DELETED_AT",
    "_SDC_SEQUENCE",
    "_SDC_TABLE_VERSION",
    "_SDC_SYNC_STARTED_AT",
}
EXTRACTED = "2024-01-02T03:04:05.678901+02:00"


def columns(database):
    found = database.query("SELECT column_name FROM user_tab_columns WHERE table_name = 'S'")
    return {name for (name,) in found}


def extracted(line):
    return json.dumps({**json.loads(line), "time_extracted": EXTRACTED}).encode()


def test_each_of_the_seven_columns_has_its_meaning(within, database):
    before = datetime.now(timezone.utc)
    data = joined(
        schema("s", name=TEXT),
        extracted(record("s", 7, id=1, name="a")),
        record("s", id=2, name="b"),
        state(1),
    )
    result = within(database.config(add_record_metadata=True), data)
    after = datetime.now(timezone.utc)
    assert result.exit_code == 0, result.log
    assert columns(database) == {"ID", "NAME", *SEVEN}
    listed = ", ".join(f'"{name}"' for name in sorted(SEVEN))
    found = database.query(f'SELECT {listed} FROM "S" ORDER BY "ID"')  # names of ours
    one, two = (dict(zip(sorted(SEVEN), row, strict=True)) for row in found)
    assert one["_SDC_EXTRACTED_AT"].replace(tzinfo=None).isoformat() == "2024-01-02T01:04:05.678901"
    assert (one["_SDC_TABLE_VERSION"], one["_SDC_DELETED_AT"]) == (7, None)
    assert (two["_SDC_EXTRACTED_AT"], two["_SDC_TABLE_VERSION"]) == (None, None)
    second = timedelta(seconds=1)
    for name in ("_SDC_RECEIVED_AT", "_SDC_BATCHED_AT"):
        assert before - second <= one[name].replace(tzinfo=timezone.utc) <= after + second
    assert before.timestamp() * 1000 - 1000 <= one["_SDC_SEQUENCE"] <= after.timestamp() * 1000 + 1000
    assert one["_SDC_SYNC_STARTED_AT"] == two["_SDC_SYNC_STARTED_AT"] <= time.time() * 1000


def test_a_taps_own_columns_give_way(within, database):
    shape = schema("s", _sdc_sequence=TEXT, _sdc_batched_at=TIME, _sdc_deleted_at=TIME)
    mark = "2020-01-01T00:00:00Z"
    data = joined(shape, record("s", id=1, _sdc_sequence="mine", _sdc_batched_at=mark, _sdc_deleted_at=mark))
    result = within(database.config(add_record_metadata=True), data)
    assert result.exit_code == 0, result.log
    ((sequence, deleted),) = database.query('SELECT "_SDC_SEQUENCE", "_SDC_DELETED_AT" FROM "S"')
    assert sequence > 1_000_000_000_000
    assert deleted.year == 2020


def test_without_the_setting_no_column_is_added(within, database):
    assert within(database.config(), joined(schema("s", v=INTEGER), record("s", id=1, v=1))).exit_code == 0
    assert columns(database) == {"ID", "V"}


def test_a_table_from_before_gets_the_columns_and_keeps_its_rows(within, database):
    data = joined(schema("s", v=INTEGER), record("s", id=1, v=1))
    assert within(database.config(), data).exit_code == 0
    again = joined(schema("s", v=INTEGER), record("s", id=2, v=1))
    assert within(database.config(add_record_metadata=True), again).exit_code == 0
    assert columns(database) == {"ID", "V", *SEVEN}
    assert database.query('SELECT "ID" FROM "S" WHERE "_SDC_RECEIVED_AT" IS NULL') == [(1,)]
