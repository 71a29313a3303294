"""Will it run there? Targets and rules as data, verdicts with reasons."""

from typing import TYPE_CHECKING

from explorer.compat.models import (
    Answer,
    Dependency,
    DependencyCheck,
    Libc,
    Reason,
    Rule,
    Surroundings,
    Target,
    Verdict,
    Where,
)

if TYPE_CHECKING:
    from explorer.compat.judging import judge, rules
    from explorer.compat.targets import default_target, find_target, target_for_image, targets

_LAZY = {
    "judge": "judging",
    "rules": "judging",
    "default_target": "catalogue",
    "find_target": "catalogue",
    "target_for_image": "catalogue",
    "targets": "catalogue",
}


def __getattr__(name: str) -> object:
    """Load a heavy name on first use: the rules and the targets' data cost a few milliseconds that a first screen can save."""
    from importlib import import_module

    if name in _LAZY:
        return getattr(import_module(f"explorer.compat.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Answer",
    "Dependency",
    "DependencyCheck",
    "Libc",
    "Reason",
    "Rule",
    "Surroundings",
    "Target",
    "Verdict",
    "Where",
    "default_target",
    "find_target",
    "judge",
    "rules",
    "target_for_image",
    "targets",
]
