"""Signals of trust beside other tools: npm's verifier of Sigstore, and gpgv."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from explorer.trust import SignalKind, SignalState, check_bundle
from explorer.trust.openpgp import dearmor
from tests.support.images import BUILD, locked
from tests.trust import expired
from tests.trust.sigstore_world import SigstoreWorld

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


def test_bundles_pass_and_fail_as_npms_verifier_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SigstoreWorld()
    root = TrustedRoot.from_file(str(world.write_root(tmp_path / "root.json")))
    monkeypatch.setattr(Verifier, "production", lambda offline: Verifier(trusted_root=root))
    moved = world.attest(SHA, "acme/tool")
    moved["dsseEnvelope"]["signatures"] = world.attest(SHA, "acme/tool")["dsseEnvelope"][
        "signatures"
    ]
    bundles = [
        world.attest(SHA, "acme/tool"),
        world.attest(SHA, "acme/fork"),
        SigstoreWorld().attest(SHA, "acme/tool"),
        SigstoreWorld(world.ca_key, world.ct_key).attest(SHA, "acme/tool"),
        SigstoreWorld(world.ca_key, log_key=world.log_key).attest(SHA, "acme/tool"),
        moved,
    ]
    expected = ["pass", *["fail"] * 5]
    assert npm_says(world.trusted_root(), "acme/tool", bundles) == expected
    here = [check_bundle(SignalKind.ATTESTATION, one, SHA, ("acme/tool",)) for one in bundles]
    assert [signal.state for signal in here] == [SignalState(word) for word in expected]


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
