"""What lasts as long as the program runs: the cache, the HTTP client, the token, the engine. Each made on first use."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.errors import EngineError, OfflineError, SourceError
from explorer.progress import Cancellation
from explorer.settings import Settings

if TYPE_CHECKING:
    import httpx

    from explorer.fetch import Cache, Downloader
    from explorer.http import Token
    from explorer.verify import Engine

T = TypeVar("T")

THREADS = 24
"""Enough for the sixteen peeks of one release beside a few parsers: they wait for the network, not for a core."""
GRACE_S = 5.0
"""How long ``aclose`` waits for threads that were told to stop: each looks at its flag every few milliseconds of work."""


class Turn:
    """A lock that its holder lets go of while it waits for something else.

    The interpreter runs one thread at a time anyhow. Sixteen that parse at once would each keep the app's loop waiting for
    the switch interval whenever a key comes; sixteen that wait for their turn do not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @contextlib.contextmanager
    def let_go(self) -> Iterator[None]:
        """For the holder: others may have the turn in here."""
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()


class Resources:
    """Holds the expensive things. Not for use from several event loops at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._cache: Cache | None = None
        self._cache_lock = threading.Lock()
        self._client: httpx.AsyncClient | None = None
        self._downloader: Downloader | None = None
        self._token: Token | None = None
        self._token_asked = False
        self._engines: dict[str, Engine] = {}
        self._turn, self._engine_turn = asyncio.Lock(), asyncio.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._writer: ThreadPoolExecutor | None = None
        self._running: dict[asyncio.Future[Any], Cancellation] = {}
        self._warnings: list[str] = []
        self._later: set[asyncio.Future[None]] = set()
        self.peeking = Turn()
        """Held by the thread that reads a peek's first bytes, or a kept record."""

    @property
    def cache(self) -> Cache:
        """The cache; a temporary one, with a warning, where the chosen directory cannot be used. Touches the disk: for threads.

        Raises:
            SourceError: not even a temporary directory can be made.
        """
        with self._cache_lock:
            if self._cache is None:
                from explorer.fetch import open_cache

                self._cache = open_cache(self.settings.cache_dir, self.settings.cache_limit)
            return self._cache

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for a banner, e.g. that the cache directory cannot be used."""
        return (*(self._cache.warnings if self._cache is not None else ()), *self._warnings)

    def warn(self, sentence: str) -> None:
        """Add a sentence for a banner, once."""
        if sentence not in self._warnings:
            self._warnings.append(sentence)

    async def client(self) -> httpx.AsyncClient:
        """The HTTP client. Made in a thread: importing httpx and reading the authorities' certificates take 0.2 s.

        Raises:
            OfflineError: where the user chose to be offline.
        """
        if self.settings.offline:
            raise offline_error()
        if self._client is not None:
            return self._client
        from explorer.http import make_client

        async with self._turn:
            if self._client is None:
                self._client = await self.run(lambda _: make_client(warn=self.warn))
            return self._client

    async def token(self) -> Token | None:
        """The token for the API's host, looked for once (``gh`` may have to be started).

        Raises:
            UsageError: the environment holds something that is no token.
        """
        if not self._token_asked:
            from explorer.releases import find_token

            async with self._turn:
                if not self._token_asked:
                    self._token = await self.run(lambda _: find_token(self.settings.api_url))
                    self._token_asked = True
        return self._token

    async def downloader(self) -> Downloader:
        """The one downloader, so that its limit of transfers at a time holds."""
        if self._downloader is None:
            client, token = await self.client(), await self.token()
            cache = await self.run(lambda _: self.cache)
            from explorer.fetch import Downloader

            self._downloader = self._downloader or Downloader(
                client, cache, token, self.settings.downloads
            )
        return self._downloader

    async def engine(self, choice: str = "") -> Engine:
        """The container engine, found once per choice; leftovers of dead sessions are removed then.

        Raises:
            EngineError: none answers, with the remedy.
        """
        choice = choice or self.settings.engine
        async with self._engine_turn:
            if choice not in self._engines:
                from explorer.verify import find_engine, sweep

                engine = await find_engine(choice, self.settings.engine_args)
                try:
                    await sweep(engine)
                except EngineError as error:
                    self.warn(
                        f"Containers that an earlier run may have left are still there: {error}"
                    )
                self._engines[choice] = engine
            return self._engines[choice]

    async def run(
        self, work: Callable[[Cancellation], T], *, stop: Callable[[], object] | None = None
    ) -> T:
        """Run synchronous work in a thread. Cancelling the task raises the flag and waits until the thread has stopped.

        ``stop`` is called then, too: it ends a wait that the flag cannot (a read from the network).
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rr-explorer")
        cancel = Cancellation()

        def begin() -> T:
            cancel.check()
            return work(cancel)

        future = asyncio.get_running_loop().run_in_executor(self._threads, begin)
        self._running[future] = cancel
        future.add_done_callback(lambda done: self._running.pop(done, None))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            cancel.cancel()
            if stop is not None:
                stop()
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()  # marks it as seen: the cancellation is what the caller gets
            raise

    def later(self, work: Callable[[], None]) -> None:
        """Run something that nobody waits for but ``aclose``, one after the other in a thread of its own. It must not raise."""
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="rr-explorer-later")
        future = asyncio.get_running_loop().run_in_executor(self._writer, work)
        self._later.add(future)
        future.add_done_callback(self._later.discard)

    async def written(self) -> None:
        """Wait until what was put off with ``later`` is done."""
        while self._later:
            await asyncio.wait(list(self._later))

    async def aclose(self) -> None:
        """Stop what still runs and give everything back. The session can be used again afterwards; things are made anew."""
        for cancel in self._running.values():
            cancel.cancel()
        if self._client is not None:
            await self._client.aclose()
        if self._running or self._later:
            await asyncio.wait([*self._running, *self._later], timeout=GRACE_S)
        for threads in (self._threads, self._writer):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)
        if self._cache is not None:
            with contextlib.suppress(
                SourceError
            ):  # a file larger than the limit was kept as long as it was in use
                self._cache.prune()
            self._cache.close()
        self._client = self._threads = self._writer = self._cache = self._downloader = None
        self._engines.clear()
        self._turn, self._engine_turn = asyncio.Lock(), asyncio.Lock()


def offline_error() -> OfflineError:
    """What is said of everything that needs a server when the user chose to be offline."""
    return OfflineError(
        "This needs the network, and rr-explorer was told to stay offline",
        remedy="Leave --offline out",
    )
