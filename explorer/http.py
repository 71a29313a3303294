"""What every request has in common: the client, the token rule, and errors a user can act on.

httpx and ssl are imported when they are first used: they cost 0.13 s, which the first screen does not pay.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from explorer import __version__
from explorer.errors import OfflineError, SourceError

if TYPE_CHECKING:
    import ssl

    import httpx

USER_AGENT = f"rr-explorer/{__version__}"
CONNECTIONS = 40
"""Sixteen peeks go to two hosts each, downloads and pages beside them. All are kept: with TLS a new one costs two round trips."""
KEPT_S = 30.0
"""How long an idle connection is kept: the time a reader takes between two releases. Servers close theirs after a minute or so."""
_PLAIN_URL = re.compile(r"[!-~]+")
_NO_SUCH_NAME = re.compile(
    r"name or service not known|getaddrinfo|name resolution|nodename nor servname|no address associated",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A GitHub token that cannot be printed by accident and knows the one origin it may be sent to."""

    value: str = field(repr=False)
    origin: str
    """``scheme://host[:port]`` of the API, e.g. ``https://api.github.com``."""

    def headers_for(self, url: str) -> dict[str, str]:
        """The Authorization header if ``url`` is on the API's own origin, nothing for any other host."""
        return (
            {"Authorization": f"Bearer {self.value}"}
            if self.origin and origin_of(url) == self.origin
            else {}
        )

    def __str__(self) -> str:
        return "<token>"


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` in lower case, without default ports and credentials; empty for what is no web address.

    Strict on purpose, since the token rule rests on it: an address with spaces, control characters, backslashes or
    characters outside ASCII, which two parsers might read differently, has no origin.
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


def make_client(timeout_s: float = 20.0) -> httpx.AsyncClient:
    """A client that follows no redirect by itself (the caller decides what is sent where) and reads proxies from the environment.

    Raises:
        SourceError: the proxy or the certificates that the environment names cannot be used.
    """
    import httpx

    try:
        return httpx.AsyncClient(
            verify=_authorities(
                os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")
            ),
            timeout=httpx.Timeout(timeout_s, pool=None),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT},
            limits=httpx.Limits(
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=KEPT_S,
            ),
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # "Invalid port: 'pa'" quotes a password that holds a slash: of an address with a password only what is safe is told.
        secret = any(
            "@" in value for name, value in os.environ.items() if name.lower().endswith("_proxy")
        )
        raise SourceError(
            "The proxy in the environment cannot be used",
            "its address is none, or of a kind that is not supported" if secret else str(error),
            "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY (http:// and https:// proxies are supported)",
        ) from error
    except OSError as error:  # ssl.SSLError is one, too
        raise SourceError(
            "The certificates in the environment cannot be used",
            str(error),
            "Check SSL_CERT_FILE and SSL_CERT_DIR",
        ) from error


@lru_cache(maxsize=2)
def _authorities(_file: str, _folder: str) -> ssl.SSLContext:
    """The trusted authorities, read once for a given environment: it costs 40 ms, which each client would pay anew."""
    import httpx

    return httpx.create_ssl_context()


def without_credentials(text: str) -> str:
    """``text`` with the user and password of every address in it taken out: a proxy's may hold some."""
    return re.sub(r"(?<=//)[^/\s]*@", "", text)


def describe_failure(error: Exception, url: str) -> SourceError:
    """Turn an ``httpx`` error (or an ``OSError``) into an error with a remedy: DNS, TLS, proxy, refused, time-out, cut."""
    import httpx

    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return SourceError(
            "Not a usable address",
            without_credentials(f"{url}: {error}"),
            "Check --api-url and --repo",
        )
    host = _host_of(url)
    text = without_credentials(str(error))
    secure = _tls_problem(error)
    if secure:
        return OfflineError(
            f"No secure connection to {host}",
            secure,
            "Check the clock, the proxy, and SSL_CERT_FILE for an own authority",
        )
    if isinstance(error, httpx.ProxyError):
        return OfflineError(
            "The proxy refuses or fails", text, "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
        )
    if _NO_SUCH_NAME.search(text):
        return OfflineError(
            f"{host} cannot be found",
            "its name does not resolve",
            "Check the network and DNS, or use --offline",
        )
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return OfflineError(f"{host} does not answer", "timed out", "Try again, or use --offline")
    if isinstance(error, httpx.ConnectError):
        return OfflineError(
            f"No connection to {host}",
            text or "refused",
            "Check the network or the proxy, or use --offline",
        )
    if isinstance(error, httpx.RemoteProtocolError) and "location header" in text:
        return SourceError(
            f"{host} sends the request elsewhere",
            "to an unusable address",
            "Check --api-url and the proxy",
        )
    if isinstance(
        error, (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError)
    ):
        return SourceError(
            f"The connection to {host} was cut",
            text,
            "Try again: a download goes on where it stopped",
        )
    if isinstance(error, httpx.DecodingError):
        return SourceError(
            f"The answer of {host} is damaged",
            text,
            "Try again; a proxy on the way may have changed it",
        )
    return SourceError(f"The request to {host} failed", text or type(error).__name__, "Try again")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _tls_problem(error: BaseException) -> str:
    """What TLS said, from the error or from what caused it; empty for any other failure."""
    import ssl

    cause: BaseException | None = error
    for _ in range(16):  # httpx wraps httpcore wraps anyio wraps ssl; a longer chain is no chain
        if cause is None:
            return ""
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return ""
