"""A real inspection, made once."""

import asyncio
from datetime import UTC, datetime

import pytest

from explorer.settings import Settings
from explorer.workbench import Depth, Inspection, Workbench
from tests.support.binaries import binary

NOW = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)


def inspect(program: str, cache: pytest.TempPathFactory, *on: str) -> Inspection:
    """What the workbench says of one of the tests' binaries."""

    async def work() -> Inspection:
        folder = cache.mktemp("cache")
        bench = Workbench(Settings(cache_dir=folder, offline=True))
        try:
            return await bench.look(
                await bench.resolve(str(binary(program))), on=on, depth=Depth.WHOLE
            )
        finally:
            await bench.aclose()

    return asyncio.run(work())


@pytest.fixture(scope="session")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """A glibc program that gcompat does not help, on Alpine."""
    return inspect("c-fcntl64", tmp_path_factory, "alpine-3.22")


@pytest.fixture(scope="session")
def aided(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """A glibc program that runs on Alpine with gcompat."""
    return inspect("c-glibc", tmp_path_factory, "alpine-3.22")


@pytest.fixture(scope="session")
def on_debian(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """The same program on Debian, where it runs."""
    return inspect("c-glibc", tmp_path_factory, "debian-12")


@pytest.fixture(scope="session")
def static_go(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """A static Go program on Alpine."""
    return inspect("go-static-arm64", tmp_path_factory, "alpine-3.22")
