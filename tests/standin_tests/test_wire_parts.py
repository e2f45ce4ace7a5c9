"""
Parts of the wire by themselves: options, statistics, statements, packets, refused requests.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import oracledb
import pytest

from tests.standin import options, packets
from tests.standin.profiles import PROFILES
from tests.standin.statements import first_word
from tests.standin.stats import Stats
from tests.standin.values import Outcome

INSERT = "insert into t values (:1)"


# ---- options ----------------------------------------------------------------------------------------------


def test_options_have_defaults():
    assert options.parse([]) == options.Options()


def test_options_are_read():
    line = (
        "--port 1521 --user u --password p --service s --version 19 --max-string-size extended --data d"
        " --tls c k --rtt-ms 2.5 --stats f --log-sql l --fault cut@message:1 --fault slow@5kB/s --ack"
        " --charset US7ASCII"
    )
    assert options.parse(line.split()) == options.Options(
        1521,
        "u",
        "p",
        "s",
        19,
        "extended",
        "d",
        ("c", "k"),
        None,
        2.5,
        "f",
        "l",
        ("cut@message:1", "slow@5kB/s"),
        ack=True,
        charset="US7ASCII",
    )


@pytest.mark.parametrize(
    "line",
    [
        "--fault cut",
        "--version 11",
        "--max-string-size large",
        "--charset X",
        "--rtt-ms -1",
        "--rtt-ms x",
        "--vers 19",
        "x",
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2(line, capsys):
    with pytest.raises(SystemExit) as left:
        options.parse(line.split())
    assert left.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith("stand-in: ")
    assert shown.count("\n") == 1


def test_the_help_shows_every_fault(capsys):
    with pytest.raises(SystemExit) as left:
        options.parse(["--help"])
    assert left.value.code == 0
    assert "ora-00060@dml:2" in capsys.readouterr().out


# ---- statistics -------------------------------------------------------------------------------------------


def test_the_file_shows_the_counters_whole(tmp_path):
    file = tmp_path / "stats.json"
    stats = Stats(str(file))
    stats.add(rows=3, commits=1)
    stats.write()
    assert json.loads(file.read_text()) == stats.snapshot()
    assert stats.snapshot()["rows"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["stats.json"]


def test_an_unchanged_file_is_left_alone(tmp_path):
    file = tmp_path / "stats.json"
    stats = Stats(str(file))
    stats.write()
    file.unlink()
    stats.write()
    assert not file.exists()
    stats.add(rows=1)
    stats.write()
    assert file.exists()


def test_the_file_is_true_after_each_commit_and_log_off(serve, connect, tmp_path):
    file = tmp_path / "stats.json"
    server = serve(stats=str(file))
    connection = connect(server)
    connection.cursor().execute(INSERT, [1])
    connection.commit()
    assert json.loads(file.read_text()) == server.stats()
    connection.close()
    assert json.loads(file.read_text())["messages"] == server.stats()["messages"] == 5


def test_bytes_are_those_on_the_wire(serve, connect):
    server = serve()
    connection = connect(server, sdu=8192)
    before = server.stats()
    connection.ping()
    after = server.stats()
    assert after["bytes_in"] - before["bytes_in"] == 10 + 4
    assert after["bytes_out"] - before["bytes_out"] == 10 + 4


def test_statements_are_logged_as_json_lines(serve, connect, tmp_path):
    log = tmp_path / "sql.jsonl"
    began = time.time()
    connect(serve(log_sql=str(log))).cursor().executemany(INSERT, [("ż",), ("x",)])
    last = json.loads(log.read_text().splitlines()[-1])
    assert began <= last.pop("at") <= time.time()
    assert last == {"sql": INSERT, "session": 1, "client": "", "binds": ["VARCHAR"], "rows": 2}


# ---- statements -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("insert into t values (1)", "INSERT"),
        ("  -- a comment\n/* and\nanother */ Merge into t", "MERGE"),
        ("(select 1 from dual)", "SELECT"),
        ("alter session set x = 1", "ALTER SESSION"),
        ("alter table session_x add y", "ALTER"),
        ("commit", "COMMIT"),
        ("", ""),
        ("123", ""),
        ("/* never ends", ""),
    ],
)
def test_a_statement_is_known_by_its_first_word(sql, word):
    assert first_word(sql) == word


# ---- packets ----------------------------------------------------------------------------------------------


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(10)
        far.settimeout(10)
        yield near, packets.Wire(far)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("size", [0, 1, 5000])
def test_a_packet_is_read_in_pieces(ends, large, size):
    near, wire = ends
    wire.large = large
    length = struct.pack(">I", size + 8) if large else struct.pack(">HH", size + 8, 0)
    packet = length + b"\x06\0\0\0" + b"x" * size
    near.sendall(packet * 2)
    assert wire.read() == wire.read() == packets.Packet(packets.DATA, b"x" * size)
    assert wire.bytes_in == 2 * len(packet)


def test_a_packet_longer_than_a_read_is_whole(ends):
    near, wire = ends
    wire.large = True
    near.settimeout(10)
    body = bytes(range(256)) * 4096
    waiting = memoryview(struct.pack(">I", len(body) + 8) + b"\x06\0\0\0" + body)
    near.settimeout(10)
    sender = threading.Thread(target=near.sendall, args=(waiting,))
    sender.start()
    assert wire.read().body == body
    sender.join()


@pytest.mark.parametrize("header", [b"\x00\x00\x00\x07\x06\0\0\0", b"\x7f\xff\xff\xff\x06\0\0\0"])
def test_a_length_that_cannot_be_is_a_hang_up(ends, header):
    near, wire = ends
    wire.large = True
    near.sendall(header)
    with pytest.raises(packets.Hangup):
        wire.read()


def test_half_a_packet_is_a_hang_up(ends):
    near, wire = ends
    near.sendall(b"\x00\x09")
    near.close()
    with pytest.raises(packets.Hangup):
        wire.read()


def test_a_response_is_cut_into_packets_and_its_end_marked(ends):
    _, wire = ends
    wire.sdu = 20
    wire.large = True
    frames = list(wire.frames(b"x" * 25, ended=True))
    assert [len(frame) for frame in frames] == [20, 20, 15]
    assert [struct.unpack_from(">H", frame, 8)[0] for frame in frames] == [0, 0, packets.END_OF_RESPONSE]
    assert len(list(wire.frames(b"", ended=False))) == 1


def test_a_refusal_names_the_service_without_its_brackets():
    body = packets.refuse_body(12514, "x)(ERR=1)")
    assert b"(ERR=12514)" in body
    assert body.count(b"ERR=") == 1


@pytest.mark.parametrize("number", PROFILES)
def test_a_release_number_is_the_drivers_version(serve, connect, number):
    assert connect(serve(version=number)).version == PROFILES[number].release_text


# ---- what is not known ------------------------------------------------------------------------------------


def test_an_unknown_function_is_refused_and_the_connection_lives(serve, connect, version):
    server = serve(version=version)
    connection = connect(server)
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.tpc_begin(connection.xid(1, "x", "y"))
    assert refused.value.args[0].code == 3115
    assert any("function 103" in line for line in server.log)
    connection.ping()


def test_scrollable_cursors_are_refused(serve, connect):
    query = "select 1 from dual"
    connection = connect(serve({query: Outcome("query")}))
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor(scrollable=True).execute(query)
    assert refused.value.args[0].code == 3001


def test_a_caller_that_is_no_oracle_client_is_left(serve):
    server = serve()
    with socket.create_connection((server.host, server.port), timeout=10) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(100) == b""
    assert server.stats()["logins"] == 0
    assert server.log == []


def test_a_request_before_the_log_in_is_refused(serve):
    server = serve(version=19)
    text = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=FREEPDB1)))"
    head = struct.pack(">HHHHHHHHHH", 318, 300, 0, 8192, 8192, 0, 0, 1, len(text), 74)
    body = head + bytes(30) + struct.pack(">II", 8192, 8192) + bytes(8) + text
    with socket.create_connection((server.host, server.port), timeout=10) as caller:
        caller.sendall(struct.pack(">HHBBH", len(body) + 8, 0, 1, 0, 0) + body)
        assert caller.recv(100)[4] == packets.ACCEPT
        commit = b"\0\0\x03\x0e\x01"
        caller.sendall(struct.pack(">IBBH", len(commit) + 8, 6, 0, 0) + commit)
        assert b"ORA-01012" in caller.recv(1000)
    assert server.database.sessions == []
