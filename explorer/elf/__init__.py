"""What a binary really is: facts, no opinion."""

from importlib import import_module
from typing import TYPE_CHECKING

from explorer.elf.models import (
    Binary,
    Dynamic,
    DynamicEntry,
    Elf,
    FileFormat,
    GoBuild,
    GoModule,
    Header,
    Linkage,
    Linking,
    Note,
    RelocationType,
    Scope,
    Section,
    Segment,
    Symbol,
    VersionNeed,
)

if TYPE_CHECKING:
    from explorer.elf.reader import read
    from explorer.elf.symboltable import SymbolTable, symbols

__all__ = [
    "Binary",
    "Dynamic",
    "DynamicEntry",
    "Elf",
    "FileFormat",
    "GoBuild",
    "GoModule",
    "Header",
    "Linkage",
    "Linking",
    "Note",
    "RelocationType",
    "Scope",
    "Section",
    "Segment",
    "Symbol",
    "SymbolTable",
    "VersionNeed",
    "read",
    "symbols",
]

_LAZY = {
    "read": "explorer.elf.reader",
    "symbols": "explorer.elf.symboltable",
    "SymbolTable": "explorer.elf.symboltable",
}


def __getattr__(name: str) -> object:
    """``read`` and ``symbols`` are loaded when first used: they need elftools."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
