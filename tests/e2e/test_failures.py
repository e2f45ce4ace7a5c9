"""
Every failure ends with the exit code of whose fault it was, and a line that says what, where and what to do.
"""

from __future__ import annotations

import re
import socket

import pytest

PROPERTIES = b'{"properties":{"id":{"type":"integer"}}}'
SCHEMA = b'{"type":"SCHEMA","stream":"s","key_properties":["id"],"schema":%b}\n' % PROPERTIES
RECORD = b'{"type":"RECORD","stream":"s","record":{"id":1}}\n'
STATE = b'{"type":"STATE","value":{"at":1}}\n'


def check(result, exit_code, *words):
    """
    The run ended so, and its last line alone tells; nobody has to read a traceback.
    """
    assert result.exit_code == exit_code, result.log
    assert result.stdout == b""
    assert "Traceback" not in result.log
    assert result.last_line.startswith("target-oracle: ")
    for word in words:
        assert word in result.last_line


@pytest.fixture
def free_port():
    """
    A port of this machine on which nobody listens.
    """
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_wrong_password_is_refused_once(target, database):
    """
    A second try could lock the account.
    """
    result = target(database.config(password="wrong"), SCHEMA + RECORD + STATE)
    check(result, 4, "ORA-01017", "password")
    assert "wrong" not in result.log
    assert "try 1 of" not in result.log


def test_an_unknown_service_is_named(target, database):
    address = database.dsn.rpartition("/")[0]
    result = target(database.config(dsn=f"{address}/NOSUCH", max_retries=0), SCHEMA + RECORD + STATE)
    check(result, 4, "DPY-6001", "service_name")


def test_an_unreachable_host_is_tried_again_and_then_told(target, free_port):
    config = {"host": "127.0.0.1", "port": free_port, "service_name": "X", "user": "u", "password": "p"}
    result = target({**config, "max_retries": 2, "retry_delay": 0.01}, SCHEMA + RECORD + STATE)
    check(result, 4, "DPY-6005", "host")
    assert "try 2 of 2" in result.log


@pytest.mark.parametrize(
    ("data", "line"),
    [
        pytest.param(RECORD, "line 1", id="at-once"),
        pytest.param(SCHEMA + RECORD.replace(b'"s"', b'"other"'), "line 2", id="of-another-stream"),
    ],
)
def test_a_record_before_its_schema_names_the_line(target, database, data, line):
    check(target(database.config(), data + STATE), 3, line, "SCHEMA")


def test_a_misspelt_setting_is_answered_with_the_nearest(target):
    check(target({"user": "u", "password": "p", "dsn": "h/s", "batch_size_row": 5}), 2, "batch_size_rows")


def test_all_faults_of_a_config_are_listed_at_once(target):
    result = target({"user": "u", "password": "p", "dsn": "h/s", "load_methd": "upsert", "port": "x"})
    assert result.exit_code == 2
    assert "load_methd" in result.log
    assert "port" in result.log


def test_a_config_that_is_no_json_is_named_with_its_place(target, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"user": "u",}')
    check(target(None, b"", "--config", str(path)), 2, "broken.json", "line 1")


def test_a_config_that_is_not_there_is_named(target, tmp_path):
    check(target(None, b"", "--config", str(tmp_path / "absent.json")), 2, "absent.json")


def test_a_closed_stdout_is_a_failure_because_the_state_is_lost(target, database):
    process = target.start(database.config())
    process.stdout.close()
    process.stdout = None
    _, log = process.communicate(SCHEMA + RECORD + STATE, timeout=120)
    assert process.returncode == 2, log
    assert b"stdout" in log.splitlines()[-1]
    assert b"Traceback" not in log


def test_a_closed_stderr_changes_nothing_of_the_load(target, database):
    process = target.start(database.config())
    process.stderr.close()
    process.stderr = None
    out, _ = process.communicate(SCHEMA + RECORD + STATE, timeout=120)
    assert process.returncode == 0
    assert out == b'{"at":1}\n'
    assert database.count("S") == 1


def test_no_input_at_all_is_a_run_with_nothing_to_do(target, database):
    result = target(database.config(), b"")
    assert (result.exit_code, result.stdout) == (0, b"")
    assert database.tables() == []


def test_a_healthy_run_says_neither_error_nor_exception(target, database):
    """
    Meltano takes a run whose output holds one of the words for a failed one.
    """
    result = target(database.config(), SCHEMA + RECORD + STATE)
    assert result.exit_code == 0
    assert re.findall(r"error|exception", result.log, re.IGNORECASE) == []


def test_the_password_is_in_no_line_and_not_in_the_process_list(target, standin):
    server = standin(password="Tr0ub4dor-and-3")
    config = {"dsn": server.dsn, "user": server.user, "password": server.password, "log_level": "DEBUG"}
    process = target.start(config)
    with open(f"/proc/{process.pid}/cmdline", "rb") as words:  # noqa: PTH123 - a file of the kernel's
        assert b"Tr0ub4dor" not in words.read()
    _, log = process.communicate(SCHEMA + RECORD + STATE, timeout=120)
    assert process.returncode == 0, log
    assert b"Tr0ub4dor" not in log
