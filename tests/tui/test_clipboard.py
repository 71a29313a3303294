"""Copying: OSC 52 and the programs that are here; "copied" only where one of them took it."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.settings import Settings
from explorer.tui.clipboard import programs, put_on_clipboard
from explorer.tui.copying import Copy
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.selectable import SelectScreen
from tests.tui.conftest import opened


def make_program(folder: Path, name: str, script: str) -> Path:
    """A program of this name, as a shell script."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_programs_are_those_of_the_desktop_and_tmux_beside_them(tmp_path: Path) -> None:
    for name in ("tmux", "wl-copy", "xclip", "xsel", "pbcopy"):
        make_program(tmp_path / "bin", name, "true")
    path = {"PATH": str(tmp_path / "bin")}

    def names(**variables: str) -> list[list[str]]:
        groups = programs({**path, **variables})
        return [[program.command[0] for program in group] for group in groups]

    x11 = ["xclip", "xsel", "pbcopy"]
    assert names(WAYLAND_DISPLAY="wayland-0", DISPLAY=":0") == [[], ["wl-copy", *x11]]
    assert names(DISPLAY=":0") == [[], x11]
    assert names(TMUX="/tmp/tmux-0/default,1,0", DISPLAY=":0") == [["tmux"], x11]
    assert names() == [[], ["pbcopy"]]
    (tmp_path / "bin" / "xclip").unlink()
    assert names(DISPLAY=":0") == [[], ["xsel", "pbcopy"]]
    assert not any(programs({"PATH": str(tmp_path / "none")}))


async def test_where_one_program_does_not_take_it_the_next_one_is_tried(
    clipboard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a session outlives the desktop that it was begun on, and has another one now."""
    make_program(clipboard.parent, "wl-copy", "exit 1")
    make_program(clipboard.parent, "xclip", f'cat > "{clipboard}"')
    monkeypatch.setenv("DISPLAY", ":0")
    assert await put_on_clipboard("a digest") == ("xclip",)
    assert await asyncio.to_thread(clipboard.read_text) == "a digest"


async def test_what_is_copied_arrives_byte_for_byte(clipboard: Path) -> None:
    text = "sha256 ✓\n\ttwo lines, no end"
    assert await put_on_clipboard(text) == ("wl-copy",)
    kept = await asyncio.to_thread(clipboard.read_text, encoding="utf-8")
    assert kept == text


@pytest.mark.parametrize("script", ["exit 1", "exec sleep 60"], ids=["fails", "hangs"])
async def test_a_program_that_does_not_take_it_does_not_count(
    script: str, clipboard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(clipboard.parent, "wl-copy", script)
    monkeypatch.setattr("explorer.tui.clipboard.LIMIT_S", 0.2)
    assert await put_on_clipboard("x") == ()


@pytest.fixture
def tmux(clipboard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The command of a tmux server of the test's own; a script in its place where there is none."""
    socket = tmp_path / "tmux"
    monkeypatch.setenv("TMUX", f"{socket},1,0")
    program = shutil.which("tmux")
    if program is None:
        buffer = tmp_path / "buffer"
        script = f'case "$*" in *load-buffer*) cat > {buffer};; *show-buffer) cat {buffer};; esac'
        yield [str(make_program(clipboard.parent, "tmux", script))]
        return
    command = [program, "-S", str(socket)]
    subprocess.run([*command, "new-session", "-d", "sleep 60"], check=True, timeout=30)
    yield command
    subprocess.run([*command, "kill-server"], check=True, timeout=30)


async def test_tmux_takes_it_into_its_buffer(tmux: list[str]) -> None:
    assert await put_on_clipboard("for tmux") == ("tmux", "wl-copy")
    shown = await asyncio.to_thread(
        subprocess.run, [*tmux, "show-buffer"], capture_output=True, text=True, timeout=30
    )
    assert shown.stdout == "for tmux"


async def test_copied_is_said_once_a_program_took_it(demo: Settings, clipboard: Path) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("y", *"tag", "enter")
        await ui.shows("tag copied (wl-copy)")
        assert await asyncio.to_thread(clipboard.read_text) == ui.app.clipboard == "v2025.1.15"


async def test_else_the_text_is_there_to_select(
    demo: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY")
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("y", *"command", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, SelectScreen))
        await ui.shows("select the text here")
        lines = [line.strip() for line in ui.drawn().splitlines()]
        assert "rr-explorer --demo assets v2025.1.15" in lines, "nothing stands beside it"
        assert "copied" not in ui.drawn()
        assert ui.app.clipboard == "rr-explorer --demo assets v2025.1.15", "OSC 52 was sent"
        await ui.press("escape")
        assert isinstance(ui.app.screen, BrowserScreen)


async def test_text_to_select_is_never_wrapped(
    demo: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is longer than the screen would be selected in pieces."""
    monkeypatch.delenv("WAYLAND_DISPLAY")
    command = "docker run --rm " + "--label=a=b " * 12 + "the-end"
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        ui.app.copy(Copy("a command", f"short\n{command}"))
        await ui.shows("press p: it is printed below the app", "wider than the screen", "short")
        assert not any(line.startswith(("--label", "the-end")) for line in ui.drawn().splitlines())
        await ui.press(*["right"] * 20)
        await ui.shows("--label=a=b the-end")
