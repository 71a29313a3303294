"""Where an engine's API is, as its client knows it, and the connection to it."""

import json
import os
import ssl
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.verify.api import EngineApi, NoApiError
from explorer.verify.client import call, finish
from explorer.verify.forward import forward

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 15.0
"""A daemon behind ssh takes seconds."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an API is."""

    url: str
    """``unix://PATH``, ``tcp://HOST:PORT`` or ``ssh://[USER@]HOST[:PORT][/PATH]``."""
    tls: Path | None = None
    """A folder with ca.pem, cert.pem and key.pem, each optional; None: not encrypted."""
    identity: str = ""
    """The ssh key; empty: as ssh is configured."""


async def docker_endpoint(command: tuple[str, ...]) -> Endpoint | None:
    """Of docker's current context, or the one that the client's arguments name.

    Raises:
        EngineError: the client gives no answer.
    """
    asked = await call((*command, "context", "inspect"))
    try:
        context = json.loads(asked.stdout)[0]
        url = str(context["Endpoints"]["docker"]["Host"])
        folder = Path(context["Storage"]["TLSPath"]) / "docker"
        is_verified = not context["Endpoints"]["docker"].get("SkipTLSVerify")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if any(word.startswith("--tls") for word in command) or not is_verified:
        return None  # the client knows how
    if context.get("TLSMaterial"):
        return Endpoint(url, folder)
    if os.environ.get("DOCKER_TLS_VERIFY"):
        places = ("DOCKER_CERT_PATH", "DOCKER_CONFIG")
        named = next((place for name in places if (place := os.environ.get(name))), "~/.docker")
        return Endpoint(url, Path(named.replace("~", str(Path.home()), 1)))
    return Endpoint(url)


async def podman_endpoint(command: tuple[str, ...], info: dict[str, object]) -> Endpoint | None:
    """Of the connection that podman's client uses; of its own socket, if its service runs."""
    words = dict(pairwise(command))
    wanted = words.get("--connection") or words.get("-c") or os.environ.get("CONTAINER_CONNECTION")
    if "--url" in words or os.environ.get("CONTAINER_HOST"):
        url = words.get("--url") or os.environ.get("CONTAINER_HOST", "")
        return Endpoint(url, identity=words.get("--identity", ""))
    host = info.get("host")
    if not wanted and isinstance(host, dict) and not host.get("serviceIsRemote"):
        socket = host.get("remoteSocket")
        if not isinstance(socket, dict) or not socket.get("exists"):
            return None
        path = str(socket.get("path", "")).removeprefix("unix://")
        return Endpoint(f"unix://{path}")
    listed = await call((command[0], "system", "connection", "list", "--format=json"))
    try:
        for one in json.loads(listed.stdout):
            if one["Name"] == wanted or (not wanted and one.get("Default")):
                return Endpoint(str(one["URI"]), identity=str(one.get("Identity") or ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return None


async def connect(name: str, endpoint: Endpoint) -> EngineApi | None:
    """A connection that has answered; None if there is none: then the client is the way.

    Raises:
        EngineError: something accepts the connection, and gives no answer or none of an engine.
    """
    import httpx

    scheme, _, rest = endpoint.url.partition("://")
    base = "http://engine"
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
    opened = None
    if scheme == "unix":
        transport = httpx.AsyncHTTPTransport(uds=rest, limits=limits)
    elif scheme == "tcp":
        base = f"{'https' if endpoint.tls else 'http'}://{rest}"
        try:
            transport = _over_tcp(endpoint, limits)
        except (OSError, ValueError):  # a file that is missing or damaged
            return None
    elif scheme == "ssh":
        opened = await forward(endpoint.url, endpoint.identity, CONNECT_SECONDS)
        if opened is None:
            return None
        transport = httpx.AsyncHTTPTransport(uds=str(opened.socket), limits=limits)
    else:
        return None
    api = EngineApi(name, transport, base, opened, endpoint.url)
    try:
        if await api.negotiate(CONNECT_SECONDS):
            return api
    except NoApiError:
        pass
    except BaseException:
        await finish(api.aclose())
        raise
    await api.aclose()
    return None


def _over_tcp(endpoint: Endpoint, limits: "httpx.Limits") -> "httpx.AsyncHTTPTransport":
    import httpx

    if endpoint.tls is None:
        return httpx.AsyncHTTPTransport(limits=limits)
    authority = endpoint.tls / "ca.pem"
    context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
    if (endpoint.tls / "cert.pem").exists():
        context.load_cert_chain(endpoint.tls / "cert.pem", endpoint.tls / "key.pem")
    return httpx.AsyncHTTPTransport(verify=context, limits=limits)
