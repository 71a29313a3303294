"""What to tell a project's maintainers: what publishing a file for musl would take, or why calling
an existing file what it is serves better. Every sentence follows from a look or a stored proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from explorer.compat import Answer, Verdict
from explorer.elf import GoBuild
from explorer.errors import FormatError
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.releases import Catalogue
from explorer.report.advice.publishing import naming_snippets, publishing_snippets
from explorer.report.advice.rows import CALL, known_from, proof_of, prove_command
from explorer.report.advice.snippet import Snippet
from explorer.report.tables.marks import verdict_words
from explorer.report.text import one_line
from explorer.report.units import plural
from explorer.report.verdicts.proofs import proof_line
from explorer.report.verdicts.words import target_in_words
from explorer.verify import Proof
from explorer.workbench import Advice, BuildRecipe, Candidate


class Situation(StrEnum):
    """What a release offers for musl on one architecture."""

    PUBLISHED = "published"
    """A file whose name says musl runs."""
    STATIC = "static"
    """No name says musl, but a static file runs."""
    RUNS = "runs"
    """No name says musl, but a file that is not static runs."""
    CONDITIONAL = "conditional"
    """A file runs under a condition only, such as packages to install."""
    BUILD = "build"
    """No published file runs."""
    UNKNOWN = "unknown"
    """Too little is known."""


_NAMING = (Situation.STATIC, Situation.RUNS)
"""Those in which a better name is all that is missing."""


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """What is known of one file of the release."""

    name: str
    answer: Answer
    text: str
    """The deciding reason, or why there is no verdict."""
    seen_at: str
    """Where in the file that is seen; empty without a verdict."""
    known_from: str
    """``its first 16.0 KiB …``, ``the whole file``."""
    proofs: tuple[Proof, ...]
    """The newest stored proof for each target, architecture and result; newest first."""


@dataclass(frozen=True, slots=True)
class MaintainerNote:
    """A message to the maintainers of a project. All text may quote files: untrusted."""

    repo: str
    tag: str
    platform: str
    """``musl-arm64``."""
    target: str
    """In words: ``Alpine 3.24 (musl 1.2.6)``."""
    situation: Situation
    title: str
    proposal: tuple[str, ...]
    """Sentences: what to do, and why."""
    files: tuple[FileEvidence, ...]
    """The file to use first."""
    unknown: tuple[str, ...]
    """Sentences about what was not read, not run, or cannot be known here."""
    snippets: tuple[Snippet, ...]
    no_lines: str
    """Why there are no snippets; empty if there are some, or if none are needed."""


def maintainer_note(advice: Advice, catalogue: Catalogue, call: str = CALL) -> MaintainerNote:
    """The message for a release; ``call`` is how commands to copy begin."""
    situation = _situation(advice)
    platform = f"{advice.libc}-{advice.arch}"
    chosen = advice.chosen
    ordered = sorted(advice.candidates, key=lambda c: chosen is None or c.asset != chosen.asset)
    files = [_evidence(chosen if chosen and c.asset == chosen.asset else c) for c in ordered]
    snippets, no_lines = _lines(advice, situation)
    return MaintainerNote(
        repo=advice.repo,
        tag=advice.release.tag,
        platform=platform,
        target=target_in_words(advice.target),
        situation=situation,
        title=_title(advice, situation, platform),
        proposal=(*_proposal(advice, situation, platform), _history(advice, catalogue)),
        files=tuple(files),
        unknown=tuple(_unknown(advice, situation, call)),
        snippets=snippets,
        no_lines=no_lines,
    )


def _situation(advice: Advice) -> Situation:
    chosen = advice.chosen
    if chosen is None:
        return Situation.UNKNOWN if advice.is_open else Situation.BUILD
    if chosen.answer is Answer.YES_IF:
        return Situation.CONDITIONAL
    if any(c.asset.platform.libc == "musl" and c.answer is Answer.YES for c in advice.candidates):
        return Situation.PUBLISHED
    return Situation.STATIC if _is_static(chosen.state.verdict) else Situation.RUNS


def _is_static(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.deciding.code in (
        "elf.static",
        "elf.static-pie",
        "elf.packed.static",
    )


def _slug(candidate: Candidate) -> str:
    """``linux-arm64``, or the file's name if that says no platform."""
    slug = candidate.asset.platform.slug
    return one_line(candidate.asset.name) if "?" in slug else slug


def _title(advice: Advice, situation: Situation, platform: str) -> str:
    chosen = advice.chosen
    name = _slug(chosen) if chosen is not None else ""
    return {
        Situation.PUBLISHED: f"{platform} is published, and it runs",
        Situation.STATIC: f"{name} is static and runs on musl: say so where it is downloaded",
        Situation.RUNS: f"{name} runs on musl: say so where it is downloaded",
        Situation.CONDITIONAL: f"{name} runs on musl under a condition only",
        Situation.BUILD: f"No file of {one_line(advice.release.tag)} runs on {platform}",
        Situation.UNKNOWN: f"Whether a file of {one_line(advice.release.tag)} runs on {platform} "
        "is not known",
    }[situation]


def _proposal(advice: Advice, situation: Situation, platform: str) -> list[str]:
    chosen = advice.chosen
    name = one_line(chosen.asset.name) if chosen is not None else ""
    if situation is Situation.PUBLISHED:
        return ["Nothing has to change."]
    if situation is Situation.STATIC:
        return [
            f"{name} needs no loader and no shared library, so the same file starts on glibc and "
            "on musl.",
            f"A build for {platform} would be a second file that does the same; one sentence "
            "beside the download, or a label, costs nothing and helps at once.",
            "If a name has to say musl, publish the same bytes under a second name.",
        ]
    if situation is Situation.RUNS:
        return [
            f"{name} runs on {target_in_words(advice.target)} as it is, but its name does not "
            "say so.",
            "It is not static: what it needs is listed in the verdict, and other systems may lack "
            "it.",
        ]
    if situation is Situation.UNKNOWN:
        return ["Nothing can be proposed before the files have been read."]
    return [*_why_build(advice, situation), *_build_advice(advice)]


def _why_build(advice: Advice, situation: Situation) -> list[str]:
    if situation is Situation.CONDITIONAL and advice.chosen is not None:
        words = one_line(verdict_words(advice.chosen.state))
        return [f"{one_line(advice.chosen.asset.name)} runs under a condition: {words}."]
    return [one_line(advice.why)]


def _build_advice(advice: Advice) -> list[str]:
    if not isinstance(advice.source, BuildRecipe):
        return []
    sentences = [
        "If the sources build with CGO_ENABLED=0, one static file runs on musl and on glibc."
    ]
    build = _go_build(advice)
    if build is None:
        return sentences
    if build.setting("CGO_ENABLED") == "1":
        sentences.append(
            "The published file was built with cgo. If its C code is needed, link it statically "
            "against musl instead."
        )
    if build.setting("-buildmode") == "pie":
        sentences.append(
            "The published file was built with -buildmode=pie, which names a loader even with cgo "
            "off: leave that flag out."
        )
    return sentences


def _go_build(advice: Advice) -> GoBuild | None:
    """Go's build info of the file that was chosen, else of the first that has one."""
    for candidate in (advice.chosen, *advice.candidates):
        inspection = candidate.state.inspection if candidate is not None else None
        if inspection is not None and isinstance(inspection.binary.go, GoBuild):
            return inspection.binary.go
    return None


def _history(advice: Advice, catalogue: Catalogue) -> str:
    """How many of the listed releases have a file whose name says this platform."""
    named = sum(
        any(
            a.platform.libc == advice.libc and a.platform.arch == advice.arch
            for a in release.assets
        )
        for release in catalogue.releases
    )
    listed = plural(len(catalogue.releases), "release")
    partly = "" if catalogue.complete is True else " (the list may be incomplete)"
    platform = f"{advice.libc}-{advice.arch}"
    if not named:
        return f"In {listed}, no file name says {platform}{partly}."
    verb = "has" if named == 1 else "have"
    return f"{named} of {listed} {verb} a file named for {platform}{partly}."


def _evidence(candidate: Candidate) -> FileEvidence:
    verdict, inspection = candidate.state.verdict, candidate.state.inspection
    if verdict is None or inspection is None:
        why = str(candidate.state.error) if candidate.state.error else "not inspected"
        return FileEvidence(candidate.asset.name, Answer.UNKNOWN, one_line(why), "", "", ())
    return FileEvidence(
        candidate.asset.name,
        verdict.answer,
        one_line(verdict.deciding.text),
        one_line(verdict.deciding.evidence),
        known_from(candidate),
        _newest_of_each(inspection.proofs),
    )


def _newest_of_each(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """The newest proof for each target, architecture and result."""
    newest = {(p.target, p.platform, p.result): p for p in reversed(proofs)}
    return tuple(p for p in proofs if p in newest.values())


def _unknown(advice: Advice, situation: Situation, call: str) -> list[str]:
    sentences = []
    if any(c.asset.stand_in for c in advice.candidates):
        sentences.append(
            "These files are stand-ins built for rr-explorer's demo: nothing here is evidence "
            "about the published files."
        )
    if advice.chosen is not None:
        sentences += _not_proved(advice, call)
    if situation is Situation.STATIC:
        sentences.append(
            "Not judged: what the program looks for at run time, such as certificates, time zones "
            "or name servers."
        )
    if situation in (Situation.CONDITIONAL, Situation.BUILD):
        source = advice.source
        if isinstance(source, BuildRecipe):
            sentences.append(
                "Not known: how the project publishes. The lines are for GoReleaser and for GitHub "
                "Actions; use the ones that fit."
            )
            sentences += [one_line(source.caveat)] if source.caveat else []
        elif isinstance(source, Unknown):
            sentences.append(f"Not known: how to build it. {one_line(source.why)}.")
    return sentences


def _not_proved(advice: Advice, call: str) -> list[str]:
    proof = proof_of(advice)
    if proof is None:
        where = target_in_words(advice.target)
        return [
            f"Not run on {where} yet: the answer is predicted. {prove_command(advice, call)} runs "
            "it there."
        ]
    sentences = ["A proof shows that the program starts, not that every feature works."]
    if proof.emulated is True:
        sentences.append(
            "The proof ran under emulation: it says nothing about page sizes or processor features."
        )
    return sentences


def _lines(advice: Advice, situation: Situation) -> tuple[tuple[Snippet, ...], str]:
    """The lines to paste, and why there are none."""
    chosen = advice.chosen
    if situation in _NAMING and chosen is not None and chosen.asset.stand_in:
        return (), "No lines: a stand-in is not published. Try it without --demo"
    try:
        if situation in _NAMING and chosen is not None:
            return naming_snippets(advice, chosen, is_static=situation is Situation.STATIC), ""
        if situation in (Situation.CONDITIONAL, Situation.BUILD):
            if isinstance(advice.source, NotApplicable):
                return (), ""
            if isinstance(advice.source, MISSING):
                return (), f"No lines: {one_line(advice.source.why)}"
            build = _go_build(advice)
            cgo = build is not None and build.setting("CGO_ENABLED") == "1"
            return publishing_snippets(advice, advice.source, with_cgo=cgo), ""
    except FormatError as error:
        return (), str(error)
    return (), ""


def proof_sentences(evidence: FileEvidence) -> tuple[str, ...]:
    """Each stored proof of a file on one line, with the digest of the image it ran on."""
    return tuple(_proof_sentence(proof) for proof in evidence.proofs)


def _proof_sentence(proof: Proof) -> str:
    line = one_line(proof_line(proof).text)
    if isinstance(proof.image, MISSING) or isinstance(proof.image.digest, MISSING):
        return line
    return f"{line} · image {one_line(proof.image.digest.rpartition('@')[2])}"
