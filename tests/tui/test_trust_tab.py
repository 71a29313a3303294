"""The tab about trust: each signal with its result and reason, before and after a download."""

import hashlib
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Tabs

from explorer.settings import Settings
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from tests.support.archives import gz, tar_of
from tests.support.github import GitHub
from tests.tui.conftest import opened

PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(57)
NAME = "tool-1.0-linux-amd64.tar.gz"


def is_read(screen: Screen[object]) -> bool:
    """Whether the file's screen is mounted and knows its file."""
    return isinstance(screen, BinaryScreen) and screen.inspection is not None


async def test_a_checksum_file_lists_its_entries(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    sums = tmp_path / "files" / "checksums.txt"
    sums.write_text(f"{'a' * 64}  {NAME}\n{'b' * 64}  other.zip\n")
    chosen = Settings(
        folder=sums.parent, cache_dir=tmp_path / "c", config_file=tmp_path / "s", offline=True
    )
    async with opened(chosen, size=(120, 40), file=str(sums)) as ui:
        await ui.shows("a checksum file, not a program", NAME, "a" * 64, "other.zip", "b" * 64)


async def test_a_signature_is_judged_nowhere(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    signature = tmp_path / "files" / "tool.asc"
    signature.write_text("-----BEGIN PGP SIGNATURE-----\n")
    chosen = Settings(
        folder=signature.parent, cache_dir=tmp_path / "c", config_file=tmp_path / "s", offline=True
    )
    async with opened(chosen, size=(80, 24), file=str(signature)) as ui:
        await ui.shows("a signature, not a program", "Not judged for any system")
        for tab in ("dependencies", "targets"):
            ui.app.screen.query_one(Tabs).active = tab
            await ui.shows("n/a: a signature, not a program")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_signals_of_a_file(size: tuple[int, int], tmp_path: Path, github: GitHub) -> None:
    data = gz(tar_of([("tool", PROGRAM)]))
    sums = f"{hashlib.sha256(data).hexdigest()}  {NAME}\n".encode()
    github.add_release("v0.9", {NAME: data, "SHA256SUMS": sums, f"{NAME}.asc": b"x"}, repo="a/tool")
    github.add_release("v1.0", {NAME: data, "SHA256SUMS": sums}, repo="a/tool")
    chosen = Settings(
        api_url=github.api_url, repo="a/tool", cache_dir=tmp_path / "c", config_file=tmp_path / "s"
    )
    async with opened(chosen, size=size, file=f"v1.0/{NAME}") as ui:
        await ui.until(lambda: is_read(ui.app.screen))
        ui.app.screen.query_one(Tabs).active = "trust"
        await ui.shows("1 signal passes: checksum file.", "d downloads it", "✓ pass")
        await ui.shows("v1.0 lacks a signature; v0.9 before it had one")
        await ui.shows("API digest", "? not checked", "attestation", "– absent")
        await ui.shows("the file is not downloaded", "not downloaded: the archive may hold one")
        await ui.shows("the sha256 that GitHub's API names is in")
        await ui.press("d")
        await ui.shows("2 signals pass: API digest, checksum file.", "its sha256 is in SHA256SUMS")
        await ui.press("escape")
        await ui.until(lambda: isinstance(ui.app.screen, BrowserScreen))
        await ui.shows("! v1.0 lacks a signature")
        await ui.press("m")
        await ui.shows("trust", "DC?···!", "DCS?··")
        await ui.press("ctrl+home")
        await ui.shows("v1.0 lacks a signature; v0.9 before it had one.", "Checked: API digest")
