"""What a verdict costs before the download, counted at the server."""

import asyncio
import json
import statistics
import subprocess
import sys
from pathlib import Path

from explorer.settings import Settings
from explorer.workbench import Inspection, Workbench
from tests.bench.figures import Figure
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import go_build
from tests.support.github import GitHub

VERSION = "2025.1.15"
TAG = f"v{VERSION}"
WARM = "v2025.1.14"

SOURCE = """package main

import (
	"crypto/tls"
	"debug/dwarf"
	"encoding/xml"
	"fmt"
	"go/types"
	"html/template"
	"image/png"
	"net/http"
	"net/http/httputil"
	"net/rpc"
	"os"
	"runtime"
)

// Reached through an interface, so that the linker keeps them: as large as a real server.
var kept = []any{
	template.New, http.ListenAndServe, httputil.DumpRequest, rpc.Register, types.NewChecker,
	xml.Unmarshal, png.Decode, dwarf.New, tls.Dial,
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Printf("rr version VERSION (build time: %s, %s), OS: %s, arch: %s\\n",
			"2026-06-17T16:05:23+0000",
			runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return
	}
	fmt.Println(kept)
}
""".replace("VERSION", VERSION)


def sixteen_assets() -> dict[str, bytes]:
    """All files of a release since v2023.3.6, around real programs for each system."""
    assets: dict[str, bytes] = {}
    for name, plugin in (("roadrunner", False), ("protoc-gen-php-grpc", True)):
        for system, arch, packing in (
            ("windows", "amd64", "zip"),
            ("darwin", "amd64", "zip"),
            ("linux", "amd64", "tar.gz"),
            ("linux", "arm64", "tar.gz"),
            ("darwin", "arm64", "tar.gz"),
            ("freebsd", "amd64", "tar.gz"),
            ("unknown-musl", "amd64", "tar.gz"),
        ):
            binary = go_program(system.replace("unknown-musl", "linux"), arch)
            root = f"{name}-{VERSION}-{system}-{arch}"
            program = ("protoc-gen-php-grpc" if plugin else "rr") + (
                ".exe" if system == "windows" else ""
            )
            assets[f"{root}.{packing}"] = make_archive(
                packing, root, roadrunner_members(binary, name=program)
            )
    for arch in ("amd64", "arm64"):
        root = f"roadrunner-{VERSION}-linux-{arch}"
        assets[f"{root}.deb"] = make_archive("deb", root, {"rr": go_program("linux", arch)})
    return assets


def go_program(goos: str, goarch: str, *, ldflags: str = "-s -w") -> Path:
    """A real static Go program with most of the standard library in it: 10 MB and more."""
    return go_build(f"bench-{goos}-{goarch}", SOURCE, goos=goos, goarch=goarch, ldflags=ldflags)


def counted(github: GitHub) -> tuple[int, int]:
    """Requests and body bytes at the file host, once the server has noted how its last answer
    ended."""
    github.wait_for(lambda seen: all(s.body_bytes or s.host != "assets" for s in seen))
    return github.count(host="assets"), github.body_bytes(host="assets")


async def peek_one(github: GitHub, folder: Path, name: str) -> tuple[Inspection, int, int]:
    """A peek at one asset: the inspection, ranged requests and body bytes as the file host counted
    them."""
    bench = Workbench(Settings(api_url=github.api_url, cache_dir=folder))
    try:
        subject = await bench.resolve(f"{TAG}/{name}")
        github.forget()
        found = await bench.look(subject)
        return found, *counted(github)
    finally:
        await bench.aclose()


def open_release(github: GitHub, folder: Path, latency: float) -> tuple[int, int, int, float]:
    """All files of a release that is opened in a process of its own: files with a verdict,
    requests, bytes, seconds."""
    command = [sys.executable, "-m", "tests.bench.opener", github.api_url, str(folder), WARM, TAG]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as opener:
        assert opener.stdin is not None
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
        github.latency(latency)
        github.forget()
        opener.stdin.write("go\n")
        opener.stdin.flush()
        took, sure = json.loads(opener.stdout.readline())
        github.latency(0)
    return sure, *counted(github), took


def measure(folder: Path) -> list[Figure]:
    """The figures of the README's table."""
    figures = []
    with GitHub() as github:
        assets = sixteen_assets()
        name = f"roadrunner-{VERSION}-linux-arm64.tar.gz"
        github.add_release(TAG, assets=assets)
        found, requests, moved = asyncio.run(peek_one(github, folder / "one", name))
        figures.append(
            Figure(
                "peek, layout since 2024",
                f"{requests} request, {moved:,} bytes",
                f"of {len(assets[name]):,}: {found.verdicts[0].answer}",
                requests == 1 and moved <= 16384,
            )
        )
    with GitHub() as github:
        root = f"roadrunner-{VERSION}-linux-arm64"
        late = ["CHANGELOG.md", "LICENSE", "README.md", "rr", "rr.asc"]
        data = make_archive(
            "tar.gz", root, roadrunner_members(go_program("linux", "arm64"), changelog=71_000), late
        )
        github.add_release(TAG, assets={f"{root}.tar.gz": data})
        found, requests, moved = asyncio.run(peek_one(github, folder / "late", f"{root}.tar.gz"))
        beside = f"of {len(data):,}: {found.verdicts[0].answer}"
        figures.append(
            Figure(
                "peek, behind a 71 KB CHANGELOG",
                f"{requests} requests, {moved:,} bytes",
                beside,
                moved <= 65536,
            )
        )
    with GitHub() as github:
        github.add_release(
            WARM, assets=assets
        )  # the release before, looked at as the app would have
        github.add_release(TAG, assets=assets)
        runs = [open_release(github, folder / f"all-{number}", 0.1) for number in range(5)]
        sure, requests, moved, _ = runs[0]
        took = statistics.median(run[3] for run in runs)
        total = sum(len(data) for data in assets.values())
        figures.append(
            Figure(
                "release of 16, peeked",
                f"{sure} verdicts, {requests} requests",
                f"{moved:,} of {total:,} bytes",
                sure == 16 and requests <= 16,
            )
        )
        figures.append(
            Figure(
                "… at 100 ms latency", f"{took:.2f} s", f"{took / 0.1:.1f} round trips", took <= 0.3
            )
        )
    return figures
