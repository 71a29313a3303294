"""What the archive tests share: sources that count, and short ways to ask."""

from collections.abc import Iterable

from explorer.archive import ArchiveListing, Limits, Member, RefusedError, chunks, listing, walk
from explorer.bytesource import ByteSource, BytesSource, OutOfReachError


class ArrivingSource:
    """A file that arrives as a server sends it, in requests of at least ``first`` bytes.

    ``requests`` holds (offset, length) of each; ``asked`` is the bytes moved.
    """

    def __init__(self, data: bytes, first: int = 16384) -> None:
        self._data = data
        self._first = first
        self._here: list[tuple[int, int]] = []
        self.requests: list[tuple[int, int]] = []

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def asked(self) -> int:
        return sum(length for _, length in self.requests)

    def read_at(self, offset: int, length: int) -> bytes:
        end = min(offset + length, len(self._data))
        while offset < end and (have := self._reaches(offset)) < end:
            start = max(offset, have)
            size = min(max(self._first, end - start), len(self._data) - start)
            self.requests.append((start, size))
            self._here.append((start, start + size))
        return self._data[offset:end] if offset < end else b""

    def read_some(self, offset: int, limit: int) -> bytes:
        have = self._reaches(offset) - offset
        return self.read_at(offset, min(limit, have) if have > 0 else min(limit, 1))

    def _reaches(self, offset: int) -> int:
        """The end of what is here from ``offset`` on without a gap."""
        at = offset
        for start, end in sorted(self._here):
            if start <= at < end:
                at = end
        return at


def contents(
    data: bytes | ByteSource, name: str, *, prefix: bool = False, limits: Limits | None = None
) -> dict[str, bytes]:
    """Every file's bytes by name, in order; refused members are left out."""
    source = BytesSource(data) if isinstance(data, bytes) else data
    found: dict[str, bytes] = {}
    for entry in walk(source, name, limits, prefix=prefix):
        if entry.member.kind == "file" and entry.member.refused is None:
            found[entry.member.name] = b"".join(chunks(entry.open()))
    return found


def rules(data: bytes, name: str, limits: Limits | None = None) -> dict[str, str]:
    """The rule that each refused member broke; the archive's own problem under the empty name."""
    found = listing(BytesSource(data), name, limits)
    broken = {
        member.name: member.refused.rule for member in found.members if member.refused is not None
    }
    if found.problem is not None:
        broken[""] = found.problem.rule
    return broken


def names(members: Iterable[Member] | ArchiveListing) -> list[str]:
    return [
        member.name
        for member in (members.members if isinstance(members, ArchiveListing) else members)
    ]


Outcome = list[tuple[str, str, bytes]]


def everything(
    source: ByteSource, name: str, limits: Limits, *, prefix: bool = False
) -> tuple[Outcome, str]:
    """All that a source gives, and how it ended. Undocumented errors are let through."""
    outcome: Outcome = []
    try:
        for entry in walk(source, name, limits, prefix=prefix):
            member = entry.member
            data = b""
            if member.refused is None and member.kind == "file":
                stream = entry.open()
                try:
                    data = b"".join(chunks(stream))
                except RefusedError as error:
                    outcome.append((member.name, error.refusal.rule, b""))
                    continue
            outcome.append((member.name, member.refused.rule if member.refused else "", data))
    except RefusedError as error:
        return outcome, error.refusal.rule
    except OutOfReachError:
        return outcome, "prefix"
    return outcome, ""
