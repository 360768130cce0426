"""Scenarios of the benchmark, and runs of them in their own processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import tomli_w

from .interleave import NotMeasuredError
from .peer_server import CPUS_VARIABLE
from .terminal import Terminal
from .worker import worker_environment

START_TIMEOUT = 120.0
"""Seconds until a run's first step; with a cold cache it compiles kernels before."""


def bench_scenario(
    model: str = "lenet", batch_size: int = 64, epochs: int = 100_000
) -> dict[str, Any]:
    """Return a scenario on the bundled digits, with two groups, that does not end by itself."""
    lower = "conv*" if model == "lenet" else "fc1*"
    return {
        "schema": 1,
        "name": "bench",
        "model": model,
        "batch_size": batch_size,
        "epochs": epochs,
        "optimizer": {"name": "sgd", "lr": 1e-3},
        "group": [{"name": "lower", "params": [lower]}, {"name": "upper", "params": ["*"]}],
    }


def hundred_groups_scenario() -> dict[str, Any]:
    """Return a scenario with 100 parameters, each in its own group."""
    names = [f"layer{layer}.{kind}" for layer in range(50) for kind in ("weight", "bias")]
    groups = [{"name": name.replace(".", "-"), "params": [name]} for name in names]
    model = "tuitrain.bench.workloads.core_modules:hundred_parameters"
    return bench_scenario(model) | {"group": groups}


@contextmanager
def run_in_terminal(
    scenario: Mapping[str, Any],
    headless: bool = False,
    threads: int = 1,
    variables: Mapping[str, str] | None = None,
    hosted: bool = False,
) -> Iterator[TerminalRun]:
    """Run a scenario with ``tuitrain run`` in a terminal until the end of the block.

    Parameters
    ----------
    headless : without the app
    hosted : without the app, as a detached run, which viewers can watch

    Raises
    ------
    NotMeasuredError : a `TimeoutError` in the block
    """
    with scenario_file(scenario) as file:
        record = file.with_name("record")
        command = [sys.executable, "-m", "tuitrain", "run", str(file), "--out", str(record)]
        options = ["--headless"] * headless + ["--hosted"] * hosted
        with Terminal(command + options, run_environment(threads, variables)) as terminal:
            try:
                yield TerminalRun(terminal, record / "metrics.jsonl")
            except TimeoutError as error:
                raise NotMeasuredError(str(error)) from None


@contextmanager
def scenario_file(scenario: Mapping[str, Any]) -> Iterator[Path]:
    """Write a scenario to a file in a temporary folder, which the end of the block removes."""
    with TemporaryDirectory(prefix="tuitrain-bench-") as folder:
        file = Path(folder, "bench.toml")
        file.write_text(tomli_w.dumps(scenario))
        yield file


def run_environment(threads: int, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a run that trains with ``threads`` threads, on all processors."""
    environment = worker_environment(threads)
    del environment[CPUS_VARIABLE]
    return environment | dict(variables or {})


class TerminalRun:
    """A run in a terminal, and the record that it writes.

    Steps are counted in the record, so that a run is measured in the same way with and without a
    screen.
    """

    def __init__(self, terminal: Terminal, metrics: Path) -> None:
        self.terminal = terminal
        self.folder = metrics.parent
        self._metrics = metrics
        self._position = 0
        self._steps = 0
        self._epoch = 0

    def wait_for_steps(self, steps: int, seconds: float = START_TIMEOUT) -> float:
        """Wait until the run has taken this number of steps.

        Returns
        -------
        The time of that, of `time.perf_counter`.

        Raises
        ------
        TimeoutError : the steps were not taken in time
        """
        deadline = time.monotonic() + seconds
        while self.steps() < steps:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{steps} steps were not taken within {seconds:g} s")
            time.sleep(0.002)
        return time.perf_counter()

    def steps_per_second(self, seconds: float) -> float:
        """Measure the steps per second over about this time."""
        first, began = self._next_burst()
        time.sleep(seconds)
        last, ended = self._next_burst()
        return (last - first) / (ended - began)

    def steps_per_second_of_epochs(self, seconds: float) -> float:
        """Measure the steps per second over whole epochs, over at least this time.

        The test set is measured at the end of each, which takes as long as 60 steps of LeNet. A
        window of another length has one measurement more or less, a difference of two percent.
        """
        first, began = self._next_epoch()
        time.sleep(seconds)
        last, ended = self._next_epoch()
        return (last - first) / (ended - began)

    def steps(self) -> int:
        """Return the number of steps in the record."""
        try:
            with self._metrics.open("rb") as file:
                file.seek(self._position)
                new = file.read()
        except FileNotFoundError:
            return 0
        whole = new[: new.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.splitlines():
            event = msgspec.json.decode(line)
            if event["event"] == "loss":
                self._steps = event["step"] + len(event["loss"]) - 1
            elif event["event"] == "accuracy" and not self._epoch:
                self._epoch = event["step"]
        return self._steps

    def _next_epoch(self) -> tuple[int, float]:
        """Wait for the end of an epoch, and return the number of steps then, and the time.

        Raises
        ------
        TimeoutError : it did not end in time
        """
        deadline = time.monotonic() + START_TIMEOUT
        while not self._epoch:
            self.wait_for_steps(self.steps() + 1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no epoch ended within {START_TIMEOUT:g} s")
        end = (self.steps() // self._epoch + 1) * self._epoch
        return end, self.wait_for_steps(end)

    def _next_burst(self) -> tuple[int, float]:
        """Wait for another burst, and return the number of steps then, and the time."""
        at = self.wait_for_steps(self.steps() + 1)
        return self.steps(), at
