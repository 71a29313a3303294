"""What a package manager can install: ``data/packages.toml``, loaded on first use."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("data") / "packages.toml"
MEMORY = "memory"
"""The source of a list that was not read from a package database."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a package adds to an image."""

    name: str
    libraries: dict[str, str]
    """Path in the image by the name in DT_NEEDED."""
    implies: tuple[str, ...] = ()
    """Listed packages that are installed with it."""
    gcompat: str = ""
    """The version of gcompat (``1.1.0``); empty for any other package."""
    source: str = ""
    """Where it is known from that the package has these libraries."""

    @property
    def known_from(self) -> str:
        """The source, for a sentence."""
        return "general knowledge, no package database" if self.source == MEMORY else self.source


def package_from(name: str, row: Mapping[str, Any]) -> Package:
    """A package that ``targets.toml`` describes in full."""
    return Package(
        name,
        dict(row["libraries"]),
        tuple(row.get("implies", ())),
        row.get("gcompat", ""),
        row.get("source", ""),
    )


@cache
def _managers() -> dict[str, Any]:
    return tomllib.loads(DATA.read_text("utf-8"))


@cache
def packages_by(manager: str, edition: str = "") -> Mapping[str, Package]:
    """The packages of a package manager, by name; empty for one that is not listed.

    Args:
        edition: a release with other names, as ``packages.toml`` lists it.
    """
    packages: dict[str, Package] = {}
    other = _edition(manager, edition)
    for listed in _managers().get(manager, {}).get("list", ()):
        for name, libraries in listed["packages"].items():
            if name in other.gone:
                continue
            name = other.renamed.get(name, name)
            present = (library for library in libraries if library not in other.absent)
            paths = {library: f"/usr/lib/{library}" for library in present}
            source = other.source or listed["source"]
            if paths:
                packages.setdefault(name, Package(name, paths, source=source))
    return packages


@dataclass(frozen=True, slots=True)
class _Edition:
    """How the packages of a release differ from those that are listed."""

    source: str = ""
    gone: frozenset[str] = frozenset()
    """Packages."""
    absent: frozenset[str] = frozenset()
    """Libraries that a package of the same name does not have there."""
    renamed: Mapping[str, str] = field(default_factory=dict)


def _edition(manager: str, edition: str) -> _Edition:
    row = _managers().get(manager, {}).get("edition", {}).get(edition)
    if row is None:
        return _Edition()
    if "like" in row:
        return replace(_edition(manager, row["like"]), source=row["source"])
    gone, absent = (frozenset(row.get(key, ())) for key in ("gone", "absent"))
    return _Edition(row["source"], gone, absent, row.get("renamed", {}))


def install_command(manager: str, packages: Sequence[str]) -> str:
    """``apk add gcompat libgcc``; empty without packages, or for an unknown package manager."""
    return _command("command", manager, packages)


def image_command(manager: str, packages: Sequence[str]) -> str:
    """``apk add --no-cache gcompat``: for an image, where no package list is to be left."""
    return _command("image", manager, packages)


def _command(kind: str, manager: str, packages: Sequence[str]) -> str:
    template: str = _managers().get(manager, {}).get(kind, "")
    return template.format(" ".join(packages)) if packages else ""
