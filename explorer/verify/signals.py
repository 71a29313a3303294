"""SIGTERM and SIGHUP while a proof is under way: take it back first, then end as the signal wants.

SIGINT needs nothing here: asyncio.run turns it into a cancellation, and the clients run in sessions of their own.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator

_tasks: set["asyncio.Task[object]"] = set()
_taken: list[int] = []
_received: list[int] = []


@contextlib.contextmanager
def stop_in_order() -> Iterator[None]:
    """Cancel the current task on SIGTERM and SIGHUP, where nobody else has claimed them, and die of it afterwards."""
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    if not _tasks:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                with contextlib.suppress(
                    NotImplementedError, RuntimeError
                ):  # Windows' loops have no signal handlers
                    loop.add_signal_handler(number, _stop, number)
                    _taken.append(number)
    _tasks.add(task)
    try:
        yield
    finally:
        _tasks.discard(task)
        if not _tasks:
            for number in _taken:
                loop.remove_signal_handler(number)
            _taken.clear()
            if _received:
                os.kill(os.getpid(), _received.pop())


def _stop(number: int) -> None:
    _received[:] = [number]
    for task in _tasks:
        task.cancel()
