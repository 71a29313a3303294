"""What a file's name claims: kind, platform, packing. A promise, never a verdict.

Knows RoadRunner's names of every era, Rust target triples, goreleaser's ``Linux_x86_64`` and the names that packages and
Python wheels have. Pure string work; nothing here raises, whatever the name.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.releases.models import AssetKind, Platform

_LONGEST = 512
"""Characters that are looked at. GitHub allows 255 bytes in a name; what is longer is an attacker's."""


@dataclass(frozen=True, slots=True)
class ParsedName:
    """What a name claims."""

    kind: AssetKind
    platform: Platform
    archive: str
    """``tar.gz``, ``tar.xz``, ``tar.bz2``, ``tar.zst``, ``zip``, ``deb``, ``gz``, or ``raw``."""


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
# Files *about* a file: they have no platform, whatever stands in their names, so that nobody is offered one as a binary.
_ABOUT = re.compile(
    r"\.(?:sha(?:1|224|256|384|512)(?:sums?)?|md5(?:sums?)?|b2|b3|blake3|digests?|asc|sig|gpg|minisig|pem|crt|cert|pub|sigstore"
    r"|att|bundle|jsonl?|sbom|spdx|cdx|txt|md|rst|html?|ya?ml|toml|xml|log)$"
)
_OS_BY_ENDING = MappingProxyType(
    {
        ".deb": "linux",
        ".rpm": "linux",
        ".apk": "linux",
        ".appimage": "linux",
        ".snap": "linux",
        ".flatpak": "linux",
    }
    | {".exe": "windows", ".msi": "windows", ".msix": "windows", ".dmg": "darwin"}
)
_OS = MappingProxyType(
    {
        name: name
        for name in (
            "linux",
            "freebsd",
            "openbsd",
            "netbsd",
            "dragonfly",
            "solaris",
            "illumos",
            "android",
            "aix",
            "plan9",
        )
    }
    | dict.fromkeys(
        ("linux64", "linux32", "manylinux", "musllinux", "linuxmusl", "linuxstatic", "alpine"),
        "linux",
    )
    | dict.fromkeys(("darwin", "macos", "macosx", "osx", "mac", "apple"), "darwin")
    | dict.fromkeys(
        ("windows", "win", "win64", "win32", "msvc", "mingw", "mingw64", "mingw32"), "windows"
    )
)
_ARCH = MappingProxyType(
    dict.fromkeys(
        ("x86_64", "x86-64", "amd64", "x64", "64bit", "linux64", "win64", "mingw64"), "amd64"
    )
    | dict.fromkeys(("arm64", "aarch64", "aarch_64", "arm64v8", "armv8", "arm64e"), "arm64")
    | dict.fromkeys(
        (
            "i386",
            "i486",
            "i586",
            "i686",
            "386",
            "x86",
            "x86_32",
            "ia32",
            "32bit",
            "linux32",
            "win32",
            "mingw32",
        ),
        "386",
    )
    | dict.fromkeys(
        (
            "arm",
            "armhf",
            "armel",
            "arm32",
            "armv5",
            "armv5l",
            "armv5te",
            "armv6",
            "armv6l",
            "armv6hf",
        ),
        "arm",
    )
    | dict.fromkeys(
        ("armv7", "armv7l", "armv7a", "armv7hf", "armv7hl", "arm32v5", "arm32v6", "arm32v7"), "arm"
    )
    | dict.fromkeys(("riscv64", "riscv64gc"), "riscv64")
    | dict.fromkeys(("ppc64le", "powerpc64le", "ppc64el", "ppcle_64"), "ppc64le")
    | dict.fromkeys(("ppc64", "powerpc64"), "ppc64")
    | dict.fromkeys(("s390x", "s390_64"), "s390x")
    | dict.fromkeys(("loong64", "loongarch64"), "loong64")
    | dict.fromkeys(("mips64le", "mips64el"), "mips64le")
    | dict.fromkeys(("mipsle", "mipsel"), "mipsle")
    | {name: name for name in ("mips", "mips64", "sparc64", "wasm")}
)
_LIBC = MappingProxyType(
    dict.fromkeys(("musl", "musleabi", "musleabihf", "musllinux", "linuxmusl", "alpine"), "musl")
    | dict.fromkeys(("gnu", "gnueabi", "gnueabihf", "glibc", "manylinux"), "gnu")
)
_EVERY_ARCH = frozenset(("universal", "universal2", "all", "noarch", "any"))


def _finder(words: MappingProxyType[str, str]) -> re.Pattern[str]:
    """Whole words only, the longest first: ``darwin`` holds no ``win``, and ``x86_64`` is no ``x86``."""
    return re.compile(
        r"(?<![a-z0-9])(?:"
        + "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        + r")(?![a-z])"
    )


def _number_safe(words: MappingProxyType[str, str]) -> re.Pattern[str]:
    """As ``_finder``, and no digit may follow either: ``arm64`` is no ``arm``, ``mips64`` no ``mips``."""
    return re.compile(_finder(words).pattern + r"(?![0-9])")


_OS_FINDER = _finder(_OS)  # a digit may follow: manylinux2014, freebsd14
_ARCH_FINDER = _number_safe(_ARCH)
_LIBC_FINDER = _finder(_LIBC)
_SILENT = Unknown("the name does not say")
_ABOUT_A_FILE = NotApplicable("a file about other files, it runs nowhere")
_NO_PLATFORM_AT_ALL = Platform(_ABOUT_A_FILE, _ABOUT_A_FILE, _ABOUT_A_FILE)
_VERSION = re.compile(r"(?:^|[-_/@])v?([0-9]+(?:\.[0-9]+)+[0-9A-Za-z.+~_-]*)\Z")
_WHOLE_NUMBER = re.compile(r"\Av?([0-9]+)\Z")


@lru_cache(maxsize=1024)
def parse_version(tag: str) -> str:
    """The version in a tag: ``v2025.1.15`` gives ``2025.1.15``, ``cli/v1.2`` gives ``1.2``; the tag itself where there is none.

    Never used for ordering: v3.0.0 was published after v2025.1.15.
    """
    if len(tag) > _LONGEST:
        return tag
    found = _WHOLE_NUMBER.search(tag) or _VERSION.search(tag)
    return found.group(1) if found else tag


def parse_asset_name(name: str, tag: str) -> ParsedName:
    """AssetKind, platform and packing as ``name`` claims them; ``tag`` is the release's, whose version is no part of a platform.

    A name that fits nothing is ``AssetKind.OTHER`` on an unknown platform: kept, never dropped.
    """
    low = name[-_LONGEST:].lower()
    version = parse_version(tag).lower()
    # One shape per era: 2,600 names of RoadRunner's are some 20 shapes, so that the snapshot is loaded in milliseconds.
    return _parse(low.replace(version, "0", 1) if version else low)


@lru_cache(maxsize=4096)
def _parse(low: str) -> ParsedName:
    archive = next((kind for ending, kind in _ARCHIVES if low.endswith(ending)), "raw")
    if archive == "raw" and _ABOUT.search(low):
        return ParsedName(AssetKind.OTHER, _NO_PLATFORM_AT_ALL, "raw")
    platform = _platform(low)
    return ParsedName(_kind(low, archive, platform), platform, archive)


def _kind(low: str, archive: str, platform: Platform) -> AssetKind:
    if archive == "deb":
        return AssetKind.DEB
    if isinstance(platform.os, str) and isinstance(platform.arch, str):
        if low.startswith("roadrunner-"):
            return AssetKind.SERVER
        if low.startswith("protoc-gen-php-grpc-"):
            return AssetKind.PLUGIN
    return AssetKind.OTHER


def _platform(low: str) -> Platform:
    # The last word of each sort counts: what comes first may be the project's own name (win-acme, arm-none-eabi-gcc).
    systems = [_OS[word] for word in _OS_FINDER.findall(low)]
    arches = [_ARCH[word] for word in _ARCH_FINDER.findall(low)]
    libcs = [_LIBC[word] for word in _LIBC_FINDER.findall(low)]
    os: Fact[str] = _SILENT
    if "android" in systems:
        os = "android"  # aarch64-linux-android
    elif systems:
        os = systems[-1]
    elif "musl" in libcs:
        os = "linux"  # RoadRunner's unknown-musl-amd64
    else:
        os = next(
            (system for ending, system in _OS_BY_ENDING.items() if low.endswith(ending)), _SILENT
        )
    arch: Fact[str] = _SILENT
    if arches:
        arch = arches[-1]
    elif not _EVERY_ARCH.isdisjoint(re.split(r"[^a-z0-9]+", low)):
        arch = Unknown("one file for every architecture")
    if isinstance(os, str) and os != "linux":
        return Platform(os, arch, NotApplicable("only Linux leaves a choice of libc"))
    return Platform(os, arch, libcs[-1] if libcs else _SILENT)
