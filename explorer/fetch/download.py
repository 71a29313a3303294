"""Whole assets into the cache: four at a time, each one once however many ask, checked before anybody sees it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx

from explorer.errors import IntegrityError
from explorer.facts import MISSING
from explorer.fetch.cache import Cache
from explorer.fetch.keys import asset_key
from explorer.fetch.meter import Meter
from explorer.fetch.models import Blob, Download, check_of
from explorer.fetch.partial import Partial
from explorer.fetch.transfer import Patience, Transfer
from explorer.http import Token
from explorer.progress import Cancellation, ProgressCallback, ignore_progress
from explorer.releases import Asset

T = TypeVar("T")

POLL_S = 0.2
"""Between two looks at a download that another process is making."""


def promised_sha256(asset: Asset) -> str:
    """64 lower-case hex digits from the API's ``digest``; empty where none is known."""
    return "" if isinstance(asset.digest, MISSING) else asset.digest.lower().removeprefix("sha256:")


class _Shared:
    """One running download and how many wait for it."""

    def __init__(self, task: "asyncio.Task[Download]", meter: Meter) -> None:
        self.task = task
        self.meter = meter
        self.waiting = 0


class Downloader:
    """Downloads assets into a cache. Belongs to one event loop; the disk is touched in threads of its own."""

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
        # Not the loop's own threads: those may all be busy with peeks, which wait for this loop.
        self._threads = ThreadPoolExecutor(max_workers=slots + 2, thread_name_prefix="fetch")
        self._running: dict[str, _Shared] = {}

    async def download(
        self, asset: Asset, *, progress: ProgressCallback = ignore_progress
    ) -> Download:
        """The asset as a verified blob, from the cache where it is there.

        Cancelling the task stops it and keeps what has come, unless somebody else waits for the same asset.

        Raises:
            IntegrityError: digest, size or length is not what was promised; nothing is kept.
            NotFoundError, RateLimitedError, OfflineError, SourceError: it cannot be had now; what has come is kept.
        """
        key = asset_key(asset)
        shared = self._running.get(key)
        if shared is None:
            meter = Meter()
            shared = _Shared(asyncio.ensure_future(self._fetch(asset, key, meter)), meter)
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
        """Give the threads back. Running downloads have to be cancelled first."""
        self._threads.shutdown(wait=False)

    async def _blocking(self, work: Callable[[], T], cancel: Cancellation | None = None) -> T:
        """Run in a thread and, when cancelled, tell and await it: nobody else may touch the file before it is done."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if cancel is not None:
                cancel.cancel()
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # seen: what counts is that it was stopped
            raise

    async def _fetch(self, asset: Asset, key: str, meter: Meter) -> Download:
        began = time.monotonic()
        found = await self._from_cache(asset, key, began)
        if found is not None:
            return found
        meter.total = None if isinstance(asset.size, MISSING) else asset.size
        meter.stage("queued")
        async with self._slots:
            partial = Partial(self._cache.partials, key)
            try:
                while not await self._blocking(partial.try_lock):
                    meter.at("waiting for another process", partial.size_now())
                    await asyncio.sleep(POLL_S)
                # Another process may have had it while this one waited, for a slot or for the lock.
                found = await self._from_cache(asset, key, began)
                return found or await self._transfer(asset, key, meter, partial, began)
            finally:
                partial.unlock()

    async def _from_cache(self, asset: Asset, key: str, began: float) -> Download | None:
        blob = await self._blocking(lambda: self._cache.find(key))
        if blob is None:
            return None
        promised = promised_sha256(asset)
        if promised and promised != blob.sha256:
            await self._blocking(lambda: self._cache.drop(key))
            return None
        check = check_of(asset.digest, blob.sha256)
        return Download(
            blob, check, from_cache=True, resumed_from=0, moved=0, seconds=time.monotonic() - began
        )

    async def _transfer(
        self, asset: Asset, key: str, meter: Meter, partial: Partial, began: float
    ) -> Download:
        promised = promised_sha256(asset)
        cancel = Cancellation()
        moved = 0
        try:
            for again in (False, True):
                meter.stage("resuming" if partial.size_now() else "connecting", partial.size_now())
                await self._blocking(lambda: partial.open(cancel), cancel)
                old = partial.have
                transfer = Transfer(
                    self._client, asset, self._token, partial, meter, self._blocking, self._patience
                )
                await transfer.run()
                moved += transfer.moved
                sha256, size = partial.digest(), partial.have
                if not promised or sha256 == promised:
                    break
                await self._blocking(partial.discard)
                # Bytes left by an earlier run may have been damaged on the disk since: one more try, from the start.
                if not old or transfer.resumed_from < old or again:
                    raise IntegrityError(
                        f"{asset.name} is not the published file",
                        f"the release says sha256 {promised}, the bytes that came have {sha256}",
                        "Nothing was kept. Refresh the list and try again; if it stays so, do not use the file",
                    )
            meter.stage("keeping", size)
            blob: Blob = await self._blocking(
                lambda: self._keep(partial, key, asset.name, sha256, size)
            )
        finally:
            partial.close()
        check = check_of(asset.digest, blob.sha256)
        return Download(
            blob,
            check,
            from_cache=False,
            resumed_from=transfer.resumed_from,
            moved=moved,
            seconds=time.monotonic() - began,
        )

    def _keep(self, partial: Partial, key: str, name: str, sha256: str, size: int) -> Blob:
        partial.close()
        blob = self._cache.adopt(partial.path, key, name, sha256, size)
        partial.discard()
        return blob
