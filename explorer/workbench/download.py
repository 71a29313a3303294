"""An asset's bytes: shipped, local, kept from an earlier download, or from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.errors import NotFoundError, SourceError
from explorer.fetch import Blob, Check, Download
from explorer.progress import Cancellation, ProgressCallback
from explorer.releases import Asset
from explorer.workbench.models import FileOnDisk, Subject
from explorer.workbench.resources import offline_error

if TYPE_CHECKING:
    from explorer.fetch import ArrivingFile, Cache
    from explorer.settings import Settings
    from explorer.workbench.resources import Resources


async def file_on_disk(
    resources: Resources,
    subject: Subject,
    progress: ProgressCallback,
    reader: ArrivingFile | None = None,
) -> FileOnDisk:
    """The subject's file, downloaded first if it is not local.

    ``reader`` gets its bytes while they arrive, if they do.

    Raises:
        SourceError, IntegrityError: as ``fetch.Downloader``.
    """
    if subject.path is not None:
        return FileOnDisk(subject, subject.path, None)
    assert subject.asset is not None
    got = await download(resources, subject.asset, progress, reader)
    return FileOnDisk(subject, got.blob.path, got)


async def download(
    resources: Resources,
    asset: Asset,
    progress: ProgressCallback,
    reader: ArrivingFile | None = None,
) -> Download:
    """The asset's bytes on disk, checked against the API's digest.

    Raises:
        SourceError, IntegrityError: as ``fetch.Downloader``.
    """
    if asset.path is not None:
        return await resources.run(lambda cancel: _local(asset, cancel))
    cached = await downloaded(resources, asset)
    if cached is not None:
        return cached
    must_have_address(resources.settings, asset)
    downloader = await resources.downloader()
    return await downloader.download(asset, progress=progress, reader=reader)


async def downloaded(resources: Resources, asset: Asset) -> Download | None:
    """What an earlier download left on disk, verified; None if nothing did."""
    return await resources.run(lambda _: _cached(resources.cache, asset))


def _local(asset: Asset, cancel: Cancellation) -> Download:
    """A stand-in or a folder's file: nothing moves."""
    from explorer.workbench.opened import hash_file

    assert asset.path is not None
    size, sha256 = hash_file(asset.path, cancel)
    return Download(Blob(asset.path, size, sha256), Check.ABSENT, True, 0, 0, 0.0)


def _cached(cache: Cache, asset: Asset) -> Download | None:
    """What an earlier download left in the cache, verified."""
    from explorer.fetch import asset_key, check_of

    blob = cache.find(asset_key(asset))
    if blob is None:
        return None
    return Download(blob, check_of(asset.digest, blob.sha256), True, 0, 0, 0.0)


def may_ask(settings: Settings, asset: Asset) -> bool:
    """Whether some server has the asset and may be asked for it."""
    has_address = bool(asset.url or asset.api_url) and not asset.unfinished
    return has_address and not (settings.demo or settings.offline)


def unreachable_error(settings: Settings, asset: Asset) -> SourceError:
    """Why no server may be asked for an asset; for one that ``may_ask`` says no to."""
    try:
        must_have_address(settings, asset)
    except NotFoundError as error:
        return error
    return offline_error()


def must_have_address(settings: Settings, asset: Asset) -> None:
    """Check that a server could have the asset.

    Raises:
        NotFoundError: no server has it, or the demo may not ask one.
    """
    if settings.demo:
        raise NotFoundError(
            f"{asset.name} is not part of the demo",
            "the demo asks no server: only the files marked stand-in are here",
            "Choose one of those, or start rr-explorer without --demo",
        )
    if asset.unfinished:
        raise NotFoundError(
            f"The upload of {asset.name} was never finished",
            "GitHub lists its name, but has no bytes of it",
            "Use another file, or ask the project to upload it again",
        )
    if not asset.url and not asset.api_url:
        raise NotFoundError(
            f"{asset.name} cannot be downloaded from here",
            "its name is known, its address is not",
            "Connect to the network and list the releases again",
        )
