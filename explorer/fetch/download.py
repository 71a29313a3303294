"""Whole assets into the cache: a few at a time, each once, verified before anyone sees it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx

from explorer.errors import IntegrityError
from explorer.facts import MISSING
from explorer.fetch.arriving import ArrivingFile
from explorer.fetch.cache import Cache
from explorer.fetch.keys import asset_key
from explorer.fetch.meter import Meter
from explorer.fetch.models import Blob, Download, check_of
from explorer.fetch.partial import Partial
from explorer.fetch.transfer import Patience, Transfer
from explorer.fetch.wire import RemoteAsset
from explorer.http import Token
from explorer.progress import Cancellation, ProgressCallback, ignore_progress
from explorer.releases import Asset

T = TypeVar("T")

POLL_S = 0.2
"""Between two looks at a download that another process is making."""


class _Shared:
    """One running download, and how many callers wait for it."""

    def __init__(self, task: "asyncio.Task[Download]", meter: Meter) -> None:
        self.task = task
        self.meter = meter
        self.waiting = 0


class Downloader:
    """Downloads assets into a cache. Belongs to one event loop; the disk has its own threads."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        cache: Cache,
        token: Token | None,
        slots: int = 4,
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._cache = cache
        self._token = token
        self._slots = asyncio.Semaphore(slots)
        self._patience = patience or Patience()
        # Not the loop's default executor: peeks that wait for this loop may occupy all of that.
        self._threads = ThreadPoolExecutor(max_workers=slots + 2, thread_name_prefix="fetch")
        self._running: dict[str, _Shared] = {}

    async def download(
        self,
        asset: Asset,
        *,
        progress: ProgressCallback = ignore_progress,
        reader: ArrivingFile | None = None,
    ) -> Download:
        """The asset as a verified blob, from the cache if it is there.

        ``reader`` gets the bytes while they arrive, unless the download is running already.

        Cancelling the task stops the download and keeps what has arrived, unless another caller
        waits for the same asset.

        Raises:
            IntegrityError: digest or size is not what the release says; nothing is kept.
            SourceError: the server does not give it now; what has arrived is kept.
        """
        key = asset_key(asset)
        shared = self._running.get(key)
        if shared is None:
            meter = Meter()
            shared = _Shared(asyncio.ensure_future(self._fetch(asset, key, meter, reader)), meter)
            self._running[key] = shared
            shared.task.add_done_callback(lambda task: self._forget(key, task))
        shared.waiting += 1
        shared.meter.join(progress)
        try:
            return await asyncio.shield(shared.task)
        except asyncio.CancelledError:
            if shared.waiting == 1 and not shared.task.done():
                self._forget(key, shared.task)
                shared.task.cancel()
                await asyncio.wait([shared.task])
            raise
        finally:
            shared.waiting -= 1
            shared.meter.listeners.remove(progress)

    def _forget(self, key: str, task: object) -> None:
        if key in self._running and self._running[key].task is task:
            del self._running[key]

    def close(self) -> None:
        """End the threads. Cancel running downloads first."""
        self._threads.shutdown(wait=False)

    async def _blocking(self, work: Callable[[], T], cancel: Cancellation | None = None) -> T:
        """Run ``work`` in a thread. If cancelled, wait for it: it may be using the file."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if cancel is not None:
                cancel.cancel()
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # retrieved, so that asyncio does not report it
            raise

    async def _fetch(
        self, asset: Asset, key: str, meter: Meter, reader: ArrivingFile | None
    ) -> Download:
        began = time.monotonic()
        cached = await self._from_cache(asset, key, began)
        if cached is not None:
            return cached
        meter.total = None if isinstance(asset.size, MISSING) else asset.size
        meter.stage("queued")
        async with self._slots:
            partial = await self._blocking(
                lambda: Partial(self._cache.partials, key, self._cache.warn)
            )
            partial.reader = reader
            try:
                while not await self._blocking(partial.try_lock):
                    meter.at("waiting for another process", partial.size_now())
                    await asyncio.sleep(POLL_S)
                # Another process may have fetched it while this one waited.
                cached = await self._from_cache(asset, key, began)
                return cached or await self._transfer(asset, key, meter, partial)
            finally:
                partial.unlock()

    async def _from_cache(self, asset: Asset, key: str, began: float) -> Download | None:
        blob = await self._blocking(lambda: self._cache.find(key))
        if blob is None:
            return None
        promised = RemoteAsset(self._client, asset, None).sha256
        if promised and promised != blob.sha256:
            await self._blocking(lambda: self._cache.drop(key))
            return None
        check = check_of(asset.digest, blob.sha256)
        seconds = time.monotonic() - began
        return Download(blob, check, from_cache=True, resumed_from=0, moved=0, seconds=seconds)

    async def _transfer(self, asset: Asset, key: str, meter: Meter, partial: Partial) -> Download:
        remote = RemoteAsset(self._client, asset, self._token)
        began = time.monotonic()
        cancel = Cancellation()
        moved = 0
        try:
            for last in (False, True):
                meter.stage("resuming" if partial.size_now() else "connecting", partial.size_now())
                await self._blocking(lambda: partial.open(cancel), cancel)
                old = partial.have
                transfer = Transfer(remote, partial, meter, self._blocking, self._patience)
                await transfer.run()
                moved += transfer.moved
                content = Blob(partial.path, partial.have, partial.digest())
                if remote.sha256 in ("", content.sha256):
                    break
                await self._blocking(partial.discard)
                # The disk may have damaged what an earlier run left: try once from the start.
                if last or not old or transfer.resumed_from < old:
                    raise _mismatch(remote, content, transfer.coding)
            meter.stage("keeping", content.size)
            blob = await self._blocking(lambda: self._keep(partial, key, asset.name, content))
        finally:
            partial.close()
        return Download(
            blob,
            check_of(asset.digest, blob.sha256),
            from_cache=False,
            resumed_from=transfer.resumed_from,
            moved=moved,
            seconds=time.monotonic() - began,
        )

    def _keep(self, partial: Partial, key: str, name: str, content: Blob) -> Blob:
        partial.finish()
        blob = self._cache.adopt(partial.path, key, name, content)
        partial.discard()
        return blob


def _mismatch(remote: RemoteAsset, content: Blob, coding: str) -> IntegrityError:
    coded = f"; the server labels them Content-Encoding: {coding[:50]}" if coding else ""
    return IntegrityError(
        f"{remote.name} is not the published file",
        f"the release says sha256 {remote.sha256}, the bytes have {content.sha256}{coded}",
        "Nothing was kept. Refresh the list and try again; if it stays so, do not use the file",
    )
