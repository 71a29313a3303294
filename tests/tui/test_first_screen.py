"""What the last session kept is in the first frame, and only while it is what a start would say."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.settings import Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.kept_screen import kept_screen
from explorer.workbench import FirstScreenFile
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.tui.conftest import NOW, Driver, opened, settings

TAG = "v2025.1.15"
AMD64 = "roadrunner-2025.1.15-linux-amd64.tar.gz"


class PausedApp(ExplorerApp):
    """It stays at its first frame until ``go_on`` is set."""

    go_on: asyncio.Event

    async def _load(self) -> None:
        load = super()._load

        async def wait() -> None:  # in a worker, so that the app goes on handling messages
            await self.go_on.wait()
            await load()

        self.run_worker(wait())


@asynccontextmanager
async def first_frame(
    chosen: Settings, before: Callable[[], object] = lambda: None
) -> AsyncIterator[Driver]:
    """The app at its first frame. ``before`` is called when it has read what was kept."""
    app = PausedApp(chosen, now=lambda: NOW)
    app.go_on = asyncio.Event()
    before()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)


@pytest.fixture
def served(github: GitHub) -> GitHub:
    """Two releases; the newest has a static program and one for glibc."""
    files = {
        AMD64: ("go-static-amd64", AMD64.removesuffix(".tar.gz")),
        "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz": (
            "c-glibc",
            "roadrunner-2025.1.15-unknown-musl-amd64",
        ),
    }
    packed: dict[str, Any] = {
        name: make_archive("tar.gz", root, roadrunner_members(binary(program)))
        for name, (program, root) in files.items()
    }
    github.add_release("v2025.1.14", {})
    github.add_release(TAG, packed)
    return github


@pytest.fixture
async def chosen(served: GitHub, tmp_path: Path) -> Settings:
    """Settings of a project that was shown and left."""
    own = settings(tmp_path, demo=False, api_url=served.api_url)
    async with opened(own, size=(160, 50)) as ui:
        await ui.shows("✓ yes", "◐ yes-if", "YES, IF: apk", "just now")
        await ui.until(lambda: not ui.state.board.running)
    return own


def rows_of(drawn: str) -> list[str]:
    """The lines between the top bar and the key bar."""
    return drawn.splitlines()[1:-1]


async def test_the_first_frame_is_what_the_list_and_the_records_give(chosen: Settings) -> None:
    async with first_frame(chosen) as ui:
        first = ui.drawn()
        assert "✓ yes" in first
        assert "YES, IF: apk add gcompat" in first
        assert "2 releases · from the cache · " in first
        ui.app.go_on.set()  # type: ignore[attr-defined]
        await ui.shows("just now")
        await ui.until(lambda: ui.looked_at() == 2)
        assert ui.state.kept is None
        assert rows_of(ui.drawn()) == rows_of(first)


async def test_a_file_that_would_be_looked_at_again_has_no_verdict(
    served: GitHub, tmp_path: Path
) -> None:
    name = "roadrunner-2025.1.15-windows-amd64.zip"
    program = make_archive("tar.gz", "rr", roadrunner_members(binary("go-static-amd64")))
    served.add_release("v2026.1.0", {AMD64: program, name: b"PK\x03\x04 no zip"})
    own = settings(tmp_path, demo=False, api_url=served.api_url)
    async with opened(own, size=(160, 50)) as ui:
        await ui.shows("✓ yes", "could not be read", "just now")
    async with first_frame(own) as ui:
        assert "✓ yes" in ui.drawn()
        assert name in ui.drawn()
        assert "could not be read" not in ui.drawn()
        assert "unknown" not in ui.drawn()


async def test_keys_wait_until_the_rows_are_real(chosen: Settings) -> None:
    async with first_frame(chosen) as ui:
        for key in ("tab", "down", "up", "enter"):
            ui.app.simulate_key(key)
        await ui.pilot.pause()
        assert len(ui.app.screen_stack) == 1
        ui.app.go_on.set()  # type: ignore[attr-defined]
        await ui.until(lambda: type(ui.app.screen).__name__ == "BinaryScreen")
        assert ui.state.catalogue is not None


async def test_what_was_kept_goes_where_no_list_comes(chosen: Settings) -> None:
    offline = replace(chosen, offline=True)
    async with opened(offline, size=(160, 50)) as ui:
        await ui.shows("✓ yes")
    async with first_frame(offline, lambda: shutil.rmtree(chosen.cache_dir)) as ui:
        assert "✓ yes" in ui.drawn()
        ui.app.go_on.set()  # type: ignore[attr-defined]
        await ui.until(lambda: ui.state.kept is None)
        await ui.until(lambda: "✓ yes" not in ui.drawn())


async def test_a_session_on_another_target_keeps_nothing(chosen: Settings) -> None:
    before = (chosen.cache_dir / "first-screen.json").read_bytes()
    async with opened(chosen, size=(160, 50)) as ui:
        await ui.shows("✓ yes")
        ui.app.set_target("debian-13")
        await ui.shows("on glibc")
        await ui.until(lambda: not ui.state.board.running)
    after = json.loads((chosen.cache_dir / "first-screen.json").read_bytes())
    assert after["screen"] == json.loads(before)["screen"]


def kept_data(chosen: Settings) -> Any:
    """The screen that was kept, as data."""
    data = FirstScreenFile(chosen).load()
    assert data is not None
    return data


def nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in JSON."""
    yield path
    if not isinstance(data, (dict, list)):
        return
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield from nodes(value, (*path, key))


JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    1 << 70,
    1.5,
    "",
    "\x1b[2J\u202e",
    [],
    {},
    [[]],
    ["x"] * 9,
    {"format": 1},
)


async def test_damage_in_any_place_costs_no_more_than_the_first_frame(chosen: Settings) -> None:
    text = json.dumps(kept_data(chosen))
    for path in nodes(json.loads(text)):
        for junk in JUNK:
            data = {"": json.loads(text)}
            place: Any = data
            for key in ("", *path)[:-1]:
                place = place[key]
            place[("", *path)[-1]] = junk
            screen = kept_screen(data[""])
            assert screen is None or "\x1b" not in repr(screen).encode("utf-8").decode(), path


async def test_hostile_words_are_drawn_in_a_visible_form(chosen: Settings) -> None:
    file = chosen.cache_dir / "first-screen.json"
    kept = json.loads(file.read_bytes())
    screen = kept["screen"]
    hostile = "\x1b]0;x\x07\u202e"
    for name in ("title", "name", "count", "target", "lost"):
        screen[name] = hostile + screen[name]
    for cells in (*screen["banner"][:2], *(row[1:] for row in screen["files"]["rows"])):
        for cell in cells:
            cell[0] = hostile + cell[0]
    for column in screen["files"]["columns"]:
        column[1] = hostile + column[1]
    file.write_text(json.dumps(kept))
    async with first_frame(chosen) as ui:
        assert ui.state.kept is not None
        drawn = ui.drawn()
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
        assert "␛]0;x␇U+202E" in drawn
