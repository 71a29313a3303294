"""Inspections, verdicts and proofs as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from explorer.archive import ArchiveListing, Member, MemberKind, Refusal
from explorer.compat import (
    Answer,
    Dependency,
    DependencyCheck,
    Reason,
    Verdict,
    Where,
    floor_of,
)
from explorer.elf import FileFormat, Scope
from explorer.facts import MISSING, Fact
from explorer.fetch import Check, Traffic
from explorer.report.json.binaries import ELF, GO, MACHO_SLICE, SLICES_ABOUT
from explorer.report.json.catalogue import ASSET, TESTED, Tested, tested_on_each
from explorer.report.json.shapes import (
    BOOLEAN,
    BYTES,
    INTEGER,
    NUMBER,
    OMITTED,
    SHA256,
    TEXT,
    Field,
    Shape,
    fact,
    many,
    nullable,
    one_of,
    part,
    word,
)
from explorer.report.verdicts.proofs import paste_line
from explorer.verify import (
    CheckResult,
    DryRun,
    Engine,
    Image,
    ImageSystem,
    Proof,
    Result,
    StepResult,
    StepStatus,
)
from explorer.workbench import FileFacts, Inspection, Subject

MAX_DEPTH = 64
"""Levels of a dependency tree that are written; a deeper one would break JSON readers."""

SUBJECT = Shape[Subject](
    "subject",
    "What was asked about.",
    Field("name", TEXT, lambda s: s.name),
    Field("asset", nullable(ASSET.kind), lambda s: s.asset),
    Field("path", nullable(TEXT), lambda s: str(s.path) if s.path else None),
    Field("member", nullable(TEXT), lambda s: s.member or None),
    Field("stand_in", BOOLEAN, lambda s: s.stand_in),
)
FILE = Shape[FileFacts](
    "file",
    "The binary itself: the member, or the raw file.",
    Field("name", TEXT, lambda f: f.name),
    Field("size", fact(BYTES), lambda f: f.size),
    Field("sha256", fact(SHA256), lambda f: f.sha256),
)
REFUSAL = Shape[Refusal](
    "refusal",
    "Why something in an archive is not extracted.",
    Field("rule", TEXT, lambda r: r.rule),
    Field("text", TEXT, lambda r: r.text),
)
MEMBER = Shape[Member](
    "member",
    "A member of an archive.",
    Field("name", TEXT, lambda m: m.name),
    Field("kind", word(MemberKind), lambda m: m.kind),
    Field("size", fact(BYTES), lambda m: m.size),
    Field("mode", INTEGER, lambda m: m.mode),
    Field("link", nullable(TEXT), lambda m: m.link or None),
    Field("refused", nullable(REFUSAL.kind), lambda m: m.refused),
)
LISTING = Shape[ArchiveListing](
    "listing",
    "An archive's members.",
    Field("format", TEXT, lambda a: a.format.value),
    Field("members", many(MEMBER.kind), lambda a: a.members),
    Field("problem", nullable(REFUSAL.kind), lambda a: a.problem),
)
REASON = Shape[Reason](
    "reason",
    "One rule that applied.",
    Field("code", TEXT, lambda r: r.code),
    Field("answer", word(Answer), lambda r: r.answer),
    Field("text", TEXT, lambda r: r.text),
    Field("evidence", TEXT, lambda r: r.evidence, "where in the file it is seen"),
    Field("remedy", TEXT, lambda r: r.remedy, "what to do; empty where nothing has to be done"),
    Field("advice", BOOLEAN, lambda r: r.advice, "worth knowing, does not change the answer"),
    Field("short", TEXT, lambda r: r.short, "the reason in a few words"),
)
DEPENDENCY = Shape[Dependency](
    "dependency",
    "A node of the tree of libraries.",
    Field("name", TEXT, lambda d: d.name),
    Field("needed_by", TEXT, lambda d: d.needed_by),
    Field("where", word(Where), lambda d: d.where),
    Field("path", nullable(TEXT), lambda d: d.path or None),
    Field("searched", many(TEXT), lambda d: d.searched),
)
DEPENDENCY.fields += (Field("children", many(DEPENDENCY.kind), lambda d: d.children),)


class _Needs(NamedTuple):
    """What a verdict knows of a dynamic program's needs."""

    check: DependencyCheck
    newest_glibc: Fact[str]


DEPENDENCY_CHECK = Shape[_Needs](
    "dependency_check",
    "The libraries and symbols of a dynamic program against one target.",
    Field("interpreter", fact(TEXT), lambda n: n.check.interpreter),
    Field("libraries", many(DEPENDENCY.kind), lambda n: _bounded(n.check.libraries, MAX_DEPTH)),
    Field("missing_libraries", many(TEXT), lambda n: n.check.missing_libraries),
    Field("missing_symbols", fact(many(TEXT)), lambda n: n.check.missing_symbols),
    Field("newest_glibc", fact(TEXT), lambda n: n.newest_glibc),
)


def _bounded(libraries: Iterable[Dependency], depth: int) -> tuple[Dependency, ...]:
    return tuple(
        replace(one, children=_bounded(one.children, depth - 1) if depth else ())
        for one in libraries
    )


def _needs(verdict: Verdict) -> Fact[_Needs]:
    check = verdict.dependencies
    return check if isinstance(check, MISSING) else _Needs(check, verdict.newest_glibc)


VERDICT = Shape[Verdict](
    "verdict",
    "A prediction for one target.",
    Field("target", TEXT, lambda v: v.target.name, "the name that --on takes"),
    Field("title", TEXT, lambda v: v.target.title),
    Field("arch", nullable(TEXT), lambda v: v.target.arch or None),
    Field("answer", word(Answer), lambda v: v.answer),
    Field(
        "if",
        many(TEXT),
        lambda v: v.packages,
        "the smallest set of packages that makes it run there (yes-if) or may do so (unknown)",
    ),
    Field("install", nullable(TEXT), lambda v: v.install or None, "the command that adds them"),
    Field("unaided", word(Answer), lambda v: v.unaided, "the answer with nothing installed"),
    Field(
        "reasons",
        many(REASON.kind),
        lambda v: v.reasons,
        "worst first, advice last; the first decides",
    ),
    Field("dependencies", fact(DEPENDENCY_CHECK.kind), _needs),
)
PEEK = Shape[Traffic](
    "peek",
    "What a peek transferred.",
    Field("requests", INTEGER, lambda t: t.requests),
    Field("bytes", BYTES, lambda t: t.bytes),
    Field("of", fact(BYTES), lambda t: t.of),
)
ENGINE = Shape[Engine](
    "engine",
    "A container engine.",
    Field("name", TEXT, lambda e: e.name),
    Field("version", TEXT, lambda e: e.version),
    Field("platform", TEXT, lambda e: e.platform),
    Field("rootless", fact(BOOLEAN), lambda e: e.rootless),
)
SYSTEM = Shape[ImageSystem](
    "image_system",
    "What an image holds, read from its files.",
    Field("id", TEXT, lambda s: s.id, "ID of its os-release: alpine; may be empty"),
    Field("version", TEXT, lambda s: s.version, "VERSION_ID; may be empty"),
    Field("name", TEXT, lambda s: s.name, "PRETTY_NAME; may be empty"),
    Field("libc", one_of("musl", "glibc", "none"), lambda s: s.libc),
    Field("libc_version", fact(TEXT), lambda s: s.libc_version),
    Field("loaders", many(TEXT), lambda s: s.loaders, "for the program's architecture"),
    Field("packages", many(TEXT), lambda s: s.packages, "by its package manager's database"),
)
IMAGE = Shape[Image](
    "image",
    "What the container was made from.",
    Field("reference", TEXT, lambda i: i.reference),
    Field("id", TEXT, lambda i: i.id),
    Field("digest", fact(TEXT), lambda i: i.digest),
    Field(
        "empty",
        BOOLEAN,
        lambda i: i.empty,
        "the empty image: proves only that no libc is needed",
    ),
    Field("system", fact(SYSTEM.kind), lambda i: i.system, "what the image holds"),
)
OUTPUT = Shape[Proof](
    "output",
    "What the program printed, cut at the limit.",
    Field("stdout", TEXT, lambda p: p.stdout),
    Field("stderr", TEXT, lambda p: p.stderr),
    Field("truncated", BOOLEAN, lambda p: p.output_truncated),
)
CHECK_RESULT = Shape[CheckResult](
    "check",
    "A comparison of what was printed with what was promised.",
    Field("name", TEXT, lambda c: c.name),
    Field("ok", fact(BOOLEAN), lambda c: c.ok),
    Field("expected", TEXT, lambda c: c.expected),
    Field("seen", TEXT, lambda c: c.seen),
)
STEP_RESULT = Shape[StepResult](
    "step",
    "What came out of one step of a deep proof.",
    Field("name", TEXT, lambda s: s.name, "health, SIGTERM, tls without ca-certificates …"),
    Field("status", word(StepStatus), lambda s: s.status),
    Field("why", TEXT, lambda s: s.why),
    Field(
        "install",
        nullable(TEXT),
        lambda s: s.install or None,
        "what turns this failure into a success: apk add tzdata",
    ),
)
DRY_RUN = Shape[DryRun](
    "dry_run",
    "The loader's own --list, which executes nothing of the file.",
    Field("command", many(TEXT), lambda r: r.command),
    Field("exit_code", INTEGER, lambda r: r.exit_code),
    Field("output", TEXT, lambda r: r.output),
)
PROOF = Shape[Proof](
    "proof",
    "One run in a container, or the attempt at one.",
    Field("result", word(Result), lambda p: p.result),
    Field("meaning", TEXT, lambda p: p.meaning, "a stable code: started, interpreter-missing …"),
    Field("text", TEXT, lambda p: p.text),
    Field("engine", fact(ENGINE.kind), lambda p: p.engine),
    Field("image", fact(IMAGE.kind), lambda p: p.image),
    Field("platform", TEXT, lambda p: p.platform),
    Field("emulated", fact(BOOLEAN), lambda p: p.emulated),
    Field(
        "command",
        TEXT,
        lambda p: " && ".join(shlex.join(words) for words in p.command),
        "all steps as one line for a shell",
    ),
    Field(
        "commands",
        many(many(TEXT)),
        lambda p: p.command,
        "each step's words: create, cp (none for a mounted program), start, rm",
    ),
    Field("argv", many(TEXT), lambda p: p.argv, "what ran inside"),
    Field("exit_code", fact(INTEGER), lambda p: p.exit_code),
    Field("started_at", TEXT, lambda p: p.started_at, "UTC, ISO 8601"),
    Field("duration_s", fact(NUMBER), lambda p: p.duration_s, "of the run itself"),
    Field("total_s", NUMBER, lambda p: p.total_s, "of all steps"),
    Field("output", OUTPUT.kind, lambda p: p),
    Field("checks", many(CHECK_RESULT.kind), lambda p: p.checks),
    Field("agrees", fact(BOOLEAN), lambda p: p.agrees, "with the verdict"),
    Field("verdict", nullable(TEXT), lambda p: p.verdict or None, "yes, yes-if, unknown or no"),
    Field("target", nullable(TEXT), lambda p: p.target or None, "that it counts for"),
    Field("dry_run", fact(DRY_RUN.kind), lambda p: p.dry_run),
    Field("sha256", TEXT, lambda p: p.sha256, "of the binary that ran"),
    Field("subject", TEXT, lambda p: p.subject),
    Field("stand_in", BOOLEAN, lambda p: p.stand_in),
    Field("deep", many(STEP_RESULT.kind), lambda p: p.deep, "the steps of verify --deep"),
)


class Inspected(NamedTuple):
    """An inspection, and the warnings beside it; None for a part of a report, which has its own."""

    inspection: Inspection
    warnings: Sequence[str] | None = None


class Verified(NamedTuple):
    """A proof, and the inspection whose verdict it is held against."""

    proof: Proof
    inspection: Inspection
    warnings: Sequence[str]


_ABOUT = Shape[Inspection](
    "about",
    "What was inspected.",
    Field("subject", SUBJECT.kind, lambda i: i.subject),
    Field("file", FILE.kind, lambda i: i.file),
    Field(
        "about_files",
        nullable(TEXT),
        lambda i: i.about.value if i.about is not None else None,
        "checksum, signature, SBOM or source: such a file is not judged; null for any other file",
    ),
)
INSPECT = Shape[Inspected](
    "inspect",
    "rr-explorer inspect --json",
    *part(_ABOUT, lambda i: i.inspection),
    Field(
        "check",
        fact(word(Check)),
        lambda i: i.inspection.check,
        "the asset's bytes against the API's digest",
    ),
    Field("asset_sha256", fact(SHA256), lambda i: i.inspection.asset_sha256),
    Field("listing", fact(LISTING.kind), lambda i: i.inspection.listing),
    Field("member", fact(MEMBER.kind), lambda i: i.inspection.member),
    Field("others", many(TEXT), lambda i: i.inspection.others, "other programs in the archive"),
    Field(
        "inside",
        many(TEXT),
        lambda i: i.inspection.inside,
        "archives in the file that the member is in, the outermost first",
    ),
    Field("format", word(FileFormat), lambda i: i.inspection.binary.format),
    Field("detail", TEXT, lambda i: i.inspection.binary.detail),
    Field("arch", fact(TEXT), lambda i: i.inspection.binary.arch),
    Field("scope", word(Scope), lambda i: i.inspection.binary.scope, "how much was read"),
    Field("elf", fact(ELF.kind), lambda i: i.inspection.binary.elf),
    Field("go", fact(GO.kind), lambda i: i.inspection.binary.go),
    Field("slices", many(MACHO_SLICE.kind), lambda i: i.inspection.binary.slices, SLICES_ABOUT),
    Field("verdicts", many(VERDICT.kind), lambda i: i.inspection.verdicts),
    Field("proofs", many(PROOF.kind), lambda i: i.inspection.proofs, "newest first"),
    Field("tested", many(TESTED.kind), lambda i: tested_on_each(i.inspection)),
    Field(
        "changed",
        nullable(TEXT),
        lambda i: i.inspection.changed or None,
        "set where the whole file gives another answer than its peek did",
    ),
    Field(
        "peek",
        PEEK.kind,
        lambda i: OMITTED if isinstance(i.inspection.traffic, MISSING) else i.inspection.traffic,
        optional=True,
    ),
    Field(
        "warnings",
        many(TEXT),
        lambda i: OMITTED if i.warnings is None else i.warnings,
        "what belongs beside the answer; in a report it stands at the top",
        optional=True,
    ),
)
PLACE = Shape[Verdict](
    "place",
    "One system, and whether the file runs there.",
    Field("target", TEXT, lambda v: v.target.name, "the name that --on takes"),
    Field("title", TEXT, lambda v: v.target.title),
    Field("answer", word(Answer), lambda v: v.answer),
    Field("if", many(TEXT), lambda v: v.packages, "packages that make it run, or may do so"),
    Field("install", nullable(TEXT), lambda v: v.install or None),
    Field("code", TEXT, lambda v: v.deciding.code),
    Field("because", TEXT, lambda v: v.deciding.short or v.deciding.text),
)
WHERE = Shape[Inspected](
    "where",
    "rr-explorer where --json",
    *part(_ABOUT, lambda i: i.inspection),
    Field(
        "floor",
        nullable(TEXT),
        lambda i: floor_of(i.inspection.verdicts) if i.inspection.verdicts else None,
        "the least that it needs, in words: glibc 2.29 or newer; null for a file about files",
    ),
    Field(
        "places",
        many(PLACE.kind),
        lambda i: sorted(i.inspection.verdicts, key=lambda v: v.answer.rank),
        "every system, best first; none for a file about files",
    ),
    Field("warnings", many(TEXT), lambda i: i.warnings or ()),
)
VERIFY = Shape[Verified](
    "verify",
    "rr-explorer verify --json",
    *part(_ABOUT, lambda v: v.inspection),
    Field("verdicts", many(VERDICT.kind), lambda v: v.inspection.verdicts),
    Field("proof", PROOF.kind, lambda v: v.proof),
    Field(
        "line",
        nullable(TEXT),
        lambda v: paste_line(v.proof, v.inspection) or None,
        "one line for a shell that runs the program alone again",
    ),
    Field(
        "tested",
        many(TESTED.kind),
        lambda v: [Tested((v.proof,), verdict.target) for verdict in v.inspection.verdicts],
        "what this proof says of each target with a verdict",
    ),
    Field("warnings", many(TEXT), lambda v: v.warnings),
)
