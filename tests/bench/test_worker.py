"""Workers: the benchmark gets a reply for every failure of a peer."""

import json

import pytest

from tuitrain.bench.peers import Peer
from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import MAX_TIMEOUTS, Worker

CELL = Cell(network="lenet")


def test_a_reply_has_seconds_per_step(fake):
    with Worker(fake("0.25")) as worker:
        reply = worker.request(CELL, 0.1)
    assert reply.seconds_per_step == 0.25
    assert reply.problem == ""


@pytest.mark.parametrize(
    ("behavior", "problem"),
    [
        ("crashes", "ended with status 3: RuntimeError: out of luck"),
        ("nonsense", "answered nonsense: '42 apples"),
        ("nothing", 'answered nonsense: \'{"seconds_per_step": 0.0}'),
        ("refuses", "ValueError: not this one"),
    ],
)
def test_a_failure_is_the_reply(fake, behavior, problem):
    with Worker(fake(behavior)) as worker:
        assert worker.request(CELL, 0.1).problem.startswith(problem)
        assert worker.request(CELL, 0.1).problem.startswith(problem)


def test_a_peer_that_hangs_times_out(fake):
    with Worker(fake("hangs"), timeout=0.05) as worker:
        assert worker.request(CELL, 0.1).problem == "no answer within 0.05 s"


def test_a_worker_gives_up_after_several_timeouts(fake):
    with Worker(fake("hangs"), timeout=0.3) as worker:
        problems = [worker.request(CELL, 0.1).problem for _ in range(MAX_TIMEOUTS + 2)]
    assert problems[-2:] == [f"given up: {MAX_TIMEOUTS} answers took more than 0.3 s"] * 2
    assert problems[:-2] == ["no answer within 0.3 s"] * MAX_TIMEOUTS


def test_a_crashed_peer_is_started_again(fake):
    with Worker(fake("crashes later")) as worker:
        problems = [worker.request(CELL, 0.1).problem for _ in range(3)]
    assert [bool(problem) for problem in problems] == [False, True, False]


def test_a_reply_says_that_a_peer_cannot_be_started():
    with Worker(Peer("missing", ("/nonexistent/python",))) as worker:
        assert "/nonexistent/python" in worker.request(CELL, 0.1).problem


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_set_for_every_library(fake, threads):
    with Worker(fake("environment"), threads) as worker:
        variables = json.loads(worker.request(CELL, 0.1).variant)
    assert set(variables.values()) == {str(threads)}
