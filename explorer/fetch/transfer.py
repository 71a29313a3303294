"""One asset on its way to the disk: attempts, resumed or anew, until it is whole and is what was promised."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from explorer.errors import IntegrityError, NotFoundError, SourceError
from explorer.facts import MISSING
from explorer.fetch.disk import CHUNK
from explorer.fetch.meter import INTERVAL_S, Meter
from explorer.fetch.partial import Partial
from explorer.fetch.wire import (
    REFRESH,
    Retry,
    Validators,
    addresses,
    answer,
    body_of,
    content_length_of,
    content_range_of,
    refuse,
    refuse_encoding,
    validators_of,
)
from explorer.http import Token
from explorer.releases import Asset

UNPROMISED = 4 << 30
"""Bytes taken of a file whose size nobody says; GitHub allows 2 GiB for an asset."""

ENOUGH = 64 * 1024
"""Bytes that make an attempt count as progress, so that a line that is cut every few MB still ends well."""

Blocking = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs something that waits for the disk in a thread."""


class Anew(Exception):  # noqa: N818 - it never leaves this module
    """What is here does not fit what the server has now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and after what time to try again."""

    failures: int = 5
    """Attempts in a row without progress."""
    first_s: float = 0.5
    """Before the second attempt; doubled each time."""
    longest_s: float = 8.0


class Transfer:
    """See the module. ``partial`` is locked and open; after ``run`` it holds the whole file, checked by size."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        asset: Asset,
        token: Token | None,
        partial: Partial,
        meter: Meter,
        blocking: Blocking,
        patience: Patience,
    ) -> None:
        self._client = client
        self._asset = asset
        self._token = token
        self._partial = partial
        self._meter = meter
        self._blocking = blocking
        self._patience = patience
        self._promised = None if isinstance(asset.size, MISSING) else asset.size
        self._answered = False
        self.resumed_from = 0
        """Offset at which the last attempt went on with an earlier one; all of it where no attempt was needed."""
        self.moved = 0
        """Body bytes that came, in all attempts."""

    async def run(self) -> None:
        """Fetch until it is whole.

        Raises:
            IntegrityError: size or count of bytes is not what was promised; nothing is kept.
            SourceError: it cannot be had; what has come is kept.
        """
        urls = list(addresses(self._asset, self._token))
        self.resumed_from = self._partial.have
        failures = restarts = 0
        while not self._whole():
            before = self.moved
            try:
                await self._attempt(urls[0])
            except NotFoundError:
                if len(urls) == 1:
                    raise
                del urls[0]
            except Anew:
                restarts += 1
                await self._blocking(lambda: self._partial.begin(Validators(), None))
                if restarts > 3:
                    raise SourceError(
                        f"{self._asset.name} keeps changing",
                        "every answer speaks of another file",
                        REFRESH,
                    ) from None
            except Retry as retry:
                failures = 1 if self.moved - before >= ENOUGH else failures + 1
                if failures >= self._patience.failures:
                    raise retry.error from retry
                pause = min(self._patience.longest_s, self._patience.first_s * 2 ** (failures - 1))
                await asyncio.sleep(max(pause, retry.wait_s))

    def _whole(self) -> bool:
        total = self._promised if self._promised is not None else self._partial.total
        return total is not None and self._partial.have == total and (total > 0 or self._answered)

    async def _attempt(self, url: str) -> None:
        partial = self._partial
        headers: dict[str, str] = {}
        if (
            partial.have
            and partial.validators.if_range
            and partial.have < (self._promised or partial.total or UNPROMISED)
        ):
            headers = {"Range": f"bytes={partial.have}-", "If-Range": partial.validators.if_range}
        async with answer(self._client, url, headers, self._token) as response:
            limit = await self._accept(
                response, resuming=bool(headers), moved_on=str(response.url) != url
            )
            await self._blocking(lambda: partial.check_room(partial.total))
            self._meter.total = partial.total
            self._meter.stage("downloading", partial.have)
            await self._body(response, limit)
        self._answered = True
        if partial.total is None:
            partial.total = (
                partial.have
            )  # nobody promised a size, and the answer has ended as it should
        if partial.have < partial.total:
            raise Retry(
                SourceError(
                    f"{self._asset.name} ends too early",
                    f"after {partial.have:,} of {partial.total:,} bytes",
                    "Try again",
                )
            )

    async def _accept(self, response: httpx.Response, *, resuming: bool, moved_on: bool) -> int:
        """Judge the answer's headers; gives the offset that no byte of it may pass."""
        partial, status = self._partial, response.status_code
        if status == 206 and resuming:
            refuse_encoding(response)
            try:
                span = content_range_of(response)
            except SourceError:
                raise Anew from None  # a server that cannot do ranges may still give the whole
            changed = None not in (span.total, partial.total) and span.total != partial.total
            if (
                changed
                or span.start != partial.have
                or partial.validators.contradicts(validators_of(response.headers))
            ):
                raise Anew
            partial.total = span.total if partial.total is None else partial.total
            self.resumed_from = span.start
            return span.end
        if status == 200:
            refuse_encoding(response)
            total = content_length_of(response)
            if total is not None and self._promised is not None and total != self._promised:
                await self._blocking(partial.discard)
                raise IntegrityError(
                    f"{self._asset.name} has another size than the release says",
                    f"the release says {self._promised:,} bytes, the server {total:,}",
                    REFRESH,
                )
            total = self._promised if total is None else total
            validators = validators_of(response.headers)
            self.resumed_from = 0
            await self._blocking(lambda: partial.begin(validators, total))
            return UNPROMISED if total is None else total
        if status == 416 and resuming:
            raise Anew
        if status == 403 and moved_on and "x-ratelimit-remaining" not in response.headers:
            raise Retry(
                SourceError(
                    f"{self._asset.name} is refused",
                    "the address it was redirected to has expired",
                    "Try again",
                )
            )
        raise refuse(response, self._asset.name)

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
                        await self._blocking(partial.discard)
                        raise IntegrityError(
                            f"{self._asset.name} is longer than promised",
                            f"more than {limit:,} bytes came; nothing is kept",
                            REFRESH,
                        )
                    waiting += chunk
                    now = time.monotonic()
                    if len(waiting) >= CHUNK or now - flushed >= INTERVAL_S:
                        data, waiting, flushed = waiting, bytearray(), now
                        await self._blocking(functools.partial(partial.write, data))
                        self._meter.at("downloading", partial.have)
        except BaseException:
            if waiting:  # cut or cancelled: what has come is kept, if the disk lets us
                with contextlib.suppress(SourceError):
                    partial.write(waiting)
            raise
        await self._blocking(functools.partial(partial.write, waiting))
        self._meter.at("downloading", partial.have, last=True)
