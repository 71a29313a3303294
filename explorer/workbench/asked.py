"""The platform that a file is wanted for: what a user asks for goes before what its name claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explorer.compat import Target
from explorer.errors import UsageError
from explorer.facts import MISSING
from explorer.releases import Platform, parse_asset_name
from explorer.workbench.models import Subject


def claimed_platform(subject: Subject) -> Platform:
    """What the file's name claims."""
    if subject.asset is not None:
        return subject.asset.platform
    return parse_asset_name(subject.path.name if subject.path is not None else "").platform


def wanted_platform(subject: Subject, inner: Sequence[str] = ()) -> Platform:
    """The platform asked for, completed by what the file's name claims.

    ``inner``: names of the archives in the file, whose claims go before its own.
    """
    claimed = claimed_platform(subject)
    for name in inner:
        claimed = _over(parse_asset_name(name).platform, claimed)
    return claimed if subject.platform is None else _over(subject.platform, claimed)


def _over(first: Platform, other: Platform) -> Platform:
    """What ``first`` says, completed by ``other``."""
    return Platform(
        other.os if isinstance(first.os, MISSING) else first.os,
        other.arch if isinstance(first.arch, MISSING) else first.arch,
        other.libc if isinstance(first.libc, MISSING) else first.libc,
        may_be=other.may_be if isinstance(first.arch, MISSING) else (),
    )


def asked_for(subject: Subject, words: str) -> Subject:
    """The subject for the platform that a user names, e.g. ``linux/arm64``.

    Raises:
        UsageError: the words name no platform.
    """
    if not words:
        return subject
    asked = parse_asset_name(f"x-{words}").platform
    if asked.may_be:  # the words of a user are not vague
        asked = replace(asked, arch=asked.may_be[0], may_be=())
    if asked.slug == "?":
        raise UsageError(f"{words} is not a platform", remedy="For example --platform linux-arm64")
    asking = replace(subject, platform=asked)
    # A record of the file without a question is then the answer to this one, too.
    return subject if wanted_platform(asking) == claimed_platform(subject) else asking


def for_arch(subject: Subject, arch: str) -> Subject:
    """The subject for a target of this architecture.

    Where the file's name claims an architecture, that decides which member is the program: a file
    named amd64 does not run on arm64.
    """
    claimed = claimed_platform(subject)
    is_claimed = not isinstance(claimed.arch, MISSING)
    if not arch or is_claimed or subject.platform is not None or subject.member:
        return subject
    return replace(subject, platform=replace(claimed, arch=arch, may_be=()))


def by_subject(subject: Subject, targets: Sequence[Target]) -> dict[Subject, list[Target]]:
    """The targets by the subject that each of them asks for; in their order."""
    groups: dict[Subject, list[Target]] = {}
    for target in targets:
        groups.setdefault(for_arch(subject, target.arch), []).append(target)
    return groups
