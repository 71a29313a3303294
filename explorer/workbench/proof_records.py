"""The proofs that are kept of binaries, by the binary's sha256."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from explorer.verify import Proof

if TYPE_CHECKING:
    from explorer.fetch import Cache

_KEEPING = threading.Lock()
"""Two proofs of one binary that end together must not choose the same slot."""
KEPT = 20
"""Proofs kept of one binary: enough for every target and both engines; the oldest go first."""


def proofs_of(cache: Cache, sha256: str) -> tuple[Proof, ...]:
    """What is kept of a binary, newest first; damaged records are skipped. Blocking.

    Raises:
        SourceError: the cache cannot be read.
    """
    return tuple(sorted(_slots(cache, sha256).values(), key=lambda p: p.started_at, reverse=True))


def keep_proof(cache: Cache, proof: Proof) -> None:
    """Keep a proof beside the earlier ones: in a free slot, else instead of the oldest. Blocking.

    One write, so that a kill loses nothing.

    Raises:
        SourceError: the cache cannot be written.
    """
    from explorer.verify import to_json

    if not proof.sha256:
        return
    with _KEEPING:
        slots = _slots(cache, proof.sha256)
        free = next((number for number in range(KEPT) if number not in slots), None)
        number = min(slots, key=lambda n: slots[n].started_at) if free is None else free
        cache.store("proof").save(f"{proof.sha256}:{number}", to_json(proof))


def _slots(cache: Cache, sha256: str) -> dict[int, Proof]:
    from explorer.verify import from_json

    store = cache.store("proof")
    slots = {}
    for number in range(KEPT):
        data = store.load(f"{sha256}:{number}")
        proof = from_json(data) if data is not None else None
        if proof is not None and proof.sha256 == sha256:
            slots[number] = proof
    return slots
