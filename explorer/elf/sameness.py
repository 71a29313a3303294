"""How far two files are the same program, and what each differing range of bytes is."""

from dataclasses import dataclass
from enum import StrEnum


class DifferenceKind(StrEnum):
    """What a differing range belongs to."""

    GO_BUILD_ID = "go-build-id"
    GNU_BUILD_ID = "gnu-build-id"
    DEBUG_LINK = "debug-link"
    """The checksum of a separate file with debug information."""
    LINK_STRING = "link-string"
    """A Go string that was set when the program was linked (``-X``)."""
    BUILD_INFO = "build-info"
    """Go's build info, in which only ``-X`` values, the commit or the main version differ."""
    TIMESTAMP = "timestamp"
    """A date or a time in read-only data, as ``__DATE__`` and ``__TIME__`` give."""
    OTHER = "other"


class Sameness(StrEnum):
    """How far two files are the same program."""

    IDENTICAL = "identical"
    """Bit for bit."""
    BUILD_TIME = "build-time"
    """Only build ids and the time of the build differ."""
    STAMPED = "stamped"
    """The code is the same; values that were set when it was linked differ, such as a version."""
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class DifferingRange:
    """Bytes that differ. Texts are untrusted."""

    kind: DifferenceKind
    offset: int
    size: int
    """Bytes from the first to the last differing one."""
    changed: int
    """How many of them differ."""
    place: str
    """The section, or ``segment N`` or ``no section``."""
    before: str = ""
    after: str = ""
    """What both files have there, in words; empty if it is not text."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Two files of the same size held against each other, or why that is not possible."""

    sameness: Sameness
    ranges: tuple[DifferingRange, ...]
    """In the file's order; only the first if there are very many."""
    count: int
    """How many ranges there are."""
    changed: int
    """How many bytes differ."""
    why: str
    """A sentence about what decided. Untrusted."""
