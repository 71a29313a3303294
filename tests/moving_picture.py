"""Makes one moving SVG of several pictures of the app: its frames follow each other by CSS alone.

What all frames share (the font, the styles, the window) is written once. Where a reader has asked
for reduced motion, or nothing moves, the first frame stays.
"""

import re
from collections.abc import Sequence

_ID = re.compile(r"terminal-\d+")
_STYLE = re.compile(r"\.T-r(\d+) \{ (.*?) \}")
_CLASS = re.compile(r'class="T-r(\d+)"')
_LINE_CLIP = re.compile(r' clip-path="url\(#T-line-\d+\)"')
_LINE_PATH = re.compile(r'\s*<clipPath id="T-line-\d+">.*?</clipPath>', re.DOTALL)
_SCREEN = re.compile(r'<g transform="translate\(9, 41\)".*</g>', re.DOTALL)
_LONG = re.compile(r'(="\d+\.\d)\d+"')
_CRISP = ' shape-rendering="crispEdges"'


def animated(frames: Sequence[str], seconds: float) -> str:
    """The pictures, each of which ``export_screenshot`` gave, one after the other for ``seconds``.

    Raises:
        ValueError: there are no frames, or one is not laid out as Textual's.
    """
    styles: dict[str, int] = {}
    screens = [_screen(_ID.sub("T", frame), styles) for frame in frames]
    if not screens:
        raise ValueError("no frames")
    whole = len(screens) * seconds
    share = 100 / len(screens)
    rules = [f".s{number}{{{style}}}" for style, number in styles.items()]
    rules += [".f{visibility:hidden}", ".f0{visibility:visible}"]
    for number in range(len(screens)):
        rules.append(_keyframes(number, number * share, (number + 1) * share))
        rules.append(f".f{number}{{animation:k{number} {whole:g}s step-end infinite}}")
    rules.append(
        "@media (prefers-reduced-motion: reduce){.f{animation:none;visibility:hidden}"
        ".f0{visibility:visible}}"
    )
    moving = "\n".join(f'<g class="f f{n}">{screen}</g>' for n, screen in enumerate(screens))
    first = _LINE_PATH.sub("", _ID.sub("T", frames[0]))
    first = re.sub(r"\s*\.T-r\d+ \{ .*? \}", "", first)
    first = first.replace("</style>", "\n".join(rules) + "\n</style>", 1)
    return _SCREEN.sub(lambda _: moving, first)


def _keyframes(number: int, start: float, end: float) -> str:
    steps = {0.0: "hidden", start: "visible", end: "hidden"}
    if end > 99.99:
        steps = {0.0: "hidden", start: "visible", 100.0: "visible"}
    inner = "".join(f"{at:g}%{{visibility:{how}}}" for at, how in sorted(steps.items()))
    return f"@keyframes k{number}{{{inner}}}"


def _screen(frame: str, styles: dict[str, int]) -> str:
    """What is inside the window, with the styles of all frames numbered together."""
    own = {number: styles.setdefault(style, len(styles)) for number, style in _STYLE.findall(frame)}
    match = _SCREEN.search(frame)
    if match is None:
        raise ValueError("this is not a picture of Textual's")
    screen = _CLASS.sub(lambda found: f'class="s{own[found[1]]}"', match[0])
    screen = _LINE_CLIP.sub("", screen).replace(_CRISP, "")
    return re.sub(r">\s*\n\s*<", ">\n<", _LONG.sub(r'\1"', screen))
