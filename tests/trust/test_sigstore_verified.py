"""Sigstore bundles that are valid, and each way in which one is not: by keys of the tests' own."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.trust import Signal, SignalKind, SignalState, check_bundle
from tests.trust.sigstore_world import PROVENANCE, SigstoreWorld

SHA = "ab" * 32
REPO = "acme/tool"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigstoreWorld:
    """A Sigstore whose root is the trusted one."""
    from sigstore.models import TrustedRoot  # a third of a second, for these tests only
    from sigstore.verify import Verifier

    world = SigstoreWorld()
    verifier = Verifier(
        trusted_root=TrustedRoot.from_file(str(world.write_root(tmp_path / "root.json")))
    )
    monkeypatch.setattr(Verifier, "production", lambda offline: verifier)
    return world


def checked(bundle: dict[str, Any], sha256: str = SHA, repo: str = REPO) -> Signal:
    return check_bundle(SignalKind.ATTESTATION, bundle, sha256, (repo,))


def test_an_attestation_of_the_projects_workflow_passes(world: SigstoreWorld) -> None:
    signal = checked(world.attest(SHA, REPO), repo="Acme/Tool")
    assert signal.state is SignalState.PASS
    assert signal.why == "provenance signed by a workflow of acme/tool"
    other = checked(world.attest(SHA, REPO, predicate="https://spdx.dev/Document"))
    assert other.why == "https://spdx.dev/Document signed by a workflow of acme/tool"


def test_a_bundle_of_cosign_passes(world: SigstoreWorld) -> None:
    data = b"a program"
    signal = checked(world.sign(data, REPO), hashlib.sha256(data).hexdigest())
    assert (signal.state, signal.why) == (
        SignalState.PASS,
        "a signature signed by a workflow of acme/tool",
    )


def other_repository(world: SigstoreWorld) -> dict[str, Any]:
    return world.attest(SHA, "acme/fork")


def other_issuer(world: SigstoreWorld) -> dict[str, Any]:
    return world.attest(SHA, REPO, issuer="https://accounts.example.org")


def other_sigstore(world: SigstoreWorld) -> dict[str, Any]:
    return SigstoreWorld().attest(SHA, REPO)


def other_log(world: SigstoreWorld) -> dict[str, Any]:
    return SigstoreWorld(world.ca_key, world.ct_key).attest(SHA, REPO)


def other_certificate_log(world: SigstoreWorld) -> dict[str, Any]:
    return SigstoreWorld(world.ca_key, log_key=world.log_key).attest(SHA, REPO)


def changed_payload(world: SigstoreWorld) -> dict[str, Any]:
    bundle = world.attest(SHA, REPO, predicate=PROVENANCE)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"a file", b"b file")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    return bundle


def changed_entry(world: SigstoreWorld) -> dict[str, Any]:
    bundle, other = world.attest(SHA, REPO), world.attest(SHA, REPO)
    entries = other["verificationMaterial"]["tlogEntries"]
    bundle["verificationMaterial"]["tlogEntries"] = entries
    return bundle


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (other_repository, "signed for another repository: https://github.com/acme/fork"),
        (other_issuer, "signed by an identity of https://accounts.example.org"),
        (other_sigstore, "certificate chain"),
        (other_log, "invalid log entry"),
        (other_certificate_log, "SCT"),
        (changed_payload, "signature"),
        (changed_entry, "log entry"),
    ],
)
def test_every_link_of_the_chain_is_checked(
    world: SigstoreWorld, make: Callable[[SigstoreWorld], dict[str, Any]], why: str
) -> None:
    signal = checked(make(world))
    assert signal.state is SignalState.FAIL
    assert why in signal.why
