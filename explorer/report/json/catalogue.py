"""Releases and their files as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.compat import Answer, Target, Verdict
from explorer.releases import Asset, Catalogue, Origin, Platform, Rate, Release
from explorer.report.json.shapes import (
    BOOLEAN,
    BYTES,
    INTEGER,
    TEXT,
    TIME,
    Field,
    Shape,
    fact,
    many,
    nullable,
    part,
    word,
)
from explorer.report.verdicts.proofs import tested_in_words
from explorer.verify import Proof, Result, proof_for
from explorer.workbench import Inspection

PLATFORM = Shape[Platform](
    "platform",
    "What a file's name claims: a promise, never a verdict.",
    Field("slug", TEXT, lambda p: p.slug),
    Field("os", fact(TEXT), lambda p: p.os),
    Field("arch", fact(TEXT), lambda p: p.arch, "in Go's words"),
    Field("libc", fact(TEXT), lambda p: p.libc),
)
ASSET = Shape[Asset](
    "asset",
    "A file of a release.",
    Field("name", TEXT, lambda a: a.name),
    Field("tag", TEXT, lambda a: a.tag),
    Field("repo", TEXT, lambda a: a.repo),
    Field("kind", TEXT, lambda a: a.kind.value, "server, plugin, deb, package or other"),
    Field("platform", PLATFORM.kind, lambda a: a.platform),
    Field("archive", TEXT, lambda a: a.archive),
    Field("size", fact(BYTES), lambda a: a.size),
    Field("digest", fact(TEXT), lambda a: a.digest, "sha256:…, as the API gives it"),
    Field("url", TEXT, lambda a: a.url),
    Field("updated_at", fact(TIME), lambda a: a.updated_at),
    Field("downloads", fact(INTEGER), lambda a: a.downloads),
    Field("stand_in", BOOLEAN, lambda a: a.stand_in, "a demo binary built for rr-explorer"),
    Field("path", nullable(TEXT), lambda a: str(a.path) if a.path else None),
)
RATE = Shape[Rate](
    "rate",
    "GitHub's rate limit as of the last response.",
    Field("limit", INTEGER, lambda r: r.limit),
    Field("remaining", INTEGER, lambda r: r.remaining),
    Field("resets_at", TIME, lambda r: r.resets_at),
)
RELEASE = Shape[Release](
    "release",
    "A release without its files.",
    Field("tag", TEXT, lambda r: r.tag),
    Field("version", TEXT, lambda r: r.version),
    Field("name", TEXT, lambda r: r.name),
    Field("published_at", fact(TIME), lambda r: r.published_at),
    Field("prerelease", BOOLEAN, lambda r: r.prerelease),
    Field("draft", BOOLEAN, lambda r: r.draft),
    Field(
        "evidence",
        TEXT,
        lambda r: r.evidence,
        "api, folder, or the bundled list's word: published, derived, third-party",
    ),
    Field("url", TEXT, lambda r: r.url),
    Field("files", INTEGER, lambda r: len(r.assets)),
)
CATALOGUE = Shape[Catalogue](
    "catalogue",
    "A list of releases: where it comes from, and how complete it is.",
    Field("repo", TEXT, lambda c: c.repo),
    Field("origin", word(Origin), lambda c: c.origin, "where the list comes from"),
    Field(
        "complete",
        fact(BOOLEAN),
        lambda c: c.complete,
        "true: these are all releases of the repository",
    ),
    Field(
        "total",
        INTEGER,
        lambda c: len(c.releases),
        "releases in the list, of which the command may show fewer",
    ),
    Field(
        "fetched_at",
        fact(TIME),
        lambda c: c.fetched_at,
        "when the server last confirmed it, UTC",
    ),
    Field("rate", fact(RATE.kind), lambda c: c.rate),
    Field("warnings", many(TEXT), lambda c: c.warnings),
)


class ListedReleases(NamedTuple):
    """What ``releases`` shows of a catalogue."""

    catalogue: Catalogue
    releases: Sequence[Release]


class ListedAssets(NamedTuple):
    """What ``assets`` shows of a release."""

    catalogue: Catalogue
    release: Release
    assets: Sequence[tuple[Asset, Inspection | None]]
    gaps: Sequence[tuple[str, Asset]]
    """Platforms for which nothing is published, each with the file that may work instead."""


RELEASES = Shape[ListedReleases](
    "releases",
    "rr-explorer releases --json",
    *part(CATALOGUE, lambda r: r.catalogue),
    Field("releases", many(RELEASE.kind), lambda r: r.releases),
)
SEEN_VERDICT = Shape[Verdict](
    "seen_verdict",
    "A verdict in short.",
    Field("target", TEXT, lambda v: v.target.name),
    Field("answer", word(Answer), lambda v: v.answer),
    Field("if", many(TEXT), lambda v: v.packages, "packages that make it run, or may do so"),
    Field("code", TEXT, lambda v: v.deciding.code),
    Field("text", TEXT, lambda v: v.deciding.text),
)
SEEN_PROOF = Shape[Proof](
    "seen_proof",
    "A proof in short.",
    Field("result", word(Result), lambda p: p.result),
    Field("platform", TEXT, lambda p: p.platform),
    Field("target", nullable(TEXT), lambda p: p.target or None, "the target that it counts for"),
    Field("agrees", fact(BOOLEAN), lambda p: p.agrees, "with the verdict on that target"),
    Field("started_at", TEXT, lambda p: p.started_at),
)


class Tested(NamedTuple):
    """The proofs of a file, and a target that it was judged for."""

    proofs: Sequence[Proof]
    target: Target

    @property
    def proof(self) -> Proof | None:
        """The one that counts for the target."""
        return proof_for(self.proofs, self.target)


def tested_on_each(inspection: Inspection) -> list[Tested]:
    """What the proofs say of each target with a verdict."""
    return [Tested(inspection.proofs, verdict.target) for verdict in inspection.verdicts]


TESTED = Shape[Tested](
    "tested",
    "What proofs say of a target: one on another system counts only there.",
    Field("target", TEXT, lambda t: t.target.name),
    Field(
        "result",
        nullable(word(Result)),
        lambda t: t.proof.result if t.proof else None,
        "null: not tested there",
    ),
    Field(
        "text",
        TEXT,
        lambda t: tested_in_words(t.proofs, t.target),
        "not tested on Debian 12 (on Alpine 3.24: did not start, as predicted)",
    ),
)
SEEN = Shape[Inspection](
    "seen",
    "What an earlier inspection, a peek or a proof showed.",
    Field("verdicts", many(SEEN_VERDICT.kind), lambda i: i.verdicts),
    Field("proofs", many(SEEN_PROOF.kind), lambda i: i.proofs),
    Field("tested", many(TESTED.kind), tested_on_each),
)
LISTED_ASSET = Shape[tuple[Asset, Inspection | None]](
    "listed_asset",
    "A file of a release, and what is known of it.",
    *part(ASSET, lambda pair: pair[0]),
    Field("seen", nullable(SEEN.kind), lambda pair: pair[1]),
)
UNPUBLISHED = Shape[tuple[str, Asset]](
    "unpublished",
    "A musl file that was not published, and the one that may work instead.",
    Field("platform", TEXT, lambda gap: gap[0]),
    Field("kind", TEXT, lambda gap: gap[1].kind.value),
    Field("perhaps", TEXT, lambda gap: gap[1].name),
)
ASSETS = Shape[ListedAssets](
    "assets",
    "rr-explorer assets --json",
    *part(CATALOGUE, lambda a: a.catalogue),
    Field("release", RELEASE.kind, lambda a: a.release),
    Field("assets", many(LISTED_ASSET.kind), lambda a: a.assets),
    Field("unpublished", many(UNPUBLISHED.kind), lambda a: a.gaps),
)
