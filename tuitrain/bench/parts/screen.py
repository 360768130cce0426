"""The screen: the speed of a run under the full screen, relative to a headless run."""

from __future__ import annotations

from collections.abc import Iterator

from ..interleave import Measure
from ..plan import BOOT_SECONDS, Case, Plan, format_threads
from ..results import Row
from ..scenario_runs import bench_scenario, run_in_terminal
from ..terminal import Terminal

SETTLE_STEPS = 200
FULL_SCREEN, HEADLESS = "full screen", "headless"

OBSERVATION_FACTOR = 5
"""Duration of a value relative to `Plan.seconds`: the screen's refreshes are uneven."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet and the MLP in a terminal of 120 by 36 cells, and headless."""
    for threads in (1,) if plan.quick else plan.threads:
        for name, model in (("LeNet", "lenet"), ("MLP", "mlp"))[: 1 if plan.quick else 2]:
            yield _case(plan, f"{name}, B=64, {format_threads(threads)}", model, threads)


def _case(plan: Plan, label: str, model: str, threads: int) -> Case:
    def measure() -> Iterator[Row]:
        contenders = {
            FULL_SCREEN: _run_speed(plan, model, threads, headless=False),
            HEADLESS: _run_speed(plan, model, threads, headless=True),
        }
        trials = plan.trials(contenders, label)
        yield Row(cell=label, unit="samples/s", subject=FULL_SCREEN, trials=trials)

    seconds = 2 * plan.rounds * (BOOT_SECONDS + OBSERVATION_FACTOR * plan.seconds)
    return Case((label,), seconds, measure)


def _run_speed(plan: Plan, model: str, threads: int, headless: bool) -> Measure:
    def once() -> tuple[float, str]:
        with run_in_terminal(bench_scenario(model), headless, threads) as run:
            run.wait_for_steps(1)
            if not headless:
                select_parameter(run.terminal)
            run.wait_for_steps(SETTLE_STEPS)
            return 64 * run.steps_per_second(OBSERVATION_FACTOR * plan.seconds), ""

    return once


def select_parameter(terminal: Terminal) -> None:
    """Unfold the first group and select its first parameter, so that every panel is active."""
    terminal.type_keys("\r")
    terminal.type_keys("j")
