"""
BATCH: records in files give the table that records in lines give.
"""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.e2e.loads import lines, record, schema, state

COLUMNS = {
    "amount": {"type": ["null", "number"]},
    "name": {"type": ["null", "string"], "maxLength": 20},
    "at": {"type": ["null", "string"], "format": "date-time"},
    "day": {"type": ["null", "string"], "format": "date"},
    "ok": {"type": ["null", "boolean"]},
    "long": {"type": ["null", "string"], "maxLength": 100_000},
}
START = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=timezone.utc)


def row(number):
    return {
        "id": number,
        "note": None if number % 7 == 0 else f"note {number}",
        "amount": Decimal(number) / 4,
        "name": "" if number % 11 == 0 else f"é{number}",
        "at": START + timedelta(hours=number),
        "day": date(2024, 1, 1) + timedelta(days=number),
        "ok": number % 2 == 0,
        "long": "x" * (5000 if number == 3 else 3),
    }


ROWS = [row(number) for number in range(1, 101)]


def as_json(one):
    return json.dumps(
        {
            name: value.isoformat()
            if hasattr(value, "isoformat")
            else float(value)
            if isinstance(value, Decimal)
            else value
            for name, value in one.items()
        }
    ).encode()


def write_jsonl(path):
    path.write_bytes(b"".join(as_json(one) + b"\n" for one in ROWS))


def write_gzip(path):
    with gzip.open(path, "wb") as file:
        file.writelines(as_json(one) + b"\n" for one in ROWS)


def arrow_table():
    pa = pytest.importorskip("pyarrow", reason="the extra target-oracle[arrow] is not installed")
    types = pa.schema(
        [("id", pa.int64()), ("note", pa.string()), ("amount", pa.decimal128(20, 2)), ("name", pa.string()),
         ("at", pa.timestamp("us", "UTC")), ("day", pa.date32()), ("ok", pa.bool_()), ("long", pa.string())]
    )  # fmt: skip
    return pa.Table.from_pylist(ROWS, types)


def write_parquet(path):
    table = arrow_table()
    pytest.importorskip("pyarrow.parquet").write_table(table, path)


def write_arrow(path):
    table = arrow_table()
    ipc = pytest.importorskip("pyarrow.ipc")
    with ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)


FORMS = {
    "jsonl": ({"format": "jsonl"}, write_jsonl),
    "gzip": ({"format": "jsonl", "compression": "gzip"}, write_gzip),
    "parquet": ({"format": "parquet"}, write_parquet),
    "arrow": ({"format": "arrow"}, write_arrow),
}


def batch(path, encoding, **more):
    return {"type": "BATCH", "stream": "orders", "encoding": encoding, "manifest": [path.as_uri()], **more}


def contents(database, table):
    columns = '"ID", "NOTE", "AMOUNT", "NAME", "AT", "DAY", "OK", DBMS_LOB.GETLENGTH("LONG")'
    return database.query(f'SELECT {columns} FROM "{table}" ORDER BY "ID"')


@pytest.mark.parametrize("method", ["append-only", "upsert"])
@pytest.mark.parametrize("form", FORMS)
def test_files_give_the_table_that_lines_give(within, database, tmp_path, form, method):
    encoding, write = FORMS[form]
    path = tmp_path / f"rows.{form}"
    write(path)
    data = lines([schema("orders", **COLUMNS), batch(path, encoding), state(100)])
    done = within(database.config(load_method=method), data)
    assert done.exit_code == 0, done.log
    assert done.states == [{"seen": 100}]
    found = contents(database, "ORDERS")
    assert len(found) == 100
    data = lines([schema("others", **COLUMNS)]) + b"".join(
        b'{"type":"RECORD","stream":"others","record":' + as_json(one) + b"}\n" for one in ROWS
    )
    assert within(database.config(load_method=method), data).exit_code == 0
    assert found == contents(database, "OTHERS")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        pytest.param({"format": "avro"}, "format 'avro'", id="format"),
        pytest.param({"format": "jsonl", "compression": "zstd"}, "compression 'zstd'", id="compression"),
        pytest.param({"format": "jsonl", "compression": "gzip"}, "cannot be read to its end", id="no-gzip"),
    ],
)
def test_an_encoding_that_is_not_known_or_not_true_stops_the_run(within, database, tmp_path, encoding, said):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path)
    done = within(database.config(), lines([schema("orders", **COLUMNS), batch(path, encoding), state(1)]))
    assert done.exit_code == 3
    assert "input line 2: BATCH of stream 'orders'" in done.last_line
    assert said in done.last_line
    assert done.states == []


def test_a_file_whose_checksum_is_wrong_stops_the_run(within, database, tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    write_gzip(path)
    broken = bytearray(path.read_bytes())
    broken[-6] ^= 0xFF
    path.write_bytes(broken)
    encoding = {"format": "jsonl", "compression": "gzip"}
    done = within(database.config(), lines([schema("orders", **COLUMNS), batch(path, encoding), state(1)]))
    assert done.exit_code == 3
    assert "cannot be read to its end" in done.last_line


def test_a_missing_file_stops_the_run_before_anything_of_the_batch_is_read(within, database, tmp_path):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path)
    message = batch(path, {"format": "jsonl"})
    message["manifest"].append((tmp_path / "gone.jsonl").as_uri())
    done = within(database.config(), lines([schema("orders", **COLUMNS), record("orders", 1), message]))
    assert done.exit_code == 3
    assert "gone.jsonl is not there" in done.last_line
    assert database.query('SELECT "ID" FROM "ORDERS"') == [(1,)]


def test_a_bad_row_of_a_table_is_a_reject_and_harms_no_other(within, database, tmp_path):
    pa = pytest.importorskip("pyarrow", reason="the extra target-oracle[arrow] is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"id": pa.array([1, None, 3]), "name": ["a", "b", "x" * 30]}), path)
    rejects = tmp_path / "rejects.jsonl"
    data = lines([schema("orders", **COLUMNS), batch(path, {"format": "parquet"}), state(3)])
    done = within(database.config(max_rejects=5, reject_file=str(rejects)), data)
    assert done.exit_code == 0, done.log
    assert database.query('SELECT "ID", "NAME" FROM "ORDERS"') == [(1, "a")]
    assert [json.loads(line)["_reject"]["code"] for line in rejects.read_bytes().splitlines()[1:]] == [
        "ORA-01400",
        "ORA-12899",
    ]
