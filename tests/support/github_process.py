"""The local GitHub in a process of its own: what the app or a command takes of a core is then all
that is measured here."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from tests.support.github import GitHub


def _serve(pipe: Connection, fill: Callable[[GitHub], None]) -> None:
    with GitHub() as github:
        fill(github)
        pipe.send(github.api_url)
        while (asked := pipe.recv()) is not None:
            method, args, options = asked
            pipe.send(getattr(github, method)(*args, **options))


class GitHubProcess:
    """``fill`` is a module's function: it runs over there.

    ``api_url`` is what ``--api-url`` takes.
    """

    api_url = ""

    def __init__(self, fill: Callable[[GitHub], None]) -> None:
        fresh = multiprocessing.get_context("spawn")
        self._pipe, there = fresh.Pipe()
        self._process = fresh.Process(target=_serve, args=(there, fill), daemon=True)

    def __enter__(self) -> "GitHubProcess":
        self._process.start()
        self.api_url = self._pipe.recv()
        return self

    def ask(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the server, which gives something plain or nothing."""
        self._pipe.send((method, args, options))
        return self._pipe.recv()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.send(None)
        self._process.join(10)
        assert self._process.exitcode == 0, "the server has failed"
