"""Latency: from a key to the answer on the screen, from a command to its boundary."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from tuitrain.bench.interleave import NotMeasuredError
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan
from tuitrain.bench.scenario_runs import (
    START_SECONDS,
    Flight,
    flying,
    scenario,
    surroundings,
    written,
)

SETTLE_STEPS = 200
ANSWER_SECONDS = 10.0


def cases(plan: Plan) -> Iterator[Case]:
    """Plan keys that freeze and thaw, and commands that change a learning rate."""
    count = 10 if plan.quick else 100
    yield plan.case_of_percentiles(
        "key to answer on the screen", BOOT_SECONDS + 0.15 * count, lambda: _keys(count)
    )
    yield plan.case_of_percentiles(
        "command to applied", BOOT_SECONDS + 0.03 * count, lambda: _commands(count)
    )


def _keys(count: int) -> Sequence[float]:
    try:
        with flying(scenario()) as flight:
            flight.wait_for_steps(SETTLE_STEPS)
            return [_freeze_or_thaw(flight, number) for number in range(count)]
    except TimeoutError as late:
        raise NotMeasuredError(str(late)) from None


def _freeze_or_thaw(flight: Flight, number: int) -> float:
    """Press f, and return the seconds until the screen says at which step that was applied."""
    time.sleep(random.Random(number).uniform(0.05, 0.15))  # at any moment of the screen's rhythm
    verb = "thaw" if number % 2 else "freeze"
    began = time.perf_counter()
    flight.terminal.press("f")
    return flight.terminal.wait_for(rf"{verb} lower +applied at step \d", ANSWER_SECONDS) - began


def _commands(count: int) -> Sequence[float]:
    with written(scenario()) as file:
        command = [
            sys.executable,
            "-m",
            "tuitrain.bench.probes.command_latency",
            str(file),
            str(count),
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=surroundings(1),
                timeout=START_SECONDS + count * ANSWER_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotMeasuredError("the run did not end") from None
    if done.returncode != 0:
        raise NotMeasuredError((done.stderr.strip().splitlines() or ["it failed"])[-1])
    return json.loads(done.stdout)
