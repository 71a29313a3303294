"""What vouches for the files of a release, as far as it is known without a download."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from explorer.errors import SourceError
from explorer.facts import MISSING, NotApplicable
from explorer.trust import CompanionRole, Signal, SignalKind, SignalState, roles_of
from explorer.workbench.lost_signals import lost_signals

if TYPE_CHECKING:
    from explorer.releases import Asset, Catalogue, Release
    from explorer.workbench.resources import Resources


class Voucher(StrEnum):
    """What is known of one kind of signal of a release."""

    PASSED = "passed"
    """Checked for a file of the release, and it passed; or GitHub says so of the release."""
    FAILED = "failed"
    PUBLISHED = "published"
    """It is there; nobody has checked it here."""
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReleaseTrust:
    """What vouches for the files of one release."""

    vouchers: Mapping[SignalKind, Voucher]
    lost: tuple[str, ...]
    """What it lacks and the release before it had, one sentence each. Untrusted."""

    @property
    def says_something(self) -> bool:
        """Whether anything is there, failed or missed."""
        nothing = (Voucher.ABSENT, Voucher.UNKNOWN)
        return bool(self.lost) or any(v not in nothing for v in self.vouchers.values())


_BY_NAME = {
    SignalKind.CHECKSUM: (CompanionRole.CHECKSUMS,),
    SignalKind.SIGNATURE: (CompanionRole.SIGNATURE,),
    SignalKind.COSIGN: (CompanionRole.BUNDLE,),
    SignalKind.PROVENANCE: (CompanionRole.PROVENANCE,),
    SignalKind.MINISIGN: (CompanionRole.MINISIGN,),
}
"""The kinds of signals that names of files show."""


def trust_of_releases(
    resources: Resources, catalogue: Catalogue, releases: Iterable[Release]
) -> dict[str, ReleaseTrust]:
    """What vouches for some releases of a catalogue, by tag. Blocking.

    Reads names, the API's answers and the records of earlier checks: asks no server.
    """
    return {
        release.tag: ReleaseTrust(
            _vouchers(release, _recorded(resources, release)), lost_signals(catalogue, release)
        )
        for release in releases
    }


def _vouchers(release: Release, checked: Mapping[SignalKind, Voucher]) -> dict[SignalKind, Voucher]:
    vouchers = dict.fromkeys(SignalKind, Voucher.UNKNOWN)
    vouchers[SignalKind.DIGEST] = _digests(release)
    if not isinstance(release.immutable, MISSING):
        vouchers[SignalKind.IMMUTABLE] = Voucher.PASSED if release.immutable else Voucher.ABSENT
    roles = roles_of(asset.name for asset in release.assets if asset.runs_nowhere)
    # The bundled list names programs only.
    is_complete = release.evidence in ("api", "folder") and bool(release.assets)
    for kind, names in _BY_NAME.items():
        if not roles.isdisjoint(names):
            vouchers[kind] = Voucher.PUBLISHED
        elif is_complete:
            vouchers[kind] = Voucher.ABSENT
    archives = any(a.archive not in ("raw", "") for a in release.assets if not a.runs_nowhere)
    if archives and vouchers[SignalKind.SIGNATURE] is Voucher.ABSENT:
        vouchers[SignalKind.SIGNATURE] = Voucher.UNKNOWN  # it may be inside
    return {**vouchers, **checked}


def _digests(release: Release) -> Voucher:
    """Whether GitHub's API has a digest of every program."""
    digests = [asset.digest for asset in release.assets if not asset.runs_nowhere]
    if any(isinstance(digest, NotApplicable) for digest in digests):
        return Voucher.ABSENT
    if not digests or any(isinstance(digest, MISSING) for digest in digests):
        return Voucher.UNKNOWN
    return Voucher.PUBLISHED


# ---- what earlier checks have shown


def keep_signals(resources: Resources, asset: Asset, signals: Iterable[Signal]) -> None:
    """Record what the checks of an asset have shown. Blocking."""
    from explorer.fetch import asset_key

    shown: dict[str, str] = {}
    for signal in signals:
        if signal.state is SignalState.NOT_CHECKED:
            continue
        if shown.get(signal.kind) != SignalState.FAIL:
            shown[signal.kind.value] = signal.state.value
    try:
        files = _load(resources, asset.repo, asset.tag)
        key, before = files.get(asset.name, ("", {}))
        current = asset_key(asset)
        files[asset.name] = (current, {**before, **shown} if key == current else shown)
        record = json.dumps(files, separators=(",", ":")).encode()
        resources.cache.store("peek").save(_key(asset.repo, asset.tag), record)
    except SourceError as error:
        resources.warn(str(error))


def _key(repo: str, tag: str) -> str:
    return f"trust|{repo}|{tag}".encode("utf-8", "backslashreplace").decode()


def _load(resources: Resources, repo: str, tag: str) -> dict[str, tuple[str, dict[str, str]]]:
    """By the files' names: the published state, and the results by kind of signal."""
    data = resources.cache.store("peek").load(_key(repo, tag))
    try:
        record = json.loads(data) if data is not None else {}
        return {name: (str(key), dict(shown)) for name, (key, shown) in record.items()}
    except (ValueError, TypeError, AttributeError):
        return {}  # damaged: the next check writes it again


def _recorded(resources: Resources, release: Release) -> dict[SignalKind, Voucher]:
    """The worst result of each kind, of all files that were checked."""
    from explorer.fetch import asset_key

    if not release.assets:
        return {}
    try:
        files = _load(resources, release.assets[0].repo, release.tag)
    except SourceError as error:
        resources.warn(str(error))
        return {}
    current = {asset.name: asset_key(asset) for asset in release.assets if asset.name in files}
    checked = [files[name][1] for name, key in current.items() if files[name][0] == key]
    results = {kind: {shown[kind] for shown in checked if kind in shown} for kind in SignalKind}
    vouchers = {kind: _worst(kind, states) for kind, states in results.items() if states}
    return {kind: voucher for kind, voucher in vouchers.items() if voucher is not None}


def _worst(kind: SignalKind, states: set[str]) -> Voucher | None:
    """None for what is absent of some files: the names of all files say more."""
    if SignalState.FAIL in states:
        return Voucher.FAILED
    if SignalState.PASS in states:
        return Voucher.PASSED
    return Voucher.ABSENT if kind is SignalKind.ATTESTATION else None
