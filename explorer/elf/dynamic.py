"""The dynamic section, read through PT_DYNAMIC and the PT_LOADs, never by section headers."""

from dataclasses import dataclass

from elftools.elf import enums

from explorer.elf import layout as shape
from explorer.elf.head import Head, RawSegment
from explorer.elf.memory import Memory
from explorer.elf.models import Dynamic, DynamicEntry
from explorer.elf.view import DamagedError, View, text
from explorer.facts import NotApplicable

MAX_ENTRIES = 4096
"""Debian's libraries have up to 60."""

MAX_STRINGS = 1 << 20
"""Bytes of all its strings: they may overlap, so that the size of the file does not limit them."""

NEEDED, PLTRELSZ, HASH, STRTAB, SYMTAB, RELA, RELASZ, STRSZ = 1, 2, 4, 5, 6, 7, 8, 10
SONAME, RPATH, REL, RELSZ, PLTREL, DEBUG, TEXTREL, JMPREL = 14, 15, 17, 18, 20, 21, 22, 23
RUNPATH, FLAGS, RELR = 29, 30, 36
ANDROID_REL, ANDROID_RELA, ANDROID_RELR = 0x6000000F, 0x60000011, 0x6FFFE000
GNU_HASH, VERSYM, FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DF_TEXTREL = 0x4
DF_1_NODEFLIB, DF_1_PIE = 0x800, 0x08000000
_AUXILIARY, _FILTER, _CONFIG, _DEPAUDIT, _AUDIT = (
    *(0x7FFFFFFD, 0x7FFFFFFF),
    *(0x6FFFFEFA, 0x6FFFFEFB, 0x6FFFFEFC),
)
_STRINGS = frozenset(
    {NEEDED, SONAME, RPATH, RUNPATH, _AUXILIARY, _FILTER, _CONFIG, _DEPAUDIT, _AUDIT}
)
"""Tags whose value is an offset into the string table."""


@dataclass(frozen=True, slots=True)
class DynamicTable:
    """The dynamic section's numbers, in the file's order, without the final DT_NULL."""

    entries: tuple[tuple[int, int], ...]
    memory: Memory
    problems: tuple[str, ...] = ()

    def get(self, tag: int) -> int | None:
        """The value that a loader uses: the last one with this tag."""
        return next((value for number, value in reversed(self.entries) if number == tag), None)

    def has(self, tag: int) -> bool:
        """Whether there is an entry with this tag."""
        return self.get(tag) is not None

    @property
    def pie(self) -> bool:
        """DF_1_PIE."""
        return bool((self.get(FLAGS_1) or 0) & DF_1_PIE)

    def strings(self) -> tuple[int, int]:
        """Offset and size of the dynamic string table.

        Raises:
            DamagedError: it is not in the file.
        """
        address = self.get(STRTAB)
        if address is None:
            raise DamagedError("the dynamic section has no DT_STRTAB")
        offset, room = self.memory.place(address, "DT_STRTAB")
        size = self.get(STRSZ)
        return offset, room if size is None else min(size, room)


def read_table(
    view: View, head: Head, segment: RawSegment, segments: tuple[RawSegment, ...]
) -> DynamicTable:
    """The entries up to DT_NULL, where a loader reads them: at the address, not at the offset.

    Where nothing of the file is mapped at the address, no loader can use the table: then the offset
    tells what was meant.

    Raises:
        OutOfReachError: the section cannot be reached.
        DamagedError: it lies outside the file.
    """
    pair = head.layout.pair
    memory = Memory.of(segments)
    try:
        offset, room = memory.place(segment.vaddr, "PT_DYNAMIC")
    except DamagedError:
        offset, room = segment.offset, segment.filesz
    length = min(segment.filesz, room, MAX_ENTRIES * pair.size)
    length -= length % pair.size
    data = view.exact(offset, length, "the dynamic section")
    entries: list[tuple[int, int]] = []
    problems: tuple[str, ...] = ("the dynamic section has no DT_NULL at its end",)
    for tag, value in pair.iter_unpack(data):
        if tag == 0:
            problems = ()
            break
        entries.append((tag, value))
    return DynamicTable(tuple(entries), memory, problems)


def describe(view: View, table: DynamicTable) -> Dynamic:
    """The table with its strings.

    Raises:
        OutOfReachError: the strings cannot be reached.
        DamagedError: they are not in the file.
    """
    texts: dict[tuple[int, int], str] = {}
    if any(tag in _STRINGS for tag, _ in table.entries):
        offset, size = table.strings()
        spent = 0
        for tag, value in table.entries:
            if tag in _STRINGS:
                texts[tag, value] = _string(view, offset, size, value, tag)
                spent += len(texts[tag, value])
                if spent > MAX_STRINGS:
                    raise DamagedError(
                        f"the strings of the dynamic section take more than {MAX_STRINGS >> 20} MiB"
                    )
    flags = table.get(FLAGS) or 0
    soname = table.get(SONAME)
    return Dynamic(
        needed=tuple(texts[entry] for entry in table.entries if entry[0] == NEEDED),
        soname=NotApplicable("no DT_SONAME") if soname is None else texts[SONAME, soname],
        rpath=_paths(table, texts, RPATH),
        runpath=_paths(table, texts, RUNPATH),
        pie=table.pie,
        textrel=table.has(TEXTREL) or bool(flags & DF_TEXTREL),
        relr=table.has(RELR),
        android=any(table.has(tag) for tag in (ANDROID_REL, ANDROID_RELA, ANDROID_RELR)),
        nodeflib=bool((table.get(FLAGS_1) or 0) & DF_1_NODEFLIB),
        entries=tuple(
            DynamicEntry(shape.dynamic_tag(t), v, texts.get((t, v)) or _meaning(t, v))
            for t, v in table.entries
        ),
    )


def _string(view: View, offset: int, size: int, value: int, tag: int) -> str:
    what = f"the name of DT_{shape.dynamic_tag(tag)}"
    if value >= size:
        raise DamagedError(f"{what} lies outside the string table")
    try:
        return text(view.string(offset + value, size - value))
    except DamagedError:
        raise DamagedError(f"{what} does not end") from None


def _paths(table: DynamicTable, texts: dict[tuple[int, int], str], tag: int) -> tuple[str, ...]:
    value = table.get(tag)
    return () if value is None else tuple(texts[tag, value].split(":"))


def _meaning(tag: int, value: int) -> str:
    if tag == FLAGS:
        return shape.flag_names(value, enums.ENUM_DT_FLAGS, "DF_")
    if tag == FLAGS_1:
        return shape.flag_names(value, enums.ENUM_DT_FLAGS_1, "DF_1_")
    if tag == PLTREL:
        return shape.dynamic_tag(value)
    return ""
