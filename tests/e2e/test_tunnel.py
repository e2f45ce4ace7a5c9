"""
Through an SSH tunnel: who is let in, whose key is believed, and a tunnel that dies as any connection does.
"""

from __future__ import annotations

import gc

import pytest

from tests import ssh
from tests.e2e.loads import contents, ids, lines, record, schema, server, state

pytestmark = pytest.mark.standin

LOAD = lines(
    [
        schema("orders", keys=()),
        *(
            message
            for n in range(1, 31, 3)
            for message in (*(record("orders", n + k) for k in range(3)), state(n))
        ),
    ]
)

KILLS = 10


@pytest.fixture
def bastion(tmp_path):
    with ssh.running(tmp_path) as bastion:
        yield bastion


def test_rows_come_through_by_key(within, bastion):
    """
    All connections of a run share one log-in.
    """
    with server(23) as (_, database):
        config = database.config(ssh_tunnel=bastion.settings(), loader_id="orders", parallelism=2)
        result = within(config, LOAD)
        assert result.exit_code == 0, result.log
        assert ids(database, "ORDERS") == list(range(1, 31))
    assert bastion.logins == 1
    assert bastion.portions > 0


@pytest.mark.parametrize("place", ["settings", "descriptor"])
def test_rows_come_through_by_password(within, bastion, place):
    with server(19) as (standin, database):
        parts = {"host": "127.0.0.1", "port": standin.port, "service_name": standin.options.service}
        descriptor = (
            f"(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={standin.port}))"
            f"(CONNECT_DATA=(SERVICE_NAME={standin.options.service})))"
        )
        where = parts if place == "settings" else {"dsn": descriptor}
        tunnel = bastion.settings(private_key=None, private_key_password=None, password=ssh.PASSWORD)
        config = {"user": database.user, "password": database.password, **where, "ssh_tunnel": tunnel}
        assert within(config, LOAD).exit_code == 0
        assert ids(database, "ORDERS") == list(range(1, 31))
    assert bastion.portions > 0


def test_the_text_of_a_key_does_as_well_as_its_file(within, bastion):
    with server(23) as (_, database):
        tunnel = bastion.settings(private_key=bastion.key.read_text())
        assert within(database.config(ssh_tunnel=tunnel), LOAD).exit_code == 0


def test_a_tunnel_that_is_not_enabled_is_not_taken(within, bastion):
    with server(23) as (_, database):
        tunnel = bastion.settings(enable=False)
        assert within(database.config(ssh_tunnel=tunnel), LOAD).exit_code == 0
    assert bastion.logins == 0


def test_a_host_whose_key_is_not_known_is_not_believed(within, bastion):
    bastion.known_hosts.write_text("other.example.com ssh-ed25519 " + "A" * 68 + "\n")
    with server(23) as (_, database):
        result = within(database.config(ssh_tunnel=bastion.settings()), LOAD)
    assert result.exit_code == 4
    assert "compare its fingerprint" in result.last_line
    assert bastion.logins == 0


def test_a_wrong_password_is_not_tried_again(within, bastion):
    tunnel = bastion.settings(private_key=None, private_key_password=None, password="hunter2-and-wrong")
    with server(23) as (_, database):
        result = within(database.config(ssh_tunnel=tunnel, max_retries=3), LOAD)
    assert result.exit_code == 4
    assert "lets ferry not in" in result.last_line
    assert "hunter2" not in result.log


def test_the_check_says_what_is_wrong_with_the_tunnel(within, bastion):
    tunnel = bastion.settings(private_key_password=None, private_key=None, password="wrong")
    with server(23) as (_, database):
        result = within(database.config(ssh_tunnel=tunnel), b"", "--check")
    assert result.exit_code == 4
    assert "lets ferry not in" in result.log


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"private_key_password": "wrong"}, "private_key_password does not fit", id="key"),
        pytest.param({"private_key": "/nowhere/key"}, "No such file", id="no-key"),
        pytest.param({"known_hosts": "/nowhere/hosts"}, "must hold the key of 127.0.0.1", id="known-hosts"),
        pytest.param({"private_key": None}, "private_key: is missing", id="neither"),
        pytest.param({"host": None}, "host: is missing", id="no-host"),
        pytest.param({"hosts": "x"}, "is unknown; a tunnel has enable, host", id="unknown"),
        pytest.param({"port": 0}, "must be 1 to 65535", id="port"),
    ],
)
def test_settings_of_a_tunnel_that_cannot_be_are_the_operators_to_mend(within, bastion, more, says):
    with server(23) as (_, database):
        result = within(database.config(ssh_tunnel=bastion.settings(**more)), LOAD)
    assert result.exit_code == 2
    assert says in result.last_line
    assert "hunter2" not in result.log


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        pytest.param("one.example.com,two.example.com:1521/S", "dsn names several", id="addresses"),
        pytest.param("tcps://db.example.com:2484/S", "set ssl_server_cert_dn", id="tls"),
    ],
)
def test_an_address_that_a_tunnel_cannot_lead_to_is_refused(within, bastion, dsn, says):
    config = {"user": "app", "password": "secret", "dsn": dsn, "ssh_tunnel": bastion.settings()}
    result = within(config, LOAD)
    assert result.exit_code == 2
    assert says in result.last_line


def test_a_bastion_that_is_away_is_tried_again(within, bastion):
    tunnel = bastion.settings(port=1)
    with server(23) as (_, database):
        result = within(database.config(ssh_tunnel=tunnel, max_retries=2, retry_delay=0), LOAD)
    assert result.exit_code == 4
    assert "the SSH host 127.0.0.1:1 cannot be reached" in result.last_line
    assert "given up after 2 retries" in result.last_line


# The driver leaves its socket to the collector when the other end resets it.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_tunnel_that_dies_anywhere_is_opened_again_and_every_row_is_there_once(within, tmp_path):
    """
    It is killed after one portion, from the log-in to the last commit, in a load of its own each.
    """
    with ssh.running(tmp_path) as bastion:
        expected = _loaded(within, bastion)
        whole, logins = bastion.portions, bastion.logins
    assert logins == 1
    again = 0
    for portion in range(1, whole, max(1, whole // KILLS)):
        folder = tmp_path / str(portion)
        folder.mkdir()
        with ssh.running(folder, cuts=[portion]) as bastion:
            assert _loaded(within, bastion) == expected, portion
            again += bastion.logins - 1
    assert again >= KILLS - 2
    gc.collect()


def _loaded(within, bastion):
    """
    What a whole load leaves behind that goes through *bastion*, to a server of its own.
    """
    tunnel = bastion.settings(private_key=None, private_key_password=None, password=ssh.PASSWORD)
    with server(23) as (_, database):
        config = database.config(ssh_tunnel=tunnel, retry_delay=0, commit_interval_rows=6)
        result = within(config, LOAD)
        assert result.exit_code == 0, result.log
        return contents(database)
