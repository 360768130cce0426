"""Latency: from a key to the reply on the screen, and from a command to its boundary."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from ..interleave import NotMeasuredError
from ..plan import BOOT_SECONDS, Case, Plan
from ..scenario_runs import (
    START_TIMEOUT,
    TerminalRun,
    bench_scenario,
    run_environment,
    run_in_terminal,
    scenario_file,
)

SETTLE_STEPS = 200
REPLY_SECONDS = 10.0


def cases(plan: Plan) -> Iterator[Case]:
    """Plan keys that freeze and thaw, and commands that change a learning rate."""
    count = 10 if plan.quick else 100
    yield plan.percentile_case(
        "key to answer on the screen", BOOT_SECONDS + 0.15 * count, lambda: _keys(count)
    )
    yield plan.percentile_case(
        "command to applied", BOOT_SECONDS + 0.03 * count, lambda: _commands(count)
    )


def _keys(count: int) -> Sequence[float]:
    with run_in_terminal(bench_scenario()) as run:
        run.wait_for_steps(SETTLE_STEPS)
        return [_freeze_or_thaw(run, number) for number in range(count)]


def _freeze_or_thaw(run: TerminalRun, number: int) -> float:
    """Press f, and return the seconds until the screen shows the step of the boundary."""
    time.sleep(random.Random(number).uniform(0.05, 0.15))  # at any phase of the screen's refreshes
    verb = "thaw" if number % 2 else "freeze"
    began = time.perf_counter()
    run.terminal.type_keys("f")
    return run.terminal.wait_for(rf"{verb} lower +applied at step \d", REPLY_SECONDS) - began


def _commands(count: int) -> Sequence[float]:
    with scenario_file(bench_scenario()) as file:
        command = [
            sys.executable,
            "-m",
            "tuitrain.bench.probes.command_latency",
            str(file),
            str(count),
        ]
        try:
            process = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=run_environment(1),
                timeout=START_TIMEOUT + count * REPLY_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotMeasuredError("the run did not end") from None
    if process.returncode != 0:
        raise NotMeasuredError((process.stderr.strip().splitlines() or ["it failed"])[-1])
    return json.loads(process.stdout)
