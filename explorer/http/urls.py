"""Addresses that a request can be sent to."""

import httpx

from explorer.errors import SourceError
from explorer.http.origin import without_credentials


def usable_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Parse ``url``, relative to ``base`` if given, and check scheme, host and port.

    httpx itself lets a port such as 99999 or a host such as ``xn--a`` pass, and fails later with
    errors that are not its own.

    Raises:
        SourceError: no request can be sent to this address.
    """
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
        port = parsed.port
        usable = parsed.scheme in ("http", "https") and bool(parsed.host)
        usable = usable and (port is None or 0 < port < 65536)
    except (httpx.InvalidURL, ValueError):  # idna's errors and lone surrogates are ValueErrors
        usable = False
    if not usable:
        shown = without_credentials(url)[:200]
        if base is None:
            raise SourceError(
                "Not a usable address",
                shown,
                "Check --api-url; otherwise the list of releases has a wrong address",
            )
        raise SourceError(
            f"{base.host} redirects to an unusable address",
            shown,
            "Refresh the list of releases; if it stays so, do not trust this server",
        )
    return parsed
