"""Installing Debian's packages, for what ``make prepare`` calls."""

import os
import shutil
import subprocess


def can_install() -> bool:
    """Whether this is root on Debian or its descendants."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(what_for: str, *packages: str) -> str:
    """Install packages; why that failed, or an empty string."""
    print(f"{what_for}: installing {' '.join(packages)} with apt-get")
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-q", "-o", "Acquire::Retries=3", *words],
            capture_output=True,
            text=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            timeout=900,
            check=False,
        )
        if done.returncode:
            return f"apt-get {words[0]}: {(done.stderr.strip() or 'failed').splitlines()[-1]}"
    return ""
