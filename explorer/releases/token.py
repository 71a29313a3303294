"""Where a token for the API comes from."""

import os
import re
import shutil
import subprocess
from urllib.parse import urlsplit

from explorer.errors import UsageError
from explorer.http import Token, origin_of

_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
_SHAPE = re.compile(r"[!-~]{1,1024}")
_PATIENCE_S = 5.0


def find_token(api_url: str) -> Token | None:
    """The token in ``GITHUB_TOKEN`` or ``GH_TOKEN``, else the one that ``gh auth token`` prints.

    None if there is none. The token is bound to the API's own origin. It may run ``gh``, up to 5 s:
    blocking, call from a worker thread.

    Raises:
        UsageError: a variable holds characters that no token has; its value is not quoted.
    """
    origin = origin_of(api_url)
    if not origin:
        return None
    for name in _VARIABLES:
        value = os.environ.get(name, "").strip()
        if value and not _SHAPE.fullmatch(value):
            raise UsageError(
                f"{name} is not a token",
                "it holds spaces, line ends or other characters that no token has",
                f"Set {name} again",
            )
        if value:
            return Token(value, origin)
    value = _ask_gh(api_url)
    return Token(value, origin) if value else None


def _ask_gh(api_url: str) -> str:
    """The GitHub CLI's token for this host; only for https, as it has none for anything else."""
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    program = shutil.which("gh")
    if program is None or parts.scheme.lower() != "https" or not host:
        return ""
    host = (
        "github.com"
        if host == "api.github.com"
        else host.removeprefix("api.")
        if host.endswith(".ghe.com")
        else host
    )
    try:
        done = subprocess.run(
            [program, "auth", "token", "--hostname", host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            env=os.environ | {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""  # a token is optional, so a gh that fails or hangs does not matter
    value = done.stdout.decode("ascii", "replace").strip()
    return value if done.returncode == 0 and _SHAPE.fullmatch(value) else ""
