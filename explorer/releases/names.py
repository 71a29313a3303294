"""What a file's name claims: platform, packing, and whether it is a package or a file about files.

A claim is a promise, never a verdict. A name is read word by word. A strong word (``arm64``) beats
a weak one (``64bit``), of equally strong words the last one counts, and words that are glued
together are taken apart (``linuxarm64``). What the words do not say stays unknown, unless the
names beside it in the release say it (``tool-arm`` beside ``tool-arm64``).

Pure string work: no name raises an error.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.releases.claims import NO_PLATFORM, NOT_SAID, ParsedName, Platform
from explorer.releases.words import (
    ARCHES,
    ARM32_ABIS,
    BIT_WIDTHS,
    EVERY_ARCH,
    FILLERS,
    LIBCS,
    SYSTEM_BY_ENDING,
    SYSTEMS,
    TAKES_BIT_WIDTH,
    VAGUE,
    plainly_spelled,
)

_LONGEST = 512
"""Characters that are read. GitHub allows 255 bytes in a name."""


# Longest ending first: ``tar.gz`` before ``gz``.
_ARCHIVES = (
    (".tar.gz", "tar.gz"),
    (".tgz", "tar.gz"),
    (".tar.xz", "tar.xz"),
    (".txz", "tar.xz"),
    (".tar.bz2", "tar.bz2"),
    (".tbz2", "tar.bz2"),
    (".tbz", "tar.bz2"),
    (".tar.zst", "tar.zst"),
    (".tzst", "tar.zst"),
    (".zip", "zip"),
    (".whl", "zip"),
    (".deb", "deb"),
    (".gz", "gz"),
)
_PACKAGES = (
    *(".deb", ".rpm", ".apk", ".snap", ".flatpak", ".pkg.tar.zst", ".pkg.tar.xz", ".ipk"),
    *(".pacman", ".xbps", ".eopkg"),
    *(".pkg", ".dmg", ".msi", ".msix", ".msixbundle", ".appx", ".appxbundle", ".aab", ".ipa"),
)
_ABOUT = re.compile(
    r"(?:"
    # A checksum or a signature, behind any mark: tool.sha256, tool-sha256, SHA256SUMS.
    r"^(?:sha[0-9]+sums?|md5sums?|checksums)[._-].*"
    r"|(?:^|[._-])(?:sha-?(?:1|2|224|256|384|512)?(?:sums?)?|md5(?:sums?)?|checksums?"
    r"|hash(?:es)?|dgst|digests?|b2sums?|b3sums?|blake[23][bs]?|sha3-?(?:224|256|384|512)?)"
    # A text or data ending.
    r"|\.(?:asc|sig|sign|gpg|minisig|pem|crt|cert|pub|key|sigstore|cosign|prov|provenance|att|b2|b3"
    r"|bundle|intoto|sbom|jsonl?|json5|spdx|cdx|txt|md|rst|adoc|html?|css|ya?ml|toml|xml|plist|ini"
    r"|cfg|conf|csv|tsv|log|pdf|png|svg|zsync|blockmap|torrent|metalink|sums?|dsc|changes"
    r"|buildinfo|pdb|diff|patch|proof|sigsum|tsr|ots|p7[bms]|cms|sshsig|ssig|signify|slsa|rekor"
    r"|vex|sarif|meta4|aria2|manifest|lock|size|lic|delta|whirlpool"
    r"|ripemd160|rmd160|crc32|crc64|xxh(?:32|64|128)?)"
    r")$"
)
_VERSION = re.compile(r"(?:^|[-_/@])v?([0-9]+(?:\.[0-9]+)+[0-9A-Za-z.+~_-]*)\Z")
_WHOLE_NUMBER = re.compile(r"\Av?([0-9]+)\Z")
_VERSION_INSIDE = re.compile(r"(?<![A-Za-z0-9])v?[0-9]+(?:\.[0-9]+(?![0-9A-Za-z]))+", re.ASCII)
_WORDS = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")
_WIDTH = re.compile(r"(?<![0-9])(?<![0-9]\.)(?:64|32)(?![0-9])")
_OTHER_WIDTH = {"64": "32", "32": "64"}
_NO_WIDTH = ("base", "crc", "xxh", "utf", "int", "sha", "hash", "fnv", "float", "adler")
"""What makes 32 and 64 a part of another word, such as ``base64``."""
_GLUED = {**SYSTEMS, **ARCHES, **LIBCS, **dict.fromkeys(FILLERS), **BIT_WIDTHS}
_PIECE = re.compile("|".join(map(re.escape, sorted(_GLUED, key=len, reverse=True))) + r"|v?[0-9]+")
_LONGEST_GLUED = 40
_ABOUT_FILES = NotApplicable("a file about other files, it runs nowhere")
_NO_PLATFORM_AT_ALL = Platform(_ABOUT_FILES, _ABOUT_FILES, _ABOUT_FILES)


@lru_cache(maxsize=1024)
def parse_version(tag: str) -> str:
    """Return the version in a tag, or the tag itself where it holds none.

    ``v2025.1.15`` gives ``2025.1.15``, ``cli/v1.2`` gives ``1.2``. Never used for ordering:
    RoadRunner v3.0.0 was published after v2025.1.15.
    """
    if len(tag) > _LONGEST:
        return tag
    match = _WHOLE_NUMBER.search(tag) or _VERSION.search(tag)
    return match.group(1) if match else tag


def parse_asset_name(name: str, tag: str = "", repo: str = "") -> ParsedName:
    """Return what ``name`` claims.

    The version in ``tag`` and the project's name in ``repo`` (OWNER/NAME) say nothing about a
    platform: llvm-mingw for Ubuntu is not for Windows.
    """
    name = name[-_LONGEST:]
    low = name.lower()
    if len(low) != len(name):
        name = low  # a letter whose small form has another length
    version = parse_version(tag).lower()
    if version and not version.isdecimal() and (at := low.find(version)) >= 0:
        # One shape per era, so that the cache of shapes holds a whole project's names.
        name = f"{name[:at]}0{name[at + len(version) :]}"
    project = repo.rpartition("/")[2].lower()
    return _parse(name, project if len(project) <= _LONGEST else "")


def parse_asset_names(names: Iterable[str], tag: str = "", repo: str = "") -> list[ParsedName]:
    """What the names of one release claim, in their order.

    A name that leaves its architecture open is understood by the names beside it: ``tool-arm`` is
    for 32 bits where there is a ``tool-arm64``, and ``tool-win32`` where there is a ``tool-win64``.
    """
    names = list(names)
    parsed = [parse_asset_name(name, tag, repo) for name in names]
    if not any(_is_open(claim) for claim in parsed):
        return parsed
    said = {(claim.platform.os, claim.platform.arch) for claim in parsed}
    low = {name.lower() for name in names}
    return [
        _settled(name, claim, said, low) if _is_open(claim) else claim
        for name, claim in zip(names, parsed, strict=True)
    ]


def _is_open(claim: ParsedName) -> bool:
    """Whether the name of a file that may hold a program does not say the architecture."""
    return not claim.about and isinstance(claim.platform.arch, Unknown)


def _settled(
    name: str, claim: ParsedName, said: set[tuple[Fact[str], Fact[str]]], low: set[str]
) -> ParsedName:
    """The same claim with the architecture that the other names of the release tell."""
    platform = claim.platform
    arch = ""
    if platform.may_be and any((platform.os, wide) in said for wide in platform.may_be[1:]):
        arch = platform.may_be[0]
    elif not platform.may_be:
        arch = _arch_by_width(name.lower(), low)
    if not arch:
        return claim
    return replace(claim, platform=Platform(platform.os, arch, platform.libc))


def _arch_by_width(name: str, names: set[str]) -> str:
    """``386`` for a name with 32 where another one differs by 64 only; empty if none does."""
    for match in _WIDTH.finditer(name):
        width = match[0]
        before, after = name[: match.start()], name[match.end() :]
        if f"{before}{_OTHER_WIDTH[width]}{after}" in names and not before.endswith(_NO_WIDTH):
            return BIT_WIDTHS[width]
    return ""


@lru_cache(maxsize=4096)
def _parse(name: str, project: str) -> ParsedName:
    low = name.lower()
    archive = next((kind for ending, kind in _ARCHIVES if low.endswith(ending)), "raw")
    if archive == "raw" and _ABOUT.search(low):
        return ParsedName(_NO_PLATFORM_AT_ALL, "raw", about=True)
    package = low.endswith(_PACKAGES)
    platform = _platform(_without(name, project))
    return ParsedName(platform, archive, package=package)


def _without(name: str, project: str) -> str:
    """The name without the project's, where that stands at its beginning as words of its own."""
    rest = name[len(project) :]
    if project and name.lower().startswith(project) and rest and not rest[0].isalnum():
        return rest
    return name


@dataclass(slots=True)
class _Claims:
    """Words of a name that mean something, in its order."""

    systems: list[str]
    arches: list[tuple[int, str, int]]
    """(strength, architecture, number of its word)."""
    libcs: list[str]
    vague: str = ""
    """The last word that is used for two architectures."""
    is_arm32: bool = False
    """Says an ABI of 32-bit ARM."""
    every_arch: bool = False
    intel: bool = False
    """Says an architecture of Macs only: other projects have it in their names."""


def _platform(name: str) -> Platform:
    claims = _claims(name)
    os = _system(name.lower(), claims)
    arch, may_be = _arch(claims, os)
    if isinstance(os, str) and os != "linux":
        libc: Fact[str] = NotApplicable("only Linux leaves a choice of libc")
        return Platform(os, arch, libc, may_be)
    if os is NOT_SAID and arch is NOT_SAID and not claims.libcs:
        return NO_PLATFORM
    return Platform(os, arch, claims.libcs[-1] if claims.libcs else NOT_SAID, may_be)


def _claims(name: str) -> _Claims:
    claims = _Claims([], [], [])
    before = ""
    spelled = plainly_spelled(_VERSION_INSIDE.sub("0", name))
    for number, word in enumerate(_WORDS.findall(spelled)):
        low = word.lower()
        pieces = _pieces(low) or _humps(word)
        for piece in pieces:
            _note(claims, piece, before, number)
            before = piece
        if not pieces:
            before = low
    return claims


def _humps(word: str) -> list[str]:
    """The known words at the end of one such as ``ToolWindowsX86``."""
    pieces: list[str] = []
    if word.islower() or len(word) > _LONGEST_GLUED:
        return pieces
    for hump in reversed(_HUMP.findall(word)):
        known = _pieces(hump.lower())
        if not known or all(piece.isdecimal() for piece in known):
            break
        pieces = known + pieces
    return pieces


def _pieces(word: str) -> list[str]:
    """A word as the known words that it is made of; empty where anything else is in it."""
    if word in _GLUED or word in EVERY_ARCH:
        return [word]
    if len(word) > _LONGEST_GLUED:
        return []
    pieces: list[str] = []
    at = 0
    while at < len(word):
        match = _PIECE.match(word, at)
        if match is None or (match[0].isdecimal() and pieces and pieces[-1] in ARCHES):
            return []  # an arm9 is not an arm
        pieces.append(match[0])
        at = match.end()
    return pieces


def _note(claims: _Claims, piece: str, before: str, number: int) -> None:
    if piece in SYSTEMS:
        claims.systems.append(SYSTEMS[piece])
    if piece in LIBCS:
        claims.libcs.append(LIBCS[piece])
    if piece in ARCHES:
        strength, arch = ARCHES[piece]
        claims.arches.append((strength, arch, number))
    elif piece in BIT_WIDTHS and (piece.endswith("bit") or before in TAKES_BIT_WIDTH):
        claims.arches.append((0, BIT_WIDTHS[piece], number))
    claims.vague = piece if piece in VAGUE else claims.vague
    claims.is_arm32 = claims.is_arm32 or piece in ARM32_ABIS
    claims.every_arch = claims.every_arch or piece in EVERY_ARCH
    claims.intel = claims.intel or piece == "intel"


def _system(low: str, claims: _Claims) -> Fact[str]:
    match = SYSTEM_BY_ENDING.search(low)
    by_ending = (match.lastgroup if match else None) or ""
    if by_ending == "windows":
        return by_ending
    if claims.systems:
        return claims.systems[-1]
    if "musl" in claims.libcs:
        return "linux"  # RoadRunner's unknown-musl-amd64
    return by_ending or NOT_SAID


def _arch(claims: _Claims, os: Fact[str]) -> tuple[Fact[str], tuple[str, ...]]:
    """The architecture, and those that a vague word leaves open."""
    if os == "darwin" and claims.intel and not claims.arches:
        return "amd64", ()
    if not claims.arches:
        every = Unknown("one file for every architecture")
        return (every if claims.every_arch else NOT_SAID), ()
    strongest = max(strength for strength, _, _ in claims.arches)
    named = [(arch, number) for strength, arch, number in claims.arches if strength == strongest]
    arch, number = named[-1]
    other = named[-2][0] if len(named) > 1 else arch
    if other != arch and number - named[-2][1] <= 1 and strongest > 1:
        return Unknown(f"the name says {other} and {arch}"), ()
    may_be: tuple[str, ...] = VAGUE.get(claims.vague, ()) if strongest == 1 else ()
    if arch not in may_be or (arch == "arm" and claims.is_arm32):
        return arch, ()
    if os == "darwin":  # no Mac has a 32-bit ARM processor, and none of the last years an x86 one
        return may_be[-1], ()
    return Unknown(f"“{claims.vague}” is used for {' and '.join(may_be)}"), may_be
