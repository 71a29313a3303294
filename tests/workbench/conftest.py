"""A workbench over the local server, and a release laid out as RoadRunner's."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.settings import Settings
from explorer.workbench import Workbench
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import go_build
from tests.support.github import GitHub

VERSION = "2025.1.15"
TAG = f"v{VERSION}"

SERVER = """package main

import (
	"os"
	"runtime"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		os.Stdout.WriteString("rr version %s (build time: 2026-06-17T16:05:23+0000, ")
		os.Stdout.WriteString(runtime.Version() + "), ")
		os.Stdout.WriteString("OS: " + runtime.GOOS + ", arch: " + runtime.GOARCH + "\\n")
		return
	}
	os.Exit(3)
}
"""


def rr(goarch: str = "amd64", version: str = VERSION) -> Path:
    """A static Go program that answers ``--version`` as RoadRunner's server does."""
    return go_build("rr", SERVER % version, goarch=goarch)


def archive_name(arch: str, version: str = VERSION) -> str:
    """``roadrunner-V-linux-ARCH.tar.gz``."""
    return f"roadrunner-{version}-linux-{arch}.tar.gz"


def packed(binary: Path, root: str) -> bytes:
    """A tar.gz laid out as RoadRunner's."""
    return make_archive("tar.gz", root, roadrunner_members(binary))


@pytest.fixture
def served(github: GitHub) -> GitHub:
    """The server with one release of two architectures."""
    assets = {
        archive_name(arch): packed(rr(arch), archive_name(arch).removesuffix(".tar.gz"))
        for arch in ("amd64", "arm64")
    }
    github.add_release(TAG, assets=assets)
    return github


@pytest.fixture
async def bench(served: GitHub, tmp_path: Path) -> AsyncIterator[Workbench]:
    """A workbench with an empty cache."""
    made = Workbench(Settings(api_url=served.api_url, cache_dir=tmp_path / "cache"))
    yield made
    await made.aclose()


@pytest.fixture
async def opened(github: GitHub, tmp_path: Path) -> AsyncIterator[Callable[..., Workbench]]:
    """Makes workbenches over the server, each with its own cache, and closes them."""
    made: list[Workbench] = []

    def make(**settings: Any) -> Workbench:
        folder = tmp_path / f"cache-{len(made)}"
        made.append(
            Workbench(Settings(**{"api_url": github.api_url, "cache_dir": folder, **settings}))
        )
        return made[-1]

    yield make
    for bench in made:
        await bench.aclose()
