"""The facade. Composes the rooms; holds no state but the session and the catalogue it was given last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.compat import Rule, Target
from explorer.elf import FileFormat
from explorer.errors import NotFoundError, SourceError, UsageError
from explorer.facts import MISSING
from explorer.fetch import CacheEntry, CacheStats, Download
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.releases import Asset, Catalogue, Origin, Release
from explorer.settings import Settings
from explorer.verify import Proof
from explorer.workbench.catalogue_service import CatalogueService
from explorer.workbench.known_files import FileState, file_key
from explorer.workbench.models import Finding, GetResult, Inspection, ProofOptions, Subject
from explorer.workbench.resolve import asset_subject, local_subject
from explorer.workbench.resources import Resources

if TYPE_CHECKING:
    from explorer.archive import ArchiveListing
    from explorer.elf import SymbolTable
    from explorer.workbench.advise import Advice
    from explorer.workbench.matrix import Matrix


class Workbench:
    """Everything a face can ask for. Async methods are cancelled by cancelling their task and raise ``ExplorerError``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.session = Resources(settings)
        self._listings = CatalogueService(self.session)

    async def aclose(self) -> None:
        """Give connections, threads and the cache back."""
        await self.session.aclose()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What belongs beside any answer: that the list is an older one, that the cache cannot be used. Untrusted."""
        return (*self._listings.stale, *self.session.warnings)

    # ------------------------------------------------------------------ catalogue

    async def catalogue_at_hand(self) -> Catalogue | None:
        """The catalogue without asking the network: cached, a folder's or the demo's.

        None if nothing has been listed yet.

        Raises:
            SourceError: the folder cannot be read.
        """
        return await self.session.run(lambda _: self._listings.at_hand())

    async def catalogue(self, *, progress: ProgressCallback = ignore_progress) -> Catalogue:
        """All releases, asked anew of the server (an unchanged page costs a 304); else what is at hand, with a warning.

        Raises:
            SourceError: nothing can be had and nothing is kept. UsageError: the token in the environment is none.
        """
        return await self._listings.ask(progress)

    # ------------------------------------------------------------------ subjects

    async def resolve(self, text: str, platform: str = "") -> Subject:
        """What a TARGET stands for: a path, ``TAG/ASSET``, an asset's name, ``TAG`` with a platform; ``#member`` behind it.

        Raises:
            UsageError, NotFoundError: with the nearest names. SourceError: a path that is no regular file.
        """
        if not text.strip():
            raise UsageError(
                "An empty TARGET", remedy="Name a file, TAG/ASSET, or TAG with --platform"
            )
        subject = await self.session.run(lambda _: local_subject(text))
        return subject if subject is not None else await self._listings.find(text, platform)

    def subject(self, asset: Asset, member: str = "", release: Release | None = None) -> Subject:
        """An asset of the catalogue as a subject."""
        listed = self._listings.last
        if release is None and listed is not None:
            release = next((r for r in listed.releases if r.tag == asset.tag), None)
        return asset_subject(asset, release, member)

    async def on_disk(self, subject: Subject) -> bool:
        """Whether the file's bytes are local, judged by size alone: using them verifies them."""
        return await self.session.run(lambda _: self._on_disk(subject))

    async def cached(self, assets: Iterable[Asset]) -> frozenset[str]:
        """The keys (``file_key``) of those assets whose bytes are on disk, judged by size alone."""
        return await self.session.run(
            lambda _: frozenset(file_key(a) for a in assets if self._on_disk(self.subject(a)))
        )

    def _on_disk(self, subject: Subject) -> bool:
        if subject.path is not None or subject.asset is None:
            return True
        from explorer.fetch import asset_key

        try:
            return self.session.cache.holds(asset_key(subject.asset)) is not None
        except SourceError as error:
            self.session.warn(str(error))
            return False

    # ------------------------------------------------------------------ bytes

    async def download(
        self, asset: Asset, *, progress: ProgressCallback = ignore_progress
    ) -> Download:
        """The asset's bytes in the cache, checked against the API's digest.

        Raises:
            SourceError, IntegrityError: as ``fetch.Downloader``.
        """
        from explorer.workbench.download import download

        return await download(self.session, asset, progress)

    async def get(
        self, subject: Subject, into: Path, *, progress: ProgressCallback = ignore_progress
    ) -> GetResult:
        """Download, check, unpack below ``into`` and mark the program executable."""
        from explorer.workbench.get import get

        return await get(self, subject, into, progress)

    async def members(
        self, subject: Subject, *, progress: ProgressCallback = ignore_progress
    ) -> ArchiveListing:
        """An asset's or a local archive's members, refused ones included."""
        from explorer.archive import listing
        from explorer.bytesource import FileSource

        path, name = await self._path(subject, progress)

        def work(cancel: Cancellation) -> ArchiveListing:
            with FileSource(path) as source:
                return listing(source, name, cancel=cancel)

        return await self.session.run(work)

    async def _path(self, subject: Subject, progress: ProgressCallback) -> tuple[Path, str]:
        if subject.path is not None:
            return subject.path, subject.asset.name if subject.asset else subject.path.name
        assert subject.asset is not None
        return (await self.download(subject.asset, progress=progress)).blob.path, subject.asset.name

    # ------------------------------------------------------------------ what it is

    async def inspect(
        self,
        subject: Subject,
        *,
        on: Sequence[str] = (),
        progress: ProgressCallback = ignore_progress,
    ) -> Inspection:
        """Facts and verdicts from the whole file, which is downloaded first where that is needed."""
        targets = self._targets(on)
        download = None
        if subject.path is None:
            assert subject.asset is not None
            download = await self.download(subject.asset, progress=progress)
        progress(Progress("reading"))
        return await self.session.run(
            lambda cancel: self._inspect(subject, download, targets, cancel)
        )

    def _inspect(
        self,
        subject: Subject,
        download: Download | None,
        targets: Sequence[Target],
        cancel: Cancellation,
    ) -> Inspection:
        from explorer.workbench.inspect import inspect_file, keep

        cache = self.session.cache
        return self._with_proofs(
            keep(inspect_file(subject, download, targets, cache, cancel), self.session)
        )

    async def peek(
        self,
        subject: Subject,
        *,
        on: Sequence[str] = (),
        progress: ProgressCallback = ignore_progress,
    ) -> Inspection:
        """Facts and verdicts from the first bytes on the server; from the file itself where that is here.

        Raises:
            SourceError, IntegrityError, FormatError: of the server, or of what has arrived.
        """
        from explorer.workbench.download import must_have_address
        from explorer.workbench.peek import peek_asset

        if subject.path is not None or subject.asset is None:
            return await self.inspect(subject, on=on, progress=progress)
        targets = self._targets(on)
        asset = subject.asset
        if not subject.member:
            found, complete, whole = await self.session.run(
                lambda _: self._known_in_turn(asset, targets)
            )
            if found is not None and complete:
                return replace(found, subject=subject)
            if whole and await self.on_disk(subject):
                return await self.inspect(subject, on=on, progress=progress)
        must_have_address(self.settings, asset)
        progress(Progress("peeking"))
        return await peek_asset(self.session, subject, targets)

    async def known(self, asset: Asset, *, on: Sequence[str] = ()) -> Inspection | None:
        """What an earlier look left in the cache, with its verdicts; None if there was no look.

        Never uses the network.

        Raises:
            UsageError: no such target.
        """
        targets = self._targets(on)
        return (await self.session.run(lambda _: self._known_in_turn(asset, targets)))[0]

    def _known_in_turn(
        self, asset: Asset, targets: Sequence[Target]
    ) -> tuple[Inspection | None, bool, bool]:
        with self.session.peeking:
            return self._known(asset, targets)

    def _known(
        self, asset: Asset, targets: Sequence[Target]
    ) -> tuple[Inspection | None, bool, bool]:
        """What is kept; whether a new look would tell no more; whether it is of the whole file."""
        from explorer.facts import Unknown
        from explorer.workbench.inspect import kept, verdicts_kept

        record = kept(asset, self.session)
        if record is None:
            return None, False, False
        verdicts, complete = verdicts_kept(record, targets)
        why = Unknown("open the file to see it")
        found = Inspection(
            self.subject(asset),
            record.file,
            None,
            None,
            record.check,
            why,
            why,
            record.member,
            record.binary,
            verdicts,
            record.traffic,
        )
        return self._with_proofs(found), complete, record.whole

    async def judge(self, inspection: Inspection, *, on: Sequence[str] = ()) -> Inspection:
        """The same facts judged for other targets; neighbouring libraries are read where needed."""
        targets = self._targets(on)
        return await self.session.run(lambda _: self._judge(inspection, targets))

    def _judge(self, inspection: Inspection, targets: Sequence[Target]) -> Inspection:
        from explorer.workbench.inspect import rejudge, verdicts_of

        if inspection.path is None:
            return replace(inspection, verdicts=verdicts_of(inspection.binary, targets))
        return rejudge(inspection, targets, self.session.cache)

    async def symbols(self, inspection: Inspection) -> SymbolTable:
        """The binary's symbol table, decoded row by row; the file closes with the table.

        Raises:
            NotFoundError: the file was only peeked at. FormatError: not an ELF file, or damaged.
        """
        return await self.session.run(lambda _: self._symbols(inspection))

    def _symbols(self, inspection: Inspection) -> SymbolTable:
        import weakref

        from explorer.bytesource import FileSource
        from explorer.elf import symbols

        if inspection.path is None:
            raise NotFoundError(
                "The symbols are not here", "only the first bytes were read", "Download the file: d"
            )
        source = FileSource(inspection.path)
        try:
            table = symbols(source)
        except BaseException:
            source.close()
            raise
        weakref.finalize(table, source.close)
        return table

    # ------------------------------------------------------------------ proof

    async def verify(
        self,
        inspection: Inspection,
        options: ProofOptions | None = None,
        *,
        progress: ProgressCallback = ignore_progress,
        output: Callable[[str], None] | None = None,
    ) -> Proof:
        """Run the binary in a throw-away container and keep what was seen.

        Raises:
            EngineError: no engine, image or emulation, with the remedy. UsageError: it is not said what to run.
        """
        from explorer.workbench.prove import prove_inspection

        if inspection.path is None:
            inspection = await self.inspect(
                inspection.subject,
                on=[v.target.name for v in inspection.verdicts],
                progress=progress,
            )
        return await prove_inspection(self, inspection, options or ProofOptions(), progress, output)

    def needs_command(self, inspection: Inspection) -> bool:
        """Whether a user has to say what to run of a Linux program before it can be proved."""
        from explorer.workbench.prove import usual_command

        return inspection.binary.format is FileFormat.ELF and usual_command(inspection) is None

    async def proofs(self, sha256: str) -> tuple[Proof, ...]:
        """Stored proofs of a binary, newest first."""
        return await self.session.run(lambda _: self._proofs(sha256))

    def _proofs(self, sha256: str) -> tuple[Proof, ...]:
        from explorer.workbench.prove import proofs_of

        try:
            return proofs_of(self.session.cache, sha256)
        except SourceError as error:
            self.session.warn(str(error))
            return ()

    async def proofs_of(self, asset: Asset) -> tuple[Proof, ...]:
        """Stored proofs of an asset's program, newest first; empty if it was never inspected."""
        known = await self.known(asset)
        return known.proofs if known else ()

    def _with_proofs(self, inspection: Inspection) -> Inspection:
        digest = inspection.file.sha256
        return (
            inspection
            if isinstance(digest, MISSING)
            else replace(inspection, proofs=self._proofs(digest))
        )

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

        target = self._targets((on,) if on else ())[0]
        return await self.session.run(lambda _: lay_out(catalogue, target, tags, latest))

    async def reachable(self, asset: Asset) -> bool:
        """Whether a look at the asset can succeed.

        It can if the asset is on disk, was looked at before, or has an address that may be asked.
        """
        return await self.session.run(lambda _: self._reachable(asset))

    def _reachable(self, asset: Asset) -> bool:
        settings = self.settings
        address = bool(asset.url or asset.api_url) and not settings.demo
        if asset.path is not None or (address and not settings.offline):
            return True
        if self._known(asset, self._targets(()))[0] is not None:
            return True
        return address and self._on_disk(self.subject(asset))

    async def look_at(self, asset: Asset, *, on: str = "") -> FileState:
        """One cell of the matrix: a peek, or a look into the file where it is here; an error becomes part of the picture."""
        from explorer.workbench.matrix import look_at

        return await look_at(self, asset, (on,) if on else ())

    async def matrix(
        self,
        tags: Sequence[str] = (),
        latest: int | None = None,
        on: str = "",
        *,
        progress: ProgressCallback = ignore_progress,
        looked: Callable[[Asset, FileState], None] | None = None,
    ) -> Matrix:
        """The matrix of some releases (all with assets where neither tags nor ``latest`` are given), every file looked at."""
        from explorer.workbench.matrix import fill

        catalogue = await self.catalogue(progress=progress)
        matrix = await self.matrix_layout(catalogue, tags, latest, on)
        await fill(self, matrix, (matrix.target.name,), progress, looked)
        return matrix

    async def advise(
        self,
        tag: str = "latest",
        arch: str = "arm64",
        libc: str = "musl",
        *,
        progress: ProgressCallback = ignore_progress,
    ) -> Advice:
        """Which file of a release to take for a system, and why."""
        from explorer.workbench.advise import advise

        return await advise(self, tag, arch, libc, progress=progress)

    # ------------------------------------------------------------------ data

    def targets(self) -> tuple[Target, ...]:
        """All targets a verdict can be asked for by name; packaged data, in memory once read."""
        from explorer.compat import all_targets

        return all_targets()

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
        return await self.session.run(lambda _: self._default_target())

    def _default_target(self) -> Target:
        from explorer.compat import default_target, find_target

        return find_target(self.settings.target) if self.settings.target else default_target()

    def _targets(self, on: Sequence[str]) -> tuple[Target, ...]:
        return tuple(self.target(name) for name in on) or (self._default_target(),)

    async def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order in which they are applied."""
        from explorer.compat import all_rules

        return await self.session.run(lambda _: all_rules())

    async def cache_stats(self) -> CacheStats:
        """How much the cache holds."""
        return await self.session.run(lambda _: self.session.cache.stats())

    async def cache_entries(self) -> tuple[CacheEntry, ...]:
        """The cached files, most recently used first."""
        return await self.session.run(lambda _: self.session.cache.entries())

    async def cache_prune(self, limit_bytes: int | None = None) -> int:
        """Remove the least recently used files until the limit holds.

        Returns the number of bytes freed.
        """
        return await self.session.run(lambda _: self.session.cache.prune(limit_bytes))

    async def cache_clear(self) -> int:
        """Remove everything from the cache; returns the number of bytes freed."""
        return await self.session.run(lambda _: self.session.cache.clear())

    async def doctor(self) -> tuple[Finding, ...]:
        """What works here and what does not, each with its remedy."""
        from explorer.workbench.doctor import examine

        return await examine(self)

    @property
    def origin(self) -> Origin | None:
        """Where the catalogue at hand came from."""
        return self._listings.last.origin if self._listings.last else None
