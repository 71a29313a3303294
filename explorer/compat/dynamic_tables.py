"""Whether a dynamic section agrees with itself: what loaders rely on without a check.

Sources: gABI chapter 5, "Dynamic Section" (which entries require which); the LSB for symbol
versions; glibc's ``elf_get_dynamic_info`` and musl's ``decode_dyn`` for what is read unchecked.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from explorer.elf import Dynamic, Segment

_TOGETHER = (
    ("RELA", "RELASZ", "RELAENT"),
    ("REL", "RELSZ", "RELENT"),
    ("RELR", "RELRSZ", "RELRENT"),
    ("JMPREL", "PLTRELSZ", "PLTREL"),
    ("VERNEED", "VERNEEDNUM"),
    ("VERDEF", "VERDEFNUM"),
    ("SYMTAB", "SYMENT"),
    ("STRTAB", "STRSZ"),
)
"""A table's address and its size, or what else says how to read it: all of them, or none of the
first two."""
_SIZES = {
    "RELA": "RELASZ",
    "REL": "RELSZ",
    "RELR": "RELRSZ",
    "JMPREL": "PLTRELSZ",
    "STRTAB": "STRSZ",
}
_NEEDS = (("VERNEED", "VERSYM"), ("SYMTAB", "STRTAB"), ("RELA", "SYMTAB"), ("JMPREL", "SYMTAB"))
_ADDRESSES = (
    "STRTAB",
    "SYMTAB",
    "HASH",
    "GNU_HASH",
    "RELA",
    "REL",
    "RELR",
    "JMPREL",
    "VERSYM",
    "VERNEED",
    "VERDEF",
)
_ENTRY_SIZES = {
    64: {"RELAENT": 24, "RELENT": 16, "RELRENT": 8, "SYMENT": 24},
    32: {"RELAENT": 12, "RELENT": 8, "RELRENT": 4, "SYMENT": 16},
}
_PLTREL = (7, 17)
"""DT_RELA and DT_REL: of which kind the relocations of DT_JMPREL are."""


def contradiction(dynamic: Dynamic, segments: Sequence[Segment], bits: int) -> str:
    """What in a dynamic section cannot be true, as evidence; empty where nothing is seen.

    A table without any entries may be anywhere: linkers write that.

    Args:
        bits: 32 or 64.
    """
    values = {entry.tag: entry.value for entry in dynamic.entries}
    loads = [segment for segment in segments if segment.type == "LOAD"]
    seen = itertools.chain(_lacking(values), _wrong_sizes(values, bits), _unmapped(values, loads))
    return next(seen, "")


def _lacking(values: Mapping[str, int]) -> Iterator[str]:
    for group in _TOGETHER:
        there = [tag for tag in group[:2] if tag in values]
        lacking = [tag for tag in group if tag not in values]
        if there and lacking:
            yield f"DT_{there[0]} without DT_{lacking[0]}"
    for tag, needed in _NEEDS:
        if tag in values and needed not in values:
            yield f"DT_{tag} without DT_{needed}"


def _wrong_sizes(values: Mapping[str, int], bits: int) -> Iterator[str]:
    for tag, size in _ENTRY_SIZES[bits].items():
        if values.get(tag, size) != size:
            yield f"DT_{tag} is {values[tag]}, not {size}"
    if values.get("PLTREL", _PLTREL[0]) not in _PLTREL:
        yield f"DT_PLTREL is {values['PLTREL']:#x}, neither DT_RELA nor DT_REL"


def _unmapped(values: Mapping[str, int], loads: Sequence[Segment]) -> Iterator[str]:
    for tag in _ADDRESSES:
        if tag not in values:
            continue
        at, size = values[tag], values.get(_SIZES.get(tag, ""), 1)
        end = at + size
        mapped = at and any(load.vaddr <= at and end <= load.vaddr + load.memsz for load in loads)
        if size and not mapped:
            yield f"DT_{tag} from {at:#x} to {end:#x} is in no PT_LOAD"
