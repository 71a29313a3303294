"""Targets, reasons and verdicts. A verdict is predicted, never observed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from explorer.elf import Binary
from explorer.facts import Fact


class Answer(StrEnum):
    """From best to worst; a verdict's answer is that of its worst reason."""

    YES = "yes"
    YES_IF = "yes-if"
    """It runs under a condition: packages to install, a kernel option, a working folder."""
    UNKNOWN = "unknown"
    NO = "no"

    @property
    def rank(self) -> int:
        """0 for yes … 3 for no."""
        return list(Answer).index(self)


class Libc(StrEnum):
    MUSL = "musl"
    GLIBC = "glibc"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a binary should run: data, shipped with the package."""

    name: str
    """What ``--on`` takes: ``alpine-3.22``, ``musl-1.2.5+gcompat``, ``scratch``, ``debian-12`` …"""
    title: str
    libc: Libc
    libc_version: str
    """``1.2.5``, ``2.36``; empty for scratch."""
    arch: str
    """As Go names it (GOARCH); empty: the binary's own."""
    packages: frozenset[str]
    """What is installed besides the libc: ``libgcc``, ``libstdc++``, ``gcompat`` …"""
    image: str
    """The image that a proof would use, e.g. ``alpine:3.22``; empty if none is known."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as ``rr-explorer rules`` lists it."""

    code: str
    step: int
    """0–8: the step at which it is applied."""
    answer: Answer
    """The answer it gives when it applies, unless its reason says otherwise."""
    title: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that applied."""

    code: str
    answer: Answer
    text: str
    """One sentence."""
    evidence: str
    """Where in the file: ``PT_INTERP at 0x238: /lib/ld-linux-aarch64.so.1``. Untrusted."""
    remedy: str
    """What to do about it; empty if there is nothing to do."""
    advice: bool = False
    """True: worth knowing, does not change the answer (step 8)."""
    short: str = ""
    """A few words for a table cell: ``needs glibc's loader``. Untrusted."""
    ways: tuple[int, ...] = ()
    """Where the remedy may be cut: the lengths at which one way out ends and another follows."""
    needs_file: bool = False
    """Whether it is unknown for no other reason than that the whole file was not read."""
    waits_for: str = ""
    """The facts that are not known yet, and why, for the sentence of another reason. Untrusted."""
    shortest: str = ""
    """Fewer words than ``short``, for a narrow cell; empty where it has none to spare."""


class Surroundings(Protocol):
    """The files around a binary: a local file's folder, or the members of its archive."""

    @property
    def origin(self) -> str:
        """The binary's folder in that tree, as a POSIX path: $ORIGIN. Empty for the top."""

    def read(self, path: str) -> Binary | None:
        """The file at a normalised POSIX path of the tree, read with ``Scope.LINKAGE`` or more.

        None if there is no such file. A file that is not ELF is a ``Binary`` too.
        """


class Where(StrEnum):
    """Where a needed library was found."""

    LOADER = "loader"
    """The loader provides it itself (libc, libpthread, libm …)."""
    IMAGE = "image"
    BESIDE = "beside"
    """Found beside the binary: a local folder or the archive, by $ORIGIN."""
    COMPAT = "compat"
    """Provided by a compatibility layer (gcompat)."""
    MISSING = "missing"
    UNUSABLE = "unusable"
    """The first file of the name, where the loader stops, is not a library for this program."""
    UNKNOWN = "unknown"
    """The target's data do not say whether it has the library."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One node of the tree of libraries."""

    name: str
    needed_by: str
    where: Where
    path: str
    """Its path in the target, or beside the binary; empty if it is not found."""
    searched: tuple[str, ...]
    """The folders searched, in order."""
    children: tuple["Dependency", ...] = ()


@dataclass(frozen=True, slots=True)
class DependencyCheck:
    """What a dynamic program needs, compared with one target."""

    interpreter: Fact[str]
    libraries: tuple[Dependency, ...]
    missing_libraries: tuple[str, ...]
    missing_symbols: Fact[tuple[str, ...]]
    """Symbols that nothing in the target provides, sorted; Unknown if a library is not known."""


PACKAGE_CODES = ("target.packages", "target.packages.unknown")
"""The reasons about what the target can install. They stand before the reasons they answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The prediction for one binary on one target."""

    target: Target
    """With ``arch`` set."""
    answer: Answer
    deciding: Reason
    """The first of the worst reasons."""
    reasons: tuple[Reason, ...]
    """All that apply, worst first, advice last."""
    dependencies: Fact[DependencyCheck]
    """NotApplicable for static programs."""
    newest_glibc: Fact[str]
    """``2.34``: the newest GLIBC_x.y needed; NotApplicable if none is, or if it is static."""
    packages: tuple[str, ...] = ()
    """The smallest set of packages that makes it run on the target (the answer is then ``yes-if``)
    or may do so (``unknown``). Empty if it needs none, or if none is known to help."""
    install: str = ""
    """The command that installs them: ``apk add gcompat libgcc``; empty without packages."""

    @property
    def unaided(self) -> Answer:
        """The answer for the target as it is named, with nothing installed: what a run shows."""
        answers = [r.answer for r in self.reasons if not r.advice and r.code not in PACKAGE_CODES]
        return max(answers, key=lambda answer: answer.rank, default=self.answer)
