"""
The program bin/stand-in: started, asked, stopped as a user does it; with the true engine.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import oracledb
import pytest

from tests.standin.launching import PROGRAM, forked, spawned
from tests.standin.running import running

CREATE = "create table t (a number primary key, b varchar2(20))"
INSERT = "insert into t values (:1, :2)"
ways = pytest.mark.parametrize("launch", [spawned, forked], ids=["spawned", "forked"])


def log_in(server, **options):
    return oracledb.connect(user=server.user, password=server.password, dsn=server.dsn, **options)


def load(server, rows):
    with log_in(server) as connection:
        cursor = connection.cursor()
        cursor.execute(CREATE)
        cursor.executemany(INSERT, rows)
        connection.commit()


def read(server):
    with log_in(server) as connection:
        return connection.cursor().execute("select a, b from t order by a").fetchall()


ROWS = [(number, f"row {number}") for number in range(50)]


def test_what_is_loaded_is_read_back(version):
    with running(version=version) as server:
        load(server, ROWS)
        assert read(server) == ROWS
        assert server.version == version
        assert server.errors == []


def test_statistics_and_statements_are_seen_from_outside():
    with running() as server:
        load(server, ROWS)
        assert server.stats()["rows"] == 50
        assert server.stats()["commits"] == 1
        assert [entry["sql"] for entry in server.statements()] == [CREATE, INSERT]
        assert server.statements()[-1]["rows"] == 50


@ways
def test_a_file_keeps_what_was_committed_over_a_power_cut(tmp_path, launch):
    data = tmp_path / "data.sqlite"
    with running(data=data, launch=launch) as server:
        load(server, ROWS)
        connection = log_in(server)
        connection.cursor().execute(INSERT, [99, "never committed"])
        server.kill()
    with running(data=data) as server:
        assert read(server) == ROWS


def test_a_restart_keeps_what_was_committed():
    with running(faults=["restart@commit:2:0.3s"]) as server:
        load(server, ROWS)
        connection = log_in(server)
        connection.cursor().execute(INSERT, [99, "never committed"])
        with pytest.raises(oracledb.DatabaseError):
            connection.commit()
        time.sleep(0.4)
        assert read(server) == ROWS


def test_a_lock_of_another_session_makes_wait():
    with running(faults=["lock@T:0.5s"]) as server:
        load(server, ROWS[:1])
        connection = log_in(server)
        start = time.monotonic()
        connection.cursor().execute(INSERT, [99, "waits"])
        connection.commit()
        assert time.monotonic() - start < 20
        assert "fault lock@T:0.5s" in " ".join(server.errors)


def test_another_password_user_and_service_are_taken():
    with running(user="loader", password="geheim", service="PDB7") as server:
        assert server.dsn.endswith("/PDB7")
        with log_in(server) as connection:
            assert connection.cursor().execute("select user from dual").fetchone() == ("LOADER",)


def test_who_is_made_by_the_administrator_logs_in_with_his_own_password():
    with running() as server:
        with oracledb.connect(user="system", password=server.password, dsn=server.dsn) as connection:
            connection.cursor().execute('create user other identified by "His Own"')
        with oracledb.connect(user="other", password="His Own", dsn=server.dsn) as connection:
            assert connection.cursor().execute("select user from dual").fetchone() == ("OTHER",)
        with pytest.raises(oracledb.DatabaseError):
            oracledb.connect(user="other", password=server.password, dsn=server.dsn)


def test_the_program_is_the_first_module():
    with running() as server, log_in(server, program="loader.py") as connection:
        asked = connection.cursor().execute("select sys_context('USERENV', 'MODULE') from dual")
        assert asked.fetchone() == ("loader.py",)


@ways
def test_sigterm_ends_it_with_exit_0_and_closed_books(launch):
    with running(launch=launch) as server:
        load(server, ROWS)
        idle = log_in(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert server.stats()["connections"] == 2
        with pytest.raises(oracledb.DatabaseError):
            idle.ping()


def test_it_starts_from_any_folder_and_by_a_relative_name(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('the wrong tests')")
    program = os.path.relpath(PROGRAM, tmp_path)
    done = subprocess.run(
        [program, "--fault", "nonsense"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("stand-in: argument --fault")


def test_without_an_environment_it_says_what_to_do(tmp_path):
    (tmp_path / "bin").mkdir()
    copy = tmp_path / "bin" / "stand-in"
    copy.write_bytes(Path(PROGRAM).read_bytes())
    copy.chmod(0o755)
    done = subprocess.run([copy], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make setup" in done.stderr


def test_a_port_in_use_is_exit_2():
    with running() as server:
        done = subprocess.run(
            [PROGRAM, "--port", str(server.port)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


@ways
def test_a_server_that_cannot_start_says_why(launch):
    refused = pytest.raises(RuntimeError, match="cannot listen")
    with running() as server, refused, running(port=server.port, launch=launch):
        pass


def test_each_forked_server_is_a_process_and_a_database_of_its_own():
    with running(launch=forked) as one, running(launch=forked) as other:
        load(one, ROWS)
        assert len({one.pid, other.pid, os.getpid()}) == 3
        with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
            read(other)


def test_an_acknowledging_server_makes_tables_and_takes_rows_for_done():
    with running(ack=True) as server:
        load(server, ROWS)
        assert read(server) == []
        assert server.stats()["rows"] == 50
