"""
`--report`: what is in the file after a run, and what a browser makes of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections import Counter

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}, "note": {"type": ["string", "null"]}}},
}


def stream(count):
    """
    *count* rows, of which one has no key, with a STATE after each tenth.
    """
    lines = [SCHEMA]
    for number in range(count):
        key = number if number != 7 else None
        lines.append({"type": "RECORD", "stream": "orders", "record": {"id": key, "note": "<b>"}})
        if number % 10 == 9:
            lines.append({"type": "STATE", "value": {"orders": number}})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def reported(target, database, name, data, **settings):
    path = target.folder / name
    config = database.config(load_method="upsert", commit_interval_rows=10, **settings)
    result = target(config, data, "--report", str(path))
    return result, path


@pytest.fixture
def budget(tmp_path):
    return {"max_rejects": 1, "reject_file": str(tmp_path / "rejects.jsonl")}


def test_the_report_says_what_the_log_says(target, database, budget):
    result, path = reported(target, database, "r.json", stream(40), **budget)
    assert result.exit_code == 0, result.log
    said = json.loads(path.read_text())
    assert (said["received"], said["stored"], said["rejected"]) == (40, 39, 1)
    assert said["streams"]["orders"]["adds_up"]
    assert said["checkpoints"] == 4
    assert said["rejects"][0]["code"] == "ORA-01400"
    assert said["ddl"][0].startswith("CREATE TABLE")
    assert said["run_id"] in result.log
    assert f"most of it was {said['stages']['bottleneck']}" in result.log


def test_a_run_that_fails_has_a_report_too(target, database):
    result, path = reported(target, database, "r.json", stream(40))
    assert result.exit_code == 5
    said = json.loads(path.read_text())
    assert said["exit_code"] == 5
    assert said["failure"] in result.last_line


def test_a_place_that_cannot_be_written_stops_before_the_load(target, database):
    result = target(database.config(), stream(10), "--report", str(target.folder / "no" / "r.json"))
    assert result.exit_code == 2
    assert "report_file" in result.last_line
    assert database.tables() == []


@pytest.mark.standin
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_browser_draws_the_charts_without_a_network(target, standin, budget, tmp_path):
    from tests.databases import Database  # noqa: PLC0415 - only where there is a browser

    server = standin()
    database = Database(server.dsn, server.user, server.password, server.version)
    result, path = reported(target, database, "r.html", stream(400), **budget)
    assert result.exit_code == 0, result.log
    picture = tmp_path / "page.png"
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--window-size=1000,1800", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--screenshot={picture}", path.as_uri(),
        ],
        capture_output=True, check=False, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    width, colors = colors_of(picture.read_bytes())
    assert width == 1000
    assert colors[0x2F, 0x6D, 0xB3] > 300  # the curve
    assert colors[0x54, 0xA2, 0x4B] > 300  # the stage "execute"


def colors_of(png):
    """
    The width of a PNG of 8 bits a channel, and how many of its pixels have which color.
    """
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    depth = {2: 3, 6: 4}[png[25]]
    packed, at = b"", 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + size]
        at += size + 12
    raw, stride = zlib.decompress(packed), width * depth
    above, colors = bytearray(stride), Counter()
    for row in range(height):
        start = row * (stride + 1)
        line = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, depth)
        colors.update(zip(line[0::depth], line[1::depth], line[2::depth], strict=True))
        above = line
    return width, colors


def unfiltered(kind, line, above, depth):
    """
    A line of pixels without its filter (PNG, section 9).
    """
    for n in range(len(line)):
        left = line[n - depth] if n >= depth else 0
        up, corner = above[n], above[n - depth] if n >= depth else 0
        predictor = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
        line[n] = (line[n] + (0, left, up, (left + up) // 2, predictor)[kind]) & 255
    return line
