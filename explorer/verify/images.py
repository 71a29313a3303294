"""Images: those that are there, those that are pulled, and an empty one that is made here."""

import asyncio
import hashlib
import io
import json
import re
import tarfile
import tempfile
import time
from collections.abc import Mapping

from explorer.errors import ImageMissingError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.progress import Progress, ProgressCallback
from explorer.verify.api import client_of, engine_call
from explorer.verify.client import Called, both, client
from explorer.verify.engines import engine_failure
from explorer.verify.models import Engine, Image

PULL_SECONDS = 900.0
LOAD_SECONDS = 60.0
EMPTY = "localhost/rr-explorer/empty"
"""``localhost/`` keeps every engine from asking a registry for it."""

RETRY_SECONDS = 60.0
"""A failed pull is not repeated within this time: without a network it may take long."""

_failed: dict[tuple[tuple[str, ...], str, str], tuple[float, str]] = {}

_ABSENT = re.compile(
    r"no such image|image not known|not found|does not match the specified platform"
    r"|image is not known|unable to find image"
    r"|image with reference .* was found but",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(
    r"manifest unknown|manifest for .* not found|repository does not exist|pull access denied"
    r"|not found|no matching manifest"
    r"|denied|unauthorized|no image found in .* for architecture",
    re.IGNORECASE,
)


def is_absent(created: Called) -> bool:
    """Whether ``create --pull=never`` failed because the image, or its platform, is not there."""
    return created.failed and _ABSENT.search(created.stderr) is not None


async def pull(
    engine: Engine,
    reference: str,
    platform: str,
    progress: ProgressCallback,
    *,
    retry: bool = False,
) -> None:
    """Let the engine pull an image; its output is shown as it comes. Cancelling stops it.

    ``retry``: ask the registry even if it could not be reached a moment ago.

    Raises:
        EngineError: the registry cannot be reached, or has no such image for this platform.
    """
    key = (engine.command, reference, platform)
    failed_at, why = _failed.get(key, (0.0, ""))
    if why and not retry and time.monotonic() - failed_at < RETRY_SECONDS:
        raise _pull_failure(engine, reference, platform, why)
    command = (*client_of(engine), "pull", "--platform", platform, reference)
    progress(Progress("pulling", unit="lines", detail=reference))
    tail: list[str] = []

    async def show(stream: asyncio.StreamReader | None) -> None:
        pending = b""
        while stream is not None and (part := await stream.read(4096)):
            *lines, pending = re.split(rb"[\r\n]+", pending + part)
            pending = pending[-4096:]
            for line in filter(None, lines):
                tail.append(line.decode(errors="replace")[:500])
                del tail[:-20]
                progress(Progress("pulling", unit="lines", detail=tail[-1]))
        if pending:
            tail.append(pending.decode(errors="replace")[:500])

    try:
        async with asyncio.timeout(PULL_SECONDS), client(command) as process:
            await both(show(process.stdout), show(process.stderr))
            code = await process.wait()
    except TimeoutError:
        code, tail = 1, [f"not finished after {PULL_SECONDS:.0f} s"]
    if code:
        text = "\n".join(tail)
        _failed[key] = (time.monotonic(), text)
        raise _pull_failure(engine, reference, platform, text)


def _pull_failure(engine: Engine, reference: str, platform: str, text: str) -> ImageMissingError:
    detail = next(
        (line for line in reversed(text.strip().splitlines()) if line.strip()), "no reason given"
    )
    if _NOT_THERE.search(detail) and not re.search(r"dial |lookup |timeout|refused", detail):
        return ImageMissingError(
            f"No such image for {platform}: {reference}",
            detail,
            "Check its name and tag, log in to its registry, or choose another image",
        )
    return ImageMissingError(
        f"The image {reference} is not here and cannot be pulled",
        detail,
        f"With a network: {engine.name} pull --platform {platform} {reference}. "
        "Without: choose an image that is here",
    )


def not_pulled(engine: Engine, reference: str, platform: str) -> ImageMissingError:
    """The image is not there, and pulling is switched off."""
    return ImageMissingError(
        f"The image {reference} is not here for {platform}",
        "pulling is switched off",
        f"Pull it: {engine.name} pull --platform {platform} {reference}",
    )


def other_platform(
    engine: Engine, reference: str, platform: str, pulling: str = ""
) -> ImageMissingError:
    """The image is there, for another platform than the program's; ``pulling``: why only that."""
    return ImageMissingError(
        f"The image {reference} is here, but not for {platform}",
        pulling or "the program is for another platform than the image",
        f"Pull it: {engine.name} pull --platform {platform} {reference}",
    )


def kept_name(reference: str, platform: str) -> str:
    """A name of our own for an image of another platform; the image's own tag stays as it was."""
    readable = re.sub(r"[^a-z0-9._-]+", "-", reference.lower()).strip("-._")[:60] or "image"
    digest = hashlib.sha256(reference.encode()).hexdigest()[:8]
    return f"localhost/rr-explorer/{readable}-{digest}:{platform.replace('/', '-')}"


async def identity(engine: Engine, reference: str) -> str:
    """The id of an image, or an empty string if it is not there."""
    inspected = await engine_call(engine, ("image", "inspect", reference))
    try:
        return str(json.loads(inspected.stdout)[0]["Id"])
    except (ValueError, LookupError, TypeError):
        return ""


async def pull_beside(
    engine: Engine,
    reference: str,
    platform: str,
    progress: ProgressCallback,
    *,
    retry: bool = False,
) -> str:
    """Pull a platform of an image, and leave the tag where it was; returns the name to use.

    Engines that keep one platform per tag move the tag to what was pulled last: it is moved back,
    and the other platform gets a name of our own.
    """
    before = await identity(engine, reference)
    await pull(engine, reference, platform, progress, retry=retry)
    after = await identity(engine, reference)
    if not before or before == after:
        return reference
    kept = kept_name(reference, platform)
    for source, name in ((after, kept), (before, reference)):
        tagged = await engine_call(engine, ("tag", source, name))
        if tagged.failed:
            raise engine_failure(engine.name, tagged, "tag")
    return kept


async def describe(engine: Engine, used: str, reference: str) -> Fact[Image]:
    """Id and digest of an image.

    Args:
        used: the name that it has here.
        reference: the name that was asked for.
    """
    inspected = await engine_call(engine, ("image", "inspect", used))
    try:
        image = json.loads(inspected.stdout)[0]
        identifier = full_id(str(image["Id"]))
        digests = [str(digest) for digest in image.get("RepoDigests") or []]
    except (ValueError, LookupError, TypeError, AttributeError):
        return Unknown("the engine does not tell")
    # podman gives even an image that was never in a registry a digest under its own name
    real = [digest for digest in digests if not digest.startswith("localhost/")]
    local: Fact[str] = NotApplicable("made here, never in a registry")
    return Image(
        reference, identifier, _own_digest(real, reference) if real else local, empty=False
    )


def full_id(identifier: str) -> str:
    """An image's id with its algorithm, which podman leaves out."""
    return identifier if identifier.startswith("sha256:") else f"sha256:{identifier}"


def _own_digest(digests: list[str], reference: str) -> str:
    name = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return next(
        (digest for digest in digests if digest.partition("@")[0].rpartition("/")[2] == name),
        digests[0],
    )


async def empty_image(engine: Engine, platform: str) -> str:
    """The name of an image of that platform with no file in it; made if it is not there.

    Raises:
        EngineError: the engine does not take it.
    """
    reference = f"{EMPTY}:{platform.replace('/', '-')}"
    if not await identity(engine, reference):
        await load_image(engine, reference, platform.partition("/")[2], {})
    return reference


async def load_image(engine: Engine, reference: str, arch: str, files: Mapping[str, bytes]) -> None:
    """Give the engine an image of one layer with these files, all executable.

    As a docker-archive (moby's image specification, version 1.2): docker 20.10 ignores the platform
    of an ``import``.
    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files.items():
            add_file(archive, name, data)
    diff_id = hashlib.sha256(layer.getvalue()).hexdigest()
    name, _, variant = arch.partition("/")
    config = json.dumps(
        {
            "architecture": name,
            **({"variant": variant} if variant else {}),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Cmd": ["/none"],
                "Labels": {"org.opencontainers.image.title": "rr-explorer: an empty image"},
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        }
    ).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps(
        [{"Config": config_name, "RepoTags": [reference], "Layers": [f"{diff_id}/layer.tar"]}]
    ).encode()
    with tempfile.TemporaryFile() as whole:
        with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for member, data in (
                (config_name, config),
                (f"{diff_id}/layer.tar", layer.getvalue()),
                ("manifest.json", manifest),
            ):
                add_file(archive, member, data)
        whole.seek(0)
        loaded = await engine_call(engine, ("load",), stdin=whole, seconds=LOAD_SECONDS)
    if loaded.failed:
        raise engine_failure(engine.name, loaded, "load")


def add_file(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """One executable file, owned by root, of no particular time."""
    member = tarfile.TarInfo(name)
    member.mode, member.size = 0o755, len(data)
    archive.addfile(member, io.BytesIO(data))
