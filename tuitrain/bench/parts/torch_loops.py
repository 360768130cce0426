"""Loops in PyTorch: what `watch` costs a step, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from ..interleave import Measure, NotMeasuredError
from ..peers import TUITRAIN
from ..plan import BOOT_SECONDS, Case, Plan
from ..results import Row
from ..scenario_runs import START_TIMEOUT, run_environment

SHORT, LONG = "the shortest step", "a step of 10 ms"
MEMORY = "50M parameters, memory"
WATCHED, PLAIN = "watched", "plain"

DURATION_FACTOR = 8
"""Duration of a value relative to `Plan.seconds`: a step's time varies more than the cost."""

_PROBE = [sys.executable, "-m", "tuitrain.bench.probes.watched_loop"]


def cases(plan: Plan) -> Iterator[Case]:
    """Plan the cost of a step without viewers and with one, and the memory."""
    yield _cost_case(plan, f"{SHORT}, no viewer", 0.0, 0)
    if plan.quick:
        return
    yield _cost_case(plan, f"{LONG}, no viewer", 0.01, 0)
    yield _cost_case(plan, f"{LONG}, 1 viewer", 0.01, 1)

    def measure() -> Iterator[Row]:
        contenders = {name: _probe(plan, "memory", name) for name in (WATCHED, PLAIN)}
        trials = plan.trials(contenders, MEMORY)
        yield Row(cell=MEMORY, unit="bytes", subject=WATCHED, trials=trials)

    yield Case((MEMORY,), plan.rounds * 2 * BOOT_SECONDS, measure)


def _cost_case(plan: Plan, label: str, step_seconds: float, viewers: int) -> Case:
    seconds = DURATION_FACTOR * plan.seconds

    def measure() -> Iterator[Row]:
        once = _probe(plan, "cost", str(step_seconds), str(seconds), str(viewers))
        trials = plan.trials({TUITRAIN.name: once}, label)
        yield Row(cell=label, unit="s", subject=TUITRAIN.name, trials=trials)

    return Case((label,), plan.rounds * (BOOT_SECONDS + seconds), measure)


def _probe(plan: Plan, *words: str) -> Measure:
    def once() -> tuple[float, str]:
        if find_spec("torch") is None:
            raise NotMeasuredError("PyTorch is not installed")
        try:
            process = subprocess.run(
                [*_PROBE, *words],
                capture_output=True,
                text=True,
                env=run_environment(1),
                timeout=START_TIMEOUT + DURATION_FACTOR * plan.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotMeasuredError("the loop has not ended in time") from None
        if process.returncode != 0:
            raise NotMeasuredError((process.stderr.strip().splitlines() or ["it failed"])[-1])
        return float(process.stdout.split()[-1]), ""

    return once
