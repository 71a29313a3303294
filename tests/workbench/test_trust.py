"""Who vouches for a file: signals of releases with the signatures of keys made here."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from explorer.errors import TrustError, UsageError
from explorer.report.json import matrix as matrix_json
from explorer.report.tables import matrix_markdown, matrix_tables
from explorer.report.trust import lost_warnings, trust_cell, trust_words
from explorer.settings import Settings, load
from explorer.workbench import (
    GateRequest,
    Keeping,
    SignalKind,
    SignalState,
    TrustReport,
    Voucher,
    Workbench,
)
from explorer.workbench.promise import SIGNALS
from tests.support.archives import gz, tar_of
from tests.support.github import GitHub
from tests.trust.keys import minisign_key, openpgp_key
from tests.trust.sigstore_world import SigstoreWorld
from tests.trust.test_bundles import bundle, statement

REPO = "acme/tool"
NAME = "tool-1.0-linux-amd64.tar.gz"
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(200)
KEY, OTHER = openpgp_key("author"), openpgp_key("other")
Open = Callable[..., Workbench]


def archive(**more: bytes) -> bytes:
    """A tar.gz with a program, and what is beside it."""
    beside = [(name.replace("_", "."), data) for name, data in more.items()]
    return gz(tar_of([("tool", PROGRAM), *beside]))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
async def opened(github: GitHub, tmp_path: Path) -> AsyncIterator[Open]:
    """Makes workbenches over the server, and closes them."""
    made: list[Workbench] = []

    def make(**settings: Any) -> Workbench:
        chosen = {"api_url": github.api_url, "cache_dir": tmp_path / "cache", **settings}
        made.append(Workbench(Settings(**chosen)))
        return made[-1]

    yield make
    for bench in made:
        await bench.aclose()


@pytest.fixture
def publish(github: GitHub, opened: Open, tmp_path: Path) -> Callable[..., Workbench]:
    """Publish a release of acme/tool, and open a workbench that knows the author's keys."""

    def make(files: dict[str, bytes], tag: str = "v1.0", **profile: object) -> Workbench:
        github.add_release(tag, files, repo=REPO)
        ring = tmp_path / "keys"
        ring.write_bytes(KEY.public + OTHER.public)
        keys = {"signing_keys": [KEY.fingerprint], "minisign_keys": [minisign_key().public]}
        return opened(repo=REPO, keyring=ring, projects={REPO: {**keys, **profile}})

    return make


async def report_of(bench: Workbench, *, whole: bool = True, tag: str = "v1.0") -> TrustReport:
    return await bench.trust(await bench.resolve(f"{tag}/{NAME}"), whole=whole)


def state(report: TrustReport, kind: SignalKind) -> tuple[SignalState, str]:
    (signal,) = (signal for signal in report.signals if signal.kind is kind)
    return signal.state, signal.why


async def test_what_a_careful_project_publishes(publish: Callable[..., Workbench]) -> None:
    data = archive(tool_asc=KEY.sign(PROGRAM))
    sums = f"{sha256(data)}  {NAME}\n".encode()
    bench = publish(
        {NAME: data, "checksums.txt": sums, f"{NAME}.minisig": minisign_key().sign(data)}
    )
    report = await report_of(bench)
    assert report.is_whole
    assert state(report, SignalKind.DIGEST)[0] is SignalState.PASS
    assert state(report, SignalKind.CHECKSUM)[0] is SignalState.PASS
    assert state(report, SignalKind.MINISIGN)[0] is SignalState.PASS
    passed, why = state(report, SignalKind.SIGNATURE)
    assert passed is SignalState.PASS
    assert why.startswith("signs the program inside, tool, by ")
    absent = (SignalKind.ATTESTATION, SignalKind.COSIGN, SignalKind.PROVENANCE)
    assert all(state(report, kind)[0] is SignalState.ABSENT for kind in absent)
    assert state(report, SignalKind.IMMUTABLE) == (SignalState.ABSENT, "the release can be changed")


async def test_what_a_project_publishes_is_known_before_the_download(
    publish: Callable[..., Workbench], github: GitHub
) -> None:
    data = archive()
    bench = publish({NAME: data, f"{NAME}.sha256": sha256(data).encode()})
    github.attestations[f"sha256:{sha256(data)}"] = [{"bundle": bundle(sha256(data), logged=False)}]
    report = await report_of(bench, whole=False)
    assert (report.is_whole, report.sha256) == (False, sha256(data))
    assert state(report, SignalKind.CHECKSUM)[0] is SignalState.PASS
    assert "present, not verified" in state(report, SignalKind.ATTESTATION)[1]
    assert state(report, SignalKind.DIGEST)[0] is SignalState.NOT_CHECKED
    assert state(report, SignalKind.SIGNATURE)[0] is SignalState.NOT_CHECKED
    assert github.count(f"*/{NAME}") == 0


@pytest.mark.parametrize(
    ("signature", "keys", "expected", "words"),
    [
        (KEY.sign(PROGRAM), True, SignalState.PASS, "valid"),
        (KEY.sign(b"another program"), True, SignalState.FAIL, "not valid"),
        (OTHER.sign(PROGRAM), True, SignalState.FAIL, "not one of the project's"),
        (openpgp_key("stranger").sign(PROGRAM), True, SignalState.NOT_CHECKED, "unknown key, none"),
        (KEY.sign(PROGRAM), False, SignalState.NOT_CHECKED, "name a file with it"),
        (b"not a signature", True, SignalState.FAIL, "not an OpenPGP signature"),
    ],
)
async def test_bad_unknown_and_wrong_keys_are_told_apart(
    publish: Callable[..., Workbench],
    tmp_path: Path,
    signature: bytes,
    keys: bool,
    expected: SignalState,
    words: str,
) -> None:
    bench = publish({NAME: archive(tool_asc=signature)})
    if not keys:
        (tmp_path / "keys").write_bytes(b"")
    result, why = state(await report_of(bench), SignalKind.SIGNATURE)
    assert result is expected
    assert words in why


async def test_a_signed_list_of_checksums(publish: Callable[..., Workbench]) -> None:
    data = archive()
    sums = f"{sha256(data)}  {NAME}\n".encode()
    bench = publish({NAME: data, "SHA256SUMS": sums, "SHA256SUMS.asc": KEY.sign(sums)})
    report = await report_of(bench)
    assert state(report, SignalKind.SIGNATURE)[1].startswith("signs SHA256SUMS, by ")
    report.require([SignalKind.SIGNATURE, SignalKind.CHECKSUM, SignalKind.DIGEST])


async def test_attestations_at_another_host_get_no_token(
    publish: Callable[..., Workbench], github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "a" * 36)
    github.tokens.add("ghp_" + "a" * 36)
    data = archive()
    raw = json.dumps(bundle("00" * 32)).encode()
    size = bytes((len(raw) & 0x7F | 0x80, len(raw) >> 7))
    github.raw_files["/bundle.sn"] = size + b"\xf4" + (len(raw) - 1).to_bytes(2, "little") + raw
    place = f"{github.assets_url}/bundle.sn"
    github.attestations[f"sha256:{sha256(data)}"] = [{"bundle": None, "bundle_url": place}]
    report = await report_of(publish({NAME: data}), whole=False)
    assert state(report, SignalKind.ATTESTATION) == (SignalState.FAIL, "it is about another file")
    assert github.hosts_that_saw_a_token == {"api"}


@pytest.mark.parametrize(("named", "also"), [(True, True), (False, False)])
async def test_the_statement_about_an_immutable_release_is_said(
    publish: Callable[..., Workbench], github: GitHub, named: bool, also: bool
) -> None:
    data = archive()
    digest = sha256(data) if named else "00" * 32
    predicate = "https://in-toto.io/attestation/release/v0.1"
    about = {**bundle(logged=False), "dsseEnvelope": statement(digest, predicate=predicate)}
    github.attestations[f"sha256:{sha256(data)}"] = [{"bundle": about}]
    bench = publish({NAME: data})
    github.release("v1.0", repo=REPO).overrides["immutable"] = True
    report = await report_of(bench, whole=False)
    passed, why = state(report, SignalKind.IMMUTABLE)
    assert passed is SignalState.PASS
    assert why.startswith("GitHub says that the release cannot be changed")
    wanted = "; its release attestation names this file (present, not verified)"
    assert why.endswith(wanted) is also
    assert state(report, SignalKind.ATTESTATION)[0] is SignalState.ABSENT, "it says nothing else"


@pytest.mark.parametrize("answer", [{"bundle_url": "/nowhere"}, {"bundle": 7}, {"bundle": {}}])
async def test_strange_attestations_are_no_pass(
    publish: Callable[..., Workbench], github: GitHub, answer: dict[str, Any]
) -> None:
    data = archive()
    if "bundle_url" in answer:
        answer = {"bundle_url": github.assets_url + "/nowhere"}
    github.attestations[f"sha256:{sha256(data)}"] = [answer]
    report = await report_of(publish({NAME: data}), whole=False)
    assert state(report, SignalKind.ATTESTATION)[0] is not SignalState.PASS


async def test_provenance_and_cosign_beside_the_file(publish: Callable[..., Workbench]) -> None:
    data = archive()
    lines = "\n".join(json.dumps(bundle(each, logged=False)) for each in ("00" * 32, sha256(data)))
    sig = base64.b64encode(b"a signature")
    files = {"multiple.intoto.jsonl": lines.encode(), f"{NAME}.sig": sig, f"{NAME}.bundle": b"{"}
    report = await report_of(publish({NAME: data, **files}))
    assert "present, not verified" in state(report, SignalKind.PROVENANCE)[1]
    cosign = {s.state for s in report.signals if s.kind is SignalKind.COSIGN}
    assert cosign == {SignalState.NOT_CHECKED, SignalState.FAIL}
    assert report.failed


VALID = "valid for the key of a certificate for https://github.com/acme/tool/.github/workflows/"


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "before the download"])
async def test_cosigns_older_signatures_are_tried(
    publish: Callable[..., Workbench], whole: bool
) -> None:
    data, world = archive(), SigstoreWorld()
    signature, pem = world.sign_bare(data, REPO)
    payload = json.dumps(world.sign_payload(data, REPO)).encode()
    files = {f"{NAME}.sig": signature, f"{NAME}.pem": pem, f"{NAME}.bundle": payload}
    report = await report_of(publish({NAME: data, **files}), whole=whole)
    signals = [s for s in report.signals if s.kind is SignalKind.COSIGN]
    assert [s.state for s in signals] == [SignalState.NOT_CHECKED] * 2
    for signal in signals:  # anyone can write such a certificate
        assert signal.why.startswith(VALID)
        assert "no proof of the transparency log" in signal.why


async def test_cosigns_older_signatures_of_another_file_fail(
    publish: Callable[..., Workbench],
) -> None:
    data, world = archive(), SigstoreWorld()
    other, pem = world.sign_bare(b"other", REPO)
    payload = json.dumps(world.sign_payload(b"other", REPO)).encode()
    files = {f"{NAME}.sig": other, f"{NAME}.pem": pem, f"{NAME}.bundle": payload}
    report = await report_of(publish({NAME: data, **files}))
    signals = {s.source: s for s in report.signals if s.kind is SignalKind.COSIGN}
    assert {s.state for s in signals.values()} == {SignalState.FAIL}
    assert signals[f"{NAME}.sig"].why == "the signature is not valid for this file"
    assert signals[f"{NAME}.bundle"].why == "its log entry is about another file"


async def test_a_huge_signature_is_not_downloaded(
    publish: Callable[..., Workbench], github: GitHub
) -> None:
    bench = publish({NAME: archive(), f"{NAME}.asc": b"x"})
    github.asset("v1.0", f"{NAME}.asc", repo=REPO).overrides = {"size": 100_000_000}
    result, why = state(await report_of(bench), SignalKind.SIGNATURE)
    assert result is SignalState.NOT_CHECKED
    assert "too large: 100,000,000 bytes" in why
    assert github.count(f"*/{NAME}.asc") == 0


async def test_get_writes_nothing_without_the_required_signals(
    publish: Callable[..., Workbench], tmp_path: Path
) -> None:
    data = archive(tool_asc=OTHER.sign(PROGRAM))
    bench = publish({NAME: data, "SHA256SUMS": f"{sha256(data)}  {NAME}\n".encode()})
    subject = await bench.resolve(f"v1.0/{NAME}")
    into = tmp_path / "out"
    for kind, words in (
        (SignalKind.SIGNATURE, r"signature fails \(.*not one of the project's"),
        (SignalKind.ATTESTATION, r"attestation is absent \("),
    ):
        with pytest.raises(TrustError, match=words) as error:
            await bench.get(subject, into, require=[SignalKind.CHECKSUM, kind])
        assert error.value.exit_code == 7
        assert not into.exists()
    got = await bench.get(subject, into, require=[SignalKind.CHECKSUM, SignalKind.DIGEST])
    assert got.binary == into / "tool"


async def test_what_the_release_before_had_is_missed(
    publish: Callable[..., Workbench], github: GitHub
) -> None:
    github.add_release(
        "v0.9",
        {NAME: b"x", "SHA256SUMS": b"", f"{NAME}.asc": b""},
        repo=REPO,
        overrides={"immutable": True},
    )
    github.add_release("v1.0-rc1", {NAME: b"x"}, repo=REPO, prerelease=True)
    bench = publish({NAME: archive()})
    catalogue = await bench.catalogue()
    assert [bench.lost_signals(release) for release in catalogue.releases] == [
        (
            "v1.0 is not immutable; v0.9 before it is",
            "v1.0 lacks a checksum file; v0.9 before it had one",
            "v1.0 lacks a signature; v0.9 before it had one",
        ),
        (
            "v1.0-rc1 is not immutable; v0.9 before it is",
            "v1.0-rc1 lacks a checksum file; v0.9 before it had one",
            "v1.0-rc1 lacks a signature; v0.9 before it had one",
        ),
        (),
    ]


async def test_a_promise_holds_every_kind_of_signal(
    publish: Callable[..., Workbench],
    github: GitHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = SigstoreWorld()
    root = TrustedRoot.from_file(str(world.write_root(tmp_path / "root.json")))
    monkeypatch.setattr(Verifier, "production", lambda offline: Verifier(trusted_root=root))
    data = archive(tool_asc=KEY.sign(PROGRAM))
    files = {
        NAME: data,
        "checksums.txt": f"{sha256(data)}  {NAME}\n".encode(),
        f"{NAME}.minisig": minisign_key().sign(data),
        f"{NAME}.sigstore.json": json.dumps(world.sign(data, REPO)).encode(),
        "multiple.intoto.jsonl": json.dumps(world.attest(sha256(data), REPO)).encode(),
    }
    github.attestations[f"sha256:{sha256(data)}"] = [{"bundle": world.attest(sha256(data), REPO)}]
    bench = publish(files)
    path = tmp_path / "promise.toml"
    path.write_text(f"[[files]]\nname = '{NAME}'\nsignals = {json.dumps(list(SIGNALS))}\n")

    async def broken() -> list[str]:
        report = await bench.check(path, GateRequest("v1.0"))
        kept = [one.kept for one in report.results if one.kept.requirement == "signals"]
        assert len(kept) == len(SIGNALS)
        return [one.text for one in kept if one.keeping is not Keeping.KEPT]

    assert await broken() == ["immutable absent: the release can be changed"]
    github.attestations[f"sha256:{sha256(data)}"] = [{"bundle": world.attest(sha256(data), "a/b")}]
    assert "attestation fail: signed for another repository" in (await broken())[0]


async def test_the_matrix_says_what_vouches_for_each_release(
    publish: Callable[..., Workbench], github: GitHub
) -> None:
    data = archive()
    sums = f"{sha256(data)}  {NAME}\n".encode()
    more = {"SHA256SUMS": sums, f"{NAME}.sig": b"x", "multiple.intoto.jsonl": b"{"}
    github.add_release("v0.9", {NAME: data, **more}, repo=REPO, overrides={"immutable": True})
    bench = publish({NAME: data})

    async def shown() -> list[str]:
        matrix = await bench.matrix()
        said = matrix_json(matrix)["rows"][1]["trust"]
        assert said["immutable"] == "passed"
        assert said["checksum"] in ("published", "passed")
        return [trust_cell(matrix, row).text for row in matrix.rows]

    assert await shown() == ["D·??··!", "DCS?PI"]
    await report_of(bench, whole=False)
    assert await shown() == ["D·?···!", "DCS?PI"]
    await report_of(bench, whole=True, tag="v0.9")
    assert await shown() == ["D·?···!", "DC✗·✗I"]
    matrix = await bench.matrix()
    words = trust_words(matrix, matrix.rows[0]).text
    assert "v1.0 lacks a checksum file; v0.9 before it had one." in words
    assert "Not known without the file: signature." in words
    assert len(lost_warnings(matrix)) == 4
    assert lost_warnings(matrix)[-1] == "and 1 more: see the column “trust”"
    for room in (None, 200, 20):
        drawn = matrix_tables(matrix, room)
        assert ("trust" in [c.key for c in drawn.tables[0].columns]) is (room != 20)
        assert any("D API digest" in line for line in drawn.legend)
    assert "| trust |" in matrix_markdown(matrix)


async def test_a_file_that_was_published_again_has_no_record(
    publish: Callable[..., Workbench], github: GitHub
) -> None:
    bench = publish({NAME: archive(), "SHA256SUMS": b"00"})
    await report_of(bench)
    (release,) = (await bench.catalogue()).releases
    (before,) = (await bench.trust_of_releases([release])).values()
    again = replace(
        release, assets=tuple(replace(asset, digest=f"sha256:{0:064}") for asset in release.assets)
    )
    (after,) = (await bench.trust_of_releases([again])).values()
    assert before.vouchers[SignalKind.DIGEST] is Voucher.PASSED
    assert after.vouchers[SignalKind.DIGEST] is Voucher.PUBLISHED


async def test_a_local_file_and_what_is_beside_it(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(PROGRAM)
    (tmp_path / "tool.asc").write_bytes(KEY.sign(PROGRAM))
    (tmp_path / "SHA256SUMS").write_bytes(f"{sha256(PROGRAM)} *build/tool\n".encode())
    (tmp_path / "keys").write_bytes(KEY.public)
    bench = opened(keyring=tmp_path / "keys", offline=True)
    report = await bench.trust(await bench.resolve(str(tmp_path / "tool")), whole=False)
    assert state(report, SignalKind.CHECKSUM)[0] is SignalState.PASS
    assert state(report, SignalKind.SIGNATURE)[0] is SignalState.PASS
    assert state(report, SignalKind.DIGEST)[0] is SignalState.ABSENT


def test_the_keyring_is_a_path() -> None:
    assert load({"keyring": "keys.asc"}).keyring == Path.cwd() / "keys.asc"
    with pytest.raises(UsageError, match="a path"):
        load({"keyring": "a\0b"})
