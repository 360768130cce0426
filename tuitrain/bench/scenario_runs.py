"""Scenarios that are flown to be measured, and runs of them in processes of their own."""

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

from .peer_server import CPUS_VARIABLE
from .terminal import Terminal
from .worker import environment

START_SECONDS = 120.0
"""How long a run may take to its first step; a cold cache has kernels to compile."""


def scenario(model: str = "lenet", batch_size: int = 64, epochs: int = 100_000) -> dict[str, Any]:
    """Return a scenario on the digits in the box, in two groups, that goes on and on."""
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


def hundred_groups() -> dict[str, Any]:
    """Return a scenario whose 100 parameters are a group each."""
    names = [f"layer{layer}.{kind}" for layer in range(50) for kind in ("weight", "bias")]
    groups = [{"name": name.replace(".", "-"), "params": [name]} for name in names]
    return scenario("tuitrain.bench.workloads.core_modules:hundred_parameters") | {"group": groups}


@contextmanager
def flying(
    plan: Mapping[str, Any],
    headless: bool = False,
    threads: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Flight]:
    """Run a scenario with ``tuitrain run``, in a terminal, until the end of the block."""
    with written(plan) as file:
        record = file.with_name("record")
        command = [sys.executable, "-m", "tuitrain", "run", str(file), "--out", str(record)]
        with Terminal(
            command + ["--headless"] * headless, surroundings(threads, variables)
        ) as terminal:
            yield Flight(terminal, record / "metrics.jsonl")


@contextmanager
def written(plan: Mapping[str, Any]) -> Iterator[Path]:
    """Have a scenario in a file, in a folder that is removed at the end of the block."""
    with TemporaryDirectory(prefix="tuitrain-bench-") as folder:
        file = Path(folder, "bench.toml")
        file.write_text(tomli_w.dumps(plan))
        yield file


def surroundings(threads: int, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a run that trains with so many threads, on all processors."""
    given = environment(threads)
    del given[CPUS_VARIABLE]
    return given | dict(variables or {})


class Flight:
    """A run in a terminal, and the record that it writes.

    Steps are counted in the record, from outside, so that a run is measured in the same way with
    and without a screen.
    """

    def __init__(self, terminal: Terminal, metrics: Path) -> None:
        self.terminal = terminal
        self._metrics = metrics
        self._position = 0
        self._steps = 0

    def wait_for_steps(self, steps: int, seconds: float = START_SECONDS) -> float:
        """Wait until so many steps are taken.

        Returns
        -------
        When it was so, as `time.perf_counter` tells it.

        Raises
        ------
        TimeoutError : it did not come to that in time
        """
        until = time.monotonic() + seconds
        while self.steps() < steps:
            if time.monotonic() > until:
                raise TimeoutError(f"{steps} steps were not taken within {seconds:g} s")
            time.sleep(0.002)
        return time.perf_counter()

    def pace(self, seconds: float) -> float:
        """Return steps a second, over about so many seconds."""
        first, began = self._next_burst()
        time.sleep(seconds)
        last, ended = self._next_burst()
        return (last - first) / (ended - began)

    def steps(self) -> int:
        """Return how many steps the record has."""
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
        return self._steps

    def _next_burst(self) -> tuple[int, float]:
        """Wait until there are more steps, and return how many there are then, and when."""
        at = self.wait_for_steps(self.steps() + 1)
        return self.steps(), at
