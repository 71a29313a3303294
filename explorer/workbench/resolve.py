"""What a FILE on the command line stands for."""

from __future__ import annotations

import difflib
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from explorer.errors import NotFoundError, SourceError, UsageError
from explorer.platforms import is_arch
from explorer.releases import Asset, Catalogue, ProjectProfile, Release
from explorer.workbench.local_programs import folder_error
from explorer.workbench.models import Subject


def local_subject(text: str) -> Subject | None:
    """The local file, archive or ``archive#member`` that ``text`` names; None if there is none.

    Blocking: call from a worker thread.

    Raises:
        NotFoundError: it looks like a path, and no such file exists.
        SourceError: a folder, a pipe or a device, or a path without permission to look at it.
    """
    path = _file(text)
    if path is not None:
        return Subject(text, None, None, path)
    name = text
    for mark in reversed(list(re.finditer("#", text))):
        name = text[: mark.start()]
        if name and (path := _file(name)) is not None:
            return Subject(text, None, None, path, text[mark.end() :])
    if text.startswith(("./", "../", "/", "~", ".\\", "\\")):
        raise NotFoundError(f"No such file: {name or text}", remedy="Check the path")
    return None


def _file(text: str) -> Path | None:
    """The regular file of this name; None if none exists, or if no file can have this name."""
    try:
        path = Path(text).expanduser()
        mode = path.stat().st_mode
    except PermissionError as error:
        raise SourceError(
            f"No permission to look at {text}",
            error.strerror or str(error),
            "Check the permissions of its folders",
        ) from None
    except (OSError, ValueError, RuntimeError):  # too long, a zero byte in it, no such user's home
        return None
    if stat.S_ISDIR(mode):
        raise folder_error(text, path)
    if not stat.S_ISREG(mode):  # opening a pipe would wait forever
        raise SourceError(
            f"{text} is not a regular file",
            "it is a pipe, a socket or a device",
            "Copy its bytes into a file first",
        )
    return path


def asset_subject(asset: Asset, release: Release | None, member: str = "") -> Subject:
    """An asset as a subject."""
    name = f"{asset.tag}/{asset.name}" + (f"#{member}" if member else "")
    return Subject(name, asset, release, asset.path, member)


def catalogue_subject(text: str, platform: str, catalogue: Catalogue) -> Subject:
    """``TAG/ASSET``, an asset's name, or ``TAG`` with a platform, looked up in a catalogue.

    Raises:
        UsageError: the text fits no form, or several assets.
        NotFoundError: no such release or asset; names the nearest ones.
    """
    name_part, _, member = text.partition("#")
    release, name = catalogue.split(name_part)
    if release is not None and name:
        return asset_subject(
            _named(name, release.assets, f"release {release.tag}"), release, member
        )
    if release is not None and name_part.endswith("/"):
        _named(name, release.assets, f"release {release.tag}")
    if release is not None:
        asset = _for_platform(release, platform, catalogue.profile)
        return asset_subject(asset, release, member)
    if name_part.partition("/")[0] == "latest":
        raise NotFoundError(
            f"{catalogue.repo} has no published stable release",
            remedy="Name a tag; rr-explorer releases lists them",
        )
    if "/" in name_part:
        raise _no_release(name_part, catalogue)
    for candidate in catalogue.releases:
        for asset in candidate.assets:
            if asset.name == name_part:
                return asset_subject(asset, candidate, member)
    near = difflib.get_close_matches(name_part, [r.tag for r in catalogue.releases], 3)
    raise NotFoundError(
        f"No file, tag or asset is called {name_part}",
        f"looked on this disk and in {len(catalogue.releases)} releases of {catalogue.repo}",
        f"Did you mean {', '.join(near)}?"
        if near
        else "rr-explorer releases lists the tags, rr-explorer assets TAG the files",
    )


def _named(name: str, assets: Iterable[Asset], place: str) -> Asset:
    assets = tuple(assets)
    for asset in assets:
        if asset.name == name:
            return asset
    near = difflib.get_close_matches(name, [a.name for a in assets], 3, 0.4)
    raise NotFoundError(
        f"{place} has no file {name}",
        f"it has {len(assets)}",
        f"Did you mean {', '.join(near)}?" if near else "rr-explorer assets lists them",
    )


def platform_slug(text: str) -> str:
    """The catalogue's name of ``linux/arm64``, ``Linux-x86_64`` or ``macos-aarch64``.

    Words that name no platform are returned in lower case.
    """
    from explorer.releases import parse_asset_name

    platform = parse_asset_name(f"x-{text}").platform
    if platform.may_be:
        platform = replace(platform, arch=platform.may_be[0], may_be=())
    return text.lower() if platform.slug == "?" else platform.slug


def _for_platform(release: Release, platform: str, profile: ProjectProfile) -> Asset:
    slugs = sorted({a.platform.slug for a in release.assets} - {"?"})
    if not platform:
        likely = (
            ["linux-arm64"]
            if "linux-arm64" in slugs
            else [slug for slug in slugs if slug.startswith("linux-")] or slugs
        )
        raise UsageError(
            f"{release.tag} has {len(release.assets)} files: which one?",
            f"platforms: {', '.join(slugs)}",
            f"Add --platform {likely[0]}, or name the file" if likely else "Name the file",
        )
    wanted = platform_slug(platform)
    fits = [a for a in release.assets if a.platform.slug == wanted] or [
        a for a in release.assets if a.platform.fits(wanted)
    ]
    if fits:
        return _meant(release, fits, platform, profile)
    plain = wanted.replace("musl-", "linux-")
    hint = "Choose one of those"
    if wanted.startswith("musl-") and plain in slugs:
        hint = f"Use {plain} instead: a static program runs on musl, too"
    if near := near_platforms(platform, slugs):
        hint = f"Did you mean {' or '.join(near)}?"
    raise NotFoundError(
        f"{release.tag} has no file for {platform}",
        f"it has files for {', '.join(slugs) or 'no known platform'}",
        hint,
    )


def near_platforms(typed: str, slugs: Sequence[str]) -> list[str]:
    """Those that were meant by a word with a mistake in it, such as linux-am64 or lnux-amd64.

    A platform that is only lacking, such as musl-arm64 or freebsd-amd64, has none.
    """
    system, _, arch = platform_slug(typed).rpartition("-")
    if not is_arch(arch):
        return difflib.get_close_matches(typed.lower(), slugs, 2, 0.7)
    if system:
        return []
    systems = {slug: slug.partition("-")[0] for slug in slugs if slug.endswith(f"-{arch}")}
    first = re.split(r"\W", typed.lower())[0]
    near = difflib.get_close_matches(first, systems.values(), 1, 0.7)
    return [slug for slug, name in systems.items() if name in near]


def _meant(release: Release, fits: list[Asset], platform: str, profile: ProjectProfile) -> Asset:
    """The one of several files for a platform that a user means, by their kinds.

    Raises:
        UsageError: nothing says which one.
    """
    rank = min(profile.rank(a.kind) for a in fits)
    likeliest = [a for a in fits if profile.rank(a.kind) == rank]
    if len(likeliest) == 1 or likeliest[0].kind.prefix:
        return likeliest[0]
    raise UsageError(
        f"{release.tag} has {len(likeliest)} files for {platform}",
        ", ".join(a.name for a in likeliest),
        "Name the file",
    )


def _no_release(words: str, catalogue: Catalogue) -> NotFoundError:
    """For ``TAG/FILE`` of which no beginning is a tag."""
    tags = [r.tag for r in catalogue.releases]
    has_slashes = any("/" in tag for tag in tags)
    tag = words if has_slashes else words.partition("/")[0]
    near = difflib.get_close_matches(tag, tags, 3)
    return NotFoundError(
        f"{catalogue.repo} has no release {tag}",
        f"its list has {len(tags)}"
        + ("" if catalogue.complete is True else ", and may be incomplete"),
        f"Did you mean {', '.join(near)}?" if near else "rr-explorer releases lists them",
    )
