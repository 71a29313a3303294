"""What the first frame does without: ``report`` and ``workbench``, imported when something of them is first used.

Their models are some seventy slotted dataclasses, which take 0.1 s to make, a third of what a bare Textual app needs until
it has drawn its first frame. The app imports them in a thread while that frame is already on the screen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any


class Late:
    """A module that is imported on first use of one of its names."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


def load() -> None:
    """Import them now. For a thread."""
    importlib.import_module("explorer.report")
    importlib.import_module("explorer.workbench")


if TYPE_CHECKING:
    from explorer import report, workbench
else:
    report, workbench = Late("explorer.report"), Late("explorer.workbench")

__all__ = ["load", "report", "workbench"]
