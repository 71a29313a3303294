"""The workbench's loop in a thread: results, errors and cancellation come across, and the app's own loop stays free."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from explorer.errors import SourceError
from explorer.tui.away import Away


@pytest.fixture
async def away() -> AsyncIterator[Away]:
    there = Away()
    yield there
    await there.close()


async def test_a_result_and_an_error_come_across_and_the_work_is_done_in_one_other_thread(
    away: Away,
) -> None:
    async def where() -> threading.Thread:
        await asyncio.sleep(0)
        return threading.current_thread()

    async def fails() -> None:
        raise SourceError("no", "for a reason")

    first, second = await asyncio.gather(away.run(where()), away.run(where()))
    assert first is second is not threading.current_thread()
    with pytest.raises(SourceError, match="for a reason"):
        await away.run(fails())


async def test_cancelling_waits_until_the_work_has_cleaned_up(away: Away) -> None:
    begun, cleaned = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)  # takes its container back
            cleaned.set()

    job = asyncio.create_task(away.run(work()))
    await asyncio.to_thread(begun.wait)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert cleaned.is_set()


async def test_work_that_cancels_itself_is_a_cancellation_here(away: Away) -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await away.run(work())


async def test_the_loop_here_stays_free_while_the_one_there_is_busy(away: Away) -> None:
    async def busy() -> None:
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass

    job = asyncio.create_task(away.run(busy()))
    turns = 0
    while not job.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100


async def test_it_ends_with_what_still_runs_cancelled_and_can_begin_again(away: Away) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    job = asyncio.create_task(away.run(endless()))
    await asyncio.to_thread(begun.wait)
    await away.close()
    assert cancelled.is_set()
    with pytest.raises(asyncio.CancelledError):
        await job

    async def again() -> int:
        return 7

    assert await away.run(again()) == 7
