"""What a rule sees: a binary's facts, a target's data, and the libraries between them.

A fact that is not known raises ``NeedsMoreError``, which the judge turns into a reason with the
answer ``unknown``. A rule that gives an answer had known facts, so that a verdict from a prefix
cannot differ from that of the whole file.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from explorer.compat import dependencies
from explorer.compat.dependencies import Closure
from explorer.compat.loaders import Presence, compat_layer, presence, whose
from explorer.compat.models import Libc, Surroundings, Target
from explorer.compat.symbols import Symbols, unresolved, unresolved_on_glibc
from explorer.elf import Binary, Dynamic, Elf, FileFormat, GoBuild, Linkage, Linking, Segment
from explorer.facts import Fact, NotApplicable, Unknown

T = TypeVar("T")


class NeedsMoreError(Exception):
    """A rule needs a fact that is not known. Internal to this package."""

    def __init__(self, fact: Unknown, what: str) -> None:
        super().__init__(fact.why)
        self.fact = fact
        self.what = what
        """The fact's name, for a sentence: ``the dynamic section``."""


def need(fact: Fact[T], what: str) -> T | None:
    """The value of a fact; None where it is not applicable.

    Raises:
        NeedsMoreError: the fact is not known.
    """
    if isinstance(fact, Unknown):
        raise NeedsMoreError(fact, what)
    return None if isinstance(fact, NotApplicable) else fact


class Context:
    """A binary, a target and the binary's surroundings.

    Properties raise ``NeedsMoreError`` if the fact is not known.
    """

    def __init__(
        self, binary: Binary, target: Target, surroundings: Surroundings | None = None
    ) -> None:
        """``target.arch`` must be set; it is empty for a file without an architecture."""
        self.binary = binary
        self.target = target
        self.surroundings = surroundings

    @cached_property
    def elf(self) -> Elf | None:
        """None if the file is not ELF."""
        return (
            need(self.binary.elf, "the ELF header")
            if self.binary.format is FileFormat.ELF
            else None
        )

    @cached_property
    def linkage(self) -> Linkage | None:
        return need(self.elf.linkage, "how it is linked") if self.elf else None

    @cached_property
    def interpreter(self) -> str | None:
        return need(self.elf.interpreter, "the interpreter") if self.elf else None

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        return (need(self.elf.segments, "the program headers") if self.elf else None) or ()

    @cached_property
    def go(self) -> GoBuild | None:
        return need(self.elf.go, "Go's build info") if self.elf else None

    @cached_property
    def go_hint(self) -> GoBuild | None:
        """Go's build info if it is known: for explanations, never for an answer."""
        fact = self.elf.go if self.elf else None
        return fact if isinstance(fact, GoBuild) else None

    @property
    def dynamic_program(self) -> bool:
        """A program with an interpreter (PT_INTERP), whose libraries and symbols matter."""
        return (
            self.interpreter is not None
            and self.elf is not None
            and self.elf.header.type in ("EXEC", "DYN")
        )

    @cached_property
    def loader(self) -> Presence:
        """Whether the target has the loader that the program names."""
        if self.interpreter is None:
            return Presence.ABSENT
        return presence(self.interpreter, self.target)

    @property
    def loader_present(self) -> bool:
        """The target has the loader, perhaps only for a program that is started in /."""
        return self.loader in (Presence.THERE, Presence.FROM_ROOT)

    @property
    def layer(self) -> str:
        """``gcompat`` or ``loader-symlink`` if this program would start through it, else empty."""
        native = (
            self.target.libc is Libc.MUSL
            and self.interpreter is not None
            and whose(self.interpreter) is Libc.MUSL
        )
        return "" if native or not self.loader_present else compat_layer(self.target)

    @cached_property
    def dynamic(self) -> Dynamic | None:
        return need(self.elf.dynamic, "the dynamic section") if self.elf else None

    @cached_property
    def linking(self) -> Linking | None:
        return need(self.elf.linking, "its symbols and relocations") if self.elf else None

    @cached_property
    def closure(self) -> Closure:
        """The libraries that it would be started with."""
        self.dynamic  # noqa: B018 - raises if it is not known
        return dependencies.closure(self.binary, self.target, self.surroundings)

    @cached_property
    def symbols(self) -> Symbols:
        """The symbols that nothing in the target provides."""
        self.linking  # noqa: B018 - raises if it is not known
        if self.closure.incomplete is not None:
            raise NeedsMoreError(self.closure.incomplete, "a library's facts")
        return unresolved(self.binary, self.target, self.closure, gcompat=self.layer == "gcompat")

    @cached_property
    def glibc_symbols(self) -> Symbols | None:
        """The same on glibc; None where what the target's libraries define is not listed."""
        self.linking  # noqa: B018 - raises if it is not known
        if self.closure.incomplete is not None:
            raise NeedsMoreError(self.closure.incomplete, "a library's facts")
        return unresolved_on_glibc(self.binary, self.target, self.closure)

    def segment(self, kind: str) -> Segment | None:
        """The first program header of a type."""
        return next((segment for segment in self.segments if segment.type == kind), None)

    def interp_evidence(self) -> str:
        """``PT_INTERP at 0x238: /lib/ld-linux-aarch64.so.1``."""
        segment = self.segment("INTERP")
        where = f" at {segment.offset:#x}" if segment else ""
        return f"PT_INTERP{where}: {self.interpreter}"
