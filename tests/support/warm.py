"""The demo's cache as it is once its stand-ins were looked at: tests of the app start from a copy.

Unpacking and reading the stand-ins costs more than all else that a short test of the app does, and
tests of the workbench show that it happens.
"""

import asyncio
import shutil
import tempfile
from atexit import register
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from explorer.settings import Settings
from explorer.workbench import Workbench


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rr-explorer-test-warm-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    work = _look_at_stand_ins(Settings(demo=True, cache_dir=folder))
    with ThreadPoolExecutor(1) as pool:  # a test may run a loop in this thread
        pool.submit(asyncio.run, work).result()
    return folder


async def _look_at_stand_ins(settings: Settings) -> None:
    bench = Workbench(settings)
    try:
        catalogue = await bench.catalogue()
        for release in catalogue.releases:
            for asset in release.assets:
                if asset.stand_in:
                    await bench.look_at(asset)
    finally:
        await bench.aclose()


def warm_cache(folder: Path) -> Path:
    """Copy the cache into the folder, and return it."""
    shutil.copytree(_template(), folder)
    return folder
