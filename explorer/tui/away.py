"""The workbench's own loop, in a thread: what is asked of servers and engines is worked on there.

A release's sixteen answers come at once, and reading one takes 2 ms: in the app's loop, a key would wait behind all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Away:
    """Runs coroutines in another thread's loop; it starts with the first one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the coroutine gives or raises. Cancelling this cancels it over there and waits until it has ended."""
        here, there = asyncio.get_running_loop(), self._begin()
        outcome: asyncio.Future[T] = here.create_future()
        tasks: list[asyncio.Task[T]] = []

        def start() -> None:
            tasks.append(there.create_task(work))
            tasks[0].add_done_callback(ended)

        def ended(task: asyncio.Task[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the app's loop has closed: nobody waits
                here.call_soon_threadsafe(tell, task)

        def tell(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                outcome.cancel()
            elif (error := task.exception()) is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(task.result())

        there.call_soon_threadsafe(start)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            if not outcome.done():
                there.call_soon_threadsafe(lambda: tasks[0].cancel())
                await asyncio.wait([outcome])
            if not outcome.cancelled():
                outcome.exception()  # marks it as seen: the cancellation is what the caller gets
            raise

    async def close(self) -> None:
        """End the thread; what still runs there is cancelled. A later ``run`` starts a new one."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)

    def _begin(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._serve, args=(ready,), name="rr-explorer-away", daemon=True
            )
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _serve(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            loop = self._loop = runner.get_loop()
            ready.set()
            loop.run_forever()
