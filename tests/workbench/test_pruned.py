"""A file that another process has pruned while the app shows it is fetched again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.compat import Answer
from explorer.errors import EngineError
from explorer.workbench import Depth, Inspection, ProofOptions, Workbench
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name


@pytest.fixture
async def inspected(
    github: GitHub, opened: Callable[..., Workbench]
) -> tuple[Workbench, Inspection]:
    """A program that needs the library beside it in its archive, whose files are gone since."""
    members: dict[str, bytes | Path] = {
        "lib/libanswer.so.1": binary("c-shared"),
        "needs": binary("c-needs-origin"),
    }
    data = make_archive("tar.gz", "x", members, tool=False)
    github.add_release(TAG, {archive_name("amd64"): data})
    bench = opened()
    subject = await bench.resolve(f"{TAG}/{archive_name('amd64')}#needs")
    inspection = await bench.look(subject, on=("debian-12",), depth=Depth.WHOLE)
    assert inspection.verdicts[0].answer is Answer.YES
    cache = await bench.resources.run(lambda _: bench.resources.cache)
    shutil.rmtree(cache.directory / "blobs")
    github.forget()
    return bench, inspection


async def test_another_verdict_reads_the_neighbours_again(
    github: GitHub, inspected: tuple[Workbench, Inspection]
) -> None:
    bench, inspection = inspected
    other = await bench.judge(inspection, on=("debian-13",))
    assert other.verdicts[0].answer is Answer.YES, "a library that was not read is not missing"
    assert github.count(host="assets") == 1


async def test_a_proof_comes_as_far_as_its_engine(
    github: GitHub, inspected: tuple[Workbench, Inspection], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, inspection = inspected
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineError):
        await bench.verify(inspection, ProofOptions(argv=("{}",), on="debian-12"))
    assert github.count(host="assets") == 1


async def test_symbols_are_read_again(
    github: GitHub, inspected: tuple[Workbench, Inspection]
) -> None:
    bench, inspection = inspected
    assert len(await bench.symbols(inspection)) > 0
    assert github.count(host="assets") == 1
