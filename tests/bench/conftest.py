"""Fake peers for the benchmark's tests."""

import sys
from pathlib import Path

import pytest

from tuitrain.bench.peers import Peer

SCRIPT = str(Path(__file__).with_name("fake_peer.py"))


@pytest.fixture
def fake(tmp_path):
    """Make a fake peer with a behavior; it logs its requests for `requests`."""

    def make(behavior: str, name: str = "") -> Peer:
        command = (sys.executable, SCRIPT, behavior, str(tmp_path / "requests"))
        return Peer(name or behavior, command)

    return make


@pytest.fixture
def requests(tmp_path):
    """Return a function that lists the requests to fake peers, in order."""
    return lambda: (tmp_path / "requests").read_text().splitlines()
