"""What a rule looks at: a binary's facts, a target's data, the libraries in between.

A fact that is not known raises ``NeedsMoreError``; the judge turns that into a reason with the answer ``unknown``. So a
rule that answers at all answered from known facts, and a verdict from a prefix cannot differ from the whole file's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from explorer.compat import dependencies
from explorer.compat.dependencies import Closure
from explorer.compat.loaders import Presence, compat_layer, presence, whose
from explorer.compat.models import Libc, Surroundings, Target
from explorer.compat.symbols import Symbols, unresolved
from explorer.elf import Binary, Dynamic, Elf, FileFormat, GoBuild, Linkage, Linking, Segment
from explorer.facts import Fact, NotApplicable, Unknown

T = TypeVar("T")


class NeedsMoreError(Exception):
    """A rule needs a fact that is not known here. Never leaves this room."""

    def __init__(self, fact: Unknown, what: str) -> None:
        super().__init__(fact.why)
        self.fact = fact
        self.what = what
        """What is not known, in words: ``the dynamic section``."""


def need(fact: Fact[T], what: str) -> T | None:
    """The value of a fact; None where it is not applicable.

    Raises:
        NeedsMoreError: it is not known.
    """
    if isinstance(fact, Unknown):
        raise NeedsMoreError(fact, what)
    return None if isinstance(fact, NotApplicable) else fact


class Context:
    """A binary, a target and what lies around. Properties raise ``NeedsMoreError`` for facts that are not known."""

    def __init__(
        self, binary: Binary, target: Target, surroundings: Surroundings | None = None
    ) -> None:
        """``target.arch`` is filled in, or empty for a file without an architecture."""
        self.binary = binary
        self.target = target
        self.surroundings = surroundings

    @cached_property
    def elf(self) -> Elf | None:
        """None for what is no ELF file."""
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
        """Go's build info where it is known: for words that explain, never for an answer."""
        fact = self.elf.go if self.elf else None
        return fact if isinstance(fact, GoBuild) else None

    @property
    def dynamic_program(self) -> bool:
        """It has an interpreter: its libraries and symbols matter. Told by PT_INTERP, which comes before all else."""
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
        """The loader is there, if need be for a program that is started with / as its folder."""
        return self.loader in (Presence.THERE, Presence.FROM_ROOT)

    @property
    def layer(self) -> str:
        """``gcompat`` or ``loader-symlink`` where this program would start through it, else empty."""
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
        """The libraries it would be started with; raises where its own dynamic section is not known."""
        self.dynamic  # noqa: B018  raises where it is not known
        return dependencies.closure(self.binary, self.target, self.surroundings)

    @cached_property
    def symbols(self) -> Symbols:
        """What nothing in the target provides; raises where its own or a neighbour's symbols are not known."""
        self.linking  # noqa: B018  raises where it is not known
        if self.closure.incomplete is not None:
            raise NeedsMoreError(self.closure.incomplete, "a library's facts")
        return unresolved(self.binary, self.target, self.closure, gcompat=self.layer == "gcompat")

    def segment(self, kind: str) -> Segment | None:
        """The first program header of a type."""
        return next((segment for segment in self.segments if segment.type == kind), None)

    def interp_evidence(self) -> str:
        """``PT_INTERP at 0x238: /lib/ld-linux-aarch64.so.1``."""
        segment = self.segment("INTERP")
        where = f" at {segment.offset:#x}" if segment else ""
        return f"PT_INTERP{where}: {self.interpreter}"
