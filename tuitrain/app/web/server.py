"""The server behind `tuitrain serve`: textual-serve's, limited to same-origin pages."""

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
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from .origin import is_same_origin

_REQUEST_HOST: Final[ContextVar[str]] = ContextVar("request_host", default="")
"""The host and port that the present request names."""


class LocalServer(Server):
    """Serves a command's app.

    Parameters
    ----------
    command : starts the app, for each page that is opened
    host, port : where to listen
    check : raises `TuitrainError` while the app cannot be opened; a page then says why
    """

    def __init__(
        self, command: str, host: str, port: int, check: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__(command, host, port, title="tuitrain")
        self._check = check

    @property
    def public_url(self) -> str:
        """The address that pages refer to: the one that their request named."""
        return f"http://{_REQUEST_HOST.get() or f'{self.host}:{self.port}'}"

    @public_url.setter
    def public_url(self, value: str) -> None:
        del value

    def initialize_logging(self) -> None:
        """Log nothing: the terminal shows the address, and errors come as pages."""

    def serve(self, debug: bool = False) -> None:
        """Serve until SIGINT or SIGTERM; print the address once the server listens.

        textual-serve's own `serve` calls `on_startup` before it listens: a page that is requested
        at once would be refused.
        """
        self.debug = debug
        loop = asyncio.new_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request_exit)
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            handle_signals=False,
            loop=loop,
            print=lambda *_: self._print_address(),
        )

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing yet."""

    def _print_address(self) -> None:
        where = f"http://{self.host}:{self.port}"
        write_line(visible(f"serving at {where}; ctrl+c ends it"), sys.stderr)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._answer_own_pages)
        return app

    @web.middleware
    async def _answer_own_pages(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if not is_same_origin(request.host, origin, self.host):
            raise web.HTTPForbidden(text="tuitrain answers its own pages only")
        _REQUEST_HOST.set(request.host)
        if request.path == "/":
            try:
                await asyncio.to_thread(self._check)
            except TuitrainError as error:
                raise web.HTTPServiceUnavailable(text=visible(str(error))) from None
        return await handler(request)
