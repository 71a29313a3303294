"""The demo in a web browser, on this machine only: ``make web``, or ``python -m explorer.tui.web``.

textual-serve runs the app once for each page and draws it there. Anyone who reaches the page
controls the app, so it listens on the loopback address, and refuses requests that another site has
caused.
"""

from __future__ import annotations

import argparse
import shlex
import sys

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

HOST = "127.0.0.1"
PORT = 8000


class DemoServer(Server):
    """Serves the demo to browsers of this machine."""

    def __init__(self, port: int = PORT, *, tour: bool = False) -> None:
        words = [sys.executable, "-m", "explorer.tui.web", "--app", *(["--tour"] if tour else [])]
        super().__init__(shlex.join(words), host=HOST, port=port, title="rr-explorer")

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(guard(f"{HOST}:{self.port}"))
        return app


def guard(own: str) -> Middleware:
    """Refuse other sites' requests to the address ``own``, and let pages load nothing from outside.

    ``Host`` differs if another name was pointed at this address; browsers send ``Origin`` with
    every WebSocket.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", f"http://{own}")
        if request.host != own or origin != f"http://{own}":
            raise web.HTTPForbidden(text="This page belongs to another address.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = (
                "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
                "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
                f"connect-src 'self' ws://{own}; frame-ancestors 'none'"
            )
        return response

    return check


def main(words: list[str]) -> int:
    """Serve the demo until ctrl+c; with ``--app``, be the app of one page."""
    parser = argparse.ArgumentParser("python -m explorer.tui.web", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="default: %(default)s")
    parser.add_argument("--tour", action="store_true", help="begin with the tour")
    parser.add_argument("--app", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.app:
        from explorer.settings import load
        from explorer.tui import run_app

        return run_app(load({"demo": True}, strict=False), tour=given.tour)
    DemoServer(given.port, tour=given.tour).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
