"""``download``: an asset's bytes, from where they are: shipped or local, kept by an earlier download, or on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.errors import NotFoundError
from explorer.fetch import Blob, Check, Download
from explorer.progress import Cancellation, ProgressCallback
from explorer.releases import Asset

if TYPE_CHECKING:
    from explorer.fetch import Cache
    from explorer.settings import Settings
    from explorer.workbench.resources import Resources


async def download(session: Resources, asset: Asset, progress: ProgressCallback) -> Download:
    """The asset's bytes on disk, checked against the API's digest.

    Raises:
        SourceError, IntegrityError: as ``fetch.Downloader``.
    """
    if asset.path is not None:
        return await session.run(lambda cancel: _local(asset, cancel))
    must_have_address(session.settings, asset)
    if (
        session.settings.offline
        and (here := await session.run(lambda _: _at_hand(session.cache, asset))) is not None
    ):
        return here
    downloader = await session.downloader()
    return await downloader.download(asset, progress=progress)


def _local(asset: Asset, cancel: Cancellation) -> Download:
    """A stand-in or a folder's file: nothing moves."""
    from explorer.workbench.program_in_archive import hash_file

    assert asset.path is not None
    size, sha256 = hash_file(asset.path, cancel)
    return Download(Blob(asset.path, size, sha256), Check.ABSENT, True, 0, 0, 0.0)


def _at_hand(cache: Cache, asset: Asset) -> Download | None:
    """What an earlier download left in the cache, verified."""
    from explorer.fetch import asset_key, check_of

    blob = cache.find(asset_key(asset))
    return (
        None
        if blob is None
        else Download(blob, check_of(asset.digest, blob.sha256), True, 0, 0, 0.0)
    )


def must_have_address(settings: Settings, asset: Asset) -> None:
    """Raises:
    NotFoundError: no server has this asset, or none may be asked for it.
    """
    if settings.demo:
        raise NotFoundError(
            f"{asset.name} is not part of the demo",
            "the demo asks no server: only the files marked stand-in are here",
            "Choose one of those, or start rr-explorer without --demo",
        )
    if not asset.url and not asset.api_url:
        raise NotFoundError(
            f"{asset.name} cannot be downloaded from here",
            "its name is known, its address is not",
            "Connect to the network and list the releases again",
        )
