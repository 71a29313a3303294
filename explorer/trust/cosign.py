"""Signatures as cosign 1 and 2 wrote them: ``.sig`` beside ``.pem``, and the older ``.bundle``.

A ``.sig`` holds a signature of the file's sha256 in base64, a ``.pem`` the certificate of its key,
often in base64 once more. The bundle is JSON (``LocalSignedPayload`` of cosign's ``pkg/cosign``).
None of them holds a proof that the transparency log has the entry, and the certificate expired ten
minutes after it was issued: whose key it is cannot be verified offline.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.trust.bundles import NOT_VERIFIED
from explorer.trust.models import Signal, SignalKind, SignalState

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_NO_PROOF = "there is no proof of the transparency log"


@dataclass(frozen=True, slots=True)
class BareSignature:
    """A signature without a proof of its time."""

    signature: bytes
    signer: bytes
    """The certificate or public key, PEM; empty: it is not here."""
    logged: str = ""
    """The sha256 that the entry of the transparency log names; empty without one."""


def read_signature(data: bytes, signer: bytes) -> BareSignature:
    """A ``.sig`` file and the ``.pem`` file beside it, which may be missing (empty).

    Raises:
        ValueError: the signature is not base64.
    """
    return BareSignature(_decoded(data), _pem(signer))


def read_local_payload(bundle: dict[str, Any]) -> BareSignature:
    """A bundle as cosign wrote it before Sigstore's.

    Raises:
        ValueError: it is damaged.
    """
    signature, signer = bundle.get("base64Signature"), bundle.get("cert")
    if not isinstance(signature, str):
        raise ValueError("its signature is missing")
    pem = _pem(signer.encode()) if isinstance(signer, str) else b""
    return BareSignature(_decoded(signature.encode()), pem, _logged(bundle.get("rekorBundle")))


def _logged(entry: object) -> str:
    payload = entry.get("Payload") if isinstance(entry, dict) else None
    body = payload.get("body") if isinstance(payload, dict) else None
    if not isinstance(body, str):
        return ""
    try:
        value = json.loads(_decoded(body.encode()))
    except RecursionError:
        raise ValueError("its log entry is damaged") from None
    for key in ("spec", "data", "hash", "value"):
        value = value.get(key) if isinstance(value, dict) else None
    return value.lower() if isinstance(value, str) else ""


def _decoded(data: bytes) -> bytes:
    try:
        return base64.b64decode(data.strip(), validate=True)
    except binascii.Error:
        raise ValueError("its base64 is damaged") from None


def _pem(data: bytes) -> bytes:
    """PEM, also of base64 of it; anything else as it is."""
    if data.lstrip().startswith(b"-----BEGIN"):
        return data
    try:
        return _decoded(data)
    except ValueError:
        return data


def check_bare_signature(signed: BareSignature, sha256: str, source: str) -> Signal:
    """Verify a signature of a file's digest by the key of the certificate beside it.

    At best *not checked*: anyone can write a certificate for a key of their own.

    Args:
        sha256: the file's, hex digits in lower case. The file itself is not needed.
    """

    def signal(state: SignalState, why: str) -> Signal:
        return Signal(SignalKind.COSIGN, state, why, source)

    if signed.logged and signed.logged != sha256:
        return signal(SignalState.FAIL, "its log entry is about another file")
    if not signed.signer:
        why = "present, not verified: no certificate of its signer is beside it"
        return signal(SignalState.NOT_CHECKED, why)
    try:
        is_valid, holder = _verified(signed, bytes.fromhex(sha256))
    except ImportError:
        return signal(SignalState.NOT_CHECKED, NOT_VERIFIED)
    except ValueError as error:  # which says nothing about the signature
        why = f"present, not verified: the file beside it is {error}"
        return signal(SignalState.NOT_CHECKED, why)
    if is_valid is None:
        return signal(SignalState.NOT_CHECKED, "present, not verified: its key is of another kind")
    if not is_valid:
        return signal(SignalState.FAIL, "the signature is not valid for this file")
    why = f"valid for the key of {holder}; whose key that is was not checked: {_NO_PROOF}"
    return signal(SignalState.NOT_CHECKED, why)


def _verified(signed: BareSignature, digest: bytes) -> tuple[bool | None, str]:
    """Whether the signature is valid (None: not a key that can be tried), and the key's holder.

    Raises:
        ImportError: cryptography is not installed. ValueError: not a certificate or public key.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate

    holder = "the public key beside it"
    try:
        if b"BEGIN CERTIFICATE" in signed.signer:
            certificate = load_pem_x509_certificate(signed.signer)
            key: object = certificate.public_key()
            holder = _holder(certificate)
        else:
            key = load_pem_public_key(signed.signer)
    except UnsupportedAlgorithm:
        return None, holder
    except ValueError:
        raise ValueError("not a certificate or public key") from None
    hashed = Prehashed(SHA256())
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed.signature, digest, ec.ECDSA(hashed))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signed.signature, digest, padding.PKCS1v15(), hashed)
        else:
            return None, holder
    except InvalidSignature:
        return False, holder
    return True, holder


def _holder(certificate: Certificate) -> str:
    """Whom the certificate names, untrusted."""
    from cryptography.x509 import (
        ExtensionNotFound,
        RFC822Name,
        SubjectAlternativeName,
        UniformResourceIdentifier,
    )

    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        return "a certificate without a name"
    who = [
        *names.get_values_for_type(UniformResourceIdentifier),
        *names.get_values_for_type(RFC822Name),
    ]
    return f"a certificate for {who[0]}" if who else "a certificate without a name"
