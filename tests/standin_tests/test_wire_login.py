"""
Connecting and logging in, with the driver as it is.
"""

from __future__ import annotations

import oracledb
import pytest

from tests.standin import login


def test_the_right_password_lets_in(serve, connect, version):
    connection = connect(serve(version=version))
    assert connection.version.split(".")[0] == str(version)
    assert connection.service_name == "FREEPDB1"
    assert connection.max_identifier_length == 128
    assert connection.max_open_cursors == 300


@pytest.mark.parametrize("version", [12, 21])
def test_other_releases_speak_as_well(serve, connect, version):
    connection = connect(serve(version=version))
    assert connection.version.split(".")[0] == str(version)
    connection.ping()


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"user": "nobody"}, {"password": "SECRET"}])
def test_a_wrong_password_and_an_unknown_user_are_told_the_same(serve, connect, version, given):
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(serve(version=version), **given)
    assert refused.value.args[0].code == 1017


def test_a_refused_login_opens_no_session(serve, connect):
    server = serve()
    with pytest.raises(oracledb.DatabaseError):
        connect(server, password="wrong")
    assert server.database.sessions == []
    assert server.stats()["logins"] == 0


def test_the_user_is_folded_to_upper_case(serve, connect):
    server = serve(user="Loader")
    connect(server, user="LOADER")
    assert server.database.sessions[0].current_schema == "LOADER"


def test_an_unknown_service_is_refused(serve, connect, version):
    server = serve(version=version)
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server, dsn=f"{server.host}:{server.port}/elsewhere")
    assert "DPY-6001" in str(refused.value)


def test_a_service_is_found_in_any_case(serve, connect):
    server = serve()
    connect(server, dsn=f"{server.host}:{server.port}/freepdb1").ping()


def test_an_unknown_sid_is_refused(serve, connect):
    server = serve()
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server, dsn=None, host=server.host, port=server.port, sid="elsewhere")
    assert "DPY-6003" in str(refused.value)


def test_a_long_connect_descriptor_comes_in_a_packet_of_its_own(serve, connect):
    server = serve()
    padding = "".join(f"(X{number}=nothing at all)" for number in range(40))
    dsn = (
        f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST={server.host})(PORT={server.port}))"
        f"(CONNECT_DATA=(SERVICE_NAME=FREEPDB1){padding}))"
    )
    connect(server, dsn=dsn).ping()


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ({"newpassword": "other"}, 3001, "AUTH_NEWPASSWORD"),
        ({"user": "app[other]"}, 28150, "PROXY_CLIENT_NAME"),
        ({"edition": "NEXT"}, 38802, "AUTH_ORA_EDITION"),
    ],
)
def test_what_a_login_cannot_have_is_refused_and_not_played_along(serve, connect, given, code, name):
    server = serve()
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server, **given)
    assert refused.value.args[0].code == code
    assert any(name in line for line in server.log)


def test_the_only_edition_is_the_base(serve, connect):
    connect(serve(), edition="ora$base").ping()


def test_the_session_time_zone_reaches_the_engine(serve, connect, monkeypatch):
    monkeypatch.setenv("ORA_SDTZ", "+03:00")
    server = serve()
    connect(server)
    assert server.database.calls[0][0] == "ALTER SESSION SET TIME_ZONE='+03:00'"


@pytest.mark.parametrize("sdu", [512, 8192, 65536, 2097152])
def test_the_client_chooses_the_packet_size(serve, connect, sdu):
    connection = connect(serve(), sdu=sdu)
    assert connection.sdu == sdu
    connection.cursor().executemany("insert into t values (:1)", [("x" * 700,)] * 50)


def test_a_challenge_is_passed_only_with_the_password():
    challenge = login.Challenge(login.Verifier.of("secret"))
    assert not challenge.accepts({})
    assert not challenge.accepts({"AUTH_SESSKEY": "00" * 32, "AUTH_PASSWORD": "zz"})
    assert not challenge.accepts({"AUTH_SESSKEY": "00" * 32, "AUTH_PASSWORD": "00" * 32})


def test_no_secret_is_shown(serve):
    server = serve(password="do not show")
    assert "do not show" not in repr(server.options)
