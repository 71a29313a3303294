"""The places that releases come from, behind one protocol: GitHub, a folder, the bundled list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from explorer.progress import ProgressCallback, ignore_progress
from explorer.releases.connection import TOKEN_REMEDY, Connection
from explorer.releases.models import Attestation, Catalogue
from explorer.releases.pages import PageStore, cached
from explorer.releases.profile import Profiles


class ReleaseSource(Protocol):
    """Where the releases of one project are listed."""

    @property
    def is_local(self) -> bool:
        """Whether no server is ever asked, so that ``at_hand`` is the whole answer."""

    @property
    def why_local(self) -> str:
        """Why no server is asked, in a word or two; empty if one is."""

    @property
    def name(self) -> str:
        """What to call it in a sentence: ``GitHub``."""

    @property
    def token_limit(self) -> str:
        """What holds for requests without a token, as a clause; empty if nothing does."""

    @property
    def token_remedy(self) -> str:
        """How to get a token, as a sentence without a full stop; empty if none is ever used."""

    def archive_url(self, tag: str) -> str:
        """Where the sources of a release are, as a tar.gz; empty if not known."""

    def at_hand(self) -> Catalogue | None:
        """The list without the network; None if there is none yet. Blocking.

        Raises:
            SourceError: it cannot be read.
        """

    def bundled(self) -> Catalogue | None:
        """The list that is shipped with the package; None for a project without one. Blocking."""

    async def attestations(self, repo: str, sha256: str) -> tuple[Attestation, ...]:
        """What GitHub attests of a file of ``repo``, by its digest; none for a local source.

        Raises:
            SourceError: the server does not say.
        """

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        """The list as it is now.

        Raises:
            SourceError: it cannot be had.
        """


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The files of a folder, as one release."""

    path: Path
    profiles: Profiles
    is_local: bool = True
    why_local: str = "showing a folder"
    name: str = "the folder"
    token_limit: str = ""
    token_remedy: str = ""

    def archive_url(self, tag: str) -> str:
        return ""

    def at_hand(self) -> Catalogue:
        from explorer.releases.local import folder

        return folder(self.path, self.profiles)

    def bundled(self) -> None:
        return None

    async def attestations(self, repo: str, sha256: str) -> tuple[Attestation, ...]:
        return ()

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        import asyncio

        return await asyncio.to_thread(self.at_hand)


@dataclass(frozen=True, slots=True)
class DemoSource:
    """The bundled list, some of whose files are stand-ins on disk."""

    is_local: bool = True
    why_local: str = "demo"
    name: str = "GitHub"
    token_limit: str = ""
    token_remedy: str = ""

    def archive_url(self, tag: str) -> str:
        from explorer.releases.bundled import WEB

        return _archive_url(WEB, tag)

    def at_hand(self) -> Catalogue:
        from explorer.releases.bundled import demo

        return demo()

    def bundled(self) -> Catalogue:
        return self.at_hand()

    async def attestations(self, repo: str, sha256: str) -> tuple[Attestation, ...]:
        return ()

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        import asyncio

        return await asyncio.to_thread(self.at_hand)


@dataclass(frozen=True, slots=True)
class GitHubSource:
    """A repository at GitHub or GitHub Enterprise."""

    repo: str
    api_url: str
    profiles: Profiles
    connect: Callable[[], Awaitable[Connection]]
    pages: Callable[[], PageStore]
    """Opens the store of kept lists, without the network. Blocking."""
    is_local: bool = False
    why_local: str = ""
    name: str = "GitHub"
    token_limit: str = "GitHub allows 60 requests per hour without one"
    token_remedy: str = TOKEN_REMEDY[0].upper() + TOKEN_REMEDY[1:]

    def archive_url(self, tag: str) -> str:
        api = self.api_url.rstrip("/")
        web = api.removesuffix("/api/v3").removesuffix("/api")
        if api == "https://api.github.com":
            web = "https://github.com"
        return _archive_url(f"{web}/{self.repo}", tag)

    def at_hand(self) -> Catalogue | None:
        profile = self.profiles.of_repo(self.repo)
        return cached(self.repo, self.api_url, self.pages(), profile)

    def bundled(self) -> Catalogue | None:
        from explorer.releases.bundled import REPO, snapshot

        return snapshot() if self.repo.lower() == REPO else None

    async def attestations(self, repo: str, sha256: str) -> tuple[Attestation, ...]:
        from explorer.releases.github import GitHub

        return await GitHub(repo, self.api_url, await self.connect()).attestations(sha256)

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        from explorer.releases.github import GitHub

        profile = self.profiles.of_repo(self.repo)
        github = GitHub(self.repo, self.api_url, await self.connect(), profile=profile)
        return await github.catalogue(progress=progress)


def _archive_url(repository: str, tag: str) -> str:
    return f"{repository}/archive/refs/tags/{quote(tag, safe='/')}.tar.gz"
