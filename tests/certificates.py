"""
Certificates for one test: made where they are needed, signed by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    The files of a certificate and of its key.
    """

    certificate: Path
    key: Path

    @property
    def files(self) -> tuple[Path, Path]:
        return self.certificate, self.key

    def wallet(self, folder: Path, *, key: Certificate | None = None, password: str | None = None) -> Path:
        """
        Make a wallet of the thin driver in *folder*: trust in this certificate, and *key*'s own, encrypted.
        """
        folder.mkdir()
        parts = [self.certificate.read_bytes()]
        if key is not None:
            private = serialization.load_pem_private_key(key.key.read_bytes(), None)
            encryption = serialization.BestAvailableEncryption((password or "").encode())
            parts = [_pem(private, encryption), key.certificate.read_bytes(), *parts]
        (folder / "ewallet.pem").write_bytes(b"".join(parts))
        return folder


def make(folder: Path, name: str = "localhost", *, days: int = 1) -> Certificate:
    """
    Make a certificate for host *name* that ends in *days* days; negative: that has ended.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = datetime.now(timezone.utc) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=30))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / f"{name}.{days}.certificate.pem", folder / f"{name}.{days}.key.pem")
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(_pem(key, serialization.NoEncryption()))
    return files


def _pem(key: object, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(  # type: ignore[attr-defined,no-any-return]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
