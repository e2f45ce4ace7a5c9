"""
Meltano runs with the taps that people try first, twice each: the smoke test's, and PostgreSQL's.
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal

import pytest

from tests import captured, postgres
from tests.meltano import MELTANO, MISSING, Project, events

pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(not MELTANO.exists(), reason=f"no Meltano: {MISSING}"),
]

# tap-smoke-test is in no package registry. What it wrote for its own demo data is kept, and told again here.
REPLAY = """\
#!{python}
import gzip, pathlib, sys
sys.stdout.buffer.write(gzip.decompress(pathlib.Path({stream!r}).read_bytes()))
"""


@pytest.fixture
def smoke_test(tmp_path, standin):
    executable = tmp_path / "tap-smoke-test"
    executable.write_text(
        REPLAY.format(python=sys.executable, stream=str(captured.STREAMS / "smoke.jsonl.gz"))
    )
    executable.chmod(0o755)
    extractor = {
        "name": "tap-smoke-test",
        "namespace": "tap_smoke_test",
        "executable": str(executable),
        "capabilities": ["state"],
    }
    return Project(tmp_path, standin(), extractor)


def test_the_smoke_test_runs_twice(smoke_test):
    """
    Its streams have no keys, so each run adds their rows.
    """
    data = captured.stream("smoke")
    for _ in range(2):
        done = smoke_test.run()
        assert done.returncode == 0, done.stderr
    for table in captured.tables(data, data).values():
        assert captured.difference(table.rows, smoke_test.database.rows(table)) == "", table.name


EXTRACTOR = {
    "name": "tap-postgres",
    "namespace": "tap_postgres",
    "executable": str(postgres.TAP),
    "capabilities": ["catalog", "discover", "state"],
    "settings": [{"name": "sqlalchemy_url"}, {"name": "filter_schemas", "kind": "array"}],
    "select": ["public-orders.*"],
    "config": {"filter_schemas": ["public"]},
    "metadata": {
        "public-orders": {"replication-method": "INCREMENTAL", "replication-key": "changed"},
    },
}
ORDERS = """
CREATE TABLE orders (
    id bigint PRIMARY KEY, price numeric(20, 4), paid boolean, note text, parts jsonb, changed timestamptz
);
INSERT INTO orders VALUES
    (1, 12345678901234.5678, true, 'Grüße 😀', '{"a": [1, 2.50]}', '2026-01-01T00:00:00.123456+02'),
    (2, NULL, NULL, NULL, NULL, '2026-01-02T00:00:00Z'),
    (3, -0.0001, false, 'third', '[]', '2026-01-03T00:00:00Z');
"""
LATER = """
UPDATE orders SET paid = true, note = 'paid', changed = '2026-02-01T00:00:00Z' WHERE id = 2;
INSERT INTO orders VALUES (4, 4, false, 'fourth', '{}', '2026-02-02T00:00:00Z');
"""


@pytest.fixture
def shop():
    if postgres.programs() is None:
        pytest.skip(f"no PostgreSQL that may run here: {MISSING}")
    with postgres.running() as server:
        server.run(ORDERS)
        yield server


def received(done):
    """
    The records that the loader says it got.
    """
    metrics = [event["metric_info"] for event in events(done) if "metric_info" in event]
    return sum(
        said["value"]
        for said in metrics
        if said["metric"] == "record_count" and said["tags"].get("stream") == "public-orders"
    )


def test_a_postgresql_table_is_followed_from_the_state_of_the_run_before(shop, tmp_path, standin):
    """
    The second run gets what changed, and the last row of the first again, as incremental taps send it.
    """
    project = Project(tmp_path, standin(), EXTRACTOR, TAP_POSTGRES_SQLALCHEMY_URL=shop.url)
    done = project.run()
    assert done.returncode == 0, done.stderr
    columns = "id, price, paid, note, changed"
    first = project.database.query(f"SELECT {columns} FROM public_orders ORDER BY id")
    changed = datetime.fromisoformat("2025-12-31T22:00:00.123456")
    assert first[0] == (1, Decimal("12345678901234.5678"), True, "Grüße 😀", changed)
    shop.run(LATER)
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert received(done) == 3
    second = project.database.query(f"SELECT {columns} FROM public_orders ORDER BY id")
    assert [row[0] for row in second] == [1, 2, 3, 4]
    assert second[1][2:4] == (True, "paid")
    assert second[0] == first[0]
    assert "2026-02-02T00:00:00" in project.state()
