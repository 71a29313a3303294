"""Who vouches for a file: checksums, signatures, attestations, and how each is checked."""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.trust.models import Signal, SignalKind, SignalState, satisfies

if TYPE_CHECKING:
    from explorer.trust.bundles import LARGEST_BUNDLE, check_bundle, claims_of, read_bundles
    from explorer.trust.checksums import (
        COMPUTED,
        Digests,
        ListedDigest,
        check_checksums,
        entries_about,
        parse_checksums,
    )
    from explorer.trust.companions import Companion, CompanionRole, companions_of, roles_of
    from explorer.trust.cosign import check_bare_signature, read_local_payload, read_signature
    from explorer.trust.gpg import NO_VERIFIER, OpenPgpOutcome, OpenPgpResult, verify_openpgp
    from explorer.trust.minisign import check_minisign, is_minisign
    from explorer.trust.openpgp import (
        OpenPgpSignature,
        is_key,
        is_openpgp,
        key_fingerprints,
        read_signatures,
    )
    from explorer.trust.snappy import unsnap

_MODULES = {
    "bundles": ("LARGEST_BUNDLE", "check_bundle", "claims_of", "read_bundles"),
    "checksums": (
        "COMPUTED",
        "ListedDigest",
        "Digests",
        "check_checksums",
        "entries_about",
        "parse_checksums",
    ),
    "companions": ("Companion", "CompanionRole", "companions_of", "roles_of"),
    "cosign": ("check_bare_signature", "read_local_payload", "read_signature"),
    "gpg": ("NO_VERIFIER", "OpenPgpOutcome", "OpenPgpResult", "verify_openpgp"),
    "minisign": ("check_minisign", "is_minisign"),
    "openpgp": (
        "OpenPgpSignature",
        "is_key",
        "is_openpgp",
        "key_fingerprints",
        "read_signatures",
    ),
    "snappy": ("unsnap",),
}
__getattr__ = lazy_exports(
    __name__, {name: module for module, names in _MODULES.items() for name in names}
)

__all__ = [
    "COMPUTED",
    "LARGEST_BUNDLE",
    "NO_VERIFIER",
    "Companion",
    "CompanionRole",
    "Digests",
    "ListedDigest",
    "OpenPgpOutcome",
    "OpenPgpResult",
    "OpenPgpSignature",
    "Signal",
    "SignalKind",
    "SignalState",
    "check_bare_signature",
    "check_bundle",
    "check_checksums",
    "check_minisign",
    "claims_of",
    "companions_of",
    "entries_about",
    "is_key",
    "is_minisign",
    "is_openpgp",
    "key_fingerprints",
    "parse_checksums",
    "read_bundles",
    "read_local_payload",
    "read_signature",
    "read_signatures",
    "roles_of",
    "satisfies",
    "unsnap",
    "verify_openpgp",
]
