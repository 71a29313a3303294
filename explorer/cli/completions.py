"""What a shell completes: targets, tags, files. Never asks a server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from explorer.cli.state import state_of
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from explorer.workbench import Catalogue

# A shell inserts an offered name unquoted: a tag with ";" or "$(…)" is not offered.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@/-]{0,250}")


def complete_target(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """The names that ``--on`` takes."""
    from explorer.settings import Settings
    from explorer.workbench import Workbench

    try:
        names = [target.name for target in Workbench(Settings()).targets()]
    except ExplorerError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_arch(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Go's names of architectures."""
    from explorer.platforms import ALIASES

    return [name for name in ALIASES if name.startswith(incomplete)]


def complete_platform(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """The platforms of the release that was named, else of all that are known."""
    catalogue = _catalogue_at_hand(context)
    if catalogue is None:
        return []
    named = catalogue.release(str(context.params.get("file") or ""))
    releases = (named,) if named is not None else catalogue.releases
    slugs = {asset.platform.slug for release in releases for asset in release.assets}
    return _offered(sorted(slugs - {"?"}), incomplete)


def complete_tag(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The tags that are known without the network."""
    catalogue = _catalogue_at_hand(context)
    tags = [release.tag for release in catalogue.releases] if catalogue else []
    return _offered(["latest", *tags], incomplete)


def complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """A FILE: local files, known tags, and after ``TAG/`` the assets of that release."""
    from click.shell_completion import CompletionItem

    tag, slash, _ = incomplete.partition("/")
    if slash:
        catalogue = _catalogue_at_hand(context)
        releases = catalogue.releases if catalogue else ()
        assets = (
            f"{tag}/{asset.name}"
            for release in releases
            if release.tag == tag
            for asset in release.assets
        )
        names = _offered(assets, incomplete)
    else:
        names = complete_tag(context, parameter, incomplete)
    # The shell completes local files itself. bash drops what precedes this item: it comes first.
    return [CompletionItem(incomplete, type="file"), *(CompletionItem(name) for name in names)]


def _catalogue_at_hand(context: click.Context) -> Catalogue | None:
    """The cached list of releases, else the bundled one; None where neither can be read."""
    from explorer.workbench import Workbench

    async def look() -> Catalogue:
        workbench = Workbench(state_of(context).settings(strict=False, offline=True))
        try:
            return await workbench.catalogue()
        finally:
            await workbench.aclose()

    try:
        import asyncio

        return asyncio.run(look())
    except ExplorerError:
        return None


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and _SAFE.fullmatch(name)]
