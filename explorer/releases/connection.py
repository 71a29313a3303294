"""What a request to GitHub's API needs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from explorer.releases.pages import PageStore

if TYPE_CHECKING:
    import httpx

    from explorer.http import Token


TOKEN_REMEDY = "set GITHUB_TOKEN, or run gh auth login"
"""How to get a token, as a clause."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An HTTP client, the token, and where lists are kept."""

    client: httpx.AsyncClient
    pages: PageStore
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class WaitClock:
    """The time, and how to wait between attempts. Tests replace it."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    """Seconds."""
    jitter: Callable[[], float] = random.random
    """From 0 to 1."""
