"""Tools for lines to paste: busybox's and nothing else, as in a small image, or GNU's."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.images import debian_packages, locked

APPLETS = [
    "sh",
    "echo",
    "cat",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "chmod",
    "sha256sum",
    "tar",
    "head",
    "tail",
    "cpio",
    "gunzip",
    "bunzip2",
    "unxz",
    "unlzma",
    "unzip",
    "wget",
    "uname",
]
BESIDE = ("curl", "zstd", "lz4")
"""Programs that busybox has no applet for."""


def busybox_path(folder: Path) -> str:
    """A PATH of one folder, made in ``folder``: busybox by its applets' names, and ``BESIDE``."""
    program = _unpacked("busybox-static", folder) / "bin" / "busybox"
    tools = folder / "tools"
    tools.mkdir()
    for applet in APPLETS:
        (tools / applet).symlink_to(program)
    for name in BESIDE:
        place = shutil.which(name)
        assert place is not None, f"{name} is not installed"
        (tools / name).symlink_to(place)
    return str(tools)


def gnu_path(folder: Path) -> str:
    """The machine's own PATH, behind GNU cpio, which most machines lack."""
    return f"{_unpacked('cpio', folder) / 'bin'}:{os.environ['PATH']}"


def _unpacked(name: str, folder: Path) -> Path:
    with locked():
        package = debian_packages("bookworm", "amd64", (name,))[name]
    unpacked = folder / "package"
    subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True, timeout=60)
    return unpacked
