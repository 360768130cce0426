"""Memory: the peak memory of a process that trains LeNet."""

from __future__ import annotations

from collections.abc import Iterator

from ..interleave import Measure, NotMeasuredError
from ..peers import TUITRAIN, Peer
from ..plan import BOOT_SECONDS, Case, Plan
from ..protocol import Cell
from ..results import Row
from ..scenario_runs import bench_scenario, run_in_terminal
from ..worker import Worker

CELL = Cell(network="lenet", batch=64, samples=1024)
STEPS = 400
FULL_SCREEN, HEADLESS = "full screen", "headless"


def cases(plan: Plan) -> Iterator[Case]:
    """Plan every peer on LeNet, and the app beside a headless run."""
    contenders = {peer.name: _peer_memory(plan, peer) for peer in plan.peers}
    seconds = sum(BOOT_SECONDS + peer.setup + plan.seconds for peer in plan.peers)
    yield _case(plan, "LeNet, B=64, training", seconds, TUITRAIN.name, contenders)
    runs = {FULL_SCREEN: _run_memory(headless=False), HEADLESS: _run_memory(headless=True)}
    yield _case(plan, "LeNet, B=64, tuitrain run", 2 * BOOT_SECONDS, FULL_SCREEN, runs)


def _case(
    plan: Plan, label: str, seconds: float, subject: str, contenders: dict[str, Measure]
) -> Case:
    def measure() -> Iterator[Row]:
        trials = plan.trials(contenders, label)
        yield Row(cell=label, unit="bytes", subject=subject, trials=trials)

    return Case((label,), plan.rounds * seconds, measure)


def _peer_memory(plan: Plan, peer: Peer) -> Measure:
    def once() -> tuple[float, str]:
        with Worker(peer, 1, plan.timeout, variants=1) as worker:
            reply = worker.request(CELL, plan.seconds)
        return _require_peak(reply.peak_bytes, reply.problem), reply.variant

    return once


def _run_memory(headless: bool) -> Measure:
    def once() -> tuple[float, str]:
        with run_in_terminal(bench_scenario(), headless) as run:
            run.wait_for_steps(STEPS)
            return _require_peak(run.terminal.peak_bytes), ""

    return once


def _require_peak(peak: int, problem: str = "") -> float:
    if problem or not peak:
        raise NotMeasuredError(problem or "the system does not say")
    return float(peak)
