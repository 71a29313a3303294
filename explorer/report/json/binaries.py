"""What is read out of an ELF file, as JSON."""

from __future__ import annotations

from explorer.elf import (
    Dynamic,
    DynamicEntry,
    Elf,
    GoBuild,
    GoModule,
    Linkage,
    Linking,
    MachoSlice,
    Note,
    RelocationType,
    Section,
    Segment,
    VersionNeed,
)
from explorer.facts import MISSING, Fact
from explorer.report.json.shapes import (
    BOOLEAN,
    BYTES,
    INTEGER,
    TEXT,
    Field,
    Shape,
    fact,
    many,
    mapping,
    nullable,
    one_of,
    word,
)


def _sorted(names: Fact[frozenset[str]]) -> Fact[list[str]]:
    return names if isinstance(names, MISSING) else sorted(names)


SEGMENT = Shape[Segment](
    "segment",
    "A program header. Offsets, addresses and sizes in bytes.",
    Field("type", TEXT, lambda s: s.type),
    Field("flags", TEXT, lambda s: s.flags),
    Field("offset", INTEGER, lambda s: s.offset),
    Field("vaddr", INTEGER, lambda s: s.vaddr),
    Field("filesz", INTEGER, lambda s: s.filesz),
    Field("memsz", INTEGER, lambda s: s.memsz),
    Field("align", INTEGER, lambda s: s.align),
)
SECTION = Shape[Section](
    "section",
    "A section header. Offsets, addresses and sizes in bytes.",
    Field("index", INTEGER, lambda s: s.index),
    Field("name", TEXT, lambda s: s.name),
    Field("type", TEXT, lambda s: s.type),
    Field("flags", TEXT, lambda s: s.flags),
    Field("address", INTEGER, lambda s: s.address),
    Field("offset", INTEGER, lambda s: s.offset),
    Field("size", INTEGER, lambda s: s.size),
)
DYNAMIC_ENTRY = Shape[DynamicEntry](
    "dynamic_entry",
    "An entry of the dynamic section.",
    Field("tag", TEXT, lambda e: e.tag),
    Field("value", INTEGER, lambda e: e.value),
    Field("text", TEXT, lambda e: e.text),
)
DYNAMIC = Shape[Dynamic](
    "dynamic",
    "The dynamic section.",
    Field("needed", many(TEXT), lambda d: d.needed),
    Field("soname", fact(TEXT), lambda d: d.soname),
    Field("rpath", many(TEXT), lambda d: d.rpath),
    Field("runpath", many(TEXT), lambda d: d.runpath),
    Field("pie", BOOLEAN, lambda d: d.pie),
    Field("textrel", BOOLEAN, lambda d: d.textrel),
    Field("relr", BOOLEAN, lambda d: d.relr),
    Field("entries", many(DYNAMIC_ENTRY.kind), lambda d: d.entries),
)
VERSION_NEED = Shape[VersionNeed](
    "version_need",
    "The symbol versions that are needed of one library.",
    Field("library", TEXT, lambda v: v.library),
    Field("versions", many(TEXT), lambda v: v.versions),
)
RELOCATION = Shape[RelocationType](
    "relocation",
    "How often one relocation type occurs.",
    Field("number", INTEGER, lambda r: r.number),
    Field("name", TEXT, lambda r: r.name),
    Field("count", INTEGER, lambda r: r.count),
)
LINKING = Shape[Linking](
    "linking",
    "What the loader has to resolve.",
    Field("undefined", many(TEXT), lambda k: sorted(k.undefined)),
    Field("weak_undefined", many(TEXT), lambda k: sorted(k.weak_undefined)),
    Field("exports", INTEGER, lambda k: len(k.exports), "number of exported symbols"),
    Field("versions", many(VERSION_NEED.kind), lambda k: k.versions),
    Field("relocations", many(RELOCATION.kind), lambda k: k.relocations),
)
NOTE = Shape[Note](
    "note",
    "An ELF note.",
    Field("owner", TEXT, lambda n: n.owner),
    Field("type", INTEGER, lambda n: n.type),
    Field("name", TEXT, lambda n: n.name),
    Field("text", TEXT, lambda n: n.text),
)
ELF = Shape[Elf](
    "elf",
    "An ELF file's facts.",
    Field("bits", one_of(32, 64), lambda e: e.header.bits),
    Field("little_endian", BOOLEAN, lambda e: e.header.little_endian),
    Field("type", TEXT, lambda e: e.header.type),
    Field("machine", INTEGER, lambda e: e.header.machine),
    Field("arch", TEXT, lambda e: e.header.arch, "in Go's words"),
    Field("os_abi", INTEGER, lambda e: e.header.os_abi),
    Field("entry", INTEGER, lambda e: e.header.entry),
    Field("linkage", fact(word(Linkage)), lambda e: e.linkage),
    Field("problems", many(TEXT), lambda e: e.problems),
    Field("packer", fact(TEXT), lambda e: e.packer),
    Field("interpreter", fact(TEXT), lambda e: e.interpreter),
    Field(
        "os_note",
        fact(TEXT),
        lambda e: e.os_note,
        "the other system that a note says it is for",
    ),
    Field("segments", fact(many(SEGMENT.kind)), lambda e: e.segments),
    Field("sections", fact(many(SECTION.kind)), lambda e: e.sections),
    Field("dynamic", fact(DYNAMIC.kind), lambda e: e.dynamic),
    Field("linking", fact(LINKING.kind), lambda e: e.linking),
    Field("notes", fact(many(NOTE.kind)), lambda e: e.notes),
    Field("build_id", fact(TEXT), lambda e: e.build_id),
    Field("is_go", fact(BOOLEAN), lambda e: e.is_go),
    Field("stripped", fact(BOOLEAN), lambda e: e.stripped),
    Field("tzdata", fact(BOOLEAN), lambda e: e.tzdata),
    Field("isa", fact(TEXT), lambda e: e.isa),
    Field("features", fact(many(TEXT)), lambda e: _sorted(e.features), "IBT, SHSTK, BTI, PAC, GCS"),
    Field("symbol_count", fact(INTEGER), lambda e: e.symbol_count),
)
GO_TARGET = Shape[GoModule](
    "go_target",
    "What a module was replaced with.",
    Field("path", TEXT, lambda m: m.path),
    Field("version", TEXT, lambda m: m.version),
    Field("sum", TEXT, lambda m: m.sum),
)
GO_MODULE = Shape[GoModule](
    "go_module",
    "A Go module.",
    *GO_TARGET.fields,
    # Go's format has one level of replacement; a longer chain could only come from a forged file.
    Field("replace", nullable(GO_TARGET.kind), lambda m: m.replace),
)
GO = Shape[GoBuild](
    "go",
    "Go's build info.",
    Field("version", TEXT, lambda g: g.version),
    Field("path", TEXT, lambda g: g.path),
    Field("main", fact(GO_MODULE.kind), lambda g: g.main),
    Field("dependencies", many(GO_MODULE.kind), lambda g: g.dependencies),
    Field("settings", mapping(TEXT), lambda g: dict(g.settings)),
)
MACHO_SLICE = Shape[MachoSlice](
    "macho_slice",
    "One architecture of a universal Mach-O file.",
    Field("arch", TEXT, lambda s: s.arch),
    Field("offset", BYTES, lambda s: s.offset),
    Field("size", BYTES, lambda s: s.size),
    Field("go", fact(GO.kind), lambda s: s.go),
)
SLICES_ABOUT = "the architectures of a universal Mach-O file; go is about the chosen one"
