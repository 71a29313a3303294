"""Containers whose headers carry checksums, which no mutation keeps: the frame is made around it.

Beyond not crashing, a peek never contradicts the whole file, and the faster inflater gives the
same bytes as zlib.
"""

import contextlib
import functools
import struct
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from posixpath import normpath

from explorer.archive import Format, Limits, chunks, detect, listing, walk
from explorer.archive.codecs import Codec
from explorer.archive.models import RefusedError
from explorer.bytesource import BytesSource, PrefixSource
from explorer.compat import Answer, find_target
from explorer.elf import Scope, read
from explorer.errors import ExplorerError
from explorer.facts import MISSING, Unknown
from explorer.progress import Cancellation
from explorer.releases.local import folder
from explorer.workbench.layers import Layer, layer_of
from explorer.workbench.models import Subject
from explorer.workbench.peek import read_beginning
from explorer.workbench.program_in_archive import (
    UndecidedProgramError,
    find_program,
    inner_of_single,
    opening_inner,
)
from explorer.workbench.resolve import asset_subject
from explorer.workbench.verdicts import verdicts_of
from tests.fuzz.registry import fuzzed

_LIMITS = Limits(member_bytes=1 << 20, total_bytes=4 << 20)
_RPM_SIGNATURE = b"\x8e\xad\xe8\x01" + bytes(12)
_NAME = "tool-linux-amd64.tar.gz"


def _walk_all(data: bytes, name: str) -> None:
    with contextlib.suppress(ExplorerError):
        for entry in walk(BytesSource(data), name, _LIMITS):
            with contextlib.suppress(ExplorerError):
                assert sum(len(part) for part in chunks(entry.open())) <= 1 << 20
    with contextlib.suppress(ExplorerError):
        listing(BytesSource(data), name, _LIMITS)


def sevenzip_frame(data: bytes) -> bytes:
    """A 7z archive: two bytes say how much of the rest is packed streams, the rest is a header."""
    cut = int.from_bytes(data[:2], "little")
    body, header = data[2 : 2 + cut], data[2 + cut :]
    start = struct.pack("<2QL", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start + body + header


@fuzzed
def sevenzip(data: bytes) -> None:
    """7z: its header is reached whatever it holds."""
    _walk_all(sevenzip_frame(data), "it.7z")


@fuzzed
def rpm(data: bytes) -> None:
    """RPM: what follows the lead and an empty signature is mutated."""
    _walk_all(b"\xed\xab\xee\xdb".ljust(96, b"\0") + _RPM_SIGNATURE + data, "it.rpm")


@fuzzed
def cpio(data: bytes) -> None:
    """cpio in all of its formats."""
    _walk_all(data, "it.cpio")


@fuzzed
def inflate(data: bytes) -> None:
    """ISA-L, which reads what is used only once its checksum is right, gives what zlib gives."""
    plain = zlib.decompressobj(-15)
    try:
        expected = plain.decompress(data, 1 << 20)
    except zlib.error:
        expected = b""
    tail = struct.pack("<2L", zlib.crc32(expected), len(expected) & 0xFFFFFFFF)
    packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + (
        data[: len(data) - len(plain.unused_data)] + tail if plain.eof else data
    )
    if plain.eof:
        assert _inflated(packed, whole=True) == _inflated(packed, whole=False) == expected
    else:
        for whole in (True, False):
            with contextlib.suppress(RefusedError):
                out, complete = _given(packed, whole)
                # 4 of 2**32 damaged streams have a right checksum and length all the same.
                assert not complete or whole, len(out)


def _inflated(packed: bytes, *, whole: bool) -> bytes:
    out, complete = _given(packed, whole)
    assert complete
    return out


def _given(packed: bytes, whole: bool) -> tuple[bytes, bool]:
    """What comes out, at most 1 MiB and a bit, and whether the input ended where it may."""
    codec = Codec("gz", whole=whole)
    out = bytearray(codec.give(packed, 1 << 16))
    while not codec.hungry and len(out) <= 1 << 20:
        out += codec.give(b"", 1 << 16)
    return bytes(out), codec.complete


# --- the program of an archive, and of an archive in it


@functools.cache
def _subject() -> Subject:
    """A file on a server whose name claims a platform, so that a peek may choose early."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / _NAME).touch()
        asset = folder(Path(place)).releases[0].assets[0]
    return asset_subject(asset, None)


@fuzzed
def peek(data: bytes) -> None:
    """The verdict of an archive's first bytes is the whole archive's, or unknown."""
    if len(data) < 2:
        return
    cut = int.from_bytes(data[:2], "little") * len(data) >> 16
    data = data[2:]
    target = find_target("debian-12")
    # A file of unknown length is not read to its end, as one of more than 64 KiB is not.
    for size in (len(data), Unknown("not said")):
        twice = set[str]()
        try:
            answer = _whole_answer(data, layer_of(_subject(), _NAME), twice)
        except ExplorerError:
            answer = None
        with contextlib.suppress(ExplorerError):
            source = PrefixSource(data[:cut], size)
            seen = read_beginning(source, _subject(), (target,), Cancellation())
            part = verdicts_of(seen.binary, (target,))[0].answer
            # Of two members with one name a peek takes the first: docs/decisions.md.
            names = (*seen.inside, "" if isinstance(seen.member, MISSING) else seen.member.name)
            if answer is not None and twice.isdisjoint(map(normpath, names)):
                assert part in (answer, Answer.UNKNOWN), (cut, size, part, answer)


def _whole_answer(data: bytes, layer: Layer, twice: set[str]) -> Answer:
    """The answer of a file that is here, opened as the workbench opens it on disk.

    ``twice`` receives the names that several members have.
    """
    target = find_target("debian-12")
    try:
        program = _opened(data, layer, twice)
    except UndecidedProgramError as error:
        if error.is_unread:
            raise  # damaged where a peek does not look: in a zip's directory, say
        return Answer.UNKNOWN
    facts = read(BytesSource(program), "tool", Scope.LINKAGE)
    return verdicts_of(facts, (target,))[0].answer


def _opened(data: bytes, layer: Layer, twice: set[str]) -> bytes:
    source, cancel = BytesSource(data), Cancellation()
    form = detect(source, layer.name, cancel)
    if form is Format.RAW:
        return data
    if form.is_single:
        members = listing(source, layer.name, _LIMITS)
        (content,) = (b"".join(chunks(e.open())) for e in walk(source, layer.name, _LIMITS))
        content_form = detect(BytesSource(content), members.members[0].name, cancel)
        single = inner_of_single(layer, members, content_form)
        return content if single is None else _opened(content, single, twice)
    program = find_program(source, layer, cancel)
    if program is None:
        return data
    names = Counter(normpath(member.name) for member in program.listing.members)
    twice.update(name for name, count in names.items() if count > 1)
    for index, entry in enumerate(walk(source, layer.name)):
        if index == program.index:
            content = b"".join(chunks(entry.open()))
            break
    if program.inner is None:
        return content
    with opening_inner(program):
        return _opened(content, program.inner, twice)
