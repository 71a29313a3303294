"""A widget that draws lines, with its styles computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.style import Style as RichStyle
from textual.scroll_view import ScrollView
from textual.style import Style as VisualStyle

from explorer.tui.render import STYLES

if TYPE_CHECKING:
    from explorer.report import Style

REVERSE = RichStyle(reverse=True)


class Styled(ScrollView):
    """A widget that draws lines in the styles of ``table--`` component classes.

    Its subclasses have no second widget as a base: Textual takes the styles of the first one only,
    and a table without those of ``ScrollView`` has no scrollbars.
    """

    def __init__(self, **options: Any) -> None:
        self._known_styles: dict[tuple[tuple[str, ...], Style], RichStyle] = {}
        super().__init__(**options)

    def _style(self, *names: str, meaning: Style = "") -> RichStyle:
        """The style of component classes and of a cell's meaning.

        A meaning is no component class: each class is styled again whenever the screen is.
        """
        known = self._known_styles.get((names, meaning))
        if known is None:
            known = self._known_styles[names, meaning] = self._styled(names, meaning)
        return known

    def notify_style_update(self) -> None:
        """Forget the styles: the theme or the focus has changed."""
        self._known_styles.clear()
        super().notify_style_update()

    def _styled(self, names: tuple[str, ...], meaning: Style) -> RichStyle:
        classes = tuple(f"table--{name}" for name in names)
        visual = self.get_visual_style(*classes)
        if meaning:
            visual += VisualStyle.parse(STYLES[meaning], self.app.theme_variables)
        style = visual.rich_style
        # Textual's visual style has no reverse video, which marks the cursor in ANSI themes.
        return (
            style + REVERSE
            if any(self.get_component_styles(name).text_style.reverse for name in classes)
            else style
        )
