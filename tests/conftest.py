"""What all tests share."""

import gc
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.github import GitHub

settings.register_profile("quick", max_examples=10)
"""For ``make check``; ``make test`` tries a hundred inputs and more."""

pytest_plugins = [
    "tests.support.skips",
    "tests.support.tools",
    "tests.support.engine",
    "tests.support.browser",
    "tests.support.desktop",
]


def pytest_configure() -> None:
    """Prepare the process: signals, and garbage collections.

    A process started in a shell's background ignores Ctrl+C, and one started by nohup a terminal
    that is gone; so would every program that a test starts and stops with that. A full collection
    looks through everything that pytest and the tests' modules hold, and would come with every app
    that is opened: they are made rare.
    """
    gc.set_threshold(20_000, 50, 100)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give what the tests have left behind back with the process; note failures by their own names.

    pytest and the interpreter each collect garbage first: seconds for millions of objects. xdist
    adds its group to a test's name, by which ``--last-failed`` would not find it.
    """
    gc.freeze()
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        failed = cache.get("cache/lastfailed", {})
        cache.set("cache/lastfailed", {name.removesuffix("@container"): 1 for name in failed})


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their length: both xdist workers must collect the same names, and a gzip
    header holds the second it was made."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) and len(val) > 8 else None


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A local GitHub with an empty roadrunner-server/roadrunner; see ``tests.support.github``."""
    with GitHub() as server:
        yield server
