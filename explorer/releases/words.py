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
            *("android", "aix", "plan9", "ios", "haiku"),
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
    | {"dragonflybsd": "dragonfly", "sunos": "solaris", "androideabi": "android"}
)
"""Go's word (GOOS) by the word in a name. ``win32`` is Windows whatever the processor."""

SYSTEM_BY_ENDING = re.compile(
    r"\.(?:"
    r"(?P<windows>(?:exe|msi|msix|msixbundle|appx|appxbundle|dll)"
    r"(?:\.(?:zip|gz|tgz|tar\.gz|xz|tar\.xz|zst|bz2))?)"
    r"|(?P<linux>deb|rpm|appimage|snap|flatpak|run|pacman|xbps|eopkg|pkg\.tar\.(?:zst|xz)|ipk)"
    r"|(?P<darwin>dmg|pkg|dylib|app\.(?:zip|tar\.gz))"
    r"|(?P<android>aab)"
    r"|(?P<ios>ipa)"
    r")$"
)
"""What an ending says of the system, by the name of the group that matches.

``.apk`` says nothing: it is Alpine's or Android's."""

VAGUE = MappingProxyType({"arm": ("arm", "arm64"), "x86": ("386", "amd64")})
"""Words that projects use for a processor of 32 bits and for its successor of 64."""
_WORDS_OF_LETTERS = (
    *("arm", "mips", "mipsle", "mipsel", "wasm", "ppc", "powerpc"),
    *("armhf", "armel", "armhfp", "armeabi"),
)
ARCHES = MappingProxyType(
    {
        word: (1 if word in VAGUE or word == "x32" else 2, arch)
        for arch, aliases in ALIASES.items()
        for word in (arch, *aliases)
        if (word.isalnum() and not word.isalpha()) or word in _WORDS_OF_LETTERS
    }
    | {"w64": (0, "amd64"), "woa64": (2, "arm64"), "woa": (1, "arm64")}
    | {"gnux32": (2, "amd64p32"), "ilp32": (2, "arm64p32")}
    | {"aarch64be": (2, "arm64be"), "arm64be": (2, "arm64be"), "armeb": (2, "armbe")}
)
"""(strength, Go's word) by the word in a name: 2 names one architecture, 1 yields to those, and 0
yields to any other."""

BIT_WIDTHS = MappingProxyType(
    {"64bit": "amd64", "32bit": "386", "64": "amd64", "32": "386", "amd": "amd64"}
)
"""Words that say a width of addresses: of the usual processor, where no other is named."""

TAKES_BIT_WIDTH = frozenset(
    (
        *("linux", "windows", "win", "macos", "macosx", "osx", "mac", "darwin", "msvc", "mingw"),
        *("freebsd", "openbsd", "netbsd", "win7", "win10", "new", "newer", "old", "older", "intel"),
    )
)
"""Words behind which a bare 64 or 32 is a width: not ``fedora-32``, which is a version."""
ARM32_ABIS = frozenset(("gnueabi", "gnueabihf", "musleabi", "musleabihf", "androideabi"))
"""Words for an ABI of 32-bit ARM."""

LIBCS = MappingProxyType(
    dict.fromkeys(
        (
            *("musl", "musleabi", "musleabihf", "muslabi64", "muslabin32", "muslsf"),
            *("musllinux", "alpine"),
        ),
        "musl",
    )
    | dict.fromkeys(
        (
            *("gnu", "gnueabi", "gnueabihf", "gnuabi64", "gnuabin32", "gnux32", "gnusf", "gnuasan"),
            *("glibc", "manylinux"),
        ),
        "gnu",
    )
)
EVERY_ARCH = frozenset(("universal", "universal2", "universal64", "all", "noarch", "any", "fat"))
FILLERS = (
    *("static", "bit", "any", "all", "universal", "hf", "el", "v7a", "v8a", "r2", "r6", "intel"),
    *("new", "newer", "old", "older", "exe"),
)
"""What may be glued to the words above without changing what they say."""

_SPELLINGS = {
    "x8664": r"x86[-_. ]?64|(?<![a-z0-9])x86[-_]x64",
    "amd64": r"(?<![a-z0-9])(?:amd|intel)[-_]64",
    "i386": r"(?<![a-z0-9])x86[-_]32",
    "arm64": r"(?<![a-z0-9])a(?:arch|rm)[-_]64",
    "aarch64be": r"(?<![a-z0-9])a(?:arch|rm)64[-_]?be(?![a-z0-9])",
    "armv8": r"(?<![a-z0-9])arm[-_]?v?8(?!\.?[0-9])",
    "armv7": r"(?<![a-z0-9])arm[-_]?v?7(?!\.?[0-9])",
    "armv6": r"(?<![a-z0-9])arm[-_]?v?6(?!\.?[0-9])",
    "armv5": r"(?<![a-z0-9])arm[-_]?v?5(?!\.?[0-9])",
    "ppc64le": r"(?<![a-z0-9])ppcle[-_]64",
    "s390x": r"(?<![a-z0-9])s390[-_]64",
    "ppc64": r"(?<![a-z0-9])p(?:ower)?pc[-_]64(?![0-9a-z])",
    "64bit": r"(?<![a-z0-9])64(?:[-_ ]?bits?(?![a-z])|(?=[-_](?:linux|windows|darwin|macos)))",
    "32bit": r"(?<![a-z0-9])32(?:[-_ ]?bits?(?![a-z])|(?=[-_](?:linux|windows|darwin|macos)))",
    "darwin-arm64": r"(?<![a-z0-9])apple[-_]?silicon",
    "macos": r"(?<![a-z0-9])mac[-_]os(?![a-z])",
    "osx": r"(?<![a-z0-9])os[-_]x(?![a-z])",
}
_SPELLING = re.compile(
    "|".join(f"({pattern})" for pattern in _SPELLINGS.values()), re.IGNORECASE | re.ASCII
)
_PLAIN = tuple(_SPELLINGS)


def plainly_spelled(name: str) -> str:
    """The name, with one spelling for words that are written with and without a mark inside."""
    return _SPELLING.sub(lambda match: f"-{_PLAIN[(match.lastindex or 1) - 1]}", name)
