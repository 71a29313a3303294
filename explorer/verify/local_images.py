"""Images that are on this engine already: what else a program can be run in.

Asked only where the wanted image is missing, and by the doctor: a handful of images is read.
"""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.errors import EngineError
from explorer.facts import MISSING
from explorer.verify.api import engine_call
from explorer.verify.container import Container
from explorer.verify.image_system import read_system
from explorer.verify.images import full_id, kept_name
from explorer.verify.models import Engine, ImageSystem, RunLimits

MOST_LISTED, MOST_READ, AT_ONCE = 200, 12, 3
MOST_NAMED = 4
SECONDS = 15.0
"""For all images: what could not be read until then is left out."""
_OURS = "localhost/rr-explorer/"
_UNTAGGED = "<none>"


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image by one of its names here."""

    reference: str
    platform: str
    """``linux/arm64``."""
    system: ImageSystem

    def __str__(self) -> str:
        """``alpine:3.23 (Alpine Linux v3.23, musl 1.2.5)``; untrusted."""
        return f"{self.reference} ({self.system_in_words})"

    @property
    def system_in_words(self) -> str:
        """``Alpine Linux v3.23, musl 1.2.5``; untrusted."""
        system = self.system
        version = "" if isinstance(system.libc_version, MISSING) else f" {system.libc_version}"
        name = f"{system.name}, " if system.name else ""
        return f"{name}{system.libc}{version}"


def images_in_words(images: Sequence[LocalImage]) -> str:
    """The first few, and how many more there are; untrusted."""
    named = ", ".join(map(str, images[:MOST_NAMED]))
    more = len(images) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


async def images_here(
    engine: Engine, platform: str, libc: str, like: str = ""
) -> tuple[LocalImage, ...]:
    """Images of a platform with that libc, read without running anything.

    Those of the repository of ``like`` come first, then the newest. Raises no EngineError: an
    engine that does not answer has no images.
    """
    read: dict[str, LocalImage] = {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def look(reference: str, image_id: str) -> None:
        async with turn:
            system = await _system(engine, reference, image_id, platform)
        if system is not None and system.libc == libc:
            read[reference] = LocalImage(reference, platform, system)

    names: dict[str, str] = {}
    with contextlib.suppress(TimeoutError, EngineError):
        async with asyncio.timeout(SECONDS):
            names = await _names(engine, platform)
            async with asyncio.TaskGroup() as group:
                for reference, image_id in names.items():
                    group.create_task(look(reference, image_id))
    repository = like.rpartition(":")[0]
    ordered = sorted(names, key=lambda name: name.rpartition(":")[0] != repository)
    return tuple(read[name] for name in ordered if name in read)


async def has_image(engine: Engine, reference: str, platform: str) -> bool:
    """Whether an image is here for a platform.

    Raises:
        EngineError: no answer.
    """
    return bool(await _of_platform(engine, (reference,), platform))


async def image_id(engine: Engine, reference: str, platform: str) -> str:
    """The id of the image that a proof for a platform uses; empty if it is not here.

    Raises:
        EngineError: no answer.
    """
    for name in (reference, kept_name(reference, platform)):
        ids = await _of_platform(engine, (name,), platform)
        if ids:
            return full_id(ids[name])
    return ""


async def _names(engine: Engine, platform: str) -> dict[str, str]:
    """Ids of the newest images of a platform, by one name each."""
    form = "{{.CreatedAt}}|{{.Repository}}:{{.Tag}}"
    listed = await engine_call(engine, ("image", "ls", "--format", form))
    aged = sorted(line.strip().rpartition("|")[::2] for line in listed.stdout.splitlines())
    # The engine's own order of images of one age changes from call to call.
    lines = [name for _, name in sorted(aged, key=lambda one: one[0], reverse=True)][:MOST_LISTED]
    names = [line for line in lines if _UNTAGGED not in line and not line.startswith(_OURS)]
    by_id: dict[str, str] = {}
    for name, image_id in (await _of_platform(engine, names, platform)).items():
        by_id.setdefault(image_id, name)
    return {name: image_id for image_id, name in list(by_id.items())[:MOST_READ]}


async def _of_platform(engine: Engine, names: Sequence[str], platform: str) -> dict[str, str]:
    """Ids of those images that are of a platform."""
    if not names:
        return {}
    inspected = await engine_call(engine, ("image", "inspect", *names))
    try:
        images = json.loads(inspected.stdout or "[]")
        described = [
            (f"{image['Os']}/{image['Architecture']}", str(image["Id"])) for image in images
        ]
    except (ValueError, LookupError, TypeError):
        return {}
    if len(described) != len(names):  # one has gone meanwhile
        return {}
    return {name: id_ for name, (own, id_) in zip(names, described, strict=True) if own == platform}


async def _system(
    engine: Engine, reference: str, image_id: str, platform: str
) -> ImageSystem | None:
    """What an image holds; None if the engine cannot tell."""
    model = Container(engine, reference, platform, ("/none",), RunLimits())
    container = replace(model, plain=True, has_volume=False)
    try:
        async with container.exists() as created:
            system = None if created.failed else await read_system(container, image_id)
    except EngineError:
        return None
    return None if isinstance(system, MISSING) else system
