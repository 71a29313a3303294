"""``report``, two of its doors, and ``workbench``, imported when a name in them is first used.

The first frame does without them. The app imports them in a thread while that frame is already on
the screen, and then the screens that keys open. Modules that are part of the first frame import
them from here; every other module of the app imports them in the ordinary way.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_NAMES = (
    "explorer.report",
    "explorer.report.tables",
    "explorer.report.verdicts",
    "explorer.workbench",
)
_FIRST_USED = ("Workbench", "KnownFiles", "file_key")
"""Names of the workbench that the first list and its verdicts need."""
_SCREENS = (
    "explorer.tui.palette",
    *(f"explorer.tui.screens.{name}" for name in ("advice", "binary", "choose", "help", "matrix")),
)


class DeferredModule:
    """A module that is imported when one of its names is first used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


def load_deferred_modules() -> None:
    """Import them now. Blocking: call from a worker thread."""
    for name in _NAMES:
        importlib.import_module(name)
    for name in _FIRST_USED:  # the door of the workbench imports nothing by itself
        getattr(workbench, name)


def load_screens() -> None:
    """Import the screens that are opened most. Blocking: call from a worker thread."""
    for name in _SCREENS:
        importlib.import_module(name)


if TYPE_CHECKING:
    from explorer import report, workbench
    from explorer.report import tables, verdicts
else:
    report, tables, verdicts, workbench = map(DeferredModule, _NAMES)

__all__ = ["load_deferred_modules", "load_screens", "report", "tables", "verdicts", "workbench"]
