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
    may_be: tuple[str, ...] = ()
    """The architectures that a vague word leaves open, the word's own one first: ``arm`` is used
    for 32 and 64 bits. ``arch`` is then Unknown."""

    @property
    def slug(self) -> str:
        """``linux-arm64``, ``musl-amd64``, ``linux``; ``?`` if the name says nothing.

        A vague word is followed by a question mark: ``linux-arm?``, ``linux-x86?``.
        """
        arch = "" if isinstance(self.arch, MISSING) else self.arch
        if self.may_be:
            arch = f"{'x86' if self.may_be[0] == '386' else self.may_be[0]}?"
        return self._slug(arch) or "?"

    def fits(self, slug: str) -> bool:
        """Whether the file may be for the platform of this slug, as far as the name says."""
        return slug == self.slug or slug in map(self._slug, self.may_be)

    def _slug(self, arch: str) -> str:
        os = "" if isinstance(self.os, MISSING) else self.os
        first = "musl" if self.libc == "musl" else os
        return "-".join(part for part in (first, arch) if part)


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
