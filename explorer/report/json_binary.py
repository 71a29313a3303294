"""Inspections, verdicts and proofs as JSON; see ``json`` for the way in which a fact is written."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from explorer.archive import ArchiveListing, Member
from explorer.compat import Dependency, DependencyCheck, Reason, Verdict
from explorer.elf import Dynamic, Elf, GoBuild, GoModule, Linking
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.fetch import Traffic
from explorer.releases import Asset, Platform
from explorer.report.json_base import Object, map_fact, object_of, time_text
from explorer.verify import CheckResult, DryRun, Engine, Image, Proof
from explorer.workbench.models import Inspection

MAX_DEPTH = 64
"""Levels of a dependency tree that are written; a hostile archive could make one deeper than a JSON reader goes."""


def asset(item: Asset) -> Object:
    """One file of a release."""
    return object_of(
        name=item.name,
        tag=item.tag,
        repo=item.repo,
        kind=item.kind.value,
        platform=platform(item.platform),
        archive=item.archive,
        size=item.size,
        digest=item.digest,
        url=item.url,
        updated_at=map_fact(item.updated_at, time_text),
        downloads=item.downloads,
        stand_in=item.stand_in,
        path=str(item.path) if item.path else None,
    )


def platform(item: Platform) -> Object:
    """What a name claims."""
    return object_of(slug=item.slug, os=item.os, arch=item.arch, libc=item.libc)


# ---------------------------------------------------------------------- inspection


def inspection(item: Inspection, warnings: Sequence[str] | None = None) -> Object:
    """What ``inspect --json`` prints; as a part of a report without ``warnings``, which stand at its top."""
    binary = item.binary
    elf = binary.elf
    go: Fact[GoBuild] = elf if isinstance(elf, (Unknown, NotApplicable)) else elf.go
    result = object_of(
        subject=subject(item),
        file=object_of(name=item.file.name, size=item.file.size, sha256=item.file.sha256),
        check=map_fact(item.check, str),
        asset_sha256=item.asset_sha256,
        listing=map_fact(item.listing, listing),
        member=map_fact(item.member, member),
        format=binary.format.value,
        detail=binary.detail,
        arch=binary.arch,
        scope=binary.scope.value,
        elf=map_fact(elf, _elf),
        go=map_fact(go, _go),
        verdicts=[verdict(one) for one in item.verdicts],
        proofs=[proof(one) for one in item.proofs],
        changed=item.changed or None,
    )
    if not isinstance(item.traffic, (Unknown, NotApplicable)):
        result["peek"] = peek(item.traffic)
    if warnings is not None:
        result["warnings"] = list(warnings)
    return result


def peek(traffic: Traffic) -> Object:
    """What a peek moved."""
    return object_of(requests=traffic.requests, bytes=traffic.bytes, of=traffic.of)


def subject(item: Inspection) -> Object:
    """What was asked about."""
    of = item.subject
    return {
        "name": of.name,
        "asset": asset(of.asset) if of.asset else None,
        "path": str(of.path) if of.path else None,
        "member": of.member or None,
        "stand_in": of.stand_in,
    }


def listing(item: ArchiveListing) -> Object:
    """An archive's members, refused ones included."""
    problem = {"rule": item.problem.rule, "text": item.problem.text} if item.problem else None
    return {
        "format": item.format.value,
        "members": [member(one) for one in item.members],
        "problem": problem,
    }


def member(item: Member) -> Object:
    """One member of an archive."""
    refused = {"rule": item.refused.rule, "text": item.refused.text} if item.refused else None
    return object_of(
        name=item.name,
        kind=item.kind.value,
        size=item.size,
        mode=item.mode,
        link=item.link or None,
        refused=refused,
    )


def _elf(elf: Elf) -> Object:
    header = elf.header
    return object_of(
        bits=header.bits,
        little_endian=header.little_endian,
        type=header.type,
        machine=header.machine,
        arch=header.arch,
        os_abi=header.os_abi,
        entry=header.entry,
        linkage=map_fact(elf.linkage, str),
        problems=list(elf.problems),
        packer=elf.packer,
        interpreter=elf.interpreter,
        os_note=elf.os_note,
        segments=map_fact(elf.segments, lambda many: [_plain(one) for one in many]),
        sections=map_fact(elf.sections, lambda many: [_plain(one) for one in many]),
        dynamic=map_fact(elf.dynamic, _dynamic),
        linking=map_fact(elf.linking, _linking),
        notes=map_fact(elf.notes, lambda many: [_plain(one) for one in many]),
        build_id=elf.build_id,
        is_go=elf.is_go,
        stripped=elf.stripped,
        tzdata=elf.tzdata,
        isa=elf.isa,
        symbol_count=elf.symbol_count,
    )


def _plain(item: Any) -> Object:
    """A flat model of texts and numbers as it stands."""
    return {name: getattr(item, name) for name in item.__slots__}


def _dynamic(dynamic: Dynamic) -> Object:
    return object_of(
        needed=list(dynamic.needed),
        soname=dynamic.soname,
        rpath=list(dynamic.rpath),
        runpath=list(dynamic.runpath),
        pie=dynamic.pie,
        textrel=dynamic.textrel,
        relr=dynamic.relr,
        entries=[_plain(entry) for entry in dynamic.entries],
    )


def _linking(linking: Linking) -> Object:
    return {
        "undefined": sorted(linking.undefined),
        "weak_undefined": sorted(linking.weak_undefined),
        "exports": len(linking.exports),
        "versions": [
            {"library": need.library, "versions": list(need.versions)} for need in linking.versions
        ],
        "relocations": [_plain(kind) for kind in linking.relocations],
    }


def _go(go: GoBuild) -> Object:
    return object_of(
        version=go.version,
        path=go.path,
        main=map_fact(go.main, _module),
        dependencies=[_module(one) for one in go.dependencies],
        settings=dict(go.settings),
    )


def _module(module: GoModule) -> Object:
    # One level of replacement is all that Go's format has; a longer chain could only come from a lying file.
    replaced = module.replace
    target = (
        {"path": replaced.path, "version": replaced.version, "sum": replaced.sum}
        if replaced
        else None
    )
    return {"path": module.path, "version": module.version, "sum": module.sum, "replace": target}


def verdict(item: Verdict) -> Object:
    """One verdict; ``target`` is the name that ``--on`` takes."""
    return object_of(
        target=item.target.name,
        title=item.target.title,
        arch=item.target.arch or None,
        answer=item.answer.value,
        reasons=[reason(one) for one in item.reasons],
        dependencies=map_fact(item.dependencies, _check),
    )


def reason(item: Reason) -> Object:
    """One reason."""
    return {
        "code": item.code,
        "answer": item.answer.value,
        "text": item.text,
        "evidence": item.evidence,
        "remedy": item.remedy,
        "advice": item.advice,
        "short": item.short,
    }


def _check(check: DependencyCheck) -> Object:
    return object_of(
        interpreter=check.interpreter,
        libraries=[_dependency(one, 0) for one in check.libraries],
        missing_libraries=list(check.missing_libraries),
        missing_symbols=map_fact(check.missing_symbols, list),
        newest_glibc=check.newest_glibc,
    )


def _dependency(item: Dependency, depth: int) -> Object:
    return {
        "name": item.name,
        "needed_by": item.needed_by,
        "where": item.where.value,
        "path": item.path or None,
        "searched": list(item.searched),
        "children": [_dependency(child, depth + 1) for child in item.children]
        if depth < MAX_DEPTH
        else [],
    }


# ---------------------------------------------------------------------- proof


def verification(item: Proof, of: Inspection, warnings: Sequence[str] = ()) -> Object:
    """What ``verify --json`` prints: the proof, and the verdict that it is held against."""
    return {
        "subject": subject(of),
        "file": object_of(name=of.file.name, size=of.file.size, sha256=of.file.sha256),
        "verdicts": [verdict(one) for one in of.verdicts],
        "proof": proof(item),
        "warnings": list(warnings),
    }


def proof(item: Proof) -> Object:
    """One proof. ``command`` is one shell line for all steps, ``commands`` each step's words."""
    return object_of(
        result=item.result.value,
        meaning=item.meaning,
        text=item.text,
        engine=map_fact(item.engine, _engine),
        image=map_fact(item.image, _image),
        platform=item.platform,
        emulated=item.emulated,
        command=" && ".join(shlex.join(words) for words in item.command),
        commands=[list(words) for words in item.command],
        argv=list(item.argv),
        exit_code=item.exit_code,
        started_at=item.started_at,
        duration_s=item.duration_s,
        total_s=item.total_s,
        output={"stdout": item.stdout, "stderr": item.stderr, "truncated": item.output_truncated},
        checks=[_check_result(one) for one in item.checks],
        agrees=item.agrees,
        verdict=item.verdict or None,
        target=item.target or None,
        dry_run=map_fact(item.dry_run, _dry_run),
        sha256=item.sha256,
        subject=item.subject,
        stand_in=item.stand_in,
    )


def _engine(engine: Engine) -> Object:
    return object_of(
        name=engine.name, version=engine.version, platform=engine.platform, rootless=engine.rootless
    )


def _image(image: Image) -> Object:
    return object_of(reference=image.reference, id=image.id, digest=image.digest, empty=image.empty)


def _check_result(check: CheckResult) -> Object:
    return object_of(name=check.name, ok=check.ok, expected=check.expected, seen=check.seen)


def _dry_run(run: DryRun) -> Object:
    return {"command": list(run.command), "exit_code": run.exit_code, "output": run.output}
