"""Which host an address names, and the token that only one of them may see."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from explorer.redaction import keep_secret

_PLAIN_URL = re.compile(r"[!-~]+")
_CREDENTIALS = re.compile(r"(?<=//)[^/\s]*@")


@dataclass(frozen=True, slots=True)
class Token:
    """A GitHub token. It is not printed by accident, and is sent to one origin only."""

    value: str = field(repr=False)
    origin: str
    """``scheme://host[:port]`` of the API, e.g. ``https://api.github.com``."""

    def __post_init__(self) -> None:
        keep_secret(self.value)

    def headers_for(self, url: str) -> dict[str, str]:
        """The Authorization header if ``url`` is on the API's own origin; empty otherwise."""
        if not self.origin or origin_of(url) != self.origin:
            return {}
        return {"Authorization": f"Bearer {self.value}"}

    def __str__(self) -> str:
        return "<token>"


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` in lower case, without default port and credentials.

    Empty if ``url`` is not a web address. Strict on purpose, since the token depends on it: an
    address with spaces, control characters, backslashes or non-ASCII characters, which two parsers
    may read differently, has no origin.
    """
    if not _PLAIN_URL.fullmatch(url) or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" + (f":{port}" if port is not None and port != default else "")


def without_credentials(text: str) -> str:
    """``text`` with user and password removed from every address in it."""
    return _CREDENTIALS.sub("", text)
