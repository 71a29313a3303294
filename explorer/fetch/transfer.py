"""One asset on its way to the disk: attempts, resumed or restarted, until it is complete."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from explorer.errors import IntegrityError, NotFoundError, RateLimitedError, SourceError
from explorer.fetch.disk import CHUNK
from explorer.fetch.meter import INTERVAL_S, Meter
from explorer.fetch.partial import Partial
from explorer.fetch.refusals import refusal
from explorer.fetch.wire import (
    REFRESH,
    RemoteAsset,
    RetryError,
    Validators,
    body_of,
    coding_of,
    content_length_of,
    content_range_of,
    encoded_error,
    validators_of,
)

UNPROMISED = 4 << 30
"""Bytes accepted of a file of unknown size; GitHub's limit for an asset is 2 GiB."""
ENOUGH = 64 * 1024
"""Bytes that make an attempt progress, so that a line that is cut every few MB still succeeds."""
RESTARTS = 3
"""A file that changes more often than this during one download is an error."""

Blocking = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs something that waits for the disk in a thread."""


class RestartError(Exception):
    """The bytes on the disk are not of the file that the server has now. Stays in this module."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and after what time, to try again."""

    failures: int = 5
    """Attempts in a row without progress."""
    first_s: float = 0.5
    """Seconds before the second attempt; doubled each time."""
    longest_s: float = 8.0
    """Seconds."""


class Transfer:
    """``partial`` is locked and open; after ``run`` it holds the whole file, checked by size."""

    def __init__(
        self,
        remote: RemoteAsset,
        partial: Partial,
        meter: Meter,
        blocking: Blocking,
        patience: Patience,
    ) -> None:
        self._remote = remote
        self._partial = partial
        self._meter = meter
        self._blocking = blocking
        self._patience = patience
        self._answered = False
        self._restarts = 0
        self._furthest = 0
        self.coding = ""
        """Content-Encoding of the last complete answer; empty for ``identity``."""
        self.resumed_from = 0
        """Offset at which the last attempt continued; the whole size if none was needed."""
        self.moved = 0
        """Bytes of all bodies."""

    async def run(self) -> None:
        """Fetch until the file is complete.

        Raises:
            IntegrityError: the size is not the listed one; nothing is kept.
            SourceError: the server does not give it; what has arrived is kept.
        """
        urls = list(self._remote.addresses(checked=True))
        self.resumed_from = self._furthest = self._partial.have
        failures = 0
        while not self._complete():
            try:
                await self._attempt(urls[0])
            except NotFoundError:
                if len(urls) == 1:
                    raise
                del urls[0]
            except RestartError:
                await self._blocking(lambda: self._partial.begin(Validators(), None))
                self._count_restart()
            except RetryError as retry:
                progress = self._partial.have - self._furthest
                failures = 1 if progress >= ENOUGH else failures + 1
                self._furthest = max(self._furthest, self._partial.have)
                if failures >= self._patience.failures:
                    raise retry.error from retry
                pause = min(self._patience.longest_s, self._patience.first_s * 2 ** (failures - 1))
                await asyncio.sleep(max(pause, retry.wait_s))

    def _count_restart(self) -> None:
        """The server has another file now: what arrived of the old one is no progress."""
        self._restarts += 1
        self._furthest = 0
        if self._restarts > RESTARTS:
            raise SourceError(
                f"{self._remote.name} keeps changing", "every answer is of another file", REFRESH
            )

    def _complete(self) -> bool:
        total = self._partial.total if self._remote.size is None else self._remote.size
        return total is not None and self._partial.have == total and (total > 0 or self._answered)

    async def _attempt(self, url: str) -> None:
        partial = self._partial
        headers: dict[str, str] = {}
        if (
            partial.have
            and partial.validators.if_range
            and partial.have < (self._remote.size or partial.total or UNPROMISED)
        ):
            headers = {"Range": f"bytes={partial.have}-", "If-Range": partial.validators.if_range}
        async with self._remote.ask(url, headers) as response:
            limit = await self._accept(response, bool(headers), str(response.url) != url)
            await self._blocking(lambda: partial.check_room(partial.total))
            self._meter.total = partial.total
            self._meter.stage("downloading", partial.have)
            await self._body(response, limit)
        self._answered = True
        if partial.total is None:
            partial.total = partial.have  # no size was promised, and the body is complete
        if partial.have < partial.total:
            await self._too_short()

    async def _too_short(self) -> None:
        partial = self._partial
        if self.coding:
            await self._blocking(partial.discard)
            raise encoded_error(self._remote.name, self.coding)
        raise RetryError(
            SourceError(
                f"{self._remote.name} ends too early",
                f"after {partial.have:,} of {partial.total:,} bytes",
                "Try again",
            )
        )

    async def _accept(self, response: httpx.Response, resuming: bool, redirected: bool) -> int:
        """Judge the headers; return the offset that no byte of this answer may pass."""
        status = response.status_code
        if status == 206 and resuming:
            return self._resume(response)
        if status in (200, 206):
            return await self._start(response)
        if status == 416 and resuming:
            raise RestartError
        error = await refusal(response, self._remote.name)
        if status == 403 and redirected and not isinstance(error, (RateLimitedError, RetryError)):
            raise RetryError(
                SourceError(
                    f"{self._remote.name} is refused",
                    "the address that the server redirected to has expired",
                    "Try again",
                )
            )
        raise error

    def _resume(self, response: httpx.Response) -> int:
        partial = self._partial
        span = content_range_of(response)
        if span is None:
            raise RestartError  # a server that cannot do ranges may still give the whole file
        changed = None not in (span.total, partial.total) and span.total != partial.total
        if (
            changed
            or span.start != partial.have
            or partial.validators.contradicts(validators_of(response.headers))
        ):
            raise RestartError
        partial.total = span.total if partial.total is None else partial.total
        self.resumed_from = span.start
        return span.end

    async def _start(self, response: httpx.Response) -> int:
        """The whole file, or its beginning from a server that answers 206 without being asked."""
        partial, listed = self._partial, self._remote.size
        total = content_length_of(response)
        limit = total
        if response.status_code == 206:
            span = content_range_of(response)
            if span is not None and span.start == 0:
                total, limit = span.total, span.end
            elif span is not None or total != listed or total is None:
                raise SourceError(
                    f"{response.url.host} sends a part that was not asked for",
                    f"of {self._remote.name}: 206, Content-Range "
                    f"{response.headers.get('content-range', '')[:100]!r}",
                    "Check the proxy, or try again later",
                )
        self.coding = coding_of(response)
        if total is not None and listed is not None and total != listed:
            await self._blocking(partial.discard)
            if self.coding:
                raise encoded_error(self._remote.name, self.coding)
            raise IntegrityError(
                f"{self._remote.name} has another size than the release says",
                f"the release says {listed:,} bytes, the server {total:,}",
                REFRESH,
            )
        if self.coding and listed is None and not self._remote.sha256:
            raise encoded_error(self._remote.name, self.coding)  # nothing to compare with
        total = listed if total is None else total
        self.resumed_from = 0
        validators = validators_of(response.headers)
        if partial.validators.contradicts(validators):
            self._count_restart()
        await self._blocking(lambda: partial.begin(validators, total))
        return next(size for size in (limit, total, UNPROMISED) if size is not None)

    async def _body(self, response: httpx.Response, limit: int) -> None:
        partial = self._partial
        waiting = bytearray()
        flushed = time.monotonic()
        try:
            async with body_of(response) as body:
                async for chunk in body:
                    self.moved += len(chunk)
                    if partial.have + len(waiting) + len(chunk) > limit:
                        waiting.clear()
                        await self._too_long(limit)
                    waiting += chunk
                    now = time.monotonic()
                    if len(waiting) >= CHUNK or now - flushed >= INTERVAL_S:
                        data, waiting, flushed = waiting, bytearray(), now
                        await self._blocking(functools.partial(partial.write, data))
                        self._meter.at("downloading", partial.have)
        except BaseException:
            if waiting:  # cut or cancelled: keep what has arrived, if the disk allows it
                with contextlib.suppress(SourceError):
                    partial.write(waiting)
            raise
        await self._blocking(functools.partial(partial.write, waiting))
        self._meter.at("downloading", partial.have, last=True)

    async def _too_long(self, limit: int) -> None:
        await self._blocking(self._partial.discard)
        raise IntegrityError(
            f"{self._remote.name} is longer than promised",
            f"more than {limit:,} bytes arrived; nothing is kept",
            REFRESH,
        )
