"""
The script of the image with a tap: from the last STATE on, failing as either side fails, ended by a signal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests import postgres
from tests.databases import Database
from tests.e2e.loads import ids, lines, record, schema, state
from tests.meltano import MISSING
from tests.program import CHECKOUT

pytestmark = pytest.mark.standin

LOAD = CHECKOUT / "examples" / "pipeline" / "load.sh"
FIRST = lines([schema("orders", keys=()), record("orders", 1), record("orders", 2), state(2)])
SECOND = lines([schema("orders", keys=()), record("orders", 3), state(3)])
# Tells what it was called with; the second run is the one from a STATE.
TAP = """\
#!/bin/sh
echo "$*" >> calls
case "$*" in
    *--discover*) echo '{{"inclusion":"available"}}'; exit ;;
    *--state*) cat "$6" >> states; cat second ;;
    *) cat "$4" >> catalogs; cat first ;;
esac
{then}
"""


class Pipeline:
    """
    A folder with a tap that does *then* after its messages, and the environment of a load into *server*.
    """

    def __init__(self, folder, server):
        self.folder = folder
        self.database = Database(server.dsn, server.user, server.password, server.version)
        (folder / "first").write_bytes(FIRST)
        (folder / "second").write_bytes(SECOND)
        self._script("target-oracle", f'#!/bin/sh\nexec "{sys.executable}" -m target_oracle "$@"\n')
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_ORACLE_")}
        self.environment = {
            **kept,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
            "TARGET_ORACLE_DSN": server.dsn,
            "TARGET_ORACLE_USER": server.user,
            "TARGET_ORACLE_PASSWORD": server.password,
            "TARGET_ORACLE_LOADER_ID": "orders",
        }

    def _script(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def start(self, then="true"):
        self._script("tap-postgres", TAP.format(then=then))
        return subprocess.Popen(
            [str(LOAD)], cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True
        )

    def run(self, then="true"):
        process = self.start(then)
        _, log = process.communicate(timeout=120)
        return process.returncode, log


@pytest.fixture
def pipeline(tmp_path, standin):
    return Pipeline(tmp_path, standin())


def test_the_second_run_is_from_the_state_of_the_first(pipeline):
    for _ in range(2):
        exit_code, log = pipeline.run()
        assert exit_code == 0, log
    assert ids(pipeline.database, "ORDERS") == [1, 2, 3]
    calls = [line.split() for line in (pipeline.folder / "calls").read_text().splitlines()]
    discovery = ["--config", "ENV", "--discover"]
    assert [call[::2] for call in calls if call != discovery] == [
        ["--config", "--catalog"],
        ["--config", "--catalog", "--state"],
    ]
    assert '"selected": true' in (pipeline.folder / "catalogs").read_text()
    assert json.loads((pipeline.folder / "states").read_text()) == {"seen": 2}


def test_a_tap_that_fails_fails_the_load(pipeline):
    exit_code, log = pipeline.run(then="exit 7")
    assert exit_code == 7, log


def test_a_target_that_fails_fails_the_load(pipeline):
    (pipeline.folder / "first").write_bytes(lines([record("orders", 1)]))
    exit_code, log = pipeline.run()
    assert exit_code == 3, log


def test_a_signal_ends_it_with_what_is_complete(pipeline):
    """
    The tap goes on for as long as somebody reads it.
    """
    pipeline.environment["TARGET_ORACLE_COMMIT_INTERVAL_ROWS"] = "1"
    endless = """while echo '{"type": "STATE", "value": {"seen": 9}}'; do :; done"""
    with pipeline.start(then=endless) as process:
        while '"metric":"record_count","value":2' not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(120) == 143
    assert ids(pipeline.database, "ORDERS") == [1, 2]


@pytest.mark.skipif(not postgres.TAP.exists(), reason=f"no tap-postgres: {MISSING}")
def test_with_a_real_tap_every_table_that_it_discovers_is_loaded(pipeline):
    if postgres.programs() is None:
        pytest.skip(f"no PostgreSQL that may run here: {MISSING}")
    (pipeline.folder / "tap-postgres").symlink_to(postgres.TAP)
    with postgres.running() as shop:
        shop.run((LOAD.parent / "shop.sql").read_text())
        given = {"TAP_POSTGRES_SQLALCHEMY_URL": shop.url, "TAP_POSTGRES_FILTER_SCHEMAS": '["public"]'}
        done = subprocess.run(
            [str(LOAD)], env={**pipeline.environment, **given}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert ids(pipeline.database, "PUBLIC_ORDERS") == list(range(1, 1001))
