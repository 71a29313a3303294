"""Settings, declared once. The command line beats the environment, which beats the TOML file.

Every field of ``Settings`` is a key of the file, a variable ``RR_EXPLORER_<NAME>`` and a row of the
settings screen; its metadata hold the parser and the help text. ``settings_writer`` changes the
file.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from explorer.errors import UsageError

ENV_PREFIX = "RR_EXPLORER_"
NO_SETTINGS = frozenset(("RR_EXPLORER_LOG",))
"""Variables that are read before the settings are."""
APP = "rr-explorer"
Parser = Callable[[object], Any]
"""Turns a TOML value, or text from the environment or the command line, into a setting's value.

Raises ValueError with what the setting must be, e.g. ``true or false``."""


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("text")
    return raw


def _repo(raw: object) -> str:
    if not isinstance(raw, str) or not re.fullmatch(
        r"[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}", raw
    ):
        raise ValueError("OWNER/NAME, e.g. roadrunner-server/roadrunner")
    return raw


def _url(raw: object) -> str:
    if (
        not isinstance(raw, str)
        or not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", raw)
        or not _is_valid_host(raw)
    ):
        raise ValueError(
            "an http or https address without a user, e.g. https://github.example.com/api/v3"
        )
    return raw.rstrip("/")


def _is_valid_host(url: str) -> bool:
    """Whether the host is a name or an address, and the port one from 1 to 65535, or none."""
    try:
        parts = urlsplit(url)
        port = parts.port
        # Labels such as "xn--a" are Punycode that decodes to nothing.
        (parts.hostname or "").encode("ascii").decode("idna")
    except ValueError:
        return False
    return bool(parts.hostname) and port != 0 and not parts.netloc.endswith(":")


def _engine(raw: object) -> str:
    if raw not in ("", "docker", "podman", "nerdctl"):
        raise ValueError("docker, podman, nerdctl, or empty for the first that answers")
    return str(raw)


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if isinstance(raw, str) and raw.strip().lower() in words:
        return words[raw.strip().lower()]
    raise ValueError("true or false")


def _between(low: int, high: int) -> Parser:
    def parse(raw: object) -> int:
        number = (
            int(raw) if isinstance(raw, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", raw) else raw
        )
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return number

    return parse


def _seconds(raw: object) -> float:
    try:
        number = (
            float(raw) if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else -1.0
        )
    except ValueError:
        number = -1.0
    if not 0.1 <= number <= 86_400:
        raise ValueError("seconds, from 0.1 to 86400")
    return number


_SIZE = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*([A-Za-z]{0,3})\s*")
_UNITS = {
    "": 1,
    "b": 1,
    "k": 1 << 10,
    "kib": 1 << 10,
    "kb": 10**3,
    "m": 1 << 20,
    "mib": 1 << 20,
    "mb": 10**6,
}
_UNITS |= {"g": 1 << 30, "gib": 1 << 30, "gb": 10**9, "t": 1 << 40, "tib": 1 << 40, "tb": 10**12}


def parse_size(raw: object) -> int:
    """Bytes in ``2GiB``, ``512 MB``, ``4096`` or an int. A lone ``K``, ``M`` or ``G`` is binary.

    Raises:
        ValueError: not a size; the message says what a size looks like.
    """
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    if isinstance(raw, str) and (match := _SIZE.fullmatch(raw)):
        unit = _UNITS.get(match[2].lower())
        if unit is not None:
            return int(float(match[1]) * unit)
    raise ValueError("a size such as 2GiB, 512MB or a number of bytes")


def _words(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        try:
            return tuple(shlex.split(raw))
        except ValueError as error:
            raise ValueError(f"words separated by spaces ({error})") from None
    if isinstance(raw, (list, tuple)) and all(isinstance(word, str) for word in raw):
        return tuple(raw)
    raise ValueError('words: text, or a list such as ["--context", "remote"]')


def _repos(raw: object) -> tuple[str, ...]:
    return tuple(_repo(word) for word in _words(raw))


def _path(raw: object) -> Path:
    if isinstance(raw, Path):
        return raw
    if not isinstance(raw, str) or not raw or "\0" in raw:
        raise ValueError("a path")
    try:
        return Path(raw).expanduser()
    except RuntimeError:
        raise ValueError("a path; the user named after ~ has no home directory") from None


def _keys(raw: object) -> dict[str, str]:
    if isinstance(raw, str):
        pairs = [pair.partition("=") for pair in raw.split(",") if pair.strip()]
        if all(equals for _, equals, _ in pairs):
            return {name.strip(): key.strip() for name, _, key in pairs}
    elif isinstance(raw, dict) and all(isinstance(key, str) for key in raw.values()):
        return dict(raw)
    raise ValueError('a table of actions and keys such as verify = "V"')


def _projects(raw: object) -> dict[str, dict[str, object]]:
    if isinstance(raw, dict) and all(isinstance(table, dict) for table in raw.values()):
        for name in raw:
            _repo(name)
        return dict(raw)
    raise ValueError('tables, each headed [projects."OWNER/NAME"]')


def _setting(
    default: Any, parse: Parser, text: str, kind: str, choices: tuple[str, ...] = ()
) -> Any:
    metadata = {"parse": parse, "help": text, "kind": kind, "choices": choices}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


# ruff: noqa: RUF009  (_setting gives a dataclasses.field, so no default is shared)
@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a user can choose."""

    repo: str = _setting(
        "roadrunner-server/roadrunner", _repo, "The GitHub repository, OWNER/NAME", "text"
    )
    api_url: str = _setting(
        "https://api.github.com", _url, "The API's address; GITHUB_API_URL works too", "text"
    )
    offline: bool = _setting(
        False, _flag, "Use no network: only the cache and the bundled releases", "flag"
    )
    demo: bool = _setting(
        False, _flag, "The bundled releases with stand-in binaries; no network", "flag"
    )
    folder: Path | None = _setting(
        None,
        _path,
        "A folder to show as one release, instead of a repository",
        "path",
    )
    cache_dir: Path = _setting(
        Path(), _path, "Where downloads, release lists and proofs are kept", "path"
    )
    config_file: Path = _setting(Path(), _path, "The settings file", "path")
    cache_limit: int = _setting(
        2 << 30, parse_size, "Size of the cache; the least recently used files go first", "size"
    )
    """Bytes."""
    downloads: int = _setting(4, _between(1, 16), "Simultaneous downloads", "number")
    peek_ceiling: int = _setting(
        1 << 20, parse_size, "How much of a file a peek may download", "size"
    )
    """Bytes per asset."""
    target: str = _setting(
        "", _text, "The default target; empty: musl of the current Alpine", "text"
    )
    engine: str = _setting(
        "",
        _engine,
        "The container engine; empty: the first that answers",
        "choice",
        ("", "docker", "podman", "nerdctl"),
    )
    engine_args: tuple[str, ...] = _setting(
        (), _words, "Extra engine arguments, e.g. --context remote", "words"
    )
    engines: tuple[str, ...] = _setting(
        (),
        _words,
        "Engines that share proofs: docker, podman, contexts of docker, connections of podman",
        "words",
    )
    run_args: tuple[str, ...] = _setting(
        (), _words, "Extra arguments of the engine's create, e.g. --runtime=runc", "words"
    )
    image: str = _setting("", _text, "The image for proofs; empty: the target's", "text")
    pull: bool = _setting(True, _flag, "Pull missing images", "flag")
    run_seconds: float = _setting(
        20.0, _seconds, "Time limit of a proof in seconds (doubled under emulation)", "seconds"
    )
    run_memory: int = _setting(512 << 20, parse_size, "Memory limit of a proof", "size")
    run_processes: int = _setting(
        256, _between(1, 100_000), "Limit of processes and threads of a proof", "number"
    )
    run_output: int = _setting(256 * 1024, parse_size, "How much output of a proof is kept", "size")
    vulndb: Path | None = _setting(
        None,
        _path,
        "The Go vulnerability database: vulndb.zip of vuln.go.dev, or a folder with its content",
        "path",
    )
    vulndb_url: str = _setting(
        "https://vuln.go.dev/vulndb.zip",
        _url,
        "Where the Go vulnerability database is downloaded, if vulndb names none",
        "text",
    )
    keyring: Path | None = _setting(
        None,
        _path,
        "A file with OpenPGP public keys that release signatures are verified with",
        "path",
    )
    theme: str = _setting(
        "",
        _text,
        "Colour theme; ansi-dark and ansi-light use the terminal's colours",
        "text",
    )
    show_keys: bool = _setting(
        False, _flag, "Show pressed keys in a corner, for an audience", "flag"
    )
    prereleases: bool = _setting(True, _flag, "Show pre-releases", "flag")
    plugins: bool = _setting(True, _flag, "Show plugins", "flag")
    debs: bool = _setting(True, _flag, "Show Debian packages", "flag")
    pinned: tuple[str, ...] = _setting(
        (), _repos, "Projects that come first where one is chosen, OWNER/NAME each", "words"
    )
    keys: dict[str, str] = _setting({}, _keys, "Key bindings: action to key", "keys")
    """Action id to key, e.g. ``verify = "V"``."""
    projects: dict[str, dict[str, object]] = _setting(
        {}, _projects, "What is particular to a project, by OWNER/NAME", "tables"
    )
    """Tables as ``explorer.releases.profile`` describes them. It also checks what is in them."""
    problems: tuple[str, ...] = ()
    """Not a setting: what ``load(strict=False)`` ignored, one sentence each. Untrusted text."""


@dataclass(frozen=True, slots=True)
class Option:
    """What documentation, completion and the settings screen show of a setting."""

    name: str
    env: str
    help: str
    kind: str
    """One of text, flag, path, size (bytes), number, seconds, words, choice, keys."""
    choices: tuple[str, ...]
    in_file: bool
    """False for ``config_file`` itself."""


DATABASE_SETTINGS = frozenset(("vulndb", "vulndb_url"))
"""Which vulnerability database is used: a change takes effect when it is next read."""
PROOF_SETTINGS = frozenset(
    {"engine", "engine_args", "engines", "image", "pull"}
    | {f"run_{name}" for name in ("args", "seconds", "memory", "processes", "output")}
)
"""Settings that only proofs read: a change takes effect with the next one."""


def options() -> tuple[Option, ...]:
    """Every setting with a single value, in the order of declaration: not ``projects``."""
    return tuple(
        Option(
            f.name,
            ENV_PREFIX + f.name.upper(),
            f.metadata["help"],
            f.metadata["kind"],
            f.metadata["choices"],
            f.name != "config_file",
        )
        for f in fields(Settings)
        if f.metadata and f.metadata["kind"] != "tables"
    )


def parse_value(name: str, raw: object, place: str = "") -> Any:
    """Check ``raw`` and return the setting's value. ``place`` says where ``raw`` was written.

    Raises:
        UsageError: there is no such setting, or the value is not valid.
    """
    parsers: dict[str, Parser] = {
        f.name: f.metadata["parse"] for f in fields(Settings) if f.metadata
    }
    if name not in parsers:
        near = get_close_matches(name, parsers, 3)
        raise UsageError(
            f"Unknown setting “{name}”",
            place,
            f"Did you mean {' or '.join(near)}?"
            if near
            else "The README and rr-explorer doctor list the settings",
        )
    try:
        return parsers[name](raw)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"The setting “{name}” must be {error}",
            f"{place}: {_quoted(raw)}".removeprefix(": "),
            "Correct or remove it",
        ) from None


def _quoted(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 80 else text[:79] + "…"


def load(
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    strict: bool = True,
) -> Settings:
    """Read the settings. ``overrides`` come from the command line; None counts as not given.

    With ``strict`` False, whatever is not valid is ignored and listed in ``problems``. A named file
    that does not exist, and a wrong word on the command line, are errors even then.

    Raises:
        UsageError: a value, a key, a variable or the file is not valid; names the place.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    problems: list[str] = []

    def tell(error: UsageError) -> None:
        if strict:
            raise error
        problems.append(str(error))

    values: dict[str, Any] = _default_places()
    from_env = _environment(environ, tell)
    named = given.get("config_file", from_env.get("config_file"))
    path = (
        parse_value("config_file", named, "--config")
        if named is not None
        else values["config_file"]
    )
    values |= _file(path, required=named is not None, tell=tell)
    values |= from_env
    for name, raw in given.items():
        values[name] = parse_value(name, raw, f"--{name.replace('_', '-')}")
    values["config_file"] = path
    for name in ("cache_dir", "config_file", "folder", "vulndb", "keyring"):
        if values.get(name) is not None:
            # Path.absolute() would keep "..".
            values[name] = Path(os.path.abspath(values[name]))  # noqa: PTH100
    return replace(Settings(**values), problems=tuple(problems))


def _default_places() -> dict[str, Any]:
    """The platform's directories; platformdirs honours the XDG variables."""
    import platformdirs

    return {
        "cache_dir": platformdirs.user_cache_path(APP, appauthor=False),
        "config_file": platformdirs.user_config_path(APP, appauthor=False) / "config.toml",
    }


def _environment(environ: Mapping[str, str], tell: Callable[[UsageError], None]) -> dict[str, Any]:
    """Values of ``RR_EXPLORER_*`` and ``GITHUB_API_URL``; an empty variable counts as unset."""
    raw = {
        name.removeprefix(ENV_PREFIX).lower(): (name, text)
        for name, text in environ.items()
        if name.startswith(ENV_PREFIX) and text and name not in NO_SETTINGS
    }
    if environ.get("GITHUB_API_URL") and "api_url" not in raw:
        raw["api_url"] = ("GITHUB_API_URL", environ["GITHUB_API_URL"])
    values: dict[str, Any] = {}
    for name, (variable, text) in sorted(raw.items()):
        try:
            values[name] = parse_value(name, text, f"environment variable {variable}")
        except UsageError as error:
            tell(error)
    return values


def _file(path: Path, required: bool, tell: Callable[[UsageError], None]) -> dict[str, Any]:
    """Values of the TOML file; relative paths start at its directory."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # Notepad writes a byte order mark
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise UsageError(
                f"No such settings file: {path}",
                remedy="Check --config and RR_EXPLORER_CONFIG_FILE",
            ) from None
        return {}
    except OSError as error:
        tell(
            UsageError(
                f"The settings file {path} cannot be read",
                error.strerror or str(error),
                "Check its permissions",
            )
        )
        return {}
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        tell(
            UsageError(
                f"The settings file {path} is not valid TOML", str(error), "Correct or remove it"
            )
        )
        return {}
    values: dict[str, Any] = {}
    for name, raw in table.items():
        try:
            value = parse_value(
                name if name != "config_file" else "config_file (in the file itself)",
                raw,
                f"{path}{_line(text, name)}",
            )
        except UsageError as error:
            tell(error)
            continue
        values[name] = path.parent / value if isinstance(value, Path) else value
    return values


def _line(text: str, name: str) -> str:
    match = re.search(
        rf"^[ \t]*(?:\[[ \t]*)?[\"']?{re.escape(name)}[\"']?[ \t]*[=\].]", text, re.MULTILINE
    )
    return f", line {text.count(chr(10), 0, match.start()) + 1}" if match else ""
