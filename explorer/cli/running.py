"""Running a command's work: the event loop, signals, and what happens to errors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from explorer import __version__
from explorer.cli.output import Output, close_quietly
from explorer.cli.state import CliState
from explorer.errors import ExplorerError, OperationCancelledError
from explorer.logs import start_logging

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import Workbench

T = TypeVar("T")
_log = logging.getLogger("explorer.cli")
GRACE = 1.2
"""Seconds that cleaning up may still take after the second signal."""


def in_workbench(
    state: CliState, settings: Settings, work: Callable[[Workbench, Output], Coroutine[Any, Any, T]]
) -> T:
    """Run ``work`` with a workbench until it is done or the user stops it.

    The first Ctrl+C, SIGTERM or SIGHUP cancels the work and waits until everything is cleaned up.
    After the second one the process ends within ``GRACE`` seconds, with exit code 130.

    Raises:
        ExplorerError: whatever the work raises; OperationCancelledError after a signal.
    """
    from explorer.workbench import Workbench

    output = state.output()
    start_logging(state.log_file, state.verbosity)
    _log.info("rr-explorer %s: %s", __version__, state.words)

    stopping = _Stopping(output)

    async def main() -> T:
        stopping.watch()
        workbench = Workbench(settings)
        try:
            return await work(workbench, output)
        finally:
            output.clear()
            output.warnings(workbench.warnings)
            await workbench.aclose()

    try:
        with stopping:
            return asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise OperationCancelledError() from None
    except BaseExceptionGroup as group:
        raise _first(group) from None
    finally:
        output.clear()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that stands for a group: an ``ExplorerError`` where there is one."""
    known, rest = group.split(ExplorerError)
    error: BaseException | None = known or rest
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error or group


class _Stopping(contextlib.AbstractContextManager["_Stopping"]):
    """Cancels the watched task when a signal arrives, and ends the process after a second one.

    A signal that is ignored (nohup) stays so. Once one has arrived, later ones are ignored when
    this ends: the interpreter's own shutdown must not be killed.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._received = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._before: dict[int, Any] = {}

    def watch(self) -> None:
        """Cancel the current task at the first signal."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._received:
            self._cancel()

    def __enter__(self) -> _Stopping:
        if threading.current_thread() is threading.main_thread():
            # asyncio.run leaves SIGINT alone if it has a handler already.
            for number in _signals():
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *details: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._received else handler)

    def _cancel(self) -> None:
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._received += 1
        if self._received == 1:
            self._cancel()
        elif self._received == 2:
            timer = threading.Timer(GRACE, self._give_up)
            timer.daemon = True
            timer.start()

    def _give_up(self) -> None:
        """End the process: whatever it waits for does not answer."""
        with contextlib.suppress(BaseException):
            error = OperationCancelledError(detail="Cleaning up did not finish in time")
            self._output.error(error)
            close_quietly()
            _kill_children()
        os._exit(OperationCancelledError.exit_code)


def _kill_children() -> None:
    """Kill what was started in process groups of its own: the clients of a container engine.

    Does nothing where the kernel does not list children (macOS, Windows).
    """
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            with contextlib.suppress(ProcessLookupError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)


def _signals() -> Iterator[int]:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # None: a handler that was installed by C code.
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            yield number
