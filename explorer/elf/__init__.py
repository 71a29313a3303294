"""What a binary really is: facts, no opinion."""

from typing import TYPE_CHECKING

from explorer.elf.models import (
    OTHER_MAGIC,
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
    MachoSlice,
    Note,
    PackedProgram,
    Payload,
    RelocationType,
    Scope,
    Section,
    Segment,
    Symbol,
    VersionNeed,
)
from explorer.elf.sameness import DifferenceKind, Differences, DifferingRange, Sameness
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.elf.differences import differences_of
    from explorer.elf.machines import arch_name, is_numbered
    from explorer.elf.payload import payload_manifest
    from explorer.elf.protections import Degree, Protection, hardening
    from explorer.elf.reader import read, with_tables
    from explorer.elf.stamps import link_values
    from explorer.elf.symboltable import SymbolTable, symbols

__getattr__ = lazy_exports(
    __name__,
    {
        "Degree": "protections",
        "differences_of": "differences",
        "link_values": "stamps",
        "Protection": "protections",
        "arch_name": "machines",
        "hardening": "protections",
        "is_numbered": "machines",
        "payload_manifest": "payload",
        "read": "reader",
        "with_tables": "reader",
        "symbols": "symboltable",
        "SymbolTable": "symboltable",
    },
)

__all__ = [
    "OTHER_MAGIC",
    "Binary",
    "Degree",
    "DifferenceKind",
    "Differences",
    "DifferingRange",
    "Dynamic",
    "DynamicEntry",
    "Elf",
    "FileFormat",
    "GoBuild",
    "GoModule",
    "Header",
    "Linkage",
    "Linking",
    "MachoSlice",
    "Note",
    "PackedProgram",
    "Payload",
    "Protection",
    "RelocationType",
    "Sameness",
    "Scope",
    "Section",
    "Segment",
    "Symbol",
    "SymbolTable",
    "VersionNeed",
    "arch_name",
    "differences_of",
    "hardening",
    "is_numbered",
    "link_values",
    "payload_manifest",
    "read",
    "symbols",
    "with_tables",
]
