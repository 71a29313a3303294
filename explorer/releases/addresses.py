"""GitHub addresses as people paste them: of a repository, a release or a file of one.

The forms are those of github.com's own pages and of ``browser_download_url``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_REPO = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_HOSTS = ("github.com", "www.github.com")
_API_HOST = "api.github.com"
_SSH = re.compile(r"(?:ssh://)?git@github\.com[:/](.+)")
_LONGEST = 2048
"""Characters of an address."""


@dataclass(frozen=True, slots=True)
class ProjectAddress:
    """What an address leads to."""

    repo: str
    """OWNER/NAME."""
    words: str = ""
    """``TAG`` or ``TAG/ASSET``, as FILE takes them; ``latest`` may be the tag. Empty: the project.
    Untrusted."""


def is_repository(text: str) -> bool:
    """Whether ``text`` has the form OWNER/NAME."""
    return bool(_REPO.fullmatch(text))


def parse_address(text: str) -> ProjectAddress | None:
    """What a GitHub address leads to; None if ``text`` is not one.

    The scheme may be missing. A tag may contain slashes, escaped or not.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if ssh := _SSH.fullmatch(text):
        return _of_path(ssh[1])
    if not re.match(r"(?:git\+)?https?://", text, re.IGNORECASE):
        text = f"https://{text}"
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    path = parts.path.strip("/")
    if host == _API_HOST and path.startswith("repos/"):
        return _of_path(path.removeprefix("repos/"))
    return _of_path(path, unquote(parts.fragment)) if host in _HOSTS else None


def _of_path(path: str, member: str = "") -> ProjectAddress | None:
    owner, _, rest = path.strip("/").partition("/")
    name, _, rest = rest.partition("/")
    repo = f"{owner}/{name.removesuffix('.git')}"
    if not is_repository(repo):
        return None
    words = _words(rest)
    # Behind a page's address, a fragment is a heading.
    has_member = bool(member) and "/download/" in rest
    return ProjectAddress(repo, f"{words}#{member}" if has_member else words)


def _words(rest: str) -> str:
    """The tag, and the file, in what follows OWNER/NAME."""
    section, _, rest = rest.partition("/")
    if section != "releases" or not rest:
        return ""
    what, _, rest = rest.partition("/")
    parts = [unquote(part) for part in rest.split("/") if part]
    if what == "latest":
        file = parts[1:] if parts[:1] == ["download"] else []
        return "/".join(["latest", *file])
    if what in ("tag", "download", "expanded_assets") and parts:
        return "/".join(parts)
    return ""
