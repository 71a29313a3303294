"""The proxies that the environment names: which one a request uses, and which hosts use none.

Follows curl: ``HTTPS_PROXY``, ``HTTP_PROXY``, then ``ALL_PROXY``; entries of ``NO_PROXY`` are names
(with all their subdomains), addresses or networks (``10.0.0.0/8``), each with an optional port.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>[0-9]{1,5})")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of ``NO_PROXY``: a network or a name (empty for every host)."""

    network: Network | None
    name: str
    port: int | None

    def covers(self, host: str, port: int) -> bool:
        """Whether a request to ``host`` (lower case, no brackets) and ``port`` uses no proxy."""
        if self.port not in (None, port):
            return False
        if self.network is None:
            return not self.name or host == self.name or host.endswith(f".{self.name}")
        try:
            return ipaddress.ip_address(host) in self.network
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address, and the variable that names it."""

    variable: str
    url: str

    @property
    def shown(self) -> str:
        """``host:port`` for messages; never holds a password."""
        try:
            parts = urlsplit(self.url)
            return f"{parts.hostname or '?'}:{parts.port}" if parts.port else f"{parts.hostname}"
        except ValueError:
            return self.variable


@dataclass(frozen=True, slots=True)
class Proxies:
    """The environment's proxies, as ``read_proxies`` understood them."""

    by_scheme: Mapping[str, Proxy]
    """Keys are ``http``, ``https`` and ``all``."""
    exemptions: tuple[Exemption, ...]
    ignored: tuple[str, ...]
    """Entries of ``NO_PROXY`` that name no host. Untrusted text."""

    def choose(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy of a request, or None for a direct connection."""
        host = host.lower().strip("[]").rstrip(".")
        if any(exemption.covers(host, port) for exemption in self.exemptions):
            return None
        return self.by_scheme.get(scheme) or self.by_scheme.get("all")


def read_proxies(environment: Mapping[str, str]) -> Proxies:
    """Understand the result of ``urllib.request.getproxies()``: scheme (or ``no``) to value."""
    by_scheme = {
        scheme: Proxy(f"{scheme.upper()}_PROXY", _with_scheme(value))
        for scheme in ("http", "https", "all")
        if (value := environment.get(scheme, "").strip())
    }
    exemptions: list[Exemption] = []
    ignored: list[str] = []
    for entry in re.split(r"[,\s]+", environment.get("no", "").strip()):
        if not entry:
            continue
        exemption = _exemption(entry)
        if exemption is None:
            ignored.append(entry)
        else:
            exemptions.append(exemption)
    return Proxies(by_scheme, tuple(exemptions), tuple(ignored))


def _with_scheme(value: str) -> str:
    """The address as httpx takes it. ``socks://``, which GNOME sets, stands for SOCKS 5."""
    scheme, mark, rest = value.partition("://")
    if not mark:
        return f"http://{value}"
    scheme = scheme.lower()
    return f"{'socks5' if scheme == 'socks' else scheme}://{rest}"


def _exemption(entry: str) -> Exemption | None:
    if entry == "*":
        return Exemption(None, "", None)
    host, port = entry.lower(), None
    if "://" in host:
        host = host.partition("://")[2].rstrip("/")
    if match := _PORT.fullmatch(host):
        host, port = match["host"], int(match["port"])
        if not 0 < port < 65536:
            return None
    network = _network(host)
    if network is not None:
        return Exemption(network, "", port)
    name = host.removeprefix("*").removeprefix(".").rstrip(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return Exemption(None, name, port) if _NAME.fullmatch(name) else None


def _network(text: str) -> Network | None:
    """``10.0.0.0/8``, ``[fd00::]/8``, or a single address with or without brackets."""
    match = re.fullmatch(r"\[([0-9a-f:.]+)\](/[0-9]+)?", text)
    try:
        return ipaddress.ip_network(match[1] + (match[2] or "") if match else text, strict=False)
    except ValueError:
        return None
