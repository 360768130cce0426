"""Memory: the most that a process has held while it trained LeNet."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.interleave import Measure, NotMeasuredError
from tuitrain.bench.peers import OURS, Peer
from tuitrain.bench.plan import BOOT_SECONDS, Case, Plan
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row
from tuitrain.bench.scenario_runs import flying, scenario
from tuitrain.bench.worker import Worker

CELL = Cell(network="lenet", batch=64, samples=1024)
STEPS = 400
SHOWN, HEADLESS = "full screen", "headless"


def cases(plan: Plan) -> Iterator[Case]:
    """Plan every peer on LeNet, and the app beside a headless run."""
    trained = {each.name: _trained(plan, each) for each in plan.peers}
    seconds = sum(BOOT_SECONDS + each.setup + plan.seconds for each in plan.peers)
    yield _case(plan, "LeNet, B=64, training", seconds, OURS.name, trained)
    flown = {SHOWN: _flown(headless=False), HEADLESS: _flown(headless=True)}
    yield _case(plan, "LeNet, B=64, tuitrain run", 2 * BOOT_SECONDS, SHOWN, flown)


def _case(
    plan: Plan, label: str, seconds: float, subject: str, contenders: dict[str, Measure]
) -> Case:
    def measure() -> Iterator[Row]:
        trials = plan.trials(contenders, label)
        yield Row(cell=label, unit="bytes", subject=subject, trials=trials)

    return Case((label,), plan.rounds * seconds, measure)


def _trained(plan: Plan, peer: Peer) -> Measure:
    def once() -> tuple[float, str]:
        with Worker(peer, 1, plan.patience, variants=1) as worker:
            answer = worker.ask(CELL, plan.seconds)
        return _known(answer.peak_bytes, answer.problem), answer.variant

    return once


def _flown(headless: bool) -> Measure:
    def once() -> tuple[float, str]:
        try:
            with flying(scenario(), headless) as flight:
                flight.wait_for_steps(STEPS)
                return _known(flight.terminal.peak_bytes), ""
        except TimeoutError as late:
            raise NotMeasuredError(str(late)) from None

    return once


def _known(peak: int, problem: str = "") -> float:
    if problem or not peak:
        raise NotMeasuredError(problem or "the system does not say")
    return float(peak)
