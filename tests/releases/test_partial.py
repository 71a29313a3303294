"""A list of which some pages do not come: those that did are shown, and said not to be all."""

import asyncio

import httpx
import pytest

from explorer.errors import RateLimitedError
from explorer.releases import Catalogue, GitHub, Origin, cached
from explorer.releases.connection import Connection, WaitClock
from tests.releases.conftest import MemoryStore
from tests.support.github import GitHub as Server


async def no_wait(_: float) -> None:
    await asyncio.sleep(0)


async def listed(server: Server, client: httpx.AsyncClient, store: MemoryStore) -> Catalogue:
    return await GitHub(
        server.repo,
        server.api_url,
        Connection(client, store),
        clock=WaitClock(sleep=no_wait),
    ).catalogue()


def fill(server: Server, count: int) -> None:
    for number in range(count):
        server.add_release(f"v0.0.{number}", {f"tool-0.0.{number}-linux-amd64.tar.gz": b"x"})


def tags(catalogue: Catalogue) -> list[str]:
    return [release.tag for release in catalogue.releases]


WAYS = [
    ("5xx", {"status": 503}, "has a problem", "Try again later"),
    ("a cut connection", {"cut_after": 500}, "was cut", "Try again"),
    ("half a JSON", {"cut_json": True}, "damaged JSON", "proxy"),
    ("a web page", {"html": True}, "web page", "requires a login"),
    ("a refusal", {"status": 418}, "refuses the request", "--api-url"),
]


@pytest.mark.parametrize(
    ("fault", "title", "remedy"), [pytest.param(f, t, r, id=name) for name, f, t, r in WAYS]
)
async def test_an_incomplete_list_is_shown_with_a_warning(
    fault: dict[str, object],
    title: str,
    remedy: str,
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
) -> None:
    fill(github, 250)
    github.fault("*/repositories/*", skip=1, **fault)  # one of the pages 2 and 3
    catalogue = await listed(github, client, store)
    assert (catalogue.origin, catalogue.complete, len(catalogue.releases)) in (
        (Origin.API, False, 200),
        (Origin.API, False, 150),
    )
    assert tags(catalogue)[0] == "v0.0.249"
    assert catalogue.warnings[0] == "These are not all releases: only 2 pages of the list were read"
    assert title in catalogue.warnings[1]
    assert remedy in catalogue.warnings[1]


async def test_a_page_that_fails_when_pages_come_one_by_one(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault("*", times=1, headers={"Link": f'<{base}2>; rel="next"'})
    github.fault("*", status=502)
    catalogue = await listed(github, client, store)
    assert (len(catalogue.releases), catalogue.complete) == (100, False)
    assert catalogue.warnings[0] == "These are not all releases: only 1 page of the list was read"


async def test_a_limit_says_until_when_and_ends_the_requests(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 1500)
    github.rate_limit = 3
    catalogue = await listed(github, client, store)
    assert (len(catalogue.releases), catalogue.complete) == (300, False)
    assert "answers no more requests until" in catalogue.warnings[1]
    assert "GITHUB_TOKEN" in catalogue.warnings[1]
    # Six at a time: at most five more were on their way when the first refusal came.
    assert github.count() <= 1 + 2 + 6


async def test_an_incomplete_list_is_kept_and_completed_later(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    wrong = github.fault("*/repositories/*", skip=1, status=503)
    part = await listed(github, client, store)
    kept = cached(github.repo, github.api_url, store)
    assert kept is not None
    assert (kept.origin, kept.complete, tags(kept)) == (Origin.CACHE, False, tags(part))
    assert "not all releases" in kept.warnings[0]
    wrong.times = 0
    github.forget()
    whole = await listed(github, client, store)
    assert sorted(s.status for s in github.requests("*/releases")) == [200, 304, 304]
    assert (len(whole.releases), whole.complete, whole.warnings) == (250, True, ())
    again = cached(github.repo, github.api_url, store)
    assert again is not None
    assert (again.complete, tags(again), again.warnings) == (True, tags(whole), ())


async def test_a_kept_complete_list_is_preferred_to_a_new_incomplete_one(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    await listed(github, client, store)
    before = dict(store)
    github.add_release("v1.0.0")
    github.fault("*/repositories/*", skip=1, status=503)
    catalogue = await listed(github, client, store)
    assert (catalogue.origin, catalogue.complete, len(catalogue.releases)) == (
        Origin.CACHE,
        True,
        250,
    )
    assert "showing the list of" in catalogue.warnings[0]
    assert store == before


async def test_of_two_incomplete_lists_the_longer_is_shown(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 450)
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault("*", times=1, headers={"Link": f'<{base}2>; rel="next"'})
    github.fault("*", times=1, headers={"Link": f'<{base}3>; rel="next"'})
    github.fault("*", times=1, headers={"Link": f'<{base}4>; rel="next"'})
    github.fault("*page=4*", status=503)
    github.rate_limit = 3
    assert len((await listed(github, client, store)).releases) == 300
    github.rate_limit = 4  # the first page comes, the second does not
    catalogue = await listed(github, client, store)
    assert (catalogue.origin, catalogue.complete, len(catalogue.releases)) == (
        Origin.CACHE,
        False,
        300,
    )
    assert any("answers no more requests" in warning for warning in catalogue.warnings)
    assert any("not all releases" in warning for warning in catalogue.warnings)


async def test_without_the_first_page_there_is_an_error(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    github.exhaust()
    with pytest.raises(RateLimitedError):
        await listed(github, client, store)
    assert store == {}


async def test_a_page_that_hangs_does_not_hold_up_the_others(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.releases import github as module

    monkeypatch.setattr(module, "_GRACE_S", 0.2)
    fill(github, 250)
    github.fault("*/repositories/*", hang=True, times=1)
    github.fault("*/repositories/*", status=503)
    catalogue = await asyncio.wait_for(
        listed(github, client, store), 4
    )  # the client itself would wait for five
    assert (len(catalogue.releases), catalogue.complete) == (100, False)


async def test_pages_requested_together_stop_at_the_size_limit(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.releases import github as module

    monkeypatch.setattr(module, "_LARGEST_LISTING", 1000)
    fill(github, 450)
    catalogue = await listed(github, client, store)
    assert (len(catalogue.releases), catalogue.complete, github.count()) == (100, False, 1)
    assert catalogue.warnings == ("These are not all releases: only 1 page of the list was read",)
