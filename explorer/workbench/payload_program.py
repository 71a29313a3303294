"""The program that a launcher carries, read through the launcher's payload."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from explorer.archive import MemberKind, walk
from explorer.bytesource import ByteSource, OutOfReachError, StreamSource, WindowSource
from explorer.elf import Binary, FileFormat, Linkage, Payload, Scope, read
from explorer.elf import payload_manifest as scie_manifest
from explorer.errors import FormatError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation

_TAIL: Final = 64 << 10
_NOT_READABLE: Final = frozenset(("squashfs", "DwarFS", "7z", "ELF"))
_LIBRARIES: Final = (Linkage.SHARED_LIBRARY, Linkage.OBJECT, Linkage.CORE)


@dataclass(frozen=True, slots=True)
class _Part:
    """An archive of the payload, or a plain program, and the program's path in it."""

    offset: int
    size: int
    path: str
    """Empty: the first program."""


def with_program_inside(source: ByteSource, binary: Binary, cancel: Cancellation) -> Binary:
    """The same facts, and those of the program that a static launcher starts.

    Payloads that cannot be read here (squashfs and others) stay Unknown, with the format's name.
    """
    if isinstance(binary.elf, MISSING) or isinstance(binary.elf.payload, MISSING):
        return binary
    if binary.elf.linkage not in (Linkage.STATIC, Linkage.STATIC_PIE):
        return binary
    payload = binary.elf.payload
    try:
        program = _program(source, payload, cancel)
    except FormatError as error:
        program = Unknown(f"its payload cannot be read: {error.detail or error.title}")
    except OutOfReachError as error:
        program = Unknown(error.why, error.needs)
    return replace(binary, elf=replace(binary.elf, payload=replace(payload, program=program)))


def _program(source: ByteSource, payload: Payload, cancel: Cancellation) -> Fact[Binary]:
    if payload.format in _NOT_READABLE:
        return Unknown(f"{payload.format} is not read here")
    unread = False
    for part in _parts(source, payload):
        window = WindowSource(source, part.offset, part.size)
        programs = list(_programs(window, part.path, cancel))
        if programs:
            return programs[0]
        unread = unread or bool(part.path)
    if unread or payload.kind:
        return Unknown("no program was found in its payload")
    return NotApplicable("its payload holds no program")


def _parts(source: ByteSource, payload: Payload) -> Iterator[_Part]:
    """Where the payload's archives lie."""
    end = payload.offset + payload.size
    tail = source.read_at(max(payload.offset, end - _TAIL), min(_TAIL, payload.size))
    if payload.kind == "caxa":
        mark = len(b"\n" + b"CAXA" * 3 + b"\n")
        footer = tail.rfind(b"\n{")
        length = payload.size - mark - (len(tail) - footer if footer >= 0 else 0)
        yield _Part(payload.offset + mark, length, _caxa_path(tail[footer + 1 :]))
    elif payload.kind == "scie":
        yield from _scie_parts(tail, end)
    elif payload.format:
        yield _Part(payload.offset, payload.size, "")


def _caxa_path(footer: bytes) -> str:
    """The command in the archive: ``{{caxa}}/node_modules/.bin/node`` without the root."""
    try:
        command = json.loads(footer)["command"][0]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""
    return command.removeprefix("{{caxa}}/") if isinstance(command, str) else ""


def _scie_parts(tail: bytes, end: int) -> Iterator[_Part]:
    """The files of a lift manifest, one behind the other after the launcher."""
    manifest = scie_manifest(tail) or {}
    try:
        scie = manifest["scie"]
        offset = int(scie["jump"]["size"])  # type: ignore[index]
        lift = scie["lift"]  # type: ignore[index]
        commands = lift["boot"]["commands"].values()
        wanted = [str(command["exe"]) for command in commands]
        files = [
            (str(f.get("key") or f["name"]), str(f["name"]), int(f["size"])) for f in lift["files"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    for key, name, size in files:
        if size < 0 or offset + size > end:
            return
        for exe in wanted:
            for label in (key, name):
                if exe == f"{{{label}}}" or exe.startswith(f"{{{label}}}/"):
                    yield _Part(offset, size, exe.removeprefix(f"{{{label}}}").strip("/"))
        offset += size


def _programs(source: WindowSource, path: str, cancel: Cancellation) -> Iterator[Binary]:
    """Programs of an archive: the one at ``path``, or all of them where it is empty."""
    for entry in walk(source, posixpath.basename(path), cancel=cancel):
        member = entry.member
        if member.kind is not MemberKind.FILE or member.refused is not None:
            continue
        if path and posixpath.normpath(member.name) != posixpath.normpath(path):
            continue
        size = member.size if isinstance(member.size, int) else Unknown("the archive does not say")
        stream = StreamSource(entry.open().read, size)
        if stream.read_at(0, 4) != b"\x7fELF" and not path:
            continue
        binary = read(stream, posixpath.basename(member.name), Scope.LINKAGE, cancel)
        if binary.format is FileFormat.ELF and not _is_library(binary):
            yield binary


def _is_library(binary: Binary) -> bool:
    return not isinstance(binary.elf, MISSING) and binary.elf.linkage in _LIBRARIES
