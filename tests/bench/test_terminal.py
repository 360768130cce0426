"""Programs in a pseudo-terminal, and runs of scenarios in it."""

import os
import sys
from pathlib import Path

import pytest

from tuitrain.bench.scenario_runs import TerminalRun, bench_scenario, hundred_groups_scenario
from tuitrain.bench.terminal import Terminal, strip_control_codes
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
    with Terminal([sys.executable, "-c", ECHO], os.environ, 120, 36) as terminal:
        yield terminal


def test_the_terminal_has_the_given_size(terminal):
    assert terminal.wait_for("size 120 36", 30) > 0


def test_output_after_a_key_matches(terminal):
    terminal.wait_for("size", 30)
    terminal.type_keys("7\n")
    assert terminal.wait_for(r"applied at step 7", 30) > 0


def test_output_before_a_key_is_discarded(terminal):
    terminal.wait_for("size", 30)
    terminal.type_keys("7\n")
    terminal.wait_for("applied at step 7", 30)
    terminal.type_keys("8\n")
    terminal.wait_for("applied at step 8", 30)
    with pytest.raises(TimeoutError, match=r"was shown: .*8"):
        terminal.wait_for("applied at step 7", 0.01)


def test_waiting_stops_when_the_program_ends():
    with Terminal([sys.executable, "-c", "print('no terminal here')"], os.environ) as terminal:
        with pytest.raises(TimeoutError, match=r"the program ended before .*no terminal here"):
            terminal.wait_for("never", 600)
        terminal.wait(30)


def test_waiting_for_the_end_has_a_timeout(terminal):
    with pytest.raises(TimeoutError, match=r"did not end within 0.01 s"):
        terminal.wait(0.01)


def test_colors_and_cursor_movements_are_stripped():
    assert (
        strip_control_codes(b"\x1b[38;2;1;2;3mapplied\x1b[0m\x1b[4;10H at\x1b[?25l step")
        == "applied at step"
    )


def test_steps_are_counted_in_the_record(tmp_path, terminal):
    metrics = tmp_path / "metrics.jsonl"
    run = TerminalRun(terminal, metrics)
    assert run.steps() == 0
    metrics.write_text('{"event":"loss","step":1,"loss":[2.3,2.2]}\n{"event":"loss","step":3,"lo')
    assert run.steps() == 2
    with metrics.open("a") as file:
        file.write('ss":[2.1]}\n{"event":"accuracy","step":3,"accuracy":0.5}\n')
    assert run.steps() == 3
    assert run.wait_for_steps(3, 0) > 0
    with pytest.raises(TimeoutError, match="4 steps were not taken"):
        run.wait_for_steps(4, 0)


class SimulatedTime:
    """A clock and its `sleep`, in which a run takes steps of 1 ms, and 10 ms more every 7 steps."""

    def __init__(self, metrics: Path) -> None:
        self.now = 0.0
        self._metrics = metrics
        self._step = 0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self._step += 1
            self.now += 0.001
            with self._metrics.open("a") as file:
                file.write(f'{{"event":"loss","step":{self._step},"loss":[1.0]}}\n')
                if self._step % 7 == 0:
                    self.now += 0.010
                    file.write(f'{{"event":"accuracy","step":{self._step},"accuracy":0.5}}\n')


@pytest.mark.parametrize("window", [0.05, 0.055, 0.06, 0.065])
def test_a_speed_is_that_of_whole_epochs(tmp_path, monkeypatch, terminal, window):
    metrics = tmp_path / "metrics.jsonl"
    monkeypatch.setattr("tuitrain.bench.scenario_runs.time", SimulatedTime(metrics))
    run = TerminalRun(terminal, metrics)
    assert run.steps_per_second_of_epochs(window) == pytest.approx(7 / 0.017, rel=0.03)


@pytest.mark.parametrize(
    "scenario", [bench_scenario(), bench_scenario("mlp"), hundred_groups_scenario()]
)
def test_the_scenarios_of_the_benchmark_load(scenario):
    import tomli_w

    assert loads(tomli_w.dumps(scenario), "bench.toml").name == "bench"
