"""Real files read and judged, with their neighbours on disk."""

from pathlib import Path, PurePosixPath

from explorer import elf
from explorer.bytesource import BytesSource, FileSource
from explorer.compat import Verdict, find_target, judge
from explorer.elf import Binary, FileFormat, Scope
from explorer.facts import Unknown
from tests.support.binaries import binary


class Folder:
    """The files below a folder, for $ORIGIN."""

    def __init__(self, root: Path, origin: str = "") -> None:
        self.root = root
        self.origin = origin
        self.asked: list[str] = []

    def read(self, path: str) -> Binary | None:
        """As ``Surroundings.read``."""
        self.asked.append(path)
        place = self.root / PurePosixPath(path)
        if place.is_dir():
            unseen = Unknown("a folder")
            return Binary(
                place.name, unseen, FileFormat.UNSEEN, Scope.HEAD, "a folder", unseen, unseen
            )
        if not place.is_file():
            return None
        with FileSource(place) as source:
            return elf.read(source, PurePosixPath(path).name, Scope.LINKAGE)


def read(path: Path, scope: Scope = Scope.FULL) -> Binary:
    """The facts of a file on disk."""
    with FileSource(path) as source:
        return elf.read(source, path.name, scope)


def read_bytes(data: bytes, name: str = "it") -> Binary:
    """The facts of a whole file in memory."""
    return elf.read(BytesSource(data), name)


def verdict(recipe: str, target: str, around: Folder | None = None) -> Verdict:
    """A built program's verdict."""
    return judge(read(binary(recipe)), find_target(target), around)


def codes(of: Verdict) -> list[str]:
    """The codes of all its reasons, in order."""
    return [reason.code for reason in of.reasons]
