"""
Meltano with a tap and our loader definition: state kept and resumed, logs read, failures told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import databases
from tests.program import CHECKOUT

MELTANO = CHECKOUT / ".venv-meltano" / "bin" / "meltano"
TAP = CHECKOUT / ".venv-tap" / "bin" / "tap-jsonl"
PROGRAM = Path(sys.executable).with_name("target-oracle")

pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(
        not (MELTANO.exists() and TAP.exists()), reason="no Meltano: `make ecosystem` makes its environment"
    ),
]

# What a user writes; the loader's part comes from plugin.yaml through `meltano add --from-ref`.
PROJECT = {
    "default_environment": "dev",
    "send_anonymous_usage_stats": False,
    "environments": [{"name": "dev"}],
    "plugins": {
        "extractors": [
            {
                "name": "tap-jsonl",
                "namespace": "tap_jsonl",
                "executable": str(TAP),
                "capabilities": ["catalog", "discover", "state"],
                "settings": [
                    {"name": "path"},
                    {"name": "stream_name"},
                    {"name": "primary_keys", "kind": "array"},
                ],
                "config": {"stream_name": "orders", "primary_keys": ["id"]},
            }
        ]
    },
}


class Project:
    """
    A Meltano project in *folder* that loads its data/*.jsonl into *server*.
    """

    def __init__(self, folder, server):
        self.folder = folder
        self.database = databases.Database(server.dsn, server.user, server.password, server.version)
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("TARGET_", "MELTANO_"))
            },
            "TARGET_ORACLE_DSN": server.dsn,
            "TARGET_ORACLE_USER": server.user,
            "TARGET_ORACLE_PASSWORD": server.password,
            "TARGET_ORACLE_LOAD_METHOD": "upsert",
            "TAP_JSONL_PATH": str(folder / "data" / "*.jsonl"),
            "NO_COLOR": "1",
        }
        (folder / "data").mkdir()
        (folder / "meltano.yml").write_text(yaml.safe_dump(PROJECT))

    def meltano(self, *words, **environment):
        return subprocess.run(
            [str(MELTANO), *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def add_loader(self):
        done = self.meltano(
            "add", "--no-install", "--plugin-type", "loader", "--from-ref",
            str(CHECKOUT / "plugin.yaml"), "target-oracle",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        project = yaml.safe_load((self.folder / "meltano.yml").read_text())
        (loader,) = project["plugins"]["loaders"]
        del loader["pip_url"]
        loader["executable"] = str(PROGRAM)
        (self.folder / "meltano.yml").write_text(yaml.safe_dump(project))

    def sell(self, *numbers, file="orders"):
        with (self.folder / "data" / f"{file}.jsonl").open("a") as lines:
            lines.writelines(f"{json.dumps({'id': n, 'item': f'item {n}'})}\n" for n in numbers)

    def run(self, **environment):
        return self.meltano("--log-format", "json", "run", "tap-jsonl", "target-oracle", **environment)

    def ids(self):
        return [int(number) for (number,) in self.database.query('SELECT "ID" FROM "ORDERS" ORDER BY "ID"')]


@pytest.fixture
def project(tmp_path, standin):
    project = Project(tmp_path, standin(password="hunter2-and-more"))
    project.add_loader()
    return project


def events(done):
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def test_two_runs_the_second_from_the_state_of_the_first(project):
    """
    Meltano keeps our STATE and hands it to the tap; our log is read as the structured one it asks for.
    """
    project.sell(1, 2)
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert project.ids() == [1, 2]
    assert any("No state was found" in event["event"] for event in events(done))
    ours = [event for event in events(done) if event.get("string_id") == "target-oracle"]
    assert {event.get("app_name") for event in ours} == {"target-oracle"}
    metrics = [event["metric_info"] for event in ours if "metric_info" in event]
    assert [said["value"] for said in metrics if said["metric"] == "record_count"] == [2]
    assert {event["level"] for event in ours} == {"info"}
    project.sell(3, file="more")
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert project.ids() == [1, 2, 3]
    assert not any("No state was found" in event["event"] for event in events(done))
    state = project.meltano("state", "get", "dev:tap-jsonl-to-target-oracle").stdout
    assert "more.jsonl" in state


def test_a_failing_loader_fails_the_run_and_leaves_no_state(project):
    project.sell(1)
    done = project.run(TARGET_ORACLE_PASSWORD="wrong-password")
    assert done.returncode == 1
    assert "ORA-01017" in done.stderr
    assert "wrong-password" not in done.stderr
    assert "orders" not in project.meltano("state", "list").stdout


def test_settings_are_checked_and_kept_secret_through_meltano(project):
    done = project.meltano("invoke", "target-oracle:check")
    assert done.returncode == 0, done.stderr
    assert "session user" in done.stdout
    assert project.meltano("invoke", "target-oracle:check", TARGET_ORACLE_PASSWORD="wrong").returncode == 4
    shown = project.meltano("config", "list", "target-oracle")
    assert shown.returncode == 0
    assert "hunter2" not in shown.stdout + shown.stderr
