"""All releases of a repository through GitHub's REST API: pages, ETags, rate limits, fallbacks.

Formats: docs.github.com, "REST API endpoints for releases", "Using pagination", "Rate limits",
"Best practices" (conditional requests). GitHub Enterprise answers in the same way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx

from explorer.errors import DeniedError, NotFoundError, RateLimitedError, SourceError, UsageError
from explorer.facts import Fact, Unknown
from explorer.http import describe_failure, origin_of, retry_after, without_credentials
from explorer.progress import Progress, ProgressCallback, ignore_progress
from explorer.releases.answers import (
    MOST_PAGES,
    ApiAnswer,
    is_html,
    joined,
    links_of,
    message_in,
    numbered,
    parsed_page,
    read_body,
    tag_in,
    web_page,
)
from explorer.releases.attestations import parsed_attestations, read_raw
from explorer.releases.connection import TOKEN_REMEDY, Connection, WaitClock
from explorer.releases.models import Attestation, Catalogue, Origin, Rate
from explorer.releases.pages import (
    Page,
    PagedListing,
    cached,
    catalogue_from,
    has_several_stable,
    index_key,
    load_listing,
    save_listing,
)
from explorer.releases.profile import ProjectProfile, derived_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
API_VERSION = "2022-11-28"
_REPO = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
_LARGEST_LISTING = 128 << 20
"""Bytes of all pages together, as kept."""
_AT_ONCE = 6
_ATTEMPTS = 3
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 10.0
_PATIENCE_S = 60.0
"""For one whole answer: a server that sends a byte now and then must not hang the app."""
_GRACE_S = 5.0
"""For the pages that are on their way when another has failed."""
_REDIRECTS = 5
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,256}"')


class GitHub:
    """One repository's releases. For one listing at a time."""

    def __init__(
        self,
        repo: str,
        api_url: str,
        connection: Connection,
        *,
        profile: ProjectProfile | None = None,
        clock: WaitClock | None = None,
    ) -> None:
        """Nothing is requested yet.

        Raises:
            UsageError: ``repo`` is not OWNER/NAME, or ``api_url`` is not a web address.
        """
        if not _REPO.fullmatch(repo):
            raise UsageError(
                f"Not a repository: {repo}",
                "a repository is named OWNER/NAME",
                "For example --repo roadrunner-server/roadrunner",
            )
        self._origin = origin_of(api_url)
        parts = urlsplit(api_url) if self._origin else None
        if parts is None or parts.query or parts.fragment or parts.username is not None:
            remedy = (
                "For example https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise"
            )
            raise UsageError(
                f"Not the address of an API: {without_credentials(api_url)}",
                "it must begin with https:// and name a host only",
                remedy,
            )
        self.repo = repo
        self.api_url = api_url.rstrip("/")
        self._client, self._token = connection.client, connection.token
        self._store = connection.pages
        self._profile = profile or derived_profile(repo)
        self._clock = clock or WaitClock()
        self._rate: Rate | None = None
        self._moved = False

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        """All releases as the server lists them now; a page that has not changed costs a 304.

        If the server does not answer (rate limit, offline, 5xx after three attempts), the kept list
        is returned, with a warning that says why and until when. If only some pages came, and no
        whole list is kept, those pages are returned with ``complete`` False and a warning.

        Raises:
            RateLimitedError, NotFoundError, DeniedError, OfflineError, SourceError: no page came,
                and nothing is kept.
        """
        key = index_key(self.api_url, self.repo, self._token is not None)
        self._rate, self._moved = None, False
        warnings: list[str] = []
        before = await self._at_store(warnings, lambda: load_listing(self._store, key))
        try:
            listing, gap = await self._listing(before, progress)
        except SourceError as error:
            kept = await self._kept()
            if kept is None:
                raise
            return replace(
                kept, rate=self._known_rate(), warnings=(_instead(error, kept), *kept.warnings)
            )
        if listing.complete:
            listing = await self._with_latest(listing, before)
        if self._moved:
            warnings.append(f"{self.repo} has moved: GitHub answers for its new name")
        if gap is not None:
            warnings.insert(0, str(gap))
        catalogue = await asyncio.to_thread(
            catalogue_from,
            listing,
            self.repo,
            Origin.API,
            self._profile,
            rate=self._known_rate(),
            warnings=tuple(warnings),
        )
        kept = await self._kept() if gap is not None else None
        if (
            gap is not None
            and kept is not None
            and (kept.complete is True or len(kept.releases) > len(catalogue.releases))
        ):
            return replace(
                kept, rate=self._known_rate(), warnings=(_instead(gap, kept), *kept.warnings)
            )
        trouble: list[str] = []
        await self._at_store(trouble, lambda: save_listing(self._store, key, listing, before))
        more = (text for text in trouble if text not in catalogue.warnings)
        return replace(catalogue, warnings=(*catalogue.warnings, *more))

    async def _kept(self) -> Catalogue | None:
        return await self._at_store(
            [], lambda: cached(self.repo, self.api_url, self._store, self._profile)
        )

    @staticmethod
    async def _at_store(warnings: list[str], work: Callable[[], T]) -> T | None:
        """Do ``work`` in a thread; a store that cannot be used costs a warning, not the answer."""
        try:
            return await asyncio.to_thread(work)
        except SourceError as error:
            if str(error) not in warnings:
                warnings.append(str(error))
            return None

    def _known_rate(self) -> Fact[Rate]:
        return self._rate if self._rate is not None else Unknown("the server did not say")

    # ---- pages

    async def _listing(
        self, before: PagedListing | None, progress: ProgressCallback
    ) -> tuple[PagedListing, SourceError | None]:
        """The pages that came, and the error that kept others from coming.

        Raises:
            SourceError: the first page did not come.
        """
        kept = {page.url: page for page in before.pages} if before else {}
        progress(Progress("listing", 0, None, "pages"))
        first = await self._page(f"{self.api_url}/repos/{self.repo}/releases?per_page=100", kept)
        pages, gap = [first], None
        known = numbered(first.next, first.last)[: MOST_PAGES - 1] if self._ours(first.next) else []
        if known:
            more, gap = await self._together(known, kept, len(first.body), progress)
            pages += more
        whole = gap is None and len(pages) == len(known) + 1
        # Without rel=last, or if the list has grown meanwhile: one after the other.
        visited = {page.url for page in pages}
        size = sum(len(page.body) for page in pages)
        while (
            whole
            and (following := pages[-1].next)
            and self._ours(following)
            and following not in visited
        ):
            if len(pages) >= MOST_PAGES or size > _LARGEST_LISTING:
                break
            progress(Progress("listing", len(pages), None, "pages"))
            visited.add(following)
            try:
                pages.append(await self._page(following, kept))
            except SourceError as error:
                gap = error
                break
            size += len(pages[-1].body)
        progress(Progress("listing", len(pages), len(pages), "pages"))
        return PagedListing(
            tuple(pages), self._clock.now(), complete=whole and gap is None and not pages[-1].next
        ), gap

    async def _with_latest(
        self, listing: PagedListing, before: PagedListing | None
    ) -> PagedListing:
        """The listing with the release that GitHub itself calls the latest.

        Projects may choose it, so it need not be the newest. A server that does not say costs
        nothing but that.
        """
        if before is not None:
            listing = replace(listing, latest=before.latest, latest_etag=before.latest_etag)
        if not await asyncio.to_thread(has_several_stable, listing):
            return replace(listing, latest="", latest_etag="")
        url = f"{self.api_url}/repos/{self.repo}/releases/latest"
        try:
            answer = await self._ask(url, listing.latest_etag)
        except SourceError:
            return listing
        if answer.status == 304:
            return listing
        tag = await asyncio.to_thread(tag_in, answer.body) if answer.status == 200 else ""
        return replace(listing, latest=tag, latest_etag=_valid_etag(answer) if tag else "")

    async def attestations(self, sha256: str) -> tuple[Attestation, ...]:
        """The attestations of a file, from its digest alone; none if GitHub has none.

        Raises:
            SourceError: the server does not say.
        """
        url = f"{self.api_url}/repos/{self.repo}/attestations/sha256:{sha256}?per_page=30"
        answer = await self._ask(url, "")
        if answer.status == 404:
            return ()
        if answer.status != 200:
            self._refused(answer)
        listed = await asyncio.to_thread(parsed_attestations, answer)
        return tuple([await self._with_bundle(each) for each in listed])

    async def _with_bundle(self, attestation: Attestation) -> Attestation:
        """The attestation with its bundle, which may be at another host: that gets no token."""
        if attestation.data or not attestation.url:
            return attestation
        url = attestation.url
        try:
            async with (
                asyncio.timeout(_PATIENCE_S),
                self._client.stream("GET", url, follow_redirects=False) as response,
            ):
                if response.status_code != 200:
                    raise SourceError(
                        "An attestation cannot be read",
                        f"{response.url.host} answers {response.status_code}",
                        "Try again",
                    )
                return replace(attestation, data=await read_raw(response))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise describe_failure(error, url) from error

    def _ours(self, url: str) -> bool:
        """Whether a link stays on the API's own origin."""
        return bool(url) and origin_of(url) == self._origin

    async def _together(
        self, urls: list[str], kept: dict[str, Page], size: int, progress: ProgressCallback
    ) -> tuple[list[Page], SourceError | None]:
        """The pages that came, in order, and the error that kept others from coming.

        No page is requested after a failure. ``size``: bytes of the list so far.
        """
        gate = asyncio.Semaphore(_AT_ONCE)
        came: dict[str, Page] = {}
        failed = False

        async def one(url: str) -> None:
            nonlocal failed, size
            async with gate:
                if failed or size > _LARGEST_LISTING:
                    return
                try:
                    came[url] = page = await self._page(url, kept)
                except SourceError:
                    failed = True
                    raise
            size += len(page.body)
            progress(Progress("listing", len(came) + 1, len(urls) + 1, "pages"))

        tasks = [asyncio.create_task(one(url)) for url in urls]
        try:
            _, on_their_way = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            if on_their_way:
                await asyncio.wait(on_their_way, timeout=_GRACE_S)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        gaps = [end for end in ends if isinstance(end, SourceError)]
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(
                end, (SourceError, asyncio.CancelledError)
            ):
                raise end
        return [came[url] for url in urls if url in came], gaps[0] if gaps else None

    async def _page(self, url: str, kept: dict[str, Page]) -> Page:
        old = kept.get(url)
        answer = await self._ask(url, old.etag if old else "")
        if answer.status == 304 and old is not None:
            return old
        if answer.status != 200:
            self._refused(answer)
        body = await asyncio.to_thread(parsed_page, answer)
        return Page(
            url,
            _valid_etag(answer),
            answer.links.get("next", ""),
            answer.links.get("last", ""),
            body,
        )

    # ---- requests

    async def _ask(self, url: str, etag: str) -> ApiAnswer:
        """One answer. Follows redirects on the API's own origin, as of a renamed repository."""
        for _ in range(_REDIRECTS):
            answer = await self._patiently(url, etag)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            target = joined(url, answer.headers.get("location", ""))
            if not self._ours(target):
                raise SourceError(
                    f"{self._host} redirects to another server",
                    f"to {origin_of(target) or 'an unusable address'}",
                    "Check --api-url; a network that requires a login does this too",
                )
            self._moved = self._moved or answer.status in (301, 308)
            url = target
        raise SourceError(f"{self._host} redirects in a circle", url, "Check --api-url and --repo")

    async def _patiently(self, url: str, etag: str) -> ApiAnswer:
        for attempt in range(1, _ATTEMPTS + 1):
            wait = _FIRST_WAIT_S * 2 ** (attempt - 1) * (0.5 + self._clock.jitter())
            try:
                answer = await self._once(url, etag)
            except (httpx.RemoteProtocolError, httpx.ReadError) as error:
                if attempt == _ATTEMPTS:
                    raise describe_failure(error, url) from error
            else:
                if answer.status < 500 or attempt == _ATTEMPTS:
                    return answer
                asked = retry_after(answer.headers, self._clock.now())
                if asked is not None:
                    wait = max(wait, (asked - self._clock.now()).total_seconds())
                    if wait > _LONGEST_WAIT_S:
                        return answer
            await self._clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, url: str, etag: str) -> ApiAnswer:
        headers = {
            "Accept": "application/vnd.github+json",
            "Accept-Encoding": "gzip",
            "X-GitHub-Api-Version": API_VERSION,
        }
        if etag:
            headers["If-None-Match"] = etag
        if self._token is not None:
            headers |= self._token.headers_for(url)
        try:
            async with (
                asyncio.timeout(_PATIENCE_S),
                self._client.stream("GET", url, headers=headers) as response,
            ):
                self._note_rate(response.headers)
                return ApiAnswer(
                    url,
                    response.status_code,
                    response.headers,
                    links_of(response),
                    await read_body(response),
                )
        except (httpx.RemoteProtocolError, httpx.ReadError):
            raise
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise describe_failure(error, url) from error

    @property
    def _host(self) -> str:
        return self._origin.partition("://")[2]

    def _note_rate(self, headers: Mapping[str, str]) -> None:
        with suppress(KeyError, ValueError, OverflowError, OSError):
            resets = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
            rate = Rate(
                int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"]), resets
            )
            # Answers arrive in any order: within one window the smallest remainder is the latest.
            if self._rate is None or (rate.resets_at, -rate.remaining) > (
                self._rate.resets_at,
                -self._rate.remaining,
            ):
                self._rate = rate

    def _refused(self, answer: ApiAnswer) -> NoReturn:
        """Raise the error that says what to do about a refusal."""
        said = message_in(answer.body)
        if answer.status in (403, 429):
            self._limited(answer, said)
        if answer.status == 401:
            raise DeniedError(
                f"{self._host} does not accept the token",
                said or "401",
                "Renew it, or unset GITHUB_TOKEN and GH_TOKEN (`gh auth status` says which is "
                "used); public repositories need none",
            )
        if answer.status == 404:
            hint = (
                "the token may not see it"
                if self._token
                else "it does not exist, or it is private and needs a token"
            )
            remedy = "Check the name" + (
                "" if self._token else f"; for a private one {TOKEN_REMEDY}"
            )
            raise NotFoundError(f"No repository {self.repo} at {self._host}", hint, remedy)
        if answer.status == 451:
            raise SourceError(
                f"{self.repo} is unavailable for legal reasons",
                f"{self._host} answers 451 {said}".strip(),
                "Read the notice on the repository's page",
            )
        if is_html(answer):
            raise web_page(self._host)
        if answer.status >= 500:
            raise SourceError(
                f"{self._host} has a problem",
                f"{answer.status} {said}".strip(),
                "Try again later (https://www.githubstatus.com)",
            )
        raise SourceError(
            f"{self._host} refuses the request",
            f"{answer.status} {said}".strip(),
            "Check --api-url and --repo",
        )

    def _limited(self, answer: ApiAnswer, said: str) -> NoReturn:
        until = retry_after(answer.headers, self._clock.now())
        spent = self._rate is not None and answer.headers.get("x-ratelimit-remaining") == "0"
        if until is None and spent and self._rate is not None:
            until = self._rate.resets_at
        if until is None and answer.status == 403 and "rate limit" not in said.lower():
            raise SourceError(
                f"{self._host} refuses access to {self.repo}",
                said or "403",
                "Check the token's permissions (an organisation with SAML sign-on must authorise "
                "it), and the proxy",
            )
        when = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "for now"
        remedy = "Wait until then" if until else "Wait a few minutes"
        if self._token is None and "secondary" not in said.lower():
            remedy += f"; for 5,000 requests an hour instead of 60 {TOKEN_REMEDY}"
        raise RateLimitedError(
            f"{self._host} answers no more requests {when}",
            said or str(answer.status),
            remedy,
            until,
        )


def _valid_etag(answer: ApiAnswer) -> str:
    etag = answer.headers.get("etag", "")
    return etag if _ETAG.fullmatch(etag) else ""


def _instead(error: SourceError, kept: Catalogue) -> str:
    """The warning: what failed, a rate limit until when, and what is shown instead."""
    when = (
        f" of {kept.fetched_at:%Y-%m-%d %H:%M} UTC" if isinstance(kept.fetched_at, datetime) else ""
    )
    remedy = f". {error.remedy}" if error.remedy else ""
    return f"{error.title}: showing the list{when}{remedy}"
