"""busybox's tools, and nothing else, on a PATH: what the lines to paste meet in a small image."""

import shutil
import subprocess
from pathlib import Path

from tests.support.images import debian_packages

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
    package = debian_packages("bookworm", "amd64", ("busybox-static",))["busybox-static"]
    unpacked = folder / "package"
    subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True, timeout=60)
    program = unpacked / "bin" / "busybox"
    tools = folder / "tools"
    tools.mkdir()
    for applet in APPLETS:
        (tools / applet).symlink_to(program)
    for name in BESIDE:
        place = shutil.which(name)
        assert place is not None, f"{name} is not installed"
        (tools / name).symlink_to(place)
    return str(tools)
