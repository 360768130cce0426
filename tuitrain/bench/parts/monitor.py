"""The overhead of a run over its steps: record, journal, and the test at an epoch's end."""

from __future__ import annotations

from collections.abc import Iterator

from ..interleave import Measure
from ..peers import TUITRAIN
from ..plan import BOOT_SECONDS, Case, Plan, step_timer
from ..protocol import Cell
from ..results import Row
from ..scenario_runs import bench_scenario, run_in_terminal

SETTLE_STEPS = 200
RUN, ENGINE = "headless run", "bare engine"
LABEL = "LeNet, B=64, 1 thread"


def cases(plan: Plan) -> Iterator[Case]:
    """Plan a run of LeNet on the bundled digits, and its bare engine on noise of the same size."""
    seconds = TUITRAIN.setup + plan.rounds * (BOOT_SECONDS + 5 * plan.seconds)
    yield Case((LABEL,), seconds, lambda: _measure(plan))


def _measure(plan: Plan) -> Iterator[Row]:
    (worker,) = plan.workers(1, TUITRAIN.name)
    time_step = step_timer(worker, Cell(network="lenet", batch=64, samples=9000), plan.seconds)

    def bare() -> tuple[float, str]:
        seconds, variant = time_step()
        return 64 / seconds, variant

    trials = plan.trials({RUN: _run_speed(plan), ENGINE: bare}, LABEL)
    yield Row(cell=LABEL, unit="samples/s", subject=RUN, trials=trials)


def _run_speed(plan: Plan) -> Measure:
    def once() -> tuple[float, str]:
        with run_in_terminal(bench_scenario(), headless=True) as run:
            run.wait_for_steps(SETTLE_STEPS)
            return 64 * run.steps_per_second(4 * plan.seconds), ""

    return once
