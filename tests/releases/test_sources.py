"""The places that releases come from, behind their one protocol."""

from pathlib import Path

import httpx
import pytest

from explorer.errors import NotFoundError
from explorer.releases import (
    DemoSource,
    FolderSource,
    GitHubSource,
    Origin,
    ReleaseSource,
    load_profiles,
)
from explorer.releases.connection import Connection
from tests.releases.conftest import MemoryStore
from tests.support.github import GitHub as Server

REPO = "roadrunner-server/roadrunner"


def github_source(
    client: httpx.AsyncClient, store: MemoryStore, api_url: str, repo: str = REPO
) -> GitHubSource:
    async def connect() -> Connection:
        return Connection(client, store)

    return GitHubSource(repo, api_url, load_profiles(), connect, lambda: store)


@pytest.mark.parametrize(
    ("api_url", "site"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
    ],
)
def test_where_the_sources_of_a_release_are(
    api_url: str, site: str, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    source = github_source(client, store, api_url)
    assert source.archive_url("v1") == f"{site}/{REPO}/archive/refs/tags/v1.tar.gz"
    assert source.archive_url("cli/v1 +") == f"{site}/{REPO}/archive/refs/tags/cli/v1%20%2B.tar.gz"


async def test_githubs_list_is_at_hand_once_it_was_asked_for(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.add_release("v2025.1.15", {"roadrunner-2025.1.15-linux-arm64.tar.gz": b"x"})
    source = github_source(client, store, github.api_url)
    assert (source.is_local, source.at_hand()) == (False, None)
    listed = await source.catalogue()
    kept = source.at_hand()
    assert kept is not None
    assert (listed.origin, kept.origin) == (Origin.API, Origin.CACHE)
    for catalogue in (listed, kept):
        assert catalogue.profile.title == "RoadRunner"
        assert catalogue.releases[0].assets[0].kind.value == "server"


@pytest.mark.parametrize(("repo", "has_list"), [(REPO, True), ("acme/tool", False)])
def test_one_project_has_a_bundled_list(
    repo: str, has_list: bool, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    source = github_source(client, store, "https://api.github.com", repo)
    assert (source.bundled() is not None) is has_list


@pytest.mark.parametrize("kind", ["folder", "demo"])
async def test_what_is_local_needs_no_server(kind: str, tmp_path: Path) -> None:
    (tmp_path / "tool-linux-amd64").write_bytes(b"x")
    folder = FolderSource(tmp_path, load_profiles())
    source: ReleaseSource = folder if kind == "folder" else DemoSource()
    at_hand, listed = source.at_hand(), await source.catalogue()
    assert at_hand is not None
    assert at_hand.releases == listed.releases
    assert source.is_local
    assert source.why_local
    assert not source.token_limit


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        FolderSource(tmp_path / "gone", load_profiles()).at_hand()
