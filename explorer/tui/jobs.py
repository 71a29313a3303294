"""Everything that takes time, as workers of the app. They call the workbench and post messages.

Workers belong to the app, not to a screen: a download or a proof goes on when the user moves on.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from textual.worker import Worker

from explorer.errors import ImageMissingError, OperationCancelledError, as_explorer_error
from explorer.progress import Progress
from explorer.tui import project_state
from explorer.tui.app_state import AppState, CompareMark
from explorer.tui.job_board import Job, JobEnded, JobKind, JobPrinted, JobProgressed, JobState
from explorer.tui.messages import (
    CatalogueArrived,
    CatalogueFailed,
    CommandNeeded,
    FileDownloaded,
    FileInspected,
    FileSaved,
    ImageNeeded,
    JobFailed,
    Proved,
    SweepEnded,
    Swept,
)
from explorer.tui.responsiveness.deferred_import import workbench

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

    from explorer.workbench import (
        Advice,
        Asset,
        Depth,
        FileComparison,
        Inspection,
        ProofOptions,
        ReleaseComparison,
        Subject,
        SweepResult,
    )

T = TypeVar("T")
DATABASE = "vulndb"
"""What the job that downloads the vulnerability database is about."""
OTHERS = "v offers the images that are here; with a network, D can pull this one"
"""What to do about a missing image where others could take its place, in keys of the app."""
FLUSH_S = 0.05
"""Seconds between two batches of a program's output."""


class Jobs:
    """Starts and stops jobs."""

    def __init__(self, app: App[None], state: AppState) -> None:
        self._app = app
        self._state = state
        self._workers: dict[int, Worker[None]] = {}
        self._questions = itertools.count(1)

    # -- jobs --------------------------------------------------------------------------------------

    def _start(
        self, kind: JobKind, title: str, about: str, work: Callable[[Job], Awaitable[None]]
    ) -> Job:
        """Run ``work`` as a job, unless one of this kind about this subject is running already."""
        project = self._state.project
        running = self._state.board.find(kind, about)
        if running is not None and running.running and running.place == project.key:
            return running
        job = self._state.board.start(kind, title, about, project.key)

        async def run() -> None:
            with project_state.about(project):
                await self._run(job, work)

        self._workers[job.id] = self._app.run_worker(run, name=kind.value, group=f"job-{job.id}")
        self._state.jobs_changed.publish(job)
        return job

    async def _run(self, job: Job, work: Callable[[Job], Awaitable[None]]) -> None:
        job_state, message = JobState.DONE, ""
        try:
            await work(job)
        except asyncio.CancelledError:
            job_state = JobState.CANCELLED
            raise
        except OperationCancelledError:
            job_state = JobState.CANCELLED
        except Exception as exception:  # noqa: BLE001 - the last boundary
            error = as_explorer_error(exception)
            job_state, message = JobState.FAILED, str(error)
            failed = CatalogueFailed(error) if job.kind is JobKind.LISTING else None
            self._app.post_message(failed or JobFailed(job, error))
        finally:
            self._app.post_message(JobEnded(job, job_state, message))

    def cancel(self, job: Job) -> None:
        """Stop a job. Downloaded bytes are kept for the next time."""
        worker = self._workers.get(job.id)
        if worker is not None and job.running:
            worker.cancel()

    def forget(self, job: Job) -> None:
        """Let go of the worker of a job that has ended."""
        self._workers.pop(job.id, None)

    async def stop(self) -> None:
        """Cancel everything and wait until containers are removed and partial files closed."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(_ended(worker))

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Await one of the workbench's coroutines in the background loop."""
        return await self._state.background.run(work)

    def _progress(self, job: Job) -> Callable[[Progress], None]:
        def report_progress(progress: Progress) -> None:
            self._app.post_message(JobProgressed(job, progress))

        return report_progress

    # -- releases ----------------------------------------------------------------------------------

    def list_releases(self) -> None:
        """Show the cached list first, then what the server answers."""
        state, wb = self._state, self._state.wb
        asks_server = not (state.settings.demo or state.settings.folder)

        async def work(job: Job) -> None:
            if state.catalogue is None:
                at_hand = await self._call(wb.catalogue_at_hand())
                target = await self._call(wb.default_target())
                self._app.post_message(CatalogueArrived(at_hand, target, final=not asks_server))
                if at_hand is not None and not asks_server:
                    return
                if at_hand is not None:  # the HTTP client is slow to import
                    await state.first_verdicts()
            fresh = await self._call(wb.catalogue(progress=self._progress(job)))
            self._app.post_message(CatalogueArrived(fresh, None, final=True))

        about = f"releases of {state.project.key}"
        self._start(JobKind.LISTING, f"Releases of {state.settings.repo}", about, work)

    def download(self, asset: Asset) -> Job:
        """Fetch a file into the cache, then inspect it."""
        wb = self._state.wb
        subject = wb.subject(asset)

        async def work(job: Job) -> None:
            progress = self._progress(job)
            download = await self._call(wb.download(asset, progress=progress))
            self._app.post_message(FileDownloaded(asset, download))
            await self._inspected(await self._look(subject, workbench.Depth.WHOLE, progress))

        return self._start(JobKind.DOWNLOAD, asset.name, workbench.subject_key(subject), work)

    def update_database(self) -> Job:
        """Download the vulnerability database, if the server has another one than the cache."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            await self._call(wb.download_database(progress=self._progress(job)))

        return self._start(JobKind.DATABASE, "vulndb.zip", DATABASE, work)

    def save(self, subject: Subject, into: Path) -> Job:
        """Write a file's program below ``into``, downloaded and unpacked first if need be."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            earlier = wb.warnings
            result = await self._call(wb.get(subject, into, progress=self._progress(job)))
            warnings = [warning for warning in wb.warnings if warning not in earlier]
            self._app.post_message(FileSaved(subject, result, warnings))

        return self._start(JobKind.SAVE, subject.name, workbench.subject_key(subject), work)

    async def _look(
        self, subject: Subject, depth: Depth, progress: Callable[[Progress], None]
    ) -> Inspection:
        on = self._state.judged_on
        return await self._call(self._state.wb.look(subject, on=on, depth=depth, progress=progress))

    async def _inspected(self, inspection: Inspection) -> Inspection:
        """Post the inspection, judged for the target that is current by now."""
        state = self._state
        while (
            inspection.verdicts
            and (on := state.judged_on)
            and inspection.verdicts[0].target.name != on[0]
        ):
            inspection = await self._call(state.wb.judge(inspection, on=on))
        self._app.post_message(FileInspected(inspection))
        return inspection

    # -- a binary ----------------------------------------------------------------------------------

    def inspect(self, subject: Subject, whole: bool = False) -> Job:
        """Inspect a file that is on disk, or with ``whole``; else peek at its first bytes."""

        async def work(job: Job) -> None:
            depth = workbench.Depth.WHOLE if whole else workbench.Depth.AVAILABLE
            await self._inspected(await self._look(subject, depth, self._progress(job)))

        return self._start(JobKind.INSPECT, subject.name, workbench.subject_key(subject), work)

    def pull_image(self, platform: str) -> Job:
        """Let the container engine pull the image of proofs for a platform."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            await self._call(wb.pull_image(platform, self._progress(job)))

        return self._start(JobKind.PULL, f"image for {platform}", f"image {platform}", work)

    def advise(self, tag: str, arch: str, libc: str, then: Callable[[Advice], None]) -> Job:
        """Look at the candidate files and pass the advice to ``then``.

        A file without a published digest is downloaded, so that the commands can name one.
        """
        wb = self._state.wb

        async def work(job: Job) -> None:
            then(await self._call(wb.advise(tag, arch, libc, progress=self._progress(job))))

        # Each question is a job of its own: another screen's answer goes to that screen.
        about = f"advice {next(self._questions)}"
        return self._start(JobKind.ADVISE, f"advice for {arch}, {libc}", about, work)

    def compare(
        self,
        first: CompareMark,
        second: CompareMark,
        then: Callable[[FileComparison | ReleaseComparison], None],
        *,
        download: bool = False,
    ) -> Job:
        """Compare two files or two releases: what is known of them, all with ``download``."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            progress = self._progress(job)
            if first.subject is not None and second.subject is not None:
                subjects = first.subject, second.subject
                depth = workbench.Depth.WHOLE if download else workbench.Depth.AVAILABLE
                then(await self._call(wb.compare(*subjects, depth=depth, progress=progress)))
            else:
                tags = first.key, second.key
                asked = wb.compare_releases(*tags, download=download, progress=progress)
                then(await self._call(asked))

        about = f"compare {next(self._questions)}"
        return self._start(JobKind.COMPARE, f"{first.name} and {second.name}", about, work)

    def resolve(
        self, name: str, then: Callable[[Subject], None], or_release: Callable[[str], None]
    ) -> None:
        """Find the file that a FILE names; a tag alone is passed to ``or_release``."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            tag = await self._call(wb.tag_named(name))
            # Later: what is opened belongs to the app, not to this job.
            if tag:
                self._app.call_later(or_release, tag)
            else:
                self._app.call_later(then, await self._call(wb.resolve(name)))

        self._start(JobKind.OPEN, name, f"open {name}", work)

    def verify(
        self, subject: Subject, inspection: Inspection | None, options: ProofOptions | None = None
    ) -> Job:
        """Run the binary in a container; its output arrives in batches."""
        wb = self._state.wb

        async def work(job: Job) -> None:
            progress = self._progress(job)
            whole = inspection
            if whole is None or whole.path is None:
                looked = await self._look(subject, workbench.Depth.WHOLE, progress)
                whole = await self._inspected(looked)
            if options is None and wb.needs_command(whole):
                self._app.post_message(CommandNeeded(subject, whole))
                return
            chosen = options or self._state.proof_options
            printed: list[str] = []
            flusher = asyncio.create_task(self._flush(job, printed))
            try:
                proof = await self._call(
                    wb.verify(whole, chosen, progress=progress, output=printed.append)
                )
            except ImageMissingError as error:
                if not error.others:
                    raise
                self._app.post_message(ImageNeeded(whole, chosen, error))
                raise ImageMissingError(error.title, error.detail, OTHERS, error.others) from error
            finally:
                flusher.cancel()
                if printed:
                    self._app.post_message(JobPrinted(job, tuple(printed)))
            self._app.post_message(Proved(subject, proof))

        return self._start(JobKind.VERIFY, subject.name, workbench.subject_key(subject), work)

    def sweep(self, tags: Sequence[str], title: str) -> Job:
        """Prove every program for Linux of these releases on the current target."""
        state, wb = self._state, self._state.wb
        options = state.proof_options
        on = (options.on,) if options.on else ()
        request = workbench.SweepRequest(tuple(tags), on, options)

        async def work(job: Job) -> None:
            project = self._state.project

            def swept(result: SweepResult) -> None:
                with project_state.about(project):
                    self._app.post_message(Swept(result))

            summary = await self._call(wb.sweep(request, swept, progress=self._progress(job)))
            self._app.post_message(SweepEnded(title, summary))

        return self._start(JobKind.SWEEP, title, "sweep", work)

    async def _flush(self, job: Job, printed: list[str]) -> None:
        """Post what was printed since the last batch, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            if printed:
                batch = tuple(printed)
                del printed[: len(batch)]
                self._app.post_message(JobPrinted(job, batch))


async def _ended(worker: Worker[None]) -> None:
    """Wait for the end of a worker, however it ends."""
    from textual.worker import WorkerCancelled, WorkerFailed

    try:
        await worker.wait()
    except (WorkerCancelled, WorkerFailed):
        return
