"""The rules that a member's header must keep before anybody is handed its bytes."""

import re
import unicodedata
from dataclasses import replace
from posixpath import normpath

from explorer.archive.models import Limits, Member, MemberKind, Refusal, RefusedError
from explorer.facts import MISSING

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HERE = re.compile(r"^(\./+)+")
_DRIVE = re.compile(r"^[A-Za-z]:")
_COMPONENT_BYTES = 255
"""The longest file name of every common file system."""
_DEPTH = 64
"""Folders in folders. RoadRunner's archives have one, a deb three."""


def fold(name: str) -> str:
    """The name as a file system sees it that knows neither case nor Unicode's several spellings (macOS, Windows)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def bad_name(name: str, limits: Limits) -> Refusal | None:
    """The rule that a name or a link's target text breaks, whatever it stands for."""
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
    if found := _CONTROL.search(name):
        return Refusal("name", f"its name holds the control character U+{ord(found[0]):04X}")
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return Refusal("absolute", "its name is absolute")
    if ".." in parts:
        return Refusal("traversal", "its name leads out of the archive")
    if normpath(name) == ".":
        return Refusal("name", "its name is that of the folder it would lie in")
    if "\\" in name:
        return Refusal("name", "its name holds a backslash, which is a separator on Windows")
    if len(parts) > _DEPTH or max(len(part.encode()) for part in parts) > _COMPONENT_BYTES:
        return Refusal(
            "name", f"its name has a part over {_COMPONENT_BYTES} bytes or more than {_DEPTH} parts"
        )
    return None


def clean(name: str) -> str:
    """Without ``./`` in front and a directory's slash behind; else as it stands, so that a hostile name shows."""
    inner = _HERE.sub("", name)
    if not inner:
        return "." if name else ""
    return inner.rstrip("/") or "/"


class Guard:
    """Members of one tree in the order of their headers. Remembers names, links and sizes; at most ``limits.members``, with
    the folders that only the names of others make."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kinds: dict[str, MemberKind] = {}
        self._bytes = 0
        self._count = 0

    def admit(self, member: Member) -> Member:
        """The member, with ``refused`` set where it breaks a rule (an earlier refusal stays).

        Raises:
            RefusedError: ``count``: there are more than ``limits.members``; nothing behind it is looked at.
        """
        self._counted(member)
        if (
            refusal := bad_name(member.name, self._limits)
        ) is not None:  # nothing else can be told of such a name
            cut = (
                self._limits.name_bytes
            )  # a refused name is still shown, but 20,000 of 1 MiB are not kept
            return replace(
                member,
                name=member.name[:cut],
                link=member.link[:cut],
                refused=member.refused or refusal,
            )
        path = normpath(member.name)
        refused = member.refused or self._judge(path, member)
        if refused is None or path not in self._kinds:
            given = (
                refused is None or member.kind is MemberKind.SYMLINK
            )  # what lies behind a refused link is refused as well
            self._kinds[path] = member.kind if given else MemberKind.OTHER
        if refused is None:
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

    def _make_folders(self, path: str, member: Member) -> None:
        """Those above a member are there now, whether they have members of their own or not."""
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
        if earlier is not None and not (earlier is member.kind is MemberKind.DIRECTORY):
            return Refusal("duplicate", "another member has the same name")
        at = path.find("/")
        while at >= 0:
            above = self._kinds.get(path[:at])
            if above is MemberKind.SYMLINK:
                return Refusal("traversal", f"it lies behind the link {path[:at]}")
            if above not in (None, MemberKind.DIRECTORY):
                return Refusal("duplicate", f"it lies in {path[:at]}, which is no folder")
            at = path.find("/", at + 1)
        return None

    def _judge_link(self, path: str, member: Member) -> Refusal | None:
        if member.kind is MemberKind.HARDLINK:
            refusal = bad_name(member.link, self._limits)
            if refusal is not None or self._kinds.get(normpath(member.link)) not in (
                MemberKind.FILE,
                MemberKind.HARDLINK,
            ):
                return Refusal(
                    "link-outside",
                    "it is a hard link to something that is no file before it in the archive",
                )
        if member.kind is MemberKind.SYMLINK and not self._stays_inside(path, member.link):
            return Refusal(
                "link-outside",
                f"it is a link that leads, or may lead, out of the archive: {member.link}",
            )
        return None

    def _stays_inside(self, path: str, target: str) -> bool:
        """``..`` only in front, and no more of them than there are folders above the link.

        The folders above a link are no links (``_judge_place``), so going up from it is what it looks like. Behind that
        a target only goes down, if through other links then through ones that keep this rule too: no chain gets out.
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
