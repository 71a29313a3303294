"""rr-explorer's two themes. Textual's others and the terminal's own colours can be chosen, too."""

from __future__ import annotations

from textual.theme import Theme

DARK = "rr-dark"
LIGHT = "rr-light"
DEFAULT = DARK

THEMES = (
    Theme(
        name=DARK,
        primary="#7aa2f7",
        secondary="#8a94ad",
        accent="#e0af68",
        success="#8fce8f",
        warning="#e0b56a",
        error="#f07f88",
        foreground="#d3d9e6",
        background="#12151c",
        surface="#181c25",
        panel="#212734",
        boost="#1c212c",
        dark=True,
        variables={
            "text-muted": "#8690a6",
            "text-disabled": "#5c6579",
            "text-success": "#8fce8f",
            "text-warning": "#e0b56a",
            "text-error": "#f4929a",
            "text-primary": "#8fb4ff",
            "text-accent": "#e0af68",
            "border": "#7aa2f7",
            "border-blurred": "#303849",
            "scrollbar": "#303849",
            "scrollbar-background": "#12151c",
            "scrollbar-corner-color": "#12151c",
            "scrollbar-hover": "#465069",
            "scrollbar-active": "#7aa2f7",
            "scrollbar-background-hover": "#12151c",
            "scrollbar-background-active": "#12151c",
            "footer-key-foreground": "#e0af68",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#2f5fc4",
        secondary="#5a6478",
        accent="#9a5b00",
        success="#23762f",
        warning="#8a5a00",
        error="#b3262f",
        foreground="#1e2430",
        background="#f6f7f9",
        surface="#ffffff",
        panel="#e6e9ef",
        boost="#eceff4",
        dark=False,
        variables={
            "text-muted": "#5c667a",
            "text-disabled": "#98a0b0",
            "text-success": "#23762f",
            "text-warning": "#8a5a00",
            "text-error": "#b3262f",
            "text-primary": "#2f5fc4",
            "text-accent": "#9a5b00",
            "border": "#2f5fc4",
            "border-blurred": "#c3cad6",
            "scrollbar": "#c3cad6",
            "scrollbar-background": "#f6f7f9",
            "scrollbar-corner-color": "#f6f7f9",
            "scrollbar-hover": "#98a0b0",
            "scrollbar-active": "#2f5fc4",
            "scrollbar-background-hover": "#f6f7f9",
            "scrollbar-background-active": "#f6f7f9",
            "footer-key-foreground": "#9a5b00",
        },
    ),
)
