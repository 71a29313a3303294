"""The demo in a browser: headless Chromium opens the page and is shown the list of releases."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import aiohttp
import pytest

from tests.support.browser import FLAGS, Browser

LIMIT_S = 60.0
HEAR = """
window.heard = "";
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", async (event) => {
      const data = event.data instanceof Blob ? await event.data.arrayBuffer() : event.data;
      if (data instanceof ArrayBuffer) window.heard += new TextDecoder().decode(data);
    });
  }
};
"""
"""Keeps what the page is sent: the terminal is drawn on a canvas, which has no text."""
PAINTED = """
(() => {
  const canvas = document.querySelector("canvas.xterm-text-layer");
  if (!canvas) return 0;
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) {
    colours.add(data[i] + "," + data[i + 1] + "," + data[i + 2]);
  }
  return colours.size;
})()
"""
"""The number of colours on the canvas: some for an empty page, dozens with text and table."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The server in a process of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CACHE", "CONFIG")}
    command = [sys.executable, "-m", "explorer.tui.web", "--port", str(port)]
    with Popen(command, env={**os.environ, **homes}, stdout=DEVNULL, stderr=DEVNULL) as server:
        try:
            wait_for_port(port, server)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def wait_for_port(port: int, server: "Popen[bytes]") -> None:
    """Wait until the server takes connections."""
    end = time.monotonic() + LIMIT_S
    while True:
        assert server.poll() is None, "the server has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "the server takes no connections"
            time.sleep(0.05)
        else:
            return


class Page:
    """A page of a running browser, by the DevTools protocol."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self._wire = wire
        self._number = 0

    async def call(self, method: str, **given: Any) -> Any:
        """Call a method and return its result."""
        self._number += 1
        await self._wire.send_json({"id": self._number, "method": method, "params": given})
        async with asyncio.timeout(LIMIT_S):
            while (answer := await self._wire.receive_json()).get("id") != self._number:
                pass
        assert "error" not in answer, answer
        return answer["result"]

    async def value(self, script: str) -> Any:
        """The value of an expression."""
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return result["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(LIMIT_S):
            while not await self.value(script):  # noqa: ASYNC110  a page has no events for it
                await asyncio.sleep(0.1)


@asynccontextmanager
async def blank_page(browser: Browser, profile: Path) -> AsyncIterator[Page]:
    """An empty page of a new browser."""
    command = [browser.program, *FLAGS, "--remote-debugging-port=0", "--window-size=1000,700"]
    command += [f"--user-data-dir={profile}", "about:blank"]
    running = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with aiohttp.ClientSession() as session:
            address = await page_address(session, profile / "DevToolsActivePort")
            async with session.ws_connect(address, max_msg_size=0) as wire:
                yield Page(wire)
    finally:
        running.terminate()
        await asyncio.wait_for(running.wait(), 30)


def lines_of(file: Path) -> list[str]:
    """The lines of a file that may not be there yet."""
    return file.read_text().splitlines() if file.exists() else []


async def page_address(session: aiohttp.ClientSession, port_file: Path) -> str:
    """The address by which the browser's page is driven."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            lines = await asyncio.to_thread(lines_of, port_file)
            if len(lines) > 1:
                async with session.get(f"http://127.0.0.1:{lines[0]}/json/list") as answer:
                    for target in await answer.json():
                        if target["type"] == "page":
                            return str(target["webSocketDebuggerUrl"])
            await asyncio.sleep(0.1)


async def test_the_page_shows_the_list(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        async with blank_page(browser, tmp_path / "profile") as page:
            await page.call("Page.addScriptToEvaluateOnNewDocument", source=HEAR)
            await page.call("Page.enable")
            await page.call("Page.navigate", url=f"http://{own}/")
            await page.until("window.heard.includes('v2025.1.15')")
            await page.until("window.heard.includes('runs on Alpine')")
            await page.until(f"{PAINTED} > 40")
            assert await page.value("document.body.classList.contains('-first-byte')")


async def test_other_sites_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as own:
        async with aiohttp.ClientSession() as session:
            for path, headers, status in (
                ("/", {}, 200),
                ("/", {"Host": "attacker.example"}, 403),
                ("/ws", {"Origin": "https://attacker.example"}, 403),
            ):
                async with session.get(f"http://{own}{path}", headers=headers) as answer:
                    assert answer.status == status
                    if status == 200:
                        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.fixture(autouse=True)
def clipboard() -> None:
    """These tests have no app of their own."""
