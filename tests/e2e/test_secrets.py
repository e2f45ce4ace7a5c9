"""
Secrets whose text is known: none of it in what a run writes or shows.
"""

from __future__ import annotations

import json

import pytest

from tests import certificates, collector, ssh
from tests.databases import Database

pytestmark = pytest.mark.standin

PASSWORD = "hunter2-password-of-the-database"
WALLET = "hunter2-password-of-the-wallet"
TOKEN = "hunter2-token"
ROW = "hunter2-value-of-a-row"

SCHEMA = {
    "type": "SCHEMA",
    "stream": "people",
    "key_properties": ["id"],
    "schema": {
        "properties": {
            "id": {"type": "integer"},
            "ssn": {"type": ["string", "null"]},
            "born": {"type": ["string", "null"], "format": "date-time"},
        }
    },
}


def people(*records):
    lines = [SCHEMA, *({"type": "RECORD", "stream": "people", "record": record} for record in records)]
    return "".join(json.dumps(line) + "\n" for line in (*lines, {"type": "STATE", "value": 1})).encode()


@pytest.fixture
def place(standin):
    server = standin(password=PASSWORD)
    return Database(server.dsn, server.user, server.password, server.version)


def image(result, folder):
    """
    All that a run left: its streams and the files beside its config.
    """
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith("config-")]
    return "".join(
        [result.stdout.decode(), result.log, *(path.read_text(errors="replace") for path in files)]
    )


def test_a_run_with_rejects_and_a_report_shows_no_secret(target, place, tmp_path):
    """
    At DEBUG, with the reject file, whose sensitive column is masked, and the report.
    """
    config = place.config(
        wallet_password=WALLET,
        log_level="DEBUG",
        max_rejects=5,
        reject_file=str(tmp_path / "rejects.jsonl"),
        sensitive_columns=["ssn"],
    )
    data = people({"id": None, "ssn": ROW}, {"id": 1, "ssn": ROW}, {"id": 2, "ssn": ROW, "born": "never"})
    result = target(config, data, "--report", str(tmp_path / "report.html"))
    assert result.exit_code == 0, result.log
    assert '"_reject"' in (tmp_path / "rejects.jsonl").read_text()
    assert "hunter2" not in image(result, tmp_path)


@pytest.mark.parametrize("reached", [True, False], ids=["good", "refused"])
def test_nothing_that_a_run_leaves_anywhere_shows_a_secret(target, place, tmp_path, reached):
    """
    Log at DEBUG, report, metrics, traces, reject table and session, of a run through a tunnel.
    """
    folder = tmp_path / "bastion"
    folder.mkdir()
    with ssh.running(folder) as bastion, collector.running() as (address, got):
        config = place.config(
            wallet_password=WALLET,
            ssh_tunnel=bastion.settings(password="hunter2-and-of-no-use"),
            log_level="DEBUG",
            max_rejects=5,
            reject_table="REJECTS",
            sensitive_columns=["ssn"],
            prometheus_file=str(tmp_path / "run.prom"),
            opentelemetry=True,
            **({} if reached else {"password": TOKEN}),
        )
        data = people({"id": None, "ssn": ROW}, {"id": 1, "ssn": ROW})
        report = str(tmp_path / "report.html")
        result = target(config, data, "--report", report, env={"OTEL_EXPORTER_OTLP_ENDPOINT": address})
        traces = b"".join(body for bodies in got.values() for body in bodies)
    assert result.exit_code == (0 if reached else 4), result.log
    assert (tmp_path / "run.prom").read_text()
    assert traces
    assert "hunter2" not in image(result, tmp_path)
    assert b"hunter2" not in traces
    if reached:
        ((message,),) = place.query('SELECT "MESSAGE" FROM "REJECTS"')
        assert '"_reject"' in message
        assert "hunter2" not in message


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_failure_with_its_traceback_shows_no_secret(target, place, tmp_path, form):
    config = place.config(password=TOKEN, log_level="DEBUG", log_format=form)
    result = target(config, people({"id": 1}), "--report", str(tmp_path / "report.json"))
    assert result.exit_code == 4
    assert "ORA-01017" in result.log
    assert "hunter2" not in image(result, tmp_path)


def test_a_config_that_is_refused_shows_no_secret(target, place, tmp_path):
    config = place.config(wallet_password=WALLET, pasword=TOKEN)
    result = target(config)
    assert result.exit_code == 2
    assert "hunter2" not in image(result, tmp_path)


def test_a_check_shows_no_secret(target, place, tmp_path):
    for given in ({}, {"password": TOKEN}, {"access_token": TOKEN}):
        result = target(place.config(**given), b"", "--check", "--format", "json")
        assert "hunter2" not in image(result, tmp_path)


def test_secrets_in_the_environment_are_shown_nowhere(target, place, tmp_path):
    """
    `--about` tells of settings, not of their values.
    """
    secrets = {"TARGET_ORACLE_PASSWORD": PASSWORD, "TARGET_ORACLE_WALLET_PASSWORD": WALLET}
    env = {**secrets, "TARGET_ORACLE_USER": place.user, "TARGET_ORACLE_DSN": place.dsn}
    for command in ("--about", "--check", "--help"):
        result = target(None, b"", "--config", "ENV", command, env=env)
        assert result.exit_code == 0, result.log
        assert "hunter2" not in image(result, tmp_path)


def test_the_process_list_shows_no_secret(target, place, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    config = {"dsn": place.dsn, "user": place.user, "password_file": str(tmp_path / "password")}
    process = target.start(config)
    try:
        process.stdin.write(people({"id": 1}).splitlines(keepends=True)[0])
        process.stdin.flush()
        process.stderr.readline()  # it is up: DDL is told
        with open(f"/proc/{process.pid}/cmdline", "rb") as shown:  # noqa: PTH123 - no file of ours
            assert b"hunter2" not in shown.read()
    finally:
        process.stdin.close()
        process.wait(60)


def test_an_expired_certificate_shows_no_secret(target, standin, tmp_path):
    certificate = certificates.make(tmp_path, days=-1)
    server = standin(tls=certificate.files, password=PASSWORD)
    wallet = certificate.wallet(tmp_path / "wallet", key=certificate, password=WALLET)
    config = {
        "dsn": f"tcps://localhost:{server.port}/{server.service}", "user": server.user, "password": PASSWORD,
        "wallet_location": str(wallet), "wallet_password": WALLET, "log_level": "DEBUG",
    }  # fmt: skip
    result = target(config, people({"id": 1}))
    assert result.exit_code == 4
    assert "hunter2" not in result.log
