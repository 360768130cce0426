"""The turns of a loop and its session: one of them runs at a time."""

import threading

import pytest

from tuitrain.engines.loops.turns import StoppedError, Turns


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class CountingLoop:
    """A loop in a thread that visits a boundary before each step."""

    def __init__(self, turns: Turns, steps: int = 100) -> None:
        self.turns, self.steps = turns, steps
        self.taken = 0
        self.was_stopped = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            for _ in range(self.steps):
                self.turns.visit()
                self.taken += 1
                self.turns.count()
        except StoppedError:
            self.was_stopped = True
        self.turns.end()


@pytest.fixture
def turns() -> Turns:
    return Turns(Clock())


def test_the_loop_takes_the_steps_that_it_is_given(turns):
    loop = CountingLoop(turns)
    for steps in (1, 3, 10):
        before = loop.taken
        turns.let_run(steps)
        assert loop.taken == before + steps == before + turns.taken
    turns.release(stop=True)
    loop.thread.join()


def test_an_interrupted_turn_has_one_step(turns):
    loop = CountingLoop(turns)
    turns.interrupt()
    turns.let_run(50)
    assert loop.taken == 1
    turns.let_run(5)
    assert loop.taken == 6
    turns.release(stop=True)
    loop.thread.join()


def test_a_loop_that_ends_gives_its_turn_back_at_once_and_takes_no_other(turns):
    loop = CountingLoop(turns, steps=4)
    turns.let_run(50)
    assert (loop.taken, turns.has_ended) == (4, True)
    turns.let_run(50)
    loop.thread.join()


def test_a_released_loop_runs_on_alone(turns):
    loop = CountingLoop(turns)
    turns.let_run(2)
    turns.release(stop=False)
    loop.thread.join()
    assert (loop.taken, loop.was_stopped) == (100, False)


def test_a_stopped_loop_ends_at_its_boundary(turns):
    loop = CountingLoop(turns)
    turns.let_run(2)
    turns.release(stop=True)
    loop.thread.join()
    assert (loop.taken, loop.was_stopped) == (2, True)


def test_a_stop_ends_a_script_without_a_traceback():
    assert issubclass(StoppedError, SystemExit)
    assert not StoppedError().code
