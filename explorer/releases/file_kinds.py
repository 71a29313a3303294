"""What kind of file a name says it is, for any project: a program, a package, a checksum …

Sources: the endings that dpkg, rpm, apk, snap, flatpak, pip and AppImage use; those of goreleaser,
cargo-dist, syft, cosign, sigsum and slsa-github-generator for what accompanies a release.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.releases.claims import NO_PLATFORM
from explorer.releases.kinds import (
    APK,
    APPIMAGE,
    CHECKSUM,
    DEB,
    FLATPAK,
    INSTALLER,
    OTHER,
    PACKAGE,
    PROGRAM,
    RPM,
    SBOM,
    SIGNATURE,
    SNAP,
    SOURCE,
    WHEEL,
    AssetKind,
)

if TYPE_CHECKING:
    from explorer.releases.claims import ParsedName

_ABOUT_FILES = (
    (
        SBOM,
        re.compile(r"(?:^|[._-])(?:sbom|bom|spdx|cdx|cyclonedx|syft)(?:[._-]|$)"),
    ),
    (
        SIGNATURE,
        re.compile(
            r"(?:^|[._-])(?:asc|sig|sign|gpg|minisig|pem|crt|cert|pub|key|sigstore|cosign|prov"
            r"|provenance|att|attestation|in-?toto|bundle|signatures?|proof|sigsum|tsr|ots|p7[bms]"
            r"|cms|sshsig|ssig|signify|slsa|rekor)(?:\.(?:jsonl?|txt|gz))?$"
        ),
    ),
    (
        CHECKSUM,
        re.compile(
            r"^(?:sha[0-9]+sums?|md5sums?|checksums?)[._-]"
            r"|(?:^|[._-])(?:sha-?(?:1|2|224|256|384|512)?(?:sums?)?|md5(?:sums?)?|check-?sums?"
            r"|hash(?:es)?|dgst|digests?|b2sums?|b3sums?|blake[23][bs]?|b2|b3|sums?"
            r"|sha3-?(?:224|256|384|512)?|whirlpool|ripemd160|rmd160"
            r"|crc(?:32|64)|xxh(?:32|64|128)?)"
            r"(?:\.(?:txt|json|ya?ml|md|csv))?$"
        ),
    ),
)
"""The first that matches decides: a checksum's signature is a signature."""
_PACKAGE_ENDINGS = (
    (".deb", DEB),
    (".src.rpm", SOURCE),
    (".rpm", RPM),
    (".apk", APK),
    (".appimage", APPIMAGE),
    (".snap", SNAP),
    (".flatpak", FLATPAK),
    (".flatpakref", FLATPAK),
    (".whl", WHEEL),
    (".msi", INSTALLER),
    (".pkg", INSTALLER),
    (".dmg", INSTALLER),
    (".run", INSTALLER),
)
_INSTALLER = re.compile(
    r"(?:^|[._-])(?:install(?:er)?|setup|get)(?:[._-][^/]*)?\.(?:sh|ps1|bat|cmd|py)$"
    r"|(?<!^)(?:setup|install(?:er)?)(?:[._-][^/]*)?\.exe$|^(?:setup|install(?:er)?)\.exe$"
)
_SOURCE = re.compile(
    r"(?:^|[._-])(?:src|sources?|orig|vendor(?:ed)?|buildable-artifact)(?:[._-]|$)|\.crate$"
)
_TEXTS = re.compile(
    r"(?:^|[._-])(?:docs?|man|manpages?|completions?|licen[sc]es?|examples?|schemas?|fonts?)"
    r"(?:[._-]|$)"
)
"""Words for files of every architecture."""
_NO_PROGRAM = re.compile(
    r"(?:^|[._-])(?:debug|dbg|dbgsym|symbols?|headers?)(?:[._-]|$)"
    r"|\.dsym\.(?:zip|tar\.gz)$"
    r"|\.(?:dwp|sym|js|mjs|ts|map|css|ttf|woff2?|jar|gem|nupkg|vsix|ps1|bat|iso|img|qcow2|ova"
    r"|box|tf|proto|wasm|h|so|a|lib|dylib|dll|sh|bash|zsh|fish|py)$"
)

_VERSION_AT_MOST = re.compile(r"(?:[._-]?v?[0-9][0-9.]*)?")


def names_no_program(name: str) -> bool:
    """Whether the name is that of documentation, a library, a source archive and so on."""
    low = name.lower()
    return any(pattern.search(low) for pattern in (_NO_PROGRAM, _TEXTS, _SOURCE))


def general_kind(name: str, parsed: ParsedName, project: str = "") -> AssetKind:
    """The kind of a file of any project.

    Args:
        project: the project's name, which is also its program's.
    """
    low = name.lower()
    if parsed.about:
        return next((kind for kind, pattern in _ABOUT_FILES if pattern.search(low)), OTHER)
    for ending, kind in _PACKAGE_ENDINGS:
        if low.endswith(ending):
            return kind
    if parsed.package:
        return PACKAGE
    has_platform = parsed.platform != NO_PLATFORM
    if _INSTALLER.search(low) or (low.endswith(".sh") and has_platform):
        return INSTALLER
    project = project.lower()
    rest = low[len(project) :] if low.startswith(project) else low
    names_arch = isinstance(parsed.platform.arch, str)
    if _SOURCE.search(rest) and not names_arch:
        return SOURCE
    if _NO_PROGRAM.search(rest) or (_TEXTS.search(rest) and not names_arch):
        return OTHER
    return PROGRAM if has_platform or _is_named_so(low, parsed, project) else OTHER


def _is_named_so(low: str, parsed: ParsedName, project: str) -> bool:
    """Whether a bare file has the project's name and no other ending: ``k3s``, ``yt-dlp``."""
    is_bare = parsed.archive == "raw" and bool(project) and low.startswith(project)
    return is_bare and _VERSION_AT_MOST.fullmatch(low, len(project)) is not None
