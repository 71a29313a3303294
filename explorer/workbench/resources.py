"""What lasts as long as the program runs: the cache, the HTTP client, the token, the engines.

Each is made on first use.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.errors import EngineError, ExplorerError, OfflineError, SourceError, UsageError
from explorer.progress import Cancellation
from explorer.settings import Settings

if TYPE_CHECKING:
    import httpx

    from explorer.fetch import Cache, Downloader
    from explorer.http import Token
    from explorer.releases import Profiles, ReleaseSource
    from explorer.verify import Engine
    from explorer.workbench.engine_pool import EnginePool

T = TypeVar("T")

THREADS = 24
"""Enough for the sixteen peeks of one release beside a few parsers: they wait for the network."""
GRACE_S = 5.0
"""Seconds that ``aclose`` waits for stopping threads: each checks often."""


class Turn:
    """A lock that its holder releases while it waits for something else.

    The interpreter runs one thread at a time. Sixteen threads that parse would each delay the
    app's answer to a key by the switch interval; sixteen that wait for their turn do not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @contextlib.contextmanager
    def let_go(self) -> Iterator[None]:
        """For the holder: others may have the turn inside this block."""
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()


class Resources:
    """The expensive things. For one event loop at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._cache: Cache | None = None
        self._cache_lock = threading.Lock()
        self._client: httpx.AsyncClient | None = None
        self._downloader: Downloader | None = None
        self._token: Token | None = None
        self._token_asked = False
        self._pools: dict[str, EnginePool] = {}
        self._turn, self._engine_turn = asyncio.Lock(), asyncio.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._writer: ThreadPoolExecutor | None = None
        self._running: dict[asyncio.Future[Any], Cancellation] = {}
        self._warnings: list[str] = []
        self._profiles: Profiles | None = None
        self._source: ReleaseSource | None = None
        self._later: set[asyncio.Future[None]] = set()
        self._input: Path | None = None
        self._folders = contextlib.ExitStack()
        """Temporary folders, until ``aclose``."""
        self.peeking = Turn()
        """Held by the thread that parses a peek's first bytes, or reads a record."""

    @property
    def cache(self) -> Cache:
        """The cache; a temporary one, with a warning, if the chosen directory cannot be used.

        Blocking: call from a worker thread.

        Raises:
            SourceError: not even a temporary directory can be made.
        """
        with self._cache_lock:
            if self._cache is None:
                from explorer.fetch import open_cache

                self._cache = open_cache(self.settings.cache_dir, self.settings.cache_limit)
            return self._cache

    @property
    def profiles(self) -> Profiles:
        """What is known of projects beforehand, a user's own settings included."""
        if self._profiles is None:
            from explorer.releases import load_profiles

            self._profiles = load_profiles(self.settings.projects)
            for problem in self._profiles.problems:
                self.warn(problem)
        return self._profiles

    @property
    def source(self) -> ReleaseSource:
        """Where the releases come from, as the settings say."""
        if self._source is None:
            self._source = self._open_source()
        return self._source

    def _open_source(self) -> ReleaseSource:
        from explorer.releases import Connection, DemoSource, FolderSource, GitHubSource

        settings = self.settings
        if settings.folder is not None:
            return FolderSource(settings.folder, self.profiles)
        if settings.demo:
            return DemoSource()

        async def connect() -> Connection:
            client, token = await self.client(), await self.token()
            cache = await self.run(lambda _: self.cache)
            return Connection(client, cache.store("page"), token)

        return GitHubSource(
            settings.repo,
            settings.api_url,
            self.profiles,
            connect,
            lambda: self.cache.store("page"),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for a banner, e.g. that the cache directory cannot be used. Untrusted."""
        return (*(self._cache.warnings if self._cache is not None else ()), *self._warnings)

    def warn(self, sentence: str) -> None:
        """Add a sentence for a banner, once."""
        if sentence not in self._warnings:
            self._warnings.append(sentence)

    async def client(self) -> httpx.AsyncClient:
        """The HTTP client.

        Made in a thread: importing httpx and reading the authorities' certificates take a while.

        Raises:
            OfflineError: the user chose to be offline.
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
        """The token for the API's host, looked for once: ``gh`` may have to be started.

        Raises:
            UsageError: what the environment holds is not a valid token.
        """
        if not self._token_asked:
            from explorer.releases import find_token

            async with self._turn:
                if not self._token_asked:
                    self._token = await self.run(lambda _: find_token(self.settings.api_url))
                    self._token_asked = True
        return self._token

    async def downloader(self) -> Downloader:
        """The one downloader, so that its limit on simultaneous transfers holds."""
        if self._downloader is None:
            client, token = await self.client(), await self.token()
            cache = await self.run(lambda _: self.cache)
            from explorer.fetch import Downloader

            self._downloader = self._downloader or Downloader(
                client, cache, token, self.settings.downloads
            )
        return self._downloader

    async def standard_input(self) -> Path:
        """Standard input as a file, read to its end once; the file is removed by ``aclose``.

        Raises:
            UsageError: it is a terminal. SourceError: it cannot be read or stored.
        """
        from explorer.workbench.local_programs import read_standard_input

        if self._input is None:
            folder = tempfile.TemporaryDirectory(prefix="rr-explorer-")
            self._folders.callback(folder.cleanup)
            place = Path(folder.name)
            self._input = await self.run(lambda cancel: read_standard_input(place, cancel))
        return self._input

    def use(self, settings: Settings) -> None:
        """Take other settings for what is not open yet: engines are found again."""
        self.settings = settings
        self._pools.clear()

    async def engine(self, choice: str = "") -> Engine:
        """The container engine: the first one of the pool.

        Raises:
            EngineError: no engine answers; says what to do.
        """
        return (await self.pool(choice)).engines[0]

    async def pool(self, choice: str = "") -> EnginePool:
        """The engines that share proofs: those of the settings, or only the chosen one.

        Found once; leftovers of killed runs are removed from all of them then.

        Raises:
            EngineError: no engine answers; says what to do.
            UsageError: no engine has this name.
        """
        from explorer.workbench.engine_pool import EnginePool

        names = () if choice else self.settings.engines
        choice = choice or self.settings.engine
        async with self._engine_turn:
            known = self._pools.get(choice)
            if known is None:
                engines = await self._find(names, choice)
                known = self._pools[choice] = EnginePool(engines, self.warn)
            return known

    async def _find(self, names: Sequence[str], choice: str) -> list[Engine]:
        """The engines of these names that answer; of none: the chosen one."""
        from explorer.verify import engine_by_name, find_engine

        if not names:
            return [await self._swept(await find_engine(choice, self.settings.engine_args))]

        async def one(name: str) -> Engine | ExplorerError:
            try:
                return await self._swept(await engine_by_name(name, self.settings.engine_args))
            except (EngineError, UsageError) as error:
                return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(name)) for name in dict.fromkeys(names)]
        results = [task.result() for task in tasks]
        engines = [result for result in results if not isinstance(result, ExplorerError)]
        errors = [result for result in results if isinstance(result, ExplorerError)]
        unknown = [error for error in errors if isinstance(error, UsageError)]
        if unknown or not engines:
            raise (unknown or errors)[0]
        for error in errors:
            self.warn(f"An engine of the pool is left out: {error}")
        return engines

    async def _swept(self, engine: Engine) -> Engine:
        from explorer.verify import remove_lent, sweep

        await self.run(lambda _: remove_lent())
        try:
            await sweep(engine)
        except EngineError as error:
            self.warn(f"Containers of earlier runs could not be removed: {error}")
        return engine

    async def run(
        self, work: Callable[[Cancellation], T], *, stop: Callable[[], object] | None = None
    ) -> T:
        """Run synchronous work in a thread.

        Cancelling the task sets the flag that ``work`` is given, and waits until the thread has
        stopped. ``stop`` is called then, too, to end a wait that the flag cannot end (a read from
        the network).
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
                future.exception()  # retrieved, so that asyncio does not log it
            raise

    def later(self, work: Callable[[], None]) -> None:
        """Run ``work`` in the background, one after the other; only ``aclose`` waits for it.

        It must not raise.
        """
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="rr-explorer-later")
        future = asyncio.get_running_loop().run_in_executor(self._writer, work)
        self._later.add(future)
        future.add_done_callback(self._later.discard)

    async def written(self) -> None:
        """Wait until everything given to ``later`` is done."""
        while self._later:
            await asyncio.wait(list(self._later))

    async def aclose(self) -> None:
        """Stop what still runs and release everything. It may be used again afterwards."""
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
            await asyncio.to_thread(_close, self._cache)
        await asyncio.to_thread(self._folders.close)
        self._input = None
        self._client = self._threads = self._writer = self._cache = self._downloader = None
        if "explorer.verify.api" in sys.modules:  # else no engine was asked
            from explorer.verify import close_apis

            await close_apis()
        self._pools.clear()
        self._turn, self._engine_turn = asyncio.Lock(), asyncio.Lock()


def _close(cache: Cache) -> None:
    with contextlib.suppress(SourceError):
        cache.prune()  # a file larger than the limit was kept as long as it was in use
    cache.close()


def offline_error() -> OfflineError:
    """What is said of everything that needs a server when the user chose to be offline."""
    return OfflineError(
        "This needs the network, and rr-explorer was told to stay offline",
        remedy="Leave --offline out",
    )
