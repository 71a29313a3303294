"""Go's build info, as ``debug/buildinfo`` reads it, and the other marks of a Go program.

``.go.buildinfo`` (16-byte aligned) begins with ``\\xff Go buildinf:``; byte 14 is the pointer size,
byte 15 holds flags (bit 0 big endian, bit 1 inline). Inline, since Go 1.18: from byte 32 on two
strings, version and modinfo, each a varint length and its bytes. Before: at byte 16 two pointers to
Go string headers (address, length). modinfo is framed by 16-byte sentinels.

It is found by searching the PT_LOADs, writable ones first, since section headers may be stripped.
Every candidate is tried, since programs that read build info hold the magic as a constant.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from explorer.elf.layout import Layout
from explorer.elf.layout import layout as elf_layout
from explorer.elf.memory import Memory
from explorer.elf.models import GoBuild, GoModule
from explorer.elf.view import DamagedError, View, text
from explorer.facts import Fact, NotApplicable

MAGIC = b"\xff Go buildinf:"
TZDATA = b"time/tzdata.loadFromEmbedded"
RUNTIME = b"\0runtime.goexit\0"
"""In the table of function names (.gopclntab), which strip does not remove."""
SECTION = ".go.buildinfo"
HEADER = 32
ALIGN = 16
MAX_VERSION = 1024
MAX_MODINFO = 1 << 20
MAX_CANDIDATES = 64
BEGINNING = 32 << 10
"""Bytes that are enough for the header and, since Go 1.18, for the strings behind it."""
_OVERLAP = 64
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_ESCAPE = re.compile(
    r"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))"""
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')


@dataclass(frozen=True, slots=True)
class Marks:
    """What a search through the loaded bytes has found so far."""

    build: GoBuild | None
    runtime: bool
    """The runtime's functions are named: a Go program, with or without build info."""
    tzdata: bool


def search(view: View, memory: Memory, section: int | None = None) -> Iterator[Marks]:
    """The marks after each chunk, the last of which are complete; ends early once all are found.

    ``section``: the offset of the section that is named for the build info. On ``OutOfReachError``
    the marks so far hold, and what is not among them is unknown.

    Raises:
        OutOfReachError: the next bytes cannot be reached.
    """
    build = at_known_places(view, memory, section)
    runtime = tzdata = False
    tries = MAX_CANDIDATES
    for start, end in memory.ranges():
        tail = b""
        at = start
        for chunk in view.chunks(start, end - start):
            data = tail + chunk
            base = at - len(tail)
            place = data.find(MAGIC) if build is None else -1
            while place >= 0 and build is None and tries:
                tries -= 1
                build = _try(view, memory, base + place)
                place = data.find(MAGIC, place + 1)
            runtime = runtime or RUNTIME in data
            tzdata = tzdata or TZDATA in data
            yield Marks(build, runtime, tzdata)
            if build is not None and tzdata:
                return
            at += len(chunk)
            tail = data[-_OVERLAP:]


def at_known_places(view: View, memory: Memory, section: int | None = None) -> GoBuild | None:
    """What ``search`` would find, if it is at the beginning, where Go's own linker puts it.

    Or in the section at the offset ``section``, where other linkers put it. None tells nothing.

    Raises:
        OutOfReachError: those bytes cannot be reached.
    """
    return at_beginning(view, memory) or at_section(view, memory, section)


def at_beginning(view: View, memory: Memory) -> GoBuild | None:
    """What is where Go's own linker puts it: first of all. None and raises as above."""
    for start, end in memory.ranges()[:1]:
        data = view.upto(start, min(BEGINNING, end - start))
        places = (match.start() for match in re.finditer(re.escape(MAGIC), data))
        for place in itertools.islice(places, MAX_CANDIDATES):
            build = _try(view, memory, start + place)
            if build is not None:
                return build
    return None


def at_section(view: View, memory: Memory, section: int | None) -> GoBuild | None:
    """What is at the beginning of the section that is named for it. None and raises as above."""
    if section is None or not any(start <= section < end for start, end in memory.ranges()):
        return None
    if view.upto(section, min(BEGINNING, view.room(section, BEGINNING)))[: len(MAGIC)] != MAGIC:
        return None
    return _try(view, memory, section)


def _try(view: View, memory: Memory, offset: int) -> GoBuild | None:
    """The build info at a file offset; None if the magic there is just a constant."""
    holders = (load for load in memory.loads if load.offset <= offset < load.offset + load.filesz)
    if not any((offset - load.offset + load.vaddr) % ALIGN == 0 for load in holders):
        return None
    try:
        header = view.exact(offset, HEADER, "Go's build info")
        if header[15] & 2:
            version, after = _inline(view, offset + HEADER, MAX_VERSION)
            modinfo, _ = _inline(view, after, MAX_MODINFO)
        else:
            version, modinfo = _pointed(view, memory, header)
    except DamagedError:
        return None
    if not version or not version.isascii() or not text(version).isprintable():
        return None
    return parse(text(version), text(_unframed(modinfo)))


def _inline(view: View, offset: int, limit: int) -> tuple[bytes, int]:
    """A string after its length (base 128, least significant first), and where the next begins."""
    length = shift = 0
    for _ in range(10):
        byte = view.exact(offset, 1, "Go's build info")[0]
        offset += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    else:
        raise DamagedError("Go's build info has a length without an end")
    return _bounded(view, offset, length, limit), offset + length


def _pointed(view: View, memory: Memory, header: bytes) -> tuple[bytes, bytes]:
    if header[14] not in (4, 8):
        raise DamagedError("Go's build info has an odd pointer size")
    layout = elf_layout(header[14] * 8, not header[15] & 1)
    version, modinfo = layout.pair.unpack_from(header, 16)
    return _go_string(view, memory, layout, version, MAX_VERSION), _go_string(
        view, memory, layout, modinfo, MAX_MODINFO
    )


def _go_string(view: View, memory: Memory, layout: Layout, address: int, limit: int) -> bytes:
    """The bytes of the Go string whose header is at an address."""
    if memory.is_zeroed(address):
        return b""  # a build without modules records none: its header is in .bss
    offset, _ = memory.place(address, "Go's build info")
    start, length = layout.pair.unpack(view.exact(offset, layout.pair.size, "Go's build info"))
    if not length:
        return b""
    offset, room = memory.place(start, "Go's build info")
    return _bounded(view, offset, length, min(limit, room))


def _bounded(view: View, offset: int, length: int, limit: int) -> bytes:
    if length > limit:
        raise DamagedError(f"Go's build info claims a string of {length} bytes")
    return view.exact(offset, length, "Go's build info") if length else b""


def _unframed(modinfo: bytes) -> bytes:
    """Without the 16-byte sentinels; empty if they are missing, as Go takes it."""
    return modinfo[16:-16] if len(modinfo) >= 33 and modinfo[-17] == 0x0A else b""


def parse(version: str, modinfo: str) -> GoBuild:
    """Parse modinfo line by line; unknown kinds of lines, which newer Go may add, are skipped."""
    path = ""
    main: Fact[GoModule] = NotApplicable("no main module was recorded")
    dependencies: list[GoModule] = []
    settings: list[tuple[str, str]] = []
    replaced = "main"
    for line in modinfo.split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "path":
            path = rest
        elif kind in ("mod", "dep"):
            module = _module(rest)
            replaced = kind
            if kind == "mod":
                main = module
            else:
                dependencies.append(module)
        elif kind == "=>":
            if replaced == "dep" and dependencies:
                dependencies[-1] = replace(dependencies[-1], replace=_module(rest))
            elif isinstance(main, GoModule):
                main = replace(main, replace=_module(rest))
        elif kind == "build" and rest:
            settings.append(_setting(rest))
    return GoBuild(version, path, main, tuple(dependencies), tuple(settings))


def _module(rest: str) -> GoModule:
    path, version, checksum = [*rest.split("\t"), "", ""][:3]
    return GoModule(path, version, checksum)


def _setting(rest: str) -> tuple[str, str]:
    """``key=value``, either of which may be a quoted Go string."""
    quoted = _QUOTED.match(rest)
    if quoted and rest[quoted.end() : quoted.end() + 1] == "=":
        key, value = unquote(quoted.group()), rest[quoted.end() + 1 :]
    else:
        key, _, value = rest.partition("=")
    return key, unquote(value)


def unquote(word: str) -> str:
    """The value of a Go string literal; any other word as it is."""
    if not word or not _QUOTED.fullmatch(word):
        return word
    return word[1:-1] if word[0] == "`" else _ESCAPE.sub(_unescape, word[1:-1])


def _unescape(match: re.Match[str]) -> str:
    letter, *codes = match.groups()
    if letter:
        return _ESCAPES[letter]
    number = next(
        int(code, base) for code, base in zip(codes, (16, 16, 16, 8), strict=True) if code
    )
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
