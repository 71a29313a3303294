"""One asset from the list through every room to a proof."""

import pytest

from explorer.compat import Answer
from explorer.verify import Result
from explorer.workbench import Check, Depth, ProofOptions, Workbench
from tests.support import images
from tests.support.engine import TestEngine
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name


async def test_from_the_list_to_a_verdict(bench: Workbench, served: GitHub) -> None:
    catalogue = await bench.catalogue()
    assert [r.tag for r in catalogue.releases] == [TAG]
    subject = await bench.resolve("latest", "linux-arm64")
    assert subject.asset is not None
    assert subject.asset.name == archive_name("arm64")

    served.forget()
    peeked = await bench.look(subject)
    assert peeked.verdicts[0].answer is Answer.YES
    assert served.count(host="assets") == 1
    assert served.body_bytes(host="assets") <= 16384

    whole = await bench.look(subject, depth=Depth.WHOLE)
    assert whole.check is Check.OK
    assert whole.verdicts[0].answer is Answer.YES
    assert whole.verdicts[0].target.arch == "arm64"
    assert whole.changed == ""
    assert whole.file.name == "rr"

    known = await bench.known(subject.asset)
    assert known is not None
    assert known.verdicts[0].answer is Answer.YES


@pytest.mark.container
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_from_the_verdict_to_a_proof(bench: Workbench, engine: TestEngine, arch: str) -> None:
    image = images.load(engine.command, images.musl(arch))
    subject = await bench.resolve("latest", f"linux-{arch}")
    inspection = await bench.look(subject, depth=Depth.WHOLE)
    lines: list[str] = []
    proof = await bench.verify(
        inspection, ProofOptions(image=image, pull=False), output=lines.append
    )
    assert proof.result is Result.RAN, proof
    assert proof.agrees is True
    assert proof.emulated is (arch == "arm64")
    assert {c.name: c.ok for c in proof.checks} == {
        "exit": True,
        "version": True,
        "os": True,
        "arch": True,
    }
    assert "rr version 2025.1.15" in "".join(lines)
    assert subject.asset is not None
    known = await bench.known(subject.asset)
    assert known is not None
    assert [p.started_at for p in known.proofs] == [proof.started_at]
