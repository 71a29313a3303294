"""Everything that takes time, as workers of the app: they call the workbench and post messages, nothing else.

They belong to the app, not to a screen, so that a download or a proof goes on when the user moves on.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.worker import Worker

from explorer.errors import ExplorerError, OperationCancelledError
from explorer.progress import Progress
from explorer.tui.job_board import Job, JobEnded, JobKind, JobPrinted, JobProgressed, JobState
from explorer.tui.late import workbench
from explorer.tui.messages import (
    AssetLearned,
    CatalogueArrived,
    CatalogueFailed,
    CommandWanted,
    Inspected,
    InspectFailed,
    Proved,
)

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp
    from explorer.workbench import Advice, Asset, Inspection, Proof, ProofOptions, Subject

T = TypeVar("T")
AT_A_TIME = 16
"""Peeks at a time: a release's sixteen files in one round, so that all their verdicts take two round trips."""
FLUSH = 0.05
"""Seconds between two batches of a program's output: twenty a second can be read, a thousand messages cannot."""


def key_of(subject: Subject) -> str:
    """What a subject is known by in the app: a release's file, or a local one, with its member."""
    return workbench.subject_key(subject)


class Work:
    """Starts and stops jobs."""

    def __init__(self, app: ExplorerApp) -> None:
        self._app = app
        self._workers: dict[int, Worker[None]] = {}
        self._questions = itertools.count(1)

    # -- jobs ---------------------------------------------------------------------------------------------------------

    def _start(
        self, kind: JobKind, title: str, about: str, work: Callable[[Job], Awaitable[None]]
    ) -> Job:
        app = self._app
        running = app.board.find(kind, about)
        if running is not None and running.running:
            return running
        job = app.board.start(kind, title, about)

        async def run() -> None:
            state, message = JobState.DONE, ""
            try:
                await work(job)
            except (asyncio.CancelledError, OperationCancelledError) as error:
                state = JobState.CANCELLED
                if isinstance(error, asyncio.CancelledError):
                    raise
            except ExplorerError as error:
                state, message = JobState.FAILED, str(error)
                raise_to_user(app, job, error)
            finally:
                app.post_message(JobEnded(job, state, message))

        self._workers[job.id] = app.run_worker(run, name=kind.value, group=f"job-{job.id}")
        app.jobs_changed.publish(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job. What a download has is kept for the next time."""
        worker = self._workers.get(job.id)
        if worker is not None and job.running:
            worker.cancel()

    def forget(self, job: Job) -> None:
        """The job has ended."""
        self._workers.pop(job.id, None)

    def _progress(self, job: Job) -> Callable[[Progress], None]:
        return lambda progress: void(self._app.post_message(JobProgressed(job, progress)))

    async def stop(self) -> None:
        """Cancel everything and wait until it has stopped: containers are removed, partial files closed."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*(settled(worker) for worker in workers))

    # -- releases -----------------------------------------------------------------------------------------------------

    def list_releases(self) -> None:
        """What is at hand first, then what the server says."""
        app, wb = self._app, self._app.wb
        asks = not (app.settings.demo or app.settings.folder)

        async def work(job: Job) -> None:
            if app.catalogue is None:
                at_hand = await app.away.run(wb.catalogue_at_hand())
                target = await app.away.run(wb.default_target())
                app.post_message(CatalogueArrived(at_hand, target, final=not asks))
                if at_hand is not None and not asks:
                    return
            fresh = await app.away.run(wb.catalogue(progress=self._progress(job)))
            app.post_message(CatalogueArrived(fresh, None, final=True))

        self._start(JobKind.LISTING, f"Releases of {app.settings.repo}", "releases", work)

    async def look_up(self, assets: Sequence[Asset]) -> None:
        """What is known of these files already; a look at those whose bytes are here; a peek at the others, in this order."""
        app, wb = self._app, self._app.wb
        on = app.judged_on
        asks = not (app.settings.offline or app.settings.demo)
        turn = asyncio.Semaphore(AT_A_TIME)

        async def look(asset: Asset, whole: bool) -> None:
            async with turn:
                try:
                    found = await app.away.run(
                        (wb.inspect if whole else wb.peek)(wb.subject(asset), on=on)
                    )
                except OperationCancelledError:
                    return
                except ExplorerError as error:
                    app.post_message(AssetLearned(asset, None, problem=str(error)))
                else:
                    app.post_message(AssetLearned(asset, found))

        async with asyncio.TaskGroup() as group:
            for asset in assets:
                known, whole = await app.away.run(known_of(app, asset, on))
                if known is not None and not whole:
                    # Where the file has more to say that is waited for: cut short, the half answer would stay for good.
                    app.post_message(AssetLearned(asset, known))
                if whole or (known is None and asks and (asset.url or asset.api_url)):
                    group.create_task(look(asset, whole))

    def download(self, asset: Asset) -> Job:
        """Fetch a file into the cache, then look inside."""
        app, wb = self._app, self._app.wb
        subject = wb.subject(asset)

        async def work(job: Job) -> None:
            got = await app.away.run(wb.download(asset, progress=self._progress(job)))
            app.tell_download(asset, got)
            found = await app.away.run(
                wb.inspect(subject, on=app.judged_on, progress=self._progress(job))
            )
            app.post_message(Inspected(found))

        return self._start(JobKind.DOWNLOAD, asset.name, key_of(subject), work)

    # -- a binary -----------------------------------------------------------------------------------------------------

    def inspect(self, subject: Subject, whole: bool = False) -> Job:
        """Look into a file: all of it where it is here or ``whole`` is asked for, else its first bytes on the server."""
        app, wb = self._app, self._app.wb

        async def work(job: Job) -> None:
            progress = self._progress(job)
            here = whole or await app.away.run(wb.on_disk(subject))
            look = wb.inspect if here else wb.peek
            app.post_message(
                Inspected(await app.away.run(look(subject, on=app.judged_on, progress=progress)))
            )

        return self._start(JobKind.INSPECT, subject.name, key_of(subject), work)

    def advise(self, tag: str, arch: str, libc: str, then: Callable[[Advice], None]) -> Job:
        """Look at the files that might serve; a file without a digest is fetched, so that the lines to paste have one."""

        async def work(job: Job) -> None:
            app = self._app
            then(await app.away.run(app.wb.advise(tag, arch, libc, progress=self._progress(job))))

        # Each question is a job of its own: another screen's answer goes to that screen.
        return self._start(
            JobKind.ADVISE, f"advice for {arch}, {libc}", f"advice {next(self._questions)}", work
        )

    def resolve(self, target: str, then: Callable[[Subject], None]) -> None:
        """Find what a TARGET of the command line stands for."""

        async def work(job: Job) -> None:
            then(await self._app.away.run(self._app.wb.resolve(target)))

        self._start(JobKind.INSPECT, target, f"target {target}", work)

    def verify(
        self, subject: Subject, inspection: Inspection | None, options: ProofOptions | None = None
    ) -> Job:
        """Run the binary in a container; its output arrives in batches."""
        app, wb = self._app, self._app.wb

        async def work(job: Job) -> None:
            progress = self._progress(job)
            found = inspection
            if found is None or found.path is None:
                found = await app.away.run(wb.inspect(subject, on=app.judged_on, progress=progress))
                app.post_message(Inspected(found))
            if options is None and wb.needs_command(found):
                app.post_message(CommandWanted(subject, found))
                return
            printed: list[str] = []
            flusher = asyncio.create_task(flush(job, printed))
            try:
                proving = wb.verify(
                    found,
                    options or workbench.ProofOptions(),
                    progress=progress,
                    output=printed.append,
                )
                proof = await app.away.run(proving)
            finally:
                flusher.cancel()
                if printed:
                    app.post_message(JobPrinted(job, tuple(printed)))
            app.post_message(Proved(subject, proof))

        async def flush(job: Job, printed: list[str]) -> None:
            while True:
                await asyncio.sleep(FLUSH)
                if printed:
                    batch = tuple(printed)
                    del printed[: len(batch)]
                    app.post_message(JobPrinted(job, batch))

        return self._start(JobKind.VERIFY, subject.name, key_of(subject), work)


async def known_of(
    app: ExplorerApp, asset: Asset, on: Sequence[str]
) -> tuple[Inspection | None, bool]:
    """What the cache knows, and whether the file is here and has more to say. A damaged record is as good as none."""
    wb = app.wb
    try:
        known = await wb.known(asset, on=on)
    except ExplorerError:
        known = None
    open_question = known is None or any(verdict.answer == "unknown" for verdict in known.verdicts)
    try:
        return known, open_question and await wb.on_disk(wb.subject(asset))
    except ExplorerError:
        return known, False


def raise_to_user(app: ExplorerApp, job: Job, error: ExplorerError) -> None:
    """Say what went wrong where it is looked for: the list, the opened file, or a toast."""
    if job.kind is JobKind.LISTING:
        app.post_message(CatalogueFailed(error))
    else:
        app.post_message(InspectFailed(job, error))


def void(_: object) -> None:
    """For callbacks that give nothing."""


async def settled(worker: Worker[None]) -> None:
    """Wait for the end of a worker, whatever it is."""
    from textual.worker import WorkerCancelled, WorkerFailed

    try:
        await worker.wait()
    except (WorkerCancelled, WorkerFailed):
        return


def last_proof(proofs: Sequence[Proof]) -> Proof | None:
    """The newest proof."""
    return proofs[0] if proofs else None
