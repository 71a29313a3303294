"""Signals of trust beside other tools: npm's verifier of Sigstore, cosign, and gpgv."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from explorer.trust import SignalKind, check_bundle
from explorer.trust.openpgp import dearmor
from tests.support.images import BUILD, locked
from tests.support.yardsticks import debian_tool
from tests.trust import expired
from tests.trust.sigstore_world import GITHUB, SigstoreWorld

PACKAGES = ("@sigstore/verify@3.1.0", "@sigstore/bundle@4.0.0", "@sigstore/protobuf-specs@0.5.0")
SHA = "ab" * 32
SCRIPT = """
const { Verifier, toTrustMaterial, toSignedEntity } = require("@sigstore/verify");
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const [root, repository, ...bundles] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const policy = { subjectAlternativeName: new RegExp(`^https://github.com/${repository}/`) };
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)));
for (const bundle of bundles) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(bundle)), policy);
    console.log("pass");
  } catch (error) {
    console.log("fail");
  }
}
"""


def npm_says(root: dict[str, Any], repository: str, bundles: list[dict[str, Any]]) -> list[str]:
    """``pass`` or ``fail`` for each bundle."""
    place = BUILD.parent / "npm-sigstore"
    with locked():
        if not (place / "node_modules").is_dir():
            place.mkdir(parents=True, exist_ok=True)
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
            subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=300)
    done = subprocess.run(
        ["node", "-e", SCRIPT],
        cwd=place,
        input=json.dumps([root, repository, *bundles]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def cosign_says(root: Path, repository: str, file: Path, bundle: dict[str, Any]) -> str:
    """``pass`` or ``fail`` of a statement about a file, or of a signature of it."""
    place = file.with_name("bundle.json")
    place.write_text(json.dumps(bundle))
    statement = ["verify-blob-attestation", "--type", "slsaprovenance1"]
    done = subprocess.run(
        [
            debian_tool("cosign"),
            *(statement if "dsseEnvelope" in bundle else ["verify-blob"]),
            f"--bundle={place}",
            f"--trusted-root={root}",
            f"--certificate-identity-regexp=^https://github.com/{repository}/",
            f"--certificate-oidc-issuer={GITHUB}",
            file,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0 or done.stderr.startswith("Error: failed to verify"), done.stderr
    return "fail" if done.returncode else "pass"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigstoreWorld:
    """A Sigstore whose root, ``root.json``, is the trusted one."""
    world = SigstoreWorld()
    root = TrustedRoot.from_file(str(world.write_root(tmp_path / "root.json")))
    monkeypatch.setattr(Verifier, "production", lambda offline: Verifier(trusted_root=root))
    return world


def attested(world: SigstoreWorld, sha256: str) -> list[dict[str, Any]]:
    """A bundle that is valid, and five that are not: another signer, root, log, certificate log,
    signature."""
    moved = world.attest(sha256, "acme/tool")
    other = world.attest(sha256, "acme/tool")
    moved["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    return [
        world.attest(sha256, "acme/tool"),
        world.attest(sha256, "acme/fork"),
        SigstoreWorld().attest(sha256, "acme/tool"),
        SigstoreWorld(world.ca_key, world.ct_key).attest(sha256, "acme/tool"),
        SigstoreWorld(world.ca_key, log_key=world.log_key).attest(sha256, "acme/tool"),
        moved,
    ]


def states(bundles: list[dict[str, Any]], sha256: str) -> list[str]:
    """What is said here of each bundle."""
    checked = [check_bundle(SignalKind.COSIGN, one, sha256, ("acme/tool",)) for one in bundles]
    return [signal.state.value for signal in checked]


def test_bundles_pass_and_fail_as_npms_verifier_says(world: SigstoreWorld) -> None:
    bundles = attested(world, SHA)
    expected = ["pass", *["fail"] * 5]
    assert npm_says(world.trusted_root(), "acme/tool", bundles) == expected
    assert states(bundles, SHA) == expected


def test_bundles_pass_and_fail_as_cosign_says(world: SigstoreWorld, tmp_path: Path) -> None:
    data = b"a program"
    file, root = tmp_path / "tool", tmp_path / "root.json"
    file.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    bundles = [
        *attested(world, sha256),
        world.attest(SHA, "acme/tool"),
        world.sign(data, "acme/tool"),
        world.sign(data, "acme/fork"),
        world.sign(b"another program", "acme/tool"),
    ]
    expected = ["pass", *["fail"] * 6, "pass", "fail", "fail"]
    assert [cosign_says(root, "acme/tool", file, one) for one in bundles] == expected
    assert states(bundles, sha256) == expected


@pytest.mark.parametrize(
    ("signed", "accepts"), [(expired.BY_EXPIRED_KEY, True), (expired.EXPIRED_SIGNATURE, False)]
)
def test_gpgv_accepts_what_only_its_key_has_outlived(
    tmp_path: Path, signed: bytes, accepts: bool
) -> None:
    for name, data in (
        ("ring", dearmor(expired.KEY)),
        ("file.asc", signed),
        ("file", expired.SIGNED),
    ):
        (tmp_path / name).write_bytes(data)
    command = ["gpgv", "--homedir", ".", "--keyring", "./ring", "file.asc", "file"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (done.returncode == 0) is accepts
