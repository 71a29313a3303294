"""Finds a container engine that answers, or says what to do."""

import asyncio
import contextlib
import json
import os
import platform as host_platform
import re
import shutil
import sys
from collections.abc import Sequence
from importlib import import_module

from explorer.errors import EngineError, UsageError
from explorer.facts import Fact, Unknown
from explorer.platforms import go_arch
from explorer.verify.api import EngineApi, NoApiError, api_of, keep_open, open_api
from explorer.verify.api_words import ApiRequest
from explorer.verify.client import Called, call
from explorer.verify.endpoints import connect, docker_endpoint, podman_endpoint
from explorer.verify.models import Engine, EngineStatus

ENGINES = ("docker", "podman", "nerdctl")
"""The order in which they are tried."""

ANSWER_SECONDS = 15.0
"""A local daemon answers ``info`` in 0.1 to 0.4 s; one behind ssh takes seconds."""

_mounting: set[tuple[str, ...]] = set()
"""The clients of daemons that see this machine's files."""

_hosts: dict[tuple[str, ...], str] = {}
"""The kernel and the name of the server's machine, by the words that start the client."""


def runs_on(engine: Engine) -> str:
    """``KERNEL NAME`` of the machine that runs the containers; empty if the engine did not say."""
    return _hosts.get(engine.command, "")


def mounts_files(engine: Engine) -> bool:
    """Whether the engine can mount files of this machine: docker, here and without remapped users.

    A policy of SELinux would keep the program from being read.
    """
    return engine.command in _mounting


def _sees_our_files(endpoint: str, info: dict[str, object]) -> bool:
    options = info.get("SecurityOptions")
    ours = f"{host_platform.release()} {host_platform.node()}"
    return (
        endpoint.startswith("unix://")
        and host_platform.system() == "Linux"
        and f"{info.get('KernelVersion')} {info.get('Name')}" == ours
        and isinstance(options, list)
        and not any(re.search("userns|selinux|rootless", str(option)) for option in options)
    )


async def find_engine(choice: str = "", engine_args: Sequence[str] = ()) -> Engine:
    """The engine of that name, or the first one that answers.

    Args:
        engine_args: extra arguments after its name, ``--context`` or ``--runtime`` for example.

    Raises:
        EngineError: none is installed, or none answers; quotes what each one said.
        UsageError: ``choice`` is not the name of an engine.
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


async def engine_by_name(name: str, engine_args: Sequence[str] = ()) -> Engine:
    """An engine of a pool: a client's name, a context of docker or a connection of podman.

    Args:
        engine_args: for a client's name only.

    Raises:
        EngineError: it does not answer. UsageError: no engine has this name.
    """
    if name in ENGINES:
        return await find_engine(name, engine_args)
    if name.startswith("-") or not name:
        raise UsageError(f"Not the name of an engine: {name!r}")
    if shutil.which("docker") is not None:
        asked = await call(("docker", "context", "inspect", name))
        if not asked.failed:
            return await _ask("docker", ("--context", name))
    if shutil.which("podman") is not None:
        asked = await call(("podman", "system", "connection", "list", "--format={{.Name}}"))
        if name in asked.stdout.split():
            return await _ask("podman", ("--connection", name))
    raise UsageError(
        f"Unknown engine: {name}",
        f"there is no context of docker and no connection of podman with this name, and the "
        f"clients are {', '.join(ENGINES)}",
        "List them with: docker context ls (podman: podman system connection list)",
    )


async def engine_answers(engine: Engine) -> bool:
    """Whether an engine still answers."""
    api = api_of(engine)
    try:
        if api is not None:
            return not (await api.ask(ApiRequest("GET", "/info"), seconds=ANSWER_SECONDS)).failed
        return not (await call((*engine.command, "info"), seconds=ANSWER_SECONDS)).failed
    except (NoApiError, EngineError):
        return False


async def engine_status(
    engine_args: Sequence[str] = (), names: Sequence[str] = ENGINES
) -> tuple[EngineStatus, ...]:
    """What each engine says, for the doctor.

    Args:
        names: of engines, as ``engine_by_name`` takes them.
    """

    async def one(name: str) -> EngineStatus:
        if name in ENGINES and shutil.which(name) is None:
            return EngineStatus(
                name,
                installed=False,
                answers=False,
                detail="not installed",
                remedy=_install_remedy(name),
            )
        try:
            engine = await engine_by_name(name, engine_args)
        except (EngineError, UsageError) as error:
            return EngineStatus(
                name,
                installed=True,
                answers=False,
                detail=f"{error.title}: {error.detail}",
                remedy=error.remedy,
            )
        rootless = ", rootless" if engine.rootless is True else ""
        return EngineStatus(
            name,
            installed=True,
            answers=True,
            detail=f"{engine.version} on {engine.platform}{rootless}",
            remedy="",
        )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in names]
    return tuple(task.result() for task in tasks)


async def _ask(name: str, engine_args: Sequence[str]) -> Engine:
    """Ask the engine what it is, and keep the connection to its API open, if it has one."""
    command = (name, *engine_args)
    if name == "docker":
        api, info = await _by_api(command)
        if api is not None and info is not None:
            engine = _engine(name, command, info)
            keep_open(command, api)
            if _sees_our_files(api.endpoint, info):
                _mounting.add(command)
            return engine
    info = await _by_client(name, command)
    engine = _engine(name, command, info)
    if name == "podman":
        with contextlib.suppress(EngineError):  # its client has answered
            endpoint = await podman_endpoint(command, info)
            if endpoint is not None and (api := await connect(name, endpoint)) is not None:
                keep_open(command, api)
    return engine


async def _by_api(command: tuple[str, ...]) -> tuple[EngineApi | None, dict[str, object] | None]:
    """Docker's API and its answer; None where it has none that can be used."""
    api = open_api(command)
    if api is None:
        # the client takes as long as the import, which would come next
        importing = asyncio.create_task(asyncio.to_thread(import_module, "httpx"))
        try:
            endpoint = await docker_endpoint(command)
        finally:
            await importing
        api = None if endpoint is None else await connect(command[0], endpoint)
    if api is None:
        return None, None
    try:
        answer = await api.ask(ApiRequest("GET", "/info"), seconds=ANSWER_SECONDS)
        info = json.loads(answer.stdout)
    except (NoApiError, EngineError, ValueError):
        info = None
    if isinstance(info, dict):
        return api, info
    await api.aclose()
    return None, None


async def _by_client(name: str, command: tuple[str, ...]) -> dict[str, object]:
    # `version` does not tell podman's platform, nor whether the engine is rootless
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
    return info


def _engine(name: str, command: tuple[str, ...], info: dict[str, object]) -> Engine:
    """From docker's and nerdctl's flat answer, or podman's nested one, whatever its name is."""
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
        "Join its group and log in again: sudo usermod -aG {name} $USER. "
        "Or use a rootless engine: podman needs no group",
    ),
    (
        r"context .*(not found|does not exist)|unable to resolve docker endpoint"
        r"|no such connection|connection .* not found",
        "{name} is configured to use a context that does not exist",
        "List them with: {name} context ls (podman: podman system connection list); "
        "choose another, or unset DOCKER_CONTEXT",
    ),
    (
        r"unknown flag|unknown shorthand flag|unknown command|unrecognized option",
        "{name} does not know one of its arguments",
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
        "Rootless engines need cgroups version 2 with delegation: "
        "see the engine's documentation on rootless mode",
    ),
    (
        r"cannot connect to|is the docker daemon running|connection refused"
        r"|no such file or directory.*sock|sock.*no such file"
        r"|error during connect|no such host|failed to dial|dial (unix|tcp)"
        r"|cannot access containerd|rootless containerd not running"
        r"|unable to connect to podman|EOF$",
        "{name} does not answer",
        "{start}",
    ),
)


def engine_failure(name: str, called: Called, doing: str = "") -> EngineError:
    """The error that a failed call means: the daemon is down, no permission, a wrong context …"""
    text = called.stderr.strip() or called.stdout.strip()
    detail = (f"{doing}: " if doing else "") + (
        _last_line(text) or f"it ended with code {called.code} and printed nothing"
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
    variable = "DOCKER_HOST" if name == "docker" else "CONTAINER_HOST"
    if remote := os.environ.get(variable, ""):
        return f"Check that {remote} can be reached, or unset {variable}"
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
    first = packages.split(" ")[0]
    return (
        f"Install {packages} with your distribution's package manager, "
        f"e.g. sudo apt-get install {first}"
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else ""


def _last_line(text: str) -> str:
    """The last line: clients put warnings first, the error last."""
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.startswith(("See '", "Run '", "Usage:"))
    ]
    return lines[-1][:600] if lines else ""
