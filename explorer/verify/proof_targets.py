"""Which target a proof counts for: the system that its image was, whatever was asked for."""

from collections.abc import Iterable

from explorer.compat import Libc, Target
from explorer.facts import MISSING, Fact
from explorer.verify.models import Image, ImageSystem, Proof, Result

_IDS = {"amzn": "amazonlinux"}
"""How a target's name begins, by ``ID`` of os-release, if that differs."""


def target_of(image: Fact[Image], asked: Target, *, chosen: bool) -> Target | None:
    """The target that an image is; None if no target is like it.

    Args:
        asked: the target that the proof was meant for.
        chosen: a user named it, who may know more of the image than it says of itself: it counts
            unless the image contradicts it.
    """
    from explorer.compat import all_targets, target_for_image  # reads the data of all targets

    if isinstance(image, MISSING):
        return None
    targets = {target.name: target for target in all_targets()}
    if image.empty:
        return targets["scratch"]
    stock = target_for_image(image.reference)
    if isinstance(image.system, MISSING):
        return asked if chosen or (stock is not None and stock.name == base_name(asked)) else None
    system = image.system
    named = _named(system, targets)
    if _fits(asked, system):
        if named is not None and named.name == base_name(asked):
            return asked
        if named is None and chosen:
            return asked
    if named is not None:
        return named
    if system.libc == Libc.NONE:
        return targets["scratch"]
    return targets.get(f"{system.libc}-{system.libc_version}")


def _named(system: ImageSystem, targets: dict[str, Target]) -> Target | None:
    """By os-release: ``alpine`` and ``3.22.1`` are ``alpine-3.22``, unless the libc is another."""
    start, version = _IDS.get(system.id, system.id), system.version
    for name, target in targets.items():
        family, _, release = name.rpartition("-")
        same = version == release or version.startswith(f"{release}.")
        if family == start and release and same and _fits(target, system):
            return target
    return None


def _fits(target: Target, system: ImageSystem) -> bool:
    """Nothing that was read of the image contradicts the target."""
    if target.libc != system.libc:
        return False
    return isinstance(system.libc_version, MISSING) or system.libc_version == target.libc_version


def base_name(target: Target | str) -> str:
    """A target's name without packages and architecture: ``alpine-3.22``."""
    name = target if isinstance(target, str) else target.name
    return name.partition("/")[0].partition("+")[0]


def proof_for(proofs: Iterable[Proof], target: Target | str) -> Proof | None:
    """The first proof (the newest, as they are stored) that counts for a target.

    ``alpine-3.22/arm64`` is the target ``alpine-3.22`` for a program of that architecture. An
    attempt that showed nothing does not count.
    """
    name = target if isinstance(target, str) else target.name
    system, _, arch = name.partition("/")
    for proof in proofs:
        same = proof.target.partition("/")[0] == system != ""
        right = not arch or proof.platform.partition("/")[2].partition("/")[0] == arch
        if same and right and proof.result is not Result.NOT_RUN:
            return proof
    return None


def proof_elsewhere(proofs: Iterable[Proof]) -> Proof | None:
    """The first proof that shows anything, whatever it counts for."""
    return next((proof for proof in proofs if proof.result is not Result.NOT_RUN), None)
