"""One entrance for looks: how deep each goes, what is recorded, and what a failure costs."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import explorer
from explorer.errors import ExplorerError, OfflineError
from explorer.fetch import asset_key
from explorer.releases import Asset
from explorer.workbench import Depth, Subject, Workbench
from explorer.workbench.download import unreachable_error
from explorer.workbench.look import Looks
from explorer.workbench.matrix import fill
from tests.support.github import GitHub
from tests.workbench.conftest import archive_name


async def asset_of(bench: Workbench, platform: str = "linux-amd64") -> Asset:
    """A file of the release."""
    asset = (await bench.resolve("latest", platform)).asset
    assert asset is not None
    return asset


async def test_a_look_reads_as_much_as_is_asked_for(served: GitHub, bench: Workbench) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    assert subject.asset is not None
    assert (await bench.look(subject)).path is None
    assert (await bench.look(subject, depth=Depth.AVAILABLE)).path is None, "it is not on disk"
    await bench.download(subject.asset)
    served.forget()
    assert (await bench.look(subject)).path is None, "the record answers"
    assert (await bench.look(subject, depth=Depth.AVAILABLE)).path is not None
    assert (await bench.look(subject, depth=Depth.WHOLE)).path is not None
    assert not served.seen


async def test_a_file_that_nothing_is_known_of_is_unreachable_offline(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    online = opened()
    asset = await asset_of(online)
    await online.look(online.subject(asset))
    await online.aclose()
    bench = opened(cache_dir=online.settings.cache_dir, offline=True)
    other = await asset_of(bench, "linux-arm64")
    assert (await bench.look_at(asset)).inspection is not None
    assert (await bench.look_at(other)).unreachable
    assert isinstance(unreachable_error(bench.settings, other), OfflineError)
    with pytest.raises(OfflineError):
        await bench.look(bench.subject(other))


async def test_an_unexpected_error_costs_one_file_of_the_matrix(
    served: GitHub, bench: Workbench
) -> None:
    def subject_of(asset: Asset) -> Subject:
        if asset.name == archive_name("arm64"):
            raise ValueError("a case that nobody foresaw")
        return bench.subject(asset)

    matrix = await bench.matrix_layout(await bench.catalogue())
    await fill(matrix, Looks(bench.resources, subject_of))
    states = {state.inspection is None: state for state in matrix.known.values()}
    assert len(matrix.known) == 2
    assert states[False].error is None
    error = states[True].error
    assert isinstance(error, ExplorerError)
    assert "a case that nobody foresaw" in error.detail
    assert "report" in error.remedy


async def test_an_invalid_address_costs_its_file_only(bench: Workbench) -> None:
    asset = await asset_of(bench)
    for address in ("http://127.0.0.1:99999/x", "http://127.0.0.1:-1/x", "http://xn--a/x"):
        state = await bench.look_at(replace(asset, id=asset.id, url=address, api_url=address))
        assert state.error is not None


async def test_a_record_is_dropped_if_its_archive_was_replaced(
    github: GitHub, served: GitHub, bench: Workbench
) -> None:
    asset = await asset_of(bench)
    whole = await bench.look(bench.subject(asset), depth=Depth.WHOLE)
    known = await bench.known(asset)
    assert known is not None
    assert known.file.sha256 == whole.file.sha256
    cache = bench.resources.cache
    cache.drop(asset_key(asset))
    cache.add(asset_key(asset), asset.name, [b"other bytes under the same key"])
    assert await bench.known(asset) is None


def test_a_changed_rule_makes_every_record_obsolete(tmp_path: Path) -> None:
    package = tmp_path / "explorer"
    source = Path(explorer.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("standins", "__pycache__"))

    def digest() -> str:
        code = "from explorer.workbench.look_records import answering_code as c; print(c())"
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    first = digest()
    assert first == digest()
    for changed, name in (
        (False, "tui/app.py"),
        (True, "compat/rules/linkage.py"),
        (True, "compat/data/targets.toml"),
        (True, "elf/models.py"),
    ):
        with (package / name).open("a") as file:
            file.write("\n")
        assert (digest() != first) is changed
        first = digest()
