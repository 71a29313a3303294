"""The promise that a release keeps today, as the text of a file to begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from explorer.compat import Answer, Verdict, targets_across, version_key
from explorer.elf import Linkage
from explorer.facts import MISSING, known_or
from explorer.platforms import is_arch
from explorer.progress import ProgressCallback
from explorer.releases import Catalogue, Release, left_by_build_tool, version_in_names
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
_LEFT_OUT = "# Not promised, since a build tool leaves them: {names}\n"
_ANY_VERSION = "[0-9]*"


async def write_promise(
    catalogue: Catalogue, release: Release, looks: Looks, progress: ProgressCallback
) -> str:
    """The text of a promise: every file is there, and programs for Linux run where they do today.

    What is not known today is not promised, nor what a build tool left in a folder.
    """
    matrix = await look_by_target(catalogue, (release.tag,), None, looks, progress)
    known = {row.asset.name: row.state.inspection for row in matrix.rows}
    programs = {asset.name for asset in programs_of(release)}
    head = _HEAD.format(repo=_comment(catalogue.repo), tag=_comment(release.tag))
    names = [asset.name for asset in release.assets]
    left = left_by_build_tool(names) if release.evidence == "folder" else set()
    if left:
        head += _LEFT_OUT.format(names=", ".join(map(_comment, sorted(left))))
    parts, patterns = [head], _Patterns(release)
    for asset in release.assets:
        if asset.unfinished or asset.name in left:
            continue
        lines = ["[[files]]", f"name = {json.dumps(patterns.of(asset.name))}"]
        inspection = known.get(asset.name) if asset.name in programs else None
        lines += _promised(inspection) if inspection is not None else ()
        if asset.path is None and not isinstance(asset.digest, MISSING):
            lines.append('signals = ["digest"]')
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _comment(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


class _Patterns:
    """Names of a release's files with what only this release has in them left open."""

    def __init__(self, release: Release) -> None:
        names = [asset.name for asset in release.assets]
        self._placeholders = dict(_placeholders(release, names))
        words = "|".join(f"({word})" for word in map(_as_word, self._placeholders))
        self._words = re.compile(words or "(?!)")

    def of(self, name: str) -> str:
        """The pattern, in which nothing else has a meaning."""
        parts, at = [], 0
        for match in self._words.finditer(name):
            parts += [_escaped(name[at : match.start()]), self._placeholders[match[0]]]
            at = match.end()
        return "".join((*parts, _escaped(name[at:])))


def _placeholders(release: Release, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What only this release has in its names, and what stands for it."""
    if release.evidence != "folder":  # its name is no tag
        yield release.tag, "{tag}"
    if release.version[:1].isdigit():
        yield release.version, "{version}"
    if (other := version_in_names(names)) and other != release.version:
        yield other, _ANY_VERSION


def _as_word(text: str) -> str:
    """Matches the text where it is not a part of a longer word or number."""
    before = r"(?<![0-9])(?<![0-9]\.)" if "." in text else r"(?<![0-9A-Za-z.])"
    return before + re.escape(text) + r"(?![0-9A-Za-z])(?!\.[0-9])"


def _escaped(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[{" else c for c in text)


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
        needed = newest.newest_glibc
        if not isinstance(needed, MISSING):
            yield f'glibc = "{needed}"'
    musl = [
        verdict.target.libc_version
        for name, verdict in verdicts.items()
        if name.startswith("musl-") and verdict.answer is Answer.YES
    ]
    if musl:
        yield f'musl = "{min(musl, key=version_key)}"'
