"""Sigstore bundles: GitHub attestations, cosign's bundles, SLSA provenance.

Formats: sigstore/protobuf-specs ``sigstore_bundle.proto``, in-toto Statement v1, DSSE. What they
say is read here; sigstore-python verifies them where it is installed.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import dataclass
from typing import Any, Final

from explorer.trust.models import Signal, SignalKind, SignalState

LARGEST_BUNDLE: Final = 8 << 20
"""Bytes of one bundle, and of a file of them."""
NOT_VERIFIED: Final = "present, not verified: install rr-explorer[trust]"
_MOST_BUNDLES = 100
_GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
_SOURCE_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
"""Fulcio's extension with the address of the repository that the workflow ran for."""
_ISSUER = "1.3.6.1.4.1.57264.1.8"


@dataclass(frozen=True, slots=True)
class BundleClaims:
    """What a bundle says that it is about, before it is verified."""

    digests: tuple[str, ...]
    """sha256 of its subjects, hex digits in lower case."""
    predicate: str
    """The predicate's type, a URI; empty for a plain signature. Untrusted."""
    has_log_entry: bool
    """Whether a transparency log's entry is in it: without one it is not verified offline."""
    is_statement: bool
    """Whether it is an in-toto statement, which has to name the file."""
    is_bundle: bool
    """False for a bare DSSE envelope, or cosign's older format."""

    @property
    def is_provenance(self) -> bool:
        """Whether it says how the file was built."""
        return self.predicate.startswith("https://slsa.dev/provenance/")


def read_bundles(data: bytes) -> tuple[dict[str, Any], ...]:
    """The JSON objects in a file: one, or one a line.

    Raises:
        ValueError: too large, or not JSON.
    """
    if len(data) > LARGEST_BUNDLE:
        raise ValueError("it is too large")
    try:
        text = data.decode("utf-8-sig")
        try:
            values = [json.loads(text)]
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            values = [json.loads(line) for line in lines[:_MOST_BUNDLES]]
    except (ValueError, RecursionError):
        raise ValueError("it is not valid JSON") from None
    bundles = tuple(value for value in values if isinstance(value, dict))
    if not bundles:
        raise ValueError("it holds no bundle")
    return bundles


def claims_of(bundle: dict[str, Any]) -> BundleClaims:
    """What a bundle is about.

    Raises:
        ValueError: it is not a bundle, a DSSE envelope or cosign's older format.
    """
    material = bundle.get("verificationMaterial")
    entries = material.get("tlogEntries") if isinstance(material, dict) else None
    is_bundle = isinstance(material, dict)
    envelope = bundle.get("dsseEnvelope", bundle if "payload" in bundle else None)
    if isinstance(envelope, dict):
        digests, predicate = _statement(envelope)
        return BundleClaims(digests, predicate, bool(entries), True, is_bundle)
    signature = bundle.get("messageSignature")
    if isinstance(signature, dict):
        digest = signature.get("messageDigest")
        value = digest.get("digest") if isinstance(digest, dict) else ""
        digests = (_unbase(value).hex(),) if value else ()
        return BundleClaims(digests, "", bool(entries), False, is_bundle)
    if "base64Signature" in bundle:
        return BundleClaims((), "", "rekorBundle" in bundle, False, False)
    raise ValueError("it is not a sigstore bundle")


def _statement(envelope: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """The digests and the predicate type of an in-toto statement."""
    try:
        statement = json.loads(_unbase(envelope.get("payload")))
    except RecursionError:
        statement = None
    if not isinstance(statement, dict):
        raise ValueError("its payload is not a statement")
    subjects = statement.get("subject")
    digests = []
    for subject in subjects if isinstance(subjects, list) else ():
        named = subject.get("digest") if isinstance(subject, dict) else None
        value = named.get("sha256") if isinstance(named, dict) else None
        if isinstance(value, str):
            digests.append(value.lower())
    predicate = statement.get("predicateType")
    return tuple(digests), predicate if isinstance(predicate, str) else ""


def _unbase(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("its payload is missing")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("its base64 is damaged") from None


def check_bundle(
    kind: SignalKind,
    bundle: dict[str, Any],
    sha256: str,
    repositories: tuple[str, ...],
    source: str = "",
) -> Signal:
    """Verify a bundle for a file's digest. Blocking, up to seconds: call from a worker thread.

    Args:
        sha256: the file's, hex digits in lower case. The file itself is not needed.
        repositories: ``OWNER/NAME`` of those whose workflows may have signed.
    """

    def signal(state: SignalState, why: str) -> Signal:
        return Signal(kind, state, why, source)

    try:
        claims = claims_of(bundle)
    except ValueError as error:
        return signal(SignalState.FAIL, f"it cannot be read: {error}")
    if sha256 not in claims.digests and (claims.digests or claims.is_statement):
        return signal(SignalState.FAIL, "it is about another file")
    if not claims.is_bundle:
        named = "names this file; " if claims.digests else ""
        return signal(
            SignalState.NOT_CHECKED,
            f"{named}present, not verified: it holds no proof of the transparency log",
        )
    if not claims.has_log_entry:
        return signal(
            SignalState.NOT_CHECKED,
            "present, not verified: signed without a transparency log entry",
        )
    try:
        who = _verified(bundle, sha256, repositories, is_dsse="dsseEnvelope" in bundle)
    except ImportError:
        return signal(SignalState.NOT_CHECKED, NOT_VERIFIED)
    except _RefusedBundleError as error:
        return signal(SignalState.FAIL, str(error))
    what = "provenance" if claims.is_provenance else claims.predicate or "a signature"
    return signal(SignalState.PASS, f"{what} signed by a workflow of {who}")


class _RefusedBundleError(Exception):
    """Why a bundle is not valid, as a clause. Stays in this module."""


def _verified(
    bundle: dict[str, Any], sha256: str, repositories: tuple[str, ...], *, is_dsse: bool
) -> str:
    """The repository whose workflow signed.

    Raises:
        ImportError: sigstore is not installed.
        _RefusedBundleError: not valid, or signed by another repository.
    """
    from sigstore.errors import Error
    from sigstore.hashes import Hashed
    from sigstore.models import Bundle
    from sigstore.verify import Verifier
    from sigstore_models.common.v1 import HashAlgorithm

    logging.getLogger("sigstore").setLevel(logging.CRITICAL)  # it writes to the app's screen
    policy = _Repository(repositories)
    try:
        parsed = Bundle.from_json(json.dumps(bundle))
        verifier = Verifier.production(offline=True)
        if is_dsse:
            verifier.verify_dsse(parsed, policy)
        else:
            digest = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(sha256))
            verifier.verify_artifact(digest, parsed, policy)
    except (Error, ValueError) as error:
        raise _RefusedBundleError(str(error).partition("\n")[0] or "sigstore refuses it") from error
    return policy.signer


class _Repository:
    """A policy of sigstore: GitHub's workflows of some repositories.

    A repository's name has one spelling in a certificate, and any in a user's words.
    """

    def __init__(self, repositories: tuple[str, ...]) -> None:
        self._allowed = {f"https://github.com/{name}".lower() for name in repositories}
        self.signer = ""

    def verify(self, cert: Any) -> None:
        """Raise sigstore's VerificationError for another signer."""
        from sigstore.errors import VerificationError

        issuer, repository = _extension(cert, _ISSUER), _extension(cert, _SOURCE_REPOSITORY)
        if issuer != _GITHUB_ISSUER:
            raise VerificationError(f"signed by an identity of {issuer or 'an unknown issuer'}")
        if repository.lower() not in self._allowed:
            raise VerificationError(f"signed for another repository: {repository}")
        self.signer = repository.removeprefix("https://github.com/")


def _extension(cert: Any, oid: str) -> str:
    """The text of an X.509 extension of Fulcio's: a DER UTF8String; empty if there is none."""
    for extension in cert.extensions:
        if extension.oid.dotted_string == oid:
            value: bytes = extension.value.value
            if value[:1] == b"\x0c" and len(value) > 1:
                octets = value[1] & 0x7F if value[1] & 0x80 else 0
                return value[2 + octets :].decode("utf-8", "replace")
    return ""
