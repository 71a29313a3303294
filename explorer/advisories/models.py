"""Advisories, and what they mean for one program."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from explorer.facts import Fact


class AdvisoryStatus(StrEnum):
    """What is known of an advisory that concerns a module of the program, worst first."""

    AFFECTED = "affected"
    """A vulnerable function is in the program."""
    MODULE_LEVEL = "module-level"
    """A vulnerable version is linked; nothing tells whether its vulnerable part is."""
    NOT_CALLED = "not-called"
    """A vulnerable package is linked, none of its vulnerable functions is."""
    NOT_PRESENT = "not-present"
    """No vulnerable package is linked."""


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions from ``introduced`` up to, but not including, ``fixed``. ``0`` is the first."""

    introduced: str
    fixed: str
    """Empty where no fix was published."""


@dataclass(frozen=True, slots=True)
class AffectedPackage:
    """A package of a module, and the functions of it that are vulnerable."""

    path: str
    symbols: frozenset[str]
    """``Client.Do``; empty: all of them."""
    goos: frozenset[str]
    goarch: frozenset[str]
    """Empty: every system, every architecture."""


@dataclass(frozen=True, slots=True)
class AffectedModule:
    """A module of an advisory."""

    path: str
    """``stdlib`` is Go's own library, ``toolchain`` its compiler and tools."""
    ranges: tuple[VersionRange, ...]
    packages: tuple[AffectedPackage, ...]
    """Empty where the advisory names none."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One entry of the database, in OSV's words. All of its texts are untrusted."""

    id: str
    """``GO-2024-2687``."""
    aliases: tuple[str, ...]
    """``CVE-…``, ``GHSA-…``."""
    summary: str
    modules: tuple[AffectedModule, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://pkg.go.dev/vuln/{quote(self.id)}"


@dataclass(frozen=True, slots=True)
class AdvisoryMatch:
    """An advisory that concerns a module of a program at its version."""

    advisory: Advisory
    status: AdvisoryStatus
    module: str
    version: str
    """As the program was built with; without the leading ``v`` or ``go``."""
    fixed: str
    """The first version without it; empty if no version is fixed."""
    symbols: tuple[str, ...]
    """Vulnerable functions that are in the program, with their packages."""
    why: Fact[str]
    """One sentence on the status."""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """What is needed of a program: its modules, its platform, its functions."""

    modules: Mapping[str, str]
    """Module path → version. A replaced module stands under the path that replaced it."""
    go: str
    """``go1.26.4``."""
    goos: str
    goarch: str
    """Empty where the build info does not say."""
    symbols: Fact[Mapping[str, frozenset[str]]]
    """Package path → its functions. Unknown where the table of functions cannot be read."""
