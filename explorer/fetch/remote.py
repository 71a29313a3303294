"""Random access to an asset on its server: a small first range, then larger ones, up to a limit."""

import asyncio
import concurrent.futures
import sys
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
from explorer.facts import Fact, Unknown
from explorer.fetch.keys import first_window
from explorer.fetch.models import Traffic
from explorer.fetch.ranges import Ranges
from explorer.fetch.refusals import refusal
from explorer.fetch.wire import (
    REFRESH,
    ContentRange,
    RemoteAsset,
    RetryError,
    Validators,
    body_of,
    coding_of,
    content_length_of,
    content_range_of,
    encoded_error,
    unsatisfied_total,
    validators_of,
)
from explorer.http import Token
from explorer.progress import foreground
from explorer.releases import Asset

RETRY_S = 0.2
"""Before a request that was cut is repeated, once."""
REQUEST_S = 30.0
"""Limit of one ranged request, redirects included."""
MAX_REQUESTS = 40
"""For one asset. Doubling from 16 KiB reaches 1 MiB in 7; the rest is for distant places."""
WHOLE_FIRST, WHOLE_WINDOW = 64 << 10, 1 << 20
"""Bytes of the first and of the largest request where all of an asset is read."""
KEPT = 2 << 20
"""Bytes on both sides of the last read that are kept then."""

Waiting = Callable[[], AbstractContextManager[object]]


class RemoteSource:
    """A ``ByteSource`` for worker threads; its requests run on the loop that made it.

    Nothing is requested before the first read or ``prefetch``. Each request is twice as large as
    the one before, or as what is read; it begins where bytes are missing, and is clipped so that
    all bytes moved for this asset stay within ``ceiling``; a read beyond that raises
    ``OutOfReachError``.

    Read from one worker thread at a time, never from the loop's own thread. The thread must not be
    of the loop's default executor, which resolves names.
    """

    def __init__(
        self,
        remote: RemoteAsset,
        *,
        first: int,
        ceiling: int | None,
        waiting: Waiting = nullcontext,
    ) -> None:
        """``first`` (the first request) and ``ceiling`` are in bytes.

        Without a ceiling all of the asset may be read: requests grow to 1 MiB only, and bytes far
        from the last read are let go. A thread that reads enters ``waiting()`` while it
        waits for the server.
        """
        self._remote = remote
        self._waiting = waiting
        self._loop = asyncio.get_running_loop()
        self._window = first
        self._largest = WHOLE_WINDOW if ceiling is None else sys.maxsize
        self._ceiling = ceiling if ceiling is not None else sys.maxsize
        self._is_endless = ceiling is None
        self._size = remote.size
        self._ranges = Ranges()
        self._validators = Validators()
        self._urls: list[str] = []
        self._direct = ""
        self._whole_only = False
        self._requests = self._moved = 0
        self._lock = threading.Lock()
        self._turn = asyncio.Lock()
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int | Unknown:
        """Bytes, as listed or as the server said."""
        return Unknown("the server has not said") if self._size is None else self._size

    @property
    def traffic(self) -> Traffic:
        """What it has cost so far."""
        of: Fact[int] = self.size
        return Traffic(self._requests, self._moved, of)

    def ask_for(self, window: int) -> None:
        """From now on request no more than this at a time, unless more is read: for a few bytes
        in distant places.
        """
        self._window = self._largest = window

    async def prefetch(self) -> None:
        """Make the first request now. Does nothing if bytes are already here.

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
            return  # a read raises it again

    def read_at(self, offset: int, length: int) -> bytes:
        """See ``ByteSource``.

        Raises:
            OutOfReachError: the bytes lie beyond the ceiling.
            OperationCancelledError: it was closed.
            SourceError, IntegrityError: the server does not give them.
        """
        if length <= 0:
            return b""
        self._check_open()
        if self._size is None:
            self._wait(self._fill(offset, offset + 1))  # any answer gives the size
        end = offset + length if self._size is None else min(offset + length, self._size)
        if offset >= end:
            return b""
        if self._here(offset) < end - offset:
            self._wait(self._fill(offset, end))
        return self._taken(offset, end - offset)

    def read_some(self, offset: int, limit: int) -> bytes:
        """See ``ByteSource``: what is here, or what one request brings. Raises as ``read_at``."""
        if limit <= 0:
            return b""
        self._check_open()
        if not self._here(offset) and (self._size is None or offset < self._size):
            self._wait(self._fill(offset, offset + 1))
        return self._taken(offset, limit)

    def _taken(self, offset: int, limit: int) -> bytes:
        """Bytes that are here."""
        with self._lock:
            data = self._ranges.get(offset, limit)
            if self._is_endless:
                self._ranges.keep(offset - KEPT, offset + limit + KEPT)
            return data

    def close(self) -> None:
        """Stop, from any thread: pending and later reads raise ``OperationCancelledError``."""
        self._closed = True
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._cancel_all)
            except RuntimeError:
                return  # the loop has just closed: nothing runs any more

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
        """Run ``work`` on the loop and wait in this thread; notice a loop that has closed."""
        if _running_loop() is self._loop:
            work.close()
            raise RuntimeError("read a RemoteSource from worker threads, not from its loop's own")
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

    # Everything below runs on the loop.

    async def _fill(self, offset: int, end: int) -> None:
        """Request until ``offset`` to ``end`` is here, or the file ends before that."""
        async with self._turn:
            failed = False
            while True:
                start = offset + self._here(offset)
                stop = end if self._size is None else min(end, self._size)
                if start >= stop:
                    return
                if self._requests >= MAX_REQUESTS and not self._is_endless:
                    raise OutOfReachError(stop)
                try:
                    await self._in_time(start, stop)
                    failed = False
                except RetryError as retry:
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
                f"{self._remote.name} arrives too slowly",
                f"no {stop - start:,} bytes in {REQUEST_S:.0f} s",
                "Try again later",
            )
            raise RetryError(late) from None

    def _span(self, start: int, stop: int) -> tuple[int, int]:
        """The bytes to request: the window, clipped to the file, the hole and the ceiling."""
        budget = self._ceiling - self._moved
        gap = self._ranges.hole(start)
        needed = stop - start if gap is None else min(stop - start, gap)
        if needed > budget:
            raise OutOfReachError(stop)
        end = start + min(max(needed, self._window), budget)
        if gap is not None:
            return start, min(end, start + gap)
        if self._size is not None and end > self._size:
            # At the end, reach back: a zip's directory lies before the record that names it.
            back = min(end - self._size, start)
            while back and self._here(start - back):
                back -= self._here(start - back)
            return start - max(0, back), self._size
        return start, end

    async def _request(self, start: int, stop: int) -> None:
        first, end = self._span(start, stop)
        self._window = min(2 * max(self._window, 1), self._largest)
        headers = {} if self._whole_only else {"Range": f"bytes={first}-{end - 1}"}
        if headers and self._validators.if_range:
            headers["If-Range"] = self._validators.if_range
        if not self._urls:
            self._urls = list(self._remote.addresses(checked=False))
        foreground.give_way()  # the whole loop waits, on purpose: many answers come at once
        async with self._remote.ask(self._direct or self._urls[0], headers) as response:
            foreground.give_way()
            self._requests += 1
            if response.status_code in (200, 206):
                self._same_file(response)
                self._direct = str(response.url)
                if response.status_code == 206:
                    await self._part(response, first, end, stop)
                else:
                    await self._whole(response, stop, end)
            else:
                await self._refused(response)

    async def _refused(self, response: httpx.Response) -> None:
        """Return if the next request may succeed."""
        if response.status_code == 416:
            self._ends_at(unsatisfied_total(response))
            return
        if self._direct and response.status_code in (401, 403, 404, 410):
            self._direct = ""  # a signed address has expired: begin at the first one again
            return
        error = await refusal(response, self._remote.name)
        if isinstance(error, NotFoundError) and len(self._urls) > 1:
            del self._urls[0]
            return
        raise error

    def _ends_at(self, size: int | None) -> None:
        if size is None or self._size is not None:
            raise SourceError(
                f"{self._remote.name} is shorter than listed",
                "the server has no bytes there",
                REFRESH,
            )
        self._size = size

    def _same_file(self, response: httpx.Response) -> None:
        validators = validators_of(response.headers)
        if self._validators.contradicts(validators):
            raise SourceError(
                f"{self._remote.name} changed while it was read", "its ETag is different", REFRESH
            )
        if not self._validators.if_range:
            self._validators = validators

    def _is_other_size(self, size: int | None) -> bool:
        return None not in (size, self._size) and size != self._size

    def _check_size(self, size: int | None, coding: str = "") -> None:
        """Compare the server's size with the listed one, and keep it if none is listed."""
        if coding and (size is None or size != self._size):
            raise encoded_error(self._remote.name, coding)
        if size is None:
            return
        if self._is_other_size(size):
            raise IntegrityError(
                f"{self._remote.name} has another size than the release says",
                f"the release says {self._size:,} bytes, the server {size:,}",
                REFRESH,
            )
        self._size = size

    async def _part(self, response: httpx.Response, first: int, end: int, stop: int) -> None:
        span = content_range_of(response)
        if self._whole_only or span is None or self._is_other_size(span.total):
            await self._unranged(response, span, stop, end)
            return
        if span.start != first or span.end > end:
            raise SourceError(
                "The server sends other bytes than requested",
                f"requested {first}-{end - 1}, got {span.start}-{span.end - 1}",
                "Try again",
            )
        self._check_size(span.total, coding_of(response))
        await self._take(response, first, span.end - first)

    async def _unranged(
        self, response: httpx.Response, span: ContentRange | None, stop: int, end: int
    ) -> None:
        """A 206 that does not say which part of the listed file it is: ask for the whole, once.

        Some servers answer even that with 206.
        """
        if not self._whole_only:
            self._whole_only = True
            return
        if span is None:
            parts = response.headers.get("content-type", "").startswith("multipart/")
            whole = not parts and content_length_of(response) == self._size
        else:
            whole = (span.start, span.end) == (0, span.total)
        if not whole or self._size is None:
            raise SourceError(
                f"{response.url.host} does not say which part of the file it sends",
                f"206, Content-Range {response.headers.get('content-range', '')[:100]!r}",
                "Download the file instead, or check the proxy",
            )
        await self._whole(response, stop, end)

    async def _whole(self, response: httpx.Response, stop: int, end: int) -> None:
        """Range was ignored: read from the start to what was requested, then hang up."""
        self._check_size(content_length_of(response), coding_of(response))
        if self._is_endless and end > KEPT:
            raise SourceError(
                f"The server gives {self._remote.name} as a whole only",
                "it does not serve parts of it",
                "Download it instead",
            )
        budget = self._ceiling - self._moved
        wanted = end if end <= budget else stop
        if wanted > budget:
            raise OutOfReachError(wanted)
        await self._take(response, 0, wanted)

    async def _take(self, response: httpx.Response, at: int, wanted: int) -> None:
        """Keep the body as it arrives, also what arrives before a cut."""
        left = wanted
        ranged = response.status_code == 206 and not self._whole_only
        async with body_of(response) as body:
            async for chunk in body:
                self._moved += len(chunk)
                with self._lock:
                    self._ranges.add(at, chunk[:left] if ranged else chunk)
                at += len(chunk)
                left -= len(chunk)
                # A part is read to its end, so that its connection can be used again.
                if left < 0 or (left == 0 and not ranged):
                    return
        if left > 0 and ranged:
            raise RetryError(
                SourceError(
                    f"The answer for {self._remote.name} ends too early",
                    f"{left:,} bytes are missing",
                    "Try again",
                )
            )
        if left > 0:
            self._check_size(at)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def open_remote(
    client: httpx.AsyncClient,
    asset: Asset,
    token: Token | None,
    *,
    first: int | None = None,
    ceiling: int = 1 << 20,
    waiting: Waiting = nullcontext,
) -> RemoteSource:
    """An asset on its server as a ``ByteSource``. Call it on the loop; requests nothing yet.

    ``first``: bytes of the first request, by default 16 KiB, or more for zstd and bzip2.
    ``ceiling``: bytes in all. ``waiting()``: entered by a reading thread while it waits.
    """
    first = min(ceiling, first_window(asset.archive) if first is None else first)
    remote = RemoteAsset(client, asset, token)
    return RemoteSource(remote, first=first, ceiling=ceiling, waiting=waiting)


def open_whole(client: httpx.AsyncClient, asset: Asset, token: Token | None) -> RemoteSource:
    """An asset of which all may be read, in flat memory. Call it on the loop."""
    remote = RemoteAsset(client, asset, token)
    return RemoteSource(remote, first=WHOLE_FIRST, ceiling=None)
