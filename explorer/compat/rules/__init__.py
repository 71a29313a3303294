"""The rules, by step. Importing this package registers them all."""

from explorer.compat.rules import (
    advice,
    file,
    kernel,
    libraries,
    linkage,
    packed,
    payload,
    symbols,
    versions,
)
from explorer.compat.rules.registry import Match, RuleEntry, entries

__all__ = [
    "Match",
    "RuleEntry",
    "advice",
    "entries",
    "file",
    "kernel",
    "libraries",
    "linkage",
    "packed",
    "payload",
    "symbols",
    "versions",
]
