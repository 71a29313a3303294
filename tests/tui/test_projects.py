"""Projects that are named differently, served with the names of their real files."""

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.settings import Settings, load
from explorer.tui.widgets.table import Table
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import Driver, opened, settings

RIPGREP = "BurntSushi/ripgrep"
CADDY = "caddyserver/caddy"
PACKAGES = "acme/packages"
SIZES = [(80, 24), (120, 40), (160, 50)]


def _tar(name: str, program: str, member: str) -> bytes:
    root = name.removesuffix(".tar.gz")
    return make_archive("tar.gz", root, {member: binary(program)})


@pytest.fixture
def projects(github: GitHub) -> GitHub:
    """ripgrep's, caddy's, and a project with packages only."""
    names = {
        "ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz": "go-static-amd64",
        "ripgrep-14.1.1-aarch64-unknown-linux-gnu.tar.gz": "c-glibc",
        "ripgrep-14.1.1-i686-unknown-linux-gnu.tar.gz": "c-glibc",
    }
    ripgrep = {name: _tar(name, program, "rg") for name, program in names.items()}
    ripgrep |= {f"{name}.sha256": b"0" * 64 for name in names}
    ripgrep["ripgrep-14.1.1-x86_64-pc-windows-msvc.zip"] = b"PK\x03\x04"
    ripgrep["ripgrep-14.1.1-x86_64-apple-darwin.tar.gz"] = b"\x1f\x8b"
    ripgrep["ripgrep_14.1.1-1_amd64.deb"] = b"!<arch>\n"
    github.add_release("14.1.1", dict(sorted(ripgrep.items())), repo=RIPGREP)
    caddy = {
        f"caddy_2.8.4_{name}": data
        for name, data in (
            ("checksums.txt", b"0" * 64),
            ("checksums.txt.sig", b"sig"),
            ("linux_amd64.deb", b"!<arch>\n"),
            ("linux_amd64.sbom", b"{}"),
            ("linux_amd64.tar.gz", _tar("", "go-static-amd64", "caddy")),
            ("linux_arm64.tar.gz", _tar("", "go-static-arm64", "caddy")),
            ("linux_armv7.tar.gz", _tar("", "go-static-arm64", "caddy")),
            ("mac_arm64.tar.gz", b"\x1f\x8b"),
            ("src.tar.gz", _tar("", "go-static-arm64", "caddy")),
            ("windows_amd64.zip", b"PK\x03\x04"),
        )
    }
    github.add_release("v2.8.4", caddy, repo=CADDY)
    packages: dict[str, bytes | Path] = {
        "tool_1.0_aarch64.apk": b"\x1f\x8b",
        "tool-1.0-x86_64.AppImage": binary("go-static-amd64"),
        "tool-1.0-py3-none-manylinux_2_17_x86_64.whl": b"PK\x03\x04",
        "SHA256SUMS": b"0" * 64,
    }
    github.add_release("v1.0", packages, repo=PACKAGES)
    return github


def chosen(github: GitHub, tmp_path: Path, repo: str) -> Settings:
    return settings(tmp_path, demo=False, api_url=github.api_url, repo=repo)


def shown_rows(ui: Driver) -> list[str]:
    table = ui.find("#asset-table", Table)
    return [table.source.row(number).key for number in table.view]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_ripgrep_names_are_whole_and_the_answer_is_chosen(
    size: tuple[int, int], projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP), size=size) as ui:
        await ui.shows("x86_64-unknown-linux-musl.tar.gz", "aarch64-unknown-linux-gnu.tar.gz")
        row = ui.find("#asset-table", Table).row
        assert row is not None
        assert row.key == "ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz"
        await ui.shows("YES, runs on Alpine")
        rows = shown_rows(ui)
        assert all(name.endswith(".sha256") for name in rows[-3:])
        assert not any(name.endswith(".sha256") for name in rows[:-3])


@pytest.mark.parametrize(
    ("target", "row"),
    [
        ("debian-12", "ripgrep-14.1.1-aarch64-unknown-linux-gnu.tar.gz"),
        ("alpine-3.24", "ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz"),
    ],
)
async def test_the_cursor_starts_on_a_file_for_the_targets_libc(
    target: str, row: str, projects: GitHub, tmp_path: Path
) -> None:
    """In ripgrep's releases each libc has its own architectures."""
    async with opened(replace(chosen(projects, tmp_path, RIPGREP), target=target)) as ui:
        await ui.shows("14.1.1 ·")
        table = ui.find("#asset-table", Table)
        await ui.until(lambda: table.row is not None)
        assert table.row.key == row


@pytest.mark.parametrize("words", ["arm", "lnxarm", "ripgrep arm64"])
async def test_a_filter_on_the_releases_finds_files_by_their_platform(
    words: str, projects: GitHub, tmp_path: Path
) -> None:
    """ripgrep's file for arm64 is called aarch64."""
    projects.add_release("14.0.0", {"ripgrep-14.0.0-x86_64-apple-darwin": b"-"}, repo=RIPGREP)
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await ui.shows("14.0.0 ·", "14.1.1")
        await ui.press("slash", *words)
        releases, assets = (ui.find(f"#{name}-table", Table) for name in ("release", "asset"))
        await ui.until(lambda: len(releases.view) == 1 and 0 < len(assets.view) < 5)
        await ui.shows("aarch64-unknown-linux-gnu", "› 14.1.1")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_caddys_files_have_kinds_and_those_about_files_no_verdict(
    size: tuple[int, int], projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, CADDY), size=size) as ui:
        await ui.shows("linux_arm64.tar.gz", "program", "✓ yes")
        row = ui.find("#asset-table", Table).row
        assert row is not None
        assert row.key == "caddy_2.8.4_linux_arm64.tar.gz"
        await ui.until(lambda: ui.looked_at() >= 6)
        about = [
            name
            for name in shown_rows(ui)
            if name.endswith((".txt", ".sig", ".sbom", "src.tar.gz"))
        ]
        assert shown_rows(ui)[-4:] == about
        assert not any(ui.state.files[f"v2.8.4/{name}"].looked_at for name in about)
        assert not any(seen.path.endswith(tuple(about)) for seen in projects.seen)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_packages_are_told_apart(
    size: tuple[int, int], projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, PACKAGES), size=size) as ui:
        await ui.shows("aarch64.apk", "x86_64.AppImage", ".whl", "SHA256SUMS")
        if size[0] >= 120:
            await ui.shows("apk", "AppImage", "wheel", "checksum")


def listed(ui: Driver) -> str:
    """The repository whose list is shown."""
    catalogue = ui.state.catalogue
    return catalogue.repo if catalogue is not None else ""


async def choose(ui: Driver, words: str) -> None:
    """Open the dialog and type."""
    await ui.press("O")
    await ui.shows("Open a project")
    await ui.press(*words, "enter")


async def test_another_project_is_opened_by_its_name_and_keeps_its_state(
    projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "up")
        before = ui.find("#asset-table", Table).row
        looks = ui.looked_at()
        await choose(ui, CADDY)
        await ui.until(lambda: listed(ui) == CADDY)
        await ui.shows("caddyserver/caddy", "linux_arm64.tar.gz", "✓ yes")
        assert "ripgrep" not in ui.drawn()
        requests = len(projects.seen)
        await ui.press("O")
        await ui.shows("Open a project", RIPGREP, CADDY)
        await ui.press(*"ripg", "enter")
        await ui.until(lambda: listed(ui) == RIPGREP)
        table = ui.find("#asset-table", Table)
        await ui.until(lambda: table.row == before)
        assert table.has_focus
        assert ui.looked_at() == looks, "verdicts are kept"
        files = [seen for seen in projects.seen[requests:] if "releases/assets" in seen.path]
        assert files == []


@pytest.mark.parametrize(
    ("address", "row"),
    [
        ("https://github.com/caddyserver/caddy", "caddy_2.8.4_linux_arm64.tar.gz"),
        ("github.com/caddyserver/caddy/releases/latest", "caddy_2.8.4_linux_arm64.tar.gz"),
        (
            "https://github.com/caddyserver/caddy/releases/tag/v2.8.4",
            "caddy_2.8.4_linux_arm64.tar.gz",
        ),
    ],
)
async def test_another_project_is_opened_by_its_address(
    address: str, row: str, projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await choose(ui, address)
        await ui.until(lambda: listed(ui) == CADDY)
        table = ui.find("#asset-table", Table)
        await ui.until(lambda: table.row is not None and table.row.key == row)


async def test_words_that_name_no_project_are_said_to_be_none(
    projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await choose(ui, "no such")
        await ui.shows("nothing matches “no such”: OWNER/NAME opens any project")
        await ui.shows("no such is neither OWNER/NAME nor a GitHub address", "Open a project")
        assert "escape clears the filter" not in ui.drawn(), "escape closes the dialog"
        await ui.press("escape")
        assert listed(ui) == RIPGREP


async def test_advice_begins_with_the_architecture_under_the_cursor(
    projects: GitHub, tmp_path: Path
) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await ui.shows("✓ yes")
        await ui.press("a")
        await ui.shows("[amd64]", "✓ use ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz")


async def test_the_address_of_a_file_opens_the_file(projects: GitHub, tmp_path: Path) -> None:
    file = "caddy_2.8.4_linux_amd64.tar.gz"
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await choose(ui, f"https://github.com/{CADDY}/releases/download/v2.8.4/{file}")
        await ui.shows(file, "YES, runs on Alpine", "esc back")


async def test_pins_come_first_and_are_kept(projects: GitHub, tmp_path: Path) -> None:
    async with opened(chosen(projects, tmp_path, RIPGREP)) as ui:
        await ui.press("O")
        await ui.shows("Open a project", "listed")
        await ui.press(*CADDY, "ctrl+t")
        await ui.until(lambda: ui.state.settings.pinned == (CADDY,))
        assert "pinned" in ui.drawn()
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.state.settings.pinned == ())
    config = (tmp_path / "config.toml").read_text("utf-8")
    assert "pinned" in config


async def test_what_was_typed_can_be_opened_although_nothing_matches(
    projects: GitHub, tmp_path: Path
) -> None:
    chosen_settings = chosen(projects, tmp_path, RIPGREP)
    async with opened(chosen_settings, size=(80, 24)) as ui:
        await ui.press("O")
        await ui.press(*"github.com/caddyserver/caddy/releases")
        await ui.shows(f"enter opens {CADDY} · ctrl+t pins it")
        await ui.press("ctrl+t")
        await ui.until(lambda: ui.state.settings.pinned == (CADDY,))
        await ui.press("ctrl+t")
        await ui.shows(f"enter opens {CADDY} · ctrl+t pins it")
        await ui.press("enter")
        await ui.until(lambda: listed(ui) == CADDY)


async def test_pins_are_there_after_a_restart_in_the_order_of_pinning(
    projects: GitHub, tmp_path: Path
) -> None:
    file = {"RR_EXPLORER_CONFIG_FILE": str(tmp_path / "config.toml")}
    first = chosen(projects, tmp_path, RIPGREP)
    async with opened(first) as ui:
        for repo in ("neovim/neovim", CADDY):
            await ui.press("O", *repo, "ctrl+t", "escape")
        await ui.until(lambda: ui.state.settings.pinned == ("neovim/neovim", CADDY))
    async with opened(replace(first, pinned=load(environ=file).pinned)) as ui:
        await ui.press("O")
        await ui.shows("Open a project", RIPGREP, "listed")
        table = ui.find("#choices", Table)
        keys = [table.source.row(number).key for number in table.view]
        assert keys == ["neovim/neovim", CADDY, RIPGREP]


async def test_a_running_job_goes_on_for_its_own_project(projects: GitHub, tmp_path: Path) -> None:
    async with opened(chosen(projects, tmp_path, CADDY)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "d")
        await choose(ui, RIPGREP)
        await ui.until(lambda: listed(ui) == RIPGREP)
        await ui.until(lambda: not ui.state.board.running)
        assert not any("caddy" in key for key in ui.state.files)
        await choose(ui, CADDY)
        await ui.until(lambda: listed(ui) == CADDY)
        known = ui.state.files["v2.8.4/caddy_2.8.4_linux_arm64.tar.gz"]
        assert known.cached


async def test_the_dialog_says_what_can_be_typed(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("O")
        await ui.shows("no project was opened yet: type OWNER/NAME")


async def test_files_by_system_always_have_an_answer(projects: GitHub, tmp_path: Path) -> None:
    names = ("armv7-unknown-linux-gnueabihf", "powerpc64le-unknown-linux-gnu-with-all-features")
    files = {f"ripgrep-15.0.0-{name}.tar.gz": _tar("", "c-glibc", "rg") for name in names}
    projects.add_release("15.0.0", files, repo=RIPGREP, published_at="2027-01-01T00:00:00Z")
    async with opened(chosen(projects, tmp_path, RIPGREP), size=(80, 24)) as ui:
        await ui.shows("15.0.0 ·", "✗ no")
        await ui.press("W")
        await ui.shows("15.0.0 by system", "alpine-3.24", "✗ no", "mislabelled: amd64")
        assert "…armv7-unknown-linux-gnueabihf.tar.gz" in ui.drawn()
