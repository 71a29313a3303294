"""The HTTP client: proxies and certificates as the environment and the system have them."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from urllib.request import getproxies

import httpx

from explorer import __version__
from explorer.errors import SourceError
from explorer.http.failures import ProxyFailedError, tls_problem
from explorer.http.proxies import Proxies, Proxy, read_proxies

USER_AGENT = f"rr-explorer/{__version__}"
CONNECTIONS = 40
"""Enough for sixteen peeks on two hosts each, beside downloads and lists."""
KEPT_S = 30.0
"""How long an idle connection is kept. With TLS a new one costs two round trips."""

_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]")

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""OpenSSL's own, then those of the requests library and of curl."""


def make_client(
    timeout_s: float = 20.0, warn: Callable[[str], object] = lambda _: None
) -> httpx.AsyncClient:
    """Make a client that follows no redirects: the caller decides what is sent where.

    ``warn`` gets a sentence about what the environment says and cannot be used. A proxy that cannot
    be used is an error of the first request that needs it.

    Raises:
        SourceError: the certificates that the environment names cannot be used.
    """
    proxies = read_proxies(getproxies())
    if proxies.ignored:
        ignored = ", ".join(entry[:80] for entry in proxies.ignored[:5])
        warn(f"NO_PROXY has entries that name no host; they are ignored: {ignored}")
    named = tuple(os.environ.get(name, "").strip() for name in CERTIFICATE_VARIABLES)
    return httpx.AsyncClient(
        transport=EnvironmentTransport(proxies, authorities(named)),
        timeout=httpx.Timeout(timeout_s, pool=None),
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT},
        trust_env=False,
    )


@lru_cache(maxsize=2)
def authorities(named: tuple[str, ...]) -> ssl.SSLContext:
    """The trusted authorities. Blocking and slow, so kept for one environment.

    ``named`` holds the values of ``CERTIFICATE_VARIABLES``. The first one that is set replaces the
    system's store; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` go together, as in OpenSSL.

    Raises:
        SourceError: what a variable names cannot be used.
    """
    for variable, place in zip(CERTIFICATE_VARIABLES, named, strict=True):
        if not place:
            continue
        beside = named[1] if variable == "SSL_CERT_FILE" else ""
        try:
            return _private_authorities(place, beside)
        except OSError as error:  # ssl.SSLError is one, too
            raise SourceError(
                "The certificates in the environment cannot be used",
                f"{variable}={place}: {error.strerror or error}",
                f"Correct or unset {variable}",
            ) from error
    own_store = sys.platform in ("win32", "darwin")
    if not own_store and _openssl_has_certificates():
        return ssl.create_default_context()
    # truststore knows the stores of macOS, Windows and other distributions. It is not used where
    # OpenSSL finds the store itself, because it would read that again for every connection.
    import certifi
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not own_store:
        context.load_verify_locations(cafile=certifi.where())  # an image may have no store at all
    return context


def _private_authorities(place: str, folders: str) -> ssl.SSLContext:
    """Trust a bundle, or folders of certificates with hashed names; and more ``folders``."""
    if _is_folder(place):
        return ssl.create_default_context(capath=place)
    context = ssl.create_default_context(cafile=place)
    if _is_folder(folders):
        context.load_verify_locations(capath=folders)
    return context


def _is_folder(place: str) -> bool:
    """Whether a list of paths, as ``SSL_CERT_DIR`` may be one, holds a folder."""
    return any(Path(part).is_dir() for part in place.split(os.pathsep) if part)


def _openssl_has_certificates() -> bool:
    """Whether OpenSSL's default places hold certificates, as a bundle or as hashed names."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return True
    try:
        names = os.listdir(paths.capath) if paths.capath else []
    except OSError:
        return False
    return any(_HASHED_NAME.fullmatch(name) for name in names)


class EnvironmentTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy that the environment names for it."""

    def __init__(self, proxies: Proxies, context: ssl.SSLContext) -> None:
        self._proxies = proxies
        self._context = context
        self._transports: dict[Proxy | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it.

        Raises:
            SourceError: the proxy's address is not valid, or its kind is not supported.
            ProxyFailedError: the proxy cannot be reached, or refused.
        """
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        proxy = self._proxies.choose(url.scheme, url.host, port)
        transport = self._transports.get(proxy)
        if transport is None:
            transport = self._transports[proxy] = self._make(proxy)
        try:
            return await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if proxy is None or tls_problem(error):
                raise
            name = f"{proxy.shown} ({proxy.variable})"
            raise ProxyFailedError(name, str(error) or "no connection", request) from error

    async def aclose(self) -> None:
        """Close the connections, also those to proxies."""
        for transport in self._transports.values():
            await transport.aclose()

    def _make(self, proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
        make = partial(
            httpx.AsyncHTTPTransport,
            verify=self._context,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=KEPT_S,
            ),
        )
        if proxy is None:
            return make()
        try:
            secure = self._context if proxy.url.startswith("https:") else None
            parsed = httpx.Proxy(proxy.url, ssl_context=secure)
            if not parsed.url.host or not 0 < (parsed.url.port or 1) < 65536:
                raise ValueError("no host, or a port above 65535")
            return make(proxy=parsed)
        except ImportError:
            raise SourceError(
                f"{proxy.variable} names a SOCKS proxy",
                "support for SOCKS is not installed",
                "Install it with: pip install 'httpx[socks]'",
            ) from None
        except (ValueError, httpx.InvalidURL) as error:
            # The error may quote a password, e.g. as the port of an address that is not valid.
            detail = "its address is not valid" if "@" in proxy.url else f"{proxy.url}: {error}"
            raise SourceError(
                f"The proxy in {proxy.variable} cannot be used",
                detail,
                f"Correct {proxy.variable}: http, https and socks5 proxies are supported",
            ) from error
