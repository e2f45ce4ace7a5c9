"""
The log-in (O5LOGON with a 12c verifier): both sides prove that they know the password, neither sends it.

The server keeps a salt and a hash. It sends the salt and half a session key encrypted with the hash;
the client sends the other half, and the password encrypted with the key made of both halves.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

VERIFIER_12C = 0x4815
VERIFIER_ROUNDS = 4096
KEY_ROUNDS = 3
BLOCK = 16  # bytes of an AES block
SPEEDY = b"AUTH_PBKDF2_SPEEDY_KEY"
SERVER_PROOF = b"SERVER_TO_CLIENT"


def _encrypt(key: bytes, data: bytes) -> bytes:
    box = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).encryptor()
    return bytes(box.update(data) + box.finalize())


def _decrypt(key: bytes, data: bytes) -> bytes:
    box = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).decryptor()
    return bytes(box.update(data) + box.finalize())


@dataclass(frozen=True, slots=True)
class Verifier:
    """
    What the server keeps of a password.
    """

    salt: bytes
    hash: bytes

    @staticmethod
    def of(password: str) -> Verifier:
        salt = secrets.token_bytes(BLOCK)
        key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt + SPEEDY, VERIFIER_ROUNDS, 64)
        return Verifier(salt, _digest(key, salt))


def _digest(key: bytes, salt: bytes) -> bytes:
    return hashlib.sha512(key + salt).digest()[:32]


class Challenge:
    """
    One log-in under way against *verifier*.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._half = secrets.token_bytes(32)
        self._key_salt = secrets.token_bytes(BLOCK)
        self._key = b""

    def pairs(self) -> dict[str, str]:
        """
        Give what phase one answers.
        """
        return {
            "AUTH_SESSKEY": _encrypt(self._verifier.hash, self._half).hex().upper(),
            "AUTH_VFR_DATA": self._verifier.salt.hex().upper(),
            "AUTH_PBKDF2_CSK_SALT": self._key_salt.hex().upper(),
            "AUTH_PBKDF2_VGEN_COUNT": str(VERIFIER_ROUNDS),
            "AUTH_PBKDF2_SDER_COUNT": str(KEY_ROUNDS),
        }

    def accepts(self, answer: dict[str, str]) -> bool:
        """
        Say whether phase two's pairs prove the password.
        """
        try:
            return self._proves(answer)
        except (KeyError, ValueError):
            return False

    def _proves(self, answer: dict[str, str]) -> bool:
        other = _decrypt(self._verifier.hash, bytes.fromhex(answer["AUTH_SESSKEY"])[:32])
        both = (other + self._half).hex().upper().encode()
        self._key = hashlib.pbkdf2_hmac("sha512", both, self._key_salt, KEY_ROUNDS, 32)
        salted = _decrypt(self._key, bytes.fromhex(answer["AUTH_PASSWORD"]))
        password = salted[BLOCK : len(salted) - salted[-1]]
        salt = self._verifier.salt
        key = hashlib.pbkdf2_hmac("sha512", password, salt + SPEEDY, VERIFIER_ROUNDS, 64)
        return hmac.compare_digest(_digest(key, salt), self._verifier.hash)

    def proof(self) -> str:
        """
        Give AUTH_SVR_RESPONSE, by which the client knows that the server has the password too.
        """
        padding = bytes((BLOCK,)) * BLOCK
        return _encrypt(self._key, secrets.token_bytes(BLOCK) + SERVER_PROOF + padding).hex().upper()
