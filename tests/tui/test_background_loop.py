"""The background loop: results, errors and cancellation cross threads."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from explorer.errors import SourceError
from explorer.tui.responsiveness.background_loop import BackgroundLoop


@pytest.fixture
async def background() -> AsyncIterator[BackgroundLoop]:
    loop = BackgroundLoop()
    yield loop
    await loop.close()


async def test_results_and_errors_cross_from_one_other_thread(
    background: BackgroundLoop,
) -> None:
    async def where() -> threading.Thread:
        await asyncio.sleep(0)
        return threading.current_thread()

    async def fails() -> None:
        raise SourceError("no", "for a reason")

    first, second = await asyncio.gather(background.run(where()), background.run(where()))
    assert first is second is not threading.current_thread()
    with pytest.raises(SourceError, match="for a reason"):
        await background.run(fails())


async def test_cancelling_waits_until_the_work_has_cleaned_up(background: BackgroundLoop) -> None:
    begun, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)  # takes its container back
            cleaned.set()

    job = asyncio.create_task(background.run(work()))
    await asyncio.to_thread(begun.wait)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert cleaned.is_set()


async def test_work_that_cancels_itself_is_a_cancellation_here(background: BackgroundLoop) -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await background.run(work())


async def test_the_loop_here_stays_free_while_the_one_there_is_busy(
    background: BackgroundLoop,
) -> None:
    async def busy() -> None:
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass

    job = asyncio.create_task(background.run(busy()))
    turns = 0
    while not job.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100


async def test_it_ends_with_what_still_runs_cancelled_and_can_begin_again(
    background: BackgroundLoop,
) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    job = asyncio.create_task(background.run(endless()))
    await asyncio.to_thread(begun.wait)
    await background.close()
    assert cancelled.is_set()
    with pytest.raises(asyncio.CancelledError):
        await job

    async def again() -> int:
        return 7

    assert await background.run(again()) == 7
