"""The procedure, rule by rule. Importing it registers them all."""

from explorer.compat.procedure import advice, file, libraries, linkage, symbols
from explorer.compat.procedure.registry import Entry, Seen, entries

__all__ = ["Entry", "Seen", "advice", "entries", "file", "libraries", "linkage", "symbols"]
