"""Which files of a release vouch for its other files, by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from explorer.trust.checksums import described_file


class CompanionRole(Enum):
    """What a file that accompanies others seems to be, by its name."""

    CHECKSUMS = auto()
    SIGNATURE = auto()
    """OpenPGP, minisign or cosign: its content decides."""
    MINISIGN = auto()
    BUNDLE = auto()
    PROVENANCE = auto()
    CERTIFICATE = auto()
    """Of the key of a bare cosign signature."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that says something about another one."""

    name: str
    """Untrusted."""
    role: CompanionRole
    about: str
    """The file that it is about; empty: several, or not said."""


_ENDINGS = (
    (".intoto.jsonl", CompanionRole.PROVENANCE),
    (".sigstore.json", CompanionRole.BUNDLE),
    (".sigstore", CompanionRole.BUNDLE),
    (".bundle", CompanionRole.BUNDLE),
    (".minisig", CompanionRole.MINISIGN),
    (".asc", CompanionRole.SIGNATURE),
    (".sig", CompanionRole.SIGNATURE),
    (".sign", CompanionRole.SIGNATURE),
    (".gpg", CompanionRole.SIGNATURE),
    (".sig.pem", CompanionRole.CERTIFICATE),
    (".pem", CompanionRole.CERTIFICATE),
    (".crt", CompanionRole.CERTIFICATE),
    (".cert", CompanionRole.CERTIFICATE),
)
_LIST = re.compile(
    r"(?:^|[._-])(?:sha-?(?:1|2|224|256|384|512)?sums?|md5sums?|checksums?|b2sums?|b3sums?|hashes"
    r"|sha(?:1|256|512)|md5)(?:[._-][^/]*)?$",
    re.IGNORECASE,
)
"""``SHA256SUMS``, ``checksums.txt``, ``NAME_VERSION_checksums.txt``, ``sha256sum.txt`` …"""
_NOT_A_LIST = re.compile(r"\.(?:json|ya?ml|pem|crt|cert|pub|key|zip|gz|exe)$", re.IGNORECASE)


def companions_of(name: str, others: Iterable[str]) -> tuple[Companion, ...]:
    """The files of a release that vouch for the file ``name``, or for the lists it is in.

    A list of checksums may turn out not to list it.
    """
    names = tuple(others)
    known = frozenset(each.lower() for each in names)
    listed = [
        each
        for each in (companion(other, known) for other in names)
        if each is not None and each.name != name
    ]
    lists = {
        each.name.lower()
        for each in listed
        if each.role is CompanionRole.CHECKSUMS and each.about.lower() in ("", name.lower())
    }
    wanted = {"", name.lower(), *lists}
    return tuple(
        each
        for each in listed
        if each.about.lower() in wanted
        and (each.about or each.role in (CompanionRole.CHECKSUMS, CompanionRole.PROVENANCE))
    )


def companion(name: str, known: frozenset[str] = frozenset()) -> Companion | None:
    """What a file's name says about other files; None if nothing.

    ``known``: the names of the release's files, in lower case.
    """
    low = name.lower()
    for ending, role in _ENDINGS:
        if low.endswith(ending) and len(low) > len(ending):
            about = name[: -len(ending)]
            # multiple.intoto.jsonl, provenance.intoto.jsonl … name no file.
            has_file = role is not CompanionRole.PROVENANCE or "." in about
            return Companion(name, role, about if has_file else "")
    if _NOT_A_LIST.search(low):
        return None
    about = described_file(name)
    if about.lower() in known or ("." in about and not _is_list_name(about)):
        return Companion(name, CompanionRole.CHECKSUMS, about)
    if _LIST.search(name):
        return Companion(name, CompanionRole.CHECKSUMS, "")
    return Companion(name, CompanionRole.CHECKSUMS, about) if about else None


def _is_list_name(about: str) -> bool:
    """Whether what precedes ``_checksums`` names a version, not a file: ``tool_1.2.3``."""
    return re.search(r"[._-]v?[0-9]+(?:\.[0-9]+)*(?:[.+-][0-9a-z.]+)?$", about, re.I) is not None


def roles_of(names: Iterable[str]) -> frozenset[CompanionRole]:
    """The kinds of companions that a release has."""
    return frozenset(each.role for each in map(companion, names) if each is not None)
