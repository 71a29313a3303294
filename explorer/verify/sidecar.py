"""A second container in the network of a step's program: it asks a server, or resolves names.

It holds one small program of ours and nothing else, so that it is there for every image, an empty
one too, and without a registry. It runs natively, whatever the proved program is built for.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from explorer.errors import EngineError, UsageError
from explorer.verify.api import engine_call
from explorer.verify.client import finish
from explorer.verify.container import Container, Run, Warn
from explorer.verify.engines import engine_failure
from explorer.verify.images import identity, load_image
from explorer.verify.models import Engine, ProofRequest, RunLimits

FOLDER = Path(__file__).parent / "data"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Engines' architectures that it is built for; its source is beside it."""
IMAGE = "localhost/rr-explorer/sidecar"

READY_SECONDS = 20.0
RESOLVE = ("resolve",)
"""It answers on 127.0.0.1:53: each name has the address 192.0.2.7."""
_PORT_53 = "--sysctl=net.ipv4.ip_unprivileged_port_start=0"
"""For a user without rights."""
_HERE = ("127.0.0.1", "localhost")
_PRINTABLE = re.compile(r"[!-~]+")


def program(arch: str) -> bytes:
    """The program for engines of that architecture.

    Raises:
        EngineError: there is none.
    """
    if arch not in MACHINES:
        known = " and ".join(MACHINES)
        raise EngineError(
            f"Not tried on an engine of {arch}", f"the container beside it is for {known}"
        )
    return (FOLDER / f"sidecar-{arch}").read_bytes()


def loopback_request(url: str) -> tuple[int, str]:
    """The port and the request for an address on the loopback.

    Raises:
        UsageError: it is another address.
    """
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        is_here = parts.scheme == "http" and parts.netloc.partition(":")[0] in _HERE
        if is_here and port and _PRINTABLE.fullmatch(url):
            head = (f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", "", "")
            return port, "\r\n".join(head)
    raise UsageError(
        f"{url!r} is not an address that a server is asked at",
        remedy="http://127.0.0.1:PORT/PATH, in the project's profile",
    )


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The running container."""

    name: str
    lines: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    """What it has printed since it was ready."""

    async def answer(self, seconds: float) -> str:
        """The last line that a server answered, or why there was none; ends with the first 200."""
        last = "it was not asked"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_ok(last):
                    last = await self.lines.get()
        return last


def is_ok(line: str) -> bool:
    """Whether the first line of an answer says 200 (RFC 9112, 4)."""
    return re.match(r"HTTP/1\.\d 200\b", line) is not None


@contextlib.asynccontextmanager
async def sidecar(
    request: ProofRequest, words: tuple[str, ...], warn: Warn
) -> AsyncIterator[Sidecar]:
    """Run it for as long as the block lasts, with a network of its own that others may share.

    Args:
        words: ``RESOLVE``, or ``ask``, a port and a request.

    Raises:
        EngineError: it does not start.
    """
    engine = request.engine
    container = Container(
        engine,
        await _image(engine),
        engine.platform,
        ("/sidecar", *words),
        replace(RunLimits(), seconds=10 * request.limits.seconds),
        (*request.run_args, *(resolver_words(engine) if words == RESOLVE else ())),
        plain=True,
        has_volume=False,
    )
    beside = Sidecar(container.name)
    async with container.exists(warn) as created:
        if created.failed:
            raise engine_failure(engine.name, created, "create")
        running = asyncio.ensure_future(container.start(beside.lines.put_nowait, look=False))
        try:
            await _ready(beside, running)
            yield beside
        finally:
            running.cancel()
            await finish(_ended(running))


def resolver_words(engine: Engine) -> tuple[str, ...]:
    """What its container has beyond others: who shares its network gets its resolv.conf, too.

    Podman refuses to write one for a container without a network (``Container.use_resolver``).
    """
    return (_PORT_53,) if engine.name == "podman" else (_PORT_53, "--dns=127.0.0.1")


async def _ready(beside: Sidecar, running: "asyncio.Future[Run]") -> None:
    first = asyncio.ensure_future(beside.lines.get())
    try:
        await asyncio.wait(
            (first, running), timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if first.done() and first.result() == "ready":
            return
        said = first.result() if first.done() else "it gives no sign"
        raise EngineError("The container beside the program does not start", said)
    finally:
        first.cancel()


async def _ended(running: "asyncio.Future[Run]") -> None:
    await asyncio.wait((running,))
    if not running.cancelled():
        running.exception()  # it is killed with its container, and shows nothing more


async def _image(engine: Engine) -> str:
    """The name of its image; made if it is not there.

    Raises:
        EngineError: there is none for this engine, or it does not take it.
    """
    arch = engine.platform.partition("/")[2]
    data = program(arch)
    reference = f"{IMAGE}:{arch}-{hashlib.sha256(data).hexdigest()[:12]}"
    if not await identity(engine, reference):
        await load_image(engine, reference, arch, {"sidecar": data})
    return reference


async def terminate(engine: Engine, name: str) -> None:
    """Send a container's first process SIGTERM, as ``stop`` does.

    Raises:
        EngineError: no answer.
    """
    await engine_call(engine, ("kill", "--signal=TERM", name))
