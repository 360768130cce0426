"""A benchmark that is killed leaves nothing behind that goes on computing."""

import socket
import subprocess
import sys

import pytest

HERE = """
import socket, threading
def stay(*_):
    line = socket.create_connection(("127.0.0.1", {port}))
    line.sendall(b"here")
    threading.Event().wait(30)
    line.sendall(b", and still here")
"""
PEER = """
from tuitrain.bench.peers import Peer
from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import Worker
peer = {here!r}.replace("def stay", "def prepare")
peer = "from tuitrain.bench.peer_server import serve\\n" + peer
Worker(Peer("peer", (sys.executable, "-c", peer + "serve(prepare)"))).ask(Cell(), 0)
"""
APP = """
import os, threading
from tuitrain.bench.terminal import Terminal
with Terminal([sys.executable, "-c", {here!r} + "stay()"], os.environ):
    threading.Event().wait(60)
"""


OPENED = {"a program in a terminal": APP}
if sys.platform == "linux":  # elsewhere a peer sees it once it has answered
    OPENED["a peer at work"] = PEER


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_what_a_killed_benchmark_has_begun_ends(opened):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        here = HERE.format(port=server.getsockname()[1])
        code = "import sys\n" + opened.format(here=here)
        with subprocess.Popen([sys.executable, "-c", code]) as bench:
            line, _ = server.accept()
            with line:
                said = line.recv(4)
                bench.kill()
                while more := line.recv(100):
                    said += more
    assert said == b"here"
