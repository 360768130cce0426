"""The server behind `tuitrain serve`: textual-serve's, which answers its own pages alone."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from tuitrain.encoding import write_line
from tuitrain.text import visible

from .serve import is_same_origin

_ASKED_AT: Final[ContextVar[str]] = ContextVar("asked_at", default="")
"""The host and port by which the browser that asks just now knows this server."""


class LocalServer(Server):
    """Serves a command's app.

    Parameters
    ----------
    command : starts the app, for each page that is opened
    host, port : where to listen
    """

    def __init__(self, command: str, host: str, port: int) -> None:
        super().__init__(command, host, port, title="tuitrain")

    @property
    def public_url(self) -> str:
        """The address that pages refer to: the one by which they were asked for."""
        return f"http://{_ASKED_AT.get() or f'{self.host}:{self.port}'}"

    @public_url.setter
    def public_url(self, value: str) -> None:
        del value

    def initialize_logging(self) -> None:
        """Log nothing: the terminal says where the app is served, and errors come as pages."""

    def serve(self, debug: bool = False) -> None:
        """Serve until SIGINT or SIGTERM comes; say where once the port is listened at.

        textual-serve's own `serve` calls `on_startup` before that, so that a page that is asked for
        at once would be refused.
        """
        self.debug = debug
        loop = asyncio.new_event_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self.request_exit)
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            handle_signals=False,
            loop=loop,
            print=lambda *_: self._say_where(),
        )

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet."""

    def _say_where(self) -> None:
        where = f"http://{self.host}:{self.port}"
        write_line(visible(f"serving at {where}; ctrl+c ends it"), sys.stderr)

    async def _make_app(self) -> web.Application:
        made = await super()._make_app()
        made.middlewares.append(self._answer_own_pages)
        return made

    @web.middleware
    async def _answer_own_pages(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if not is_same_origin(request.host, origin, self.host):
            raise web.HTTPForbidden(text="tuitrain answers its own pages alone")
        _ASKED_AT.set(request.host)
        return await handler(request)
