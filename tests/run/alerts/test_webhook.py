"""A webhook that answers too slowly, or never, is given up when its seconds are over."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tuitrain.run.alerts.alert import DeliveryError
from tuitrain.run.alerts.webhook import post_body

TIMEOUT = 30.0
SECONDS = 0.5
WAITS = 0.01


class Server:
    """A server on this machine that answers each connection by a function, in a thread."""

    def __init__(self, answer: Callable[[socket.socket, threading.Event], None]) -> None:
        self.is_over = threading.Event()
        self.has_lost = threading.Event()
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connected,), daemon=True).start()

    def _talk(self, connected: socket.socket) -> None:
        with connected:
            try:
                self._answer(connected, self.is_over)
            except OSError:
                self.has_lost.set()

    def close(self) -> None:
        self.is_over.set()
        self._listening.close()


def drip(data: bytes, first: bytes = b"") -> Callable[[socket.socket, threading.Event], None]:
    """Return an answer that sends bytes again and again, each long before a read times out."""

    def answer(connected: socket.socket, is_over: threading.Event) -> None:
        connected.sendall(first)
        while not is_over.wait(WAITS):
            connected.sendall(data)

    return answer


@pytest.fixture(params=[b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b""], ids=["byte", "100", "silent"])
def dripping(request) -> Iterator[Server]:
    server = Server(drip(request.param))
    yield server
    server.close()


def test_an_attempt_ends_when_its_seconds_are_over(dripping):
    with pytest.raises(DeliveryError, match=r"the webhook did not answer in 0\.5 s"):
        post_body(f"http://127.0.0.1:{dripping.port}/", b"{}", SECONDS)


def test_the_connection_of_an_attempt_that_is_over_is_cut():
    server = Server(drip(b"H"))
    with pytest.raises(DeliveryError):
        post_body(f"http://127.0.0.1:{server.port}/", b"{}", SECONDS)
    assert server.has_lost.wait(TIMEOUT)
    server.close()


def test_an_encrypted_attempt_ends_before_it_is_encrypted():
    server = Server(drip(b"\x02", first=b"\x16\x03\x03\x40\x00"))  # the head of a long record
    with pytest.raises(DeliveryError, match="the webhook did not answer in"):
        post_body(f"https://127.0.0.1:{server.port}/", b"{}", SECONDS)
    assert server.has_lost.wait(TIMEOUT)
    server.close()


def test_a_redirect_that_never_ends_is_an_error():
    def answer(connected: socket.socket, _: threading.Event) -> None:
        connected.recv(1 << 16)
        connected.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    server = Server(answer)
    with pytest.raises(DeliveryError, match="the webhook answered 302"):
        post_body(f"http://127.0.0.1:{server.port}/", b"{}", TIMEOUT)
    server.close()


def test_an_answer_is_enough_and_its_text_is_not_waited_for():
    def answer(connected: socket.socket, is_over: threading.Event) -> None:
        connected.recv(1 << 16)
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nok")
        is_over.wait(TIMEOUT)

    server = Server(answer)
    post_body(f"http://127.0.0.1:{server.port}/", b"{}", TIMEOUT)
    server.close()
