"""Peers for the benchmark's tests."""

import sys
from pathlib import Path

import pytest

from tuitrain.bench.peers import Peer

SCRIPT = str(Path(__file__).with_name("fake_peer.py"))


@pytest.fixture
def fake(tmp_path):
    """Make a fake peer that behaves so, and writes down in ``asked`` what it was asked."""

    def make(how: str, name: str = "") -> Peer:
        return Peer(name or how, (sys.executable, SCRIPT, how, str(tmp_path / "asked")))

    return make


@pytest.fixture
def asked(tmp_path):
    """Return what fake peers were asked, in order."""
    return lambda: (tmp_path / "asked").read_text().splitlines()
