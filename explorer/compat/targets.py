"""The targets: where a binary may have to run. Data in ``data/targets.toml``, loaded on first use (14 ms with tomllib)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from explorer.compat.loader_table import MUSL_ARCHES
from explorer.compat.models import Libc, Target
from explorer.errors import UsageError
from explorer.platforms import go_arch

DATA = Path(__file__).with_name("data") / "targets.toml"
"""Read as a plain file: importlib.resources costs 25 ms more to import."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a package adds to an image."""

    name: str
    libraries: dict[str, str]
    """Path in the image by the name that DT_NEEDED asks for."""
    implies: tuple[str, ...] = ()
    gcompat: str = ""
    """Which gcompat it is (``1.1.0``); empty for everything else."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What the data know of a target beyond the ``Target`` itself."""

    images: tuple[str, ...] = ()
    gcc: int = 0
    """Major version that its libgcc and libstdc++ come from; 0 where none is known."""
    unsure: frozenset[str] = frozenset()
    """Libraries a stock image has, or may have, whose symbols are not listed here."""
    relr_libraries: bool = False
    """Its libgcc and libstdc++ use DT_RELR."""
    libdir: str = ""
    """A glibc distribution's folder of libraries; ``{triplet}`` stands for Debian's multiarch name."""
    usr_merged: str = "no"
    """``yes`` where /lib is a link to /usr/lib; ``unknown`` where that is not known."""


@dataclass(frozen=True, slots=True)
class _Table:
    default: str
    targets: dict[str, Target]
    stocks: dict[str, Stock]
    packages: dict[str, Package]
    aliases: dict[str, str]
    flavours: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


@cache
def _table() -> _Table:
    raw = tomllib.loads(DATA.read_text("utf-8"))
    targets, stocks = {}, {}
    for row in raw["target"]:
        images = tuple(row.get("images", ()))
        targets[row["name"]] = Target(
            name=row["name"],
            title=row["title"],
            libc=Libc(row["libc"]),
            libc_version=row["version"],
            arch="",
            packages=frozenset(row.get("stock", ())),
            image=images[0] if images and row["libc"] != "none" else "",
        )
        stocks[row["name"]] = Stock(
            images,
            row.get("gcc", 0),
            frozenset(row.get("unsure", ())),
            row.get("relr_libraries", False),
            row.get("libdir", ""),
            row.get("usr_merged", "no"),
        )
    packages = {
        name: Package(
            name, dict(row["libraries"]), tuple(row.get("implies", ())), row.get("gcompat", "")
        )
        for name, row in raw["packages"].items()
    }
    flavours = {
        libc: tuple(tuple(names) for names in sets) for libc, sets in raw["flavours"].items()
    }
    return _Table(raw["default"], targets, stocks, packages, dict(raw["aliases"]), flavours)


def all_targets() -> tuple[Target, ...]:
    """Every target in the order of the data, each musl one followed by its usual flavours."""
    table = _table()
    out: list[Target] = []
    for target in table.targets.values():
        out.append(target)
        out += [
            _with_packages(target, names) for names in table.flavours.get(target.libc.value, ())
        ]
    return tuple(out)


def default_target() -> Target:
    """musl of the current Alpine."""
    table = _table()
    return table.targets[table.default]


def find_target(name: str) -> Target:
    """A target by name, with further packages by ``+NAME``: ``alpine-3.22``, ``musl-1.2.5+gcompat+libstdc++``.

    An image reference that ``target_for_image`` knows is taken too. ``/ARCH`` at the end names an architecture, in Go's words or
    the kernel's; without one it is the binary's own.

    Raises:
        UsageError: there is no such target or package; the remedy names near matches.
    """
    table = _table()
    words, arch = _named_arch(name.strip().lower())
    base, *extra = _split(words)
    base = table.aliases.get(base, base)
    target = table.targets.get(base) or target_for_image(base)
    if target is None:
        import difflib  # only for a mistake

        near = difflib.get_close_matches(base, [*table.targets, *table.aliases], n=3, cutoff=0.4)
        remedy = (
            f"Did you mean {', '.join(near)}?" if near else "The command “targets” lists them all"
        )
        raise UsageError(f"There is no target called {name!r}", "", remedy)
    for package in extra:
        if package not in table.packages or target.libc is not Libc.MUSL:
            known = (
                ", ".join(table.packages)
                if target.libc is Libc.MUSL
                else "none: its libraries are those of its stock image"
            )
            raise UsageError(
                f"Nothing is known of {package!r} on {target.name}",
                f"in {name!r}",
                f"Known packages: {known}",
            )
    found = _with_packages(target, extra)
    return replace(found, name=f"{found.name}/{arch}", arch=arch) if arch else found


def _named_arch(name: str) -> tuple[str, str]:
    """``alpine-3.22/aarch64`` as ``("alpine-3.22", "arm64")``; what is behind the slash of an image's name is no architecture."""
    words, slash, last = name.rpartition("/")
    arch = go_arch(last)
    return (words, arch) if slash and arch in MUSL_ARCHES else (name, "")


def _split(name: str) -> list[str]:
    """At each ``+``, but not inside ``libstdc++``."""
    return [part.replace("\0", "++") for part in name.replace("libstdc++", "libstdc\0").split("+")]


def _with_packages(target: Target, names: list[str] | tuple[str, ...]) -> Target:
    if not names:
        return target
    table = _table()
    wanted = set(names)
    for name in names:
        wanted |= set(table.packages[name].implies)
    asked = [name for name in table.packages if name in set(names)]
    return replace(
        target,
        name="+".join([target.name, *asked]),
        title=f"{target.title.partition(', nothing else')[0]} with {', '.join(asked)}",
        packages=target.packages | wanted,
        image="",
    )


def target_for_image(reference: str) -> Target | None:
    """The target that an image reference stands for: ``alpine:3.22``, ``library/debian:12-slim``, ``alpine:3.22.1@sha256:…``.

    None for an image that the data do not know: what is in a stranger's image cannot be told from its name.
    """
    name = reference.strip().lower().partition("@")[0]
    name = re.sub(r"^(?:[^/]+/)?library/", "", name)
    name = re.sub(r"^[^/]*[.:][^/]*/(?=ubi\d)", "", name)
    if "/" not in name and ":" not in name:
        name = name if name == "scratch" or name.startswith("ubi") else f"{name}:latest"
    table = _table()
    for target in table.targets.values():
        for known in table.stocks[target.name].images:
            if name == known or re.fullmatch(
                re.escape(known) + r"(?:(?:\.\d+)+)?(?:-slim)?(?::[\w.-]+)?", name
            ):
                return target
    return None


def stock(target: Target) -> Stock:
    """What the data know of a target (or of one with further packages); an empty ``Stock`` for a made-up one."""
    return _table().stocks.get(_split(_named_arch(target.name)[0])[0], Stock())


def packages_of(target: Target) -> tuple[Package, ...]:
    """The packages in the target that the data know."""
    return tuple(package for name, package in _table().packages.items() if name in target.packages)


def package_with(library: str) -> str:
    """The package that would bring ``library`` to a musl image, empty where none is known."""
    found = (p.name for p in _table().packages.values() if library in p.libraries and not p.gcompat)
    return next(found, "")
