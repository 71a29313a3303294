"""The verdict in words: what is predicted, the fact that decides, and what was proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from explorer.tui.late import report, workbench
from explorer.tui.render import content, lines, spaced, text

if TYPE_CHECKING:
    from explorer.report import Banner
    from explorer.tui.app import ExplorerApp
    from explorer.workbench import Asset

_CLASSES = {"good": "-good", "warn": "-warn", "bad": "-bad"}


class VerdictBanner(Static):
    """A few lines with an edge in the answer's colour. The words alone say everything."""

    DEFAULT_CSS = """
    VerdictBanner {
        height: auto;
        max-height: 7;
        padding: 0 1;
        background: $surface;
        border-left: outer $border-blurred;
        &.-short { text-wrap: nowrap; text-overflow: ellipsis; }
        &.-good { border-left: outer $success; }
        &.-warn { border-left: outer $warning; }
        &.-bad { border-left: outer $error; }
    }
    """
    HELP = (
        "The verdict: what is predicted for the target, the fact that decides it with its place in the file, what to do about it,"
        " and the newest proof."
    )

    def on_resize(self) -> None:
        """Toasts keep off it where it stands below."""
        height = self.screen.size.height
        for rack in self.screen.query("ToastRack"):
            rack.styles.margin = (
                0,
                0,
                height - self.region.y if self.region.y > height // 2 else 1,
                0,
            )

    def say(self, headline: Content, *more: Content, style: str = "") -> None:
        """Show any words, e.g. that a file is being looked at."""
        self._edge(style)
        self._put(lines([headline, *(line for line in more if line)]))

    def show(self, banner: Banner, lead: Content | None = None, short: bool = False) -> None:
        """Show a verdict below ``lead``; ``short`` leaves out the evidence, and each part has one line."""
        self._edge(banner.headline.style)
        self.set_class(short, "-short")
        head = content(banner.headline, "bold")
        because = content(banner.because)
        parts = [lead] if lead else []
        parts.append(Content.assemble(head, ": ", because) if because else head)
        if not short and banner.evidence.text:
            parts.append(content(banner.evidence))
        if banner.remedy.text:
            parts.append(Content.assemble(("→ ", "$text-accent"), content(banner.remedy)))
        notes = [content(note) for note in banner.notes]
        parts.append(spaced([content(banner.proof), *notes], "  ·  "))
        self._put(lines(parts))

    def tell(self, app: ExplorerApp, asset: Asset, lead: Content | None = None) -> None:
        """Show what is known of a file, or why nothing is."""
        key = workbench.file_key(asset)
        found = app.known(asset)
        head = lead or text(asset.name, "bold")
        if found is not None:
            self.show(report.verdict_banner(found, now=app.now()), lead, short=app.size.height < 30)
        elif key in app.problems:
            self.problem(app.problems[key], lead)
        elif asset.path is None and (
            app.settings.offline or app.settings.demo or not (asset.url or asset.api_url)
        ):
            why = "Only its name is known here: nothing was fetched, so nothing can be said of what is inside."
            self.say(Content.assemble(("? ", "$text-muted"), head), text(why, "$text-muted"))
        else:
            self.say(head, text("looking at its first bytes …", "$text-muted"))

    def problem(self, words: str, lead: Content | None = None) -> None:
        """Show why there is no verdict; untrusted words."""
        self._edge("warn")
        self._put(
            lines(
                [
                    *([lead] if lead else []),
                    content(report.Cell("? no verdict yet", "unknown"), "bold"),
                    text(words),
                ]
            )
        )

    def _edge(self, style: str) -> None:
        for meaning, name in _CLASSES.items():
            self.set_class(meaning == style, name)

    def _put(self, words: Content) -> None:
        """Say it, and lay the screen out anew only where that takes other room: as the cursor moves it mostly does not."""
        before = self._lines()
        self.update(words, layout=False)
        if before != self._lines() or not before:
            self.refresh(layout=True)

    def _lines(self) -> int:
        """Lines that the words take; 0 before the first layout."""
        width = self.content_size.width
        return self.visual.get_height(self.styles.get_rules(), width) if width else 0
