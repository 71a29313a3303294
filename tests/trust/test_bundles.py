"""Sigstore bundles, snappy and minisign: what is about this file, and what is not verified."""

import base64
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.progress import Cancellation
from explorer.trust import (
    Signal,
    SignalKind,
    SignalState,
    check_bare_signature,
    check_bundle,
    check_minisign,
    claims_of,
    read_bundles,
    read_local_payload,
    read_signature,
    unsnap,
)
from tests.trust.keys import minisign_key
from tests.trust.sigstore_world import SigstoreWorld

SHA = "ab" * 32
REPO = ("owner/name",)


def statement(*digests: str, predicate: str = "https://slsa.dev/provenance/v1") -> dict[str, Any]:
    """A DSSE envelope with an in-toto statement and an invented signature."""
    text = {"subject": [{"digest": {"sha256": d}} for d in digests], "predicateType": predicate}
    payload = base64.b64encode(json.dumps(text).encode()).decode()
    kind = "application/vnd.in-toto+json"
    return {"payload": payload, "payloadType": kind, "signatures": [{"sig": "AAAA"}]}


def bundle(*digests: str, logged: bool = True) -> dict[str, Any]:
    """A bundle that no root vouches for."""
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"tlogEntries": [{"logIndex": "1"}] if logged else []},
        "dsseEnvelope": statement(*digests),
    }


def checked(value: dict[str, Any]) -> Signal:
    return check_bundle(SignalKind.ATTESTATION, value, SHA, REPO, "a.json")


def test_claims_of_a_statement() -> None:
    claims = claims_of(bundle("CD" * 32, SHA))
    assert claims.digests == ("cd" * 32, SHA)
    assert claims.is_provenance


@pytest.mark.parametrize("digests", [(), ("cd" * 32,)])
def test_a_bundle_about_another_file_fails(digests: tuple[str, ...]) -> None:
    signal = checked(bundle(*digests))
    assert (signal.state, signal.why) == (SignalState.FAIL, "it is about another file")


def test_a_bundle_with_an_invented_certificate_fails() -> None:
    signal = checked(bundle(SHA))
    assert signal.state is SignalState.FAIL


def test_without_sigstore_a_bundle_is_present_and_not_verified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sigstore.errors", None)
    signal = checked(bundle(SHA))
    assert signal.state is SignalState.NOT_CHECKED
    assert signal.why == "present, not verified: install rr-explorer[trust]"


@pytest.mark.parametrize("value", [bundle(SHA, logged=False), statement(SHA)])
def test_without_a_log_entry_nothing_is_claimed(value: dict[str, Any]) -> None:
    signal = checked(value)
    assert signal.state is SignalState.NOT_CHECKED
    assert "present, not verified" in signal.why


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "dsseEnvelope",
                        "payload",
                        "messageSignature",
                        "messageDigest",
                        "digest",
                        "verificationMaterial",
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    with_key = value if isinstance(value, dict) else {"dsseEnvelope": value}
    assert checked(with_key).state in (SignalState.FAIL, SignalState.NOT_CHECKED)


def test_one_bundle_a_line_or_one_of_many_lines() -> None:
    lines = f"{json.dumps(bundle(SHA))}\n\n{json.dumps(statement(SHA))}\n"
    assert len(read_bundles(lines.encode())) == 2
    assert len(read_bundles(json.dumps(bundle(SHA), indent=2).encode())) == 1
    for damaged in (b"", b"[1]", b"{", b"[" * 100_000, b"\xff", b" " * (9 << 20)):
        with pytest.raises(ValueError, match="it "):
            read_bundles(damaged)


def test_snappy() -> None:
    # 12 bytes: the literal "ab", then 10 bytes copied from 2 bytes before, with both kinds of copy.
    assert unsnap(b"\x0c\x04ab\x01\x02\x16\x02\x00", 100) == b"ab" * 6
    literal = bytes(200)
    assert unsnap(b"\xc8\x01\xf0\xc7" + literal, 200) == literal
    assert unsnap(b"\x00", 0) == b""
    for damaged in (b"", b"\x05", b"\x02\x04a", b"\x04\x01\x05", b"\xff\xff\xff\xff\x0f", b"\x01"):
        with pytest.raises(ValueError, match=r"\w"):
            unsnap(damaged, 1000)


@given(st.binary(max_size=60))
def test_any_bytes_are_unsnapped_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(unsnap(data, 500)) <= 500


@pytest.mark.parametrize("hashed", [True, False])
def test_minisign(tmp_path: Path, hashed: bool) -> None:
    key, other = minisign_key(1), minisign_key(2)
    file = tmp_path / "tool"
    file.write_bytes(b"a program")
    signature = key.sign(b"a program", hashed=hashed)

    def signed(data: bytes, *keys: str) -> Signal:
        return check_minisign(file, data, "tool.minisig", keys, Cancellation())

    good = signed(signature, "nonsense", other.public, f"untrusted comment: x\n{key.public}\n")
    assert good.state is SignalState.PASS
    assert good.why == "signed by key 0101010101010101: made by a test"
    unknown = signed(signature, other.public)
    assert unknown.state is SignalState.NOT_CHECKED
    assert "not known here" in unknown.why
    forged = signature.replace(b"made by a test", b"made by a ghost")
    assert signed(forged, key.public).state is SignalState.FAIL
    file.write_bytes(b"another program")
    assert signed(signature, key.public).state is SignalState.FAIL
    assert signed(b"untrusted comment: x\nAAAA\n", key.public).state is SignalState.FAIL


def test_a_bare_signature_without_its_certificate_or_cryptography(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signature, pem = SigstoreWorld().sign_bare(b"data", "owner/name")
    alone = check_bare_signature(read_signature(signature, b""), SHA, "a.sig")
    assert (alone.state, alone.why) == (
        SignalState.NOT_CHECKED,
        "present, not verified: no certificate of its signer is beside it",
    )
    junk = check_bare_signature(read_signature(signature, b"junk"), SHA, "a.sig")
    assert (junk.state, junk.why) == (
        SignalState.NOT_CHECKED,
        "present, not verified: the file beside it is not a certificate or public key",
    )
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    missing = check_bare_signature(read_signature(signature, pem), SHA, "a.sig")
    assert missing.state is SignalState.NOT_CHECKED
    assert missing.why == "present, not verified: install rr-explorer[trust]"


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_certificate_is_read_or_refused(signature: bytes, pem: bytes) -> None:
    for signer in (pem, b"-----BEGIN CERTIFICATE-----\n" + pem):
        signed = read_signature(base64.b64encode(signature), signer)
        state = check_bare_signature(signed, SHA, "a.sig").state
        assert state in (SignalState.FAIL, SignalState.NOT_CHECKED)


@given(st.dictionaries(st.sampled_from(["base64Signature", "cert", "rekorBundle"]), st.text()))
def test_any_payload_is_read_or_refused(value: dict[str, Any]) -> None:
    with contextlib.suppress(ValueError):
        check_bare_signature(read_local_payload(value), SHA, "a.bundle")
