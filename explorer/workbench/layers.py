"""Archives in archives: a file, and what is looked into in it for a program."""

from __future__ import annotations

from dataclasses import dataclass, replace

from explorer.workbench.asked import wanted_platform
from explorer.workbench.models import Subject
from explorer.workbench.program_choice import ProgramChooser, expected_program

DEPTH = 3
"""Files that are opened one in the other: the asset itself, and two archives in it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A file, or an archive in it, in which a program is looked for."""

    subject: Subject
    """Its member is what this layer is asked for: ``MEMBER``, or ``MEMBER#MEMBER``."""
    names: tuple[str, ...]
    """The file's own name, and those of the archives in it down to this one. Untrusted."""

    @property
    def name(self) -> str:
        return self.names[-1]

    @property
    def path(self) -> str:
        """``FILE#MEMBER``, as a user names it."""
        return "#".join(self.names)

    @property
    def is_last(self) -> bool:
        """Whether archives in this one are not opened any more."""
        return len(self.names) >= DEPTH

    def inner(self, name: str, asked: str) -> Layer:
        """The layer of an archive in this one; ``asked`` is the member wanted of it."""
        return Layer(replace(self.subject, member=asked), (*self.names, name))

    def chooser(self) -> ProgramChooser:
        """What to look for here."""
        asset = self.subject.asset
        expected = expected_program(
            self.names,
            wanted_platform(self.subject, self.names[1:]),
            member=self.subject.member,
            required=expected_names(self.subject),
            project=asset.repo.rpartition("/")[2] if asset else "",
        )
        return ProgramChooser(expected)


def layer_of(subject: Subject, name: str) -> Layer:
    """The file of a subject, which is called ``name``."""
    return Layer(subject, (name,))


def expected_names(subject: Subject) -> tuple[str, ...]:
    """The base names of which the program must have one; empty if any name will do."""
    if subject.asset is None:
        return ()
    programs = subject.asset.kind.programs
    return (*programs, *(f"{program}.exe" for program in programs))
