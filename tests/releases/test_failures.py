"""Every failure has its own message and remedy; a kept list is shown instead, with a warning."""

import asyncio
import gzip
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from explorer.errors import (
    ExplorerError,
    NotFoundError,
    OfflineError,
    RateLimitedError,
    SourceError,
)
from explorer.fetch import Cache
from explorer.http import Token, origin_of
from explorer.releases import GitHub, Origin
from explorer.releases.connection import Connection, WaitClock
from tests.releases.conftest import MemoryStore
from tests.support.github import GitHub as Server


class Clock:
    """Records sleeps instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def source(
    server: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock, token: str = ""
) -> GitHub:
    bound = Token(token, origin_of(server.api_url)) if token else None
    return GitHub(
        server.repo,
        server.api_url,
        Connection(client, store, bound),
        clock=WaitClock(sleep=clock.sleep, jitter=lambda: 0.5),
    )


async def failure(github: GitHub) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await github.catalogue()
    assert caught.value.title
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    return caught.value


# ---- rate limits


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, 90])
async def test_rate_limited_says_until_when(
    status: int,
    retry_after: int | None,
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
) -> None:
    until = github.exhaust(seconds=1800, retry_after=retry_after, status=status)
    error = await failure(source(github, client, store, clock))
    assert isinstance(error, RateLimitedError)
    assert error.until is not None
    assert abs(error.until - until) < timedelta(seconds=5)
    assert f"{error.until:%H:%M} UTC" in error.title
    # A secondary limit, which has Retry-After, is the same with a token.
    assert ("GITHUB_TOKEN" in error.remedy) is (retry_after is None)
    assert clock.slept == []
    assert github.count() == 1  # more requests would make it worse


async def test_rate_limited_with_a_kept_list(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.serve_snapshot()
    fresh = await source(github, client, store, clock).catalogue()
    github.add_release("v9.0.0")
    until = github.exhaust(seconds=1800)
    kept = await source(github, client, store, clock).catalogue()
    assert (kept.origin, len(kept.releases), kept.fetched_at) == (
        Origin.CACHE,
        206,
        fresh.fetched_at,
    )
    assert f"until {until:%Y-%m-%d %H:%M} UTC" in kept.warnings[0]
    assert "showing the list of" in kept.warnings[0]


async def test_a_limit_between_two_pages_keeps_the_old_list(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.serve_snapshot()
    await source(github, client, store, clock).catalogue()
    github.add_release("v9.0.0")
    github.rate_limit = github.rate_used + 2
    kept = await source(github, client, store, clock).catalogue()
    assert (kept.origin, len(kept.releases)) == (Origin.CACHE, 206)


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "-5",
        "1e9",
        pytest.param("9" * 400, id="huge"),
        "Wed, 21 Oct 2099 07:28:00 GMT",
        "Wed, 99 Oct 9999 99:99:99 GMT",
    ],
)
@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset"])
async def test_any_time_in_a_header_is_harmless(
    header: str,
    value: str,
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
) -> None:
    github.exhaust()
    github.fault("*", headers={header: value})
    assert isinstance(await failure(source(github, client, store, clock)), RateLimitedError)


# ---- refusals


async def test_no_such_repository(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    error = await failure(
        GitHub(
            "nobody/nothing",
            github.api_url,
            Connection(client, store),
            clock=WaitClock(sleep=clock.sleep),
        )
    )
    assert isinstance(error, NotFoundError)
    assert "nobody/nothing" in error.title
    assert "private" in error.detail
    assert error.remedy.startswith("Check the name; for a private one")
    assert "GITHUB_TOKEN" in error.remedy


async def test_a_bad_token(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    error = await failure(source(github, client, store, clock, "ghp_expired"))
    assert "does not accept the token" in error.title
    assert "GITHUB_TOKEN" in error.remedy
    assert "ghp_expired" not in repr(error) + str(error)


async def test_forbidden_is_not_a_rate_limit(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    body = b'{"message":"Resource protected by organization SAML enforcement."}'
    github.fault("*", status=403, body=body, headers={"Content-Type": "application/json"})
    error = await failure(source(github, client, store, clock))
    assert not isinstance(error, RateLimitedError)
    assert "SAML" in error.detail


# ---- servers in trouble


async def test_a_server_error_is_tried_again_with_growing_waits(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.add_release("v1")
    github.fault("*", status=502, times=2)
    assert len((await source(github, client, store, clock).catalogue()).releases) == 1
    assert clock.slept == [0.5, 1.0]


async def test_a_lasting_server_error_is_reported(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.fault("*", status=503)
    error = await failure(source(github, client, store, clock))
    assert "503" in error.detail
    assert github.count() == 3


async def test_a_short_retry_after_is_obeyed_and_a_long_one_reported(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.add_release("v1")
    github.fault("*", status=503, times=1, headers={"Retry-After": "7"})
    await source(github, client, store, clock).catalogue()
    assert [round(wait) for wait in clock.slept] == [7]
    github.forget()
    github.fault("*", status=503, headers={"Retry-After": "3600"})
    kept = await source(github, client, store, clock).catalogue()
    assert kept.origin is Origin.CACHE
    assert github.count() == 1


async def test_a_cut_connection_is_tried_again(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.serve_snapshot()
    github.fault("*", cut_after=1000, times=1)
    assert len((await source(github, client, store, clock).catalogue()).releases) == 206
    github.fault("*", cut_after=1000)
    error = await failure(source(github, client, MemoryStore(), clock))
    assert "cut" in error.title


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("a web page", {"html": True}, "web page"),
    ("a web page with 404 for an API", {"html": True, "status": 400}, "web page"),
    ("JSON that stops", {"cut_json": True}, "damaged JSON"),
    ("an empty answer", {"body": b""}, "damaged JSON"),
    ("no text", {"body": b"\xff\xfe\x00"}, "damaged JSON"),
    ("another JSON", {"body": b'{"message": "This is something else"}'}, "not a list of releases"),
    ("a number", {"body": b"7"}, "not a list of releases"),
    ("a number of 5,000 digits", {"body": b"[" + b"7" * 5000 + b"]"}, "damaged JSON"),
    ("JSON a hundred thousand deep", {"body": b"[" * 100_000}, "not a list of releases"),
    ("an unknown packing", {"headers": {"Content-Encoding": "br"}}, "cannot be read"),
    ("no gzip at all", {"body": b"[]", "headers": {"Content-Encoding": "gzip"}}, "damaged"),
    (
        "gzip without its end",
        {
            "body": gzip.compress(b"[]" * 1000, mtime=0)[:-9],
            "headers": {"Content-Encoding": "gzip"},
        },
        "incomplete",
    ),
    (
        "a gzip bomb",
        {
            "body": gzip.compress(b"[" + b" " * (40 << 20) + b"]", mtime=0),
            "headers": {"Content-Encoding": "gzip"},
        },
        "too large",
    ),
    (
        "a redirect to another host",
        {"status": 302, "headers": {"Location": "http://127.0.0.2:1/"}},
        "redirects to another server",
    ),
    ("a redirect to nowhere", {"status": 302, "headers": {"Location": "http://[::1"}}, "redirects"),
    (
        "a redirect to a bad port",
        {"status": 302, "headers": {"Location": "//h:99999/"}},
        "redirects to another server",
    ),
    ("a redirect to a bad host", {"status": 302, "headers": {"Location": "//xn--a/"}}, "redirects"),
    ("a redirect without a target", {"status": 301}, "redirects to another server"),
    ("a redirect to itself", {"status": 307, "headers": {"Location": "?page=1"}}, "in a circle"),
    ("a teapot", {"status": 418}, "refuses the request"),
    ("a 304 that nobody asked for", {"status": 304}, "refuses the request"),
]


@pytest.mark.parametrize(
    ("fault", "words"), [pytest.param(fault, words, id=name) for name, fault, words in WRONG]
)
async def test_answers_that_are_not_from_github_are_reported(
    fault: dict[str, object],
    words: str,
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
) -> None:
    github.fault("*", **fault)
    error = await failure(source(github, client, store, clock))
    assert words in error.title
    assert store == {}
    assert {seen.host for seen in github.seen} == {"api"}


@pytest.mark.parametrize(
    ("fault", "words"), [pytest.param(fault, words, id=name) for name, fault, words in WRONG[:8]]
)
async def test_a_kept_list_is_shown_instead_of_an_error(
    fault: dict[str, object],
    words: str,
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
) -> None:
    github.add_release("v1")
    await source(github, client, store, clock).catalogue()
    github.fault("*", **fault)
    kept = await source(github, client, store, clock).catalogue()
    assert (kept.origin, len(kept.releases)) == (Origin.CACHE, 1)
    assert words in kept.warnings[0]


async def test_a_server_that_never_answers_times_out(
    github: Server, store: MemoryStore, clock: Clock
) -> None:
    github.fault("*", hang=True)
    async with httpx.AsyncClient(timeout=0.2, trust_env=False) as impatient:
        error = await failure(source(github, impatient, store, clock))
    assert isinstance(error, OfflineError)
    assert "does not answer" in error.title


async def test_a_server_that_sends_too_slowly_times_out(
    github: Server,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from explorer.releases import github as module

    monkeypatch.setattr(module, "_PATIENCE_S", 0.3)
    github.serve_snapshot()
    github.fault("*", bytes_per_second=200)
    start = time.monotonic()
    assert isinstance(await failure(source(github, client, store, clock)), OfflineError)
    assert time.monotonic() - start < 5


# ---- no server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PLACES: list[tuple[str, Callable[[], str], type[ExplorerError], str]] = [
    ("nobody listens", lambda: f"http://127.0.0.1:{_free_port()}", OfflineError, "No connection"),
    ("no such name", lambda: "https://api.nonesuch.invalid", OfflineError, "cannot be found"),
]


@pytest.mark.parametrize(
    ("place", "kind", "words"), [pytest.param(p, k, w, id=name) for name, p, k, w in PLACES]
)
async def test_offline(
    place: Callable[[], str],
    kind: type[ExplorerError],
    words: str,
    client: httpx.AsyncClient,
    store: MemoryStore,
    clock: Clock,
) -> None:
    error = await failure(
        GitHub("a/b", place(), Connection(client, store), clock=WaitClock(sleep=clock.sleep))
    )
    assert isinstance(error, kind)
    assert words in error.title
    assert "--offline" in error.remedy
    assert clock.slept == []  # being offline is reported at once


async def test_a_failed_tls_handshake_is_reported(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    """https to a port that speaks plain http: the handshake of a real TLS library fails."""
    error = await failure(
        GitHub(
            "a/b",
            github.api_url.replace("http:", "https:"),
            Connection(client, store),
            clock=WaitClock(sleep=clock.sleep),
        )
    )
    assert isinstance(error, OfflineError)
    assert "No secure connection" in error.title
    assert "SSL_CERT_FILE" in error.remedy


async def test_a_kept_list_is_available_offline(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.serve_snapshot()
    at = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    await GitHub(
        github.repo, github.api_url, Connection(client, store), clock=WaitClock(now=lambda: at)
    ).catalogue()
    github.fault("*", hang=True)
    async with httpx.AsyncClient(timeout=0.2, trust_env=False) as impatient:
        kept = await source(github, impatient, store, clock).catalogue()
    assert (kept.origin, len(kept.releases), kept.fetched_at) == (Origin.CACHE, 206, at)
    assert "does not answer: showing the list of 2026-02-03 04:05 UTC" in kept.warnings[0]


async def test_a_blocked_repository_says_why(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock
) -> None:
    github.fault("*", status=451, body=b'{"message":"Repository access blocked"}')
    error = await failure(source(github, client, store, clock))
    assert "legal reasons" in error.title
    assert "Repository access blocked" in error.detail
    assert "notice" in error.remedy


@pytest.mark.parametrize("status", [403, 429])
async def test_a_secondary_limit_says_so_and_no_token_helps(
    github: Server, client: httpx.AsyncClient, store: MemoryStore, clock: Clock, status: int
) -> None:
    message = b'{"message":"You have exceeded a secondary rate limit"}'
    github.fault("*", status=status, body=message)
    error = await failure(source(github, client, store, clock))
    assert isinstance(error, RateLimitedError)
    assert "secondary" in error.detail
    assert "few minutes" in error.remedy
    assert "TOKEN" not in error.remedy


# ---- a store that cannot be used


async def test_a_cache_that_cannot_be_written_costs_a_warning_and_not_the_list(
    tmp_path: Path, github: Server, client: httpx.AsyncClient, clock: Clock
) -> None:
    github.add_release("v2025.1.15", {"roadrunner-2025.1.15-linux-amd64.tar.gz": b"x"})
    cache = Cache(tmp_path / "$HOME", 1 << 20)  # a name that diskcache would expand
    try:
        catalogue = await GitHub(
            github.repo,
            github.api_url,
            Connection(client, cache.store("page")),
            clock=WaitClock(sleep=clock.sleep),
        ).catalogue()
    finally:
        cache.close()
    assert [release.tag for release in catalogue.releases] == ["v2025.1.15"]
    assert catalogue.origin is Origin.API
    assert [
        warning
        for warning in catalogue.warnings
        if "The cache cannot be used" in warning and "--cache-dir" in warning
    ]
