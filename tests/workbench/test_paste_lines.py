"""The lines that fetch a file, run as printed, for every packing, with GNU and busybox tools."""

import asyncio
import bz2
import dataclasses
import lzma
import shlex
import stat
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from explorer.archive import Format, Member
from explorer.errors import FormatError
from explorer.report.advice import Snippet, pastable, snippets
from explorer.workbench import Advice, Depth, Workbench
from tests.support.archives import cpio_of, deb_of, gz, lz4, rpm_of, tar_of, zip_of, zst
from tests.support.busybox import busybox_path, gnu_path, with_bsdtar
from tests.support.github import GitHub
from tests.support.sevenzip import sevenzip_of
from tests.workbench.conftest import VERSION, rr

REPO, TAG = "acme/tool", "v1.0.0"
WEAPON = "--checkpoint=1 --checkpoint-action=exec=touch owned"


def program() -> bytes:
    return rr().read_bytes()


def tar(name: str = "tool") -> bytes:
    return tar_of([("README.md", b"read me"), (name, program())])


def deb(packing: str) -> bytes:
    return deb_of(tar_of([]), tar("./usr/bin/tool"), packing=packing)


def cpio(name: str) -> bytes:
    return cpio_of([("README.md", 0o100644, b"read me"), (name, 0o100755, program())])


def rpm(pack: Callable[[bytes], bytes]) -> bytes:
    return rpm_of(pack(cpio("./usr/bin/tool")))


def sevenzip(name: str) -> bytes:
    mode = stat.S_IFREG | 0o755
    return sevenzip_of([("lib/tool", mode, b"another"), (name, mode, program())])


RPM_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gz,
    "xz": lzma.compress,
    "zst": zst,
    "plain": bytes,
}
PACKINGS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "raw": ("tool-linux-amd64", program),
    "dot-slash": ("tool-linux-amd64.tar.gz", lambda: gz(tar("./tool"))),
    "folder": ("tool-linux-amd64.tgz", lambda: gz(tar("tool 1.0/bin/tool"))),
    "tar": ("tool-linux-amd64.tar", tar),
    "tar-named-gz": ("tool-plaintar-linux-amd64.tar.gz", tar),
    "xz-named-gz": ("tool-xz-linux-amd64.tar.gz", lambda: lzma.compress(tar())),
    "tar-xz": ("tool-linux-amd64.tar.xz", lambda: lzma.compress(tar())),
    "tar-bz2": ("tool-linux-amd64.tar.bz2", lambda: bz2.compress(tar())),
    "tar-zst": ("tool-linux-amd64.tar.zst", lambda: zst(tar())),
    "apk": ("tool-linux-amd64.apk", lambda: gz(tar("usr/bin/tool"))),
    "no-ending": ("tool-noending-linux-amd64", lambda: gz(tar())),
    "gz": ("tool-linux-amd64.gz", lambda: gz(program())),
    "xz": ("tool-linux-amd64.xz", lambda: lzma.compress(program())),
    "bz2": ("tool-linux-amd64.bz2", lambda: bz2.compress(program())),
    "zst": ("tool-linux-amd64.zst", lambda: zst(program())),
    "lz4": ("tool-linux-amd64.lz4", lambda: lz4(program())),
    "lzma": (
        "tool-linux-amd64.lzma",
        lambda: lzma.compress(program(), format=lzma.FORMAT_ALONE),
    ),
    "gz-without-ending": ("tool-linux-amd64", lambda: gz(program())),
    "zip": ("tool-linux-amd64.zip", lambda: zip_of([("x/tool", program())])),
    "zip-named-tar": ("tool-linux-amd64.tar.gz", lambda: zip_of([("./tool", program())])),
    **{
        f"deb-{how}": ("tool_1.0.0_linux_amd64.deb", partial(deb, how))
        for how in ("gz", "xz", "zst", "bz2", "tar")
    },
    **{
        f"rpm-{how}": ("tool-1-1.x86_64.rpm", partial(rpm, pack))
        for how, pack in RPM_PACKERS.items()
    },
    "cpio": ("tool-linux-amd64.cpio", lambda: cpio("tool")),
    "cpio-dots": ("tool-linux-amd64.cpio", lambda: cpio("./it's $(touch owned)/tool")),
    "7z": ("tool-linux-amd64.7z", lambda: sevenzip("bin/tool")),
    "7z-weapon": ("tool-linux-amd64.7z", lambda: sevenzip(f"{WEAPON}/it's $(touch owned)/tool")),
    "weapon": ("tool-linux-amd64.tar.gz", lambda: gz(tar(f"{WEAPON}/tool"))),
    "spaces-and-quotes": ("tool-linux-amd64.tar.gz", lambda: gz(tar("it's $(touch owned)/tool"))),
}


@pytest.fixture(params=["gnu", "busybox"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the tools are."""
    return gnu_path(tmp_path) if request.param == "gnu" else busybox_path(tmp_path)


def pasted(lines: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run lines as an ordinary shell does, which goes on after a line that fails."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        ["sh", "-c", lines],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def advised(
    github: GitHub, opened: Callable[..., Workbench], name: str, data: bytes
) -> Advice:
    """The advice on a release with this file alone, which was downloaded before."""
    github.add_release(TAG, {name: data}, repo=REPO)
    bench = opened(repo=REPO)
    await bench.look(await bench.resolve(f"{TAG}/{name}"), depth=Depth.WHOLE)
    return await bench.advise(TAG, "amd64", "musl")


def shell_lines(advice: Advice) -> Snippet:
    lines, why_none = pastable(advice)
    assert not why_none
    return next(snippet for snippet in lines if snippet.key == "shell")


@pytest.mark.parametrize("packing", PACKINGS)
async def test_the_lines_give_the_program(
    packing: str, path: str, github: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    name, data = PACKINGS[packing]
    advice = await advised(github, opened, name, data())
    assert advice.inspection is not None
    lines = shell_lines(advice)
    program_name = advice.inspection.file.name
    path = with_bsdtar(path, tmp_path) if packing.startswith("7z") else path
    done = await asyncio.to_thread(
        pasted, f"{lines.text}./{program_name} --version", tmp_path / "here", path
    )
    assert done.returncode == 0, lines.text + done.stderr
    assert f"rr version {VERSION}" in done.stdout
    assert not (tmp_path / "here" / "owned").exists()


@pytest.mark.parametrize(
    ("packing", "note"),
    [
        ("deb-xz", ""),
        ("deb-zst", "Needs zstd."),
        ("rpm-gz", "Needs cpio."),
        ("7z", "Needs bsdtar."),
    ],
)
async def test_the_note_names_what_many_machines_lack(
    packing: str, note: str, github: GitHub, opened: Callable[..., Workbench]
) -> None:
    assert shell_lines(await advised(github, opened, *_built(packing))).note == note


@pytest.mark.parametrize("packing", ["raw", "dot-slash", "gz", "zip"])
async def test_a_wrong_checksum_stops_the_block(
    packing: str, path: str, github: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    name, data = PACKINGS[packing]
    advice = await advised(github, opened, name, data())
    other = dataclasses.replace(advice, sha256="0" * 64)
    lines = shell_lines(other).text
    done = await asyncio.to_thread(pasted, f"{lines}echo went on", tmp_path / "here", path)
    files = {file.name: file.stat().st_mode & 0o111 for file in (tmp_path / "here").iterdir()}
    assert len(files) == 1, "the download alone"
    assert not any(files.values()), "nothing was made executable"
    assert "FAILED" in done.stdout + done.stderr


def with_member(advice: Advice, **changes: object) -> Advice:
    """The advice with another member, as if the archive had it."""
    assert advice.chosen is not None
    inspection = advice.chosen.state.inspection
    assert inspection is not None
    assert isinstance(inspection.member, Member)
    member = dataclasses.replace(inspection.member, **changes)  # type: ignore[arg-type]
    inspection = dataclasses.replace(inspection, member=member)
    state = dataclasses.replace(advice.chosen.state, inspection=inspection)
    return dataclasses.replace(advice, chosen=dataclasses.replace(advice.chosen, state=state))


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        (Format.TAR_GZ, "[a]/tool"),
        (Format.TAR_GZ, "a*/tool"),
        (Format.TAR_GZ, "a\\n/tool"),
        (Format.TAR_GZ, "a\n/tool"),
        (Format.TAR_GZ, "a\x1b/tool"),
        (Format.TAR_GZ, "ä/tool"),
        (Format.ZIP, "-x/tool"),
        (Format.ZIP, "a?/tool"),
        (Format.DEB, "./usr/bin/[tool]"),
        (Format.RPM, "./usr/bin/[tool]"),
        (Format.CPIO, "-x/tool"),
        (Format.CPIO, "./-x/tool"),
        (Format.SEVEN_ZIP, "a*/tool"),
        (Format.SEVEN_ZIP, "^a/tool"),
        (Format.SEVEN_ZIP, "a/tool$"),
    ],
)
async def test_names_and_packings_without_safe_lines_are_refused(
    form: Format, stored: str, github: GitHub, opened: Callable[..., Workbench]
) -> None:
    advice = await advised(github, opened, *_built("dot-slash"))
    with pytest.raises(FormatError) as raised:
        snippets(with_member(advice, stored=stored, packing=form))
    assert "get FILE" in raised.value.remedy


async def test_a_name_that_stands_twice_is_refused(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = gz(tar_of([("tool", b"old"), ("tool", program())]))
    advice = await advised(github, opened, "tool-linux-amd64.tar.gz", data)
    with pytest.raises(FormatError, match="several members"):
        snippets(advice)


@pytest.mark.parametrize(
    "name",
    [
        "../../.ssh/authorized_keys",
        "/etc/profile.d/x.sh",
        ".bashrc",
        "-o.tar.gz",
        "a b.tar.gz",
        "host:x.tar.gz",
        "x\n.tar.gz",
        "$(id)",
        "tool",
    ],
)
async def test_an_assets_name_is_no_path_and_no_option(
    name: str, github: GitHub, opened: Callable[..., Workbench]
) -> None:
    advice = await advised(github, opened, *_built("dot-slash"))
    assert advice.chosen is not None
    asset = dataclasses.replace(advice.chosen.asset, name=name)
    chosen = dataclasses.replace(advice.chosen, asset=asset)
    lines = shell_lines(dataclasses.replace(advice, chosen=chosen)).lines
    words = shlex.split(lines[0])
    assert words[words.index("-o") + 1] == "tool.download"
    assert name == "tool" or name not in "".join(lines)


def _built(packing: str) -> tuple[str, bytes]:
    name, data = PACKINGS[packing]
    return name, data()


async def test_the_dockerfile_installs_what_busybox_lacks(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    advice = await advised(github, opened, *_built("tar-zst"))
    lines = next(snippet for snippet in snippets(advice) if snippet.key == "dockerfile").lines
    assert "RUN apk add --no-cache zstd" in lines
    assert "    && zstd -dc < /tmp/asset | tar -xOf - -- tool > /tool \\" in lines
    seven = await advised(github, opened, *_built("7z"))
    lines = next(snippet for snippet in snippets(seven) if snippet.key == "dockerfile").lines
    assert "RUN apk add --no-cache libarchive-tools" in lines
    assert "    && bsdtar -xOf /tmp/asset -- bin/tool > /tool \\" in lines
    plain = await advised(github, opened, *_built("gz-without-ending"))
    text = next(snippet for snippet in snippets(plain) if snippet.key == "dockerfile").text
    assert "apk add" not in text
    assert "gunzip -c < /tmp/asset > /tool-linux-amd64" in text


async def test_a_file_that_common_tools_unpack_comes_before_a_7z(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    seven = sevenzip_of([("tool", stat.S_IFREG | 0o755, program())])
    files = {"tool-linux-amd64.7z": seven, "tool-linux-amd64.gz": gz(program())}
    github.add_release(TAG, files, repo=REPO)
    advice = await opened(repo=REPO).advise(TAG, "amd64", "musl")
    assert advice.chosen is not None
    assert advice.chosen.asset.name == "tool-linux-amd64.gz"
