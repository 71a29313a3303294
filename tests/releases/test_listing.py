"""Lists from a server that behaves as GitHub does: pages, ETags, redirects, the kept list."""

import asyncio
import json
from datetime import datetime
from urllib.parse import parse_qs

import httpx
import pytest

from explorer.errors import UsageError
from explorer.facts import NotApplicable
from explorer.http import Token, origin_of
from explorer.progress import Progress
from explorer.releases import Catalogue, GitHub, Origin, Rate, cached
from explorer.releases.connection import Connection
from tests.releases.conftest import MemoryStore
from tests.support.github import GitHub as Server


def listing(
    server: Server, client: httpx.AsyncClient, store: MemoryStore, token: str = "", repo: str = ""
) -> GitHub:
    bound = Token(token, origin_of(server.api_url)) if token else None
    return GitHub(repo or server.repo, server.api_url, Connection(client, store, bound))


def tags(catalogue: Catalogue) -> list[str]:
    return [release.tag for release in catalogue.releases]


def fill(server: Server, count: int) -> None:
    for number in range(count):
        server.add_release(f"v0.0.{number}", {f"tool-0.0.{number}-linux-amd64.tar.gz": b"x"})


async def test_all_of_roadrunners_releases_over_three_pages(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.serve_snapshot()
    catalogue = await listing(github, client, store).catalogue()
    assert (len(catalogue.releases), catalogue.complete, catalogue.origin, catalogue.warnings) == (
        206,
        True,
        Origin.API,
        (),
    )
    assert tags(catalogue)[:2] == ["v3.0.0", "v2025.1.15"]
    assert sum(len(release.assets) for release in catalogue.releases) == 2213
    assert isinstance(catalogue.rate, Rate)
    assert (catalogue.rate.limit, catalogue.rate.remaining) == (60, 56)
    old, new = catalogue.release("v2025.1.1"), catalogue.release("v2025.1.15")
    assert old is not None
    assert new is not None
    assert isinstance(old.assets[0].digest, NotApplicable)
    assert isinstance(new.assets[0].digest, str)
    for seen in github.requests("*/releases", host="api"):
        assert seen.headers["x-github-api-version"] == "2022-11-28"
        assert "gzip" in seen.headers["accept-encoding"]
        assert parse_qs(seen.query)["per_page"] == ["100"]


async def test_an_unchanged_listing_costs_304s_and_no_rate(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.tokens.add("good")
    fill(github, 250)
    first = await listing(github, client, store, "good").catalogue()
    used, written = github.rate_used, len(store.written)
    github.forget()
    second = await listing(github, client, store, "good").catalogue()
    assert [seen.status for seen in github.seen] == [304, 304, 304, 304]
    assert (github.rate_used, github.body_bytes()) == (used, 0)
    assert len(store.written) == written + 1  # the index alone, with the time of confirmation
    assert second.releases == first.releases
    assert second.complete is True
    assert isinstance(first.fetched_at, datetime)
    assert isinstance(second.fetched_at, datetime)
    assert second.fetched_at > first.fetched_at


async def test_only_a_changed_page_is_read_again(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    await listing(github, client, store).catalogue()
    github.release("v0.0.10").body = "edited"  # on the third page
    github.forget()
    catalogue = await listing(github, client, store).catalogue()
    assert sorted(seen.status for seen in github.seen) == [200, 304, 304, 304]
    edited = catalogue.release("v0.0.10")
    assert edited is not None
    assert edited.body == "edited"
    again = cached(github.repo, github.api_url, store)
    assert again is not None
    assert again.releases == catalogue.releases


async def test_a_new_release_and_a_removed_one(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 200)
    await listing(github, client, store).catalogue()
    github.add_release("v1.0.0")
    catalogue = await listing(github, client, store).catalogue()
    assert (len(catalogue.releases), tags(catalogue)[0]) == (201, "v1.0.0")
    for tag in ("v1.0.0", "v0.0.3"):
        github.remove_release(tag)
    catalogue = await listing(github, client, store).catalogue()
    assert len(catalogue.releases) == 199
    assert catalogue.release("v0.0.3") is None


async def test_pages_are_requested_together_and_keep_their_order(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 450)
    held = github.fault("*repositories*", hang=True)  # page 2 and later say nothing until let go
    moments: list[Progress] = []
    task = asyncio.create_task(listing(github, client, store).catalogue(progress=moments.append))
    await asyncio.to_thread(github.wait_for, lambda seen: len(seen) == 5)
    assert held.times is None
    github.hang_ends()
    catalogue = await task
    assert tags(catalogue) == [f"v0.0.{number}" for number in reversed(range(450))]
    assert (moments[-1].done, moments[-1].total, moments[-1].unit) == (5, 5, "pages")


async def test_without_rel_last_the_pages_are_followed_one_by_one(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault("*", times=1, headers={"Link": f'<{base}2>; rel="next"'})
    github.fault("*", times=1, headers={"Link": f'<{base}3>; rel="next"'})
    catalogue = await listing(github, client, store).catalogue()
    assert (len(catalogue.releases), catalogue.complete, github.count()) == (250, True, 4)


async def test_a_list_that_grows_while_it_is_read(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 199)
    github.fault("*repositories*", hang=True, times=1)
    task = asyncio.create_task(listing(github, client, store).catalogue())
    await asyncio.to_thread(github.wait_for, lambda seen: len(seen) == 2)
    for number in range(3):
        github.add_release(
            f"v1.0.{number}"
        )  # page 2 now begins with releases that page 1 has shown, and page 3 begins
    github.hang_ends()
    catalogue = await task
    assert catalogue.complete is True
    assert len(tags(catalogue)) == len(set(tags(catalogue))) == 199


async def test_links_are_followed_on_the_apis_own_origin_only(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.tokens.add("secret-token")
    fill(github, 5)
    elsewhere = f"{github.assets_url}/repositories/1/releases?per_page=100&page=2"
    github.fault("*", headers={"Link": f'<{elsewhere}>; rel="next", <{elsewhere}>; rel="last"'})
    catalogue = await listing(github, client, store, "secret-token").catalogue()
    assert len(catalogue.releases) == 5
    assert catalogue.complete is False
    assert any("not all releases" in warning for warning in catalogue.warnings)
    assert {seen.host for seen in github.seen} == {"api"}


@pytest.mark.parametrize(
    "link",
    [
        "<>; rel=next",
        "<http://[::1>; rel=next",
        "rel=next",
        pytest.param("<" * 5000, id="long"),
        '<?page=2>; rel="next"; rel="last"',
    ],
)
async def test_invalid_link_headers_are_ignored(
    link: str, github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 2)
    github.fault("*", times=1, headers={"Link": link})
    assert len((await listing(github, client, store).catalogue()).releases) == 2


async def test_a_circle_of_links_ends(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 2)
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault("*", headers={"Link": f'<{base}7>; rel="next"'})
    catalogue = await listing(github, client, store).catalogue()
    assert catalogue.complete is False
    assert github.count() == 2


async def test_no_page_after_the_hundredth_is_requested(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.add_release("v1")
    github.rate_limit = 1000
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault("*", headers={"Link": f'<{base}2>; rel="next", <{base}999999>; rel="last"'})
    catalogue = await listing(github, client, store).catalogue()
    assert catalogue.complete is False
    assert github.count() == 100


async def test_a_list_that_is_too_large_is_cut_with_a_warning(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.releases import github as module

    monkeypatch.setattr(module, "_LARGEST_LISTING", 1000)
    fill(github, 250)
    base = f"{github.api_url}/repos/{github.repo}/releases?per_page=100&page="
    github.fault(
        "*", headers={"Link": f'<{base}2>; rel="next"'}
    )  # no rel=last: one after the other
    catalogue = await listing(github, client, store).catalogue()
    assert (len(catalogue.releases), catalogue.complete, github.count()) == (100, False, 1)
    assert any("not all releases" in warning for warning in catalogue.warnings)


async def test_a_renamed_repository_is_followed_with_a_warning(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 150)
    github.renamed["spiral/roadrunner"] = github.repo
    catalogue = await listing(github, client, store, repo="spiral/roadrunner").catalogue()
    assert len(catalogue.releases) == 150
    assert any("has moved" in warning for warning in catalogue.warnings)


async def test_a_private_repository_with_its_token_and_drafts(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    with Server("me/private", private=True, tokens=["secret-token"]) as github:
        github.add_release("v1.0.0", {"tool-linux-amd64": b"x"})
        github.add_release("v2.0.0", draft=True)
        catalogue = await listing(github, client, store, "secret-token").catalogue()
    assert tags(catalogue) == ["v1.0.0", "v2.0.0"]  # the draft is younger, but unpublished
    assert catalogue.release("latest") is catalogue.releases[0]


async def test_the_token_is_kept_nowhere_and_shown_nowhere(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.tokens.add("ghp_verysecret")
    fill(github, 150)
    source = listing(github, client, store, "ghp_verysecret")
    catalogue = await source.catalogue()
    kept = json.dumps({key: value.decode() for key, value in store.items()})
    assert "verysecret" not in kept + repr(catalogue) + repr(source.__dict__) + str(source.__dict__)
    assert github.hosts_that_saw_a_token == {"api"}


async def test_a_kept_list_is_read_without_the_network(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    assert cached(github.repo, github.api_url, store) is None
    github.serve_snapshot()
    fresh = await listing(github, client, store).catalogue()
    github.forget()
    kept = cached(github.repo.upper(), github.api_url + "/", store)
    assert kept is not None
    assert (kept.origin, kept.complete, kept.fetched_at) == (Origin.CACHE, True, fresh.fetched_at)
    assert tags(kept) == tags(fresh)
    assert github.count() == 0
    assert cached("other/repo", github.api_url, store) is None
    assert cached(github.repo, "https://elsewhere", store) is None


async def test_the_later_of_two_lists_is_shown_with_or_without_a_token(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.tokens.add("good")
    fill(github, 1)
    await listing(github, client, store, "good").catalogue()
    github.add_release("v9")
    await listing(github, client, store).catalogue()
    kept = cached(github.repo, github.api_url, store)
    assert kept is not None
    assert tags(kept)[0] == "v9"


async def test_damage_in_a_kept_list_is_detected_and_repaired(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 150)
    github.rate_limit = 1000
    before = await listing(github, client, store).catalogue()
    whole = dict(store)
    for key in whole:
        for damage in (b"", b"{", b"[1]", b"null", whole[key][:-10], b"\xff" * 20, b"[" * 100_000):
            store.update(whole)
            store[key] = damage
            assert cached(github.repo, github.api_url, store) is None
            assert (await listing(github, client, store).catalogue()).releases == before.releases
            assert cached(github.repo, github.api_url, store) is not None


async def test_a_kill_between_two_writes_leaves_the_old_list(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 250)
    await listing(github, client, store).catalogue()
    old = dict(store)
    github.add_release("v1.0.0")  # every page changes
    store.written.clear()
    await listing(github, client, store).catalogue()
    new = dict(store)
    assert len(store.written) == 4
    for done in range(len(store.written) + 1):
        state = MemoryStore()
        state.update(old | {key: new[key] for key in store.written[:done]})
        kept = cached(github.repo, github.api_url, state)
        assert kept is not None
        assert tags(kept)[0] == ("v1.0.0" if done == 4 else "v0.0.249")
        assert len(kept.releases) == (251 if done == 4 else 250)


async def test_cancelling_leaves_nothing_behind(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    fill(github, 450)
    github.fault("*repositories*", hang=True)
    before = asyncio.all_tasks()
    task = asyncio.create_task(listing(github, client, store).catalogue())
    await asyncio.to_thread(github.wait_for, lambda seen: len(seen) == 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
    assert store == {}


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "roadrunner",
        "a/b/c",
        "../..",
        "a/..",
        "/b",
        "a b/c",
        "a/b?x=1",
        "a/b#",
        "é/b",
        "a/" + "b" * 101,
    ],
)
def test_invalid_repository_names_are_refused(
    repo: str, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    with pytest.raises(UsageError) as caught:
        GitHub(repo, "https://api.github.com", Connection(client, store))
    assert "--repo" in caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.github.com",
        "ftp://host",
        "https://",
        "https://h ost",
        "https://me:hunter2@host",
        "https://h/?q=1",
        "https://h:99999",
        "https://[::1",
    ],
)
def test_invalid_api_addresses_are_refused(
    url: str, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    with pytest.raises(UsageError) as caught:
        GitHub("a/b", url, Connection(client, store))
    assert "hunter2" not in str(caught.value)


async def test_latest_is_what_github_calls_the_latest(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    """A fix of an older line is the newest release, and the project keeps another as its latest."""
    for tag in ("v3.0.0", "v2.9.1"):
        github.add_release(tag)
    github.chosen_latest = "v3.0.0"
    for _ in range(2):  # the second time by a 304
        catalogue = await listing(github, client, store).catalogue()
        latest = catalogue.release("latest")
        assert latest is not None
        assert (latest.tag, tags(catalogue)[0]) == ("v3.0.0", "v2.9.1")
    kept = cached(github.repo, github.api_url, store)
    assert kept is not None
    assert kept.release("latest") == latest
    github.chosen_latest = "v2.9.1"
    catalogue = await listing(github, client, store).catalogue()
    assert catalogue.latest == "v2.9.1"


@pytest.mark.parametrize("status", [404, 500, 403])
async def test_a_server_that_does_not_say_which_is_the_latest(
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older GitHub Enterprise, a rate limit: then it is the newest stable release."""
    monkeypatch.setattr("explorer.releases.github._FIRST_WAIT_S", 0.02)
    for tag, prerelease in (("v1", False), ("v2", False), ("v3", True)):
        github.add_release(tag, prerelease=prerelease)
    github.fault("*/latest", status=status)
    catalogue = await listing(github, client, store).catalogue()
    latest = catalogue.release("latest")
    assert latest is not None
    assert (latest.tag, catalogue.latest, catalogue.complete) == ("v2", "", True)


async def test_a_single_stable_release_costs_no_request(
    github: Server, client: httpx.AsyncClient, store: MemoryStore
) -> None:
    github.add_release("v1")
    github.add_release("v2", prerelease=True)
    catalogue = await listing(github, client, store).catalogue()
    assert github.count() == 1
    latest = catalogue.release("latest")
    assert latest is not None
    assert latest.tag == "v1"
