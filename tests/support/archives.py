"""Archives for the tests, laid out as RoadRunner's: one folder named as the archive, and in it the
binary and its papers.

``make_archive`` packs with the real tools (tar, zip, dpkg-deb) where they are installed, else with
the standard library. ``tar_of``, ``zip_of`` and ``ar_of`` write member by member what no tool
would: hostile names, lying headers.
"""

import bz2
import gzip
import io
import lzma
import os
import posixpath
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DATA = Path(__file__).resolve().parents[1] / "data"
WHEN = 1_718_632_000
"""Modification time of every member, seconds since the epoch (2024-06-17)."""

SIGNATURE = (DATA / "rr-2024.1.5-windows-amd64.rr.exe.asc").read_bytes()
"""A genuine detached signature (of another file)."""

Content = bytes | Path


def roadrunner_members(
    binary: Content, *, name: str = "rr", changelog: int = 3_000
) -> dict[str, Content]:
    """The five files of a RoadRunner archive by name; ``changelog`` is the length of CHANGELOG.md
    in bytes (71 KB in v2.12.3)."""
    lines = (
        f"- {i}: [BUG] fixed what {i * 7919 % 104729} broke, see #{i * 31 % 4000}\n"
        for i in range(changelog // 20 + 1)
    )
    return {
        name: binary,
        f"{name}.asc": SIGNATURE,
        "README.md": b"# RoadRunner\n\nA high-performance PHP application server.\n" * 40,
        "CHANGELOG.md": ("# CHANGELOG\n\n" + "".join(lines)).encode()[:changelog],
        "LICENSE": b"MIT License\n\nPermission is hereby granted, free of charge\n" * 18,
    }


def make_archive(
    packing: str,
    root_name: str,
    members: Mapping[str, Content],
    order: Sequence[str] | None = None,
    *,
    tool: bool = True,
    tar_format: str = "gnu",
) -> bytes:
    """An archive's bytes.

    Args:
        packing: ``tar``, ``tar.gz``, ``tar.xz``, ``tar.bz2``, ``tar.zst``, ``zip``, ``deb`` (zstd
            as in RoadRunner's later ones),
            ``deb-gz``, ``deb-xz``, ``deb-bz2``, ``deb-tar`` (by how the data member is packed),
            ``cpio``, ``rpm``, ``7z``, ``tar.lz``, ``tar.lzma``, ``tar.lz4``, or ``gz``, ``xz``,
            ``bz2``, ``zst``, ``lz``, ``lzma``, ``lz4`` of the only member, or ``raw``: the only
            member itself.
        root_name: the one folder in it; empty puts the members at the top. A deb's members have
            paths like ``usr/bin/rr`` and
            its root_name is the package's name.
        members: contents by name, bytes or a file to read; see ``mode_of`` for their permission
            bits.
        order: the names in the order in which they are written; default: the mapping's.
        tool: False for the standard library even where tar, zip or dpkg-deb are installed.
        tar_format: ``gnu``, ``pax`` or ``ustar``.
    """
    names = list(order or members)
    assert sorted(names) == sorted(members), "order must name every member once"
    blobs = {name: _bytes(members[name]) for name in names}
    if packing == "raw" or packing in _PACKERS:
        (data,) = blobs.values()
        return data if packing == "raw" else _PACKERS[packing](data)
    if packing in ("cpio", "rpm"):
        cpio = cpio_of((f"./{n}", stat.S_IFREG | mode_of(n), data) for n, data in blobs.items())
        return cpio if packing == "cpio" else rpm_of(_PACKERS["zst"](cpio))
    if packing == "7z":
        from tests.support.sevenzip import sevenzip_of

        return sevenzip_of([(n, stat.S_IFREG | mode_of(n), data) for n, data in blobs.items()])
    if packing.startswith("deb"):
        return _deb(root_name or "roadrunner", blobs, packing.partition("-")[2] or "zst", tool)
    prefix = f"{root_name}/" if root_name else ""
    tree = {f"{prefix}{name}": data for name, data in blobs.items()}
    if packing == "zip":
        return _zip(tree, tool)
    tar = _tar(tree, tar_format, tool)
    return tar if packing == "tar" else _PACKERS[packing.removeprefix("tar.")](tar)


def _bytes(content: Content) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


def mode_of(name: str) -> int:
    """The permission bits that a file of this name gets: 0755 for ``*.exe`` and for names without
    an ending but LICENSE and control."""
    last = name.rsplit("/", 1)[-1]
    return (
        0o755
        if last.endswith(".exe") or ("." not in last and last not in ("LICENSE", "control"))
        else 0o644
    )


def gz(data: bytes) -> bytes:
    """As ``gzip -n``: level 6 (what ``tar -z`` uses), no name, no time."""
    return gzip.compress(data, 6, mtime=0)


def zst(data: bytes, level: int = 6) -> bytes:
    """One zstd frame with its content size and checksum."""
    options = {
        int(zstd.CompressionParameter.checksum_flag): 1,
        int(zstd.CompressionParameter.compression_level): level,
    }
    return zstd.compress(data, options=options)


def lz(data: bytes) -> bytes:
    """One lzip member: the LZMA stream of a ``.lzma`` file under another header and a trailer."""
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 2, "dict_size": 1 << 20}]
    stream = lzma.compress(data, format=lzma.FORMAT_ALONE, filters=filters)[13:]
    sizes = len(data), 26 + len(stream)
    return b"LZIP\x01\x14" + stream + struct.pack("<L2Q", zlib.crc32(data), *sizes)


def lz4(data: bytes) -> bytes:
    """One lz4 frame with its checksum."""
    from lz4.frame import compress

    return bytes(compress(data, content_checksum=True))


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gz,
    "xz": lambda data: lzma.compress(data, preset=2),
    "bz2": bz2.compress,
    "zst": zst,
    "lz": lz,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "lz4": lz4,
}


def tar_of(
    members: Iterable[tuple[tarfile.TarInfo | str, bytes]],
    *,
    tar_format: Literal[0, 1, 2] = tarfile.GNU_FORMAT,
) -> bytes:
    """A plain tar of exactly these headers.

    A ``TarInfo`` keeps its own size, type, mode and link, however wrong.
    """
    out = io.BytesIO()
    for head, data in members:
        if isinstance(head, str):
            info = tarfile.TarInfo(head)
            info.size, info.mode, info.mtime = len(data), mode_of(head), WHEN
        else:
            info = head
        out.write(info.tobuf(tar_format, "utf-8", "surrogateescape"))
        out.write(data + bytes(-len(data) % 512))
    return out.getvalue() + bytes(1024)


def zip_of(
    members: Iterable[tuple[zipfile.ZipInfo | str, bytes]],
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A zip of exactly these entries, written by the standard library."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for head, data in members:
            if isinstance(head, str):
                info = zipfile.ZipInfo(head, (2024, 6, 17, 14, 0, 0))
                info.external_attr = (stat.S_IFREG | mode_of(head)) << 16
                info.compress_type = compression
            else:
                info = head
            archive.writestr(info, data)
    return out.getvalue()


def cpio_of(members: Iterable[tuple[str, int, bytes]], *, inodes: Sequence[int] = ()) -> bytes:
    """A cpio archive in the newc format, of names, modes and contents.

    Members that share one of the ``inodes`` (in the members' order) are names of one file.
    """
    out = bytearray()
    for index, (name, mode, data) in enumerate([*members, ("TRAILER!!!", 0, b"")]):
        inode = inodes[index] if index < len(inodes) else 1000 + index
        links = max(1, list(inodes).count(inode))
        raw = name.encode("utf-8", "surrogateescape") + b"\0"
        fields = (inode, mode, 0, 0, links, WHEN, len(data), 0, 0, 0, 0, len(raw), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def rpm_of(
    payload: bytes, *, lead: bytes = b"\xed\xab\xee\xdb\x03\0", header: bytes = b""
) -> bytes:
    """An RPM package around a packed payload: a lead, a 5-byte signature, a header (empty)."""
    signature = _rpm_section(struct.pack(">4L", 1000, 7, 0, 5), b"12345")
    header = header or _rpm_section(b"", b"")
    return lead.ljust(96, b"\0") + signature + bytes(-len(signature) % 8) + header + payload


def _rpm_section(entries: bytes, data: bytes) -> bytes:
    counts = struct.pack(">2L", len(entries) // 16, len(data))
    return b"\x8e\xad\xe8\x01" + bytes(4) + counts + entries + data


def rpm6_header(members: Sequence[tuple[str, int, bytes]], inodes: Sequence[int] = ()) -> bytes:
    """The header of an RPM whose payload has no names: the list of its files. See ``cpio_of``."""
    names = [posixpath.split(name) for name, _, _ in members]
    folders = sorted({folder for folder, _ in names})
    strings, numbers = list[tuple[int, list[bytes]]](), list[tuple[int, int, str, list[int]]]()
    strings.append((1118, [f"{folder}/".encode() for folder in folders]))
    strings.append((1117, [base.encode() for _, base in names]))
    strings.append((1036, [data if stat.S_ISLNK(mode) else b"" for _, mode, data in members]))
    numbers.append((1116, 4, "L", [folders.index(folder) for folder, _ in names]))
    numbers.append((1030, 3, "H", [mode for _, mode, _ in members]))
    numbers.append((5008, 5, "Q", [len(data) for _, _, data in members]))
    numbers.append((1095, 4, "L", [1] * len(members)))
    numbers.append((1096, 4, "L", [*inodes, *range(100, 100 + len(members))][: len(members)]))
    entries, data = b"", b""
    for tag, texts in strings:
        entries += struct.pack(">4L", tag, 8, len(data), len(texts))
        data += b"".join(text + b"\0" for text in texts)
    for tag, kind, form, values in numbers:
        data += bytes(-len(data) % 8)
        entries += struct.pack(">4L", tag, kind, len(data), len(values))
        data += struct.pack(f">{len(values)}{form}", *values)
    return _rpm_section(entries, data)


def stripped_cpio_of(contents: Iterable[tuple[int, bytes]]) -> bytes:
    """A payload of RPM 6: numbers in the header's list of files, and contents."""
    out = bytearray()
    for number, data in contents:
        out += b"07070X%08x\0\0" % number + data
        out += bytes(-len(out) % 4)
    return bytes(out) + cpio_of([])


def ar_of(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A common ar archive: 60-byte headers, bodies padded to even."""
    out = bytearray(b"!<arch>\n")
    for name, data in members:
        out += (
            f"{name:<16}{WHEN:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) & 1)
        )
    return bytes(out)


def deb_of(
    control: bytes, data: bytes, *, packing: str = "gz", control_packing: str = "gz"
) -> bytes:
    """A deb from two plain tars.

    ``packing``: ``gz``, ``xz``, ``zst``, ``bz2`` or ``tar`` (plain).
    """

    def member(name: str, tar: bytes, how: str) -> tuple[str, bytes]:
        return (f"{name}.tar", tar) if how == "tar" else (f"{name}.tar.{how}", _PACKERS[how](tar))

    return ar_of(
        [
            ("debian-binary", b"2.0\n"),
            member("control", control, control_packing),
            member("data", data, packing),
        ]
    )


def _directories(paths: Iterable[str]) -> list[str]:
    """Every folder above these paths, each before what is in it."""
    found: dict[str, None] = {}
    for path in paths:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            found.setdefault("/".join(parts[:depth]))
    return list(found)


def _lay_out(folder: Path, tree: Mapping[str, bytes]) -> None:
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode_of(name))
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (WHEN, WHEN))


def _run(command: Sequence[str], folder: Path) -> bytes:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr.decode(errors='replace')}"
    return done.stdout


def _has_gnu_tar() -> bool:
    tar = shutil.which("tar")
    return (
        tar is not None
        and b"GNU"
        in subprocess.run([tar, "--version"], capture_output=True, check=False, timeout=60).stdout
    )


def _tar(tree: Mapping[str, bytes], tar_format: str, tool: bool) -> bytes:
    names = [*_directories(tree), *tree]
    if tool and _has_gnu_tar():
        with tempfile.TemporaryDirectory() as scratch:
            _lay_out(Path(scratch), tree)
            owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=none"]
            return _run(
                [
                    "tar",
                    f"--format={tar_format}",
                    *owner,
                    "--no-recursion",
                    "-cf",
                    "-",
                    "--",
                    *names,
                ],
                Path(scratch),
            )
    formats: dict[str, Literal[0, 1, 2]] = {
        "gnu": tarfile.GNU_FORMAT,
        "pax": tarfile.PAX_FORMAT,
        "ustar": tarfile.USTAR_FORMAT,
    }
    heads: list[tuple[tarfile.TarInfo | str, bytes]] = []
    for name in names:
        info = tarfile.TarInfo(name)
        info.mtime = WHEN
        if name in tree:
            info.size, info.mode = len(tree[name]), mode_of(name)
        else:
            info.type, info.mode = tarfile.DIRTYPE, 0o755
        heads.append((info, tree.get(name, b"")))
    return tar_of(heads, tar_format=formats[tar_format])


def _zip(tree: Mapping[str, bytes], tool: bool) -> bytes:
    if tool and shutil.which("zip"):
        with tempfile.TemporaryDirectory() as scratch:
            _lay_out(Path(scratch), tree)
            _run(
                ["zip", "-q", "-X", "out.zip", *(f"{d}/" for d in _directories(tree)), *tree],
                Path(scratch),
            )
            return Path(scratch, "out.zip").read_bytes()
    return zip_of([*((f"{d}/", b"") for d in _directories(tree)), *tree.items()])


def _deb(package: str, tree: Mapping[str, bytes], packing: str, tool: bool) -> bytes:
    control = (
        f"Package: {package}\nVersion: 1.0\nArchitecture: all\n"
        "Maintainer: nobody <nobody@example.test>\nDescription: a test\n"
    )
    if tool and packing in ("gz", "xz", "zst") and shutil.which("dpkg-deb"):
        with tempfile.TemporaryDirectory() as scratch:
            _lay_out(Path(scratch, "tree"), {"DEBIAN/control": control.encode(), **tree})
            kind = {"gz": "gzip", "xz": "xz", "zst": "zstd"}[packing]
            _run(
                ["dpkg-deb", f"-Z{kind}", "--root-owner-group", "--build", "tree", "out.deb"],
                Path(scratch),
            )
            return Path(scratch, "out.deb").read_bytes()
    heads = [(f"./{name}", data) for name, data in tree.items()]
    folders: list[tuple[tarfile.TarInfo | str, bytes]] = []
    for name in ("./", *(f"./{d}/" for d in _directories(tree))):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, WHEN
        folders.append((info, b""))
    data = tar_of([*folders, *heads])
    return deb_of(
        tar_of([("./control", control.encode())]), data, packing=packing, control_packing=packing
    )
