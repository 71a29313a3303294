"""What workers tell the app. A worker never touches a widget: it posts one of these, and handlers own the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from explorer.errors import ExplorerError
from explorer.tui.job_board import Job
from explorer.tui.rows import RowSource

if TYPE_CHECKING:
    from explorer.workbench import Advice, Asset, Catalogue, Inspection, Proof, Subject, Target


class CatalogueArrived(Message):
    """A list of releases, or None where nothing is at hand. ``final``: the server has answered, or there is none to ask."""

    def __init__(self, catalogue: Catalogue | None, target: Target | None, final: bool) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.target = target
        self.final = final


class CatalogueFailed(Message):
    """The list could not be had."""

    def __init__(self, error: ExplorerError) -> None:
        super().__init__()
        self.error = error


class AssetLearned(Message):
    """What is known of one file now."""

    def __init__(self, asset: Asset, inspection: Inspection | None, problem: str = "") -> None:
        super().__init__()
        self.asset = asset
        self.inspection = inspection
        self.problem = problem
        """Why a peek told nothing; untrusted."""


class Inspected(Message):
    """A binary has been looked at."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__()
        self.inspection = inspection


class InspectFailed(Message):
    """A download, a look into a file or a proof failed."""

    def __init__(self, job: Job, error: ExplorerError) -> None:
        super().__init__()
        self.job = job
        self.error = error


class Proved(Message):
    """A run has ended."""

    def __init__(self, subject: Subject, proof: Proof) -> None:
        super().__init__()
        self.subject = subject
        self.proof = proof


class CommandWanted(Message):
    """A program is to be proved, and nobody has said what to run of it."""

    def __init__(self, subject: Subject, inspection: Inspection) -> None:
        super().__init__()
        self.subject = subject
        self.inspection = inspection


class Advised(Message):
    """Which file to take."""

    def __init__(self, advice: Advice) -> None:
        super().__init__()
        self.advice = advice


class TargetsJudged(Message):
    """The opened binary against every target."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__()
        self.inspection = inspection


class SymbolsRead(Message):
    """The symbol table is open, or there is none and ``note`` says why."""

    def __init__(self, rows: RowSource | None, note: str) -> None:
        super().__init__()
        self.rows = rows
        self.note = note
        """Untrusted."""
