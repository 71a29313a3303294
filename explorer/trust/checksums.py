"""Checksum files: what they list, and whether a file's digests are among it.

Formats: GNU coreutils (``HASH  name``, ``HASH *name``, escaped names), BSD and OpenSSL
(``SHA256 (name) = HASH``, ``SHA2-256(name)= HASH``), ``SHA256= HASH``, and a bare hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from explorer.trust.models import Signal, SignalKind, SignalState

LARGEST_FILE: Final = 4 << 20
"""Bytes of a checksum file that is read."""
_MOST_ENTRIES = 20_000
_LONGEST_LINE = 4096
_BY_DIGITS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
WEAK: Final = frozenset(("md5", "sha1"))
COMPUTED: Final = frozenset((*_BY_DIGITS.values(), "blake2b"))
"""The algorithms that are computed here."""
_STRENGTH = ("sha512", "blake2b", "sha384", "sha256", "sha224", "sha1", "md5")
_HASH = r"([0-9A-Fa-f]{32,128})"
_GNU = re.compile(rf"\\?{_HASH}(?: [ *]|[ \t]+)(\S.*)")
_TAGGED = re.compile(rf"\\?([A-Za-z][A-Za-z0-9-]{{2,11}}) ?\((.+)\) ?= ?{_HASH}")
_NAMELESS = re.compile(rf"(?:([A-Za-z][A-Za-z0-9-]{{2,11}})[ \t]*[=:][ \t]*)?{_HASH}")
_OTHER_HASHES = (("blake3", r"b(?:lake)?3"), ("blake2b", r"b(?:lake)?2"), ("sha3", r"sha-?3[-_.]"))
_ENDING = re.compile(
    r"[._-](?:sha-?(?:1|2|224|256|384|512)?(?:sums?)?|md5(?:sums?)?|checksums?|hash|dgst|digest"
    r"|b2(?:sums?)?|b3(?:sums?)?)(?:\.txt)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ListedDigest:
    """One line: the digest of one file."""

    algorithm: str
    digest: str
    """Hex digits in lower case."""
    name: str
    """As it is listed, folders included; empty for a bare hash. Untrusted."""

    @property
    def file_name(self) -> str:
        """The last part of the name: lists are made in other folders than files are served from."""
        return self.name.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Digests:
    """A file whose digests are known."""

    name: str
    by_algorithm: Mapping[str, str]
    """Hex digits in lower case."""


def parse_checksums(data: bytes, name: str) -> tuple[ListedDigest, ...]:
    """The entries of a checksum file; lines of another form are left out.

    Args:
        data: at most ``LARGEST_FILE`` bytes are read, in UTF-8, UTF-16 with a mark, or Latin-1.
        name: the file's own name, which may tell the algorithm.
    """
    entries: list[ListedDigest] = []
    for line in _text(data[:LARGEST_FILE]).splitlines():
        if len(entries) >= _MOST_ENTRIES:
            break
        entry = _entry(line.strip(), name) if len(line) <= _LONGEST_LINE else None
        if entry is not None:
            entries.append(entry)
    return tuple(entries)


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _entry(line: str, file_name: str) -> ListedDigest | None:
    algorithm, name = "", ""
    if match := _TAGGED.fullmatch(line):
        algorithm, name, digest = match.groups()
    elif match := _GNU.fullmatch(line):
        digest, name = match.groups()
    elif match := _NAMELESS.fullmatch(line):
        algorithm, digest = match[1] or "", match[2]
    else:
        return None
    if line.startswith("\\"):
        name = _unescaped(name)
    known = _algorithm(algorithm, digest, file_name)
    return ListedDigest(known, digest.lower(), name) if known else None


def _algorithm(tag: str, digest: str, file_name: str) -> str:
    """The hash function; empty if the number of digits contradicts it."""
    by_digits = _BY_DIGITS.get(len(digest), "")
    if not tag:
        low = file_name.lower()
        hinted = (kind for kind, hint in _OTHER_HASHES if re.search(rf"(?:^|[._-]){hint}", low))
        return by_digits and next(hinted, by_digits)
    low = tag.lower().replace("sha2-", "sha").replace("-", "")
    if low in _BY_DIGITS.values():
        return low if low == by_digits else ""
    return "blake2b" if low == "blake2b" and len(digest) == 128 else low


def _unescaped(name: str) -> str:
    """A name that GNU coreutils escaped: ``\\n`` and ``\\\\``."""
    replaced = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}
    return re.sub(r"\\[nr\\]", lambda match: replaced[match[0]], name)


def described_file(checksum_name: str) -> str:
    """The file that ``FILE.sha256`` is about; empty if the name is no file's with an ending."""
    match = _ENDING.search(checksum_name)
    return checksum_name[: match.start()] if match else ""


def entries_about(
    entries: tuple[ListedDigest, ...], asset_name: str, checksum_name: str
) -> tuple[ListedDigest, ...]:
    """The entries about a file; of a file of its own (``FILE.sha256``) all if none has its name."""
    exact = tuple(entry for entry in entries if entry.name == asset_name)
    by_name = exact or tuple(entry for entry in entries if entry.file_name == asset_name)
    is_own = described_file(checksum_name).lower() == asset_name.lower()
    if not is_own:
        return by_name
    bare = tuple(entry for entry in entries if not entry.name)
    return (*by_name, *bare) or entries[: len(_STRENGTH)]


def check_checksums(
    data: bytes, source: str, file: Digests, program: Digests | None = None, *, is_whole: bool
) -> Signal:
    """Compare a file, and the program inside it, with what a checksum file lists.

    Args:
        source: the checksum file's name.
        program: the program inside an archive; None if there is none or it was not read.
        is_whole: whether the file itself was read; else only its digest from the API is known.
    """
    entries = parse_checksums(data, source)
    about = entries_about(entries, file.name, source)
    if not about and program is not None:
        inside = [entry for entry in entries if entry.file_name == program.name]
        about = tuple(e for e in inside if program.by_algorithm.get(e.algorithm) == e.digest)
    if not about:
        words = f"{source} does not list {file.name}" if entries else f"{source} holds no checksums"
        return Signal(SignalKind.CHECKSUM, SignalState.ABSENT, words, source)
    ranked = sorted(
        (entry for entry in about if entry.algorithm in COMPUTED),
        key=lambda entry: _STRENGTH.index(entry.algorithm),
    )
    if not ranked:
        words = f"{about[0].algorithm} is not computed here"
        return Signal(SignalKind.CHECKSUM, SignalState.NOT_CHECKED, words, source)
    signals = [_compared(entry, source, file, program, is_whole) for entry in ranked]
    order = (SignalState.FAIL, SignalState.PASS, SignalState.NOT_CHECKED)
    return min(signals, key=lambda signal: order.index(signal.state))


def _compared(
    entry: ListedDigest, source: str, file: Digests, program: Digests | None, is_whole: bool
) -> Signal:
    weak = entry.algorithm in WEAK
    note = f" ({entry.algorithm} is weak: it can be forged)" if weak else ""

    def signal(state: SignalState, words: str) -> Signal:
        return Signal(SignalKind.CHECKSUM, state, words + note, source, weak)

    own = file.by_algorithm.get(entry.algorithm)
    if own == entry.digest:
        which = "its {}" if is_whole else "the {} that GitHub's API names"
        return signal(SignalState.PASS, f"{which.format(entry.algorithm)} is in {source}")
    if program is not None and program.by_algorithm.get(entry.algorithm) == entry.digest:
        words = (
            f"{source} lists the {entry.algorithm} of the program inside, {program.name}; "
            "not that of the archive"
        )
        return signal(SignalState.PASS, words)
    if not is_whole:
        if own is None:
            return signal(SignalState.NOT_CHECKED, f"the {entry.algorithm} needs the whole file")
        words = (
            f"{source} lists another {entry.algorithm} than GitHub's API; whether it is that of the"
            " program inside needs the whole file"
        )
        return signal(SignalState.NOT_CHECKED, words)
    return signal(SignalState.FAIL, f"{source} lists another {entry.algorithm}: {entry.digest}")
