"""The screen: what training keeps of its speed while all of it is shown."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.interleave import Measure, NotMeasuredError
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan, threads_text
from tuitrain.bench.results import Row
from tuitrain.bench.scenario_runs import flying, scenario

SETTLE_STEPS = 200
SHOWN, HEADLESS = "full screen", "headless"


LONGER = 5
"""How many times a value's seconds a run is watched: a screen has its rhythm."""


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet and the MLP, in a terminal of 120 by 36 with a parameter open, and headless."""
    for threads in (1,) if plan.quick else plan.threads:
        for name, model in (("LeNet", "lenet"), ("MLP", "mlp"))[: 1 if plan.quick else 2]:
            yield _case(plan, f"{name}, B=64, {threads_text(threads)}", model, threads)


def _case(plan: Plan, label: str, model: str, threads: int) -> Case:
    def measure() -> Iterator[Row]:
        contenders = {
            SHOWN: _flown(plan, model, threads, headless=False),
            HEADLESS: _flown(plan, model, threads, headless=True),
        }
        trials = plan.trials(contenders, label)
        yield Row(cell=label, unit="samples/s", subject=SHOWN, trials=trials)

    return Case((label,), 2 * plan.rounds * (BOOT_SECONDS + LONGER * plan.seconds), measure)


def _flown(plan: Plan, model: str, threads: int, headless: bool) -> Measure:
    def once() -> tuple[float, str]:
        try:
            with flying(scenario(model), headless, threads) as flight:
                flight.wait_for_steps(1)
                if not headless:
                    open_parameter(flight.terminal.press)
                flight.wait_for_steps(SETTLE_STEPS)
                return 64 * flight.pace(LONGER * plan.seconds), ""
        except TimeoutError as late:
            raise NotMeasuredError(str(late)) from None

    return once


def open_parameter(press) -> None:
    """Unfold the first group and go to its first parameter: everything there is is on."""
    press("\r")
    press("j")
