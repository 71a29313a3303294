"""What can be copied, and how. OSC 52 works over ssh too; the text is what it is, only named visibly."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.facts import MISSING
from explorer.tui.late import report

if TYPE_CHECKING:
    from explorer.workbench import Asset, Inspection, Proof


@dataclass(frozen=True, slots=True)
class Copy:
    """One thing to copy."""

    title: str
    text: str
    """Made visible: nothing that a terminal or a shell's line editor obeys goes to the clipboard."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", report.visible(self.title))
        object.__setattr__(self, "text", report.visible(self.text, newline=True, tab=True))


def asset_copies(asset: Asset) -> list[Copy]:
    """Digest, address, name, and the command that inspects the file."""
    found: list[Copy] = []
    if not isinstance(asset.digest, MISSING):
        found.append(Copy("digest", asset.digest))
    if asset.url:
        found.append(Copy("URL", asset.url))
    found.append(
        Copy("command line", f"rr-explorer inspect {shlex.quote(f'{asset.tag}/{asset.name}')}")
    )
    found.append(Copy("name", asset.name))
    return found


def inspection_copies(inspection: Inspection) -> list[Copy]:
    """Digests of the binary and its archive, and of the asset what ``asset_copies`` gives."""
    found: list[Copy] = []
    if not isinstance(inspection.file.sha256, MISSING):
        found.append(Copy("sha256 of the binary", inspection.file.sha256))
    if not isinstance(inspection.asset_sha256, MISSING):
        found.append(Copy("sha256 of the file", inspection.asset_sha256))
    if inspection.subject.asset is not None:
        found += asset_copies(inspection.subject.asset)
    if inspection.path is not None:
        found.append(Copy("path of the binary", str(inspection.path)))
    return found


def proof_copies(proof: Proof) -> list[Copy]:
    """The engine's command lines, together and the program's own, and what was printed."""
    found = [Copy("command lines of the proof", command_lines(proof))] if proof.command else []
    if proof.argv:
        found.append(Copy("command in the container", shlex.join(proof.argv)))
    if output := (proof.stdout + proof.stderr).strip():
        found.append(Copy("output of the proof", output))
    return found


def command_lines(proof: Proof) -> str:
    """The exact command lines in order, one a line, ready for a shell."""
    return "\n".join(shlex.join(command) for command in proof.command)
