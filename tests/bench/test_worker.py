"""Workers: whatever a peer does, the benchmark gets an answer, and goes on."""

import json

import pytest

from tuitrain.bench.protocol import Cell
from tuitrain.bench.worker import GIVEN_UP, Worker

CELL = Cell(network="lenet")


def test_a_worker_answers_with_seconds_per_step(fake):
    with Worker(fake("0.25")) as worker:
        answer = worker.ask(CELL, 0.1)
    assert answer.seconds_per_step == 0.25
    assert answer.problem == ""


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("crashes", "ended with status 3: RuntimeError: out of luck"),
        ("nonsense", "answered nonsense: '42 apples"),
        ("nothing", 'answered nonsense: \'{"seconds_per_step": 0.0}'),
        ("refuses", "ValueError: not this one"),
    ],
)
def test_what_goes_wrong_is_the_answer(fake, how, problem):
    with Worker(fake(how)) as worker:
        assert worker.ask(CELL, 0.1).problem.startswith(problem)
        assert worker.ask(CELL, 0.1).problem.startswith(problem)


def test_a_peer_that_hangs_is_given_up(fake):
    with Worker(fake("hangs"), patience=0.05) as worker:
        assert worker.ask(CELL, 0.1).problem == "no answer within 0.05 s"


def test_a_peer_that_is_too_late_again_and_again_is_not_asked_any_more(fake):
    with Worker(fake("hangs"), patience=0.3) as worker:
        problems = [worker.ask(CELL, 0.1).problem for _ in range(GIVEN_UP + 2)]
    assert problems[-2:] == [f"given up: {GIVEN_UP} answers took more than 0.3 s"] * 2
    assert problems[:-2] == ["no answer within 0.3 s"] * GIVEN_UP


def test_a_peer_that_has_crashed_begins_anew(fake):
    with Worker(fake("crashes later")) as worker:
        problems = [worker.ask(CELL, 0.1).problem for _ in range(3)]
    assert [bool(each) for each in problems] == [False, True, False]


def test_a_peer_that_cannot_be_started_is_the_answer():
    from tuitrain.bench.peers import Peer

    with Worker(Peer("nobody", ("/nonexistent/python",))) as worker:
        assert "/nonexistent/python" in worker.ask(CELL, 0.1).problem


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_set_for_every_library(fake, threads):
    with Worker(fake("environment"), threads) as worker:
        told = json.loads(worker.ask(CELL, 0.1).variant)
    assert set(told.values()) == {str(threads)}
