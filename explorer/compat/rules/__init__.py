"""The procedure, rule by rule. Importing it registers them all."""

from explorer.compat.rules import advice, file, libraries, linkage, packed, payload, symbols
from explorer.compat.rules.registry import Match, RuleEntry, entries

__all__ = [
    "Match",
    "RuleEntry",
    "advice",
    "entries",
    "file",
    "libraries",
    "linkage",
    "packed",
    "payload",
    "symbols",
]
