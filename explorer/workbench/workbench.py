"""The facade of the rooms: each method wires a feature to the resources that it needs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.compat import Rule, Target
from explorer.elf import FileFormat
from explorer.errors import ExplorerError, NotFoundError, SourceError, UsageError
from explorer.facts import MISSING, NEEDS_FILE, Unknown
from explorer.fetch import CacheEntry, CacheStats, Download
from explorer.progress import Cancellation, ProgressCallback, ignore_progress
from explorer.releases import Asset, Catalogue, Origin, Release
from explorer.settings import DATABASE_SETTINGS, PROOF_SETTINGS, Settings
from explorer.trust import SignalKind
from explorer.workbench.catalogue_service import CatalogueService
from explorer.workbench.known_files import FileState
from explorer.workbench.models import (
    Depth,
    Finding,
    GetResult,
    Inspection,
    ProofOptions,
    Subject,
)
from explorer.workbench.resources import Resources

if TYPE_CHECKING:
    from explorer.content import StringIndex
    from explorer.elf import GoBuild, SymbolTable
    from explorer.facts import Fact
    from explorer.golang import GoTable
    from explorer.trust import ListedDigest
    from explorer.verify import Proof
    from explorer.workbench.advise import Advice
    from explorer.workbench.compare import FileComparison
    from explorer.workbench.compare_releases import ReleaseComparison
    from explorer.workbench.content import FileContent
    from explorer.workbench.first_screen import RecordedFiles
    from explorer.workbench.gate import GateReport, GateRequest
    from explorer.workbench.go_program import Vulnerabilities
    from explorer.workbench.known_programs import AffectingAdvisories, KnownVulnerabilities
    from explorer.workbench.look import Looks
    from explorer.workbench.matrix import Matrix
    from explorer.workbench.release_trust import ReleaseTrust
    from explorer.workbench.remote_program import RemoteProgram
    from explorer.workbench.reproduce import Rebuild
    from explorer.workbench.seen_projects import SeenProject
    from explorer.workbench.sweep import SweepSummary
    from explorer.workbench.sweep_plan import SweepRequest, SweepResult
    from explorer.workbench.target_matrix import TargetMatrix
    from explorer.workbench.trust import TrustReport
    from explorer.workbench.vuln_database import DatabaseFile


class Workbench:
    """Everything a face can ask for.

    All that may wait for a disk, a server or an engine is a coroutine; plain methods look up what
    is in memory. Cancelling a coroutine's task stops its work, threads included. Coroutines raise
    ``ExplorerError``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.resources = Resources(settings)
        self._listings = CatalogueService(self.resources)

    @cached_property
    def looks(self) -> Looks:
        """The one entrance for looks; imported on first use, as a listing does without it."""
        from explorer.workbench.look import Looks

        return Looks(self.resources, self._listings.subject)

    def use_database(self, settings: Settings) -> None:
        """Take the settings that say which vulnerability database is used."""
        taken = {name: getattr(settings, name) for name in DATABASE_SETTINGS}
        self.settings = self.resources.settings = replace(self.settings, **taken)

    def use_for_proofs(self, settings: Settings) -> None:
        """Take the settings that only proofs read; the next proof looks for its engine again."""
        taken = {name: getattr(settings, name) for name in PROOF_SETTINGS}
        self.settings = replace(self.settings, **taken)
        self.resources.use(self.settings)

    async def aclose(self) -> None:
        """Write what is not written yet; close connections, threads and the cache."""
        await self.resources.aclose()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that belong beside any answer, e.g. that the list is an old one. Untrusted."""
        return (*self._listings.stale, *self.resources.warnings)

    # ------------------------------------------------------------------ catalogue

    async def catalogue_at_hand(self) -> Catalogue | None:
        """The catalogue without asking the network: cached, a folder's or the demo's.

        None if nothing has been listed yet.

        Raises:
            SourceError: the folder cannot be read.
        """
        return await self.resources.run(lambda _: self._listings.at_hand())

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        """All releases, as the server lists them now; else what is at hand, with a warning.

        A page that has not changed costs a 304.

        Raises:
            SourceError: the server does not answer, and nothing is cached.
            UsageError: the token in the environment is not a valid one.
        """
        catalogue = await self._listings.ask(progress)
        if catalogue.origin is Origin.API:
            self.resources.later(self._note_project)
        return catalogue

    def _note_project(self) -> None:
        from explorer.workbench.seen_projects import note_project

        with suppress(SourceError):  # the list of projects is a convenience
            note_project(self.resources.cache, self.settings.api_url, self.settings.repo)

    async def seen_projects(self) -> tuple[SeenProject, ...]:
        """The projects that were listed lately, the latest first.

        Raises:
            SourceError: the cache cannot be read.
        """
        from explorer.workbench.seen_projects import seen_projects

        api_url = self.settings.api_url
        return await self.resources.run(lambda _: seen_projects(self.resources.cache, api_url))

    # ------------------------------------------------------------------ subjects

    async def programs_of_folder(self, text: str) -> tuple[str, ...]:
        """Paths of the Linux programs in a folder; none if it is not a folder, or has none."""
        from explorer.workbench.local_programs import programs_in

        def work(_: object) -> tuple[str, ...]:
            folder = Path(text)
            if "\0" in text or not folder.is_dir():
                return ()
            return tuple(str(folder / name) for name in programs_in(folder))

        return await self.resources.run(work)

    async def resolve(self, text: str, platform: str = "") -> Subject:
        """What a FILE on the command line stands for.

        A path, ``-`` for standard input, ``TAG/ASSET``, an asset's name, or ``TAG`` with a
        platform; each may be followed by ``#member``. For a file that is named, the platform says
        which program in it is meant, and what it is judged for.

        Raises:
            UsageError, NotFoundError: no such file or platform; names the nearest ones.
            SourceError: a path that is not a regular file.
        """
        if not text.strip():
            raise UsageError(
                "The name of the file is empty",
                remedy="Name a file, TAG/ASSET, or TAG with --platform",
            )
        from explorer.workbench.asked import asked_for
        from explorer.workbench.local_programs import STANDARD_INPUT
        from explorer.workbench.resolve import local_subject

        if text.partition("#")[0] in STANDARD_INPUT:
            path = await self.resources.standard_input()
            subject: Subject | None = Subject(text, None, None, path, text.partition("#")[2])
        else:
            subject = await self.resources.run(lambda _: local_subject(text))
        if subject is None:
            subject = await self._listings.find(text, platform)
        return asked_for(subject, platform)

    async def tag_named(self, words: str) -> str:
        """The tag of the release that ``words`` names, and nothing else; empty if none.

        Raises:
            SourceError: the list cannot be had.
        """
        if await self.resources.run(lambda _: Path(words).exists()):
            return ""
        catalogue = await self.catalogue_at_hand()
        release = catalogue.release(words) if catalogue is not None else None
        if release is None or words == "latest":
            release = (await self.catalogue()).release(words)
        return release.tag if release is not None else ""

    def subject(self, asset: Asset, member: str = "", release: Release | None = None) -> Subject:
        """An asset of the catalogue, or a member of it, as a subject."""
        return self._listings.subject(asset, member, release)

    async def on_disk(self, subject: Subject) -> bool:
        """Whether the file's bytes are local, judged by size alone: using them verifies them."""
        return await self.looks.on_disk(subject)

    async def cached(self, assets: Iterable[Asset]) -> frozenset[str]:
        """The keys (``file_key``) of those assets whose bytes are on disk, judged by size alone."""
        return await self.looks.cached(assets)

    # ------------------------------------------------------------------ bytes

    async def download(
        self, asset: Asset, *, progress: ProgressCallback = ignore_progress
    ) -> Download:
        """The asset's bytes in the cache, checked against the API's digest.

        Raises:
            SourceError, IntegrityError: as ``fetch.Downloader``.
        """
        from explorer.workbench.download import download

        return await download(self.resources, asset, progress)

    async def trust(
        self, subject: Subject, *, whole: bool, progress: ProgressCallback = ignore_progress
    ) -> TrustReport:
        """Who vouches for a file; ``whole``: it is downloaded for that if it is not local.

        Without the file, what its digest from the API is enough for is checked.

        Raises:
            SourceError: the file cannot be downloaded.
        """
        from explorer.workbench.trust import trust_report

        whole = whole or await self.on_disk(subject)
        last = self._listings.last
        return await trust_report(self.resources, subject, last, whole=whole, progress=progress)

    def lost_signals(self, release: Release) -> tuple[str, ...]:
        """What a release lacks and the one before it had: one sentence each."""
        from explorer.workbench.lost_signals import lost_signals

        last = self._listings.last
        return lost_signals(last, release) if last is not None else ()

    async def trust_of_releases(self, releases: Sequence[Release]) -> Mapping[str, ReleaseTrust]:
        """What vouches for releases of the list, by tag. Asks no server."""
        from explorer.workbench.release_trust import trust_of_releases

        resources, last = self.resources, self._listings.last
        if last is None:
            return {}
        return await resources.run(lambda _: trust_of_releases(resources, last, releases))

    async def get(
        self,
        subject: Subject,
        into: Path,
        *,
        require: Sequence[SignalKind] = (),
        progress: ProgressCallback = ignore_progress,
    ) -> GetResult:
        """Download, check, unpack below ``into``, and mark the program executable.

        Raises:
            TrustError: a signal of ``require`` does not pass; nothing is written.
            SourceError: ``into`` cannot be written, or a file exists there.
            FormatError: the archive is damaged or a member was refused.
        """
        from explorer.workbench.get import get

        if require:
            (await self.trust(subject, whole=True, progress=progress)).require(require)
        return await get(self.resources, subject, into, progress)

    async def symbols(self, inspection: Inspection) -> SymbolTable:
        """The binary's symbol table, decoded row by row; the file closes with the table.

        Raises:
            NotFoundError: the file was only peeked at. FormatError: not an ELF file, or damaged.
        """
        from explorer.workbench.symbols import symbols_of

        if inspection.path is not None:
            inspection = await self.looks.with_files(inspection)
        return await self.resources.run(lambda _: symbols_of(inspection))

    async def go_table(self, inspection: Inspection) -> Fact[GoTable]:
        """The functions of a Go program with their sizes, stripped or not.

        Raises:
            NotFoundError: the file was only peeked at.
        """
        from explorer.workbench.go_program import go_table

        return await self.resources.run(lambda cancel: go_table(inspection, cancel))

    def go_build(self, inspection: Inspection) -> GoBuild:
        """Go's build info of an inspected program.

        Raises:
            UsageError: not a Go program, or its build info was stripped.
        """
        from explorer.workbench.go_program import build_of

        return build_of(inspection)

    async def database_at_hand(self) -> DatabaseFile | None:
        """The user's vulnerability database, or the downloaded copy, however old; else None.

        Raises:
            SourceError: the cache cannot be read.
        """
        from explorer.workbench.vuln_database import database_at_hand

        return await database_at_hand(self.resources)

    async def find_database(self, *, progress: ProgressCallback = ignore_progress) -> DatabaseFile:
        """A vulnerability database: what is at hand; downloaded if there is none or it is old.

        Raises:
            SourceError, IntegrityError, FormatError: there is no copy, and none can be had.
        """
        from explorer.workbench.vuln_database import find_database

        return await find_database(self.resources, progress)

    async def download_database(
        self, *, progress: ProgressCallback = ignore_progress
    ) -> DatabaseFile:
        """The official vulnerability database as its server has it now, kept in the cache.

        Raises:
            SourceError, IntegrityError, FormatError: it cannot be had.
        """
        from explorer.workbench.vuln_database import download_database

        return await download_database(self.resources, progress)

    async def vulnerabilities(
        self, inspection: Inspection, database: DatabaseFile
    ) -> Vulnerabilities:
        """Known vulnerabilities of a Go program: which are in it, and which are not.

        Raises:
            UsageError: not a Go program, or its build info was stripped.
            SourceError, FormatError: the database cannot be read.
        """
        from explorer.workbench.go_program import vulnerabilities

        at_hand = None
        if inspection.subject.asset is not None:
            at_hand = await self.catalogue_at_hand()
        releases = at_hand.releases if at_hand is not None else ()
        return await vulnerabilities(self.resources, inspection, database, releases)

    async def known_vulnerabilities(
        self, assets: Iterable[Asset]
    ) -> Mapping[str, KnownVulnerabilities] | None:
        """Those of each file of which enough is recorded, by ``file_key``.

        None without a database at hand. Reads records only: downloads and peeks at nothing.

        Raises:
            SourceError, FormatError: the cache or the database cannot be read.
        """
        from explorer.workbench.known_programs import affected_by

        database = await self.database_at_hand()
        if database is None:
            return None
        files = tuple(assets)
        return await self.resources.run(lambda _: affected_by(self.resources, files, database))

    async def _with_vulnerabilities(self, matrix: Matrix) -> Matrix:
        """The matrix, with what is known of vulnerabilities."""
        assets = [asset for row in matrix.rows for cell in row.cells for asset in cell.assets]
        try:
            return replace(matrix, vulnerabilities=await self.known_vulnerabilities(assets))
        except ExplorerError as error:  # costs the column, not the matrix
            self.resources.warn(str(error))
            return matrix

    # ------------------------------------------------------------------ two files

    async def compare(
        self,
        before: Subject,
        after: Subject,
        database: Path | None = None,
        *,
        depth: Depth = Depth.WHOLE,
        progress: ProgressCallback = ignore_progress,
    ) -> FileComparison:
        """What changed between two files, with the verdicts on every target.

        Args:
            database: the vulnerability database; the one at hand if None.
            depth: ``AVAILABLE`` downloads nothing; what it leaves unknown is said.

        Raises:
            SourceError, IntegrityError, FormatError: of the server or of a file.
            UsageError: a file holds no program that could be compared.
        """
        from explorer.workbench.compare import compare_files, vulnerability_changes
        from explorer.workbench.go_program import with_modules

        targets = self.plain_targets()
        comparison = await compare_files(
            self.resources, self.looks, (before, after), targets, depth, progress
        )
        at_hand = await self._database(database)
        builds = [with_modules(one.binary.go) for one in (comparison.before, comparison.after)]
        missing = next((build for build in builds if isinstance(build, MISSING)), None)
        if missing is None and not comparison.is_whole and at_hand is not None:
            missing = Unknown(NEEDS_FILE)  # modules alone do not tell which are in a program
        if missing is not None or at_hand is None:
            return replace(comparison, vulnerabilities=missing or comparison.vulnerabilities)
        inspections = comparison.before, comparison.after
        one, other = [await self.vulnerabilities(each, at_hand) for each in inspections]
        changes = vulnerability_changes(one.matches, other.matches, at_hand.name)
        return replace(comparison, vulnerabilities=changes)

    async def _database(self, path: Path | None) -> DatabaseFile | None:
        """The vulnerability database that is named; without a name the one at hand."""
        from explorer.workbench.vuln_database import DatabaseFile

        return await self.database_at_hand() if path is None else DatabaseFile(path, str(path))

    async def compare_releases(
        self,
        before: str,
        after: str,
        database: Path | None = None,
        *,
        download: bool = False,
        progress: ProgressCallback = ignore_progress,
    ) -> ReleaseComparison:
        """What changed between two releases: their files, and each file with its successor.

        The states of files are about the default target. Programs that are not on disk are compared
        by their first bytes, with ``download`` by all of them.

        Args:
            database: the vulnerability database; the one at hand if None.

        Raises:
            NotFoundError: a tag is not in the catalogue.
            SourceError, FormatError: the list cannot be had, or the database cannot be read.
        """
        from explorer.workbench.compare_releases import compare_releases, with_vulnerabilities

        catalogue = await self.catalogue(progress=progress)
        releases = [catalogue.release(tag) for tag in (before, after)]
        one, other = releases
        if one is None or other is None:
            tag = before if one is None else after
            raise NotFoundError(f"No release is tagged {tag}", remedy="rr-explorer releases")
        default = await self._targets(())
        names = {target.name for target in default}
        targets = (*default, *(t for t in self.plain_targets() if t.name not in names))
        comparison = await compare_releases(
            self.resources, self.looks, (one, other), targets, download=download, progress=progress
        )
        at_hand = await self._database(database)
        return await self.resources.run(
            lambda cancel: with_vulnerabilities(self.resources, comparison, at_hand, cancel)
        )

    async def content(
        self,
        subject: Subject,
        inspection: Inspection | None = None,
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> FileContent:
        """The bytes of an inspected program; of the file as it is published without one.

        A file on a server that is not an archive is read window by window. Close it after use.

        Raises:
            NotFoundError: the program is in an archive that was not downloaded.
            SourceError, IntegrityError: the file cannot be opened.
        """
        from explorer.workbench.content import open_content

        if inspection is not None and inspection.path is not None:
            inspection = await self.looks.with_files(inspection, progress)
        return await open_content(self.resources, subject, inspection, progress)

    async def remote_program(
        self, subject: Subject, inspection: Inspection | None
    ) -> RemoteProgram | None:
        """A program that is on a server only, to be read from its front on; None if it cannot be.

        Without an inspection: the file as it is published. Close it after use.
        """
        from explorer.workbench.remote_program import open_remote_program

        return await open_remote_program(self.resources, subject, inspection)

    async def strings(self, subject: Subject, inspection: Inspection) -> StringIndex:
        """The printable strings of a program by number; the file closes with the index.

        Raises:
            NotFoundError: the file was only peeked at.
            SourceError, IntegrityError: the file cannot be read.
        """
        content = await self.content(subject, inspection)
        try:
            index = await content.strings()
        except BaseException:
            content.close()
            raise
        weakref.finalize(index, content.close)
        return index

    async def rebuild(self, inspection: Inspection) -> Rebuild:
        """How a Go program would be built again, as far as its build info says.

        Raises:
            UsageError: not a Go program, or its build info was stripped.
        """
        from explorer.workbench.reproduce import rebuild_of

        return rebuild_of(inspection, self.resources.profiles)

    # ------------------------------------------------------------------ looks

    async def look(
        self,
        subject: Subject,
        *,
        on: Sequence[str] = (),
        depth: Depth = Depth.VERDICT,
        progress: ProgressCallback = ignore_progress,
    ) -> Inspection:
        """Facts and verdicts of a file, on the targets named or on the default one.

        Raises:
            UsageError: no such target.
            SourceError, IntegrityError, FormatError: of the server or of the file.
        """
        return await self.looks.look(subject, await self._targets(on), depth, progress)

    async def look_at(self, asset: Asset, *, on: str = "") -> FileState:
        """One look for a verdict, as a state: what goes wrong is the state's error.

        Raises:
            UsageError: no such target.
        """
        return await self.looks.look_at(asset, await self._targets((on,) if on else ()))

    async def known(self, asset: Asset, *, on: Sequence[str] = ()) -> Inspection | None:
        """What an earlier look has recorded, with its verdicts; None if nothing is.

        Raises:
            UsageError: no such target.
        """
        return await self.looks.known(asset, await self._targets(on))

    async def recorded_files(
        self, catalogue: Catalogue, assets: Sequence[Asset]
    ) -> RecordedFiles | None:
        """What the next start would know of files from records alone, on the default target.

        None if it would show another list than ``catalogue``.
        """
        from explorer.workbench.first_screen import recorded_files

        targets, looks = await self._targets(()), self.looks
        await self.resources.written()
        return await self.resources.run(
            lambda _: recorded_files(self.resources, looks, catalogue, assets, targets)
        )

    async def judge(self, inspection: Inspection, *, on: Sequence[str] = ()) -> Inspection:
        """The same facts judged for other targets; neighbouring libraries are read if needed."""
        return await self.looks.judge(inspection, await self._targets(on))

    # ------------------------------------------------------------------ proofs

    async def verify(
        self,
        inspection: Inspection,
        options: ProofOptions | None = None,
        *,
        progress: ProgressCallback = ignore_progress,
        output: Callable[[str], None] | None = None,
    ) -> Proof:
        """Run the binary in a throw-away container and keep what was observed.

        Raises:
            EngineError: no engine, image or emulation, with the remedy.
            UsageError: not a Linux program, or nothing says what to run.
        """
        from explorer.workbench.prove import prove_inspection

        inspection = await self.looks.with_files(inspection, progress)
        return await prove_inspection(
            self.resources, inspection, options or ProofOptions(), progress, output
        )

    def needs_command(self, inspection: Inspection) -> bool:
        """Whether a face asks what to run: nothing is known of this program but that it is one."""
        from explorer.workbench.prove import kind_of_program

        return (
            inspection.binary.format in (FileFormat.ELF, FileFormat.SCRIPT)
            and kind_of_program(inspection, self.resources.profiles) is None
        )

    async def checksums(self, inspection: Inspection) -> tuple[ListedDigest, ...]:
        """The entries of a checksum file that is on disk; none for any other file.

        Raises:
            OSError: it is gone from the disk.
        """
        from explorer.workbench.inspect import checksums_of

        return await self.resources.run(lambda _: checksums_of(inspection))

    async def proofs(self, sha256: str) -> tuple[Proof, ...]:
        """Stored proofs of a binary, newest first."""
        return await self.looks.proofs(sha256)

    async def sweep(
        self,
        request: SweepRequest,
        swept: Callable[[SweepResult], None],
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> SweepSummary:
        """Prove every program for Linux of some releases on every target that is asked for.

        ``swept`` gets each result as it comes. What is proved already, with the same digest, image
        and command, is not run again, unless the request says so.

        Raises:
            NotFoundError: a tag is not in the catalogue. UsageError: no such target.
            EngineError: no engine answers.
        """
        from explorer.workbench.matrix import chosen_releases
        from explorer.workbench.prove import proof_target
        from explorer.workbench.sweep import run_sweep
        from explorer.workbench.sweep_plan import plan_sweep

        options = replace(request.options, on="")
        targets = (
            await self._targets(request.on)
            if request.on
            else (await self.resources.run(lambda _: proof_target(self.settings, options)),)
        )
        catalogue = await self._catalogue_with(request.tags, progress)
        releases = chosen_releases(catalogue, request.tags, 1)
        plan = await plan_sweep(self.looks, self.resources, releases, targets, request, progress)
        return await run_sweep(self.looks, self.resources, plan, request, swept, progress)

    async def programs(
        self, tags: Sequence[str], *, progress: ProgressCallback = ignore_progress
    ) -> tuple[tuple[Release, Asset], ...]:
        """The files of releases that may be programs for Linux, by their names.

        Raises:
            NotFoundError: a tag is not in the catalogue.
        """
        from explorer.workbench.matrix import chosen_releases
        from explorer.workbench.sweep_plan import programs_of

        catalogue = await self._catalogue_with(tags, progress)
        releases = chosen_releases(catalogue, tags, 1)
        return tuple((release, asset) for release in releases for asset in programs_of(release))

    async def _catalogue_with(self, tags: Sequence[str], progress: ProgressCallback) -> Catalogue:
        """A catalogue with these releases: at hand, if that is sure to have what is meant."""
        catalogue = await self.catalogue_at_hand()
        moving = not tags or "latest" in tags
        if moving or catalogue is None or any(catalogue.release(tag) is None for tag in tags):
            return await self.catalogue(progress=progress)
        return catalogue

    # ------------------------------------------------------------------ promises

    async def check(
        self,
        promise: Path,
        request: GateRequest,
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> GateReport:
        """Hold a release, or a folder, against the promise in a file.

        Raises:
            UsageError: the promise says something that is not understood.
            NotFoundError: no such file or release.
        """
        from explorer.workbench.gate import Gate
        from explorer.workbench.promise import read_promise

        read = await self.resources.run(lambda _: read_promise(promise))
        release = await self._release(request.tag, progress)
        gate = Gate(self.looks, self.resources, self._listings.subject)
        return await gate.check(release, read, request, progress)

    async def promise_of_today(
        self, tag: str, *, progress: ProgressCallback = ignore_progress
    ) -> str:
        """The promise that a release keeps, as the text of a file.

        Raises:
            NotFoundError: no such release.
        """
        from explorer.workbench.promise_writing import write_promise

        release = await self._release(tag, progress)
        catalogue = await self._catalogue_with((release.tag,), progress)
        return await write_promise(catalogue, release, self.looks, progress)

    async def _release(self, tag: str, progress: ProgressCallback) -> Release:
        """The release with this tag; a folder's only one for ``latest``."""
        from explorer.workbench.matrix import chosen_releases

        catalogue = await self._catalogue_with((tag,), progress)
        is_folder = catalogue.origin is Origin.FOLDER and tag == "latest"
        if is_folder:
            return catalogue.releases[0]
        return chosen_releases(catalogue, (tag,), None)[0]

    # ------------------------------------------------------------------ many at once

    async def matrix_layout(
        self,
        catalogue: Catalogue,
        tags: Sequence[str] = (),
        latest: int | None = None,
        on: str = "",
    ) -> Matrix:
        """What is published, release by platform, before any file is looked at.

        Raises:
            NotFoundError: a tag is not in the catalogue. UsageError: no such target.
        """
        from explorer.workbench.matrix import lay_out
        from explorer.workbench.release_trust import trust_of_releases

        (target,) = await self._targets((on,) if on else ())
        resources = self.resources

        def work(_: Cancellation) -> Matrix:
            matrix = lay_out(catalogue, target, tags, latest)
            releases = (row.release for row in matrix.rows)
            return replace(matrix, trust=trust_of_releases(resources, catalogue, releases))

        return await self._with_vulnerabilities(await resources.run(work))

    async def matrix(
        self,
        tags: Sequence[str] = (),
        latest: int | None = None,
        on: str = "",
        *,
        progress: ProgressCallback = ignore_progress,
        looked: Callable[[Asset, FileState], None] | None = None,
    ) -> Matrix:
        """The matrix of some releases, every file looked at.

        All releases with assets, if neither tags nor ``latest`` are given.

        Raises:
            NotFoundError: a tag is not in the catalogue. UsageError: no such target.
        """
        from explorer.workbench.matrix import fill

        catalogue = await self.catalogue(progress=progress)
        matrix = await self.matrix_layout(catalogue, tags, latest, on)
        await fill(matrix, self.looks, progress, looked)
        return matrix

    async def matrix_by_target(
        self,
        tags: Sequence[str] = (),
        latest: int | None = None,
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> TargetMatrix:
        """Where each program of some releases runs; of the newest if none are named.

        Raises:
            NotFoundError: a tag is not in the catalogue.
        """
        from explorer.workbench.target_matrix import look_by_target

        catalogue = await self.catalogue(progress=progress)
        if not tags and latest is None:
            latest = 1
        return await look_by_target(catalogue, tags, latest, self.looks, progress)

    async def advise(
        self,
        tag: str = "latest",
        arch: str = "arm64",
        libc: str = "musl",
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> Advice:
        """Which file of a release to use on a system, and why.

        Raises:
            UsageError: an unknown libc or architecture. NotFoundError: no such release.
        """
        from explorer.workbench.advise import AdviceQuestion, advise

        question = AdviceQuestion(tag, arch, libc)
        advice = await advise(question, self._listings, self.looks, self.resources, progress)
        try:
            return replace(advice, vulnerabilities=await self._affecting(advice))
        except ExplorerError as error:  # costs one line, not the advice
            self.resources.warn(str(error))
            return advice

    async def _affecting(self, advice: Advice) -> Fact[AffectingAdvisories]:
        """The vulnerabilities of the chosen file, if it is on disk or was looked at before."""
        from explorer.workbench.known_programs import affecting

        database, chosen = await self.database_at_hand(), advice.chosen
        if database is None or chosen is None:
            return advice.vulnerabilities
        at_hand = await self.catalogue_at_hand()
        releases = at_hand.releases if at_hand is not None else ()
        return await self.resources.run(
            lambda _: affecting(self.resources, chosen.asset, releases, database)
        )

    # ------------------------------------------------------------------ data

    def targets(self) -> tuple[Target, ...]:
        """All targets a verdict can be asked for by name; packaged data, in memory once read."""
        from explorer.compat import all_targets

        return all_targets()

    def plain_targets(self) -> tuple[Target, ...]:
        """The targets without added packages: what ``where`` asks about."""
        from explorer.compat import is_plain

        return tuple(target for target in self.targets() if is_plain(target))

    def target(self, name: str) -> Target:
        """One target by name; packaged data, in memory once read.

        Raises:
            UsageError: no such target; names the nearest ones.
        """
        from explorer.compat import find_target

        return find_target(name)

    async def default_target(self) -> Target:
        """The settings' target, else musl of the current Alpine.

        Reads the packaged data, so that ``targets`` and ``target`` find it in memory afterwards.

        Raises:
            UsageError: the settings name no known target.
        """
        from explorer.workbench.verdicts import default_target

        return await self.resources.run(lambda _: default_target(self.settings))

    async def _targets(self, on: Sequence[str]) -> tuple[Target, ...]:
        from explorer.workbench.verdicts import named_targets

        return await self.resources.run(lambda _: named_targets(on, self.settings))

    async def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order in which they are applied."""
        from explorer.compat import all_rules

        return await self.resources.run(lambda _: all_rules())

    async def cache_stats(self) -> CacheStats:
        """How much the cache holds."""
        return await self.resources.run(lambda _: self.resources.cache.stats())

    async def cache_entries(self) -> tuple[CacheEntry, ...]:
        """The cached files, most recently used first."""
        return await self.resources.run(lambda _: self.resources.cache.entries())

    async def cache_prune(self, limit_bytes: int | None = None) -> int:
        """Remove the least recently used files until the limit holds.

        Returns the number of bytes freed.
        """
        return await self.resources.run(lambda _: self.resources.cache.prune(limit_bytes))

    async def cache_clear(self) -> int:
        """Remove everything from the cache; returns the number of bytes freed."""
        return await self.resources.run(lambda _: self.resources.cache.clear())

    async def doctor(self) -> tuple[Finding, ...]:
        """What works here and what does not, each with its remedy."""
        from explorer.workbench.doctor import examine

        return await examine(self.resources, self._listings)

    async def pull_image(self, platform: str, progress: ProgressCallback = ignore_progress) -> str:
        """Pull the image of proofs for a platform such as ``linux/arm64``; returns its name.

        Raises:
            EngineError: no engine answers, the registry cannot be reached, or it has no such image.
        """
        from explorer.workbench.doctor import pull_image

        return await pull_image(self.resources, platform, progress)
