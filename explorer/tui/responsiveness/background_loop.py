"""An event loop in a thread of its own, in which the workbench's coroutines run.

Reading a server's answer is work for the loop that awaits it. In the app's own loop, a key would
wait behind the answers to all requests that happen to arrive together.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines in another thread's event loop. The thread starts with the first one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns, or raise what it raises.

        Cancelling this call cancels the coroutine and waits until it has cleaned up.
        """
        here, there = asyncio.get_running_loop(), self._start()
        outcome: asyncio.Future[T] = here.create_future()
        tasks: list[asyncio.Task[T]] = []

        def start() -> None:
            tasks.append(there.create_task(work))
            tasks[0].add_done_callback(finished)

        def finished(task: asyncio.Task[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the app's loop is closed
                here.call_soon_threadsafe(hand_over, task)

        def hand_over(task: asyncio.Task[T]) -> None:
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
                outcome.exception()  # retrieved; the caller gets the cancellation instead
            raise

    async def close(self) -> None:
        """Cancel what still runs and end the thread. A later ``run`` starts a new one."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.to_thread(thread.join)

    def _start(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._run_loop, args=(ready,), name="rr-explorer-background", daemon=True
            )
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _run_loop(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            loop = self._loop = runner.get_loop()
            ready.set()
            loop.run_forever()
