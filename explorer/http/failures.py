"""Failed requests as errors with a remedy: DNS, TLS, proxy, refused, timed out, cut."""

import re
import ssl
from urllib.parse import urlsplit

import httpx

from explorer.errors import OfflineError, SourceError
from explorer.http.origin import without_credentials

_NO_SUCH_NAME = re.compile(
    r"name or service not known|getaddrinfo|name resolution"
    r"|nodename nor servname|no address associated",
    re.I,
)
_CUT = re.compile(r"closed connection|disconnected|unexpectedly closed", re.I)
"""What h11 and httpcore say of a connection that ended too early."""


class ProxyFailedError(httpx.ProxyError):
    """A proxy cannot be reached, or refused the request."""

    def __init__(self, proxy: str, reason: str, request: httpx.Request) -> None:
        """``proxy`` is its address without a password, and the variable that names it."""
        super().__init__(reason, request=request)
        self.proxy = proxy


def is_cut(error: Exception) -> bool:
    """Whether the connection failed or ended, so that another attempt may succeed.

    False for an answer that is not HTTP: the next one will not be either.
    """
    if isinstance(error, httpx.RemoteProtocolError):
        return _CUT.search(str(error)) is not None
    return isinstance(error, httpx.TransportError) and not isinstance(
        error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    )


def describe_failure(error: Exception, url: str) -> SourceError:
    """The error to show for an ``httpx`` error (or an ``OSError``) of a request to ``url``."""
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return SourceError(
            "Not a usable address",
            without_credentials(f"{url}: {error}"),
            "Check --api-url and --repo",
        )
    host = _host_of(url)
    text = without_credentials(str(error))
    if tls_message := tls_problem(error):
        return OfflineError(
            f"No secure connection to {host}",
            tls_message,
            "Check the clock and the proxy; set SSL_CERT_FILE to trust a private authority",
        )
    return _no_answer(error, host, text) or _bad_answer(error, host, text)


def _no_answer(error: Exception, host: str, text: str) -> SourceError | None:
    if isinstance(error, httpx.ProxyError):
        proxy = f"The proxy {error.proxy}" if isinstance(error, ProxyFailedError) else "The proxy"
        return OfflineError(
            f"{proxy} refused or failed", text, "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
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
    return None


def _bad_answer(error: Exception, host: str, text: str) -> SourceError:
    # httpx parses a redirect that it does not follow: idna's errors are UnicodeErrors.
    if isinstance(error, UnicodeError) or "location header" in text:
        return SourceError(
            f"{host} redirects to an unusable address", "", "Check --api-url and the proxy"
        )
    if isinstance(error, httpx.RemoteProtocolError) and not is_cut(error):
        return SourceError(
            f"The answer of {host} is not valid HTTP",
            text,
            "Check the proxy; otherwise this server is broken",
        )
    if isinstance(error, (httpx.RemoteProtocolError, httpx.NetworkError)):
        return SourceError(
            f"The connection to {host} was cut", text, "Try again: a download continues"
        )
    if isinstance(error, httpx.DecodingError):
        return SourceError(
            f"The answer of {host} is damaged", text, "Try again; a proxy may have changed it"
        )
    return SourceError(f"The request to {host} failed", text or type(error).__name__, "Try again")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def tls_problem(error: BaseException) -> str:
    """What TLS reported, from the error or from its causes; empty for any other failure."""
    cause: BaseException | None = error
    for _ in range(16):  # httpx wraps httpcore wraps anyio wraps ssl; ends a circular chain
        if cause is None:
            return ""
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return ""
