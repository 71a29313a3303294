"""A Sigstore of the tests' own: a CA, a certificate log and a transparency log.

What it signs is verified by sigstore-python with this world's trusted root in place of the public
one; nothing of the verification itself is replaced. Formats: sigstore/protobuf-specs, Rekor's
``dsse`` and ``hashedrekord`` 0.0.1, RFC 6962 for the certificate's timestamp.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = timedelta(days=7)
GITHUB = "https://token.actions.githubusercontent.com"
PROVENANCE = "https://slsa.dev/provenance/v1"
_SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"
_FULCIO = "1.3.6.1.4.1.57264.1"
_STATEMENT = "application/vnd.in-toto+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key, DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def log_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(spki(key)).digest()


def signed(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def pae(kind: str, payload: bytes) -> bytes:
    """What a DSSE signature is about."""
    return f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload


def der(tag: int, value: bytes) -> bytes:
    """A DER value of up to 65,535 octets."""
    size = len(value)
    octets = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + octets + value


@dataclass
class SigstoreWorld:
    """The keys of one Sigstore. ``attest`` and ``sign`` make bundles."""

    ca_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    ct_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    log_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        self.ca = (
            x509.CertificateBuilder(self._name, self._name, self.ca_key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - WEEK)
            .not_valid_after(NOW + WEEK)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.ca_key.public_key()), False
            )
            .sign(self.ca_key, hashes.SHA256())
        )

    def trusted_root(self) -> dict[str, Any]:
        """As ``trusted_root.json`` of a Sigstore."""
        since = {"start": (NOW - WEEK).strftime("%Y-%m-%dT%H:%M:%SZ")}

        def log(key: ec.EllipticCurvePrivateKey, name: str) -> dict[str, Any]:
            return {
                "baseUrl": f"https://{name}.invalid",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": b64(spki(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": since,
                },
                "logId": {"keyId": b64(log_id(key))},
            }

        authority = {
            "subject": {"organization": "test", "commonName": "test CA"},
            "uri": "https://ca.invalid",
            "certChain": {"certificates": [{"rawBytes": b64(self.ca.public_bytes(Encoding.DER))}]},
            "validFor": since,
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log_key, "log")],
            "certificateAuthorities": [authority],
            "ctlogs": [log(self.ct_key, "ct")],
            "timestampAuthorities": [],
        }

    def write_root(self, path: Path) -> Path:
        """The trusted root as a file."""
        path.write_text(json.dumps(self.trusted_root()))
        return path

    def certificate(
        self, key: ec.EllipticCurvePrivateKey, repo: str, issuer: str = GITHUB
    ) -> x509.Certificate:
        """What Fulcio gives to a workflow of ``repo``, with the certificate log's timestamp."""
        workflow = f"https://github.com/{repo}/.github/workflows/release.yml@refs/tags/v1"
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(workflow)])
        issued = (
            x509.CertificateBuilder(self._name, x509.Name([]), key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(minutes=1))
            .not_valid_after(NOW + timedelta(minutes=9))
            .add_extension(_usage(), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key()), False
            )
            .add_extension(names, critical=True)
        )
        for number, text in ((8, issuer), (12, f"https://github.com/{repo}")):
            value = der(0x0C, text.encode())
            oid = x509.ObjectIdentifier(f"{_FULCIO}.{number}")
            issued = issued.add_extension(x509.UnrecognizedExtension(oid, value), False)
        before = issued.sign(self.ca_key, hashes.SHA256()).tbs_certificate_bytes
        oid = x509.ObjectIdentifier(_SCT_LIST)
        stamped = issued.add_extension(x509.UnrecognizedExtension(oid, self._stamp(before)), False)
        return stamped.sign(self.ca_key, hashes.SHA256())

    def _stamp(self, precertificate: bytes) -> bytes:
        """A SignedCertificateTimestampList: RFC 6962, 3.2 and 3.3."""
        at = int(NOW.timestamp() * 1000).to_bytes(8)
        issuer = hashlib.sha256(spki(self.ca_key)).digest()
        entry = issuer + len(precertificate).to_bytes(3) + precertificate
        signature = signed(self.ct_key, b"\0\0" + at + b"\0\1" + entry + b"\0\0")
        body = (
            b"\0" + log_id(self.ct_key) + at + b"\0\0\4\3" + len(signature).to_bytes(2) + signature
        )
        listed = len(body).to_bytes(2) + body
        return der(0x04, len(listed).to_bytes(2) + listed)

    def attest(
        self, sha256: str, repo: str, predicate: str = PROVENANCE, issuer: str = GITHUB
    ) -> dict[str, Any]:
        """A bundle with a signed statement about a digest, as GitHub's attestations are."""
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "a file", "digest": {"sha256": sha256}}],
            "predicateType": predicate,
            "predicate": {},
        }
        payload = json.dumps(statement).encode()
        key = new_key()
        certificate = self.certificate(key, repo, issuer)
        signature = signed(key, pae(_STATEMENT, payload))
        envelope = {
            "payload": b64(payload),
            "payloadType": _STATEMENT,
            "signatures": [{"sig": b64(signature)}],
        }
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": _hash(json.dumps(envelope).encode()),
                "payloadHash": _hash(payload),
                "signatures": [{"signature": b64(signature), "verifier": _pem(certificate)}],
            },
        }
        return {**self._material(certificate, body), "dsseEnvelope": envelope}

    def sign(self, data: bytes, repo: str) -> dict[str, Any]:
        """A bundle with a signature of a file, as ``cosign sign-blob --bundle`` writes it."""
        key = new_key()
        certificate = self.certificate(key, repo)
        signature = signed(key, data)
        body = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": _hash(data)},
                "signature": {
                    "content": b64(signature),
                    "publicKey": {"content": _pem(certificate)},
                },
            },
        }
        digest = b64(hashlib.sha256(data).digest())
        message = {
            "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
            "signature": b64(signature),
        }
        return {**self._material(certificate, body), "messageSignature": message}

    def sign_bare(self, data: bytes, repo: str) -> tuple[bytes, bytes]:
        """A ``.sig`` and a ``.pem``, as ``cosign sign-blob`` of versions 1 and 2 writes them."""
        key = new_key()
        pem = _pem(self.certificate(key, repo))
        return b64(signed(key, data)).encode(), pem.encode()

    def sign_payload(self, data: bytes, repo: str) -> dict[str, Any]:
        """A bundle as ``cosign sign-blob --bundle`` of versions 1 and 2 wrote it."""
        signature, pem = self.sign_bare(data, repo)
        body = {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {"data": {}}}
        body["spec"] = {"data": {"hash": _hash(data)}}
        entry = {"body": b64(json.dumps(body).encode()), "integratedTime": 1, "logIndex": 1}
        log = {"SignedEntryTimestamp": b64(b"unread"), "Payload": {**entry, "logID": "00"}}
        return {"base64Signature": signature.decode(), "cert": pem.decode(), "rekorBundle": log}

    def _material(self, certificate: x509.Certificate, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "mediaType": _BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(body)],
            },
        }

    def _entry(self, body: dict[str, Any]) -> dict[str, Any]:
        """The second entry of a log: the root of its tree is the hash of two leaves."""
        canonical = rfc8785.dumps(body)
        key_id, at = log_id(self.log_key), int(NOW.timestamp())
        promise: dict[str, str | int] = {
            "body": b64(canonical),
            "integratedTime": at,
            "logID": key_id.hex(),
            "logIndex": 1,
        }
        first, leaf = (hashlib.sha256(b"\0" + each).digest() for each in (b"first", canonical))
        root = hashlib.sha256(b"\1" + first + leaf).digest()
        # Rekor 1 ends the origin with the number of its tree; sigstore-go tells Rekor 2 by that
        note = f"log.invalid - 1\n2\n{b64(root)}\n"
        note_signature = key_id[:4] + signed(self.log_key, note.encode())
        return {
            "logIndex": "1",
            "logId": {"keyId": b64(key_id)},
            "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
            "integratedTime": str(at),
            "inclusionPromise": {
                "signedEntryTimestamp": b64(signed(self.log_key, rfc8785.dumps(promise)))
            },
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": b64(root),
                "treeSize": "2",
                "hashes": [b64(first)],
                "checkpoint": {"envelope": f"{note}\n— log.invalid {b64(note_signature)}\n"},
            },
            "canonicalizedBody": b64(canonical),
        }


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _pem(certificate: x509.Certificate) -> str:
    return b64(certificate.public_bytes(Encoding.PEM))


def _usage(*, certificates: bool = False) -> x509.KeyUsage:
    """The key's use: certificates, else signatures."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
