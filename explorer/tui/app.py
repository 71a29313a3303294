"""The app: handlers that own the state, and the way from screen to screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from textual import events, on
from textual.screen import Screen

from explorer.errors import ExplorerError, ImageMissingError
from explorer.facts import MISSING
from explorer.progress import foreground
from explorer.settings import DATABASE_SETTINGS, PROOF_SETTINGS, Settings
from explorer.tui.actions import keymap_of
from explorer.tui.app_base import ExplorerBase
from explorer.tui.app_state import AppState, CompareMark
from explorer.tui.first_screen import FirstScreen
from explorer.tui.job_board import JobEnded, JobKind, JobPrinted, JobProgressed, JobState
from explorer.tui.jobs import Jobs
from explorer.tui.messages import (
    CatalogueArrived,
    CatalogueFailed,
    CommandNeeded,
    FileDownloaded,
    FileInspected,
    FileLooked,
    FileSaved,
    ImageNeeded,
    JobFailed,
    PinChanged,
    ProjectMessage,
    Proved,
    SweepEnded,
    Swept,
)
from explorer.tui.project_state import BrowserPlace, about
from explorer.tui.responsiveness.deferred_import import (
    load_deferred_modules,
    load_screens,
    report,
    verdicts,
    workbench,
)
from explorer.tui.responsiveness.interpreter_tuning import InterpreterTuning
from explorer.tui.responsiveness.key_queue import KeyQueue
from explorer.tui.responsiveness.quit_signals import QuitSignals, TerminalHangup
from explorer.tui.theme import DEFAULT, THEMES

if TYPE_CHECKING:
    from textual.worker import Worker

    from explorer.tui.copying import Copy
    from explorer.tui.tour import Tour
    from explorer.workbench import Inspection, KnownFiles, Subject, Workbench

KEY_S = 0.025
"""Seconds that handling a key and drawing the result may take: background threads wait so long."""
TOGETHER_S = 0.1
"""Seconds that the first list waits for its verdicts, so that both are laid out and drawn once."""
KEPT_S = 0.5
"""The same where the verdicts are on the screen already, from the last session."""
NOT_RUN_HINT = "v on a file that was not run says what to do"
STYLES = Path(__file__).with_name("screens")
"""Where the screens' style sheets are."""


class ExplorerApp(ExplorerBase):
    """rr-explorer's app."""

    TITLE = "rr-explorer"
    ENABLE_COMMAND_PALETTE = False  # Textual's own; ours is explorer.tui.palette
    # Textual loads a screen's own style sheet when it is pushed; the first screen never is.
    CSS_PATH = STYLES / "browser.tcss"
    BINDINGS: ClassVar = []

    def __init__(
        self,
        settings: Settings,
        file: str | None = None,
        bench: Workbench | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tour: bool = False,
    ) -> None:
        """``file`` is opened at the start. ``now`` is the clock, which tests freeze. ``tour``
        starts the demo's tour."""
        super().__init__()
        self.animation_level = "none"  # nothing moves but what changes
        self.state = AppState(self, settings, now, bench)
        self.jobs = Jobs(self, self.state)
        self._file_to_open = file
        self._starts_tour = tour
        self._tour: Tour | None = None
        self._save_folder: Path | None = None
        """Where the last file was saved."""
        self.key_queue = KeyQueue(self, super().on_event)
        self._first_screen = FirstScreen(self.state)
        self.state.kept = self._first_screen.load()
        self.state.ready = self.state.kept is not None
        self._interpreter = InterpreterTuning()
        self._quit_signals = QuitSignals(self)
        self._hangup = TerminalHangup(self)
        for theme in THEMES:
            self.register_theme(theme)
        keymap, problems = keymap_of(settings.keys)
        self._warnings = [*settings.problems, *problems]
        """Settings that were left out because they are wrong; untrusted."""
        self.set_keymap(keymap)
        self.theme = self._theme(settings.theme)

    def _theme(self, name: str) -> str:
        if name and name not in self.available_themes:
            self._warnings.append(f"theme: “{name}” does not exist; {DEFAULT} is used")
            return DEFAULT
        return name or DEFAULT

    def get_default_screen(self) -> Screen[None]:
        from explorer.tui.screens.browser import BrowserScreen

        screen = BrowserScreen()
        screen.set_breakpoints(*self.size)
        return screen

    def on_mount(self) -> None:
        """Paint first, then load."""
        self._interpreter.start()
        self._quit_signals.start()
        self._hangup.start()
        if self.state.kept is not None:
            self.key_queue.hold()
        self._first_screen.follow(self)
        self.set_interval(1.0, self._at_rest, name="rest")
        self.call_after_refresh(self._load)

    def _at_rest(self) -> None:
        self._interpreter.collect_at_rest()
        if self._first_screen.is_due:
            self.run_worker(self._first_screen.keep(), exclusive=True, group="first screen")

    async def _load(self) -> None:
        await asyncio.to_thread(load_deferred_modules)
        self._interpreter.freeze("modules")
        self.state.ready = True
        for warning in self._warnings:
            self.say(warning, warning=True)
        self.jobs.list_releases()
        self.run_worker(self._prepare_screens())
        if self._file_to_open:
            self._open_words(self._file_to_open)
        if self._starts_tour:
            self.start_tour()

    async def _prepare_screens(self) -> None:
        """Load what screens need before a key opens one, but after the first verdicts.

        Textual parses all styles again for each screen whose style sheet it has not read.
        """
        await self.state.first_verdicts()
        self._interpreter.started()
        await asyncio.to_thread(load_screens)
        self.stylesheet.read_all(sorted(STYLES.glob("*.tcss")))

    async def on_event(self, event: events.Event) -> None:
        """Queue keys and pastes, each until the one before it has been handled."""
        if isinstance(event, (events.Key, events.Paste, events.MouseEvent)):
            self._interpreter.key_pressed()
            foreground.claim(KEY_S)
            if self._tour is not None and self._tour.takes(event):
                return
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.show_key(event.key)
        await self.key_queue.take(event)

    def show_key(self, key: str) -> None:
        """Show a pressed key in a corner, if the settings say so."""
        if self.state.settings.show_keys:
            from explorer.tui.widgets.pressed_keys import show_key

            show_key(self.screen, key)

    def show_keys(self, on: bool) -> None:
        """Show pressed keys from now on, or no longer; the settings file stays as it is."""
        self.state.settings = replace(self.state.settings, show_keys=on)

    def start_tour(self) -> None:
        """Show the journey from a release to a proof, from the list of releases on."""
        from explorer.tui.tour import Tour

        if self._tour is not None:
            self._tour.stop()
        self._tour = Tour(self, self.key_queue)
        self._tour.start()

    async def on_unmount(self) -> None:
        """Stop everything that still runs."""
        await self._first_screen.keep_at_end()
        self._hangup.stop()
        self._quit_signals.stop()
        await self.jobs.stop()
        await self.state.close()
        self._interpreter.stop()

    # -- what workers report -----------------------------------------------------------------------

    @on(CatalogueArrived)
    def _catalogue_arrived(self, message: CatalogueArrived) -> None:
        state = self.state
        project = message.project or state.shown
        if message.catalogue is None:
            self._end_kept_screen()
        elif project.catalogue is None:
            self.run_worker(self._draw_together(KEPT_S if state.kept else TOGETHER_S))
        project.catalogue = message.catalogue or project.catalogue
        if state.target is None and message.target is not None:
            state.target, state.usual_target = message.target, message.target.name
        if message.final:
            project.failure = None
            self._interpreter.freeze("list")
        if project is state.shown:
            state.changed.publish("catalogue")

    async def _draw_together(self, limit_s: float) -> None:
        """Draw nothing until the first verdicts are known, if that is soon."""
        with self.batch_update():
            await self.state.first_verdicts(limit_s)
        self.key_queue.release()

    def _end_kept_screen(self) -> None:
        """What the last session kept will not be replaced by a list."""
        self.state.kept = None
        self.key_queue.release()

    @on(CatalogueFailed)
    def _catalogue_failed(self, message: CatalogueFailed) -> None:
        project = message.project or self.state.shown
        project.failure = message.error
        self._end_kept_screen()
        if project is self.state.shown:
            self.state.changed.publish("catalogue")

    def _files(self, message: ProjectMessage) -> KnownFiles:
        """What is known of the files of the project that the message is about."""
        with about(message.project):
            return self.state.files

    @on(FileLooked)
    def _file_looked(self, message: FileLooked) -> None:
        self._interpreter.freeze("parsers")
        if message.on == self.state.judged_on:
            self._files(message).update(message.key, message.state)
        else:  # the target has changed meanwhile
            self._files(message).stop(message.key)

    @on(FileInspected)
    def _inspected(self, message: FileInspected) -> None:
        inspection = message.inspection
        key = workbench.subject_key(inspection.subject)
        self._files(message).update(key, workbench.FileState(inspection))
        if inspection.changed:
            self.say(inspection.changed, title="The verdict has changed", error=True)

    @on(JobFailed)
    def _job_failed(self, message: JobFailed) -> None:
        job, files = message.job, self._files(message)
        shows_failure = getattr(self.screen, "shows_failure", None)
        is_offered = isinstance(message.error, ImageMissingError) and bool(message.error.others)
        if not is_offered and (shows_failure is None or not shows_failure(message)):
            self.say(str(message.error), title=f"{job.kind} failed", error=True)
        if job.kind in (JobKind.DOWNLOAD, JobKind.INSPECT, JobKind.VERIFY) and (
            job.kind is not JobKind.VERIFY or files[job.about].inspection is None
        ):
            files.update(job.about, workbench.FileState(error=message.error))
        self.state.job_failed.publish(message)

    @on(CommandNeeded)
    def _command_needed(self, message: CommandNeeded) -> None:
        from explorer.tui.screens.command import CommandChoice, CommandScreen

        def verify(choice: CommandChoice | None) -> None:
            if choice is not None:
                usual = self.state.proof_options
                options = replace(usual, argv=choice.argv, deep=choice.deep)
                with about(message.project):
                    self.jobs.verify(message.subject, message.inspection, options)

        self.push_screen(CommandScreen(message.inspection.file.name), verify)

    @on(ImageNeeded)
    def _image_needed(self, message: ImageNeeded) -> None:
        from explorer.tui.screens.choose import ChooseScreen, MenuItem

        inspection = message.inspection

        def verify(image: str | None) -> None:
            if image is not None:
                options = replace(message.options, image=image)
                with about(message.project):
                    self.jobs.verify(inspection.subject, inspection, options)

        others = message.error.others.items()
        choices = [MenuItem(image, image, system) for image, system in others]
        title, why = "Run it in an image that is here", message.error.title
        self.push_screen(ChooseScreen(title, choices, lead=why), verify)

    @on(Proved)
    def _proved(self, message: Proved) -> None:
        self._files(message).add_proof(workbench.subject_key(message.subject), message.proof)
        if message.proof.agrees is False:
            self.say(message.proof.text, title="The proof disagrees with the verdict", error=True)

    @on(Swept)
    def _swept(self, message: Swept) -> None:
        result, files = message.result, self._files(message)
        proof, inspection = result.proof, result.item.inspection
        if proof is None:
            return
        key = workbench.subject_key(inspection.subject)
        target = self.state.target
        if target is not None and result.item.target.name == target.name:
            files.update(key, workbench.FileState(inspection))
        shown = files[key].inspection
        if shown is None or all(one.started_at != proof.started_at for one in shown.proofs):
            files.add_proof(key, proof)

    @on(SweepEnded)
    def _sweep_ended(self, message: SweepEnded) -> None:
        from explorer.report.sweeps import left_out_sentence, sweep_sentence, trouble_sentence
        from explorer.tui.widgets.banner import TALL
        from explorer.workbench import Standing

        summary = message.summary
        sentences = (
            trouble_sentence(summary, 3 if self.size.height >= TALL else 1),
            sweep_sentence(summary).text,
            NOT_RUN_HINT if summary.count(Standing.NOT_RUN) else "",
            left_out_sentence(summary),
        )
        text = "\n".join(sentence for sentence in sentences if sentence)
        title = f"Verified {message.title}"
        self.say(text, title=title, error=summary.exit_code == 1, warning=summary.exit_code == 5)
        self.bell()

    @on(FileDownloaded)
    def _file_downloaded(self, message: FileDownloaded) -> None:
        download = message.download
        if isinstance(download.check, MISSING):
            check = f"checksum not verified: {download.check.why}"
        elif download.check == "ok":
            check = "checksum verified"
        else:
            check = "no published checksum to compare"
        size = report.human_size(download.blob.size)
        source = "already in the cache" if download.from_cache else f"{size} downloaded"
        self.say(f"{message.asset.name}: {source}, {check}")

    @on(FileSaved)
    def _file_saved(self, message: FileSaved) -> None:
        state, result, files = self.state, message.result, self._files(message)
        key = workbench.subject_key(message.subject)
        place = result.binary or (result.files[0] if len(result.files) == 1 else result.directory)
        (message.project or state.shown).saved[key] = place
        more = len(result.files) - 1
        beside = f", with {report.plural(more, 'other file')} in {result.directory}"
        self.say(f"{place}{beside if more > 0 else ''}", title="Saved")
        for warning in message.warnings:
            self.say(warning, warning=True)
        if files[key].inspection is not None:
            with about(message.project):
                self.jobs.inspect(message.subject)  # its bytes are in the cache now
        if message.project in (None, state.shown):
            state.file_changed.publish(key)

    @on(JobProgressed)
    def _job_progressed(self, message: JobProgressed) -> None:
        if message.job.running:
            message.job.progress = message.progress
            self.state.jobs_changed.publish(message.job)

    @on(JobPrinted)
    def _job_printed(self, message: JobPrinted) -> None:
        message.job.lines.extend(message.lines)
        self.state.jobs_changed.publish(message.job)

    @on(JobEnded)
    def _job_ended(self, message: JobEnded) -> None:
        job = message.job
        self.state.board.finish(job, message.state, message.message)
        self.jobs.forget(job)
        quiet = (JobKind.LISTING, JobKind.ADVISE, JobKind.COMPARE)
        if message.state is JobState.CANCELLED and job.kind not in quiet:
            self.say(f"{job.kind} of {job.title} cancelled")
        self.state.jobs_changed.publish(job)

    # -- going places ------------------------------------------------------------------------------

    def open_subject(self, subject: Subject, tab: str = "verdict") -> None:
        from explorer.tui.screens.binary import BinaryScreen

        self.push_screen(BinaryScreen(subject, tab))

    def open_page(self, url: str) -> None:
        import webbrowser

        if urlsplit(url).scheme.lower() not in ("http", "https"):
            self.say(f"Not a web address: {url}" if url else "No web address known", warning=True)
        elif webbrowser.open(url):
            self.say(f"Opened {url}")
        else:
            self.say(f"No web browser found; y copies the address: {url}", warning=True)

    def open_matrix(self, tag: str) -> None:
        from explorer.tui.screens.matrix import MatrixScreen

        self.push_screen(MatrixScreen(tag))

    def mark(self, mark: CompareMark) -> None:
        """Mark a file or a release, or compare it with the one that is marked."""
        first = self.state.marked
        if first is None or (first.subject is None) != (mark.subject is None):
            self.state.marked = mark
            what = "file" if mark.subject is not None else "release"
            self.say(f"Marked {mark.name}. c on another {what} compares them")
            return
        self.state.marked = None
        if first.key == mark.key:
            self.say(f"{mark.name} is no longer marked")
            return
        from explorer.tui.screens.compare import CompareScreen

        self.clear_notifications()
        self.push_screen(CompareScreen(first, mark))

    def open_by_target(self, tag: str) -> None:
        from explorer.tui.screens.by_target import ByTargetScreen

        self.push_screen(ByTargetScreen(tag))

    def open_advice(self, tag: str, arch: str = "") -> None:
        from explorer.tui.screens.advice import AdviceScreen

        self.push_screen(AdviceScreen(tag, arch))

    def open_jobs(self) -> None:
        from explorer.tui.screens.jobs import JobsScreen

        self.push_screen(JobsScreen())

    def open_report(self, inspections: Sequence[Inspection]) -> None:
        from explorer.tui.screens.report import offer_report

        offer_report(self, inspections)

    def offer_copies(self, copies: Sequence[Copy]) -> None:
        from explorer.tui.screens.choose import ChooseScreen, MenuItem

        if not copies:
            self.say("Nothing to copy here", warning=True)
            return

        def take(choice: str | None) -> None:
            if choice is not None:
                self.copy(copies[int(choice)])

        first = {copy.text: number for number, copy in reversed([*enumerate(copies)])}
        choices = [
            MenuItem(str(number), copy.title, copy.text.splitlines()[0] if copy.text else "")
            for number, copy in enumerate(copies)
            if first[copy.text] == number
        ]
        self.push_screen(ChooseScreen("Copy", choices), take)

    def offer_save(self, subject: Subject) -> None:
        from explorer.tui.screens.save import FolderScreen, working_folder

        def save(folder: Path | None) -> None:
            if folder is not None:
                self._save_folder = folder
                self.jobs.save(subject, folder)

        folder = self._save_folder or working_folder()
        self.push_screen(FolderScreen(subject.name, folder), save)

    def copy(self, copy: Copy) -> None:
        self.copy_to_clipboard(copy.text)
        # A coroutine, not a partial: Textual takes the repr of what it runs.
        _worker: Worker[None] = self.run_worker(self._copy(copy), name="copy", group="copy")

    async def _copy(self, copy: Copy) -> None:
        from explorer.tui.clipboard import put_on_clipboard
        from explorer.tui.screens.selectable import SelectScreen

        programs = await put_on_clipboard(copy.text)
        if programs:
            self.say(f"{copy.title} copied ({' and '.join(programs)})")
        else:
            self.push_screen(SelectScreen(copy.title, copy.text))

    def show_cells(self, cells: Sequence[tuple[str, str]]) -> None:
        from explorer.tui.screens.help import TextScreen

        self.push_screen(TextScreen("Row", cells))

    def choose_target(self) -> None:
        from explorer.tui.screens.choose import ChooseScreen, MenuItem

        current = self.state.target.name if self.state.target else ""
        choices = [
            MenuItem(target.name, target.name, verdicts.target_in_words(target))
            for target in self.state.wb.targets()
        ]
        self.push_screen(ChooseScreen("Where should it run?", choices, current), self.set_target)

    def set_target(self, name: str | None) -> None:
        state = self.state
        if name is None or (state.target is not None and name == state.target.name):
            return
        state.target = state.wb.target(name)
        state.files.forget_verdicts()
        state.changed.publish("target")

    def apply_settings(self, settings: Settings, name: str) -> None:
        self.state.settings = settings
        if name == "theme":
            self.theme = self._theme(settings.theme)
        elif name in ("prereleases", "plugins", "debs"):
            setattr(self.state, f"show_{name}", getattr(settings, name))
            self.state.changed.publish("switch")
        elif name == "target":
            self.set_target(settings.target or None)
        elif name in DATABASE_SETTINGS:
            for bench in self.state.benches:
                bench.use_database(settings)
        elif name in PROOF_SETTINGS:
            for bench in self.state.benches:
                bench.use_for_proofs(settings)
        elif name == "keys":
            keymap, problems = keymap_of(settings.keys)
            self.set_keymap(keymap)
            for problem in problems:
                self.say(problem, warning=True)

    async def action_projects(self) -> None:
        """Let the user choose another project."""
        from explorer.tui.screens.projects import ProjectsScreen

        state = self.state
        if isinstance(self.screen, ProjectsScreen):
            return
        try:
            seen = await state.background.run(state.wb.seen_projects())
        except ExplorerError as problem:
            seen = ()
            self.say(str(problem), warning=True)
        current = "" if state.settings.demo or state.settings.folder else state.settings.repo
        settings = state.settings
        dialog = ProjectsScreen(seen, settings.pinned, current, state.now(), settings.api_url)
        self.push_screen(dialog, self.open_project)

    def open_project(self, words: str | None) -> None:
        """Show a project: OWNER/NAME, or what a GitHub address leads to."""
        from explorer.tui.screens.browser import BrowserScreen
        from explorer.tui.screens.projects import address_of

        api_url = self.state.settings.api_url
        address = address_of(words, api_url) if words is not None else None
        if address is None:
            return
        if address.host and (refusal := address.refusal(api_url)) is not None:
            self.say(str(refusal), error=True)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        browser = self.screen_stack[0]
        assert isinstance(browser, BrowserScreen)
        browser.leave_project()
        self.state.show_project(address.repo)
        browser.show_project()
        self.state.changed.publish("project")
        self.jobs.list_releases()
        if address.words:
            self._open_words(address.words)

    def _open_words(self, words: str) -> None:
        """Open a file, or go to a release that was named alone."""
        self.jobs.resolve(words, self.open_subject, self._go_to_release)

    def _go_to_release(self, tag: str) -> None:
        from explorer.tui.screens.browser import BrowserScreen

        browser = self.screen_stack[0]
        if isinstance(browser, BrowserScreen):
            browser.place_at(BrowserPlace(tag))

    def use_theme(self, name: str | None) -> None:
        if name is not None:
            self.theme = name
            self._keep("theme", name)

    def _keep(self, name: str, value: object) -> None:
        """Save a setting that has taken effect already."""

        async def save_setting() -> None:
            from explorer.settings_writer import save

            try:
                settings = await asyncio.to_thread(save, self.state.settings, {name: value})
                self.state.settings = settings
            except ExplorerError as problem:
                self.say(str(problem), title="Not saved", error=True)

        _worker: Worker[None] = self.run_worker(save_setting, name="save", group="save")

    @on(PinChanged)
    def _pin_changed(self, message: PinChanged) -> None:
        """Pin a project or remove its pin, and save that."""
        before = self.state.settings.pinned
        pins = [pin for pin in before if pin.lower() != message.repo.lower()]
        if len(pins) == len(before):
            pins.append(message.repo)
        self._keep("pinned", pins)

    def action_choose_theme(self) -> None:
        """Let the user choose the colours."""
        from explorer.tui.screens.choose import choose_theme

        choose_theme(self)

    def action_settings(self) -> None:
        """Show the settings."""
        from explorer.tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen())

    def action_doctor(self) -> None:
        """Check the environment."""
        from explorer.tui.screens.doctor import DoctorScreen

        self.push_screen(DoctorScreen())

    def action_help(self) -> None:
        """Show help for what has the focus."""
        from explorer.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen))

    def action_command_palette(self) -> None:
        """Open the command palette."""
        from explorer.tui.palette import open_palette

        open_palette(self)

    async def action_quit(self) -> None:
        """What Textual does at ctrl+q, whatever has the focus."""
        self.action_leave()

    def action_leave(self) -> None:
        """Quit. Asks first while jobs are running that a user waits for."""
        from explorer.tui.screens.quit import WORTH_ASKING, QuitScreen

        running = [job for job in self.state.board.running if job.kind in WORTH_ASKING]
        if not running or isinstance(self.screen, QuitScreen):
            self.exit()
            return

        def answered(quits: bool | None) -> None:
            if quits:
                self.exit()

        self.push_screen(QuitScreen(running), answered)
