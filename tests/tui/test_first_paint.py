"""What the first frame does without, seen in a fresh interpreter."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = (
    "httpx",
    "elftools",
    "diskcache",
    "filelock",
    "tomlkit",
    "truststore",
    "markdown_it",
    "explorer.report",
    "explorer.workbench",
    "textual.widgets._markdown",
)
PROBE = """
import json, sys
from pathlib import Path
from explorer.settings import Settings
from explorer.tui.app import ExplorerApp

class Probe(ExplorerApp):
    async def _load(self) -> None:
        loaded = [name for name, module in sys.modules.items() if module]
        print(json.dumps(sorted(loaded)), file=sys.stderr)
        self.exit()

Probe(Settings(demo=True, cache_dir=Path(sys.argv[1]))).run(headless=True, size=(120, 40))
"""


def test_the_first_frame_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen = set(json.loads(done.stderr.strip().splitlines()[-1]))
    assert "textual.app" in seen
    assert not seen & set(HEAVY)


def test_the_door_itself_imports_no_textual() -> None:
    code = "import sys, explorer.tui; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
