"""``V``: every program of a release in containers, shown as it goes, stopped by the same key."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets._toast import Toast

from explorer.errors import EngineError, ImageMissingError
from explorer.progress import Progress
from explorer.settings import Settings
from explorer.tui.job_board import Job, JobKind, JobState
from explorer.tui.messages import SweepEnded, Swept
from explorer.tui.screens.choose import ChooseScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.widgets.bars import running_jobs_text
from explorer.workbench import Standing, SweepItem, SweepRequest, SweepResult, SweepSummary
from explorer.workbench.sweep_plan import plan_sweep
from tests.support.engine import TestEngine
from tests.support.proofs import make_proof
from tests.tui.conftest import Driver, opened, settings

TAG = "v2025.1.15"


@pytest.fixture
def sweeping(tmp_path: Path, engine: TestEngine) -> Settings:
    """The demo, with the engine of the tests and musl images of both processors."""
    image = engine.musl("amd64").replace("amd64", "{arch}")
    assert engine.musl("arm64")
    return settings(
        tmp_path,
        engine=engine.command[0],
        run_args=engine.run_args,
        image=image,
        target="musl-1.2.5",
    )


@pytest.mark.container
async def test_the_matrix_turns_from_yes_to_ran(sweeping: Settings) -> None:
    async with opened(sweeping) as ui:
        bells: list[bool] = []
        ui.app.bell = lambda: bells.append(True)  # type: ignore[method-assign]
        await ui.shows("✓ yes")
        await ui.press("m")
        await ui.until(lambda: isinstance(ui.app.screen, MatrixScreen))
        await ui.shows("↳ linux-arm64 yes")
        await ui.press("V")
        await ui.until(lambda: isinstance(ui.app.screen, ChooseScreen))
        await ui.shows(f"{TAG} alone", "releases on the screen", "all 206 releases")
        await ui.press("enter")
        await ui.until(lambda: "3 of 3 as predicted" in ui.drawn(), limit=90)
        await ui.shows("▣ ran", "linux-arm64 ran")
        assert bells == [True]
        await ui.press("escape")
        await ui.shows("▣ ran")


def test_one_line_says_what_is_done_left_and_failed() -> None:
    job = Job(1, JobKind.SWEEP, TAG, "sweep", 0.0)
    job.progress = Progress("proving", 5, 12, "proofs", detail="7 left, 1 failed")
    longest, shorter, *_ = running_jobs_text([job])
    assert longest == "▷ sweep 5 of 12, 7 left, 1 failed  x cancel"
    assert shorter == "▷ sweep 5 of 12  x cancel"
    job.progress = Progress("peeking", 16, 16, "files")
    longest, shorter, *_ = running_jobs_text([job])
    assert (longest, shorter) == ("▷ sweep: peeking  x cancel", "▷ sweep  x cancel")


@pytest.mark.container
async def test_the_same_key_stops_it(sweeping: Settings, engine: TestEngine) -> None:
    async with opened(sweeping) as ui:
        await ui.shows("✓ yes")
        await ui.press("V")
        await ui.until(lambda: ui.state.board.find(JobKind.SWEEP, "sweep"))
        job = ui.state.board.find(JobKind.SWEEP, "sweep")
        assert job is not None
        await ui.press("V")
        await ui.until(lambda: not job.running, limit=90)
        assert job.state is JobState.CANCELLED
        await ui.shows(f"sweep of {TAG} cancelled")


async def item_of(ui: Driver) -> SweepItem:
    """The first program of the release, as a sweep would run it."""
    state, wb = ui.state, ui.state.wb
    assert state.catalogue is not None
    assert state.target is not None
    release = state.catalogue.release(TAG)
    assert release is not None
    plan = plan_sweep(
        wb.looks, wb.resources, [release], [state.target], SweepRequest((TAG,)), lambda _: None
    )
    return (await state.background.run(plan)).items[0]


async def test_what_is_wrong_is_said_first_and_loud(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        item = await item_of(ui)
        proof = make_proof(
            target=item.target.name,
            agrees=False,
            verdict="no",
            platform=item.platform,
        )
        wrong = SweepResult(item, Standing.DISAGREES, proof)
        refused = SweepResult(item, Standing.NOT_RUN, error=EngineError("no engine here"))
        for result in (wrong, refused):
            ui.app.post_message(Swept(result))
        ui.app.post_message(SweepEnded(TAG, SweepSummary((refused, wrong), ())))
        await ui.shows("✗ started, although NO was predicted", "0 of 2 as predicted")
        drawn = ui.drawn()
        assert drawn.index("although NO") < drawn.index("not run: no engine here")
        state = ui.state.files.of(item.asset)
        assert state.inspection is not None
        assert [one.agrees for one in state.inspection.proofs] == [False]


async def test_on_a_low_screen_the_beginning_of_what_is_wrong_is_in_sight(demo: Settings) -> None:
    async with opened(demo, size=(80, 24)) as ui:
        await ui.shows("✓ yes")
        item = await item_of(ui)
        proof = make_proof(target=item.target.name, agrees=False, verdict="no")
        wrong = SweepResult(item, Standing.DISAGREES, proof)
        ui.app.post_message(SweepEnded(TAG, SweepSummary((wrong,) * 3, ())))
        await ui.shows(f"Verified {TAG}", "✗ started, although NO", "and 2 more", "0 of 3")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_could_not_run_is_said_in_a_few_lines(
    demo: Settings, size: tuple[int, int]
) -> None:
    """What to do about it is long; the files are behind the toast."""
    error = ImageMissingError("The image is not here", "no route", "Choose one: " + "image " * 100)
    async with opened(demo, size=size) as ui:
        await ui.shows("✓ yes")
        refused = SweepResult(await item_of(ui), Standing.NOT_RUN, error=error)
        ui.app.post_message(SweepEnded(TAG, SweepSummary((refused,) * 3, ())))
        await ui.shows(f"Verified {TAG}", "▢ not run: The image is", "and 2 more", "0 of 3")
        await ui.shows("v on a file")
        assert "Choose" not in ui.drawn()
        toast = ui.app.screen.query_one(Toast)
        assert toast.size.height <= size[1] // 2


async def test_a_proof_on_another_target_leaves_the_verdict(demo: Settings) -> None:
    """The user has chosen another target since the sweep was started."""
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        item = await item_of(ui)
        before = ui.state.known(item.asset)
        elsewhere = replace(item, target=ui.state.wb.target("debian-12"))
        proof = make_proof(target="debian-12")
        ui.app.post_message(Swept(SweepResult(elsewhere, Standing.AS_PREDICTED, proof)))
        await ui.until(lambda: "debian-12" in ui.state.files.of(item.asset).proofs)
        after = ui.state.known(item.asset)
        assert before is not None
        assert after is not None
        assert after.verdicts == before.verdicts
