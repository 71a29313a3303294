"""What both faces draw: cells, columns and rows of safe text, with meanings instead of colours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from explorer.report.text import visible

Style = Literal["", "good", "warn", "bad", "unknown", "dim", "strong", "accent", "code"]
"""What a text means. Each face has its own colours for it; colour is never the only cue."""
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of text to draw. Its text is visible and harmless, whatever it is made from."""

    text: str
    style: Style = ""
    align: Align = "left"
    sort: float | str | None = field(default=None, compare=False)
    """What to sort by if it is not the text: bytes of a size, seconds of a date."""
    short: str = ""
    """The form for a narrow column; empty: the text, cut."""
    wide: bool = False
    """Whether it runs on over the empty cells to its right, and widens no column."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))
        object.__setattr__(self, "short", visible(self.short))

    @classmethod
    def of(cls, untrusted: object, style: Style = "", align: Align = "left") -> Cell:
        """A cell of any object's text."""
        return cls(str(untrusted), style, align)

    @property
    def sort_key(self) -> tuple[int, float, tuple[str, ...]]:
        """Numbers first, then text (v2 before v10), then what is unknown or empty."""
        if self.sort is not None and not isinstance(self.sort, str):
            return (0, float(self.sort), ())
        text = self.sort if isinstance(self.sort, str) else self.text
        if not text or self.style == "unknown":
            return (2, 0.0, (text,))
        parts = re.split(r"([0-9]+)", text.casefold())
        return (1, 0.0, tuple(part.zfill(20) if part.isdigit() else part for part in parts))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, the same in both faces."""

    key: str
    title: str
    align: Align = "left"
    width: int = 0
    """Preferred width in cells; 0: as wide as its content."""
    grows: bool = False
    """Whether it takes the room that is left, and is the first to be cut."""
    names_row: bool = False
    """Whether it says which row it is: it is cut last, and never left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cell for each column, and a key that stays the same between two refreshes."""

    key: str
    cells: tuple[Cell, ...]
    depth: int = 0
    """Level in a tree; 0 for tables."""


@dataclass(frozen=True, slots=True)
class Banner:
    """The verdict in words, for the top of a screen."""

    headline: Cell
    """``✓ YES, runs on musl 1.2.5 (Alpine 3.22), arm64``."""
    because: Cell
    """The deciding reason's sentence."""
    evidence: Cell
    remedy: Cell
    """What to do; empty where nothing has to be done."""
    proof: Cell
    """The newest proof, or that the file was not verified."""
    notes: tuple[Cell, ...]
    """A stand-in, an answer that changed, a proof that disagrees, what a peek transferred."""
    ways: tuple[int, ...] = ()
    """Where the remedy may be cut: the lengths at which one way out ends and another follows."""


EMPTY = Cell("")
