"""What a file's name claims: a promise, never a verdict."""

from dataclasses import dataclass

from explorer.facts import MISSING, Fact, Unknown


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform that a name claims.

    os and arch in Go's words: ``linux``, ``darwin``, ``windows`` …; ``amd64``, ``arm64``,
    ``386``, ``arm``, ``riscv64`` …; libc: ``musl`` or ``gnu`` if the name says so.
    """

    os: Fact[str]
    arch: Fact[str]
    libc: Fact[str]
    is_loose: bool = False
    """Whether the word for ``arch`` often stands for its 64-bit sibling, as ``x86`` and ``arm``."""

    @property
    def slug(self) -> str:
        """``linux-arm64``, ``musl-amd64``, ``linux``; ``?`` if the name says nothing."""
        os = None if isinstance(self.os, MISSING) else self.os
        arch = None if isinstance(self.arch, MISSING) else self.arch
        first = "musl" if self.libc == "musl" else os
        return "-".join(part for part in (first, arch) if part) or "?"


NOT_SAID = Unknown("the name does not say")
NO_PLATFORM = Platform(NOT_SAID, NOT_SAID, NOT_SAID)


@dataclass(frozen=True, slots=True)
class ParsedName:
    """What a name claims."""

    platform: Platform
    archive: str
    """``tar.gz``, ``tar.xz``, ``tar.bz2``, ``tar.zst``, ``zip``, ``deb``, ``gz``, or ``raw``."""
    about: bool = False
    """A checksum, a signature, a text: a file about other files, which runs nowhere."""
    package: bool = False
    """A package or an installer of a system's own package manager."""
