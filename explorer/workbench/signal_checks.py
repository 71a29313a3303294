"""Checks of the files that vouch for a file. Blocking: for a worker thread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.archive import Member, MemberKind
from explorer.bytesource import FileSource
from explorer.errors import ExplorerError
from explorer.facts import MISSING, Fact, Unknown
from explorer.progress import Cancellation
from explorer.trust import (
    COMPUTED,
    CompanionRole,
    Digests,
    Signal,
    SignalKind,
    SignalState,
    check_bare_signature,
    check_bundle,
    check_checksums,
    check_minisign,
    is_minisign,
    is_openpgp,
    parse_checksums,
    read_bundles,
    read_local_payload,
    read_signature,
)
from explorer.workbench.evidence import LARGEST, Evidence
from explorer.workbench.models import FileOnDisk, Subject
from explorer.workbench.opened import open_file
from explorer.workbench.openpgp_signals import ProjectKeys, SignedFile, check_openpgp, project_keys

if TYPE_CHECKING:
    from explorer.releases import ProjectProfile
    from explorer.workbench.opened import Opened
    from explorer.workbench.resources import Resources

_CHUNK = 1 << 20
_INNER_ENDINGS = (".asc", ".sig", ".gpg")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks of the files say."""

    sha256: Fact[str]
    """The file's."""
    is_whole: bool
    """Whether its bytes were read."""
    signals: tuple[Signal, ...]
    repositories: tuple[str, ...]
    """OWNER/NAME of the project, in lower case: where it lives and lived."""


class SignalChecks:
    """The checks of one file."""

    def __init__(
        self,
        resources: Resources,
        subject: Subject,
        file: FileOnDisk | None,
        evidence: tuple[Evidence, ...],
    ) -> None:
        self._resources, self._subject = resources, subject
        self._file, self._evidence = file, evidence
        self._opened: Opened | None = None

    def run(self, cancel: Cancellation) -> Checked:
        """Check everything that needs no server."""
        self._cancel = cancel
        self._profile = self._find_profile()
        self._keys: ProjectKeys = project_keys(self._profile, self._resources.settings)
        sha256 = self._read_file()
        name = self._subject.asset.name if self._subject.asset is not None else self._file_name()
        signals: list[Signal] = []
        for each in self._evidence:
            signals += self._checked(each, name, sha256)
        signals += self._inside()
        repositories = self._profile.repositories
        return Checked(sha256, self._file is not None, tuple(signals), repositories)

    def _file_name(self) -> str:
        return self._file.name if self._file is not None else self._subject.name

    def _find_profile(self) -> ProjectProfile:
        profiles, asset = self._resources.profiles, self._subject.asset
        if asset is not None:
            return profiles.of_repo(asset.repo)
        name = self._file_name().removesuffix(".exe")
        for profile in profiles.all:
            if any(name in kind.programs for kind in profile.kinds):
                return profile
        return profiles.of_files((name,), name)

    def _read_file(self) -> Fact[str]:
        """Hash the file and its program; the sha256, from the API if the file is not here."""
        digest = self._subject.asset.digest if self._subject.asset is not None else ""
        self._digests = Digests("", {})
        self._program: Digests | None = None
        if self._file is None:
            if isinstance(digest, MISSING):
                return Unknown("it needs the whole file")
            named = digest.removeprefix("sha256:")
            self._digests = Digests("", {"sha256": named})
            return named
        wanted = {"sha256"}
        for each in self._evidence:
            if each.companion.role is CompanionRole.CHECKSUMS:
                entries = parse_checksums(each.data, each.companion.name)
                wanted |= {entry.algorithm for entry in entries} & COMPUTED
        self._digests = Digests("", hash_with(self._file.path, wanted, self._cancel))
        try:
            self._opened = open_file(self._file, self._resources.cache, self._cancel)
        except ExplorerError:
            self._opened = None  # an archive without a program: nothing inside is listed
        if self._opened is not None and self._opened.program != self._file.path:
            hashed = hash_with(self._opened.program, wanted, self._cancel)
            self._program = Digests(self._opened.file.name, hashed)
        return self._digests.by_algorithm["sha256"]

    # ---- the files beside it

    def _checked(self, each: Evidence, name: str, sha256: Fact[str]) -> Iterator[Signal]:
        role, source = each.companion.role, each.companion.name
        if role is CompanionRole.CERTIFICATE:
            return  # read with the signature that it belongs to
        if each.path is None:
            kind = _KINDS[role]
            yield Signal(kind, SignalState.NOT_CHECKED, f"{source}: {each.problem}", source)
        elif role is CompanionRole.CHECKSUMS:
            digests = Digests(name, self._digests.by_algorithm)
            whole = self._file is not None
            yield check_checksums(each.data, source, digests, self._program, is_whole=whole)
        elif role in (CompanionRole.BUNDLE, CompanionRole.PROVENANCE):
            yield from self._bundles(each, sha256)
        else:
            yield self._signature(each, each.data, sha256)

    def _bundles(self, each: Evidence, sha256: Fact[str]) -> Iterator[Signal]:
        source = each.companion.name
        is_provenance = each.companion.role is CompanionRole.PROVENANCE
        kind = SignalKind.PROVENANCE if is_provenance else SignalKind.COSIGN
        sha256 = self._digest_of(each, sha256)
        try:
            bundles = read_bundles(each.data)
        except ValueError as error:
            yield Signal(kind, SignalState.FAIL, f"{source} cannot be read: {error}", source)
            return
        if isinstance(sha256, MISSING):
            yield Signal(kind, SignalState.NOT_CHECKED, sha256.why, source)
            return
        repositories = (*self._own_repository(), *self._profile.repositories)
        signals = [
            _local_payload(one, sha256, source)
            if "base64Signature" in one
            else check_bundle(kind, one, sha256, repositories, source)
            for one in bundles
        ]
        order = (SignalState.PASS, SignalState.NOT_CHECKED, SignalState.FAIL)
        yield min(signals, key=lambda signal: order.index(signal.state))

    def _digest_of(self, each: Evidence, sha256: Fact[str]) -> Fact[str]:
        """The sha256 of what a signature is about: the file, or a list of checksums."""
        signed = self._signed_by(each)
        if signed is not None and signed.path is not None and signed.is_list:
            return hash_with(signed.path, ("sha256",), self._cancel)["sha256"]
        return sha256

    def _bare_signature(self, each: Evidence, data: bytes, sha256: Fact[str]) -> Signal:
        """cosign's ``.sig``, with the certificate beside it."""
        source, about = each.companion.name, each.companion.about.lower()
        sha256 = self._digest_of(each, sha256)
        if isinstance(sha256, MISSING):
            return Signal(SignalKind.COSIGN, SignalState.NOT_CHECKED, sha256.why, source)
        certificates = [
            other.data
            for other in self._evidence
            if other.companion.role is CompanionRole.CERTIFICATE
            and other.companion.about.lower() == about
        ]
        signed = read_signature(data, certificates[0] if certificates else b"")
        return check_bare_signature(signed, sha256, source)

    def _own_repository(self) -> tuple[str, ...]:
        return (self._subject.asset.repo,) if self._subject.asset is not None else ()

    def _signature(self, each: Evidence, data: bytes, sha256: Fact[str]) -> Signal:
        """A signature beside the file, of a kind that its content tells."""
        source, signed = each.companion.name, self._signed_by(each)
        assert each.path is not None
        if is_minisign(data):
            if signed is None or signed.path is None:
                return _needs_file(SignalKind.MINISIGN, source)
            keys = self._profile.minisign_keys
            return check_minisign(signed.path, data, source, keys, self._cancel)
        if is_openpgp(data):
            about = signed or SignedFile(self._file_name(), None)
            return check_openpgp(each.path, source, about, self._keys, self._cancel)
        if each.companion.role is CompanionRole.SIGNATURE and _is_base64(data):
            return self._bare_signature(each, data, sha256)
        kind = _KINDS[each.companion.role]
        return Signal(kind, SignalState.FAIL, f"{source} is not a signature", source)

    def _signed_by(self, each: Evidence) -> SignedFile | None:
        """The file that a signature or bundle is about; its path is None if it is not here."""
        about = each.companion.about.lower()
        for other in self._evidence:
            if other.companion.name.lower() == about:
                return SignedFile(other.companion.name, other.path, is_list=True)
        path = self._file.path if self._file is not None else None
        return SignedFile(each.companion.about, path)

    # ---- the files inside it

    def _inside(self) -> Iterator[Signal]:
        """The signature beside the program in its archive, which it signs."""
        if self._file is None:
            asset = self._subject.asset
            if asset is not None and asset.archive not in ("raw", ""):
                why = "not downloaded: the archive may hold one"
                yield Signal(SignalKind.SIGNATURE, SignalState.NOT_CHECKED, why)
            return
        opened = self._opened
        if opened is None or isinstance(opened.listing, MISSING):
            return
        if isinstance(opened.member, MISSING):
            return
        names = {opened.member.name + ending for ending in _INNER_ENDINGS}
        for index, member in enumerate(opened.listing.members):
            if member.name in names and member.kind is MemberKind.FILE:
                yield self._inner_signature(opened, index, member)

    def _inner_signature(self, opened: Opened, index: int, member: Member) -> Signal:
        from explorer.workbench.program_in_archive import unpack_member

        holder, source = opened.holder, f"{opened.holder.name}#{member.name}"
        size = member.size
        if isinstance(size, int) and size > LARGEST:
            why = f"{member.name} is too large: {size:,} bytes"
            return Signal(SignalKind.SIGNATURE, SignalState.NOT_CHECKED, why, source)
        try:
            with FileSource(holder.path) as archive:
                stored = unpack_member(
                    archive, holder.name, index, holder.sha256, self._resources.cache, self._cancel
                )
        except ExplorerError as error:
            why = f"{member.name} cannot be read: {error.title}"
            return Signal(SignalKind.SIGNATURE, SignalState.NOT_CHECKED, why, source)
        about = SignedFile(f"the program inside, {opened.file.name}", opened.program)
        if not is_openpgp(stored.path.read_bytes()):
            why = f"{member.name} is not an OpenPGP signature"
            return Signal(SignalKind.SIGNATURE, SignalState.FAIL, why, source)
        return check_openpgp(stored.path, source, about, self._keys, self._cancel)


_KINDS = {
    CompanionRole.CHECKSUMS: SignalKind.CHECKSUM,
    CompanionRole.SIGNATURE: SignalKind.SIGNATURE,
    CompanionRole.MINISIGN: SignalKind.MINISIGN,
    CompanionRole.BUNDLE: SignalKind.COSIGN,
    CompanionRole.PROVENANCE: SignalKind.PROVENANCE,
}


def _local_payload(bundle: dict[str, Any], sha256: str, source: str) -> Signal:
    """A bundle as cosign wrote it before Sigstore's."""
    try:
        signed = read_local_payload(bundle)
    except ValueError as error:
        why = f"it cannot be read: {error}"
        return Signal(SignalKind.COSIGN, SignalState.FAIL, why, source)
    return check_bare_signature(signed, sha256, source)


def _needs_file(kind: SignalKind, source: str) -> Signal:
    return Signal(kind, SignalState.NOT_CHECKED, "it needs the whole file", source)


def _is_base64(data: bytes) -> bool:
    import base64
    import binascii

    try:
        return bool(base64.b64decode(data.strip()[:10_000], validate=True))
    except binascii.Error:
        return False


def hash_with(path: Path, algorithms: Iterable[str], cancel: Cancellation) -> dict[str, str]:
    """A file's digests by algorithm, hex digits in lower case, in one pass."""
    states = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            cancel.check()
            for state in states.values():
                state.update(chunk)
    return {name: state.hexdigest() for name, state in states.items()}
