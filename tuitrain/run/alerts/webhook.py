"""A POST that ends within its timeout, whatever the server does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener

from .alert import DeliveryError


def post_body(address: str, body: bytes, timeout: float) -> None:
    """Post JSON to an address; proxies of the environment are used.

    A socket's timeout is that of one read, and a server that sends its answer byte by byte could
    hold an attempt for hours. So another thread makes the attempt, and its connections are cut.

    Parameters
    ----------
    timeout : seconds for all of the attempt: names, connections, redirects and the answer

    Raises
    ------
    DeliveryError : there is no answer in ``timeout`` seconds, or it is an error
    """
    headers = {"Content-Type": "application/json", "User-Agent": "tuitrain"}
    attempt = _Attempt(Request(address, body, headers, method="POST"), timeout)
    thread = threading.Thread(target=attempt.run, name="tuitrain-webhook", daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        attempt.cut()
        raise DeliveryError(f"the webhook did not answer in {timeout:g} s")
    if attempt.problem:
        raise DeliveryError(attempt.problem)


class _Attempt:
    """An attempt to post; `run` makes it, and `cut` ends it from another thread.

    Attributes
    ----------
    problem : why it has failed, or ""
    """

    def __init__(self, request: Request, timeout: float) -> None:
        self.problem = ""
        self._request = request
        self._timeout = timeout
        self._sockets: list[socket.socket] = []
        self._is_cut = False
        self._changed = threading.Lock()

    def run(self) -> None:
        """Post; set `problem` if that fails."""
        try:
            opener = build_opener(_Handler(self), _SecureHandler(self))
            with opener.open(self._request, timeout=self._timeout) as answer:
                answer.read(1)
        except HTTPError as error:
            error.close()
            self.problem = f"the webhook answered {error.code} {error.reason!s:.200}"
        except Exception as error:
            self.problem = _reason(error, self._timeout)
        finally:
            self._close()

    def connector(self, kind: type[_Connection]) -> Callable[..., HTTPConnection]:
        """Return a function that makes connections of this kind, which `cut` ends."""

        def connect(host: str, **options: Any) -> HTTPConnection:
            connection = kind(host, **options)
            connection.attempt = self
            return connection

        return connect

    def keep(self, connected: socket.socket) -> None:
        """Keep another descriptor of a connection, by which it can be cut.

        Raises
        ------
        OSError : the attempt is cut already
        """
        with self._changed:
            if self._is_cut:
                raise OSError("the attempt has ended")
            self._sockets.append(connected.dup())

    def cut(self) -> None:
        """Cut the connections, which ends the calls that wait for them."""
        with self._changed:
            self._is_cut = True
            for kept in self._sockets:
                with suppress(OSError):
                    kept.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        with self._changed:
            for kept in self._sockets:
                kept.close()
            self._sockets = []


class _Connection(HTTPConnection):
    """A connection that an attempt can cut."""

    attempt: _Attempt

    def connect(self) -> None:
        """Connect, and keep the socket before anything is encrypted."""
        super().connect()
        self.attempt.keep(self.sock)


class _SecureConnection(HTTPSConnection, _Connection):
    """The same, encrypted: `HTTPSConnection.connect` calls the one above."""


class _Handler(HTTPHandler):
    def __init__(self, attempt: _Attempt) -> None:
        super().__init__()
        self._attempt = attempt

    def http_open(self, req: Request) -> HTTPResponse:
        """Open an address with a connection of the attempt."""
        return self.do_open(self._attempt.connector(_Connection), req)


class _SecureHandler(HTTPSHandler):
    def __init__(self, attempt: _Attempt) -> None:
        super().__init__()
        self._attempt = attempt

    def https_open(self, req: Request) -> HTTPResponse:
        """Open an address with a connection of the attempt."""
        return self.do_open(self._attempt.connector(_SecureConnection), req)


def _reason(error: Exception, timeout: float) -> str:
    why = getattr(error, "reason", None) or error
    if isinstance(why, TimeoutError):
        return f"the webhook did not answer in {timeout:g} s"
    return f"the webhook is not reached: {why!s:.200}"
