"""Will it run there? Targets and rules as data, verdicts with reasons."""

from explorer.compat.models import (
    Answer,
    Dependency,
    DependencyCheck,
    Libc,
    Reason,
    Rule,
    Target,
    Verdict,
    Where,
)

__all__ = [
    "Answer",
    "Dependency",
    "DependencyCheck",
    "Libc",
    "Reason",
    "Rule",
    "Target",
    "Verdict",
    "Where",
]
