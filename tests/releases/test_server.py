"""The tests' own GitHub: its answers fit GitHub's API description, its file host the standard."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema
import pytest

from tests.support.github import GitHub, StoredAsset

DESCRIPTION = json.loads(
    (Path(__file__).parents[1] / "data" / "github-openapi-releases.json").read_text("utf-8")
)


def schema(name: str) -> dict[str, Any]:
    """A schema of GitHub's description, with OpenAPI's ``nullable`` as JSON Schema's ``null``."""

    def converted(value: Any) -> Any:
        if isinstance(value, list):
            return [converted(item) for item in value]
        if not isinstance(value, dict):
            return value
        made = {key: converted(item) for key, item in value.items() if key != "nullable"}
        return {"anyOf": [made, {"type": "null"}]} if value.get("nullable") is True else made

    result = converted(DESCRIPTION[name])
    assert isinstance(result, dict)
    jsonschema.Draft202012Validator.check_schema(result)
    return result


FORMATS = jsonschema.FormatChecker(formats=())


def _is_a_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _is_an_address(value: object) -> bool:
    return not isinstance(value, str) or urlsplit(value).scheme in ("http", "https")


FORMATS.checks("date-time", raises=ValueError)(_is_a_moment)
FORMATS.checks("uri", raises=ValueError)(_is_an_address)


def check(value: object, name: str) -> None:
    jsonschema.Draft202012Validator(schema(name), format_checker=FORMATS).validate(value)


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    """A plain client that follows nothing by itself."""
    with httpx.Client(trust_env=False, headers={"User-Agent": "test"}) as client:
        yield client


@pytest.fixture
def asset(github: GitHub) -> StoredAsset:
    """A file of 100,000 different bytes."""
    data = b"".join(n.to_bytes(4, "big") for n in range(25_000))
    return github.add_release("v1.0.0", {"tool-linux-arm64.tar.gz": data}).assets[
        "tool-linux-arm64.tar.gz"
    ]


def file_of(web: httpx.Client, asset: StoredAsset) -> str:
    """The signed address that the download redirects to."""
    answer = web.get(asset.url)
    assert answer.status_code == 302
    return answer.headers["location"]


def releases(github: GitHub, query: str = "per_page=100") -> str:
    return f"{github.api_url}/repos/{github.repo}/releases?{query}"


# ---- the API


def test_the_schemas_are_strict_enough_to_find_a_mistake(github: GitHub, web: httpx.Client) -> None:
    github.add_release("v1", {"a": b"x"})
    for field, wrong in (
        ("digest", 5),
        ("size", None),
        ("updated_at", "yesterday"),
        ("state", "half"),
        ("uploader", {"login": "x"}),
    ):
        github.asset("v1", "a").overrides = {field: wrong}
        with pytest.raises(jsonschema.ValidationError):
            check(web.get(releases(github)).json(), "list-releases")


def test_every_release_and_asset_fits_githubs_description(
    github: GitHub, web: httpx.Client
) -> None:
    github.serve_snapshot()
    github.tokens.add("good")
    github.add_release("v9.9.9-draft", {"a.zip": b""}, draft=True, body=None, name="A draft")
    drafts = 0
    for page in (1, 2, 3):
        listed = web.get(
            releases(github, f"per_page=100&page={page}"), headers={"Authorization": "Bearer good"}
        )
        check(listed.json(), "list-releases")
        drafts += sum(release["draft"] for release in listed.json())
    assert drafts == 1
    stored = github.asset("v2025.1.15", "roadrunner-2025.1.15-linux-arm64.tar.gz")
    one = web.get(stored.api_url)
    check(one.json(), "release-asset")
    assert one.json()["digest"] == stored.digest
    null = github.asset("v2025.1.1", "roadrunner-2025.1.1-linux-arm64.tar.gz")
    assert web.get(null.api_url).json()["digest"] is None


def test_refusals_fit_githubs_description(github: GitHub, web: httpx.Client) -> None:
    missing = web.get(f"{github.api_url}/repos/no/body/releases")
    bad = web.get(releases(github), headers={"Authorization": "Bearer wrong"})
    github.exhaust()
    limited = web.get(releases(github))
    assert [a.status_code for a in (missing, bad, limited)] == [404, 401, 403]
    for answer in (missing, bad, limited):
        check(answer.json(), "basic-error")
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert int(limited.headers["x-ratelimit-reset"]) > time.time()
    assert web.get(f"{github.api_url}/rate_limit").json()["rate"]["remaining"] == 0


def test_pages_and_links(github: GitHub, web: httpx.Client) -> None:
    for number in range(25):
        github.add_release(f"v{number}")
    seen: list[str] = []
    url = releases(github, "per_page=10")
    for page in (1, 2, 3):
        answer = web.get(url)
        seen += [release["tag_name"] for release in answer.json()]
        assert (
            set(answer.links)
            == {1: {"next", "last"}, 2: {"prev", "next", "last", "first"}, 3: {"prev", "first"}}[
                page
            ]
        )
        if page < 3:
            assert parse_qs(urlsplit(answer.links["last"]["url"]).query)["page"] == ["3"]
            url = answer.links["next"]["url"]
    assert seen == [f"v{number}" for number in reversed(range(25))]
    assert web.get(releases(github, "per_page=10&page=4")).json() == []
    assert "link" not in web.get(releases(github)).headers


def test_etags_gzip_and_the_price_of_a_304(github: GitHub, web: httpx.Client) -> None:
    github.tokens.add("good")
    github.add_release("v1", body="x" * 10_000)
    first = web.get(releases(github))
    assert first.headers["content-encoding"] == "gzip"
    assert github.body_bytes() < 2000 < len(first.content)
    used = github.rate_used
    same = {"If-None-Match": first.headers["etag"]}
    assert (
        web.get(releases(github), headers=same | {"Authorization": "Bearer good"}).status_code
        == 304
    )
    assert github.rate_used == used
    assert web.get(releases(github), headers=same).status_code == 304
    assert github.rate_used == used + 1  # as GitHub documents it: free only with a token
    github.release("v1").body = "y"
    assert web.get(releases(github), headers=same).status_code == 200


def test_private_repositories_and_version_and_agent(web: httpx.Client) -> None:
    with GitHub("me/private", private=True, tokens=["good"]) as github:
        stored = github.add_release("v1", {"a": b"secret"}).assets["a"]
        assert web.get(releases(github)).status_code == 404
        assert web.get(stored.url).status_code == 404
        auth = {"Authorization": "Bearer good"}
        assert web.get(releases(github), headers=auth).status_code == 200
        response = web.get(stored.api_url, headers=auth | {"Accept": "application/octet-stream"})
        assert response.status_code == 302
        assert web.get(response.headers["location"]).content == b"secret"
        assert (
            web.get(
                releases(github), headers=auth | {"X-GitHub-Api-Version": "1999-01-01"}
            ).status_code
            == 400
        )
        assert web.get(releases(github), headers=auth | {"User-Agent": ""}).status_code == 403


# ---- the host of the files


def test_downloads_are_sent_to_another_host(
    github: GitHub, web: httpx.Client, asset: StoredAsset
) -> None:
    location = file_of(web, asset)
    assert location.startswith(github.assets_url)
    assert len({github.assets_url, github.web_url, github.api_url.removesuffix("/api/v3")}) == 3
    used = github.rate_used
    whole = web.get(location)
    assert (whole.status_code, whole.content) == (200, asset.data)
    assert github.rate_used == used
    assert github.body_bytes(host="assets") == 100_000


def test_a_token_sent_to_the_wrong_host_is_seen_and_refused(
    github: GitHub, web: httpx.Client, asset: StoredAsset
) -> None:
    assert web.get(file_of(web, asset), headers={"Authorization": "Bearer x"}).status_code == 400
    assert github.hosts_that_saw_a_token == {"assets"}


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-15", 0, 16),
        ("bytes=99990-", 99_990, 100_000),
        ("bytes=-5", 99_995, 100_000),
        ("bytes=5-5", 5, 6),
        ("bytes=0-999999", 0, 100_000),
    ],
)
def test_ranges(
    wanted: str, start: int, end: int, github: GitHub, web: httpx.Client, asset: StoredAsset
) -> None:
    assert isinstance(asset.data, bytes)
    answer = web.get(file_of(web, asset), headers={"Range": wanted, "If-Range": asset.etag})
    assert (answer.status_code, answer.content) == (206, asset.data[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100000"
    assert github.body_bytes(host="assets") == end - start
    assert github.requests(host="assets")[0].range == wanted


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=100000-"}, 416),
        ({"Range": "bytes=0-1,5-6"}, 200),
        ({"Range": "lines=1-2"}, 200),
        ({"Range": "bytes=9-", "If-Range": '"another"'}, 200),
    ],
)
def test_ranges_that_cannot_be_served(
    headers: dict[str, str], status: int, web: httpx.Client, asset: StoredAsset
) -> None:
    answer = web.get(file_of(web, asset), headers=headers)
    assert answer.status_code == status
    assert answer.headers.get("content-range") == ("bytes */100000" if status == 416 else None)


def test_a_file_on_disk_is_streamed_and_a_replaced_one_is_another(
    github: GitHub, web: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "big"
    path.write_bytes(bytes(range(256)) * 4096)
    stored = github.add_release("v1", {"a+b c.bin": path}).assets["a+b c.bin"]
    location = file_of(web, stored)
    first = web.get(location)
    assert first.content == path.read_bytes()
    assert "a%2Bb%20c.bin" in location
    github.replace_asset("v1", "a+b c.bin", b"new")
    resumed = web.get(location, headers={"Range": "bytes=10-", "If-Range": first.headers["etag"]})
    assert (resumed.status_code, resumed.content) == (200, b"new")


def test_signed_addresses_expire(github: GitHub, web: httpx.Client, asset: StoredAsset) -> None:
    old = file_of(web, asset)
    github.expire_links()
    assert web.get(old).status_code == 403
    assert web.get(file_of(web, asset)).status_code == 200


# ---- faults


def test_bodies_can_be_cut_corrupted_or_mislabelled(
    github: GitHub, web: httpx.Client, asset: StoredAsset
) -> None:
    location = file_of(web, asset)
    github.fault("*arm64*", host="assets", cut_after=4096, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        web.get(location)
    assert github.body_bytes(host="assets") == 4096
    github.fault("*arm64*", host="assets", length_error=10, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        web.get(location)
    github.fault("*arm64*", host="assets", corrupt=True, times=1)
    damaged = web.get(location).content
    assert damaged != asset.data
    assert len(damaged) == 100_000
    assert web.get(location).content == asset.data


def test_faults_set_statuses_pages_and_headers(
    github: GitHub, web: httpx.Client, asset: StoredAsset
) -> None:
    location = file_of(web, asset)
    github.fault("*", host="assets", status=503, skip=1, times=2, headers={"Retry-After": "1"})
    assert [web.get(location).status_code for _ in range(4)] == [200, 503, 503, 200]
    github.fault("*", host="assets", html=True, times=1)
    assert "<html>" in web.get(location).text
    github.fault("*", host="assets", ignore_range=True, times=1)
    assert web.get(location, headers={"Range": "bytes=0-1"}).status_code == 200
    github.fault("*", host="assets", new_etag='"other"', times=1)
    assert (
        web.get(location, headers={"Range": "bytes=0-1", "If-Range": asset.etag}).status_code == 200
    )
    github.fault("*", host="assets", headers={"Accept-Ranges": ""}, times=1)
    assert "accept-ranges" not in web.get(location).headers
    github.fault("*", status=500)
    github.heal()
    assert web.get(location).status_code == 200


def test_latency_and_slowness(github: GitHub, web: httpx.Client, asset: StoredAsset) -> None:
    location = file_of(web, asset)
    github.latency(0.1)
    start = time.monotonic()
    web.get(location, headers={"Range": "bytes=0-0"})
    assert time.monotonic() - start >= 0.1
    github.heal()
    github.fault("*", host="assets", bytes_per_second=400_000, times=1)
    start = time.monotonic()
    assert web.get(location).content == asset.data
    assert time.monotonic() - start >= 0.2


@pytest.mark.alone
async def test_many_connections_are_served_at_once(github: GitHub, asset: StoredAsset) -> None:
    """Twenty answers of 100 ms each, side by side."""
    github.latency(0.1)
    async with httpx.AsyncClient(trust_env=False) as client:
        location = (await client.get(asset.url)).headers["location"]
        start = time.monotonic()
        answers = await asyncio.gather(
            *(client.get(location, headers={"Range": "bytes=0-99"}) for _ in range(20))
        )
        assert time.monotonic() - start < 1.0
    assert {answer.status_code for answer in answers} == {206}
    assert github.body_bytes(host="assets") == 2000


async def test_hanging_requests_can_be_released_and_end_with_the_server() -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with GitHub() as github:
            github.fault("*", hang=True)
            task = asyncio.create_task(client.get(releases(github)))
            await asyncio.to_thread(github.wait_for, lambda seen: len(seen) == 1)
            assert not task.done()
            github.hang_ends()
            assert (await task).status_code == 200
        with GitHub() as github:
            github.fault("*", hang=True)
            task = asyncio.create_task(client.get(releases(github)))
            await asyncio.to_thread(github.wait_for, lambda seen: len(seen) == 1)
        assert (await asyncio.gather(task, return_exceptions=True))[0] is not None


def test_waiting_for_a_request_that_never_comes_is_an_error(github: GitHub) -> None:
    with pytest.raises(TimeoutError):
        github.wait_for(lambda seen: len(seen) == 1, timeout_s=0.05)


def test_a_client_that_disconnects_does_no_harm(github: GitHub, web: httpx.Client) -> None:
    stored = github.add_release("v1", {"big": b"x" * (32 << 20)}).assets["big"]
    location = file_of(web, stored)
    with web.stream("GET", location) as answer:
        assert next(answer.iter_raw(1024))
    # what was sent before the client left is bounded by the two socket buffers, not by the file
    github.wait_for(lambda seen: seen[-1].body_bytes > 0)
    assert web.get(location, headers={"Range": "bytes=0-3"}).content == b"xxxx"
    assert github.requests(host="assets")[0].body_bytes < 16 << 20
