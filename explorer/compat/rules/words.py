"""Words and conditions that several rules use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from explorer.compat.context import Context
from explorer.compat.loader_table import TRIPLETS
from explorer.compat.loaders import whose
from explorer.compat.models import Libc, Target
from explorer.compat.rules.registry import Remedy, remedy_of

_ARCH_NAMES = {
    "amd64": "64-bit Intel/AMD (amd64)",
    "arm64": "64-bit ARM (arm64)",
    "386": "32-bit Intel (386)",
    "arm": "32-bit ARM (arm)",
}


def starts_on(context: Context, libc: Libc) -> bool:
    """A dynamic program whose loader is in a target of this libc."""
    return context.dynamic_program and context.target.libc is libc and context.loader_present


def arch_name(arch: str) -> str:
    """``64-bit ARM (arm64)``; the bare name of a less common one."""
    return _ARCH_NAMES.get(arch, arch or "an unknown processor")


def plural(count: int, one: str, many: str = "") -> str:
    """``1 library``, ``2 libraries``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """``a, b, c and 4 more``."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def some_short(verb: str, names: Sequence[str]) -> str:
    """``missing libstdc++.so.6 +1``: the first name, and the number of others."""
    return f"{verb} {names[0]}" + (f" +{len(names) - 1}" if len(names) > 1 else "")


def place(target: Target) -> str:
    """What to call a target in a sentence: ``Alpine 3.22``, ``musl 1.2.5``, ``an empty image``."""
    if target.name.startswith("scratch"):
        return "an empty image"
    return re.split(r" \(|,|: no | with ", target.title, maxsplit=1)[0]


@cache
def _remedies() -> tuple[tuple[str, str], ...]:
    """Beginnings of package paths, and what to use instead (``data/remedies.toml``)."""
    text = (Path(__file__).parents[1] / "data" / "remedies.toml").read_text(encoding="utf-8")
    return tuple((one["path"], one["use"]) for one in tomllib.loads(text)["program"])


def build_remedy(context: Context) -> Remedy:
    """How to get a file that does not depend on glibc, by what the build info tells."""
    go = context.go_hint
    if whose(context.interpreter or "") is Libc.MUSL:
        return remedy_of(
            "Use a static file of this release, if it has one", "an image with a newer musl"
        )
    image = "a glibc image" + (" such as debian:12-slim" if context.target.arch in TRIPLETS else "")
    other = ["use a static or musl file of this release, if it has one", f"run it on {image}"]
    if go is None:
        return remedy_of(other[0][0].upper() + other[0][1:], *other[1:])
    other = next(([use] for path, use in _remedies() if go.path.startswith(path)), other)
    if go.setting("-buildmode") == "pie" and go.setting("CGO_ENABLED") == "0":
        return remedy_of("Build without -buildmode=pie", *other)
    if go.setting("CGO_ENABLED") == "0":
        return remedy_of("Build without external linking", *other)
    return remedy_of("Build with CGO_ENABLED=0", *other)


def go_words(context: Context) -> str:
    """``Go 1.26.4, cgo off`` where the build info is known, else empty."""
    go = context.go_hint
    if go is None:
        return ""
    cgo = {"0": ", cgo off", "1": ", cgo on"}.get(go.setting("CGO_ENABLED") or "", "")
    return f"Go {go.version.removeprefix('go')}{cgo}"
