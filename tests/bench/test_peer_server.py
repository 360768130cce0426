"""A peer's side of the protocol: the choice of a variant, and its processors."""

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
    threads = [int(name) for name in os.listdir("/proc/self/task")]
    assert len(threads) > 1
    raise ValueError(sorted({(*sorted(os.sched_getaffinity(thread)),) for thread in threads}))

serve(prepare)
"""


def test_a_peer_runs_on_as_many_processors_as_it_has_threads():
    processors = sorted(os.sched_getaffinity(0))
    for threads in range(1, len(processors[:2]) + 1):
        with Worker(Peer("threads", (sys.executable, "-c", THREADS)), threads) as worker:
            reply = worker.request(Cell(), 0)
        assert reply.problem == f"ValueError: {[tuple(processors[-threads:])]}"


@pytest.fixture
def variants(monkeypatch):
    """Return a factory of variants with given durations on a fake clock, and the names it made."""
    now, started = [0.0], []
    monkeypatch.setattr(peer_server, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def variant(name, compiling, step):
        def take(steps):
            now[0] += steps * step
            return steps

        def make():
            started.append(name)
            now[0] += compiling
            if step is None:
                raise RuntimeError("no compiler")
            return take

        return make

    return variant, started


def test_the_fastest_variant_is_chosen(variants):
    variant, started = variants
    candidates = {"slow": variant("slow", 1, 0.02), "quick": variant("quick", 1, 0.01)}
    name, _, pace = peer_server.choose_fastest(candidates, 12)
    assert (name, started) == ("quick", ["slow", "quick"])
    assert pace == pytest.approx(0.01)


def test_no_other_variant_is_tried_after_the_time_limit(variants):
    variant, started = variants
    name, _, _ = peer_server.choose_fastest(
        {"slow": variant("slow", 13, 0.02), "quick": variant("quick", 1, 0.01)}, 12
    )
    assert (name, started) == ("slow", ["slow"])


def test_a_variant_that_fails_is_skipped_after_any_time(variants):
    variant, _ = variants
    name, _, _ = peer_server.choose_fastest(
        {"broken": variant("broken", 13, None), "other": variant("other", 1, 1)}, 12
    )
    assert name == "other"
    with pytest.raises(RuntimeError, match="no compiler"):
        peer_server.choose_fastest({"broken": variant("broken", 1, None)}, 12)
