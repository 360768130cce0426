"""What a run costs besides its steps: the record, the journal, the test at the end of an epoch."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.interleave import Measure, NotMeasuredError
from tuitrain.bench.peers import OURS
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan, timing
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row
from tuitrain.bench.scenario_runs import flying, scenario

SETTLE_STEPS = 200
RUN, ENGINE = "headless run", "bare engine"


LABEL = "LeNet, B=64, 1 thread"


def cases(plan: Plan) -> Iterator[Case]:
    """Plan LeNet on the digits in the box, and on as much noise without a run around it."""
    seconds = OURS.setup + plan.rounds * (BOOT_SECONDS + 5 * plan.seconds)
    yield Case((LABEL,), seconds, lambda: _measured(plan))


def _measured(plan: Plan) -> Iterator[Row]:
    (worker,) = plan.workers(1, OURS.name)
    time_step = timing(worker, Cell(network="lenet", batch=64, samples=9000), plan.seconds)

    def bare() -> tuple[float, str]:
        seconds, variant = time_step()
        return 64 / seconds, variant

    trials = plan.trials({RUN: _flown(plan), ENGINE: bare}, LABEL)
    yield Row(cell=LABEL, unit="samples/s", subject=RUN, trials=trials)


def _flown(plan: Plan) -> Measure:
    def once() -> tuple[float, str]:
        try:
            with flying(scenario(), headless=True) as flight:
                flight.wait_for_steps(SETTLE_STEPS)
                return 64 * flight.pace(4 * plan.seconds), ""
        except TimeoutError as late:
            raise NotMeasuredError(str(late)) from None

    return once
