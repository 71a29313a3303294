"""Small well-formed inputs that the fuzzer starts from, made here."""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.archive.test_lenient import sparse_gnu, sparse_pax
from tests.compat import programs
from tests.elf.crafted import Program
from tests.fuzz.golang import advisory, go_table
from tests.support.archives import cpio_of, gz, make_archive, tar_of, zip_of
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


def _peeked() -> Iterator[bytes]:
    """Two bytes say where the peek ends."""
    program, other = Program().build(), Program(machine=183).build()
    tars = [
        tar_of([("lib/x.so", other), ("tool", program), ("README", b"x" * 300)]),
        tar_of([("tool", program), ("a", other), ("tool", other)]),
        tar_of([("tool.gz", gz(program)), ("LICENSE", b"x")]),
        tar_of([("tool.tar.xz", lzma.compress(tar_of([("b", other), ("tool", program)])))]),
    ]
    zips = [zip_of([("tool", program), ("a/tool", other)]), zip_of([("x.tar.gz", gz(tars[0]))])]
    for data in (*tars, *map(gz, tars), *map(bz2.compress, tars), *zips, gz(gz(tars[0]))):
        for cut in (b"\0\x20", b"\0\x80", b"\xff\xff"):
            yield cut + data


def _cpios() -> Iterator[bytes]:
    program = Program().build()
    yield cpio_of([("bin/rr", 0o100755, program), ("link", 0o120777, b"bin/rr")])
    yield cpio_of([("a", 0o100644, b""), ("b", 0o100644, program)], inodes=(7, 7))
    yield (
        b"070707"
        + b"000001" * 2
        + b"100755"
        + b"000000" * 2
        + b"000001"
        + b"000000"
        + (b"%011o%06o%011o" % (0, 3, len(program)) + b"rr\0" + program)
    )
    for order in "<>":
        words = (0o70707, 1, 2, 0o100755, 0, 0, 1, 0, 0, 0, 3, len(program) >> 16, len(program))
        yield struct.pack(f"{order}13H", *words) + b"rr\0\0" + program


def _sevenzips() -> Iterator[bytes]:
    """As ``sevenzip_frame`` takes them."""
    members = [("usr/bin/rr", 0o100755, Program().build()), ("d", 0o040755, None)]
    for how in ("copy", "lzma", "lzma2", "deflate", "bz2", "zst", "x86+lzma", "delta+lzma2",
                "arm64+lzma", "bcj2", "bcj2+lzma2", "aes", "ppmd"):  # fmt: skip
        for header in ("", "lzma"):
            data = sevenzip_of([*members, ("x", 0o120777, b"usr/bin/rr")], how, header=header)
            body = struct.unpack_from("<Q", data, 12)[0]
            yield struct.pack("<H", body) + data[32:]


def _rpms() -> Iterator[bytes]:
    header = b"\x8e\xad\xe8\x01" + bytes(12)
    for payload in _cpios():
        for packed in (payload, gz(payload), lzma.compress(payload), bz2.compress(payload)):
            yield header + packed


def _deflated() -> Iterator[bytes]:
    program = Program().build()
    for level in (0, 1, 6, 9):
        for data in (program, b"", b"a" * 100_000):
            packer = zlib.compressobj(level, zlib.DEFLATED, -15)
            yield packer.compress(data) + packer.flush()


def _tables() -> Iterator[bytes]:
    for version in ("1.2", "1.16", "1.18", "1.20"):
        for order in "<>":
            for pointer in (4, 8):
                yield b"\x7fELF" + bytes(60) + go_table(version, order, pointer)


def _symbols() -> Iterator[bytes]:
    yield b"net/http.(*Client).Do.func1.2"
    yield b"gopkg.in/yaml%2ev3.(*T[go.shape.int]).M-fm"


def _versions() -> Iterator[bytes]:
    yield b"v1.2.3-rc.1+meta\ngo1.21rc2\n0"
    yield b"v0.0.0-20240101000000-abcdef012345\ngo1.22-20240109-RC01"


def _advisories() -> Iterator[bytes]:
    yield advisory()
    yield advisory("1.2.3-0", "2.0.0-rc.1")


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "elf": _programs,
    "prefix": _programs,
    "archive": _archives,
    "archive_prefix": _archives,
    "nrv": _programs,
    "names": _names,
    "shown": _names,
    "api": _answers,
    "peek": _peeked,
    "sevenzip": _sevenzips,
    "rpm": _rpms,
    "cpio": _cpios,
    "inflate": _deflated,
    "pclntab": _tables,
    "symbols": _symbols,
    "versions": _versions,
    "advisories": _advisories,
}
