"""The app: its state, its handlers, and the way between the screens. Small on purpose; the work is in ``work``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from textual import events, on
from textual.app import App, SystemCommand
from textual.command import Provider
from textual.screen import Screen
from textual.signal import Signal

from explorer.errors import ExplorerError
from explorer.facts import MISSING
from explorer.settings import Settings
from explorer.tui.actions import keymap_of
from explorer.tui.away import Away
from explorer.tui.job_board import (
    Job,
    JobBoard,
    JobEnded,
    JobKind,
    JobPrinted,
    JobProgressed,
    JobState,
)
from explorer.tui.jobs import Work, key_of
from explorer.tui.late import load, report, workbench
from explorer.tui.leaving import Leaving
from explorer.tui.messages import (
    AssetLearned,
    CatalogueArrived,
    CatalogueFailed,
    CommandWanted,
    Inspected,
    InspectFailed,
    Proved,
)
from explorer.tui.pace import Pace
from explorer.tui.theme import DEFAULT, THEMES
from explorer.tui.typed import TypedAhead

if TYPE_CHECKING:
    from explorer.tui.copying import Copy
    from explorer.workbench import (
        Asset,
        Catalogue,
        Download,
        Inspection,
        Subject,
        Target,
        Workbench,
    )


def _commands() -> type[Provider]:
    from explorer.tui.palette import NowProvider

    return NowProvider


class ExplorerApp(App[None]):
    """rr-explorer's app. ``now`` is the clock (tests freeze it)."""

    TITLE = "rr-explorer"
    COMMANDS: ClassVar = {_commands}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    # Textual loads a screen's own sheet when it is pushed; the first one never is.
    CSS_PATH = Path(__file__).with_name("screens") / "browser.tcss"
    BINDINGS: ClassVar = []

    def __init__(
        self,
        settings: Settings,
        target: str | None = None,
        bench: Workbench | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.settings = settings
        self._bench = bench
        self._typed = TypedAhead(self, super().on_event)
        self.pace = Pace()
        self.ready = False
        """Whether report and workbench are loaded: nothing untrusted can be there before, and nothing is drawn of it."""
        self.now = now
        self.opening = target
        self.board = JobBoard()
        self.work = Work(self)
        self._leaving = Leaving(self)
        self.away = Away()
        """Where the workbench's coroutines run."""
        self.catalogue: Catalogue | None = None
        self.failure: ExplorerError | None = None
        """Why the list could not be had, until it can."""
        self.target: Target | None = None
        """Where it should run; None until the data have been read."""
        self.learned: dict[str, Inspection] = {}
        """What is known of each file, by ``key_of``."""
        self.problems: dict[str, str] = {}
        """Why nothing is known of a file; untrusted."""
        self.show_prereleases = settings.prereleases
        self.show_plugins = settings.plugins
        self.show_debs = settings.debs
        self.changed: Signal[str] = Signal(self, "changed")
        """The list, the target or a switch has changed."""
        self.learnt: Signal[str] = Signal(self, "learnt")
        """Something is known of the file with this key."""
        self.jobs_changed: Signal[Job] = Signal(self, "jobs")
        self.failed: Signal[InspectFailed] = Signal(self, "failed")
        for theme in THEMES:
            self.register_theme(theme)
        keymap, problems = keymap_of(settings.keys)
        self.warnings = (*settings.problems, *problems)
        """What was wrong with the settings and was left out; untrusted."""
        self.set_keymap(keymap)
        self.theme = self._theme(settings.theme)

    def _theme(self, name: str) -> str:
        if name and name not in self.available_themes:
            self.warnings = (
                *self.warnings,
                f"theme: there is none called “{name}”; {DEFAULT} is used",
            )
            return DEFAULT
        return name or DEFAULT

    def get_default_screen(self) -> Screen[None]:
        from explorer.tui.screens.browser import BrowserScreen

        screen = BrowserScreen()
        screen.shape(*self.size)
        return screen

    def on_mount(self) -> None:
        """Paint first, then load."""
        self.pace.begin()
        self._leaving.begin()
        self.set_interval(1.0, self.pace.rest, name="rest")
        self.call_after_refresh(self._begin)

    @property
    def wb(self) -> Workbench:
        """The workbench, made when it is first asked for."""
        if self._bench is None:
            self._bench = workbench.Workbench(self.settings)
        return self._bench

    async def _begin(self) -> None:
        await asyncio.to_thread(load)
        self.pace.loaded("rooms")
        self.ready = True
        for warning in self.warnings:
            self.say(warning, warning=True)
        self.work.list_releases()
        if self.opening:
            self.work.resolve(self.opening, self.open_subject)

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes wait their turn, each until the one before it has done what it does."""
        if isinstance(event, (events.Key, events.Paste, events.MouseEvent)):
            self.pace.typed()
        await self._typed.take(event)

    async def on_unmount(self) -> None:
        """Nothing is left running behind."""
        self._leaving.end()
        await self.work.stop()
        if self._bench is not None:
            await self.away.run(self._bench.aclose())
        await self.away.close()
        self.pace.end()

    # -- state in words -----------------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """The repository or folder; visible text."""
        if not self.ready:
            return ""
        return report.visible(
            str(self.settings.folder) if self.settings.folder else self.settings.repo
        )

    @property
    def state_words(self) -> tuple[str, ...]:
        """For the top bar: how many releases, how old, and the target."""
        words: list[str] = []
        if self.catalogue is not None:
            words += report.catalogue_words(self.catalogue, self.now())
        elif self.failure is None:
            words.append("reading …")
        if self.settings.offline:
            words.append("offline")
        if self.target is not None:
            words.append(f"target {report.target_in_words(self.target)}")
        return tuple(words)

    @property
    def judged_on(self) -> tuple[str, ...]:
        """The target's name as the workbench takes it; empty for the default."""
        return (self.target.name,) if self.target is not None else ()

    def known(self, asset: Asset) -> Inspection | None:
        """What is known of a file."""
        return self.learned.get(workbench.file_key(asset))

    def reachable(self, asset: Asset | None, whole: bool = False) -> bool:
        """Whether there are bytes to get at: here, or at an address; with ``whole`` only what is still to be fetched counts."""
        if asset is None:
            return False
        return (asset.path is not None and not whole) or (
            asset.path is None and bool(asset.url or asset.api_url)
        )

    def say(
        self, words: object, *, title: str = "", warning: bool = False, error: bool = False
    ) -> None:
        """A toast. Never read as markup, and visible whatever it quotes."""
        self.notify(
            report.visible(str(words), newline=True),
            title=report.visible(title),
            severity="error" if error else "warning" if warning else "information",
            timeout=12 if error else 6,
            markup=False,
        )

    # -- what workers tell --------------------------------------------------------------------------------------------

    @on(CatalogueArrived)
    def _catalogue(self, message: CatalogueArrived) -> None:
        self.catalogue = message.catalogue or self.catalogue
        self.target = self.target or message.target
        if message.final:
            self.failure = None
            self.pace.loaded("list")
        self.changed.publish("catalogue")

    @on(CatalogueFailed)
    def _no_catalogue(self, message: CatalogueFailed) -> None:
        self.failure = message.error
        self.changed.publish("catalogue")

    @on(AssetLearned)
    def _learned(self, message: AssetLearned) -> None:
        key = workbench.file_key(message.asset)
        self.pace.loaded("parsers")
        if message.inspection is not None:
            # A whole file says more than its first bytes; a late peek must not take that away.
            old = self.learned.get(key)
            if old is None or old.path is None or message.inspection.path is not None:
                self.learned[key] = message.inspection
            self.problems.pop(key, None)
        elif message.problem:
            self.problems[key] = message.problem
        self.learnt.publish(key)

    @on(Inspected)
    def _inspected(self, message: Inspected) -> None:
        found = message.inspection
        self.learned[key_of(found.subject)] = found
        self.problems.pop(key_of(found.subject), None)
        if found.changed:
            self.say(found.changed, title="The verdict has changed", error=True)
        self.learnt.publish(key_of(found.subject))

    @on(InspectFailed)
    def _failed(self, message: InspectFailed) -> None:
        self.problems[message.job.about] = str(message.error)
        tells = getattr(self.screen, "tells", None)
        if tells is None or not tells(message):
            self.say(str(message.error), title=f"{message.job.kind} failed", error=True)
        self.failed.publish(message)
        self.learnt.publish(message.job.about)

    @on(CommandWanted)
    def _command_wanted(self, message: CommandWanted) -> None:
        from explorer.tui.screens.command import ask_command

        ask_command(self, message.subject, message.inspection)

    @on(Proved)
    def _proved(self, message: Proved) -> None:
        from dataclasses import replace

        key = key_of(message.subject)
        found = self.learned.get(key)
        if found is not None:
            self.learned[key] = replace(found, proofs=(message.proof, *found.proofs))
        if message.proof.agrees is False:
            self.say(message.proof.text, title="The proof disagrees with the verdict", error=True)
        self.learnt.publish(key)

    def tell_download(self, asset: Asset, got: Download) -> None:
        """A file has arrived."""
        check = (
            "its digest is right" if got.check == "ok" else "there is no digest to check it against"
        )
        check = f"it was not checked: {got.check.why}" if isinstance(got.check, MISSING) else check
        source = (
            "was here already"
            if got.from_cache
            else f"{report.human_size(got.blob.size)} downloaded"
        )
        self.say(f"{asset.name}: {source}, {check}")

    @on(JobProgressed)
    def _progressed(self, message: JobProgressed) -> None:
        if message.job.running:
            message.job.progress = message.progress
            self.jobs_changed.publish(message.job)

    @on(JobPrinted)
    def _printed(self, message: JobPrinted) -> None:
        message.job.lines.extend(message.lines)
        self.jobs_changed.publish(message.job)

    @on(JobEnded)
    def _ended(self, message: JobEnded) -> None:
        self.board.finish(message.job, message.state, message.message)
        self.work.forget(message.job)
        if message.state is JobState.CANCELLED and message.job.kind not in (
            JobKind.LISTING,
            JobKind.ADVISE,
        ):
            self.say(f"{message.job.kind} of {message.job.title} cancelled")
        self.jobs_changed.publish(message.job)

    # -- going places -------------------------------------------------------------------------------------------------

    def open_subject(self, subject: Subject, prove: bool = False) -> None:
        """Open a file; with ``prove`` its proof is shown running."""
        from explorer.tui.screens.binary import BinaryScreen

        self.push_screen(BinaryScreen(subject, prove=prove))

    def open_page(self, url: str) -> None:
        """Open a web page: only http and https, only by the user's act."""
        import webbrowser

        if urlsplit(url).scheme.lower() not in ("http", "https"):
            self.say(f"Not a web address: {url or 'none is known'}", warning=True)
            return
        if webbrowser.open(url):
            self.say(f"Opened {url}")
        else:
            self.say(f"No web browser here; y copies the address: {url}", warning=True)

    def offer_copies(self, copies: Sequence[Copy]) -> None:
        """Let the user choose what goes to the clipboard."""
        from explorer.tui.screens.choose import Choice, ChooseScreen

        if not copies:
            self.say("Nothing to copy here", warning=True)
            return

        def take(choice: str | None) -> None:
            if choice is not None:
                copy = copies[int(choice)]
                self.copy_to_clipboard(copy.text)
                self.say(f"{copy.title} copied")

        choices = [
            Choice(str(number), copy.title, copy.text.splitlines()[0] if copy.text else "")
            for number, copy in enumerate(copies)
        ]
        self.push_screen(ChooseScreen("Copy", choices), take)

    def choose_target(self) -> None:
        """Let the user choose where it should run."""
        from explorer.tui.screens.choose import Choice, ChooseScreen

        current = self.target.name if self.target else ""
        choices = [
            Choice(target.name, target.name, report.target_in_words(target))
            for target in self.wb.targets()
        ]

        self.push_screen(ChooseScreen("Where should it run?", choices, current), self.set_target)

    def set_target(self, name: str | None) -> None:
        """Judge everything on another target; what was learned is kept, its verdicts are asked for anew."""
        if name is None or (self.target is not None and name == self.target.name):
            return
        self.target = self.wb.target(name)
        self.learned.clear()
        self.changed.publish("target")

    def show_cells(self, cells: Sequence[tuple[str, str]]) -> None:
        """A row in full, where a table had to cut it."""
        from explorer.tui.screens.help import WordsScreen

        self.push_screen(WordsScreen("Row", cells))

    def action_choose_theme(self) -> None:
        """Let the user choose the colours."""
        from explorer.tui.screens.choose import choose_theme

        choose_theme(self)

    def use(self, settings: Settings, name: str) -> None:
        """A setting has been changed and saved."""
        self.settings = settings
        if name == "theme":
            self.theme = self._theme(settings.theme)
        elif name in ("prereleases", "plugins", "debs"):
            setattr(self, f"show_{name}", getattr(settings, name))
            self.changed.publish("switch")
        elif name == "target":
            self.set_target(settings.target or None)
        elif name == "keys":
            keymap, problems = keymap_of(settings.keys)
            self.set_keymap(keymap)
            for problem in problems:
                self.say(problem, warning=True)

    def action_settings(self) -> None:
        """Show the settings."""
        from explorer.tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen())

    def action_doctor(self) -> None:
        """Show what works here."""
        from explorer.tui.screens.doctor import DoctorScreen

        self.push_screen(DoctorScreen())

    def action_help(self) -> None:
        """Show help for what has the focus."""
        from explorer.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_leave(self) -> None:
        """Quit; what runs is stopped on the way out."""
        self.exit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """None of Textual's own: the palette is fed from the registry of actions."""
        return ()
