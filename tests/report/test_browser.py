"""Reports in a real browser: what a reader sees, and that an attacker gets nothing."""

import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from explorer.report.documents import report
from explorer.workbench import Inspection, Subject
from tests.report.conftest import NOW
from tests.report.test_documents import proof_of
from tests.support.browser import Browser

DARK = "--blink-settings=preferredColorScheme=0"


class Ears:
    """A server that notes every request."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def ears() -> Iterator[Ears]:
    made = Ears()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def hostile_inspection(inspected: Inspection, address: str) -> Inspection:
    """A real inspection; each field tries to fetch, to run, and to change the title."""
    text = (
        f"</title></style></pre></text></svg><img src={address}/img>"
        f"<script>document.title='owned';fetch('{address}/script')</script>"
        f"<link rel=stylesheet href={address}/css><iframe src={address}/frame></iframe>"
        f"<style>@import url({address}/import);body{{background:url({address}/background)}}</style>"
        f"<svg onload=\"document.title='owned'\"><image href={address}/svg /></svg>"
        f"<meta http-equiv=refresh content='0;url={address}/meta'> ![x]({address}/markdown) "
        "\"' onerror=\"document.title='owned'\""
    )
    verdict = inspected.verdicts[0]
    reasons = tuple(
        replace(r, text=text, evidence=text, remedy=text, code=text) for r in verdict.reasons
    )
    wicked = replace(
        verdict,
        reasons=reasons,
        deciding=reasons[0],
        target=replace(verdict.target, title=text, name=text),
    )
    return replace(
        inspected,
        subject=Subject(text, None, None, inspected.path),
        file=replace(inspected.file, name=text),
        verdicts=(wicked,),
        proofs=(proof_of(text),),
        changed=text,
        binary=replace(inspected.binary, detail=text),
    )


def colours(png: Path) -> Counter[bytes]:
    """How often each colour occurs in an 8-bit RGB or RGBA picture (PNG with filters 0 to 4)."""
    data = png.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (depth, kind) in ((8, 2), (8, 6))
    step = 3 if kind == 2 else 4
    packed, place = b"", 8
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        packed += data[place + 8 : place + 8 + length] if name == b"IDAT" else b""
        place += 12 + length
    raw, stride = zlib.decompress(packed), width * step
    before, counted = bytearray(stride), Counter[bytes]()
    for row in range(height):
        kind, line = (
            raw[row * (stride + 1)],
            bytearray(raw[row * (stride + 1) + 1 : (row + 1) * (stride + 1)]),
        )
        if kind:
            _unfilter(kind, line, before, step)
        counted.update(bytes(line[n : n + 3]) for n in range(0, stride, step))
        before = line
    return counted


def _unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> None:
    for n in range(len(line)):
        left = line[n - step] if n >= step else 0
        corner = above[n - step] if n >= step else 0
        guess = (0, left, above[n], (left + above[n]) // 2, _paeth(left, above[n], corner))[kind]
        line[n] = (line[n] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    near = left + up - corner
    return min((left, up, corner), key=lambda value: abs(near - value))


@pytest.fixture
def page(inspected: Inspection, static_go: Inspection, tmp_path: Path) -> Path:
    """A report on a program that runs on musl and one that does not."""
    path = tmp_path / "report.html"
    path.write_text(
        report(
            [inspected, replace(static_go, proofs=(proof_of("rr version 2025.1.15"),))], "html", NOW
        ),
        "utf-8",
    )
    return path


def test_it_is_drawn_in_light_and_in_dark_and_printed(
    browser: Browser, page: Path, tmp_path: Path
) -> None:
    light = colours(browser.screenshot(page, tmp_path / "light.png", width=600, height=300))
    dark = colours(browser.screenshot(page, tmp_path / "dark.png", DARK, width=600, height=300))
    assert len(light) > 50, "text has many shades at its edges"
    assert len(dark) > 50
    assert light[b"\xff\xff\xff"] > 30_000, "white cards: the style was let in"
    assert dark[b"\x0d\x11\x17"] > 30_000, "dark cards"
    assert light[b"\xcf\x22\x2e"] > 5, "the no is red"
    assert light[b"\x1f\x23\x28"] > 100, "the text is drawn"
    assert browser.printed(page, tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


def test_a_hostile_page_runs_nothing_and_fetches_nothing(
    browser: Browser, inspected: Inspection, ears: Ears, tmp_path: Path
) -> None:
    page = tmp_path / "hostile.html"
    page.write_text(report([hostile_inspection(inspected, ears.address)], "html", NOW), "utf-8")
    dom = browser.dom(page)
    assert "<title>rr-explorer report</title>" in dom
    assert "&lt;script&gt;" in dom, "it stands there as text"
    assert ears.heard == []


def test_a_reader_sees_the_verdicts_and_no_mistake_runs_anything(
    browser: Browser, page: Path, ears: Ears, tmp_path: Path
) -> None:
    attack = (
        f"<script>document.title='owned'</script><img src={ears.address}/img>"
        f"<link rel=stylesheet href={ears.address}/css>"
    )
    plain, broken = tmp_path / "plain.html", tmp_path / "broken.html"
    plain.write_text(f"<title>fine</title>{attack}", "utf-8")
    assert "<title>owned</title>" in browser.dom(plain), (
        "the attack works where nothing holds it back"
    )
    assert set(ears.heard) == {"/img", "/css"}
    ears.heard.clear()
    broken.write_text(page.read_text("utf-8").replace("<header>", f"{attack}<header>"), "utf-8")
    dom = browser.dom(broken)
    for words in (
        "✗ NO, does not run on Alpine 3.22",
        "✓ YES, runs on Alpine 3.22",
        "elf.interp.glibc",
        "rr version 2025.1.15",
        "2026-06-17T12",
    ):
        assert words in dom, words
    assert "<title>rr-explorer report</title>" in dom
    assert ears.heard == []


def test_the_picture_is_drawn_and_harmless(
    browser: Browser, inspected: Inspection, ears: Ears, tmp_path: Path
) -> None:
    picture = tmp_path / "report.svg"
    picture.write_text(
        report([inspected, hostile_inspection(inspected, ears.address)], "svg", NOW), "utf-8"
    )
    light = colours(browser.screenshot(picture, tmp_path / "svg.png", width=1250, height=180))
    assert light[b"\x1f\x23\x28"] > 100, "the text is drawn"
    assert light[b"\xcf\x22\x2e"] > 5, "the no is red"
    assert ears.heard == []
