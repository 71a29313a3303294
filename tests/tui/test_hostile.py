"""One hostile string in every field of every screen is drawn, and nothing obeys it."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import SourceError
from explorer.facts import NotApplicable, Unknown
from explorer.progress import Progress
from explorer.settings import Settings
from explorer.tui.job_board import JobKind, JobPrinted, JobProgressed, JobState
from explorer.tui.messages import CatalogueArrived, CatalogueFailed, FileLooked
from explorer.tui.screens.doctor import DoctorScreen, Examined
from explorer.tui.tabs import TABS
from explorer.workbench import (
    Asset,
    Catalogue,
    Dependency,
    DependencyCheck,
    Depth,
    DryRun,
    Engine,
    FileState,
    Finding,
    Health,
    Image,
    ImageSystem,
    Inspection,
    Member,
    MemberKind,
    Proof,
    Refusal,
    Result,
    Where,
    Workbench,
    file_key,
    subject_key,
)
from explorer.workbench.models import FileFacts
from tests.support.binaries import binary
from tests.support.proofs import make_proof
from tests.tui.conftest import Driver, opened, settings

EVIL = (
    "[/foo][@click=app.quit]x[/] [red]R[/] \x1b]0;pwned\x07\x1b[2J\x9b31m"
    "\x85 ‮gnp.exe⁦ ​zero \\[b] $x [NOTE"
)
SHOWN = "[/foo][@click=app.quit]x[/]"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f‪-‮⁦-⁩​-‏\ud800-\udfff]")
"""What a terminal obeys, and what reverses or hides text. A newline separates drawn lines."""


def poison(value: Any) -> Any:
    """The value with every string in it, however deep, replaced by the hostile one."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return EVIL
    if isinstance(value, (tuple, frozenset)):
        return type(value)(poison(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: poison(getattr(value, field.name)) for field in fields(value)}
        return type(value)(**changed)
    return value


def check(ui: Driver) -> str:
    """Nothing of what is drawn would be obeyed. Gives what is drawn."""
    text = ui.drawn()
    bad = OBEYED.search(text)
    assert bad is None, f"{bad!r} is drawn:\n{text!r}"
    return text


def proof() -> Proof:
    """A proof with something in every field, which disagrees."""
    return make_proof(
        result=Result.FAILED,
        meaning=EVIL,
        text=EVIL,
        engine=Engine(EVIL, (EVIL,), EVIL, EVIL, False),
        image=Image(EVIL, EVIL, EVIL, False, ImageSystem(EVIL, EVIL, EVIL, EVIL, EVIL, (EVIL,))),
        platform=EVIL,
        command=((EVIL, EVIL), (EVIL,)),
        argv=(EVIL,),
        exit_code=127,
        started_at=EVIL,
        stdout=f"{EVIL}\n{EVIL}",
        stderr=EVIL,
        output_truncated=True,
        agrees=False,
        verdict=EVIL,
        target=EVIL,
        dry_run=DryRun((EVIL,), 1, EVIL),
        sha256=EVIL,
        subject=EVIL,
        stand_in=True,
    )


@pytest.fixture
async def poisoned(tmp_path: Path) -> Inspection:
    """A real inspection of a dynamic program, with every text of it replaced."""
    bench = Workbench(settings(tmp_path))
    subject = await bench.resolve(str(binary("c-glibc")))
    inspection = await bench.look(subject, depth=Depth.WHOLE)
    await bench.aclose()
    verdict = inspection.verdicts[0]
    tree = Dependency(
        EVIL,
        EVIL,
        Where.MISSING,
        EVIL,
        (EVIL,),
        (Dependency(EVIL, EVIL, Where.IMAGE, EVIL, (EVIL,)),),
    )
    dependencies = DependencyCheck(EVIL, (tree,), (EVIL,), (EVIL,))
    members = (
        Member(EVIL, MemberKind.FILE, 3, 0o755, EVIL),
        Member(EVIL, MemberKind.OTHER, Unknown(EVIL), 0, EVIL, Refusal(EVIL, EVIL)),
    )
    listing = type_of_listing(members)
    return replace(
        inspection,
        file=FileFacts(EVIL, 3, EVIL),
        binary=poison(inspection.binary),
        verdicts=(replace(poison(verdict), dependencies=dependencies, newest_glibc=EVIL),),
        listing=listing,
        proofs=(proof(), proof()),
        changed=EVIL,
        subject=replace(inspection.subject, name=EVIL),
    )


def type_of_listing(members: tuple[Member, ...]) -> Any:
    from explorer.archive import Format
    from explorer.workbench import ArchiveListing

    return ArchiveListing(Format.TAR_GZ, members, Refusal(EVIL, EVIL))


def evil_catalogue(catalogue: Catalogue) -> Catalogue:
    release = catalogue.releases[1]
    assets: tuple[Asset, ...] = tuple(
        replace(
            asset,
            name=f"{EVIL}{number}",
            tag=EVIL,
            url=EVIL,
            archive=EVIL,
            content_type=EVIL,
            platform=poison(asset.platform),
        )
        for number, asset in enumerate(release.assets)
    )
    evil = replace(
        release,
        tag=EVIL,
        version=EVIL,
        name=EVIL,
        body=f"# {EVIL}\n\n<script>{EVIL}</script>\n\n![i]({EVIL})",
        assets=assets,
    )
    return replace(
        catalogue, repo=EVIL, releases=(evil, *catalogue.releases[2:]), warnings=(EVIL, EVIL)
    )


SIZES = [(120, 40), (60, 20)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_browser(size: tuple[int, int], demo: Settings, poisoned: Inspection) -> None:
    async with opened(demo, size=size) as ui:
        assert ui.state.catalogue is not None
        evil = evil_catalogue(ui.state.catalogue)
        ui.app.post_message(CatalogueArrived(evil, None, final=True))
        await ui.until(lambda: ui.state.catalogue is evil)
        await ui.press("home")
        await ui.shows("[/foo]")
        check(ui)
        await ui.press("enter")
        check(ui)
        asset = evil.releases[0].assets[0]
        on = ui.state.judged_on
        ui.app.post_message(FileLooked(file_key(asset), on, FileState(poisoned)))
        broken = FileState(error=SourceError(EVIL, EVIL, EVIL))
        ui.app.post_message(FileLooked(file_key(evil.releases[0].assets[1]), on, broken))
        ui.app.post_message(CatalogueFailed(SourceError(EVIL, EVIL, EVIL)))
        await ui.settle()
        for _ in evil.releases[0].assets:
            await ui.press("down")
            check(ui)
        await ui.press("y")
        assert "[/foo]" in check(ui)
        await ui.press("enter")
        check(ui)
        assert not OBEYED.search(ui.app.clipboard.replace("\n", ""))
        await ui.press("question_mark")
        check(ui)
        await ui.press("escape", "ctrl+p")
        await ui.press(*"foo")
        check(ui)
        await ui.press("escape")
        assert ui.app.is_running


def walk_tabs() -> Iterator[str]:
    return (spec.id for spec in TABS)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_tab_of_a_binary(
    size: tuple[int, int], demo: Settings, poisoned: Inspection
) -> None:
    async with opened(demo, size=size) as ui:
        assert ui.state.catalogue is not None
        release = evil_catalogue(ui.state.catalogue).releases[0]
        subject = replace(poisoned.subject, release=release)
        ui.state.files.put(subject_key(subject), FileState(poisoned))
        ui.app.open_subject(subject)
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        for name in walk_tabs():
            await ui.app.screen.open_tab(name)  # type: ignore[attr-defined]  # the binary screen's
            await ui.settle()
            text = check(ui)
            if name in (
                "verdict",
                "proof",
                "facts",
                "members",
                "sections",
                "notes",
                "dependencies",
            ):
                assert SHOWN[:6] in text, name
            if name in ("members", "sections"):
                await ui.press("enter")
                check(ui)
                await ui.press("escape")
        assert ui.app.is_running


async def test_missing_facts_jobs_toasts_and_errors(demo: Settings, poisoned: Inspection) -> None:
    async with opened(demo) as ui:
        job = ui.state.board.start(JobKind.VERIFY, EVIL, "none")
        ui.app.post_message(JobProgressed(job, Progress(EVIL, 1, 2, EVIL, 0.5, EVIL)))
        ui.app.post_message(JobPrinted(job, (EVIL, EVIL)))
        await ui.press("J")
        assert "[/foo]" in check(ui)
        ui.state.board.finish(job, JobState.FAILED, EVIL)
        ui.state.jobs_changed.publish(job)
        await ui.settle()
        check(ui)
        await ui.press("escape")
        ui.app.say(EVIL, title=EVIL, error=True)
        await ui.shows("[/foo]")
        check(ui)
        elf = NotApplicable(EVIL)
        bare = replace(
            poisoned, binary=replace(poisoned.binary, elf=elf), listing=Unknown(EVIL), proofs=()
        )
        ui.state.files.put(subject_key(bare.subject), FileState(bare))
        ui.app.open_subject(bare.subject)
        await ui.until(lambda: len(ui.app.screen_stack) == 2)
        for name in walk_tabs():
            await ui.app.screen.open_tab(name)  # type: ignore[attr-defined]  # the binary screen's
            await ui.settle()
            check(ui)


async def test_doctor_and_settings(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path, image=EVIL, engine_args=(EVIL,), keys={EVIL: EVIL}, theme=EVIL, problems=(EVIL,)
    )
    async with opened(chosen) as ui:
        check(ui)
        await ui.press("comma")
        await ui.press("end")
        check(ui)
        await ui.press("enter")
        check(ui)
        await ui.press("escape", "escape")
        ui.app.push_screen(DoctorScreen())
        await ui.until(lambda: isinstance(ui.app.screen, DoctorScreen))
        ui.app.screen.post_message(Examined((Finding(EVIL, Health.BAD, EVIL, EVIL),)))
        await ui.shows("[/foo]")
        check(ui)
        ui.app.screen.post_message(Examined(SourceError(EVIL, EVIL, EVIL)))
        await ui.settle()
        check(ui)


async def test_nothing_that_is_pasted_reaches_the_terminal(demo: Settings) -> None:
    from textual.events import Paste

    async with opened(demo) as ui:
        await ui.press("slash")
        ui.app.screen.focused.post_message(Paste(EVIL))  # type: ignore[union-attr]
        await ui.settle()
        check(ui)
        assert not re.search("[\x00-\x1f\x7f-\x9f]", ui.find("FilterInput").value)
