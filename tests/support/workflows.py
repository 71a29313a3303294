"""Workflows of GitHub Actions: held against GitHub's schema, and against what is unsafe."""

import subprocess
import sys
from pathlib import Path


def check_workflow(file: Path) -> None:
    """Fail unless check-jsonschema (GitHub's schema) and zizmor find nothing in a workflow."""
    tools = Path(sys.executable).parent
    schema = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    for command in (
        [sys.executable, *schema, str(file)],
        [str(tools / "zizmor"), "--offline", "--no-progress", str(file)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
