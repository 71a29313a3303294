"""OpenPGP signatures: who made them, when, and whether they are valid for a file.

Packets and armor: RFC 9580, sections 4, 5.2 and 6. Who signed and when is read here. The signature
itself is verified by gpgv, or by pysequoia where gpgv is not installed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

LARGEST_SIGNATURE: Final = 256 << 10
"""Bytes of a file with signatures that is read."""
_MOST_PACKETS = 4096
_ARMOR = re.compile(
    rb"-----BEGIN PGP ([A-Z ]{1,40})-----[ \t]*\r?\n(.*?)-----END PGP \1-----", re.S
)
_SIGNATURE_TAG = 2
_KEY_TAGS = (6, 14)
"""A public key, a public subkey."""
_CREATION_TIME, _ISSUER, _ISSUER_FINGERPRINT = 2, 16, 33
_LENGTHS = {4: 20, 5: 32, 6: 32}
"""Octets of a fingerprint by the key's version."""


@dataclass(frozen=True, slots=True)
class OpenPgpSignature:
    """What a signature says about itself: a claim until it is verified."""

    issuer: str
    """The signing key's fingerprint, else its key id, in upper-case hex; empty if not said."""
    created: datetime | None
    """Aware, UTC."""
    version: int


def dearmor(data: bytes) -> bytes:
    """The packets in ASCII armor, of all its blocks; binary data as it is.

    Raises:
        ValueError: armor that cannot be decoded.
    """
    blocks = [match[2] for match in _ARMOR.finditer(data)]
    if not blocks:
        if b"-----BEGIN PGP" in data:
            raise ValueError("its armor has no end")
        return data
    return b"".join(_decoded(block) for block in blocks)


def _decoded(block: bytes) -> bytes:
    lines = block.replace(b"\r", b"").split(b"\n")
    stripped = [line.strip() for line in lines]
    start = stripped.index(b"") + 1 if b"" in stripped else 0  # headers end with an empty line
    body = [line for line in stripped[start:] if line and not line.startswith(b"=")]
    try:
        return base64.b64decode(b"".join(body), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its armor is damaged ({error})") from error


def read_signatures(data: bytes) -> tuple[OpenPgpSignature, ...]:
    """The signatures in a detached signature file, armored or binary.

    Raises:
        ValueError: it is not one.
    """
    packets = dearmor(data[:LARGEST_SIGNATURE])
    try:
        made = tuple(_signature(body) for tag, body in _packets(packets) if tag == _SIGNATURE_TAG)
    except IndexError:
        raise ValueError("a packet is cut off") from None
    if not made:
        raise ValueError("it holds no OpenPGP signature")
    return made


def is_openpgp(data: bytes) -> bool:
    """Whether a file is an OpenPGP signature, armored or binary."""
    try:
        return bool(read_signatures(data))
    except ValueError:
        return False


def key_fingerprints(data: bytes) -> tuple[str, ...]:
    """Fingerprints of the public keys and subkeys in a file, in upper-case hex; none if damaged."""
    names = []
    try:
        for tag, body in _packets(dearmor(data)):
            if tag in _KEY_TAGS and body[:1] == b"\x04":
                prefix = b"\x99" + len(body).to_bytes(2)
                names.append(hashlib.sha1(prefix + body, usedforsecurity=False).hexdigest())
            elif tag in _KEY_TAGS and body[:1] == b"\x06":
                names.append(hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest())
    except (ValueError, IndexError, OverflowError):
        pass
    return tuple(name.upper() for name in names)


def is_key(issuer: str, fingerprint: str) -> bool:
    """Whether an issuer (a fingerprint, or the key id in one) is a key with this fingerprint."""
    if len(issuer) == 16 and len(fingerprint) == 40:
        return fingerprint.endswith(issuer)
    return issuer == fingerprint or (len(issuer) == 16 and fingerprint.startswith(issuer))


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MOST_PACKETS):
        if at >= len(data):
            return
        first = data[at]
        if not first & 0x80:
            raise ValueError("it is not made of OpenPGP packets")
        if first & 0x40:
            tag, (length, at) = first & 0x3F, _length(data, at + 1)
        else:
            tag, octets = first >> 2 & 0x0F, 1 << (first & 3)
            if octets == 8:
                raise ValueError("a packet has no length")
            length, at = int.from_bytes(data[at + 1 : at + 1 + octets]), at + 1 + octets
        if at + length > len(data):
            raise ValueError("a packet is cut off")
        yield tag, data[at : at + length]
        at += length


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length of one, two or five octets, and where what it measures begins."""
    first = data[at]
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + data[at + 1] + 192, at + 2
    if first < 255:
        raise ValueError("a packet in parts")
    return int.from_bytes(data[at + 1 : at + 5]), at + 5


def _signature(body: bytes) -> OpenPgpSignature:
    version = body[0]
    if version == 3:
        created = datetime.fromtimestamp(int.from_bytes(body[3:7]), UTC)
        return OpenPgpSignature(body[7:15].hex().upper(), created, 3)
    if version not in _LENGTHS:
        raise ValueError(f"its signature has version {version}, which is not read here")
    issuer, issuer_id, signed_at = "", "", None
    for is_hashed, kind, value in _subpackets(body, 4 if version == 6 else 2):
        if kind == _CREATION_TIME and is_hashed and len(value) == 4:
            signed_at = datetime.fromtimestamp(int.from_bytes(value), UTC)
        elif kind == _ISSUER and len(value) == 8:
            issuer_id = issuer_id or value.hex().upper()
        elif kind == _ISSUER_FINGERPRINT and len(value) == 1 + _LENGTHS.get(value[0], -1):
            issuer = issuer or value[1:].hex().upper()
    return OpenPgpSignature(issuer or issuer_id, signed_at, version)


def _subpackets(body: bytes, count_octets: int) -> Iterator[tuple[bool, int, bytes]]:
    """Whether it is signed itself, the type and the value of each subpacket."""
    at = 4
    for is_hashed in (True, False):
        size = int.from_bytes(body[at : at + count_octets])
        at += count_octets
        end = at + size
        if end > len(body):
            raise ValueError("a packet is cut off")
        while at < end:
            length, at = _length(body, at)
            if not length or at + length > end:
                raise ValueError("a subpacket is cut off")
            yield is_hashed, body[at] & 0x7F, body[at + 1 : at + length]
            at += length
