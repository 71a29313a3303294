"""Debian packages (deb(5)): an ar(5) archive of ``debian-binary``, a control and a data tar."""

from collections.abc import Iterator
from dataclasses import replace

from explorer.archive.codecs import Codec
from explorer.archive.guard import Guard
from explorer.archive.models import Entry, PackagePart, RefusedError
from explorer.archive.streams import Budget, SourceStream, UnpackedStream
from explorer.archive.tarfiles import walk_tar
from explorer.bytesource import ByteSource

MAGIC = b"!<arch>\n"
MARK = MAGIC + b"debian-binary"
_HEAD = 60
_PACKINGS = {"": "", ".gz": "gz", ".xz": "xz", ".zst": "zst", ".bz2": "bz2", ".lzma": "lzma"}


def walk_deb(source: ByteSource, budget: Budget) -> Iterator[Entry]:
    """The members of the control part, then those of the data part. Each part is its own tree.

    Raises:
        RefusedError: as ``walk_tar``; ``header`` and ``truncated`` for the ar archive itself.
    """
    at, count = len(MAGIC), 0
    parts: list[str] = []
    while (header := _header(source, at)) is not None:
        budget.check()
        name, size = header
        count += 1
        if count > budget.limits.members:
            raise RefusedError("count", f"it holds more than {budget.limits.members:,} ar members")
        at += _HEAD
        if at == len(MAGIC) + _HEAD and not (
            name == "debian-binary" and source.read_at(at, min(size, 2)) == b"2."
        ):
            raise RefusedError("header", "it is not a Debian package of format 2")
        part, dot, packing = name.partition(".tar")
        if dot and part in ("control", "data"):
            if part in parts:
                raise RefusedError("duplicate", f"it has two {part} members", name)
            parts.append(part)
            budget.member = name
            body, compression = SourceStream(source, at, size), _compression(packing, name)
            payload = PackagePart(at, size, compression)
            for entry in _walk_part(body, part, compression, budget):
                yield replace(entry, member=replace(entry.member, payload=payload))
        at += size + (size & 1)
        whole = source.size
        if isinstance(whole, int) and at - (size & 1) > whole:
            raise RefusedError(
                "truncated", f"the ar header claims {size:,} bytes, more than there are", name
            )
    if parts != ["control", "data"]:
        raise RefusedError("truncated", "its control or data member is missing or misplaced")


def _compression(ending: str, name: str) -> str:
    if ending not in _PACKINGS:
        raise RefusedError("method", f"it is packed as {ending}, which is not read here", name)
    return _PACKINGS[ending]


def _walk_part(body: SourceStream, part: str, compression: str, budget: Budget) -> Iterator[Entry]:
    stream = UnpackedStream(body, Codec(compression), budget) if compression else body
    guard = Guard(budget.limits, rooted=True)
    yield from walk_tar(stream, guard, budget, part=part, sealed=bool(compression))


def _header(source: ByteSource, at: int) -> tuple[str, int] | None:
    """Name and size in bytes of the ar member at ``at``; None at the end of the file."""
    head = source.read_at(at, _HEAD)
    if not head.strip(b"\n"):
        return None
    if len(head) < _HEAD:
        raise RefusedError("truncated", "it ends in the header of an ar member")
    digits = head[48:58].rstrip(b" ")
    if head[58:] != b"`\n" or not digits.isdigit():
        raise RefusedError("header", f"the ar header at byte {at} is malformed")
    name = head[:16].rstrip(b" ").rstrip(b"/").decode("utf-8", "replace")
    return name, int(digits)
