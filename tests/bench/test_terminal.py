"""The terminal: a program in a pty, what it shows, and how long to wait for it."""

import os
import sys

import pytest

from tuitrain.bench.scenario_runs import Flight, hundred_groups, scenario
from tuitrain.bench.terminal import Terminal, plain
from tuitrain.scenario.load import loads

ECHO = """
import os, sys
size = os.get_terminal_size()
print(f"\\x1b[1msize\\x1b[0m {size.columns} {size.lines}", flush=True)
for line in sys.stdin:
    print("applied at step", line.strip(), flush=True)
"""


@pytest.fixture
def terminal():
    with Terminal([sys.executable, "-c", ECHO], os.environ, 120, 36) as opened:
        yield opened


def test_the_program_has_a_terminal_of_the_size_asked_for(terminal):
    assert terminal.wait_for("size 120 36", 30) > 0


def test_what_is_written_after_a_key_is_found(terminal):
    terminal.wait_for("size", 30)
    terminal.press("7\n")
    assert terminal.wait_for(r"applied at step 7", 30) > 0


def test_what_was_written_before_a_key_is_no_answer_to_it(terminal):
    terminal.wait_for("size", 30)
    terminal.press("7\n")
    terminal.wait_for("applied at step 7", 30)
    terminal.press("8\n")
    terminal.wait_for("applied at step 8", 30)
    with pytest.raises(TimeoutError, match=r"was shown: .*8"):
        terminal.wait_for("applied at step 7", 0.01)


def test_a_program_that_ends_is_not_waited_for():
    with Terminal([sys.executable, "-c", "print('no terminal here')"], os.environ) as opened:
        with pytest.raises(TimeoutError, match=r"the program ended before .*no terminal here"):
            opened.wait_for("never", 600)
        opened.wait(30)


def test_a_program_that_goes_on_is_not_waited_for_for_ever(terminal):
    with pytest.raises(TimeoutError, match=r"did not end within 0.01 s"):
        terminal.wait(0.01)


def test_colours_and_places_are_no_text():
    assert plain(b"\x1b[38;2;1;2;3mapplied\x1b[0m\x1b[4;10H at\x1b[?25l step") == "applied at step"


def test_steps_are_counted_in_the_record(tmp_path, terminal):
    metrics = tmp_path / "metrics.jsonl"
    flight = Flight(terminal, metrics)
    assert flight.steps() == 0
    metrics.write_text('{"event":"loss","step":1,"loss":[2.3,2.2]}\n{"event":"loss","step":3,"lo')
    assert flight.steps() == 2
    with metrics.open("a") as file:
        file.write('ss":[2.1]}\n{"event":"accuracy","step":3,"accuracy":0.5}\n')
    assert flight.steps() == 3
    assert flight.wait_for_steps(3, 0) > 0
    with pytest.raises(TimeoutError, match="4 steps were not taken"):
        flight.wait_for_steps(4, 0)


@pytest.mark.parametrize("plan", [scenario(), scenario("mlp"), hundred_groups()])
def test_what_is_flown_is_a_scenario(plan):
    import tomli_w

    assert loads(tomli_w.dumps(plan), "bench.toml").name == "bench"
