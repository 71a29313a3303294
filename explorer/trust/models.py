"""What a signal is: one reason to believe that a file is the one its project published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SignalKind(StrEnum):
    """What vouches for a file. The values are words of the command line."""

    DIGEST = "digest"
    """The digest in GitHub's API: GitHub's own word, not the author's."""
    CHECKSUM = "checksum"
    SIGNATURE = "signature"
    """OpenPGP."""
    ATTESTATION = "attestation"
    IMMUTABLE = "immutable"
    """GitHub does not let anyone change the release."""
    COSIGN = "cosign"
    PROVENANCE = "provenance"
    """SLSA provenance in a file of the release."""
    MINISIGN = "minisign"


class SignalState(StrEnum):
    """What came of a check."""

    PASS = "pass"
    FAIL = "fail"
    ABSENT = "absent"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal about one file."""

    kind: SignalKind
    state: SignalState
    why: str
    """A sentence without its full stop. May quote untrusted names."""
    source: str = ""
    """The file that carries the signal; empty: GitHub's API. Untrusted."""
    weak: bool = False
    """Whether it only guards against accidents: MD5 and SHA-1 can be forged."""


def satisfies(signals: tuple[Signal, ...], kind: SignalKind) -> bool:
    """Whether a kind of signal is there, strong, and contradicted by no other of its kind."""
    own = [signal for signal in signals if signal.kind is kind]
    failed = any(signal.state is SignalState.FAIL for signal in own)
    return not failed and any(s.state is SignalState.PASS and not s.weak for s in own)
