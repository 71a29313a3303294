"""The container of a proof: made from the image asked for, a pulled one, or the empty one."""

import contextlib
import re
from dataclasses import dataclass, replace

from explorer.errors import EngineError, ImageMissingError
from explorer.progress import ProgressCallback
from explorer.verify.client import Called
from explorer.verify.container import Container, Warn
from explorer.verify.engines import engine_failure
from explorer.verify.images import (
    empty_image,
    identity,
    is_absent,
    kept_name,
    not_pulled,
    other_platform,
    pull_beside,
)
from explorer.verify.local_images import images_here, images_in_words
from explorer.verify.models import ProofRequest

_NOT_KNOWN = re.compile(
    r"unknown (?:shorthand )?flag|unrecognized option|unsupported|not supported|not implemented"
    r"|invalid ipc mode|requested cpus|cpu (?:cfs|controller)|nanocpus",
    re.IGNORECASE,
)
"""An engine that does not know one of our restrictions; then it is tried without those."""


CHOOSE = "--image, or the setting image"
"""How a user names an image, on the command line and in the app."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A created container."""

    container: Container
    why_empty: str
    """Why it is made from the empty image; empty if it is not."""
    as_named: bool
    """The image was there under the name asked for: nothing was pulled."""


@dataclass(frozen=True, slots=True)
class Placer:
    """Creates containers that are removed when ``stack`` is left."""

    stack: contextlib.AsyncExitStack
    request: ProofRequest
    model: Container
    """What the container is to be like; its image is chosen here."""
    warn: Warn

    async def place(self, progress: ProgressCallback) -> Placed:
        """Create the container.

        Raises:
            EngineError: there is no image, or the engine failed.
        """
        request = self.request
        names = [request.image] if request.image else []
        if request.image and request.platform != request.engine.platform:
            names.append(kept_name(request.image, request.platform))
        for name in names:
            if (container := await self._create(name)) is not None:
                return Placed(container, "", name == request.image)
        try:
            return Placed(await self._pulled(progress), "", as_named=False)
        except EngineError as error:
            if not request.static:
                raise await self._with_others(error) from error
            why = f"{error.title[0].lower()}{error.title[1:]}"
        empty = await self._create(await empty_image(request.engine, request.platform))
        if empty is None:
            raise EngineError(
                f"{request.engine.name} does not take an empty image",
                remedy=f"Choose an image that is here: {CHOOSE}",
            )
        return Placed(empty, why, as_named=not request.image)

    async def _with_others(self, error: EngineError) -> EngineError:
        """The error; one on a missing image names those that are here instead."""
        request = self.request
        if not isinstance(error, ImageMissingError) or request.libc in ("", "none"):
            return error
        others = await images_here(request.engine, request.platform, request.libc, request.image)
        if not others:
            here = f"no image with {request.libc} is here for {request.platform}"
            detail = f"{error.detail}; {here}" if error.detail else here
            return ImageMissingError(error.title, detail, error.remedy)
        here = f"Here for {request.platform}: {images_in_words(others)}"
        remedy = f"{here}. Choose one: {CHOOSE}. {error.remedy}"
        systems = {other.reference: other.system_in_words for other in others}
        return ImageMissingError(error.title, error.detail, remedy, systems)

    async def _pulled(self, progress: ProgressCallback) -> Container:
        engine, image, platform = self.request.engine, self.request.image, self.request.platform
        if not image:
            raise ImageMissingError(
                "The target has no image", remedy=f"Choose one to run it in: {CHOOSE}"
            )
        there = await identity(engine, image)
        if not self.request.pull:
            raise (other_platform if there else not_pulled)(engine, image, platform)
        try:
            name = await pull_beside(engine, image, platform, progress)
        except EngineError as error:
            if not there:
                raise
            raise other_platform(engine, image, platform, error.detail) from error
        container = await self._create(name)
        if container is None:
            raise other_platform(engine, image, platform)
        return container

    async def _create(self, image: str) -> Container | None:
        """A container of an image; None if the image is not there for the platform."""
        container = replace(self.model, image=image)
        created = await self.create(container)
        if created.failed and container.lent and "bind source path" in created.stderr:
            container = replace(container, lent="")  # the daemon sees other files than we do
            created = await self.create(container)
        if created.failed and "volume-label" in created.stderr:
            container = replace(container, labels_volume=False)
            created = await self.create(container)
        if _NOT_KNOWN.search(created.stderr) and created.failed and not is_absent(created):
            container = replace(container, plain=True)
            created = await self.create(container)
        if created.failed and not is_absent(created):
            raise engine_failure(self.request.engine.name, created, "create")
        return None if created.failed else container

    async def create(self, container: Container) -> Called:
        """Create one container; gives how ``create`` ended."""
        return await self.stack.enter_async_context(container.exists(self.warn))
