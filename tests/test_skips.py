"""Every skip is reported, and with ``CI=true`` it is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KINDS = (
    "def test() -> None:\n    pytest.skip('it is called')\n",
    "@pytest.mark.skipif(True, reason='it is marked')\n"
    "def test() -> None:\n    raise AssertionError\n",
    "pytest.skip('it is a module', allow_module_level=True)\n",
    "@pytest.fixture\ndef it() -> None:\n"
    "    do_without('thing', 'it is a fixture', 'Buy one')\n\n"
    "def test(it: None) -> None:\n    pass\n",
    "@pytest.mark.parametrize('reason', [])\ndef test(reason: str) -> None:\n    pass\n",
)
TOLD = (
    "it is called",
    "it is marked",
    "it is a module",
    "no thing: it is a fixture. Buy one",
    "got empty parameter set",
)


@pytest.mark.parametrize("ci", ["", "true"])
def test_every_kind_of_skip(ci: str, tmp_path: Path) -> None:
    for number, text in enumerate((*KINDS, "def test() -> None:\n    pass\n")):
        head = "import pytest\n\nfrom tests.support.skips import do_without\n\n"
        (tmp_path / f"test_{number}.py").write_text(head + text, encoding="utf-8")
    plugins = (
        "-p",
        "tests.support.skips",
        "-p",
        "no:cacheprovider",
        "-p",
        "xdist",
        "-n",
        "1",
    )  # a worker, as in make test; no other plugin
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *plugins,
            "-c",
            os.devnull,
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        env={
            **os.environ,
            "CI": ci,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert all(reason in done.stdout for reason in TOLD), done.stdout
    failures = bool(ci) and sys.platform == "linux"
    assert (done.returncode == 0) is not failures
    assert ("NOT EVERYTHING WAS TESTED: 5 SKIPPED" in done.stdout) is not failures
    assert done.stdout.count("with CI=true a skip is a failure") >= (len(KINDS) if failures else 0)
    assert "1 passed" in done.stdout
