"""What every request has in common: the client, the token, and errors that a user can act on.

httpx, ssl and truststore are imported on first use: the first screen does without them.
"""

import sys
from typing import TYPE_CHECKING, Any

from explorer.http.headers import retry_after
from explorer.http.origin import Token, origin_of, without_credentials
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.http.client import USER_AGENT, make_client
    from explorer.http.failures import describe_failure, is_cut
    from explorer.http.urls import usable_url

_modules: dict[str, Any] = sys.modules
_modules.setdefault("httpx._main", None)
"""httpx's own command line, for which it would import rich and pygments. It does without."""

__getattr__ = lazy_exports(
    __name__,
    {
        "USER_AGENT": "client",
        "describe_failure": "failures",
        "is_cut": "failures",
        "make_client": "client",
        "usable_url": "urls",
    },
)

__all__ = [
    "USER_AGENT",
    "Token",
    "describe_failure",
    "is_cut",
    "make_client",
    "origin_of",
    "retry_after",
    "usable_url",
    "without_credentials",
]
