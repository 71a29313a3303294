"""Who vouches for a file: every signal of its release, checked as far as its bytes are here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError, IntegrityError, TrustError
from explorer.facts import MISSING, Fact, NotApplicable
from explorer.progress import ProgressCallback, ignore_progress
from explorer.trust import (
    Signal,
    SignalKind,
    SignalState,
    satisfies,
    unsnap,
)
from explorer.workbench.download import file_on_disk
from explorer.workbench.evidence import LARGEST, gather_evidence
from explorer.workbench.lost_signals import lost_signals
from explorer.workbench.models import FileOnDisk, Subject
from explorer.workbench.release_trust import keep_signals

if TYPE_CHECKING:
    from explorer.releases import Attestation, Catalogue, Release
    from explorer.workbench.resources import Resources
    from explorer.workbench.signal_checks import Checked

_RELEASE_PREDICATE = "/attestation/release/"
_RELEASE_ATTESTED = "its release attestation names this file (present, not verified)"


@dataclass(frozen=True, slots=True)
class TrustReport:
    """Every signal about one file."""

    subject: Subject
    sha256: Fact[str]
    """Of the file: of its bytes if they were read, else GitHub's word."""
    is_whole: bool
    """Whether the file's bytes were read."""
    signals: tuple[Signal, ...]
    """At least one of each kind, in the order of ``SignalKind``."""
    lost: tuple[str, ...]
    """What the release lacks and the one before it had, one sentence each. Untrusted."""

    @property
    def failed(self) -> bool:
        """Whether a signal fails."""
        return any(signal.state is SignalState.FAIL for signal in self.signals)

    def require(self, kinds: Iterable[SignalKind]) -> None:
        """Check that the kinds of signals that a user insists on pass.

        Raises:
            TrustError: one fails, is absent, is weak or cannot be checked; names all of them.
        """
        problems = [
            f"{signal.kind.value} {_state_words(signal)} ({signal.why})"
            for kind in dict.fromkeys(kinds)
            if not satisfies(self.signals, kind)
            for signal in self.signals
            if signal.kind is kind and (signal.state is not SignalState.PASS or signal.weak)
        ]
        if problems:
            raise TrustError(
                f"{self.subject.name} does not have the signals that were required",
                "; ".join(problems),
                "Nothing was written. rr-explorer trust lists all signals",
            )


def _state_words(signal: Signal) -> str:
    words = {
        SignalState.FAIL: "fails",
        SignalState.ABSENT: "is absent",
        SignalState.PASS: "is weak",
    }
    return words.get(signal.state, "was not checked")


async def trust_report(
    resources: Resources,
    subject: Subject,
    catalogue: Catalogue | None,
    *,
    whole: bool,
    progress: ProgressCallback = ignore_progress,
) -> TrustReport:
    """Check every signal about a file.

    Args:
        whole: whether the file is downloaded if it is not local.

    Raises:
        SourceError: the file cannot be downloaded.
    """
    from explorer.workbench.signal_checks import SignalChecks

    file: FileOnDisk | None = None
    mismatch = ""
    if whole or subject.path is not None:
        try:
            file = await file_on_disk(resources, subject, progress)
        except IntegrityError as error:
            mismatch = str(error)
    evidence = await gather_evidence(resources, subject)
    checks = SignalChecks(resources, subject, file, evidence)
    checked = await resources.run(checks.run)
    signals = [_digest_signal(subject, checked, mismatch), *checked.signals]
    signals += (attested := await _attestations(resources, subject, checked))
    if not any(signal.kind is SignalKind.IMMUTABLE for signal in attested):
        signals.append(_immutable(subject.release))
    ordered = [s for kind in SignalKind for s in _with_absent(kind, signals)]
    lost = lost_signals(catalogue, subject.release) if catalogue and subject.release else ()
    if (asset := subject.asset) is not None and not subject.member:
        await resources.run(lambda _: keep_signals(resources, asset, ordered))
    return TrustReport(subject, checked.sha256, file is not None, tuple(ordered), lost)


_ABSENT = {
    SignalKind.CHECKSUM: "no checksum file lists it",
    SignalKind.SIGNATURE: "no OpenPGP signature is beside or inside it",
    SignalKind.ATTESTATION: "GitHub has no attestation of this digest",
    SignalKind.COSIGN: "no sigstore bundle is beside it",
    SignalKind.PROVENANCE: "no *.intoto.jsonl names it",
    SignalKind.MINISIGN: "no .minisig is beside it",
}


def _with_absent(kind: SignalKind, signals: list[Signal]) -> list[Signal]:
    """The signals of a kind; one that is absent only if there is no other."""
    own = [signal for signal in signals if signal.kind is kind]
    there = [signal for signal in own if signal.state is not SignalState.ABSENT]
    return there or own[:1] or [Signal(kind, SignalState.ABSENT, _ABSENT[kind])]


def _digest_signal(subject: Subject, checked: Checked, mismatch: str) -> Signal:
    def signal(state: SignalState, why: str) -> Signal:
        return Signal(SignalKind.DIGEST, state, why)

    if mismatch:
        return signal(SignalState.FAIL, mismatch)
    if subject.asset is None:
        return signal(SignalState.ABSENT, "a local file: no API names its digest")
    digest = subject.asset.digest
    if isinstance(digest, MISSING):
        missing = isinstance(digest, NotApplicable)
        return signal(SignalState.ABSENT if missing else SignalState.NOT_CHECKED, digest.why)
    if not checked.is_whole:
        return signal(SignalState.NOT_CHECKED, "the file is not downloaded")
    if digest == f"sha256:{checked.sha256}":
        return signal(SignalState.PASS, "the bytes have the sha256 that GitHub's API names")
    return signal(SignalState.FAIL, f"GitHub's API names {digest}")


def _immutable(release: Release | None, attested: str = "") -> Signal:
    """What the API says of the release; ``attested``: what GitHub's statement about it says."""

    def signal(state: SignalState, why: str) -> Signal:
        return Signal(SignalKind.IMMUTABLE, state, why)

    if release is None:
        return signal(SignalState.ABSENT, "not a file of a release")
    if isinstance(release.immutable, MISSING):
        return signal(SignalState.NOT_CHECKED, release.immutable.why)
    if not release.immutable:
        return signal(SignalState.ABSENT, "the release can be changed")
    why = "GitHub says that the release cannot be changed"
    return signal(SignalState.PASS, f"{why}; {attested}" if attested else why)


async def _attestations(
    resources: Resources, subject: Subject, checked: Checked
) -> tuple[Signal, ...]:
    """What GitHub attests of the file's digest."""

    def unchecked(why: str) -> tuple[Signal, ...]:
        return (Signal(SignalKind.ATTESTATION, SignalState.NOT_CHECKED, why),)

    asset, source = subject.asset, resources.source
    if asset is None:
        return unchecked("not a file of a release")
    if isinstance(checked.sha256, MISSING):
        return unchecked("the digest is not known before the download")
    if source.is_local:
        return unchecked(f"no server is asked: {source.why_local}")
    try:
        attested = await source.attestations(asset.repo, checked.sha256)
    except ExplorerError as error:
        return unchecked(error.title)
    if not attested:
        return ()
    sha256, repositories = checked.sha256, (asset.repo, *checked.repositories)
    release = subject.release
    return await resources.run(lambda _: _verified(attested, sha256, repositories, release))


def _verified(
    attested: Iterable[Attestation],
    sha256: str,
    repositories: tuple[str, ...],
    release: Release | None,
) -> tuple[Signal, ...]:
    """One signal: of the first attestation that passes, else of the first one.

    And one of GitHub's statement about an immutable release, where it has made one.
    """
    from explorer.trust import check_bundle, claims_of, read_bundles

    signals = []
    about_release: tuple[Signal, ...] = ()
    for each in attested:
        try:
            data = unsnap(each.data, LARGEST) if each.url else each.data
            (bundle, *_) = read_bundles(data)
            claims = claims_of(bundle)
            if _RELEASE_PREDICATE in claims.predicate:
                # GitHub signs it, without a log entry, when the release becomes immutable.
                if sha256 in claims.digests:
                    about_release = (_immutable(release, _RELEASE_ATTESTED),)
                continue
        except ValueError as error:
            why = f"it cannot be read: {error}"
            signals.append(Signal(SignalKind.ATTESTATION, SignalState.FAIL, why))
            continue
        signals.append(check_bundle(SignalKind.ATTESTATION, bundle, sha256, repositories))
    passed = tuple(signal for signal in signals if signal.state is SignalState.PASS)
    return (*(passed[:1] or tuple(signals[:1])), *about_release)
