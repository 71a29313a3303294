"""The client's words as requests of the Engine API, so that what is shown is what is done.

Docker's Engine API, version 1.41 and later: https://docs.docker.com/reference/api/engine/. A word
that is not known here, one of the setting ``run_args`` for example, leaves the command to the
client.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Body = dict[str, Any]
"""Of ``POST /containers/create``."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request; its path begins after the version."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    answer: str = "text"
    """``text``; ``list``: the client prints a list around it; ``tar``: bytes; ``messages``: lines
    of JSON, one of which may be an error."""


def as_request(words: Sequence[str]) -> ApiRequest | None:
    """The request that does what the client does for these words; None if it is not known."""
    match tuple(words):
        case ("create", *options):
            return _create(options)
        case ("cp", "-", there) if ":" in there:
            return _archive("PUT", there)
        case ("cp", there, "-") if ":" in there:
            return _archive("GET", there)
        case ("kill", name):
            return ApiRequest("POST", f"/containers/{_quoted(name)}/kill")
        case ("kill", "--signal=TERM", name):
            return ApiRequest("POST", f"/containers/{_quoted(name)}/kill", {"signal": "TERM"})
        case ("inspect", "--type=container", name):
            return ApiRequest("GET", f"/containers/{_quoted(name)}/json", answer="list")
        case ("rm", "--force", "--volumes", name):
            return ApiRequest("DELETE", f"/containers/{_quoted(name)}", {"force": "1", "v": "1"})
        case ("image", "inspect", name) if not name.startswith("-"):
            return ApiRequest("GET", f"/images/{_quoted(name)}/json", answer="list")
        case ("load",):
            return ApiRequest("POST", "/images/load", {"quiet": "1"}, answer="messages")
    return None


def _quoted(name: str) -> str:
    return quote(name, safe="/:@")


def _archive(method: str, there: str) -> ApiRequest:
    name, _, path = there.partition(":")
    return ApiRequest(method, f"/containers/{_quoted(name)}/archive", {"path": path}, answer="tar")


class _UnknownWordError(Exception):
    pass


def _create(words: Sequence[str]) -> ApiRequest | None:
    params: dict[str, str] = {}
    body: Body = {"AttachStdout": True, "AttachStderr": True, "HostConfig": {}}
    rest = iter(words)
    try:
        for word in rest:
            if not word.startswith("-"):
                body["Image"], body["Cmd"] = word, list(rest)
                if _needs_no_sandbox(body["HostConfig"]):
                    body["NetworkDisabled"] = True
                return ApiRequest("POST", "/containers/create", params, body)
            _apply(word, rest, params, body)
    except (_UnknownWordError, StopIteration, ValueError):
        return None
    return None  # no image


def _needs_no_sandbox(host: Body) -> bool:
    """Whether docker's network sandbox would add nothing to the container.

    Without a network it holds a loopback, which the kernel's namespace has anyway, and makes the
    two files that are mounted here; setting it up is a large part of a start.
    """
    mounted = {mount["Target"] for mount in host.get("Mounts", ())}
    return host.get("NetworkMode") == "none" and {"/etc/hosts", "/etc/resolv.conf"} <= mounted


def _apply(word: str, rest: Iterator[str], params: dict[str, str], body: Body) -> None:
    name, equals, value = word.partition("=")
    if word == "--read-only":
        body["HostConfig"]["ReadonlyRootfs"] = True
        return
    value = value if equals else next(rest)
    if name in ("--name", "--platform"):
        params[name.removeprefix("--")] = value
    elif name in _OF_CONTAINER:
        key, convert = _OF_CONTAINER[name]
        _put(body, key, convert(value))
    elif name in _OF_HOST:
        key, convert = _OF_HOST[name]
        _put(body["HostConfig"], key, convert(value))
    elif (name, value) != ("--pull", "never"):  # the API never pulls
        raise _UnknownWordError(name)


def _put(table: Body, key: str, value: object) -> None:
    """Set a field; lists and tables grow."""
    if isinstance(value, list):
        table.setdefault(key, []).extend(value)
    elif isinstance(value, dict):
        table.setdefault(key, {}).update(value)
    else:
        table[key] = value


def _pair(text: str) -> dict[str, str]:
    name, _, value = text.partition("=")
    return {name: value}


def _variable(text: str) -> list[str]:
    if "=" not in text:  # the client would take the value from its own environment
        raise ValueError(text)
    return [text]


def _volume(text: str) -> dict[str, Body]:
    if ":" in text:
        raise ValueError(text)
    return {text: {}}


def _ulimit(text: str) -> list[Body]:
    name, _, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    return [{"Name": name, "Soft": int(soft), "Hard": int(hard or soft)}]


def _tmpfs(text: str) -> dict[str, str]:
    folder, _, options = text.partition(":")
    return {folder: options}


def _mount(text: str) -> list[Body]:
    """An anonymous volume, labelled; or a file of this machine, read-only."""
    fields = _fields(text)
    if set(fields) == {"type", "src", "dst", "readonly"} and fields["type"] == "bind":
        place = {"Source": fields["src"], "Target": fields["dst"]}
        return [{"Type": "bind", "ReadOnly": True, **place}]
    if set(fields) != {"type", "dst", "volume-label"} or fields["type"] != "volume":
        raise ValueError(text)
    options = {"Labels": _pair(fields["volume-label"])}
    return [{"Type": "volume", "Target": fields["dst"], "VolumeOptions": options}]


def _fields(text: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in text.split(","))


def _as_list(text: str) -> list[str]:
    return [text]


_OF_CONTAINER: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "--entrypoint": ("Entrypoint", _as_list),
    "--env": ("Env", _variable),
    "--label": ("Labels", _pair),
    "--stop-signal": ("StopSignal", str),
    "--user": ("User", str),
    "--volume": ("Volumes", _volume),
}
_OF_HOST: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "--cap-drop": ("CapDrop", _as_list),
    "--cpus": ("NanoCpus", lambda text: round(float(text) * 1e9)),
    "--dns": ("Dns", _as_list),
    "--ipc": ("IpcMode", str),
    "--log-driver": ("LogConfig", lambda text: {"Type": text}),
    "--memory": ("Memory", int),
    "--memory-swap": ("MemorySwap", int),
    "--mount": ("Mounts", _mount),
    "--network": ("NetworkMode", str),
    "--pids-limit": ("PidsLimit", int),
    "--runtime": ("Runtime", str),
    "--security-opt": ("SecurityOpt", _as_list),
    "--sysctl": ("Sysctls", _pair),
    "--tmpfs": ("Tmpfs", _tmpfs),
    "--ulimit": ("Ulimits", _ulimit),
    "--volumes-from": ("VolumesFrom", _as_list),
}


def error_message(data: bytes) -> str:
    """What an error answer says: ``{"message": …}``, else the first line of it; untrusted."""
    try:
        message = json.loads(data)["message"]
    except (ValueError, LookupError, TypeError):
        message = data[:300].decode(errors="replace").strip().partition("\n")[0]
    return str(message) or "no reason given"
