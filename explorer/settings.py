"""Settings: defaults, then the TOML file, then the environment, then the command line. Declared once, here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user may choose. Each is also an environment variable ``RR_EXPLORER_<NAME>``."""

    repo: str = "roadrunner-server/roadrunner"
    api_url: str = "https://api.github.com"
    offline: bool = False
    demo: bool = False
    folder: Path | None = None
    """A local folder whose files are shown as one release, instead of a repository."""
    cache_dir: Path = Path()
    state_dir: Path = Path()
    config_file: Path = Path()
    cache_limit: int = 2 << 30
    """Bytes."""
    downloads: int = 4
    """At a time."""
    peek_ceiling: int = 1 << 20
    """Bytes of one asset that a peek may move."""
    target: str = ""
    """Name of the default target; empty: musl of the current Alpine."""
    engine: str = ""
    """``docker``, ``podman``, ``nerdctl``; empty: the first that answers."""
    engine_args: tuple[str, ...] = ()
    """Extra words right behind the engine's name, e.g. ``--context``, ``remote``."""
    run_args: tuple[str, ...] = ()
    """Extra words for the engine's ``create``, e.g. ``--runtime=runc``."""
    image: str = ""
    """Image for proofs; empty: the target's."""
    pull: bool = True
    run_seconds: float = 20.0
    run_memory: int = 512 << 20
    run_processes: int = 256
    run_output: int = 256 * 1024
    theme: str = ""
    prereleases: bool = True
    plugins: bool = True
    debs: bool = True
    keys: dict[str, str] = field(default_factory=dict)
    """Action id to key, e.g. ``verify = "V"``."""
