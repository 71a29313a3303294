"""OpenPGP signatures as signals: whose key it is, and whether that key is the project's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.progress import Cancellation
from explorer.trust import (
    OpenPgpOutcome,
    OpenPgpResult,
    OpenPgpSignature,
    Signal,
    SignalKind,
    SignalState,
    is_key,
    read_signatures,
    verify_openpgp,
)

if TYPE_CHECKING:
    from explorer.releases import ProjectProfile
    from explorer.settings import Settings

_LARGEST_KEY = 4 << 20


@dataclass(frozen=True, slots=True)
class ProjectKeys:
    """The keys that a project's files may be signed with."""

    fingerprints: tuple[str, ...]
    """Of the project, in upper-case hex; empty: any key that is given."""
    public: tuple[bytes, ...]
    """Public keys, armored or binary."""
    problems: tuple[str, ...] = ()
    """Key files that cannot be read, one sentence each."""


@dataclass(frozen=True, slots=True)
class SignedFile:
    """What a signature is about."""

    words: str
    """Its name, for a sentence. Untrusted."""
    path: Path | None
    """None if its bytes are not here."""
    is_list: bool = False
    """Whether it is a list of checksums."""


def project_keys(profile: ProjectProfile, settings: Settings) -> ProjectKeys:
    """The profile's keys, and those of the user's key file. Blocking."""
    paths = [Path(name).expanduser() for name in profile.key_files]
    if settings.keyring is not None:
        paths.append(settings.keyring)
    public, problems = [], []
    for path in paths:
        if not path.is_absolute():
            path = settings.config_file.parent / path
        try:
            with path.open("rb") as file:
                public.append(file.read(_LARGEST_KEY))
        except OSError as error:
            problems.append(f"the key file {path} cannot be read ({error.strerror})")
    return ProjectKeys(profile.signing_keys, tuple(public), tuple(problems))


def check_openpgp(
    signature: Path, source: str, about: SignedFile, keys: ProjectKeys, cancel: Cancellation
) -> Signal:
    """Verify a detached signature. Blocking.

    Args:
        source: the signature's name.
    """
    made = read_signatures(signature.read_bytes())[0]
    when = f" on {made.created:%Y-%m-%d}" if made.created is not None else ""
    base = f"signs {about.words}, by {made.issuer or 'an unnamed key'}{when}"

    def signal(state: SignalState, why: str) -> Signal:
        return Signal(SignalKind.SIGNATURE, state, f"{base}: {why}" if why else base, source)

    if about.path is None:
        return signal(SignalState.NOT_CHECKED, "it needs the whole file")
    outcome = verify_openpgp(about.path, signature, keys.public, cancel)
    state, why = _judged(outcome, made, keys)
    if state is SignalState.NOT_CHECKED and keys.problems:
        why = f"{why}; {keys.problems[0]}"
    return signal(state, why)


def _judged(
    outcome: OpenPgpOutcome, made: OpenPgpSignature, keys: ProjectKeys
) -> tuple[SignalState, str]:
    if outcome.result is OpenPgpResult.NOT_CHECKED:
        return SignalState.NOT_CHECKED, outcome.detail
    if outcome.result is OpenPgpResult.BAD:
        return SignalState.FAIL, "not valid, these are not the bytes that were signed"
    if outcome.result is OpenPgpResult.EXPIRED:
        return SignalState.FAIL, "the signature has expired, or was made with an expired key"
    if outcome.result is OpenPgpResult.REVOKED:
        return SignalState.FAIL, "the key was revoked"
    if outcome.result is OpenPgpResult.UNKNOWN_KEY:
        return SignalState.NOT_CHECKED, _unknown_key(made, keys)
    if keys.fingerprints and not set(keys.fingerprints) & set(outcome.keys):
        return SignalState.FAIL, "valid, but the key is not one of the project's"
    if outcome.result is OpenPgpResult.EXPIRED_KEY:
        return SignalState.PASS, "valid when it was made; the key has expired since"
    return SignalState.PASS, "valid"


def _unknown_key(made: OpenPgpSignature, keys: ProjectKeys) -> str:
    if any(is_key(made.issuer, fingerprint) for fingerprint in keys.fingerprints):
        whose = "the project's key, but the public key is not here"
    elif keys.fingerprints:
        whose = "unknown key, none of those that the project's profile names"
    else:
        whose = "unknown key"
    return f"{whose}; name a file with it in the setting keyring"
