"""Lateness: the delay of the screen's event loop while a hundred groups are trained."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from ..interleave import NotMeasuredError
from ..plan import BOOT_SECONDS, Case, Plan, format_threads
from ..scenario_runs import (
    START_TIMEOUT,
    hundred_groups_scenario,
    run_environment,
    scenario_file,
)
from ..terminal import Terminal

OBSERVATION_FACTOR = 12
"""Duration of a value relative to `Plan.seconds`: the 99th percentile needs many samples."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan a timer of 10 ms in the app."""
    for threads in (1,) if plan.quick else plan.threads:
        label = f"timer of 10 ms, {format_threads(threads)}"
        seconds = OBSERVATION_FACTOR * plan.seconds
        yield plan.percentile_case(
            label, BOOT_SECONDS + seconds, lambda t=threads, s=seconds: _delays(t, s)
        )


def _delays(threads: int, seconds: float) -> Sequence[float]:
    with scenario_file(hundred_groups_scenario()) as file:
        out = file.with_name("late.json")
        command = [sys.executable, "-m", "tuitrain.bench.probes.event_loop_delay"]
        arguments = [str(file), str(seconds), str(out)]
        with Terminal(command + arguments, run_environment(threads)) as terminal:
            try:
                terminal.wait(START_TIMEOUT + seconds)
            except TimeoutError as error:
                raise NotMeasuredError(str(error)) from None
        result = json.loads(out.read_text()) if out.exists() else "the app left nothing"
    if isinstance(result, str):
        raise NotMeasuredError(result)
    return result
