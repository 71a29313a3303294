"""Containers and volumes that a killed session left, found by a label that names their session.

A session is a process: its host, its PID namespace, its number, and when it started, since numbers
are used again.
"""

import os
import platform
import re
import subprocess
import time
from functools import cache
from pathlib import Path

from explorer.verify.api import engine_call
from explorer.verify.engines import engine_failure
from explorer.verify.models import Engine

LABEL = "rr-explorer"
"""On every container and docker's volumes; its value is the session."""

_GONE = re.compile(r"no such (?:container|volume)|already in progress|in use", re.IGNORECASE)

OLD_SECONDS = 3600
"""On Windows processes cannot be examined: what is older than any proof can last is a leftover."""


@cache
def host() -> str:
    """This machine since its last start, and the PID namespace: a number means nothing in another.

    Two containers of one machine share its kernel, and may share its engine and even a host name.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return re.sub(r"[^\w.+-]", "_", f"{platform.node()}+{boot}+{namespace}")


def started(pid: int) -> str:
    """When a process started, in the system's own unit; empty if it is gone or unknown."""
    if platform.system() == "Linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        # proc(5): fields 3 (state) and 22; the name before them may hold spaces and brackets
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in ("Z", "X") else fields[19]
    if platform.system() == "Windows":
        return ""
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return "-".join(asked.stdout.split())


def session_label(pid: int | None = None) -> str:
    """``rr-explorer=HOST/PID/START/SECONDS``: the label of what this session makes."""
    own = os.getpid() if pid is None else pid
    return f"{LABEL}={host()}/{own}/{started(own)}/{int(time.time())}"


def is_dead(value: str) -> bool:
    """Whether the session of a label's value is over; False if it is another machine's."""
    try:
        name, pid, start, seconds = value.split("/")
        number, age = int(pid), time.time() - int(seconds)
    except ValueError:
        return False
    if name != host():
        return False
    if platform.system() == "Windows":
        return age > OLD_SECONDS
    return started(number) != start


async def sweep(engine: Engine) -> int:
    """Remove the containers of dead sessions; returns how many there were.

    With docker also volumes whose container is gone: a client that is killed in ``rm`` leaves them.
    Other engines do not label volumes.

    Raises:
        EngineError: the engine failed.
    """
    label = (
        '{{.Label "rr-explorer"}}' if engine.name != "podman" else '{{index .Labels "rr-explorer"}}'
    )
    ours = f"--filter=label={LABEL}"
    containers = await _dead(engine, ("ps", "--all", "--no-trunc", ours), "{{.ID}} " + label)
    if containers:
        await _remove(engine, ("rm", "--force", "--volumes", *containers))
    if engine.name == "docker":
        volumes = await _dead(
            engine, ("volume", "ls", ours, "--filter=dangling=true"), "{{.Name}} " + label
        )
        if volumes:
            await _remove(engine, ("volume", "rm", *volumes))
    return len(containers)


async def _dead(engine: Engine, listing: tuple[str, ...], form: str) -> list[str]:
    """Names in a listing, which are followed by a label, of sessions that are over."""
    listed = await engine_call(engine, (*listing, "--format", form))
    if listed.failed:
        raise engine_failure(engine.name, listed, listing[0])
    rows = [line.split(None, 1) for line in listed.stdout.splitlines()]
    return [row[0] for row in rows if len(row) == 2 and is_dead(row[1].strip())]


async def _remove(engine: Engine, command: tuple[str, ...]) -> None:
    """Run a removal; what another session's sweep has removed meanwhile is no failure."""
    removed = await engine_call(engine, command)
    if removed.failed and not _GONE.search(removed.stderr):
        raise engine_failure(engine.name, removed, command[0])
