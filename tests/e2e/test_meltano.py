"""
Meltano with a tap and our loader definition: state kept and resumed, logs read, failures told.
"""

from __future__ import annotations

import json

import pytest

from tests.meltano import MELTANO, MISSING, Project, events
from tests.program import CHECKOUT

TAP = CHECKOUT / ".venv-tap" / "bin" / "tap-jsonl"

pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(not (MELTANO.exists() and TAP.exists()), reason=f"no Meltano: {MISSING}"),
]

# What a user writes; the loader's part comes from plugin.yaml through `meltano add --from-ref`.
EXTRACTOR = {
    "name": "tap-jsonl",
    "namespace": "tap_jsonl",
    "executable": str(TAP),
    "capabilities": ["catalog", "discover", "state"],
    "settings": [{"name": "path"}, {"name": "stream_name"}, {"name": "primary_keys", "kind": "array"}],
    "config": {"stream_name": "orders", "primary_keys": ["id"]},
}


@pytest.fixture
def project(tmp_path, standin):
    (tmp_path / "data").mkdir()
    server = standin(password="hunter2-and-more")
    return Project(tmp_path, server, EXTRACTOR, TAP_JSONL_PATH=str(tmp_path / "data" / "*.jsonl"))


def sell(project, *numbers, file="orders"):
    with (project.folder / "data" / f"{file}.jsonl").open("a") as lines:
        lines.writelines(f"{json.dumps({'id': n, 'item': f'item {n}'})}\n" for n in numbers)


def ids(project):
    return [int(number) for (number,) in project.database.query('SELECT "ID" FROM "ORDERS" ORDER BY "ID"')]


def test_two_runs_the_second_from_the_state_of_the_first(project):
    """
    Meltano keeps our STATE and hands it to the tap; our log is read as the structured one it asks for.
    """
    sell(project, 1, 2)
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert ids(project) == [1, 2]
    assert any("No state was found" in event["event"] for event in events(done))
    ours = [event for event in events(done) if event.get("string_id") == "target-oracle"]
    assert {event.get("app_name") for event in ours} == {"target-oracle"}
    metrics = [event["metric_info"] for event in ours if "metric_info" in event]
    assert [said["value"] for said in metrics if said["metric"] == "record_count"] == [2]
    assert {event["level"] for event in ours} == {"info"}
    sell(project, 3, file="more")
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert ids(project) == [1, 2, 3]
    assert not any("No state was found" in event["event"] for event in events(done))
    assert "more.jsonl" in project.state()


def test_a_failing_loader_fails_the_run_and_leaves_no_state(project):
    sell(project, 1)
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
