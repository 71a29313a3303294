"""What works here and what does not: settings, cache, network, token, engines, emulation, terminal."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from explorer import __version__
from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.releases import Origin
from explorer.workbench.models import Finding, Health

if TYPE_CHECKING:
    from explorer.workbench.workbench import Workbench


async def examine(bench: Workbench) -> tuple[Finding, ...]:
    """Every finding, in the order in which a user would need it. What asks others is asked at once; what fails is a finding."""
    cache, token, network, engines = await asyncio.gather(
        _told("cache", bench.session.run(lambda _: (_cache(bench),))),
        _told("token", _token(bench)),
        _told("network", _network(bench)),
        _told("engines", _engines(bench)),
    )
    return (*_versions(), _settings(bench), *cache, *token, *network, *engines, _terminal())


async def _told(subject: str, looked: Awaitable[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """An error is what the doctor is asked for."""
    try:
        return await looked
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


def _settings(bench: Workbench) -> Finding:
    path = bench.settings.config_file
    if path.is_file():
        return Finding("settings", Health.OK, f"read from {path}")
    return Finding("settings", Health.ABSENT, f"no file; the defaults hold (it would be {path})")


def _cache(bench: Workbench) -> Finding:
    stats = bench.session.cache.stats()
    limit = (
        f"{stats.limit_bytes / 2**20:,.0f} MiB"
        if stats.limit_bytes < 1 << 30
        else f"{stats.limit_bytes / 2**30:,.4g} GiB"
    )
    text = f"{stats.blobs} files, {stats.blob_bytes / 1e6:,.1f} MB of {limit} in {stats.directory}"
    if bench.session.warnings:
        return Finding(
            "cache",
            Health.WARNING,
            bench.session.warnings[0],
            "Make the directory writable, or choose one with --cache-dir",
        )
    return Finding("cache", Health.OK, text)


async def _token(bench: Workbench) -> tuple[Finding, ...]:
    token = await bench.session.token()
    if token is None:
        none = "none; GitHub allows 60 requests an hour without one"
        return (Finding("token", Health.ABSENT, none, "Set GITHUB_TOKEN, or run gh auth login"),)
    return (Finding("token", Health.OK, f"found; it is sent to {token.origin} only"),)


async def _network(bench: Workbench) -> tuple[Finding, ...]:
    settings = bench.settings
    if settings.offline or settings.demo or settings.folder:
        why = "offline" if settings.offline else "demo" if settings.demo else "a folder is shown"
        return (Finding("network", Health.ABSENT, f"not asked: {why}"),)
    catalogue = await bench.catalogue()
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
                "Check the network, the proxy and --api-url; what is cached is shown",
            ),
        )
    count = len(catalogue.releases)
    text = f"{settings.api_url} answers: {count} release{'' if count == 1 else 's'} of {catalogue.repo}{left}"
    return (
        Finding(
            "network",
            Health.WARNING if catalogue.warnings else Health.OK,
            "; ".join((text, *catalogue.warnings)),
        ),
    )


async def _engines(bench: Workbench) -> tuple[Finding, ...]:
    from explorer.verify import emulation, engine_status

    findings = []
    answering = False
    for status in await engine_status(bench.settings.engine_args):
        health = Health.OK if status.answers else Health.BAD if status.found else Health.ABSENT
        answering = answering or status.answers
        findings.append(
            Finding(status.name, health, status.detail, "" if status.answers else status.remedy)
        )
    if not answering:
        return (
            *findings,
            Finding(
                "proofs",
                Health.WARNING,
                "no engine answers: verdicts are predicted, nothing can be proved",
                "Install docker or podman",
            ),
        )
    try:
        engine = await bench.session.engine()
        for wanted in ("linux/amd64", "linux/arm64"):
            state = await emulation(engine, wanted, bench.settings.run_args)
            how = "native" if state.native else "emulated" if state.available else "cannot run here"
            findings.append(
                Finding(
                    wanted,
                    Health.OK if state.available else Health.WARNING,
                    how,
                    "" if state.available else state.remedy,
                )
            )
    except ExplorerError as error:
        findings.append(
            Finding(
                "engine",
                Health.BAD,
                ": ".join(part for part in (error.title, error.detail) if part),
                error.remedy,
            )
        )
    return tuple(findings)


def _terminal() -> Finding:
    # The process's own output: while the app runs, sys.stdout is Textual's, which has no encoding.
    encoding = (getattr(sys.__stdout__, "encoding", "") or "").lower()
    term = os.environ.get("TERM", "") or "unset"
    if "utf" not in encoding:
        return Finding(
            "terminal",
            Health.WARNING,
            f"TERM={term}, encoding {encoding or 'unknown'}: glyphs may not be drawn",
            "Use a UTF-8 locale",
        )
    colour = (
        "no colour, as NO_COLOR asks"
        if os.environ.get("NO_COLOR")
        else os.environ.get("COLORTERM", "") or "colours by TERM"
    )
    return Finding("terminal", Health.OK, f"TERM={term}, {encoding}, {colour}")
