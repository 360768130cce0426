"""A killed benchmark leaves no process behind."""

import socket
import subprocess
import sys

import pytest

CONNECT = """
import socket, threading
def connect(*_):
    line = socket.create_connection(("127.0.0.1", {port}))
    line.sendall(b"here")
    threading.Event().wait(30)
    line.sendall(b", still here")
"""
PEER = """
from tuitrain.bench.peers import Peer
from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import Worker
peer = "from tuitrain.bench.peer_server import serve\\n" + {connect!r} + "serve(connect)"
Worker(Peer("peer", (sys.executable, "-c", peer))).request(Cell(), 0)
"""
APP = """
import os, threading
from tuitrain.bench.terminal import Terminal
with Terminal([sys.executable, "-c", {connect!r} + "connect()"], os.environ):
    threading.Event().wait(60)
"""

CHILDREN = {"a program in a terminal": APP}
if sys.platform == "linux":  # on other systems a peer ends after its reply
    CHILDREN["a peer at work"] = PEER


@pytest.mark.slow
@pytest.mark.parametrize("script", CHILDREN.values(), ids=CHILDREN)
def test_children_of_a_killed_benchmark_end(script):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        connect = CONNECT.format(port=server.getsockname()[1])
        code = "import sys\n" + script.format(connect=connect)
        with subprocess.Popen([sys.executable, "-c", code]) as bench:
            line, _ = server.accept()
            with line:
                received = line.recv(4)
                bench.kill()
                while more := line.recv(100):
                    received += more
    assert received == b"here"
