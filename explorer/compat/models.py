"""Targets, reasons and verdicts. A verdict is predicted, never observed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from explorer.elf import Binary
from explorer.facts import Fact


class Answer(StrEnum):
    """In the order from best to worst; a verdict's answer is its worst reason's."""

    YES = "yes"
    YES_IF = "yes-if"
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
    """In Go's words; empty: the binary's own."""
    packages: frozenset[str]
    """What is installed beyond the libc: ``libgcc``, ``libstdc++``, ``gcompat`` …"""
    image: str
    """The image a proof would take, e.g. ``alpine:3.22``; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as ``rr-explorer rules`` lists it."""

    code: str
    step: int
    """0–8: the step of the procedure it belongs to."""
    answer: Answer
    """What it makes of the verdict when it applies."""
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
    """Where in the file it is seen: ``PT_INTERP at 0x238: /lib/ld-linux-aarch64.so.1``. Quotes the file: untrusted."""
    remedy: str
    """What to do about it; empty where nothing has to be done."""
    advice: bool = False
    """True: worth knowing, does not change the answer (step 8)."""
    short: str = ""
    """A few words for a table cell: ``needs glibc's loader``. May quote the file: untrusted."""


class Surroundings(Protocol):
    """What lies around a binary: the folder of a local file, or the members of its archive."""

    @property
    def origin(self) -> str:
        """POSIX folder of the binary in that tree; empty for the top. What $ORIGIN stands for."""

    def read(self, path: str) -> Binary | None:
        """The file at a normalised POSIX path of the tree, read to ``Scope.LINKAGE`` or more; None where there is none.

        Raises nothing for a file that is no ELF: that is a ``Binary`` too.
        """


class Where(StrEnum):
    """What became of a needed library."""

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
    """The target's data do not say whether it is there."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One node of the tree of libraries."""

    name: str
    needed_by: str
    where: Where
    path: str
    """Where it would be found in the target, empty where it would not."""
    searched: tuple[str, ...]
    """Directories looked at, in order."""
    children: tuple["Dependency", ...] = ()


@dataclass(frozen=True, slots=True)
class DependencyCheck:
    """The libraries and symbols of a dynamic program against one target."""

    interpreter: Fact[str]
    libraries: tuple[Dependency, ...]
    missing_libraries: tuple[str, ...]
    missing_symbols: Fact[tuple[str, ...]]
    """Symbols nothing in the target provides, sorted; Unknown where the closure is not complete."""
    newest_glibc: Fact[str]
    """``2.34``: the newest GLIBC_x.y asked for; NotApplicable where none is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The prediction for one binary on one target."""

    target: Target
    """With ``arch`` filled in."""
    answer: Answer
    deciding: Reason
    """The reason that decides, the first of the worst ones."""
    reasons: tuple[Reason, ...]
    """All that apply, worst first, advice last."""
    dependencies: Fact[DependencyCheck]
    """NotApplicable for static programs."""
