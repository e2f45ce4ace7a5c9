"""
TLS as Oracle shops have it: a wallet, the server's name and date, a certificate of the client's own.
"""

from __future__ import annotations

import pytest

from tests import certificates

pytestmark = pytest.mark.standin


@pytest.fixture
def serve(standin, tmp_path):
    """
    A server whose certificate is for *name* and ends in *days* days, and the wallet that trusts it.
    """

    def start(name="localhost", days=1, **options):
        certificate = certificates.make(tmp_path, name, days=days)
        server = standin(tls=certificate.files, **options)
        wallet = certificate.wallet(tmp_path / "wallet")
        settings = {
            "host": "localhost", "port": server.port, "service_name": server.service, "protocol": "tcps",
            "user": server.user, "password": server.password, "wallet_location": str(wallet),
            "max_retries": 3,
            "retry_delay": 60, "retry_max_delay": 60,
        }  # fmt: skip
        return server, settings

    return start


STATE = b'{"type":"STATE","value":{"a":1}}\n'


def test_a_load_goes_through_tls(serve, target):
    _, settings = serve()
    result = target(settings, STATE)
    assert (result.exit_code, result.stdout) == (0, b'{"a":1}\n'), result.log
    checked = target(settings, b"", "--check")
    assert checked.exit_code == 0, checked.log


def test_an_easy_connect_string_takes_tls_too(serve, target):
    server, settings = serve()
    kept = {name: settings[name] for name in ("user", "password", "wallet_location")}
    dsn = f"tcps://localhost:{server.port}/{server.service}"
    assert target({**kept, "dsn": dsn}, STATE).exit_code == 0


def test_a_token_is_given_to_the_driver_in_place_of_user_and_password(serve, target):
    """
    The driver looks into it for when it ends, and says of this one that it is none.
    """
    _, settings = serve()
    kept = {name: value for name, value in settings.items() if name not in ("user", "password")}
    result = target({**kept, "access_token": "no token"}, STATE)
    assert result.exit_code == 4
    assert "DPY-2031" in result.last_line
    assert "no token" not in result.log


REFUSALS = {
    "another-name": ({"name": "elsewhere.example"}, {}, "another name"),
    "expired": ({"days": -1}, {}, "has expired"),
    "not-trusted": ({}, {"wallet_location": None}, "nobody trusted here signed"),
    "no-wallet": ({}, {"wallet_location": "/nowhere"}, "wallet_location"),
    "another-distinguished-name": ({}, {"ssl_server_cert_dn": "CN=other"}, "ssl_server_cert_dn"),
}


@pytest.mark.parametrize(("made", "given", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_tls_refuses_is_told_at_once_and_nothing_is_loaded(serve, target, made, given, words):
    """
    It is not tried again: with a delay of a minute the test would time out.
    """
    server, settings = serve(**made)
    settings = {name: value for name, value in {**settings, **given}.items() if value is not None}
    result = target(settings, STATE, timeout=45)
    assert result.exit_code == 4
    assert words in result.last_line
    assert result.stdout == b""
    assert server.statements() == []


def test_a_check_tells_of_an_expired_certificate(serve, target):
    _, settings = serve(days=-1)
    result = target(settings, b"", "--check")
    assert result.exit_code == 4
    assert "has expired" in result.stdout.decode()
    assert "its owner must renew it" in result.last_line


def test_a_name_that_need_not_match_may_be_another(serve, target):
    _, settings = serve(name="elsewhere.example")
    assert target({**settings, "ssl_server_dn_match": False}, STATE).exit_code == 0


def test_a_server_that_asks_for_a_certificate_gets_that_of_the_wallet(serve, target, tmp_path):
    ours = certificates.make(tmp_path, "app.example")
    server, settings = serve(tls_clients=ours.certificate)
    theirs = certificates.Certificate(
        tmp_path / "localhost.1.certificate.pem", tmp_path / "localhost.1.key.pem"
    )
    wallet = theirs.wallet(tmp_path / "mutual", key=ours, password="of the wallet")
    mutual = {**settings, "wallet_location": str(wallet), "wallet_password": "of the wallet"}
    result = target(mutual, STATE)
    assert (result.exit_code, result.stdout) == (0, b'{"a":1}\n'), result.log
    refused = target({**settings, "max_retries": 0}, STATE)
    assert refused.exit_code == 4
    assert len(server.statements()) > 0
