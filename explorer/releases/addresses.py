"""GitHub addresses as people paste them: of a repository, a release or a file of one.

The forms are those of github.com's own pages and of ``browser_download_url``. GitHub Enterprise
has the same paths on a host of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from explorer.errors import UsageError
from explorer.http import without_credentials

_REPO = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_HOSTS = ("github.com", "www.github.com")
_API_HOST = "api.github.com"
DEFAULT_API = f"https://{_API_HOST}"
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
    host: str = ""
    """The host of a GitHub Enterprise server; empty: github.com."""

    def refusal(self, api_url: str) -> UsageError | None:
        """Why it cannot be opened: its host is not the one of the API. None if it can."""
        if self.host == web_host(api_url):
            return None
        other = self.host or "github.com"
        api = f"https://{self.host}/api/v3" if self.host else DEFAULT_API
        return UsageError(
            f"{other} is not the server that is asked",
            f"the API's address is {without_credentials(api_url)}",
            f"If {other} is a GitHub server: --api-url {api}, or the setting api_url",
        )


def is_repository(text: str) -> bool:
    """Whether ``text`` has the form OWNER/NAME."""
    return bool(_REPO.fullmatch(text))


def web_host(api_url: str) -> str:
    """The host of the pages that belong to an API; empty: github.com."""
    try:
        host = (urlsplit(api_url).hostname or "").lower()
    except ValueError:
        return ""
    return "" if host == _API_HOST else host


def parse_address(text: str, api_url: str = "", *, any_host: bool = False) -> ProjectAddress | None:
    """What a GitHub address leads to; None if ``text`` is not one.

    The scheme may be missing. A tag may contain slashes, escaped or not. On the host of ``api_url``
    any address counts, on other hosts only that of a release or of a file of one; with ``any_host``
    that of a project counts there, too.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if ssh := _SSH.fullmatch(text):
        return _of_path(ssh[1])
    has_scheme = re.match(r"(?:git\+)?https?://", text, re.IGNORECASE) is not None
    if not has_scheme:
        text = f"https://{text}"
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    path = parts.path.strip("/")
    if host == _API_HOST and path.startswith("repos/"):
        return _of_path(path.removeprefix("repos/"))
    if host in _HOSTS:
        return _of_path(path, unquote(parts.fragment))
    if not has_scheme or not host or "@" in parts.netloc:
        return None
    address = _of_path(path, unquote(parts.fragment))
    if address is None or not (any_host or address.words or host == web_host(api_url)):
        return None
    return replace(address, host=host)


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
