"""
A second client, written by others in another language: Node's oracledb in thin mode.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import oracledb
import pytest

from tests.standin.running import running
from tests.standin.values import ColumnInfo, Outcome

FOLDER = Path(__file__).parent / "node"
INSERT = "insert into t values (:a, :b, :c)"
SELECT = "select id, name from t"
ZONE = "SELECT DBTIMEZONE FROM DUAL"  # which this client asks by itself
PATIENCE = 120  # seconds for npm, which may have to fetch the package


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """
    A folder with the client installed; skips where it cannot be had.
    """
    npm, program = shutil.which("npm"), shutil.which("node")
    if npm is None or program is None:
        pytest.skip("Node's client: node or npm is missing")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "smoke.js"):
        shutil.copy(FOLDER / name, folder)
    command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("Node's client: npm install took too long")
    if done.returncode:
        pytest.skip(f"Node's client: npm install failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return folder


def run(folder, *arguments):
    done = subprocess.run(
        ["node", "smoke.js", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"NODE_ENV": "test"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nodes_client_loads_and_reads(serve, node, version):
    def select(_session, _rows):
        columns = [ColumnInfo("ID", "NUMBER", 22, scale=-127), ColumnInfo("NAME", "VARCHAR", 400, 100)]
        return Outcome("query", columns, iter([(Decimal(number), f"żółć {number}") for number in range(250)]))

    def zone(_session, _rows):
        return Outcome("query", [ColumnInfo("DBTIMEZONE", "VARCHAR", 6, 6)], iter([("+00:00",)]))

    faults = [(7, 1, "ORA-00001: unique constraint violated"), (2999, 12899, "ORA-12899: value too large")]
    insert = Outcome("dml", rowcount=2998, batch_errors=faults)
    replies = {INSERT: insert, SELECT: select, ZONE: zone}
    server = serve(replies, version=version)
    seen = run(node, server.dsn, "app", "secret", INSERT, SELECT)
    assert seen["version"].startswith(f"{version}.")
    assert seen["batchErrors"] == [[7, "ORA-00001"], [2999, "ORA-12899"]]
    assert (seen["columns"], len(seen["rows"]), seen["rows"][-1]) == (["ID", "NAME"], 250, [249, "żółć 249"])
    assert (seen["refused"], seen["wrongPassword"]) == (900, 1017)
    loaded = next(rows for sql, _, rows, _ in server.database.calls if sql == INSERT)
    assert loaded == [(number, "żółć " + "x" * (number % 400), None) for number in range(3000)]
    assert "commit" in server.database.events


def test_nodes_client_and_pythons_see_the_same_rows(node, version):
    with (
        running(version=version) as server,
        oracledb.connect(user=server.user, password=server.password, dsn=server.dsn) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("create table t (id number primary key, name varchar2(2000), c varchar2(10))")
        cursor.execute("insert into t values (7, 'here before', null)")
        connection.commit()
        select = "select id, name from t where id < 10 order by id"
        seen = run(node, server.dsn, server.user, server.password, INSERT, select)
        assert (seen["batchErrors"], seen["refused"], seen["wrongPassword"]) == (
            [[7, "ORA-00001"]],
            900,
            1017,
        )
        assert seen["rows"] == [list(row) for row in cursor.execute(select).fetchall()]
        assert seen["rows"][7] == [7, "here before"]
        assert cursor.execute("select count(*), max(length(name)) from t").fetchone() == (3000, 404)
