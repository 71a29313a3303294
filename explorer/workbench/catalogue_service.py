"""The catalogue: what the server says, else what is at hand, and what a banner has to say about it."""

from __future__ import annotations

from dataclasses import replace

from explorer.errors import DeniedError, NotFoundError, SourceError
from explorer.progress import ProgressCallback
from explorer.releases import Asset, Catalogue, Origin, Release
from explorer.workbench.models import Subject
from explorer.workbench.resolve import asset_subject, catalogue_subject
from explorer.workbench.resources import Resources

ROADRUNNER = "roadrunner-server/roadrunner"


class CatalogueService:
    """The catalogue that was given last, and how to get a newer one."""

    def __init__(self, session: Resources) -> None:
        self._session = session
        self.last: Catalogue | None = None

    @property
    def _local(self) -> bool:
        """No server is ever asked: a folder, or the demo."""
        return self._session.settings.folder is not None or self._session.settings.demo

    def at_hand(self) -> Catalogue | None:
        """Without the network: cached, a folder's, the demo's; None where there is none yet. Reads the disk: for threads.

        Raises:
            SourceError: the folder cannot be read.
        """
        from explorer import releases

        settings = self._session.settings
        if settings.folder is not None:
            self.last = releases.folder(settings.folder)
        elif settings.demo:
            self.last = releases.demo()
        else:
            self.last = self._cached() or self.last
        return self._warned(self.last) if self.last else None

    def _cached(self) -> Catalogue | None:
        """The last run's; a cache that cannot be read is as good as an empty one."""
        from explorer import releases

        settings = self._session.settings
        try:
            return releases.cached(
                settings.repo, settings.api_url, self._session.cache.store("page")
            )
        except SourceError as error:
            self._session.warn(str(error))
            return None

    def subject(self, asset: Asset, member: str = "", release: Release | None = None) -> Subject:
        """An asset of the catalogue as a subject, with its release if that is known."""
        if release is None and self.last is not None:
            release = next((r for r in self.last.releases if r.tag == asset.tag), None)
        return asset_subject(asset, release, member)

    async def ask(self, progress: ProgressCallback) -> Catalogue:
        """All releases, asked anew of the server; else what is at hand, with a warning.

        Raises:
            SourceError: nothing can be had and nothing is kept.
        """
        if self._local:
            found = await self._session.run(lambda _: self.at_hand())
            assert found is not None
            return found
        try:
            self.last = await self._asked(progress)
        except (NotFoundError, DeniedError):
            raise
        except SourceError as error:
            self.last = await self._instead(error)
        return self._warned(self.last)

    async def find(self, words: str, platform: str) -> Subject:
        """A TARGET that is no path. An older list is asked first, the server where that does not know it, or for ``latest``.

        Raises:
            UsageError, NotFoundError: with the nearest names.
        """
        known = self.last
        fresh = self._local or (known is not None and known.origin is Origin.API)
        if known is not None and (fresh or words.partition("/")[0].partition("#")[0] != "latest"):
            try:
                return await self._session.run(lambda _: catalogue_subject(words, platform, known))
            except NotFoundError:
                if fresh:
                    raise
        asked = await self.ask(lambda _: None)
        return await self._session.run(lambda _: catalogue_subject(words, platform, asked))

    async def _asked(self, progress: ProgressCallback) -> Catalogue:
        """The server's answer."""
        client = await self._session.client()
        from explorer.releases import GitHub

        settings = self._session.settings
        pages = (await self._session.run(lambda _: self._session.cache)).store("page")
        github = GitHub(settings.repo, settings.api_url, client, pages, await self._session.token())
        return await github.catalogue(progress=progress)

    async def _instead(self, error: SourceError) -> Catalogue:
        """What is shown without the server: the cache, or RoadRunner's bundled snapshot."""
        from explorer import releases

        at_hand = await self._session.run(lambda _: self.at_hand())
        settings = self._session.settings
        if at_hand is not None:
            return (
                at_hand
                if settings.offline
                else replace(at_hand, warnings=(str(error), *at_hand.warnings))
            )
        if settings.repo.lower() != ROADRUNNER:
            raise error
        snapshot = await self._session.run(lambda _: releases.snapshot())
        # Who asked for it need not be told: the banner of the bundled list says where it comes from.
        return (
            snapshot
            if settings.offline
            else replace(snapshot, warnings=(*snapshot.warnings, str(error)))
        )

    @property
    def stale(self) -> tuple[str, ...]:
        """Why the list at hand is not the server's own of just now; empty where it is, or where nobody asked for one."""
        return (
            self.last.warnings if self.last is not None and self.last.origin is Origin.CACHE else ()
        )

    def _warned(self, catalogue: Catalogue) -> Catalogue:
        fresh = tuple(w for w in self._session.warnings if w not in catalogue.warnings)
        return replace(catalogue, warnings=(*catalogue.warnings, *fresh))
