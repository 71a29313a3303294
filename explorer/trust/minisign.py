"""minisign signatures. Format: jedisct1.github.io/minisign, "Signature format"."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from explorer.progress import Cancellation
from explorer.trust.models import Signal, SignalKind, SignalState

LARGEST_SIGNATURE: Final = 16 << 10
_LARGEST_LEGACY = 1 << 30
"""Bytes of a file that is signed as it is: it has to be in memory."""
_CHUNK = 1 << 20
_TRUSTED = b"trusted comment: "


@dataclass(frozen=True, slots=True)
class MinisignSignature:
    """A signature file, taken apart."""

    is_hashed: bool
    """Whether BLAKE2b of the file is signed, instead of the file."""
    key_id: bytes
    signature: bytes
    trusted_comment: bytes
    global_signature: bytes


def is_minisign(data: bytes) -> bool:
    """Whether a file looks like a minisign signature."""
    return data.startswith(b"untrusted comment:")


def read_minisign(data: bytes) -> MinisignSignature:
    """Take a signature file apart.

    Raises:
        ValueError: it is not one.
    """
    lines = data[:LARGEST_SIGNATURE].splitlines()
    if len(lines) < 4 or not is_minisign(data) or not lines[2].startswith(_TRUSTED):
        raise ValueError("it is not a minisign signature")
    first, last = _decoded(lines[1]), _decoded(lines[3])
    if len(first) != 74 or len(last) != 64 or first[:2] not in (b"Ed", b"ED"):
        raise ValueError("it is not a minisign signature of a known kind")
    comment = lines[2].removeprefix(_TRUSTED)
    return MinisignSignature(first[:2] == b"ED", first[2:10], first[10:], comment, last)


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("its base64 is damaged") from error


def minisign_key(text: str) -> tuple[bytes, bytes]:
    """The id and the Ed25519 key of a public key: a line of base64, or the ``.pub`` file.

    Raises:
        ValueError: not a public key.
    """
    lines = [line for line in text.strip().splitlines() if not line.startswith("untrusted")]
    raw = _decoded(lines[0].encode()) if lines else b""
    if len(raw) != 42 or raw[:2] != b"Ed":
        raise ValueError("not a minisign public key")
    return raw[2:10], raw[10:]


def check_minisign(
    file: Path, data: bytes, source: str, keys: tuple[str, ...], cancel: Cancellation
) -> Signal:
    """Verify a file's minisign signature. Blocking: call from a worker thread.

    Args:
        data: the signature file; ``source`` is its name.
        keys: public keys. One that is not valid is ignored.
    """

    def signal(state: SignalState, why: str) -> Signal:
        return Signal(SignalKind.MINISIGN, state, why, source)

    try:
        signature = read_minisign(data)
    except ValueError as error:
        return signal(SignalState.FAIL, f"{source}: {error}")
    shown_id = signature.key_id[::-1].hex().upper()
    public = _known(keys).get(signature.key_id)
    if public is None:
        return signal(
            SignalState.NOT_CHECKED,
            f"signed by key {shown_id}, which is not known here: add it to minisign_keys of the"
            " project's profile",
        )
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return signal(SignalState.NOT_CHECKED, "present, not verified: install rr-explorer[trust]")
    if not signature.is_hashed and file.stat().st_size > _LARGEST_LEGACY:
        return signal(SignalState.NOT_CHECKED, "the file is too large for this kind of signature")
    key = Ed25519PublicKey.from_public_bytes(public)
    try:
        key.verify(signature.signature, _signed(file, signature.is_hashed, cancel))
        key.verify(signature.global_signature, signature.signature + signature.trusted_comment)
    except InvalidSignature:
        return signal(SignalState.FAIL, f"the signature by key {shown_id} is not valid")
    comment = signature.trusted_comment.decode("utf-8", "replace")
    return signal(SignalState.PASS, f"signed by key {shown_id}: {comment}")


def _known(keys: tuple[str, ...]) -> dict[bytes, bytes]:
    known = {}
    for text in keys:
        try:
            key_id, public = minisign_key(text)
        except ValueError:
            continue
        known[key_id] = public
    return known


def _signed(file: Path, is_hashed: bool, cancel: Cancellation) -> bytes:
    """What the signature is about: the file, or its BLAKE2b."""
    if not is_hashed:
        return file.read_bytes()
    digest = hashlib.blake2b()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            cancel.check()
            digest.update(chunk)
    return digest.digest()
