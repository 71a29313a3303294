"""The words in the names of release files that say a system, an architecture or a libc."""

import re
from types import MappingProxyType

from explorer.platforms import ALIASES

_DISTRIBUTIONS = (
    *("ubuntu", "debian", "fedora", "centos", "rhel", "opensuse", "suse", "sles", "rocky", "alma"),
    *("almalinux", "amazonlinux", "amzn", "amzn2", "archlinux", "raspbian", "nixos", "openwrt"),
    *("xenial", "bionic", "focal", "jammy", "noble", "stretch", "buster", "bullseye", "bookworm"),
    *("trixie", "el7", "el8", "el9", "fc39", "fc40", "fc41", "fc42"),
)
SYSTEMS = MappingProxyType(
    {
        name: name
        for name in (
            *("linux", "freebsd", "openbsd", "netbsd", "dragonfly", "solaris", "illumos"),
            *("android", "aix", "plan9", "ios"),
        )
    }
    | dict.fromkeys(("manylinux", "musllinux", "alpine", *_DISTRIBUTIONS), "linux")
    | dict.fromkeys(("darwin", "macos", "macosx", "osx", "mac", "apple"), "darwin")
    | dict.fromkeys(
        (
            *("windows", "win", "win32", "win7", "win8", "win10", "win11", "w64", "w32", "woa"),
            *("msvc", "mingw", "mingw32", "cygwin", "woa64"),
        ),
        "windows",
    )
    | {"dragonflybsd": "dragonfly", "sunos": "solaris"}
)
"""Go's word (GOOS) by the word in a name. ``win32`` is Windows whatever the processor."""

SYSTEM_BY_ENDING = re.compile(
    r"\.(?:"
    r"(?P<windows>(?:exe|msi|msix|msixbundle|appx|appxbundle|dll)"
    r"(?:\.(?:zip|gz|tgz|tar\.gz|xz|tar\.xz|zst|bz2))?)"
    r"|(?P<linux>deb|rpm|appimage|snap|flatpak|run|pkg\.tar\.(?:zst|xz)|ipk)"
    r"|(?P<darwin>dmg|pkg|dylib|app\.(?:zip|tar\.gz))"
    r"|(?P<android>aab)"
    r"|(?P<ios>ipa)"
    r")$"
)
"""What an ending says of the system, by the name of the group that matches.

``.apk`` says nothing: it is Alpine's or Android's."""

_MEDIUM = ("arm", "x86", "x32", "ppc")
ARCHES = MappingProxyType(
    {
        word: (1 if word in _MEDIUM else 2, arch)
        for arch, aliases in ALIASES.items()
        for word in (arch, *aliases)
        if (word.isalnum() and not word.isalpha()) or word in (*_MEDIUM, "mips", "wasm")
    }
    | dict.fromkeys(("armhf", "armel", "armhfp", "armeabi"), (2, "arm"))
    | {word: (2, arch) for word, arch in (("mipsle", "mipsle"), ("mipsel", "mipsle"))}
    | {"powerpc": (1, "ppc")}
    | {"w64": (0, "amd64"), "woa64": (2, "arm64"), "woa": (1, "arm64")}
)
"""(strength, Go's word) by the word in a name: 2 names one architecture, 1 is also used loosely,
0 yields to any other."""

BIT_WIDTHS = MappingProxyType({"64bit": "amd64", "32bit": "386", "64": "amd64", "32": "386"})
"""Words that say a width of addresses: of the usual processor, where no other is named."""

TAKES_BIT_WIDTH = frozenset(
    (
        *("linux", "windows", "win", "macos", "macosx", "osx", "mac", "darwin", "msvc", "mingw"),
        *("freebsd", "openbsd", "netbsd", "win7", "win10"),
    )
)
"""Words behind which a bare 64 or 32 is a width: not ``fedora-32``, which is a version."""

LIBCS = MappingProxyType(
    dict.fromkeys(("musl", "musleabi", "musleabihf", "musllinux", "alpine"), "musl")
    | dict.fromkeys(("gnu", "gnueabi", "gnueabihf", "glibc", "manylinux"), "gnu")
)
EVERY_ARCH = frozenset(("universal", "universal2", "universal64", "all", "noarch", "any", "fat"))
FILLERS = (
    "static",
    "bit",
    "any",
    "all",
    "universal",
    "hf",
    "el",
    "v7a",
    "v8a",
    "r2",
    "r6",
    "intel",
)
"""What may be glued to the words above without changing what they say."""

_SPELLINGS = {
    "x8664": r"x86[-_. ]?64|(?<![a-z0-9])x86[-_]x64",
    "amd64": r"(?<![a-z0-9])(?:amd|intel)[-_]64",
    "i386": r"(?<![a-z0-9])x86[-_]32",
    "arm64": r"(?<![a-z0-9])a(?:arch|rm)[-_]64",
    "armv8": r"(?<![a-z0-9])arm[-_]?v?8(?![0-9])",
    "ppc64le": r"(?<![a-z0-9])ppcle[-_]64",
    "s390x": r"(?<![a-z0-9])s390[-_]64",
    "64bit": r"(?<![a-z0-9])64[-_ ]?bits?(?![a-z])",
    "32bit": r"(?<![a-z0-9])32[-_ ]?bits?(?![a-z])",
    "darwin-arm64": r"(?<![a-z0-9])apple[-_]?silicon",
    "macos": r"(?<![a-z0-9])mac[-_]os(?![a-z])",
    "osx": r"(?<![a-z0-9])os[-_]x(?![a-z])",
}
_SPELLING = re.compile("|".join(f"({pattern})" for pattern in _SPELLINGS.values()))
_PLAIN = tuple(_SPELLINGS)


def plainly_spelled(low: str) -> str:
    """The name, with one spelling for words that are written with and without a mark inside."""
    return _SPELLING.sub(lambda match: f"-{_PLAIN[(match.lastindex or 1) - 1]}", low)
