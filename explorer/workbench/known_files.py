"""What is known of each file so far: one key per file, one state per key.

Pure: no I/O, no threads. The owner of a ``KnownFiles`` (the app, or one matrix) calls it from one
thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from explorer.compat import Verdict
from explorer.errors import ExplorerError
from explorer.releases import Asset
from explorer.workbench.models import Inspection, Subject

if TYPE_CHECKING:
    from explorer.verify import Proof

Listener = Callable[[str], None]
"""Called with the key of a file whose state has changed."""


def file_key(asset: Asset, member: str = "") -> str:
    """The key of an asset, or of a member in it: ``TAG/NAME`` or ``TAG/NAME#MEMBER``.

    The one key of ``KnownFiles``, unique within one catalogue. Rows of the cache outlive the
    process: theirs name the published state, too (``fetch.asset_key``).
    """
    return _with_member(f"{_quoted(asset.tag)}/{_quoted(asset.name)}", member)


def subject_key(subject: Subject) -> str:
    """The key of a subject: ``file_key`` of its asset, or ``path:PATH`` for a local file."""
    if subject.asset is not None:
        return file_key(subject.asset, subject.member)
    return _with_member(f"path:{_quoted(str(subject.path))}", subject.member)


def _with_member(key: str, member: str) -> str:
    return f"{key}#{member}" if member else key


def _quoted(text: str) -> str:
    """A file called ``a#b`` must not get the key of the member ``b`` of ``a``."""
    return text.replace("%", "%25").replace("#", "%23")


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of one file."""

    inspection: Inspection | None = None
    """Facts and verdicts for the current target; None before a look, or after a failed one."""
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    """The newest proof on each target, by the target's name; they outlive a change of target."""
    error: ExplorerError | None = None
    """Why the last look failed."""
    cached: bool | None = None
    """Whether the file's bytes are on disk, whole; None if nobody asked yet."""
    in_progress: bool = False
    """Whether a look has been started and has not ended."""
    unreachable: bool = False
    """Whether no look can succeed (offline, the demo): only the name is known."""

    @property
    def looked_at(self) -> bool:
        """Whether a look has ended, in an inspection or an error."""
        return self.inspection is not None or self.error is not None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict for the current target."""
        if self.inspection is None or not self.inspection.verdicts:
            return None
        return self.inspection.verdicts[0]


NOTHING_KNOWN = FileState()
"""The state of a file that was never mentioned."""


class KnownFiles(Mapping[str, FileState]):
    """The states of many files, by key. Listeners are told which key has changed."""

    def __init__(self) -> None:
        self._states: dict[str, FileState] = {}
        self._listeners: list[Listener] = []

    def __getitem__(self, key: str) -> FileState:
        """The file's state; ``NOTHING_KNOWN`` for a key that was never updated."""
        return self._states.get(key, NOTHING_KNOWN)

    def __contains__(self, key: object) -> bool:
        return key in self._states

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def of(self, asset: Asset, member: str = "") -> FileState:
        """The state of an asset, or of a member in it."""
        return self[file_key(asset, member)]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each key that changes; returns a function that ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def start(self, key: str) -> None:
        """A look at the file has begun."""
        self.put(key, replace(self[key], in_progress=True))

    def stop(self, key: str) -> None:
        """The look has ended without a result: it was cancelled."""
        self.put(key, replace(self[key], in_progress=False))

    def update(self, key: str, state: FileState) -> None:
        """A look has ended with this state, which is merged into what is known.

        A new inspection clears the error; an error keeps the inspection. A late peek does not
        replace an inspection of the whole file. Proofs are merged. Unknown parts change nothing.
        """
        before = self[key]
        inspection = state.inspection
        whole = before.inspection is not None and before.inspection.path is not None
        if inspection is None or (whole and inspection.path is None):
            inspection = before.inspection
        cached = before.cached if state.cached is None else state.cached
        if state.inspection is not None and state.inspection.asset_path is not None:
            is_local = state.inspection.subject.path is not None
            cached = cached if is_local else True
        merged = FileState(
            inspection,
            _merged(before.proofs, inspection, state.proofs),
            state.error if state.looked_at else before.error,
            cached,
            state.in_progress,
            state.unreachable,
        )
        self.put(key, merged)

    def set_cached(self, key: str, cached: bool) -> None:
        """Whether the file's bytes are on disk."""
        self.put(key, replace(self[key], cached=cached))

    def add_proof(self, key: str, proof: Proof) -> None:
        """The file was proved just now."""
        before = self[key]
        inspection = before.inspection
        if inspection is not None:
            inspection = replace(inspection, proofs=(proof, *inspection.proofs))
        proofs = {**before.proofs, proof.target: proof}
        self.put(key, replace(before, inspection=inspection, proofs=proofs))

    def forget_verdicts(self) -> None:
        """The target has changed: drop every inspection, keep proofs, errors and ``cached``."""
        for key, state in list(self._states.items()):
            if state.inspection is not None:
                self.put(key, replace(state, inspection=None))

    def forget_errors(self) -> None:
        """Everything may be tried again: drop errors and ``unreachable``."""
        for key, state in list(self._states.items()):
            if state.error is not None or state.unreachable:
                self.put(key, replace(state, error=None, unreachable=False))

    def put(self, key: str, state: FileState) -> None:
        """Replace the state of a file; its listeners are called if that is a change."""
        if _same(self._states.get(key), state):
            return
        self._states[key] = state
        for listener in tuple(self._listeners):
            listener(key)


def _same(before: FileState | None, state: FileState) -> bool:
    """Inspections are compared by identity: their symbol tables may be huge."""
    return (
        before is not None
        and before.inspection is state.inspection
        and replace(before, inspection=None) == replace(state, inspection=None)
    )


def _merged(
    before: Mapping[str, Proof], inspection: Inspection | None, more: Mapping[str, Proof]
) -> dict[str, Proof]:
    """The newest proof on each target."""
    merged = {**before}
    for proof in (*(inspection.proofs if inspection else ()), *more.values()):
        kept = merged.get(proof.target)
        if kept is None or kept.started_at <= proof.started_at:
            merged[proof.target] = proof
    return merged
