"""The catalogue: what the source of releases lists now, or else what is at hand, with a warning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.errors import DeniedError, NotFoundError, SourceError
from explorer.progress import ProgressCallback, ignore_progress
from explorer.releases import Asset, Catalogue, Origin, Release
from explorer.workbench.models import Subject
from explorer.workbench.resolve import asset_subject, catalogue_subject
from explorer.workbench.resources import Resources

if TYPE_CHECKING:
    from explorer.releases import ReleaseSource


class CatalogueService:
    """The catalogue that was given last, and how to get a newer one."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.last: Catalogue | None = None

    @property
    def source(self) -> ReleaseSource:
        """Where the releases come from."""
        return self._resources.source

    def at_hand(self) -> Catalogue | None:
        """The catalogue without the network; None if there is none yet. Blocking.

        Raises:
            SourceError: the folder cannot be read.
        """
        try:
            self.last = self.source.at_hand() or self.last
        except SourceError as error:
            if self.source.is_local:
                raise
            # A cache that cannot be read is as good as an empty one.
            self._resources.warn(str(error))
        return self._with_warnings(self.last) if self.last else None

    def subject(self, asset: Asset, member: str = "", release: Release | None = None) -> Subject:
        """An asset of the catalogue as a subject, with its release if that is known."""
        if release is None and self.last is not None:
            release = next((r for r in self.last.releases if r.tag == asset.tag), None)
        return asset_subject(asset, release, member)

    async def ask(self, progress: ProgressCallback = ignore_progress) -> Catalogue:
        """All releases as the server lists them now; else what is at hand, with a warning.

        Raises:
            SourceError: the list cannot be had, and nothing is at hand.
        """
        if self.source.is_local:
            catalogue = await self._resources.run(lambda _: self.at_hand())
            assert catalogue is not None
            return catalogue
        try:
            self.last = await self.source.catalogue(progress=progress)
        except (NotFoundError, DeniedError):
            raise
        except SourceError as error:
            self.last = await self._instead(error)
        return self._with_warnings(self.last)

    async def find(self, words: str, platform: str) -> Subject:
        """The asset that ``words`` names.

        The list at hand is searched first. The server is asked if that does not have it, or for
        ``latest``, which an older list may have wrong.

        Raises:
            UsageError, NotFoundError: no such asset; names the nearest ones.
        """
        known = self.last
        is_fresh = self.source.is_local or (known is not None and known.origin is Origin.API)
        wants_latest = words.partition("/")[0].partition("#")[0] == "latest"
        if known is not None and (is_fresh or not wants_latest):
            try:
                return await self._resources.run(
                    lambda _: catalogue_subject(words, platform, known)
                )
            except NotFoundError:
                if is_fresh:
                    raise
        asked = await self.ask()
        return await self._resources.run(lambda _: catalogue_subject(words, platform, asked))

    async def _instead(self, error: SourceError) -> Catalogue:
        """What is shown without the server: the kept list, or the bundled one."""
        offline = self._resources.settings.offline
        at_hand = await self._resources.run(lambda _: self.at_hand())
        if at_hand is not None:
            warnings = at_hand.warnings if offline else (str(error), *at_hand.warnings)
            return replace(at_hand, warnings=warnings)
        bundled = await self._resources.run(lambda _: self.source.bundled())
        if bundled is None:
            raise error
        # Its own banner says where it comes from: enough for a user who chose to be offline.
        warnings = bundled.warnings if offline else (*bundled.warnings, str(error))
        return replace(bundled, warnings=warnings)

    @property
    def stale(self) -> tuple[str, ...]:
        """Why the list at hand is not the server's current one; empty if it is."""
        is_cached = self.last is not None and self.last.origin is Origin.CACHE
        return self.last.warnings if is_cached and self.last is not None else ()

    def _with_warnings(self, catalogue: Catalogue) -> Catalogue:
        more = (w for w in self._resources.warnings if w not in catalogue.warnings)
        return replace(catalogue, warnings=(*catalogue.warnings, *more))
