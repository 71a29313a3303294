"""Small well-formed inputs that the fuzzer starts from, made here."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator

from tests.archive.test_lenient import sparse_gnu, sparse_pax
from tests.compat import programs
from tests.elf.crafted import Program
from tests.support.archives import make_archive
from tests.support.binaries import DATA, binary
from tests.support.sevenzip import sevenzip_of


def _archives() -> Iterator[bytes]:
    program = Program().build()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("rr/rr")
        info.size = len(program)
        tar.addfile(info, io.BytesIO(program))
        link = tarfile.TarInfo("rr/link")
        link.type, link.linkname = tarfile.SYMTYPE, "rr"
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("x" * 120))
    yield plain.getvalue()
    for packed in (gzip.compress, bz2.compress, lzma.compress):
        yield packed(plain.getvalue())
        yield packed(program)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("rr/rr", program)
            archive.writestr("rr/LICENSE", "text")
        yield buffer.getvalue()
        yield b"#!/bin/sh\n" + buffer.getvalue()
    members = {"usr/bin/rr": program, "usr/share/LICENSE": b"text"}
    for packing in (
        "cpio",
        "rpm",
        "deb",
        "deb-xz",
        "tar.lz",
        "tar.lz4",
        "tar.lzma",
        "tar.zst",
        "7z",
    ):
        yield make_archive(packing, "", members, tool=False)
    for how in ("bcj2+lzma2", "arm64+lzma"):
        yield sevenzip_of([("usr/bin/rr", 0o100755, program), ("x", 0o100644, b"x")], how)
    yield sparse_gnu("rr", 1 << 16, [(0, program[:300]), (1 << 15, b"x" * 300)]) + bytes(1024)
    for version in ("0.0", "0.1", "1.0"):
        yield sparse_pax(version) + bytes(1024)


def _programs() -> Iterator[bytes]:
    yield Program().build()
    for name in ("c-musl", "c-glibc-new", "c-relr-musl", "c-i386", "c-shared", "c-ifunc"):
        yield binary(name).read_bytes()[:40_000]
    for path in (
        programs.x32(),
        programs.hidden_version(),
        programs.android_relocations("android"),
        programs.names_library("$ORIGIN/libv.so"),
    ):
        yield path.read_bytes()[:40_000]
    for name in ("upx-static-amd64", "upx-dynamic-amd64"):
        yield (DATA / name).read_bytes()
    yield b"#!/bin/sh\nexit\n"
    yield b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0d\x86"


def _names() -> Iterator[bytes]:
    yield b"v2025.1.15\nroadrunner-2025.1.15-linux-arm64.tar.gz"
    yield b"v1\ntool_Linux_x86_64v1.tar.gz"
    yield b"a/b\nx.AppImage.zsync"


def _answers() -> Iterator[bytes]:
    asset = {"id": 1, "name": "rr-linux-amd64.tar.gz", "size": 3, "state": "uploaded"}
    release = {"id": 1, "tag_name": "v1", "draft": False, "prerelease": False, "assets": [asset]}
    yield json.dumps([release]).encode()


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "elf": _programs,
    "prefix": _programs,
    "archive": _archives,
    "archive_prefix": _archives,
    "nrv": _programs,
    "names": _names,
    "shown": _names,
    "api": _answers,
}
