"""What every request has in common: the client, the token rule, and errors a user can act on.

httpx is imported when the first client is made: it costs 0.13 s, which the first screen does not pay.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from explorer import __version__
from explorer.errors import OfflineError, SourceError

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"rr-explorer/{__version__}"


@dataclass(frozen=True, slots=True)
class Token:
    """A GitHub token that cannot be printed by accident and knows the one origin it may be sent to."""

    value: str = field(repr=False)
    origin: str
    """``scheme://host[:port]`` of the API, e.g. ``https://api.github.com``."""

    def headers_for(self, url: str) -> dict[str, str]:
        """The Authorization header if ``url`` is on the API's own origin, nothing for any other host."""
        return {"Authorization": f"Bearer {self.value}"} if origin_of(url) == self.origin else {}

    def __str__(self) -> str:
        return "<token>"


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` in lower case, without default ports and credentials."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    return f"{parts.scheme.lower()}://{host}" + (f":{port}" if port and port != default else "")


def make_client(timeout_s: float = 20.0) -> httpx.AsyncClient:
    """A client that follows no redirect by itself (the caller decides what is sent where) and reads proxies from the environment."""
    import httpx

    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_s, pool=None),
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT},
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
    )


def describe_failure(error: Exception, url: str) -> SourceError:
    """Turn an ``httpx`` error (or an ``OSError``) into an error with a remedy: DNS, TLS, refused, time-out, cut."""
    import httpx

    host = urlsplit(url).hostname or url
    cause: BaseException | None = error
    text = str(error)
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return SourceError(
                f"No secure connection to {host}",
                str(cause),
                "Check the clock, the proxy, and SSL_CERT_FILE for an own authority",
            )
        cause = cause.__cause__ or cause.__context__
    if "Name or service not known" in text or "getaddrinfo" in text or "name resolution" in text or "nodename nor servname" in text:
        return OfflineError(f"{host} cannot be found", "its name does not resolve", "Check the network and DNS, or use --offline")
    if isinstance(error, httpx.TimeoutException):
        return OfflineError(f"{host} does not answer", "timed out", "Try again, or use --offline")
    if isinstance(error, httpx.ConnectError):
        return OfflineError(f"No connection to {host}", text or "refused", "Check the network or the proxy, or use --offline")
    if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
        return SourceError(f"The connection to {host} was cut", text, "Try again: a download goes on where it stopped")
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return SourceError("Not a usable address", f"{url}: {text}", "Check --api-url and --repo")
    return SourceError(f"The request to {host} failed", text or type(error).__name__, "Try again")
