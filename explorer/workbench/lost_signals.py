"""What a release lacks and the one before it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.trust import CompanionRole, roles_of

if TYPE_CHECKING:
    from explorer.releases import Catalogue, Release

_ROLE_WORDS = {
    CompanionRole.CHECKSUMS: "a checksum file",
    CompanionRole.SIGNATURE: "a signature",
    CompanionRole.MINISIGN: "a minisign signature",
    CompanionRole.BUNDLE: "a sigstore bundle",
    CompanionRole.PROVENANCE: "SLSA provenance",
}


def lost_signals(catalogue: Catalogue, release: Release) -> tuple[str, ...]:
    """What a release lacks and the one before it had, by the names of their files.

    A stable release is compared with the stable one before it.
    """
    before = _before(catalogue, release)
    if before is None or not release.assets:
        return ()
    had = roles_of(asset.name for asset in before.assets if asset.runs_nowhere)
    has = roles_of(asset.name for asset in release.assets if asset.runs_nowhere)
    lost = [
        f"{release.tag} lacks {_ROLE_WORDS[role]}; {before.tag} before it had one"
        for role in had - has
    ]
    if before.immutable is True and release.immutable is False:
        lost.append(f"{release.tag} is not immutable; {before.tag} before it is")
    return tuple(sorted(lost))


def _before(catalogue: Catalogue, release: Release) -> Release | None:
    tags = [each.tag for each in catalogue.releases]
    if release.tag not in tags:
        return None
    older = catalogue.releases[tags.index(release.tag) + 1 :]
    candidates = [each for each in older if each.assets and not each.draft]
    stable = [each for each in candidates if not each.prerelease]
    return next(iter(stable if not release.prerelease else candidates), None)
