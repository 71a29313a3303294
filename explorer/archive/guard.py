"""The rules that a member's header must keep before its bytes are handed out."""

import re
import unicodedata
from dataclasses import replace
from posixpath import dirname, normpath, relpath

from explorer.archive.models import Limits, Member, MemberKind, Refusal, RefusedError
from explorer.facts import MISSING

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HERE = re.compile(r"^(\./+)+")
_DRIVE = re.compile(r"^[A-Za-z]:")
_COMPONENT_BYTES = 255
"""The longest file name of every common file system."""
_DEPTH = 64
"""Levels of folders. RoadRunner's archives have one, a deb three."""
_REPLACEABLE = (MemberKind.FILE, MemberKind.HARDLINK)


def fold(name: str) -> str:
    """The name as a file system without case and Unicode variants sees it (macOS, Windows)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def bad_name(name: str, limits: Limits) -> Refusal | None:
    """The rule that a name or a link's target breaks, or None.

    A backslash counts as a separator here, because it is one on Windows: it must not lead out of
    the archive there either. Otherwise it is an ordinary character.
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return Refusal("name", "its name is not UTF-8")
    if not name:
        return Refusal("name", "it has no name")
    if length > limits.name_bytes:
        return Refusal(
            "name", f"its name is {length:,} bytes long, the limit is {limits.name_bytes:,}"
        )
    if control := _CONTROL.search(name):
        return Refusal("name", f"its name has the control character U+{ord(control[0]):04X}")
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return Refusal("absolute", "its name is absolute")
    if ".." in parts:
        return Refusal("traversal", "its name leads out of the archive")
    if normpath(name) == ".":
        return Refusal("name", "its name is that of the folder that it would be in")
    if len(parts) > _DEPTH or max(len(part.encode()) for part in parts) > _COMPONENT_BYTES:
        return Refusal(
            "name", f"its name has a part over {_COMPONENT_BYTES} bytes or more than {_DEPTH} parts"
        )
    return None


def clean(name: str) -> str:
    """The name without ``./`` in front and a directory's slash behind.

    Otherwise unchanged, so that a hostile name stays visible.
    """
    inner = _HERE.sub("", name)
    if not inner:
        return "." if name else ""
    return inner.rstrip("/") or "/"


class Guard:
    """Checks the members of one tree in the order of their headers.

    It remembers names, links and sizes. Folders that exist only in the names of other members count
    as members, so that 20,000 deep names cannot become a million folders.
    """

    def __init__(self, limits: Limits, *, rooted: bool = False) -> None:
        """``rooted``: the tree is a system's root (deb, rpm): absolute links point into it."""
        self._limits = limits
        self._rooted = rooted
        self._kinds: dict[str, MemberKind] = {}
        self._links: dict[str, str] = {}
        self._bytes = 0
        self._count = 0

    def admit(self, member: Member) -> Member | None:
        """The member, with ``refused`` set if it breaks a rule (an earlier refusal stays).

        Two files of one name are both admitted: the later one replaces the earlier, as tar does.

        Returns:
            None for a link that repeats an earlier member exactly.

        Raises:
            RefusedError: ``count``: there are more than ``limits.members``.
        """
        self._counted(member)
        if (refusal := bad_name(member.name, self._limits)) is not None:
            # A refused name is still shown, but 20,000 names of 1 MiB are not kept.
            cut = self._limits.name_bytes
            return replace(
                member,
                name=member.name[:cut],
                stored=member.stored[:cut],
                link=member.link[:cut],
                refused=member.refused or refusal,
            )
        path = normpath(member.name)
        if self._rooted and member.kind is MemberKind.SYMLINK and member.link.startswith("/"):
            inside = normpath(member.link).lstrip("/")
            member = replace(member, link=relpath(f"/{inside}", f"/{dirname(path)}"))
        if self._repeats(path, member):
            return None
        refused = member.refused or self._judge(path, member)
        if refused is None or path not in self._kinds:
            # What is behind a refused link is refused as well.
            is_link = member.kind is MemberKind.SYMLINK
            self._kinds[path] = member.kind if refused is None or is_link else MemberKind.OTHER
        if refused is None:
            self._remember_link(path, member)
            self._make_folders(path, member)
        return replace(member, link=member.link[: self._limits.name_bytes], refused=refused)

    def _counted(self, member: Member) -> None:
        self._count += 1
        if self._count > self._limits.members:
            raise RefusedError(
                "count",
                f"it holds more than {self._limits.members:,} members and folders",
                member.name,
            )

    def _repeats(self, path: str, member: Member) -> bool:
        """A symlink with the same target again, or a hard link to itself (``tar cf x a a``)."""
        earlier = self._kinds.get(path)
        if member.kind is MemberKind.SYMLINK and earlier is MemberKind.SYMLINK:
            return self._links.get(path) == member.link
        return (
            member.kind is MemberKind.HARDLINK
            and earlier in (*_REPLACEABLE, MemberKind.SYMLINK)
            and normpath(clean(member.link)) == path
        )

    def _remember_link(self, path: str, member: Member) -> None:
        target = member.link
        if member.kind is MemberKind.HARDLINK:
            inner = normpath(target)
            if self._kinds.get(inner) is not MemberKind.SYMLINK:
                return
            self._kinds[path] = MemberKind.SYMLINK
            target = self._links[inner]
        elif member.kind is not MemberKind.SYMLINK:
            return
        self._links[path] = target

    def _make_folders(self, path: str, member: Member) -> None:
        """The folders above a member exist now, whether they have members of their own or not."""
        at = path.rfind("/")
        while at >= 0 and path[:at] not in self._kinds:
            self._counted(member)
            self._kinds[path[:at]] = MemberKind.DIRECTORY
            at = path.rfind("/", 0, at)

    def _judge(self, path: str, member: Member) -> Refusal | None:
        if member.kind is MemberKind.OTHER:
            return Refusal("device", "it is a device, a FIFO or a socket")
        return (
            self._judge_place(path, member)
            or self._judge_link(path, member)
            or self._judge_size(member)
        )

    def _judge_place(self, path: str, member: Member) -> Refusal | None:
        earlier = self._kinds.get(path)
        may_replace = member.kind is MemberKind.FILE and earlier in _REPLACEABLE
        if not (earlier is None or may_replace or earlier is member.kind is MemberKind.DIRECTORY):
            return Refusal("duplicate", "another member has the same name")
        at = path.find("/")
        while at >= 0:
            above = self._kinds.get(path[:at])
            if above is MemberKind.SYMLINK:
                return Refusal("traversal", f"it is behind the link {path[:at]}")
            if above not in (None, MemberKind.DIRECTORY):
                return Refusal("duplicate", f"it is in {path[:at]}, which is not a folder")
            at = path.find("/", at + 1)
        return None

    def _judge_link(self, path: str, member: Member) -> Refusal | None:
        target, kind = member.link, member.kind
        if kind is MemberKind.HARDLINK:
            inner = normpath(target)
            kind = self._kinds.get(inner, MemberKind.OTHER)
            if bad_name(target, self._limits) is not None or kind not in (
                *_REPLACEABLE,
                MemberKind.SYMLINK,
            ):
                return Refusal(
                    "link-outside",
                    "it is a hard link to something that is not an earlier file of the archive",
                )
            target = self._links.get(inner, "")
        if kind is MemberKind.SYMLINK and not self._stays_inside(path, target):
            return Refusal(
                "link-outside", f"it is a link that may lead out of the archive: {target}"
            )
        return None

    def _stays_inside(self, path: str, target: str) -> bool:
        """``..`` only in front, and no more often than there are folders above the link.

        The folders above a link are not links themselves (``_judge_place``), so going up from it is
        what it looks like. After that a target only goes down; if it passes through other links,
        they keep this rule too. No chain of links leads out.
        """
        parts = [part for part in target.split("/") if part not in ("", ".")]
        ups = 0
        while ups < len(parts) and parts[ups] == "..":
            ups += 1
        rest = "/".join(parts[ups:])
        if (
            target.startswith("/")
            or ups > path.count("/")
            or (rest and bad_name(rest, self._limits) is not None)
        ):
            return False
        return bool(parts) and not _CONTROL.search(target)

    def _judge_size(self, member: Member) -> Refusal | None:
        if isinstance(member.size, MISSING):
            return None
        if member.size > self._limits.member_bytes:
            return Refusal(
                "size",
                f"it claims {member.size:,} bytes, the limit is {self._limits.member_bytes:,}",
            )
        self._bytes += member.size
        if self._bytes > self._limits.total_bytes:
            return Refusal(
                "size",
                f"with it the archive unpacks to more than {self._limits.total_bytes:,} bytes",
            )
        return None
