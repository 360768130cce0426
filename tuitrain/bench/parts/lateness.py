"""Lateness: whether the screen stays fluent while a hundred groups are trained and shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from tuitrain.bench.interleave import NotMeasuredError
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan, threads_text
from tuitrain.bench.scenario_runs import START_SECONDS, hundred_groups, surroundings, written
from tuitrain.bench.terminal import Terminal

WATCHED = 12
"""How many times a value's seconds the timer is watched: its 99th percentile needs many."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan a timer of 10 ms in the app."""
    for threads in (1,) if plan.quick else plan.threads:
        label, seconds = f"timer of 10 ms, {threads_text(threads)}", WATCHED * plan.seconds
        yield plan.case_of_percentiles(
            label, BOOT_SECONDS + seconds, lambda t=threads, s=seconds: _late(t, s)
        )


def _late(threads: int, seconds: float) -> Sequence[float]:
    with written(hundred_groups()) as file:
        out = file.with_name("late.json")
        command = [sys.executable, "-m", "tuitrain.bench.probes.event_loop_delay"]
        arguments = [str(file), str(seconds), str(out)]
        with Terminal(command + arguments, surroundings(threads)) as terminal:
            try:
                terminal.wait(START_SECONDS + seconds)
            except TimeoutError as late:
                raise NotMeasuredError(str(late)) from None
        found = json.loads(out.read_text()) if out.exists() else "the app left nothing"
    if isinstance(found, str):
        raise NotMeasuredError(found)
    return found
