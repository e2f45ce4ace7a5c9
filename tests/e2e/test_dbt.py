"""
The profile and the sources of the page about dbt, read by dbt and its adapter for Oracle.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from tests.program import CHECKOUT
from tests.standin.running import running

DBT = CHECKOUT / ".venv-dbt" / "bin" / "dbt"

pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(not DBT.exists(), reason="no dbt: `make ecosystem` makes its environment"),
]

PROJECT = "name: warehouse\nversion: '1.0'\nprofile: warehouse\nmodel-paths: [models]\n"
MODEL = "select album_id, title from {{ source('singer', 'public_album') }}\n"


@pytest.fixture
def server():
    with running(password="a password") as server:
        yield server


@pytest.fixture
def dbt(tmp_path, server):
    """
    A project with the page's files, whose database is a server that is there.
    """
    page = (CHECKOUT / "docs" / "dbt.md").read_text()
    profile, sources = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    profile = profile.replace("db.example.com", server.host).replace("port: 1521", f"port: {server.port}")
    (tmp_path / "models").mkdir()
    (tmp_path / "profiles.yml").write_text(profile)
    (tmp_path / "models" / "sources.yml").write_text(sources)
    (tmp_path / "models" / "albums.sql").write_text(MODEL)
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_NO_VERSION_CHECK": "true", "NO_COLOR": "1"}

    def run(*words):
        return subprocess.run(
            [str(DBT), *words, "--profiles-dir", "."],
            cwd=tmp_path,
            env={**os.environ, **quiet, "ORACLE_PASSWORD": server.password},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def test_the_profile_connects(dbt):
    done = dbt("debug")
    assert done.returncode == 0, done.stdout
    assert "All checks passed" in done.stdout
    assert "WARNING" not in done.stdout


def test_a_model_reads_the_source(dbt, tmp_path):
    done = dbt("parse")
    assert done.returncode == 0, done.stdout
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    (source,) = manifest["sources"].values()
    assert (source["schema"], source["identifier"]) == ("app", "public_album")
    (model,) = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    assert model["depends_on"]["nodes"] == [source["unique_id"]]
    tests = [node["column_name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert tests == ["album_id", "album_id"]
