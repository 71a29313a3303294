"""Lines to paste, as a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to paste."""

    key: str
    """``dockerfile``, ``shell``, ``build-go``, ``build-buildx``, ``build-actions``."""
    title: str
    language: str
    """For a code fence: ``dockerfile``, ``sh``, ``yaml``."""
    text: str
    note: str = ""
    """What it needs or does not prove, in sentences."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The text's lines, without an empty one at the end."""
        return tuple(self.text.rstrip("\n").split("\n"))
