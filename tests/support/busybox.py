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
    program = _unpacked("busybox-static", folder=folder) / "bin" / "busybox"
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
    return f"{_unpacked('cpio', folder=folder) / 'bin'}:{os.environ['PATH']}"


def with_bsdtar(path: str, folder: Path) -> str:
    """The PATH with libarchive's bsdtar in front, which few machines have."""
    names = ("libarchive-tools", "libarchive13", "libxml2", "libicu72")
    unpacked = _unpacked(*names, folder=folder / "bsdtar")
    tools = folder / "bsdtar" / "tools"
    tools.mkdir()
    libraries = f"LD_LIBRARY_PATH={unpacked}/usr/lib/x86_64-linux-gnu"
    program = f'#!/bin/sh\n{libraries} exec {unpacked}/usr/bin/bsdtar "$@"\n'
    (tools / "bsdtar").write_text(program, encoding="utf-8")
    (tools / "bsdtar").chmod(0o755)
    return f"{tools}:{path}"


def _unpacked(*names: str, folder: Path) -> Path:
    with locked():
        packages = debian_packages("bookworm", "amd64", names)
    unpacked = folder / "package"
    unpacked.mkdir(parents=True, exist_ok=True)
    for package in packages.values():
        command = ["dpkg-deb", "-x", str(package), str(unpacked)]
        subprocess.run(command, check=True, timeout=60)
    return unpacked
