"""Proofs with a real engine: shown while they run, kept, loud on disagreement, cancelled."""

import gc
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input, Static, Tabs

from explorer.errors import EngineError
from explorer.facts import NotApplicable, Unknown
from explorer.settings import Settings
from explorer.tui.job_board import JobKind, JobState
from explorer.tui.messages import JobFailed
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.choose import ChooseScreen
from explorer.tui.screens.command import CommandScreen
from explorer.tui.widgets.prose import Prose
from explorer.tui.widgets.table import Table
from explorer.verify import CheckResult, Proof, Result
from explorer.workbench import FileState, ProofOptions
from tests.support.binaries import binary
from tests.support.engine import TestEngine
from tests.support.proofs import IMAGE, make_proof
from tests.tui.conftest import Driver, opened, settings
from tests.verify.conftest import act

STAND_IN = "roadrunner-2025.1.15-linux-amd64.tar.gz"


@pytest.fixture
def proving(tmp_path: Path, engine: TestEngine) -> Settings:
    """The demo, with the engine of the tests and a musl image that is there."""
    return settings(
        tmp_path,
        engine=engine.command[0],
        run_args=engine.run_args,
        image=engine.musl("amd64"),
        target="musl-1.2.5",
    )


@pytest.mark.container
async def test_v_runs_it_and_keeps_the_proof(proving: Settings) -> None:
    async with opened(proving) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter")
        assert ui.app.screen.query_one("#asset-table", Table).go_to(STAND_IN)
        await ui.press("v")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.until(lambda: "▣ ran" in ui.drawn(), limit=90)
        lines = [copy.text for copy in ui.app.screen.copies() if copy.title.startswith("run it")]  # type: ignore[attr-defined]
        assert " run --rm " in lines[0]
        await ui.shows(
            "agrees with the verdict", "rr version 2025.1.15", "version: expected 2025.1.15"
        )
        assert not ui.state.board.running
        await ui.press("y")
        await ui.press(*"commands of", "enter")
        assert " create " in ui.app.clipboard
        assert "--network" in ui.app.clipboard
        await ui.press("escape")
        await ui.shows("▣ ran")
    async with opened(proving) as ui:  # kept for the next time
        await ui.shows("▣ ran")


@pytest.mark.container
async def test_a_disagreement_is_loud(proving: Settings) -> None:
    async with opened(proving) as ui:
        await ui.shows("✓ yes")
        catalogue = ui.state.catalogue
        assert catalogue is not None
        subject = ui.state.wb.subject(
            next(a for a in catalogue.releases[1].assets if a.name == STAND_IN)
        )
        ui.app.open_subject(subject, "proof")
        await ui.until(lambda: "▣ ran" in ui.drawn(), limit=90)
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        assert screen.inspection is not None
        real = screen.inspection.proofs[0]
        # The same real run, held against a verdict that said no.
        disagreeing = replace(real, agrees=False, verdict="no")
        ui.state.files.put(screen.key, FileState(replace(screen.inspection, proofs=(disagreeing,))))
        await ui.shows("DISAGREES with the verdict", "Please report it")
        assert screen.query_one("#proof > Prose").has_class("-loud")


@pytest.mark.container
async def test_a_proof_is_cancelled_by_one_key_and_leaves_nothing(
    proving: Settings, engine: TestEngine, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(proving) as ui:
        subject = await ui.state.background.run(
            ui.state.wb.resolve(str(act()))
        )  # a program that would serve for ever
        ui.app.open_subject(subject)
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        job = ui.app.jobs.verify(subject, None, ProofOptions(argv=("{}", "serve")))
        await ui.press("right_square_bracket")
        await ui.until(lambda: "serving" in ui.drawn(), limit=90)
        await ui.press("x")
        await ui.until(lambda: not job.running)
        assert job.state is JobState.CANCELLED
        await ui.shows("cancelled: nothing was proved")
    gc.collect()
    assert "never retrieved" not in caplog.text, (
        "what was cancelled is not left to the garbage collector to complain of"
    )


async def show_proof(ui: Driver, proof: Proof) -> None:
    """Open the first file's tab with this proof of it."""
    await ui.shows("✓ yes")
    await ui.press("enter", "enter")
    screen = ui.app.screen
    assert isinstance(screen, BinaryScreen)
    await ui.until(lambda: screen.inspection is not None)
    assert screen.inspection is not None
    ui.state.files.put(screen.key, FileState(replace(screen.inspection, proofs=(proof,))))
    screen.query_one(Tabs).active = "proof"


async def test_what_a_proof_could_not_see_is_said_to_be_nothing(demo: Settings) -> None:
    """A program that did not start printed no version."""
    checks = (
        CheckResult("exit", Unknown("it did not start"), "0", ""),
        CheckResult("version", False, "2025.1.15", "2025.1.14"),
    )
    async with opened(demo) as ui:
        proof = make_proof(result=Result.FAILED, checks=checks, target="alpine-3.24", agrees=False)
        await show_proof(ui, proof)
        await ui.shows("exit: expected 0, nothing seen")
        await ui.shows("version: expected 2025.1.15, seen 2025.1.14")


async def test_a_confirmed_no_was_expected_to_print_nothing(demo: Settings) -> None:
    """Not "exit: expected 0, nothing seen" above "exit code 255"."""
    checks = (CheckResult("exit", NotApplicable("it did not run"), "0", ""),)
    changes = {"verdict": "no", "agrees": True, "exit_code": 255, "checks": checks}
    async with opened(demo) as ui:
        proof = make_proof(result=Result.FAILED, target="alpine-3.24", **changes)
        await show_proof(ui, proof)
        await ui.shows("▨ did not start, as predicted · ", "exit code", "255")
        assert "expected 0" not in ui.drawn()


@pytest.mark.parametrize("size", [(60, 20), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_commands_are_scrolled_and_not_wrapped(demo: Settings, size: tuple[int, int]) -> None:
    create = ("docker", "create", "--name", "rr-explorer-" + "a" * 90, "alpine:3.24", "the-end")
    proof = make_proof(command=(create,), argv=("/rr-explorer/rr", "--version", "b" * 90))
    async with opened(demo, size=size) as ui:
        await ui.shows("✓ yes" if size[0] >= 80 else "✓ YES")
        await ui.press("enter", "enter")
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        await ui.until(lambda: screen.inspection is not None)
        assert screen.inspection is not None
        ui.state.files.put(screen.key, FileState(replace(screen.inspection, proofs=(proof,))))
        screen.query_one(Tabs).active = "proof"
        await ui.until(lambda: screen.query(Prose))
        box = screen.query_one(Prose)
        await ui.until(lambda: box.max_scroll_x > 0)
        shown = str(box.query_one(Static).content).splitlines()
        assert f"$ {shlex.join(create)}" in shown
        assert any(line.endswith("b" * 90) for line in shown)
        code = [line for line in shown if "aaaa" in line or "bbbb" in line]
        assert len(code) == 2
        assert all(len(line) <= size[0] - 4 for line in shown if line not in code)
        assert box.has_focus
        await ui.press("end", *["right"] * 30)
        await ui.until(lambda: box.scroll_x > 0)
        await ui.press("y", *"commands of", "enter")
        await ui.until(lambda: ui.app.clipboard == shlex.join(create))


async def test_without_an_engine_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    async with opened(settings(tmp_path)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "v")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.shows("nothing was learned about the binary")
        assert not ui.app._notifications, "no toast lies over the very words"
        assert ui.app.is_running
        # Where the words are not seen, a toast says them.
        await ui.press("right_square_bracket")
        job = ui.state.board.find(JobKind.VERIFY, ui.app.screen.key)  # type: ignore[attr-defined]  # the binary screen's
        assert job is not None
        ui.app.post_message(JobFailed(job, EngineError("There is no engine")))
        await ui.shows("verify failed", "There is no engine")


@pytest.mark.container
async def test_of_any_other_program_one_is_asked_what_to_run(
    proving: Settings, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    shutil.copy(binary("go-static-amd64"), tool)
    async with opened(proving, file=str(tool)) as ui:
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.shows("✓ YES")
        assert ui.drawn().splitlines()[0].split(" · ")[1].startswith("a local file ")
        assert "releases" not in ui.drawn().splitlines()[0]
        await ui.press("v")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.shows("If --version fails, --help is tried")
        ui.app.screen.query_one(Input).value = "an 'open quote"
        await ui.press("enter")
        await ui.shows("Not a command")
        ui.app.screen.query_one(Input).value = "one 'two words'"
        await ui.press("enter")
        await ui.until(lambda: "▣ ran" in ui.drawn(), limit=90)
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        assert screen.inspection is not None
        assert screen.inspection.proofs[0].argv[1:] == ("one", "two words")
        await ui.press("V")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.press("escape")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        assert len(screen.inspection.proofs) == 1
        await ui.press("V")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.press("tab", "space", "shift+tab", "enter")
        await ui.until(lambda: "– n/a  threads" in ui.drawn(), limit=90)
        assert "✓ pass  restricted: it ran as 65534:65534" in ui.drawn()
        assert screen.inspection.proofs[0].deep


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)])
async def test_the_dialog_offers_a_deep_proof(size: tuple[int, int], tmp_path: Path) -> None:
    async with opened(settings(tmp_path), size=size) as ui:
        ui.app.push_screen(CommandScreen("tool"))
        await ui.shows("deep: also what the project's profile describes", "tab deep")
        line = next(line for line in ui.drawn().splitlines() if "deep: also" in line)
        await ui.press("tab", "space")
        ticked = next(line for line in ui.drawn().splitlines() if "deep: also" in line)
        assert ("✓" in line, "✓" in ticked) == (False, True), "told without colour"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)])
async def test_the_proof_tab_is_about_the_target_judged(
    size: tuple[int, int], tmp_path: Path
) -> None:
    """Newest first: one on Alpine 3.22, which says nothing about Debian 12."""
    async with opened(settings(tmp_path, target="debian-12"), size=size) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "enter")
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        await ui.until(lambda: screen.inspection is not None)
        assert screen.inspection is not None
        failed = make_proof(result=Result.FAILED, verdict="no", agrees=True, text="It failed")
        judged = replace(screen.inspection, proofs=(failed,))
        ui.state.files.put(screen.key, FileState(judged))
        screen.query_one(Tabs).active = "proof"
        await ui.shows("▢ not tested on Debian 12 (on Alpine 3.22: did not start, as predicted)")
        await ui.shows("v tests it there", "▨ did not start, as predicted")
        assert not screen.query_one("#proof > Prose").has_class("-loud")
        here = make_proof(target="debian-12", stdout="printed on Debian")
        ui.state.files.put(screen.key, FileState(replace(judged, proofs=(failed, here))))
        await ui.shows("▣ ran", "printed on Debian")
        assert "not tested" not in ui.drawn()
        commands = [copy for copy in screen.copies() if copy.title == "output of the proof"]
        assert "printed on Debian" in str(commands[0])


@pytest.mark.container
async def test_where_the_image_is_missing_those_that_are_here_are_offered(
    proving: Settings, engine: TestEngine, tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    shutil.copy(binary("c-musl"), tool)
    image, settings_file = proving.image, tmp_path / "config.toml"
    missing = "localhost/rr-explorer-test/musl:never-made"
    chosen = replace(proving, image=missing, pull=False, config_file=settings_file)
    async with opened(chosen, file=str(tool)) as ui:
        await ui.until(lambda: isinstance(ui.app.screen, BinaryScreen))
        await ui.shows("✓ YES")
        await ui.press("v")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, ChooseScreen), limit=90)
        await ui.shows(
            "is not here for linux/amd64", "Run it in an image that is here", image, "musl"
        )
        assert "verify failed" not in ui.drawn(), "no toast covers the choice"
        await ui.press("escape")
        await ui.shows("v offers", "D can pull this one")
        assert "--image" not in ui.drawn(), "an option of the commands"
        await ui.press("v")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.press("enter")
        await ui.until(lambda: isinstance(ui.app.screen, ChooseScreen), limit=90)
        ui.app.screen.query_one(Input).value = image
        await ui.press("enter")
        await ui.until(lambda: "▣ ran" in ui.drawn(), limit=90)
        # The setting takes effect at once, too.
        ui.app.apply_settings(replace(chosen, image=image), "image")
        await ui.press("v")
        await ui.until(lambda: isinstance(ui.app.screen, CommandScreen))
        await ui.press("enter")
        screen = ui.app.screen_stack[1]
        assert isinstance(screen, BinaryScreen)
        await ui.until(lambda: screen.inspection and len(screen.inspection.proofs) == 2, limit=90)


@pytest.mark.container
async def test_v_runs_on_the_target_that_was_chosen(
    proving: Settings, engine: TestEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images of targets are not here: scratch is, which is the empty image."""
    async with opened(proving) as ui:
        await ui.shows("✓ yes")
        assert ui.state.proof_options == ProofOptions()
        ui.app.set_target("scratch")
        assert ui.state.proof_options == ProofOptions(on="scratch")
        ui.app.set_target("debian-12")
        assert ui.state.proof_options == ProofOptions(image="debian:12", on="debian-12")
        ui.app.set_target("musl-1.2.5")
        assert ui.state.proof_options == ProofOptions()


@pytest.mark.parametrize("agrees", [True, False])
async def test_what_a_proof_showed_is_never_cut(demo: Settings, agrees: bool) -> None:
    """However long the image's name is, it is cut, not what was seen in it."""
    image = replace(IMAGE, reference="registry.example.test/some/much/longer/path/of/alpine:3.24")
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        await ui.press("enter", "enter")
        screen = ui.app.screen
        assert isinstance(screen, BinaryScreen)
        await ui.until(lambda: screen.inspection is not None)
        assert screen.inspection is not None
        proof = make_proof(image=image, target="alpine-3.24", agrees=agrees)
        ui.state.files.put(screen.key, FileState(replace(screen.inspection, proofs=(proof,))))
        await ui.shows("✓ agrees with the verdict" if agrees else "✗ DISAGREES with the verdict")
        line = next(line for line in ui.drawn().splitlines() if "with the verdict" in line)
        assert "▣ ran: " in line
