"""
Every shell command on the pages runs as it is written, with the address of a server that is there.

What is not ours (docker, make, meltano, pip, pipx) is a word that does nothing; other tests see to those.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests import captured
from tests.databases import Database
from tests.program import CHECKOUT

pytestmark = pytest.mark.standin

PAGES = sorted(
    str(path.relative_to(CHECKOUT))
    for path in [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")]
    if re.search(r"^```sh$", path.read_text(), re.MULTILINE)
)
PASSWORD = "a password"
OTHERS = ("docker", "make", "meltano", "pip", "pipx")
# A tap whose first run and whose run from a STATE were captured.
TAP = """\
#!/bin/sh
set -e
case "$*" in
    "--config tap.json --discover") echo '{{"inclusion":"available"}}' ;;
    "--config tap.json --catalog catalog.json") grep -q selected "$4"; cat {first} ;;
    "--config tap.json --catalog catalog.json --state "*) test -s "$6"; cat {second} ;;
    *) echo "tap-postgres: $*" >&2; exit 2 ;;
esac
"""


def films():
    """
    Two runs of an incremental tap, without their largest stream.
    """
    runs = [captured.stream(f"pg_sakila_incr.{number}") for number in (1, 2)]
    return [
        b"".join(
            line
            for line in data.splitlines(keepends=True)
            if json.loads(line).get("stream") != "public-rental"
        )
        for data in runs
    ]


@pytest.fixture
def place(tmp_path, standin):
    """
    A folder with what a reader has beside him: the program, a tap, a config, files of messages.
    """
    server = standin(password=PASSWORD)
    words = tmp_path / "bin"
    words.mkdir()
    runs = {"first": words / "first", "second": words / "second"}
    for path, data in zip(runs.values(), films(), strict=True):
        path.write_bytes(data)
    _script(words / "tap-postgres", TAP.format(**runs))
    _script(words / "target-oracle", f'#!/bin/sh\nexec "{sys.executable}" -m target_oracle "$@"\n')
    for name in OTHERS:
        _script(words / name, "#!/bin/sh\n")
    config = {"dsn": server.dsn, "user": server.user, "password": PASSWORD, "loader_id": "orders"}
    (tmp_path / "target.json").write_text(json.dumps(config))
    smoke = captured.stream("smoke")
    (tmp_path / "catalog.json").write_text('{"selected": true}')
    for name in ("stream", "schemas", "rejects"):
        (tmp_path / f"{name}.jsonl").write_bytes(smoke)
    (tmp_path / "tests").symlink_to(CHECKOUT / "tests")
    return tmp_path, server


def _script(path, text):
    path.write_text(text)
    path.chmod(0o755)


def script_of(page, folder, port):
    """
    The shell blocks of *page* as one script; a line that says `# exit 5` must end so.
    """
    text = (CHECKOUT / page).read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    script = "\n".join(f"({block.rstrip()}\n)" if "#!" in block[:3] else block for block in blocks)
    script = re.sub(r"^(target-oracle .*?) +# exit (\d+)$", r"\1 || [ $? = \2 ]", script, flags=re.MULTILINE)
    script = re.sub(
        r'"host": "db.example.com",(\s+"port": 1521,)?', f'"host": "127.0.0.1", "port": {port},', script
    )
    script = script.replace("ORACLE_PASSWORD=...", f"ORACLE_PASSWORD='{PASSWORD}'")
    return script.replace("/opt/pipelines", str(folder))


def run(page, folder, server):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_ORACLE_")}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script_of(page, folder, server.port)],
        cwd=folder,
        # Nobody collects traces here, and that is not waited for.
        env={
            **kept,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(CHECKOUT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/quickstart.md"])
def test_every_command_of_the_page_does_what_it_should(place, page):
    done = run(page, *place)
    assert done.returncode == 0, done.stderr


def test_the_quick_start_leads_from_nothing_to_a_scheduled_load(place):
    """
    A load, a refused row and its cure, a changed stream, a tap, and the scheduled job.
    """
    folder, server = place
    (folder / "target.json").unlink()
    (folder / "catalog.json").unlink()
    done = run("docs/quickstart.md", folder, server)
    assert done.returncode == 0, done.stderr
    database = Database(server.dsn, server.user, server.password, server.version)
    placed = "TO_CHAR(placed, 'YYYY-MM-DD')"
    assert database.query(f"SELECT id, total, {placed}, note FROM orders ORDER BY id") == [
        (1, captured.Decimal("19.9"), "2026-03-01", None),
        (2, 5, "2026-02-28", "by phone"),
        (3, 5, "2026-03-02", None),
    ]
    for what in (
        "2 received, 2 inserted",
        "2 received, 2 updated",
        "rejected: input line 3 stream orders column placed: ORA-01847",
        "1 received, 1 inserted",
        'ALTER TABLE "APP"."ORDERS" ADD',
    ):
        assert what in done.stderr, what
    for table in captured.tables(*films()).values():
        assert captured.difference(table.by_key(), database.rows(table)) == "", table.name
    assert "most of it was" in done.stdout.splitlines()[-1]
