"""The promise that a release keeps today, as the text of a file to begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from explorer.compat import Answer, Verdict, targets_across, version_key
from explorer.elf import Linkage
from explorer.facts import MISSING, known_or
from explorer.platforms import is_arch
from explorer.progress import ProgressCallback
from explorer.releases import Asset, Catalogue, Release
from explorer.workbench.promise_facts import NEWEST_GLIBC
from explorer.workbench.sweep_plan import programs_of
from explorer.workbench.target_matrix import look_by_target

if TYPE_CHECKING:
    from explorer.workbench.look import Looks
    from explorer.workbench.models import Inspection

_HEAD = """\
# What every release of {repo} keeps, as {tag} does.
# rr-explorer check holds a release, or a folder before it is published, against it.
"""
_SHORTEST = 3
"""Characters of a version that a name is sure to mean."""


async def write_promise(
    catalogue: Catalogue, release: Release, looks: Looks, progress: ProgressCallback
) -> str:
    """The text of a promise: every file is there, and programs for Linux run where they do today.

    What is not known today is not promised.
    """
    matrix = await look_by_target(catalogue, (release.tag,), None, looks, progress)
    known = {row.asset.name: row.state.inspection for row in matrix.rows}
    programs = {asset.name for asset in programs_of(release)}
    parts = [_HEAD.format(repo=_comment(catalogue.repo), tag=_comment(release.tag))]
    for asset in release.assets:
        if asset.unfinished:
            continue
        lines = ["[[files]]", f"name = {json.dumps(_pattern(asset, release))}"]
        inspection = known.get(asset.name) if asset.name in programs else None
        lines += _promised(inspection) if inspection is not None else ()
        if asset.path is None and not isinstance(asset.digest, MISSING):
            lines.append('signals = ["digest"]')
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _comment(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _pattern(asset: Asset, release: Release) -> str:
    """The name with the release's version left open, and nothing that a pattern would read."""
    parts = [asset.name]
    if len(release.version) >= _SHORTEST:
        parts = asset.name.split(release.version)
    escaped = ("".join(f"[{c}]" if c in "*?[{" else c for c in part) for part in parts)
    return "{version}".join(escaped)


def _promised(inspection: Inspection) -> Iterator[str]:
    verdicts = {verdict.target.name: verdict for verdict in inspection.verdicts}
    across = targets_across()
    runs = [name for name in across if name in verdicts and verdicts[name].answer is Answer.YES]
    yield f"runs-on = {json.dumps(runs)}" if runs else "# it runs on no target as it is"
    arch = known_or(inspection.binary.arch, "")
    if is_arch(arch):
        yield f'arch = "{arch}"'
    elf = inspection.binary.elf
    linkage = elf if isinstance(elf, MISSING) else elf.linkage
    is_static = linkage in (Linkage.STATIC, Linkage.STATIC_PIE)
    if is_static:
        yield "static = true"
    elif not isinstance(linkage, MISSING):
        yield from _floors(verdicts)


def _floors(verdicts: dict[str, Verdict]) -> Iterator[str]:
    newest = verdicts.get(NEWEST_GLIBC)
    if newest is not None and newest.answer is Answer.YES:
        check = newest.dependencies
        needed = check if isinstance(check, MISSING) else check.newest_glibc
        if not isinstance(needed, MISSING):
            yield f'glibc = "{needed}"'
    musl = [
        verdict.target.libc_version
        for name, verdict in verdicts.items()
        if name.startswith("musl-") and verdict.answer is Answer.YES
    ]
    if musl:
        yield f'musl = "{min(musl, key=version_key)}"'
