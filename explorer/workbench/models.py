"""What the rooms say about one file, put together for the faces."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.archive import ArchiveListing, Member
from explorer.compat import Verdict
from explorer.elf import Binary, FileFormat
from explorer.facts import Fact, NotApplicable
from explorer.fetch import Check, Download, Traffic
from explorer.releases import Asset, AssetKind, Platform, Release

if TYPE_CHECKING:
    from explorer.verify import Proof


@dataclass(frozen=True, slots=True)
class Subject:
    """A file as a user names it: an asset or a local file, and optionally a member inside it."""

    name: str
    """``TAG/ASSET``, ``TAG/ASSET#MEMBER``, or a path as it was given. Untrusted."""
    asset: Asset | None
    """None for a local file."""
    release: Release | None
    path: Path | None
    """The local file or archive; None if it has to be downloaded."""
    member: str = ""
    """A member's name; empty: the program that a user would mean."""
    platform: Platform | None = None
    """The platform asked for; None: the one that the file's name claims."""

    @property
    def about(self) -> AssetKind | None:
        """The kind of a file that runs nowhere, as its name says; None for any other file."""
        from explorer.releases import Role, general_kind, parse_asset_name

        if self.asset is not None:
            return self.asset.kind if self.asset.runs_nowhere else None
        if self.path is None or self.member:
            return None
        kind = general_kind(self.path.name, parse_asset_name(self.path.name))
        return kind if kind.role is Role.ABOUT else None

    @property
    def stand_in(self) -> bool:
        """Whether it is a demo binary, built for rr-explorer."""
        return self.asset is not None and self.asset.stand_in


class Depth(Enum):
    """How much of a file a look has to read."""

    VERDICT = auto()
    """As little as a verdict needs: a record, else the file on disk, else its first bytes."""
    AVAILABLE = auto()
    """All of the file if it is on disk; else all that its first bytes tell, which a record has
    not kept."""
    WHOLE = auto()
    """All of the file, downloaded if need be."""


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A subject whose bytes are on disk: a local file, or a verified download."""

    subject: Subject
    path: Path
    """The file or archive, whole."""
    download: Download | None
    """None for a local file."""

    @property
    def name(self) -> str:
        """The asset's name, which tells how it is packed, or the local file's. Untrusted."""
        return self.subject.asset.name if self.subject.asset else self.path.name

    @property
    def check(self) -> Fact[Check]:
        """The bytes against the API's digest; NotApplicable for a local file."""
        if self.download is not None:
            return self.download.check
        stand_in = self.subject.stand_in
        return NotApplicable("a stand-in shipped with rr-explorer" if stand_in else "a local file")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The binary itself: the member, or the raw file."""

    name: str
    size: Fact[int]
    """Bytes."""
    sha256: Fact[str]


@dataclass(frozen=True, slots=True)
class Holder:
    """An archive on disk: an asset, a local file, or an archive in one of these."""

    path: Path
    name: str
    """Tells how it is packed. Untrusted."""
    sha256: str


NO_PROGRAMS = frozenset({FileFormat.DATA, FileFormat.EMPTY, FileFormat.UNSEEN})
"""Formats of a file whose content does not contradict a name such as ``checksums.txt``."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A binary: what it is, what is predicted, and what was proved."""

    subject: Subject
    file: FileFacts
    path: Path | None
    """The binary on disk, whole; None after a peek."""
    asset_path: Path | None
    """The asset or local file it came from; ``path`` itself for a raw file; None after a peek."""
    check: Fact[Check]
    """The asset's bytes against the API's digest.

    NotApplicable for local files, Unknown after a peek.
    """
    asset_sha256: Fact[str]
    """Of the asset or local file; the same as the binary's for a raw file; Unknown after a peek."""
    listing: Fact[ArchiveListing]
    """NotApplicable for a raw file."""
    member: Fact[Member]
    binary: Binary
    verdicts: tuple[Verdict, ...]
    """In the order of the targets; empty for a file about files, which runs nowhere."""
    traffic: Fact[Traffic] = field(default_factory=lambda: NotApplicable("not a peek"))
    proofs: tuple[Proof, ...] = ()
    """Newest first."""
    changed: str = ""
    """A sentence if the whole file gets another answer than its peek did; else empty."""
    others: tuple[str, ...] = ()
    """The names of other programs in the archive, which the answer is not about. Untrusted."""
    inside: tuple[str, ...] = ()
    """The archives in the file that the program is in, the outermost first. Untrusted."""
    holder: Holder | None = None
    """What holds the program, if that is an archive in the file; None after a peek, too."""
    recorded: bool = False
    """Whether it is what a record keeps: no tables, names or notes, and of Go's build info neither
    dependencies nor all settings."""

    @property
    def about(self) -> AssetKind | None:
        """The kind of a file about files, by its name and content; None: it may be a program."""
        return self.subject.about if self.binary.format in NO_PROGRAMS else None


@dataclass(frozen=True, slots=True)
class ProofOptions:
    """What a user chose for one proof; empty fields fall back to the settings."""

    image: str = ""
    engine: str = ""
    argv: tuple[str, ...] = ()
    """What to run; ``{}`` stands for the binary. Empty: what ``prove.usual_command`` gives."""
    on: str = ""
    """The target whose verdict the proof is compared with; empty: the one that fits the image."""
    seconds: float = 0.0
    """Time limit of the run."""
    pull: bool = True
    """Whether an image that is missing may be pulled."""
    deep: bool = False
    """Whether the steps of the project's profile are done, too."""


@dataclass(frozen=True, slots=True)
class GetResult:
    """What ``get`` wrote."""

    directory: Path
    files: tuple[Path, ...]
    binary: Path | None
    """The one marked executable."""
    download: Download | None
    """None for a local archive."""


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``doctor``."""

    subject: str
    health: Health
    text: str
    remedy: str = ""
    pulls: str = ""
    """The platform, such as ``linux/arm64``, for which the image of proofs is missing and can be
    pulled; else empty."""
