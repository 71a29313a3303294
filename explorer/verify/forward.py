"""An engine's socket on another machine, brought here over one held ssh connection."""

import asyncio
import contextlib
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from explorer.verify.client import END_SECONDS, finish

_THEN_REMOVE = '"$@"; rm -rf -- "$0"'
"""The folder goes with the connection, even if we were killed."""
DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class SocketForward:
    """A socket of this machine that leads to one of another."""

    socket: Path
    process: Process
    folder: "tempfile.TemporaryDirectory[str]"

    async def aclose(self) -> None:
        """End the connection, and remove the socket."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), END_SECONDS)
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        self.folder.cleanup()


async def forward(url: str, identity: str, seconds: float) -> SocketForward | None:
    """Connect to ``ssh://[USER@]HOST[:PORT][/SOCKET]``; None if that fails.

    The connection ends with this process, however that ends: the command on the other side reads
    what only we could write.
    """
    parts = urlsplit(url)
    names = (parts.hostname or "-", parts.username or "")
    try:
        port = parts.port
    except ValueError:  # no number, or too large a one
        return None
    if any(name.startswith("-") for name in names):
        return None
    folder = tempfile.TemporaryDirectory(prefix="rr-explorer-")
    socket = Path(folder.name) / "engine"
    command = (
        *("sh", "-c", _THEN_REMOVE, folder.name),
        *("ssh", "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"),
        *("-o", "ServerAliveInterval=15", "-o", f"ConnectTimeout={seconds:.0f}"),
        *(("-l", parts.username) if parts.username else ()),
        *(("-p", str(port)) if port else ()),
        *(("-i", identity) if identity else ()),
        *("-L", f"{socket}:{parts.path.rstrip('/') or DOCKER_SOCKET}"),
        *("--", names[0], "echo ready; exec cat"),
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError:
        folder.cleanup()
        return None
    opened = SocketForward(socket, process, folder)
    assert process.stdout is not None
    try:  # ssh listens before it starts the command
        is_ready = await asyncio.wait_for(process.stdout.read(1), seconds)
    except TimeoutError:
        is_ready = b""
    except BaseException:
        await finish(opened.aclose())
        raise
    if is_ready:
        return opened
    await opened.aclose()
    return None
