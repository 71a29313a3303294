"""Changes the settings file. Comments and order stay; the file is replaced in one step.

tomlkit is imported when settings are saved: no screen needs it before that.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.errors import SourceError, UsageError
from explorer.settings import Settings, parse_value


def save(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """Write ``changes`` to ``settings.config_file`` and return the new settings.

    ``changes`` maps a setting to its value; None removes the key. A removed key keeps its present
    value in the settings returned: what it falls back to is only known at the next start.

    Raises:
        UsageError: a value is not valid, or the file is not TOML.
        SourceError: the file cannot be written; the old one stays as it was.
    """
    checked = {
        name: None if value is None else parse_value(name, value, str(settings.config_file))
        for name, value in changes.items()
    }
    checked.pop("config_file", None)
    path = Path(os.path.realpath(settings.config_file))
    try:
        new = edit(_read(path), {name: _plain(value) for name, value in checked.items()})
        data = new.encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The settings file {path} is not valid TOML",
            str(error),
            "Correct or remove it, then try again",
        ) from None
    _replace(path, data)
    return replace(
        settings, **{name: value for name, value in checked.items() if value is not None}
    )


def edit(text: str, changes: Mapping[str, Any]) -> str:
    """Return the TOML ``text`` with top-level keys changed; None removes a key.

    Raises:
        ValueError: ``text`` is not TOML, or the result would not hold the changes.
    """
    import tomlkit

    before = tomllib.loads(text)
    document = tomlkit.parse(text)
    for name, value in changes.items():
        if value is None:
            document.pop(name, None)
        elif isinstance(value, dict) and isinstance(before.get(name), dict):
            _update(document[name], value)
        else:
            document[name] = value
    result = tomlkit.dumps(document)
    removed = {name for name, value in changes.items() if value is None}
    expected = {name: value for name, value in {**before, **changes}.items() if name not in removed}
    if tomllib.loads(result) != expected:
        raise ValueError("its layout does not allow this change: edit it by hand")
    return result


def _update(table: Any, value: Mapping[str, object]) -> None:
    """Make a TOML table equal to ``value`` without touching the keys that already are."""
    for key in [key for key in table if key not in value]:
        del table[key]
    for key, item in value.items():
        if table.get(key) != item:
            table[key] = item


def _read(path: Path) -> str:
    """The file's text; empty if there is no file yet."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SourceError(
            f"The settings file {path} cannot be read",
            error.strerror or str(error),
            "Check its permissions",
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".config-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # 0o666 less the umask, as any new file; an existing one keeps its mode.
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb"
        ) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise SourceError(
            f"The settings file {path} cannot be written",
            error.strerror or str(error),
            "Check its directory",
        ) from error
