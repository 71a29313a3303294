"""Keys and signatures that tests make for themselves."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

import pysequoia
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class OpenPgpKey:
    """A key pair; ``key.sign(data)`` gives an armored detached signature."""

    secret: pysequoia.Tsk

    @property
    def fingerprint(self) -> str:
        """Of the primary key, in upper-case hex."""
        return str(self.secret.extract_certificate().fingerprint).upper()

    @property
    def public(self) -> bytes:
        """The public key with its subkeys, binary."""
        return bytes(self.secret.extract_certificate())

    def sign(self, data: bytes, *, armored: bool = True) -> bytes:
        """A detached signature."""
        return bytes(
            pysequoia.sign(
                self.secret.signer(), data, mode=pysequoia.SignatureMode.DETACHED, armor=armored
            )
        )


@cache
def openpgp_key(name: str) -> OpenPgpKey:
    """A key of that name, the same one for the whole run."""
    return OpenPgpKey(pysequoia.Tsk.generate(user_id=f"{name} <{name}@example.org>"))


@dataclass(frozen=True)
class MinisignKey:
    """A key pair of minisign."""

    private: Ed25519PrivateKey
    key_id: bytes

    @property
    def public(self) -> str:
        """The line of base64 that projects publish."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(b"Ed" + self.key_id + raw).decode()

    def sign(self, data: bytes, comment: str = "made by a test", *, hashed: bool = True) -> bytes:
        """A ``.minisig`` file."""
        signed = hashlib.blake2b(data).digest() if hashed else data
        signature = self.private.sign(signed)
        whole = self.private.sign(signature + comment.encode())
        kind = b"ED" if hashed else b"Ed"
        first = base64.b64encode(kind + self.key_id + signature)
        last = base64.b64encode(whole)
        head = b"untrusted comment: signature\n" + first
        return head + f"\ntrusted comment: {comment}\n".encode() + last + b"\n"


def minisign_key(seed: int = 1) -> MinisignKey:
    """A key pair, the same for the same seed."""
    return MinisignKey(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), bytes([seed]) * 8)
