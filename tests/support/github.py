"""A local server that behaves as GitHub does: releases, assets, redirects to another host, rate
limits, tokens, faults.

Three origins, as github.com has: the API, the web host of ``browser_download_url``, and the host
that keeps the files. Used as a context manager, or through the fixture ``github``. Everything can
be changed while it runs.
"""

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote

from tests.support.github_store import (
    Sources,
    StoredAsset,
    StoredRelease,
    asset_json,
    ranged,
    release_json,
    sha256_of,
)
from tests.support.httpserver import Answer, Fault, HttpServer, Request, Seen, World

__all__ = ["Fault", "GitHub", "Seen", "StoredAsset", "StoredRelease"]

_DIGESTS_SINCE = datetime(2025, 6, 3, tzinfo=UTC)
_API_VERSIONS = ("2022-11-28", "2026-03-10")


class GitHub:
    """The server.

    ``api_url`` is what ``--api-url`` takes; ``repo`` is the one that ``add_release`` fills by
    default.
    """

    def __init__(
        self,
        repo: str = "roadrunner-server/roadrunner",
        *,
        private: bool = False,
        tokens: Iterable[str] = (),
    ) -> None:
        self.repo = repo
        self.private = private
        """Whether every repository here gives 404 to who has no token."""
        self.tokens = set(tokens)
        """The tokens that are good; any other is answered with 401."""
        self.rate_limit = 60
        self.rate_used = 0
        self.renamed: dict[str, str] = {}
        """Old name to new name: the API answers 301, as after a repository has moved."""
        self.chosen_latest = ""
        """The tag that the project has marked as the latest; empty: the newest stable release."""
        self.sources = Sources()
        """``github.sources.add(repo, tag, files)`` pushes a tag whose sources can be had."""
        self.attestations: dict[str, list[dict[str, Any]]] = {}
        """By digest: elements of the API's answer, with ``bundle`` or ``bundle_url``."""
        self.raw_files: dict[str, bytes] = {}
        """By path: other files of the host that keeps the files, such as compressed bundles."""
        self._retry_after: int | None = None
        self._limit_status = 403
        self._resets_at = int(time.time()) + 3600
        self._releases: dict[str, list[StoredRelease]] = {repo: []}
        self._assets: dict[int, StoredAsset] = {}
        self._next_id = 1000
        self._links_valid_from = 0
        self._world = World()
        self._api = HttpServer("api", self._route_api, self._world)
        self._web = HttpServer("web", self._route_web, self._world)
        self._files = HttpServer("assets", self._route_files, self._world)
        self.api_url = f"{self._api.origin}/api/v3"
        self.web_url = self._web.origin
        self.assets_url = self._files.origin

    # ---- life

    def __enter__(self) -> "GitHub":
        for server in (self._api, self._web, self._files):
            server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._world.closing.set()
        with ThreadPoolExecutor(3) as pool:  # each waits for its own loop, up to 20 ms
            list(pool.map(HttpServer.stop, (self._api, self._web, self._files)))
        if self._world.failures and error is None:
            raise self._world.failures[0]

    # ---- what it holds

    def add_release(
        self,
        tag: str,
        assets: Mapping[str, bytes | Path] | None = None,
        *,
        published_at: datetime | str | None = None,
        prerelease: bool = False,
        draft: bool = False,
        body: str | None = "",
        name: str | None = None,
        digests: bool = True,
        repo: str = "",
        overrides: Mapping[str, Any] | None = None,
        asset_overrides: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> StoredRelease:
        """Publish a release. Without a time it is a day younger than the last one.

        ``digests=False`` gives null, as for uploads before 2025-06-03. ``overrides`` and
        ``asset_overrides`` (by asset name) replace fields of the API's answer with anything, to see
        what a client makes of it.
        """
        repo = repo or self.repo
        releases = self._releases.setdefault(repo, [])
        when = (
            datetime.fromisoformat(published_at) if isinstance(published_at, str) else published_at
        )
        if when is None:
            when = max(
                (r.created_at for r in releases), default=datetime(2026, 1, 1, tzinfo=UTC)
            ) + timedelta(days=1)
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        when = when.astimezone(UTC)
        release = StoredRelease(
            self._id(),
            repo,
            tag,
            tag if name is None else name,
            body,
            None if draft else when,
            when,
            prerelease,
            draft,
            {},
        )
        release.overrides = dict(overrides or {})
        for asset_name, data in (assets or {}).items():
            digest = f"sha256:{sha256_of(data)}" if digests else None
            asset = self._asset(release, asset_name, data, digest)
            asset.overrides = dict((asset_overrides or {}).get(asset_name, {}))
        with self._world.lock:
            releases.append(release)
            releases.sort(key=lambda r: r.created_at, reverse=True)
        return release

    def serve_snapshot(self, data: Callable[[str, str], bytes | Path] | None = None) -> None:
        """Publish all of RoadRunner's bundled releases.

        ``data(tag, name)`` gives each file's bytes; else a few dummy ones.
        """
        from explorer.releases import snapshot

        moment = datetime(2018, 1, 1, tzinfo=UTC)
        for release in reversed(snapshot().releases):
            moment = (
                release.published_at
                if isinstance(release.published_at, datetime)
                else moment + timedelta(days=1)
            )
            files = {
                a.name: data(release.tag, a.name) if data else f"dummy {a.name}\n".encode()
                for a in release.assets
            }
            self.add_release(
                release.tag,
                files,
                published_at=moment,
                prerelease=release.prerelease,
                digests=moment >= _DIGESTS_SINCE,
            )

    def replace_asset(
        self, tag: str, name: str, data: bytes | Path, *, repo: str = ""
    ) -> StoredAsset:
        """Upload other bytes under the same name and id: another ETag, time and digest."""
        asset = self.release(tag, repo=repo).assets[name]
        with self._world.lock:
            asset.data = data
            asset.updated_at += timedelta(seconds=1)
            asset.digest = None if asset.digest is None else f"sha256:{sha256_of(data)}"
        return asset

    def remove_release(self, tag: str, *, repo: str = "") -> None:
        """Take a release away."""
        self._releases[repo or self.repo].remove(self.release(tag, repo=repo))

    def release(self, tag: str, *, repo: str = "") -> StoredRelease:
        """The release with this tag; KeyError for none."""
        for release in self._releases[repo or self.repo]:
            if release.tag == tag:
                return release
        raise KeyError(tag)

    def asset(self, tag: str, name: str, *, repo: str = "") -> StoredAsset:
        """The asset with this name; KeyError for none."""
        return self.release(tag, repo=repo).assets[name]

    # ---- what goes wrong

    def fault(self, path: str = "*", **what: Any) -> Fault:
        """Let requests whose path fits go wrong: ``github.fault("*arm64*", host="assets",
        cut_after=4096, times=1)``. See ``Fault``."""
        fault = Fault(path, **what)
        with self._world.lock:
            self._world.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults, the latency and the exhausted rate away."""
        with self._world.lock:
            self._world.faults.clear()
            self._world.latency_s = 0.0
        self.rate_used = 0
        self._retry_after = None

    def hang_ends(self) -> None:
        """Let every hanging request go on, now and later."""
        self._world.released.set()

    def latency(self, seconds: float) -> None:
        """Every request waits this long before its answer."""
        self._world.latency_s = seconds

    def exhaust(
        self, *, seconds: int = 3600, retry_after: int | None = None, status: int = 403
    ) -> datetime:
        """No API request is left for this many seconds; gives the moment when they end.

        ``retry_after`` makes it a secondary limit: the answer has that header and leaves the
        primary limit alone.
        """
        self._resets_at = int(time.time()) + (retry_after if retry_after is not None else seconds)
        self._retry_after = retry_after
        self._limit_status = status
        self.rate_used = self.rate_limit if retry_after is None else self.rate_used
        return datetime.fromtimestamp(self._resets_at, UTC)

    def expire_links(self) -> None:
        """Signed addresses issued so far answer 403 from now on, as after five minutes."""
        self._links_valid_from = len(self._world.record) + 1

    # ---- what it saw

    @property
    def seen(self) -> list[Seen]:
        """Every request so far, oldest first."""
        with self._world.lock:
            return list(self._world.record)

    def requests(self, path: str = "*", host: str = "") -> list[Seen]:
        """Those whose decoded path fits an fnmatch pattern; ``host`` is ``api``, ``web`` or
        ``assets``."""
        from fnmatch import fnmatchcase

        return [
            seen for seen in self.seen if fnmatchcase(seen.path, path) and host in ("", seen.host)
        ]

    def count(self, path: str = "*", host: str = "") -> int:
        """How many requests."""
        return len(self.requests(path, host))

    def body_bytes(self, path: str = "*", host: str = "") -> int:
        """Bytes of bodies that went out, as counted by the server."""
        return sum(seen.body_bytes for seen in self.requests(path, host))

    def forget(self) -> None:
        """Empty the record, not the counters of the rate limit."""
        with self._world.lock:
            self._world.record.clear()

    def wait_for(self, what: Callable[[list[Seen]], bool], timeout_s: float = 10.0) -> None:
        """Block until the record fulfils ``what``: ``lambda seen: len(seen) >= 2``.

        TimeoutError when it never does.

        Call it through ``asyncio.to_thread`` from a coroutine. ``what`` is asked again at every
        request and every chunk sent.
        """
        with self._world.lock:
            if not self._world.lock.wait_for(lambda: what(self._world.record), timeout_s):
                raise TimeoutError(f"the server saw {self._world.record!r}")

    @property
    def hosts_that_saw_a_token(self) -> set[str]:
        """``{"api"}`` is fine; anything else is a leak."""
        return {seen.host for seen in self.seen if seen.authorization}

    # ---- routes

    def _route_api(self, request: Request, fault: Fault | None) -> Answer:
        if "/archive/" in request.path:  # an Enterprise server's web pages are on the API's host
            return self._route_web(request, fault)
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        parts = request.path.removeprefix("/api/v3").strip("/").split("/")
        repo, rest = self._named(parts)
        if repo in self.renamed:
            target = f"{self.api_url}/repositories/{_repo_id(self.renamed[repo])}/{'/'.join(rest)}"
            return self._json(
                request,
                301,
                {"message": "Moved Permanently", "url": target},
                {"Location": target + _query(request)},
            )
        if request.path == "/api/v3/rate_limit":
            return self._json(request, 200, {"rate": self._rate(request)})
        if repo not in self._releases or (self.private and not self._authenticated(request)):
            return self._json(
                request,
                404,
                {
                    "message": "Not Found",
                    "documentation_url": "https://docs.github.com/rest",
                    "status": "404",
                },
            )
        return self._route_releases(request, repo, rest)

    def _route_releases(self, request: Request, repo: str, rest: list[str]) -> Answer:
        """A repository's releases, its latest one, or an asset."""
        if rest == ["releases"]:
            return self._list(request, repo)
        if rest == ["releases", "latest"] and (latest := self._latest(repo)) is not None:
            return self._json(request, 200, release_json(latest, self.api_url, self.web_url))
        if rest[:1] == ["attestations"] and len(rest) == 2 and rest[1] in self.attestations:
            return self._json(request, 200, {"attestations": self.attestations[rest[1]]})
        if rest[:2] == ["releases", "assets"] and len(rest) == 3:
            asset = self._assets.get(int(rest[2])) if rest[2].isdecimal() else None
            if asset is not None and "application/octet-stream" in request.headers.get(
                "accept", ""
            ):
                self.rate_used += 1
                return Answer(
                    302,
                    {"Location": self._signed(asset), "Content-Type": "text/html;charset=utf-8"}
                    | self._rate_headers(request),
                )
            if asset is not None:
                return self._json(request, 200, asset_json(asset, self.api_url, self.web_url))
        return self._json(
            request,
            404,
            {
                "message": "Not Found",
                "documentation_url": "https://docs.github.com/rest",
                "status": "404",
            },
        )

    def _refusal(self, request: Request) -> Answer | None:
        """What is answered before anybody looks at the path."""
        if not request.headers.get("user-agent"):
            return Answer(
                403, {"Content-Type": "text/html"}, b"Request forbidden by administrative rules."
            )
        if request.method == "POST":
            return Answer(404)
        version = request.headers.get("x-github-api-version", _API_VERSIONS[0])
        if version not in _API_VERSIONS:
            return Answer(
                400,
                {"Content-Type": "application/json"},
                b'{"message":"The requested API version does not exist."}',
            )
        if request.headers.get("authorization") and not self._authenticated(request):
            return self._json(
                request,
                401,
                {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"},
            )
        if self._retry_after is not None:
            message = {
                "message": "You have exceeded a secondary rate limit."
                " Please wait a few minutes before you try again."
            }
            return self._json(
                request, self._limit_status, message, {"Retry-After": str(self._retry_after)}
            )
        if request.path != "/api/v3/rate_limit" and not self._charge(request):
            message = {
                "message": "API rate limit exceeded for 127.0.0.1.",
                "documentation_url": "https://docs.github.com/rest",
            }
            return self._json(request, self._limit_status, message)
        return None

    def _charge(self, request: Request) -> bool:
        """Take one request off the rate; False if none is left."""
        with self._world.lock:
            if self.rate_used >= self._limit(request):
                return False
            self.rate_used += 1
            return True

    def _latest(self, repo: str) -> StoredRelease | None:
        """The one that was chosen, else the newest that is neither a pre-release nor a draft."""
        with self._world.lock:
            stable = [r for r in self._releases[repo] if not (r.prerelease or r.draft)]
        chosen = (r for r in stable if r.tag == self.chosen_latest)
        return next(chosen, stable[0] if stable else None)

    def _list(self, request: Request, repo: str) -> Answer:
        query = parse_qs(request.query)
        size = min(100, max(1, _number(query, "per_page", 30)))
        page = max(1, _number(query, "page", 1))
        with self._world.lock:
            shown = [r for r in self._releases[repo] if not r.draft or self._authenticated(request)]
            items = [
                release_json(r, self.api_url, self.web_url)
                for r in shown[(page - 1) * size : page * size]
            ]
        last = max(1, -(-len(shown) // size))
        base = f"{self.api_url}/repositories/{_repo_id(repo)}/releases?per_page={size}&page="
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        fits = {"prev": page > 1, "next": page < last, "last": page < last, "first": page > 1}
        links = ", ".join(
            f'<{base}{number}>; rel="{rel}"' for rel, number in wanted.items() if fits[rel]
        )
        return self._json(request, 200, items, {"Link": links} if links else {})

    def _route_web(self, request: Request, fault: Fault | None) -> Answer:
        parts = request.path.split("/", 6)  # '', owner, repo, 'releases', 'download', tag, name
        if len(parts) == 7 and parts[3:5] == ["releases", "download"] and not self.private:
            for release in self._releases.get("/".join(parts[1:3]), ()):
                if release.tag == parts[5] and parts[6] in release.assets:
                    return Answer(
                        302,
                        {
                            "Location": self._signed(release.assets[parts[6]]),
                            "Content-Type": "text/html; charset=utf-8",
                        },
                    )
        if (
            not self.private
            and (moved := self.sources.moved(request.path, self.assets_url)) is not None
        ):
            return moved
        return Answer(
            404,
            {"Content-Type": "text/html; charset=utf-8"},
            b"<!DOCTYPE html><title>Page not found</title>Not Found",
        )

    def _route_files(self, request: Request, fault: Fault | None) -> Answer:
        if (sources := self.sources.given(request.path)) is not None:
            return sources
        if request.path in self.raw_files:
            return Answer(
                200, {"Content-Type": "application/x-snappy"}, self.raw_files[request.path]
            )
        parts = request.path.split(
            "/", 4
        )  # '', 'github-production-release-asset', repository, asset, name
        asset = (
            self._assets.get(int(parts[3])) if len(parts) == 5 and parts[3].isdecimal() else None
        )
        if asset is None:
            return Answer(
                404,
                {"Content-Type": "application/xml"},
                b"<Error><Code>BlobNotFound</Code></Error>",
            )
        if request.headers.get("authorization"):
            # The real host takes one way of authentication only: a signed address and a token
            # together are refused.
            return Answer(
                400,
                {"Content-Type": "application/xml"},
                b"<Error><Code>InvalidAuthenticationInfo</Code></Error>",
            )
        if _number(parse_qs(request.query), "sig", -1) < self._links_valid_from:
            return Answer(
                403,
                {"Content-Type": "application/xml"},
                b"<Error><Code>AuthenticationFailed</Code></Error>",
            )
        return ranged(request, asset, fault)

    # ---- answers

    def _json(
        self, request: Request, status: int, value: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        body = json.dumps(value).encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        same = status == 200 and etag in [
            tag.strip() for tag in request.headers.get("if-none-match", "").split(",")
        ]
        if same and self._authenticated(
            request
        ):  # the documentation: a 304 costs nothing if it was asked for with a token
            with self._world.lock:
                self.rate_used -= 1
        answer = {
            "Content-Type": "application/json; charset=utf-8",
            "Vary": "Accept, Authorization, Cookie, Accept-Encoding",
        }
        answer |= {
            "Cache-Control": "public, max-age=60, s-maxage=60",
            "X-GitHub-Api-Version-Selected": _API_VERSIONS[0],
        }
        answer |= self._rate_headers(request) | dict(headers or {})
        if status == 200:
            answer["ETag"] = etag
        if same:
            return Answer(304, answer)
        if "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 1, mtime=0)
            answer["Content-Encoding"] = "gzip"
        return Answer(status, answer, body)

    def _authenticated(self, request: Request) -> bool:
        return (
            request.headers.get("authorization", "").removeprefix("Bearer ").removeprefix("token ")
            in self.tokens
        )

    def _limit(self, request: Request) -> int:
        return (
            self.rate_limit + 4940
            if self._authenticated(request) and self.rate_limit == 60
            else self.rate_limit
        )

    def _rate(self, request: Request) -> dict[str, int]:
        limit = self._limit(request)
        return {
            "limit": limit,
            "remaining": max(0, limit - self.rate_used),
            "reset": self._resets_at,
            "used": self.rate_used,
        }

    def _rate_headers(self, request: Request) -> dict[str, str]:
        headers = {
            f"X-RateLimit-{name.capitalize()}": str(value)
            for name, value in self._rate(request).items()
        }
        return headers | {"X-RateLimit-Resource": "core"}

    def _named(self, parts: list[str]) -> tuple[str, list[str]]:
        if parts[0] == "repos" and len(parts) >= 3:
            return "/".join(parts[1:3]), parts[3:]
        if parts[0] == "repositories" and len(parts) >= 2:
            return next(
                (repo for repo in self._releases if str(_repo_id(repo)) == parts[1]), ""
            ), parts[2:]
        return "", parts

    def _signed(self, asset: StoredAsset) -> str:
        # The signature is the number of the request that asked for it: expire_links() forbids all
        # up to now.
        path = f"/github-production-release-asset/1/{asset.id}/{quote(asset.name, safe='')}"
        query = "sp=r&sv=2018-11-09&sr=b&rsct=application%2Foctet-stream"
        return f"{self.assets_url}{path}?{query}&sig={len(self._world.record)}"

    def _asset(
        self, release: StoredRelease, name: str, data: bytes | Path, digest: str | None
    ) -> StoredAsset:
        number = self._id()
        place = f"{quote(release.tag, safe='')}/{quote(name, safe='')}"
        url = f"{self.web_url}/{release.repo}/releases/download/{place}"
        api_url = f"{self.api_url}/repos/{release.repo}/releases/assets/{number}"
        asset = StoredAsset(number, name, data, release.created_at, digest, url, api_url)
        self._assets[number] = release.assets[name] = asset
        return asset

    def _id(self) -> int:
        with self._world.lock:
            self._next_id += 1
            return self._next_id


def _number(query: Mapping[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [""])[0]
    return int(text) if text.isdecimal() and len(text) < 10 else default


def _query(request: Request) -> str:
    return f"?{request.query}" if request.query else ""


def _repo_id(repo: str) -> int:
    return int.from_bytes(hashlib.sha256(repo.encode()).digest()[:3], "big")
