"""A 100 MB program in a fresh interpreter, and what importing the package loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.binaries import ROOT, binary

LOADED = """import sys, explorer.elf
HEAVY = ('elftools', 'httpx', 'textual', 'diskcache')
print([m for m in sys.modules if m.split('.')[0] in HEAVY])
"""
MEASURE = """
import json, sys, time
from pathlib import Path
from explorer.bytesource import FileSource
from explorer.elf import read
begin = time.perf_counter()
with FileSource(Path(sys.argv[1])) as source:
    found = read(source, "big")
seconds = time.perf_counter() - begin
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
# ru_maxrss would count the parent, too.
peak = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
elf = found.elf
facts = {"go": elf.go.version, "tzdata": elf.tzdata, "problems": elf.problems}
print(json.dumps({"seconds": seconds, "peak": peak, **facts}))
"""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Go program whose PT_GNU_STACK became a PT_LOAD over 100 MB behind it."""
    data = bytearray(binary("go-static-amd64").read_bytes())
    end = len(data) + -len(data) % 4096
    size = 100 << 20
    for at in range(64, 64 + 56 * data[56], 56):
        if data[at : at + 4] == b"\x51\xe5\x74\x64":
            fields = (1 | 4 << 32, end, 0x10000000, 0x10000000, size, size, 4096)
            data[at : at + 56] = b"".join(field.to_bytes(8, "little") for field in fields)
    path = tmp_path_factory.mktemp("big") / "big"
    block = bytes(data[4096 : 4096 + (1 << 20)])
    with path.open("wb") as file:
        file.write(data.ljust(end, b"\0"))
        for _ in range(size // len(block)):
            file.write(block)
        file.truncate(end + size)
    return path


def run(code: str, *args: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.alone
def test_a_hundred_megabytes(big: Path) -> None:
    found = json.loads(run(MEASURE, str(big)))
    assert found["go"].startswith("go1.")
    assert (found["tzdata"], found["problems"]) == (False, [])
    assert found["seconds"] < 1
    assert found["peak"] < 90 << 20


def test_the_front_door_is_light() -> None:
    assert run(LOADED).strip() == "[]"
