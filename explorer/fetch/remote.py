"""Random access to an asset that is still on the server: a first small range, then larger ones, up to a ceiling."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx

from explorer.bytesource import OutOfReachError
from explorer.errors import (
    IntegrityError,
    NotFoundError,
    OfflineError,
    OperationCancelledError,
    SourceError,
)
from explorer.facts import MISSING, Fact, Unknown
from explorer.fetch.keys import first_window
from explorer.fetch.models import Traffic
from explorer.fetch.ranges import Ranges
from explorer.fetch.wire import (
    REFRESH,
    ContentRange,
    Retry,
    Validators,
    addresses,
    answer,
    body_of,
    content_length_of,
    content_range_of,
    refuse,
    refuse_encoding,
    unsatisfied_total,
    validators_of,
)
from explorer.http import Token
from explorer.progress import foreground
from explorer.releases import Asset

RETRY_S = 0.2
"""Before the one repetition of a request that was cut."""

REQUEST_S = 30.0
"""For one ranged request, redirects included: it moves 16 KiB to 512 KiB."""

MAX_REQUESTS = 40
"""For one asset: doubling from 16 KiB reaches 1 MiB in 7; the rest is for far places. Stops a server that gives a byte at a time."""


Waiting = Callable[[], AbstractContextManager[object]]


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class RemoteSource:
    """A ``ByteSource`` for worker threads; the requests run on ``loop``.

    Nothing is asked before the first read or ``prefetch``. Each request is at least twice as large as the one before
    (``first``, then 2, 4, 8 … times that), begins where bytes are missing, and is clipped so that all bytes moved for this
    asset stay within ``ceiling``; what lies beyond raises ``OutOfReachError``. One worker thread at a time; never read from
    the loop's own thread. Threads that read must not be the loop's default executor: the loop resolves names there.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        asset: Asset,
        token: Token | None,
        *,
        loop: asyncio.AbstractEventLoop,
        first: int,
        ceiling: int,
        waiting: Waiting = nullcontext,
    ) -> None:
        """``first`` and ``ceiling`` in bytes; ``waiting()`` is entered by the thread that reads, for as long as it waits."""
        self._client = client
        self._waiting = waiting
        self._asset = asset
        self._token = token
        self._loop = loop
        self._window = first
        self._ceiling = ceiling
        self._promised = None if isinstance(asset.size, MISSING) else asset.size
        self._size = self._promised
        self._ranges = Ranges()
        self._validators = Validators()
        self._urls: list[str] = []
        self._direct = ""
        self._requests = self._moved = 0
        self._lock = threading.Lock()
        self._turn = asyncio.Lock()
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int | Unknown:
        """Bytes in all, as listed or as the server told."""
        return Unknown("the server has not said") if self._size is None else self._size

    @property
    def traffic(self) -> Traffic:
        """What it has cost so far. Bytes are those of bodies that were read."""
        of: Fact[int] = self.size
        return Traffic(self._requests, self._moved, of)

    async def prefetch(self) -> None:
        """Make the first request now, from the loop, before a thread is taken. Harmless when something is here already.

        Raises:
            SourceError, IntegrityError: as a read would.
            OperationCancelledError: it was closed.
        """
        if self._ranges.available(0) or self._size == 0:
            return
        task = self._loop.create_task(self._fill(0, 1))
        self._track(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            if self._closed:
                raise OperationCancelledError from None
            raise
        except OutOfReachError:
            return  # a read will say it

    def read_at(self, offset: int, length: int) -> bytes:
        """See ``ByteSource``. ``OutOfReachError`` beyond the ceiling, ``OperationCancelledError`` once closed."""
        if length <= 0:
            return b""
        self._check_open()
        if self._size is None:
            self._wait(self._fill(offset, offset + 1))  # any answer tells the size
        end = offset + length if self._size is None else min(offset + length, self._size)
        if offset >= end:
            return b""
        if self._here(offset) < end - offset:
            self._wait(self._fill(offset, end))
        with self._lock:
            return self._ranges.get(offset, end - offset)

    def read_some(self, offset: int, limit: int) -> bytes:
        """See ``ByteSource``: what is here, or what one request brings."""
        if limit <= 0:
            return b""
        self._check_open()
        if not self._here(offset) and (self._size is None or offset < self._size):
            self._wait(self._fill(offset, offset + 1))
        with self._lock:
            return self._ranges.get(offset, limit)

    def close(self) -> None:
        """Stop, from any thread: pending and later reads raise ``OperationCancelledError``."""
        self._closed = True
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._cancel_all)
            except RuntimeError:
                return  # the loop has closed in between: nothing runs any more

    def _cancel_all(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    def _track(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._closed:
            task.cancel()

    def _check_open(self) -> None:
        if self._closed:
            raise OperationCancelledError

    def _here(self, offset: int) -> int:
        with self._lock:
            return self._ranges.available(offset)

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it on the loop and wait in this thread; notice a loop that has gone."""
        if _running_loop() is self._loop:
            work.close()
            raise RuntimeError(
                "a RemoteSource is read from worker threads, not from its loop's own"
            )
        task = self._tracked(work)
        try:
            future = asyncio.run_coroutine_threadsafe(task, self._loop)
        except RuntimeError:  # the loop has closed
            task.close()
            work.close()
            raise OperationCancelledError from None
        with self._waiting():
            while not concurrent.futures.wait([future], timeout=0.5).done:
                if self._loop.is_closed():
                    raise OperationCancelledError
        try:
            future.result()
        except concurrent.futures.CancelledError:
            raise OperationCancelledError from None

    async def _tracked(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._track(task)
        await work

    # From here on everything runs on the loop.

    async def _fill(self, offset: int, end: int) -> None:
        """Ask until ``offset`` to ``end`` is here or the file ends before."""
        async with self._turn:
            failed = False
            while True:
                start = offset + self._here(offset)
                stop = end if self._size is None else min(end, self._size)
                if start >= stop:
                    return
                if self._requests >= MAX_REQUESTS:
                    raise OutOfReachError(stop)
                try:
                    await self._in_time(start, stop)
                    failed = False
                except Retry as retry:
                    if failed:
                        raise retry.error from retry
                    failed = True
                    await asyncio.sleep(max(RETRY_S, retry.wait_s))

    async def _in_time(self, start: int, stop: int) -> None:
        try:
            async with asyncio.timeout(REQUEST_S):
                await self._request(start, stop)
        except TimeoutError:
            late = OfflineError(
                f"{self._asset.name} comes too slowly",
                f"no {stop - start:,} bytes in {REQUEST_S:.0f} s",
                "Try again later",
            )
            raise Retry(late) from None

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        """What to ask for, so that ``start`` to ``stop`` gets nearer: the window, clipped to file, hole and ceiling."""
        budget = self._ceiling - self._moved
        gap = self._ranges.hole(start)
        needed = stop - start if gap is None else min(stop - start, gap)
        if needed > budget:
            raise OutOfReachError(stop)
        end = start + min(max(needed, self._window), budget)
        if gap is not None:
            return start, min(end, start + gap)
        if self._size is not None and end > self._size:
            # Near the end there is more to win before it: a zip's directory lies ahead of the record that names it.
            back = min(end - self._size, start)
            while back and self._here(start - back):
                back -= self._here(start - back)
            return start - max(0, back), self._size
        return start, end

    async def _request(self, start: int, stop: int) -> None:
        first, end = self._span(start, stop)
        self._window = 2 * max(self._window, 1)
        headers = {"Range": f"bytes={first}-{end - 1}"}
        if self._validators.if_range:
            headers["If-Range"] = self._validators.if_range
        if not self._urls:
            self._urls = list(addresses(self._asset, self._token))
        url = self._direct or self._urls[0]
        foreground.give_way()  # the whole loop waits, on purpose: sixteen answers at once are 35 ms of work
        async with answer(self._client, url, headers, self._token) as response:
            foreground.give_way()
            self._requests += 1
            status = response.status_code
            if status in (200, 206):
                refuse_encoding(response)
                self._same_file(response)
                self._direct = str(response.url)
                if status == 206:
                    await self._part(response, first, end)
                else:
                    await self._whole(response, stop, end)
                return
            if status == 416:
                self._ends_at(unsatisfied_total(response))
                return
            if self._direct and status in (401, 403, 404, 410):
                self._direct = ""  # a signed address has expired: begin at the first one again
                return
            error = refuse(response, self._asset.name)
            if isinstance(error, NotFoundError) and len(self._urls) > 1:
                del self._urls[0]
                return
            raise error

    def _ends_at(self, size: int | None) -> None:
        if size is None or self._size is not None:
            raise SourceError(
                f"{self._asset.name} is not as long as listed",
                "the server has no bytes there",
                REFRESH,
            )
        self._size = size

    def _same_file(self, response: httpx.Response) -> None:
        now = validators_of(response.headers)
        if self._validators.contradicts(now):
            raise SourceError(
                f"{self._asset.name} changed while it was read",
                "its ETag is another one now",
                REFRESH,
            )
        if not self._validators.if_range:
            self._validators = now

    def _told(self, size: int | None) -> None:
        if size is None:
            return
        if self._size is not None and size != self._size:
            raise IntegrityError(
                f"{self._asset.name} has another size than the release says",
                f"the release says {self._size:,} bytes, the server {size:,}",
                REFRESH,
            )
        self._size = size

    async def _part(self, response: httpx.Response, first: int, end: int) -> None:
        span: ContentRange = content_range_of(response)
        if span.start != first or span.end > end:
            raise SourceError(
                "The server sends other bytes than asked for",
                f"asked for {first}-{end - 1}, got {span.start}-{span.end - 1}",
                "Try again",
            )
        self._told(span.total)
        await self._take(response, first, span.end - first)

    async def _whole(self, response: httpx.Response, stop: int, end: int) -> None:
        """Range was ignored: read from the start up to what was asked for, then hang up."""
        self._told(content_length_of(response))
        budget = self._ceiling - self._moved
        wanted = end if end <= budget else stop
        if wanted > budget:
            raise OutOfReachError(wanted)
        await self._take(response, 0, wanted)

    async def _take(self, response: httpx.Response, at: int, wanted: int) -> None:
        """Keep the body as it comes, also what comes before a cut."""
        left = wanted
        partial = response.status_code == 206
        async with body_of(response) as body:
            async for chunk in body:
                self._moved += len(chunk)
                with self._lock:
                    self._ranges.add(at, chunk[:left] if partial else chunk)
                at += len(chunk)
                left -= len(chunk)
                if left < 0 or (
                    left == 0 and not partial
                ):  # a part is read to its end, so that the connection can serve again
                    return
        if left > 0 and partial:
            raise Retry(
                SourceError(
                    f"The answer for {self._asset.name} ends too early",
                    f"{left:,} bytes are missing",
                    "Try again",
                )
            )
        if left > 0:
            self._told(at)


def open_remote(
    client: httpx.AsyncClient,
    asset: Asset,
    token: Token | None,
    *,
    loop: asyncio.AbstractEventLoop,
    first: int | None = None,
    ceiling: int = 1 << 20,
    waiting: Waiting = nullcontext,
) -> RemoteSource:
    """An asset on its server as a ``ByteSource``. No request is made yet.

    ``first``: bytes of the first request; by default 16 KiB, more where zstd or bzip2 is inside. ``ceiling``: bytes in all.
    ``waiting()`` is a context that a reading thread enters while it waits for the server: there it can let others work.
    """
    first = min(ceiling, first_window(asset.archive) if first is None else first)
    return RemoteSource(
        client, asset, token, loop=loop, first=first, ceiling=ceiling, waiting=waiting
    )
