"""Finding a container engine that answers, and telling what to do where none does."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Sequence

from explorer.errors import EngineError, UsageError
from explorer.facts import Fact, Unknown
from explorer.platforms import go_arch
from explorer.verify.client import Called, call
from explorer.verify.models import Engine, EngineStatus

ENGINES = ("docker", "podman", "nerdctl")
"""In the order in which they are asked."""

ANSWER_SECONDS = 15.0
"""A local daemon answers ``info`` in 0.1 to 0.4 s; one behind ssh takes seconds."""

_hosts: dict[tuple[str, ...], str] = {}
"""By the words that start a client: the kernel and the name of the machine that its server told of."""


def runs_on(engine: Engine) -> str:
    """``KERNEL NAME`` of the machine on which the engine runs containers, as it told; empty where it did not."""
    return _hosts.get(engine.command, "")


async def find_engine(choice: str = "", engine_args: Sequence[str] = ()) -> Engine:
    """The engine of that name, or the first one that answers.

    ``engine_args`` go right behind its name, with ``--context`` or ``--runtime`` for example.

    Raises:
        EngineError: none is installed, or none answers; detail and remedy say what each one said.
        UsageError: ``choice`` is no engine's name.
    """
    if choice and choice not in ENGINES:
        raise UsageError(
            f"Unknown engine: {choice}",
            f"known are {', '.join(ENGINES)}",
            "Choose one of them, or none",
        )
    errors: list[tuple[str, EngineError]] = []
    for name in [choice] if choice else ENGINES:
        if shutil.which(name) is None:
            continue
        try:
            return await _ask(name, engine_args)
        except EngineError as error:
            errors.append((name, error))
    if not errors:
        wanted = choice or "docker, podman or nerdctl"
        raise EngineError(
            f"No container engine: {wanted} is not installed",
            "nothing can be run without one",
            _install_remedy(choice),
        )
    if len(errors) == 1:
        raise errors[0][1]
    detail = "; ".join(f"{name}: {error.title} ({error.detail})" for name, error in errors)
    raise EngineError("No container engine answers", detail, errors[0][1].remedy)


async def engine_status(engine_args: Sequence[str] = ()) -> tuple[EngineStatus, ...]:
    """What each engine says, for the doctor. All are asked at once."""

    async def one(name: str) -> EngineStatus:
        if shutil.which(name) is None:
            return EngineStatus(
                name,
                found=False,
                answers=False,
                detail="not installed",
                remedy=_install_remedy(name),
            )
        try:
            engine = await _ask(name, engine_args)
        except EngineError as error:
            return EngineStatus(
                name,
                found=True,
                answers=False,
                detail=f"{error.title}: {error.detail}",
                remedy=error.remedy,
            )
        rootless = ", rootless" if engine.rootless is True else ""
        return EngineStatus(
            name,
            found=True,
            answers=True,
            detail=f"{engine.version} on {engine.platform}{rootless}",
            remedy="",
        )

    return tuple(await asyncio.gather(*(one(name) for name in ENGINES)))


async def _ask(name: str, engine_args: Sequence[str]) -> Engine:
    # `info` and not `version`: only it tells podman's platform, and whether the engine is rootless; 0.1 s (docker), 0.3 s (podman)
    command = (name, *engine_args)
    asked = await call((*command, "info", "--format", "{{json .}}"), seconds=ANSWER_SECONDS)
    if asked.failed:
        raise engine_failure(name, asked)
    try:
        info = json.loads(asked.stdout)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise EngineError(
            f"{name} gives no usable answer",
            _first_line(asked.stdout) or "nothing at all",
            f"Look at it with: {name} info",
        )
    if info.get("ServerErrors"):
        raise engine_failure(name, Called(1, "", "\n".join(map(str, info["ServerErrors"]))))
    return _engine(name, command, info)


def _engine(name: str, command: tuple[str, ...], info: dict[str, object]) -> Engine:
    """From docker's and nerdctl's flat answer, or podman's nested one; ``docker`` may be podman in disguise."""
    rootless: Fact[bool] = Unknown("the engine does not tell")
    host = info.get("host")
    if isinstance(host, dict):
        security, version = host.get("security"), info.get("version")
        machine, system = str(host.get("arch", "")), str(host.get("os", "linux"))
        kernel, hostname = host.get("kernel", ""), host.get("hostname", "")
        release = str(version.get("Version", "")) if isinstance(version, dict) else ""
        controllers = host.get("cgroupControllers")
        limits_cpus = "cpu" in controllers if isinstance(controllers, list) else True
        if isinstance(security, dict) and isinstance(security.get("rootless"), bool):
            rootless = bool(security["rootless"])
    else:
        machine, system = str(info.get("Architecture", "")), str(info.get("OSType", "linux"))
        kernel, hostname = info.get("KernelVersion", ""), info.get("Name", "")
        release = str(info.get("ServerVersion", ""))
        limits_cpus = info.get("CPUCfsQuota") is not False
        options = info.get("SecurityOptions")
        if isinstance(options, list):
            rootless = any("rootless" in str(option) for option in options)
    if system == "windows":
        raise EngineError(
            f"{name} runs Windows containers",
            "Linux programs cannot be run in them",
            "Switch Docker Desktop to Linux containers",
        )
    _hosts[command] = f"{kernel} {hostname}"
    return Engine(
        name,
        command,
        release or "unknown",
        f"{system}/{go_arch(machine)}",
        rootless,
        limits_cpus,
    )


_FAILURES: tuple[tuple[str, str, str], ...] = (
    (
        r"permission denied.*(docker|sock)|dial unix .*permission denied",
        "no permission to talk to {name}",
        "Join its group and log in again: sudo usermod -aG {name} $USER. Or use a rootless engine: podman needs no group",
    ),
    (
        r"context .*(not found|does not exist)|unable to resolve docker endpoint|no such connection|connection .* not found",
        "{name} is told to use a context that does not exist",
        "List them with: {name} context ls (podman: podman system connection list); choose another, or unset DOCKER_CONTEXT",
    ),
    (
        r"unknown flag|unknown shorthand flag|unknown command|unrecognized option",
        "{name} does not understand what it was told",
        "Check the settings engine_args and run_args",
    ),
    (
        r"no space left on device|disk quota exceeded",
        "{name} has no space left",
        "Free some with: {name} system prune",
    ),
    (
        r"cgroup.*(rootless|not supported|delegat)|resource limits are not supported",
        "{name} cannot limit memory and processes here",
        "Rootless engines need cgroups version 2 with delegation: see the engine's documentation on rootless mode",
    ),
    (
        r"cannot connect to|is the docker daemon running|connection refused|no such file or directory.*sock|sock.*no such file"
        r"|error during connect|no such host|failed to dial|dial (unix|tcp)|cannot access containerd|rootless containerd not running"
        r"|unable to connect to podman|EOF$",
        "{name} does not answer",
        "{start}",
    ),
)


def engine_failure(name: str, called: Called, doing: str = "") -> EngineError:
    """What a failed call of the client means: the daemon is down, no permission, a wrong context …"""
    text = called.stderr.strip() or called.stdout.strip()
    detail = (f"{doing}: " if doing else "") + (
        _last_line(text) or f"it ended with code {called.code} and said nothing"
    )
    for pattern, title, remedy in _FAILURES:
        if re.search(pattern, text, re.IGNORECASE | re.MULTILINE):
            title = title.format(name=name)
            return EngineError(
                title[0].upper() + title[1:],
                detail,
                remedy.format(name=name, start=_start_remedy(name)),
            )
    return EngineError(f"{name} failed", detail, f"Look at it with: {name} info")


def _start_remedy(name: str) -> str:
    remote = os.environ.get("DOCKER_HOST" if name == "docker" else "CONTAINER_HOST", "")
    if remote:
        return f"Check that {remote} can be reached, or unset {'DOCKER_HOST' if name == 'docker' else 'CONTAINER_HOST'}"
    if name == "podman":
        return (
            "Look at it with: podman info"
            if sys.platform == "linux"
            else "Start it with: podman machine start"
        )
    if name == "nerdctl":
        return "Start it with: sudo systemctl start containerd"
    return (
        "Start it with: sudo systemctl start docker"
        if sys.platform == "linux"
        else "Start Docker Desktop"
    )


def _install_remedy(name: str) -> str:
    if sys.platform != "linux":
        return "Install Docker Desktop or Podman Desktop and start it"
    packages = {"podman": "podman", "nerdctl": "nerdctl and containerd"}.get(
        name, "docker.io (or podman)"
    )
    return f"Install {packages} with your distribution's package manager, e.g. sudo apt-get install {packages.split(' ')[0]}"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else ""


def _last_line(text: str) -> str:
    """The line that says most: clients put warnings first, the error last."""
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.startswith(("See '", "Run '", "Usage:"))
    ]
    return lines[-1][:600] if lines else ""
