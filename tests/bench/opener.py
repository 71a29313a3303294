"""A process that opens one release: so that the client is measured alone, not with the server on
one interpreter lock.

``python -m tests.bench.opener API_URL CACHE WARM_TAG TAG``: looks at WARM_TAG first, as the app
would have at the release before (its parsers are loaded), prints ``ready``, waits for a line, looks
at TAG and prints JSON: seconds, files with a verdict.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from explorer.settings import Settings
from explorer.workbench import Answer, Workbench
from explorer.workbench.matrix import fill


async def main(api_url: str, cache: str, warm: str, tag: str) -> None:
    """Warm up, wait, measure."""
    bench = Workbench(Settings(api_url=api_url, cache_dir=Path(cache)))
    try:
        await bench.matrix((warm,))
        matrix = await bench.matrix_layout(await bench.catalogue(), (tag,))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        started = time.perf_counter()
        await fill(matrix, bench.looks)
        took = time.perf_counter() - started
        inspections = [
            seen.inspection for seen in matrix.known.values() if seen.inspection is not None
        ]
        sure = sum(1 for found in inspections if found.verdicts[0].answer is not Answer.UNKNOWN)
        print(json.dumps([took, sure]), flush=True)
    finally:
        await bench.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
