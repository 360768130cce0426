"""A server of the app in its own process, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as anyone:
        anyone.bind(("127.0.0.1", 0))
        return anyone.getsockname()[1]


ATTEMPTS = 5
"""Ports that are tried: another process may take one before the server does."""


@contextmanager
def served(state: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the app; gives its address, as the server says it, and the process."""
    server, address = start_server(state, *arguments)
    try:
        yield address, server
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)


def start_server(state: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server on a free port; return the process, and its address."""
    command = [sys.executable, "-m", "tuitrain.cli", "serve", *arguments]
    paths = [str(ROOT), str(ROOT / "core"), os.environ.get("PYTHONPATH", "")]
    output: list[str] = []
    for _ in range(ATTEMPTS):
        server = subprocess.Popen(
            [*command, "--port", str(free_port())],
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"XDG_STATE_HOME": str(state), "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert server.stderr is not None
        for line in server.stderr:
            if "serving at" in line:
                return server, line.removeprefix("serving at ").partition(";")[0]
            output.append(line)
        server.communicate()
        if "cannot listen" not in output[-1]:
            break
    raise AssertionError("".join(output))
