"""What can be copied."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.facts import MISSING
from explorer.settings import Settings
from explorer.tui.responsiveness.deferred_import import report, verdicts

if TYPE_CHECKING:
    from explorer.workbench import Asset, Inspection, Proof


@dataclass(frozen=True, slots=True)
class Copy:
    """One thing to copy, without line ends around it."""

    title: str
    text: str
    """Made visible: it holds no control character that a terminal or a shell would obey."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", report.visible(self.title))
        plain = report.visible(self.text, newline=True, tab=True)
        object.__setattr__(self, "text", plain.strip("\n"))


def program_call(settings: Settings) -> str:
    """How rr-explorer is called on the command line to read the same releases as the app."""
    defaults = Settings()
    words = ["rr-explorer"]
    if settings.demo:
        words.append("--demo")
    elif settings.folder is not None:
        words += ["--folder", str(settings.folder)]
    elif settings.repo != defaults.repo:
        words += ["--repo", settings.repo]
    if settings.api_url != defaults.api_url:
        words += ["--api-url", settings.api_url]
    return shlex.join(words)


def command_copy(settings: Settings, *words: str, title: str = "command line") -> Copy:
    """An ``rr-explorer`` command; the last word is an argument, whatever it looks like."""
    *command, argument = words
    separator = ["--"] if argument.startswith("-") else []
    arguments = shlex.join([*command, *separator, argument])
    return Copy(title, f"{program_call(settings)} {arguments}")


def asset_copies(asset: Asset, settings: Settings) -> list[Copy]:
    """Digest, address, the command that inspects the file, and its name."""
    copies: list[Copy] = []
    if not isinstance(asset.digest, MISSING):
        copies.append(Copy("digest of the asset", asset.digest))
    if asset.url:
        copies.append(Copy("URL", asset.url))
    copies.append(command_copy(settings, "inspect", f"{asset.tag}/{asset.name}"))
    copies.append(Copy("name", asset.name))
    return copies


def inspection_copies(inspection: Inspection, settings: Settings) -> list[Copy]:
    """Digests of the binary and of its archive, then what ``asset_copies`` gives."""
    copies: list[Copy] = []
    if not isinstance(inspection.file.sha256, MISSING):
        copies.append(Copy("sha256 of the program", inspection.file.sha256))
    if not isinstance(inspection.asset_sha256, MISSING):
        copies.append(Copy("sha256 of the asset", inspection.asset_sha256))
    if inspection.subject.asset is not None:
        copies += asset_copies(inspection.subject.asset, settings)
    return copies + path_copies(inspection)


def path_copies(inspection: Inspection) -> list[Copy]:
    """Where the program and the download are, if they are on disk."""
    paths = {"path of the binary": inspection.path, "path of the download": inspection.asset_path}
    if inspection.path == inspection.asset_path:
        del paths["path of the download"]
    return [Copy(title, str(path)) for title, path in paths.items() if path is not None]


def proof_copies(inspection: Inspection) -> list[Copy]:
    """Of the proof that is shown: its commands, one line that repeats it, and its output."""
    proof = verdicts.shown_proof(inspection)
    if proof is None:
        return []
    copies: list[Copy] = []
    if line := verdicts.paste_line(proof, inspection):
        copies.append(Copy("run it again: one line", line))
    if proof.command:
        copies.append(Copy("commands of the proof", command_lines(proof)))
    if proof.argv:
        copies.append(Copy("command in the container", shlex.join(proof.argv)))
    if output := (proof.stdout + proof.stderr).strip():
        copies.append(Copy("output of the proof", output))
    return copies


def command_lines(proof: Proof) -> str:
    """The exact commands in order, one per line, ready for a shell."""
    return "\n".join(shlex.join(command) for command in proof.command)
