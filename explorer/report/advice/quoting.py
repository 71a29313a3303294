"""What may stand in a line to paste. Names and addresses come from a server.

Whatever goes into a shell line is quoted. What could not stand on one line of a script or a
Dockerfile, or what a tool would take for an option or a pattern, is refused, not escaped.
"""

from __future__ import annotations

import re
import shlex

from explorer.errors import FormatError

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_WORD = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]*")
_URL = re.compile(r"https?://[0-9A-Za-z:/._~%+@=&?,-]+")
_PATTERN = re.compile(r"[*?\[\]\\]")
UNPACK = "rr-explorer get FILE -o DIR downloads and unpacks it"


def is_plain(name: str) -> bool:
    """Whether a name is a file name that needs no quotes, and no option, path or hidden file."""
    return _NAME.fullmatch(name) is not None


def plain(name: str) -> str:
    """``name``, which has to be plain.

    Raises:
        FormatError: it is not.
    """
    if not is_plain(name):
        raise FormatError("The program's name cannot be put into a script", name, UNPACK)
    return name


def word(text: str) -> str:
    """``text`` if it is printable ASCII without spaces, e.g. an image's reference.

    Raises:
        FormatError: it is not.
    """
    if not _WORD.fullmatch(text):
        raise FormatError("A name cannot be put into a script", text, UNPACK)
    return text


def address(url: str) -> str:
    """A URL without anything that a shell, curl or a Dockerfile would expand.

    Raises:
        FormatError: it has something of the kind.
    """
    if not _URL.fullmatch(url):
        raise FormatError("An address cannot be put into a script", url, UNPACK)
    return url


def member(name: str) -> str:
    """A member's name, quoted for a shell, for a tool that takes ``--`` as the end of options.

    Raises:
        FormatError: it is not printable ASCII, or busybox's tar would take it for a pattern.
    """
    if not _PRINTABLE.fullmatch(name) or _PATTERN.search(name):
        raise FormatError("A member's name cannot be put into a script", name, UNPACK)
    return shlex.quote(name)


def member_without_dashes(name: str, tool: str = "unzip") -> str:
    """As ``member``, for a tool that knows no ``--``.

    Raises:
        FormatError: the tool would take it for an option or a pattern.
    """
    if name.startswith("-"):
        raise FormatError(f"{tool} would take a member's name for an option", name, UNPACK)
    return member(name)


def member_for_bsdtar(name: str) -> str:
    """As ``member``, for bsdtar, to which ``^`` and ``$`` are the ends of a pattern.

    Raises:
        FormatError: it would take the name for a pattern.
    """
    if name.startswith("^") or name.endswith("$"):
        raise FormatError("bsdtar would take a member's name for a pattern", name, UNPACK)
    return member(name)
