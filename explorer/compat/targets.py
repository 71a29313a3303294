"""The targets, where a binary may have to run: ``data/targets.toml``, loaded on first use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from explorer.compat import packages as packages_module
from explorer.compat.loader_table import MUSL_ARCHES
from explorer.compat.models import Libc, Target
from explorer.compat.packages import Package, package_from, packages_by
from explorer.errors import UsageError
from explorer.platforms import go_arch

DATA = Path(__file__).with_name("data") / "targets.toml"
"""Read as a plain file, since importlib.resources is slow to import."""
_NOTHING_ELSE = ", nothing else"
"""How the title of a bare libc ends."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What is known of a target besides the ``Target`` itself."""

    images: tuple[str, ...] = ()
    gcc: int = 0
    """The major version of the GCC that its libgcc and libstdc++ come from; 0 if unknown."""
    manager: str = ""
    """Its package manager, by the name in ``packages.toml``; empty if it has none that is known."""
    edition: str = ""
    """Which names its packages have there; empty for those listed."""
    base: tuple[str, ...] = ()
    """The packages with libraries that its stock image holds, besides libgcc and libstdc++."""
    complete: bool = True
    """``base`` names every package with a library, so that any other library is missing."""
    unsure: frozenset[str] = frozenset()
    """Parts of glibc that its image may lack."""
    release: str = ""
    """Of Alpine: ``3.22``; ``edge`` counts as newer than all. Empty for any other target."""
    openssl: str = ""
    """The version of libcrypto3 and libssl3: ``3.3``; empty if it is not known."""
    musl: str = ""
    """A glibc distribution's package of musl: its version. Empty if it has no such package."""
    relr_libraries: bool = False
    """Its libgcc and libstdc++ use DT_RELR."""
    libdir: str = ""
    """A glibc distribution's library folder; ``{triplet}`` is Debian's multiarch tuple."""
    usr_merged: str = "no"
    """``yes`` if /lib is a link to /usr/lib; else ``no`` or ``unknown``."""


@dataclass(frozen=True, slots=True)
class _TargetTable:
    default: str
    targets: dict[str, Target]
    stocks: dict[str, Stock]
    packages: dict[str, Package]
    aliases: dict[str, str]
    flavours: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    across: tuple[str, ...] = ()


@cache
def _table() -> _TargetTable:
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
            image=images[0] if images and row["name"] != "scratch" else "",
        )
        stocks[row["name"]] = Stock(
            images,
            row.get("gcc", 0),
            row.get("manager", ""),
            row.get("edition", ""),
            tuple(row.get("base", ())),
            row.get("complete", row["libc"] != "glibc"),
            frozenset(row.get("unsure", ())),
            _release(row["name"]),
            row.get("openssl", ""),
            row.get("musl", ""),
            row.get("relr_libraries", False),
            row.get("libdir", ""),
            row.get("usr_merged", "no"),
        )
    packages = {name: package_from(name, row) for name, row in raw["packages"].items()}
    flavours = {
        libc: tuple(tuple(names) for names in sets) for libc, sets in raw["flavours"].items()
    }
    return _TargetTable(
        raw["default"],
        targets,
        stocks,
        packages,
        dict(raw["aliases"]),
        flavours,
        tuple(raw["across"]),
    )


def _release(name: str) -> str:
    """``3.22`` of ``alpine-3.22``; ``999`` of ``alpine-edge``, which is newer than any."""
    release = name.removeprefix("alpine-") if name.startswith("alpine-") else ""
    return "999" if release == "edge" else release


def all_targets() -> tuple[Target, ...]:
    """Every target in the order of the data; each with musl is followed by its usual flavours."""
    table = _table()
    out: list[Target] = []
    for target in table.targets.values():
        out.append(target)
        flavours = table.flavours.get(target.libc.value, ())
        known = known_packages(target)
        out += [with_packages(target, names) for names in flavours if known.keys() >= set(names)]
    return tuple(out)


def targets_across() -> tuple[str, ...]:
    """The names of the targets that a table of files and systems shows."""
    return _table().across


def default_target() -> Target:
    """The current Alpine."""
    table = _table()
    return table.targets[table.default]


def find_target(name: str) -> Target:
    """A target by its name: ``alpine-3.22``, or ``musl-1.2.5+gcompat`` with a package.

    An image reference that ``target_for_image`` knows works too. ``/ARCH`` at the end sets the
    architecture (Go's name or the kernel's); without it, it is the binary's own.

    Raises:
        UsageError: there is no such target or package; the remedy names the nearest matches.
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
            f"Did you mean {', '.join(near)}?" if near else "“rr-explorer targets” lists them all"
        )
        raise UsageError(f"There is no target {name!r}", "", remedy)
    known = known_packages(target)
    for package in extra:
        if package not in known:
            some = ", ".join([*known][:6])
            more = f" and {len(known) - 6} more" if len(known) > 6 else ""
            raise UsageError(
                f"The package {package!r} is not known on {target.name}",
                f"in {name!r}",
                f"Known packages: {some}{more}" if known else "It has no known packages",
            )
    target = with_packages(target, extra)
    return replace(target, name=f"{target.name}/{arch}", arch=arch) if arch else target


def _named_arch(name: str) -> tuple[str, str]:
    """``alpine-3.22/aarch64`` as ``("alpine-3.22", "arm64")``; an image's name keeps its slash."""
    words, slash, last = name.rpartition("/")
    arch = go_arch(last)
    return (words, arch) if slash and arch in MUSL_ARCHES else (name, "")


def _split(name: str) -> list[str]:
    """Split at each ``+``, but not inside ``libstdc++``."""
    return [part.replace("\0", "++") for part in name.replace("libstdc++", "libstdc\0").split("+")]


def with_packages(target: Target, names: Sequence[str]) -> Target:
    """The target with packages installed, and what those bring along; unknown ones are ignored."""
    known = known_packages(target)
    named = [name for name in known if name in set(names)]
    if not named:
        return target
    wanted = {*named, *(one for name in named for one in known[name].implies)}
    place, slash, arch = target.name.partition("/")
    base, *before = _split(place)
    plain = _table().targets.get(base, target).title.removesuffix(_NOTHING_ELSE)
    return replace(
        target,
        name="+".join([place, *named]) + slash + arch,
        title=f"{plain} with {', '.join([*before, *named])}",
        packages=target.packages | wanted,
        image="",
    )


def target_for_image(reference: str) -> Target | None:
    """The target of an image: ``alpine:3.22``, ``debian:12-slim``, ``alpine:3.22.1@sha256:…``.

    None for an image that is not listed: its name does not tell what is in it.
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
    """What else is known of a target, with or without packages; empty for one not listed."""
    return _table().stocks.get(stock_name(target), Stock())


def stock_name(target: Target) -> str:
    """A target's name without packages and architecture."""
    return _split(_named_arch(target.name)[0])[0]


def known_packages(target: Target) -> Mapping[str, Package]:
    """The packages that can be added to a target, by name; empty if none is known."""
    return _known_packages(stock_name(target), target.libc)


@cache
def _known_packages(name: str, libc: Libc) -> dict[str, Package]:
    table = _table()
    known = table.stocks.get(name, Stock())
    own = table.packages if libc is Libc.MUSL and known.manager in ("", "apk") else {}
    # Judged by itself: its loader looks for musl's libraries, not for those of the distribution.
    musl = {"musl": Package("musl", {})} if known.musl else {}
    return {**own, **packages_by(known.manager, known.edition), **musl}


def packages_of(target: Target) -> tuple[Package, ...]:
    """The listed packages that a target has, those of its stock image included."""
    return _packages_of(stock_name(target), target.packages)


@cache
def _packages_of(name: str, installed: frozenset[str]) -> tuple[Package, ...]:
    table = _table()
    own = table.stocks.get(name, Stock())
    # An image without a package manager is made from Debian's packages.
    known = {**table.packages, **packages_by(own.manager or "apt", own.edition)}
    have = installed.union(own.base)
    return tuple(package for name, package in known.items() if name in have)


def image_command(target: Target, packages: Sequence[str]) -> str:
    """What a Dockerfile runs to install packages on a target; empty without any."""
    return packages_module.image_command(stock(target).manager or "apk", packages)


def package_with(library: str, target: Target) -> Package | None:
    """The package that installs ``library`` on a target; None if none is known."""
    packages = known_packages(target).values()
    return next((p for p in packages if library in p.libraries and not p.gcompat), None)
