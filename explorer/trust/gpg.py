"""Verification of detached OpenPGP signatures by gpgv, else by pysequoia.

gpgv's answers: ``doc/DETAILS`` of GnuPG, "Format of the --status-fd output".
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from explorer.progress import Cancellation
from explorer.trust.openpgp import (
    LARGEST_SIGNATURE,
    dearmor,
    is_key,
    key_fingerprints,
    read_signatures,
)

NO_VERIFIER: Final = "install gpgv or rr-explorer[trust]"
_PATIENCE_S = 600.0
_POLL_S = 0.1
_LARGEST_IN_MEMORY = 1 << 30
"""Bytes. pysequoia reads the whole file into memory."""


class OpenPgpResult(Enum):
    """What became of a signature."""

    VALID = auto()
    BAD = auto()
    """The key is here, and the signature is not valid for these bytes."""
    UNKNOWN_KEY = auto()
    EXPIRED_KEY = auto()
    """Valid when it was made; the key has expired since."""
    EXPIRED = auto()
    """The signature has expired, or was made after its key had."""
    REVOKED = auto()
    NOT_CHECKED = auto()


@dataclass(frozen=True, slots=True)
class OpenPgpOutcome:
    """The result, and the key behind it."""

    result: OpenPgpResult
    keys: tuple[str, ...] = ()
    """Fingerprints of the signing key and of its primary key, in upper-case hex."""
    detail: str = ""


def verify_openpgp(
    file: Path, signature: Path, keys: tuple[bytes, ...], cancel: Cancellation
) -> OpenPgpOutcome:
    """Verify a detached signature with public keys. Blocking: call from a worker thread.

    Args:
        keys: public keys, armored or binary.
    """
    if not _is_known_issuer(signature, keys):
        return OpenPgpOutcome(OpenPgpResult.UNKNOWN_KEY)
    if gpgv := shutil.which("gpgv"):
        return _by_gpgv(gpgv, file, signature, keys, cancel)
    try:
        import pysequoia
    except ImportError:
        return OpenPgpOutcome(OpenPgpResult.NOT_CHECKED, detail=NO_VERIFIER)
    return _by_pysequoia(pysequoia, file, signature, keys)


def _is_known_issuer(signature: Path, keys: tuple[bytes, ...]) -> bool:
    """Whether the key of one of the signatures is among the keys."""
    known = tuple(name for key in keys for name in key_fingerprints(key))
    with signature.open("rb") as file:
        made = read_signatures(file.read(LARGEST_SIGNATURE))
    return any(not one.issuer or is_key(one.issuer, name) for one in made for name in known)


def _by_gpgv(
    gpgv: str, file: Path, signature: Path, keys: tuple[bytes, ...], cancel: Cancellation
) -> OpenPgpOutcome:
    with tempfile.TemporaryDirectory(prefix="rr-explorer-") as folder:
        ring = Path(folder) / "keys.gpg"
        try:
            ring.write_bytes(b"".join(dearmor(key) for key in keys))
        except ValueError as error:
            return OpenPgpOutcome(OpenPgpResult.NOT_CHECKED, detail=f"a key: {error}")
        command = [gpgv, "--status-fd", "1", "--homedir", folder, "--keyring", str(ring)]
        words = [str(path.absolute()) for path in (signature, file)]
        output = _output_of([*command, "--", *words], cancel)
    return _outcome(output) if output is not None else _unanswered("gpgv did not answer")


def _output_of(command: list[str], cancel: Cancellation) -> str | None:
    """What a command prints; None if it cannot be run or takes too long."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
    with process:
        for _ in range(int(_PATIENCE_S / _POLL_S)):
            try:
                return process.communicate(timeout=_POLL_S)[0].decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                if cancel.cancelled:
                    break
        process.kill()
    cancel.check()
    return None


def _unanswered(why: str) -> OpenPgpOutcome:
    return OpenPgpOutcome(OpenPgpResult.NOT_CHECKED, detail=why)


_RESULTS = {
    "BADSIG": OpenPgpResult.BAD,
    "REVKEYSIG": OpenPgpResult.REVOKED,
    "EXPKEYSIG": OpenPgpResult.EXPIRED_KEY,
    "EXPSIG": OpenPgpResult.EXPIRED,
    "GOODSIG": OpenPgpResult.VALID,
    "NO_PUBKEY": OpenPgpResult.UNKNOWN_KEY,
}
"""The first that was printed decides: a bad signature is not made good by another one."""


def _outcome(output: str) -> OpenPgpOutcome:
    lines = [line.removeprefix("[GNUPG:] ").split() for line in output.splitlines()]
    said = {words[0]: words[1:] for words in lines if words}
    result = next((result for word, result in _RESULTS.items() if word in said), None)
    if result is None:
        return _unanswered("gpgv does not read this signature")
    valid = said.get("VALIDSIG", [])
    if result is OpenPgpResult.EXPIRED_KEY and _is_late(valid, said.get("KEYEXPIRED", [])):
        result = OpenPgpResult.EXPIRED
    keys = tuple(dict.fromkeys(key for key in (*valid[:1], *valid[-1:]) if key))
    return OpenPgpOutcome(result, keys)


def _is_late(valid: list[str], expired: list[str]) -> bool:
    """Whether a signature was made after its key had expired; both times in seconds."""
    times = [word for word in (*valid[2:3], *expired[:1]) if word.isdecimal()]
    return len(times) == 2 and int(times[0]) >= int(times[1])


def _by_pysequoia(
    library: Any, file: Path, signature: Path, keys: tuple[bytes, ...]
) -> OpenPgpOutcome:
    """Verify without gpgv. An unknown key was told apart before: here it raises the same error."""
    if file.stat().st_size > _LARGEST_IN_MEMORY:
        return _unanswered("the file is too large for pysequoia: install gpgv")
    try:
        certs = [cert for key in keys for cert in library.Cert.split_bytes(dearmor(key))]
        made = library.Sig.from_file(str(signature))
    except Exception as error:  # noqa: BLE001 - a Rust library names no narrower class
        return _unanswered(f"pysequoia: {error}")
    if made.expiration is not None and made.expiration < datetime.now(UTC):
        return OpenPgpOutcome(OpenPgpResult.EXPIRED)
    try:
        valid = library.verify(file=str(file), signature=made, store=lambda _: certs).valid_sigs
    except Exception as error:  # noqa: BLE001
        return OpenPgpOutcome(OpenPgpResult.BAD, detail=str(error).partition("\n")[0])
    names = tuple(
        dict.fromkeys(
            str(name).upper() for sig in valid for name in (sig.signing_key, sig.certificate)
        )
    )
    ends = [c.expiration for c in certs if str(c.fingerprint).upper() in names and c.expiration]
    is_expired = any(moment < datetime.now(UTC) for moment in ends)
    result = OpenPgpResult.EXPIRED_KEY if is_expired else OpenPgpResult.VALID
    return OpenPgpOutcome(result, names)
