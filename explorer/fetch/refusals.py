"""Answers without the file's bytes, as errors that say what to do."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx

from explorer.errors import NotFoundError, RateLimitedError, SourceError
from explorer.fetch.wire import RetryError, body_of
from explorer.http import retry_after
from explorer.releases import TOKEN_REMEDY

LONGEST_WAIT_S = 10.0
"""If the server asks for a longer wait, the error says so at once."""
_MESSAGE_LIMIT = 64 * 1024
"""Bytes read of an error's body."""


async def refusal(response: httpx.Response, name: str) -> Exception:
    """The error for an answer that has no bytes of the asset ``name``.

    Returns a ``SourceError``, or a ``RetryError`` if another attempt may succeed. Reads the body.
    """
    status = response.status_code
    host = urlsplit(str(response.url)).hostname or ""
    wait = _wait_s(response.headers)
    if status in (404, 410):
        return NotFoundError(
            f"{name} is not there",
            f"{host} answers {status}",
            f"Refresh the list; for a private repository {TOKEN_REMEDY}",
        )
    if status >= 500 or status in (408, 425):
        trouble = SourceError(f"{host} is in trouble", f"{status} for {name}", "Try again later")
        return RetryError(trouble, wait or 0.0) if (wait or 0.0) <= LONGEST_WAIT_S else trouble
    message = await _message(response) if status in (403, 429, 451) else ""
    if status == 429 or (status == 403 and (wait is not None or "rate limit" in message.lower())):
        limited = _limited(host, message or f"{status} for {name}", wait)
        return RetryError(limited, wait) if wait is not None and wait <= LONGEST_WAIT_S else limited
    return _refused(status, host, name, message)


def _refused(status: int, host: str, name: str, message: str) -> SourceError:
    if status == 451:
        return SourceError(
            f"{name} is unavailable for legal reasons",
            f"{host} answers 451" + (f": {message}" if message else ""),
            "Read the notice on the repository's page",
        )
    if status in (401, 403):
        return SourceError(
            f"{host} refuses {name}",
            f"it answers {status}" + (f": {message}" if message else ""),
            f"Refresh the list, or {TOKEN_REMEDY}",
        )
    if 400 <= status < 500:
        return SourceError(
            f"{host} does not accept the request for {name}",
            f"it answers {status}",
            "Check the proxy and --api-url: trying again will not help",
        )
    return SourceError(
        f"{host} sends no file for {name}", f"it answers {status}", "Try again later"
    )


def _limited(host: str, detail: str, wait: float | None) -> RateLimitedError:
    until = datetime.now(UTC) + timedelta(seconds=wait) if wait is not None else None
    when = f" until {until:%H:%M} UTC" if until else ""
    remedy = "Try again then" if until else "Wait a few minutes"
    if "secondary" not in detail.lower():  # limits on speed are the same with a token
        remedy += f"; for a higher limit {TOKEN_REMEDY}"
    return RateLimitedError(f"{host} asks to wait{when}", detail, remedy, until)


async def _message(response: httpx.Response) -> str:
    """``message`` in GitHub's JSON, at most 300 characters; empty if there is none."""
    from explorer.releases import message_in

    data = bytearray()
    with contextlib.suppress(httpx.HTTPError):
        async with body_of(response) as body:
            async for chunk in body:
                data += chunk
                if len(data) >= _MESSAGE_LIMIT:
                    break
    return message_in(bytes(data[:_MESSAGE_LIMIT]))


def _wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After, else from x-ratelimit-reset if no requests remain."""
    now = datetime.now(UTC)
    moment = retry_after(headers, now)
    if moment is not None:
        return max(0.0, (moment - now).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") != "0" or not (reset.isascii() and reset.isdigit()):
        return None
    return min(86400.0, max(0.0, int(reset[:12]) - now.timestamp()))
