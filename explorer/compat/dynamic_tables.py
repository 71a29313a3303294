"""Whether a dynamic section agrees with itself: what loaders rely on without a check.

Only what the loader in question reads counts: musl's knows its entries' sizes and ignores
DT_VERNEED, and none reads DT_STRSZ, DT_SYMENT or DT_VERNEEDNUM.

Sources: gABI chapter 5, "Dynamic Section" (which entries require which); glibc's
``elf_get_dynamic_info`` (elf/get-dynamic-info.h); musl's ``decode_dyn``, ``do_relocs`` and
``_dlstart_c`` (ldso/dynlink.c, ldso/dlstart.c).
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from explorer.compat.models import Libc
from explorer.elf import Dynamic, Segment

_SIZES = {"RELA": "RELASZ", "REL": "RELSZ", "RELR": "RELRSZ", "JMPREL": "PLTRELSZ"}
"""Tables of relocations, and the entries that hold their sizes in bytes."""
_STARTUP = ("RELA", "REL", "RELR")
"""All that the start-up code of a static position-independent program reads."""
_LOADER = (*_STARTUP, "JMPREL", "STRTAB", "SYMTAB", "GNU_HASH", "VERSYM")
_GLIBC = (*_LOADER, "VERNEED", "VERDEF")
_ENTRY_SIZES = {
    64: {"RELA": 24, "REL": 16, "RELR": 8},
    32: {"RELA": 12, "REL": 8, "RELR": 4},
}
_PLTREL = (7, 17)
"""DT_RELA and DT_REL: of which kind the relocations of DT_JMPREL are."""


def contradiction(dynamic: Dynamic, segments: Sequence[Segment], bits: int, loader: Libc) -> str:
    """What in a dynamic section cannot be true, as evidence; empty where nothing is seen.

    A table without any entries may be anywhere: linkers write that.

    Args:
        bits: 32 or 64.
        loader: whose loader reads it; NONE for a static program, which reads it itself.
    """
    values = {entry.tag: entry.value for entry in dynamic.entries}
    loads = [segment for segment in segments if segment.type == "LOAD"]
    if loader is Libc.NONE:
        return next(_of_tables(values, loads, _STARTUP), "")
    tables = _GLIBC if loader is Libc.GLIBC else _LOADER
    if "GNU_HASH" not in values:
        tables = (*tables, "HASH")
    seen = itertools.chain(_of_tables(values, loads, tables), _of_symbols(values))
    if loader is Libc.GLIBC:
        seen = itertools.chain(seen, _of_glibc(values, bits))
    return next(seen, "")


def _of_tables(
    values: Mapping[str, int], loads: Sequence[Segment], tables: Sequence[str]
) -> Iterator[str]:
    for tag in tables:
        size_tag = _SIZES.get(tag, "")
        if size_tag and (tag in values) != (size_tag in values):
            there, lacking = (tag, size_tag) if tag in values else (size_tag, tag)
            yield f"DT_{there} without DT_{lacking}"
        elif tag in values:
            at, size = values[tag], values.get(size_tag, 1)
            end = at + size
            mapped = any(load.vaddr <= at and end <= load.vaddr + load.memsz for load in loads)
            if size and not (at and mapped):
                yield f"DT_{tag} from {at:#x} to {end:#x} is in no PT_LOAD"


def _of_symbols(values: Mapping[str, int]) -> Iterator[str]:
    if "JMPREL" in values and values.get("PLTREL") not in _PLTREL:
        yield "DT_JMPREL, but no DT_PLTREL that says of which kind it is"
    if "SYMTAB" in values and "STRTAB" not in values:
        yield "DT_SYMTAB without DT_STRTAB"


def _of_glibc(values: Mapping[str, int], bits: int) -> Iterator[str]:
    for tag, size in _ENTRY_SIZES[bits].items():
        if tag in values and values.get(f"{tag}ENT") != size:
            yield f"DT_{tag} without a DT_{tag}ENT of {size}"
    if "VERNEED" in values and "VERSYM" not in values:
        yield "DT_VERNEED without DT_VERSYM"
    if "VERSYM" in values and not {"VERNEED", "VERDEF"} & values.keys():
        yield "DT_VERSYM without DT_VERNEED or DT_VERDEF"
