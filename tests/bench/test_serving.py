"""A peer's side: which of its ways it takes, and on which processors it stays."""

import os
import sys
from types import SimpleNamespace

import pytest

from tuitrain.bench import peer_server
from tuitrain.bench.peers import Peer
from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import Worker

THREADS = """
import os, threading
from tuitrain.bench.peer_server import serve

threading.Thread(target=threading.Event().wait, daemon=True).start()

def prepare(cell):
    threads = [int(each) for each in os.listdir("/proc/self/task")]
    assert len(threads) > 1
    raise ValueError(sorted({(*sorted(os.sched_getaffinity(each)),) for each in threads}))

serve(prepare)
"""


def test_every_thread_of_a_peer_stays_on_as_many_processors_as_it_has_threads():
    processors = sorted(os.sched_getaffinity(0))
    for threads in range(1, len(processors[:2]) + 1):
        with Worker(Peer("threads", (sys.executable, "-c", THREADS)), threads) as worker:
            answer = worker.ask(Cell(), 0)
        assert answer.problem == f"ValueError: {[tuple(processors[-threads:])]}"


@pytest.fixture
def ways(monkeypatch):
    """Make ways whose compiling and steps take so long, by a clock of their own."""
    now, begun = [0.0], []
    monkeypatch.setattr(peer_server, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def way(name, compiling, step):
        def run(steps):
            now[0] += steps * step
            return steps

        def make():
            begun.append(name)
            now[0] += compiling
            if step is None:
                raise RuntimeError("no compiler")
            return run

        return make

    return way, begun


def test_the_way_that_is_the_fastest_is_taken(ways):
    way, begun = ways
    tried = {"slow": way("slow", 1, 0.02), "quick": way("quick", 1, 0.01)}
    name, _, pace = peer_server.fastest(tried, 12)
    assert (name, begun) == ("quick", ["slow", "quick"])
    assert pace == pytest.approx(0.01)


def test_no_other_way_is_begun_once_trying_has_taken_too_long(ways):
    way, begun = ways
    name, _, _ = peer_server.fastest(
        {"slow": way("slow", 13, 0.02), "quick": way("quick", 1, 0.01)}, 12
    )
    assert (name, begun) == ("slow", ["slow"])


def test_a_way_that_fails_is_passed_over_however_long_it_took(ways):
    way, _ = ways
    name, _, _ = peer_server.fastest(
        {"broken": way("broken", 13, None), "other": way("other", 1, 1)}, 12
    )
    assert name == "other"
    with pytest.raises(RuntimeError, match="no compiler"):
        peer_server.fastest({"broken": way("broken", 1, None)}, 12)
