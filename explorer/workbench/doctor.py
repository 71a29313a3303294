"""What works here and what does not: settings, cache, token, network, engines, terminal."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from explorer import __version__
from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.progress import ProgressCallback, ignore_progress
from explorer.releases import Origin
from explorer.workbench.models import Finding, Health
from explorer.workbench.verdicts import default_target

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.verify import Engine
    from explorer.workbench.catalogue_service import CatalogueService
    from explorer.workbench.resources import Resources


async def examine(resources: Resources, listings: CatalogueService) -> tuple[Finding, ...]:
    """Every finding, in the order in which a user would need it.

    The cache, the token, the network and the engines are examined at the same time.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_error_as_finding(subject, work))
            for subject, work in (
                ("cache", resources.run(lambda _: _cache(resources))),
                ("token", _token(resources)),
                ("network", _network(resources.settings, listings)),
                ("engines", _engines(resources)),
            )
        ]
    findings = [finding for task in tasks for finding in task.result()]
    return (*_versions(), _settings(resources.settings), *findings, _terminal())


async def _error_as_finding(
    subject: str, work: Coroutine[Any, Any, tuple[Finding, ...]]
) -> tuple[Finding, ...]:
    try:
        return await work
    except ExplorerError as error:
        return (
            Finding(
                subject,
                Health.BAD,
                ": ".join(part for part in (error.title, error.detail) if part),
                error.remedy,
            ),
        )


def _versions() -> tuple[Finding, ...]:
    packages = []
    for name in ("textual", "httpx", "pyelftools", "diskcache"):
        try:
            packages.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            return (
                Finding("versions", Health.BAD, f"{name} is not installed", f"pip install {name}"),
            )
    return (
        Finding(
            "versions",
            Health.OK,
            f"rr-explorer {__version__}, Python {platform.python_version()} on {_machine()}",
        ),
        Finding("packages", Health.OK, ", ".join(packages)),
    )


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}"


def _settings(settings: Settings) -> Finding:
    path = settings.config_file
    if path.is_file():
        return Finding("settings", Health.OK, f"read from {path}")
    return Finding("settings", Health.ABSENT, f"no file, so the defaults apply ({path})")


def _cache(resources: Resources) -> tuple[Finding, ...]:
    stats = resources.cache.stats()
    if resources.warnings:
        remedy = "Make the directory writable, or choose another with --cache-dir"
        return (Finding("cache", Health.WARNING, resources.warnings[0], remedy),)
    limit = (
        f"{stats.limit_bytes / 2**20:,.0f} MiB"
        if stats.limit_bytes < 1 << 30
        else f"{stats.limit_bytes / 2**30:,.4g} GiB"
    )
    files = "1 file" if stats.blobs == 1 else f"{stats.blobs:,} files"
    size = stats.blob_bytes
    used = f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"
    text = f"{files}, {used} of {limit} in {stats.directory}"
    return (Finding("cache", Health.OK, text),)


async def _token(resources: Resources) -> tuple[Finding, ...]:
    token = await resources.token()
    if token is None:
        limit = resources.source.token_limit
        text = f"none found; {limit}" if limit else "none found"
        return (Finding("token", Health.ABSENT, text, resources.source.token_remedy),)
    return (Finding("token", Health.OK, f"found; sent to {token.origin} only"),)


async def _network(settings: Settings, listings: CatalogueService) -> tuple[Finding, ...]:
    why = "offline" if settings.offline else listings.source.why_local
    if why:
        return (Finding("network", Health.ABSENT, f"not used: {why}"),)
    catalogue = await listings.ask(ignore_progress)
    rate = catalogue.rate
    left = (
        ""
        if isinstance(rate, MISSING)
        else f"; {rate.remaining} of {rate.limit} requests left until {rate.resets_at:%H:%M}"
    )
    if catalogue.origin is not Origin.API:
        said = catalogue.warnings[0] if catalogue.warnings else "no answer"
        return (
            Finding(
                "network",
                Health.BAD,
                said,
                "Check the network, the proxy and --api-url; until then the cached list is shown",
            ),
        )
    count = len(catalogue.releases)
    releases = f"{count} release{'' if count == 1 else 's'} of {catalogue.repo}"
    text = f"{settings.api_url} answers: {releases}{left}"
    return (
        Finding(
            "network",
            Health.WARNING if catalogue.warnings else Health.OK,
            "; ".join((text, *catalogue.warnings)),
        ),
    )


async def _engines(resources: Resources) -> tuple[Finding, ...]:
    from explorer.verify import engine_status

    settings = resources.settings
    statuses = await engine_status(settings.engine_args)
    if settings.engines:
        statuses += await engine_status(settings.engine_args, settings.engines)
    findings = [
        Finding(
            status.name,
            Health.OK if status.answers else Health.BAD if status.installed else Health.ABSENT,
            status.detail,
            "" if status.answers else status.remedy,
        )
        for status in statuses
    ]
    if any(status.answers for status in statuses):
        return (*findings, *await _error_as_finding("engine", _platforms(resources)))
    text = "no engine answers: verdicts are predictions only, nothing can be verified"
    return (*findings, Finding("proofs", Health.WARNING, text, "Install docker or podman"))


async def _platforms(resources: Resources) -> tuple[Finding, ...]:
    """Which processors' programs the engine can run."""
    from explorer.verify import emulation_of

    engine = await resources.engine()
    findings = []
    for wanted in ("linux/amd64", "linux/arm64"):
        state = await emulation_of(engine, wanted, resources.settings.run_args)
        text = "native" if state.native else "emulated" if state.available else "cannot run here"
        health = Health.OK if state.available else Health.WARNING
        findings.append(Finding(wanted, health, text, "" if state.available else state.remedy))
        if state.available:
            findings.append(await _image(resources.settings, engine, wanted))
    return tuple(findings)


async def _image(settings: Settings, engine: Engine, platform: str) -> Finding:
    """Whether the image of proofs is here for a platform, and which others are."""
    from explorer.verify import has_image, images_here, images_in_words

    target = default_target(settings)
    image, subject = settings.image or target.image, f"image {platform.partition('/')[2]}"
    if not image:
        return Finding(subject, Health.ABSENT, f"the target {target.name} has no image")
    if await has_image(engine, image, platform):
        return Finding(subject, Health.OK, f"{image} is here")
    libc = target.libc.value
    others = await images_here(engine, platform, libc, image)
    instead = f"; with {libc} here: {images_in_words(others)}" if others else ""
    pull = f"{engine.name} pull --platform {platform} {image}"
    if settings.pull and not settings.offline:
        text = f"{image} is not here: it is pulled when it is needed{instead}"
        return Finding(subject, Health.ABSENT, text, pull, platform)
    text = f"{image} is not here, and pulling is switched off{instead}"
    remedy = f"{pull}, or choose one with the setting image"
    return Finding(subject, Health.WARNING, text, remedy, "" if settings.offline else platform)


async def pull_image(resources: Resources, platform: str, progress: ProgressCallback) -> str:
    """Pull the image of proofs for a platform, even where proofs may not pull; returns its name.

    Raises:
        EngineError: no engine answers, the registry cannot be reached, or it has no such image.
    """
    from explorer.verify import pull_beside

    engine = await resources.engine()
    settings = resources.settings
    image = settings.image or default_target(settings).image
    await pull_beside(engine, image, platform, progress, retry=True)
    return image


def _terminal() -> Finding:
    # The process's own output: while the app runs, sys.stdout is Textual's, which has no encoding.
    encoding = (getattr(sys.__stdout__, "encoding", "") or "").lower()
    term = os.environ.get("TERM", "") or "unset"
    if "utf" not in encoding:
        return Finding(
            "terminal",
            Health.WARNING,
            f"TERM={term}, encoding {encoding or 'unknown'}: symbols may not be drawn",
            "Use a UTF-8 locale",
        )
    colour = (
        "no colour (NO_COLOR is set)"
        if os.environ.get("NO_COLOR")
        else os.environ.get("COLORTERM", "") or "colours as TERM says"
    )
    return Finding("terminal", Health.OK, f"TERM={term}, {encoding}, {colour}")
