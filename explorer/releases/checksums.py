"""Checksum files: which digest they give for which file.

The forms of coreutils (``DIGEST  NAME``, ``DIGEST *NAME``), of BSD and ``--tag``
(``SHA256 (NAME) = DIGEST``), and a digest alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""By the number of hex digits, where nothing else names one."""
_PLAIN = re.compile(r"\\?([0-9a-fA-F]{32,128})(?:[ \t]+[*]?(\S.*))?")
_TAGGED = re.compile(r"\\?([A-Za-z0-9/-]{2,16}) ?\((.+)\) ?= ?([0-9a-fA-F]{32,128})")


@dataclass(frozen=True, slots=True)
class ChecksumEntry:
    """One line of a checksum file. Untrusted text."""

    name: str
    """Empty: the line holds the digest alone."""
    algorithm: str
    """``sha256``, ``md5`` …, in lower case."""
    digest: str
    """Lower-case hex digits."""


def read_checksums(data: bytes) -> tuple[ChecksumEntry, ...]:
    """The entries of a checksum file. Lines of another form are left out."""
    entries = []
    for line in data.decode("utf-8", "replace").splitlines():
        line = line.strip().removeprefix("\ufeff")
        if tagged := _TAGGED.fullmatch(line):
            algorithm, name, digest = tagged.groups()
            entries.append(ChecksumEntry(name, algorithm.lower(), digest.lower()))
        elif plain := _PLAIN.fullmatch(line):
            digest, name = plain[1].lower(), plain[2] or ""
            algorithm = _ALGORITHMS.get(len(digest), "")
            if algorithm:
                entries.append(ChecksumEntry(name.removeprefix("./"), algorithm, digest))
    return tuple(entries)
