"""
TLS: the same server behind a certificate.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import oracledb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.standin.values import OracleError

INSERT = "insert into t values (:1)"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """
    The files of a certificate for localhost and of its key.
    """
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tuple(map(str, files))


@pytest.fixture
def trusting(connect, certificate):
    """
    A factory of TLS connections that trust the certificate.
    """

    def start(server, **options):
        trust = ssl.create_default_context(cafile=certificate[0])
        dsn = f"tcps://localhost:{server.port}/{server.service}"
        return connect(server, dsn=dsn, ssl_context=trust, **options)

    return start


def test_the_driver_talks_tls(serve, trusting, certificate, version):
    server = serve(version=version, tls=certificate)
    connection = trusting(server)
    rows = [("x" * 3000,)] * 2000
    connection.cursor().executemany(INSERT, rows)
    connection.commit()
    assert server.database.calls[-1][2] == rows


def test_a_stranger_is_not_trusted(serve, connect, certificate):
    server = serve(tls=certificate)
    with pytest.raises(oracledb.DatabaseError) as refused:
        connect(server, dsn=f"tcps://localhost:{server.port}/{server.service}")
    assert refused.value.args[0].full_code == "DPY-6005"


def test_who_speaks_no_tls_is_not_heard(serve, certificate):
    server = serve(tls=certificate)
    with socket.create_connection((server.host, server.port)) as caller:
        caller.sendall(b"hello")
        caller.shutdown(socket.SHUT_WR)
        caller.settimeout(10)
        with suppress(ConnectionResetError):  # an answer as well
            while caller.recv(100):
                pass
    assert server.stats()["messages"] == 0


def test_a_cut_reaches_through_tls(serve, trusting, certificate):
    server = serve(tls=certificate, faults=("cut@commit:1:after",))
    connection = trusting(server)
    connection.cursor().execute(INSERT, [1])
    with pytest.raises(oracledb.DatabaseError) as error:
        connection.commit()
    assert error.value.args[0].full_code == "DPY-4011"
    assert server.database.events == ["commit"]


def test_cancel_reaches_through_tls(serve, trusting, certificate):
    sql = "insert into slow values (1)"

    def wait(session, _rows):
        assert session.cancelled.wait(10)
        raise OracleError(1013, "ORA-01013: user requested cancel of current operation")

    connection = trusting(serve({sql: wait}, tls=certificate))
    canceller = threading.Timer(0.1, connection.cancel)
    canceller.start()
    with pytest.raises(oracledb.DatabaseError) as refused:
        connection.cursor().execute(sql)
    canceller.join()
    assert refused.value.args[0].code == 1013
    connection.ping()


def test_files_that_are_no_certificate_are_refused(serve, tmp_path):
    (tmp_path / "x").write_text("x")
    with pytest.raises(ssl.SSLError):
        serve(tls=(str(tmp_path / "x"), str(tmp_path / "x")))
