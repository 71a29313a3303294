"""Changing the settings' file: known keys are rewritten in place, comments and order stay, the file is replaced at once."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.errors import SourceError, UsageError
from explorer.settings import Settings, parse_value


def save(settings: Settings, changes: Mapping[str, object]) -> Settings:
    """Write ``changes`` (setting to value; None takes the key out) into ``settings.config_file``; gives the new settings.

    A key taken out keeps its present value in the settings returned: what it falls back to is known at the next start.

    Raises:
        UsageError: a value is wrong, or the file is not TOML and cannot be edited.
        SourceError: it cannot be written; the old one stands.
    """
    checked = {
        name: None if value is None else parse_value(name, value, str(settings.config_file))
        for name, value in changes.items()
    }
    checked.pop("config_file", None)
    path = Path(os.path.realpath(settings.config_file))
    try:
        old = path.read_bytes().decode("utf-8-sig")
        tomllib.loads(old)
    except FileNotFoundError:
        old = ""
    except OSError as error:
        raise SourceError(
            f"The settings' file {path} cannot be read",
            error.strerror or str(error),
            "Check its permissions",
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The settings' file {path} is not TOML",
            str(error),
            "Correct or remove it, then try again",
        ) from None
    new = edit(old, {name: _plain(value) for name, value in checked.items()})
    _replace(path, new)
    return replace(
        settings, **{name: value for name, value in checked.items() if value is not None}
    )


def edit(text: str, changes: Mapping[str, Any]) -> str:
    """``text`` (TOML) with the top-level ``changes`` made by lines. A dict becomes a table of its own unless it stood inline.

    Raises:
        UsageError: the file is laid out in a way that lines cannot change.
    """
    lines = (
        text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    )  # TOML's line ends, not all of Unicode's
    before: dict[str, Any] = tomllib.loads(text)
    for name, value in changes.items():
        header = next((number for number, line in enumerate(lines) if _header(line) == name), None)
        if isinstance(value, dict) and header is None and name not in before:
            lines += ["", f"[{name}]"] if lines else [f"[{name}]"]
            header = len(lines) - 1
        if header is None:
            _set(lines, 0, name, value)
            continue
        for key in {**before.get(name, {}), **(value or {})}:
            _set(lines, header + 1, key, (value or {}).get(key))
    result = "\n".join(lines).rstrip("\n") + "\n" if lines else ""
    expected = {**before, **{name: value for name, value in changes.items() if value is not None}}
    wanted = {
        name: value
        for name, value in expected.items()
        if changes.get(name, 0) is not None and value != {}
    }
    try:
        holds = {
            name: value for name, value in tomllib.loads(result).items() if value != {}
        } == wanted
    except ValueError:
        holds = False
    if not holds:
        raise UsageError(
            "The settings' file is laid out in a way that cannot be changed from here",
            remedy="Edit it by hand",
        )
    return result


def _header(line: str) -> str:
    match = re.match(r"\s*\[\s*([A-Za-z0-9_-]+)\s*\]", line)
    return match[1] if match else ""


def _set(lines: list[str], start: int, key: str, value: object) -> None:
    """Change, add or (None) take out one key of the table whose lines begin at ``start``."""
    end = next(
        (number for number in range(start, len(lines)) if lines[number].lstrip().startswith("[")),
        len(lines),
    )
    shown = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_text(key)
    at = next(
        (
            n
            for n in range(start, end)
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[n])
        ),
        None,
    )
    if at is None:
        if value is not None:
            while end > start and not lines[end - 1].strip():
                end -= 1
            lines.insert(end, f"{shown} = {toml_text(value)}")
        return
    last = _extent(lines, at)
    comment = _comment(lines[at]) if last == at + 1 else ""
    lines[at:last] = [] if value is None else [f"{shown} = {toml_text(value)}{comment}"]


def _extent(lines: list[str], at: int) -> int:
    """The line behind a value that may go over several: the first end at which it is TOML."""
    for end in range(at + 1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[at:end]))
        except ValueError:
            continue
        return end
    return at + 1


def _comment(line: str) -> str:
    """The comment behind a value, with the space before it: from the first # before which the line is whole."""
    for match in re.finditer(r"\s*#", line):
        try:
            tomllib.loads(line[: match.start()])
        except ValueError:
            continue
        return line[match.start() :]
    return ""


def toml_text(value: object) -> str:
    """``value`` as TOML writes it: text, numbers, booleans, lists, inline tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_text(item) for item in value)}]"
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{toml_text(key)} = {toml_text(item)}" for key, item in value.items())
            + " }"
            if value
            else "{}"
        )
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _replace(path: Path, text: str) -> None:
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        handle, temporary = tempfile.mkstemp(prefix=".config-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise SourceError(
            f"The settings' file {path} cannot be written",
            error.strerror or str(error),
            "Check its directory",
        ) from error
